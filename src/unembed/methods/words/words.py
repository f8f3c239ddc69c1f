"""words: which words of a prompt made the model say it, by runs of the model without them.

    effect(unit) = log P(answer | prompt) - log P(answer | prompt without the unit)          in nats

for every token, word, sentence, line or turn. Exact: each number is that of a full run (question.py), of no gradient.
Two positions need care, or they lead every list:

- The first token. Many heads rest on it, so that its removal moves all of them whatever it says. It is marked, and
  compared with what the same removal does in unrelated texts; `keep_sink` puts the model's own beginning in its place.
- The last token. The question is asked there: without it, it is another question. It is marked, and ranked nowhere.

Words that do the same work hide each other: each may be gone without loss while the other is there. `pairs` shows that,
and `shapley` shares the answer out among all of them so that it adds up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from unembed.errors import InputError, Interrupted
from unembed.methods.words.asked import Asked, as_written, ask, check_how, keeping_sink
from unembed.methods.words.compare import Ranking, rankings
from unembed.methods.words.first_token import FirstToken, first_token
from unembed.methods.words.question import Gone, How, Question, Value
from unembed.methods.words.shapley import EXACT, MOST_EXACT, SAMPLES, Shapley, shapley_values
from unembed.models.model import Model
from unembed.models.prompts import Given
from unembed.models.units import Unit, units_of
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import Result


@dataclass(frozen=True)
class UnitEffect:
    """What one unit is worth to an answer."""

    text: str
    positions: tuple[int, ...]
    start: int | None
    """Its first character in the text; None where the prompt was given as token ids."""
    end: int | None
    effect: float
    """By how many nats the answer's score falls without it."""
    without: Value
    """What the model gives the answer then, and what it says instead."""
    mark: Literal["first", "last"] | None
    """What its removal does beside taking its meaning away (see the module)."""
    role: str | None = None
    """Of a chat: whose words these are."""

    @property
    def label(self) -> str:
        """Its text; in a chat with whose words these are."""
        return self.text if self.role is None else f"{self.role}: {self.text}"


@dataclass(frozen=True)
class PairEffect:
    """What two units do together."""

    units: tuple[int, int]
    """Which, of `Words.units`."""
    effect: float
    """By how many nats the answer's score falls without both."""
    interaction: float
    """`effect` less the effects of each alone: above 0, each stands in for the other."""


@dataclass(frozen=True, repr=False)
class Words(Result[UnitEffect]):
    """What each unit of a prompt is worth to an answer. Made by `words`."""

    measure: ClassVar[str] = "effect"

    model: Model
    tokens: tuple[int, ...]
    """Of what was cut into units: the prompt, or the source of an encoder-decoder."""
    answer: tuple[int, ...]
    """The token (or tokens) that is asked for."""
    target: Prediction
    """Its first token, with nothing gone."""
    versus: int | None
    how: How
    by: str
    """"token", "word", "sentence", "line", "turn" or "spans"."""
    value: Value
    """Of the answer, with nothing gone."""
    units: tuple[UnitEffect, ...]
    """In the order of the prompt."""
    replacement: int | None = None
    """Of `replace`: the token that comes in the place of each."""
    begin: int | None = None
    """Under `keep_sink`: the token that stands at position 0 where the first one is gone."""
    first: FirstToken | None = None
    """What removing the first token does in other texts; None where the model's own beginning stands in front."""
    shapley: Shapley | None = None
    """One value a unit of `players`."""
    pairs: tuple[PairEffect, ...] | None = None
    rankings: tuple[Ranking, ...] | None = None
    """Cheap ones beside the exact one; one value a unit of `players`."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @property
    def players(self) -> tuple[int, ...]:
        """The units that are ranked, and that Shapley values and pairs are of: all but the one that asks."""
        return tuple(i for i, unit in enumerate(self.units) if unit.mark != "last")

    def counted(self, unit: UnitEffect) -> bool:
        """Whether what a unit costs tells of it: not of the one that asks, and of the first where it costs more than
        the first of unrelated texts does, by two standard deviations.
        """
        if unit.mark != "first":
            return unit.mark is None
        return self.first is not None and unit.effect > self.first.mean + 2 * self.first.deviation

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "nats"

    def entries(self) -> tuple[UnitEffect, ...]:
        """The units that are ranked; `units` has the one that asks as well."""
        return tuple(self.units[i] for i in self.players)

    def columns(self, entry: UnitEffect) -> dict[str, Any]:
        """A unit, what its removal does, and what is said instead."""
        return {
            "text": entry.text,
            "start": entry.start,
            "end": entry.end,
            "effect": entry.effect,
            "log_probability_without": entry.without.log_probability,
            "probability_without": entry.without.probability,
            "instead": entry.without.instead.text,
            "mark": entry.mark,
            "role": entry.role,
        }

    def _found(self) -> str:
        best = ", ".join(f"{unit.text!r} {unit.effect:+.2f}" for unit in self.top(3))
        return f"P = {self.value.probability:.3f}, nats lost without: {best}"


@prompted
def words(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    by: str | Sequence[tuple[int, int]] = "word",
    how: str = "delete",
    versus: str | int | None = None,
    answer: str | Sequence[int] | None = None,
    other: Given | None = None,
    keep_sink: bool = False,
    shapley: bool = False,
    exact: int = EXACT,
    samples: int = SAMPLES,
    pairs: bool = False,
    compare: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Words:
    """What each word of a prompt is worth to what the model says next. Exact.

    Args:
        prompt: a recorded run, or a model and a prompt. Of an encoder-decoder the words are those of its source.
        target: the token (of a longer text, the first token); None takes the top prediction.
        by: "token", "word", "sentence", "line", "turn" (of a chat), or spans of characters.
        how: "delete", "mask", "replace=TOKEN" or "swap" (see question.py).
        versus: another token: effects are on the difference of the two logits then.
        answer: a whole answer in the target's place: the sum of the log-probabilities of its tokens, each after those
            before it. "auto" is what the model says by itself (whole_answer.py).
        other: for "swap", a prompt of as many tokens. Its tokens come in the place of a unit's.
        keep_sink: put the model's own beginning at position 0 where the first token is gone.
        shapley: also Shapley values (shapley.py), of all units but the last.
        exact: up to how many units these are exact, at most 14.
        samples: beyond that, pairs of random orders.
        pairs: also what every two units do together.
        compare: also cheap rankings by gradients, held against the exact effects (compare.py).
        seed: of the orders.
        progress: called after each block of each walk.

    Raises:
        InputError: a bad prompt, target or word; a prompt of one unit; a second prompt that does not align.
        ModelError: logits that are not finite.
        Interrupted: on Ctrl-C, once the effects are there, with what else is finished.
    """
    check_how(prompt.model, how, other, keep_sink)
    units = units_of(as_written(prompt), by)
    asked = ask(prompt, units, target, how=how, versus=versus, answer=answer, other=other)
    if compare and prompt.model.source is not None:
        raise InputError("Cheap rankings are of prompts of text, not of a source or an image: leave --compare out.")
    also = Also(shapley=shapley, exact=exact, samples=samples, pairs=pairs, compare=compare, seed=seed)
    return words_asked(keeping_sink(asked) if keep_sink else asked, also, progress=progress)


@dataclass(frozen=True)
class Also:
    """What `words` is asked for beside the effects; its fields are described there."""

    shapley: bool = False
    exact: int = EXACT
    samples: int = SAMPLES
    pairs: bool = False
    compare: bool = False
    seed: int = 0


def words_asked(asked: Asked, also: Also = Also(), *, progress: Progress = silent) -> Words:
    """What `words` finds of a question and units that are made already."""
    question, result = asked.question, _effects(asked, _named(progress, "text taken away"))
    players = [frozenset(unit.positions) for unit in result.entries()]
    if (also.shapley or also.compare) and not players:
        raise InputError("No unit is ranked: the question is asked in the only one. Take smaller units (--by token).")
    more: dict[str, Callable[[], object]] = {}
    if any(unit.mark == "first" for unit in result.units) and question.begin is None:
        more["first"] = lambda: first_token(question, len(result.units[0].positions))
    if also.shapley:
        more["shapley"] = lambda: _shapley(question, players, also, _named(progress, "Shapley values"))
        result = replace(result, notes=(*result.notes, *_sampled(len(players), also)))
    if also.pairs:
        more["pairs"] = lambda: _pairs(question, result, _named(progress, "pairs"))
    if also.compare:
        ranked = [unit.effect for unit in result.entries()]
        more["rankings"] = lambda: rankings(question, players, ranked, _named(progress, "rankings"))
    return _with(result, more)


def _effects(asked: Asked, progress: Progress) -> Words:
    """The effect of each unit, and nothing else yet."""
    question, base = asked.question, asked.question.base()
    values = question.values([frozenset(unit.positions) for unit in asked.units], progress)
    return Words(
        model=question.model,
        tokens=asked.tokens,
        answer=question.answer,
        target=question.run.prediction(question.answer[0], position=question.place),
        versus=question.versus,
        how=question.how,
        replacement=question.instead[asked.units[0].positions[0]] if question.how == "replace" else None,
        begin=question.begin,
        by=asked.by,
        value=base,
        units=tuple(
            UnitEffect(u.text, u.positions, u.start, u.end, base.score - value.score, value, _mark(question, u), u.role)
            for u, value in zip(asked.units, values, strict=True)
        ),
        notes=asked.notes,
    )


def _with(result: Words, more: dict[str, Callable[[], object]]) -> Words:
    """The result with more of its fields, each computed; of interrupted work what is finished, and a note."""
    for number, (name, compute) in enumerate(more.items()):
        try:
            result = replace(result, **{name: compute()})  # type: ignore[arg-type]  # as the field is
        except KeyboardInterrupt as stop:
            said = f"Interrupted: {', '.join(_CALLED[left] for left in list(more)[number:])} missing."
            raise Interrupted(replace(result, notes=(*result.notes, said))) from stop
    return result


_CALLED = {"first": "first tokens", "shapley": "Shapley values", "pairs": "pairs", "rankings": "cheap rankings"}


def _named(progress: Progress, stage: str) -> Progress:
    """Progress under the name of what the runs are for."""
    return lambda _, fraction: progress(stage, fraction)


def _mark(question: Question, unit: Unit) -> Literal["first", "last"] | None:
    if question.of_source or question.model.fills_blanks:
        return None
    if question.place in unit.positions:
        return "last"
    return "first" if 0 in unit.positions else None


def _shapley(question: Question, players: list[Gone], also: Also, progress: Progress) -> Shapley:
    def scores(choices: Sequence[frozenset[int]]) -> list[float]:
        versions = [frozenset().union(*(p for i, p in enumerate(players) if i not in c)) for c in choices]
        return [value.score for value in question.values(versions, progress)]

    return shapley_values(len(players), scores, exact=also.exact, samples=also.samples, seed=also.seed)


def _sampled(count: int, also: Also) -> list[str]:
    """What a reader should know of Shapley values that are estimated."""
    if count <= also.exact:
        return []
    orders = 2 * also.samples
    said = f"{count} units are more than {also.exact}: their Shapley values are estimated from {orders} random orders"
    return [f"{said}; --exact {count} runs all {2**count:,} choices." if count <= MOST_EXACT else f"{said}."]


def _pairs(question: Question, result: Words, progress: Progress) -> tuple[PairEffect, ...]:
    players, gone = result.players, [frozenset(unit.positions) for unit in result.units]
    both = [(i, j) for n, i in enumerate(players) for j in players[n + 1 :]]
    values = question.values([gone[i] | gone[j] for i, j in both], progress) if both else []
    base = result.value.score
    return tuple(
        PairEffect(
            pair,
            base - value.score,
            base - value.score - result.units[pair[0]].effect - result.units[pair[1]].effect,
        )
        for pair, value in zip(both, values, strict=True)
    )
