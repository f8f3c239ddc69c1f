"""What a folder's config.json declares that a language model of the same tensors is not: refused with the reason.

transformers builds the language model of a `model_type` whatever the folder was made for. Where the tensors fit, as
those of a classifier with a tied embedding do, it answers, and the answer means nothing.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unembed.errors import ModelError
from unembed.files import parse_json
from unembed.models.family import Family

_SCORES = ("Classification", "QuestionAnswering", "RewardModel", "MultipleChoice", "SequenceScoring")
"""How the names of classes end, or nearly, that give scores in the place of a next token."""
_PICKS_CODE = ("attn_implementation", "_attn_implementation", "experts_implementation", "_experts_implementation")
"""Values of a configuration that can name code on the hub, which transformers fetches and runs."""


def check_quantisation(folder: Path, declared: dict[str, Any]) -> None:
    """Refuse weights that are stored as anything but the matrix, before a library is asked to unpack them.

    Raises:
        ModelError: the configuration tells of a quantisation.
    """
    parts = [declared, *(part for part in declared.values() if isinstance(part, dict))]
    found = next((part["quantization_config"] for part in parts if part.get("quantization_config")), None)
    if found is None:
        return
    method = found.get("quant_method") if isinstance(found, dict) else None
    raise ModelError(
        f"The weights in {folder} are quantised ({method or 'config.json has a quantization_config'}), so there is no "
        "plain matrix to take apart.\n"
        f"Give the folder or hub id of the model before it was quantised{_base(declared)}, or a GGUF file of it, which "
        "is dequantised as it is converted."
    )


def check_code(folder: Path, declared: dict[str, Any]) -> None:
    """Refuse a configuration by which transformers would fetch code from the hub and run it.

    Raises:
        ModelError: it names an implementation that is not one of torch or transformers.
    """
    for key, value in _items(declared):
        if key in _PICKS_CODE and isinstance(value, str) and ("/" in value or ":" in value):
            raise ModelError(
                f"config.json in {folder} asks for code from the hub ({key}: {value!r}), and no model brings code "
                f"here. Remove {key!r} from config.json: what it computes is what transformers' own attention does."
            )


def check_own_code(folder: Path, declared: dict[str, Any]) -> None:
    """Refuse a model of a type that transformers does not know, and that comes with its code.

    Raises:
        ModelError: it names code of its own.
    """
    if "auto_map" in declared:
        raise ModelError(
            f"config.json in {folder} describes a {declared.get('model_type')!r}, which transformers does not know: "
            "its code comes with it (auto_map). Code of a folder is never run here.\n"
            "Give a model whose classes transformers brings itself (docs/any-model.md)."
        )


def check_architecture(folder: Path, declared: dict[str, Any], built: str, family: Family | None = None) -> None:
    """Refuse a folder that was written by another class than the language model that transformers builds of it.

    Args:
        folder: for the message.
        declared: config.json.
        built: the name of the class that transformers builds.
        family: the row of the model; None where it is inferred afterwards.

    Raises:
        ModelError: a classifier, an embedding model, a model without an unembedding, or a class of the folder's own.
    """
    _check_embedding(folder, declared)
    names = declared.get("architectures") or [built]
    names = [str(name) for name in (names if isinstance(names, list) else [names])]
    if any(_same(name, built) or (family is not None and name == family.pretrained_as) for name in names):
        return
    name = names[0]
    found = f"config.json in {folder} says that it holds a {name}"
    if any(part in name for part in _SCORES):
        labels = [str(label) for label in (declared.get("id2label") or {}).values()]
        scores = f" ({', '.join(labels[:4])}{', …' if len(labels) > 4 else ''})" if labels else ""
        raise ModelError(
            f"{found}, which gives scores{scores}, not a next token: it is no language model, and a {built} made of "
            f"its tensors would explain what nobody trained.\nGive the language model{_base(declared)}."
        )
    if "auto_map" in declared:
        raise ModelError(
            f"{found}, a class of the folder's own code (auto_map), which is never run here; transformers' {built} may "
            f'compute something else.\nIf it computes the same, set "architectures" to ["{built}"] in config.json.'
        )
    if name.endswith("Model") and family is not None and family.prediction_head is not None:
        raise ModelError(
            f"{found}: the body of a model, without a prediction head, as sentence embedders are. It gives vectors of "
            f"texts and fills no blanks.\nGive a folder that holds the head as well (a {built}){_base(declared)}."
        )
    if name.endswith("ForPreTraining"):
        raise ModelError(
            f"{found}, which tells tokens that were replaced from those that were not: a discriminator, which fills no "
            f"blanks.\nGive the generator that was trained beside it (a {built}){_base(declared)}."
        )
    if name.endswith("Model"):
        raise ModelError(
            f"{found}: the body of a model, without an unembedding, as embedding models are.\nIf it is a language "
            f'model whose unembedding is its embedding, set "architectures" to ["{built}"] in config.json.'
        )
    raise ModelError(
        f"{found}, but transformers makes a {built} of it, which is another model.\n"
        f'Give a language model; if it is one, set "architectures" to ["{built}"] in config.json.'
    )


def _check_embedding(folder: Path, declared: dict[str, Any]) -> None:
    """Some embedding models keep the class of the language model they were made of; modules.json tells them."""
    with contextlib.suppress(OSError, ValueError):
        modules = parse_json((folder / "modules.json").read_text(encoding="utf-8"))
        if any(str(value).endswith("Pooling") for key, value in _items(modules) if key == "type"):
            raise ModelError(
                f"modules.json in {folder} says that it holds an embedding model of sentence-transformers, which gives "
                f"vectors of texts, not a next token.\nGive the language model{_base(declared)}."
            )


def _same(name: str, built: str) -> bool:
    """By whatever letters (`LLaMAForCausalLM`); of encoder-decoders also the body, under which BART is published."""
    body = "ForConditionalGeneration"
    known = {built, built.replace(body, "WithLMHeadModel")} | (
        {built.removesuffix(body) + "Model"} if built.endswith(body) else set()
    )
    return name.lower() in {other.lower() for other in known}


def _base(declared: dict[str, Any]) -> str:
    """The name that transformers wrote into a folder of the model it was made of, where it did."""
    name = declared.get("_name_or_path")
    return f" it was made of (config.json names {name})" if isinstance(name, str) and name else ""


def _items(tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _items(part)
