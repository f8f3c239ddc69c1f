"""The counterfactual engine: many versions of one run, each differing at one place, in as few walks as memory allows.

Patching, ablation, knowledge attribution and circuit evaluation are all this one thing. A walk (walk.py) computes only
what an intervention can change; this module plans walks to a memory budget, reads the logits of each version, and
keeps what is finished when the work is interrupted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.engine.batch import Row, Watched, row_of
from unembed.engine.edits import Edit, Intervention
from unembed.engine.measures import Known, Measure, TextMeasure, TokenMeasure, known, probability
from unembed.engine.memory import Costs, amount, budget, costs, logit_rows
from unembed.engine.walk import Walk
from unembed.errors import InputError, Interrupted
from unembed.models.hooks import frozen
from unembed.models.kinds import KINDS, Axis
from unembed.models.prompts import absolute_position
from unembed.models.refusals import versions_only
from unembed.models.sites import Site, experts_of, keys_of, neurons_of, resolve
from unembed.models.unembedding import normed, unembedded
from unembed.progress import Progress, silent
from unembed.runs.block import BlockAt
from unembed.runs.run import Run

WIDEST = 1024
"""Packed tokens of one walk, at most: wider gains nothing and falls out of the processor's caches."""
SHORT = 256
"""The same for a job of several walks on a CPU: as fast there, and what an interrupt loses is soon done again."""


@dataclass(frozen=True)
class _Job:
    run: Run
    rows: list[Row]
    order: list[int]
    """`rows[i]` is intervention `order[i]`."""
    measure: Known
    at: tuple[int, ...]
    memory: int
    costs: Costs


def counterfactuals(
    run: Run,
    interventions: Sequence[Intervention],
    measure: Measure,
    *,
    at: Sequence[int] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Float[Tensor, "intervention *value"]:
    """What `measure` reads from each version of a run.

    Exact: each row equals a full run of the model with that intervention, up to rounding, whatever the split.

    Args:
        run: the recorded run that the versions start from.
        interventions: an edit, or several, a version (`unembed.edits`).
        measure: from logits `row position vocab` at the positions `at`, to one or more numbers a row: one of
            `unembed.measures`, or your own.
        at: positions that are read; None reads where it is asked: the last, or the blank of a masked language model.
        memory: bytes that walks may use beyond model and run; None takes a quarter of what is free.
        progress: called after each block of each walk, while other runs of the process wait.

    Raises:
        InputError: no such site or position, a value of the wrong shape, a measure that gives NaN, a budget too small
            for one intervention, a run of its stream only, or from before the module's weights were edited.
        Interrupted: on Ctrl-C, with NaN for the versions that are not `finished`.
    """
    job = _job(run, interventions, measure, at, memory)
    values: Tensor | None = None
    try:
        with torch.no_grad():
            for part, found in _walks(job, progress):
                if values is None:
                    values = found.new_full((len(job.order), *found.shape[1:]), torch.nan)
                values[[job.order[i] for i in part]] = found
    except KeyboardInterrupt as stop:
        raise Interrupted(torch.full((len(job.order),), torch.nan) if values is None else values) from stop
    assert values is not None
    return values


def finished(values: Float[Tensor, "intervention *value"]) -> Bool[Tensor, "intervention"]:
    """Which versions an interrupt left with their numbers: no measure gives NaN."""
    return ~values.flatten(1).isnan().any(1) if values.ndim > 1 else ~values.isnan()


def counterfactual(
    run: Run,
    intervention: Intervention,
    target: str | int | Sequence[int] | Measure,
    *,
    at: Sequence[int] | None = None,
    memory: int | None = None,
) -> float:
    """One version of a run, one number: the probability of a target once something inside is otherwise.

        counterfactual(run, edits.zero("L23.H4"), " Paris")  =  P(" Paris" | prompt, head 4 of layer 23 writes nothing)

    Exact, as `counterfactuals`, which takes many interventions at the price of few.

    Args:
        run: the recorded run that the version starts from.
        intervention: an edit, or several that are one version.
        target: what is read: the probability of a token (text or its id), or a measure of one number.
        at: positions that are read; of a target of several tokens, where each is predicted.
        memory: as in `counterfactuals`.

    Raises:
        InputError: as `counterfactuals`; a target that is not in the vocabulary; a measure of several numbers.
    """
    measure = target if callable(target) or isinstance(target, TextMeasure) else probability(target)
    found = counterfactuals(run, [intervention], measure, at=at, memory=memory)
    if found.ndim != 1:
        raise InputError(f"Expected a measure of one number, found {found[0].numel()}: use counterfactuals.")
    return float(found[0])


def gradients(
    run: Run,
    interventions: Sequence[Intervention],
    measure: Measure,
    leaves: Sequence[Tensor],
    *,
    at: Sequence[int] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> tuple[Float[Tensor, "intervention"], tuple[Tensor, ...]]:
    """What `measure` reads from each version, and the gradient of its sum over all versions by `leaves`.

    Args:
        run: as in `counterfactuals`, like `measure`, `at`, `memory` and `progress`.
        interventions: their edits' `shift` is made of `leaves`.
        leaves: tensors that require a gradient.

    Raises:
        InputError: as `counterfactuals`.
    """
    job = _job(run, interventions, measure, at, memory, gradients=True)
    values = torch.full((len(job.order),), torch.nan, dtype=torch.float64)
    total = [torch.zeros_like(leaf) for leaf in leaves]
    with torch.enable_grad(), frozen(run.model):
        for part, walk, tick in _planned(job, progress):
            last = walk.go(job.at, tick)
            found, slope = _read_with_slope(job, last)
            values[[job.order[i] for i in part]] = _numbers(job, found, part).double().cpu()
            if last.requires_grad:  # a walk may hold none of the versions that are made of leaves
                # What lies between leaves and shifts serves all walks, so it is kept; a walk's own part goes with it.
                parts = torch.autograd.grad(last, list(leaves), slope, allow_unused=True, retain_graph=True)
                total = [sum_ if part is None else sum_ + part for sum_, part in zip(total, parts, strict=True)]
            del walk, last
    return values, tuple(total)


def watched(
    run: Run, interventions: Sequence[Intervention], sites: Sequence[Site]
) -> list[dict[Site, Float[Tensor, "position *value"]]]:
    """What some sites hold in each version, before edits of that very site.

    Raises:
        InputError: as `counterfactuals`.
    """
    resolved = {site: resolve(site, run.model, run.length) for site in sites}
    job = _job(run, interventions, lambda logits: logits, None, None)
    found: list[Watched] = [{} for _ in job.order]
    with torch.no_grad():
        for part, walk, tick in _planned(job, silent, watch=list(dict.fromkeys(resolved.values()))):
            walk.go(job.at, tick)
            seen = walk.watched()
            for line, i in enumerate(part):
                found[job.order[i]] = {site: seen[place][line] for site, place in resolved.items()}
    return found


def last_streams(
    run: Run,
    interventions: Sequence[Intervention],
    *,
    memory: int | None = None,
    progress: Progress = silent,
) -> Float[Tensor, "intervention d_model"]:
    """The stream that each version ends with where it is asked: any measure can be read from it later.

    Args:
        run: as in `counterfactuals`, like `interventions`, `memory` and `progress`.

    Raises:
        InputError: as `counterfactuals`; a version whose stream is not finite.
    """
    job = _job(run, interventions, lambda logits: logits, None, memory)
    streams = run.final.new_empty(len(job.order), run.model.d_model)
    with torch.no_grad():
        for part, walk, tick in _planned(job, progress):
            last = walk.go(job.at, tick)[:, 0]
            _check(job, part, ~torch.isfinite(last), "The stream is not finite")
            streams[[job.order[i] for i in part]] = last
    return streams


def _job(
    run: Run,
    interventions: Sequence[Intervention],
    measure: Measure,
    at: Sequence[int] | None,
    memory: int | None,
    *,
    gradients: bool = False,
) -> _Job:
    run.check_made_by(run.model)
    versions_only(run.model)
    run.check_has_calls()
    if not len(interventions):
        raise InputError("There is nothing to do: expected at least one intervention.")
    sites = _Sites(run)
    rows = [row_of(_resolved(edits, run, sites), run) for edits in interventions]
    order = sorted(range(len(rows)), key=lambda i: rows[i].key)
    at = (run.asked,) if at is None else tuple(absolute_position(p, run.length) for p in at)
    if not at:
        raise InputError("There is nothing to read: expected at least one position (at).")
    cost = costs(run, len(at), gradients=gradients, source=any(row.source is not None for row in rows))
    job = _Job(
        run,
        [rows[i] for i in order],
        order,
        known(measure, run.model, run.text_before(at[0])),
        at,
        budget(run.model, memory),
        cost,
    )
    dearest = max(rows, key=cost.of)
    if cost.of(dearest) > job.memory:
        raise InputError(
            f"The memory budget of {amount(job.memory)} is too small for one intervention "
            f"({dearest.first.site.label}), which needs about {amount(cost.of(dearest))}.\n"
            "Raise the budget (--memory), or take a shorter prompt."
        )
    return job


class _Sites:
    """Sites as they are resolved in a run, and the shapes of their values. Each is looked up once: a job often has many
    edits of few sites, as the points of a path."""

    def __init__(self, run: Run) -> None:
        self.found = cache(partial(_found, run=run))
        self.shape = cache(partial(value_shape, run=run))


def _resolved(edits: Intervention, run: Run, sites: _Sites | None = None) -> list[Edit]:
    sites = sites or _Sites(run)
    several: list[Any] = list(edits) if isinstance(edits, Sequence) and not isinstance(edits, str) else [edits]
    if not several:
        raise InputError("An intervention needs at least one edit.")
    for edit in several:
        if not isinstance(edit, Edit):
            raise InputError(f"Expected an edit, such as edits.zero('L3.H1'), or several; found {edit!r:.80}.")
    return [_fitting(replace(edit, site=sites.found(edit.site)), sites) for edit in several]


def _found(site: Site, run: Run) -> Site:
    try:
        return resolve(site, run.model, run.length)
    except InputError as error:
        raise InputError(f"{site.label}: {error}") from error


def _fitting(edit: Edit, sites: _Sites) -> Edit:
    """The edit, if what it adds and removes has the shape of its site's value."""
    if edit.hides or (edit.shift is None and edit.remove is None):
        return edit
    width = sites.shape(edit.site)
    shape = (len(edit.site.positions or ()), *width)
    if edit.shift is not None:
        try:
            fits = edit.shift.expand(shape).shape == shape
        except RuntimeError:
            fits = False
        if not fits:
            raise InputError(f"{edit.site.label} takes a value of shape {shape}, found {tuple(edit.shift.shape)}.")
        if not bool(torch.isfinite(edit.shift).all()):
            raise InputError(f"The value for {edit.site.label} is not finite (NaN or infinity).")
    if edit.remove is not None and not width:
        raise InputError(f"{edit.site.label} is one number: no direction can be projected out of it. Use zero instead.")
    if edit.remove is not None and edit.remove.shape[-1:] != width[-1:]:
        raise InputError(f"A direction for {edit.site.label} has {width[-1]} numbers, found {edit.remove.shape[-1]}.")
    return edit


def value_shape(site: Site, run: Run) -> tuple[int, ...]:
    """The shape of one position's value of a resolved site: the axes of its kind that its indices leave."""
    if site.encoder:
        return value_shape(replace(site, encoder=False), run.encoder)
    dense = run.model.blocks[site.layer].experts is None
    axes: list[Axis] = [axis for axis in KINDS[site.kind].shape if not (axis == "expert" and dense)]
    return tuple(_size(axis, site, run) for axis in axes[len(site.entries) :])


def _size(axis: Axis, site: Site, run: Run) -> int:
    model, block = run.model, BlockAt(run, site.layer, torch.zeros(0, dtype=torch.long))
    cross = KINDS[site.kind].cross
    if axis == "d_head":
        query = block.call.cross_query if cross else block.call.query
        assert query is not None
        return query.shape[-1]
    if axis == "d_value":
        return (block.cross_heads if cross else block.heads).value.shape[-1]
    if axis in ("position", "source"):
        return keys_of(site, model, run.length)
    if axis in ("expert", "neuron"):
        return experts_of(model, site.layer) if axis == "expert" else neurons_of(model, site.layer)
    return {"d_model": model.d_model, "head": model.heads, "kv_head": model.kv_heads}[axis]


def _walks(job: _Job, progress: Progress) -> Iterator[tuple[range, Tensor]]:
    for part, walk, tick in _planned(job, progress):
        yield part, _read(job, walk.go(job.at, tick), part)


def _planned(
    job: _Job, progress: Progress, *, watch: Sequence[Site] = ()
) -> Iterator[tuple[range, Walk, Callable[[int], None]]]:
    """The walks, one after the other, each with what it calls after each block."""
    run, layers = job.run, job.run.model.layers
    work = [job.costs.tokens(row) * (layers - row.layer) for row in job.rows]
    total, before = sum(work), 0
    for part in _parts(job):
        share = sum(work[part.start : part.stop])
        tick = partial(_tick, progress, before, share, total, layers)
        yield part, Walk(run, job.rows[part.start : part.stop], watch), tick
        before += share


def _tick(progress: Progress, before: int, share: int, total: int, layers: int, layer: int) -> None:
    progress("runs with a part changed", (before + share * (layer + 1) / layers) / total)


def _parts(job: _Job) -> Iterator[range]:
    """Consecutive rows that fit the budget together."""
    start, tokens, taken, widest = 0, 0, 0, _widest(job)
    for i, row in enumerate(job.rows):
        size, cost = job.costs.tokens(row), job.costs.of(row)
        if i > start and (tokens + size > widest or taken + cost > job.memory):
            yield range(start, i)
            start, tokens, taken = i, 0, 0
        tokens, taken = tokens + size, taken + cost
    yield range(start, len(job.rows))


def _widest(job: _Job) -> int:
    """Packed tokens of one walk of this job."""
    several = sum(job.costs.tokens(row) for row in job.rows) > WIDEST
    return SHORT if several and job.run.model.device.type == "cpu" else WIDEST


def _chunks(job: _Job, last: Tensor) -> Iterator[Tensor]:
    """The versions' last streams, as many at a time as their logits fit beside the walk."""
    slim = isinstance(job.measure, TokenMeasure)
    yield from last.split(len(last) if slim else logit_rows(job.run.model, len(job.at), job.memory))


def _read(job: _Job, last: Float[Tensor, "row position d_model"], part: range) -> Tensor:
    return _numbers(job, torch.cat([_measured(job, chunk) for chunk in _chunks(job, last)]), part)


def _numbers(job: _Job, found: Tensor, part: range) -> Tensor:
    """What was measured, if none of it is NaN."""
    _check(job, part, torch.isnan(found), "The measure gave NaN")
    return found


def _check(job: _Job, part: range, bad: Tensor, what: str) -> None:
    bad = bad.reshape(len(bad), -1).any(1)
    if bool(bad.any()):
        row = job.rows[part[int(bad.int().argmax())]]
        raise InputError(
            f"{what} for {row.first.site.label} ({row.first.what}).\n"
            "Expected a finite number for every version: look at the measure, or at the size of the edit."
        )


def _measured(job: _Job, last: Tensor) -> Tensor:
    model, measure = job.run.model, job.measure
    if isinstance(measure, TokenMeasure):
        found = measure.of_normed(model, normed(model, last))
    else:
        found = measure(unembedded(model, last)[2])
    if not isinstance(found, Tensor) or found.shape[:1] != last.shape[:1]:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise InputError(f"Expected the measure to give a tensor with {len(last)} rows, one a version; found {shape}.")
    return found if found.is_floating_point() else found.double()


def _read_with_slope(job: _Job, last: Tensor) -> tuple[Tensor, Tensor]:
    """Values, and their gradient by the last stream: a chunk of logits at a time."""
    values, slopes = [], []
    for chunk in _chunks(job, last.detach()):
        leaf = chunk.requires_grad_()
        found = _measured(job, leaf)
        if found.ndim != 1:
            raise InputError("A gradient needs a measure of one number a version, found several.")
        values.append(found.detach())
        slopes.append(torch.autograd.grad(found.sum(), leaf)[0])
    return torch.cat(values), torch.cat(slopes)
