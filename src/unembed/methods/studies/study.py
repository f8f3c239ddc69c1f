"""study: one question asked of many prompts, one row each, in Parquet files that survive whatever stops the work.

A part (parts.py) is written whole when all of its rows are answered; killed at any moment, a study loses the part
that it was working on and nothing else, and the same call goes on from there. A prompt that cannot be answered is a
row with its error. Numbers do not depend on how the work was cut: prompts are never padded, and those that share a
forward are of one length.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from unembed.errors import InputError, Interrupted
from unembed.methods.studies.cluster import Ray, engine_of
from unembed.methods.studies.making import made_here
from unembed.methods.studies.manifest import Manifest
from unembed.methods.studies.parts import read_parts, write_part
from unembed.methods.studies.plan import Plan, plan_study
from unembed.methods.studies.prompt_files import Prompts, Row, prompts_of, read_prompts
from unembed.methods.studies.tasks import OPTIONS, Task
from unembed.models.model import Model
from unembed.progress import Progress, silent
from unembed.runs.result import Result

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("row", "prompt", "target", "target_id", "logit", "probability", "error")


@dataclass(frozen=True)
class Answered:
    """A row of a study: what was asked and what was found, without the lists."""

    prompt: str
    row: int
    target: str | None
    target_id: int | None
    logit: float | None
    probability: float
    """Of the target; 0 in a row with an error."""
    error: str | None
    """Why there is no answer; None where there is one."""


@dataclass(frozen=True, repr=False)
class Study(Result[Answered]):
    """Answers to many prompts, in a folder. Made by `study`."""

    measure: ClassVar[str] = "probability"

    model: Model
    folder: Path
    manifest: Manifest
    failed: tuple[Answered, ...] = ()
    """The first rows with an error."""
    failures: int = 0
    """How many rows have one."""
    answered: int = 0
    """How many rows are there, those with an error included."""
    notes: tuple[str, ...] = field(default=())  # pyright: ignore[reportIncompatibleMethodOverride]

    @property
    def tokens(self) -> tuple[int, ...]:
        """None: it is about many prompts."""
        return ()

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "probability"

    @property
    def rows(self) -> int:
        """Of all prompts, whether or not they were asked yet."""
        return self.manifest["prompts"]["rows"]

    @property
    def complete(self) -> bool:
        """Whether every row is there: False after an interrupt, and while other shards are not done."""
        return self.answered == self.rows

    def entries(self) -> tuple[Answered, ...]:
        """The rows that are there, in the order of the file."""
        there = [one for part in read_parts(self.folder, self.manifest, _COLUMNS) for one in _answered(part)]
        return tuple(sorted(there, key=lambda one: one.row))

    def parts(self) -> "Iterator[pl.DataFrame]":
        """The parts that are there, with all columns; one at a time is in memory."""
        return read_parts(self.folder, self.manifest)

    def _found(self) -> str:
        failed = f", {self.failures} with an error" if self.failures else ""
        return f"{self.answered} of {self.rows} rows{failed}, {self.manifest['task']['do']}, in {self.folder}"


def study(
    model: Model,
    prompts: str | Path | Iterable[Row] | Prompts,
    do: str | Task = "explain",
    *,
    out: str | Path,
    shard: str | None = None,
    engine: str | Ray = "local",
    progress: Progress = silent,
    **options: Any,
) -> Study:
    """Ask one question of many prompts, and keep the answers in a folder.

    Args:
        model: from `load` or `wrap`; a decoder or a masked language model.
        prompts: a JSONL, CSV or Parquet file, or rows as mappings, each with a `prompt`.
        do: "explain", "words", "heads", "lens", "ablate", "knowledge", "patch" or "circuit"; or a `Task`.
        out: the folder; a study that was stopped goes on in its own.
        shard: `2/4` asks the second of four shares; None asks all.
        engine: "local" works here; "ray", or `Ray(address=..., workers=...)`, has the workers of a cluster do it.
        progress: called after each prompt; of a cluster after each part.
        options: of the task: `by`, `test`, `site`, `reference`, `how`, `size`, as far as what is done reads them.

    Raises:
        InputError: a file that cannot be read, a folder of another study, an option that is none, or a full disk.
        ModelError: the workers of a cluster are lost.
        Interrupted: on Ctrl-C, with what is finished.
    """
    given = prompts if isinstance(prompts, Prompts) else _read(prompts)
    task = do if isinstance(do, Task) else _task_of(do, **options)
    workers = engine_of(engine)
    return run_study(plan_study(model, given, task, out, shard=shard), engine=workers, progress=progress)


def _task_of(do: str, **options: Any) -> Task:
    """A task by its word and its options.

    Raises:
        InputError: it has no such option.
    """
    if wrong := [name for name in options if name not in OPTIONS]:
        raise InputError(f"Expected {', '.join(OPTIONS)} as an option of a study, found {wrong[0]!r}.")
    return Task(do, **options)


def _read(prompts: str | Path | Iterable[Row]) -> Prompts:
    return read_prompts(prompts) if isinstance(prompts, str | Path) else prompts_of(prompts)


def run_study(plan: Plan, *, engine: Ray | None = None, progress: Progress = silent) -> Study:
    """Ask what a plan has left to ask: here, or by the workers of a cluster.

    Raises:
        InputError: a part cannot be written, or there is no such cluster.
        ModelError: the workers are lost.
        Interrupted: on Ctrl-C, with what is finished.
    """
    done = 0

    def tell(tokens: int) -> None:
        nonlocal done
        done += tokens
        progress("prompts", done / max(1, plan.tokens_todo))

    made = made_here(plan, tell) if engine is None else engine.made(plan, tell)
    try:
        for index, held in made:
            write_part(plan.folder, index, held)
    except KeyboardInterrupt as stop:
        raise Interrupted(_there(plan.model, plan.folder, plan.manifest, plan.notes)) from stop
    finally:
        made.close()
    return _there(plan.model, plan.folder, plan.manifest, plan.notes)


def _there(model: Model, folder: Path, manifest: Manifest, notes: Sequence[str] = (), *, shown: int = 10) -> Study:
    """What is there of a study; `shown` rows with an error are told."""
    answered, failures, failed = 0, 0, []
    for part in read_parts(folder, manifest, _COLUMNS):
        answered += part.height
        wrong = part.filter(part["error"].is_not_null())
        failures += wrong.height
        failed += _answered(wrong.head(max(0, shown - len(failed))))
    return Study(model, folder, manifest, tuple(failed), failures, answered, tuple(notes))


def _answered(part: "pl.DataFrame") -> list[Answered]:
    names = ("row", "target", "target_id", "logit", "error")
    return [
        Answered(
            prompt=str(row["prompt"]), probability=row["probability"] or 0.0, **{name: row[name] for name in names}
        )
        for row in part.select(_COLUMNS).iter_rows(named=True)
    ]
