"""Ledgers of tiny models, and how far two of them may differ.

Where two ways to the same number both run in float64 with the same frozen scales, they may differ by `n u` times what
they add up: `CLOSE = 1e-12` is 5000 u, for numbers of order 1 to 10 made of dot products of at most 96 terms.
"""

import unembed

TOKENS = [3, 50, 7, 11, 96, 17, 19, 5, 3]
CLOSE = 1e-12
FINEST = "source+neuron"


def decompose(trace: unembed.Run, target: int | None = 12, *, by: str = FINEST, **kwargs) -> unembed.Ledger:
    return unembed.decompose(unembed.readout(trace, target, **kwargs), by=by)
