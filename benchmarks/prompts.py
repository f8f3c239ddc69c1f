"""Fixed prompts as token ids of the embedded model, the same in every environment."""

from __future__ import annotations

import timing

SHARED = (2705, 9053, 28, 957, 1573, 3289, 3783, 549, 338, 384, 2275)
"""`One evening, my old friend told me that he thought`."""
CLEAN = (*SHARED, 260, 3575, 282, 4649, 314)
"""… ` the capital of France is`: 16 tokens."""
CORRUPT = (*SHARED, 253, 2240, 281, 4521, 436)
"""… ` a city in Germany was`: every one of the last 5 tokens differs."""
RIGHT, WRONG = 7042, 11452
"""` Paris`, ` Berlin`."""


def of(tokens: int) -> list[int]:
    """The clean prompt where it has that length, else `The capital of France is`, repeated to it."""
    return list(CLEAN) if tokens == len(CLEAN) else timing.prompt(tokens)
