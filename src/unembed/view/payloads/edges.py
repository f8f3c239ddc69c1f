"""Circuits on the graph of a model, as data: `unembed circuit evaluate`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Token,
    model_facts,
    prompt_tokens,
    token_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.edges.circuit import Circuit


@dataclass(frozen=True)
class GraphFacts:
    """The graph that a circuit is a part of."""

    nodes: int
    """That write: the input, heads and MLPs; the logits are one more."""
    edges: int
    """From a node to each later reader: with the query, key and value input of every query head."""


@dataclass(frozen=True)
class CircuitMetric:
    """The logit of the target minus that of the other token, at the last position."""

    clean: float
    """Of the clean run."""
    corrupt: float
    """Of the corrupted run."""
    circuit: float
    """When the circuit runs: its edges carry what their senders now give, all others what these gave corrupted."""


@payload("unembed/circuit/1")
class CircuitPayload:
    """`unembed circuit evaluate --json`."""

    model: ModelFacts
    clean_tokens: list[PromptToken]
    """The prompt that shows the behaviour."""
    corrupt_tokens: list[PromptToken]
    """The same with what matters changed."""
    target: Token
    """The token that the clean prompt asks for."""
    versus: Token
    """The other token of the metric."""
    graph: GraphFacts
    """That the circuit is a part of."""
    nodes: list[str]
    """Those that the edges touch: `input`, `a3.h2`, `m5`, `logits`."""
    edges: list[dict[str, str | float]]
    """`from`, what writes (`input`, `a3.h2`, `m5`); `to`, what reads it (`a3.h2<q>`, `<k>`, `<v>`, `m5`, `logits`);
    `score`, by which it was chosen, 1 where it was given."""
    metric: CircuitMetric
    """The difference of logits that the circuit is about, in three runs."""
    faithfulness: float
    """`(circuit - corrupt) / (clean - corrupt)` of the metric: 1 as the clean run, 0 as the corrupted one."""
    versions: dict[str, str]
    notes: list[str] = field(default_factory=list)


@payload_of.register
def circuit_payload(result: "Circuit") -> CircuitPayload:
    """A circuit as data."""
    model = result.model
    return CircuitPayload(
        model=model_facts(model),
        clean_tokens=prompt_tokens(model, result.tokens),
        corrupt_tokens=prompt_tokens(model, result.corrupt_tokens),
        target=token_of(model, result.target),
        versus=token_of(model, result.versus),
        graph=GraphFacts(len(result.graph.senders), result.graph.size),
        nodes=list(result.nodes),
        edges=[{"from": edge.sender, "to": edge.reader, "score": edge.score} for edge in result.edges],
        metric=CircuitMetric(result.clean, result.corrupt, result.circuit),
        faithfulness=result.faithfulness,
        versions=versions(),
        notes=list(result.notes),
    )
