"""Words: where a word or subject stands in a text, and which tokens hold it.

Two letters of a cased script (Latin, Greek, Cyrillic) stand in one word: `US` is not in `August`, however it is cut
into tokens. Scripts that write no spaces between words (Chinese, Japanese, Thai) have a word wherever it stands.
Between other neighbours (Arabic or Korean letters, a letter and a digit) a word ends where the tokenizer ends a token.
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, TypeVar

from unembed.errors import InputError
from unembed.models.blanks import typed_place
from unembed.models.labels import unescaped
from unembed.models.model import Model
from unembed.models.prompts import encoding, tokenize, well_formed
from unembed.models.targets import target_tokens

_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "IDEOGRAPHIC")
_JOINS = "\u200d"
"""Makes one sign of two: a family of its members."""
_Span = tuple[int, int]


def mentions(model: Model, text: str, subject: str) -> list[tuple[int, ...]]:
    """Where a subject stands in a text, whatever the case of its letters: of each mention, the positions of the tokens
    that hold a part of it.

    Raises:
        InputError: the model has no tokenizer that tells where tokens are.
    """
    if model.tokenizer is None or not model.tokenizer.is_fast:
        raise InputError(
            f"{model.name} has no fast tokenizer, so the subject cannot be found among the tokens: give positions."
        )
    word = well_formed(subject).strip()
    spans = token_spans(model, text) if word else []
    found = _occurrences(text, word, spans, flags=re.IGNORECASE) if word else []
    return [tuple(i for i, (a, b) in enumerate(spans) if a < end and b > start) for start, end in found]


def _occurrences(text: str, word: str, spans: Sequence[_Span], *, flags: int = 0) -> list[_Span]:
    """Where a text holds a word as a word of its own; `spans` are those of the tokens."""
    ends = {place for span in spans for place in span}
    found = [match.span() for match in re.finditer(re.escape(word), text, flags)]
    return [(a, b) for a, b in found if all(_parts(text, place, place in ends) for place in (a, b))]


def token_spans(model: Model, text: str, tokens: Sequence[int] | None = None) -> list[_Span]:
    """Which characters each token of a text holds; none where the tokenizer does not tell.

    Args:
        model: whose tokenizer it is.
        text: as it was written, or as the template of a chat wrote it.
        tokens: what was read of it; None is what `tokenize` makes of it, with the tokens that begin a text.
    """
    fast = model.tokenizer is not None and model.tokenizer.is_fast
    return _spans(model, text, tokenize(model, text) if tokens is None else tuple(tokens)) if fast else []


def _parts(text: str, place: int, at_token: bool) -> bool:
    """Whether a word may begin or end between two characters of a text."""
    if place in (0, len(text)):
        return True
    before, after = text[place - 1], text[place]
    if unicodedata.category(after).startswith("M") or _JOINS in (before, after):  # it belongs to what is before it
        return False
    if not joins_words(before) or not joins_words(after):
        return True
    same = before.isalpha() == after.isalpha()
    cased = all(c.lower() != c.upper() or not c.isalpha() for c in (before, after))
    return at_token and not (same and cased) and "_" not in (before, after)


def joins_words(c: str) -> bool:
    """Whether a character can stand within a word: a letter, mark or digit of a script with spaces."""
    of_word = c != "" and (unicodedata.category(c)[0] in "LMN" or c == "_")
    return of_word and not unicodedata.name(c, "").startswith(_UNSPACED)


def _spans(model: Model, text: str, whole: tuple[int, ...]) -> list[_Span]:
    """Which characters each token holds; none for those that begin or end a text."""
    encoded: Any = encoding(model, text, return_offsets_mapping=True)
    inner = tuple(encoded["input_ids"])
    before = next(i for i in range(len(whole) + 1) if whole[i : i + len(inner)] == inner)
    pieces = model.tokenizer.convert_ids_to_tokens(list(inner))  # type: ignore[union-attr]  # told spans
    places = encoded["offset_mapping"]
    spans = _by_byte(text, pieces, [(typed_place(model, text, a), typed_place(model, text, b)) for a, b in places])
    return [(0, 0)] * before + spans + [(len(text), len(text))] * (len(whole) - before - len(spans))


_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


def _by_byte(text: str, pieces: Sequence[str], spans: list[_Span]) -> list[_Span]:
    """The spans with neighbouring byte tokens each at its own character: tokenizers give all of them the same span."""
    found: list[_Span] = []
    for span, group in itertools.groupby(zip(pieces, spans, strict=True), key=lambda pair: pair[1]):
        held, start = [_BYTE.fullmatch(piece) for piece, _ in group], span[0]
        written = bytes(int(byte[1], 16) for byte in held if byte)
        if len(written) < len(held) or written != text[start : span[1]].encode(errors="replace"):
            found += [span] * len(held)
            continue
        for n, c in enumerate(text[start : span[1]]):
            found += [(start + n, start + n + 1)] * len(c.encode())
    return found


# One word in the place of another

Which = int | str | None
"""Which of several: "all", or a number from 1; None where there must be one."""


def replaced(model: Model, prompt: str | Sequence[int], old: str, new: str, which: Which = None) -> str:
    """`prompt` with the word `old` replaced by `new`: its one occurrence, all, or the n-th.

    Raises:
        InputError: the word does not occur, or several times and nobody said which; it is no other word; or the prompt
            is no text.
    """
    if not isinstance(prompt, str):
        raise InputError("A swap replaces a word: give the prompt as text (or the source, of an encoder-decoder).")
    if not old or not new or old == new:
        raise InputError(f"A swap needs two different words (France=Germany), found {old!r} and {new!r}.")
    if old not in prompt and unescaped(old) in prompt:  # a label, as the strip shows it
        old, new = unescaped(old), unescaped(new)
    found = _chosen(_occurrences(prompt, old, token_spans(model, prompt)), which, f"the word {old!r}", repr(prompt))
    for start, end in reversed(found):
        prompt = prompt[:start] + new + prompt[end:]
    return prompt


def replaced_tokens(model: Model, tokens: tuple[int, ...], old: str, new: str, which: Which = None) -> tuple[int, ...]:
    """The tokens of a prompt with the token (or tokens) that `old` names replaced by those of `new`.

    Raises:
        InputError: as `replaced`.
    """
    sought = target_tokens(model, old)
    if sought == target_tokens(model, new):
        raise InputError(f"A swap needs two different tokens, found {old!r} twice.")
    places = [i for i in range(len(tokens)) if tokens[i : i + len(sought)] == sought]
    for place in reversed(_chosen(places, which, f"the token {old!r}", "the prompt")):
        before, after = tokens[:place], tokens[place + len(sought) :]
        tokens = (*before, *target_tokens(model, new, before or None), *after)
    return tokens


_Place = TypeVar("_Place")


def _chosen(found: list[_Place], which: Which, what: str, where: str) -> list[_Place]:
    if which not in (None, "all") and (not isinstance(which, int) or isinstance(which, bool) or which < 1):
        raise InputError(f"Expected which of several to be 'all' or a number from 1, found {which!r}.")
    if which == "all" and found:
        return found
    if isinstance(which, int) and 1 <= which <= len(found):
        return [found[which - 1]]
    if which is None and len(found) == 1:
        return found
    expected = "exactly once" if which is None else "at least once" if which == "all" else f"{which} times or more"
    more = "\nReplace all (--swap-all), or say which (--swap-nth 2)." if which is None and len(found) > 1 else ""
    raise InputError(f"Expected {what} {expected} in {where}, found it {len(found)} times.{more}")
