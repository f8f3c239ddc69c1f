"""Bootstrap: intervals of a mean by drawing again, and of a share, for small samples.

    bca      the bootstrap's percentiles, moved for bias and for a spread that changes with the mean (Efron 1987)
    wilson   of a share; it holds near 0 and 1 as well (Wilson 1927)

Both are of 95 %. Approximate: `bca` by its draws, which are the same for the same seed.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

FEWEST = 5
"""Values below which no interval of a mean is told: there is too little to draw from."""
_RESAMPLES = 10_000
_TAIL = 0.025
_NORMAL = NormalDist()


def bca(values: Sequence[float], *, seed: int = 0) -> tuple[float, float] | None:
    """The bias-corrected and accelerated interval of a mean; None of fewer than `FEWEST` values."""
    array = np.asarray(values, dtype=np.float64)
    count = len(array)
    if count < FEWEST:
        return None
    mean = float(array.mean())
    if float(np.ptp(array)) == 0.0:
        return mean, mean
    means = array[np.random.default_rng(seed).integers(count, size=(_RESAMPLES, count))].mean(1)
    below = float((means < mean).mean() + (means == mean).mean() / 2)
    bias = _NORMAL.inv_cdf(min(max(below, 0.5 / _RESAMPLES), 1 - 0.5 / _RESAMPLES))
    gaps = (array - mean) / (count - 1)  # how far each value's absence moves the mean
    acceleration = float((gaps**3).sum() / (6 * (gaps**2).sum() ** 1.5))
    ends = (_moved(_NORMAL.inv_cdf(tail), bias, acceleration) for tail in (_TAIL, 1 - _TAIL))
    low, high = np.quantile(means, list(ends))
    return float(low), float(high)


def _moved(end: float, bias: float, acceleration: float) -> float:
    shifted = bias + end
    return _NORMAL.cdf(bias + shifted / (1 - acceleration * shifted))


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The interval of the share `hits / count`; of nothing it is from 0 to 1."""
    if count == 0:
        return 0.0, 1.0
    share, z = hits / count, _NORMAL.inv_cdf(1 - _TAIL)
    middle = (share + z * z / 2 / count) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / 4 / count / count)
    return max(0.0, middle - reach), min(1.0, middle + reach)
