"""Backward: rules for a pass back that credits what the gradient of a saturated step does not.

| step | `relp` | `gim` |
|---|---|---|
| a norm | its scale is held | its scale is held |
| an activation function | `act(h)` counts as `h` times the ratio that it has | its gradient |
| a gate, `act(g) u` | half of it is due to `g`, half to `u` | half of the gradient to `g`, half to `u` |
| softmax of the scores | its gradient | that of `softmax(scores / 2)` |
| queries, keys, values | their gradient | a quarter, a quarter, a half of it |

`relp`: Jafari et al. 2025, *RelP: Faithful and Efficient Circuit Discovery via Relevance Patching* (its rules LN,
Identity and Half). `gim`: Edin et al. 2025, *GIM: Improved Interpretability for Large Language Models* (gradient
interaction modifications). Values stay as they are; only the pass back is another.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import InputError, ModelError
from unembed.methods.circuits.gate_layout import Slots, layout_of_block
from unembed.methods.edges.apart import Apart, Eager
from unembed.models.hooks import on_call, on_pass
from unembed.models.norms import Norm, probed
from unembed.runs.block_reads import input_layers, layer_calls

_QUERY_KEY, _VALUE, _GATE, _TEMPERATURE = 0.25, 0.5, 0.5, 2.0
"""Of GIM: shares of gradients, and how much softer its softmax is."""


@contextmanager
def relp(apart: Apart) -> Iterator[None]:
    """The rules of RelP for the pass back of what runs in this context.

    Raises:
        InputError: a model whose MLPs are no plain ones.
    """
    with ExitStack() as stack:
        _hold_norms(stack, apart)
        for layer, (inputs, slots) in _gates(apart, "relp").items():
            _hold_ratios(stack, apart.model.blocks[layer].down_projection, inputs, slots)
        yield


@contextmanager
def gim(apart: Apart) -> Iterator[None]:
    """The rules of GIM for the pass back of what runs in this context.

    Raises:
        InputError: a model whose MLPs are no plain ones.
    """
    with ExitStack() as stack:
        _hold_norms(stack, apart)
        for inputs, slots in _gates(apart, "gim").values():
            for module in inputs if len(slots) > 1 else ():
                on_pass(stack, module, lambda _, out: _scaled(out, _GATE))
        own = apart.attention
        apart.attention = _softer
        stack.callback(setattr, apart, "attention", own)
        yield


def _scaled(x: Tensor, factor: float) -> Tensor:
    """`x` with so much of its gradient."""
    return x * factor + (x * (1 - factor)).detach()


def _as_if(value: Tensor, linear: Tensor) -> Tensor:
    """A value with the gradient of another."""
    return value.detach() + (linear - linear.detach()).to(value)


# Norms


def _hold_norms(stack: ExitStack, apart: Apart) -> None:
    """The scale of every norm counts as a constant."""
    known: WeakKeyDictionary[nn.Module, Norm | None] = WeakKeyDictionary()
    final = apart.model.family.final_norm
    tops = [block.module for block in apart.model.blocks]
    tops += [] if final is None else [apart.model.module.get_submodule(final)]
    for module in dict.fromkeys(each for top in tops for each in top.modules()):
        matrices = any(x.ndim > 1 for x in module.parameters(recurse=False))
        if not matrices and not any(True for _ in module.children()):
            on_pass(stack, module, partial(_held, known, module))


def _held(
    known: "WeakKeyDictionary[nn.Module, Norm | None]", module: nn.Module, args: tuple[Any, ...], out: Any
) -> Tensor | None:
    given = args[0] if args else None
    if not isinstance(given, Tensor) or not isinstance(out, Tensor) or given.shape != out.shape or out is given:
        return None
    if module not in known:
        known[module] = None  # probing calls it, and this hook
        known[module] = _norm_of(module, given)
    norm = known[module]
    if norm is None or norm.identity:
        return None
    return _as_if(out, norm.pushforward(given, norm.scale(given, out).detach()))


def _norm_of(module: nn.Module, given: Tensor) -> Norm | None:
    try:
        return probed(module, given.shape[-1], like=given.detach())
    except ModelError:  # an activation function
        return None


# MLPs

_Gates = dict[int, tuple[list[nn.Module], list[Slots]]]
"""By layer: the layers that make the numbers of its neurons, and where these stand."""


def _gates(apart: Apart, name: str) -> _Gates:
    model, run, found = apart.model, apart.run, _Gates()
    kinds: dict[tuple[Any, ...], list[Slots]] = {}
    for layer, block in enumerate(model.blocks):
        if not block.has_mlp:
            continue
        if block.experts is not None or block.shared_experts is not None or not block.neurons:
            raise InputError(
                f"The rules of {name} are for MLPs whose neurons are known one by one, and layer {layer} of "
                f"{model.name} has a mixture of experts, or an MLP that is one term.\nWhat needs no rules: eap, "
                "eap-ig, edge-patching, node-patching."
            )
        inputs = [call.module for call in input_layers(block, layer_calls(run, layer), model.d_model)]
        kind = (type(block.module), *((type(module), *(x.shape for x in module.parameters())) for module in inputs))
        if kind not in kinds:
            kinds[kind] = layout_of_block(run, layer, inputs, block.down_projection)
        found[layer] = inputs, kinds[kind]
    return found


def _hold_ratios(stack: ExitStack, down: nn.Module | None, inputs: list[nn.Module], slots: list[Slots]) -> None:
    """Each activation counts as a multiple of each number it is made of, in equal shares."""
    assert down is not None
    made: dict[nn.Module, Tensor] = {}

    def keep(module: nn.Module, _: tuple[Any, ...], out: Tensor) -> None:
        made[module] = out

    def linear(args: tuple[Any, ...], _: dict[str, Any]) -> tuple[Any, ...]:
        activation = args[0]
        values = [made[inputs[place]][..., where].reshape(activation.shape) for place, where in slots]
        told = sum(_ratio(activation, value) * value for value in values)
        return (_as_if(activation, told / len(values)), *args[1:])  # type: ignore[operator]

    for module in inputs:
        on_pass(stack, module, partial(keep, module))
    on_call(stack, down, linear)


@torch.no_grad()
def _ratio(activation: Tensor, value: Tensor) -> Tensor:
    return torch.where(value == 0, 0.0, activation / torch.where(value == 0, 1.0, value))


# Attention


def _softer(eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """What heads mix, with the pass back of GIM through their pattern."""
    query, key, value = _scaled(query, _QUERY_KEY), _scaled(key, _QUERY_KEY), _scaled(value, _VALUE)
    z, pattern = eager(query, key, value, mask)
    groups = value.shape[1]
    values = value.repeat_interleave(pattern.shape[1] // groups, 1)
    soft: Callable[[Tensor], Tensor] = _Softer.apply  # type: ignore[assignment]
    return _as_if(z, (soft(pattern) @ values).transpose(1, 2))


class _Softer(torch.autograd.Function):
    """A pattern whose pass back ends in that of a softmax of another temperature, once the softmax's own follows.

    With `p` the pattern, `t` that of `softmax(scores / 2)`, and `g` what comes back to it, the scores shall get
    `h = t (g - sum t g)`. The softmax's own pass back makes `p (u - sum p u)` of `u`, which is `h` for `u = h / p + c`.
    """

    @staticmethod
    def forward(ctx: Any, pattern: Tensor) -> Tensor:
        """The pattern as it is."""
        ctx.save_for_backward(pattern)
        return pattern.clone()

    @staticmethod
    def backward(ctx: Any, *slopes: Float[Tensor, "batch head query key"]) -> Tensor:
        """What the softmax makes `h` of."""
        (slope,), (pattern,) = slopes, ctx.saved_tensors
        wide = pattern.double()
        rest = (1 - wide.sum(-1, keepdim=True)).clamp(min=0)  # what a sink takes
        rest = torch.where(rest < 1e-6, 0.0, rest)
        power = 1 / _TEMPERATURE
        soft = wide**power
        soft = soft / (soft.sum(-1, keepdim=True) + rest**power)
        wanted = soft * (slope - (soft * slope).sum(-1, keepdim=True))
        found = torch.where(wide > 0, wanted / torch.where(wide > 0, wide, 1.0), 0.0)
        over = torch.where(rest > 0, wanted.sum(-1, keepdim=True) / torch.where(rest > 0, rest, 1.0), 0.0)
        return torch.where(wide > 0, found + over, 0.0).to(slope)
