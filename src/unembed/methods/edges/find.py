"""find_circuit: the edges that carry a behaviour, scored on half of its prompts and measured on the other half."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.edges.bases import Bases, bases_of
from unembed.methods.edges.circuit import (
    Circuit,
    CircuitEdge,
    CurvePoint,
    MeasuredPair,
    Search,
    measured,
    metric_tokens,
    metrics_at_ends,
)
from unembed.methods.edges.flow import Pair
from unembed.methods.edges.graph import Graph, graph_of
from unembed.methods.edges.scores import STEPS, edge_scores
from unembed.methods.edges.tasks import PromptPair
from unembed.models.model import Model
from unembed.progress import Progress
from unembed.runs.prompted import prompt_of
from unembed.seeds import generator

SIZES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of all edges, as Mueller et al. 2025 (MIB) take them."""
_SAMPLES = 1000
"""Bootstrap samples of an interval."""
_CIRCUITS = 10
"""Bootstrap samples whose circuits are compared."""


@dataclass(frozen=True)
class Choice:
    """How a circuit is looked for."""

    method: str = "eap-ig"
    """How edges, or nodes, are scored: a name of `METHODS` (scores.py)."""
    steps: int = STEPS
    """Of integrated gradients."""
    size: float = 0.01
    """Of the circuit, as a share of all edges."""
    ablation: str = "corrupted"
    """What edges outside it carry: `corrupted`, `mean` or `zero` (bases.py)."""
    seed: int = 0
    """Of the random circuit and of the bootstrap samples."""


def find_circuit(
    model: Model,
    prompts: Sequence[PromptPair],
    choice: Choice | None = None,
    *,
    progress: Progress | None = None,
) -> Circuit:
    """Find the edges that carry a behaviour, and measure them on prompts that had no say in it.

    The first half of the prompts scores the edges. The circuit is those of the largest scores by size, without those on
    no path from the input to the logits; the second half tells what it carries, at ten sizes, beside a random circuit.

    Args:
        model: from `load` or `wrap`.
        prompts: pairs with the tokens of their metric (`task_prompts`, or your own); one is scored and measured itself.
        choice: how it is looked for; None is EAP-IG, and a hundredth of all edges.
        progress: told how far the work is.

    Raises:
        InputError: no prompts, a bad size or method, scores that are not finite; as `evaluate_circuit`.
    """
    if not prompts:
        raise InputError("There are no prompts: expected at least one pair.")
    choice = choice or Choice()
    if not 0 < choice.size <= 1:
        raise InputError(f"Expected a size above 0 and up to 1, the share of all edges, found {choice.size}.")
    graph, tell = graph_of(model), progress or (lambda stage, fraction: None)
    half = (len(prompts) + 1) // 2
    bases, scores = bases_of(model, prompts[:half], choice.ablation), []
    for index, prompt in enumerate(prompts[:half]):
        tell("scoring edges", index / half)
        scores.append(_scored(bases, prompt, choice.method, choice.steps))
    mean = torch.stack(scores).mean(0)
    if not bool(torch.isfinite(mean).all()):
        raise InputError(
            "Scores of some edges are not finite: gradients overflow in the precision of this model (--dtype)."
        )
    circuits = [best(graph, mean, share) for share in (*SIZES, choice.size)]
    circuits.append(_drawn(graph, int(circuits[-1].sum()), choice.seed))
    held_out, measures = prompts[half:] or prompts, []
    for index, prompt in enumerate(held_out):
        tell("running circuits", index / len(held_out))
        measures.append(_measured(bases, prompt, torch.stack(circuits)))
    return _circuit(
        model,
        graph,
        mean,
        circuits,
        measures,
        _search(graph, scores, circuits, measures, choice),
    )


def best(
    graph: Graph, scores: Float[Tensor, "reader sender"] | Float[Tensor, "sender"], share: float
) -> Bool[Tensor, "reader sender"]:
    """The edges of the largest scores by size, without those on no path from the input to the logits."""
    sizes = by_edge(graph, scores).abs().masked_fill(~graph.edges.to(scores.device), -1).flatten()
    kept = torch.zeros(graph.edges.numel(), dtype=torch.bool)
    kept[sizes.topk(max(1, round(share * graph.size))).indices.cpu()] = True
    return graph.connected(kept.view_as(graph.edges))


def by_edge(graph: Graph, scores: Tensor) -> Float[Tensor, "reader sender"]:
    """Scores of edges: those of nodes, where there is one a sender, by `Graph.between`."""
    return scores if scores.ndim == 2 else graph.between(scores)


def _pair(bases: Bases, prompt: PromptPair) -> tuple[Pair, tuple[int, int]]:
    tokens = metric_tokens(prompt_of(bases.model, prompt.clean), prompt.target, prompt.versus)
    return bases.pair(prompt), tokens


def _scored(bases: Bases, prompt: PromptPair, method: str, steps: int) -> Tensor:
    pair, tokens = _pair(bases, prompt)
    metrics_at_ends(pair, tokens)
    return edge_scores(pair, tokens, method, steps=steps)


@torch.no_grad()
def _measured(bases: Bases, prompt: PromptPair, circuits: Tensor) -> tuple[MeasuredPair, Float[Tensor, "circuit"]]:
    """A pair at both ends, and the metric of every circuit."""
    pair, tokens = _pair(bases, prompt)
    ends = metrics_at_ends(pair, tokens)
    found = MeasuredPair(pair.clean.tokens, pair.corrupt.tokens, *tokens, *ends, 0.0)
    return found, measured(pair, circuits, tokens).double().cpu()


def _drawn(graph: Graph, count: int, seed: int) -> Bool[Tensor, "reader sender"]:
    """As many edges of the graph, at random."""
    places = graph.edges.flatten().nonzero()[:, 0]
    kept = torch.zeros(graph.edges.numel(), dtype=torch.bool)
    kept[places[torch.randperm(len(places), generator=generator(seed))[:count]]] = True
    return kept.view_as(graph.edges)


def _circuit(
    model: Model,
    graph: Graph,
    scores: Tensor,
    circuits: list[Tensor],
    measures: list[tuple[MeasuredPair, Tensor]],
    search: Search,
) -> Circuit:
    chosen = circuits[len(SIZES)]
    values = by_edge(graph, scores)[chosen.to(scores.device)].tolist()
    edges = (CircuitEdge(*edge, value) for edge, value in zip(graph.listed(chosen), values, strict=True))
    pairs = tuple(replace(pair, circuit=float(found[len(SIZES)])) for pair, found in measures)
    notes = () if len(measures) > 1 else ("One pair of prompts is too few for an interval.",)
    return Circuit(model, graph, tuple(edges), pairs, search, notes)


def _search(
    graph: Graph,
    scores: list[Tensor],
    circuits: list[Tensor],
    measures: list[tuple[MeasuredPair, Tensor]],
    choice: Choice,
) -> Search:
    ends = torch.tensor([(pair.clean, pair.corrupt) for pair, _ in measures], dtype=torch.float64)
    over = ends[:, 0] - ends[:, 1]
    gains = torch.stack([found for _, found in measures]) - ends[:, 1:]
    faithful = (gains.mean(0) / over.mean()).tolist()
    intervals = _intervals(gains, over, choice.seed)
    rows = zip(SIZES, circuits, faithful, intervals, strict=False)
    curve = tuple(CurvePoint(share, int(kept.sum()), value, interval) for share, kept, value, interval in rows)
    return Search(
        choice.method,
        choice.ablation,
        len(scores),
        curve,
        _area(faithful[: len(SIZES)]),
        _area([abs(1 - value) for value in faithful[: len(SIZES)]]),
        intervals[len(SIZES)],
        faithful[-1],
        _stability(graph, scores, choice.size, choice.seed),
    )


def _area(values: Sequence[float]) -> float:
    """Under values at the ten sizes, by the trapezoid rule (Mueller et al. 2025)."""
    return float(torch.trapezoid(torch.tensor(values, dtype=torch.float64), torch.tensor(SIZES, dtype=torch.float64)))


def _intervals(
    gains: Float[Tensor, "prompt circuit"], over: Float[Tensor, "prompt"], seed: int
) -> list[tuple[float, float] | None]:
    """In which 95 % of the faithfulness of each circuit lies, over bootstrap samples of the prompts."""
    count = len(over)
    if count < 2:
        return [None] * gains.shape[1]
    drawn = torch.randint(count, (_SAMPLES, count), generator=generator(seed))
    found = gains[drawn].mean(1) / over[drawn].mean(1)[:, None]
    low, high = found.quantile(torch.tensor([0.025, 0.975], dtype=found.dtype), 0).tolist()
    return list(zip(low, high, strict=True))


def _stability(graph: Graph, scores: list[Tensor], size: float, seed: int) -> float | None:
    """The mean overlap of the circuits of two bootstrap samples of the prompts that score."""
    if len(scores) < 2:
        return None
    drawn = torch.randint(len(scores), (_CIRCUITS, len(scores)), generator=generator(seed))
    found = [best(graph, sum(scores[i] for i in sample) / len(scores), size) for sample in drawn.tolist()]  # type: ignore[arg-type]
    overlaps = [float((a & b).sum() / (a | b).sum().clamp(min=1)) for a, b in itertools.combinations(found, 2)]
    return sum(overlaps) / len(overlaps)
