"""Full re-runs of the Hugging Face module with one part set by hand: what the engine's sweeps must equal."""

from contextlib import ExitStack, contextmanager

import torch

from unembed.models.model import Model


@contextmanager
def part_set(model: Model, part: str, layer: int, index: int | tuple[int, int] | None, positions, value=0.0):
    """Set a head's `z`, a sublayer's write, a neuron, or an expert's router weight at some positions."""
    block = model.blocks[layer]
    rows = list(positions)

    def z(_, args):
        new = args[0].clone()
        new.unflatten(-1, (model.heads, -1))[:, rows, index] = value
        return (new, *args[1:])

    def neuron(_, args):
        new = args[0].clone()
        new.view(-1, new.shape[-1])[rows, index] = value
        return (new, *args[1:])

    def expert(_, args):
        hidden, chosen, weight = args
        here = torch.zeros_like(weight, dtype=torch.bool)
        here[rows] = chosen[rows] == index
        return hidden, chosen, weight.masked_fill(here, value)

    def write(_, args, out):
        new = (out[0] if isinstance(out, tuple) else out).clone()
        new.view(-1, new.shape[-1])[rows] = value
        return (new, *out[1:]) if isinstance(out, tuple) else new

    with ExitStack() as stack:
        if part == "head":
            stack.enter_context(block.output_projection.register_forward_pre_hook(z))
        elif part == "neuron" and isinstance(index, tuple):
            stack.enter_context(_expert_neuron(block.experts, index))
        elif part == "neuron":
            stack.enter_context(block.down_projection.register_forward_pre_hook(neuron))
        elif part == "expert":
            stack.enter_context(block.experts.register_forward_pre_hook(expert))
        else:
            where = block.attention_write if part == "attention" else block.mlp_write
            stack.enter_context(where.register_forward_hook(write))
        yield


@contextmanager
def _expert_neuron(experts, index):
    """A neuron of an expert writes nothing, at any position: its row of the down projection is zero."""
    expert, neuron = index
    matrix = experts.down_proj.data[expert]
    row = matrix[neuron] if experts.is_transposed else matrix[:, neuron]
    kept = row.clone()
    row.zero_()
    try:
        yield
    finally:
        row.copy_(kept)


def logits(model: Model, ids) -> torch.Tensor:
    """Of the module itself, with its eager attention (which takes the softmax in float32): `position vocab`."""
    config, before = model.config, model.config._attn_implementation
    config._attn_implementation = "eager"
    try:
        with torch.no_grad():
            return model.module(torch.tensor([list(ids)]), use_cache=False).logits[0].double()
    finally:
        config._attn_implementation = before


def read(model: Model, ids, token: int, position: int = -1) -> tuple[float, float]:
    """Logit and probability of a token at a position."""
    at = logits(model, ids)[position]
    return float(at[token]), float(at.softmax(-1)[token])
