"""`unembed lens` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Token,
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
    position: int
    rank: int
    probability: float
    kl: float
    top: list[Token]
    top_probability: list[float]


@dataclass(frozen=True)
class LensPayload:
    """`unembed lens --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    targets: list[PromptToken]
    """The token followed at each position."""
    cells: list[LensCell]
    states: int
    versions: dict[str, str]
    schema: Literal["unembed/lens/1"] = "unembed/lens/1"


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
                top=[token_of(model, t) for t in result.top[s, q].tolist()],
                top_probability=result.top_probability[s, q].tolist(),
            )
            for s, layer in enumerate(result.layers)
            for q, position in enumerate(positions)
        ],
        states=result.states,
        versions=versions(),
    )
