"""`unembed paths`, `attended`, `circuit`, `composition` and `bigrams` as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
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
    """The position whose stream the head reads."""
    destination: int
    """The position that it writes to."""


@dataclass(frozen=True)
class PathEntry:
    """One path and what it adds, in logits."""

    kind: Literal["embedding", "position_embedding", "mlp", "attention_bias", "value_bias"]
    """What starts the path."""
    layer: int | None
    """The block of what starts it; null for an embedding."""
    position: int
    """Where it starts."""
    steps: list[PathStep]
    """The heads on the way, from first to last; none where the start is read directly."""
    value: float
    """What the path adds, in logits."""


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


@dataclass(frozen=True)
class RankedToken(Token):
    """A token and its number."""

    value: float
    """What the token is ranked by; its unit is that of the list."""


@dataclass(frozen=True)
class TokenCircuits:
    """What a head does with one token."""

    token: Token
    """The token."""
    promotes: list[RankedToken]
    """Tokens whose logit the head raises most where it attends to this one, in logits."""
    suppresses: list[RankedToken]
    """Tokens whose logit it lowers most, in logits."""
    looks_for: list[RankedToken]
    """Tokens to which it attends most from this one: score above the mean over sources."""


@dataclass(frozen=True)
class SkipTrigramEntry:
    """`source ... destination -> output`."""

    source: Token
    """The token attended to."""
    destinations: list[RankedToken]
    """Tokens that look for `source` most: score above the mean over all sources."""
    outputs: list[RankedToken]
    """Tokens it then promotes: logit above the vocabulary mean."""
    strength: float
    """The product of the largest of each."""


@payload("unembed/circuit/1")
class CircuitPayload:
    """`unembed circuit --json`."""

    model: ModelFacts
    layer: int
    head: int
    eigenvalues: list[list[float]]
    """Real and imaginary part of each, of the OV circuit from token to token."""
    positive_share: float
    """The share of eigenvalues with a positive real part: 1 for a head that copies, 0.5 for a random one."""
    copying_score: float
    """`sum Re(lambda) / sum |lambda|`, from -1 to 1."""
    of_token: TokenCircuits | None
    """What it does with one token; null without `--token`."""
    skip_trigrams: list[SkipTrigramEntry] | None
    """The strongest ones; null without `--skip-trigrams`."""
    versions: dict[str, str]


@dataclass(frozen=True)
class CompositionPair:
    """How a head composes with one below it; `ratio` is to random matrices of the same shape."""

    kind: Literal["query", "key", "value"]
    """Through which input of the second head."""
    first_layer: int
    """Of the head that writes."""
    first_head: int
    """The head that writes."""
    second_layer: int
    """Of the head that reads."""
    second_head: int
    """The head that reads."""
    score: float
    """From 0 to 1: the Frobenius norm of the product of the two matrices over the product of their norms."""
    ratio: float
    """`score / random_mean`."""


@payload("unembed/composition/1")
class CompositionPayload:
    """`unembed composition --json`."""

    model: ModelFacts
    kind: Literal["query", "key", "value"] | None
    """The kind that was asked for; null for all."""
    pairs: list[CompositionPair]
    """The highest score first."""
    random_mean: float
    """The mean score of random matrices of the same shape."""
    random_deviation: float
    """Their standard deviation."""
    versions: dict[str, str]


@dataclass(frozen=True)
class TextBigrams:
    """How the direct path compares with the bigrams of a text; losses and entropies in nats."""

    bigrams: int
    """How many the text has."""
    kinds: int
    """How many different ones."""
    correlation: float | None
    """Of the logs, weighted by counts; null where one of them is the same for all bigrams."""
    loss: float
    """The mean of `-log P(next | token)` of the direct path, in nats."""
    bigram_entropy: float
    """The least loss that any predictor from the last token alone can reach on this text, in nats."""
    unigram_entropy: float
    """The least without looking at the last token, in nats."""


@payload("unembed/bigrams/1")
class BigramsPayload:
    """`unembed bigrams --json`."""

    model: ModelFacts
    token: Token | None
    """The token; null where only a text was given."""
    follows: list[RankedToken]
    """The most probable next tokens by the direct path; `value` is the probability."""
    generated: list[Token]
    """The continuation of `--generate`."""
    text: TextBigrams | None
    """The comparison with a text; null without `--text`."""
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
    )


def _path(path: "Path") -> PathEntry:
    steps = [PathStep(**vars(step)) for step in path.steps]
    return PathEntry(path.kind, path.layer, path.position, steps, path.value)  # type: ignore[arg-type]


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


@payload_of.register
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
        promotes=_ranked(model, found.promotes),
        suppresses=_ranked(model, found.suppresses),
        looks_for=_ranked(model, found.looks_for),
    )


def _trigram(model: "Model", t: "SkipTrigram") -> SkipTrigramEntry:
    destinations, outputs = _ranked(model, t.destinations), _ranked(model, t.outputs)
    return SkipTrigramEntry(token_of(model, t.source), destinations, outputs, t.strength)


def _ranked(model: "Model", found: "Sequence[Ranked]") -> list[RankedToken]:
    """Ranked tokens as data."""
    return [RankedToken(id=r.token, text=text_of(model, r.token), value=r.value) for r in found]


@payload_of.register
def composition_payload(
    result: "Composition", pairs: "Sequence[Pair] | None" = None, kind: "Kind | None" = None
) -> CompositionPayload:
    """Some pairs of a composition as data; None gives all, the highest score first."""
    pairs = result.top(3 * result.scores["key"].size) if pairs is None else pairs
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
        follows=_ranked(model, follows),
        generated=[token_of(model, t) for t in generated],
        text=None if text is None else TextBigrams(**vars(text)),
        versions=versions(),
    )
