"""Does a token attend to itself to protect its stream? The verdict on runs with changed values, for each head.

A run gives two numbers a head: by how much its attention to itself rises where the token's own value is kept, and in
the control, where that value is changed as well (noise.py). Means over runs have 95 % intervals (intervals.py).

    protects       rises by more than `SMALLEST`, interval above 0, and by more than in the control (paired, above 0)
    rises          the same, but not by more than in the control: whatever moves it, it is no protection
    falls          by more than `SMALLEST`, interval below 0
    unclear        anything else
    cannot move    in layer 0, where queries and keys are made of the embedding

One head in forty passes a test on one side by chance: `by_chance` says how many that makes, `corrected` how many
protect at the level of Bonferroni for that many heads. The average over heads is one number and needs no correction.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.heads.intervals import CONFIDENCE, Interval, interval
from unembed.models.reprs import Brief

SMALLEST = 0.01
"""Of attention: smaller movements count as none."""
Kind = Literal["protects", "rises", "falls", "unclear", "cannot move"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
Holds = Literal["yes", "no", "unclear", "cannot tell"]


@dataclass(frozen=True, repr=False)
class Rise(Brief):
    """By how much attention to itself rises, over runs."""

    kept: Interval
    """Where the token's own value is kept."""
    control: Interval
    """Where it is changed as well."""
    excess: Interval
    """Of each run: kept minus control."""


@dataclass(frozen=True, repr=False)
class Verdict(Brief):
    """Of all heads. Made by `judge`."""

    heads: Rise
    """`layer head`."""
    average: Rise | None
    """Over the heads that can move; None where there are none."""

    @property
    def able(self) -> int:
        """How many heads can move: those above layer 0."""
        return self.heads.kept.mean[1:].numel()

    @property
    def by_chance(self) -> float:
        """How many heads pass a test on one side where nothing moves any."""
        return (1 - CONFIDENCE) / 2 * self.able

    @property
    def corrected(self) -> int:
        """How many heads protect at the level of Bonferroni."""
        return int(self._protects(max(1, self.able))[1:].sum())

    @property
    def holds(self) -> Holds:
        """Of the average over heads: whether it rises as a head that protects, or can be told not to by `SMALLEST`."""
        if self.average is None:
            return "cannot tell"
        kept, excess = self.average.kept, self.average.excess
        if kept.mean > SMALLEST and kept.above() and excess.above():
            return "yes"
        return "no" if min(kept.high, excess.high) < SMALLEST else "unclear"

    def kind(self, layer: int, head: int) -> Kind:
        """Of one head."""
        if layer == 0:
            return "cannot move"
        place, kept = (layer, head), self.heads.kept
        if kept.mean[place] < -SMALLEST and kept.below()[place]:
            return "falls"
        if kept.mean[place] > SMALLEST and kept.above()[place]:
            return "protects" if self.heads.excess.above()[place] else "rises"
        return "unclear"

    def count(self, kind: Kind) -> int:
        """How many heads are of a kind."""
        layers, heads = self.heads.kept.mean.shape
        return sum(self.kind(layer, head) == kind for layer in range(layers) for head in range(heads))

    def _protects(self, tests: int) -> Tensor:
        kept, excess = self.heads.kept, self.heads.excess
        return (kept.mean > SMALLEST) & kept.above(tests=tests) & excess.above(tests=tests)


def judge(kept: Float[Tensor, "run layer head"], control: Float[Tensor, "run layer head"]) -> Verdict:
    """The verdict on rises of attention to itself, of the same runs with the own value kept and changed.

    Raises:
        InputError: fewer than two runs, or not the same ones.
    """
    if kept.shape != control.shape or len(kept) < 2:
        raise InputError(f"Expected the same runs, two at least; found {tuple(kept.shape)}, {tuple(control.shape)}.")
    able = [x[:, 1:].mean((1, 2)) for x in (kept, control)]
    return Verdict(_rise(kept, control), _rise(*able) if kept.shape[1] > 1 else None)


def _rise(kept: Tensor, control: Tensor) -> Rise:
    return Rise(interval(kept), interval(control), interval(kept - control))
