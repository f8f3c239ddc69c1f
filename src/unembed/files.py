"""Files: what someone keeps, and JSON of anyone's making.

A file is written beside its place and renamed onto it, so that it is whole or as before. Whatever fails (a full disk,
an interrupt, an error of what makes the content), an earlier file stays as it was, and nothing else is left beside it.
"""

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from unembed.errors import InputError


def write_file(path: str | Path, data: bytes | str) -> None:
    """Write a file: whole, or not at all; text as UTF-8. As `written`."""
    with written(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text of anyone's making.

    Raises:
        ValueError: it is no JSON, or nested deeper than Python reads.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


@contextlib.contextmanager
def written(path: str | Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` when the context ends, and are dropped if it fails.

    A link stays one: the file that it names is written. What is no plain file (a pipe, `/dev/stdout`) is written as
    the bytes come. An earlier file keeps its permissions.

    Raises:
        InputError: the file cannot be written; an earlier one is as it was.
    """
    path = Path(path)
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
            return
        with _beside(target) as file:
            yield file
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"Cannot write {path}: {reason}. An earlier file there is unchanged; free some space, or name another path."
        ) from error


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    part = target.with_name(f".unembed-{secrets.token_hex(8)}")  # not longer names: `target` may be as long as one gets
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # before the rename: a crash must not leave the new name on an empty file
        with contextlib.suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk, where a system lets one."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
