"""asked: what `words` is asked, made of what was given: an answer, units that go, and how they go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from unembed.errors import InputError
from unembed.methods.whole_answer import AUTO, whole_answer
from unembed.methods.whole_target import space_notes
from unembed.methods.words.question import Gone, How, Question
from unembed.models.model import Model
from unembed.models.prompts import Given, prompt_notes, tokenize
from unembed.models.read_source import with_source
from unembed.models.reprs import Brief
from unembed.models.special import beginning
from unembed.models.targets import target_notes, target_token, target_tokens
from unembed.models.tokens import label_of
from unembed.models.units import Unit, Units, Written, written, written_source
from unembed.runs.prompted import Prompt


@dataclass(frozen=True, repr=False)
class Asked(Brief):
    """A question, and the units whose going it is put without. Made by `ask`."""

    question: Question
    tokens: tuple[int, ...]
    """Of what was cut into units: the prompt, or the source of an encoder-decoder."""
    units: tuple[Unit, ...]
    """Those that can go: of a swap, those that differ."""
    by: str
    """As in `Units`."""
    notes: tuple[str, ...]


def as_written(prompt: Prompt) -> Written:
    """What units are cut from: the source of an encoder-decoder, else the prompt.

    Raises:
        InputError: a source that is no text.
    """
    if prompt.model.encoder is not None:
        return written_source(prompt.model)
    return written(prompt.model, prompt.messages or prompt.written, prompt.tokens, prompt.roles)


def ask(
    prompt: Prompt,
    units: Units,
    target: str | int | None = None,
    *,
    how: str = "delete",
    versus: str | int | None = None,
    answer: str | Sequence[int] | None = None,
    other: Given | None = None,
) -> Asked:
    """The question of `words` (there the arguments are described), of a prompt that was cut into units.

    Raises:
        InputError: a bad target, answer or way to go; a prompt of one unit; a second prompt that does not align.
    """
    model, of_source = prompt.model, prompt.model.encoder is not None
    word, _, given = how.partition("=")
    if model.source is not None and not of_source and word != "mask":
        raise InputError("An image within a prompt stands at places of its own: its words can be masked (--how mask).")
    tokens = prompt.tokens
    if answer is not None and (target is not None or versus is not None):
        raise InputError("An answer is asked for as a whole: leave the target out, and what it is compared with.")
    said = None if answer is None else whole_answer(prompt, answer)
    wanted = () if said is None else said.tokens
    place = prompt.asked
    run = prompt.followed_by(wanted[:-1]).recorded(range(place, place + max(1, len(wanted))))
    if answer is None:
        wanted = (run.token(target),)
    cut = _source_tokens(model) if of_source else tokens
    question = Question(
        run=run,
        length=len(tokens),
        answer=wanted,
        versus=None if versus is None else target_token(model, versus, prompt.context),
        how=word,  # type: ignore[arg-type]  # check_how
        instead=_instead(prompt, word, given, cut, other),
        of_source=of_source,
    )
    kept = units.units if word != "swap" else tuple(u for u in units.units if _differs(question, cut, u))
    asking = next((frozenset(u.positions) for u in kept if not of_source and place in u.positions), Gone())
    _check_units(kept, cut, word, Gone() if units.by == "spans" else asking)
    notes = (*(() if said is None else said.notes), *_notes(prompt, target, versus, answer, units, question, kept))
    taken = {p for unit in kept for p in unit.positions}
    instead = tuple(new if p in taken else cut[p] for p, new in enumerate(question.instead))
    return Asked(replace(question, asking=asking, instead=instead), cut, kept, units.by, notes)


def check_how(model: Model, how: str, other: Given | None, keep_sink: bool) -> None:
    """Refuse a way to go that there is not, or that does not go with the rest.

    Raises:
        InputError: it is refused.
    """
    word, has, given = how.partition("=")
    if word not in get_args(How) or (word == "replace") != bool(has) or (has and not given):
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
    found = tokenize(model, other) if model.encoder is None else _source_tokens(with_source(model, other))  # type: ignore[arg-type]
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


def _source_tokens(model: Model) -> tuple[int, ...]:
    assert model.source is not None
    assert model.source.ids is not None
    return model.source.ids


def _differs(question: Question, tokens: tuple[int, ...], unit: Unit) -> bool:
    return any(question.instead[p] != tokens[p] for p in unit.positions)


def keeping_sink(asked: Asked) -> Asked:
    """The same question, with the token that texts of this model begin with at position 0 where that position goes.

    Raises:
        InputError: the tokenizer knows no such token.
    """
    begin = _begin(asked.question.model, asked.tokens)
    if begin is None:
        return asked
    note = f"Where the first token is gone, {label_of(asked.question.model, begin)} stands in its place."
    return replace(asked, question=replace(asked.question, begin=begin), notes=(*asked.notes, note))


def _begin(model: Model, tokens: tuple[int, ...]) -> int | None:
    """The token that texts of this model begin with; None where this prompt does already."""
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
