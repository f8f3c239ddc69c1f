"""intervene: what a prediction becomes when some parts are set at its position, all in one run.

    after = softmax(logits | each part set to 0, doubled, set to its mean, or to its value in another prompt's run)

The changes stack: one counterfactual version holds all of them, and is exact as of a full run with those parts set. A
single part that is zeroed is compared with the others of its kind, neurons that are zeroed or doubled
together with as many at random (controls.py). The mean is that over all positions of some texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch

from unembed.engine import edits
from unembed.engine.counterfactual import last_streams
from unembed.engine.edits import Edit
from unembed.engine.measures import log_odds, logit
from unembed.errors import InputError, all_or_nothing
from unembed.methods.controls import kind_of, population, random_sets, zeroed_each
from unembed.methods.ends import read_end, read_ends
from unembed.methods.verdicts import Effect, judged, limit_of
from unembed.models.parts import Part
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.models.unembedding import unembedded
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction, prediction_from, predictions_from
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.run import Run

How = Literal["zero", "double", "mean", "swap"]
_FACTORS = {"zero": 0.0, "double": 2.0}
Means = Callable[[Site], torch.Tensor]
"""The mean value of a site."""


@dataclass(frozen=True)
class Change:
    """A part, and what it is set to: zero, twice its value (double), its mean, or its value in another run (swap)."""

    part: Part
    how: How


@dataclass(frozen=True)
class Compared:
    """An effect beside those of other parts, or of other sets of as many parts."""

    effect: Effect
    limit: float | None
    """What the first twentieth of the others reaches, in nats; None of fewer than 20."""


@dataclass(frozen=True, repr=False)
class Intervened(Brief):
    """A prediction before and after the changes. Made by `intervene`."""

    run: Run
    changes: tuple[Change, ...]
    before: tuple[Prediction, ...]
    """The top predictions, best first."""
    after: tuple[Prediction, ...]
    target_before: Prediction
    target_after: Prediction
    nats: float
    """What the changes do to the log-odds of the target, or to the difference to the logit of the versus."""
    compared: Compared | None
    """With other parts: of one that was zeroed (no expert), or of neurons that were zeroed or doubled together. Else
    None, where there are no others, and of parts inside an encoder."""

    def _found(self) -> str:
        return f"P from {self.target_before.probability:.3f} to {self.target_after.probability:.3f}"


@prompted
@all_or_nothing()
@torch.no_grad()
def intervene(
    prompt: Prompt,
    target: str | int | None,
    changes: Sequence[Change],
    *,
    versus: str | int | None = None,
    means: Means | None = None,
    other: Run | None = None,
    other_position: int = -1,
    top: int = 10,
    progress: Progress = silent,
) -> Intervened:
    """Set some parts where a run is asked, together, and read the prediction there.

    Parts inside an encoder are set at every position of the source.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the token whose logit, probability and rank are read; None takes the top prediction.
        changes: what is set; at least one.
        versus: another token: the effect is then that on the difference to its logit, instead of on the log-odds.
        means: the mean value of a site, for changes to the mean.
        other: the run that swapped values come from.
        other_position: where they stand in it; -1 is its last token.
        top: how many predictions to list.
        progress: called while the versions advance.

    Raises:
        InputError: no change, a part that does not exist, another word for `how`, or nothing to take a value from.
    """
    if not changes:
        raise InputError("There is nothing to test: expected at least one part.")
    last = prompt.asked
    run = prompt.recorded([last])
    token = run.token(target)
    planned = [_edit(change, run, means, other, other_position) for change in changes]
    end = last_streams(run, [planned], progress=progress)
    logits = unembedded(run.model, end)[2][0]
    before, changed = run.prediction(token, position=last), prediction_from(run.model, logits, token)
    against = None if versus is None else run.token(versus)
    measure = log_odds(token) if against is None else logit(token, against)
    nats = float(read_ends(run, end, measure)[0] - read_end(run, measure))
    return Intervened(
        run=run,
        changes=tuple(changes),
        before=run.top(top, position=last),
        after=predictions_from(run.model, logits, top),
        target_before=before,
        target_after=changed,
        nats=nats,
        compared=_compared(run, token, against, nats, changes, progress),
    )


def _edit(change: Change, run: Run, means: Means | None, other: Run | None, other_position: int) -> Edit:
    position = run.asked
    site = change.part.site() if change.part.encoder else change.part.site(position)
    if change.how not in get_args(How):
        raise InputError(f"Expected a test of zero, double, mean or swap, found {change.how!r}.")
    if change.how in _FACTORS:
        return edits.scale(site, _FACTORS[change.how])
    if change.how == "mean":
        if means is None:
            raise InputError("A mean needs texts that it is taken over, and none are given.")
        return replace(edits.set_to(site, means(site)), what="mean")
    if other is None:
        raise InputError("A swap takes the value from another prompt: give prompt B.")
    return edits.swap(site, other, run=run, align=None if change.part.encoder else {position: other_position})


def _compared(
    run: Run, token: int, versus: int | None, nats: float, changes: Sequence[Change], progress: Progress
) -> Compared | None:
    """Of one part that is zeroed, or of neurons that are scaled together."""
    if any(change.part.encoder for change in changes):
        return None  # the others would be those of the encoder, at every position of the source
    kinds, hows = {change.part.kind for change in changes}, {change.how for change in changes}
    sites = [change.part.site(run.asked) for change in changes]
    if hows == {"zero"} and len(changes) == 1 and kinds != {"expert"}:
        among = population(run, token, versus, progress=progress)
        (zeroed,) = zeroed_each(run, among, sites)
        return Compared(zeroed.asked, among.limit(kind_of(sites[0])))
    how = min(hows)
    if len(hows) > 1 or kinds != {"neuron"} or how not in _FACTORS:
        return None
    sets = random_sets(run, token, sites, _FACTORS[how], versus=versus, progress=progress)
    if sets is None:
        return None
    needed = -1.0 if _FACTORS[how] < 1 else 1.0
    noise = sets.noise * max(1.0, abs(nats))
    return Compared(judged(nats, sets.effects, noise, needed=needed), limit_of(sets.effects))
