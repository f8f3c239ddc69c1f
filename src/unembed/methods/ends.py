"""ends: the streams that versions of a run end with, kept with the run, and what is read of them.

A version, edited inside (`ends`) or of another text (`ends_of_texts`), takes a walk through the model. It ends with
`d_model` numbers, from which any target and any difference of logits is read at once. So versions are run once for a
run, whatever is asked of it later. Of other texts few are kept: those of the words of a short prompt.

A 16-bit model rounds the normed stream and the logits again: a logit of 17 in bfloat16 to an eighth. That would be most
of the noise of an effect. So both are read in float32, of the run as of its versions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.counterfactual import last_streams
from unembed.engine.edits import Intervention
from unembed.engine.measures import TokenMeasure, log_odds, logit, several
from unembed.engine.texts import Text, last_streams_of_texts
from unembed.models.unembedding import normed_widely
from unembed.progress import Progress, silent
from unembed.runs.run import Run

_KEPT = 2**13
"""Tokens of the other texts whose last streams are kept with a run, at most."""


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


def ends_of_texts(
    run: Run, texts: Sequence[Text], *, count: int = 1, progress: Progress = silent
) -> Float[Tensor, "text count d_model"]:
    """The last streams at the last `count` tokens of other texts; those that the run has kept are not run again.

    Raises:
        InputError: as `last_streams_of_texts`.
    """
    run.check_made_by(run.model)
    kept: dict[tuple[Text, int], Tensor] = run.kept.setdefault(ends_of_texts.__name__, {})
    missing = [text for text in dict.fromkeys(texts) if (text, count) not in kept]
    made = last_streams_of_texts(run, missing, count=count, progress=progress) if missing or not texts else ()
    progress("other texts", 1.0)
    found = {(text, count): stream for text, stream in zip(missing, made, strict=True)}
    if (len(kept) + len(found)) * run.length <= _KEPT:
        kept.update(found)
    return torch.stack([kept[key] if key in kept else found[key] for key in ((text, count) for text in texts)])


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
