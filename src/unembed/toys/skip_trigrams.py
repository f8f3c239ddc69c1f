"""Skip-trigrams `source ... destination -> output` of a toy's weights, looked up in the text.

A head's circuits say that after `destination`, with `source` somewhere before, `output` comes more often (Elhage et al.
2021). In the text that is a ratio of frequencies,

    lift = P(output | destination, source among the WINDOW tokens before) / P(output | destination, source not there)

and a skip-trigram is confirmed where it is above `LIFT`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Bool, Int
from torch import Tensor

from unembed.circuits import skip_trigrams
from unembed.model import Model

WINDOW = 64
LIFT = 1.5
SUPPORT = 20
"""How often source and destination must come together in the text for the ratio to mean anything."""
TOP = 20
"""Skip-trigrams of each head that are looked up, those of the largest strength."""


@dataclass(frozen=True)
class InText:
    """A skip-trigram of the weights, and what the text says."""

    head: int
    source: int
    destination: int
    output: int
    support: int
    """Destinations in the text with the source before them."""
    lift: float

    @property
    def confirmed(self) -> bool:
        """Whether the text has the output more often where the source stood before."""
        return self.lift > LIFT


def confirmed(model: Model, tokens: Int[Tensor, "token"]) -> list[InText]:
    """The strongest skip-trigrams of every head of the first layer that the text has often enough to tell."""
    return [
        found
        for head in range(model.heads)
        for triple in _of_head(model, head)
        if (found := _looked_up(tokens, head, *triple)).support >= SUPPORT
    ]


def _of_head(model: Model, head: int) -> Iterator[tuple[int, int, int]]:
    for trigram in skip_trigrams(model, 0, head, top=TOP):
        for destination in trigram.destinations:
            yield trigram.source, destination.token, trigram.outputs[0].token


def _looked_up(tokens: Tensor, head: int, source: int, destination: int, output: int) -> InText:
    places = (tokens[:-1] == destination).nonzero()[:, 0]
    after = tokens[places + 1] == output
    near = _near(tokens, source)[places]
    with_source = after[near].double().mean().item() if near.any() else 0.0
    without = after[~near].double().mean().item() if (~near).any() else 0.0
    lift = with_source / without if without else math.inf if with_source else 0.0
    return InText(head, source, destination, output, int(near.sum()), lift)


def _near(tokens: Tensor, source: int) -> Bool[Tensor, "token"]:
    """Whether `source` is among the `WINDOW` tokens before each place."""
    seen = (tokens == source).long().cumsum(0)
    before = seen - (tokens == source).long()
    outside = before.new_zeros(len(before))
    outside[WINDOW:] = before[:-WINDOW]
    return before > outside
