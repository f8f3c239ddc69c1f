"""A prediction as a graph, as data: `unembed graph`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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
    from unembed.methods.graph.graph import Graph


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
    """The target's number with this part set to zero at this position, in logits; null where it was not tried."""


@dataclass(frozen=True)
class GraphEdgeEntry:
    """What one node adds to the target through what another reads of it."""

    from_: str
    """The `id` of a node, `word 3`, `source 3`, `biases`, or `others`: all nodes that are not shown."""
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
    """The target's logit above `reference`: words and biases sum to it."""
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
    """Of words and biases, in logits."""
    error: float
    """`sum - value`, in logits."""
    tolerance: float
    complete: bool
    versions: dict[str, str]
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder of an encoder-decoder read; empty for a decoder alone."""


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
    )
