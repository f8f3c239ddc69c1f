"""Loading: from a name to a checked model.

Loading is `from_pretrained` and nothing more, except once per set of weights and versions, when the model is checked
against its own logits.
"""

import contextlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from unembed.errors import InputError, ModelError
from unembed.loading.check import check, check_once
from unembed.models.describe import describe
from unembed.models.families import family_of, row
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
    offline: bool = False,
    progress: Progress = silent,
) -> Model:
    """Load a model and check it against its own logits (the check is remembered per weights and versions).

    Args:
        name: the embedded model, a toy (`toy/two-layer`), a Hugging Face folder, a GGUF file, or a hub id.
        device: a torch device; None takes the GPU where there is one.
        dtype: one of `DTYPES`; None keeps that of the file (toys are stored in float16 and run in float32).
        offline: never touch the network.
        progress: called while a model is converted or fetched.

    Raises:
        ModelError: missing, damaged, unsupported, or not in agreement with itself.
        InputError: an unknown dtype, or a device this machine does not have.
    """
    from unembed.loading import weights

    torch_device, torch_dtype = _device(device), _dtype(dtype)
    folder = weights.resolve(name, offline=offline, progress=progress)
    module = _from_pretrained(folder, torch_dtype).eval().to(torch_device)  # type: ignore[arg-type]
    if module.dtype == torch.float64:
        module.set_experts_implementation("eager")  # torch has no grouped matrix product in float64
    model = describe(module, _tokenizer(folder), name=name, folder=folder)
    check_once(model)
    return model


def wrap(module: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase | None" = None, *, name: str = "") -> Model:
    """Use a causal language model that is in memory already. Nothing is copied; the module is not changed.

    Raises:
        ModelError: unsupported architecture, training mode, quantised layers, weights that are not finite, or a model
            that does not agree with the row of its family.
    """
    model = describe(module, tokenizer, name=name or module.config.model_type)
    check(model)
    return model


def _from_pretrained(folder: Path, dtype: torch.dtype | str) -> "PreTrainedModel":
    import transformers
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AutoConfig

    with _quiet(), _as_model_error(folder, SafetensorError, StrictDataclassError):
        declared = row(json.loads((folder / "config.json").read_text()).get("model_type", "none"))
        if declared.code is not None:
            importlib.import_module(declared.code)
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        family_of(config)
        loaded: Any = getattr(transformers, declared.loader).from_pretrained(
            folder,
            config=config,
            dtype=declared.runs_in or dtype if dtype == "auto" else dtype,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
        )
    module, report = loaded
    family = family_of(config)
    surplus = sorted(key for key in report["unexpected_keys"] if f"{family.blocks}." in key)
    if surplus:
        raise ModelError(
            f"The weights in {folder} hold {len(surplus)} tensors of blocks that its config.json does not describe "
            f"({surplus[0]}, …), so part of the model would be left out. Fetch the model again."
        )
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        raise ModelError(
            f"The weights in {folder} lack {len(report['missing_keys'])} tensors that {config.model_type} needs "
            f"({missing}, …). Fetch the model again."
        )
    return module


def _tokenizer(folder: Path) -> "PreTrainedTokenizerBase | None":
    """The folder's tokenizer, or None where there is none (prompts are token ids then)."""
    from transformers import AutoTokenizer

    from unembed.loading.folders import has_tokenizer

    if not has_tokenizer(folder):
        return None
    with _quiet(), _as_model_error(folder):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)


@contextlib.contextmanager
def _as_model_error(folder: Path, *more: type[Exception]) -> Iterator[None]:
    """What transformers raises on a folder that is damaged, as one message."""
    errors = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError, *more)
    try:
        yield
    except (ModelError, torch.OutOfMemoryError):
        raise
    except errors as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"transformers cannot load the model in {folder}: {reason}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and warnings off stderr; errors still raise."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


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
        raise InputError(f"Device {name!r} is not to be had here: {reason}\nTry --device cpu.") from error
    return device


def _dtype(name: str | None) -> Any:
    if name in (None, "auto"):
        return "auto"
    if name not in DTYPES:
        raise InputError(f"Expected a dtype of {', '.join(DTYPES)} or auto, found {name!r}.")
    return getattr(torch, name)
