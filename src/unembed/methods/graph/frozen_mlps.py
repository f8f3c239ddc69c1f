"""frozen_mlps: the MLPs of a run made linear: what each neuron reads of the stream, with its gate held.

    gated     a = act(g) u     gate: act(g) is held, a is linear in u       relp: halves, (a/2u) u + (a/2g) g
    plain     a = act(h)       the ratio act(h)/h is held, under both rules
    mixture   the same of the experts that ran, with their router weights held

A rule is a convention: it says which factor of a product is credited. `gate` credits what is let through; `relp` shares
a product in halves (Jafari et al. 2025). What a module's layers make of the stream is read by running the block again;
which of these numbers is the gate is found by a second derivative: an activation is linear in the other one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.methods.circuits.frozen_stack import FrozenNorm
from unembed.methods.circuits.gate_layout import Slots, drawn_like, layout, layout_of_block
from unembed.models.layers import bias, expert_activation, expert_matrix, projection
from unembed.models.model import Block
from unembed.models.norms import probed
from unembed.models.reprs import Brief
from unembed.runs.block_reads import BlockReads, block_reads, by_position, input_layers, norm_call
from unembed.runs.kept import ExpertInputs
from unembed.runs.run import Run

Rule = Literal["gate", "relp"]
Layouts = dict[tuple[Any, ...], list[Slots]]
"""What was found out of each kind of block."""


def _times(x: Float[Tensor, "row d_in"], matrix: Float[Tensor, "d_in d_out"]) -> Float[Tensor, "row d_out"]:
    """A product in the weights' precision, but at least float32; the result is float64."""
    dtype = torch.promote_types(matrix.dtype, torch.float32)
    return (x.to(dtype) @ matrix.to(dtype)).double()


@dataclass(frozen=True, repr=False)
class _Branch(Brief):
    """One number that each neuron makes of what it reads, and what the activation gains of it."""

    matrix: Float[Tensor, "d_model neuron"]
    bias: Float[Tensor, "neuron"] | None
    slope: Float[Tensor, "row neuron"]


@dataclass(frozen=True, repr=False)
class Neurons(Brief):
    """Neurons side by side, at the positions where they act: an MLP, an expert of a mixture, or its shared experts."""

    expert: int | None
    shared: bool
    """Whether they are those of shared experts, none of which can be addressed."""
    rows: Int[Tensor, "row"]
    """The positions."""
    activation: Float[Tensor, "row neuron"]
    """What the output matrix reads: times the router's weight, or a gate."""
    output: Float[Tensor, "neuron d_model"]
    branches: tuple[_Branch, ...]
    rest: Float[Tensor, "row neuron"] | None
    """What of the activation no branch tells (GPT-OSS adds 1 to the factor that it gates)."""

    def folded(self, w: Float[Tensor, "position d_model"]) -> Float[Tensor, "row neuron"]:
        """Readouts of what is written, as readouts of the activations."""
        return _times(w[self.rows], self.output.T)

    def reads(self, folded: Float[Tensor, "row neuron"]) -> Float[Tensor, "row d_model"]:
        """Readouts of the activations, as readouts of what the neurons read."""
        return sum(_times(branch.slope * folded, branch.matrix.T) for branch in self.branches)  # type: ignore[return-value]

    def read(self, row: int, neuron: int) -> Float[Tensor, "d_model"]:
        """The same of one activation."""
        found = (branch.slope[row, neuron].double() * branch.matrix[:, neuron].double() for branch in self.branches)
        return sum(found)  # type: ignore[return-value]

    def squares(
        self,
        row: int,
        folded: Float[Tensor, "some_neurons"],
        given: Float[Tensor, "d_model"],
        only: slice = slice(None),
    ) -> float:
        """Of the products that are summed for some activations: of the output matrix, and of what they are made of."""
        found = (folded * self.activation[row, only]).square().sum()
        for branch in self.branches:
            summed = branch.matrix[:, only].float().square().T @ given.float().square()
            found = found + ((branch.slope[row, only] * folded).square() * summed).sum()
        return float(found)

    def constants(self) -> Float[Tensor, "row neuron"]:
        """What does not depend on what is read: biases, and the rest."""
        found = torch.zeros_like(self.activation, dtype=torch.float64) if self.rest is None else self.rest.double()
        for branch in self.branches:
            if branch.bias is not None:
                found = found + branch.slope.double() * branch.bias.double()
        return found


@dataclass(frozen=True, repr=False)
class FrozenMlp(Brief):
    """The MLP of a block at every position of a run."""

    neurons: tuple[Neurons, ...]
    norm: FrozenNorm | None
    """Through which it reads the stream."""
    post: FrozenNorm | None
    """Through which it writes."""
    offset: Float[Tensor, "position d_model"] | None
    """Biases that it writes."""
    given: Float[Tensor, "position d_model"]
    """What its neurons read."""

    def through_post(self, w: Float[Tensor, "position d_model"]) -> tuple[Tensor, Float[Tensor, "position"]]:
        """Readouts before the post-norm, and what its shift and the biases add."""
        constant = torch.zeros_like(w[:, 0])
        if self.post is not None:
            w, constant = self.post.below(w, torch.arange(len(w), device=w.device))
        return w, constant if self.offset is None else constant + (w * self.offset).sum(-1)

    def below(
        self, folded: Sequence[Float[Tensor, "row neuron"]]
    ) -> tuple[Float[Tensor, "position d_model"], Float[Tensor, "position"]]:
        """Readouts of all activations as readouts of the stream that is read, and what biases and a shift add."""
        like = folded[0] if folded else torch.zeros(0)
        width = self.neurons[0].output.shape[1] if self.neurons else 0
        w = torch.zeros(len(self.given), width, dtype=torch.float64, device=like.device)
        constant = w.new_zeros(len(self.given))
        for neurons, each in zip(self.neurons, folded, strict=True):
            w.index_add_(0, neurons.rows, neurons.reads(each))
            constant.index_add_(0, neurons.rows, (each * neurons.constants()).sum(-1))
        if self.norm is None:
            return w, constant
        below, shift = self.norm.below(w, torch.arange(len(w), device=w.device))
        return below, constant + shift


@torch.no_grad()
def frozen_mlp(run: Run, layer: int, rule: Rule, layouts: Layouts) -> FrozenMlp | None:
    """The MLP of a block, made linear around a run; None where there is none.

    Raises:
        ModelError: it makes its activations in a way that is not known: not of one number a neuron, nor of two of which
            one gates the other.
    """
    model, block, part = run.model, run.model.blocks[layer], run.layers[layer]
    if not block.neurons or part.neurons is None:
        return None
    reads, post = block_reads(run, layer), None
    if block.mlp_norm is not None and part.mlp_output is not None:
        post = FrozenNorm(block.mlp_norm, block.mlp_norm.scale(part.mlp_output, part.mlp_write))
    if isinstance(part.neurons, ExpertInputs):
        assert reads.experts is not None
        found = list(_experts(block.experts, part.neurons, rule))
        if part.shared is not None:
            found.append(_dense(run, layer, reads, rule, layouts, shared=True))
        offset, read = _expert_offset(block, part.neurons), reads.experts
    else:
        found, vector = [_dense(run, layer, reads, rule, layouts)], bias(block.down_projection)
        offset = None if vector is None else vector.double().expand(run.length, -1)
        read = input_layers(block, reads.layers, model.d_model)[0].given
    return FrozenMlp(tuple(found), _norm(run, layer, reads, read), post, offset, by_position(read))


def _norm(run: Run, layer: int, reads: BlockReads, read: Tensor) -> FrozenNorm | None:
    call, of_stream = norm_call(reads.layers, read), run.model.blocks[layer].stream_norms.values()
    if call is None or any(call.module is module for module, _ in of_stream):  # post-LN: the stream itself is read
        return None
    norm = probed(call.module, run.model.d_model, like=call.given)
    return FrozenNorm(norm, norm.scale(by_position(call.given), by_position(call.made)))


def _dense(run: Run, layer: int, reads: BlockReads, rule: Rule, layouts: Layouts, *, shared: bool = False) -> Neurons:
    block, part = run.model.blocks[layer], run.layers[layer]
    down = block.shared_experts if shared else block.down_projection
    activation = part.shared if shared else part.neurons
    assert isinstance(activation, Tensor)
    inputs = input_layers(block, reads.layers, run.model.d_model, shared=shared)
    kind = (shared, type(block.module), *((type(call.module), call.made.shape[-1]) for call in inputs))
    if kind not in layouts:
        layouts[kind] = layout_of_block(run, layer, [call.module for call in inputs], down)
    slots = layouts[kind]
    values = [by_position(inputs[place].made)[:, where] for place, where in slots]
    branches = [
        _Branch(projection(inputs[place].module)[:, where], _part(bias(inputs[place].module), where), slope)
        for (place, where), slope in zip(slots, _slopes(rule, activation, values), strict=True)
        if slope is not None
    ]
    rows = torch.arange(run.length, device=activation.device)
    return Neurons(None, shared, rows, activation, projection(down), tuple(branches), None)


def _part(vector: Tensor | None, where: slice) -> Tensor | None:
    return None if vector is None else vector[where]


def _slopes(rule: Rule, activation: Tensor, values: Sequence[Tensor]) -> list[Tensor | None]:
    """What the activation gains of each of its numbers, the gate first."""
    ratios = [torch.where(value == 0, 0.0, activation / torch.where(value == 0, 1.0, value)) for value in values]
    if len(ratios) == 1:
        return [ratios[0]]
    return [None, ratios[1]] if rule == "gate" else [ratios[0] / 2, ratios[1] / 2]


# A mixture


def _experts(experts: Any, inputs: ExpertInputs, rule: Rule) -> Iterator[Neurons]:
    gated = hasattr(experts, "gate_up_proj")
    slots = _layout_of_experts(experts) if gated else [(0, slice(None))]
    for expert in inputs.index.unique().tolist():
        chosen = inputs.index == expert
        rows = chosen.any(1).nonzero()[:, 0]
        weight = (inputs.weight * chosen)[rows].sum(1, keepdim=True)
        hidden = inputs.hidden[rows]
        matrix, vector = _expert_input(experts, expert, gated)
        made = hidden @ matrix if vector is None else hidden @ matrix + vector
        activation = weight * expert_activation(experts, expert, hidden)
        values = [made[:, where] for _, where in slots]
        slopes = _slopes(rule, activation, values)
        if gated:  # GPT-OSS gates the factor plus 1, so its slope is no ratio
            up = weight * _slope_in(experts, made)[:, slots[1][1]]
            slopes[1] = up if rule == "gate" else up / 2
        branches = [
            _Branch(matrix[:, where], _part(vector, where), slope)
            for (_, where), slope in zip(slots, slopes, strict=True)
            if slope is not None
        ]
        told = sum(s * value for s, value in zip(slopes, values, strict=True) if s is not None)
        yield Neurons(
            expert, False, rows, activation, expert_matrix(experts, expert), tuple(branches), activation - told
        )


def _expert_input(experts: Any, expert: int, gated: bool) -> tuple[Tensor, Tensor | None]:
    if not gated:
        return experts.up_proj[expert].detach().T, None
    matrix = experts.gate_up_proj[expert].detach()
    vector = experts.gate_up_proj_bias[expert].detach() if experts.has_bias else None
    return matrix if experts.is_transposed else matrix.T, vector


def _slope_in(experts: Any, made: Tensor) -> Tensor:
    """The derivative of each activation by the numbers that it is made of."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = made.clone().requires_grad_()
        return torch.autograd.grad(experts._apply_gate(leaf).sum(), leaf)[0]


def _expert_offset(block: Block, inputs: ExpertInputs) -> Tensor | None:
    """The biases that the experts write, the shared ones included."""
    offset, shared = None, None if block.shared_experts is None else bias(block.shared_experts)
    if block.experts.has_bias:
        vectors = block.experts.down_proj_bias.detach()[inputs.index].double()
        offset = torch.einsum("ps,psm->pm", inputs.weight.double(), vectors)
    if shared is None:
        return offset
    return shared.double().expand(len(inputs.index), -1) + (0.0 if offset is None else offset)


def _layout_of_experts(experts: Any) -> list[Slots]:
    width = experts.down_proj.shape[1 if experts.is_transposed else 2]
    with torch.inference_mode(False), torch.enable_grad():
        leaf = drawn_like(torch.empty(1, 2 * width, dtype=experts.down_proj.dtype, device=experts.down_proj.device))
        return layout(experts._apply_gate(leaf), [leaf], width)
