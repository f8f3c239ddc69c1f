"""graph: a prediction as a graph that adds up: from words through heads and neurons to a logit, nothing trained.

The run is made linear (network.py): patterns, scales of norms and the gates of MLPs are held as they were. Every part
at a position is then worth a number of logits, and

    logit above the mean  =  sum over words + biases              what enters the first block, and all constants
    worth of a node       =  sum of the edges into it  =  sum of the edges out of it

Shown are the nodes that are worth most, of either sign. All others are one node, `others`: an edge from it to each
shown node and one from each shown node to it say what goes other ways, so nothing is dropped. `remainder` is what
reaches the target by ways with a node that is not shown.

Worths are a convention (what is held is a choice: `rule`), not a cause. So each shown node can be removed as well
(`Graph.tested`): set to zero at its position in a run of the whole model, exactly, by the counterfactual engine. The
same runs say what all shown nodes carry together (removals.py).

Of two prompts (`other`) the difference of their logits is explained: worths are those of how far the two runs differ,
and `held` is what patterns, scales and gates add that are others in the other run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

import torch
from torch import Tensor

from unembed.engine.counterfactual import finished
from unembed.errors import InputError, Interrupted, counted
from unembed.ledger.decompose import SAFETY
from unembed.ledger.ledger import check_sum
from unembed.ledger.readout import Readout
from unembed.methods.circuits.attention_score import AttentionScore, attention_score
from unembed.methods.graph.edges import Edges, edges, in_order
from unembed.methods.graph.explained import Explained, explained
from unembed.methods.graph.frozen_mlps import Rule
from unembed.methods.graph.network import Network, network
from unembed.methods.graph.nodes import BYS, By, GraphNode, candidates, chosen, node_of, nodes_for, worths_in
from unembed.methods.graph.removals import GraphScore, measured, score
from unembed.methods.swapped import SwapWords
from unembed.methods.whole_answer import GivenAnswer
from unembed.methods.words.compare import spearman
from unembed.models.refusals import plain_heads_only
from unembed.models.reprs import SHOWN, listed
from unembed.progress import Progress, silent
from unembed.runs.prompted import AnyPrompt, Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RULES: tuple[Rule, ...] = get_args(Rule)
_SHARES = (0.8, 0.9)
SMALLEST = 1e-3
"""Edges below this share of the largest worth are part of the edge from and to `others`."""


@dataclass(frozen=True)
class GraphEdge:
    """What one node adds to the target through what another reads of it."""

    source: str
    """The label of a node, `word 3`, `source 3`, `biases`, `held` or `others`."""
    target: str
    """The label of a node, `target` or `others`."""
    worth: float
    """In logits of the target."""


@dataclass(frozen=True)
class GraphWord:
    """What enters the first block at a position, and what it is worth by all ways."""

    position: int
    text: str
    worth: float
    of_source: bool = False
    """Whether it is a word of the source, which an encoder read."""

    @property
    def label(self) -> str:
        """`word 3`, `source 3`."""
        return f"{'source' if self.of_source else 'word'} {self.position}"


@dataclass(frozen=True)
class Graph(RunResult[GraphNode]):
    """A prediction as a graph that adds up. Made by `graph`."""

    measure = "worth"

    asked: Explained
    """What is explained: a logit, those of an answer, or their difference between two prompts."""
    by: By
    rule: Rule
    nodes: tuple[GraphNode, ...]
    """The shown ones, the largest worth first."""
    edges: tuple[GraphEdge, ...]
    """Between them, from words and biases, to the target, and from and to `others`: the largest first."""
    words: tuple[GraphWord, ...]
    biases: float
    """What all biases, shifts and constants add, by all ways; nothing to a difference of two prompts."""
    held: float
    """What patterns, scales and gates add that are others in the other prompt's run; 0 without another prompt."""
    remainder: float
    """What reaches the target by ways with a node that is not shown."""
    candidates: int
    """How many nodes there are."""
    shares: dict[float, int] = field(hash=False)
    """How many nodes, the largest first, have 80 and 90 % of the worth of all, signs apart."""
    tolerance: float
    agreements: dict[Rule, float | None] = field(hash=False)
    """By rule, the rank correlation of what the shown nodes are worth under it with what their removal takes away;
    empty without removals."""
    planned: int
    """How many nodes are removed as a test, where all is done."""
    score: GraphScore | None = None
    """What the shown nodes carry together; None where it was not tried, or of nodes that are no head and no MLP."""
    explained_heads: tuple[AttentionScore, ...] = ()
    """Why the heads of largest worth attended as they did, where that was asked for."""

    @property
    def readout(self) -> Readout:
        """The logit that is explained; of an answer that of its first token."""
        return self.asked.reads[0]

    @property
    def run(self) -> Run:
        """The recorded run."""
        return self.asked.run

    @property
    def value(self) -> float:
        """What is explained: the target's logit, above the mean or above the other token's; of an answer the sum of
        those of its tokens; of two prompts the difference. Words, biases and `held` sum to it."""
        return self.asked.value

    @property
    def base(self) -> float:
        """The number in the run itself, from which removals are counted; of two prompts in that of the first."""
        return self.asked.base

    @property
    def sum(self) -> float:
        """Of words, biases and what is held."""
        return math.fsum(word.worth for word in self.words) + self.biases + self.held

    @property
    def parts_of_sum(self) -> str:
        """What sums to the value."""
        return "words and biases" if self.asked.other is None else "words and what is held"

    @property
    def error(self) -> float:
        """`sum - value`."""
        return self.sum - self.value

    @property
    def complete(self) -> bool:
        """Whether all removals that were planned are here."""
        return sum(node.after is not None for node in self.nodes) >= self.planned

    @property
    def agreement(self) -> float | None:
        """That of the graph's own rule; None without removals, or where one of the two has no ranks."""
        return self.agreements.get(self.rule)

    @property
    def best_rule(self) -> Rule | None:
        """The rule that agrees best with the removals; None without removals, or where it makes no difference."""
        gate, relp = self.agreements.get("gate"), self.agreements.get("relp")
        if gate is None or relp is None or gate == relp:
            return None
        return "gate" if gate > relp else "relp"

    def entries(self) -> tuple[GraphNode, ...]:
        """The shown nodes."""
        return self.nodes

    def columns(self, entry: GraphNode) -> dict[str, Any]:
        """A node, with the token at its position and the effect of its removal."""
        texts = self.source_texts if entry.encoder else self.token_texts
        effect = None if entry.after is None else entry.after - self.base
        return {"label": entry.label} | vars(entry) | {"token": texts[entry.position], "effect": effect}

    def into(self, node: GraphNode | str) -> list[GraphEdge]:
        """The edges into a node, the largest first. Of a label: `graph.into("target")`."""
        label = node if isinstance(node, str) else node.label
        return [edge for edge in self.edges if edge.target == label]

    def out_of(self, node: GraphNode | str) -> list[GraphEdge]:
        """The edges out of a node, the largest first."""
        label = node if isinstance(node, str) else node.label
        return [edge for edge in self.edges if edge.source == label]

    def tested(
        self, *, exact: bool = False, seed: int = 0, memory: int | None = None, progress: Progress = silent
    ) -> "Graph":
        """The graph with what the logit is once each shown node is set to zero (of two prompts, to what it is in the
        other): exact, a version of the run each. And what the shown nodes carry together.

        Args:
            exact: whether the score stands beside as many nodes chosen by the exact effects of all that there are: as
                many versions of the run as the model has nodes.
            seed: of the random graphs that the score stands beside.
            memory: bytes for walks, as in `counterfactuals`.
            progress: called after each block of each walk.

        Raises:
            InputError: a memory budget too small for one version.
            Interrupted: on Ctrl-C, with the removals that were finished.
        """
        return _scored(_tested(self, memory, progress), exact, seed, memory, progress)

    def attended(self, node: GraphNode, *, source: int | None = None) -> AttentionScore:
        """Why the head of a node attended as it did: the pattern is frozen in the graph, and explained here.

        Args:
            node: a head.
            source: the position attended to; None takes the most attended.

        Raises:
            InputError: the node is no head of self-attention, or as `attention_score`.
        """
        if node.kind != "head" or node.encoder or node.head is None:
            raise InputError(f"Expected a node that is a head of self-attention, found {node.label}.")
        return attention_score(self.run, node.layer, node.head, destination=node.position, source=source)

    def why(self, count: int) -> "Graph":
        """The graph with why the heads of largest worth attended as they did (`explained_heads`).

        Args:
            count: how many heads.

        Raises:
            InputError: as `attended`.
        """
        heads = [node for node in self.nodes if node.kind == "head" and not node.encoder]
        found = tuple(self.attended(node) for node in heads[: counted(count, "a number of heads")])
        return replace(self, explained_heads=found)

    def plot(self) -> "Figure":
        """Draw the graph: tokens from left to right, blocks upward, the target on top.

        Raises:
            InputError: matplotlib is not installed.
        """
        from unembed.methods.graph.picture import picture

        return self.captioned(picture(self))

    def __repr__(self) -> str:
        said = listed([f"{node.label} {node.worth:+.2f}" for node in self.nodes[:SHOWN]], len(self.nodes))
        return (
            f"Graph({len(self.nodes)} of {self.candidates} nodes, {self.parts_of_sum} {self.sum:+.4f}, model "
            f"{self.value:+.4f}, |Δ| {abs(self.error):.1e}; {said})"
        )


@prompted
def graph(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    versus: str | int | None = None,
    position: int | None = None,
    answer: GivenAnswer | None = None,
    other: AnyPrompt | SwapWords | None = None,
    nodes: int = 60,
    by: By = "head+mlp",
    rule: Rule = "gate",
) -> Graph:
    """A prediction as a graph of words, heads and MLPs or neurons whose edges add up to the logit.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the token (text or id) whose logit above the mean is explained; None takes the top prediction.
        versus: another token: how far the target's logit is above its logit is explained instead.
        position: after which token; negative counts from the end, None is where the prompt asks.
        answer: a whole answer in the target's place: the sum of its tokens' logits above the mean, each after those
            before it; "auto" is what the model says by itself.
        other: a prompt of as many tokens, or the words of a swap, ("France", "Italy"): by how much the two prompts
            differ in the logit is explained.
        nodes: how many nodes are shown.
        by: "head+mlp" with each MLP as one node, or "head+neuron": single neurons carry little by themselves.
        rule: what of a gated neuron is held: "gate" holds the gate; "relp" shares the product in halves.

    Raises:
        InputError: a bad prompt, target, answer, word or number; prompts that do not align; a model whose heads are
            not read.
        ModelError: an MLP that makes its neurons in a way that is not known.
        LedgerError: words and biases do not sum to the logit, or edges into a node not to its worth.
    """
    _check(by, rule)
    plain_heads_only(prompt.model, "A graph")
    count = counted(nodes, "a number of nodes", least=1)
    asked = explained(prompt, target, versus=versus, position=position, answer=answer, other=other)
    return _made(network(asked, rule), by, rule, count)


def _check(by: str, rule: str) -> None:
    if by not in BYS:
        raise InputError(f"Expected nodes by {' or '.join(BYS)}, found {by!r}.")
    if rule not in _RULES:
        raise InputError(f"Expected a rule of {' or '.join(_RULES)}, found {rule!r}.")


def _made(net: Network, by: By, rule: Rule, count: int) -> Graph:
    found = list(candidates(net, by))
    best = chosen(found, count)
    places = in_order(net, best)
    made, shown = edges(net, places, by), [node_of(net, place) for place in places]
    words = [word for number, pulled in enumerate(net.stacks) for word in _words(net, number, pulled.words)]
    worths = torch.tensor([*(node.worth for node in shown), net.asked.value], dtype=torch.float64)
    precision = max(pulled.run.model.precision for pulled in net.stacks)
    result = Graph(
        asked=net.asked,
        by=by,
        rule=rule,
        nodes=tuple(sorted(shown, key=lambda node: -abs(node.worth))),
        edges=tuple(_listed(made, shown, words, differ=net.asked.other is not None)),
        words=tuple(words),
        biases=net.biases,
        held=net.held,
        remainder=net.asked.value - made.carried(worths.to(made.biases)),
        candidates=sum(each.worth.numel() for each in found),
        shares=nodes_for(found, _SHARES),
        tolerance=SAFETY * math.hypot(net.asked.rounding, precision * math.sqrt(net.squares)),
        agreements={},
        planned=0,
    )
    check_sum(f"The graph's {result.parts_of_sum}", result.sum, result.value, result.tolerance)
    return result


def _words(net: Network, number: int, worths: Tensor) -> list[GraphWord]:
    model = net.asked.run.model
    if number == 0:
        texts = net.asked.reads[0].token_texts
    else:
        texts = tuple(token.label for token in model.source.tokens) if model.source is not None else ()
    return [
        GraphWord(position, text, worth, of_source=number > 0)
        for position, (text, worth) in enumerate(zip(texts, worths.tolist(), strict=True))
    ]


def _listed(found: Edges, shown: Sequence[GraphNode], words: Sequence[GraphWord], *, differ: bool) -> list[GraphEdge]:
    """The edges by name; those too small to be told are part of the edges from and to `others`."""
    labels = [node.label for node in shown]
    constants = ("biases", "held")
    sources = [*labels, *(word.label for word in words), *constants]
    matrix = torch.cat([found.between, *found.words, found.biases[None], found.held[None]])
    worths = [*(node.worth for node in shown), *(word.worth for word in words)]
    least = SMALLEST * max((abs(node.worth) for node in shown), default=0.0)
    small = matrix.abs() < least
    told = torch.where(small, 0.0, matrix)
    others = found.others + (matrix - told).sum(0)
    made = [GraphEdge(sources[i], [*labels, "target"][j], float(told[i, j])) for i, j in told.nonzero().tolist()]
    made += [GraphEdge("others", to, value) for to, value in zip([*labels, "target"], others.tolist(), strict=True)]
    rest = torch.tensor(worths, dtype=torch.float64) - told[: -len(constants)].sum(1).cpu()
    made += [GraphEdge(name, "others", value) for name, value in zip(sources[:-2], rest.tolist(), strict=True)]
    # What goes into others is from nodes and words, and what is left from biases; of two prompts, from what is held.
    into = math.fsum(others.tolist()) - math.fsum(rest.tolist())
    made.append(GraphEdge("held" if differ else "biases", "others", into))
    return sorted((edge for edge in made if edge.worth), key=lambda edge: -abs(edge.worth))


# Removed, one by one and all together


def _tested(found: Graph, memory: int | None, progress: Progress) -> Graph:
    parts = [(i, (node.part, node.position)) for i, node in enumerate(found.nodes) if node.part is not None]
    found = replace(found, planned=len(parts))
    if not parts:
        return found

    def result(values: Tensor) -> Graph:
        nodes = list(found.nodes)
        for (i, _), value, done in zip(parts, values.tolist(), finished(values).tolist(), strict=True):
            nodes[i] = replace(nodes[i], after=value if done else None)
        return replace(found, nodes=tuple(nodes))

    try:
        tried = result(measured(found.asked, [[place] for _, place in parts], memory, progress))
    except Interrupted as stop:
        raise Interrupted(result(stop.result)) from stop
    return replace(tried, agreements=_agreements(tried))


def _agreements(found: Graph) -> dict[Rule, float | None]:
    """By rule, how the order of the worths is that of what the removals take away."""
    tried = [node for node in found.nodes if node.after is not None]
    effects = [found.base - (node.after or 0.0) for node in tried]
    (other,) = set(_RULES) - {found.rule}
    net = network(found.asked, other)
    worths = {found.rule: [node.worth for node in tried], other: worths_in(net, tried, found.by)}
    return {rule: spearman(worths[rule], effects) if tried else None for rule in _RULES}


def _scored(found: Graph, exact: bool, seed: int, memory: int | None, progress: Progress) -> Graph:
    """With what the shown nodes carry together, where all are heads and MLPs of one stack."""
    if found.by != "head+mlp" or found.model.encoder is not None or not found.nodes:
        return found
    shown = [(node.part, node.position) for node in found.nodes if node.part is not None]
    try:
        return replace(found, score=score(found.asked, shown, exact=exact, seed=seed, memory=memory, progress=progress))
    except Interrupted as stop:
        raise Interrupted(found) from stop
