"""Intervals: against published numbers, and against what they promise."""

import math

import numpy as np
import pytest

from unembed.methods.bootstrap import FEWEST, bca, wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_that_of_newcombe(hits: int, count: int, low: float, high: float) -> None:
    """Newcombe, *Two-sided confidence intervals for the single proportion*, 1998, table I, method 3; four digits."""
    assert wilson(hits, count) == pytest.approx((low, high), abs=5e-5)
    assert wilson(count - hits, count) == pytest.approx((1 - high, 1 - low), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_bca_of_a_symmetric_sample_is_the_percentile_interval() -> None:
    """No bias and no skew: the ends are the 2.5 and 97.5 % points of the means, up to the draws' own error in them."""
    values = np.concatenate([np.arange(1.0, 11), -np.arange(1.0, 11)])
    low, high = bca(values.tolist()) or (0, 0)
    drawn = values[np.random.default_rng(9).integers(20, size=(40_000, 20))].mean(1)
    error = 4 * values.std() / math.sqrt(20) / math.sqrt(10_000) / 0.37  # of a quantile: sqrt(p (1-p) / n) / density
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=error)


def test_bca_covers_a_skewed_mean_more_evenly_than_percentiles() -> None:
    """Of exponential samples the percentile interval lies too low: misses are nearly all on one side."""
    random = np.random.default_rng(1)
    above = {"bca": 0, "plain": 0}
    samples = 150
    for _ in range(samples):
        values = random.exponential(size=15)
        drawn = values[random.integers(15, size=(1000, 15))].mean(1)
        above["plain"] += float(np.quantile(drawn, 0.975)) < 1
        above["bca"] += (bca(values.tolist()) or (0, 0))[1] < 1
    assert 0 < above["bca"] < above["plain"]


def test_ends_move_with_the_values_and_few_have_none() -> None:
    values = [0.1, 0.4, 0.2, 0.9, 0.3, 0.35]
    low, high = bca(values) or (0, 0)
    assert low < sum(values) / 6 < high
    assert bca([-3 * v + 1 for v in values]) != bca(values)
    assert bca([v + 5 for v in values]) == pytest.approx((low + 5, high + 5), abs=1e-9)
    assert bca(values) == bca(values)
    assert bca(values[: FEWEST - 1]) is None
    assert bca([0.5] * 6) == (0.5, 0.5)
