"""Prompts of anyone's making: a JSONL, JSON, CSV or Parquet file with one prompt a row, or rows from Python.

The column `prompt` is asked about; `target`, `versus`, `answer` and `corrupt` say how; all others pass through. A
row's number counts from 0: of JSONL it is the line's, of CSV and Parquet that of the record.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unembed.errors import InputError
from unembed.files import parse_json
from unembed.methods.edges.tasks import TASKS, task_rows
from unembed.methods.prompt_sets import with_marks
from unembed.methods.studies.shapes import FACTS, facts_of, shaped, shipped_facts
from unembed.models.reprs import Brief

_ASKED = ("prompt", "target", "versus", "answer", "corrupt")
"""Columns that say what is asked, in the words of the methods."""
_ENDINGS = ".jsonl, .json, .csv, .parquet or .yaml"
_GENERATED = tuple(name for name in TASKS if name != FACTS)
"""Tasks whose prompts are made."""
_NAMED = 5
"""Bad lines that a refusal names."""
Row = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Prompts(Brief):
    """Rows that are asked about. Made by `read_prompts` or `prompts_of`."""

    name: str
    """Of the file; what a person is told."""
    sha256: str
    """Of the file, or of the rows as JSON."""
    numbers: tuple[int, ...]
    """Of each row."""
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in the order in which they first come."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def _found(self) -> str:
        return f"{len(self.rows)} rows of {self.name}: {', '.join(self.columns)}"


def prompts_of(rows: Iterable[Row], name: str = "rows", *, numbers: Sequence[int] | None = None) -> Prompts:
    """Rows from Python.

    Raises:
        InputError: there are none, or one is no mapping.
    """
    found = tuple(with_marks(row) if isinstance(row, Mapping) else row for row in rows)
    for number, row in enumerate(found):
        if not isinstance(row, dict):
            raise InputError(f"Expected each row as a mapping with a `prompt`, found {row!r:.80} as row {number}.")
    text = json.dumps(found, default=str, sort_keys=True)
    return _checked(Prompts(name, _sha256(text.encode()), tuple(numbers or range(len(found))), found))


def read_prompts(path: str | Path, columns: Mapping[str, str] | None = None) -> Prompts:
    """The rows of a file of prompts, of a known shape (shapes.py) or with a column `prompt`.

    Args:
        path: of a .jsonl, .json, .csv or .parquet file, of facts in .yaml; "facts", those that ship; or a task ("ioi").
        columns: what the file calls the columns that say what is asked, such as `{"prompt": "question"}`.

    Raises:
        InputError: it cannot be read, has bad lines (named by number), no rows, or no column of prompts.
    """
    if str(path) == FACTS:
        return prompts_of(shipped_facts(), FACTS)
    if str(path) in _GENERATED:
        return prompts_of(task_rows(str(path)), str(path))
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(
            f"There is no file {file}: expected prompts, as {_ENDINGS}; or {FACTS}, those that ship, or "
            f"those of a task ({', '.join(_GENERATED)})."
        )
    if file.suffix.lower() in (".yaml", ".yml"):
        return prompts_of(facts_of(file), file.name)
    kinds: dict[str, Callable[[bytes, Path], Iterator[tuple[int, Row]]]] = {
        ".jsonl": _jsonl,
        ".ndjson": _jsonl,
        ".json": _json,
        ".csv": _csv,
        ".parquet": _parquet,
    }
    if file.suffix.lower() not in kinds:
        raise InputError(f"{file}: expected a name that ends in {_ENDINGS}. Rename it to what it holds.")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror}. Check its permissions.") from error
    read = list(kinds[file.suffix.lower()](data, file))
    rows = tuple(shaped(with_marks(_renamed(row, columns or {}))) for _, row in read)
    return _checked(Prompts(file.name, _sha256(data), tuple(number for number, _ in read), rows), columns)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _renamed(row: Row, columns: Mapping[str, str]) -> Row:
    """The row with what it calls otherwise under our names."""
    ours = {theirs: name for name, theirs in columns.items()}
    return {ours.get(name, name): value for name, value in row.items() if name in ours or name not in columns}


def _checked(prompts: Prompts, columns: Mapping[str, str] | None = None) -> Prompts:
    if not prompts.rows:
        raise InputError(f"{prompts.name} has no rows: expected at least one, with a column `prompt`.")
    if unknown := set(columns or ()) - set(_ASKED):
        raise InputError(f"Expected columns of {', '.join(_ASKED)} to be named; found {', '.join(sorted(unknown))}.")
    for ours in ("prompt", *(columns or ())):
        if ours not in prompts.columns:
            theirs = (columns or {}).get(ours, ours)
            raise InputError(
                f"{prompts.name} has no column `{theirs}`: found {', '.join(prompts.columns)}.\n"
                f"Say which column it is: --column {ours}=NAME."
            )
    return prompts


def _jsonl(data: bytes, file: Path) -> Iterator[tuple[int, Row]]:
    bad: list[str] = []
    for number, line in enumerate(_text(data, file).split("\n")):
        if not line.strip():
            continue
        try:
            found = parse_json(line)
        except ValueError as error:
            bad.append(f"line {number + 1}: no JSON ({error})")
            continue
        if isinstance(found, dict):
            yield number, found
        else:
            bad.append(f"line {number + 1}: expected an object with a `prompt`, found {line.strip():.40}")
    _refuse(file, bad)


def _json(data: bytes, file: Path) -> Iterator[tuple[int, Row]]:
    try:
        found = parse_json(_text(data, file))
    except ValueError as error:
        raise InputError(f"{file} is no JSON: {error}.\nOne object a line is .jsonl.") from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InputError(f"{file}: expected a list of objects, one a prompt.\nOne object a line is .jsonl.")
    yield from enumerate(found)


def _csv(data: bytes, file: Path) -> Iterator[tuple[int, Row]]:
    """Cells are text; an empty one is null."""
    bad: list[str] = []
    reader = csv.reader(io.StringIO(_text(data, file), newline=""), strict=True)
    header: list[str] | None = None
    number = 0
    try:
        for cells in reader:
            if not cells:
                continue
            if header is None:
                header = cells
                if twice := [name for name in header if header.count(name) > 1]:
                    raise InputError(f"{file}, line 1: expected different columns, found {twice[0]!r} twice.")
                continue
            if len(cells) != len(header):
                bad.append(f"line {reader.line_num}: expected {len(header)} cells, found {len(cells)}")
            yield number, {name: value or None for name, value in zip(header, cells, strict=False)}
            number += 1
    except csv.Error as error:
        bad.append(f"line {reader.line_num}: {error}")
    _refuse(file, bad)


def _parquet(data: bytes, file: Path) -> Iterator[tuple[int, Row]]:
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"Cannot read {file} as Parquet: {error}.\nIt is damaged, or another kind of file.") from error
    yield from enumerate(frame.iter_rows(named=True))


def _text(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02x}"
        raise InputError(f"{file}, line {line}: expected UTF-8, found {found}. Save the file as UTF-8.") from error


def _refuse(file: Path, bad: Sequence[str]) -> None:
    if bad:
        more = f"\n  and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        listed = "".join(f"\n  {each}" for each in bad[:_NAMED])
        raise InputError(f"{file} has bad lines, and nothing was asked yet:{listed}{more}\nCorrect or remove them.")
