"""streams_again: the stream before every block of a long run, made once more.

At 8,192 tokens it is as large as the weights of a small model, and most questions read it at the kept positions only.
"""

from torch import Tensor

from unembed.runs.record import record_together
from unembed.runs.run import Run


def streams_again(run: Run) -> list[Tensor]:
    """The stream before each block at every position, `position d_model`. The run is recorded again, and it is kept.

    Raises:
        InputError: the module's weights were edited since.
    """
    if run.beginning_of is not None:
        return [stream[: run.length] for stream in streams_again(run.beginning_of)]
    key = streams_again.__name__
    if key not in run.kept:
        run.check_made_by(run.model)
        (again,) = record_together(run.model, [run.tokens], positions=run.positions, streams=True)
        run.kept[key] = [call.stream.everywhere for call in again.calls]
    return run.kept[key]
