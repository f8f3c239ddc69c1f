"""The terminal view: payloads as lines of at most 100 columns, also in a pipe and in ASCII.

The lines of the payloads in `payloads/lens.py` are made by `terminal/lens.py`, and so on: `@lines_of.register`.
"""

import functools
import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unembed.view import payloads

if TYPE_CHECKING:
    from rich.text import Text

    from unembed.view.terminal.paper import Paper


@functools.singledispatch
def lines_of(payload: Any, paper: "Paper", **shown: Any) -> "Iterator[Text]":
    """The lines of a payload.

    Args:
        payload: of any command.
        paper: what is written on.
        shown: what this view lets one choose, such as `top`.
    """
    kind = type(payload)
    place, _, subject = kind.__module__.rpartition(".")
    if place == payloads.__name__:  # its view registers itself as it is imported
        importlib.import_module(f"{__name__}.{subject}")
    if lines_of.dispatch(kind) is lines_of.dispatch(object):
        raise TypeError(f"No lines are registered for {kind.__name__}: see unembed.view.terminal.")
    return lines_of(payload, paper, **shown)
