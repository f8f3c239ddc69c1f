"""Layers as matrices: linear ones, and the experts of a mixture."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import ModelError


def projection(module: nn.Module | None) -> Float[Tensor, "d_in d_out"]:
    """The matrix of a linear layer as `x @ matrix + bias`, a view (Conv1D stores it so, Linear transposed).

    Raises:
        ModelError: the layer is quantised or otherwise no plain matrix.
    """
    from transformers.pytorch_utils import Conv1D

    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 2 or not weight.is_floating_point():
        raise no_matrix(module)
    if isinstance(module, Conv1D):
        return weight.detach()
    if type(module) is nn.Linear:
        return weight.detach().T
    raise no_matrix(module)


def bias(module: nn.Module | None) -> Float[Tensor, "d_out"] | None:
    """The bias of a linear layer, or None."""
    value = getattr(module, "bias", None)
    return value.detach() if isinstance(value, Tensor) else None


def no_matrix(module: nn.Module | None) -> ModelError:
    """The refusal of a layer that is no plain matrix."""
    return ModelError(
        f"Expected a plain Linear or Conv1D layer with floating-point weights, found {type(module).__name__}.\n"
        "Quantised and adapter layers cannot be decomposed: load the model in float32 or bfloat16, and merge adapters "
        "(`merge_and_unload`)."
    )


def expert_width(experts: Any) -> int:
    """Neurons of one expert: the input side of the stacked down projections."""
    return experts.down_proj.shape[1 if experts.is_transposed else 2]


def expert_activation(
    experts: Any, expert: int, hidden: Float[Tensor, "*query d_model"]
) -> Float[Tensor, "*query neuron"]:
    """The neuron activations of one expert, by the module's own gate."""
    matrix = experts.gate_up_proj[expert]
    gate_up = hidden @ (matrix if experts.is_transposed else matrix.T)
    if experts.has_bias:
        gate_up = gate_up + experts.gate_up_proj_bias[expert]
    return experts._apply_gate(gate_up)


def expert_matrix(experts: Any, expert: int) -> Float[Tensor, "neuron d_model"]:
    """W_out of one expert: row `n` is what neuron `n` writes at activation 1. A view."""
    matrix = experts.down_proj[expert].detach()
    return matrix if experts.is_transposed else matrix.T
