"""What a run keeps of each block (run.py): its writes, heads and neurons, and how the model called it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.models.layers import expert_activation
from unembed.models.model import Model, Stage
from unembed.models.reprs import Brief
from unembed.models.sites import experts_of, neurons_of
from unembed.runs.mixing import Mixing


@dataclass(frozen=True, repr=False)
class Heads(Brief):
    """What the attention heads of one layer did at the kept positions."""

    pattern: Float[Tensor, "head query key"]
    """Attention probabilities, after mask, soft-cap and sink."""
    value: Float[Tensor, "kv_head key d_head"]
    """At every source position; head `h` reads `value[h * kv_head // head]`."""
    z: Float[Tensor, "query head d_head"]
    """The mix of values before the output projection: `z = pattern @ value`."""
    entered: Float[Tensor, "query head d_head"] | None = None
    """What the output projection read, where something multiplies `z` before; else None."""

    @property
    def written(self) -> Float[Tensor, "query head d_head"]:
        """What the output projection read."""
        return self.z if self.entered is None else self.entered

    def through_gate(self, w: Float[Tensor, "head d_head"], row: int) -> Float[Tensor, "head d_head"]:
        """A readout of what the output projection read, as one of `z`: what multiplied it is frozen as it was."""
        if self.entered is None:
            return w
        z = self.z[row].to(w.dtype)
        return torch.where(z == 0, 0.0, w * self.entered[row].to(w.dtype) / z)


@dataclass(frozen=True, repr=False)
class ExpertInputs(Brief):
    """What entered the experts of a mixture at the kept positions."""

    hidden: Float[Tensor, "query d_model"]
    index: Int[Tensor, "query slot"]
    """The experts the router chose."""
    weight: Float[Tensor, "query slot"]
    """Their router weights."""


@dataclass(frozen=True, repr=False)
class Layer(Brief):
    """What one block did at the kept positions."""

    attention_write: Float[Tensor, "query d_model"]
    mlp_write: Float[Tensor, "query d_model"]
    attention_output: Float[Tensor, "query d_model"] | None
    """Before the post-norm, in a block that has one; else None."""
    mlp_output: Float[Tensor, "query d_model"] | None
    heads: Heads | None
    neurons: Float[Tensor, "query neuron"] | ExpertInputs | None
    """Neuron activations (what enters the down projection), or a mixture's inputs."""
    shared: Float[Tensor, "query neuron"] | None = None
    """Neuron activations of a mixture's shared experts, times their gate."""
    mixing: Mixing | None = None
    """What a mixer that is no softmax attention takes from each token, where that is told apart."""
    cross_write: Float[Tensor, "query d_model"] | None = None
    """Of the cross-attention, in a decoder that reads an encoder; else None."""
    cross_heads: Heads | None = None
    """Its heads; their keys are source positions."""
    normed: Mapping[Stage, Float[Tensor, "query d_model"]] = field(default_factory=dict, hash=False)
    """Post-LN: the stream after the norm that follows a write."""

    def write(self, stage: Stage) -> Float[Tensor, "query d_model"]:
        """What a sublayer added to the stream."""
        found = {"attention": self.attention_write, "cross_attention": self.cross_write, "mlp": self.mlp_write}[stage]
        assert found is not None
        return found

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What wrote, in order."""
        return ("attention", "mlp") if self.cross_write is None else ("attention", "cross_attention", "mlp")


@dataclass(frozen=True, repr=False)
class Entering(Brief):
    """The stream before one block."""

    kept: Float[Tensor, "query d_model"]
    """At the kept positions."""
    everywhere: Float[Tensor, "position d_model"] | None
    """At every position; None in a long run of some positions, which makes it again when it is asked (`Run.before`)."""
    lengths: Float[Tensor, "position"] | None
    """Its norm at every position, where `everywhere` is None."""


@dataclass(frozen=True, repr=False)
class BlockCall(Brief):
    """How the model called one block, and what its attention read: all that a counterfactual walk needs of it."""

    stream: Entering
    """The first argument."""
    args: tuple[Any, ...]
    """The others."""
    kwargs: dict[str, Any]
    attention_args: tuple[Any, ...]
    """How the block called its attention, without the stream that it read (`Run.attention_input`)."""
    attention_kwargs: dict[str, Any]
    query: Float[Tensor, "head query d_head"]
    """At the kept positions, as the scores read it: after norms and rotary embedding. So are the keys."""
    key: Float[Tensor, "kv_head position d_head"]
    mask: Tensor | None
    """Added to the scores: `1 head_or_1 position position`."""
    cross_query: Float[Tensor, "head query d_head"] | None = None
    cross_key: Float[Tensor, "head source d_head"] | None = None
    cross_mask: Tensor | None = None
    """Added to the scores of the cross-attention: `1 head_or_1 position_or_1 source`."""


State = tuple[Float[Tensor, "*query d_model"], Float[Tensor, "*query d_model"]]
"""The stream after a write, before and after the norm that follows it: the same without one."""


def at_positions(
    x: Any,
    positions: Int[Tensor, "token"],
    length: int,
    source: Float[Tensor, "1 source d_model"] | None = None,
    sources: Float[Tensor, "1 sources d_model"] | None = None,
) -> Any:
    """Arguments of a module with those that run over positions (position ids, rotary pairs) taken at some of them.

    The module then sees `token` positions in a row. A mask is left as it is: attention takes the base run's. So are the
    states of a source, in whose place `sources` come where they are given.
    """
    if isinstance(x, dict):
        return {name: at_positions(value, positions, length, source, sources) for name, value in x.items()}
    if isinstance(x, tuple | list):
        return type(x)(at_positions(value, positions, length, source, sources) for value in x)
    if not isinstance(x, Tensor) or x.ndim == 4:
        return x
    if source is not None and x.shape == source.shape and x.data_ptr() == source.data_ptr():
        return x if sources is None else sources
    if x.ndim == 1 and len(x) == length:
        return x[positions]
    return x[:, positions] if x.ndim > 1 and x.shape[:2] == (1, length) else x


def router_weights(inputs: ExpertInputs, experts: int) -> Float[Tensor, "query expert"]:
    """The router's weights with a column for every expert, 0 where it was not chosen."""
    weights = inputs.weight.new_zeros(len(inputs.index), experts)
    return weights.scatter_add(1, inputs.index, inputs.weight)


def expert_neurons(model: Model, layer: int, inputs: ExpertInputs) -> Float[Tensor, "query expert neuron"]:
    """The activations of every expert's neurons, 0 for experts that were not chosen."""
    experts = model.blocks[layer].experts
    found = inputs.hidden.new_zeros(len(inputs.hidden), experts_of(model, layer), neurons_of(model, layer))
    for expert in inputs.index.unique().tolist():
        rows = (inputs.index == expert).any(1).nonzero()[:, 0]
        found[rows, expert] = expert_activation(experts, expert, inputs.hidden[rows])
    return found
