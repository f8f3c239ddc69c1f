"""Shapley values: what each unit is worth, averaged over every order in which the units could come.

    value_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (f(S and i) - f(S)),   f the score with only S there

They sum to `f(all) - f(none)` (efficiency), which is checked. Exact over all `2^n` choices of up to 10 units (or as
many as are asked for). Beyond that an estimate from random orders, each with its reverse (antithetic, Mitchell et al.
2022), with standard errors; each order adds up by itself, so the estimate does too. Source: Shapley 1953; Lundberg and
Lee 2017 for explanations.
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unembed.errors import InputError

Choice = frozenset[int]
"""The units that are there."""
EXACT, SAMPLES = 10, 32
"""Up to how many units all choices are run, and how many pairs of orders are drawn beyond, unless it is asked for."""
MOST_EXACT = 14
"""More units than this have too many choices: 16,384 runs."""


@dataclass(frozen=True)
class ShapleyValue:
    """What one unit is worth."""

    value: float
    standard_error: float | None
    """None where the value is exact."""


@dataclass(frozen=True)
class Shapley:
    """The Shapley values of all units. Made by `shapley_values`."""

    values: tuple[ShapleyValue, ...]
    all: float
    """The score with all units there."""
    none: float
    """The score with none of them."""
    choices: int
    """How many choices of units were run."""

    @property
    def sum(self) -> float:
        """Of the values: `all - none`, up to `error`."""
        return math.fsum(value.value for value in self.values)

    @property
    def error(self) -> float:
        """By how much the values miss `all - none`: rounding, nothing else."""
        return abs(self.sum - (self.all - self.none))

    @property
    def exact(self) -> bool:
        """Whether every choice was run."""
        return all(value.standard_error is None for value in self.values)


def shapley_values(
    count: int,
    scores: Callable[[Sequence[Choice]], Sequence[float]],
    *,
    exact: int = EXACT,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Shapley:
    """The Shapley values of `count` units.

    Args:
        count: how many units there are, at least 1.
        scores: the score of each of some choices; asked once, for different choices.
        exact: up to how many units all choices are run, at most 14.
        samples: beyond that, how many pairs of orders are drawn.
        seed: of the orders.

    Raises:
        InputError: no unit, more than 14 exactly, or fewer than 2 pairs of orders.
    """
    if count < 1:
        raise InputError("There is no unit whose Shapley value could be asked.")
    if not 0 <= exact <= MOST_EXACT:
        raise InputError(f"Exact Shapley values of up to {exact} units: expected 0 to {MOST_EXACT}, for 2^n runs.")
    return _exact(count, scores) if count <= exact else _sampled(count, scores, samples, seed)


def _exact(count: int, scores: Callable[[Sequence[Choice]], Sequence[float]]) -> Shapley:
    units = range(count)
    choices = [frozenset(c) for size in range(count + 1) for c in itertools.combinations(units, size)]
    score = dict(zip(choices, scores(choices), strict=True))
    weight = [1 / (count * math.comb(count - 1, size)) for size in range(count)]
    values = tuple(
        ShapleyValue(math.fsum(weight[len(c)] * (score[c | {i}] - score[c]) for c in choices if i not in c), None)
        for i in units
    )
    return Shapley(values, score[frozenset(units)], score[frozenset()], len(choices))


def _sampled(count: int, scores: Callable[[Sequence[Choice]], Sequence[float]], samples: int, seed: int) -> Shapley:
    if samples < 2:
        raise InputError(f"Expected 2 pairs of orders or more for standard errors, found {samples}.")
    chosen = random.Random(seed)
    orders = [chosen.sample(range(count), count) for _ in range(samples)]
    pairs = [(order, order[::-1]) for order in orders]
    choices = list(dict.fromkeys(frozenset(order[:n]) for pair in pairs for order in pair for n in range(count + 1)))
    score = dict(zip(choices, scores(choices), strict=True))

    def gains(order: list[int]) -> list[float]:
        """What each unit adds when it comes, by unit."""
        found = [0.0] * count
        for n, unit in enumerate(order):
            found[unit] = score[frozenset(order[: n + 1])] - score[frozenset(order[:n])]
        return found

    means = [[(a + b) / 2 for a, b in zip(gains(one), gains(other), strict=True)] for one, other in pairs]
    values = tuple(_mean([mean[i] for mean in means]) for i in range(count))
    return Shapley(values, score[frozenset(range(count))], score[frozenset()], len(choices))


def _mean(values: Sequence[float]) -> ShapleyValue:
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return ShapleyValue(mean, math.sqrt(variance / len(values)))
