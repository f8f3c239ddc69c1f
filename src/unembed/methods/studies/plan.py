"""Plan: which rows make which part, and what the work will take, known before the first prompt is asked.

Rows are put in order of length, and every `rows_per_part` of them make a part. Inside a part, prompts of one length
that are asked at one place may share a forward; nothing is ever padded. The plan follows from prompts and model
alone, so that a study that is taken up again, or shared among processes, makes the same parts. Each prompt is read
once: the plan holds it as a question.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from unembed.engine.memory import budget
from unembed.errors import InputError, UnembedError
from unembed.methods.prompt_sets import Example, PromptSet, read_example, set_of
from unembed.methods.studies.answers import answers_together
from unembed.methods.studies.asked import Asked, asked
from unembed.methods.studies.manifest import Manifest, claim, manifest_of
from unembed.methods.studies.parts import clear_left, name_of, own_columns, schema_of, why_unusable
from unembed.methods.studies.prompt_files import Prompts, Row
from unembed.methods.studies.shards import parse_shard
from unembed.methods.studies.tasks import Task
from unembed.models.model import Model
from unembed.models.parts import PARTS, parts_of
from unembed.models.refusals import decoders_only
from unembed.models.reprs import Brief

if TYPE_CHECKING:
    import polars as pl

_FEWEST, _MOST, _PARTS = 64, 512, 64
"""Rows of a part: a share of all, within these bounds."""
_TOGETHER = 2048
"""Tokens that share a forward, at most: beyond, products get no faster."""
_TIMED = 8
"""Prompts that are asked to tell how long the study takes."""


@dataclass(frozen=True, repr=False)
class Plan(Brief):
    """A study before it is begun, or taken up again. Made by `plan_study`."""

    model: Model
    prompts: Prompts
    task: Task
    folder: Path
    manifest: Manifest
    parts: tuple[tuple[int, ...], ...]
    """The rows of each part of the whole study, as indices of `prompts.rows`."""
    questions: tuple[Asked | str, ...]
    """Each prompt as it is asked; or why it cannot be."""
    shard: tuple[int, int]
    """Which share of the parts is made, of how many."""
    todo: tuple[int, ...]
    """The parts that are still to be made."""
    memory: int
    """Bytes that prompts which share a forward may take, beyond the model."""
    seconds: float | None
    """What is still to be done takes about so long; None where no prompt could be timed."""
    notes: tuple[str, ...] = ()

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Of each prompt, in tokens; 0 where it cannot be asked."""
        return _lengths(self.questions)

    @cached_property
    def own(self) -> "dict[str, tuple[str, pl.DataType]]":
        """What the columns of the prompts are called in a part, and their types."""
        return own_columns(self.prompts, self.task)

    @cached_property
    def schema(self) -> "dict[str, pl.DataType]":
        """The columns of a part."""
        return schema_of(self.own, self.task)

    @property
    def rows_todo(self) -> int:
        """Rows that are still to be asked."""
        return sum(len(self.parts[index]) for index in self.todo)

    @property
    def tokens_todo(self) -> int:
        """Tokens of these, by which progress counts."""
        return sum(self.lengths[row] for index in self.todo for row in self.parts[index])

    @property
    def longest(self) -> int:
        """The length of the longest prompt."""
        return max(self.lengths)

    @property
    def bytes_at_once(self) -> int:
        """What prompts that share a forward take at most, beyond the model."""
        most = max(map(len, self.parts))
        counts = Counter(length for length in self.lengths if length)
        sizes = {length: min(count, most, self.at_once(length)) for length, count in counts.items()}
        return max((size * _bytes_of(self.model, length) for length, size in sizes.items()), default=0)

    def batches(self, questions: Sequence[Asked]) -> Iterator[list[Asked]]:
        """Questions that share a forward: of one length, asked at one place, within the memory."""
        alike: dict[tuple[int, int], list[Asked]] = {}
        for one in questions:
            alike.setdefault((one.length, one.place), []).append(one)
        for (length, _), group in alike.items():
            size = self.at_once(length) if self.task.together else 1
            yield from (group[start : start + size] for start in range(0, len(group), size))

    def at_once(self, length: int) -> int:
        """How many prompts of a length share a forward."""
        return max(1, min(_TOGETHER // length, self.memory // _bytes_of(self.model, length)))

    def _found(self) -> str:
        return f"{self.rows_todo} of {len(self.prompts.rows)} rows to ask, in {len(self.todo)} parts"


def plan_study(
    model: Model,
    prompts: Prompts,
    task: Task,
    out: str | Path,
    *,
    shard: str | tuple[int, int] | None = None,
    memory: int | None = None,
) -> Plan:
    """Plan a study, and make its folder; what is there of it already is not asked again.

    Args:
        model: from `load` or `wrap`.
        prompts: from `read_prompts` or `prompts_of`.
        task: what is asked of each.
        out: the folder.
        shard: `2/4` asks the second of four shares; None asks all.
        memory: bytes for prompts that share a forward; None takes a quarter of what is free.

    Raises:
        InputError: a folder of another study, a shard that is none, a missing column, or a task not for this model.
    """
    decoders_only(model, "A study")
    task.check(model)
    if missing := [name for name in task.needs if name not in prompts.columns]:
        raise InputError(
            f"A study that does {task.do} needs the columns {', '.join(f'`{name}`' for name in task.needs)}; "
            f"{prompts.name} has {', '.join(prompts.columns)}.\n"
            f"Say which columns they are: {' '.join(f'--column {name}=NAME' for name in missing)}."
        )
    which = parse_shard(shard)
    questions, among = _questions(model, prompts.rows, task)
    lengths = _lengths(questions)
    size = max(_FEWEST, min(_MOST, len(lengths) // _PARTS))
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    parts = tuple(tuple(order[start : start + size]) for start in range(0, len(order), size))
    manifest, folder = manifest_of(model, prompts, task, size, len(parts)), Path(out).expanduser()
    claim(folder, manifest)
    clear_left(folder)
    mine = [index for index in range(len(parts)) if index % which[1] == which[0] - 1]
    todo, notes = _todo(folder, parts, prompts, mine)
    if among is not None and todo:
        _make_means(model, among, task)
    found = Plan(
        model, prompts, task, folder, manifest, parts, questions, which, todo, budget(model, memory), None, notes
    )
    return replace(found, seconds=_seconds(found))


def _questions(model: Model, rows: Sequence[Row], task: Task) -> tuple[tuple[Asked | str, ...], PromptSet | None]:
    """Each row as a question, or why it is none; and the data set of those that are, where parts are set by one."""
    read = [_read(model, index, row, named=task.over_a_set) for index, row in enumerate(rows)]
    if not task.over_a_set:
        return tuple(one if isinstance(one, str) else one[0] for one in read), None
    among = set_of(model, [one[1] for one in read if not isinstance(one, str) and one[1] is not None])
    return tuple(one if isinstance(one, str) else _within(among, *one) for one in read), among


def _read(model: Model, index: int, row: Row, *, named: bool) -> tuple[Asked, Example | None] | str:
    """A row as a question, with the names of its positions where they are asked for; or why it is none."""
    try:
        return asked(model, index, row), read_example(model, row) if named else None
    except UnembedError as error:
        return str(error)


def _within(among: PromptSet, one: Asked, example: Example | None) -> Asked:
    return one if example is None else replace(one, among=among.about(example))


def _lengths(questions: Sequence[Asked | str]) -> tuple[int, ...]:
    return tuple(0 if isinstance(one, str) else one.length for one in questions)


def _make_means(model: Model, among: PromptSet, task: Task) -> None:
    """The means over the data set, which every question shares: made before anything is timed."""
    if task.how == "mean-position":
        kind = PARTS[task.site or "head"].name
        among.means(kind, {part.layer for part in parts_of(model, task.site or "head")})


def _bytes_of(model: Model, length: int) -> int:
    """What a prompt adds to a forward that it shares, at its widest: streams, one MLP, scores, and what is kept."""
    size = max(4, torch.finfo(model.dtype).bits // 8)
    inside = length * (8 * model.d_model + 4 * model.d_mlp) + 3 * model.heads * length * length
    head = model.d_model // max(1, model.heads)
    kept = model.layers * (length * model.kv_heads * head + model.heads * (length + head) + 4 * model.d_model)
    return size * (inside + kept + model.layers * model.d_mlp) + 8 * 4 * model.vocab


def _todo(
    folder: Path, parts: Sequence[Sequence[int]], prompts: Prompts, mine: Sequence[int]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The parts that are not there, or cannot be used; and what was wrong with these."""
    todo, notes = [], []
    for index in mine:
        path = folder / name_of(index)
        if not path.exists():
            todo.append(index)
        elif why := why_unusable(path, [prompts.numbers[row] for row in parts[index]]):
            todo.append(index)
            notes.append(f"{path.name} {why}: it is made again.")
    return tuple(todo), tuple(notes)


def _seconds(plan: Plan) -> float | None:
    """How long the rest takes: some prompts of middling length are asked, and their tokens compared with all others."""
    rows = [plan.questions[row] for index in plan.todo for row in plan.parts[index]]
    left = [one for one in rows if not isinstance(one, str)]
    if not left:
        return None if plan.todo else 0.0
    middle = left[len(left) // 2].length
    tried = [one for one in left if one.length == middle][: _TIMED if plan.task.together else 1]
    batch = next(iter(plan.batches(tried)))
    started = time.perf_counter()
    try:
        _ = list(answers_of(plan.model, batch, plan.task))
    except UnembedError:
        return None
    return (time.perf_counter() - started) / (len(batch) * middle) * plan.tokens_todo


def answers_of(model: Model, batch: Sequence[Asked], task: Task) -> Iterator[dict]:
    """What the task says of each prompt of a batch."""
    if task.together:
        yield from answers_together(model, batch, task)
        return
    yield from (task.kind.ask(model, one, task) for one in batch)
