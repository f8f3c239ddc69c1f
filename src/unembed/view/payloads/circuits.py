"""Circuits that the weights make, as data: `unembed circuit head`, `composition` and `bigrams`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, Token, model_facts, text_of, token_of, versions

if TYPE_CHECKING:
    from unembed.methods.circuits import head_circuits as circuits
    from unembed.methods.circuits.composition import Composition, Kind, Pair
    from unembed.methods.circuits.direct_path import BigramAgreement
    from unembed.methods.circuits.head_circuits import HeadCircuits, Ranked, SkipTrigram
    from unembed.models.model import Model


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


@payload("unembed/head-circuit/1")
class HeadCircuitPayload:
    """`unembed circuit head --json`."""

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
def circuit_payload(result: "HeadCircuits") -> HeadCircuitPayload:
    """The circuits of a head as data."""
    from unembed.methods.circuits.head_circuits import copying_score, positive_share

    model, values, trigrams = result.model, result.eigenvalues, result.skip_trigrams
    return HeadCircuitPayload(
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
