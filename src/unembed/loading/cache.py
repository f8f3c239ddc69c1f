"""The user's cache: where it is, checksums of files, and what is said when it cannot be written."""

import contextlib
import errno
import functools
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from unembed.errors import InputError, ModelError
from unembed.files import parse_json, write_file
from unembed.progress import Progress, silent

_CHUNK = 1 << 22


def cache_folder() -> Path:
    """The folder that holds what `unembed` keeps between runs: `UNEMBED_CACHE`, else the platform's own."""
    if chosen := os.environ.get("UNEMBED_CACHE"):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("unembed")


def file_sha256(file: Path, progress: Progress = silent) -> str:
    """The sha256 of `file`, remembered in the cache for as long as its path, size and times of change stay."""
    *known, digest = _digests().get(str(file.resolve()), [None])
    if known == _stamp(file):
        return str(digest)
    digest = hash_of(file, progress)
    remember({file: digest})
    return digest


def _stamp(file: Path) -> list[int]:
    """Who copies a file with its time of modification still changes that of its status, which nobody can set."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def hash_of(file: Path, progress: Progress) -> str:
    """The sha256 of `file`, read now."""
    total, done, digest = max(file.stat().st_size, 1), 0, hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(f"Checking {file.name}", min(done / total, 1.0))
    return digest.hexdigest()


def _digests() -> dict[str, list[Any]]:
    file = cache_folder() / "digests.json"
    try:
        return _digests_in(file, *_stamp(file))
    except (OSError, ValueError):
        return {}


@functools.lru_cache(maxsize=1)
def _digests_in(file: Path, *_stamped: int) -> dict[str, list[Any]]:
    """What a file says, read again once it has changed: every payload tells the digest of its model."""
    known = parse_json(file.read_text())
    entries = known.items() if isinstance(known, dict) else ()
    return {file: entry for file, entry in entries if isinstance(entry, list) and entry}


def remember(digests: dict[Path, str]) -> None:
    """Keep digests for the next run; a cache that cannot be written only costs time."""
    known = _digests() | {str(file.resolve()): [*_stamp(file), digest] for file, digest in digests.items()}
    with contextlib.suppress(OSError, InputError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        write_file(cache_folder() / "digests.json", json.dumps(known))


def unwritable(target: Path, error: OSError) -> ModelError:
    """What is said when a model cannot be written at `target`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_room(target, "the disk is full")
    return ModelError(
        f"Cannot write the converted model to {target.parent}: {error}. "
        "Make that folder writable, or set UNEMBED_CACHE to one that is."
    )


def no_room(target: Path, found: str) -> ModelError:
    """What is said when there is no space for a model at `target`."""
    return ModelError(
        f"No space left for the converted model in {target.parent}: {found}. "
        "Nothing was kept. Free some space, or set UNEMBED_CACHE to a folder on another disk."
    )
