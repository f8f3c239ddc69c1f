"""Slopes: the gradient of the metric by the input of each reader, in runs of the whole graph.

Each reader reads the stream through a leaf of its own, so that one pass back gives the total gradient by every
reader's input. A run may start at any stage of the model, from any stream there.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.methods.edges.apart import Apart
from unembed.methods.edges.flow import Pair
from unembed.models.hooks import frozen
from unembed.models.reprs import Brief

Slopes = Float[Tensor, "reader run position d_model"]
Rules = Callable[[Apart], AbstractContextManager[None]]
"""A context in which a pass back follows other rules than the gradient (backward.py)."""


@dataclass(frozen=True, repr=False)
class Stage(Brief):
    """What writes to the stream at once: the embeddings, the heads of a layer, or its MLP."""

    senders: slice
    layer: int
    """The first whose readers read it."""
    between: bool = False
    """Whether the MLP of that layer is the first reader (heads of a block that is not parallel)."""


def stages(pair: Pair) -> list[Stage]:
    """All of them, in the order of the model."""
    found = [Stage(slice(0, 1), 0)]
    for layer, place in enumerate(pair.graph.places):
        if place.heads:
            between = place.has_mlp and not pair.graph.parallel
            found.append(Stage(place.head_senders, layer if between else layer + 1, between))
        if place.has_mlp:
            found.append(Stage(slice(place.mlp_sender, place.mlp_sender + 1), layer + 1))
    return found


def clean_stream(pair: Pair, stage: Stage) -> Float[Tensor, "position d_model"]:
    """The stream of the clean run after a stage."""
    run = pair.clean
    if stage.layer == len(pair.graph.places):
        return run.final
    before = run.before(stage.layer)
    return before + run.layers[stage.layer].attention_write if stage.between else before


def slopes(
    pair: Pair,
    tokens: tuple[int, int],
    stream: Float[Tensor, "run position d_model"],
    stage: Stage | None = None,
    rules: Rules | None = None,
) -> Slopes:
    """The gradient by the input of each reader after a stage, in some runs; 0 of readers before it.

    Args:
        pair: from `pair_of`.
        tokens: of the metric.
        stream: that each run has after the stage.
        stage: None is the embeddings, after which all readers come.
        rules: that the pass back follows; None is the gradient.
    """
    start = stage or Stage(slice(0, 1), 0)
    skipped = _readers_before(pair, start)
    leaves: list[Tensor] = []

    def entered(readers: int, read: Tensor) -> Tensor:
        """The inputs of some readers of one stream, each with a gradient of its own."""
        leaves.append(torch.zeros(readers, *read.shape, dtype=read.dtype, device=read.device).requires_grad_())
        return read + leaves[-1]

    with frozen(pair.model), (rules or _plain)(pair.apart), torch.enable_grad():
        last = _walked(pair, stream, start, entered)
        logits = pair.apart.logits(entered(1, last)[0][:, -1], tokens)
        found = torch.autograd.grad((logits[:, 0] - logits[:, 1]).sum(), leaves)
    return torch.cat([found[0].new_zeros(skipped, *found[0].shape[1:]), *found])


def _readers_before(pair: Pair, stage: Stage) -> int:
    places = pair.graph.places
    if stage.layer == len(places):
        return len(pair.graph.readers) - 1
    return places[stage.layer].mlp_reader if stage.between else places[stage.layer].reader


def _plain(_: Apart) -> AbstractContextManager[None]:
    return nullcontext()


def _walked(pair: Pair, stream: Tensor, start: Stage, entered: Callable[[int, Tensor], Tensor]) -> Tensor:
    """The stream after all blocks, each reader's input entered."""
    graph, apart = pair.graph, pair.apart
    for layer in range(start.layer, len(graph.places)):
        place, before = graph.places[layer], stream
        if place.heads and not (start.between and layer == start.layer):
            stream = stream + apart.heads(layer, entered(3 * place.heads, before).unflatten(0, (3, place.heads))).sum(0)
        if place.has_mlp:
            stream = stream + apart.mlp(layer, entered(1, before if graph.parallel else stream)[0])
    return stream
