"""`unembed words` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Token,
    model_facts,
    prompt_tokens,
    text_of,
    token_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.words.compare import Ranking
    from unembed.methods.words.first_token import FirstToken
    from unembed.methods.words.question import Value
    from unembed.methods.words.words import UnitEffect, Words
    from unembed.models.model import Model


@dataclass(frozen=True)
class AnswerValue:
    """What the model gives the answer."""

    log_probability: float
    """In nats; of an answer of several tokens the sum over them, each after those before it."""
    probability: float
    logit: float
    """Above the mean over the vocabulary; of several tokens the sum."""
    difference: float | None
    """The logit of the target above that of `versus`; null without one."""


@dataclass(frozen=True)
class Said:
    """What the model says in the answer's first place."""

    id: int
    text: str
    probability: float


@dataclass(frozen=True)
class UnitWithout:
    """A unit, and what the model gives the answer without it."""

    text: str
    positions: list[int]
    """Of its tokens."""
    start: int | None
    """Its first character in the prompt as it was read (a chat: as its template writes it); null for token ids."""
    end: int | None
    """After its last character; null for token ids."""
    log_probability_without: float
    """Of the answer, in nats."""
    probability_without: float
    """Of the answer."""
    logit_without: float
    """Of the answer, above the mean over the vocabulary."""
    difference_without: float | None
    """The logit of the target above that of `versus`; null without one."""
    effect: float
    """By how many nats the answer's log-probability falls without the unit; with `versus`, by how many logits the
    difference does."""
    instead: Said
    """What the model says without the unit."""
    mark: Literal["first", "last"] | None
    """`first`: many heads rest on the first token whatever it says. `last`: the question is asked there, so this unit
    is not ranked. Null for the others."""
    role: str | None = None
    """Of a chat: whose words these are, such as `system` or `user`; null elsewhere."""
    counted: bool = True
    """Whether its effect tells of it: false of the mark `last`, and of `first` where it costs no more than the first of
    unrelated texts does, by two standard deviations."""


@dataclass(frozen=True)
class UnitShare:
    """The Shapley value of a unit."""

    value: float
    """In the unit of the effects; 0 for a unit that is never gone, which is the one with the mark `last`."""
    standard_error: float | None
    """Null where the value is exact."""


@dataclass(frozen=True)
class UnitPair:
    """What two units do together."""

    units: tuple[int, int]
    """Which, counted from 0 in `units`."""
    effect: float
    """Of both gone."""
    interaction: float
    """`effect` less the effects of each alone; above 0 each stands in for the other."""


@dataclass(frozen=True)
class UnitRanking:
    """A ranking of the units, and how it fares against exact runs."""

    method: Literal["exact", "input_x_gradient", "integrated_gradients", "frozen_gates", "relp"]
    """`exact`: the effects themselves; the others are gradients of the logit above its reference."""
    values: list[float]
    """One a unit that is ranked, in order: the effects in nats, the others in logits."""
    sum: float | None
    """Of the method's values at all positions; null for the effects."""
    rest: float | None
    """What `sum` leaves of what it should be: biases for the two linear methods, the quadrature's error for integrated
    gradients. Null where it should be nothing in particular."""
    rank_correlation: float | None
    """Spearman's, with the effects; null where there are no ranks to compare."""
    deletion: float
    """The area under the answer's probability while units go, the best first: small is good."""
    insertion: float
    """The area while units come, the best first: large is good."""


@dataclass(frozen=True)
class FirstTokens:
    """What the same removal of the first token does in unrelated texts."""

    mean: float
    """Of `effects`."""
    deviation: float
    """The standard deviation of `effects`."""
    effects: list[float]
    """By how many nats the top prediction of each text falls."""


@payload("unembed/words/1")
class WordsPayload:
    """`unembed words --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    """The prompt, or the source of an encoder-decoder: what is cut into units."""
    how: Literal["delete", "mask", "replace", "swap"]
    """How a unit goes."""
    by: Literal["token", "word", "sentence", "line", "turn", "spans"]
    """What a unit is."""
    replacement: Token | None
    """The token of `--how replace=TOKEN`; else null."""
    keep_sink: Token | None
    """The token that stands at position 0 where the first one is gone; null without `--keep-sink`."""
    target: Token
    """The token that is asked for; of an answer its first."""
    answer: list[Token]
    """All tokens of the answer; without `--answer` the target alone."""
    versus: Token | None
    """The token whose logit is subtracted; null without `--vs`."""
    value: AnswerValue
    """With nothing gone."""
    prediction: Said
    """The top prediction with nothing gone."""
    units: list[UnitWithout]
    """In the order of the prompt."""
    first_token: FirstTokens | None
    """For the unit with the mark `first`; null where there is none, or where it cannot be compared."""
    shapley: list[UnitShare] | None
    """One a unit; null without `--shapley`."""
    all: float | None
    """The score with every unit there: the log-probability, or the difference of `versus`. Null without `--shapley`."""
    none: float | None
    """The score with only the unit that asks; null without `--shapley`."""
    sum: float | None
    """Of the Shapley values: `all` minus `none`; null without `--shapley`."""
    error: float | None
    """By how much `sum` misses `all` minus `none`: rounding. Null without `--shapley`."""
    choices: int | None
    """How many choices of units were run for the Shapley values; null without `--shapley`."""
    pairs: list[UnitPair] | None
    """Of every two units that are ranked; null without `--pairs`."""
    rankings: list[UnitRanking] | None
    """Cheap rankings beside the exact one; null without `--compare`."""
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def words_payload(result: "Words") -> WordsPayload:
    """What each unit is worth, as data."""
    model, shares = result.model, result.shapley
    return WordsPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.tokens),
        how=result.how,
        by=result.by,  # type: ignore[arg-type]  # one of these
        replacement=None if result.replacement is None else token_of(model, result.replacement),
        keep_sink=None if result.begin is None else token_of(model, result.begin),
        target=token_of(model, result.answer[0]),
        answer=[token_of(model, token) for token in result.answer],
        versus=None if result.versus is None else token_of(model, result.versus),
        value=_value(result.value),
        prediction=_said(model, result.value),
        units=[_unit(result, unit) for unit in result.units],
        first_token=None if result.first is None else _first(result.first),
        shapley=None if shares is None else _shares(result),
        all=None if shares is None else shares.all,
        none=None if shares is None else shares.none,
        sum=None if shares is None else shares.sum,
        error=None if shares is None else shares.error,
        choices=None if shares is None else shares.choices,
        pairs=None if result.pairs is None else [UnitPair(p.units, p.effect, p.interaction) for p in result.pairs],
        rankings=None if result.rankings is None else [_ranking(ranking) for ranking in result.rankings],
        notes=list(result.notes),
        versions=versions(),
    )


def _value(value: "Value") -> AnswerValue:
    return AnswerValue(value.log_probability, value.probability, value.logit, value.difference)


def _said(model: "Model", value: "Value") -> Said:
    said = value.instead
    return Said(said.token, text_of(model, said.token), said.probability)


def units_without(result: "Words") -> list[UnitWithout]:
    """The units, in the order of the prompt, as data."""
    return [_unit(result, unit) for unit in result.units]


def _unit(result: "Words", unit: "UnitEffect") -> UnitWithout:
    return UnitWithout(
        text=unit.text,
        positions=list(unit.positions),
        start=unit.start,
        end=unit.end,
        log_probability_without=unit.without.log_probability,
        probability_without=unit.without.probability,
        logit_without=unit.without.logit,
        difference_without=unit.without.difference,
        effect=unit.effect,
        instead=_said(result.model, unit.without),
        mark=unit.mark,
        role=unit.role,
        counted=result.counted(unit),
    )


def _first(first: "FirstToken") -> FirstTokens:
    return FirstTokens(first.mean, first.deviation, list(first.effects))


def _ranking(ranking: "Ranking") -> UnitRanking:
    return UnitRanking(**{**vars(ranking), "values": list(ranking.values)})


def _shares(result: "Words") -> list[UnitShare]:
    assert result.shapley is not None
    shares = dict(zip(result.players, result.shapley.values, strict=True))
    return [
        UnitShare(shares[i].value, shares[i].standard_error) if i in shares else UnitShare(0.0, None)
        for i in range(len(result.units))
    ]
