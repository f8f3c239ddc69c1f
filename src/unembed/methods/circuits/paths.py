"""Path expansion: a prediction as a sum over paths through attention heads.

*A Mathematical Framework for Transformer Circuits* (Elhage et al. 2021). With patterns and the scales of norms frozen
at the run, the stream is linear in what was written to it, and so is every value that a head moves. A readout `w . x`
is therefore a sum over paths

    w . x = sum over paths  (write at the start) -> head -> head -> ... -> logit

where a path starts at an embedding, at what an MLP wrote, or at a constant (biases, norm shifts), and each head on it
carries the stream of a source token to a destination. Going through head `h` at destination `i` from source `s` turns a
readout `w` at `i` into one at `s`:

    w' = pattern[h, i, s] * N_s(W_V W_O w),    N_s the norm before attention with its scale at `s` frozen

There are more paths than atoms, so they are found best first: the head whose credit is largest is opened into the
paths that make it up. Whatever is not opened or too small to list is one remainder, computed and not inferred: listed
paths, small ones and unopened heads sum to the model's own number. An MLP ends a path: it is not linear.
"""

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.decompose import SAFETY, rounding
from unembed.ledger.ledger import check_sum
from unembed.ledger.readout import Readout, readout
from unembed.methods.circuits.projections import Affine, affine
from unembed.models.layers import bias
from unembed.models.model import decoders_only, input_norm, no_prediction_head, sums_only
from unembed.models.names import head_name, part_name
from unembed.models.reprs import SHOWN, Brief, listed
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BATCH = 32
"""Heads that are opened at a time."""


@dataclass(frozen=True)
class Step:
    """A head that carries the stream of a source token to a destination."""

    layer: int
    head: int
    source: int
    destination: int

    @property
    def label(self) -> str:
        """`L23.H4 (3→4)`: from source to destination."""
        return f"{head_name(self.layer, self.head)} ({self.source}→{self.destination})"


@dataclass(frozen=True, repr=False)
class Path(Brief):
    """One path: what was written at its start, the heads that carry it up, and what it adds to the readout."""

    kind: str
    """Of the start: `embedding`, `position_embedding`, `mlp`, `attention_bias`, `value_bias`."""
    layer: int | None
    """Of the MLP or bias at the start."""
    position: int
    """Where the start was written."""
    steps: tuple[Step, ...]
    """From the start up; empty for a direct effect on the readout's own position."""
    value: float

    @property
    def label(self) -> str:
        """`embedding @ 3 → L23.H4 (3→4)`."""
        start = part_name(self.kind, self.layer)
        return " → ".join([f"{start} @ {self.position}", *(step.label for step in self.steps)])


@dataclass(frozen=True)
class PathExpansion(RunResult[Path]):
    """A readout as a sum over paths. Made by `expand_paths`."""

    readout: Readout
    paths: tuple[Path, ...]
    """The largest first."""
    constants: dict[str, float]
    """What belongs to no path: the final norm's shift, the bias of the unembedding, the soft-cap."""
    small: float
    """Sum of finished paths below the smallest value that is listed."""
    small_count: int
    unopened: float
    """Sum of the heads that were not opened: all paths through them."""
    opened: int
    """Heads that were."""
    tolerance: float

    @property
    def run(self) -> Run:
        """The recorded run."""
        return self.readout.run

    @property
    def unit(self) -> str:
        """Of the readout."""
        return self.readout.unit

    def entries(self) -> tuple[Path, ...]:
        """The listed paths."""
        return self.paths

    def columns(self, entry: Path) -> dict[str, Any]:
        """A path, with the token where it starts and the number of heads on it."""
        return {
            "label": entry.label,
            "kind": entry.kind,
            "layer": entry.layer,
            "position": entry.position,
            "token": self.token_texts[entry.position],
            "heads": len(entry.steps),
            "value": entry.value,
        }

    def plot(self, count: int = 20) -> "Figure":
        """Draw the largest paths as bars, and all else as one.

        Raises:
            InputError: matplotlib is not installed.
        """
        return self.bars(self.top(count), title=self.readout.title, total=self.sum)

    @property
    def remainder(self) -> float:
        """What the listed paths and constants leave: small paths and unopened heads."""
        return self.small + self.unopened

    @property
    def sum(self) -> float:
        """Paths, constants and remainder: the model's number, up to rounding."""
        return sum(path.value for path in self.paths) + sum(self.constants.values()) + self.remainder

    @property
    def error(self) -> float:
        """`sum - readout.value`."""
        return self.sum - self.readout.value

    def needed(self, share: float = 0.9) -> int | None:
        """The number of paths, largest first, from which on their sum stays within `1 - share` of the model's number
        (constants apart); None where the listed paths do not get there."""
        goal = self.readout.value - sum(self.constants.values())
        sums = list(itertools.accumulate(path.value for path in self.paths))
        outside = [k for k, found in enumerate(sums, 1) if abs(found - goal) > (1 - share) * abs(goal)]
        first = outside[-1] + 1 if outside else 1
        return first if first <= len(sums) else None

    def by_depth(self) -> dict[int, float]:
        """What listed paths add by the number of heads on them."""
        found: dict[int, float] = {}
        for path in self.paths:
            found[len(path.steps)] = found.get(len(path.steps), 0.0) + path.value
        return dict(sorted(found.items()))

    def __repr__(self) -> str:
        return (
            f"PathExpansion({len(self.paths)} paths, {self.small_count} small {self.small:+.2f}, unopened heads "
            f"{self.unopened:+.2f}: sum {self.sum:+.4f}, model {self.readout.value:+.4f}, |Δ| {abs(self.error):.1e}; "
            f"{listed([f'{path.label} {path.value:+.2f}' for path in self.paths[:SHOWN]], len(self.paths))})"
        )


@prompted
@torch.no_grad()
def expand_paths(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    position: int | None = None,
    reference: str = "mean",
    versus: str | int | None = None,
    smallest: float = 1e-3,
    open_at_most: int = 2000,
    progress: Progress = silent,
) -> PathExpansion:
    """Expand a prediction into paths, best first.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: as in `readout`, like `position`, `reference` and `versus`.
        smallest: paths and heads below this share of the readout's value are not listed and not opened.
        open_at_most: heads (each of one source, on one path) that are opened.
        progress: called between batches.

    Raises:
        InputError: a bad prompt, target or number; a run of another model.
        LedgerError: paths and remainder do not sum to the model's number.
    """
    model = prompt.model
    decoders_only(model, "Path expansion")
    sums_only(model, "Path expansion")
    no_prediction_head(model, "A path")
    if not 0 < smallest < 1 or open_at_most < 0:
        raise InputError(f"Expected 0 < smallest < 1 and open_at_most >= 0, found {smallest:g} and {open_at_most}.")
    run = prompt.recorded()
    read = readout(run, target, position=position, reference=reference, versus=versus)
    search = _Search(run, smallest * max(abs(read.value), 1e-12))
    search.open([_Node(read.direction, read.position, model.layers, (), 0.0)], open_at_most)
    opened = 0
    while search.heap and opened < open_at_most:
        batch = search.pop(min(_BATCH, open_at_most - opened))
        opened += len(batch)
        search.open(batch, open_at_most - opened)
        progress("Opening heads", opened / open_at_most)
    found = PathExpansion(
        readout=read,
        paths=tuple(sorted(search.paths, key=lambda path: -abs(path.value))),
        constants=read.constants,
        small=search.small,
        small_count=search.small_count,
        unopened=search.pruned + sum(entry[2] for entry in search.heap),
        opened=opened,
        # Each opened head is once more a readout of states that carry rounding.
        tolerance=SAFETY * rounding(read) * (1 + opened) ** 0.5,
    )
    check_sum("The expansion into paths and remainder", found.sum, read.value, found.tolerance)
    return found


@dataclass(frozen=True)
class _Node:
    """A readout of the stream below `layer` at a position, and the steps from there up to the logit."""

    direction: Float[Tensor, "d_model"]
    position: int
    layer: int
    steps: tuple[Step, ...]
    constant: float
    """What the biases of the value add: a path that starts here."""


class _Layer:
    """A layer's projections and frozen norms, in float64."""

    def __init__(self, run: Run, index: int) -> None:
        model, self.block = run.model, run.model.blocks[index]
        part = run.layers[index]
        assert part.heads is not None
        self.heads = part.heads
        self.output = self.block.output_by_head.double()
        x, y = run.before(index), run.attention_input(index)
        maps: Affine = affine(run, index, 0, y[0])
        times = model.heads // model.kv_heads
        self.value = maps.value.repeat_interleave(times, 0)
        self.constant = maps.value_constant.repeat_interleave(times, 0)
        self.values = part.heads.value.double().repeat_interleave(times, 0)
        self.norm = input_norm(self.block, model.d_model)
        self.scales = None if self.norm is None else self.norm.scale(x, y)
        after = self.block.attention_norm
        before = part.attention_output
        self.post = None if after is None or before is None else after.scale(before, part.attention_write)
        self.mlp = part.mlp_write.double()
        self.bias = bias(self.block.output_projection)

    def through_post(self, w: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Readouts before the block's post-norm, and what its shift and the output bias add."""
        constant = torch.zeros(len(w), dtype=w.dtype, device=w.device)
        if self.post is not None and self.block.attention_norm is not None:
            constant = w @ self.block.attention_norm.shift
            w = self.block.attention_norm.pullback(w, self.post[positions])
        return w, constant if self.bias is None else constant + w @ self.bias.double()

    def pulled(self, folded: Float[Tensor, "d_head"], head: int, source: int) -> tuple[Tensor, float]:
        """A readout of a head's value at a source as one of the stream there, and what biases add."""
        w = self.value[head] @ folded
        constant = float(self.constant[head] @ folded)
        if self.norm is None or self.scales is None:
            return w, constant
        return self.norm.pullback(w, self.scales[source]), constant + float(w @ self.norm.shift)


class _Search:
    """The best-first search: finished paths, and heads that wait on a heap by the size of their credit."""

    def __init__(self, run: Run, least: float) -> None:
        self.run, self.least = run, least
        self.layers = [_Layer(run, index) for index in range(run.model.layers)]
        self.paths: list[Path] = []
        self.small, self.small_count, self.pruned = 0.0, 0, 0.0
        self.heap: list[tuple[float, int, float, Step, tuple[Step, ...], Tensor]] = []
        self._order = itertools.count()

    def pop(self, count: int) -> list[_Node]:
        """The waiting heads with the largest credit, as readouts of the streams that they read."""
        return [self._node(*heapq.heappop(self.heap)[3:]) for _ in range(min(count, len(self.heap)))]

    def _node(self, step: Step, above: tuple[Step, ...], folded: Tensor) -> _Node:
        direction, constant = self.layers[step.layer].pulled(folded, step.head, step.source)
        return _Node(direction, step.source, step.layer, (step, *above), constant)

    def open(self, nodes: list[_Node], most: int) -> None:
        """Split each readout into the paths that end here and the heads of which `most` may be opened later."""
        w = torch.stack([node.direction for node in nodes])
        positions = torch.tensor([node.position for node in nodes], device=w.device)
        self._leaves("embedding", None, nodes, w, self.run.embedding[positions].double())
        if self.run.position_embedding is not None:
            self._leaves("position_embedding", None, nodes, w, self.run.position_embedding[positions].double())
        for node in nodes:
            if node.constant:
                self._leaf("value_bias", node.steps[0].layer, node, node.constant)
        for index, layer in enumerate(self.layers):
            inside = [k for k, node in enumerate(nodes) if node.layer > index]
            if inside:
                self._open_layer(index, layer, [nodes[k] for k in inside], w[inside], positions[inside])
                self._forget(most)

    def _forget(self, most: int) -> None:
        """Prune the heads behind the `most` largest: best first, none of them would ever be opened."""
        if len(self.heap) > 2 * most:  # not at each one: sorting costs more than it saves
            self.heap.sort()  # a sorted list is a heap
            self.pruned += sum(entry[2] for entry in self.heap[most:])
            del self.heap[most:]

    def _open_layer(self, index: int, layer: _Layer, nodes: list[_Node], w: Tensor, positions: Tensor) -> None:
        self._leaves("mlp", index, nodes, w, layer.mlp[positions])
        w, constants = layer.through_post(w, positions)
        for node, constant in zip(nodes, constants.tolist(), strict=True):
            if constant:
                self._leaf("attention_bias", index, node, constant)
        folded = torch.einsum("nm,hdm->nhd", w, layer.output)
        pattern = layer.heads.pattern[:, positions].double().transpose(0, 1)
        credit = pattern * torch.einsum("nhd,hsd->nhs", folded, layer.values)
        large = credit.abs() >= self.least
        self.pruned += float(credit[~large].sum())
        for n, head, source in large.nonzero().tolist():
            step = Step(index, head, source, nodes[n].position)
            value, moved = float(credit[n, head, source]), pattern[n, head, source] * folded[n, head]
            heapq.heappush(self.heap, (-abs(value), next(self._order), value, step, nodes[n].steps, moved))

    def _leaves(self, kind: str, layer: int | None, nodes: list[_Node], w: Tensor, writes: Tensor) -> None:
        for node, value in zip(nodes, (w * writes).sum(-1).tolist(), strict=True):
            self._leaf(kind, layer, node, value)

    def _leaf(self, kind: str, layer: int | None, node: _Node, value: float) -> None:
        if abs(value) < self.least:
            self.small += value
            self.small_count += 1
        else:
            self.paths.append(Path(kind, layer, node.position, node.steps, value))
