"""Flow: run a circuit. Every edge outside it carries what its sender gave in the corrupted run.

The input of a reader is the corrupted run's stream there plus, for each edge kept, what its sender now gives minus what
it gave in the corrupted run (Hanna et al. 2024; Mueller et al. 2025). So the whole graph gives the clean run, and no
edge at all the corrupted one. Several circuits run together, as texts side by side.
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


@dataclass(frozen=True, repr=False)
class Pair(Brief):
    """A clean and a corrupted run, and what each part wrote in the corrupted one. Made by `pair_of`."""

    graph: Graph
    clean: Run
    corrupt: Run
    apart: Apart
    writes: Float[Tensor, "sender position d_model"]
    """Of the corrupted run."""
    difference: Float[Tensor, "position d_model"]
    """Of the embeddings: clean minus corrupted."""

    @property
    def model(self) -> Model:
        """That was run."""
        return self.clean.model


@torch.no_grad()
def pair_of(model: Model, clean: tuple[int, ...], corrupt: tuple[int, ...]) -> Pair:
    """Run both prompts, once.

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
    return Pair(graph, run, other, apart, written_by(graph, apart), run.before_blocks - other.before_blocks)


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
        before = middle = corrupt.before(layer)
        if place.heads:
            streams = read(place.reader, _inputs(before, kept[:, place.head_readers], moved.so_far))
            writes = apart.heads(layer, streams.unflatten(0, (3, place.heads)))
            moved.add(writes - pair.writes[place.head_senders, None])
        if place.has_mlp:
            if not graph.parallel:
                middle = before + corrupt.layers[layer].attention_write
            reads = moved.so_far[:, : place.mlp_reads]
            stream = read(place.mlp_reader, _inputs(middle, kept[:, place.mlp_reader, None], reads))[0]
            moved.add((apart.mlp(layer, stream) - pair.writes[place.mlp_sender])[None])
    last = _inputs(corrupt.final[-1:], kept[:, -1:], moved.so_far[:, :, -1:])
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
