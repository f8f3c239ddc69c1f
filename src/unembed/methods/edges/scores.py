"""Scores of edges: what each is expected to carry, from few runs. All are one product over the graph.

    eap            (now - corrupted) of the sender, times the gradient of the metric by the reader's input in the clean
                   run (Syed et al. 2023, *Attribution Patching Outperforms Automated Circuit Discovery*)
    eap-ig         the same with the mean gradient of runs whose embeddings go from the corrupted ones to the clean
                   ones, at 0, 1/n, ... (n - 1)/n of the way (Hanna et al. 2024, *Have Faith in Faithfulness*)

A score is positive where the edge speaks for the target: it estimates what the metric loses without it. A node's score,
attribution patching (Nanda 2023), is the sum of those of the edges that leave it.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError, counted
from unembed.methods.edges.apart import Apart
from unembed.methods.edges.flow import Pair, written_by
from unembed.models.hooks import frozen

_Method = Literal["eap", "eap-ig"]
STEPS = 5
"""Runs of `eap-ig`, as Mueller et al. 2025 (MIB) take them."""


def edge_scores(
    pair: Pair, tokens: tuple[int, int], method: str = "eap-ig", *, steps: int = STEPS
) -> Float[Tensor, "reader sender"]:
    """The score of every edge of a pair of prompts; 0 where there is no edge.

    Args:
        pair: from `pair_of`.
        tokens: the target and the other token of the metric.
        method: `eap` or `eap-ig`.
        steps: how many runs `eap-ig` takes the gradient of.

    Raises:
        InputError: another method, or no steps.
    """
    if method not in get_args(_Method):
        raise InputError(f"Expected a method of {', '.join(get_args(_Method))}; found {method!r}.")
    counted(steps, "the steps", least=1)
    shares = [1.0] if method == "eap" else [step / steps for step in range(steps)]
    slope = _gradients(pair, tokens, shares).mean(1)
    moved = (written_by(pair.graph, Apart(pair.clean)) - pair.writes).flatten(1)
    found = torch.zeros(pair.graph.edges.shape, dtype=moved.dtype, device=moved.device)
    for place in pair.graph.places:
        rows = slice(place.reader, place.mlp_reader + place.has_mlp)
        found[rows, : place.mlp_sender] = slope[rows].flatten(1) @ moved[: place.mlp_sender].T
    found[-1] = slope[-1].flatten() @ moved.T
    return found * pair.graph.edges.to(found)


def _gradients(
    pair: Pair, tokens: tuple[int, int], shares: list[float]
) -> Float[Tensor, "reader run position d_model"]:
    """The gradient of the metric by each reader's input in some runs of the whole graph.

    Args:
        pair: from `pair_of`.
        tokens: of the metric.
        shares: how far the embeddings of each run are from the corrupted ones to the clean ones.
    """
    graph, apart, corrupt = pair.graph, pair.apart, pair.corrupt
    ways = torch.tensor(shares, dtype=pair.difference.dtype, device=pair.difference.device)[:, None, None]
    stream = corrupt.before_blocks + ways * pair.difference
    leaves: list[Tensor] = []

    def entered(readers: int, read: Tensor) -> Tensor:
        """The inputs of some readers of one stream, each with a gradient of its own."""
        leaves.append(torch.zeros(readers, *read.shape, dtype=read.dtype, device=read.device).requires_grad_())
        return read + leaves[-1]

    with frozen(pair.model), torch.enable_grad():
        for layer, place in enumerate(graph.places):
            before = stream
            if place.heads:
                found = apart.heads(layer, entered(3 * place.heads, before).unflatten(0, (3, place.heads)))
                changed = (found - pair.writes[place.head_senders, None]).sum(0)
                stream = stream + (changed + corrupt.layers[layer].attention_write)
            if place.has_mlp:
                stream = stream + apart.mlp(layer, entered(1, before if graph.parallel else stream)[0])
        logits = apart.logits(entered(1, stream)[0][:, -1], tokens)
        slopes = torch.autograd.grad((logits[:, 0] - logits[:, 1]).sum(), leaves)
    return torch.cat(slopes)
