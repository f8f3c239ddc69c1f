"""How well each head plays one role, against chance and a null distribution; when the role is claimed for a head.

    claimed   score > 99.9th percentile of the null   and   score > chance + (1 - chance) / 10

The null is what heads score where the role means nothing, so of a thousand heads without the role about one passes the
first condition. The second asks for a tenth of the way from chance to a perfect score: with many positions to average
over, a head can be surely above chance and yet hardly do the thing. Both numbers are conventions, the same for every
role and model. The tenth was settled after the scores of one model were seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.errors import InputError, counted
from unembed.methods.circuits.head_circuits import Head
from unembed.models.names import head_name
from unembed.models.reprs import Brief

if TYPE_CHECKING:
    from unembed.runs.figures import Picture

CHECKED = 2
"""Sequences on which heads are zeroed."""
_CONTROLS = 10
"""Sets of heads at random."""
_PERCENTILE = 0.999
_LEAST = 0.1
"""Of the way from chance to 1."""


@dataclass(frozen=True, repr=False)
class RoleScores(Brief):
    """The scores of all heads for one role, each from 0 to 1. Made by `role_scores`."""

    scores: Float[Tensor, "layer head"]
    chance: float
    """What a head would score that does not care."""
    null_mean: float
    null_high: float
    """The 99.9th percentile of the null."""
    errors: Float[Tensor, "layer head"] | None = field(default=None, compare=False)
    """Standard errors of the scores over sequences; None where a score is of the weights, or of one sequence."""

    @property
    def threshold(self) -> float:
        """What a head must exceed for the role to be claimed."""
        return max(self.null_high, self.chance + _LEAST * (1 - self.chance))

    @property
    def claimed(self) -> Bool[Tensor, "layer head"]:
        """Which heads have the role."""
        return self.scores > self.threshold

    def top(self, count: int) -> list[Head]:
        """The best heads, best first; of equal ones the earlier first."""
        order = self.scores.flatten().argsort(descending=True, stable=True)[: counted(count)].tolist()
        return [divmod(place, self.scores.shape[1]) for place in order]

    def _found(self) -> str:
        (best,) = self.top(1)
        return f"{head_name(*best)} {float(self.scores[best]):.2f}, {int(self.claimed.sum())} heads claimed"


def role_scores(scores: Float[Tensor, "layer head"], chance: float, null: Float[Tensor, "sample"]) -> RoleScores:
    """Scores beside a summary of their null."""
    null = null.double().sort().values
    # The smallest value that at most one in a thousand exceed; torch.quantile refuses large inputs.
    high = null[min(len(null) - 1, int(_PERCENTILE * len(null)))]
    return RoleScores(scores.double(), chance, float(null.mean()), float(high))


def every_score(roles: Mapping[str, RoleScores]) -> Iterator[tuple[str, int, int, float, bool]]:
    """Every head in every role, role by role: role, layer, head, score, and whether the role is claimed."""
    for role, found in roles.items():
        for layer, heads in enumerate(zip(found.scores.tolist(), found.claimed.tolist(), strict=True)):
            for head, (score, claimed) in enumerate(zip(*heads, strict=True)):
                yield role, layer, head, score, claimed


def plotted(roles: Mapping[str, RoleScores], role: str) -> "Picture":
    """The scores of all heads in one role, drawn by layer and head.

    Raises:
        InputError: no such role was measured; or matplotlib is not installed.
    """
    if role not in roles:
        raise InputError(f"Expected a role of {', '.join(roles)}; found {role!r}.")
    from unembed.runs.figures import by_layer

    return by_layer(
        ((layer, head, score) for _, layer, head, score, _ in every_score({role: roles[role]})),
        columns=[str(head) for head in range(roles[role].scores.shape[1])],
        axis="head",
        unit="score",
        title=role.replace("_", " "),
        share=True,
    )


def sets_at_random(heads: Sequence[Head], size: int, random: torch.Generator) -> list[tuple[Head, ...]]:
    """Some sets of `size` heads each, to compare a set of the best with."""
    draws = [torch.randperm(len(heads), generator=random)[:size].tolist() for _ in range(_CONTROLS)]
    return [tuple(heads[i] for i in draw) for draw in draws]
