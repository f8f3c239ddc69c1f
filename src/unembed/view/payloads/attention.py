"""`unembed attention` as data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Reference,
    SourceToken,
    Target,
    model_facts,
    prompt_tokens,
    reference_of,
    source_tokens,
    target_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.attention import Attention
    from unembed.methods.attention import HeadView as HeadViewResult


@dataclass(frozen=True)
class HeadPattern:
    """One head, seen from the explained position: attention to, and credit through, each source token."""

    layer: int
    head: int
    value: float
    """Credit: what the head adds to the readout, in logits."""
    pattern: list[float]
    """Attention to each source token, from 0 to 1."""
    contribution: list[float]
    """What each source token's value adds through the head, in logits; the numbers sum to `value`."""
    cross: bool = False
    """Whether it is a head of a cross-attention, which looks at `sources`."""
    encoder: bool = False
    """Whether it is a head of the encoder: `pattern` is the mean over all of `sources`, which attend to each other."""


@payload("unembed/attention/1")
class AttentionPayload:
    """`unembed attention --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    position: int
    target: Target
    reference: Reference
    heads: list[HeadPattern]
    """The heads that were asked for."""
    matrix: list[list[float]] | None
    """The whole pattern, query by key, when one head was asked for."""
    versions: dict[str, str]
    norms: list[float] | None = None
    """With `matrix`: the norm of what each source's value writes at full attention. Times `matrix`, it is the norm of
    what each source writes at each query."""
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder read, for an encoder-decoder; else empty."""


@payload_of.register
def attention_payload(result: "Attention") -> AttentionPayload:
    """Patterns as data."""

    model, read = result.run.model, result.readout
    assert read.target is not None
    return AttentionPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.run.tokens),
        position=read.position,
        target=target_of(model, result.run.prediction(read.target, position=read.position)),
        reference=reference_of(model, read),
        heads=[_head_pattern(view) for view in result.heads],
        matrix=None if result.matrix is None else result.matrix.double().tolist(),
        versions=versions(),
        norms=None if result.norms is None else result.norms.tolist(),
        sources=source_tokens(model),
    )


def _head_pattern(view: "HeadViewResult") -> HeadPattern:
    return HeadPattern(
        layer=view.layer,
        head=view.head,
        value=view.credit,
        pattern=view.pattern.tolist(),
        contribution=view.contribution.tolist(),
        cross=view.cross,
        encoder=view.encoder,
    )
