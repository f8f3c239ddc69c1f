"""The sentence that opens every view: what the model says, which words that needs, and which part carries it.

A fixed grammar of three clauses. Each is chosen by numbers of the explanation and holds the number that it rests on:

| clause | said | where |
|---|---|---|
| what it says | `It says "Paris" (77.3%).` | the explained token is the top prediction |
| | `It is unsure: "a" leads with 15.9%, ahead of "the" (5.6%).` | it is, with less than a fifth |
| | `It says "Paris" (77.3%); "London" is its 3rd choice (1.2%).` | it is not |
| words | `Without "France", "une" falls to <0.01%, and it says "é" instead.` | one word at least halves it |
| | `Without A alone, P falls to x (it says C instead), without B alone to y; 2 more at least halve it.` | several do |
| | `No single word carries it: without any one of them P keeps at least x.` | none does |
| the part | `Without head L23.H4, which reads "France", "Paris" falls from 77.3% to 14.7%.` | methods/answer.py |

Named are at most three words, those with at least half of the largest effect in nats. Under `--vs` it is the lead over
the other token that a word halves or does not. The word at the first position, where many heads rest whatever it says,
counts where it costs more than the first word of unrelated texts does (by two standard deviations); else it is told of
by itself, where no other word costs more. The word where the question is asked never is.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.models.blanks import blanks
from unembed.view.glyphs import blank, decimal, percent, signed, told, visible
from unembed.view.payloads.common import text_of

if TYPE_CHECKING:
    from unembed.methods.answer import Reading
    from unembed.methods.explain import Explanation
    from unembed.methods.words.words import UnitEffect, Words
    from unembed.models.model import Model

_UNSURE = 0.2
"""The probability of the top prediction below which a model is unsure."""
_NAMED_WORDS = 3
_LONG = 40
"""Characters of a unit that a sentence shows."""
_NAMED = 0.25
"""The share of what a head reads from which the token is named."""
_UNTOLD = 1e-6
"""What four decimals of a per cent cannot tell from 0: two probabilities so near 1 are told by their log-odds."""


@dataclass(frozen=True)
class Span:
    """A piece of a sentence, and what it names."""

    text: str
    kind: Literal["token", "word", "part", "number"] | None = None
    """What it names; null for what is only said."""
    place: int | None = None
    """Of a word: which of `words.units`, counted from 0."""


Sentence = list[Span]


def plain(sentence: Sentence) -> str:
    """A sentence as text."""
    return "".join(span.text for span in sentence)


def sentence_of(result: "Explanation") -> Sentence:
    """All clauses of an explanation."""
    clauses = [_says(result), *([] if result.words is None else [_needs(result, result.words)]), carried_by(result)]
    return [span for i, clause in enumerate(filter(None, clauses)) for span in ([Span(" ")] if i else []) + clause]


def _token(model: "Model", token: int, *beside: int | None) -> Span:
    """A token in a sentence; `beside` others it keeps the white space by which alone it differs from one of them."""
    text = text_of(model, token)
    others = [text_of(model, other) for other in beside if other not in (None, token)]
    alike = any(_bare(text) == _bare(other) for other in others)
    return Span(f'"{visible(text)}"' if alike and blank(text) is None else _written(text), "token")


def _name(result: "Explanation") -> Span:
    """The explained token."""
    return _token(result.model, result.target.token, result.predictions[0].token, result.readout.versus)


def _written(text: str) -> str:
    """A token in a sentence, without the space before a word; white space alone is said in words."""
    return blank(text) or f'"{visible(_bare(text))}"'


def _bare(text: str) -> str:
    return text.strip() if any(c.isalnum() for c in text) else text


def _number(text: str) -> Span:
    return Span(text, "number")


# What it says


def _says(result: "Explanation") -> Sentence:
    model, target, first = result.model, result.target, result.predictions[0]
    name, chance = _name(result), _number(percent(target.probability))
    where = "It says "
    if model.fills_blanks:
        asked = result.readout.position in blanks(model, result.run.tokens)
        where = "In the blank it says " if asked else "At this place it says "
    if target.rank > 1:
        top = [_token(model, first.token, target.token), Span(" ("), _number(percent(first.probability)), Span("); ")]
        return [Span(where), *top, name, Span(f" is its {_ordinal(target.rank)} choice ("), chance, Span(").")]
    if target.probability >= _UNSURE or len(result.predictions) < 2:
        return [Span(where), name, Span(" ("), chance, Span(").")]
    second = result.predictions[1]
    ahead = [_token(model, second.token, target.token), Span(" ("), _number(percent(second.probability)), Span(").")]
    return [Span("It is unsure: "), name, Span(" leads with "), chance, Span(", ahead of "), *ahead]


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


# Which words it needs


def _needs(result: "Explanation", words: "Words") -> Sentence:
    ranked = [unit for unit in words.units if words.counted(unit)]
    needed = sorted((unit for unit in ranked if _halves(words, unit)), key=lambda unit: -unit.effect)
    first = next((u for u in words.units if u.mark == "first" and u not in ranked and _halves(words, u)), None)
    found: Sentence = []
    if needed:
        found, first = _named(result, words, needed), first if first and first.effect > needed[0].effect else None
    elif ranked:
        found = [Span(f"No single {_kind(words)} carries it: "), *_keeps(result, words, ranked, but=first is not None)]
    if first is not None:
        falls = [Span(", "), *_what(result), Span(" falls to "), _left(words, first)]
        found += [Span(" Without the first, " if found else "Without the first, "), _word(words, first), *falls]
        found.append(Span("; many heads rest there, whatever it says."))
    return found


def _keeps(result: "Explanation", words: "Words", ranked: "list[UnitEffect]", *, but: bool) -> Sentence:
    """What is left whichever unit goes; `but`: apart from the first."""
    least, others = min(ranked, key=lambda unit: unit.without.score), "the others" if but else "them"
    if least.effect <= 0:
        return [Span("no one of "), Span(others), Span(", taken away alone, lowers "), *_what(result), Span(".")]
    keeps = Span(" keeps at least ")
    return [Span("without any one of "), Span(f"{others} "), *_what(result), keeps, _left(words, least), Span(".")]


def _kind(words: "Words") -> str:
    return "piece" if words.by == "spans" else words.by


def _halves(words: "Words", unit: "UnitEffect") -> bool:
    """Whether a target has at most half its probability without a unit; with `versus`, half its lead."""
    before, after = words.value, unit.without
    if before.difference is None or after.difference is None:
        return after.probability <= before.probability / 2
    return before.difference > 0 and after.difference <= before.difference / 2


def _named(result: "Explanation", words: "Words", needed: "list[UnitEffect]") -> Sentence:
    first, *more = [unit for unit in needed if unit.effect >= needed[0].effect / 2][:_NAMED_WORDS]
    others, alone = [unit for unit in needed if unit not in (first, *more)], " alone" if more else ""
    found = [Span("Without "), _word(words, first), Span(f"{alone}, "), *_what(result), Span(" falls to ")]
    found.append(_left(words, first))
    instead = _instead(result, first)
    if instead is not None and not more:
        found += [Span(", and it says "), instead, Span(" instead")]
    elif instead is not None:
        found += [Span(" (it says "), instead, Span(" instead)")]
    for unit in more:
        instead = _instead(result, unit)
        found += [Span(", without "), _word(words, unit), Span(" alone to "), _left(words, unit)]
        found += [] if instead is None else [Span(" ("), instead, Span(" instead)")]
    if len(others) == 1:
        found += [Span("; without "), _word(words, others[0]), Span(" alone it is at least halved as well")]
    elif others:
        found += [Span("; "), _number(str(len(others))), Span(" more at least halve it")]
    return [*found, Span(".")]


def _instead(result: "Explanation", unit: "UnitEffect") -> Span | None:
    """What the model says without a unit; None where it says the same."""
    instead = unit.without.instead.token
    return None if instead == result.predictions[0].token else _token(result.model, instead, result.target.token)


def _what(result: "Explanation") -> Sentence:
    """What falls: the explained token, or its lead over another."""
    name, versus = _name(result), result.readout.versus
    if versus is None:
        return [name]
    return [Span("the lead of "), name, Span(" over "), _token(result.model, versus, result.target.token)]


def _word(words: "Words", unit: "UnitEffect") -> Span:
    text = " ".join(unit.text.split())
    short = text if len(text) <= _LONG else f"{text[: _LONG - 1].rstrip()}…"
    seen = "".join(c if c == " " else visible(c) for c in short) or visible(unit.text)
    return Span(f'"{seen}"', "word", words.units.index(unit))


def _left(words: "Words", unit: "UnitEffect") -> Span:
    """What is left of the target without a unit."""
    if unit.without.difference is not None:
        return _number(f"{signed(unit.without.difference)} logits")
    return _number(told(words.value.probability, unit.without.probability)[1])


# Which part carries it


def carried_by(result: "Explanation") -> Sentence:
    """The one-line answer, in words."""
    answer = result.answer
    if answer.zeroed is None:
        return _by_credit(result)
    assert answer.part is not None
    named = named_reading(result)
    reads = [] if named is None else [*_reads(result, named), Span(",")]
    part = [Span(f"{answer.kind} ")] if answer.kind in ("head", "neuron") else []
    without = [Span("Without "), *part, Span(answer.part.label, "part"), *reads, Span(" "), *_falls(result), Span(".")]
    if answer.kind != "head":
        others = "" if answer.kind == "neuron" else " or neuron that was zeroed"
        without = [Span(f"No single head{others} does it. "), *without]
    return [*without, Span(" (Borderline: rounding could name another part.)")] if answer.borderline else without


def named_reading(result: "Explanation") -> "Reading | None":
    """What the head of the answer reads, where it reads enough of one token for a name."""
    reads = result.answer.reads
    return reads if reads is not None and reads.share >= _NAMED else None


def _reads(result: "Explanation", named: "Reading") -> Sentence:
    from unembed.models.fragments import fragments

    part, model = result.answer.part, result.model
    if part is not None and part.kind == "cross_head":
        assert model.source is not None
        read = Span(_written(model.source.tokens[named.position].label), "token")
    else:
        shown = fragments(model, result.run.tokens)[named.position]
        own = _token(model, result.run.tokens[named.position])
        read = own if shown is None else Span(f'"{shown.removeprefix("·").strip()}"', "token")
    if named.sink:
        return [Span(", which rests on "), read, Span(" (an attention sink)")]
    return [Span(", which reads "), read, *([] if named.mostly else [Span(" among others")])]


def _falls(result: "Explanation") -> Sentence:
    answer, target = result.answer, result.target
    assert answer.zeroed is not None
    if result.readout.versus is not None:
        lead = result.readout.value
        after = _number(f"{signed(lead + answer.zeroed.asked.nats)} logits")
        return [*_what(result), Span(" falls from "), _number(signed(lead)), Span(" to "), after]
    name = _name(result)
    before, after = told(target.probability, answer.zeroed.probability)
    if before == after or min(target.probability, answer.zeroed.probability) > 1 - _UNTOLD:
        nats = _number(decimal(-answer.zeroed.asked.nats))
        return [name, Span(" falls by "), nats, Span(" nats of log-odds, from "), _number(percent(target.probability))]
    return [name, Span(" falls from "), _number(before), Span(" to "), _number(after)]


def _by_credit(result: "Explanation") -> Sentence:
    answer, whole, versus = result.answer, result.ledger.value, result.readout.versus
    assert answer.term is not None
    name, value, target = _name(result), answer.term.value, result.target.token
    what = [Span("its logit")] if versus is None else [Span("its lead over "), _token(result.model, versus, target)]
    part = Span(answer.term.label, "part")
    if 0 < value <= whole:
        share = "most" if whole / 2 < value else "the largest single part"
        numbers = [_number(signed(value)), Span(" of "), _number(signed(whole))]
        credit = [part, Span(f" adds {share} of "), *what, Span(" ("), *numbers, Span(")")]
    else:  # no part of what is smaller than it, or of what is below 0
        does = "adds most to" if value > 0 else "takes least from"
        numbers = [_number(signed(value)), Span("; with all other parts it is "), _number(signed(whole))]
        credit = [part, Span(f" {does} "), *what, Span(" ("), *numbers, Span(")")]
    if not answer.tested:
        return [name, Span(": "), *credit, Span(". Nothing was zeroed.")]
    return [Span("Nothing that was zeroed alone carries "), name, Span(": "), *credit, Span(".")]
