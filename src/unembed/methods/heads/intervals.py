"""Intervals of a mean over runs, by Student's t distribution.

    mean ± t(0.5 + confidence / 2, runs - 1) * s / sqrt(runs),    s the standard deviation over runs

Exact where runs are independent and normally distributed; approximate otherwise.
"""

import math
from dataclasses import dataclass
from functools import cache

from jaxtyping import Bool, Float
from torch import Tensor

from unembed.models.reprs import Brief

CONFIDENCE = 0.95


@dataclass(frozen=True, repr=False)
class Interval(Brief):
    """Means of several quantities over the same runs. Made by `interval`."""

    mean: Float[Tensor, "*quantity"]
    error: Float[Tensor, "*quantity"]
    """Their standard errors."""
    runs: int

    @property
    def low(self) -> Float[Tensor, "*quantity"]:
        """The lower ends."""
        return self.mean - self._reach(1)

    @property
    def high(self) -> Float[Tensor, "*quantity"]:
        """The upper ends."""
        return self.mean + self._reach(1)

    def above(self, *, tests: int = 1) -> Bool[Tensor, "*quantity"]:
        """Where the interval lies above 0; for many tests at once, that at `1 - (1 - CONFIDENCE) / tests`."""
        return self.mean - self._reach(tests) > 0

    def below(self) -> Bool[Tensor, "*quantity"]:
        """Where the interval lies below 0."""
        return self.high < 0

    def _reach(self, tests: int) -> Tensor:
        return student_quantile(1 - (1 - CONFIDENCE) / 2 / tests, self.runs - 1) * self.error


def interval(values: Float[Tensor, "run *quantity"]) -> Interval:
    """Means over runs, two at least, with their standard errors."""
    return Interval(values.mean(0), values.std(0) / math.sqrt(len(values)), len(values))


@cache
def student_quantile(level: float, freedom: int) -> float:
    """The quantile of Student's t distribution with `freedom` degrees, for 0.5 <= level < 1; by bisection."""
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_level(middle, freedom) < level else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _student_level(angle: float, freedom: int) -> float:
    """`P(T < sqrt(freedom) tan(angle))`, by Simpson's rule: in the angle the density is a power of the cosine."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    steps = 400
    points = [math.cos(angle * i / steps) ** (freedom - 1) for i in range(steps + 1)]
    area = points[0] + points[-1] + 4 * sum(points[1:-1:2]) + 2 * sum(points[2:-1:2])
    return 0.5 + scale * area * angle / steps / 3
