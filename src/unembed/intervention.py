"""intervene: what a prediction becomes when some parts are set at its position, all in one run.

    after = softmax(logits | each part set to 0, to its mean, or to its value in another prompt's run)

The changes stack: one counterfactual version holds all of them, and is exact as of a full run with those parts set. A
single head or neuron that is zeroed is compared with parts at random (causal_check.py). The mean is that over all
positions of some texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch

from unembed import edits
from unembed.causal_check import CausalCheck, Control, Verdict, causal_check
from unembed.counterfactual import counterfactuals
from unembed.edits import Edit
from unembed.errors import InputError
from unembed.parts import Part
from unembed.progress import Progress, silent
from unembed.readouts import Prediction, prediction, prediction_from, predictions, predictions_from
from unembed.run import Run
from unembed.sites import Site

How = Literal["zero", "mean", "swap"]
Means = Callable[[Site], torch.Tensor]
"""The mean value of a site."""


@dataclass(frozen=True)
class Change:
    """A part, and what it is set to: zero, its mean, or its value in another run (swap)."""

    part: Part
    how: How


@dataclass(frozen=True)
class Intervened:
    """A prediction before and after the changes. Made by `intervene`."""

    run: Run
    changes: tuple[Change, ...]
    before: tuple[Prediction, ...]
    """The top predictions, best first."""
    after: tuple[Prediction, ...]
    target_before: Prediction
    target_after: Prediction
    control: Control | None
    """What zeroing parts at random does; None unless one head or neuron was zeroed, or where there is no other."""
    verdict: Verdict | None


def intervene(
    run: Run,
    token: int,
    changes: Sequence[Change],
    *,
    means: Means | None = None,
    other: Run | None = None,
    other_position: int = -1,
    top: int = 10,
    progress: Progress = silent,
) -> Intervened:
    """Set some parts at the last position of a run, together, and read the prediction there.

    Args:
        run: keeps its last position.
        token: the target, whose logit, probability and rank are read.
        changes: what is set; at least one.
        means: the mean value of a site, for changes to the mean.
        other: the run that swapped values come from.
        other_position: where they stand in it; -1 is its last token.
        top: how many predictions to list.
        progress: called while the versions advance.

    Raises:
        InputError: no change, a part that does not exist, another word for `how`, or nothing to take a value from.
    """
    last = run.length - 1
    if not changes:
        raise InputError("There is nothing to test: expected at least one part.")
    planned = [_edit(change, run, means, other, other_position) for change in changes]
    logits = counterfactuals(run, [planned], lambda logits: logits[:, 0], progress=progress)[0]
    target = prediction(run.trace, last, token)
    check = _checked(run, target, changes, progress)
    control = None if check is None else check.control_heads or check.control_neurons
    return Intervened(
        run=run,
        changes=tuple(changes),
        before=predictions(run.trace, last, top),
        after=predictions_from(logits, top),
        target_before=target,
        target_after=prediction_from(logits, token),
        control=control,
        verdict=None if check is None else (*check.heads, *check.neurons)[0].verdict,
    )


def _edit(change: Change, run: Run, means: Means | None, other: Run | None, other_position: int) -> Edit:
    position = run.length - 1
    site = change.part.site(position)
    if change.how not in get_args(How):
        raise InputError(f"Expected a test of zero, mean or swap, found {change.how!r}.")
    if change.how == "zero":
        return edits.zero(site)
    if change.how == "mean":
        if means is None:
            raise InputError("A mean needs texts that it is taken over, and none are given.")
        return replace(edits.set_to(site, means(site)), what="mean")
    if other is None:
        raise InputError("A swap takes the value from another prompt: give prompt B.")
    return edits.swap(site, other, run=run, align={position: other_position})


def _checked(run: Run, target: Prediction, changes: Sequence[Change], progress: Progress) -> CausalCheck | None:
    """The control of a single head or neuron that is zeroed."""
    part = changes[0].part
    if len(changes) > 1 or changes[0].how != "zero" or part.kind not in ("head", "neuron"):
        return None
    kinds = {kind: [part.site(run.length - 1)] if part.kind == kind else [] for kind in ("head", "neuron")}
    return causal_check(run, target, heads=kinds["head"], neurons=kinds["neuron"], progress=progress)
