"""Free-running pictures, and how many of the captions that were held out come out right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from unembed.errors import InputError
from unembed.progress import Progress, silent
from unembed.toys.parti.captions import Caption, captions
from unembed.toys.parti.pictures import GRID, draw

_BATCH = 128


@dataclass(frozen=True)
class Score:
    """Shares that are right, from 0 to 1."""

    tokens: float
    """Of all image tokens."""
    images: float
    """Of the pictures with all 64 tokens right."""


@torch.no_grad()
def paint(module: Any, tokenizer: Any, texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The 64 image tokens of each caption, free-running: each the likeliest after those before it."""
    sources = tokenizer(list(texts), padding=True, return_tensors="pt").to(module.device)
    ids = module.generate(**sources, max_new_tokens=GRID * GRID, do_sample=False, num_beams=1)
    return [tuple(tokenizer.convert_ids_to_tokens(row)) for row in ids[:, 1:].tolist()]


def evaluate(
    module: Any, tokenizer: Any, sample: Sequence[Caption] | None = None, *, progress: Progress = silent
) -> Score:
    """Paint captions free-running, and compare with the pictures of the rules.

    Args:
        module: a small Parti.
        tokenizer: its tokenizer.
        sample: which captions; None takes all that were held out.
        progress: called after every batch.

    Raises:
        InputError: the sample is empty.
    """
    asked = captions(held_out=True) if sample is None else sample
    if not asked:
        raise InputError("Expected captions to paint, found none. Give at least one.")
    right: list[int] = []
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        painted = paint(module, tokenizer, [caption.text for caption in batch])
        right += [_equal(tokens, draw(caption)) for tokens, caption in zip(painted, batch, strict=True)]
        progress("Painting", len(right) / len(asked))
    cells = GRID * GRID
    return Score(sum(right) / cells / len(right), right.count(cells) / len(right))


def _equal(left: Sequence[str], right: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(left, right, strict=True))
