"""ends: the stream that versions of a run end with where it is asked, kept with the run, and what is read of it.

A version takes a walk through the model; what it ends with is `d_model` numbers, from which any target and any
difference of logits is read at once. So versions are run once for a run, whatever is asked of it later.

A 16-bit model rounds the normed stream and the logits again: a logit of 17 in bfloat16 to an eighth. That would be most
of the noise of an effect. So both are read in float32, of the run as of its versions.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.counterfactual import last_streams
from unembed.engine.edits import Intervention
from unembed.engine.measures import TokenMeasure, log_odds, logit, several
from unembed.models.unembedding import normed_widely
from unembed.progress import Progress, silent
from unembed.runs.run import Run


def ends(
    run: Run,
    planned: Mapping[Any, Intervention],
    *,
    memory: int | None = None,
    progress: Progress = silent,
) -> Float[Tensor, "version d_model"]:
    """The last streams of versions, by name; those that the run has kept under their name are not run again.

    Raises:
        InputError: as `counterfactuals`.
    """
    kept: dict[Any, Tensor] = run.kept.setdefault(ends.__name__, {})
    missing = {name: version for name, version in planned.items() if name not in kept}
    if missing:
        streams = last_streams(run, list(missing.values()), memory=memory, progress=progress)
        kept.update(zip(missing, streams, strict=True))
    return torch.stack([kept[name] for name in planned]) if planned else run.final[:0]


def asked_of(token: int, versus: int | None) -> TokenMeasure:
    """The log-odds of a target, and its logit minus that of a versus, where there is one."""
    return several(log_odds(token), *(() if versus is None else (logit(token, versus),)))


def read_ends(
    run: Run, streams: Float[Tensor, "version d_model"], measure: TokenMeasure
) -> Float[Tensor, "version *value"]:
    """What a measure reads of last streams, in float32 at least, as float64 on the CPU."""
    return measure.of_normed(run.model, normed_widely(run.model, streams)[:, None]).double().cpu()


def read_end(run: Run, measure: TokenMeasure) -> Float[Tensor, "*value"]:
    """What it reads of the run itself, likewise."""
    return read_ends(run, run.final[run.row()][None], measure)[0]
