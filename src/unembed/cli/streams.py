"""Standard input, output and error: what is said on them acts on no terminal, and each may be closed, or full."""

import errno
import importlib.abc
import io
import logging
import os
import sys
import warnings
from typing import Any

import typer

from unembed.errors import InputError
from unembed.models.labels import harmless

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What a stream says that cannot be written to."""


def say(text: str, end: str = "\n") -> None:
    """Write text to stdout, with nothing in it that acts on a terminal."""
    waited()
    sys.stdout.write(harmless(text) + end)
    sys.stdout.flush()


_ERASE = "\r\x1b[K"
_waits: list[str] = []
"""The line that says on a terminal what is waited for, while it stands there."""


def wait_for(what: str) -> None:
    """Say on a terminal what is waited for, in a line of stderr that `waited` takes away; nothing in a pipe."""
    waited()
    if sys.stderr.isatty():
        sys.stderr.write(harmless(what).replace("\n", " "))
        sys.stderr.flush()
        _waits.append(what)


def waited() -> None:
    """Take away what `wait_for` wrote, if it stands there."""
    if _waits:
        _waits.clear()
        sys.stderr.write(_ERASE)
        sys.stderr.flush()


_HEAVY = {"torch", "numpy", "jaxtyping"}
"""What takes seconds to import: torch, and what modules that compute import before it."""


class _Announced(importlib.abc.MetaPathFinder):
    """Finds nothing: it says once that torch is to be imported."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Called with the name of every module that is imported for the first time."""
        if fullname in _HEAVY:
            sys.meta_path.remove(self)
            wait_for("loading torch …")


def announce_torch() -> None:
    """Let whoever waits at a terminal know why."""
    if "torch" not in sys.modules and sys.stderr.isatty():
        sys.meta_path.insert(0, _Announced())


def tell(message: str) -> None:
    """Write a message to stderr, with nothing in it that acts on a terminal."""
    waited()
    typer.echo(f"unembed: {harmless(message)}", err=True)


def read_input() -> str:
    """All of standard input.

    Raises:
        InputError: it is closed, or no UTF-8 text.
    """
    if sys.stdin is None:
        raise InputError("Standard input is closed, so that - has nothing to read: give the prompt as the argument.")
    try:
        return sys.stdin.read()
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read standard input as a UTF-8 text: {error}.") from error


class _Closed(io.TextIOBase):
    """What stands for an output that was closed before the process began (`>&-`)."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.EBADF, "it is closed")


def open_streams() -> None:
    """Let outputs that are closed be told: Python has None for them."""
    sys.stdout = _Closed() if sys.stdout is None else sys.stdout  # type: ignore[redundant-expr]
    sys.stderr = io.StringIO() if sys.stderr is None else sys.stderr


def drop_output() -> None:
    """Send nowhere what stdout still holds: Python would try to write it again at its end, and fail."""
    if not isinstance(sys.stdout, _Closed):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _HarmlessRecord(logging.LogRecord):
    """What a library logs, in characters that act on no terminal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and not isinstance(self.exc_info, bool):
            self.exc_text = harmless(logging.Formatter().formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802  # logging's name
        return harmless(super().getMessage())


def harmless_logs() -> None:
    """Let no warning or log of a library act on the terminal: they quote files."""
    logging.setLogRecordFactory(_HarmlessRecord)
    plain = warnings.formatwarning
    warnings.formatwarning = lambda *args, **kwargs: harmless(plain(*args, **kwargs))
