"""edges: what each shown node reads of each other one, of the words and of the biases; what is not shown is one edge.

A node reads the stream along one direction, weighted by position: a neuron at its own position, a head at all that it
attends to. So an edge is one product, in logits of the target,

    worth(a -> b)  =  weight_b[position of a] * direction_b . write_a

and the edges into a node sum to its worth. Going down the blocks once gives all: each write meets the directions of all
nodes that read above it, and norms of the stream (post-LN) turn the directions on the way.

Of two prompts each write is how far the two runs differ in it. What a node reads of that is not all of how far its own
write differs: its pattern, scale or gate is another one in the other run. That is an edge of its own,

    held(b)  =  what b, as it is held, makes of the other run's stream  -  what the other run made there
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.ledger.decompose import SAFETY
from unembed.ledger.ledger import check_sum
from unembed.methods.circuits.frozen_stack import FrozenHeads, FrozenNorm, FrozenStack
from unembed.methods.graph.frozen_mlps import FrozenMlp
from unembed.methods.graph.network import Network, PulledStack
from unembed.methods.graph.nodes import By, Place
from unembed.models.model import Stage
from unembed.models.norms import Norm
from unembed.models.reprs import Brief

_STAGE: dict[str, Stage] = {"head": "attention", "cross_head": "cross_attention"}
"""Where a node writes; all others at the MLP."""


@dataclass(frozen=True, repr=False)
class Edges(Brief):
    """All that goes into each shown node, and last into the target, in logits."""

    between: Float[Tensor, "node reader"]
    words: tuple[Float[Tensor, "position reader"], ...]
    """Of each stack."""
    biases: Float[Tensor, "reader"]
    others: Float[Tensor, "reader"]
    """Of all nodes that are not shown, together."""
    held: Float[Tensor, "reader"]
    """What it is to each that patterns, scales and gates are others in the other prompt's run; 0 without one."""
    squares: Float[Tensor, "reader"]
    """Of the products that were summed."""

    @property
    def into(self) -> Float[Tensor, "reader"]:
        """The sum of what goes into each."""
        return self.between.sum(0) + sum(each.sum(0) for each in self.words) + self.biases + self.held + self.others

    def carried(self, worths: Float[Tensor, "reader"]) -> float:
        """What reaches the target by ways on which every node is shown. Nodes must be in the order of `in_order`."""
        share = torch.zeros_like(worths)
        share[-1] = 1
        for node in range(len(worths) - 1):
            share[node] = self.between[node] @ share / worths[node]
        return float((sum(each.sum(0) for each in self.words) + self.biases + self.held) @ share)


@dataclass(frozen=True, repr=False)
class _Reading(Brief):
    """What a node reads of the stream of a stack."""

    direction: Float[Tensor, "d_model"]
    weight: Float[Tensor, "position"]
    constant: float
    """What biases and shifts on the way add."""
    squares: float


def in_order(net: Network, places: Sequence[Place]) -> list[Place]:
    """Nodes in the order of the pass: the last to write first."""
    stages = ("mlp", "cross_attention", "attention")
    return sorted(
        places, key=lambda p: (p.stack, -p.layer, stages.index(_STAGE.get(p.kind, "mlp")), p.group, p.row, p.index)
    )


@torch.no_grad()
def edges(net: Network, places: Sequence[Place], by: By) -> Edges:
    """The edges between nodes, given in the order of `in_order`. The target is the last reader.

    Raises:
        LedgerError: those into a node do not sum to its worth, or those into the target not to its logit.
    """
    found = _Pass(net, places, by).found()
    worths = [place.worth for place in places] + [net.asked.value]
    unit = max(pulled.run.model.precision for pulled in net.stacks)
    for number, (total, worth) in enumerate(zip(found.into.tolist(), worths, strict=True)):
        own = net.asked.rounding if number == len(places) else unit * abs(worth)
        tolerance = SAFETY * float(unit**2 * found.squares[number] + own**2) ** 0.5
        name = "the target" if number == len(places) else f"a node ({places[number]})"
        check_sum(f"What goes into {name}", total, worth, tolerance)
    return found


class _Pass:
    """The pass down the blocks: readers that are active, as directions and weights by position."""

    def __init__(self, net: Network, places: Sequence[Place], by: By) -> None:
        self.net, self.places, self.by = net, places, by
        readers = len(places) + 1
        like = net.stacks[0].entering
        self.between = like.new_zeros(len(places), readers)
        self.biases, self.others, self.held, self.squares = (like.new_zeros(readers) for _ in range(4))
        self.active: list[int] = []
        self.direction = like.new_zeros(0, like.shape[1])
        self.weight = like.new_zeros(0, len(like))
        self.later: list[tuple[int, _Reading]] = []
        """Cross-attention heads, which read what the encoder gave."""

    def found(self) -> Edges:
        asked, words = self.net.asked, []
        for read in asked.reads:
            onto = torch.zeros_like(self.net.stacks[0].entering[:, 0])
            onto[read.position] = 1
            self._activate(len(self.places), _Reading(read.direction, onto, sum(read.constants.values()), 0.0))
        other = self.net.stacks[0].other
        if other is not None:
            self._hold(len(self.places), other.stack.streams[-1].double(), asked.other_base)
        for number, pulled in enumerate(self.net.stacks):
            if number:
                self.active, self.direction = [], pulled.entering.new_zeros(0, pulled.entering.shape[1])
                self.weight = pulled.entering.new_zeros(0, len(pulled.entering))
                for reader, reading in self.later:
                    self._activate(reader, reading)
            words.append(self._down(number, pulled))
        return Edges(self.between, tuple(words), self.biases, self.others, self.held, self.squares)

    def _hold(self, reader: int, stream: Float[Tensor, "position d_model"], made: float) -> None:
        """What a reader makes of the stream in the other prompt's run, less what was made there."""
        rows = [row for row, each in enumerate(self.active) if each == reader]
        weight, direction = self.weight[rows], self.direction[rows]
        # Constants are the same in both runs, so they are no edge of a difference.
        self.held[reader] += (weight * (direction @ stream.T)).sum() + self.biases[reader] - made
        self.biases[reader] = 0.0
        self.squares[reader] += (weight.square() * (direction.square() @ stream.square().T)).sum()

    def _activate(self, reader: int, reading: _Reading) -> None:
        self.active.append(reader)
        self.direction = torch.cat([self.direction, reading.direction[None].to(self.direction)])
        self.weight = torch.cat([self.weight, reading.weight[None].to(self.weight)])
        self.biases[reader] += reading.constant
        self.squares[reader] += reading.squares

    def _down(self, number: int, pulled: PulledStack) -> Float[Tensor, "position reader"]:
        for index in reversed(range(len(pulled.blocks))):
            self._block(number, pulled, index)
        start = pulled.start
        if pulled.other is not None:
            start = start - pulled.other.stack.streams[0].double()
        met = self._met(start)
        return self._add(met.new_zeros(met.shape[1], len(self.biases)), met.T)

    def _add(self, total: Float[Tensor, "*some reader"], met: Float[Tensor, "*some active"]) -> Tensor:
        """Add what is met to that of each reader; the target of several tokens reads in several rows."""
        return total.index_add_(-1, torch.tensor(self.active, device=total.device), met.to(total))

    def _block(self, number: int, pulled: PulledStack, index: int) -> None:
        here = [(i, p) for i, p in enumerate(self.places) if (p.stack, p.layer) == (number, index)]
        layer, parallel = pulled.stack.layers[index], pulled.run.model.parallel
        waiting: list[tuple[int, Place]] = []
        self._meet(pulled.stack.streams[index + 1].double())
        for stage in reversed(layer.stages):
            if stage in layer.norms:
                self._through(layer.norms[stage].norm, layer.norms[stage].scale)
            mine = [(i, p) for i, p in here if _STAGE.get(p.kind, "mlp") == stage]
            self._stage(pulled, index, stage, mine)
            if stage == "cross_attention":
                self.later += [(i, self._reading(pulled, p)) for i, p in mine]
            elif stage == "mlp" and not parallel:
                for i, place in mine:
                    self._start(pulled, i, place)
            else:
                waiting += mine
        for i, place in waiting:
            self._start(pulled, i, place)

    def _start(self, pulled: PulledStack, i: int, place: Place) -> None:
        """Let a node read from here down."""
        self._activate(i, self._reading(pulled, place))
        if pulled.other is not None:
            block, attends = pulled.blocks[place.layer], place.kind == "head"
            position, write = _write_of_other(pulled, place)
            read = (block.at_attention if attends else block.at_mlp)[position]
            stream = pulled.other.stack.streams[place.layer].double()
            if not attends and not pulled.run.model.parallel:
                stream = stream + pulled.other.stack.run.layers[place.layer].write("attention").double()
            self._hold(i, stream, float(write @ read))

    def _through(self, norm: Norm, scale: Float[Tensor, "position"]) -> None:
        """Turn the directions as a norm of the stream does."""
        self._add(self.biases, (self.direction @ norm.shift) * self.weight.sum(1))
        self.direction = norm.pullback(self.direction, torch.ones_like(self.direction[:, 0]))
        self.weight = self.weight * scale

    def _met(self, x: Float[Tensor, "position d_model"]) -> Float[Tensor, "active position"]:
        """What each active reader reads of something in the stream."""
        self._meet(x)
        return self.weight * (self.direction @ x.T)

    def _meet(self, x: Float[Tensor, "position d_model"]) -> None:
        """What is summed, for the tolerance: each write, and each state of the stream (`rounding` of the ledger)."""
        self._add(self.squares, (self.weight.square() * (self.direction.square() @ x.square().T)).sum(1))

    def _stage(self, pulled: PulledStack, index: int, stage: Stage, mine: list[tuple[int, Place]]) -> None:
        given = pulled.run.layers[index].write(stage).double()
        if pulled.other is not None:
            self._meet(given)
            given = given - pulled.other.stack.run.layers[index].write(stage).double()
        met = self._met(given).sum(1)
        constant = None if pulled.other is not None else self._bias_write(pulled, index, stage)
        if constant is not None:
            told = (self.weight * (self.direction @ constant.T)).sum(1)
            self._add(self.biases, told)
            met = met - told
        for i, place in mine:
            position, write = _write(pulled.stack, pulled.blocks[index].mlp, place)
            if pulled.other is not None:
                write = write - _write_of_other(pulled, place)[1]
            edge = self.weight[:, position] * (self.direction @ write)
            self._add(self.between[i], edge)
            met = met - edge
        self._add(self.others, met)

    def _bias_write(self, pulled: PulledStack, index: int, stage: Stage) -> Tensor | None:
        """What a sublayer writes whatever it reads, that is no part of a node."""
        layer, mlp = pulled.stack.layers[index], pulled.blocks[index].mlp
        if stage == "attention":
            return _written(layer.attention.bias, layer.post, len(pulled.entering))
        if stage == "cross_attention":
            assert layer.cross is not None
            return _written(layer.cross.bias, None, len(pulled.entering))
        if mlp is None or self.by == "head+mlp":
            return None
        return _written(mlp.offset, mlp.post, len(mlp.given))

    def _reading(self, pulled: PulledStack, place: Place) -> _Reading:
        block, layer = pulled.blocks[place.layer], pulled.stack.layers[place.layer]
        if place.kind == "cross_head":
            assert layer.cross is not None
            (given,) = (each.stack for each in self.net.stacks if each.stack.inside)
            return _of_head(layer.cross, block.cross_heads[place.row, place.index], place, given.streams[-1])
        if place.kind == "head":
            stream = pulled.stack.streams[place.layer]
            return _of_head(layer.attention, block.heads[place.row, place.index], place, stream)
        return _of_mlp(pulled, place)


def _written(vector: Tensor | None, post: FrozenNorm | None, positions: int) -> Tensor | None:
    if post is None:
        return None if vector is None else vector.expand(positions, -1)
    zero = torch.zeros_like(post.norm.shift) if vector is None else vector
    return post.norm.pushforward(zero.expand(positions, -1), post.scale) + post.norm.shift


def _of_head(heads: FrozenHeads, folded: Float[Tensor, "d_head"], place: Place, stream: Tensor) -> _Reading:
    pattern, matrix = heads.pattern[place.index, place.row].double(), heads.matrix[place.index]
    read, given, norm = matrix @ folded, stream.double(), None if heads.read is None else heads.read.norm
    if heads.read is not None:
        given = heads.read.norm.pushforward(given, heads.read.scale)
    constant = float(pattern.sum() * (heads.constant[place.index] @ folded))
    # The head sums its mix, which sums values, which sum what they are made of.
    made = heads.value[place.index].square() @ folded.square() + given.square() @ (matrix.square() @ folded.square())
    squares = float(pattern.square() @ made)
    if heads.read is None or norm is None:
        return _Reading(read, pattern, constant, squares)
    constant += float(pattern.sum() * (read @ norm.shift))
    return _Reading(norm.pullback(read, torch.ones_like(read[0])), pattern * heads.read.scale, constant, squares)


def _of_mlp(pulled: PulledStack, place: Place) -> _Reading:
    block = pulled.blocks[place.layer]
    mlp, position = block.mlp, _position(block.mlp, place)
    assert mlp is not None
    weight = torch.zeros_like(pulled.entering[:, 0])
    weight[position] = 1
    if place.kind == "mlp":
        _, written = mlp.through_post(block.at_mlp)
        constant = float(block.mlp_constant[position] + written[position])
        return _Reading(block.below_mlp[position], weight, constant, _squares(pulled, place, position))
    neurons, folded = mlp.neurons[place.group], block.folded[place.group]
    constants = folded[place.row] * neurons.constants()[place.row]
    if place.kind == "neuron":
        read = neurons.read(place.row, place.index) * folded[place.row, place.index]
        constant, only = float(constants[place.index]), slice(place.index, place.index + 1)
    else:
        read, constant, only = neurons.reads(folded)[place.row], float(constants.sum()), slice(None)
    square = neurons.squares(place.row, folded[place.row, only], mlp.given[position], only)
    if mlp.norm is None:
        return _Reading(read, weight, constant, square)
    direction = mlp.norm.norm.pullback(read, mlp.norm.scale[position])
    return _Reading(direction, weight, constant + float(read @ mlp.norm.norm.shift), square)


def _squares(pulled: PulledStack, place: Place, position: int) -> float:
    """Of all neurons that act at a position."""
    block, total = pulled.blocks[place.layer], 0.0
    assert block.mlp is not None
    for neurons, folded in zip(block.mlp.neurons, block.folded, strict=True):
        for row in (neurons.rows == position).nonzero()[:, 0].tolist():
            total += neurons.squares(row, folded[row], block.mlp.given[position])
    return total


def _position(mlp: FrozenMlp | None, place: Place) -> int:
    if place.kind in ("neuron", "shared_experts") and mlp is not None:
        return int(mlp.neurons[place.group].rows[place.row])
    return place.row


def _write(stack: FrozenStack, mlp: FrozenMlp | None, place: Place) -> tuple[int, Float[Tensor, "d_model"]]:
    """What a node added to the stream, and where."""
    layer, part = stack.layers[place.layer], stack.run.layers[place.layer]
    position = _position(mlp, place)
    if place.kind in ("head", "cross_head"):
        cross = place.kind == "cross_head"
        heads, post = (layer.cross, None) if cross else (layer.attention, layer.post)
        kept = part.cross_heads if cross else part.heads
        assert heads is not None
        assert kept is not None
        write = kept.z[position, place.index].double() @ heads.output[place.index]
    elif place.kind == "mlp":
        return position, part.mlp_write[position].double()
    else:
        assert mlp is not None
        neurons, post = mlp.neurons[place.group], mlp.post
        only = slice(place.index, place.index + 1) if place.kind == "neuron" else slice(None)
        write = neurons.activation[place.row, only].double() @ neurons.output[only].double()
    return position, write if post is None else post.norm.pushforward(write, post.scale[position])


def _write_of_other(pulled: PulledStack, place: Place) -> tuple[int, Float[Tensor, "d_model"]]:
    """The same of the other prompt's run: nothing of an expert that was not chosen there."""
    own, other = pulled.blocks[place.layer].mlp, pulled.other
    assert other is not None
    mlp, position = other.mlps[place.layer], _position(own, place)
    if place.kind in ("neuron", "shared_experts") and own is not None and mlp is not None:
        same = mlp.like(own.neurons[place.group])
        rows = [] if same is None else (same.rows == position).nonzero()[:, 0].tolist()
        if same is None or not rows:
            return position, torch.zeros_like(pulled.entering[0])
        group = next(i for i, each in enumerate(mlp.neurons) if each is same)
        place = replace(place, group=group, row=rows[0])
    return _write(other.stack, mlp, place)
