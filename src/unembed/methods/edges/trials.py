"""Trials: circuits that are tried out on some of the prompts that score, before others measure them.

Whoever looks for a circuit by what it carries (pruning, a rival) looks here; the prompts that measure have no say.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.methods.edges.bases import Bases
from unembed.methods.edges.circuit import measured, metric_tokens, metrics_at_ends
from unembed.methods.edges.flow import Pair
from unembed.methods.edges.graph import Graph
from unembed.methods.edges.tasks import PromptPair
from unembed.runs.prompted import prompt_of

_TOGETHER = 12
"""Circuits that run side by side."""


class Trials:
    """Runs of some pairs of prompts, in which any circuit can be tried."""

    def __init__(self, bases: Bases, prompts: Sequence[PromptPair]) -> None:
        self._pairs: list[tuple[Pair, tuple[int, int]]] = []
        for prompt in prompts:
            tokens = metric_tokens(prompt_of(bases.model, prompt.clean), prompt.target, prompt.versus)
            self._pairs.append((bases.pair(prompt), tokens))
        ends = torch.tensor([metrics_at_ends(*pair) for pair in self._pairs], dtype=torch.float64).mean(0)
        self._corrupt, self._over = float(ends[1]), float(ends[0] - ends[1])

    @torch.no_grad()
    def faithfulness(self, circuits: Sequence[Bool[Tensor, "reader sender"]]) -> Float[Tensor, "circuit"]:
        """Of each circuit, over the pairs."""
        found = [
            torch.cat([measured(pair, torch.stack(part), tokens).double().cpu() for part in _parts(circuits)])
            for pair, tokens in self._pairs
        ]
        return (torch.stack(found).mean(0) - self._corrupt) / self._over


def _parts(circuits: Sequence[Tensor]) -> list[list[Tensor]]:
    return [list(circuits[start : start + _TOGETHER]) for start in range(0, len(circuits), _TOGETHER)]


def pruned(
    graph: Graph,
    kept: Bool[Tensor, "reader sender"],
    scores: Float[Tensor, "reader sender"],
    trials: Trials,
    loss: float,
    tries: int = 200,
) -> Bool[Tensor, "reader sender"]:
    """A circuit without edges that it can do without, the weakest tried first, in blocks that are halved.

    As ACDC (Conmy et al. 2023) it keeps what its metric needs; it tries blocks where ACDC tries one edge after the
    other, and bounds what all of it costs: on the pairs of `trials`, the circuit is at most `loss` further from
    faithfulness 1 than it was.

    Args:
        graph: of the model.
        kept: the circuit.
        scores: of edges; those of less size are tried first.
        trials: where circuits are tried.
        loss: as above.
        tries: after so many runs what is left is kept.
    """
    edges = kept.nonzero()
    order = scores.abs().to(edges.device)[edges[:, 0], edges[:, 1]].argsort()
    blocks, most = [edges[order]], None
    while blocks and tries > 0:
        block = blocks.pop()
        without = kept.clone()
        without[block[:, 0], block[:, 1]] = False
        without = graph.connected(without)
        if most is None:
            tries -= 1
            most = abs(1 - float(trials.faithfulness([kept])[0])) + loss
        tries -= 1
        if bool(without.any()) and abs(1 - float(trials.faithfulness([without])[0])) <= most:
            kept = without
        elif len(block) > 1:
            half = len(block) // 2
            blocks += [block[half:], block[:half]]  # the weaker half is tried first
    return kept


def overlap(one: Tensor, other: Tensor) -> float:
    """The share of what is in either of two masks that is in both (Jaccard); 1 where both are empty."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 1.0


_CLOSE = 0.02
"""By how much a rival may be further from faithfulness 1 than the circuit."""
_KEPT, _TIMES = (0.0, 0.1, 0.25, 0.5, 0.75), (1, 2, 4)
"""Shares of the circuit's best nodes, or edges, that a rival may use; and how many times as many edges it has."""


def rival_of(
    graph: Graph,
    kept: Bool[Tensor, "reader sender"],
    scores: Float[Tensor, "reader sender"],
    trials: Trials,
) -> tuple[Bool[Tensor, "reader sender"], bool]:
    """The circuit that carries as much as another and shares the fewest edges with it, among some that are tried.

    Tried are the best edges by score without most of the nodes of the circuit, then without most of its edges: none or
    some of its best are left, and as many edges are taken, or up to four times as many.

    Returns:
        The rival; and whether it carries as much (if none does, it is the one that carries most).
    """
    candidates = [
        candidate
        for forbidden in (*_without_nodes(graph, kept, scores), *_without_edges(kept, scores))
        for times in _TIMES
        if bool((candidate := _filled(graph, scores, forbidden, times * int(kept.sum()))).any())
        and not torch.equal(candidate, kept)
    ]
    if not candidates:
        return torch.zeros_like(kept), False
    found = (1 - trials.faithfulness([kept, *candidates])).abs()
    equal = [i for i in range(len(candidates)) if float(found[i + 1]) <= float(found[0]) + _CLOSE]
    if not equal:
        return candidates[int(found[1:].argmin())], False
    return candidates[min(equal, key=lambda i: overlap(candidates[i], kept))], True


def _filled(graph: Graph, scores: Tensor, forbidden: Tensor, count: int) -> Tensor:
    """The best edges of those that are not forbidden."""
    allowed = graph.edges & ~forbidden
    sizes = scores.abs().cpu().masked_fill(~allowed, -1).flatten()
    kept = torch.zeros(graph.edges.numel(), dtype=torch.bool)
    kept[sizes.topk(min(count, int(allowed.sum()))).indices] = True
    return graph.connected(kept.view_as(graph.edges))


def _without_nodes(graph: Graph, kept: Tensor, scores: Tensor) -> list[Tensor]:
    """All edges of all but the best nodes of a circuit, as masks."""
    weight = (scores.abs().cpu() * kept).sum(0)
    nodes = [i for i in weight.argsort(descending=True).tolist() if i and bool(kept[:, i].any())]
    found = []
    for share in _KEPT:
        gone = torch.zeros(len(graph.senders) + 1, dtype=torch.bool)
        gone[nodes[round(share * len(nodes)) :]] = True
        found.append(gone[:-1][None, :] | gone[graph.node_of_reader][:, None])
    return found


def _without_edges(kept: Tensor, scores: Tensor) -> list[Tensor]:
    """All but the best edges of a circuit, as masks."""
    edges = kept.nonzero()
    order = scores.abs().cpu()[edges[:, 0], edges[:, 1]].argsort(descending=True)
    found = []
    for share in _KEPT:
        gone = edges[order[round(share * len(edges)) :]]
        mask = torch.zeros_like(kept)
        mask[gone[:, 0], gone[:, 1]] = True
        found.append(mask)
    return found
