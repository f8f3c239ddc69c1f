"""Path expansion: a prediction as a sum over paths through attention heads.

*A Mathematical Framework for Transformer Circuits* (Elhage et al. 2021). With patterns and the scales of norms frozen
at the run, the stream is linear in what was written to it, and so is every value that a head moves. A readout `w . x`
is therefore a sum over paths

    w . x = sum over paths  (write at the start) -> head -> head -> ... -> logit

where a path starts at an embedding, at what an MLP wrote, or at a constant (biases, norm shifts), and each head on it
carries the stream of a source token to a destination. Going through head `h` at destination `i` from source `s` turns a
readout `w` at `i` into one at `s`:

    w' = pattern[h, i, s] * N_s(W_V W_O w),    N_s the norm before attention with its scale at `s` frozen

A head of cross-attention carries what the encoder gave at a position of the source; below it the path goes on in the
encoder, through the norm of its last states and its heads, down to what the encoder read: `enc.embedding @ 3`. Where
the stream itself goes through a norm after each write (post-LN), a readout is pulled back through it on its way down,
with the scale of that norm frozen as well; its shift is a start of paths, too.

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
from unembed.methods.circuits.frozen_stack import FrozenHeads, FrozenLayer, FrozenStack
from unembed.models.layers import bias, projection
from unembed.models.names import head_name, in_stack, part_name
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
    cross: bool = False
    """Whether it is a head of cross-attention, from a position of the source to one of the prompt."""
    encoder: bool = False
    """Whether it is inside the encoder: both positions are of the source."""

    @property
    def label(self) -> str:
        """`L23.H4 (3→4)`: from source to destination; `enc.L1.H0 (2→3)`, `L2.X1 (3→4)`."""
        name = in_stack(head_name(self.layer, self.head, cross=self.cross), self.encoder)
        return f"{name} ({self.source}→{self.destination})"


@dataclass(frozen=True, repr=False)
class Path(Brief):
    """One path: what was written at its start, the heads that carry it up, and what it adds to the readout."""

    kind: str
    """Of the start: `embedding`, `position_embedding`, `mlp`, `attention_bias`, `value_bias`, the shift of a norm and
    so on."""
    layer: int | None
    """Of the MLP, bias or norm at the start."""
    position: int
    """Where the start was written."""
    steps: tuple[Step, ...]
    """From the start up; empty for a direct effect on the readout's own position."""
    value: float
    of_source: bool = False
    """Whether it starts at a position of the source: inside the encoder, or at a bias of cross-attention's values."""

    @property
    def label(self) -> str:
        """`embedding @ 3 → L23.H4 (3→4)`, `enc.L0 mlp @ 2 → L2.X1 (2→4)`."""
        start = in_stack(part_name(self.kind, self.layer), self.of_source and not self.kind.startswith("cross"))
        return " → ".join([f"{start} @ {self.position}", *(step.label for step in self.steps)])


@dataclass(frozen=True)
class PathExpansion(RunResult[Path]):
    """A readout as a sum over paths. Made by `expand_paths`."""

    readout: Readout
    paths: tuple[Path, ...]
    """The largest first."""
    constants: dict[str, float]
    """What belongs to no path: the final norm's shift, biases of prediction head and unembedding, the soft-cap."""
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
            "token": (self.source_texts if entry.of_source else self.token_texts)[entry.position],
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
    if not 0 < smallest < 1 or open_at_most < 0:
        raise InputError(f"Expected 0 < smallest < 1 and open_at_most >= 0, found {smallest:g} and {open_at_most}.")
    run = prompt.recorded()
    read = readout(run, target, position=position, reference=reference, versus=versus)
    search = _Search(run, smallest * max(abs(read.value), 1e-12))
    search.open([_Node(read.direction, read.position, model.layers, (), 0.0, False)], open_at_most)
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
        tolerance=SAFETY * (rounding(read) ** 2 * (1 + opened) + search.rounded) ** 0.5,
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
    encoder: bool
    """Whether the stream is that of the encoder."""


class _Search:
    """The best-first search: finished paths, and heads that wait on a heap by the size of their credit."""

    def __init__(self, run: Run, least: float) -> None:
        self.run, self.least = run, least
        inside = None if run.model.encoder is None else FrozenStack(run.encoder)
        self.stacks = [FrozenStack(run, inside), *([] if inside is None else [inside])]
        self.paths: list[Path] = []
        self.small, self.small_count, self.pruned = 0.0, 0, 0.0
        self.rounded = 0.0
        """The variance of what is rounded at states that no sum of writes tells: post-LN, and in an encoder."""
        self.heap: list[tuple[float, int, float, Step, tuple[Step, ...], Tensor]] = []
        self._order = itertools.count()

    def pop(self, count: int) -> list[_Node]:
        """The waiting heads with the largest credit, as readouts of the streams that they read."""
        return [self._node(*heapq.heappop(self.heap)[3:]) for _ in range(min(count, len(self.heap)))]

    def _node(self, step: Step, above: tuple[Step, ...], folded: Tensor) -> _Node:
        layer = self.stacks[step.encoder].layers[step.layer]
        heads = layer.cross if step.cross else layer.attention
        assert heads is not None
        direction, constant = heads.pulled(folded, step.head, step.source)
        below = len(self.stacks[1].layers) if step.cross else step.layer
        return _Node(direction, step.source, below, (step, *above), constant, step.encoder or step.cross)

    def open(self, nodes: list[_Node], most: int) -> None:
        """Split each readout into the paths that end here and the heads of which `most` may be opened later."""
        for node in nodes:
            if node.constant:
                kind = "cross_value_bias" if node.steps[0].cross else "value_bias"
                self._leaf(kind, node.steps[0].layer, node, node.constant)
        for stack in self.stacks:
            mine = [node for node in nodes if node.encoder == stack.inside]
            if mine:
                self._open_stack(stack, mine, most)

    def _open_stack(self, stack: FrozenStack, nodes: list[_Node], most: int) -> None:
        """Go down a stack with readouts of its stream."""
        w = torch.stack([node.direction for node in nodes])
        positions = torch.tensor([node.position for node in nodes], device=w.device)
        for index in reversed(range(len(stack.layers))):
            inside = [k for k, node in enumerate(nodes) if node.layer > index]
            if inside:
                here = [nodes[k] for k in inside]
                w[inside] = self._open_layer(stack, index, here, w[inside], positions[inside])
                self._forget(most)
        self._start(stack, nodes, w, positions)

    def _forget(self, most: int) -> None:
        """Prune the heads behind the `most` largest: best first, none of them would ever be opened."""
        if len(self.heap) > 2 * most:  # not at each one: sorting costs more than it saves
            self.heap.sort()  # a sorted list is a heap
            self.pruned += sum(entry[2] for entry in self.heap[most:])
            del self.heap[most:]

    def _open_layer(
        self, stack: FrozenStack, index: int, nodes: list[_Node], w: Tensor, positions: Tensor
    ) -> Float[Tensor, "node d_model"]:
        """Split what a block wrote, the last write first; gives the readouts of the stream before the block."""
        layer = stack.layers[index]
        self._meet(stack, w, stack.streams[index + 1][positions])
        shifts = torch.zeros(len(nodes), dtype=w.dtype, device=w.device)
        for stage in reversed(layer.stages):
            if stage in layer.norms:
                w, shift = layer.norms[stage].below(w, positions)
                shifts = shifts + shift
            if stage == "mlp":
                self._leaves("mlp", index, nodes, w, layer.mlp[positions], stack)
            elif stage == "cross_attention":
                self._open_cross(index, layer, nodes, w, positions)
            else:
                before, constants = layer.through_post(w, positions)
                self._constants("attention_bias", index, nodes, constants)
                self._open_heads(layer.attention, nodes, before, positions, index, encoder=stack.inside)
        self._constants("stream_norm_shift", index, nodes, shifts)
        return w

    def _open_cross(self, index: int, layer: FrozenLayer, nodes: list[_Node], w: Tensor, positions: Tensor) -> None:
        assert layer.cross is not None
        if layer.cross.bias is not None:
            self._constants("cross_attention_bias", index, nodes, w @ layer.cross.bias)
        self._open_heads(layer.cross, nodes, w, positions, index, cross=True)

    def _open_heads(
        self, heads: FrozenHeads, nodes: list[_Node], w: Tensor, positions: Tensor, index: int, **place: bool
    ) -> None:
        """Put the heads of an attention on the heap, each with what it reads at one source."""
        credit, pattern, folded = heads.credit(w, positions)
        large = credit.abs() >= self.least
        self.pruned += float(credit[~large].sum())
        for n, head, source in large.nonzero().tolist():
            step = Step(index, head, source, nodes[n].position, **place)
            value, moved = float(credit[n, head, source]), pattern[n, head, source] * folded[n, head]
            heapq.heappush(self.heap, (-abs(value), next(self._order), value, step, nodes[n].steps, moved))

    def _start(self, stack: FrozenStack, nodes: list[_Node], w: Tensor, positions: Tensor) -> None:
        """End at the embeddings."""
        run, made = stack.run, stack.run.model.embedding_projection
        if made is not None:
            vector = bias(made)
            if vector is not None:
                self._constants("embedding_projection_bias", None, nodes, w @ vector.double())
            w = w @ projection(made).double().T
        if stack.start is not None:
            w, shifts = stack.start.below(w, positions)
            self._constants("embedding_norm_shift", None, nodes, shifts)
        for kind in ("embedding", "token_type_embedding", "position_embedding"):
            written = getattr(run, kind)
            if written is not None:
                self._leaves(kind, None, nodes, w, written[positions].double(), stack)

    def _leaves(
        self, kind: str, layer: int | None, nodes: list[_Node], w: Tensor, writes: Tensor, stack: FrozenStack
    ) -> None:
        self._meet(stack, w, writes)
        self._constants(kind, layer, nodes, (w * writes).sum(-1))

    def _constants(self, kind: str, layer: int | None, nodes: list[_Node], values: Tensor) -> None:
        for node, value in zip(nodes, values.tolist(), strict=True):
            if value or kind in ("mlp", "embedding", "position_embedding"):
                self._leaf(kind, layer, node, value)

    def _leaf(self, kind: str, layer: int | None, node: _Node, value: float) -> None:
        if abs(value) < self.least:
            self.small += value
            self.small_count += 1
        else:
            self.paths.append(Path(kind, layer, node.position, node.steps, value, node.encoder))

    def _meet(self, stack: FrozenStack, w: Tensor, states: Tensor) -> None:
        """States of a stream, whose rounding counts where the readout's own does not tell it."""
        if not stack.plain:
            precision = max(each.run.model.precision for each in self.stacks)
            self.rounded += precision**2 * float((w * states.double()).square().sum())
