"""Circuits on the graph of a model, as data: `unembed circuit find` and `unembed circuit evaluate`."""

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
    from unembed.methods.edges import circuit as circuits
    from unembed.methods.edges.circuit import Circuit
    from unembed.models.model import Model


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


@dataclass(frozen=True)
class CircuitPair:
    """A pair of prompts on which a circuit was measured."""

    clean_tokens: list[PromptToken]
    """The prompt that shows the behaviour."""
    corrupt_tokens: list[PromptToken]
    """The same with what matters changed."""
    target: Token
    """The token that the clean prompt asks for."""
    versus: Token
    """The other token of the metric."""
    metric: CircuitMetric
    """In three runs of this pair."""


@dataclass(frozen=True)
class CircuitSize:
    """A point of the curve: the best edges by score, without those on no path from the input to the logits."""

    share: float
    """Of all edges, from 0 to 1."""
    edges: int
    """How many are left of them."""
    faithfulness: float
    """As of the circuit."""
    interval: tuple[float, float] | None
    """In which 95 % of the bootstrap samples of the prompts lie; null of fewer than two."""


@dataclass(frozen=True)
class CircuitSearch:
    """How a circuit was found, and what is known of it beyond its faithfulness."""

    method: str
    """Of the scores: `eap-ig`, or another that `--method` names."""
    ablation: str
    """What edges outside of it carry: `corrupted`, `mean` or `zero`."""
    prompts: int
    """By which edges were scored; those in `pairs` measured."""
    curve: list[CircuitSize]
    """Over ten sizes."""
    cpr: float
    """The area under the curve; larger is better."""
    cmd: float
    """The area between the curve and 1; 0 is best."""
    interval: tuple[float, float] | None
    """Of the faithfulness of the circuit, as of a point of the curve."""
    random: float
    """The faithfulness of a circuit of as many edges, drawn at random."""
    stability: float | None
    """The mean overlap, from 0 to 1, of the circuits of two bootstrap samples of the prompts; null of too few."""


@payload("unembed/circuit/1")
class CircuitPayload:
    """`unembed circuit find --json` and `unembed circuit evaluate --json`."""

    model: ModelFacts
    graph: GraphFacts
    """That the circuit is a part of."""
    nodes: list[str]
    """Those that the edges touch: `input`, `a3.h2`, `m5`, `logits`."""
    edges: list[dict[str, str | float]]
    """`from`, what writes (`input`, `a3.h2`, `m5`); `to`, what reads it (`a3.h2<q>`, `<k>`, `<v>`, `m5`, `logits`);
    `score`, by which it was chosen, 1 where it was given."""
    pairs: list[CircuitPair]
    """On which it was measured."""
    metric: CircuitMetric
    """The mean over the pairs, in three runs."""
    faithfulness: float
    """`(circuit - corrupt) / (clean - corrupt)` of the metric: 1 as the clean run, 0 as the corrupted one."""
    search: CircuitSearch | None
    """How it was found; null where its edges were given."""
    versions: dict[str, str]
    notes: list[str] = field(default_factory=list)


@payload_of.register
def circuit_payload(result: "Circuit") -> CircuitPayload:
    """A circuit as data."""
    return CircuitPayload(
        model=model_facts(result.model),
        graph=GraphFacts(len(result.graph.senders), result.graph.size),
        nodes=list(result.nodes),
        edges=[{"from": edge.sender, "to": edge.reader, "score": edge.score} for edge in result.edges],
        pairs=[_pair(result.model, pair) for pair in result.pairs],
        metric=CircuitMetric(result.clean, result.corrupt, result.circuit),
        faithfulness=result.faithfulness,
        search=None if result.search is None else _search(result.search),
        versions=versions(),
        notes=list(result.notes),
    )


def _pair(model: "Model", pair: "circuits.MeasuredPair") -> CircuitPair:
    return CircuitPair(
        clean_tokens=prompt_tokens(model, pair.tokens),
        corrupt_tokens=prompt_tokens(model, pair.corrupt_tokens),
        target=token_of(model, pair.target),
        versus=token_of(model, pair.versus),
        metric=CircuitMetric(pair.clean, pair.corrupt, pair.circuit),
    )


def _search(search: "circuits.Search") -> CircuitSearch:
    return CircuitSearch(**{**vars(search), "curve": [CircuitSize(**vars(point)) for point in search.curve]})
