"""Results that take minutes and depend on a model's weights only, kept in the user's cache as JSON.

A result is found again by the model's fingerprint and the settings. A model with weight edits, or one that was never in
a folder, is not cached. A file is the checksum of its second line, and JSON on that: what comes back is what was
written, to the last digit.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from unembed.errors import InputError
from unembed.files import parse_json, write_file
from unembed.loading.cache import cache_folder
from unembed.loading.fingerprint import fingerprint
from unembed.models.model import Model


def place_of(kind: str, model: Model, settings: Any) -> Path | None:
    """The file of a result, whether or not it is there; None for a model that is not cached.

    Args:
        kind: of result; names the folder in the cache.
        model: whose result it is.
        settings: JSON-ready; what else the result depends on.
    """
    mark = fingerprint(model, settings)
    return None if mark is None else cache_folder() / kind / mark


def read(place: Path) -> Any:
    """What was written there; None where there is nothing, or a file that was changed since."""
    try:
        checksum, _, text = place.read_text(encoding="utf-8").partition("\n")
        return parse_json(text) if checksum == _checksum(text) else None
    except (OSError, ValueError):
        return None


def write(place: Path, data: Any) -> None:
    """Put JSON-ready data there, whole or not at all; a cache that cannot be written is left alone."""
    text = json.dumps(data)
    with suppress(OSError, InputError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, f"{_checksum(text)}\n{text}")


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
