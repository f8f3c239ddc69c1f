"""Loading: from a name to a checked model.

Loading is `from_pretrained` and nothing more, except once per set of weights and versions, when the model is checked
against its own logits.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from unembed.errors import InputError
from unembed.loading.adapters import adapter_asked, merge
from unembed.loading.check import check, check_once
from unembed.loading.folders import has_tokenizer
from unembed.loading.module import module_of, tokenizer_of
from unembed.loading.versions_check import versions_tried
from unembed.models.describe import describe
from unembed.models.layers import unwrapped
from unembed.models.model import Model
from unembed.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DTYPES = ("float64", "float32", "bfloat16", "float16")


def load(
    name: str = "smollm2-135m",
    *,
    device: str | None = None,
    dtype: str | None = None,
    adapter: str | Path | None = None,
    offline: bool = False,
    progress: Progress = silent,
) -> Model:
    """Load a model and check it against its own logits (the check is remembered per weights and versions).

    Args:
        name: the embedded model, a toy (`toy/two-layer`), a Hugging Face folder, a GGUF file, or a hub id.
        device: a torch device; None takes the GPU where there is one.
        dtype: one of `DTYPES`; None keeps that of the file (toys are stored in float16 and run in float32).
        adapter: a folder that peft's `save_pretrained` wrote, or a hub id of one, merged into the weights (needs
            peft); "none" takes the weights of a folder without the adapter that lies beside them.
        offline: never touch the network.
        progress: called while a model is converted or fetched.

    Raises:
        ModelError: missing, damaged, unsupported, or not in agreement with itself.
        InputError: an unknown dtype, or a device this machine does not have.
    """
    from unembed.loading import weights

    torch_device, torch_dtype = _device(device), _dtype(dtype)
    folder = weights.resolve(name, offline=offline, progress=progress)
    asked = adapter_asked(folder, adapter)
    added = None if asked is None else weights.resolve_adapter(asked, offline=offline, progress=progress)
    module = module_of(folder, torch_dtype).eval()
    if module.dtype == torch.float64:
        module.set_experts_implementation("eager")  # torch has no grouped matrix product in float64
    if added is not None:
        module, name = merge(module, added), f"{name} + {asked}"
    module = module.to(torch_device)  # type: ignore[arg-type]
    tokenizer = tokenizer_of(folder if added is None or not has_tokenizer(added) else added)
    model = replace(describe(module, tokenizer, name=name, folder=folder), adapter=added)
    check_once(model)
    return versions_tried(model)


def wrap(module: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase | None" = None, *, name: str = "") -> Model:
    """Use a causal language model that is in memory already. Nothing is copied; the module is not changed.

    A model of peft is unwrapped; its adapters must be merged (`merge_and_unload` or `merge_adapter`), or switched off.

    Raises:
        ModelError: unsupported architecture, training mode, quantised layers, weights that are not finite, or a model
            that does not agree with the row of its family.
    """
    module = unwrapped(module)
    model = describe(module, tokenizer, name=name or module.config.model_type)
    check(model)
    return versions_tried(model)


def _device(name: str | None) -> torch.device:
    if name == "meta":
        raise InputError("Device 'meta' holds no numbers. Try --device cpu.")
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise InputError(f"Device {name!r} cannot be used on this machine: {reason}\nTry --device cpu.") from error
    return device


def _dtype(name: str | None) -> Any:
    if name in (None, "auto"):
        return "auto"
    if name not in DTYPES:
        raise InputError(f"Expected a dtype of {', '.join(DTYPES)} or auto, found {name!r}.")
    return getattr(torch, name)
