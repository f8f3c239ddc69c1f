"""A folder as a module and a tokenizer: what it may not be, and whether every tensor found its place.

The order matters: what config.json alone tells is refused first, so that nobody installs a package or fetches anything
for a folder that is refused afterwards.
"""

import contextlib
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from unembed.errors import ModelError
from unembed.files import parse_json
from unembed.loading.declared import check_architecture, check_code, check_own_code, check_quantisation
from unembed.loading.folders import has_tokenizer, tensors_in
from unembed.loading.generation_file import check_generation
from unembed.loading.library_bars import quiet, swapped
from unembed.models.families import family_of, has_row, row
from unembed.models.family import Family
from unembed.models.inference.infer import causal_class, inferred_row
from unembed.models.pretrained import from_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CAUSAL = "AutoModelForCausalLM"
_COMPILED = {r"(^|\.)_orig_mod\.": r"\1"}
"""What torch.compile puts into the names of tensors, wherever it was applied."""
_NO_WEIGHT = re.compile(r"(inv_freq|masked_bias|attn\.bias|attention\.bias|version|position_ids)$|^v_head\.")
"""Tensors that files carry and no logit depends on: buffers that are computed, and a value head of training."""

_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, ImportError)
"""What transformers raises on a folder that is damaged."""


def module_of(folder: Path, dtype: torch.dtype | str) -> "PreTrainedModel":
    """The language model in a folder that `folders.checked` passed.

    Raises:
        ModelError: it is none, it is damaged, or its tensors are not those that its configuration describes.
    """
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    declared = parse_json((folder / "config.json").read_text(encoding="utf-8"))
    with quiet(), _as_model_error(folder, SafetensorError, StrictDataclassError):
        model_type = declared.get("model_type", "none")
        inferred = not has_row(model_type) and causal_class(model_type) is not None
        if not has_row(model_type) and not inferred:
            check_own_code(folder, declared)
        described = None if inferred else row(model_type)
        check_code(folder, declared)
        check_quantisation(folder, declared)
        check_generation(folder)
        if described is not None and described.code is not None:
            importlib.import_module(described.code)
        config, stored = from_folder("AutoConfig", folder), tensors_in(folder)
        if described is None:
            kind = _class(_CAUSAL, config)
            check_architecture(folder, declared, kind.__name__)
            described = family = inferred_row(kind, config)
        else:
            _choose_head(config, described, stored)
            family = family_of(config)
            check_architecture(folder, declared, _class(described.loader, config).__name__, family)
        options = {"config": config, "dtype": described.runs_in or dtype if dtype == "auto" else dtype}
        _check_floats(folder, stored)
        renaming = _COMPILED if any("_orig_mod." in name for name in stored) else {}
        module, report = _loaded(folder, described.loader, options, renaming)
        if (prefix := _prefix(report)) is not None:
            module, report = _loaded(folder, described.loader, options, renaming | {f"^{re.escape(prefix)}": ""})
    _check_shapes(folder, report)
    report["unexpected_keys"] = [name for name in report["unexpected_keys"] if not _is_unread(name, family)]
    _check_complete(folder, family, report)
    _check_all_used(folder, family.blocks, report)
    return module


def tokenizer_of(folder: Path) -> "PreTrainedTokenizerBase | None":
    """The folder's tokenizer, or None where there is none (prompts are token ids then)."""
    if not has_tokenizer(folder):
        return None
    with quiet(), _as_model_error(folder):
        return from_folder("AutoTokenizer", folder)


def _choose_head(config: Any, described: Family, stored: Iterable[str]) -> None:
    """Configure the prediction head that the weights hold: published folders of DeBERTa do not say which it is."""
    usual, other = described.prediction_head, described.other_head
    if usual is None or other is None or any(usual.dense in name for name in stored):
        return
    if any(other.head.dense in name for name in stored):
        setattr(config, other.attribute, other.value)


def _class(loader: str, config: Any) -> Any:
    """The class that transformers builds for a configuration."""
    import transformers

    return getattr(transformers, loader)._model_mapping[type(config)]


def _loaded(folder: Path, loader: str, options: dict[str, Any], renaming: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """The module and transformers' report; an adapter beside the weights is never applied on the way."""
    by_itself = (
        swapped("transformers.models.auto.auto_factory", "is_peft_available", lambda *_: False),
        swapped("transformers.modeling_utils", "maybe_load_adapters", lambda path, *_, **__: (None, path, {})),
    )
    with by_itself[0], by_itself[1]:
        told = {"output_loading_info": True, "ignore_mismatched_sizes": True}  # ignored here, refused just after
        return from_folder(loader, folder, **options, key_mapping=renaming or None, use_safetensors=True, **told)


def _prefix(report: dict[str, Any]) -> str | None:
    """What stands before the name of every missing tensor among those that found no place; None if nothing does."""
    missing, surplus = report["missing_keys"], report["unexpected_keys"]
    if not missing or not surplus:
        return None
    some = min(missing)
    for name in sorted(surplus):
        prefix = name.removesuffix(some)
        if name.endswith("." + some) and all(prefix + key in surplus for key in missing):
            return prefix
    return None


def _check_floats(folder: Path, stored: dict[str, str]) -> None:
    """transformers casts integers to floats without a word, also those that are codes of an undeclared quantisation."""
    odd = sorted(name for name, dtype in stored.items() if "F" not in dtype and not _NO_WEIGHT.search(name))
    if odd:
        raise ModelError(
            f"The weights in {folder} hold {len(odd)} tensors that are no floating-point numbers ({odd[0]} is "
            f"{stored[odd[0]]}), as quantised weights are, and its config.json does not say how they are meant.\n"
            "Give the model before it was quantised, or a GGUF file of it."
        )


def _check_shapes(folder: Path, report: dict[str, Any]) -> None:
    wrong = sorted((name, list(found), list(described)) for name, found, described in report["mismatched_keys"])
    if wrong:
        name, found, described = wrong[0]
        raise ModelError(
            f"The weights in {folder} are not of the shapes that its config.json describes: {name} is {found}, "
            f"expected {described}{f', and {len(wrong) - 1} more differ' if len(wrong) > 1 else ''}.\n"
            "Give a folder whose config.json was saved together with these weights."
        )


def _is_unread(name: str, family: Family) -> bool:
    return _NO_WEIGHT.search(name) is not None or name.startswith(family.unread)


def _check_complete(folder: Path, family: Family, report: dict[str, Any]) -> None:
    missing = sorted(report["missing_keys"])
    if not missing:
        return
    found = sorted(report["unexpected_keys"])
    if family.prediction_head is not None and not any("head" in name or "predict" in name for name in found):
        of_head = [name for name in missing if name.startswith(family.prediction_head.dense)]
        if of_head:
            raise _without_head(folder, family, of_head)
    adapted = any(".base_layer." in name or ".lora_" in name for name in found)
    if adapted:
        what = "They hold an adapter that was not merged: call merge_and_unload on the model, then save_pretrained."
    elif found:
        what = f"They have tensors of other names instead ({_some(found)}): save the model itself with save_pretrained."
    else:
        what = "Copy or fetch the folder again, whole."
    needs = f"{len(missing)} tensors that {family.model_type} needs"
    raise ModelError(f"The weights in {folder} lack {needs} ({_some(missing)}).\n{what}")


def _without_head(folder: Path, family: Family, missing: list[str]) -> ModelError:
    return ModelError(
        f"The weights in {folder} have no prediction head ({', '.join(missing)}), so the model fills no blanks: they "
        f"are the body of a {family.model_type}, of which sentence embedders and classifiers are made.\nGive a folder "
        "that holds the head as well, as masked language models are published."
    )


def _check_all_used(folder: Path, blocks: str, report: dict[str, Any]) -> None:
    surplus = sorted(report["unexpected_keys"])
    inside = [key for key in surplus if f"{blocks}." in key]
    if surplus:
        where = "of blocks that" if inside else "for which"
        place = " does not describe" if inside else " has no place"
        raise ModelError(
            f"The weights in {folder} hold {len(surplus)} tensors {where} its config.json{place} "
            f"({_some(inside or surplus)}), so part of the model would be left out.\n"
            "Give a folder whose config.json was saved together with these weights."
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:2]) + (", …" if len(names) > 2 else "")


@contextlib.contextmanager
def _as_model_error(folder: Path, *more: type[Exception]) -> Iterator[None]:
    """What transformers raises on a folder that is damaged, as one message."""
    try:
        yield
    except (ModelError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        if (
            not isinstance(error, (*_DAMAGE, *more)) and type(error) is not Exception
        ):  # the tokenizers library raises that
            raise
        raise ModelError(
            f"transformers cannot load the model in {folder}: {_reason(error)}\n"
            "Its configuration and weights do not belong together, or are damaged: copy or fetch the folder again."
        ) from error


def _reason(error: Exception) -> str:
    """In one line; of a word that transformers looks up in a table of its own, which word."""
    said = " ".join(str(error).split()) or type(error).__name__
    return f"it knows no {said}" if isinstance(error, KeyError) else said[:300]
