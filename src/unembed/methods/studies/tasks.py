"""Tasks: what a study asks of each prompt, and the columns of its answer.

Every answer has `target`, `target_id`, `logit` and `probability` beside columns of its own, which are lists with one
entry a part, a layer or a word. Each is what the method of the same name says of that prompt; `explain` without its
tests, and that alone, takes prompts of one length together: one forward for all of them, and a ledger of each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from unembed.errors import InputError
from unembed.ledger.decompose import decompose_together
from unembed.ledger.ledger import Grain, Ledger, Segment
from unembed.ledger.readout import readout
from unembed.methods.ablate import ablate
from unembed.methods.explain import Explanation, explain
from unembed.methods.knowledge.attribution import attribute
from unembed.methods.lens import lens
from unembed.methods.patch import patch
from unembed.methods.studies.prompt_files import Row
from unembed.methods.words.words import Words, words
from unembed.models.model import Model
from unembed.models.parts import Part
from unembed.models.refusals import why_no_versions
from unembed.models.reprs import Brief
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import prompt_of
from unembed.runs.record import record_together

if TYPE_CHECKING:
    import polars as pl

_NEURONS = 50
"""How many neurons of an attribution are kept: those of the largest magnitude."""
Answer = dict[str, Any]
"""The columns that a task adds to a row."""


@dataclass(frozen=True)
class Task:
    """What is asked of every prompt."""

    do: str = "explain"
    """"explain", "words", "lens", "ablate", "knowledge" or "patch"."""
    by: str = "head"
    """Granularity of the ledger of `explain`, as in `decompose`; the units of `words`, "word" by default."""
    test: bool = True
    """Whether `explain` also zeroes every head and sublayer, and takes each word away."""
    site: str = "head"
    """Which parts `ablate` and `patch` change."""
    reference: str = "mean"
    """Of `explain`, as in `readout`."""

    def __post_init__(self) -> None:
        if self.do not in _KINDS:
            raise InputError(f"Expected a study to do one of {', '.join(_KINDS)}; found {self.do!r}.")
        if self.do == "words" and self.by == "head":
            object.__setattr__(self, "by", "word")
        if self.do == "explain":
            Grain.parse(self.by)
        if self.reference not in ("mean", "raw"):
            raise InputError(f"Expected a reference of mean or raw, found {self.reference!r}.")

    @property
    def kind(self) -> "Kind":
        """What it is made of."""
        return _KINDS[self.do]

    @property
    def together(self) -> bool:
        """Whether prompts of one length share a forward."""
        return self.do == "explain" and not self.test

    @property
    def options(self) -> dict[str, Any]:
        """The choices that its numbers depend on."""
        return {name: getattr(self, name) for name in ("do", *self.kind.options)}

    def check(self, model: Model) -> None:
        """Refuse what this model cannot be asked, before any prompt is.

        Raises:
            InputError: parts of it cannot be changed, and the task changes some.
        """
        why = why_no_versions(model)
        if why is not None and self.do not in ("explain", "lens"):
            raise InputError(f"A study of {model.name} cannot {self.do}: {why}.\nWhat it can do: explain, lens.")


@dataclass(frozen=True, repr=False)
class Asked(Brief):
    """One row as a question: token ids, and where it is asked."""

    number: int
    row: Row
    tokens: tuple[int, ...]
    place: int

    @property
    def prompt(self) -> Any:
        """As it was given."""
        return self.row["prompt"]

    @property
    def length(self) -> int:
        """Of the prompt, in tokens."""
        return len(self.tokens)

    def words(self, *names: str) -> dict[str, Any]:
        """Some of the row's choices as keywords; empty cells are left out."""
        return {name: self.row[name] for name in names if self.row.get(name) is not None}


def asked(model: Model, number: int, row: Row) -> Asked:
    """A row as a question.

    Raises:
        InputError: it has no prompt, one that the model cannot read, or a blank too few.
    """
    given = row.get("prompt")
    if given is None or isinstance(given, bool | int | float):
        raise InputError(f"Expected a prompt as text or token ids, found {'none' if given is None else repr(given)}.")
    for name in ("target", "versus", "answer"):
        if isinstance(row.get(name), bool | float | dict):
            raise InputError(f"Expected {name} as text or a token id, found {row[name]!r}.")
    prompt = prompt_of(model, given)
    return Asked(number, row, prompt.tokens, prompt.place())


@dataclass(frozen=True)
class Kind:
    """A kind of task: the columns it adds, which of the options it reads, and how it asks one prompt."""

    columns: Callable[[], "dict[str, pl.DataType]"]
    options: tuple[str, ...]
    ask: Callable[[Model, Asked, Task], Answer]
    needs: tuple[str, ...] = ()
    """Columns that a file must have."""


def answers_together(model: Model, batch: Sequence[Asked], task: Task) -> Iterator[Answer]:
    """What `explain` without tests says of prompts of one length that are asked at one place: from one forward.

    Raises:
        InputError: a target that is none; it is of one of the prompts, and the others are to be asked without it.
        LedgerError: likewise, a ledger that does not add up.
        ModelError: likewise, numbers that are not finite.
    """
    place = batch[0].place
    runs = record_together(model, [one.prompt for one in batch], positions=[place], keep="parts", streams=False)
    choices = {"position": place, "reference": task.reference}
    reads = [readout(run, **choices, **one.words("target", "versus")) for one, run in zip(batch, runs, strict=True)]
    for ledger in decompose_together(reads, by=task.by):
        read = ledger.readout
        assert read.target is not None
        yield _told(read.run.prediction(read.target, position=place)) | _ledger(ledger)


def _told(prediction: Prediction) -> Answer:
    return {
        "target": prediction.text,
        "target_id": prediction.token,
        "logit": prediction.logit,
        "probability": prediction.probability,
    }


def _ledger(ledger: Ledger) -> Answer:
    """Its terms, what a 16-bit run rounded as one, and how well they add up."""
    terms = [term for segment in ledger.segments if not segment.is_rounding for term in _terms(segment)]
    if ledger.names_rounding:
        terms.append({"kind": "rounding", "value": ledger.rounding})
    return {"value": ledger.value, "ledger_error": ledger.error, "tolerance": ledger.tolerance, "terms": terms}


def _terms(segment: Segment) -> Iterator[Mapping[str, Any]]:
    """The terms of a segment as `Segment.terms`, without an object each: a study has millions."""
    about = {"kind": segment.kind, "layer": segment.layer}
    places = [(axis, column.tolist()) for axis in segment.axes if (column := segment.index(axis)) is not None]
    for i, value in enumerate(segment.values.ravel().tolist()):
        yield {**about, **{axis: column[i] for axis, column in places}, "value": value}


def _explain(model: Model, one: Asked, task: Task) -> Answer:
    choices = {"reference": task.reference, "by": task.by, "test": task.test}
    found = explain(model, one.prompt, **one.words("target", "versus"), **choices)
    told = _told(found.target) | _ledger(found.ledger)
    return told | {"zeroed": _zeroed(found), "words": [] if found.words is None else _words(found.words)}


def _zeroed(found: Explanation) -> list[Mapping[str, Any]]:
    """What zeroing each head and sublayer does to the number that was asked about."""
    among, value = found.population, 0 if found.readout.versus is None else 1
    if among is None:
        return []
    effects = {**among.effects("heads", value), **among.effects("sublayers", value)}
    parts = [(Part.set_at(site), effect) for site, effect in effects.items()]
    return [{"kind": p.kind, "layer": p.layer, "head": p.head, "effect": effect} for p, effect in parts]


def _words(found: Words) -> list[Mapping[str, Any]]:
    return [
        {"text": unit.text, "start": unit.start, "end": unit.end, "mark": unit.mark, "effect": unit.effect}
        for unit in found.units
    ]


def _ask_words(model: Model, one: Asked, task: Task) -> Answer:
    found = words(model, one.prompt, **one.words("target", "versus", "answer"), by=task.by)
    return _told(found.target) | {"words": _words(found)}


def _ask_lens(model: Model, one: Asked, task: Task) -> Answer:
    found = lens(model, one.prompt, **one.words("target"), positions=[one.place], top=1)
    prediction = found.run.prediction(found.targets[0], position=one.place)
    names = ("layer", "rank", "probability", "kl")
    states = [{name: getattr(state, name) for name in names} for state in found.entries()]
    return _told(prediction) | {"states": states}


def _ask_ablate(model: Model, one: Asked, task: Task) -> Answer:
    found = ablate(model, one.prompt, **one.words("target", "answer"), site=task.site)  # type: ignore[arg-type]
    effects = [
        {"kind": task.site, "layer": e.layer, "head": e.head, "neuron": e.neuron, "effect": e.log_probability}
        for e in found.effects
    ]
    return _told(found.target) | {"effects": effects}


def _ask_patch(model: Model, one: Asked, task: Task) -> Answer:
    if one.row.get("corrupt") is None:
        raise InputError("Expected the corrupt prompt that values are taken from, found none in this row.")
    found = patch(model, one.prompt, one.row["corrupt"], **one.words("target", "versus"), site=task.site)
    run = prompt_of(model, one.prompt).recorded([one.place], keep="stream")
    token = run.token(None) if found.target is None else found.target[0]
    effects = [
        {"kind": task.site, "layer": c.cell.layer, "head": c.cell.head, "neuron": c.cell.neuron}
        | {"position": c.cell.position, "effect": c.effect}
        for c in found.entries()
    ]
    about = {"metric": found.metric, "clean": found.clean, "corrupt_value": found.corrupt}
    return _told(run.prediction(token)) | about | {"effects": effects}


def _ask_knowledge(model: Model, one: Asked, task: Task) -> Answer:
    run = prompt_of(model, one.prompt).recorded([one.place])
    given = [*one.words("answer", "target").values(), run.token(None)]
    found = attribute(run, given[0])
    names = ("layer", "expert", "neuron", "value")
    neurons = [{name: getattr(neuron, name) for name in names} for neuron in found.top(_NEURONS)]
    return _told(run.prediction(found.question.answer[0])) | {"neurons": neurons}


def _whole(*names: str) -> "dict[str, pl.DataType]":
    import polars as pl

    return {name: pl.Int32() for name in names}


def _list_of(**columns: Any) -> Any:
    import polars as pl

    return pl.List(pl.Struct(columns))


def _explain_columns() -> "dict[str, pl.DataType]":
    import polars as pl

    term = {"kind": pl.String(), **_whole("layer", "head", "expert", "neuron", "source"), "value": pl.Float64()}
    zeroed = {"kind": pl.String(), **_whole("layer", "head"), "effect": pl.Float64()}
    numbers = {name: pl.Float64() for name in ("value", "ledger_error", "tolerance")}
    return {**numbers, "terms": _list_of(**term), "zeroed": _list_of(**zeroed), **_word_columns()}


def _word_columns() -> "dict[str, pl.DataType]":
    import polars as pl

    unit = {"text": pl.String(), **_whole("start", "end"), "mark": pl.String(), "effect": pl.Float64()}
    return {"words": _list_of(**unit)}


def _lens_columns() -> "dict[str, pl.DataType]":
    import polars as pl

    return {"states": _list_of(**_whole("layer", "rank"), probability=pl.Float64(), kl=pl.Float64())}


def _ablate_columns() -> "dict[str, pl.DataType]":
    import polars as pl

    return {"effects": _list_of(kind=pl.String(), **_whole("layer", "head", "neuron"), effect=pl.Float64())}


def _knowledge_columns() -> "dict[str, pl.DataType]":
    import polars as pl

    return {"neurons": _list_of(**_whole("layer", "expert", "neuron"), value=pl.Float64())}


def _patch_columns() -> "dict[str, pl.DataType]":
    import polars as pl

    whole = _whole("layer", "head", "neuron", "position")
    effects = _list_of(kind=pl.String(), **whole, effect=pl.Float64())
    return {"metric": pl.String(), "clean": pl.Float64(), "corrupt_value": pl.Float64(), "effects": effects}


_KINDS: dict[str, Kind] = {
    "explain": Kind(_explain_columns, ("by", "test", "reference"), _explain),
    "words": Kind(_word_columns, ("by",), _ask_words),
    "lens": Kind(_lens_columns, (), _ask_lens),
    "ablate": Kind(_ablate_columns, ("site",), _ask_ablate),
    "knowledge": Kind(_knowledge_columns, (), _ask_knowledge),
    "patch": Kind(_patch_columns, ("site",), _ask_patch, needs=("corrupt",)),
}
"""By the word that a study is told to do."""
assert {name for kind in _KINDS.values() for name in kind.options} <= {field.name for field in fields(Task)}
