"""The oracle: full re-runs of the Hugging Face module with hand-written hooks, one a cell; no engine.

`dtype` is the precision of the re-runs; in float64 they stand for the exact numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager

import prompts
import shared
import torch

Edit = Callable[[torch.Tensor], torch.Tensor]
Measure = Callable[[torch.Tensor], torch.Tensor]
Cells = Sequence[tuple[int, int]]


@contextmanager
def edited_input(module: torch.nn.Module, edit: Edit):
    """What enters a module goes through `edit` first."""
    handle = module.register_forward_pre_hook(lambda _, args: (edit(args[0]), *args[1:]))
    try:
        yield
    finally:
        handle.remove()


def logits(dtype: str, prompt: Sequence[int], rows: int = 1) -> torch.Tensor:
    """At the last position: `row 1 vocab`."""
    module = shared.model(dtype).module
    return module(torch.tensor([list(prompt)] * rows, device=module.device)).logits[:, -1:]


def at(position: int, part: slice, value: torch.Tensor | float) -> Edit:
    """An edit that sets a part of one position."""

    def edit(x: torch.Tensor) -> torch.Tensor:
        x = x.clone()
        x[:, position, part] = value
        return x

    return edit


def entering(dtype: str, prompt: Sequence[int], modules: Sequence[torch.nn.Module]) -> list[torch.Tensor]:
    """What enters each of the modules in a plain run."""
    kept: list[torch.Tensor] = []
    handles = [m.register_forward_pre_hook(lambda _, args: kept.append(args[0].detach())) for m in modules]
    try:
        logits(dtype, prompt)
    finally:
        for handle in handles:
            handle.remove()
    return kept


def values(
    dtype: str, prompt: Sequence[int], edits: Sequence[tuple[torch.nn.Module, Edit]], measure: Measure
) -> torch.Tensor:
    """One full run for each edit."""
    found = []
    for module, edit in edits:
        with torch.no_grad(), edited_input(module, edit):
            found.append(measure(logits(dtype, prompt)))
    return torch.cat(found)


def residual(dtype: str, cells: Cells, measure: Measure) -> torch.Tensor:
    """The corrupted run with the clean stream before a block, at one position."""
    blocks = shared.model(dtype).module.model.layers
    with torch.no_grad():
        clean = entering(dtype, prompts.CLEAN, blocks)
    edits = [(blocks[layer], at(position, slice(None), clean[layer][:, position])) for layer, position in cells]
    return values(dtype, prompts.CORRUPT, edits, measure)


def heads(dtype: str, cells: Cells, measure: Measure) -> torch.Tensor:
    """The clean run without a head's mix of values at the last position."""
    module = shared.model(dtype).module
    width = module.config.hidden_size // module.config.num_attention_heads
    edits = [
        (module.model.layers[layer].self_attn.o_proj, at(-1, slice(head * width, (head + 1) * width), 0.0))
        for layer, head in cells
    ]
    return values(dtype, prompts.CLEAN, edits, measure)


def neurons(dtype: str, cells: Cells, measure: Measure) -> torch.Tensor:
    """The clean run without a neuron at the last position."""
    blocks = shared.model(dtype).module.model.layers
    edits = [(blocks[layer].mlp.down_proj, at(-1, slice(neuron, neuron + 1), 0.0)) for layer, neuron in cells]
    return values(dtype, prompts.CLEAN, edits, measure)


def riemann(dtype: str, layer: int, steps: int) -> torch.Tensor:
    """Knowledge attribution of one layer's neurons: all steps in one batch, gradients through the whole model."""
    down = shared.model(dtype).module.model.layers[layer].mlp.down_proj
    with torch.no_grad():
        activation = entering(dtype, prompts.CLEAN, [down])[0][0, -1]
    alpha = torch.arange(1, steps + 1, device=activation.device)[:, None] / steps
    scaled = (alpha * activation).requires_grad_()
    with edited_input(down, at(-1, slice(None), scaled)):
        probability = logits(dtype, prompts.CLEAN, rows=steps)[:, -1].softmax(-1)[:, prompts.RIGHT]
    (slope,) = torch.autograd.grad(probability.sum(), scaled)
    return (activation * slope / steps).sum(0)
