"""Hand-written hooks, without any library: one run a cell, and all cells of a layer in one batch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import counterfactual_common as common
import torch

Edit = Callable[[torch.Tensor], torch.Tensor]
LAYERS_SAMPLED = 3


@contextmanager
def edited_input(module: torch.nn.Module, edit: Edit) -> Iterator[None]:
    """What enters a module goes through `edit` first."""
    handle = module.register_forward_pre_hook(lambda _, args: (edit(args[0].clone()), *args[1:]))
    try:
        yield
    finally:
        handle.remove()


def last_logits(job: common.Job, ids: torch.Tensor) -> torch.Tensor:
    """The cheapest run that gives what is read: `row 1 vocab`."""
    return job.plain(ids, logits_to_keep=1).logits


def entering(job: common.Job, modules: Sequence[torch.nn.Module]) -> list[torch.Tensor]:
    """What enters each of the modules in a run of the clean prompt."""
    kept: list[torch.Tensor] = []
    handles = [m.register_forward_pre_hook(lambda _, args: kept.append(args[0].detach())) for m in modules]
    with torch.inference_mode():
        last_logits(job, job.clean)
    for handle in handles:
        handle.remove()
    return kept


def residual(job: common.Job) -> common.Report:
    """The clean stream before a block, at one position, in the corrupted run."""
    blocks = job.plain.model.layers
    clean: list[torch.Tensor] = []

    def patched(layer: int, positions: Sequence[int]) -> list[float]:
        rows = torch.arange(len(positions))

        def edit(x: torch.Tensor) -> torch.Tensor:
            x[rows, list(positions)] = clean[layer][0, list(positions)]
            return x

        with torch.inference_mode(), edited_input(blocks[layer], edit):
            logits = last_logits(job, job.corrupt.expand(len(positions), -1))
            return common.logit_difference(logits).tolist()

    def prepare() -> None:
        clean[:] = entering(job, blocks)

    cells, every = job.residual_cells(), range(job.clean.shape[1])
    one = job.timed(cells, lambda part: [patched(layer, [p])[0] for layer, p in part], prepare=prepare)
    batch = job.timed(
        range(job.layers),
        lambda part: [patched(layer, every) for layer in part],
        sample=LAYERS_SAMPLED,
        prepare=prepare,
    )
    return {"one_run_a_cell": one, "a_layer_in_a_batch": batch}


def heads(job: common.Job) -> common.Report:
    """A head's mix of values at the last position is zero."""

    def zeroed(layer: int, which: Sequence[int]) -> list[float]:
        rows = torch.arange(len(which))

        def edit(x: torch.Tensor) -> torch.Tensor:
            split = x.unflatten(-1, (job.heads, job.d_head))
            split[rows, -1, list(which)] = 0.0
            return split.flatten(-2)

        with torch.inference_mode(), edited_input(job.plain.model.layers[layer].self_attn.o_proj, edit):
            return common.logit_difference(last_logits(job, job.clean.expand(len(which), -1))).tolist()

    one = job.timed(job.head_cells(), lambda part: [zeroed(layer, [head])[0] for layer, head in part])
    batch = job.timed(
        range(job.layers), lambda part: [zeroed(layer, range(job.heads)) for layer in part], sample=LAYERS_SAMPLED
    )
    return {"one_run_a_cell": one, "a_layer_in_a_batch": batch}


def knowledge(job: common.Job) -> common.Report:
    """All steps of one layer in a batch, with gradients through the whole model."""
    for parameter in job.plain.parameters():
        parameter.requires_grad_(False)
    downs = [layer.mlp.down_proj for layer in job.plain.model.layers]
    activations: list[torch.Tensor] = []

    def attributed(layer: int, keep: int) -> list[float]:
        activation = activations[layer][0, -1].clone()
        scaled = common.steps_of(activation).requires_grad_()

        def edit(x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x[:, :-1], scaled[:, None]], 1)

        with edited_input(downs[layer], edit):
            logits = job.plain(job.clean.expand(common.STEPS, -1), logits_to_keep=keep).logits
        (slope,) = torch.autograd.grad(common.right_probability(logits).sum(), scaled)
        return (activation * slope.mean(0)).tolist()

    def prepare() -> None:
        activations[:] = entering(job, downs)

    def timed(keep: int) -> common.Report:
        sample = LAYERS_SAMPLED if job.clean.shape[1] <= 16 else 1
        units = range(job.layers)
        return job.timed(units, lambda part: [attributed(x, keep) for x in part], sample=sample, prepare=prepare)

    return {"steps_in_a_batch": timed(0), "steps_in_a_batch_last_logits": timed(1)}


if __name__ == "__main__":
    measures = {"residual": residual, "heads": heads, "knowledge": knowledge}
    sys.exit(common.main("hooks_by_hand", measures))
