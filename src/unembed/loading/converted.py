"""A GGUF file becomes a plain Hugging Face folder in the user's cache: once, and whole or not at all.

A folder counts only when its manifest, written last, agrees with every file beside it. Building happens in a
hidden folder next to the target, under a lock, and ends with one rename.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from unembed.files import parse_json
from unembed.loading.cache import cache_folder, file_sha256, hash_of, remember, unwritable
from unembed.loading.gguf import dequantise
from unembed.progress import Progress, silent

_SCHEMA = "unembed/model/1"
_VERSION = 4
"""Of what a conversion makes of a file: a folder that an earlier one made is not taken for it."""
_MANIFEST = "unembed.json"


class Manifest(TypedDict):
    """What a converted folder says of itself, in `unembed.json`."""

    schema: str
    source: str
    source_sha256: str
    licence: str
    transformers: str
    files: dict[str, str]
    """File name to sha256."""


def converted(sha256: str) -> Path:
    """Where the folder made from the GGUF with this checksum is, or will be."""
    return cache_folder() / "models" / f"{sha256[:32]}-{_VERSION}"


def manifest(folder: Path) -> Manifest | None:
    """The manifest of a converted folder; None if it is absent or unreadable."""
    try:
        found: Any = parse_json((folder / _MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.keys() != Manifest.__annotations__.keys() or found["schema"] != _SCHEMA:
        return None
    files = found.pop("files")
    words = [*found.values(), *files, *files.values()] if isinstance(files, dict) else [None]
    return Manifest(**found, files=files) if all(isinstance(word, str) for word in words) else None


def intact(folder: Path, progress: Progress = silent) -> bool:
    """Whether a converted folder is complete and each of its files is the one that was written."""
    found = manifest(folder)
    if found is None:
        return False
    files = {folder / name: digest for name, digest in found["files"].items()}
    try:
        return all(file.is_file() and file_sha256(file, progress) == digest for file, digest in files.items())
    except (OSError, ValueError):  # what a damaged manifest names may be no name of a file
        return False


def convert(source: Path, sha256: str, progress: Progress) -> Path:
    """The Hugging Face folder made from the GGUF `source`, built now unless an intact one is there.

    `sha256` is that of `source`. Raises `ModelError` if it cannot be converted or written.
    """
    target = converted(sha256)
    with _locked(target, progress):
        if not intact(target, progress):
            _sweep(target)
            _build(source, sha256, target, progress)
    return target


@contextlib.contextmanager
def _locked(target: Path, progress: Progress) -> Iterator[None]:
    """One process at a time builds `target`; the others wait."""
    from filelock import FileLock, Timeout

    lock = FileLock(target.parent / f".{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("Waiting for another process that converts the same model", 0.0)
            lock.acquire()
    except OSError as error:
        raise unwritable(target, error) from error
    try:
        yield
    finally:
        lock.release()


def _sweep(target: Path) -> None:
    """Remove a damaged `target` and what killed conversions left; the lock must be held."""
    for leftover in [target, *target.parent.glob(f".{target.name}-*")]:
        shutil.rmtree(leftover, ignore_errors=True)


def _build(source: Path, sha256: str, target: Path, progress: Progress) -> None:
    try:
        temp = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise unwritable(target, error) from error
    try:
        licence = dequantise(source, temp, progress)
        files = _write_manifest(temp, source, sha256, licence, progress)
        _sync(temp)
        temp.rename(target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    remember({target / name: digest for name, digest in files.items()})


def _write_manifest(folder: Path, source: Path, sha256: str, licence: str, progress: Progress) -> dict[str, str]:
    from transformers import __version__

    files = {file.name: hash_of(file, progress) for file in sorted(folder.iterdir())}
    content = Manifest(
        schema=_SCHEMA,
        source=str(source.absolute()),
        source_sha256=sha256,
        licence=licence,
        transformers=__version__,
        files=files,
    )
    (folder / _MANIFEST).write_text(json.dumps(content, indent=2) + "\n")
    return files


def _sync(folder: Path) -> None:
    """Force files, then their names, to the disk."""
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
