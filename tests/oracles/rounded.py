"""What a 16-bit run rounded, the long way: float64 differences between what our own hooks saw, block by block.

They share no code with `unembed` but the direction of the readout, which the tests of readouts check by itself.
"""

import torch
from torch import Tensor

from oracles.oracle import Run


def of_additions(run: Run, layer: int, position: int) -> Tensor:
    """What a block lost as it added both its writes to the stream."""
    block = run.blocks[layer]
    after = run.stream(position, layer + 1).double()
    writes = block.attention_write[position].double() + block.mlp_write[position].double()
    return after - block.stream_before[position].double() - writes


def of_attention_product(run: Run, layer: int, position: int) -> Tensor:
    """What the output projection of attention lost, weights and bias read off the module."""
    module, block = run.modules[layer].get_submodule(run.parts.out), run.blocks[layer]
    weight = module.weight.detach().double()
    weight = weight if type(module).__name__ == "Conv1D" else weight.T
    exact = torch.zeros(weight.shape[1], dtype=torch.float64)
    for entry, row in zip(block.z[position].double().flatten(), weight, strict=True):
        exact += entry * row
    if module.bias is not None:
        exact += module.bias.detach().double()
    return block.attention_output[position].double() - exact
