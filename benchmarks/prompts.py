"""Fixed prompts as token ids of the embedded model, so that every environment runs the same ones without a tokenizer."""

from __future__ import annotations

SHARED = (2705, 9053, 28, 957, 1573, 3289, 3783, 549, 338, 384, 2275)
"""`One evening, my old friend told me that he thought`."""
CLEAN = (*SHARED, 260, 3575, 282, 4649, 314)
"""… ` the capital of France is`: 16 tokens."""
CORRUPT = (*SHARED, 253, 2240, 281, 4521, 436)
"""… ` a city in Germany was`: every one of the last 5 tokens differs."""
RIGHT, WRONG = 7042, 11452
"""` Paris`, ` Berlin`."""
