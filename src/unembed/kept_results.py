"""Results that take minutes and depend on a model's weights only, kept in the user's cache as JSON.

A result is found again by the checksum of the weights, configuration, dtype, device, versions and settings. A model
with weight edits, or one that was never in a folder, is not cached.
"""

import hashlib
import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

from unembed.model import Model


def place_of(kind: str, model: Model, settings: Any) -> Path | None:
    """The file of a result, whether or not it is there; None for a model that is not cached.

    Args:
        kind: of result; names the folder in the cache.
        model: whose result it is.
        settings: JSON-ready; what else the result depends on.
    """
    if model.folder is None or model.edits:
        return None
    from unembed.weights import cache_folder, weights_sha256

    versions = [importlib.metadata.version(name) for name in ("unembed", "torch", "transformers")]
    facts = [weights_sha256(model.folder), repr(model.config), str(model.dtype), model.device.type]
    key = json.dumps([*facts, model.tokenizer is None, versions, settings])
    return cache_folder() / kind / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def read(place: Path) -> Any:
    """What a file holds; None where there is none, or it is no JSON."""
    try:
        return json.loads(place.read_text())
    except (OSError, ValueError):
        return None


def write(place: Path, data: Any) -> None:
    """Put JSON-ready data there, whole or not at all; a cache that cannot be written is left alone."""
    part = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(data))
        part.replace(place)
    except OSError:
        return
