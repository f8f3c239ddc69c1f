"""captum: feature ablation of a layer's input, and integrated gradients over the MLP's activations."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import counterfactual_common as common
import torch
from captum.attr import IntegratedGradients, LayerActivation, LayerFeatureAblation

LAYERS_SAMPLED = 4
KNOWLEDGE_SAMPLED = 3


def difference(job: common.Job):
    """From token ids to the measure, one number a row, as captum calls it."""

    def measured(ids: torch.Tensor) -> torch.Tensor:
        return common.logit_difference(job.plain(ids).logits)

    return measured


def kept(job: common.Job, module: torch.nn.Module) -> torch.Tensor:
    """What enters a module in the run of the clean prompt."""
    reader = LayerActivation(job.plain, module)
    with torch.inference_mode():
        found = reader.attribute(job.clean, attribute_to_layer_input=True)
    return found[0] if isinstance(found, tuple) else found


def ablated(
    job: common.Job, module: torch.nn.Module, ids: torch.Tensor, baseline: torch.Tensor | float, mask: torch.Tensor
) -> torch.Tensor:
    """The change of the measure when each group of the mask takes the baseline; one run a group."""
    ablation = LayerFeatureAblation(difference(job), module)
    with torch.inference_mode():
        found = ablation.attribute(ids, layer_baselines=baseline, layer_mask=mask, attribute_to_layer_input=True)
    return (found[0] if isinstance(found, tuple) else found)[0]


def residual(job: common.Job) -> common.Report:
    """Each position of a block's input takes its value of the clean run: a unit is a layer."""
    blocks, positions = job.plain.model.layers, job.clean.shape[1]
    mask = torch.arange(positions)[None, :, None]
    with torch.inference_mode():
        base = common.logit_difference(job.plain(job.corrupt).logits).item()

    def patched(layer: int) -> list[float]:
        found = ablated(job, blocks[layer], job.corrupt, kept(job, blocks[layer]), mask)
        return (base - found[:, 0]).tolist()

    return {
        "LayerFeatureAblation": job.timed(
            range(job.layers), lambda part: [patched(layer) for layer in part], sample=LAYERS_SAMPLED
        )
    }


def heads(job: common.Job) -> common.Report:
    """Each head at the last position is ablated; what is left is one more group, which captum runs as well."""
    blocks, positions = job.plain.model.layers, job.clean.shape[1]
    mask = torch.full((1, positions, job.heads, job.d_head), job.heads)
    mask[0, -1] = torch.arange(job.heads)[:, None]
    mask = mask.flatten(-2)
    with torch.inference_mode():
        base = common.logit_difference(job.plain(job.clean).logits).item()

    def zeroed(layer: int) -> list[float]:
        found = ablated(job, blocks[layer].self_attn.o_proj, job.clean, 0.0, mask)
        return (base - found[-1, :: job.d_head]).tolist()

    return {
        "LayerFeatureAblation": job.timed(
            range(job.layers), lambda part: [zeroed(layer) for layer in part], sample=LAYERS_SAMPLED
        )
    }


def knowledge(job: common.Job) -> common.Report:
    """`IntegratedGradients` of the activations at the last position, all steps in one batch.

    `LayerIntegratedGradients` moves a layer at all positions, which is another quantity; here the activations are the
    input of a function that puts them into the run by a hook.
    """
    for parameter in job.plain.parameters():
        parameter.requires_grad_(False)

    def attributed(layer: int) -> list[float]:
        down = job.plain.model.layers[layer].mlp.down_proj
        activation = kept(job, down)[:, -1].clone()

        def probability(neurons: torch.Tensor) -> torch.Tensor:
            def edit(_: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
                return (torch.cat([args[0][:, :-1], neurons[:, None]], 1),)

            handle = down.register_forward_pre_hook(edit)
            try:
                return common.right_probability(job.plain(job.clean.expand(len(neurons), -1)).logits)
            finally:
                handle.remove()

        ways = IntegratedGradients(probability)
        return ways.attribute(activation, n_steps=common.STEPS, method="riemann_right")[0].tolist()

    def run(part: Sequence[int]) -> list[list[float]]:
        return [attributed(layer) for layer in part]

    return {"IntegratedGradients": job.timed(range(job.layers), run, sample=KNOWLEDGE_SAMPLED)}


if __name__ == "__main__":
    measures = {"residual": residual, "heads": heads, "knowledge": knowledge}
    sys.exit(common.main("captum", measures))
