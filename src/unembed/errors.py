"""The four things that can go wrong, each with the exit code the command line gives it; and what an interrupt leaves.

A message is written for a person: what was expected, what was found, what to do.
"""

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class UnembedError(Exception):
    """Anything `unembed` refuses or cannot finish. Exit code 1."""

    exit_code = 1


class InputError(UnembedError):
    """The request itself cannot be met: empty prompt, unknown target, position out of range. Exit code 2."""

    exit_code = 2


def counted(count: Any, what: str = "a count", *, least: int = 0) -> int:
    """The count, if it is a whole number of at least `least`.

    Raises:
        InputError: it is not.
    """
    try:
        found = operator.index(count)
    except TypeError:
        found = None
    if found is None or found < least:
        raise InputError(f"Expected {what} as a whole number of at least {least}, found {count!r}.")
    return found


class ModelError(UnembedError):
    """The model is missing, damaged, unsupported or does not agree with itself. Exit code 3."""

    exit_code = 3


class LedgerError(UnembedError):
    """A decomposition did not add up to the model's own number within its tolerance. Exit code 4."""

    exit_code = 4


class Interrupted(KeyboardInterrupt):
    """Work was stopped from outside (Ctrl-C); `result` is what was finished.

    It is of the type that the interrupted function returns and tells itself what is missing: by `complete=False`, by a
    note, or by NaN in an array. A function that can tell nothing yet raises a plain `KeyboardInterrupt`
    (`all_or_nothing`).
    """

    def __init__(self, result: Any) -> None:
        super().__init__(f"interrupted: what is finished ({type(result).__name__}) is the `result` of this exception")
        self.result = result


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Work whose unfinished parts tell nothing: what an inner function had finished goes no further."""
    try:
        yield
    except Interrupted as stop:
        raise KeyboardInterrupt from stop
