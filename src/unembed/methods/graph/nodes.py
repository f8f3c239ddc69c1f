"""nodes: the heads, MLPs and neurons of a run made linear, each at a position, and the ones that are worth most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.methods.graph.frozen_mlps import Neurons
from unembed.methods.graph.network import Network, PulledStack
from unembed.models.names import in_stack, part_name
from unembed.models.parts import Part
from unembed.models.reprs import Brief

NodeKind = Literal["head", "cross_head", "mlp", "neuron", "shared_experts"]
By = Literal["head+neuron", "head+mlp"]
BYS: tuple[By, ...] = get_args(By)


@dataclass(frozen=True)
class GraphNode:
    """A part of the model at a position, and what it is worth. What does not apply is None."""

    kind: NodeKind
    layer: int
    head: int | None
    expert: int | None
    neuron: int | None
    position: int
    value: float
    """Its own number in the run: the activation of a neuron; what anything else wrote, along the direction in which it
    is read, in units of the stream (of two prompts, how far that differs)."""
    worth: float
    """What it adds to the target's logit by all ways that lead there: its value times what a unit of it is worth; of
    two prompts what the difference of its writes adds to that of the logits."""
    encoder: bool = False
    """Whether it is inside an encoder, so that the position is one of the source."""
    after: float | None = None
    """The target's logit, as it is read, once this part is set to zero at this position, or to what it is in the other
    prompt; None where it was not."""

    @property
    def part(self) -> Part | None:
        """What is removed when it is tested; None of shared experts, which cannot be addressed."""
        if self.kind == "shared_experts":
            return None
        return Part(self.kind, self.layer, self.head, self.expert, self.neuron, self.encoder)

    @property
    def label(self) -> str:
        """`L23.H4 @ 5`, `L24.N1005 @ 5`, `L2 mlp @ 0`: the address of its site."""
        name = part_name(self.kind, self.layer, self.head, self.expert, self.neuron)
        return f"{in_stack(name, self.encoder)} @ {self.position}"


@dataclass(frozen=True, repr=False)
class Candidates(Brief):
    """The nodes of one kind in one block, and the worth of each."""

    kind: NodeKind
    stack: int
    """Of the network's stacks."""
    layer: int
    group: int
    """Which of the MLP's `Neurons`; 0 for others."""
    worth: Float[Tensor, "row index"]


@dataclass(frozen=True)
class Place:
    """Where a node is in the network."""

    kind: NodeKind
    stack: int
    layer: int
    group: int
    row: int
    """Of its `Neurons`; of others the position."""
    index: int
    """Head or neuron; 0 of what is whole."""
    worth: float


def candidates(net: Network, by: By) -> Iterator[Candidates]:
    """Every node of a network, a kind and a block at a time; of two prompts, the differences."""
    for number, pulled in enumerate(net.stacks):
        for layer in range(len(pulled.blocks)):
            yield from _of_block(pulled, number, layer, by)


def _of_block(pulled: PulledStack, number: int, layer: int, by: By) -> Iterator[Candidates]:
    block = pulled.blocks[layer]
    yield Candidates("head", number, layer, 0, _worth_of_heads(pulled, layer))
    if block.cross_heads.numel():
        z = pulled.heads(layer, cross=True).z.double()
        yield Candidates("cross_head", number, layer, 0, (z * block.cross_heads).sum(-1))
    if block.mlp is None:
        return
    if by == "head+mlp":
        write = pulled.run.layers[layer].mlp_write.double()
        if pulled.other is not None:
            write = write - pulled.other.stack.run.layers[layer].mlp_write.double()
        yield Candidates("mlp", number, layer, 0, (write * block.at_mlp).sum(-1, keepdim=True))
        return
    for group, (neurons, folded) in enumerate(zip(block.mlp.neurons, block.folded, strict=True)):
        worth = neurons.activation * folded - _worth_of_others(pulled, layer, neurons)
        if neurons.shared:
            yield Candidates("shared_experts", number, layer, group, worth.sum(-1, keepdim=True))
        else:
            yield Candidates("neuron", number, layer, group, worth)


def _worth_of_heads(pulled: PulledStack, layer: int) -> Float[Tensor, "position head"]:
    block = pulled.blocks[layer]
    found = (pulled.heads(layer).z.double() * block.heads).sum(-1)
    if pulled.other is None:
        return found
    of_other, kept = pulled.other.stack.layers[layer], pulled.other.stack.run.layers[layer].heads
    assert kept is not None
    before, _ = of_other.through_post(block.at_attention, torch.arange(len(found), device=found.device))
    folded = torch.einsum("pm,hdm->phd", before, of_other.attention.output)
    return found - (kept.z.double() * folded).sum(-1)


def _worth_of_others(pulled: PulledStack, layer: int, neurons: Neurons) -> Tensor | float:
    """What the same neurons are worth as they act in the other prompt; nothing where they do not."""
    if pulled.other is None:
        return 0.0
    mlp = pulled.other.mlps[layer]
    assert mlp is not None
    same = mlp.like(neurons)
    if same is None:
        return 0.0
    before, _ = mlp.through_post(pulled.blocks[layer].at_mlp)
    return (neurons.rows[:, None] == same.rows).double() @ (same.activation * same.folded(before))


def chosen(found: Sequence[Candidates], count: int) -> list[Place]:
    """The nodes of the largest worth, of either sign, the largest first; none that is worth nothing."""
    places = []
    for each in found:
        flat = each.worth.flatten()
        best = flat.abs().topk(min(count, flat.numel())).indices
        width = each.worth.shape[1]
        for i, worth in zip(best.tolist(), flat[best].tolist(), strict=True):
            places.append(Place(each.kind, each.stack, each.layer, each.group, i // width, i % width, worth))
    return sorted((place for place in places if place.worth), key=lambda place: -abs(place.worth))[:count]


def nodes_for(found: Sequence[Candidates], shares: Sequence[float]) -> dict[float, int]:
    """How many nodes, the largest first, have these shares of the worth of all, signs apart."""
    sizes = np.concatenate([each.worth.abs().flatten().float().cpu().numpy() for each in found] or [np.zeros(0)])
    sums = np.cumsum(-np.sort(-sizes), dtype=np.float64)
    if not len(sums) or sums[-1] == 0:
        return dict.fromkeys(shares, 0)
    return {share: int(np.searchsorted(sums, share * sums[-1] * (1 - 1e-12)) + 1) for share in shares}


@torch.no_grad()
def node_of(net: Network, place: Place) -> GraphNode:
    """A node with its own number."""
    pulled = net.stacks[place.stack]
    block = pulled.blocks[place.layer]
    position, expert, neuron, head = place.row, None, None, None
    if place.kind in ("head", "cross_head"):
        head = place.index
        length = float((block.at_cross if place.kind == "cross_head" else block.at_attention)[position].norm())
        value = place.worth / length
    elif place.kind == "mlp":
        value = place.worth / float(block.at_mlp[position].norm())
    else:
        assert block.mlp is not None
        neurons = block.mlp.neurons[place.group]
        position, expert = int(neurons.rows[place.row]), neurons.expert
        if place.kind == "neuron":
            neuron, value = place.index, float(neurons.activation[place.row, place.index])
        else:
            value = place.worth / float(block.at_mlp[position].norm())
    return GraphNode(
        place.kind, place.layer, head, expert, neuron, position, value, place.worth, encoder=bool(place.stack)
    )


def worths_in(net: Network, nodes: Sequence[GraphNode], by: By) -> list[float]:
    """What nodes of another network of the same run are worth in this one."""
    found = {(each.kind, each.stack, each.layer, each.group): each.worth for each in candidates(net, by)}
    return [_worth_in(net, node, found) for node in nodes]


def _worth_in(net: Network, node: GraphNode, found: Mapping[tuple[str, int, int, int], Tensor]) -> float:
    stack, at = int(node.encoder), node.position
    if node.kind in ("head", "cross_head", "mlp"):
        return float(found[node.kind, stack, node.layer, 0][at, node.head or 0])
    mlp = net.stacks[stack].blocks[node.layer].mlp
    assert mlp is not None
    for group, neurons in enumerate(mlp.neurons):
        if neurons.expert == node.expert and neurons.shared == (node.kind == "shared_experts"):
            (row,) = (neurons.rows == at).nonzero()[:, 0].tolist()
            return float(found[node.kind, stack, node.layer, group][row, node.neuron or 0])
    raise AssertionError(f"{node.label} is in no network of this run.")
