"""Adapters of peft: applied only where they are asked for, and merged into the weights.

A merged adapter leaves plain matrices, which is what everything here is computed from. That merging changes nothing but
rounding is checked on the spot: the merged model must give the logits that peft's own forward gives.

What the files say is looked at before peft builds anything of them: it would fetch other models for some kinds.
"""

import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from unembed.errors import ModelError
from unembed.files import parse_json
from unembed.models.pretrained import no_input

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_NO_ADAPTER = "none"
"""What is given for an adapter to take a folder's weights without the adapter that lies beside them."""
_TASKS = (None, "CAUSAL_LM", "SEQ_2_SEQ_LM")
_VECTORS = ("ADAPTION_PROMPT", "CARTRIDGE", "CPT", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING")
_VECTORS += ("PROMPT_TUNING",)
"""Kinds that add to the prompt, the cache or the attention what is no token and no matrix."""
_MATRICES = ("LORA", "ADALORA", "BOFT", "BONE", "C3A", "FOURIERFT", "HRA", "IA3", "LN_TUNING", "LOHA", "LOKR", "MISS")
_MATRICES += ("OFT", "RANDLORA", "ROAD", "SHIRA", "TRAINABLE_TOKENS", "VBLORA", "VERA")
"""Kinds whose change of a weight does not depend on what the model reads. Others may, or may load further models."""
_BY_PROMPT = ("alora_invocation_tokens", "arrow_config")
"""Settings by which a LoRA depends on what the model reads."""
_MERGED_BY_PEFT = "merge it with peft (merge_and_unload), call save_pretrained, and give that folder as the model."


def adapter_asked(folder: Path, asked: str | Path | None) -> str | None:
    """The name of the adapter that is to be merged into the model in `folder`; None for none.

    Raises:
        ModelError: an adapter lies beside the weights and nobody said whether it is meant.
    """
    if asked is None and (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} holds an adapter ({CONFIG}) beside the weights of a model.\nSay which is meant: "
            f"--adapter {folder} merges it, --adapter {_NO_ADAPTER} leaves it out (adapter= in Python)."
        )
    return None if asked is None or str(asked) == _NO_ADAPTER else str(asked)


def checked_adapter(folder: Path) -> Path:
    """`folder`, if it holds a readable configuration of an adapter and safetensors.

    Raises:
        ModelError: it does not.
    """
    _declared(folder)
    if (folder / WEIGHTS).is_file():
        return folder
    if found := sorted(file.name for file in folder.glob("adapter_model.*")):
        raise ModelError(
            f"{folder} has no {WEIGHTS} (weights found: {', '.join(found)}). A pickle can run code when it is loaded "
            "and is not read.\nSave the adapter again with peft's save_pretrained, which writes safetensors."
        )
    raise ModelError(f"{folder} is incomplete: it has no {WEIGHTS}. Copy or fetch the adapter again, whole.")


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no model."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def refuse_adapter(folder: Path) -> None:
    """Refuse a folder that holds an adapter and no model, and say how to load it.

    Raises:
        ModelError: it does.
    """
    if is_adapter(folder):
        base = _declared(folder).get("base_model_name_or_path") or "BASE"
        raise ModelError(
            f"{folder} is an adapter of {base}, not a model: it changes that model's weights.\n"
            f"Load both: --model {base} --adapter {folder} (in Python, load({str(base)!r}, adapter={str(folder)!r}))."
        )


def _declared(folder: Path) -> dict[str, Any]:
    file = folder / CONFIG
    if not file.is_file():
        inside = ", ".join(str(found.parent) for found in sorted(folder.glob(f"*/{CONFIG}")))
        raise ModelError(
            f"{folder} is not an adapter: it has no {CONFIG}. Give the folder that peft's save_pretrained wrote"
            f"{f', such as {inside}' if inside else ''}."
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
        ModelError: peft is not installed, the adapter is damaged or of a kind that cannot be merged, it does not fit
            the model, or the merged model does not give the logits of peft's own forward.
    """
    import torch

    from unembed.loading.check import SLACK  # which needs torch, and the folders that need this module

    kind = _mergeable(adapter)
    shapes = _shapes(adapter)
    _fit_vocabulary(module, adapter, shapes)
    wrapped = _wrapped(module, adapter, kind, set(shapes))
    _unshare(wrapped)
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
    # Some kinds compute their change in float32 whatever the weights are.
    unit = max(torch.finfo(module.dtype).eps, torch.finfo(torch.float32).eps)
    allowed = SLACK * unit * float(own.double().abs().max())
    if not error <= allowed:
        raise ModelError(
            f"The adapter in {adapter} ({kind}) merged into the weights is not what peft computes: logits differ by "
            f"{error:.2e}, where rounding explains at most {allowed:.2e}. What it does cannot be written as weights of "
            "this model.\nGive an adapter that only adds matrices, such as plain LoRA."
        )
    return merged


def _mergeable(adapter: Path) -> str:
    """The kind of an adapter, by its configuration; refused where it cannot become weights."""
    declared = _declared(adapter)
    kind, task = declared.get("peft_type"), declared.get("task_type")
    if task not in _TASKS:
        raise ModelError(
            f"The adapter in {adapter} was trained for another task ({task}), so with it the model gives scores, not a "
            "next token. Give an adapter whose task_type is CAUSAL_LM."
        )
    if kind in _VECTORS:
        raise ModelError(
            f"The adapter in {adapter} ({kind}) cannot be merged into the weights: it adds to the prompt or the cache "
            "what is no token. Give an adapter of matrices, such as LoRA."
        )
    if kind not in _MATRICES:
        raise ModelError(
            f"The adapter in {adapter} is of the kind {kind!r}, which is not merged here: expected one of "
            f"{', '.join(_MATRICES)}.\nIf it only changes weights, {_MERGED_BY_PEFT}"
        )
    if declared.get("megatron_config"):
        raise ModelError(f"The adapter in {adapter} imports modules by name (megatron_config), which is not done here.")
    if found := next((key for key in _BY_PROMPT if declared.get(key)), None):
        raise ModelError(
            f"The adapter in {adapter} acts on some prompts or positions, not on others ({found}), so it is no change "
            "of the weights.\nGive an adapter without it."
        )
    return str(kind)


def _shapes(adapter: Path) -> dict[str, list[int]]:
    """The shapes of an adapter's tensors, each of which must be finite."""
    import torch
    from safetensors import SafetensorError, safe_open

    file = adapter / WEIGHTS
    try:
        with safe_open(file, framework="pt") as tensors:
            stored = {name: tensors.get_tensor(name) for name in list(tensors.keys())}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} is truncated or damaged ({error}). Save or fetch the adapter again.") from error
    if broken := [name for name, tensor in stored.items() if not bool(torch.isfinite(tensor.float()).all())]:
        raise ModelError(
            f"{file} holds NaN or infinity in {len(broken)} of its {len(stored)} tensors ({min(broken)}, …), as after "
            "a training that diverged.\nGive an adapter that was saved earlier, or trained again."
        )
    return {name: list(tensor.shape) for name, tensor in stored.items()}


def _fit_vocabulary(module: Any, adapter: Path, shapes: dict[str, list[int]]) -> None:
    """Give a model as many tokens as the one that an adapter was trained on, which holds what they are then."""
    names = {id(part): name for name, part in module.named_modules()}
    ends = {names.get(id(part)): part for part in (module.get_input_embeddings(), module.get_output_embeddings())}
    inside = r"(token_adapter\.|base_layer\.|modules_to_save\.|original_module\.)*weight$"
    rows = {
        end: shape[0]
        for end in ends
        for name, shape in shapes.items()
        if end and re.search(rf"(^|\.){re.escape(end)}\.{inside}", name) and len(shape) == 2
    }
    changed = {end: count for end, count in rows.items() if count != len(ends[end].weight)}
    if not changed:
        return
    if len(set(rows.values())) > 1 or rows.keys() != ends.keys():
        (end, count), *_ = changed.items()
        raise ModelError(
            f"The adapter in {adapter} was trained on a model of {count:,} tokens ({end}), where this one has "
            f"{len(ends[end].weight):,}, and it does not hold the rest of a vocabulary of that size.\n"
            f"Give the model with its resized vocabulary, or {_MERGED_BY_PEFT}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module.resize_token_embeddings(next(iter(changed.values())), mean_resizing=False)


def _wrapped(module: Any, adapter: Path, kind: str, stored: set[str]) -> Any:
    try:
        from peft import PeftModel, get_peft_model_state_dict  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ModelError("Loading adapters needs peft: pip install 'unembed[adapters]'.") from error

    unfit = (OSError, ValueError, LookupError, TypeError, RuntimeError, ImportError, AttributeError, ArithmeticError)
    unfit += (re.error,)
    try:
        with warnings.catch_warnings(), no_input():
            warnings.simplefilter("ignore")
            wrapped = PeftModel.from_pretrained(module, str(adapter), local_files_only=True).eval()
    except unfit as error:
        reason = " ".join(" ".join(str(error).strip().splitlines()[:2]).split()) or type(error).__name__
        raise ModelError(
            f"The adapter in {adapter} ({kind}) does not fit the model: {reason[:300]}\n"
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


def _unshare(wrapped: Any) -> None:
    """Give a weight of its own to each place that an adapter changes and that shares its weight with another place.

    A tied unembedding is the embedding's own weight: what is merged into one of them would change both.
    """
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer  # pyright: ignore[reportMissingImports]

    places = Counter(id(weight) for _, weight in wrapped.named_parameters(remove_duplicate=False))
    for layer in wrapped.modules():
        base = getattr(layer, "base_layer", None) if isinstance(layer, BaseTunerLayer) else None
        for name, weight in [] if base is None else list(base.named_parameters(recurse=False)):
            if places[id(weight)] > 1:
                setattr(base, name, torch.nn.Parameter(weight.detach().clone(), requires_grad=False))


def _base(adapter: Path) -> str:
    name = _declared(adapter).get("base_model_name_or_path")
    return f", {name}" if name else ""
