"""Information flow routes: how much of what a reader reads is each sender's, in the clean run alone.

    proximity(s -> r) = max(0, |x|_1 - |x - w_s|_1)        x the reader's input, w_s what the sender wrote to it
    importance(s -> r) = proximity(s -> r) / sum over senders,    the mean over positions

(Ferrando and Voita 2024, *Information Flow Routes*; over the graph of nodes as EAP-IG has it). Neither the corrupted
prompt nor the metric counts.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.methods.edges.apart import Apart
from unembed.methods.edges.flow import Pair, written_by


@torch.no_grad()
def flow_routes(pair: Pair) -> Float[Tensor, "reader sender"]:
    """The importance of each edge; those into one reader sum to 1."""
    graph, run = pair.graph, pair.clean
    writes = written_by(graph, Apart(run))
    found = torch.zeros(graph.edges.shape, dtype=writes.dtype, device=writes.device)
    for layer, place in enumerate(graph.places):
        before = run.before(layer)
        if place.heads:
            found[place.head_readers, : place.first] = _importance(writes[: place.first], before)
        if place.has_mlp:
            stream = before if graph.parallel else before + run.layers[layer].attention_write
            found[place.mlp_reader, : place.mlp_reads] = _importance(writes[: place.mlp_reads], stream)
    found[-1] = _importance(writes, run.final)
    return found


def _importance(
    writes: Float[Tensor, "sender position d_model"], stream: Float[Tensor, "position d_model"]
) -> Float[Tensor, "sender"]:
    proximity = (stream.abs().sum(-1) - (stream - writes).abs().sum(-1)).clamp(min=0)
    return (proximity / proximity.sum(0).clamp(min=torch.finfo(proximity.dtype).tiny)).mean(1)
