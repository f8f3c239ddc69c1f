"""Verdicts and the one-line answer as data; the words of the answer, which every view shows as they are here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.methods.verdicts import Effect
from unembed.view.glyphs import decimal, percent, signed, told, visible
from unembed.view.payloads.common import text_of

if TYPE_CHECKING:
    from unembed.methods.answer import Answer as AnswerResult
    from unembed.methods.answer import Reading
    from unembed.methods.controls import Kind, Population
    from unembed.methods.controls import Zeroed as ZeroedResult
    from unembed.methods.explain import Explanation


@dataclass(frozen=True)
class Zeroed:
    """What zeroing a part at the explained position does."""

    probability: float
    """Of the target then, from 0 to 1."""
    effect: Effect
    """On the log-odds of the target."""
    difference: Effect | None
    """On the logit difference to the other token; null without `--vs`, and then the one that views show."""


@dataclass(frozen=True)
class Crowd:
    """The parts that a part is compared with."""

    count: int
    """How many parts, or sets of parts, were zeroed."""
    limit: float | None
    """The size of effect, in nats, that the first twentieth of them reaches; null of fewer than 20."""


@dataclass(frozen=True)
class Control:
    """What the parts that are shown are compared with."""

    heads: Crowd | None
    """Every head; null in a model without."""
    neurons: Crowd | None
    """A sample of strongly active neurons and those of the largest credit; null in a model without."""
    sublayers: Crowd | None
    """Every sublayer."""


@dataclass(frozen=True)
class Answer:
    """Why, in one line: chosen by one rule for every view."""

    text: str
    """The sentence that views show."""
    kind: Literal["head", "neuron", "sublayer", "credit"]
    """What is named: a head, neuron or sublayer that the target needs, or, without one, the term of most credit."""
    part: str | None
    """Its name, such as `L23.H4`; null for a term that is no part."""
    position: int | None
    """Which token a head reads most: of the prompt, or of `sources` in cross-attention; null if it reads none most."""
    cross: bool
    """Whether that is a position of `sources`."""
    sink: bool
    """Whether that token is an attention sink, where the head rests."""
    zeroed: Zeroed | None
    """What zeroing it does; null for `credit`."""
    borderline: bool
    """Whether rounding could name another part."""


def zeroed_of(zeroed: "ZeroedResult | None") -> Zeroed | None:
    """What zeroing a part does, as data."""
    if zeroed is None:
        return None
    return Zeroed(probability=zeroed.probability, effect=zeroed.effect, difference=zeroed.difference)


def control_of(among: "Population | None") -> Control | None:
    """What parts are compared with, as data."""
    return None if among is None else Control(*(_crowd(among, kind) for kind in ("heads", "neurons", "sublayers")))


def _crowd(among: "Population", kind: "Kind") -> Crowd | None:
    count = len(among.effects(kind))
    return Crowd(count=count, limit=among.limit(kind)) if count else None


def verdict_words(verdict: str | None, size: str) -> str:
    """A verdict as views write it: `large causal`, `ordinary`; of too few parts to rank, the size alone."""
    return size if verdict is None else verdict if verdict == "ordinary" else f"{size} {verdict}"


def answer_payload(result: "Explanation") -> Answer:
    """The one-line answer of an explanation, in words."""
    answer = result.answer
    named = answer.reads if answer.reads is not None and answer.reads.share >= _NAMED else None
    return Answer(
        text=_sentence(result, named),
        kind=answer.kind,
        part=None if answer.part is None else answer.part.label,
        position=None if named is None else named.position,
        cross=_is_cross(answer),
        sink=named is not None and named.sink,
        zeroed=zeroed_of(answer.zeroed),
        borderline=answer.borderline,
    )


_NAMED = 0.25
"""The share of what a head reads from which the token is named."""
_UNTOLD = 1e-6
"""What four decimals of a per cent cannot tell from 0: two probabilities so near 1 are told by their log-odds."""


def _is_cross(answer: "AnswerResult") -> bool:
    return answer.part is not None and answer.part.kind == "cross_head"


def _sentence(result: "Explanation", named: "Reading | None") -> str:
    answer = result.answer
    if answer.zeroed is None:
        return _by_credit(result)
    assert answer.part is not None
    reads = "" if named is None else f", {_reads(result, named)},"
    part = f"neuron {answer.part.label}" if answer.kind == "neuron" else answer.part.label
    without = f"Without {part}{reads} {_falls(result)}."
    if answer.kind != "head":
        without = f"No single head{'' if answer.kind == 'neuron' else ' or neuron that was zeroed'} does it. {without}"
    return f"{without} (Borderline: rounding could name another part.)" if answer.borderline else without


def _written(text: str) -> str:
    """A token in a sentence: in quotes where it would be taken for the sentence's own punctuation."""
    return visible(text) if any(c.isalnum() for c in text) else f'"{visible(text)}"'


def _reads(result: "Explanation", named: "Reading") -> str:
    if _is_cross(result.answer):
        assert result.model.source is not None
        text = _written(result.model.source.tokens[named.position].label)
    else:
        text = _written(text_of(result.model, result.run.tokens[named.position]))
    if named.sink:
        return f"which rests on {text} (an attention sink)"
    return f"which reads {text}" if named.mostly else f"which reads {text} among others"


def _falls(result: "Explanation") -> str:
    answer, target, versus = result.answer, result.target, result.readout.versus
    assert answer.zeroed is not None
    name = _written(text_of(result.model, target.token))
    if versus is not None:
        lead = result.readout.value
        change = f"from {signed(lead)} to {signed(lead + answer.zeroed.asked.nats)} logits"
        return f"the lead of {name} over {_written(text_of(result.model, versus))} falls {change}"
    before, after = told(target.probability, answer.zeroed.probability)
    if before == after or min(target.probability, answer.zeroed.probability) > 1 - _UNTOLD:
        nats = decimal(-answer.zeroed.asked.nats)
        return f"{name} falls by {nats} nats of log-odds, from {percent(target.probability)}"
    return f"{name} falls from {before} to {after}"


def _by_credit(result: "Explanation") -> str:
    answer, whole, versus = result.answer, result.ledger.value, result.readout.versus
    assert answer.term is not None
    name, value = _written(text_of(result.model, result.target.token)), answer.term.value
    what = "its logit" if versus is None else f"its lead over {_written(text_of(result.model, versus))}"
    if 0 < value <= whole:
        share = "most" if whole / 2 < value else "the largest single part"
        credit = f"{answer.term.label} adds {share} of {what} ({signed(value)} of {signed(whole)})"
    else:  # no part of what is smaller than it, or of what is below 0
        does = "adds most to" if value > 0 else "takes least from"
        credit = f"{answer.term.label} {does} {what} ({signed(value)}; with all other parts it is {signed(whole)})"
    if not answer.tested:
        return f"{name}: {credit}. Nothing was zeroed."
    return f"Nothing that was zeroed alone carries {name}: {credit}."
