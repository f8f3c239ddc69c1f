"""A prediction as a graph, as data: `unembed graph`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.models.names import head_name
from unembed.models.tokens import name_of
from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Reference,
    SourceToken,
    Target,
    model_facts,
    prompt_tokens,
    reference_of,
    source_tokens,
    target_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.circuits.attention_score import AttentionScore
    from unembed.methods.graph.graph import Graph

_PAIRS = 10
"""Pairs of terms that are told of a head's score."""


@dataclass(frozen=True)
class GraphNodeEntry:
    """A part at a position."""

    id: str
    """Its address, by which edges name it: `L23.H4 @ 5`."""
    kind: Literal["head", "cross_head", "mlp", "neuron", "shared_experts"]
    """What it is; `shared_experts` are one node, since none of their neurons can be addressed."""
    layer: int
    head: int | None
    expert: int | None
    neuron: int | None
    position: int
    """Where it writes, counted from 0; inside an encoder a position of `sources`."""
    encoder: bool
    """Whether it is inside the encoder of an encoder-decoder."""
    value: float
    """Its own number in the run: a neuron's activation; of anything else what it wrote, along the direction in which it
    is read, in units of the stream."""
    worth: float
    """What it adds to the target by all ways, in logits: the edges into it sum to that, and those out of it."""
    after: float | None
    """The target's number with this part set to zero at this position, or to what it is in the other prompt, in logits:
    to be held against `base`; null where it was not tried."""


@dataclass(frozen=True)
class GraphEdgeEntry:
    """What one node adds to the target through what another reads of it."""

    from_: str
    """The `id` of a node, `word 3`, `source 3`, `biases`, `held`, or `others`: all nodes that are not shown."""
    to: str
    """The `id` of a node, `target`, or `others`."""
    worth: float
    """In logits of the target."""


@dataclass(frozen=True)
class GraphWordEntry:
    """What enters the first block at a position."""

    position: int
    """Of the prompt, or of `sources`."""
    text: str
    worth: float
    """What it adds to the target by all ways, in logits."""
    of_source: bool = False
    """Whether it is a word of the source, which an encoder read."""


@dataclass(frozen=True)
class GraphAnswerToken:
    """A token of an answer whose logits are explained together."""

    id: int
    """Its id in the vocabulary."""
    text: str
    """Its text."""
    position: int
    """Where it is predicted: that of the token before it."""
    value: float
    """Its logit above the mean of the vocabulary."""


@dataclass(frozen=True)
class DeletionPoint:
    """What is left with the first nodes changed."""

    nodes: int
    """How many are changed, the largest worth first."""
    value: float
    """In logits: to be held against `base`."""


@dataclass(frozen=True)
class GraphScoreEntry:
    """What the shown nodes carry by themselves, in exact runs with every other head and MLP set to zero, or to what it
    is in the other prompt."""

    nodes: int
    """How many are kept."""
    all: int
    """Heads and MLPs at positions, of the whole model."""
    faithfulness: float
    """1 as the whole model, 0 as with none of the nodes; it may lie outside of both."""
    shown: float
    """The number with the shown nodes alone, in logits."""
    none: float
    """The number with none, in logits."""
    random: list[float]
    """Faithfulness of graphs of as many nodes drawn at random."""
    exact: float | None
    """Faithfulness of as many nodes chosen by the exact effects of all; null where these were not asked for."""
    deletion: list[DeletionPoint]
    """How the number falls as the shown nodes are changed, more and more of them together."""


@dataclass(frozen=True)
class GraphWhyPair:
    """One addend of the score of a head."""

    query: str
    """What was written to the stream of the query."""
    key: str
    """What was written to that of the key."""
    value: float
    """What the two add to the score."""


@dataclass(frozen=True)
class GraphWhyEntry:
    """Why a head of the graph attended to a position: see `unembed attended`."""

    id: str
    """The node."""
    source: int
    """The position attended to most."""
    attention: float
    """To that position, after the softmax."""
    score: float
    """Before the softmax."""
    pairs: list[GraphWhyPair]
    """What of query and key made the score, the largest first; all pairs sum to it."""


@payload("unembed/graph/1")
class GraphPayload:
    """`unembed graph --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    position: int
    target: Target
    reference: Reference
    by: Literal["head+neuron", "head+mlp"]
    """Whether an MLP is many nodes or one."""
    rule: Literal["gate", "relp"]
    """What of a gated neuron was held: its gate, or each factor for half of it."""
    value: float
    """The target's logit above `reference`, of an answer the sum of its tokens', of two prompts the difference: words,
    biases and `held` sum to it."""
    nodes: list[GraphNodeEntry]
    """Those that are shown, the largest worth first."""
    edges: list[GraphEdgeEntry]
    """The largest first; small ones are part of those from and to `others`."""
    words: list[GraphWordEntry]
    """By position."""
    biases: float
    """What all biases, shifts and constants add, in logits."""
    remainder: float
    """What of `value` goes by ways with a node that is not shown, in logits."""
    candidates: int
    """How many nodes there are, shown or not."""
    nodes_for_80: int
    """How many nodes, the largest first, have 80 % of the worth of all, signs apart."""
    nodes_for_90: int
    """The same of 90 %."""
    agreement: float | None
    """Rank correlation of `worth` with `value - after`, -1 to 1; null without removals."""
    agreements: dict[str, float | None]
    """The same of what the shown nodes are worth under each rule; empty without removals."""
    best_rule: Literal["gate", "relp"] | None
    """The rule that agrees best with the removals; null without removals, or where it makes no difference."""
    sum: float
    """Of words, biases and `held`, in logits."""
    error: float
    """`sum - value`, in logits."""
    tolerance: float
    complete: bool
    versions: dict[str, str]
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder of an encoder-decoder read; empty for a decoder alone."""
    base: float = 0.0
    """The number in the run itself, from which removals are counted: `value`, but of two prompts that of the first."""
    other_tokens: list[PromptToken] = field(default_factory=list)
    """The other prompt, where the difference of two is explained."""
    held: float = 0.0
    """What patterns, scales and gates add that are others in the other prompt, in logits; 0 without one."""
    answer: list[GraphAnswerToken] = field(default_factory=list)
    """The tokens of a whole answer, whose logits `value` sums; empty where one token is explained."""
    score: GraphScoreEntry | None = None
    """What the shown nodes carry together; null where it was not tried."""
    why: list[GraphWhyEntry] = field(default_factory=list)
    """Why heads attended as they did, where it was asked for."""


@payload_of.register
def graph_payload(result: "Graph") -> GraphPayload:
    """A graph as data."""
    read, model = result.readout, result.model
    assert read.target is not None
    return GraphPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.tokens),
        position=read.position,
        target=target_of(model, read.run.prediction(read.target, position=read.position)),
        reference=reference_of(model, read),
        by=result.by,
        rule=result.rule,
        value=result.value,
        nodes=[
            GraphNodeEntry(
                id=node.label,
                kind=node.kind,
                layer=node.layer,
                head=node.head,
                expert=node.expert,
                neuron=node.neuron,
                position=node.position,
                encoder=node.encoder,
                value=node.value,
                worth=node.worth,
                after=node.after,
            )
            for node in result.nodes
        ],
        edges=[GraphEdgeEntry(edge.source, edge.target, edge.worth) for edge in result.edges],
        words=[GraphWordEntry(word.position, word.text, word.worth, word.of_source) for word in result.words],
        biases=result.biases,
        remainder=result.remainder,
        candidates=result.candidates,
        nodes_for_80=result.shares[0.8],
        nodes_for_90=result.shares[0.9],
        agreement=result.agreement,
        agreements={str(rule): value for rule, value in result.agreements.items()},
        best_rule=result.best_rule,
        sum=result.sum,
        error=result.error,
        tolerance=result.tolerance,
        complete=result.complete,
        versions=versions(),
        sources=source_tokens(model),
        base=result.base,
        other_tokens=[] if result.asked.other is None else prompt_tokens(model, result.asked.other.tokens),
        held=result.held,
        answer=_answer(result),
        score=_score(result),
        why=[_why(each) for each in result.explained_heads],
    )


def _answer(result: "Graph") -> list[GraphAnswerToken]:
    reads = result.asked.reads
    if len(reads) == 1:
        return []
    return [
        GraphAnswerToken(read.target or 0, name_of(result.model, read.target or 0), read.position, read.value)
        for read in reads
    ]


def _score(result: "Graph") -> GraphScoreEntry | None:
    found = result.score
    if found is None:
        return None
    return GraphScoreEntry(
        nodes=found.nodes,
        all=found.all,
        faithfulness=found.faithfulness,
        shown=found.shown,
        none=found.none,
        random=list(found.random),
        exact=found.exact,
        deletion=[DeletionPoint(count, value) for count, value in found.deletion],
    )


def _why(found: "AttentionScore") -> GraphWhyEntry:
    pairs = [GraphWhyPair(pair.query.label, pair.key.label, pair.value) for pair in found.top(_PAIRS)]
    name = f"{head_name(found.layer, found.head)} @ {found.destination}"
    return GraphWhyEntry(name, found.source, found.attention, found.score, pairs)
