"""Targets: which tokens follow a prompt, of a text, a label or ids. One rule for every method, measure and edit.

1. A name of a token is that token (tokens.py): `id:29871`, `<0xF0>`, and every label that is printed.
2. Any other text is the continuation of the prompt: the tokens of prompt and text together without those of the prompt.
   On SentencePiece vocabularies a text alone begins with a space of its own, so that `2` after `1+1=` would be `▁`.
   In a masked language model it is what stands at the blank once the text is written there: `Paris` is the word, and
   the token that joins what stands before it has a name with a mark, `##Paris`.
3. Where the text would change the prompt's own last token (`play` + `ing` is `playing`), it is read as it stands after
   a token that it does not join, and a note says so. So it is where the prompt is no text, or is not known.
"""

import operator
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal, SupportsIndex

from unembed.errors import InputError
from unembed.models.blanks import Blank, blank_text, blanks, respelled
from unembed.models.labels import unescaped
from unembed.models.lengths import check_answer
from unembed.models.model import Model
from unembed.models.prompts import decoded, inner_tokens, well_formed, why_no_longer
from unembed.models.special import start_tokens
from unembed.models.tokens import EXPLICIT, JOINED, label_of, name_of, read_token

Target = str | SupportsIndex | Sequence[int]
"""What should follow a prompt: text (with its leading space, where there is one), a label, a token id, or ids."""
Before = str | Sequence[int] | Blank | None
"""The prompt that a target follows, as text or tokens, or the blank that it fills; None where it is not known."""
_NEUTRAL = ("\n", ".", "=", "1", "a", "")
"""Texts to which a target is put where the prompt cannot serve: what begins a line, then what seldom joins a word."""


def target_tokens(model: Model, target: Target, after: Before = None) -> tuple[int, ...]:
    """The token ids of a target.

    Args:
        model: whose vocabulary it is.
        target: text, a label, a token id, or ids.
        after: the prompt that it follows, or the blank that it fills.

    Raises:
        InputError: it has none, or one that the vocabulary does not know.
    """
    ids = _target_ids(model, target, after)
    return tuple(_known(model, target, token) for token in ids)


def target_token(model: Model, target: Target, after: Before = None) -> int:
    """The first token of a target; what follows need not be known. The arguments are those of `target_tokens`.

    Raises:
        InputError: it has none, or the vocabulary does not know it.
    """
    return _known(model, target, _target_ids(model, target, after)[0])


def answer_tokens(model: Model, answer: Target, after: Before, length: int) -> tuple[int, ...]:
    """The token ids of a whole answer, all of which is read: in one run of the prompt and all of it but the last token.

    Args:
        model: whose vocabulary it is.
        answer: text (with its leading space, where there is one), a token id, or ids.
        after: the prompt that it follows, or the blank that it fills.
        length: of the prompt, in tokens.

    Raises:
        InputError: it is empty, is not in the vocabulary, is longer than what the model reads after the prompt, is of
            several tokens at a blank, or its length would change the prompt's own numbers.
    """
    if (isinstance(answer, str | Sequence)) and not len(answer):
        raise InputError("The answer is empty: expected at least one token.")
    found = target_tokens(model, answer, after)
    if isinstance(after, Blank):
        if len(found) > 1:
            said = " ".join(label_of(model, token) for token in found)
            raise InputError(
                f"A blank of {model.name} holds one token, but {answer!r} is {len(found)} there: {said}.\n"
                "Give an answer of one token."
            )
        return found
    if model.context is not None and length + len(found) - 1 > model.context:
        raise InputError(
            f"A prompt of {length} tokens and an answer of {len(found)} exceed the {model.context} that {model.name} "
            f"reads (the answer's last token is not read).\n{why_no_longer(model)}"
        )
    check_answer(model, length, len(found))
    return found


def answer_notes(model: Model, after: Before, answer: Target) -> tuple[str, ...]:
    """A sentence where the tokenizer would join a whole answer with the last token of this prompt."""
    if not isinstance(answer, str) or isinstance(after, Blank) or EXPLICIT.fullmatch(answer):
        return ()
    return tuple(_joined(model, answer, _target_ids(model, answer, after), after, what="answer"))


def target_notes(model: Model, after: Before, *targets: Target | None) -> tuple[str, ...]:
    """A sentence for each target of several tokens, of which only the first is read; and for each that the tokenizer
    would write otherwise after this prompt."""
    notes = []
    for target in targets:
        ids = () if target is None else _target_ids(model, target, after)
        if len(ids) > 1:
            holds = "; a blank holds one" if isinstance(after, Blank) else ""
            notes.append(
                f"{target!r} is {len(ids)} tokens{holds}; only the first, {label_of(model, ids[0])}, is explained."
            )
        if isinstance(after, Blank):
            notes += _as_filled(model, target, ids)
        elif isinstance(target, str) and not EXPLICIT.fullmatch(target):
            notes += _joined(model, target, ids, after)
    return tuple(notes)


def _as_filled(model: Model, target: Target | None, ids: tuple[int, ...]) -> list[str]:
    """That a text names another token than the one that it becomes at the blank."""
    joined = read_token(model, JOINED + target) if isinstance(target, str) else None
    if joined is None or joined == ids[:1] or name_of(model, ids[0]) == target:
        return []
    return [
        f"At the blank {target!r} is read as {label_of(model, ids[0])}; the token that joins what stands before it is "
        f"{label_of(model, joined[0])}."
    ]


def _joined(
    model: Model, target: str, ids: tuple[int, ...], after: Before, *, what: Literal["target", "answer"] = "target"
) -> list[str]:
    """What the tokenizer makes of prompt and target together, where it does not just put one after the other."""
    before = text_before(model, after)
    if before is None:
        return []
    start, whole = inner_tokens(model, before), inner_tokens(model, before + target)
    unknown = getattr(model.tokenizer, "unk_token_id", None)
    if unknown in whole or (_folded(target).strip() or target) not in _folded(decoded(model, whole)):
        return []
    said = " ".join(label_of(model, token) for token in ids)
    if whole[: len(start)] == start:
        if len(ids) != 1 or whole[len(start) :] == ids or name_of(model, ids[0]) != target:
            return []
        others = " ".join(label_of(model, token) for token in whole[len(start) :])
        return [f"After this prompt the tokenizer would write {target!r} as {others}; explained is the token {said}."]
    shared = next(
        (i for i, (a, b) in enumerate(zip(start, whole, strict=False)) if a != b), min(len(start), len(whole))
    )
    last, one = (" ".join(label_of(model, token) for token in part[shared:]) for part in (start, whole))
    return [
        f"Written with {target!r} the prompt's own last token would change: {last} and {said} would be {one}. "
        f"Explained is the {what} after the prompt as it stands."
    ]


def _folded(text: str) -> str:
    """What is left of a text by tokenizers that take away case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)) or text


def text_before(model: Model, after: Before) -> str | None:
    """A text of these tokens that the tokenizer cuts into them again; None where there is none."""
    if after is None or isinstance(after, str | Blank) or model.tokenizer is None:
        return after if isinstance(after, str) else None
    starts = [()] if model.encoder is None else [start_tokens(model)]
    tokens = tuple(after)[len(starts[0]) :] if tuple(after)[: len(starts[0])] == starts[0] else tuple(after)
    text = decoded(model, tokens)
    if inner_tokens(model, text) == tokens:
        return text
    # A token that begins a text may take the space of what follows when it is written out.
    special = next((i for i, token in enumerate(tokens) if token not in model.tokenizer.all_special_ids), len(tokens))
    text = decoded(model, tokens[special:])
    return text if text and inner_tokens(model, text) == tokens[special:] else None


def _target_ids(model: Model, target: Target, after: Before) -> tuple[int, ...]:
    if not isinstance(target, str):
        try:
            ids = (operator.index(target),)  # type: ignore[arg-type]
        except TypeError:
            ids = tuple(map(operator.index, target))  # type: ignore[arg-type]
    else:
        ids = _of_text(model, target, after)
    if not ids:
        raise InputError(f"Target {target!r} is not in the vocabulary of {model.name}.")
    return ids


def _of_text(model: Model, target: str, after: Before) -> tuple[int, ...]:
    named = read_token(model, target)
    if named is None and isinstance(after, Blank):
        # What ends a clause has no space before it in running text, although a blank has one.
        ends = all(unicodedata.category(c) in ("Po", "Pe", "Pf") for c in target)
        named = (read_token(model, JOINED + target) if ends else None) or _filling(model, well_formed(target), after)
    if named is not None or not target:
        return named or ()
    if model.tokenizer is None:
        raise InputError(f"{model.name} has no tokenizer: give the target as a token id (id:5), or ids.")
    before = text_before(model, after)
    for place in (*(() if before is None else (before,)), *_NEUTRAL):
        start, whole = inner_tokens(model, place), inner_tokens(model, place + target)
        if whole[: len(start)] == start and len(whole) > len(start):
            return whole[len(start) :]
    return ()


def _filling(model: Model, target: str, blank: Blank) -> tuple[int, ...] | None:
    """The tokens at a blank once a text is written there; None where the text names a token by its mark (`id:7`,
    `##s`), where the prompt is no text, or where its other tokens would change.
    """
    if model.tokenizer is None or EXPLICIT.fullmatch(target) or target.startswith(JOINED) or not target.strip():
        return None
    own, places = blank_text(model), blanks(model, blank.tokens)
    text = blank.text or decoded(model, blank.tokens, skip_special_tokens=False)
    parts = [] if own is None else respelled(model, text).split(own)
    if blank.position not in places or len(parts) != len(places) + 1 or own is None:
        return None
    which = places.index(blank.position)
    before, after = own.join(parts[: which + 1]), own.join(parts[which + 1 :])
    asked = inner_tokens(model, before + own + after)
    # A blank takes the space before it into itself in many vocabularies, so tokens alone do not tell of it.
    inside = set(blank.tokens[: blank.position][-1:]) - set(model.tokenizer.all_special_ids)
    if blank.text is None and inside and inner_tokens(model, f"{before} {own}{after}") == asked:
        before += " "
    # The space before a blank is written already; `·Paris`, as names are shown, brings it.
    word = unescaped(target)
    word = word.lstrip(" ") if before[-1:] in ("", " ") else word
    filled, place = inner_tokens(model, before + word + after), blanks(model, asked)[which]
    return _between(model, filled, asked[:place], asked[place + 1 :])


def _between(
    model: Model, filled: tuple[int, ...], before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[int, ...] | None:
    """What stands between some tokens; a blank parts spaces from words, which are one with a word in its place."""
    short, later = before, after
    while short and name_of(model, short[-1]) == " ":
        short = short[:-1]
    while later and name_of(model, later[0]) == " ":
        later = later[1:]
    for one, two in ((before, after), (before, later), (short, after), (short, later)):
        end = len(filled) - len(two)
        if (filled[: len(one)], filled[end:]) == (one, two) and len(one) <= end:
            return filled[len(one) : end]
    return None


def _known(model: Model, target: Target, token: int) -> int:
    tokenizer: Any = model.tokenizer
    if not 0 <= token < model.vocab:
        raise InputError(f"Target {target!r} is not in the vocabulary of {model.vocab} tokens.")
    unknown = isinstance(target, str) and tokenizer and token == tokenizer.unk_token_id
    if unknown and read_token(model, str(target)) != (token,):
        raise InputError(f"Target {target!r} is not in the vocabulary of {model.name}.")
    return token
