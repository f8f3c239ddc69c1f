"""Clozes of encoder-decoders: a text with a blank as the source, and what the decoder is asked with.

| model | the blank | the decoder's prompt |
|---|---|---|
| T5 | a sentinel, `<extra_id_0>` | the same sentinel: what follows it is what fills the blank |
| BART, mBART | the tokenizer's mask token, `<mask>` | the text before the blank, which the decoder writes out again |

Of several blanks one is asked for: of sentinels the last that the decoder was given, of masks the one before which its
text ends.

A masked language model is asked at its blank itself (blanks.py).
"""

import itertools
from collections.abc import Sequence
from typing import Any

from unembed.errors import InputError
from unembed.models.blanks import SENTINEL
from unembed.models.model import Model
from unembed.models.prompts import tokenize
from unembed.models.read_source import with_source

_FIRST = "<extra_id_0>"


def cloze(model: Model, text: str) -> tuple[Model, str]:
    """The model with a text as its source, and the text of the decoder's prompt that asks for the (first) blank.

    Raises:
        InputError: the model has no encoder that reads text, or the text has no blank.
    """
    return with_source(model, text), cloze_prompt(model, text)


def cloze_prompt(model: Model, text: str) -> str:
    """The text of the decoder's prompt that asks for the (first) blank of a source.

    Raises:
        InputError: the text has no blank that the model fills.
    """
    known = (found[0] for found in SENTINEL.finditer(text) if _one_token(model, found[0]) is not None)
    sentinel, mask = next(known, None), _mask(model)
    if sentinel is not None:
        return sentinel
    if mask is not None and mask in text:
        return text[: text.index(mask)].rstrip(" ")
    blank = mask or (None if _one_token(model, _FIRST) is None else _FIRST)
    how = (
        "its tokenizer has no token for one, no sentinel and no mask."
        if blank is None
        else f"write {blank} where a word is missing, as in: The capital of France is {blank}."
    )
    raise InputError(
        f"The source has no blank that {model.name} fills: {how}\n"
        "A prediction that is no cloze is asked with what the decoder has emitted so far (--decoder-prompt)."
    )


def blank_in_source(model: Model, prompt: str | tuple[int, ...]) -> tuple[int, ...]:
    """The position of the source that holds the blank which a prompt of the decoder asks about; all positions, where it
    asks about none.

    Raises:
        InputError: the model has no source yet, or a bad prompt.
    """
    if model.source is None:
        raise InputError(f"{model.name} has no source yet: give one (with_source).")
    source = model.source.ids or ()
    asked, tokenizer = tokenize(model, prompt), model.tokenizer
    found = None if tokenizer is None else _of_sentinels(tokenizer, source, asked)
    if found is None and tokenizer is not None:
        found = _of_masks(tokenizer, source, asked)
    return tuple(range(len(model.source))) if found is None else (found,)


def _of_sentinels(tokenizer: Any, source: Sequence[int], asked: Sequence[int]) -> int | None:
    """Where the last sentinel of the decoder's prompt stands in the source."""
    given = [token for token in asked if SENTINEL.fullmatch(str(tokenizer.convert_ids_to_tokens(token)))]
    return source.index(given[-1]) if given and given[-1] in source else None


def _of_masks(tokenizer: Any, source: Sequence[int], asked: Sequence[int]) -> int | None:
    """Where the mask stands that comes next in the text which the decoder has written out again.

    Of several, the last one before which the source says what the decoder's prompt ends with; else the first.
    """
    special = set(tokenizer.all_special_ids)
    masks = [p for p, token in enumerate(source) if token == tokenizer.mask_token_id]
    said = [token for token in asked if token not in special]
    for before, mask in reversed(list(itertools.pairwise(masks))):
        between = [token for token in source[before + 1 : mask] if token not in special]
        if between and said[-len(between) :] == between:
            return mask
    return masks[0] if masks else None


def _one_token(model: Model, text: str) -> int | None:
    """The id of a text that the tokenizer knows as one token."""
    tokenizer: Any = model.tokenizer
    return None if tokenizer is None else tokenizer.get_vocab().get(text)


def _mask(model: Model) -> str | None:
    found = getattr(model.tokenizer, "mask_token", None)
    return None if found is None else str(found)
