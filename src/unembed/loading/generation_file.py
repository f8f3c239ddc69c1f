"""generation_config.json: where a text ends, and which tokens are forced before and after it.

transformers keeps values of a wrong kind as they are, and fails on them later or follows them in part.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from unembed.errors import ModelError
from unembed.loading.folders import object_in


def _token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _tokens(value: Any) -> bool:
    return isinstance(value, list) and all(map(_token, value))


def _one_or_several(value: Any) -> bool:
    return _token(value) or _tokens(value)


def _forced(value: Any) -> bool:
    pairs = value if isinstance(value, list) else [None]
    return all(isinstance(p, list) and len(p) == 2 and _token(p[0]) and (p[1] is None or _token(p[1])) for p in pairs)


def _ids_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_token, value.values()))


def _name(value: Any) -> bool:
    return isinstance(value, str)


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("eos_token_id", "forced_eos_token_id"), (_one_or_several, "a token id, or a list of them")),
    **dict.fromkeys(
        ("bos_token_id", "decoder_start_token_id", "forced_bos_token_id", "no_timestamps_token_id"),
        (_token, "a token id"),
    ),
    **dict.fromkeys(("suppress_tokens", "begin_suppress_tokens"), (_tokens, "a list of token ids")),
    **dict.fromkeys(("lang_to_id", "task_to_id"), (_ids_by_name, "token ids by name")),
    **dict.fromkeys(("language", "task"), (_name, "a name")),
    "forced_decoder_ids": (_forced, "a list of pairs of a position and a token id"),
}
"""The values that are read of it, what they must be, and that in words."""


def check_generation(folder: Path) -> None:
    """Refuse a generation configuration whose tokens are none; a folder may have no such file.

    Raises:
        ModelError: a value that is read is of another kind; the message names it.
    """
    path = folder / "generation_config.json"
    if not path.exists():
        return
    found = object_in(path)
    for key, (fits, expected) in _KINDS.items():
        value = found.get(key)
        if value is not None and not fits(value):
            raise ModelError(
                f"{path} is damaged: expected {key} to be {expected}, found {value!r:.40}. Fetch the model again; "
                "without the file, config.json says where a text ends and which tokens are forced."
            )
