"""Chats: messages become a prompt through the model's own template, and each token knows whose words it holds.

A template may write a system prompt of its own where the messages have none. These are the system's words like any
others, and `notes` says where they come from.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.templates import run_bounded

Message = Mapping[str, Any]
"""`{"role": "user", "content": "..."}`, as `transformers` takes them."""


def is_chat(prompt: object) -> bool:
    """Whether a prompt is a list of messages."""
    return isinstance(prompt, Sequence) and not isinstance(prompt, str) and any(isinstance(x, Mapping) for x in prompt)


def rendered(model: Model, messages: Sequence[Message]) -> str:
    """The text that the template of a model makes of messages, up to where the model answers.

    A chat that ends with the assistant's own words is continued there.

    Raises:
        InputError: messages of another form, a model without a template, or one that refuses them.
    """
    checked = _checked(messages)
    return _rendered(model, checked, goes_on=checked[-1]["role"] == "assistant")


def _rendered(model: Model, messages: list[dict[str, str]], *, goes_on: bool, asks: bool = True) -> str:
    """What the template makes of messages.

    Args:
        model: whose template it is.
        messages: as `transformers` takes them.
        goes_on: whether the last message is left open.
        asks: whether the model is to answer at the end.
    """
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        raise InputError(f"{model.name} has no tokenizer, so no chat template: give token ids.")
    if not getattr(tokenizer, "chat_template", None):
        raise InputError(
            f"{model.name} has no chat template: it was not made for chats. Give the prompt as text, without --chat."
        )
    if model.special == "none":
        raise InputError(
            "A chat template writes special tokens, which special='none' would read as plain characters: take auto."
        )
    try:
        text = run_bounded(
            lambda: tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=asks and not goes_on, continue_final_message=goes_on
            )
        )
    except Exception as error:  # a template is a program of the model's makers, and raises what it likes
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputError(f"The chat template of {model.name} refuses these messages: {reason}") from error
    if goes_on and _CONTINUED in text and not any(_CONTINUED in message["content"] for message in messages):
        raise InputError(
            f"The chat template of {model.name} writes the last message more than once, so the assistant's own words "
            "cannot be continued: end the chat with a message of the user."
        )
    return text


_CONTINUED = "CONTINUE_FINAL_MESSAGE_TAG"
"""By what `transformers` finds where the last message ends; it takes one away."""


def _checked(messages: Sequence[Message]) -> list[dict[str, str]]:
    for number, message in enumerate(messages):
        fits = isinstance(message, Mapping) and all(isinstance(message.get(key), str) for key in ("role", "content"))
        if not fits:
            found = dict(message) if isinstance(message, Mapping) else message
            raise InputError(
                f"Expected messages as {{'role': 'user', 'content': 'text'}}; found {found!r:.80} as message {number}."
            )
    return [dict(message) for message in messages]


def roles(model: Model, messages: Sequence[Message], tokens: Sequence[int]) -> tuple[str | None, ...]:
    """Of each token of a rendered chat whose words it holds: a role, or "template" for what the template wrote.

    All None where the template cannot be told from the words, or the tokenizer does not tell where tokens are.
    """
    text, tokenizer = rendered(model, messages), model.tokenizer
    places = _places(model, messages, text)
    if places is None or not getattr(tokenizer, "is_fast", False):
        return (None,) * len(tokens)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)  # type: ignore[misc]
    if list(encoded["input_ids"]) != list(tokens):
        return (None,) * len(tokens)
    own = _own_system(model, messages, text)
    places += [] if own is None else [("system", *own)]
    return tuple(
        next((role for role, start, end in places if a < end and b > start), "template")
        for a, b in encoded["offset_mapping"]
    )


def notes(model: Model, messages: Sequence[Message]) -> tuple[str, ...]:
    """What a reader should know of a chat: a system prompt that nobody gave."""
    text = rendered(model, messages)
    own = _own_system(model, messages, text)
    if own is None:
        return ()
    said = text[slice(*own)].strip()
    said = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return (f"The messages have no system prompt, so the template of {model.name} writes its own: {said!r}.",)


_SHOWN = 100
"""Characters of a system prompt in a note."""
_MARK = "\ue000{}\ue001"
"""What stands for the words of a message where the template is looked for: characters of private use, and a number
between them, in which a template finds no letter to change."""


def end_of_turn(model: Model, messages: Sequence[Message]) -> int | None:
    """The special token that the template writes after what the model says; None where it writes none."""
    mark, tokenizer = _MARK.format(0), model.tokenizer
    before = [dict(message) for message in messages]
    before = before[:-1] if before[-1]["role"] == "assistant" else before
    try:
        text = _rendered(model, [*before, {"role": "assistant", "content": mark}], goes_on=False, asks=False)
    except InputError:
        return None
    after = text.rpartition(mark)[2] if mark in text else ""  # the last: a template may tell it before as well
    ids = tokenizer(after, add_special_tokens=False)["input_ids"] if tokenizer is not None and after else []
    return ids[0] if ids and ids[0] in tokenizer.all_special_ids else None  # type: ignore[union-attr]


def _own_system(model: Model, messages: Sequence[Message], text: str) -> tuple[int, int] | None:
    """Where the template writes a system prompt of its own: what a given one would take the place of."""
    if any(message["role"] == "system" for message in messages):
        return None
    mark = _MARK.format(len(messages))
    try:
        marked = rendered(model, [{"role": "system", "content": mark}, *messages])
    except InputError:
        return None  # it takes no system prompt, so it writes none
    before, found, after = marked.partition(mark)
    start, end = len(before), len(text) - len(after)
    holds = found and text.startswith(before) and text.endswith(after) and text[start:end].strip()
    return (start, end) if start < end and holds else None


def _places(model: Model, messages: Sequence[Message], text: str) -> list[tuple[str, int, int]] | None:
    """Where the words of each message stand in the rendered text.

    The template is rendered once more with marks in place of the words: what stands between the marks is its own.
    """
    marks = [_MARK.format(number) for number in range(len(messages))]
    marked = rendered(model, [{**message, "content": mark} for message, mark in zip(messages, marks, strict=True)])
    places, at, read = [], 0, 0
    for message, mark in zip(messages, marks, strict=True):
        start = marked.find(mark, read)
        if start < 0:
            continue  # the template leaves these words out
        own, words = marked[read:start], message["content"]
        words = words if text.startswith(own + words, at) else words.strip()
        if not text.startswith(own + words, at):
            return None
        at += len(own)
        places.append((message["role"], at, at + len(words)))
        at, read = at + len(words), start + len(mark)
    return places if text[at:] == marked[read:] or text[at:].rstrip() == marked[read:].rstrip() else None
