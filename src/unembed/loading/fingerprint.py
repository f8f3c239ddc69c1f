"""Under which name a result of a model is kept: all that its numbers may depend on, in one checksum."""

import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch

from unembed.loading.cache import file_sha256
from unembed.loading.folders import weights_sha256
from unembed.models.model import Model

_VERSIONED = ("unembed", "torch", "transformers", "tokenizers", "numpy")
"""Packages whose version a number may depend on."""
_DESCRIBING = (".json", ".txt", ".model", ".spm", ".tiktoken", ".jinja")
"""How the names of files end that configure a model or its tokenizer."""

_READ: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()
"""The files of each module as they were when it was loaded: training may write its folder again."""


def fingerprint(model: Model, *more: Any) -> str | None:
    """A checksum of the files of a model and of its adapter (weights, configuration, tokenizer), of its tokenizer and
    configuration as they are in memory, the row of its family, dtype, kind of device and the versions that ran it; and
    of `more`, which is JSON-ready.

    By contents, whatever the folder's name. The checksums of files are remembered, so that a model is read once. None
    for a model whose weights are not those of a folder: wrapped from memory, or with weight edits.
    """
    if model.folder is None or model.edits:
        return None
    versions = [importlib.metadata.version(name) for name in _VERSIONED]
    generation = getattr(model.module, "generation_config", None)
    facts = [repr(model.config), repr(generation), repr(model.family), str(model.dtype), model.device.type]
    if model.module not in _READ:
        adapter = None
        if model.adapter is not None:
            adapter = [importlib.metadata.version("peft"), _files(model.adapter, (*_DESCRIBING, ".safetensors"))]
        _READ[model.module] = [weights_sha256(model.folder), _files(model.folder, _DESCRIBING), adapter]
    known = [*_READ[model.module], _tokenizer(model)]
    return hashlib.sha256(json.dumps([*known, versions, facts, more]).encode()).hexdigest()


def identity(model: Model) -> str:
    """As `fingerprint`; of a module that was never in a folder, or is edited, a checksum of its weights."""
    found = fingerprint(model)
    if found is not None:
        return found
    digest = hashlib.sha256(repr(model.config).encode())
    for name, tensor in model.module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _files(folder: Path, endings: tuple[str, ...]) -> list[tuple[str, str]]:
    found = sorted(path for path in folder.iterdir() if path.suffix in endings and path.is_file())
    return [(path.name, file_sha256(path)) for path in found]


def _tokenizer(model: Model) -> list[str] | None:
    """The tokenizer in memory, which need not be the folder's."""
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        return None
    fast = getattr(tokenizer, "backend_tokenizer", None)
    text = repr(sorted(tokenizer.get_vocab().items())) if fast is None else fast.to_str()
    template = json.dumps(getattr(tokenizer, "chat_template", None), default=str)
    return [type(tokenizer).__name__, hashlib.sha256(text.encode()).hexdigest(), template]
