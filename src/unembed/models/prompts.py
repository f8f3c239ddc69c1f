"""Prompts: text or token ids in, checked token ids out."""

from collections.abc import Sequence
from typing import Any

from unembed.errors import InputError
from unembed.models.model import Model


def absolute_position(position: int, length: int) -> int:
    """`position` counted from the start.

    Raises:
        InputError: out of range.
    """
    if not -length <= position < length:
        raise InputError(f"Position {position} is outside the prompt: expected {-length} to {length - 1}.")
    return position % length


def tokenize(model: Model, prompt: str | Sequence[int]) -> tuple[int, ...]:
    """Token ids of a prompt, checked against the model's limits.

    Raises:
        InputError: empty, longer than the context, ids outside the vocabulary, or text without a tokenizer.
    """
    if isinstance(prompt, str):
        if model.tokenizer is None:
            raise InputError(f"{model.name} has no tokenizer: give token ids instead of text.")
        tokens = _encoded(model, well_formed(prompt))
    else:
        tokens = tuple(int(token) for token in prompt)
    if not tokens:
        raise InputError("The prompt is empty: expected at least one token.")
    if model.context is not None and len(tokens) > model.context:
        raise InputError(f"The prompt has {len(tokens)} tokens, but {model.name} reads at most {model.context}.")
    outside = [token for token in tokens if not 0 <= token < model.vocab]
    if outside:
        raise InputError(f"Token ids {outside[:5]} are outside the vocabulary of {model.vocab} tokens.")
    return tokens


def tokenize_start(model: Model, text: str) -> tuple[int, ...]:
    """Token ids of a text, cut where the model reads no more.

    Raises:
        InputError: as `tokenize`.
    """
    if model.tokenizer is None:
        return tokenize(model, text)
    return tokenize(model, _encoded(model, well_formed(text))[: model.context])


def text_of_prompt(model: Model, tokens: Sequence[int]) -> str | None:
    """The text that `tokenize` makes these tokens of; None where there is none, as without a tokenizer."""
    if model.tokenizer is None:
        return None
    tokenizer: Any = model.tokenizer
    decoded = (str(tokenizer.decode(list(tokens), skip_special_tokens=skip)) for skip in (True, False))
    texts = (text for text in decoded if text or model.encoder is not None)
    return next((text for text in texts if _encoded(model, text) == tuple(tokens)), None)


def _encoded(model: Model, text: str) -> tuple[int, ...]:
    """The ids of a text; of the decoder of an encoder-decoder, after its start token."""
    tokenizer: Any = model.tokenizer
    if model.encoder is None:
        return tuple(tokenizer(text)["input_ids"])
    target = tokenizer(text_target=text, add_special_tokens=False)["input_ids"] if text else []
    return (*start_tokens(model), *target)


def start_tokens(model: Model) -> tuple[int, ...]:
    """What the decoder of an encoder-decoder starts from.

    Raises:
        InputError: its configuration does not say.
    """
    settings = (getattr(model.module, "generation_config", None), model.config)
    found = [getattr(x, name, None) for name in ("decoder_start_token_id", "bos_token_id") for x in settings]
    start = next((token for token in found if token is not None), None)
    if start is None:
        raise InputError(
            f"{model.name} does not say which token its decoder starts with: give the decoder's token ids."
        )
    return (int(start),)


def well_formed(text: str) -> str:
    """`text`, if it can be written in UTF-8.

    Raises:
        InputError: it cannot; the bytes it was read from were none.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"Expected text in UTF-8, found {text[error.start]!r} at character {error.start}.") from error
    return text
