"""summary: what matters over all prompts of a study: means over prompts, with bootstrap intervals.

A table is of one list column: its entries are put together by part, by layer or by word, one number a prompt, and the
mean over prompts gets a percentile interval (Efron 1979): prompts are drawn again with replacement, `RESAMPLES`
times, and 95 % of the means lie within it. It tells what other prompts of the same kind would do to the mean, not
what other kinds would.

What a prompt's list does not name is 0 where a sum says so (a term that a ledger does not have, an expert that did
not run), and no sample of a word that it does not hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unembed.errors import InputError
from unembed.methods.studies.listing import Listed, listed
from unembed.methods.studies.manifest import Manifest, read_manifest
from unembed.methods.studies.parts import read_parts
from unembed.methods.studies.tasks import Task
from unembed.models.reprs import Brief

if TYPE_CHECKING:
    import polars as pl

RESAMPLES = 2000
FEWEST = 5
"""Prompts below which no interval is told: there is too little to draw from."""
_AT_ONCE = 4_000_000
"""Numbers of a draw that are held at once."""
_Key = tuple[Any, ...]


@dataclass(frozen=True)
class Mean:
    """The mean of one part, layer or word over prompts."""

    name: str
    group: str | None
    """The value of the column that the prompts are told apart by; None is all of them."""
    prompts: int
    mean: float
    low: float | None
    """The ends of the interval; None of fewer than `FEWEST` prompts."""
    high: float | None


@dataclass(frozen=True, repr=False)
class Table(Brief):
    """Means of one kind, the largest over all prompts first."""

    what: str
    unit: str
    count: int
    """How many there are; the largest are told."""
    means: tuple[Mean, ...]


@dataclass(frozen=True, repr=False)
class Summary(Brief):
    """What matters over all prompts of a study. Made by `summarise`."""

    folder: Path
    manifest: Manifest
    answered: int
    failures: int
    by: str | None
    """The column that prompts are told apart by."""
    groups: tuple[str, ...]
    tables: tuple[Table, ...]
    columns: tuple[str, ...]
    """Columns of the file that ask nothing."""
    prompts: tuple[Listed, ...]
    """The first prompts, up to 10,000."""

    def _found(self) -> str:
        return f"{', '.join(table.what for table in self.tables)} over {self.answered - self.failures} prompts"


@dataclass(frozen=True)
class _Spec:
    """How a table is made of a list column."""

    what: str
    unit: str
    column: str
    keys: tuple[str, ...]
    """Fields of an entry that name what it belongs to; entries of a prompt that agree in them are summed."""
    value: str
    absent: bool
    """Whether a prompt that does not name it counts as 0."""
    name: Callable[[_Key], str]


def _part(key: _Key) -> str:
    from unembed.models.names import part_name

    kind, layer, head, *more = key
    neuron = more[0] if more else None
    return part_name(kind, layer, head, None, neuron)


def _neuron(key: _Key) -> str:
    from unembed.models.names import part_name

    layer, expert, neuron = key
    return part_name("neuron", layer, None, expert, neuron)


def _head(key: _Key) -> str:
    return _part(("head", *key))


def _layer(key: _Key) -> str:
    return "outside the layers" if key[0] is None else f"L{key[0]}"


def _state(key: _Key) -> str:
    return "emb" if key[0] is None else f"L{key[0]}"


_OF_THE_QUESTION = "that of the question"
"""The unit of effects on the number that each prompt asks about (`_unit`)."""
_SPECS = (
    _Spec("credit by part", "logits", "terms", ("kind", "layer", "head"), "value", True, _part),
    _Spec("credit by layer", "logits", "terms", ("layer",), "value", True, _layer),
    _Spec("zeroed, one by one", _OF_THE_QUESTION, "zeroed", ("kind", "layer", "head"), "effect", False, _part),
    _Spec("effect by part", _OF_THE_QUESTION, "effects", ("kind", "layer", "head", "neuron"), "effect", False, _part),
    _Spec("heads, direct effect", "logits", "heads", ("layer", "head"), "credit", False, _head),
    _Spec("heads, zeroed one by one", _OF_THE_QUESTION, "heads", ("layer", "head"), "effect", False, _head),
    _Spec("edges", "logits", "edges", ("sender", "reader"), "score", True, " -> ".join),
    _Spec("attribution by neuron", "probability", "neurons", ("layer", "expert", "neuron"), "value", True, _neuron),
    _Spec(
        "without each word",
        _OF_THE_QUESTION,
        "words",
        ("text",),
        "effect",
        False,
        lambda key: str(key[0]).strip() or key[0],
    ),
    _Spec("the target after each layer", "probability", "states", ("layer",), "probability", False, _state),
)


def summarise(folder: str | Path, *, by: str | None = None, top: int = 15, seed: int = 0) -> Summary:
    """Means over the prompts of a study that went well.

    Args:
        folder: of a study, finished or not.
        by: a column of the prompts; each of its values is told apart beside all.
        top: how many rows of each table, the largest mean over all prompts first.
        seed: of the draws.

    Raises:
        InputError: no folder of a study, a part that cannot be read, no such column, or no prompt that went well.
    """
    folder = Path(folder).expanduser()
    manifest = read_manifest(folder)
    groups, answered, versus = _groups(folder, manifest, by)
    if not groups:
        raise InputError(f"No prompt of {folder} was answered ({answered} rows are there): there is nothing to report.")
    asked = Task(**manifest["task"]).kind.columns()
    specs = [replace(spec, unit=_unit(spec, manifest, versus)) for spec in _SPECS if spec.column in asked]
    tables = [_table(spec, folder, manifest, by, top, seed) for spec in specs]
    names = tuple(sorted({group for group in groups if group is not None}))
    failures = answered - len(groups)
    there = tuple(table for table in tables if table is not None)
    return Summary(folder, manifest, answered, failures, by, names, there, *listed(folder, manifest))


def _unit(spec: _Spec, manifest: Manifest, versus: Set[bool]) -> str:
    """Effects are on a log-probability; with a second token on a difference of logits; of `patch` they are shares."""
    do = manifest["task"]["do"]
    if spec.unit != _OF_THE_QUESTION:
        return spec.unit
    if do == "patch":
        return "share of the way to the clean run"
    if do == "ablate" or True not in versus:  # `ablate` asks about no second token
        return "nats"
    return "nats, or logits of the prompts with a versus" if False in versus else "logits"


def _groups(folder: Path, manifest: Manifest, by: str | None) -> tuple[list[str | None], int, set[bool]]:
    """The group of each row that went well, how many rows there are, and whether those that went well have a versus."""
    found: list[str | None] = []
    answered, versus = 0, set[bool]()
    for part in read_parts(folder, manifest):
        _check_column(part, by)
        answered += part.height
        found += _group_of(_well(part), by)
        versus |= set(_well(part)["versus"].is_not_null()) if "versus" in part.columns else {False}
    return found, answered, versus


def _check_column(part: "pl.DataFrame", by: str | None) -> None:
    if by is not None and by not in part.columns:
        known = [name for name, kind in part.schema.items() if not kind.is_nested()]
        raise InputError(
            f"Expected a column of the prompts to compare by, found {by!r}.\nThere are {', '.join(known)}."
        )


def _well(part: "pl.DataFrame") -> "pl.DataFrame":
    return part.filter(part["error"].is_null())


def _group_of(part: "pl.DataFrame", by: str | None) -> list[str | None]:
    return [None] * part.height if by is None else ["none" if x is None else str(x) for x in part[by].to_list()]


def _table(spec: _Spec, folder: Path, manifest: Manifest, by: str | None, top: int, seed: int) -> Table | None:
    """The means of one kind; None where no prompt has any. Two passes: which are largest, then their
    numbers, so that what is held does not grow with the parts of a prompt."""
    sums: dict[_Key, float] = {}
    counts: dict[_Key, int] = {}
    prompts = 0
    for part in _columns(spec, folder, manifest, None):
        prompts += part.height
        for key, total, count in _summed(spec, part):
            sums[key] = sums.get(key, 0.0) + total
            counts[key] = counts.get(key, 0) + count
    if not sums:
        return None
    means = {key: total / (prompts if spec.absent else counts[key]) for key, total in sums.items()}
    best = sorted(means, key=lambda key: -abs(means[key]))[:top]
    if spec.keys == ("layer",):  # in the order of the stream
        best = sorted(means, key=lambda key: (key[0] is not None, key[0] or 0))
    values, groups = _values(spec, folder, manifest, by, best)
    return Table(spec.what, spec.unit, len(means), tuple(_means(spec, best, values, groups, seed)))


def _columns(spec: _Spec, folder: Path, manifest: Manifest, by: str | None) -> "Iterator[pl.DataFrame]":
    wanted = ["row", "error", spec.column]
    if by is not None and by not in wanted:
        wanted.append(by)
    for part in read_parts(folder, manifest, wanted):
        yield _well(part)


def _exploded(spec: _Spec, part: "pl.DataFrame") -> "pl.DataFrame":
    """One row a prompt and key, with the sum of its entries."""
    import polars as pl

    long = part.select("row", spec.column).explode(spec.column).drop_nulls(spec.column).unnest(spec.column)
    long = long.filter(pl.col(spec.value).is_not_null())
    if spec.column == "words":  # the one that asks cannot be taken away, and is no finding
        long = long.filter(pl.col("mark").is_null() | (pl.col("mark") != "last"))
    for name in spec.keys:
        if name not in long.columns:
            long = long.with_columns(pl.lit(None).alias(name))
    return long.group_by(["row", *spec.keys], maintain_order=True).agg(pl.col(spec.value).sum())


def _summed(spec: _Spec, part: "pl.DataFrame") -> Iterator[tuple[_Key, float, int]]:
    import polars as pl

    long = _exploded(spec, part)
    found = long.group_by(list(spec.keys), maintain_order=True).agg(
        pl.col(spec.value).sum(), pl.len().alias("prompts of it")
    )
    for *key, total, count in found.iter_rows():
        yield tuple(key), total, count


def _values(
    spec: _Spec, folder: Path, manifest: Manifest, by: str | None, best: Sequence[_Key]
) -> tuple[NDArray[np.float64], list[str | None]]:
    """One row a prompt, one column a key; NaN where it is no sample."""
    place = {key: index for index, key in enumerate(best)}
    blocks, groups = [], []
    for part in _columns(spec, folder, manifest, by):
        row_of = {row: index for index, row in enumerate(part["row"].to_list())}
        block = np.full((part.height, len(best)), 0.0 if spec.absent else np.nan)
        for row, *key, value in _exploded(spec, part).iter_rows():
            if tuple(key) in place:
                block[row_of[row], place[tuple(key)]] = value
        blocks.append(block)
        groups += _group_of(part, by)
    return np.concatenate(blocks), groups


def _means(
    spec: _Spec, best: Sequence[_Key], values: NDArray[np.float64], groups: Sequence[str | None], seed: int
) -> Iterator[Mean]:
    told: list[str | None] = [None, *sorted({group for group in groups if group is not None})]
    chosen: Mapping[str | None, NDArray[np.bool_]] = {
        group: np.asarray([group is None or each == group for each in groups]) for group in told
    }
    for index, key in enumerate(best):
        for group in told:
            column = values[chosen[group], index]
            column = column[~np.isnan(column)]
            if len(column):
                low, high = interval(column, seed)
                yield Mean(spec.name(key), group, len(column), float(column.mean()), low, high)


def interval(values: NDArray[np.float64], seed: int = 0) -> tuple[float | None, float | None]:
    """The percentile bootstrap interval of a mean, 95 %; None of fewer than `FEWEST` values."""
    if len(values) < FEWEST:
        return None, None
    chance, means = np.random.default_rng(seed), []
    at_once = max(1, _AT_ONCE // len(values))
    for start in range(0, RESAMPLES, at_once):
        drawn = chance.integers(len(values), size=(min(at_once, RESAMPLES - start), len(values)))
        means.append(values[drawn].mean(1))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)
