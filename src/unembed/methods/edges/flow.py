"""Flow: run a circuit. Every edge outside it carries what its sender gave in the corrupted run.

The input of a reader is the corrupted run's stream there plus, for each edge kept, what its sender now gives minus what
it gave in the corrupted run (Hanna et al. 2024; Mueller et al. 2025). So the whole graph gives the clean run, and no
edge at all the corrupted one. Several circuits run together, as texts side by side. Zeros or means may stand in the
place of what senders gave in the corrupted run (bases.py): then no edge at all gives their sum.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.edges.apart import Apart
from unembed.methods.edges.graph import Graph, graph_of
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.runs.record import record_together
from unembed.runs.run import Run

Edges = Float[Tensor, "circuit reader sender"]
"""How much of each edge is kept: 0 or 1."""


Base = Callable[[Float[Tensor, "sender position d_model"]], Float[Tensor, "sender position d_model"]]
"""What edges outside a circuit carry, of what the senders gave in the corrupted run."""


@dataclass(frozen=True, repr=False)
class Pair(Brief):
    """A clean and a corrupted run, and what each part gives where no edge reaches it. Made by `pair_of`."""

    graph: Graph
    clean: Run
    corrupt: Run
    apart: Apart
    writes: Float[Tensor, "sender position d_model"]
    """What an edge outside a circuit carries: of the corrupted run, or another base."""
    difference: Float[Tensor, "position d_model"]
    """Of the embeddings: clean minus base."""
    shifts: Float[Tensor, "sender position d_model"] | None = None
    """What another base than the corrupted run changes of the stream, up to each sender."""

    @property
    def model(self) -> Model:
        """That was run."""
        return self.clean.model

    def base(self, stream: Float[Tensor, "position d_model"], senders: int) -> Float[Tensor, "position d_model"]:
        """A stream of the corrupted run, to which so many senders wrote, as the base has it."""
        return stream if self.shifts is None else stream + self.shifts[senders - 1, -len(stream) :]

    @property
    def base_before(self) -> Float[Tensor, "position d_model"]:
        """The embeddings of the base."""
        return self.base(self.corrupt.before_blocks, 1)

    @property
    def base_final(self) -> Float[Tensor, "d_model"]:
        """The stream that the unembedding reads where no edge is kept."""
        return self.base(self.corrupt.final[-1:], len(self.graph.senders))[0]


@torch.no_grad()
def pair_of(model: Model, clean: tuple[int, ...], corrupt: tuple[int, ...], base: Base | None = None) -> Pair:
    """Run both prompts, once.

    Args:
        model: that runs them.
        clean: tokens.
        corrupt: as many others.
        base: from what the senders gave in the corrupted run, what edges outside a circuit carry instead.

    Raises:
        InputError: prompts of different lengths, or a model whose blocks cannot be taken apart.
    """
    graph = graph_of(model)
    if len(clean) != len(corrupt):
        raise InputError(
            f"The clean prompt has {len(clean)} tokens and the corrupted one {len(corrupt)}: a circuit needs prompts "
            "of the same length, token by token.\nReplace words by others of as many tokens."
        )
    run, other = record_together(model, [clean, corrupt])
    apart = Apart(other)
    writes, difference = written_by(graph, apart), run.before_blocks - other.before_blocks
    if base is None:
        return Pair(graph, run, other, apart, writes, difference)
    own = base(writes)
    shifts = (own.double() - writes.double()).cumsum(0).to(writes)
    return Pair(graph, run, other, apart, own, difference - shifts[0], shifts)


@torch.no_grad()
def written_by(graph: Graph, apart: Apart) -> Float[Tensor, "sender position d_model"]:
    """What each sender gave in the run of `apart`."""
    run, found = apart.run, [apart.run.before_blocks[None]]
    for layer, place in enumerate(graph.places):
        kept = run.layers[layer]
        if kept.heads is not None and place.heads:
            found.append(apart.written(layer, kept.heads.z.transpose(0, 1)[:, None])[:, 0])
        if place.has_mlp:
            found.append(kept.mlp_write[None])
    return torch.cat(found)


Read = Callable[[int, Tensor], Tensor]
"""What a reader's input is replaced by: from the first of its readers, and the streams `reader text position d_model`.
"""


def flow(pair: Pair, kept: Edges, read: Read = lambda _, x: x) -> Float[Tensor, "circuit d_model"]:
    """The stream that the unembedding reads at the last position when these circuits run.

    Args:
        pair: from `pair_of`.
        kept: the edges of each circuit.
        read: sees the inputs of readers, and may replace them.
    """
    graph, apart, corrupt = pair.graph, pair.apart, pair.corrupt
    kept = kept.to(pair.difference)
    moved = _Moved(pair.difference.expand(len(kept), 1, *pair.difference.shape), len(graph.senders))
    for layer, place in enumerate(graph.places):
        before = middle = pair.base(corrupt.before(layer), place.first)
        if place.heads:
            streams = read(place.reader, _inputs(before, kept[:, place.head_readers], moved.so_far))
            writes = apart.heads(layer, streams.unflatten(0, (3, place.heads)))
            moved.add(writes - pair.writes[place.head_senders, None])
        if place.has_mlp:
            if not graph.parallel:
                middle = pair.base(corrupt.before(layer) + corrupt.layers[layer].attention_write, place.mlp_reads)
            reads = moved.so_far[:, : place.mlp_reads]
            stream = read(place.mlp_reader, _inputs(middle, kept[:, place.mlp_reader, None], reads))[0]
            moved.add((apart.mlp(layer, stream) - pair.writes[place.mlp_sender])[None])
    last = _inputs(pair.base_final[None], kept[:, -1:], moved.so_far[:, :, -1:])
    return read(len(graph.readers) - 1, last)[0, :, 0]


class _Moved:
    """What each sender so far gives, minus what it gave in the corrupted run."""

    def __init__(self, first: Float[Tensor, "circuit 1 position d_model"], senders: int) -> None:
        self.so_far: Float[Tensor, "circuit sender position d_model"] = first
        # Where a gradient passes nothing may be written in place.
        self._room = None if torch.is_grad_enabled() else first.repeat(1, senders, 1, 1)

    def add(self, new: Float[Tensor, "sender circuit position d_model"]) -> None:
        """Those of the next senders."""
        if self._room is None:
            self.so_far = torch.cat([self.so_far, new.transpose(0, 1)], 1)
            return
        count = self.so_far.shape[1]
        self._room[:, count : count + len(new)] = new.transpose(0, 1)
        self.so_far = self._room[:, : count + len(new)]


def _inputs(
    base: Float[Tensor, "position d_model"],
    kept: Float[Tensor, "circuit reader sender"],
    moved: Float[Tensor, "circuit sender position d_model"],
) -> Float[Tensor, "reader circuit position d_model"]:
    """What readers read: the corrupted stream, and what the senders of the edges that are kept changed of it."""
    changed = torch.bmm(kept[..., : moved.shape[1]], moved.flatten(2)).unflatten(2, base.shape)
    return base + changed.transpose(0, 1)


def whole(graph: Graph, circuits: int = 1) -> Bool[Tensor, "circuit reader sender"]:
    """All edges of the graph."""
    return graph.edges.expand(circuits, *graph.edges.shape)
