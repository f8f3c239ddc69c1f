"""Clozes of encoder-decoders: a text with a blank as the source, and what the decoder is asked with.

| model | the blank | the decoder's prompt |
|---|---|---|
| T5 | a sentinel, `<extra_id_0>` | the same sentinel: what follows it is what fills the blank |
| BART, mBART | the tokenizer's mask token, `<mask>` | the text before the blank, which the decoder writes out again |

A masked language model is asked at its blank itself (blanks.py).
"""

import re
from typing import Any

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.prompts import tokenize
from unembed.models.read_source import with_source

_SENTINEL = re.compile(r"<extra_id_\d+>")


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
    known = (found[0] for found in _SENTINEL.finditer(text) if _one_token(model, found[0]) is not None)
    sentinel, mask = next(known, None), _mask(model)
    if sentinel is not None:
        return sentinel
    if mask is not None and mask in text:
        return text[: text.index(mask)].rstrip(" ")
    raise InputError(
        f"The source has no blank that {model.name} fills: write <extra_id_0> (T5) or the mask token of its tokenizer "
        f"where a word is missing, as in: The capital of France is {mask or '<extra_id_0>'}.\n"
        "A prediction that is no cloze is asked with what the decoder has emitted so far (--decoder-prompt)."
    )


def blank_in_source(model: Model, prompt: str | tuple[int, ...]) -> tuple[int, ...]:
    """The positions of the source that hold the blank which a prompt of the decoder asks about; all, where there is
    none.

    Raises:
        InputError: the model has no source yet, or a bad prompt.
    """
    if model.source is None:
        raise InputError(f"{model.name} has no source yet: give one (with_source).")
    ids = model.source.inputs.get("input_ids")
    source = [] if ids is None else ids[0].tolist()
    last = tokenize(model, prompt)[-1]
    tokenizer: Any = model.tokenizer
    asked = tokenizer is not None and _SENTINEL.fullmatch(str(tokenizer.convert_ids_to_tokens(last)))
    blank = last if asked else getattr(tokenizer, "mask_token_id", None)
    found = tuple(position for position, token in enumerate(source) if token == blank)
    return found or tuple(range(len(model.source)))


def _one_token(model: Model, text: str) -> int | None:
    """The id of a text that the tokenizer knows as one token."""
    tokenizer: Any = model.tokenizer
    return None if tokenizer is None else tokenizer.get_vocab().get(text)


def _mask(model: Model) -> str | None:
    found = getattr(model.tokenizer, "mask_token", None)
    return None if found is None else str(found)
