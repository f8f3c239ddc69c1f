"""Hand-written forward hooks, without any library: heads and neurons of one logit, no source tokens."""

from __future__ import annotations

import sys
from collections.abc import Callable

import common
import torch

Store = dict[str, list[torch.Tensor]]


def keeper(store: Store, name: str) -> Callable[..., None]:
    """A pre-hook that keeps the last position of what enters a module."""

    def keep(module: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        store[name].append(args[0][0, -1])

    return keep


def record(plain: torch.nn.Module, ids: torch.Tensor) -> Store:
    """One forward with hooks on the output projections, the first block and the final norm."""
    store: Store = {"heads_in": [], "neurons": [], "embedded": [], "final": []}
    decoder = plain.model
    watched = [("embedded", decoder.layers[0].input_layernorm), ("final", decoder.norm)]
    watched += [("heads_in", layer.self_attn.o_proj) for layer in decoder.layers]
    watched += [("neurons", layer.mlp.down_proj) for layer in decoder.layers]
    handles = [module.register_forward_pre_hook(keeper(store, name)) for name, module in watched]
    try:
        plain(ids)
    finally:
        for handle in handles:
            handle.remove()
    return store


def attribute(plain: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """The sum of all the terms."""
    store = record(plain, ids)
    heads, mlps, embedding = common.folded_attribution(
        plain, store["heads_in"], store["neurons"], store["embedded"][0], store["final"][0]
    )
    return heads.double().sum() + mlps.double().sum() + embedding


def attribution(job: common.Job) -> common.Report:
    """Hooks and products."""
    return job.attribution({"hooks": lambda: attribute(job.plain, job.ids)})


if __name__ == "__main__":
    sys.exit(common.main("hooks_by_hand", {"attribution": attribution}))
