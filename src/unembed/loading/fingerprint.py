"""Under which name a result of a model is kept: all that its numbers may depend on, in one checksum."""

import hashlib
import importlib.metadata
import json
from typing import Any

from unembed.loading.cache import file_sha256
from unembed.loading.folders import weights_sha256
from unembed.models.model import Model

_VERSIONED = ("unembed", "torch", "transformers")
"""Packages whose version a number may depend on."""
_DESCRIBING = (".json", ".txt", ".model", ".jinja")
"""How the names of files end that configure a model or its tokenizer."""


def fingerprint(model: Model, *more: Any) -> str | None:
    """A checksum of the files of a model (weights, configuration, tokenizer), of the row of its family, its
    configuration as it is, dtype, kind of device and the versions that ran it; and of `more`, which is JSON-ready.

    By contents, whatever the folder's name. The checksums of files are remembered, so that a model is read once. None
    for a model whose weights are not those of a folder: wrapped from memory, or with weight edits.
    """
    if model.folder is None or model.edits:
        return None
    described = [(p.name, file_sha256(p)) for p in sorted(model.folder.iterdir()) if p.suffix in _DESCRIBING]
    versions = [importlib.metadata.version(name) for name in _VERSIONED]
    facts = [repr(model.config), repr(model.family), str(model.dtype), model.device.type, model.tokenizer is None]
    text = json.dumps([weights_sha256(model.folder), described, versions, facts, more])
    return hashlib.sha256(text.encode()).hexdigest()
