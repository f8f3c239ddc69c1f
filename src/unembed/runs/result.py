"""Result: what every finding has: entries that are ranked, tabulated, drawn, shown in a notebook and written as JSON.

A method's result is a frozen dataclass of this base. It says what it is about (`model`, `tokens`) and what its entries
are (`entries`); all else follows from these. docs/add-a-method.md makes one.

    entries    what was found, one object each, with a number by which it counts: the attribute named by `measure`
    columns    an entry as plain values; the first names it
    top        the entries that count most
"""

import html
import importlib
import importlib.metadata
import json
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from unembed.errors import InputError, counted
from unembed.models.labels import visible
from unembed.models.reprs import Brief
from unembed.models.tokens import name_of

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from unembed.models.model import Model
    from unembed.runs.figures import Picture
    from unembed.runs.run import Run

Entry = TypeVar("Entry")
_ROWS, _BARS = 10, 20
"""Entries of a table in a notebook, and of a picture."""
_ENDS = 80
"""Letters of a long prompt's beginning and of its end, in a caption."""
_INDICES = ("layer", "head", "expert", "neuron", "source", "position")
"""Columns that are whole numbers also where all of them are null."""


class Result(Brief, Generic[Entry]):
    """What a method found.

    A subclass is a dataclass with `model` (that was asked) and `tokens` (ids of the prompt; none for what is about
    weights alone), as fields or properties, and with `entries`. It overrides `measure` and `unit` where the numbers are
    called otherwise or are no logits, `notes` and `complete` where there is something to say, `columns` where an entry
    alone does not know the text of its token, and `plot` where a map says more than bars.
    """

    measure: ClassVar[str] = "value"
    """The column of the number by which entries count."""

    @property
    def _about(self) -> "tuple[Model, tuple[int, ...]]":
        result: Any = self  # `model` and `tokens` are fields of some results and properties of others
        return result.model, result.tokens

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "logits"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know to read the numbers right."""
        return ()

    @property
    def complete(self) -> bool:
        """False where the work was interrupted: then entries are missing."""
        return True

    @cached_property
    def token_texts(self) -> tuple[str, ...]:
        """The text of the token at each position."""
        model, tokens = self._about
        return tuple(name_of(model, token) for token in tokens)

    @cached_property
    def source_texts(self) -> tuple[str, ...]:
        """What the encoder of an encoder-decoder read at each position of its source."""
        source = self._about[0].source
        return () if source is None else tuple(token.label for token in source.tokens)

    def entries(self) -> Sequence[Entry]:
        """All that was found, in the order of the model or the prompt."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its entries are.")

    def columns(self, entry: Entry) -> dict[str, Any]:
        """An entry as plain values by column. A column called `token`, or `…_token`, holds the text of one."""
        label = {"label": entry.label} if hasattr(entry, "label") else {}  # type: ignore[attr-defined]
        return label | vars(entry)

    def table(self) -> list[dict[str, Any]]:
        """All entries as plain values."""
        return [self.columns(entry) for entry in self.entries()]

    def top(self, count: int = 10) -> Sequence[Entry]:
        """The entries that count most: those of the largest absolute value of `measure`, the largest first.

        Signs do not count: what speaks against stands among what speaks for. Equal ones keep the order of `entries`.
        """
        return sorted(self.entries(), key=lambda entry: -abs(getattr(entry, self.measure)))[: counted(count)]

    def to_polars(self) -> "pl.DataFrame":
        """All entries as a table, one row each, with its `columns`."""
        import polars as pl

        rows = self.table()
        whole = {name: pl.Int64 for name in _INDICES if rows and name in rows[0]}
        return pl.DataFrame(rows, schema_overrides=whole, infer_schema_length=None)

    def to_pandas(self) -> Any:
        """All entries as a `pandas.DataFrame`; pandas is not installed with unembed.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise InputError("to_pandas needs pandas: pip install pandas. to_polars needs nothing more.") from error
        frame = self.to_polars()
        return pandas.DataFrame(frame.to_dict(as_series=False), columns=frame.columns)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data: what `--json` prints, where a command does (docs/json.md).

        Of another result it is `result` (its type), `model`, `tokens`, `measure`, `unit`, `notes`, `complete` and
        `entries`, the rows of all entries. What is not finite is null.
        """
        from unembed.view.payloads import payload_of, to_json

        data = to_json(payload_of(self)) if payload_of.knows(self) else self._plain()
        return json.loads(json.dumps(data, allow_nan=False))

    def _plain(self) -> dict[str, Any]:
        model, tokens = self._about
        texts = zip(tokens, self.token_texts, strict=True)
        return {
            "result": type(self).__name__,
            "model": model.name,
            "tokens": [{"position": i, "id": token, "text": text} for i, (token, text) in enumerate(texts)],
            "measure": self.measure,
            "unit": self.unit,
            "notes": self.notes,
            "complete": self.complete,
            "entries": [{name: _finite(value) for name, value in row.items()} for row in self.table()],
        }

    def plot(self) -> "Figure":
        """Draw the top entries as bars, or what says more. `plot().savefig("name.pdf")` keeps text as text.

        Raises:
            InputError: matplotlib is not installed.
        """
        return self.bars(self.top(_BARS))

    def bars(self, entries: Sequence[Entry], *, title: str = "", total: float | None = None) -> "Figure":
        """Draw some entries as bars under their names; with a `total`, what is left of it as one more."""
        from unembed.runs.figures import bars

        values = [float(getattr(entry, self.measure)) for entry in entries]
        others = None if total is None else ("all others", total - math.fsum(values))
        names = [self.name(entry) for entry in entries]
        return self.captioned(bars(names, values, unit=self.unit, title=title, others=others))

    def captioned(self, picture: "Picture") -> "Picture":
        """A picture with a caption: of which model it is, and of which prompt."""
        from unembed.runs.figures import captioned

        model, tokens = self._about
        edits = [f"edited: {'; '.join(map(str, model.edits))}"] if model.edits else []
        version = f"unembed {importlib.metadata.version('unembed')}"
        facts = [model.name, str(model.dtype).removeprefix("torch."), *edits, version]
        text = _shortened(_seen("".join(self.token_texts)))
        return captioned(picture, _seen(f"{', '.join(facts)}.") + (f" Prompt: “{text}”." if tokens else ""))

    def name(self, entry: Entry) -> str:
        """An entry in a picture: the first column of its row."""
        return _shown(*next(iter(self.columns(entry).items())))

    def _repr_html_(self) -> str:
        """A small table for notebooks, without a script: what the repr says, and the top entries."""
        rows = [self.columns(entry) for entry in self.top(_ROWS)]
        said = [repr(self), *self.notes, *([] if self.complete else ["Interrupted: entries are missing."])]
        head = "".join(f"<th>{html.escape(name)}</th>" for name in (rows[0] if rows else ()))
        body = "".join(f"<tr>{''.join(_cell(*item) for item in row.items())}</tr>" for row in rows)
        text = html.escape("\n".join(_seen(line) for each in said for line in each.splitlines()))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
        return f'<pre style="white-space: pre-wrap">{text}</pre>{table}'


class RunResult(Result[Entry]):
    """A result about one recorded run: it has `run`, as a field or a property."""

    @property
    def _run(self) -> "Run":
        result: Any = self  # as for `model`
        return result.run

    @property
    def model(self) -> "Model":
        """The model that was asked."""
        return self._run.model

    @property
    def tokens(self) -> tuple[int, ...]:
        """The ids of the prompt's tokens."""
        return self._run.tokens


def _shown(column: str, value: Any) -> str:
    """A value of a row for reading: a token as the terminal shows it, a number with four digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return visible(value) if column == "token" or column.endswith("_token") else _seen(str(value))


def _seen(text: str) -> str:
    """Text with its spaces, in which nothing is hidden or acts."""
    return "".join(c if c == " " else visible(c) for c in text)


def _shortened(text: str) -> str:
    """A long text by its beginning and its end."""
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]} … {text[-_ENDS:]}"


def _cell(column: str, value: Any) -> str:
    right = ' style="text-align: right"' if isinstance(value, int | float) else ""
    return f"<td{right}>{html.escape(_shown(column, value))}</td>"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
