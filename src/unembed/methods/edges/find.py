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
    Rival,
    Search,
    measured,
    metric_tokens,
    metrics_at_ends,
)
from unembed.methods.edges.flow import Pair
from unembed.methods.edges.graph import Graph, graph_of
from unembed.methods.edges.scores import STEPS, edge_scores
from unembed.methods.edges.tasks import PromptPair
from unembed.methods.edges.trials import Trials, overlap, pruned, rival_of
from unembed.models.model import Model
from unembed.progress import Progress
from unembed.runs.prompted import prompt_of
from unembed.seeds import generator

SIZES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of all edges, as Mueller et al. 2025 (MIB) take them."""
_SAMPLES = 1000
"""Bootstrap samples of an interval."""
_TRIED = 2
"""Prompts on which circuits are tried, at most."""
_EDGES = 16
"""That are drawn to see whether they are needed."""
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
    prune: float | None = None
    """By how much pruning may move the faithfulness away from 1 on the prompts that score; None does not prune."""
    seed: int = 0
    """Of the random circuit and of the bootstrap samples."""

    def __post_init__(self) -> None:
        if not 0 < self.size <= 1:
            raise InputError(f"Expected a size above 0 and up to 1, the share of all edges, found {self.size}.")
        if self.prune is not None and not 0 <= self.prune < 1:
            raise InputError(f"Expected what pruning may cost from 0 up to 1, found {self.prune}.")


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
    tell, half = progress or (lambda stage, fraction: None), (len(prompts) + 1) // 2
    bases, scores = bases_of(model, prompts[:half], choice.ablation), []
    for index, prompt in enumerate(prompts[:half]):
        tell("scoring edges", index / half)
        scores.append(_scored(bases, prompt, choice.method, choice.steps))
    if not bool(torch.isfinite(torch.stack(scores).mean(0)).all()):
        raise InputError(
            "Scores of some edges are not finite: gradients overflow in the precision of this model (--dtype)."
        )
    return judged(bases, scores, prompts, choice, tell)


def judged(
    bases: Bases,
    scores: list[Tensor],
    prompts: Sequence[PromptPair],
    choice: Choice,
    tell: Progress,
    kept: Bool[Tensor, "reader sender"] | None = None,
) -> Circuit:
    """What the best edges by some scores carry: tried on the first half of the prompts, measured on the second.

    Args:
        bases: what edges outside carry.
        scores: of each prompt that scored, or one for all.
        prompts: at least one, which is then tried and measured itself.
        choice: the size, and all that is asked beside the scores.
        tell: how far the work is.
        kept: the circuit; None takes the best edges by size.
    """
    graph, half = graph_of(bases.model), (len(prompts) + 1) // 2
    mean = torch.stack(scores).mean(0)
    tell("trying circuits", 0.0)
    trials = Trials(bases, prompts[: min(half, _TRIED)])
    chosen = _chosen(graph, _by_edge(graph, mean), trials, choice, kept)
    circuits = [*(best(graph, mean, share) for share in SIZES), chosen.kept, *chosen.others(graph, choice.seed)]
    held_out, measures = prompts[half:] or prompts, []
    for index, prompt in enumerate(held_out):
        tell("running circuits", index / len(held_out))
        measures.append(_measured(bases, prompt, torch.stack(circuits)))
    search = _search(graph, scores, chosen, measures, choice)
    return _circuit(
        bases.model, graph, chosen, measures, replace(search, curve=_curve(circuits, measures, choice.seed))
    )


@dataclass(frozen=True)
class _Chosen:
    """What is measured beside the ten sizes."""

    kept: Bool[Tensor, "reader sender"]
    scores: Float[Tensor, "reader sender"]
    rival: Bool[Tensor, "reader sender"]
    as_faithful: bool
    needed: float
    pruned: int

    def others(self, graph: Graph, seed: int) -> tuple[Tensor, Tensor, Tensor]:
        """As many edges at random, all edges that are not in it, and the rival."""
        return _drawn(graph, int(self.kept.sum()), seed), graph.edges & ~self.kept, self.rival


def _chosen(graph: Graph, scores: Tensor, trials: Trials, choice: Choice, kept: Tensor | None = None) -> _Chosen:
    whole = kept = best(graph, scores, choice.size) if kept is None else kept
    if choice.prune is not None:
        kept = pruned(graph, whole, scores, trials, choice.prune)
    rival, as_faithful = rival_of(graph, kept, scores, trials)
    needed = _needed(kept, trials, choice.seed)
    return _Chosen(kept, scores, rival, as_faithful, needed, int(whole.sum()) - int(kept.sum()))


def _needed(kept: Bool[Tensor, "reader sender"], trials: Trials, seed: int) -> float:
    """Of some edges, the share without which a circuit carries something else."""
    edges = kept.nonzero()
    if not len(edges):
        return 0.0
    drawn = edges[torch.randperm(len(edges), generator=generator(seed))[:_EDGES]]
    versions = [kept.clone() for _ in drawn]
    for version, (reader, sender) in zip(versions, drawn.tolist(), strict=True):
        version[reader, sender] = False
    found = trials.faithfulness([kept, *versions])
    share = 0.1 * abs(float(found[0])) / len(edges)
    return float(((found[1:] - found[0]).abs() >= share).double().mean())


def best(
    graph: Graph, scores: Float[Tensor, "reader sender"] | Float[Tensor, "sender"], share: float
) -> Bool[Tensor, "reader sender"]:
    """The edges of the largest scores by size, without those on no path from the input to the logits."""
    sizes = _by_edge(graph, scores).abs().masked_fill(~graph.edges.to(scores.device), -1).flatten()
    kept = torch.zeros(graph.edges.numel(), dtype=torch.bool)
    kept[sizes.topk(max(1, round(share * graph.size))).indices.cpu()] = True
    return graph.connected(kept.view_as(graph.edges))


def _by_edge(graph: Graph, scores: Tensor) -> Float[Tensor, "reader sender"]:
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


_Measures = list[tuple[MeasuredPair, Tensor]]
"""Of each prompt: its ends, and the metric of the ten sizes, the circuit, a random one, all other edges, the rival."""


def _circuit(model: Model, graph: Graph, chosen: _Chosen, measures: _Measures, search: Search) -> Circuit:
    pairs = tuple(replace(pair, circuit=float(found[len(SIZES)])) for pair, found in measures)
    notes = () if len(measures) > 1 else ("One pair of prompts is too few for an interval.",)
    return Circuit(model, graph, _listed(graph, chosen.kept, chosen.scores), pairs, search, notes)


def _listed(graph: Graph, kept: Tensor, scores: Tensor) -> tuple[CircuitEdge, ...]:
    values = scores[kept.to(scores.device)].tolist()
    return tuple(CircuitEdge(*edge, value) for edge, value in zip(graph.listed(kept), values, strict=True))


def _faithful(measures: _Measures, seed: int) -> tuple[list[float], list[tuple[float, float] | None]]:
    """Of each circuit the faithfulness over all prompts, and its interval."""
    ends = torch.tensor([(pair.clean, pair.corrupt) for pair, _ in measures], dtype=torch.float64)
    over = ends[:, 0] - ends[:, 1]
    gains = torch.stack([found for _, found in measures]) - ends[:, 1:]
    return (gains.mean(0) / over.mean()).tolist(), _intervals(gains, over, seed)


def _curve(circuits: list[Tensor], measures: _Measures, seed: int) -> tuple[CurvePoint, ...]:
    rows = zip(SIZES, circuits, *_faithful(measures, seed), strict=False)
    return tuple(CurvePoint(share, int(kept.sum()), value, interval) for share, kept, value, interval in rows)


def _search(graph: Graph, scores: list[Tensor], chosen: _Chosen, measures: _Measures, choice: Choice) -> Search:
    faithful, intervals = _faithful(measures, choice.seed)
    at, rival = len(SIZES), None
    if bool(chosen.rival.any()):
        edges, shared = _listed(graph, chosen.rival, chosen.scores), overlap(chosen.rival, chosen.kept)
        rival = Rival(edges, shared, faithful[at + 3], intervals[at + 3], chosen.as_faithful)
    return Search(
        method=choice.method,
        ablation=choice.ablation,
        prompts=len(scores),
        curve=(),
        cpr=_area(faithful[:at]),
        cmd=_area([abs(1 - value) for value in faithful[:at]]),
        interval=intervals[at],
        random=faithful[at + 1],
        stability=_stability(graph, scores, choice.size, choice.seed),
        others=faithful[at + 2],
        needed=chosen.needed,
        rival=rival,
        pruned=chosen.pruned,
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
    overlaps = [overlap(a, b) for a, b in itertools.combinations(found, 2)]
    return sum(overlaps) / len(overlaps)
