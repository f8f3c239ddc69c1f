"""Reprs for a person: what a thing is and what it found, in a few lines, however large it is."""

import html
from collections.abc import Collection
from dataclasses import fields, is_dataclass
from typing import Any

from unembed.models.labels import visible

WIDTH = 80
"""Characters of one field, and of one listed item, at most."""
SHOWN = 3
"""How many of the largest things are listed."""


class Brief:
    """A dataclass (`repr=False`) whose repr gives arrays by their shape, and what is long by how much of it there is.

    A class with a finding of its own says it in `_found`, which comes first.
    """

    def __repr__(self) -> str:
        assert is_dataclass(self)
        found = self._found()
        values = ((field.name, getattr(self, field.name)) for field in fields(self) if field.repr)
        said = ", ".join(
            f"{name}={short(value)}" for name, value in values if value is not None and not _is_empty(value)
        )
        return f"{type(self).__name__}({found}; {said})" if found else f"{type(self).__name__}({said})"

    def _repr_html_(self) -> str:
        """What the repr says, for a notebook: in lines as long as the page is wide."""
        said = "".join(c if c in " \n" else visible(c) for c in repr(self))
        return f'<pre style="white-space: pre-wrap">{html.escape(said)}</pre>'

    def _found(self) -> str:
        return ""


def short(value: Any) -> str:
    """A value in at most `WIDTH` characters on one line."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    if isinstance(value, Collection) and not isinstance(value, str | bytes) and not _is_short_of_plain(value):
        return f"<{len(value)} {_kind(value)}>"
    if hasattr(value, "named_modules"):  # a module's own repr is a tree
        return f"<{type(value).__name__}>"
    text = repr(value)
    if len(text) <= WIDTH and "\n" not in text:
        return text
    return f"{text[: WIDTH - 1]}…" if isinstance(value, str | bytes) else f"<{type(value).__name__}>"


def listed(names: Collection[str], whole: int) -> str:
    """`L0.H1 +0.20, L3.H2 +0.11, …`: the first things of `whole`."""
    cut = [name if len(name) <= WIDTH else f"{name[: WIDTH - 1]}…" for name in names]
    return ", ".join(cut) + (", …" if whole > len(names) else "")


def _is_empty(value: Any) -> bool:
    """Whether nothing is listed: most rows of families leave most of their lists empty."""
    return isinstance(value, tuple) and not value


def _is_short_of_plain(value: Collection[Any]) -> bool:
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    plain = len(value) <= WIDTH // 3 and all(isinstance(x, int | float | str | tuple | type(None)) for x in parts)
    return plain and len(repr(value)) <= WIDTH


def _kind(value: Collection[Any]) -> str:
    names = {type(part).__name__ for part in value}
    return names.pop() if len(names) == 1 else "values"
