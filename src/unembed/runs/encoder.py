"""The recorded run of an encoder over its source: the same `Run` as of a decoder, without logits."""

from collections.abc import Sequence

import torch

from unembed.errors import InputError
from unembed.models.hooks import one_at_a_time
from unembed.models.model import Model
from unembed.runs.record import recording
from unembed.runs.run import Run


def record_source(model: Model, *, positions: Sequence[int] | None = None, calls: bool = False) -> Run:
    """Run the encoder of a model again on its source, and keep what it did at some positions; None keeps all.

    `run.tokens` are the source token ids, or the positions where the source is no text; `run.normed` are the states
    that the decoder reads. There are no logits.

    Args:
        model: an encoder-decoder with its source.
        positions: of the source.
        calls: whether to keep how its blocks were called, of which versions can be made (`source_run`).

    Raises:
        InputError: the model has no encoder, or no source yet.
    """
    if model.encoder is None or model.source is None:
        raise InputError(f"{model.name} has no source that an encoder could read.")
    source = model.source
    tokens = tuple(range(len(source))) if source.ids is None else source.ids
    with one_at_a_time, torch.no_grad(), recording(model.encoder, len(source), positions, calls=calls) as recorder:
        states = model.encoder.module(**source.inputs).last_hidden_state
    return recorder.run(tokens, recorder.positions, states.new_zeros(len(recorder.positions), 0))


def source_run(run: Run) -> Run:
    """The run of the encoder over the source that a run of its decoder reads, of which versions can be made.

    It is recorded when it is first asked for, and kept with the run.

    Raises:
        InputError: the model has no encoder, or the module's weights were edited since the run.
    """
    key = source_run.__name__
    if key not in run.kept:
        run.check_made_by(run.model)
        run.kept[key] = record_source(run.model, calls=True)
    return run.kept[key]
