"""TransformerLens: attribution, loading and generation on the shared job."""

from __future__ import annotations

import sys

import common
import torch
from transformer_lens.model_bridge import TransformerBridge

NEEDED = ("hook_embed", "ln_final.hook_scale")


def needed(name: str) -> bool:
    """The activations that an attribution to heads and neurons reads, and no others."""
    return name in NEEDED or name.endswith(("attn.hook_z", "mlp.hook_post", "hook_resid_post"))


def boot(folder: str) -> TransformerBridge:
    """The bridge over the same folder, without the weight processing that would copy it."""
    return TransformerBridge.boot_transformers(folder, device="cpu")


class Attribution:
    """The library's own full decomposition, with the readout projected before neurons are expanded."""

    def __init__(self, bridge: TransformerBridge, ids: torch.Tensor) -> None:
        self.bridge = bridge
        self.ids = ids

    def _attribute(self, **how: object) -> torch.Tensor:
        _, cache = self.bridge.run_with_cache(self.ids, **how)
        bridge = self.bridge
        readout = bridge.tokens_to_residual_directions(common.TARGET) * bridge.ln_final.weight
        terms = cache.get_full_resid_decomposition(
            expand_neurons=True, apply_ln=True, pos_slice=-1, project_output_onto=readout
        )
        return terms.sum()

    def everything(self) -> torch.Tensor:
        """`run_with_cache` as it is: every activation is kept."""
        return self._attribute()

    def filtered(self) -> torch.Tensor:
        """Only what is needed is kept, and only at the last position."""
        return self._attribute(names_filter=needed, pos_slice=slice(-1, None))


def attribution(job: common.Job) -> common.Report:
    """The cheapest official way and the default one."""
    ways = Attribution(boot(job.folder), job.ids)
    return job.attribution({"filtered": ways.filtered, "everything": ways.everything})


def load(job: common.Job) -> common.Report:
    """Loading through the bridge."""
    return job.loading(lambda: boot(job.folder))


def generation(job: common.Job) -> common.Report:
    """The bridge's `generate`: as it is, keeping what an attribution needs, keeping everything."""
    bridge = boot(job.folder)

    def generate(**how: object) -> object:
        return bridge.generate(
            job.ids,
            max_new_tokens=common.GENERATED,
            do_sample=False,
            stop_at_eos=False,
            verbose=False,
            return_type="tokens",
            **how,
        )

    same = bool((job.generate() == generate()).all())
    return {
        "same_tokens": same,
        **job.generation(
            {
                "without_recording": generate,
                "filtered": lambda: generate(return_cache=True, names_filter=needed),
                "everything": lambda: generate(return_cache=True),
            }
        ),
    }


if __name__ == "__main__":
    measures = {"attribution": attribution, "load": load, "generation": generation}
    sys.exit(common.main("transformer_lens", measures))
