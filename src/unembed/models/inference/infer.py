"""infer: the structure and the row of a type that no row describes, from a tiny random copy of its configuration.

What is found is a hypothesis about the model itself: the load check proves it on the real weights, or refuses it.
"""

import json
from dataclasses import replace
from typing import Any

import torch

from unembed.errors import ModelError
from unembed.models.family import Family
from unembed.models.inference.rows import row_of
from unembed.models.inference.structure import Structure, structure_of
from unembed.models.inference.tiny import VOCABULARY, tiny_copy

_LENGTHS = (7, 9)
"""Of the two prompts on which a structure is found."""
_LEAST = 3
"""The first token of a prompt: below it stand the special tokens of most vocabularies."""
_found: dict[tuple[Any, str], Family] = {}


def infer(module: Any) -> Structure:
    """The structure of a causal language model of transformers, of whatever type.

    A tiny random copy of its configuration runs on two short prompts; one logit of each is walked back. The module
    itself is not run.

    Raises:
        ModelError: a logit is not the sum of what its blocks write, or something else than the scale of a norm would
            have to be frozen on its stream.
    """
    return _inferred(type(module), module.config)


def is_causal(kind: Any) -> bool:
    """Whether a class is one of transformers' causal language models."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    known = {name for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() for name in _names(names)}
    return any(base.__name__ in known and base.__module__.startswith("transformers.") for base in kind.__mro__)


def causal_class(model_type: str) -> str | None:
    """The name of transformers' causal language model of a type, or None."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return next(iter(_names(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(model_type, ()))), None)


def _names(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def inferred_row(kind: Any, config: Any) -> Family:
    """The row of a class of modules with a configuration, found by inference; remembered in this process.

    Raises:
        ModelError: it has no structure that a row can tell.
    """
    key = (kind, json.dumps(config.to_dict(), sort_keys=True, default=str))
    if key not in _found:
        _found[key] = row_of(_inferred(kind, config), config)
    return _found[key]


def _inferred(kind: Any, config: Any) -> Structure:
    copy = tiny_copy(kind, config)
    first, second = (_structure(copy, length) for length in _LENGTHS)
    if replace(first, error=0.0) != replace(second, error=0.0):
        raise ModelError(
            f"The structure of a {config.model_type} is another for {_LENGTHS[0]} tokens than for {_LENGTHS[1]}, so no "
            "row can tell it."
        )
    return first


def _structure(copy: Any, length: int) -> Structure:
    generator = torch.Generator().manual_seed(length)
    tokens = torch.randint(_LEAST, VOCABULARY // 2, (1, length), generator=generator)
    try:
        return structure_of(copy, {"input_ids": tokens, "use_cache": False})
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError) as error:
        raise ModelError(
            f"A tiny copy of a {copy.config.model_type} could not be run and walked back: "
            f"{next(iter(str(error).splitlines()), type(error).__name__)}\n"
            "A row of its family says where its parts are (docs/families.md)."
        ) from error
