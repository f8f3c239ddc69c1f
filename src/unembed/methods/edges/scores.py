"""Scores of edges: what each is expected to carry. One routine a method, all over the same graph.

    eap                  (now - base) of the sender, times the gradient of the metric by the reader's input in the clean
                         run (Syed et al. 2023, *Attribution Patching Outperforms Automated Circuit Discovery*)
    eap-ig               the same with the mean gradient of runs whose embeddings go from the base's to the clean ones,
                         at 0, 1/n, ... (n - 1)/n of the way (Hanna et al. 2024, *Have Faith in Faithfulness*)
    eap-ig-activations   the same with the mean gradient of clean runs in which what the sender's stage writes (all
                         heads of a layer, or its MLP) goes from the base's to the clean ones, at 1/n, 2/n, ... 1
    relp, gim            as eap, with other rules for the pass back (backward.py)
    flow                 information flow routes: how much of what a reader reads is the sender's (routes.py)
    edge-patching        the base's value in the best edges of eap-ig, one at a time, exactly (exact.py)
    atp                  of nodes: attribution patching (Nanda 2023), the sum of eap over the edges that leave one
    node-patching        of nodes: the base's value in the place of what one writes, exactly (exact.py)

A score is positive where the edge speaks for the target: it estimates what the metric loses without it; `flow` has no
sign. Of node methods the best edges are all edges between the best nodes (`Graph.between`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError, counted
from unembed.methods.edges.backward import gim, relp
from unembed.methods.edges.exact import moved_of, patched_edges, patched_nodes
from unembed.methods.edges.flow import Pair
from unembed.methods.edges.routes import flow_routes
from unembed.methods.edges.slopes import Rules, clean_stream, slopes, stages
from unembed.models.reprs import Brief

STEPS = 5
"""Runs of `eap-ig`, as Mueller et al. 2025 (MIB) take them."""
_EXACT = 300
"""Edges that `edge-patching` patches."""
Tokens = tuple[int, int]
EdgeScores = Float[Tensor, "reader sender"]
NodeScores = Float[Tensor, "sender"]


@dataclass(frozen=True, repr=False)
class Method(Brief):
    """How edges, or nodes, are scored."""

    score: Callable[[Pair, Tokens, int], Tensor]
    """Of a pair, the tokens of its metric, and a number of steps: of each edge `reader sender`, or each sender."""
    of_nodes: bool = False


def edge_scores(pair: Pair, tokens: Tokens, method: str = "eap-ig", *, steps: int = STEPS) -> EdgeScores | NodeScores:
    """The score of every edge of a pair of prompts, 0 where there is none; of a node method, of every sender.

    Args:
        pair: from `pair_of`.
        tokens: the target and the other token of the metric.
        method: a name of `METHODS`.
        steps: how many runs integrated gradients take.

    Raises:
        InputError: another method, or no steps; a model for which the method has no rules.
    """
    if method not in METHODS:
        raise InputError(f"Expected a method of {', '.join(METHODS)}; found {method!r}.")
    return METHODS[method].score(pair, tokens, counted(steps, "the steps", least=1))


def _eap(pair: Pair, tokens: Tokens, _: int, rules: Rules | None = None) -> EdgeScores:
    stream = pair.clean.before_blocks[None]
    return _products(pair, slopes(pair, tokens, stream, rules=rules).mean(1))


def _eap_ig(pair: Pair, tokens: Tokens, steps: int) -> EdgeScores:
    ways = torch.arange(steps, dtype=pair.difference.dtype, device=pair.difference.device) / steps
    stream = pair.base_before + ways[:, None, None] * pair.difference
    return _products(pair, slopes(pair, tokens, stream).mean(1))


def _eap_ig_activations(pair: Pair, tokens: Tokens, steps: int) -> EdgeScores:
    moved, found = moved_of(pair), torch.zeros(pair.graph.edges.shape, dtype=torch.float64)
    ways = torch.arange(1 - steps, 1, dtype=moved.dtype, device=moved.device) / steps
    for stage in stages(pair):
        own = moved[stage.senders]
        stream = clean_stream(pair, stage) + ways[:, None, None] * own.sum(0)
        slope = slopes(pair, tokens, stream, stage).mean(1)
        found[:, stage.senders] = (slope.flatten(1) @ own.flatten(1).T).double().cpu()
    return (found * pair.graph.edges).to(moved)


def _products(pair: Pair, slope: Float[Tensor, "reader position d_model"]) -> EdgeScores:
    """What moved of each sender, times the slope of each reader behind it."""
    moved = moved_of(pair).flatten(1)
    found = torch.zeros(pair.graph.edges.shape, dtype=moved.dtype, device=moved.device)
    for place in pair.graph.places:
        rows = slice(place.reader, place.mlp_reader + place.has_mlp)
        found[rows, : place.mlp_sender] = slope[rows].flatten(1) @ moved[: place.mlp_sender].T
    found[-1] = slope[-1].flatten() @ moved.T
    return found * pair.graph.edges.to(found)


def _edge_patching(pair: Pair, tokens: Tokens, steps: int) -> EdgeScores:
    """Exact for the best edges; the others keep what was estimated of them."""
    found = _eap_ig(pair, tokens, steps)
    best = found.abs().flatten().topk(min(_EXACT, pair.graph.size)).indices
    rows = [divmod(index, found.shape[1]) for index in best.tolist()]
    return torch.where(
        torch.zeros_like(found).flatten().index_fill(0, best, 1).bool().view_as(found),
        patched_edges(pair, tokens, rows).to(found),
        found,
    )


METHODS: dict[str, Method] = {
    "eap": Method(_eap),
    "eap-ig": Method(_eap_ig),
    "eap-ig-activations": Method(_eap_ig_activations),
    "relp": Method(partial(_eap, rules=relp)),
    "gim": Method(partial(_eap, rules=gim)),
    "flow": Method(lambda pair, _, __: flow_routes(pair)),
    "edge-patching": Method(_edge_patching),
    "atp": Method(lambda pair, tokens, steps: _eap(pair, tokens, steps).sum(0), of_nodes=True),
    "node-patching": Method(lambda pair, tokens, _: patched_nodes(pair, tokens), of_nodes=True),
}
"""By the name that a person types."""
