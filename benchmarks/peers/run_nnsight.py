"""nnsight: attribution and loading on the shared job."""

from __future__ import annotations

import sys

import common
import nnsight
import torch
from nnsight import TransformersModel


def dispatch(folder: str) -> TransformersModel:
    """The wrapped model with its weights in memory."""
    return TransformersModel(folder, task="text-generation", dispatch=True)


def attribute(model: TransformersModel, plain: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """One trace that saves what enters the output projections at the last position; then matrix products."""
    with model.trace(ids):
        heads_in, neurons = [], []
        embedded = model.model.embed_tokens.output[0, -1].save()
        for layer in model.model.layers:
            heads_in.append(layer.self_attn.o_proj.input[0, -1])
            neurons.append(layer.mlp.down_proj.input[0, -1])
        nnsight.save(heads_in)
        nnsight.save(neurons)
        final = model.model.norm.input[0, -1].save()
    heads, mlps, embedding = common.folded_attribution(plain, heads_in, neurons, embedded, final)
    return heads.double().sum() + mlps.double().sum() + embedding


def attribution(job: common.Job) -> common.Report:
    """One trace and the products."""
    model = dispatch(job.folder)
    return job.attribution({"trace": lambda: attribute(model, model._module, job.ids)})


def load(job: common.Job) -> common.Report:
    """Loading with the weights dispatched."""
    return job.loading(lambda: dispatch(job.folder))


if __name__ == "__main__":
    sys.exit(common.main("nnsight", {"attribution": attribution, "load": load}))
