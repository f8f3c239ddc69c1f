"""Units: a prompt cut into what a reader would take away from it: tokens, words, sentences, lines, turns, or spans.

Every token is in one unit at most. What only frames a text is in none: the tokens that begin and end every text of the
model, and what a chat template writes around the words. Nor is the blank at which a masked language model is asked: its
sentence is what stands around it. A span that ends within a token is widened to the token, and a note says so.
"""

import operator
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from unembed.errors import InputError
from unembed.models import chat
from unembed.models.blanks import asked_position
from unembed.models.model import Model
from unembed.models.prompts import Given, text_of_prompt
from unembed.models.reprs import Brief
from unembed.models.special import beginning, ending
from unembed.models.tokens import name_of
from unembed.models.words import joins_words, token_spans

_By = Literal["token", "word", "sentence", "line", "turn"]
_Span = tuple[int, int]


@dataclass(frozen=True)
class Unit:
    """A piece of a prompt."""

    text: str
    positions: tuple[int, ...]
    """Of its tokens."""
    start: int | None
    """Its first character in the text that was read; None where the prompt was given as token ids."""
    end: int | None
    """After its last character."""
    role: str | None = None
    """Of a chat: whose words these are."""


@dataclass(frozen=True)
class Units:
    """A prompt in units."""

    units: tuple[Unit, ...]
    by: str
    """What each is: "token", "word", "sentence", "line", "turn" or "spans"."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Written(Brief):
    """A prompt or a source as it was written. Made by `written` and `written_source`."""

    names: tuple[str, ...]
    """Of its tokens."""
    free: tuple[int, ...]
    """The positions that are not only framing."""
    text: str | None
    """None where only tokens are known."""
    spans: tuple[_Span, ...] = ()
    """Which characters each token holds."""
    roles: tuple[str | None, ...] = ()
    """Of a chat: whose words each token holds."""
    blank: int | None = None
    """Where a masked language model is asked."""


def written(model: Model, prompt: Given, tokens: Sequence[int], roles: Sequence[str | None] = ()) -> Written:
    """A prompt as it was written: text, messages of a chat, or token ids.

    Args:
        model: that reads it.
        prompt: as it was given.
        tokens: what `tokenize` makes of it.
        roles: of the tokens of a chat, whose words each holds, where that is known (`Prompt.roles`).
    """
    names, begins, ends = tuple(name_of(model, token) for token in tokens), beginning(model), ending(model)
    first = len(begins) if tuple(tokens[: len(begins)]) == begins else 0
    last = len(tokens) - (len(ends) if tuple(tokens[len(tokens) - len(ends) :]) == ends else 0)
    blank = asked_position(model, tokens) if model.fills_blanks else None
    free = tuple(p for p in range(first, last) if p != blank)
    text = prompt if isinstance(prompt, str) else None
    if chat.is_chat(prompt):
        text = chat.rendered(model, prompt)  # type: ignore[arg-type]
        roles = roles or chat.roles(model, prompt, tokens)  # type: ignore[arg-type]
    elif any(roles):
        text = text_of_prompt(model, tokens)
    free = tuple(p for p in free if not roles or roles[p] != "template")
    spans = () if text is None else tuple(token_spans(model, text, tokens))
    return Written(names, free, text if len(spans) == len(tokens) else None, spans, tuple(roles), blank)


def written_source(model: Model) -> Written:
    """The source of an encoder-decoder as it was written.

    Raises:
        InputError: it reads no text, or has no source yet.
    """
    source = model.source
    if source is None or source.ids is None:
        heard = (
            "\nOf a sound, attention --cross tells which stretches are read, and patch --site enc.resid_pre which "
            "of them carry the difference to another sound."
        )
        raise InputError(
            f"{model.name} has no source of text, whose words could be taken away.{'' if source is None else heard}"
        )
    tokens = source.ids
    tokenizer: Any = model.tokenizer
    # A word that the tokenizer does not know is a word of the text, although its token counts as a special one.
    special = set() if tokenizer is None else {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}
    free = tuple(p for p, token in enumerate(tokens) if token not in special)
    names = tuple(token.label for token in source.tokens)
    if source.text is None or tokenizer is None or not tokenizer.is_fast:
        return Written(names, free, None)
    encoded = tokenizer(source.text, return_offsets_mapping=True)
    spans = tuple(tuple(span) for span in encoded["offset_mapping"])
    return Written(names, free, source.text if len(spans) == len(tokens) else None, spans)


def units_of(read: Written, by: str | Sequence[_Span] = "word") -> Units:
    """The units of a prompt, in its order.

    Args:
        read: the prompt, as it was written.
        by: "token"; "word" (letters and digits that no space parts; in a script without spaces, a token); "sentence";
            "line"; "turn" (of a chat: what one message says); or spans of characters, `[(4, 11), (15, 21)]`.

    Raises:
        InputError: another word; a span outside the text, empty, or overlapping another; a prompt whose characters
            cannot be told; turns of what is no chat; or nothing that is a unit.
    """
    if isinstance(by, str) and by not in get_args(_By):
        raise InputError(f"Expected units by {', '.join(get_args(_By))} or spans of characters, found {by!r}.")
    text, spans, roles = read.text, read.spans, read.roles
    if text is None:
        if by != "token":
            raise InputError(
                "Where the words of a prompt stand is known only of text, with a fast tokenizer: take --by token."
            )
        return _checked([Unit(read.names[p], (p,), None, None) for p in read.free], "token")
    if not isinstance(by, str):
        return _of_spans(read, text, by)
    if by == "turn" and not any(roles):
        raise InputError(
            "Turns are those of a chat: give messages (--chat, --messages), or take --by sentence."
            if not roles
            else "The chat template changes the words of these messages, so turns cannot be told: take --by sentence."
        )
    if by in ("sentence", "line"):
        cut = partial(_begins_between, _sentences(text) if by == "sentence" else _lines(text))
    else:
        cut = {"turn": _never, "token": _between_tokens, "word": _between_words}[by]

    def together(p: int, q: int) -> bool:
        same = not roles or roles[p] == roles[q]
        near = q == p + 1 or (q == p + 2 and p + 1 == read.blank)  # a sentence goes on around its blank
        return near and same and not cut(text, spans[p], spans[q])

    return _checked([_unit(read, text, group) for group in _groups(read.free, together)], by)


def _checked(units: list[Unit], by: str, notes: tuple[str, ...] = ()) -> Units:
    if not units:
        raise InputError("The prompt has nothing that can be taken away: expected at least one token of its own.")
    return Units(tuple(units), by, notes)


def _groups(positions: Sequence[int], together: Callable[[int, int], bool]) -> list[tuple[int, ...]]:
    """Positions in groups of neighbours that belong together."""
    groups: list[list[int]] = []
    for p in positions:
        if groups and together(groups[-1][-1], p):
            groups[-1].append(p)
        else:
            groups.append([p])
    return [tuple(group) for group in groups]


def _unit(read: Written, text: str, positions: tuple[int, ...]) -> Unit:
    spans, roles = read.spans, {read.roles[p] for p in positions if read.roles}
    start, end = spans[positions[0]][0], spans[positions[-1]][1]
    inner = text[start:end]
    start, end = start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())
    if start >= end:  # spaces and line ends are all there is
        start, end = spans[positions[0]][0], spans[positions[-1]][1]
    return Unit(text[start:end], positions, start, end, roles.pop() if len(roles) == 1 else None)


# Where a unit ends: between two neighbouring tokens


def _never(text: str, before: _Span, after: _Span) -> bool:
    return False


def _between_tokens(text: str, before: _Span, after: _Span) -> bool:
    return before[1] <= after[0] and before != after  # bytes of one character stay together


def _between_words(text: str, before: _Span, after: _Span) -> bool:
    held, tail = text[before[0] : before[1]], text[after[0] :]
    if not _between_tokens(text, before, after):
        return False
    if held and not held.strip(" "):
        return tail[:1].isspace()  # a space of its own goes with the word after it
    if before[1] != after[0] or held[-1:].isspace() or tail[:1].isspace():
        return True
    a, b, beyond = text[before[1] - 1], tail[0], tail[1:2]
    if unicodedata.category(b).startswith("M") or _one_sign(a, b):  # a mark belongs to the letter before it
        return False
    joined = joins_words(a) and joins_words(b)
    # don't, 3.5: signs that stand between two letters, or between two digits
    opens = (b in "'’" and joins_words(a) and joins_words(beyond)) or (b in ".," and a.isdigit() and beyond.isdigit())
    c = text[before[1] - 2 : before[1] - 1]
    closes = (a in "'’" and joins_words(c) and joins_words(b)) or (a in ".," and c.isdigit() and b.isdigit())
    return not (joined or opens or closes)


def _one_sign(a: str, b: str) -> bool:
    """Whether two characters are drawn as one: joined signs, tones of skin, the two letters of a flag."""
    flag = all("\U0001f1e6" <= c <= "\U0001f1ff" for c in (a, b))
    return flag or "\u200d" in (a, b) or "\U0001f3fb" <= b <= "\U0001f3ff"


_LINE_END = re.compile(r"[\n\r\v\f\x85\u2028\u2029]\s*")
_CLOSERS = "'\"”’»)]」』）】"
_CLOSED = f"[{re.escape(_CLOSERS)}]*"
_SENTENCE_END = re.compile(
    rf"(?P<signs>(?<![.!?…؟۔])[.!?…؟۔]+{_CLOSED}(?=\s|$)|[。！？।॥]+{_CLOSED})\s*|{_LINE_END.pattern}"
)
_ABBREVIATION = re.compile(
    r"(mrs?|ms|mx|dr|prof|st|mt|sr|jr|gen|col|capt|lt|sgt|rev|hon|gov|vs|fig|e\.g|i\.e|cf|approx|mme|mlle|bzw|z\.b)",
    re.IGNORECASE,
)
_BEFORE_A_NUMBER = re.compile(
    r"(nos?|pp?|vol|ch|sec|eq|art|nr|ca|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)", re.IGNORECASE
)
_WITHIN = re.compile(r"etc|inc|ltd|co|corp|([^\W\d]\.)+[^\W\d]", re.IGNORECASE)
"""What may end a sentence, or stand within one: `etc.`, `p.m.`."""
_WORD_END = re.compile(r"[^\s([{\"'“‘]*$")


def _goes_on(text: str, end: re.Match[str]) -> bool:
    """Whether a sentence goes on after what may end one: `Mr.`, `e.g.`, initials (`J. R.`), the number of a list; and
    where a small letter follows, after an ellipsis and after what is quoted (`"Why?" she asked.`)."""
    signs, after = end["signs"], text[end.end() : end.end() + 1]
    if signs is None or _LINE_END.search(end[0]):
        return False
    if after.islower() and (signs[-1] in _CLOSERS or signs.startswith(("..", "…"))):
        return True
    if signs != ".":
        return False
    found = _WORD_END.search(text, max(0, end.start() - 12), end.start())
    word = "" if found is None else found[0]
    initials = word != "" and all(len(part) == 1 and part.isupper() for part in word.split("."))
    numbers = word.isdigit() and _begins_line(text, end.start() - len(word))
    return (
        initials
        or numbers
        or _ABBREVIATION.fullmatch(word) is not None
        or (after.isdigit() and _BEFORE_A_NUMBER.fullmatch(word) is not None)
        or (after.islower() and _WITHIN.fullmatch(word) is not None)
    )


def _begins_line(text: str, place: int) -> bool:
    return text[:place].rstrip(" \t")[-1:] in ("", "\n")


def _lines(text: str) -> list[int]:
    """Where each line begins, but the first."""
    return [end.end() for end in _LINE_END.finditer(text)]


def _sentences(text: str) -> list[int]:
    """Where each sentence begins, but the first."""
    return [end.end() for end in _SENTENCE_END.finditer(text) if not _goes_on(text, end)]


def _begins_between(begins: list[int], text: str, before: _Span, after: _Span) -> bool:
    """Whether something begins between the first characters of two tokens that are no spaces."""
    first, second = (_first_sign(text, span) for span in (before, after))
    return bisect_right(begins, first) < bisect_right(begins, second)


def _first_sign(text: str, span: _Span) -> int:
    held = text[span[0] : span[1]]
    return span[0] + len(held) - len(held.lstrip()) if held.strip() else span[0]


# Spans


def _of_spans(read: Written, text: str, asked: Sequence[_Span]) -> Units:
    """The units of some spans of characters, each widened to whole tokens."""
    spans, free = read.spans, read.free
    counted = " Characters are counted in the chat as its template writes it." if any(read.roles) else ""
    units, notes, taken = [], [], set()
    for start, end in _numbers(asked):
        if not 0 <= start < end <= len(text):
            said = f"The span {start}-{end} is empty or outside the text of {len(text)} characters."
            raise InputError(said + counted)
        held = tuple(p for p in free if spans[p][0] < end and spans[p][1] > start)
        if not held:
            raise InputError(f"The span {start}-{end} holds {text[start:end]!r}, of which nothing can go.{counted}")
        if taken & set(held):
            raise InputError(f"The span {start}-{end} shares a token with the one before it: give spans apart.")
        taken |= set(held)
        unit = _unit(read, text, held)
        inner = text[start:end].strip()
        if inner not in unit.text:  # a part of it frames the words
            notes.append(f"Of the span {start}-{end} ({inner!r}) only {unit.text!r} can go.")
        elif inner and unit.text != inner:
            notes.append(f"The span {start}-{end} ({inner!r}) is widened to whole tokens: {unit.text!r}.")
        units.append(unit)
    return _checked(units, "spans", tuple(notes))


def _numbers(asked: Sequence[_Span]) -> list[_Span]:
    """The spans in order, as whole numbers."""
    try:
        found = sorted((operator.index(start), operator.index(end)) for start, end in asked)
    except (TypeError, ValueError):
        found = []
    if not found:
        raise InputError(f"Expected spans of characters such as [(4, 11), (15, 21)], found {asked!r:.80}.")
    return found
