"""TransformerLens: its activation patching, and hooks for what it has no utility for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import counterfactual_common as common
import pandas as pd
import torch
from transformer_lens import patching
from transformer_lens.model_bridge import TransformerBridge

LAYERS_SAMPLED = 3


def boot(folder: str) -> TransformerBridge:
    """The bridge over the same folder, without the weight processing that would copy it."""
    return TransformerBridge.boot_transformers(folder, device="cpu")


def difference(logits: torch.Tensor) -> torch.Tensor:
    """The metric of the sweep: a scalar."""
    return common.logit_difference(logits)[0]


def swept(bridge: TransformerBridge, tokens: torch.Tensor, part: Sequence[tuple[int, int]], names: list[str], **how):
    """`generic_activation_patch` over some cells."""
    cells = pd.DataFrame(part, columns=names)
    with torch.inference_mode():
        return patching.generic_activation_patch(
            bridge, tokens, patching_metric=difference, index_axis_names=None, index_df=cells, **how
        ).tolist()


def residual(job: common.Job) -> common.Report:
    """What `get_act_patch_resid_pre` does, over the cells that are timed."""
    bridge = boot(job.folder)
    cache: dict = {}

    def prepare() -> None:
        with torch.inference_mode():
            kept = bridge.run_with_cache(job.clean, names_filter=lambda name: name.endswith("hook_resid_pre"))[1]
        cache["clean"] = kept

    def run(part: Sequence[tuple[int, int]]) -> list[float]:
        how = {"patch_setter": patching.layer_pos_patch_setter, "activation_name": "resid_pre"}
        return swept(bridge, job.corrupt, part, ["layer", "pos"], clean_cache=cache["clean"], **how)

    return {"get_act_patch_resid_pre": job.timed(job.residual_cells(), run, prepare=prepare)}


def heads(job: common.Job) -> common.Report:
    """The same sweep over `z`, whose setter writes zeros."""
    bridge = boot(job.folder)

    def zero(activation: torch.Tensor, index: Sequence[int], _: object) -> torch.Tensor:
        activation[:, -1, index[1]] = 0.0
        return activation

    with torch.inference_mode():
        cache = bridge.run_with_cache(job.clean, names_filter=lambda name: name.endswith("hook_z"))[1]

    def run(part: Sequence[tuple[int, int]]) -> list[float]:
        how = {"patch_setter": zero, "activation_name": "z"}
        return swept(bridge, job.clean, part, ["layer", "head"], clean_cache=cache, **how)

    return {"generic_activation_patch": job.timed(job.head_cells(), run)}


def knowledge(job: common.Job) -> common.Report:
    """All steps of one layer in a batch, by `run_with_hooks`."""
    bridge = boot(job.folder)
    for parameter in bridge.parameters():
        parameter.requires_grad_(False)
    cache: dict = {}

    def prepare() -> None:
        with torch.inference_mode():
            cache["clean"] = bridge.run_with_cache(job.clean, names_filter=lambda name: name.endswith("mlp.hook_post"))[
                1
            ]

    def attributed(layer: int) -> list[float]:
        name = f"blocks.{layer}.mlp.hook_post"
        activation = cache["clean"][name][0, -1].clone()
        scaled = common.steps_of(activation).requires_grad_()

        def edit(x: torch.Tensor, hook: object) -> torch.Tensor:
            return torch.cat([x[:, :-1], scaled[:, None]], 1)

        logits = bridge.run_with_hooks(job.clean.expand(common.STEPS, -1), fwd_hooks=[(name, edit)])
        (slope,) = torch.autograd.grad(common.right_probability(logits).sum(), scaled)
        return (activation * slope.mean(0)).tolist()

    units = range(job.layers)
    run = job.timed(units, lambda part: [attributed(x) for x in part], sample=LAYERS_SAMPLED, prepare=prepare)
    return {"run_with_hooks": run}


if __name__ == "__main__":
    measures = {"residual": residual, "heads": heads, "knowledge": knowledge}
    sys.exit(common.main("transformer_lens", measures))
