"""The identities by which a readout goes from what an operation gave to what it read.

Each is exact with the run's own numbers: an affine operation by its transpose, a product of two things that depend on
the tokens with one of them frozen. What a frozen factor is, is told by its numbers (`is_norm_scale`), never by a name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from unembed.models.inference.tape import Operation, Value
from unembed.models.inference.words import words

AFFINE = words(
    """view _unsafe_view reshape permute transpose t expand clone alias detach slice select squeeze unsqueeze split
    split_with_sizes chunk cat stack index index_select _to_copy contiguous mean sum neg add sub rsub where
    masked_fill dropout roll unbind unfold index_add index_put scatter_add scatter index_copy constant_pad_nd flip
    repeat gather narrow copy lift_fresh diagonal movedim cumsum as_strided as_strided_scatter flatten
    unsafe_split unsafe_chunk tile expand_as view_as repeat_interleave _reshape_alias select_scatter slice_scatter
    masked_scatter _unsafe_index native_dropout"""
)
"""Operations that are affine in all that they read, taken together."""
PRODUCTS = frozenset(("mul", "div"))
MATRICES = words("mm addmm bmm baddbmm mv dot addbmm matmul linear _grouped_mm")
NORMS = frozenset(("native_layer_norm", "_fused_rms_norm"))
ELEMENTWISE = words(
    """gelu silu relu sigmoid tanh pow exp softplus leaky_relu elu hardtanh clamp clamp_min clamp_max square erf log
    reciprocal hardsigmoid hardswish mish threshold maximum minimum abs sqrt log_sigmoid_forward celu expm1 log1p
    sinh atan relu6 selu"""
)
"""Operations that act on each number by itself and are not affine."""
EXACT = 1e-9
"""What an identity may leave, relative to its terms: float64 leaves 1e-13 of them at most."""

Cotangents = Mapping[int, Tensor]
"""What reads each output of an operation."""


def base(operation: Operation) -> str:
    """Its name, the same for what it does in place."""
    name = operation.name
    return name[:-1] if name.endswith("_") and not name.endswith("__") else name


def transposed(
    operation: Operation, cotangents: Cotangents, wanted: Sequence[Value]
) -> tuple[list[tuple[Value, Tensor]], float]:
    """What reads each of the `wanted` arguments, all others frozen; and the constant that is left."""
    leaves: dict[tuple[int, int], tuple[Value, Tensor]] = {}
    keys = {(x.operation.place, x.index) for x in wanted}

    def given(x: Any) -> Any:
        if not isinstance(x, Value):
            return x.detach() if isinstance(x, Tensor) else x
        key = (x.operation.place, x.index)
        if key not in keys:
            return x.tensor.detach()
        return leaves.setdefault(key, (x, x.tensor.detach().clone().requires_grad_()))[1]

    if base(operation) == "detach":  # the same numbers, of which autograd knows nothing
        return [(wanted[0], cotangents[0])], 0.0
    with torch.enable_grad():
        args, kwargs = tree_map(given, (operation.args, dict(operation.kwargs)))
        if operation.name != base(operation):
            args = (args[0].clone(), *args[1:])
        made = operation.function(*args, **kwargs)
        outputs = made if isinstance(made, tuple | list) else [made]
        total = torch.stack([(outputs[index] * g).sum() for index, g in cotangents.items()]).sum()
        slopes = torch.autograd.grad(total, [x for _, x in leaves.values()], allow_unused=True)
    found = [(value, x, g) for (value, x), g in zip(leaves.values(), slopes, strict=True) if g is not None]
    constant = float(total.detach()) - sum(float((g * x.detach()).sum()) for _, x, g in found)
    return [(value, g) for value, _, g in found], constant


def _constant(x: Any) -> Any:
    """The tensor of an argument, whether or not an operation gave it."""
    return x.tensor if isinstance(x, Value) else x


def through_norm(operation: Operation, g: Tensor) -> tuple[list[tuple[Value, Tensor]], float]:
    """A fused norm, its scale frozen; and what its shift adds."""
    x, shift = operation.args[0], 0.0
    if operation.name == "_fused_rms_norm":
        gain, scale = _constant(operation.args[2]), operation.outputs[1]
        weighted = g if gain is None else g * gain
        return [(x, weighted * scale)], shift
    shape, gain, bias = operation.args[1], *map(_constant, operation.args[2:4])
    weighted, axes = (g if gain is None else g * gain), tuple(range(-len(shape), 0))
    if bias is not None:
        shift = float((g * bias).sum())
    return [(x, (weighted - weighted.mean(axes, keepdim=True)) * operation.outputs[2])], shift


def is_norm_scale(x: Tensor, factor: Tensor) -> bool:
    """Whether a factor is the scale of a norm of `x`: `1 / factor^2` is affine in the mean square of `x`.

    It is then one number for all that it multiplies together, and the same function of it at every position.
    """
    factor = factor.reshape((1,) * (x.ndim - factor.ndim) + factor.shape)
    axes = [i for i in range(x.ndim) if factor.shape[i] == 1 and x.shape[i] > 1]
    if not axes or x.ndim - 1 not in axes:
        return False
    square, inverse = x.square().mean(axes, keepdim=True).expand_as(factor).flatten(), factor.flatten() ** -2.0
    if not bool(torch.isfinite(inverse).all()):
        return False
    slope = (
        (inverse - inverse.mean())
        @ (square - square.mean())
        / (square - square.mean()).square().sum().clamp_min(1e-300)
    )
    fitted = inverse.mean() + slope * (square - square.mean())
    epsilon = float(inverse.mean() - slope * square.mean())
    fits = float((fitted - inverse).abs().max()) <= EXACT * float(inverse.abs().max())
    return fits and float(slope) > 0 and epsilon > -EXACT * float(inverse.abs().max())
