"""Parts: the Parquet files of a study, each whole or not there.

`part-00003.parquet` holds the rows of the fourth part of the plan, in its order. Which rows these are follows from
the prompts alone, so a part that is there is a part that is done, whoever made it.
"""

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unembed.errors import InputError
from unembed.files import write_file
from unembed.methods.studies.answers import Answer
from unembed.methods.studies.prompt_files import Prompts
from unembed.methods.studies.tasks import Task

if TYPE_CHECKING:
    import polars as pl

    from unembed.methods.studies.manifest import Manifest

_LEFT = 600
"""Seconds after which a file that was being written is taken to be left of a process that was killed."""
STAYS = "What is finished stays; the same command goes on from there."
"""What is told of whatever stops the work."""
COMMON = ("row", "target", "target_id", "logit", "probability", "length", "error")
"""Columns of every study."""


def name_of(index: int) -> str:
    """Of a part's file."""
    return f"part-{index:05d}.parquet"


def own_columns(prompts: Prompts, task: Task) -> "dict[str, tuple[str, pl.DataType]]":
    """What each column of the prompts is called in a part, and its type.

    One that is called as a column of ours becomes `given_…`. Text, whole numbers, numbers and truth values keep their
    type; a column of anything else, or of several types, is JSON text.
    """
    taken = {*COMMON, *task.kind.columns()}
    named: dict[str, tuple[str, pl.DataType]] = {}
    for column in prompts.columns:
        name = column
        while name in taken:
            name = f"given_{name}"
        taken.add(name)
        named[column] = (name, _type_of([row.get(column) for row in prompts.rows]))
    return named


def _type_of(values: Sequence[Any]) -> "pl.DataType":
    import polars as pl

    kinds = {type(value) for value in values if value is not None}
    known: dict[frozenset[type], pl.DataType] = {
        frozenset({str}): pl.String(),
        frozenset({bool}): pl.Boolean(),
        frozenset({int}): pl.Int64(),
        frozenset({float}): pl.Float64(),
        frozenset({int, float}): pl.Float64(),
    }
    fits = all(abs(value) < 2**63 for value in values if isinstance(value, int))
    return known.get(frozenset(kinds), pl.String()) if fits else pl.String()


def schema_of(own: "Mapping[str, tuple[str, pl.DataType]]", task: Task) -> "dict[str, pl.DataType]":
    """The columns of a part."""
    import polars as pl

    told = {"target": pl.String(), "target_id": pl.Int64(), "logit": pl.Float64(), "probability": pl.Float64()}
    columns = {"row": pl.Int64(), **dict(own.values()), "length": pl.Int64(), **told, "error": pl.String()}
    return {**columns, **task.kind.columns()}


def own_values(row: Mapping[str, Any], own: "Mapping[str, tuple[str, pl.DataType]]") -> dict[str, Any]:
    """The values of a row under the names that they have in a part."""
    return {name: _fitted(row.get(column), kind) for column, (name, kind) in own.items()}


def _fitted(value: Any, kind: "pl.DataType") -> Any:
    import polars as pl

    if value is None or isinstance(value, str):
        return value
    if isinstance(kind, pl.Float64):
        return float(value)
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(kind, pl.String) else value


def packed(answers: Sequence[Answer], schema: "Mapping[str, pl.DataType]") -> bytes:
    """The rows of a part as Parquet."""
    import polars as pl

    held = io.BytesIO()
    pl.DataFrame(answers, schema=dict(schema), orient="row").write_parquet(held)
    return held.getvalue()


def write_part(folder: Path, index: int, held: bytes) -> None:
    """Write a part: whole, or not at all.

    Raises:
        InputError: it cannot be written.
    """
    try:
        write_file(folder / name_of(index), held)
    except InputError as error:
        raise InputError(f"{error}\n{STAYS}") from error


def why_unusable(path: Path, rows: Sequence[int]) -> str | None:
    """Why a part has to be made again; None of one that holds these rows."""
    import polars as pl

    try:
        found = pl.read_parquet(path)["row"].to_list()  # all of it: a hole in the middle shows only there
    except (pl.exceptions.PolarsError, OSError) as error:
        return f"cannot be read ({next(iter(str(error).splitlines()), type(error).__name__)})"
    return None if found == list(rows) else f"holds {len(found)} other rows than the {len(rows)} of this part"


def read_parts(folder: Path, manifest: "Manifest", columns: Sequence[str] | None = None) -> "Iterator[pl.DataFrame]":
    """The parts that are there, one after the other; some columns, or all.

    Raises:
        InputError: one cannot be read.
    """
    import polars as pl

    for index in range(manifest["parts"]):
        path = folder / name_of(index)
        if not path.exists():
            continue
        try:
            yield pl.read_parquet(path, columns=None if columns is None else list(columns))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InputError(
                f"{path} cannot be read: {error}.\nAsk the study again with the same command; it makes the part anew."
            ) from error


def clear_left(folder: Path) -> None:
    """Remove what a killed process was writing."""
    for path in folder.glob(".unembed-*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFT:
                path.unlink()
