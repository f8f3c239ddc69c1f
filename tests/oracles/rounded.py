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
    block = run.blocks[layer]
    return block.attention_output[position].double() - _product(run, layer, run.parts.out, block.z[position])


def of_mlp_product(run: Run, layer: int, position: int) -> Tensor:
    """What the down projection of a dense MLP lost, likewise."""
    block = run.blocks[layer]
    assert block.activations is not None
    return block.mlp_output[position].double() - _product(run, layer, run.parts.down, block.activations[position])


def of_mixes(run: Run, layer: int, position: int) -> list[Tensor]:
    """What each head lost as it mixed its values, after the output projection: head by head, token by token."""
    block, values = run.blocks[layer], run.head_values(layer).double()
    z = block.z[position].double().view(run.heads, -1)
    weight = _weight(run, layer, run.parts.out).view(run.heads, z.shape[1], -1)
    found = []
    for head in range(run.heads):
        mixed = torch.zeros_like(z[head])
        for source in range(position + 1):
            mixed += block.pattern[head, position, source] * values[source, head * run.kv_heads // run.heads]
        found.append((z[head] - mixed) @ weight[head])
    return found


def _product(run: Run, layer: int, path: str, x: Tensor) -> Tensor:
    weight, bias = _weight(run, layer, path), run.modules[layer].get_submodule(path).bias
    exact = torch.zeros(weight.shape[1], dtype=torch.float64)
    for entry, row in zip(x.double().flatten(), weight, strict=True):
        exact += entry * row
    return exact if bias is None else exact + bias.detach().double()


def _weight(run: Run, layer: int, path: str) -> Tensor:
    """A projection's matrix, from inputs to outputs."""
    module = run.modules[layer].get_submodule(path)
    weight = module.weight.detach().double()
    return weight if type(module).__name__ == "Conv1D" else weight.T
