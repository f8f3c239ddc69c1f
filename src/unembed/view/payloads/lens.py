"""`unembed lens` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Token,
    asks_of,
    block_of,
    model_facts,
    prompt_tokens,
    text_of,
    token_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.lens import Lens


@dataclass(frozen=True)
class LensCell:
    """One state of the stream, read by the lens."""

    layer: int | None
    """The block after which the stream is read; null is the embedding."""
    position: int
    """Counted from 0."""
    rank: int
    """Of the followed token; 1 is the top."""
    probability: float
    """Of the followed token."""
    kl: float
    """KL(the model's prediction || the lens's), in nats."""
    top: list[Token]
    """The lens's top tokens."""
    top_probability: list[float]
    """Theirs, in the same order."""


@payload("unembed/lens/1")
class LensPayload:
    """`unembed lens --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    targets: list[PromptToken]
    """The token followed at each position."""
    cells: list[LensCell]
    """By layer, then by position."""
    states: int
    """How many states were read; each costs one product with the vocabulary matrix."""
    versions: dict[str, str]
    asks: int | None = None
    """Where the prompt asks by itself: at its last position, or at the (first) blank of a masked language model; null
    where that has none."""


@payload_of.register
def lens_payload(result: "Lens") -> LensPayload:
    """A logit lens as data."""
    model, positions = result.run.model, result.positions
    return LensPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.run.tokens),
        targets=[PromptToken(p, t, text_of(model, t)) for p, t in zip(positions, result.targets, strict=True)],
        cells=[
            LensCell(
                layer=block_of(layer),
                position=position,
                rank=int(result.target_rank[s, q]),
                probability=float(result.target_probability[s, q]),
                kl=float(result.kl[s, q]),
                top=[token_of(model, t) for t in result.top_tokens[s, q].tolist()],
                top_probability=result.top_probability[s, q].tolist(),
            )
            for s, layer in enumerate(result.layers)
            for q, position in enumerate(positions)
        ],
        states=result.states,
        versions=versions(),
        asks=asks_of(result.run),
    )
