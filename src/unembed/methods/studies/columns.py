"""Columns: what the answer of each task holds, as Parquet types."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


def _whole(*names: str) -> "dict[str, pl.DataType]":
    import polars as pl

    return {name: pl.Int32() for name in names}


def _list_of(**columns: Any) -> Any:
    import polars as pl

    return pl.List(pl.Struct(columns))


def explain_columns() -> "dict[str, pl.DataType]":
    """Of `explain`."""
    import polars as pl

    term = {"kind": pl.String(), **_whole("layer", "head", "expert", "neuron", "source"), "value": pl.Float64()}
    zeroed = {"kind": pl.String(), **_whole("layer", "head"), "effect": pl.Float64()}
    numbers = {name: pl.Float64() for name in ("value", "ledger_error", "tolerance")}
    return {**numbers, "terms": _list_of(**term), "zeroed": _list_of(**zeroed), **word_columns()}


def word_columns() -> "dict[str, pl.DataType]":
    """Of `words`."""
    import polars as pl

    unit = {"text": pl.String(), **_whole("start", "end"), "mark": pl.String(), "effect": pl.Float64()}
    return {"words": _list_of(**unit)}


def lens_columns() -> "dict[str, pl.DataType]":
    """Of `lens`."""
    import polars as pl

    return {"states": _list_of(**_whole("layer", "rank"), probability=pl.Float64(), kl=pl.Float64())}


def ablate_columns() -> "dict[str, pl.DataType]":
    """Of `ablate`."""
    import polars as pl

    return {"effects": _list_of(kind=pl.String(), **_whole("layer", "head", "neuron"), effect=pl.Float64())}


def knowledge_columns() -> "dict[str, pl.DataType]":
    """Of `knowledge`."""
    import polars as pl

    return {"neurons": _list_of(**_whole("layer", "expert", "neuron"), value=pl.Float64())}


def patch_columns() -> "dict[str, pl.DataType]":
    """Of `patch`."""
    import polars as pl

    whole = _whole("layer", "head", "neuron", "position")
    effects = _list_of(kind=pl.String(), **whole, effect=pl.Float64())
    return {"metric": pl.String(), "clean": pl.Float64(), "corrupt_value": pl.Float64(), "effects": effects}


def heads_columns() -> "dict[str, pl.DataType]":
    """Of `heads`."""
    import polars as pl

    numbers = {name: pl.Float64() for name in ("credit", "effect")}
    return {"heads": _list_of(**_whole("layer", "head"), **numbers, **_whole("source"), weight=pl.Float64())}


def circuit_columns() -> "dict[str, pl.DataType]":
    """Of `circuit`."""
    import polars as pl

    edges = _list_of(sender=pl.String(), reader=pl.String(), score=pl.Float64())
    return {**{name: pl.Float64() for name in ("clean", "corrupt_value", "circuit_value")}, "edges": edges}
