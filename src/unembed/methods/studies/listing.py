"""listing: the prompts of a study, each with what was asked of it and what the model said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unembed.methods.studies.manifest import Manifest
from unembed.methods.studies.parts import COMMON, read_parts
from unembed.methods.studies.tasks import Task

_MOST = 10_000
"""Prompts that are listed, the first of the file."""
_ASKED = ("prompt", "row", "target", "target_id", "probability", "error", "versus")
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Listed:
    """A prompt of a study. Made by `listed`."""

    row: int
    prompt: str
    """As text, or token ids as JSON."""
    target: str | None
    """The token that was asked about."""
    target_id: int | None
    probability: float | None
    versus: str | None
    """The token that it was compared with."""
    error: str | None
    """Why there is no answer."""
    about: tuple[Cell, ...]
    """The other columns of the file."""


def listed(folder: Path, manifest: Manifest) -> tuple[tuple[str, ...], tuple[Listed, ...]]:
    """The names of the file's other columns, and its first prompts that are there, in the order of their rows.

    Raises:
        InputError: a part that cannot be read.
    """
    import polars as pl

    first = next(read_parts(folder, manifest), None)
    if first is None:
        return (), ()
    plain = [name for name, kind in first.schema.items() if not kind.is_nested()]  # lists may be larger than memory
    whole = pl.concat(read_parts(folder, manifest, plain)).sort("row").head(_MOST)
    ours = {*_ASKED, *COMMON, *Task(**manifest["task"]).kind.columns()}
    names = tuple(name for name in plain if name not in ours)
    return names, tuple(_listed(row, names) for row in whole.iter_rows(named=True))


def _listed(row: Mapping[str, Any], names: Sequence[str]) -> Listed:
    asked: dict[str, Any] = {name: row.get(name) for name in _ASKED if name not in ("prompt", "versus")}
    versus = row.get("versus")
    return Listed(
        **asked,
        prompt="" if row["prompt"] is None else str(row["prompt"]),
        versus=None if versus is None else str(versus),
        about=tuple(row[name] for name in names),
    )
