"""One walk up the layers for many counterfactual versions of one run.

Each row is one version. It joins at the first block it changes, with the positions from its first edited one on; below
and before, nothing changed, so nothing is computed. Rows that have joined are packed into one sequence (batch.py):
norms, projections and MLPs act on positions one by one, so every block is called once, unmodified, on all of them;
attention is spliced onto the base run (attention.py). Exact: the numbers of a full run of each version, up to rounding.

In a bidirectional stack a row holds every position; of the last block only what is read is computed. A version that is
edited inside the encoder goes up there first, in a walk of the same kind; the states that it ends with are the source
that its row reads in the decoder, from the first block and position on.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.engine.attention import Attention
from unembed.engine.batch import Batch, Line, Row, Watched, line_in
from unembed.models.hooks import attending, first_of, on_call, on_output, one_at_a_time
from unembed.models.kinds import KINDS, Kind, SiteKind
from unembed.models.model import Block, Model
from unembed.models.sites import Site
from unembed.runs.kept import ExpertInputs, at_positions, expert_neurons, router_weights
from unembed.runs.run import Run

_BEHIND_ATTENTION: tuple[SiteKind, ...] = ("attention_write", "neuron", "mlp_write")
"""Kinds of sites that no attention of their block reads, each changed where a module takes or gives it."""


class Walk:
    """A walk of rows up the layers of a run. Rows must be in the order of their keys."""

    def __init__(self, run: Run, rows: Sequence[Row], watch: Sequence[Site] = ()) -> None:
        self.run = run
        self.model: Model = run.model
        self.batch = Batch(run, rows, [site for site in watch if not site.encoder])
        self._attention = Attention(self.batch)
        self._watch_source = [site for site in watch if site.encoder]
        self._sources: Tensor | None = None
        """What cross-attention reads: the base run's source and behind it those of rows; None for the first alone."""
        self._source_watched: Watched = {}
        self.hidden: Tensor = run.after(-1)[:0]
        """The stream of each packed token."""
        self.positions = torch.zeros(0, dtype=torch.long, device=self.hidden.device)
        """The position of each packed token."""

    def go(
        self, at: Sequence[int], progress: Callable[[int], None] = lambda layer: None
    ) -> Float[Tensor, "row position d_model"]:
        """The last stream of every row, at some positions."""
        with one_at_a_time:
            self._read_sources(progress)
            with attending(self.model, self._attention):
                self._climb(sorted(set(at)), progress)
        return self._last(at)

    def _climb(self, at: Sequence[int], progress: Callable[[int], None]) -> None:
        for layer, block in enumerate(self.model.blocks):
            self._join(layer, late=False)
            if self.batch.joined and self._ends_at(layer, at):
                self._call_at(layer, block, at)
            elif self.batch.joined:
                self._call(layer, block)
            self._join(layer, late=True)
            progress(layer)

    def watched(self) -> Watched:
        """What each watched site held in each row, before edits of that very site: `row position *value`."""
        found = self.batch.watched()
        for site in self._watch_source:
            base = self.run.at(site)
            found[site] = base.expand(len(self.batch.rows), *base.shape).clone()
            if self._source_watched:
                found[site][list(self.batch.own_source)] = self._source_watched[replace(site, encoder=False)]
        return found

    def _read_sources(self, progress: Callable[[int], None]) -> None:
        """Go up the encoder with the versions that are edited there."""
        rows = [row.source for row in self.batch.rows if row.source is not None]
        if not rows:
            return
        source, encoder = self.model.source, self.run.encoder
        assert source is not None
        assert source.states is not None
        walk = Walk(encoder, rows, [replace(site, encoder=False) for site in self._watch_source])
        # Work is counted in layers of the decoder (counterfactual.py): up here none of them is done, layer -1 was last.
        states = encoder.model.norm(walk.go(range(encoder.length), lambda _: progress(-1)))
        self._sources = torch.cat([source.states, states.flatten(0, 1)[None]], 1)
        self._source_watched = walk.watched()

    def _last(self, at: Sequence[int]) -> Tensor:
        rows, token = self.batch.rows, self.batch.token
        tokens = [max(0, token(r, p)) for r in range(len(rows)) for p in at]
        found = self.hidden[tokens].unflatten(0, (len(rows), len(at)))
        # Before its first edited position a row holds nothing: there it is as the base run was.
        before = torch.tensor([[p < row.start for p in at] for row in rows], device=found.device)
        return torch.where(before[..., None], self.run.after(-1)[list(at)], found) if bool(before.any()) else found

    # Joining

    def _join(self, layer: int, *, late: bool) -> None:
        batch, first = self.batch, self.batch.joined
        while batch.joined < len(batch.rows) and batch.rows[batch.joined].key[:2] == (layer, late):
            batch.joined += 1
        new = range(first, batch.joined)
        if not new:
            return
        added = [p for r in new for p in range(batch.rows[r].start, self.run.length)]
        positions = torch.tensor(added, device=self.model.device)
        self.positions = torch.cat([self.positions, positions])
        state = (self.run.leaving if late else self.run.entering)(layer, positions)
        self.hidden = torch.cat([self.hidden, self._end_anew(layer, new, state) if late else state])

    def _end_anew(self, layer: int, new: range, state: Tensor) -> Tensor:
        """The streams of rows that join at the end of a block: with another MLP write, or edited as they are.

        What is told here is how the end follows from the kinds that are `late`.
        """
        batch = self.batch
        cells = batch.cells(layer, "neuron", "mlp_write", rows=new)
        if cells:
            positions = torch.tensor([p for _, p in cells], device=self.model.device)
            first = batch.offsets[new.start]
            tokens = torch.tensor([batch.token(r, p) - first for r, p in cells], device=state.device)
            before = self.run.whole("mlp_write", layer, positions)
            write = self._neurons_anew(layer, new, cells, before)
            write = batch.edited(layer, "mlp_write", write, rows=new, line=line_in(cells))
            # From the middle of the block up, as the block does: `state - before + write` would cancel where writes are
            # large beside the stream.
            end = self._middle(layer, positions) + write
            state = state.index_put((tokens,), self._leaving(layer, end))
        return batch.edited(layer, "resid_post", state, rows=new)

    def _leaving(self, layer: int, end: Tensor) -> Tensor:
        """The stream that leaves a block once its MLP has written: through a norm (post-LN), or times a number."""
        module, norm = self.model.blocks[layer].stream_norms.get("mlp", (None, None))
        if module is None or norm is None:
            return end
        return end * norm.gain.to(end.dtype) if norm.identity else module(end)

    def _middle(self, layer: int, positions: Tensor) -> Tensor:
        """The stream of the base run that the MLP's write is added to: after a norm of the attention's, in post-LN."""
        normed = self.run.layers[layer].normed.get("attention")
        if normed is None:
            return self.run.whole("resid_mid", layer, positions)
        return normed[self.run.rows(positions.tolist())]

    def _neurons_anew(self, layer: int, new: range, cells: list[tuple[int, int]], write: Tensor) -> Tensor:
        """The MLP writes at `cells`, where edited neurons write anew: one down projection instead of a whole block."""
        mine = self.batch.cells(layer, "neuron", rows=new)
        if not mine:
            return write
        block = self.model.blocks[layer]
        assert block.down_projection is not None
        neurons = self.run.whole("neuron", layer, torch.tensor([p for _, p in mine], device=write.device))
        out = block.down_projection(self.batch.edited(layer, "neuron", neurons, rows=new, line=line_in(mine)))
        out = out if block.mlp_norm is None or block.mlp_norm.identity else block.mlp_write(out)
        out = out if block.write_scale == 1 else out * block.write_scale
        if mine == cells:
            return out
        line = line_in(cells)
        return write.index_put((torch.tensor([line(r, p) for r, p in mine], device=write.device),), out)

    # Calling a block

    def _call(self, layer: int, block: Block) -> None:
        self.hidden = self.batch.edited(layer, "resid_pre", self.hidden)
        with ExitStack() as stack:
            self._hook_modules(stack, layer, block)
            if block.experts is not None:
                self._hook_experts(stack, layer, block.experts)
            out = self._made_by(layer, block, self.hidden, self.positions)
        self.hidden = self.batch.edited(layer, "resid_post", out)

    def _made_by(self, layer: int, block: Block, hidden: Tensor, positions: Tensor) -> Tensor:
        """What the unmodified block makes of packed tokens."""
        call = self.run.calls[layer]
        states = None if self.model.source is None else self.model.source.states
        # The block sees one sequence of packed tokens, each with the arguments (rotary pairs and the like) of its own
        # position; that neighbours are of other rows it cannot tell, for attention is ours.
        args, kwargs = (
            at_positions(x, positions, self.run.length, states, self._sources) for x in (call.args, call.kwargs)
        )
        self._attention.layer = layer
        out = block.module(hidden[None], *args, **kwargs)
        return first_of(out)[0]

    def _ends_at(self, layer: int, at: Sequence[int]) -> bool:
        """Whether a block is called for the positions that are read alone: the last one of a bidirectional stack."""
        # Elsewhere rows hold little else. Edits that attention reads, or that are of other positions, need all of it.
        model = self.model
        few = layer == model.layers - 1 and model.bidirectional and len(at) < self.run.length
        return few and not model.family.bypasses_interface and self.batch.confined(layer, _BEHIND_ATTENTION, at)

    def _call_at(self, layer: int, block: Block, at: Sequence[int]) -> None:
        """Call a block for some positions of each row. They read keys and values of the others, so for all tokens it is
        called as well, until it attends."""
        cells = [(row, position) for row in range(self.batch.joined) for position in at]
        tokens = torch.tensor([self.batch.token(*cell) for cell in cells], device=self.hidden.device)
        whole = partial(self._made_by, layer, block, self.hidden, self.positions)
        with self._attention.at(at, whole), ExitStack() as stack:
            self._hook_modules(stack, layer, block, line_in(cells))
            out = self._made_by(layer, block, self.hidden[tokens], self.positions[tokens])
        self.hidden = self.hidden.index_put((tokens,), out)  # the others keep what nobody reads

    def _hook_modules(self, stack: ExitStack, layer: int, block: Block, line: Line | None = None) -> None:
        """Watch and edit what passes through modules of the block, where the table of kinds says (`Tap`); `line` as in
        `Batch.edited`."""
        # In the order in which a block computes them: of hooks of one module, the first sees the value first.
        for kind in sorted(KINDS.values(), key=lambda kind: kind.order):
            inside_experts = "expert" in kind.shape and block.experts is not None
            if kind.tap.of == "module" or inside_experts or not self.batch.touched(layer, kind.name):
                continue
            of_writes = kind.tap.of in ("attention_write", "mlp_write")
            edit = partial(self._passing, layer, kind, line, block.write_scale if of_writes else 1.0)
            if kind.tap.side in ("output", "sum"):
                on_output(stack, kind.tap.module(block), edit)
            elif kind.tap.side == "input":
                on_call(stack, kind.tap.module(block), lambda args, _, edit=edit: (edit(args[0]), *args[1:]))

    def _passing(self, layer: int, kind: Kind, line: Line | None, scale: float, x: Tensor) -> Tensor:
        """What passes a module, edited as it is once the block has multiplied it by `scale`."""
        lines = x.flatten(0, -2)
        lines = lines if scale == 1 else lines * scale
        if kind.tap.side != "sum":
            edited = self.batch.edited(layer, kind.name, lines, line=line)
            return x if edited is lines else _unscaled(edited, scale).reshape(x.shape)
        middle = self.hidden + lines
        edited = self.batch.edited(layer, kind.name, middle)
        # The block adds the write to the stream itself, so an edited sum is handed to it as another write. Where
        # nothing was edited the write stays as it is, not rounded by the way there and back.
        return x if edited is middle else _unscaled(edited - self.hidden, scale).reshape(x.shape)

    # A mixture of experts

    def _hook_experts(self, stack: ExitStack, layer: int, experts: nn.Module) -> None:
        """Neurons of experts stand inside one fused call, where no hook reaches: it is let run on the edited routing,
        and what edited neurons change is added to its output, which is linear in them."""
        inputs: list[ExpertInputs] = []

        def route(args: tuple[Any, ...], _: dict[str, Any]) -> tuple[Any, ...]:
            inputs.append(self._routed(layer, ExpertInputs(*args)))
            return inputs[0].hidden, inputs[0].index, inputs[0].weight

        def rewrite(out: Tensor) -> Tensor:
            before = expert_neurons(self.model, layer, inputs[0])
            change = self.batch.edited(layer, "neuron", before) - before
            weights = router_weights(inputs[0], before.shape[1])
            return out + _mix(experts, change * weights[..., None]).to(out.dtype).reshape(out.shape)

        if self.batch.touched(layer, "expert", "neuron"):
            on_call(stack, experts, route)
        if self.batch.touched(layer, "neuron"):
            on_output(stack, experts, rewrite)

    def _routed(self, layer: int, inputs: ExpertInputs) -> ExpertInputs:
        """The router's choice with edited weights; an expert that it did not choose takes one more slot."""
        if not self.batch.touched(layer, "expert"):
            return inputs
        experts = self.model.blocks[layer].experts.down_proj.shape[0]
        before = router_weights(inputs, experts)
        after = self.batch.edited(layer, "expert", before)
        # Chosen is what has a slot, also where its weight is exactly 0.
        chosen = torch.zeros_like(before, dtype=torch.bool).scatter(1, inputs.index, True)
        new = (after != 0) & ~chosen
        extra = int(new.sum(1).max())
        if extra == 0:
            return ExpertInputs(inputs.hidden, inputs.index, after.gather(1, inputs.index))
        # Every token takes as many more slots as the neediest one, for the slots of all are one array: topk of 0 and 1
        # puts the experts that are wanted first, and the slots that a token has too many get weight 0.
        more = new.to(torch.int8).topk(extra, 1).indices
        wanted = new.gather(1, more)
        weights = torch.cat([after.gather(1, inputs.index), after.gather(1, more) * wanted], 1)
        more = torch.where(wanted, more, inputs.index[:, :1])  # a slot that is not needed repeats a chosen expert
        return ExpertInputs(inputs.hidden, torch.cat([inputs.index, more.to(inputs.index.dtype)], 1), weights)


def _unscaled(x: Tensor, scale: float) -> Tensor:
    return x if scale == 1 else x / scale


def _mix(experts: Any, neurons: Float[Tensor, "token expert neuron"]) -> Float[Tensor, "token d_model"]:
    """What weighted expert neurons write, without the experts' biases."""
    equation = "ten,end->td" if experts.is_transposed else "ten,edn->td"
    return torch.einsum(equation, neurons, experts.down_proj.to(neurons.dtype))
