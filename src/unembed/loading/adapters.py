"""Adapters of peft: applied only where they are asked for, and merged into the weights.

A merged adapter leaves plain matrices, which is what everything here is computed from. That merging changes nothing but
rounding is checked on the spot: the merged model must give the logits that peft's own forward gives.
"""

import warnings
from pathlib import Path
from typing import Any

from unembed.errors import ModelError
from unembed.files import parse_json
from unembed.models.pretrained import no_input

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_NO_ADAPTER = "none"
"""What is given for an adapter to take a folder's weights without the adapter that lies beside them."""
_TASKS = (None, "CAUSAL_LM", "SEQ_2_SEQ_LM")


def adapter_of(folder: Path, asked: str | Path | None) -> Path | None:
    """The folder of the adapter that is to be merged into the model in `folder`; None for none.

    Raises:
        ModelError: what was asked for is no adapter, or an adapter lies beside the weights and nobody said whether it
            is meant.
    """
    if asked is None and (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} holds an adapter ({CONFIG}) beside the weights of a model.\nSay which is meant: "
            f"--adapter {folder} merges it, --adapter {_NO_ADAPTER} leaves it out (adapter= in Python)."
        )
    if asked is None or str(asked) == _NO_ADAPTER:
        return None
    path = Path(asked).expanduser()
    _declared(path)
    if not (path / WEIGHTS).is_file():
        others = ", ".join(file.name for file in sorted(path.glob("adapter_model.*"))) or "none"
        raise ModelError(
            f"{path} has no {WEIGHTS} (weights found: {others}). A pickle can run code when it is loaded and is not "
            "read.\nSave the adapter again with peft's save_pretrained, which writes safetensors."
        )
    return path


def refuse_adapter(folder: Path) -> None:
    """Refuse a folder that holds an adapter and no model, and say how to load it.

    Raises:
        ModelError: it does.
    """
    if (folder / CONFIG).is_file() and not (folder / "config.json").is_file():
        base = _declared(folder).get("base_model_name_or_path") or "BASE"
        raise ModelError(
            f"{folder} is an adapter of {base}, not a model: it changes that model's weights.\n"
            f"Load both: --model {base} --adapter {folder} (in Python, load({str(base)!r}, adapter={str(folder)!r}))."
        )


def _declared(folder: Path) -> dict[str, Any]:
    file = folder / CONFIG
    if not file.is_file():
        raise ModelError(
            f"{folder} is not an adapter: it has no {CONFIG}. Give the folder that peft's save_pretrained wrote."
        )
    try:
        found = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} is damaged, it is not JSON: {error}. Save the adapter again.") from error
    if not isinstance(found, dict):
        raise ModelError(
            f"{file} is damaged: expected a JSON object, found {type(found).__name__}. Save the adapter again."
        )
    return found


def merge(module: Any, adapter: Path) -> Any:
    """The module with the adapter merged into its weights. The module is changed.

    Raises:
        ModelError: peft is not installed, the adapter is of a kind that cannot be merged, it does not fit the model,
            or the merged model does not give the logits of peft's own forward.
    """
    import torch

    from unembed.loading.check import SLACK  # which needs torch, and the folders that need this module

    declared = _declared(adapter)
    kind, task = declared.get("peft_type"), declared.get("task_type")
    if task not in _TASKS:
        raise ModelError(
            f"The adapter in {adapter} was trained for another task ({task}), so with it the model gives scores, not a "
            "next token. Give an adapter whose task_type is CAUSAL_LM."
        )
    if declared.get("megatron_config"):
        raise ModelError(f"The adapter in {adapter} imports modules by name (megatron_config), which is not done here.")
    wrapped = _wrapped(module, adapter, kind)
    if not hasattr(wrapped.base_model, "merge_and_unload"):
        raise ModelError(
            f"The adapter in {adapter} ({kind}) cannot be merged into the weights: it adds to the prompt or the cache "
            "what is no token. Give an adapter of matrices, such as LoRA."
        )
    ids = torch.tensor([[(7919 * i + 11) % module.config.get_text_config().vocab_size for i in range(5)]])
    inputs = {"input_ids": ids} | ({"decoder_input_ids": ids} if module.config.is_encoder_decoder else {})
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = wrapped(**inputs).logits
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        merged = wrapped.merge_and_unload()
    with torch.inference_mode():
        error = float((merged(**inputs).logits.double() - own.double()).abs().max())
    allowed = SLACK * torch.finfo(module.dtype).eps * float(own.double().abs().max())
    if not error <= allowed:
        raise ModelError(
            f"The adapter in {adapter} ({kind}) merged into the weights is not what peft computes: logits differ by "
            f"{error:.2e}, where rounding explains at most {allowed:.2e}. Such an adapter depends on the prompt; give "
            "one that does not, such as plain LoRA."
        )
    return merged


def _wrapped(module: Any, adapter: Path, kind: str | None) -> Any:
    try:
        from peft import PeftModel, get_peft_model_state_dict  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ModelError("Loading adapters needs peft: pip install 'unembed[adapters]'.") from error
    from safetensors import SafetensorError, safe_open

    try:
        with warnings.catch_warnings(), no_input():
            warnings.simplefilter("ignore")
            wrapped = PeftModel.from_pretrained(module, str(adapter), local_files_only=True).eval()
        with safe_open(adapter / WEIGHTS, framework="numpy") as file:
            stored = set(file.keys())
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        ImportError,
        AttributeError,
        SafetensorError,
    ) as error:
        reason = " ".join(next(iter(str(error).strip().splitlines()), type(error).__name__).split())
        raise ModelError(
            f"The adapter in {adapter} ({kind}) does not fit the model: {reason}\n"
            f"Give the model it was trained on{_base(adapter)}."
        ) from error
    taken = set(get_peft_model_state_dict(wrapped, save_embedding_layers=False))
    left = stored - taken if len(stored - taken) else taken - stored
    if left and not all("embed" in name or "lm_head" in name for name in left):
        raise ModelError(
            f"The adapter in {adapter} does not fit the model: {len(left)} tensors have no counterpart "
            f"({min(left)}, …).\nGive the model it was trained on{_base(adapter)}."
        )
    return wrapped


def _base(adapter: Path) -> str:
    name = _declared(adapter).get("base_model_name_or_path")
    return f", {name}" if name else ""
