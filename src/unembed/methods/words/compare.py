"""compare: cheap rankings of a prompt's units beside the exact effects, and how far each may be trusted here.

Two measures of a ranking, both made of exact runs:

- the rank correlation (Spearman) of its values with the exact effects;
- the areas of two curves (Petsiuk et al. 2018): the answer's probability while units go, the best first (deletion: a
  good ranking has a small area), and while they come to a prompt without any (insertion: a large one).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unembed.methods.words.linearisations import linearisations
from unembed.methods.words.question import Gone, Question
from unembed.progress import Progress, silent


@dataclass(frozen=True)
class Ranking:
    """A ranking of a prompt's units, and how it fares against exact runs. Made by `rankings`."""

    method: Literal["exact", "input_x_gradient", "integrated_gradients", "frozen_gates", "relp"]
    values: tuple[float, ...]
    """One a unit: in nats for the exact effects, else in logits."""
    sum: float | None
    """Over all positions, also those of no unit; None for the exact effects, which sum to nothing."""
    rest: float | None
    """What `sum` leaves of what it should be (linearisations.py); None where it should be nothing in particular."""
    rank_correlation: float | None
    """With the exact effects, -1 to 1; None where one of the two has no ranks: fewer than 2 units, or all alike."""
    deletion: float
    """Area under the probability while units go, the best first; 0 to 1."""
    insertion: float
    """Area while they come, the best first; 0 to 1."""


def rankings(
    question: Question, units: Sequence[Gone], effects: Sequence[float], progress: Progress = silent
) -> tuple[Ranking, ...]:
    """The exact ranking, and every cheap one beside it.

    Args:
        question: what is asked, of a prompt of text.
        units: the positions of each unit that is ranked, at least one.
        effects: the exact effect of each.
        progress: called after each walk of the curves.
    """
    found = [Ranking("exact", tuple(effects), None, None, spearman(effects, effects), math.nan, math.nan)]
    for cheap in linearisations(question):
        values = [math.fsum(float(cheap.values[p]) for p in unit) for unit in units]
        correlation = spearman(values, effects)
        found.append(Ranking(cheap.method, tuple(values), cheap.sum, cheap.rest, correlation, math.nan, math.nan))
    curves = {ranking.method: _curves(units, ranking.values) for ranking in found}
    versions = list(dict.fromkeys(gone for pair in curves.values() for curve in pair for gone in curve))
    values = question.values(versions, progress)
    probability = {gone: value.probability for gone, value in zip(versions, values, strict=True)}
    return tuple(
        replace(ranking, deletion=_area(deletion, probability), insertion=_area(insertion, probability))
        for ranking in found
        for deletion, insertion in (curves[ranking.method],)
    )


def _curves(units: Sequence[Gone], values: Sequence[float]) -> tuple[list[Gone], list[Gone]]:
    """What is gone at each step while units go, and while they come: the largest value first."""
    order = sorted(range(len(units)), key=lambda i: -values[i])
    gone = [Gone().union(*(units[i] for i in order[:n])) for n in range(len(order) + 1)]
    left = [Gone().union(*(units[i] for i in order[n:])) for n in range(len(order) + 1)]
    return gone, left


def _area(curve: Sequence[Gone], probability: dict[Gone, float]) -> float:
    """By trapezoids, on a width of 1."""
    heights = [probability[gone] for gone in curve]
    return (math.fsum(heights) - (heights[0] + heights[-1]) / 2) / (len(heights) - 1)


def spearman(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Pearson's correlation of the ranks; equal values share the mean of theirs."""
    x, y = _ranks(a), _ranks(b)
    mean = (len(a) - 1) / 2
    spread = math.sqrt(math.fsum((r - mean) ** 2 for r in x) * math.fsum((r - mean) ** 2 for r in y))
    if spread == 0:
        return None
    return math.fsum((r - mean) * (s - mean) for r, s in zip(x, y, strict=True)) / spread


def _ranks(values: Sequence[float]) -> list[float]:
    often = Counter(values)
    return [sum(other < value for other in values) + (often[value] - 1) / 2 for value in values]
