"""Prompts, targets and subjects: text or token ids in, checked token ids or positions out."""

import operator
import re
from collections.abc import Sequence
from typing import Any, SupportsIndex

from unembed.errors import InputError
from unembed.models.model import Model

Target = str | SupportsIndex | Sequence[int]
"""What should follow a prompt: text (with its leading space, where there is one), a token id, or ids."""


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
        raise InputError(
            f"The prompt has {len(tokens)} tokens, but {model.name} reads at most {model.context}.\n"
            f"{why_no_longer(model)}"
        )
    return in_vocabulary(model, tokens)


def why_no_longer(model: Model) -> str:
    """Why the model reads no longer prompts than it does."""
    if model.family.position_embedding is not None:
        return "Its positions are learned vectors, and there is none for a later position."
    return "Its configuration says so, and no scaling of its positions reaches further."


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
    return (*start_tokens(model), *(_inner(model, text)["input_ids"] if text else ()))


def _inner(model: Model, text: str, **more: Any) -> Any:
    """A text within what the model says: without the tokens that begin or end a text."""
    tokenizer: Any = model.tokenizer
    given = {"text" if model.encoder is None else "text_target": text}
    return tokenizer(**given, add_special_tokens=False, verbose=False, **more)


def inner_tokens(model: Model, text: str | Sequence[int]) -> tuple[int, ...]:
    """Token ids of a text of any length, without the tokens that begin or end a text.

    Raises:
        InputError: text without a tokenizer, or ids outside the vocabulary.
    """
    if isinstance(text, str):
        if model.tokenizer is None:
            raise InputError(f"{model.name} has no tokenizer: give token ids instead of text.")
        return tuple(_inner(model, well_formed(text))["input_ids"])
    return in_vocabulary(model, tuple(int(token) for token in text))


def in_vocabulary(model: Model, tokens: tuple[int, ...]) -> tuple[int, ...]:
    """The tokens themselves.

    Raises:
        InputError: one is not in the vocabulary.
    """
    outside = [token for token in tokens if not 0 <= token < model.vocab]
    if outside:
        raise InputError(f"Token ids {outside[:5]} are outside the vocabulary of {model.vocab} tokens.")
    return tokens


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


# Targets


def target_tokens(model: Model, target: Target) -> tuple[int, ...]:
    """The token ids of a target.

    Raises:
        InputError: it has none, or one that the vocabulary does not know.
    """
    ids = _target_ids(model, target)
    return tuple(_known(model, target, token) for token in ids)


def target_token(model: Model, target: Target) -> int:
    """The first token of a target; what follows need not be known.

    Raises:
        InputError: it has none, or the vocabulary does not know it.
    """
    return _known(model, target, _target_ids(model, target)[0])


def first_token_notes(model: Model, *targets: Target | None) -> tuple[str, ...]:
    """A sentence for each target of several tokens, of which only the first is read."""
    notes = []
    for target in targets:
        ids = () if target is None else _target_ids(model, target)
        if len(ids) > 1:
            first = str(ids[0]) if model.tokenizer is None else repr(model.tokenizer.decode([ids[0]]))
            notes.append(f"{target!r} is {len(ids)} tokens; only the first, {first}, is explained.")
    return tuple(notes)


def _target_ids(model: Model, target: Target) -> tuple[int, ...]:
    if not isinstance(target, str):
        try:
            ids = (operator.index(target),)  # type: ignore[arg-type]
        except TypeError:
            ids = tuple(map(operator.index, target))  # type: ignore[arg-type]
    elif model.tokenizer is None:
        raise InputError(f"{model.name} has no tokenizer: give the target as a token id, or ids.")
    else:
        ids = tuple(_inner(model, well_formed(target))["input_ids"])
    if not ids:
        raise InputError(f"Target {target!r} is not in the vocabulary of {model.name}.")
    return ids


def _known(model: Model, target: Target, token: int) -> int:
    tokenizer = model.tokenizer
    if not 0 <= token < model.vocab:
        raise InputError(f"Target {target!r} is not in the vocabulary of {model.vocab} tokens.")
    if isinstance(target, str) and tokenizer and token == tokenizer.unk_token_id and target != tokenizer.unk_token:
        raise InputError(f"Target {target!r} is not in the vocabulary of {model.name}.")
    return token


# Subjects


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
    found = [match.span() for match in re.finditer(re.escape(word), text, re.IGNORECASE)] if word else []
    spans = _spans(model, text) if found else []
    return [tuple(i for i, (a, b) in enumerate(spans) if a < end and b > start) for start, end in found]


def _spans(model: Model, text: str) -> list[tuple[int, int]]:
    """Which characters each token of `tokenize(model, text)` holds; none for those that begin or end a text."""
    tokenizer: Any = model.tokenizer
    if model.encoder is None:
        return tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    return [(0, 0)] * len(start_tokens(model)) + _inner(model, text, return_offsets_mapping=True)["offset_mapping"]
