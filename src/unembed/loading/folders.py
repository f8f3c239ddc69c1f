"""Folders that `save_pretrained` wrote: whether one is fit to load, and which weights are in it."""

import contextlib
import hashlib
import json
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading.cache import file_sha256

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


def checked(folder: Path) -> Path:
    """`folder`, if it holds a readable configuration and whole safetensors."""
    _check_config(folder)
    for file in _weight_files(folder):
        _check_safetensors(file)
    return folder


def _check_config(folder: Path) -> None:
    file = folder / "config.json"
    if not file.is_file():
        ggufs = sorted(folder.glob("*.gguf"))
        hint = f"Did you mean the file {ggufs[0]}?" if ggufs else "Give the folder that save_pretrained wrote."
        raise ModelError(f"{folder} is not a model folder: it has no config.json. {hint}")
    try:
        json.loads(file.read_text())
    except ValueError as error:
        raise ModelError(f"{file} is damaged, it is not JSON: {error}. Fetch the model again.") from error


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors that `from_pretrained` would load, sorted by name."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise ModelError(_no_weights(folder))
    try:
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"{index} is damaged: it does not list the weight files. Fetch the model again.") from error
    if absent := [name for name in names if not (folder / name).is_file()]:
        raise ModelError(
            f"{folder} is incomplete: {len(absent)} of its {len(names)} weight files are missing, "
            f"the first is {absent[0]}. Fetch the model again."
        )
    return [folder / name for name in names]


def _no_weights(folder: Path) -> str:
    expected = "model.safetensors, or model.safetensors.index.json with its parts"
    if found := sorted(folder.glob("pytorch_model*.bin")):
        return (
            f"{folder} has its weights only as a pickle ({found[0].name}), which can run code when it is "
            f"loaded. unembed loads only safetensors: {expected}. If you trust it, load it with transformers "
            "and call save_pretrained, which writes safetensors."
        )
    return f"{folder} has no weights: expected {expected}. Fetch the model again, or give another folder."


def _check_safetensors(file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return
    except SafetensorError as error:
        raise ModelError(
            f"{file} is truncated or damaged: its {file.stat().st_size:,} bytes are not the tensors its "
            f"header announces ({error}). Fetch the model again."
        ) from error


def weights_sha256(folder: Path) -> str:
    """The sha256 of the model's weights, remembered until a file changes.

    One file: that file's own. Several: the sha256 of what `sha256sum` prints for them, sorted by name.
    Raises `ModelError` if the folder has no weights.
    """
    files = _weight_files(folder)
    digests = [file_sha256(file) for file in files]
    if len(digests) == 1:
        return digests[0]
    lines = [f"{digest}  {file.name}\n" for digest, file in zip(digests, files, strict=True)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer."""
    return any((folder / file).is_file() for file in _TOKENIZERS)


def size_of(folder: Path) -> int:
    """The size of all files below `folder`, some of which may go away meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total
