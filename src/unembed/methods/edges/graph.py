"""Graph: a model as nodes that write to the stream, and edges to what reads them.

    senders    `input` (the embeddings), `a3.h2` (a head), `m5` (an MLP)
    readers    `a3.h2<q>`, `a3.h2<k>`, `a3.h2<v>` (the inputs of a *query* head, each with its own), `m5`, `logits`

A reader reads every sender before it, so an edge is a pair of these names. With grouped queries each query head has a
key input and a value input of its own, as Mueller et al. 2025 (MIB) have it. In a parallel block the MLP does not read
the heads of its own layer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.refusals import decoders_only, next_token_only, sums_only, versions_only
from unembed.models.reprs import Brief

INPUT, LOGITS = "input", "logits"
_INPUTS = ("q", "k", "v")
"""Of a head, in the order in which readers stand."""
_SHOWN = 5
"""Edges that an error names at most."""


@dataclass(frozen=True, repr=False)
class Place(Brief):
    """Where the nodes of one layer stand among all senders and readers."""

    first: int
    """The first sender of the layer: how many its heads read."""
    heads: int
    has_mlp: bool
    mlp_reads: int
    """How many senders its MLP reads."""
    reader: int
    """The first reader of the layer: its heads' queries, then keys, then values, then the MLP."""

    @property
    def head_readers(self) -> slice:
        """Of all its heads' inputs."""
        return slice(self.reader, self.reader + len(_INPUTS) * self.heads)

    @property
    def mlp_reader(self) -> int:
        """Of its MLP."""
        return self.reader + len(_INPUTS) * self.heads

    @property
    def head_senders(self) -> slice:
        """Of its heads."""
        return slice(self.first, self.first + self.heads)

    @property
    def mlp_sender(self) -> int:
        """Of its MLP."""
        return self.first + self.heads


@dataclass(frozen=True)
class Graph:
    """The nodes and edges of a model. Made by `graph_of`."""

    heads: tuple[int, ...]
    """Query heads of each layer; 0 where none attends."""
    mlps: tuple[bool, ...]
    """Whether each layer has an MLP."""
    parallel: bool = False
    """Whether attention and MLP of a block read the same stream."""

    def __repr__(self) -> str:
        return f"Graph({len(self.senders)} nodes, {self.size} edges)"

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where each layer stands."""
        found, first, reader = [], 1, 0
        for heads, has_mlp in zip(self.heads, self.mlps, strict=True):
            found.append(Place(first, heads, has_mlp, first + (0 if self.parallel else heads), reader))
            first, reader = first + heads + has_mlp, reader + len(_INPUTS) * heads + has_mlp
        return tuple(found)

    @cached_property
    def senders(self) -> tuple[str, ...]:
        """The names of all that writes, in the order of the model."""
        names = [INPUT]
        for layer, (heads, has_mlp) in enumerate(zip(self.heads, self.mlps, strict=True)):
            names += [f"a{layer}.h{head}" for head in range(heads)] + [f"m{layer}"] * has_mlp
        return tuple(names)

    @cached_property
    def readers(self) -> tuple[str, ...]:
        """The names of all that reads, in the order of the model."""
        names: list[str] = []
        for layer, (heads, has_mlp) in enumerate(zip(self.heads, self.mlps, strict=True)):
            names += [f"a{layer}.h{head}<{kind}>" for kind in _INPUTS for head in range(heads)]
            names += [f"m{layer}"] * has_mlp
        return (*names, LOGITS)

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """How many senders each reader reads: the first ones."""
        found: list[int] = []
        for place in self.places:
            found += [place.first] * (len(_INPUTS) * place.heads) + [place.mlp_reads] * place.has_mlp
        return (*found, len(self.senders))

    @property
    def size(self) -> int:
        """How many edges there are."""
        return sum(self.reads)

    @cached_property
    def edges(self) -> Bool[Tensor, "reader sender"]:
        """Which pairs are edges."""
        return torch.arange(len(self.senders)) < torch.tensor(self.reads)[:, None]

    def mask(self, edges: Iterable[Sequence[str]]) -> Bool[Tensor, "reader sender"]:
        """The edges of a list of (sender, reader), as they are.

        Raises:
            InputError: some are no edges of this model; the message names them.
        """
        mask = torch.zeros_like(self.edges)
        wrong: list[str] = []
        for sender, reader in edges:
            why = self._why_not(sender, reader)
            if why is None:
                mask[self._reader[reader], self._sender[sender]] = True
            else:
                wrong.append(f"{sender} -> {reader} ({why})")
        if wrong:
            more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            raise InputError(
                f"{len(wrong)} {'is no edge' if len(wrong) == 1 else 'are no edges'} of this model, which has "
                f"{len(self.heads)} layers of {max(self.heads, default=0)} heads: {'; '.join(wrong[:_SHOWN])}{more}.\n"
                "An edge goes from input, a3.h2 or m5 to a later a3.h2<q>, a3.h2<k>, a3.h2<v>, m5 or logits."
            )
        return mask

    def between(self, nodes: Float[Tensor, "sender"]) -> Float[Tensor, "reader sender"]:
        """Scores of edges by those of nodes: of its two ends the one of less size, the input and the logits left out.

        So the best edges are all edges between the best nodes.
        """
        most = nodes.abs().max().reshape(1)
        scores = torch.cat([2 * most, nodes[1:], 2 * most])
        ends = scores[:-1].expand(len(self.readers), -1), scores[self._node.to(scores.device)][:, None]
        weaker = torch.where(ends[0].abs() <= ends[1].abs(), *torch.broadcast_tensors(*ends))
        return weaker.clamp(-most, most) * self.edges.to(weaker)

    def listed(self, mask: Bool[Tensor, "reader sender"]) -> list[tuple[str, str]]:
        """The (sender, reader) pairs of a mask, in the order of the model."""
        return [(self.senders[sender], self.readers[reader]) for reader, sender in mask.nonzero().tolist()]

    def connected(self, mask: Bool[Tensor, "reader sender"]) -> Bool[Tensor, "reader sender"]:
        """Without the edges that lie on no path from the input to the logits."""
        kept = mask & self.edges
        while True:
            # Of every node, the logits last: whether it reads something, and whether something reads it.
            reads = torch.zeros(len(self.senders) + 1, dtype=torch.bool)
            reads[0] = True
            reads[self._node[kept.any(1)]] = True
            alive = reads & torch.cat([kept.any(0), torch.ones(1, dtype=torch.bool)])
            fewer = kept & alive[:-1] & alive[self._node][:, None]
            if torch.equal(fewer, kept):
                return kept
            kept = fewer

    @cached_property
    def _node(self) -> Int[Tensor, "reader"]:
        """Which sender each reader belongs to; the logits come after all of them."""
        found = torch.full((len(self.readers),), len(self.senders))
        for place in self.places:
            for head in range(place.heads):
                found[place.reader + head : place.mlp_reader : place.heads] = place.first + head
            if place.has_mlp:
                found[place.mlp_reader] = place.mlp_sender
        return found

    @cached_property
    def _sender(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.senders)}

    @cached_property
    def _reader(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.readers)}

    def _why_not(self, sender: str, reader: str) -> str | None:
        """Why a pair is no edge; None where it is one."""
        if sender not in self._sender:
            needs = " is a reader: a node that writes has no <q>, <k> or <v>" if sender in self._reader else None
            return f"there is no sender {sender}" if needs is None or sender == LOGITS else f"{sender}{needs}"
        if reader not in self._reader:
            head = f"{reader}<q>" in self._reader
            return f"{reader} reads by <q>, <k> or <v>: say which" if head else f"there is no reader {reader}"
        if self._sender[sender] >= self.reads[self._reader[reader]]:
            return f"{reader} does not read {sender}"
        return None


def graph_of(model: Model) -> Graph:
    """The graph of a model.

    Raises:
        InputError: its blocks cannot be taken apart so; the message says why.
    """
    decoders_only(model, "A circuit of edges")
    next_token_only(model, "A circuit of edges")
    versions_only(model)
    sums_only(model, "A circuit of edges")
    if model.family.gates_heads:
        raise InputError(
            f"A circuit of edges needs heads that write z W_O, and of {model.name} something multiplies what they mix "
            "before W_O reads it.\nWhat accounts for that: explain, ablate, patch."
        )
    blocks = model.blocks
    return Graph(
        tuple(block.heads if block.attends else 0 for block in blocks),
        tuple(block.has_mlp for block in blocks),
        model.parallel,
    )
