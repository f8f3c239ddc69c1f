"""Prompts: text, messages or token ids in, checked token ids out. Which special tokens they get, special.py says."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from unembed.errors import InputError
from unembed.models import chat
from unembed.models.blanks import blank_notes, respelled
from unembed.models.model import Model
from unembed.models.special import framed, framing_notes, unknown_language_notes

Given = str | Sequence[int] | Sequence[Mapping[str, Any]] | Sequence[Sequence[int]] | Mapping[str, Any] | Tensor
"""A prompt: text; messages of a chat; token ids, also as `[1, n]`, as a tensor, or as a tokenizer of `transformers`
gives them (a `BatchEncoding`)."""


def absolute_position(position: int, length: int, what: str = "prompt") -> int:
    """`position` counted from the start; `what` says of what it is, where it is out of range.

    Raises:
        InputError: out of range.
    """
    if not -length <= position < length:
        raise InputError(f"Position {position} is outside the {what}: expected {-length} to {length - 1}.")
    return position % length


def tokenize(model: Model, prompt: Given) -> tuple[int, ...]:
    """Token ids of a prompt, checked against the model's limits.

    Raises:
        InputError: empty, longer than the context, ids outside the vocabulary, text without a tokenizer, messages
            without a chat template, or no prompt at all.
    """
    if isinstance(prompt, str):
        tokens = _encoded(model, prompt)
    elif chat.is_chat(prompt):
        tokens = _inner(model, chat.rendered(model, prompt))  # type: ignore[arg-type]
    else:
        tokens = given_ids(prompt)
    if not tokens:
        raise InputError("The prompt is empty: expected at least one token.")
    if model.context is not None and len(tokens) > model.context:
        raise InputError(
            f"The prompt has {len(tokens)} tokens, but {model.name} reads at most {model.context}.\n"
            f"{why_no_longer(model)}"
        )
    return in_vocabulary(model, tokens)


def prompt_notes(model: Model, prompt: Given | None, position: int | None = None) -> tuple[str, ...]:
    """What a reader should know of what was read: of the source, of what the template of a chat writes by itself, and
    of special tokens and blanks of a prompt that was given as text. `position` is where it is asked, if not where it
    asks by itself.
    """
    of_source = () if model.source is None else model.source.notes
    if chat.is_chat(prompt):
        return (*of_source, *chat.notes(model, prompt))  # type: ignore[arg-type]
    if not isinstance(prompt, str) or model.tokenizer is None:
        return of_source
    tokens = _encoded(model, prompt)
    framing, languages = framing_notes(model, tokens, _inner(model, prompt)), unknown_language_notes(model, prompt)
    blanks = blank_notes(model, prompt, tokens, position)
    return (*of_source, *framing, *languages, *blanks, *_space_notes(model, prompt))


def _space_notes(model: Model, prompt: str) -> tuple[str, ...]:
    """Of a prompt that ends with a space, where a word is expected to bring its own."""
    if not prompt.endswith(" ") or not prompt.strip() or model.fills_blanks:
        return ()
    return ("The prompt ends with a space: most words bring their own, so the model expects none here. Leave it out.",)


def given_ids(prompt: Any) -> tuple[int, ...]:
    """The token ids of one prompt, whatever holds them.

    Raises:
        InputError: it holds no whole numbers, several prompts, or padding.
    """
    if isinstance(prompt, Mapping):
        if "input_ids" not in prompt:
            raise InputError(
                f"Expected a prompt with input_ids, found the keys {', '.join(map(str, prompt)) or 'none'}.\n"
                "A message of a chat stands in a list: [{'role': 'user', 'content': 'text'}]."
            )
        tokens, mask = given_ids(prompt["input_ids"]), prompt.get("attention_mask")
        kept = None if mask is None else _row(mask)
        if kept is not None and (len(kept) != len(tokens) or any(x not in (0, 1) for x in kept)):
            raise InputError(
                f"Expected an attention_mask of {len(tokens)} zeros and ones, one a token; found {kept!r:.80}."
            )
        if kept is not None and not all(kept):
            raise InputError("The prompt has padding (zeros in attention_mask): give the tokens of one prompt alone.")
        return tokens
    rows = _row(prompt)
    try:
        if any(isinstance(token, bool) for token in rows):
            raise TypeError
        return tuple(operator.index(token) for token in rows)
    except TypeError as error:
        raise _no_prompt(prompt) from error


def _row(prompt: Any) -> Sequence[Any]:
    """The one row of what may be a list, an array or a tensor, also as `[1, n]`.

    Raises:
        InputError: it is none of these, holds no numbers that can be read, or several rows.
    """
    try:
        rows = prompt.tolist() if hasattr(prompt, "tolist") else prompt
    except (RuntimeError, NotImplementedError) as error:  # a tensor on the meta device, or a sparse one
        raise _no_prompt(prompt) from error
    rows = getattr(rows, "ids", rows)
    if not isinstance(rows, Sequence) or isinstance(rows, str | bytes):
        raise _no_prompt(prompt)
    if len(rows) and all(isinstance(row, Sequence) and not isinstance(row, str | bytes) for row in rows):
        if len(rows) != 1:
            raise InputError(f"Expected one prompt, found a batch of {len(rows)}: give one row.")
        return rows[0]
    return rows


def _no_prompt(prompt: object) -> InputError:
    return InputError(
        "Expected a prompt as text, messages of a chat, or token ids (a list, a tensor of shape [n] or [1, n], a "
        f"BatchEncoding); found {type(prompt).__name__}: {prompt!r:.80}."
    )


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
    return tokenize(model, _encoded(model, text)[: model.context])


def text_of_prompt(model: Model, tokens: Sequence[int]) -> str | None:
    """The text that `tokenize` makes these tokens of; None where there is none, as without a tokenizer."""
    if model.tokenizer is None:
        return None
    found = (decoded(model, tokens, skip_special_tokens=skip) for skip in (True, False))
    texts = (text for text in found if text or model.encoder is not None)
    return next((text for text in texts if _encoded(model, text) == tuple(tokens)), None)


def decoded(model: Model, tokens: Sequence[int], *, skip_special_tokens: bool = False) -> str:
    """The text of some tokens together, spaces as they are; ids without a tokenizer."""
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        return " ".join(map(str, tokens))
    made = tokenizer.decode(list(tokens), skip_special_tokens=skip_special_tokens, clean_up_tokenization_spaces=False)
    return str(made)


def continued(model: Model, prompt: Sequence[int], tokens: Sequence[int]) -> str:
    """The text that tokens add to a prompt: what the whole decodes to, without what the prompt alone does.

    A tokenizer that takes a space off the front of a text takes it off the prompt, not off what follows.
    """
    if model.tokenizer is None:
        return decoded(model, tokens)
    before, whole = decoded(model, prompt), decoded(model, (*prompt, *tokens))
    before = before.rstrip("\ufffd")  # bytes that the first tokens may complete
    return whole[len(before) :] if whole.startswith(before) else decoded(model, tokens)


def _encoded(model: Model, text: str) -> tuple[int, ...]:
    """The ids of a text, with the special tokens before it."""
    return framed(model, _inner(model, text) if text or model.encoder is None else ())


def _inner(model: Model, text: str) -> tuple[int, ...]:
    return tuple(encoding(model, text)["input_ids"])


def encoding(model: Model, text: str, **more: Any) -> Any:
    """A text within what the model says: without the tokens that begin or end a text. Its blanks are the model's own.

    Raises:
        InputError: text that is none, or a model without a tokenizer.
    """
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        raise InputError(f"{model.name} has no tokenizer: give token ids instead of text (--ids 1,2,3).")
    given = {"text" if model.encoder is None else "text_target": respelled(model, well_formed(text))}
    if model.special == "none":
        more["split_special_tokens"] = True
    return tokenizer(**given, add_special_tokens=False, verbose=False, **more)


def inner_tokens(model: Model, text: str | Sequence[int]) -> tuple[int, ...]:
    """Token ids of a text of any length, without the tokens that begin or end a text.

    Raises:
        InputError: text without a tokenizer, or ids outside the vocabulary.
    """
    if isinstance(text, str):
        return _inner(model, text)
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
