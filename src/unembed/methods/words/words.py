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
from unembed.methods.whole_answer import AUTO, whole_answer
from unembed.methods.whole_target import space_notes
from unembed.methods.words.compare import Ranking, rankings
from unembed.methods.words.first_token import FirstToken, first_token
from unembed.methods.words.question import Gone, How, Question, Value
from unembed.methods.words.shapley import MOST_EXACT, Shapley, shapley_values
from unembed.models.model import Model
from unembed.models.prompts import Given, prompt_notes, tokenize
from unembed.models.special import beginning
from unembed.models.targets import target_notes, target_token, target_tokens
from unembed.models.tokens import label_of
from unembed.models.units import Unit, Units, units_of, written, written_source
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
    exact: int = 10,
    samples: int = 32,
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
    model = prompt.model
    _check(model, how, other, keep_sink)
    question, units, notes = _asked(prompt, target, by, how, versus, answer, other)
    begin = _begin(model, prompt.tokens) if keep_sink else None
    if begin is not None:
        question = replace(question, begin=begin)
        notes += (f"Where the first token is gone, {label_of(model, begin)} stands in its place.",)
    if compare and (question.of_source or model.source is not None):
        raise InputError("Cheap rankings are of prompts of text, not of a source or an image: leave --compare out.")
    base = question.base()
    gone = [frozenset(unit.positions) for unit in units]
    values = question.values(gone, _named(progress, "units"))
    effects = tuple(
        UnitEffect(u.text, u.positions, u.start, u.end, base.score - value.score, value, _mark(question, u), u.role)
        for u, value in zip(units, values, strict=True)
    )
    whole = model.source.inputs["input_ids"][0].tolist() if question.of_source and model.source else prompt.tokens
    result = Words(
        model=model,
        tokens=tuple(whole),
        answer=question.answer,
        target=question.run.prediction(question.answer[0], position=question.place),
        versus=question.versus,
        how=question.how,
        replacement=question.instead[units[0].positions[0]] if question.how == "replace" else None,
        begin=question.begin,
        by=by if isinstance(by, str) else "spans",
        value=base,
        units=effects,
        notes=notes,
    )
    players = [gone[i] for i in result.players]
    if (shapley or compare) and not players:
        raise InputError("No unit is ranked: the question is asked in the only one. Take smaller units (--by token).")
    more: dict[str, Callable[[], object]] = {}
    if any(unit.mark == "first" for unit in effects) and question.begin is None:
        more["first"] = lambda: first_token(question, len(effects[0].positions))
    if shapley:
        named = _named(progress, "Shapley values")
        more["shapley"] = lambda: _shapley(question, players, exact, samples, seed, named)
        result = replace(result, notes=(*notes, *_sampled(len(players), exact, samples)))
    if pairs:
        more["pairs"] = lambda: _pairs(question, result, gone, _named(progress, "pairs"))
    if compare:
        ranked = [unit.effect for unit in result.entries()]
        more["rankings"] = lambda: rankings(question, players, ranked, _named(progress, "rankings"))
    return _with(result, more)


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


def _shapley(
    question: Question, players: list[Gone], exact: int, samples: int, seed: int, progress: Progress
) -> Shapley:
    def scores(choices: Sequence[frozenset[int]]) -> list[float]:
        versions = [frozenset().union(*(p for i, p in enumerate(players) if i not in c)) for c in choices]
        return [value.score for value in question.values(versions, progress)]

    return shapley_values(len(players), scores, exact=exact, samples=samples, seed=seed)


def _sampled(count: int, exact: int, samples: int) -> list[str]:
    if count <= exact:
        return []
    said = f"{count} units are more than {exact}: their Shapley values are estimated from {2 * samples} random orders"
    return [f"{said}; --exact {count} runs all {2**count:,} choices." if count <= MOST_EXACT else f"{said}."]


def _pairs(question: Question, result: Words, gone: list[Gone], progress: Progress) -> tuple[PairEffect, ...]:
    players = result.players
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


# What is asked


def _asked(
    prompt: Prompt,
    target: str | int | None,
    by: str | Sequence[tuple[int, int]],
    how: str,
    versus: str | int | None,
    answer: str | Sequence[int] | None,
    other: Given | None,
) -> tuple[Question, tuple[Unit, ...], tuple[str, ...]]:
    model, of_source = prompt.model, prompt.model.encoder is not None
    word, _, given = how.partition("=")
    if model.source is not None and not of_source and word != "mask":
        raise InputError("An image within a prompt stands at places of its own: its words can be masked (--how mask).")
    roles = () if prompt.run is None else prompt.run.roles
    given_as = prompt.messages or prompt.written
    read = written_source(model) if of_source else written(model, given_as, prompt.tokens, roles)
    units = units_of(read, by)
    tokens = prompt.tokens
    if answer is not None and (target is not None or versus is not None):
        raise InputError("An answer is asked for as a whole: leave the target out, and what it is compared with.")
    said = None if answer is None else whole_answer(prompt, answer)
    wanted = () if said is None else said.tokens
    place = prompt.asked
    run = prompt.followed_by(wanted[:-1]).recorded(range(place, place + max(1, len(wanted))))
    if answer is None:
        wanted = (run.token(target),)
    source = tuple(model.source.inputs["input_ids"][0].tolist()) if of_source and model.source else tokens
    question = Question(
        run=run,
        length=len(tokens),
        answer=wanted,
        versus=None if versus is None else target_token(model, versus, prompt.context),
        how=word,  # type: ignore[arg-type]  # checked above
        instead=_instead(prompt, word, given, source, other),
        of_source=of_source,
    )
    kept = units.units if word != "swap" else tuple(u for u in units.units if _differs(question, source, u))
    asking = next((frozenset(u.positions) for u in kept if not of_source and place in u.positions), Gone())
    _check_units(kept, source, word, asking if isinstance(by, str) else Gone())
    notes = (*(() if said is None else said.notes), *_notes(prompt, target, versus, answer, units, question, kept))
    taken = {p for unit in kept for p in unit.positions}
    instead = tuple(new if p in taken else source[p] for p, new in enumerate(question.instead))
    return replace(question, asking=asking, instead=instead), kept, notes


def _check(model: Model, how: str, other: Given | None, keep_sink: bool) -> None:
    word, has, given = how.partition("=")
    if word not in ("delete", "mask", "replace", "swap") or (word == "replace") != bool(has) or (has and not given):
        raise InputError(f"Expected units to go by delete, mask, replace=TOKEN or swap, found {how!r}.")
    if (word == "swap") != (other is not None):
        raise InputError("A swap takes its tokens from a second prompt, and nothing else does: give both or neither.")
    if keep_sink and (word not in ("delete", "mask") or model.encoder is not None or model.fills_blanks):
        raise InputError("The first place of a prompt stays filled: keep_sink is for delete and mask in a prompt.")


def _check_units(units: tuple[Unit, ...], tokens: tuple[int, ...], how: str, asking: Gone) -> None:
    """Refuse a cut that leaves nothing; `asking`: the unit that asks, where another cut would leave something."""
    if how == "swap" and not units:
        raise InputError("The two prompts have the same tokens in every unit: there is nothing to swap.")
    alone = len(units) == 1 and bool(asking)
    if how in ("delete", "mask") and (alone or any(len(unit.positions) == len(tokens) for unit in units)):
        raise InputError(
            f"The prompt is one unit, {units[0].text!r:.60}: without it nothing is left to answer. Take smaller units "
            "(--by word, --by token), or --how replace=TOKEN."
        )


def _instead(prompt: Prompt, how: str, given: str, tokens: tuple[int, ...], other: Given | None) -> tuple[int, ...]:
    model = prompt.model
    if how == "replace":
        return (_replacement(prompt, given),) * len(tokens)
    if other is None:
        return ()
    found = tokenize(model, other) if model.encoder is None else _source_tokens(model, other)
    if len(found) != len(tokens):
        raise InputError(
            f"A swap needs prompts that align: {len(tokens)} and {len(found)} tokens were found. Choose words of as "
            "many tokens."
        )
    return tuple(found)


def _replacement(prompt: Prompt, given: str) -> int:
    """The token that comes in each place; around a blank a text is a word there."""
    model = prompt.model
    found = target_tokens(model, given, prompt.context if model.fills_blanks else None)
    if len(found) != 1:
        raise InputError(
            f"One token comes in the place of each, but {given!r} is {len(found)}: "
            f"{' '.join(label_of(model, token) for token in found)}. Give one of them."
        )
    return found[0]


def _source_tokens(model: Model, other: Given) -> tuple[int, ...]:
    from unembed.models.read_source import with_source

    source = with_source(model, other).source  # type: ignore[arg-type]
    assert source is not None
    return tuple(source.inputs["input_ids"][0].tolist())


def _differs(question: Question, tokens: tuple[int, ...], unit: Unit) -> bool:
    return any(question.instead[p] != tokens[p] for p in unit.positions)


def _begin(model: Model, tokens: tuple[int, ...]) -> int | None:
    """The token that texts of this model begin with, where this prompt does not."""
    begins = beginning(model)
    if begins and tokens[: len(begins)] == begins:
        return None
    tokenizer: Any = model.tokenizer
    known = () if tokenizer is None else (tokenizer.bos_token_id, tokenizer.eos_token_id)
    found = next((token for token in known if token is not None), None)
    if found is None:
        raise InputError(f"The tokenizer of {model.name} knows no token that begins a text: leave --keep-sink out.")
    return int(found)


def _notes(
    prompt: Prompt,
    target: str | int | None,
    versus: str | int | None,
    answer: str | Sequence[int] | None,
    units: Units,
    question: Question,
    kept: tuple[Unit, ...],
) -> tuple[str, ...]:
    model = prompt.model
    asked, last = target if answer is None else answer, question.place
    asked = None if answer == AUTO else asked
    notes = [
        *prompt_notes(model, prompt.messages or prompt.text),
        *target_notes(model, prompt.context, target, versus),
        *units.notes,
    ]
    option = "--target" if answer is None else "--answer"
    notes += space_notes(question.run, asked if isinstance(asked, str) else None, last, option=option)
    left = len(units.units) - len(kept)
    if left:
        notes.append(f"{left} of {len(units.units)} units have the same tokens in both prompts: they are left out.")
    return tuple(notes)
