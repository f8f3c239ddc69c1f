"""Skip-trigrams `source ... destination -> output` of a toy's weights, looked up in the text.

A head's circuits say that after `destination`, with `source` somewhere before, `output` comes more often (Elhage et al.
2021). In the text, over the destinations that have the source among the `WINDOW` tokens before them,

    seen      how often the output follows
    expected  their number * P(output | destination, source not there)

and a skip-trigram is confirmed where `seen > LIFT * expected`. The text can only tell where one of the two is at least
`LEAST`: a head may well raise an output that never follows, since the direct path rules it out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Bool, Int
from torch import Tensor

from unembed.methods.circuits.head_circuits import skip_trigrams
from unembed.models.model import Model

WINDOW = 64
_LIFT = 1.5
LEAST = 5
_TOP = 20
"""Skip-trigrams of each head that are looked up, those of the largest strength."""


@dataclass(frozen=True)
class InText:
    """A skip-trigram of the weights, and what the text says."""

    head: int
    source: int
    destination: int
    output: int
    seen: int
    expected: float

    @property
    def telling(self) -> bool:
        """Whether the text has the output often enough to tell."""
        return max(self.seen, self.expected) >= LEAST

    @property
    def confirmed(self) -> bool:
        """Whether the text has the output more often where the source stood before."""
        return self.seen > _LIFT * self.expected


def looked_up(model: Model, tokens: Int[Tensor, "token"]) -> list[InText]:
    """The strongest skip-trigrams of every head of the first layer of which the text can tell."""
    return [
        found
        for head in range(model.heads)
        for triple in strongest(model, head)
        if (found := in_text(tokens, head, *triple)).telling
    ]


def strongest(model: Model, head: int) -> Iterator[tuple[int, int, int]]:
    """Source, destination and output of a head's strongest skip-trigrams, three destinations each."""
    for trigram in skip_trigrams(model, 0, head, top=_TOP):
        for destination in trigram.destinations:
            yield trigram.source, destination.token, trigram.outputs[0].token


def in_text(tokens: Int[Tensor, "token"], head: int, source: int, destination: int, output: int) -> InText:
    """What the text says of one skip-trigram."""
    places = (tokens[:-1] == destination).nonzero()[:, 0]
    after, near = tokens[places + 1] == output, _near(tokens, source)[places]
    elsewhere = after[~near].double().mean().item() if (~near).any() else 0.0
    return InText(head, source, destination, output, int((after & near).sum()), int(near.sum()) * elsewhere)


def _near(tokens: Tensor, source: int) -> Bool[Tensor, "token"]:
    """Whether `source` is among the `WINDOW` tokens before each place."""
    seen = (tokens == source).long().cumsum(0)
    before = seen - (tokens == source).long()
    outside = before.new_zeros(len(before))
    outside[WINDOW:] = before[:-WINDOW]
    return before > outside
