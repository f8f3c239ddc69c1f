"""Shares with the interval that a study gives for them."""

import math

NORMAL = 1.96
"""The standard normal quantile of a 95 % interval."""


def wilson(hits: int, count: int) -> list[float]:
    """A share with its 95 % interval (Wilson 1927), which holds near 0 and 1 as well."""
    share, z = hits / count, NORMAL
    middle = (share + z * z / 2 / count) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / 4 / count / count)
    return [share, max(0.0, middle - reach), min(1.0, middle + reach)]
