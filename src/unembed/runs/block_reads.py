"""What a block reads of the stream: found by watching its layers run, since a row names only what a block writes.

Attention is called with what it reads. What the MLP reads enters the matrices that make one number for each of its
neurons (two, where gate and up value share a matrix), or the experts of a mixture. The norm in between is the layer
whose output that is.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.models.hooks import attending, first_of, on_call, on_output, on_pass, one_at_a_time
from unembed.models.layers import has_matrix, matrix_shape
from unembed.models.model import Block
from unembed.models.reprs import Brief
from unembed.runs.run import Run

Replaced = Callable[[nn.Module, Tensor], Tensor | None]
"""What comes in the place of a layer's output; None leaves it."""


@dataclass(frozen=True, repr=False)
class LayerCall(Brief):
    """What a layer of a block was given, and what it made."""

    module: nn.Module
    given: Tensor
    made: Tensor

    def row(self, position: int, *, made: bool = False) -> Float[Tensor, "width"]:
        """One position of the input, or of the output."""
        return by_position(self.made if made else self.given)[position]


def by_position(x: Tensor) -> Float[Tensor, "position width"]:
    """One row a position; some modules see the batch and the positions as one axis."""
    return x.reshape(-1, x.shape[-1])


@dataclass(repr=False)
class BlockReads(Brief):
    """What one block was given and what its parts read, kept while the model runs. Made by `watch`."""

    stream: Tensor = field(default_factory=lambda: torch.empty(0))
    """The stream before the block."""
    after: Tensor = field(default_factory=lambda: torch.empty(0))
    """The stream after the block."""
    attention: Tensor = field(default_factory=lambda: torch.empty(0))
    """What attention was called with."""
    experts: Tensor | None = None
    """What the experts of a mixture were called with."""
    layers: list[LayerCall] = field(default_factory=list)
    """The calls of the layers outside attention."""

    def put(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what a module was called with."""
        setattr(self, name, by_position(args[0] if args else kwargs["hidden_states"]))

    def enter(self, normed: Tensor) -> None:
        """Keep what a norm made of the stream that entered."""
        self.stream = by_position(normed)

    def end(self, args: tuple[Any, ...], out: Any) -> None:
        """Keep what the block gave."""
        self.after = by_position(first_of(out))


def watch(stack: ExitStack, block: Block) -> BlockReads:
    """Keep what a block reads from now until `stack` closes."""
    reads = BlockReads()
    on_call(stack, block.module, partial(reads.put, "stream"))
    if block.enters is not None:
        on_output(stack, block.enters, reads.enter)
    on_call(stack, block.attention, partial(reads.put, "attention"))
    if block.experts is not None:
        on_call(stack, block.experts, partial(reads.put, "experts"))
    on_pass(stack, block.module, reads.end)
    _watch_layers(stack, block, reads.layers)
    return reads


def _watch_layers(
    stack: ExitStack,
    block: Block,
    found: list[LayerCall],
    replaced: Replaced | None = None,
) -> None:
    """Add each call of a layer outside attention to `found` until `stack` closes; `replaced` may change its output."""
    attends = [block.attention] if block.cross is None else [block.attention, block.cross.attention]
    inside = {part for attention in attends for part in attention.modules()}
    for layer in block.module.modules():
        if has_matrix(layer):  # an adapter and the layer it stands around are one
            inside |= {*layer.modules()} - {layer}
        elif any(True for _ in layer.children()):
            continue
        if layer not in inside:
            on_pass(stack, layer, partial(_keep, found, replaced, layer))


def layer_calls(run: Run, layer: int, replaced: Replaced | None = None) -> list[LayerCall]:
    """A block called as in the run, and what each of its layers outside attention made; `replaced` may change it."""
    found: list[LayerCall] = []
    with ExitStack() as stack:
        _watch_layers(stack, run.model.blocks[layer], found, replaced)
        _call_again(run, layer)
    return found


def block_reads(run: Run, layer: int) -> BlockReads:
    """What a block and its parts read, by calling it as in the run."""
    with ExitStack() as stack:
        reads = watch(stack, run.model.blocks[layer])
        _call_again(run, layer)
    return reads


def _call_again(run: Run, layer: int) -> None:
    call = run.calls[layer]
    with one_at_a_time, attending(run.model, lambda _, eager, *args: eager(*args)):
        run.model.blocks[layer].module(run.before(layer)[None], *call.args, **call.kwargs)


def _keep(
    found: list[LayerCall],
    replaced: Replaced | None,
    module: nn.Module,
    args: tuple[Any, ...],
    out: Any,
) -> Tensor | None:
    if not (args and isinstance(args[0], Tensor) and isinstance(out, Tensor)):  # a router gives several
        return None
    other = None if replaced is None else replaced(module, out)
    found.append(LayerCall(module, args[0], out if other is None else other))
    return other


def input_layers(block: Block, calls: Sequence[LayerCall], d_model: int, *, shared: bool = False) -> list[LayerCall]:
    """The matrices that make one or two numbers for each neuron of a dense MLP, or of a mixture's shared experts."""
    down = block.shared_experts if shared else block.down_projection
    if down is None:
        return []
    width = matrix_shape(down)[0]
    # A fused gate makes the gate and the up value of all neurons in one layer: twice as many numbers as neurons.
    others = (down, block.output_projection)
    fitting = [c for c in calls if c.module not in others and c.made.shape[-1] in (width, 2 * width)]
    return [c for c in fitting if c.given.shape[-1] == d_model and has_matrix(c.module)]


def norm_call(calls: Sequence[LayerCall], read: Tensor, reader: nn.Module | None = None) -> LayerCall | None:
    """The call of the norm whose output `reader` read; None where it read the stream itself."""
    # A norm hands its result on as it is: what the layer was given lies at the address of what the norm made. A dropout
    # that does nothing also hands on its input, so what has one address on both sides is passed over.
    for call in calls:
        if call.made.data_ptr() == read.data_ptr() != call.given.data_ptr() and call.module is not reader:
            return call
    return None
