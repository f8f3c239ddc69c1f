"""One walk up the layers for many counterfactual versions of one run.

Each row is one version. It joins at the first block it changes, with the positions from its first edited one on; below
and before, nothing changed, so nothing is computed. Rows that have joined are packed into one sequence: norms,
projections and MLPs act on positions one by one, so every block is called once, unmodified, on all of them;
attention is spliced onto the base run (splicing.py). Exact: the numbers of a full run of each version, up to rounding.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.engine.edits import Edit
from unembed.engine.packed_edits import Item, apply, index_of
from unembed.engine.splicing import Group, Prefix, attend
from unembed.models.hooks import Eager, attending, on_call, on_output, one_at_a_time
from unembed.models.model import Block, Model, Stage
from unembed.models.sites import OF_SOURCE, Site
from unembed.runs.kept import ExpertInputs, at_positions, expert_neurons, router_weights
from unembed.runs.record import attentions
from unembed.runs.run import Run

_LATE = ("neuron", "mlp_write", "resid_post")
"""Sites from which a block's end is at hand: an edit there needs no run of its block."""

_Line = Callable[[int, int], int]


@dataclass(frozen=True)
class Row:
    """One version: its edits, with resolved sites, and where it joins."""

    edits: tuple[Edit, ...]
    start: int
    """Its first edited position."""
    layer: int
    """The first block it changes."""
    late: bool
    """Whether it joins at the end of that block."""

    @property
    def key(self) -> tuple[int, bool, int]:
        """Rows join in this order."""
        return self.layer, self.late, self.start


def row_of(edits: Sequence[Edit], run: Run) -> Row:
    """The row of some edits, whose sites are resolved."""
    layer = min(edit.site.layer for edit in edits)
    first = [edit.site for edit in edits if edit.site.layer == layer]
    # A source position is read from every position of the prompt.
    start = min(0 if edit.site.kind in OF_SOURCE else p for edit in edits for p in edit.site.positions or ())
    return Row(tuple(edits), start, layer, late=all(_is_late(site, run) for site in first))


def _is_late(site: Site, run: Run) -> bool:
    if site.kind == "resid_post":
        return True
    block = run.model.blocks[site.layer]
    if block.cross is not None or block.stream_norms:
        return False
    mixture = run.model.blocks[site.layer].experts is not None
    return site.kind in _LATE and not (mixture and site.kind == "neuron") and run.keeps(site.positions or ())


Watched = dict[Site, Tensor]


class Walk:
    """A walk of rows up the layers of a run. Rows must be in the order of their keys."""

    def __init__(self, run: Run, rows: Sequence[Row], watch: Sequence[Site] = ()) -> None:
        self.run, self.rows, self.watch = run, rows, watch
        self.model: Model = run.model
        self.hidden: Tensor = run.after(-1)[:0]
        self.positions = torch.zeros(0, dtype=torch.long, device=self.hidden.device)
        """The position of each packed token."""
        self.joined = 0
        self.seen: dict[Site, Tensor] = {}
        sizes = [run.length - row.start for row in rows]
        self.offsets = [0, *itertools.accumulate(sizes)]
        self._places: dict[tuple[int, str], list[tuple[int, Edit]]] = defaultdict(list)
        for index, row in enumerate(rows):
            for edit in row.edits:
                self._places[edit.site.layer, edit.site.kind].append((index, edit))
        self._masks: dict[int, dict[tuple[int, int], Tensor]] = defaultdict(dict)

    def go(
        self, at: Sequence[int], progress: Callable[[int], None] = lambda layer: None
    ) -> Float[Tensor, "row position d_model"]:
        """The last stream of every row, at some positions."""
        with one_at_a_time, attending(self.model, self._attend):
            for layer, block in enumerate(self.model.blocks):
                self._join(layer, late=False)
                if self.joined:
                    self._call(layer, block)
                self._join(layer, late=True)
                progress(layer)
        return self._last(at)

    def _last(self, at: Sequence[int]) -> Tensor:
        tokens = [max(0, self._token(r, p)) for r in range(len(self.rows)) for p in at]
        found = self.hidden[tokens].unflatten(0, (len(self.rows), len(at)))
        before = torch.tensor([[p < row.start for p in at] for row in self.rows], device=found.device)
        base = self.run.after(-1)[list(at)]
        return torch.where(before[..., None], base, found) if bool(before.any()) else found

    def _token(self, row: int, position: int) -> int:
        """Where a position of a row stands in the packed batch; negative where the row does not hold it."""
        inside = position - self.rows[row].start
        return self.offsets[row] + inside if inside >= 0 else -1

    # Joining

    def _join(self, layer: int, *, late: bool) -> None:
        first = self.joined
        while self.joined < len(self.rows) and self.rows[self.joined].key[:2] == (layer, late):
            self.joined += 1
        new = range(first, self.joined)
        if not new:
            return
        self.__dict__.pop("_groups", None)
        added = [p for r in new for p in range(self.rows[r].start, self.run.length)]
        positions = torch.tensor(added, device=self.model.device)
        self.positions = torch.cat([self.positions, positions])
        state = (self.run.after(layer) if late else self.run.before(layer))[positions]
        self.hidden = torch.cat([self.hidden, self._end_anew(layer, new, state) if late else state])

    def _end_anew(self, layer: int, new: range, state: Tensor) -> Tensor:
        """The streams of rows that join at the end of a block: with another MLP write, or edited as they are."""
        cells = self._cells(layer, ("neuron", "mlp_write"), new)
        if cells:
            positions = torch.tensor([p for _, p in cells], device=self.model.device)
            tokens = torch.tensor([self._token(r, p) - self.offsets[new.start] for r, p in cells], device=state.device)
            before = self.run.whole("mlp_write", layer, positions)
            write = self._neurons_anew(layer, new, cells, before)
            write = self._edited(layer, "mlp_write", write, new, _line_in(cells))
            # From the middle of the block up, as the block does: `state - before + write` would cancel where writes are
            # large beside the stream.
            state = state.index_put((tokens,), self.run.whole("resid_mid", layer, positions) + write)
        return self._edited(layer, "resid_post", state, new)

    def _neurons_anew(self, layer: int, new: range, cells: list[tuple[int, int]], write: Tensor) -> Tensor:
        mine = self._cells(layer, ("neuron",), new)
        if not mine:
            return write
        block = self.model.blocks[layer]
        assert block.down_projection is not None
        neurons = self.run.whole("neuron", layer, torch.tensor([p for _, p in mine], device=write.device))
        out = block.down_projection(self._edited(layer, "neuron", neurons, new, _line_in(mine)))
        out = out if block.mlp_norm is None else block.mlp_write(out)
        if mine == cells:
            return out
        line = _line_in(cells)
        return write.index_put((torch.tensor([line(r, p) for r, p in mine], device=write.device),), out)

    def _cells(self, layer: int, kinds: tuple[str, ...], rows: range) -> list[tuple[int, int]]:
        """The (row, position) pairs that edits of these kinds change."""
        edits = [(r, e) for kind in kinds for r, e in self._places.get((layer, kind), []) if r in rows]
        return list(dict.fromkeys((r, p) for r, edit in edits for p in edit.site.positions or ()))

    # Calling a block

    def _call(self, layer: int, block: Block) -> None:
        call = self.run.calls[layer]
        early = range(self.joined)
        self.hidden = self._edited(layer, "resid_pre", self.hidden, early)
        states = None if self.model.source is None else self.model.source.states
        args, kwargs = (at_positions(x, self.positions, self.run.length, states) for x in (call.args[1:], call.kwargs))
        with ExitStack() as stack:
            self._hook_writes(stack, layer, block, early)
            if block.experts is None:
                self._hook_neurons(stack, layer, block, early)
            else:
                self._hook_experts(stack, layer, block.experts, early)
            out = block.module(self.hidden[None], *args, **kwargs)
        out = (out[0] if isinstance(out, tuple) else out)[0]
        self.hidden = self._edited(layer, "resid_post", out, early)

    def _touched(self, layer: int, kind: str, rows: range) -> bool:
        edits = self._places.get((layer, kind), [])
        return any(r in rows for r, _ in edits) or any((s.layer, s.kind) == (layer, kind) for s in self.watch)

    def _hook_writes(self, stack: ExitStack, layer: int, block: Block, rows: range) -> None:
        if self._touched(layer, "attention_write", rows) or self._touched(layer, "resid_mid", rows):
            on_output(stack, block.attention_write, lambda out: self._attention_write(layer, out, rows))
        if self._touched(layer, "mlp_write", rows):
            on_output(stack, block.mlp_write, self._editor(layer, "mlp_write", rows))
        if block.cross is not None and self._touched(layer, "cross_attention_write", rows):
            on_output(stack, block.cross.attention, self._editor(layer, "cross_attention_write", rows))

    def _attention_write(self, layer: int, out: Tensor, rows: range) -> Tensor:
        write = self._edited(layer, "attention_write", out.reshape(len(self.hidden), -1), rows)
        if self._touched(layer, "resid_mid", rows):
            middle = self.hidden + write
            edited = self._edited(layer, "resid_mid", middle, rows)
            write = write if edited is middle else edited - self.hidden
        return write.reshape(out.shape)

    def _editor(self, layer: int, kind: str, rows: range) -> Callable[[Tensor], Tensor]:
        def edit(x: Tensor) -> Tensor:
            return self._edited(layer, kind, x.reshape(len(self.hidden), -1), rows).reshape(x.shape)

        return edit

    def _hook_neurons(self, stack: ExitStack, layer: int, block: Block, rows: range) -> None:
        if self._touched(layer, "neuron", rows):
            assert block.down_projection is not None
            edit = self._editor(layer, "neuron", rows)
            on_call(stack, block.down_projection, lambda args, _: (edit(args[0]), *args[1:]))

    def _hook_experts(self, stack: ExitStack, layer: int, experts: nn.Module, rows: range) -> None:
        inputs: list[ExpertInputs] = []

        def route(args: tuple[Any, ...], _: dict[str, Any]) -> tuple[Any, ...]:
            inputs.append(self._routed(layer, ExpertInputs(*args), rows))
            return inputs[0].hidden, inputs[0].index, inputs[0].weight

        def rewrite(out: Tensor) -> Tensor:
            before = expert_neurons(self.model, layer, inputs[0])
            change = self._edited(layer, "neuron", before, rows) - before
            weights = router_weights(inputs[0], before.shape[1])
            return out + _mix(experts, change * weights[..., None]).to(out.dtype).reshape(out.shape)

        if self._touched(layer, "expert", rows) or self._touched(layer, "neuron", rows):
            on_call(stack, experts, route)
        if self._touched(layer, "neuron", rows):
            on_output(stack, experts, rewrite)

    def _routed(self, layer: int, inputs: ExpertInputs, rows: range) -> ExpertInputs:
        """The router's choice with edited weights; an expert that it did not choose takes one more slot."""
        if not self._touched(layer, "expert", rows):
            return inputs
        experts = self.model.blocks[layer].experts.down_proj.shape[0]
        before = router_weights(inputs, experts)
        after = self._edited(layer, "expert", before, rows)
        # Chosen is what has a slot, also where its weight is exactly 0.
        chosen = torch.zeros_like(before, dtype=torch.bool).scatter(1, inputs.index, True)
        new = (after != 0) & ~chosen
        extra = int(new.sum(1).max())
        if extra == 0:
            return ExpertInputs(inputs.hidden, inputs.index, after.gather(1, inputs.index))
        more = new.to(torch.int8).topk(extra, 1).indices
        wanted = new.gather(1, more)
        weights = torch.cat([after.gather(1, inputs.index), after.gather(1, more) * wanted], 1)
        more = torch.where(wanted, more, inputs.index[:, :1])  # a slot that is not needed repeats a chosen expert
        return ExpertInputs(inputs.hidden, torch.cat([inputs.index, more.to(inputs.index.dtype)], 1), weights)

    # Attention

    def _attend(
        self, module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, None]:
        (layer, stage), rows = self._place_of[module], range(self.joined)
        if stage == "cross_attention":
            return self._cross(layer, eager, query, key, value), None
        heads = {"query": query, "key": key, "value": value}
        for kind, x in heads.items():
            if self._touched(layer, kind, rows):
                packed = self._edited(layer, kind, x[0].transpose(0, 1), rows)
                heads[kind] = packed.transpose(0, 1)[None]
        call, kept = self.run.calls[layer], self.run.layers[layer].heads
        assert kept is not None
        inner = self.model.family.inner_attention is not None
        prefix = Prefix(call.key, kept.value, call.mask, inner, self._masks[id(call.mask)])
        pattern = partial(self._pattern, layer) if self._touched(layer, "pattern", rows) else None
        z = attend(eager, prefix, self._groups, heads["query"], heads["key"], heads["value"], edit_pattern=pattern)
        if self._touched(layer, "z", rows):
            z = self._edited(layer, "z", z[0], rows)[None]
        return z, None

    def _cross(self, layer: int, eager: Eager, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """`z` of the cross-attention: every packed token reads the whole source."""
        rows, mask = range(self.joined), self.run.calls[layer].cross_mask
        mask = None if mask is None else mask[..., :1, :]  # the same for every position of the prompt
        if self._touched(layer, "cross_query", rows):
            query = self._edited(layer, "cross_query", query[0].transpose(0, 1), rows).transpose(0, 1)[None]
        if any(self._touched(layer, kind, rows) for kind in ("cross_key", "cross_value", "cross_pattern")):
            z = self._cross_apart(layer, eager, query, (key, value), mask)
        else:
            z = eager(query, key, value, mask)[0]
        return self._edited(layer, "cross_z", z[0], rows)[None] if self._touched(layer, "cross_z", rows) else z

    def _cross_apart(
        self, layer: int, eager: Eager, query: Tensor, source: tuple[Tensor, Tensor], mask: Tensor | None
    ) -> Tensor:
        """`_cross` where rows read sources of their own, or with patterns of their own: each row has a copy."""
        key, value = (
            self._own_source(layer, kind, x) for kind, x in zip(("cross_key", "cross_value"), source, strict=True)
        )
        parts = []
        for group in self._groups:
            mine = torch.tensor([r for r in range(self.joined) if self.rows[r].start == group.start], device=key.device)
            q = query[:, :, group.tokens].unflatten(2, (group.rows, -1))[0].transpose(0, 1)
            z, pattern = eager(q, key[mine], value[mine], mask)
            if self._touched(layer, "cross_pattern", range(self.joined)):
                edited = self._pattern(layer, group, pattern.transpose(1, 2), "cross_pattern").transpose(1, 2)
                z = z + ((edited - pattern).to(value.dtype) @ value[mine]).transpose(1, 2)
            parts.append(z.flatten(0, 1))
        order = torch.cat([torch.arange(len(self.hidden), device=key.device)[group.tokens] for group in self._groups])
        return torch.cat(parts)[order.argsort()][None]

    def _own_source(self, layer: int, kind: str, x: Tensor) -> Float[Tensor, "row head source d_head"]:
        """Keys or values of the source, a copy for each row, edited."""
        rows, length = range(self.joined), x.shape[2]
        packed = x[0].transpose(0, 1).repeat(self.joined, 1, 1)
        packed = self._edited(layer, kind, packed, rows, lambda r, p: r * length + p)
        return packed.unflatten(0, (self.joined, length)).transpose(1, 2)

    @cached_property
    def _place_of(self) -> dict[nn.Module, tuple[int, Stage]]:
        return attentions(self.model)

    @cached_property
    def _groups(self) -> list[Group]:
        """The joined rows by their start."""
        by_start: dict[int, list[int]] = defaultdict(list)
        for index, row in enumerate(self.rows[: self.joined]):
            by_start[row.start].append(index)
        if len(by_start) == 1:
            return [Group(start, len(rows), slice(None)) for start, rows in by_start.items()]
        return [self._group(start, rows) for start, rows in by_start.items()]

    def _group(self, start: int, rows: list[int]) -> Group:
        first = torch.tensor([self.offsets[r] for r in rows], device=self.model.device)
        inside = torch.arange(self.run.length - start, device=self.model.device)
        return Group(start, len(rows), (first[:, None] + inside).flatten())

    def _pattern(
        self, layer: int, group: Group, pattern: Float[Tensor, "row position head key"], kind: str = "pattern"
    ) -> Tensor:
        """Edit the patterns of one group: its packed tokens are its rows' positions in order."""
        rows = [r for r in range(self.joined) if self.rows[r].start == group.start]
        cells = [(r, p) for r in rows for p in range(group.start, self.run.length)]
        lines = {cell: i for i, cell in enumerate(cells)}
        edited = self._edited(
            layer, kind, pattern.flatten(0, 1), range(self.joined), lambda r, p: lines.get((r, p), -1)
        )
        return edited.view(pattern.shape)

    # Edits and what is watched

    def _edited(self, layer: int, kind: str, x: Tensor, rows: range, line: "_Line | None" = None) -> Tensor:
        """`x` with the edits of these rows; what is watched there is kept first.

        `line` tells which line of `x` holds a position of a row (negative: none); by default `x` has one a packed
        token of these rows.
        """
        first = self.offsets[rows.start]
        line = line or (lambda r, p: self._token(r, p) - first)
        for site in self.watch:
            if (site.layer, site.kind) == (layer, kind):
                self._keep(site, x, {(r, p): line(r, p) for r in rows for p in site.positions or ()})
        items = [
            Item(edit, tuple(line(r, p) for p in edit.site.positions or ()))
            for r, edit in self._places.get((layer, kind), [])
            if r in rows
        ]
        return apply(x, [item for item in items if min(item.lines) >= 0])

    def _keep(self, site: Site, x: Tensor, lines: dict[tuple[int, int], int]) -> None:
        """Keep a watched site of the rows that hold it; for others it is what it was in the base run."""
        if site not in self.seen:
            base = self.run.at(site)
            self.seen[site] = base.expand(len(self.rows), *base.shape).clone()
        index = index_of(site)
        column = {p: i for i, p in enumerate(site.positions or ())}
        for (r, p), line in lines.items():
            if line >= 0 and p in column:
                self.seen[site][r, column[p]] = x[(line, *index)]

    def watched(self) -> Watched:
        """What each watched site held in each row, before edits of that very site: `row position *value`."""
        missing = [site for site in self.watch if site not in self.seen]
        base = {site: self.run.at(site) for site in missing}
        return self.seen | {site: x.expand(len(self.rows), *x.shape) for site, x in base.items()}


def _mix(experts: Any, neurons: Float[Tensor, "token expert neuron"]) -> Float[Tensor, "token d_model"]:
    """What weighted expert neurons write, without the experts' biases."""
    equation = "ten,end->td" if experts.is_transposed else "ten,edn->td"
    return torch.einsum(equation, neurons, experts.down_proj.to(neurons.dtype))


def _line_in(cells: list[tuple[int, int]]) -> _Line:
    where = {cell: i for i, cell in enumerate(cells)}
    return lambda r, p: where.get((r, p), -1)
