"""Circuit: edges of a model, and how much of a difference between two prompts they carry.

The metric `m` of a pair of prompts is a difference of two logits at the last position. Of the clean run, the corrupted
run and the circuit, each the mean over the pairs,

    faithfulness = (m(circuit) - m(corrupted)) / (m(clean) - m(corrupted)),

which is 1 for the whole graph and 0 for no edge at all, and may lie outside of both: other edges may speak against.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.edges.flow import Pair, flow, pair_of
from unembed.methods.edges.graph import Graph
from unembed.models.model import Model
from unembed.models.targets import target_tokens
from unembed.models.tokens import name_of
from unembed.runs.prompted import Prompt, prompted_by_two
from unembed.runs.result import Result


@dataclass(frozen=True)
class CircuitEdge:
    """An edge of a circuit."""

    sender: str
    """What writes: `input`, `a3.h2` or `m5`."""
    reader: str
    """What reads it: `a3.h2<q>`, `a3.h2<k>`, `a3.h2<v>`, `m5` or `logits`."""
    score: float = 1.0
    """By which it was chosen; 1 where it was given."""

    @property
    def label(self) -> str:
        """`a3.h2 -> m5`."""
        return f"{self.sender} -> {self.reader}"


@dataclass(frozen=True)
class MeasuredPair:
    """The metric of a pair of prompts in three runs: the logit of the target minus that of the other token."""

    tokens: tuple[int, ...]
    """Of the clean prompt."""
    corrupt_tokens: tuple[int, ...]
    target: int
    versus: int
    clean: float
    """Of the clean run."""
    corrupt: float
    """Of the corrupted run."""
    circuit: float
    """Of the circuit."""


@dataclass(frozen=True)
class CurvePoint:
    """The best edges by score, without those on no path from the input to the logits."""

    share: float
    """Of all edges, from 0 to 1."""
    edges: int
    """How many are left of them."""
    faithfulness: float
    interval: tuple[float, float] | None
    """In which 95 % of the bootstrap samples of the prompts lie; None of fewer than two prompts."""


@dataclass(frozen=True)
class Search:
    """How a circuit was found, and what is known of it beyond its faithfulness."""

    method: str
    ablation: str
    """What edges outside of it carry: `corrupted`, `mean` or `zero`."""
    prompts: int
    """By which edges were scored; the others measured."""
    curve: tuple[CurvePoint, ...]
    """Over ten sizes."""
    cpr: float
    """The area under the curve (MIB's integrated circuit performance ratio): larger is better."""
    cmd: float
    """The area between the curve and 1 (MIB's integrated circuit-model distance): 0 is best."""
    interval: tuple[float, float] | None
    """Of the faithfulness of the circuit, as of a point of the curve."""
    random: float
    """The faithfulness of a circuit of as many edges, drawn at random."""
    stability: float | None
    """The mean overlap (Jaccard) of the circuits of two bootstrap samples of the prompts; None of fewer than two."""


@dataclass(frozen=True)
class Circuit(Result[CircuitEdge]):
    """Edges of a model, and what they carry. Made by `evaluate_circuit` and `find_circuit`."""

    measure = "score"

    model: Model
    graph: Graph
    edges: tuple[CircuitEdge, ...]
    pairs: tuple[MeasuredPair, ...]
    search: Search | None = None
    """None for edges that were given."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    def __repr__(self) -> str:
        return (
            f"Circuit({self.model.name}, {len(self.edges)} of {self.graph.size} edges, "
            f"faithfulness {self.faithfulness:.3f})"
        )

    @property
    def tokens(self) -> tuple[int, ...]:
        """The clean prompt, of the first pair."""
        return self.pairs[0].tokens

    @property
    def clean(self) -> float:
        """The metric of the clean run, the mean over the pairs."""
        return sum(pair.clean for pair in self.pairs) / len(self.pairs)

    @property
    def corrupt(self) -> float:
        """Of the corrupted run."""
        return sum(pair.corrupt for pair in self.pairs) / len(self.pairs)

    @property
    def circuit(self) -> float:
        """Of the circuit."""
        return sum(pair.circuit for pair in self.pairs) / len(self.pairs)

    @property
    def faithfulness(self) -> float:
        """1 as the clean run, 0 as the corrupted one."""
        return (self.circuit - self.corrupt) / (self.clean - self.corrupt)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Those that the edges touch, in the order of the model."""
        touched = {name.split("<")[0] for edge in self.edges for name in (edge.sender, edge.reader)}
        return tuple(name for name in (*self.graph.senders, "logits") if name in touched)

    def entries(self) -> tuple[CircuitEdge, ...]:
        """The edges, in the order of the model."""
        return self.edges


@prompted_by_two
@torch.no_grad()
def evaluate_circuit(
    clean: Prompt, corrupt: Prompt, target: str | int, versus: str | int, edges: Sequence[Sequence[str]]
) -> Circuit:
    """Run a circuit: its edges carry what their senders now give, all others what these gave in the corrupted run.

    Args:
        clean: a recorded run, or a model and a prompt: it shows the behaviour.
        corrupt: the same with what matters changed, of as many tokens.
        target: the token that the clean prompt asks for.
        versus: the other token: the metric is `logit(target) - logit(versus)` at the last position.
        edges: pairs of a sender and a reader (`[("a3.h2", "m5"), ("m5", "logits")]`); taken as they are.

    Raises:
        InputError: edges that the model does not have, prompts of different lengths, a metric that is the same in both
            runs, a bad prompt or target; a model whose blocks cannot be taken apart.
    """
    tokens = metric_tokens(clean, target, versus)
    pair = pair_of(clean.model, clean.tokens, corrupt.tokens)
    mask = pair.graph.mask(edges)
    ends = metrics_at_ends(pair, tokens)
    found = MeasuredPair(clean.tokens, corrupt.tokens, *tokens, *ends, float(measured(pair, mask[None], tokens)[0]))
    chosen = tuple(CircuitEdge(*edge) for edge in pair.graph.listed(mask))
    return Circuit(clean.model, pair.graph, chosen, (found,))


def metric_tokens(clean: Prompt, target: str | int, versus: str | int) -> tuple[int, int]:
    """The two tokens of the metric.

    Raises:
        InputError: one is no token or several, or both are the same.
    """
    found = [target_tokens(clean.model, word, clean.context) for word in (target, versus)]
    for word, ids in zip((target, versus), found, strict=True):
        if len(ids) != 1:
            raise InputError(f"The metric of a circuit reads one token, but {word!r} is {len(ids)} tokens.")
    if found[0] == found[1]:
        raise InputError(f"The target and the other token are both {target!r}: their logits do not differ.")
    return found[0][0], found[1][0]


@torch.no_grad()
def metrics_at_ends(pair: Pair, tokens: tuple[int, int]) -> tuple[float, float]:
    """The metric of the clean and of the corrupted run.

    Raises:
        InputError: they are the same, so that no circuit can be told from another.
    """
    streams = pair.clean.final[-1], pair.base_final
    clean, corrupt = (_difference(pair.apart.logits(stream, tokens)) for stream in streams)
    ends, names = (float(clean), float(corrupt)), [name_of(pair.model, token) for token in tokens]
    # Eight bits above rounding: below that the ratio of two differences says nothing.
    if abs(ends[0] - ends[1]) <= 256 * pair.model.precision * max(1.0, *map(abs, ends)):
        raise InputError(
            f"The logit of {names[0]} minus that of {names[1]} is {ends[0]:.4g} after both prompts: there is no "
            "difference that a circuit could carry.\nGive prompts, or tokens, for which the two runs differ."
        )
    return ends


def measured(pair: Pair, kept: Bool[Tensor, "circuit reader sender"], tokens: tuple[int, int]) -> Tensor:
    """The metric of some circuits."""
    return _difference(pair.apart.logits(flow(pair, kept), tokens))


def _difference(logits: Tensor) -> Tensor:
    return logits[..., 0] - logits[..., 1]


def read_edges(data: Any, what: str = "The file of edges") -> list[tuple[str, str]]:
    """The edges in JSON: an array of [sender, reader], or what `unembed circuit --json` prints.

    Raises:
        InputError: it is another thing.
    """
    found = data.get("edges") if isinstance(data, Mapping) else data
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise InputError(f"{what} holds no edges: expected an array of [sender, reader].")
    return [_edge(each, index, what) for index, each in enumerate(found)]


def _edge(edge: Any, index: int, what: str) -> tuple[str, str]:
    pair = [edge.get("from"), edge.get("to")] if isinstance(edge, Mapping) else edge
    names = [str(name) for name in pair if isinstance(name, str)] if isinstance(pair, list | tuple) else []
    if len(names) != 2 or len(pair) != 2:
        raise InputError(
            f'{what} holds {json.dumps(edge)[:80]} as edge {index}: expected [sender, reader], such as ["a3.h2", "m5"].'
        )
    return names[0], names[1]
