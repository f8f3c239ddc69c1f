"""Layers as matrices: linear ones, and the experts of a mixture."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.probed_matrices import TYPES, has_features, inner_rounding, probed_matrix, probed_offset


def projection(module: nn.Module | None) -> Float[Tensor, "d_in d_out"]:
    """The matrix of a linear layer as `x @ matrix + bias`: a view of what is stored (Conv1D stores it so, Linear
    transposed), or of any other layer (quantised, with an adapter that is not merged) read off by running it.

    Raises:
        ModelError: no matrix can be read: the layer is not linear, or does not say how many numbers it takes.
    """
    weight = _stored(module)
    if weight is not None:
        return weight
    if module is None or not has_features(module):
        raise no_matrix(module)
    return probed_matrix(module)


def rounding_inside(module: nn.Module, x: Float[Tensor, "d_in"], made: Tensor) -> Tensor | float:
    """What the layers inside a layer that stores no matrix round, at most, as it reads `x`; 0 of any other layer."""
    return 0.0 if stores_matrix(module) or not has_features(module) else inner_rounding(module, x, made)


def matrix_shape(module: nn.Module | None) -> tuple[int, int]:
    """The shape of `projection`, without running anything.

    Raises:
        ModelError: the layer does not say how many numbers it takes.
    """
    weight = _stored(module)
    if weight is not None:
        return weight.shape[0], weight.shape[1]
    if module is None or not has_features(module):
        raise no_matrix(module)
    return int(module.in_features), int(module.out_features)  # type: ignore[arg-type]


def has_matrix(module: nn.Module | None) -> bool:
    """Whether a layer stands where a matrix can be read, without reading it."""
    return stores_matrix(module) or has_features(module)


def stores_matrix(module: nn.Module | None) -> bool:
    """Whether the layer holds its matrix as it multiplies by it, so that the matrix can be changed in place."""
    return _stored(module) is not None


def _stored(module: nn.Module | None) -> Float[Tensor, "d_in d_out"] | None:
    from transformers.pytorch_utils import Conv1D

    module = _without_idle_adapter(module)
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 2 or weight.dtype not in TYPES:
        return None
    if isinstance(module, Conv1D):
        return weight.detach()
    return weight.detach().T if type(module) is nn.Linear or _is_own_linear(module) else None


def _is_own_linear(module: nn.Module | None) -> bool:
    """Whether it is transformers' own linear layer (Falcon's): quantised ones are of other packages."""
    return isinstance(module, nn.Linear) and type(module).__module__.startswith("transformers.models.")


def bias(module: nn.Module | None) -> Float[Tensor, "d_out"] | None:
    """The bias of a linear layer, or None. Of a layer that does not store its matrix, what it makes of zeros."""
    if module is not None and not stores_matrix(module) and has_features(module):
        return probed_offset(module)
    value = getattr(_without_idle_adapter(module), "bias", None)
    return value.detach() if isinstance(value, Tensor) else None


def _without_idle_adapter(module: nn.Module | None) -> nn.Module | None:
    """The layer inside one of peft's that only passes on: its adapter is merged into the layer, or switched off."""
    inner = getattr(module, "base_layer", None)
    idle = isinstance(inner, nn.Module) and (
        getattr(module, "merged", False) or getattr(module, "disable_adapters", False)
    )
    return inner if idle else module


def unwrapped(module: Any) -> Any:
    """The model inside one of peft's, whose adapters are merged or of the layers; any other module as it is.

    Raises:
        ModelError: the adapter puts vectors of its own before the prompt, so the model inside is another one.
    """
    if not type(module).__module__.startswith("peft."):
        return module
    kind = module.active_peft_config
    if kind.is_prompt_learning:
        raise ModelError(
            f"The model carries an adapter of the kind {kind.peft_type.value}, which puts vectors that are no tokens "
            "before the prompt, so there is nothing to merge. Give the base model, or an adapter such as LoRA."
        )
    return module.get_base_model()


def no_matrix(module: nn.Module | None) -> ModelError:
    """The refusal of a layer that is no plain matrix, and what makes it one."""
    kind = type(module)
    if kind.__module__.startswith("peft."):
        return ModelError(
            f"Expected plain matrices, found a layer with an adapter that is not merged "
            f"({kind.__module__}.{kind.__qualname__}).\nCall `merge_and_unload()` on the model and give what it "
            "returns, or load the adapter with `adapter=`."
        )
    weight = getattr(module, "weight", None)
    stored = f" whose weights are {str(weight.dtype).removeprefix('torch.')}" if isinstance(weight, Tensor) else ""
    return ModelError(
        f"Expected a plain Linear or Conv1D layer with floating-point weights, found {kind.__module__}."
        f"{kind.__qualname__}{stored}.\nGive the model before it was quantised or its layers were replaced, loaded in "
        "float32, bfloat16 or float16."
    )


def floats_of(module: nn.Module) -> Tensor:
    """A tensor of the type and device in which a module computes: its first of floating-point numbers."""
    tensors = (x for found in (module.parameters(), module.buffers()) for x in found)
    return next((x.detach() for x in tensors if x.dtype in TYPES), torch.empty(0))


def expert_width(experts: Any) -> int:
    """Neurons of one expert: the input side of the stacked down projections."""
    return experts.down_proj.shape[1 if experts.is_transposed else 2]


def expert_activation(
    experts: Any, expert: int, hidden: Float[Tensor, "*query d_model"]
) -> Float[Tensor, "*query neuron"]:
    """The neuron activations of one expert, by the module's own gate."""
    if not hasattr(experts, "gate_up_proj"):  # without a gate (Nemotron-H)
        return experts.act_fn(hidden @ experts.up_proj[expert].T)
    matrix = experts.gate_up_proj[expert]
    gate_up = hidden @ (matrix if experts.is_transposed else matrix.T)
    if experts.has_bias:
        gate_up = gate_up + experts.gate_up_proj_bias[expert]
    return experts._apply_gate(gate_up)


def expert_matrix(experts: Any, expert: int) -> Float[Tensor, "neuron d_model"]:
    """W_out of one expert: row `n` is what neuron `n` writes at activation 1. A view."""
    matrix = experts.down_proj[expert].detach()
    return matrix if experts.is_transposed else matrix.T
