"""Special tokens: which ones stand before a prompt, by one rule for every method and statistic.

| `--special` | what is put before a prompt | what a typed `<bos>` is |
|---|---|---|
| `auto` | what this tokenizer begins a text with, unless the prompt begins so already | that token |
| `as-typed` | nothing | that token |
| `none` | nothing | five characters |

Of several tokens that begin a text a prompt may have some: the others are put beside them.

What a tokenizer *ends* a text with (T5's end of text) is not put after a prompt of a decoder: what follows the end of a
text is another question, and nobody asked it. A masked language model reads whole texts, with its `[SEP]` after them,
unless they end so already. A rendered chat template and a typed `<bos>` begin a text,
so they get no second one.

The decoder of an encoder-decoder begins with its start token, and then with what its generation configuration forces,
as `generate` of `transformers` does: language, task and no-timestamps of Whisper (the language is the model's own
guess where none is configured), the language of an mBART.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

import torch

from unembed.errors import InputError
from unembed.models.forward import call
from unembed.models.model import Model
from unembed.models.sources import Source

_SHOWN = 5
"""Languages in a message."""
_Special = Literal["auto", "none", "as-typed"]
"""Which special tokens a prompt gets."""


def _checked(word: str) -> _Special:
    """One of the words of `_Special`.

    Raises:
        InputError: it is none.
    """
    if word not in get_args(_Special):
        raise InputError(f"Expected special tokens to be {', '.join(get_args(_Special))}; found {word!r}.")
    return word  # type: ignore[return-value]


def with_special(model: Model, special: str) -> Model:
    """The model with another rule for the special tokens of its prompts.

    Args:
        model: from `load` or `wrap`.
        special: "auto", "none" or "as-typed", as in the table above.

    Raises:
        InputError: another word.
    """
    return replace(model, special=_checked(special))


@dataclass(frozen=True)
class _Frame:
    """What a tokenizer puts around a text."""

    begins: tuple[int, ...]
    ends: tuple[int, ...]


def _frame(model: Model) -> _Frame:
    """What this model's tokenizer puts around a text; nothing without a tokenizer."""
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        return _Frame((), ())
    inner = tuple(tokenizer("a", add_special_tokens=False)["input_ids"])
    whole = tuple(tokenizer("a")["input_ids"])
    for start in range(len(whole) - len(inner) + 1):
        if whole[start : start + len(inner)] == inner:
            return _Frame(whole[:start], whole[start + len(inner) :])
    return _Frame((), ())


def beginning(model: Model) -> tuple[int, ...]:
    """What stands before every text of a model: also before random tokens, and before a window of a longer text.

    Raises:
        InputError: an encoder-decoder whose configuration does not say what its decoder starts with.
    """
    if model.encoder is not None:
        return start_tokens(model) + (_forced_tokens(model) if model.special == "auto" else ())
    return _frame(model).begins if model.special == "auto" else ()


def around_a_source(model: Model) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer of an encoder-decoder puts before and after a source text; nothing where it reads sound."""
    encoder = model.family.encoder
    if encoder is None or encoder.reads != "text":
        return (), ()
    frame = _frame(model)
    return frame.begins, frame.ends


def around_a_text(model: Model) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What stands before and after every text of a model that has no encoder beside it."""
    return beginning(model), ending(model)


def ending(model: Model) -> tuple[int, ...]:
    """What stands after every text of a model that reads whole texts."""
    return _frame(model).ends if model.fills_blanks and model.special == "auto" else ()


def framed(model: Model, tokens: tuple[int, ...]) -> tuple[int, ...]:
    """The tokens of a prompt with what stands before it, and around it in a masked language model, once."""
    begins = beginning(model)
    if model.encoder is None:
        own, ends = _typed(begins, tokens), ending(model)
        tokens = tokens if own == len(begins) else begins + tokens[own:]
        return tokens if not ends or tokens[-len(ends) :] == ends else tokens + ends
    start, forced = start_tokens(model), begins[1:]
    if tokens[:1] == start or (model.special == "as-typed" and tokens):
        return tokens
    # Who types a language or a task begins the text otherwise than the configuration does.
    named = bool(tokens) and tokens[0] in _named_tokens(model)
    if named and start[0] in _languages_of(model).values():  # a language is what the decoder starts with (mBART)
        return tokens
    return (start if named and forced else begins) + tokens


def _typed(begins: tuple[int, ...], tokens: tuple[int, ...]) -> int:
    """How many tokens of a text's beginning are typed at the start of a prompt: all, in any order, or neighbours."""
    own = next((i for i, token in enumerate(tokens) if token not in begins), len(tokens))
    if not Counter(begins) - Counter(tokens[:own]):
        return len(begins)
    runs = {begins[i:j] for i in range(len(begins)) for j in range(i, len(begins) + 1)}
    return max(length for length in range(own + 1) if tokens[:length] in runs)


def framing_notes(model: Model, tokens: tuple[int, ...], typed: tuple[int, ...]) -> tuple[str, ...]:
    """What a reader should know of the special tokens of a prompt, beyond what the strip shows.

    Args:
        model: that reads it.
        tokens: all of the prompt.
        typed: those of its text alone.
    """
    from unembed.models.tokens import label_of

    def listed(ids: tuple[int, ...]) -> str:
        return " ".join(label_of(model, token) for token in ids)

    if model.encoder is not None:
        put = tokens[: len(tokens) - len(typed)]
        said = f"Put in front of the decoder's prompt: {listed(put)}, as its generation configuration says."
        return (said,) if len(put) > 1 else ()
    notes, around = [], _frame(model)
    if model.special == "auto":
        if around.begins and tokens == typed:
            notes.append(f"The prompt begins with {listed(around.begins)} already: no second one was put in front.")
        elif own := _typed(around.begins, typed):
            notes.append(
                f"The prompt begins with {listed(typed[:own])}, a part of what begins a text of this model, "
                f"{listed(around.begins)}: each was put in front once."
            )
        if around.ends and not model.fills_blanks:
            notes.append(f"The tokenizer ends every text with {listed(around.ends)}: left out, as the prompt goes on.")
    elif around.begins and tokens[: len(around.begins)] != around.begins:
        notes.append(
            f"Special tokens {model.special}: the prompt does not begin with {listed(around.begins)}, as texts of "
            "this model do."
        )
    return tuple(notes)


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


def _forced_tokens(model: Model) -> tuple[int, ...]:
    """What the generation configuration of an encoder-decoder forces after the start token, in order."""
    settings: Any = getattr(model.module, "generation_config", None)
    task, language = (getattr(settings, name, None) for name in ("task", "language"))
    given = (getattr(x, "forced_decoder_ids", None) for x in (settings, model.config))
    forced = dict(next((pairs for pairs in given if pairs), ()))
    found: list[int | None] = []
    if task is None and language is None:
        while len(found) + 1 in forced:
            found.append(forced[len(found) + 1])
    found += [getattr(settings, "forced_bos_token_id", None)] if not found else []
    if found == [None]:
        found = []
    languages: dict[str, int] = getattr(settings, "lang_to_id", None) or {}
    tasks: dict[str, int] = getattr(settings, "task_to_id", None) or {}
    if languages and (not found or found[0] is None):
        found[:1] = [_language(model, languages, language)]
    if tasks and (task is not None or language is not None) and not any(token in tasks.values() for token in found):
        found.append(tasks[task or "transcribe"])
    silent = getattr(settings, "no_timestamps_token_id", None)
    if silent is not None:
        found = [token for token in found if token != silent]
        found += [] if getattr(settings, "return_timestamps", False) else [silent]
    return tuple(token for token in found if token is not None)


def _languages_of(model: Model) -> dict[str, int]:
    """The tokens that name languages: those of the generation configuration (Whisper), of the tokenizer (mBART)."""
    settings: Any = getattr(model.module, "generation_config", None)
    given = getattr(settings, "lang_to_id", None), getattr(model.tokenizer, "lang_code_to_id", None)
    return {name: token for languages in given for name, token in (languages or {}).items()}


def _named_tokens(model: Model) -> set[int]:
    """Languages and tasks that are known, and what a generation configuration forces."""
    tasks: dict[str, int] = getattr(getattr(model.module, "generation_config", None), "task_to_id", None) or {}
    return {*_languages_of(model).values(), *tasks.values(), *_forced_tokens(model)}


_LANGUAGE = re.compile(r"^\s*(<\|[^|>\s]+\|>|[a-z]{2,3}_[A-Z]{2}\b)")
"""How a text of a decoder begins that names a language."""


def unknown_language_notes(model: Model, text: str) -> tuple[str, ...]:
    """Say that what looks like a language in front of the decoder's text names none, so that it is plain text."""
    found, known = _LANGUAGE.match(text), _languages_of(model) if model.encoder is not None else {}
    tokenizer: Any = model.tokenizer
    if found is None or not known or found[1] in tokenizer.get_vocab():
        return ()
    some = ", ".join(list(known)[:_SHOWN])
    return (
        f"{found[1]} names no language of {model.name}, so it is read as plain text. It knows {some}"
        f"{' and so on' if len(known) > _SHOWN else ''}.",
    )


_heard: "WeakKeyDictionary[Source, int]" = WeakKeyDictionary()


def _language(model: Model, languages: dict[str, int], language: str | None) -> int | None:
    """The token of the configured language; without one the most probable, as the model hears its source."""
    if language is not None:
        from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

        code = TO_LANGUAGE_CODE.get(language.lower(), language.lower())
        found = languages.get(language.lower(), languages.get(f"<|{code}|>"))
        if found is None:
            raise InputError(
                f"The generation configuration of {model.name} names the language {language!r}, and knows "
                f"{', '.join(list(languages)[:_SHOWN])} and so on: correct it, or give --decoder-ids."
            )
        return found
    if model.source is None:
        return None
    if model.source not in _heard:
        with torch.no_grad():
            logits = call(model, torch.tensor([start_tokens(model)], device=model.device), keep=1).logits[0, -1]
        ids = list(languages.values())
        _heard[model.source] = ids[int(logits[ids].argmax())]
    return _heard[model.source]
