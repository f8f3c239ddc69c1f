"""`unembed paths`, `attended`, `circuit`, `composition` and `bigrams` as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Reference,
    Target,
    Token,
    model_facts,
    prompt_tokens,
    reference_of,
    target_of,
    text_of,
    token_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.circuits import head_circuits as circuits
    from unembed.methods.circuits.attention_score import AttentionScore, StreamTerm
    from unembed.methods.circuits.composition import Composition, Kind, Pair
    from unembed.methods.circuits.direct_path import BigramAgreement
    from unembed.methods.circuits.head_circuits import HeadCircuits, Ranked, SkipTrigram
    from unembed.methods.circuits.paths import Path, PathExpansion
    from unembed.models.model import Model


@dataclass(frozen=True)
class PathStep:
    """A head that carries the stream of a source token to a destination."""

    layer: int
    head: int
    source: int
    destination: int


@dataclass(frozen=True)
class PathEntry:
    """One path and what it adds, in logits."""

    kind: Literal["embedding", "position_embedding", "mlp", "attention_bias", "value_bias"]
    layer: int | None
    position: int
    steps: list[PathStep]
    value: float


@dataclass(frozen=True)
class PathDepth:
    """What the listed paths through so many heads add."""

    heads: int
    value: float


@dataclass(frozen=True)
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
    constants: dict[str, float]
    small: float
    small_count: int
    unopened: float
    opened: int
    needed: int | None
    """Paths after which the sum stays within a tenth of the value; null where the listed ones do not get there."""
    depths: list[PathDepth]
    sum: float
    error: float
    tolerance: float
    versions: dict[str, str]
    schema: Literal["unembed/paths/1"] = "unembed/paths/1"


@dataclass(frozen=True)
class StreamPart:
    """A part that wrote to the stream; `value` is the sum of its pairs."""

    kind: str
    layer: int | None
    head: int | None
    value: float


@dataclass(frozen=True)
class ScorePair:
    """One addend of a score: places in `query_terms` and `key_terms`."""

    query: int
    key: int
    value: float
    content: float


@dataclass(frozen=True)
class AttendedPayload:
    """`unembed attended --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    layer: int
    head: int
    destination: int
    source: int
    score: float
    attention: float
    query_terms: list[StreamPart]
    key_terms: list[StreamPart]
    pairs: list[ScorePair]
    content: float
    """The part of the score that is not due to the distance."""
    sum: float
    error: float
    tolerance: float
    versions: dict[str, str]
    schema: Literal["unembed/attended/1"] = "unembed/attended/1"


@dataclass(frozen=True)
class RankedToken(Token):
    """A token and its number."""

    value: float


@dataclass(frozen=True)
class TokenCircuits:
    """What a head does with one token."""

    token: Token
    promotes: list[RankedToken]
    suppresses: list[RankedToken]
    looks_for: list[RankedToken]


@dataclass(frozen=True)
class SkipTrigramEntry:
    """`source ... destination -> output`."""

    source: Token
    destinations: list[RankedToken]
    outputs: list[RankedToken]
    strength: float


@dataclass(frozen=True)
class CircuitPayload:
    """`unembed circuit --json`."""

    model: ModelFacts
    layer: int
    head: int
    eigenvalues: list[list[float]]
    """Real and imaginary part of each, of the OV circuit from token to token."""
    positive_share: float
    copying_score: float
    of_token: TokenCircuits | None
    skip_trigrams: list[SkipTrigramEntry] | None
    versions: dict[str, str]
    schema: Literal["unembed/circuit/1"] = "unembed/circuit/1"


@dataclass(frozen=True)
class CompositionPair:
    """How a head composes with one below it; `ratio` is to random matrices of the same shape."""

    kind: Literal["query", "key", "value"]
    first_layer: int
    first_head: int
    second_layer: int
    second_head: int
    score: float
    ratio: float


@dataclass(frozen=True)
class CompositionPayload:
    """`unembed composition --json`."""

    model: ModelFacts
    kind: Literal["query", "key", "value"] | None
    pairs: list[CompositionPair]
    random_mean: float
    random_deviation: float
    versions: dict[str, str]
    schema: Literal["unembed/composition/1"] = "unembed/composition/1"


@dataclass(frozen=True)
class TextBigrams:
    """How the direct path compares with the bigrams of a text; losses and entropies in nats."""

    bigrams: int
    kinds: int
    correlation: float | None
    """Of the logs, weighted by counts; null where one of them is the same for all bigrams."""
    loss: float
    bigram_entropy: float
    unigram_entropy: float


@dataclass(frozen=True)
class BigramsPayload:
    """`unembed bigrams --json`."""

    model: ModelFacts
    token: Token | None
    follows: list[RankedToken]
    generated: list[Token]
    text: TextBigrams | None
    versions: dict[str, str]
    schema: Literal["unembed/bigrams/1"] = "unembed/bigrams/1"


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
    )


def _path(path: "Path") -> PathEntry:
    steps = [PathStep(**vars(step)) for step in path.steps]
    return PathEntry(path.kind, path.layer, path.position, steps, path.value)  # type: ignore[arg-type]


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


def circuit_payload(result: "HeadCircuits") -> CircuitPayload:
    """The circuits of a head as data."""
    from unembed.methods.circuits.head_circuits import copying_score, positive_share

    model, values, trigrams = result.model, result.eigenvalues, result.skip_trigrams
    return CircuitPayload(
        model=model_facts(model),
        layer=result.layer,
        head=result.head,
        eigenvalues=[[value.real, value.imag] for value in values.tolist()],
        positive_share=float(positive_share(values)),
        copying_score=float(copying_score(values)),
        of_token=None if result.of_token is None else _of_token(model, result.of_token),
        skip_trigrams=None if trigrams is None else [_trigram(model, t) for t in trigrams],
        versions=versions(),
    )


def _of_token(model: "Model", found: "circuits.TokenCircuits") -> TokenCircuits:
    return TokenCircuits(
        token=token_of(model, found.token),
        promotes=ranked(model, found.promotes),
        suppresses=ranked(model, found.suppresses),
        looks_for=ranked(model, found.looks_for),
    )


def _trigram(model: "Model", t: "SkipTrigram") -> SkipTrigramEntry:
    destinations, outputs = ranked(model, t.destinations), ranked(model, t.outputs)
    return SkipTrigramEntry(token_of(model, t.source), destinations, outputs, t.strength)


def ranked(model: "Model", found: "Sequence[Ranked]") -> list[RankedToken]:
    """Ranked tokens as data."""
    return [RankedToken(id=r.token, text=text_of(model, r.token), value=r.value) for r in found]


def composition_payload(result: "Composition", pairs: "Sequence[Pair]", kind: "Kind | None") -> CompositionPayload:
    """Some pairs of a composition as data."""
    mean, deviation = result.null
    entries = [CompositionPair(p.kind, *p.first, *p.second, p.score, p.ratio) for p in pairs]
    return CompositionPayload(model_facts(result.model), kind, entries, mean, deviation, versions())


def bigrams_payload(
    model: "Model",
    token: int | None,
    follows: "Sequence[Ranked]",
    generated: Sequence[int],
    text: "BigramAgreement | None",
) -> BigramsPayload:
    """What the direct path says of a token and of a text, as data."""
    return BigramsPayload(
        model=model_facts(model),
        token=None if token is None else token_of(model, token),
        follows=ranked(model, follows),
        generated=[token_of(model, t) for t in generated],
        text=None if text is None else TextBigrams(**vars(text)),
        versions=versions(),
    )
