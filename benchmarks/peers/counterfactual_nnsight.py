"""nnsight: one trace a cell, and several cells as invokes of one trace."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import counterfactual_common as common
import nnsight
import torch
from nnsight import TransformersModel

LAYERS_SAMPLED = 3


def dispatch(folder: str) -> TransformersModel:
    """The wrapped model with its weights in memory."""
    return TransformersModel(folder, task="text-generation", dispatch=True)


def residual(job: common.Job) -> common.Report:
    """The clean stream before a block, at one position, in the corrupted run."""
    model = dispatch(job.folder)
    clean: list[torch.Tensor] = []

    def prepare() -> None:
        kept = []
        with torch.inference_mode(), model.trace(job.clean):
            for layer in model.model.layers:
                kept.append(layer.input)
            nnsight.save(kept)
        clean[:] = kept

    def patched(layer: int, position: int) -> float:
        with model.trace(job.corrupt):
            model.model.layers[layer].input[:, position] = clean[layer][:, position]
            found = common.logit_difference(model.lm_head.output).save()
        return found.item()

    def one_by_one(part: Sequence[tuple[int, int]]) -> list[float]:
        with torch.inference_mode():
            return [patched(layer, position) for layer, position in part]

    def together(part: Sequence[tuple[int, int]]) -> list[float]:
        with torch.inference_mode():
            found = [None] * len(part)
            with model.trace() as tracer:
                for i, (layer, position) in enumerate(part):
                    with tracer.invoke(job.corrupt):
                        model.model.layers[layer].input[:, position] = clean[layer][:, position]
                        found[i] = common.logit_difference(model.lm_head.output)
                nnsight.save(found)
        return [value.item() for value in found]

    cells = job.residual_cells()
    return {
        "one_trace_a_cell": job.timed(cells, one_by_one, prepare=prepare),
        "invokes_of_one_trace": job.timed(cells, together, chunk=common.BATCH, prepare=prepare),
    }


def heads(job: common.Job) -> common.Report:
    """A head's mix of values at the last position is zero."""
    model = dispatch(job.folder)

    def zeroed(layer: int, head: int) -> float:
        part = slice(head * job.d_head, (head + 1) * job.d_head)
        with model.trace(job.clean):
            model.model.layers[layer].self_attn.o_proj.input[:, -1, part] = 0.0
            found = common.logit_difference(model.lm_head.output).save()
        return found.item()

    def one_by_one(part: Sequence[tuple[int, int]]) -> list[float]:
        with torch.inference_mode():
            return [zeroed(layer, head) for layer, head in part]

    def together(part: Sequence[tuple[int, int]]) -> list[float]:
        with torch.inference_mode():
            found = [None] * len(part)
            with model.trace() as tracer:
                for i, (layer, head) in enumerate(part):
                    with tracer.invoke(job.clean):
                        columns = slice(head * job.d_head, (head + 1) * job.d_head)
                        model.model.layers[layer].self_attn.o_proj.input[:, -1, columns] = 0.0
                        found[i] = common.logit_difference(model.lm_head.output)
                nnsight.save(found)
        return [value.item() for value in found]

    cells = job.head_cells()
    return {
        "one_trace_a_cell": job.timed(cells, one_by_one),
        "invokes_of_one_trace": job.timed(cells, together, chunk=common.BATCH),
    }


def knowledge(job: common.Job) -> common.Report:
    """All steps of one layer in a batch, with gradients through the whole model."""
    model = dispatch(job.folder)
    for parameter in model._module.parameters():
        parameter.requires_grad_(False)
    activations: list[torch.Tensor] = []

    def prepare() -> None:
        kept = []
        with torch.inference_mode(), model.trace(job.clean):
            for layer in model.model.layers:
                kept.append(layer.mlp.down_proj.input[0, -1])
            nnsight.save(kept)
        activations[:] = [x.clone() for x in kept]

    def attributed(layer: int) -> list[float]:
        activation = activations[layer].clone()
        scaled = common.steps_of(activation).requires_grad_()
        with model.trace(job.clean.expand(common.STEPS, -1)):
            down = model.model.layers[layer].mlp.down_proj
            down.input = torch.cat([down.input[:, :-1], scaled[:, None]], 1)
            found = common.right_probability(model.lm_head.output).sum().save()
        (slope,) = torch.autograd.grad(found, scaled)
        return (activation * slope.mean(0)).tolist()

    units = range(job.layers)
    run = job.timed(units, lambda part: [attributed(x) for x in part], sample=LAYERS_SAMPLED, prepare=prepare)
    return {"trace": run}


if __name__ == "__main__":
    measures = {"residual": residual, "heads": heads, "knowledge": knowledge}
    sys.exit(common.main("nnsight", measures))
