"""infer: the structure and the row of a type that no row describes, from a tiny random copy of its configuration.

What is found is a hypothesis about the model itself: the load check proves it on the real weights, or refuses it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import torch

from unembed.errors import ModelError
from unembed.models.family import Family
from unembed.models.hooks import through_interface
from unembed.models.inference.kinds import kinds_told
from unembed.models.inference.reading import structure_of
from unembed.models.inference.rows import row_of
from unembed.models.inference.scales import for_sizes_of
from unembed.models.inference.structure import Structure, Write
from unembed.models.inference.tiny import VOCABULARY, own_part, tiny_copy
from unembed.models.norms import probed

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
    return _read_off(tiny_copy(type(module), module.config))


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
        copy = tiny_copy(kind, config)
        _found[key] = for_sizes_of(row_of(_read_off(copy), copy.config), copy.config, own_part(config, kind))
    return _found[key]


def _read_off(copy: Any) -> Structure:
    with _default_float64():
        return _in_float64(copy)


def _in_float64(copy: Any) -> Structure:
    first, second = (_structure(copy, length) for length in _LENGTHS)
    differing = [
        x.name for x in fields(first) if x.name != "error" and getattr(first, x.name) != getattr(second, x.name)
    ]
    if differing:
        raise ModelError(
            f"The structure of a {copy.config.model_type} is another for {_LENGTHS[0]} tokens than for {_LENGTHS[1]} "
            f"({', '.join(differing)}), so no row can tell it."
        )
    _check_causal(copy)
    first = _absent_norms_told(copy, kinds_told(copy, first, _inputs(_LENGTHS[0])))
    return replace(first, observed=not _by_interface(copy, first), gated_reads=_gated_reads(copy, first))


def _check_causal(copy: Any) -> None:
    """Refuse what reads later tokens: the first logits must not move with the last token."""
    given = _inputs(_LENGTHS[0])
    other = given["input_ids"].clone()
    other[0, -1] = _LEAST + (int(other[0, -1]) + 1 - _LEAST) % (VOCABULARY // 2 - _LEAST)
    with torch.no_grad():
        plain, moved = (copy(**given | {"input_ids": ids}).logits[0, :-1] for ids in (given["input_ids"], other))
    if float((plain - moved).abs().max()) > 1e-9 * float(plain.abs().max()):
        switch = (
            " Its configuration says is_decoder=False." if getattr(copy.config, "is_decoder", True) is False else ""
        )
        raise ModelError(
            f"A {copy.config.model_type} of this configuration reads later tokens as well, so it predicts no next "
            f"token.{switch}"
        )


def _absent_norms_told(copy: Any, structure: Structure) -> Structure:
    """The structure with the norm that attention reads through also where a block has an identity in its place."""
    norm = next((x.input_norm for x in structure.of("heads") if x.input_norm is not None), None)

    def told(write: Write) -> Write:
        absent = norm is not None and write.kind == "heads" and write.input_norm is None
        part = dict(copy.get_submodule(f"{structure.blocks}.{write.block}").named_modules()).get(norm or "")
        return replace(write, input_norm=norm) if absent and isinstance(part, torch.nn.Identity) else write

    return replace(structure, writes=tuple(map(told, structure.writes)))


def _gated_reads(copy: Any, structure: Structure) -> bool:
    """Whether attention reads the stream through what is no norm: with a gate in it, say."""
    paths = {f"{structure.blocks}.{x.block}.{x.input_norm}" for x in structure.of("heads") if x.input_norm is not None}
    width = copy.get_input_embeddings().weight.shape[-1]
    try:
        for path in sorted(paths):
            probed(copy.get_submodule(path), width)
    except ModelError:
        return True
    return False


def _by_interface(copy: Any, structure: Structure) -> bool:
    """Whether every attention of a structure calls the interface of transformers."""
    attends = {copy.get_submodule(f"{structure.blocks}.{x.block}.{x.attends}") for x in structure.of("heads")}
    with torch.no_grad():
        found = through_interface(copy, lambda: copy(**_inputs(_LENGTHS[0])))
    return attends <= found


def _inputs(length: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(length)
    tokens = torch.randint(_LEAST, VOCABULARY // 2, (1, length), generator=generator)
    return {"input_ids": tokens, "use_cache": False}


@contextmanager
def _default_float64() -> Iterator[None]:
    """New tensors are of float64: some modules make one that is to hold the least number of the run's dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _structure(copy: Any, length: int) -> Structure:
    try:
        return structure_of(copy, _inputs(length))
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError) as error:
        raise ModelError(
            f"A tiny copy of a {copy.config.model_type} could not be run and walked back: it needs more than token "
            "ids, or does something that the walk does not know.\n"
            "A row of its family says where its parts are (docs/families.md)."
        ) from error
