"""Which numbers of an MLP's layers are gates: found by running the block, never by its name.

A neuron's activation is made of one number, or of two of which one gates the other. Which of two is the gate a second
derivative tells: an activation is linear in the other one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.hooks import frozen
from unembed.models.layers import matrix_shape
from unembed.runs.block_reads import layer_calls
from unembed.runs.run import Run
from unembed.seeds import generator

Slots = tuple[int, slice]
"""Which layer makes a number of each neuron, and where in its output they stand."""


def layout_of_block(run: Run, layer: int, layers: list[nn.Module], down: nn.Module | None) -> list[Slots]:
    """Of the layers that make the numbers of a dense MLP: the gate first."""
    drawn: dict[nn.Module, Tensor] = {}

    def replaced(module: nn.Module, out: Tensor) -> Tensor | None:
        if module not in layers:
            return None
        drawn[module] = drawn_like(out)
        return drawn[module].clone()  # a leaf may not be written to, and some modules work in place

    with torch.inference_mode(False), torch.enable_grad(), frozen(run.model):
        activation = next(c for c in layer_calls(run, layer, replaced) if c.module is down).given
        return layout(activation, [drawn[module] for module in layers], matrix_shape(down)[0])


def drawn_like(like: Tensor) -> Tensor:
    """Numbers at random in the place of those of a layer, as a leaf of a gradient."""
    # From 0.5 to 1.5: GELU and SiLU are neither flat nor straight there, and a ReLU is open.
    return (torch.rand(like.shape, generator=generator(0)).to(like) + 0.5).requires_grad_()


def layout(activation: Tensor, leaves: list[Tensor], width: int) -> list[Slots]:
    """Where the gate and the gated number of each neuron stand, or its only one.

    Raises:
        ModelError: in no place that is known.
    """
    whole, first, last = slice(None), slice(width), slice(width, None)
    sizes = [leaf.shape[-1] for leaf in leaves]
    if sizes == [width]:
        return [(0, whole)]
    pairs: list[tuple[Slots, Slots]] = []
    if sizes == [width, width]:
        pairs = [((0, whole), (1, whole)), ((1, whole), (0, whole))]
    elif sizes == [2 * width]:
        even, odd = slice(0, None, 2), slice(1, None, 2)
        pairs = [((0, a), (0, b)) for a, b in ((first, last), (last, first), (even, odd), (odd, even))]
    slopes = torch.autograd.grad(activation.sum(), leaves, create_graph=True)
    fitting = [pair for pair in pairs if _is_linear(slopes, leaves, activation, *pair)]
    if not fitting:
        raise ModelError(
            f"The neurons of this MLP are made of layers of {sizes} numbers in a way that is not known: expected one "
            "number a neuron, or two of which one gates the other.\n"
            "What needs no more than what a neuron did: explain, paths, ablate."
        )
    return list(fitting[0])


def _is_linear(slopes: Sequence[Tensor], leaves: Sequence[Tensor], activation: Tensor, gate: Slots, up: Slots) -> bool:
    """Whether activations are linear in one number each, and gated by the other of the same neuron."""
    place, where = up
    value, slope = leaves[place][..., where], slopes[place][..., where]
    if not slope.requires_grad:
        return False
    (second,) = torch.autograd.grad(slope.sum(), leaves[place], retain_graph=True, allow_unused=True)
    if second is not None and bool(second[..., where].any()):
        return False
    (mixed,) = torch.autograd.grad(slope.sum(), leaves[gate[0]], retain_graph=True, allow_unused=True)
    return value.shape == activation.shape and mixed is not None and bool(mixed[..., gate[1]].any())
