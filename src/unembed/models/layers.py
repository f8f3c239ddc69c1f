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

    module = _without_idle_adapter(module)
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 2 or not weight.is_floating_point():
        raise no_matrix(module)
    if isinstance(module, Conv1D):
        return weight.detach()
    if type(module) is nn.Linear or _is_own_linear(module):
        return weight.detach().T
    raise no_matrix(module)


def is_matrix(module: nn.Module) -> bool:
    """Whether `projection` gives its matrix."""
    try:
        projection(module)
    except ModelError:
        return False
    return True


def _is_own_linear(module: nn.Module | None) -> bool:
    """Whether it is transformers' own linear layer (Falcon's): quantised ones are of other packages."""
    return isinstance(module, nn.Linear) and type(module).__module__.startswith("transformers.models.")


def bias(module: nn.Module | None) -> Float[Tensor, "d_out"] | None:
    """The bias of a linear layer, or None."""
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
