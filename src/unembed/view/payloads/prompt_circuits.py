"""Circuits in a prompt, as data: `unembed paths` and `attended`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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
    from unembed.methods.circuits.attention_score import AttentionScore, StreamTerm
    from unembed.methods.circuits.paths import Path, PathExpansion


@dataclass(frozen=True)
class PathStep:
    """A head that carries the stream of a source token to a destination."""

    layer: int
    head: int
    source: int
    """The position whose stream the head reads."""
    destination: int
    """The position that it writes to."""
    cross: bool = False
    """Whether it is a head of cross-attention, whose `source` is a position of `sources`."""
    encoder: bool = False
    """Whether it is inside the encoder: both positions are of `sources`."""


@dataclass(frozen=True)
class PathEntry:
    """One path and what it adds, in logits."""

    kind: Literal[
        "embedding",
        "token_type_embedding",
        "position_embedding",
        "embedding_norm_shift",
        "embedding_projection_bias",
        "mlp",
        "attention_bias",
        "value_bias",
        "cross_attention_bias",
        "cross_value_bias",
        "stream_norm_shift",
    ]
    """What starts the path."""
    layer: int | None
    """The block of what starts it; null for an embedding."""
    position: int
    """Where it starts."""
    steps: list[PathStep]
    """The heads on the way, from first to last; none where the start is read directly."""
    value: float
    """What the path adds, in logits."""
    of_source: bool = False
    """Whether `position` is one of `sources`: it starts in the encoder, or at a bias of cross-attention's values."""


@dataclass(frozen=True)
class PathDepth:
    """What the listed paths through so many heads add."""

    heads: int
    """Heads on the way."""
    value: float
    """The sum of these paths, in logits."""


@payload("unembed/paths/1")
class PathsPayload:
    """`unembed paths --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    position: int
    target: Target
    reference: Reference
    value: float
    """The model's own number: paths, constants, small paths and unopened heads sum to it."""
    paths: list[PathEntry]
    """The largest first."""
    constants: dict[str, float]
    """What belongs to no path, in logits: the final norm's shift, the unembedding's bias, the soft-cap."""
    small: float
    """The sum of finished paths below the smallest one listed, in logits."""
    small_count: int
    """How many paths `small` sums."""
    unopened: float
    """The sum of the heads that were not opened, in logits: all paths through them."""
    opened: int
    """How many heads were opened."""
    needed: int | None
    """Paths after which the sum stays within a tenth of the value; null where the listed ones do not get there."""
    depths: list[PathDepth]
    """The listed paths summed by the number of heads on the way."""
    sum: float
    """Of paths, constants, small paths and unopened heads, in logits."""
    error: float
    """`sum - value`, in logits."""
    tolerance: float
    versions: dict[str, str]
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder of an encoder-decoder read; empty for a decoder alone."""


@dataclass(frozen=True)
class StreamPart:
    """A part that wrote to the stream; `value` is the sum of its pairs."""

    kind: str
    """`embedding`, `head`, `mlp`, `constant` and the like."""
    layer: int | None
    head: int | None
    value: float
    """The sum of its pairs, in units of the score."""


@dataclass(frozen=True)
class ScorePair:
    """One addend of a score: places in `query_terms` and `key_terms`."""

    query: int
    """Place in `query_terms`."""
    key: int
    """Place in `key_terms`."""
    value: float
    """What the pair adds to the score."""
    content: float
    """The part of `value` that is not due to the distance between the positions."""


@payload("unembed/attended/1")
class AttendedPayload:
    """`unembed attended --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    layer: int
    head: int
    destination: int
    """The position that attends."""
    source: int
    """The position attended to."""
    score: float
    """What the softmax reads, before mask and soft-cap."""
    attention: float
    """The head's attention after the softmax, from 0 to 1."""
    query_terms: list[StreamPart]
    """What wrote the stream that the query reads."""
    key_terms: list[StreamPart]
    """What wrote the stream that the key reads."""
    pairs: list[ScorePair]
    """Every pair, the largest magnitude first; they sum to `score`."""
    content: float
    """The part of the score that is not due to the distance."""
    sum: float
    """Of all pairs."""
    error: float
    """`sum - score`."""
    tolerance: float
    versions: dict[str, str]


@payload_of.register
def paths_payload(result: "PathExpansion") -> PathsPayload:
    """A path expansion as data."""

    read, model = result.readout, result.readout.run.model
    assert read.target is not None
    return PathsPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, read.run.tokens),
        position=read.position,
        target=target_of(model, read.run.prediction(read.target, position=read.position)),
        reference=reference_of(model, read),
        value=read.value,
        paths=[_path(path) for path in result.paths],
        constants=dict(result.constants),
        small=result.small,
        small_count=result.small_count,
        unopened=result.unopened,
        opened=result.opened,
        needed=result.needed(),
        depths=[PathDepth(*pair) for pair in result.by_depth().items()],
        sum=result.sum,
        error=result.error,
        tolerance=result.tolerance,
        versions=versions(),
        sources=source_tokens(model),
    )


def _path(path: "Path") -> PathEntry:
    steps = [PathStep(**vars(step)) for step in path.steps]
    return PathEntry(path.kind, path.layer, path.position, steps, path.value, path.of_source)  # type: ignore[arg-type]


@payload_of.register
def attended_payload(result: "AttentionScore") -> AttendedPayload:
    """An attention score as data, with every pair, the largest first."""
    model, places = result.run.model, result.values.shape
    pairs = [ScorePair(t, u, float(result.values[t, u]), float(result.content[t, u])) for t, u in _places(places)]
    return AttendedPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.run.tokens),
        layer=result.layer,
        head=result.head,
        destination=result.destination,
        source=result.source,
        score=result.score,
        attention=result.attention,
        query_terms=_parts(result.query_terms, result.values.sum(1).tolist()),
        key_terms=_parts(result.key_terms, result.values.sum(0).tolist()),
        pairs=sorted(pairs, key=lambda pair: -abs(pair.value)),
        content=float(result.content.sum()),
        sum=result.sum,
        error=result.error,
        tolerance=result.tolerance,
        versions=versions(),
    )


def _places(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(t, u) for t in range(shape[0]) for u in range(shape[1])]


def _parts(terms: "Sequence[StreamTerm]", values: list[float]) -> list[StreamPart]:
    return [StreamPart(t.kind, t.layer, t.head, value) for t, value in zip(terms, values, strict=True)]
