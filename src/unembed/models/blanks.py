"""Blanks: where a masked language model is asked, and how its blank is written.

A masked model (BERT) predicts what stands at a blank of its text, from what is before *and* after it. Each tokenizer
has a token of its own for it: `[MASK]`, `<mask>`. Both are read as this model's blank, whatever the tokenizer calls it,
and so is what `with_mask` says (`--mask ___`), unless special tokens are read as plain text (`--special none`). Where a
tokenizer does not say which token is its blank, `with_mask` names it.

So a question has a place: in a decoder the last position, since nothing comes after it; here the blank. Of several
blanks the first is asked, unless a position says another; what fills the others stays open.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from unembed.errors import InputError
from unembed.models.model import Model

BLANKS = ("[MASK]", "<mask>")
"""How blanks are written in the tokenizers of the field."""
SENTINEL = re.compile(r"<extra_id_\d+>")
"""How T5 writes them, each of a text by a token of its own."""


@dataclass(frozen=True)
class Blank:
    """A place of a prompt that something is to fill."""

    text: str | None
    """The prompt as it was written; None where it was given as token ids."""
    tokens: tuple[int, ...]
    position: int


def with_mask(model: Model, mask: str | None) -> Model:
    """The model with another way to write the blank of a prompt.

    Args:
        model: a masked language model, from `load` or `wrap`.
        mask: what stands for a blank, besides `[MASK]` and `<mask>`. Where the tokenizer names no token for blanks, it
            must be a token of its vocabulary, which is the blank then. None changes nothing.

    Raises:
        InputError: a model that fills no blanks, an empty text, or one that is no token where it has to be.
    """
    if mask is None:
        return model
    if not model.fills_blanks:
        raise InputError(
            f"A blank is of masked language models, and {model.name} predicts what comes next: leave --mask out."
        )
    if not mask.strip():
        raise InputError("Expected the text that stands for a blank (--mask), found an empty one.")
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        raise InputError(f"{model.name} has no tokenizer, so its prompts are token ids and hold no text {mask!r}.")
    if tokenizer.mask_token is None and tokenizer(mask, add_special_tokens=False)["input_ids"] != [
        tokenizer.get_vocab().get(mask)
    ]:
        raise InputError(
            f"The tokenizer of {model.name} names no token for blanks, so --mask must be the one it was trained with, "
            f"and {mask!r} is no token that it reads as one."
        )
    return replace(model, mask=mask)


def blank_text(model: Model) -> str | None:
    """How this model's tokenizer writes a blank; None where it fills none, has no tokenizer, or does not say."""
    tokenizer: Any = model.tokenizer
    if not model.fills_blanks or tokenizer is None:
        return None
    return model.mask if tokenizer.mask_token is None else str(tokenizer.mask_token)


def blank_token(model: Model) -> int | None:
    """The id of a blank; None as in `blank_text`."""
    tokenizer: Any = model.tokenizer
    text = blank_text(model)
    return None if text is None else tokenizer.convert_tokens_to_ids(text)


def blanks(model: Model, tokens: Sequence[int]) -> tuple[int, ...]:
    """The positions of the blanks among some tokens."""
    blank = blank_token(model)
    return tuple(i for i, token in enumerate(tokens) if token == blank)


def asked_position(model: Model, tokens: Sequence[int]) -> int:
    """Where a prompt asks: its first blank, in a masked language model; else its last position.

    Raises:
        InputError: a masked model's prompt without a blank.
    """
    if not model.fills_blanks:
        return len(tokens) - 1
    found = blanks(model, tokens)
    if not found:
        raise InputError(
            f"The prompt has no blank, and {model.name} is a masked language model: it predicts what stands at a "
            f"blank, not what comes next.\n{_how_to_blank(model)}"
        )
    return found[0]


def _how_to_blank(model: Model) -> str:
    text = blank_text(model)
    if text is None and model.tokenizer is not None:
        return "Its tokenizer does not say which token is its blank: name it (--mask TEXT), or say at which position."
    if text is None:
        return "It has no tokenizer that names its blank: say at which position of the token ids to ask (position)."
    if model.special == "none":
        return f"Special tokens are read as plain text (--special none), also {text}: leave that out."
    return f"Write {text} where a word is missing: The capital of France is {text}."


def blanked(model: Model, tokens: Sequence[int], position: int) -> tuple[int, ...]:
    """The tokens with a blank at a position.

    Raises:
        InputError: the model's tokenizer, if it has one, names no blank.
    """
    tokenizer: Any = model.tokenizer
    blank = None if tokenizer is None else tokenizer.mask_token_id
    if blank is None:
        raise InputError(f"{model.name} has no tokenizer that names its blank: no token can be hidden from it.")
    return (*tokens[:position], blank, *tokens[position + 1 :])


def with_blank(model: Model, prompt: str, target: str = " ") -> str:
    """A prompt that ends where its answer begins as a sentence with a blank there; itself if it has one.

    Args:
        model: whose blank it gets; where it has none, the prompt stays.
        prompt: text.
        target: the answer as it follows the prompt; the blank stands after a space where the answer does.
    """
    own = blank_text(model)
    if own is None or own in respelled(model, prompt):
        return prompt
    return f"{prompt}{' ' if target[:1].isspace() else ''}{own}."


def respelled(model: Model, text: str) -> str:
    """A text with its blanks written as this model's tokenizer writes them."""
    own = blank_text(model)
    return text if own is None or model.special == "none" else _written(model).sub(lambda _: own, text)


def typed_place(model: Model, text: str, place: int) -> int:
    """Where a character of the respelled text stands in the text as it was typed."""
    own = blank_text(model)
    if own is None or model.special == "none":
        return place
    shift = 0
    for found in _written(model).finditer(text):
        start = found.start() + shift  # of this blank in the respelled text
        if place <= start:
            break
        if place < start + len(own):
            return found.start()
        shift += len(own) - len(found[0])
    return place - shift


def _written(model: Model) -> re.Pattern[str]:
    """How a blank may be written; of two spellings of which one is in the other, the longer is read."""
    spellings = {*BLANKS, model.mask} if model.mask else {*BLANKS}
    return re.compile("|".join(map(re.escape, sorted(spellings, key=len, reverse=True))))


def unread_blank_notes(model: Model, source: str) -> tuple[str, ...]:
    """Say which blanks of the source of an encoder-decoder are none to its tokenizer, so that they are plain text."""
    tokenizer: Any = model.tokenizer
    written = dict.fromkeys([blank for blank in BLANKS if blank in source] + SENTINEL.findall(source))
    known = tokenizer.get_vocab() if written else {}
    own = next((blank for blank in (*BLANKS, "<extra_id_0>") if blank in known), None)
    instead = "which has no token for one" if own is None else f"which writes {own}"
    return tuple(
        f"{blank} is no blank to the tokenizer of {model.name}, {instead}: it is read as plain text."
        for blank in written
        if blank not in known
    )


def blank_notes(model: Model, text: str, tokens: Sequence[int], position: int | None = None) -> tuple[str, ...]:
    """What a reader should know of the blanks of a prompt.

    Args:
        model: that reads it.
        text: as it was typed.
        tokens: that the model reads.
        position: where it is asked; None is at its first blank.
    """
    own, written = blank_text(model), sorted(set(_written(model).findall(text)))
    if own is None:
        return tuple(
            f"{word} is no blank to {model.name}, which predicts what comes after a prompt: it is read as plain text. "
            "End the prompt where the answer should come, or load a masked language model (BERT)."
            for word in written
            if not model.fills_blanks and model.encoder is None
        )
    if model.special == "none":
        return ()
    notes = [f"{word} is read as this model's blank, {own}." for word in written if word != own]
    found = blanks(model, tokens)
    asked = found[0] if found and position is None else position
    if len(found) > 1 and asked in found:
        others = " or ".join(str(place) for place in found if place != asked)
        notes.append(
            f"The prompt has {len(found)} blanks, and one is explained at a time, with the others open: here that at "
            f"position {asked}. explain, attention and paths take another by --position {others}."
        )
    return tuple(notes)
