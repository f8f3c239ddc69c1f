"""Folders that `save_pretrained` wrote: whether one is fit to load, and which weights are in it."""

import contextlib
import hashlib
from pathlib import Path

from unembed.errors import ModelError
from unembed.files import parse_json
from unembed.loading.adapters import refuse_adapter
from unembed.loading.cache import file_sha256

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "source.spm")
_TOKENIZERS += ("sentencepiece.bpe.model", "tekken.json")


def checked(folder: Path) -> Path:
    """`folder`, if it holds a readable configuration and whole safetensors."""
    refuse_adapter(folder)
    _check_config(folder)
    for file in _weight_files(folder):
        _check_safetensors(file)
    return folder


def _check_config(folder: Path) -> None:
    file = folder / "config.json"
    if not file.is_file():
        raise ModelError(f"{folder} is not a model folder: it has no config.json. {_hint(folder)}")
    try:
        found = parse_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{file} is damaged, it is not JSON: {error}. Fetch the model again.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{file} is damaged: expected a JSON object, found a {type(found).__name__}.")
    if not isinstance(found.get("model_type"), str):
        raise ModelError(
            f"{file} is not the configuration of a model of transformers: expected model_type to be a word, found "
            f"{found.get('model_type')!r}. Give the folder that save_pretrained wrote."
        )


def _hint(folder: Path) -> str:
    """What is in or below a folder that is no model: a GGUF file, or models, as training leaves them."""
    if ggufs := sorted(folder.glob("*.gguf")):
        return f"Did you mean the file {ggufs[0]}?"
    inside = {file.parent for name in ("config.json", "adapter_config.json") for file in folder.glob(f"*/{name}")}
    if not inside:
        return "Give the folder that save_pretrained wrote."
    ordered = sorted(inside, key=_step)
    names = ", ".join(path.name for path in ordered)
    return f"It holds {len(ordered)} that may be: {names}. Give one of them, such as {ordered[-1]}."


def _step(folder: Path) -> tuple[int, str]:
    """By the number of the step, so that checkpoint-1000 comes after checkpoint-500."""
    number = folder.name.rpartition("-")[2]
    return (int(number) if number.isdigit() else -1, folder.name)


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors that `from_pretrained` would load, sorted by name."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise ModelError(_no_weights(folder))
    names = _listed(index)
    if absent := [name for name in names if not (folder / name).is_file()]:
        raise ModelError(
            f"{folder} is incomplete: {len(absent)} of its {len(names)} weight files are missing, "
            f"the first is {absent[0]}. Fetch the model again."
        )
    return [folder / name for name in names]


def _listed(index: Path) -> list[str]:
    """The files that an index names: safetensors of its own folder, since others may be anybody's, or a pickle."""
    try:
        found = parse_json(index.read_text(encoding="utf-8"))
        names = sorted(set(found["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError):
        names = []
    if not names or not all(isinstance(name, str) and 0 < len(name.encode(errors="replace")) < 256 for name in names):
        raise ModelError(f"{index} is damaged: it does not list the weight files. Fetch the model again.")
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelError(
                f"{index} names {name!r}: expected safetensors beside it, by their names alone. Other files are not "
                "read.\nMove the weights into the folder and name them so, or save the model again (save_pretrained)."
            )
    return names


def _no_weights(folder: Path) -> str:
    expected = "model.safetensors, or model.safetensors.index.json with its parts"
    if found := sorted(folder.glob("pytorch_model*.bin")):
        return (
            f"{folder} has its weights only as a pickle ({found[0].name}), which can run code when it is "
            f"loaded. unembed loads only safetensors: {expected}. If you trust it, load it with transformers "
            "and call save_pretrained, which writes safetensors."
        )
    if parts := sorted(file for file in folder.glob("*.safetensors") if file.is_file()):
        return (
            f"{folder} has safetensors ({parts[0].name}), but not by the names that transformers reads: expected "
            f"{expected}. Rename a single file to model.safetensors; parts need the index of save_pretrained."
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


def tensor_names(folder: Path) -> list[str]:
    """The names of the tensors in a folder's weights."""
    from safetensors import safe_open

    names: list[str] = []
    for file in _weight_files(folder):
        with safe_open(file, framework="numpy") as tensors:
            names += tensors.keys()
    return names


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
