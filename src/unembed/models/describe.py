"""describe: find the parts of a module in memory, where the row of its family says they are."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import torch
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.families import family_of
from unembed.models.family import CrossAttention, Family
from unembed.models.layers import no_matrix, projection
from unembed.models.model import Block, Cross, Model, Stage, settings
from unembed.models.norms import Norm, no_norm, probe

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def describe(
    module: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase | None",
    *,
    name: str,
    folder: Path | None = None,
) -> Model:
    """Find the parts of a causal language model that is in memory. `wrap` does this and checks the result.

    Raises:
        ModelError: unsupported architecture, training mode, or layers that are no plain matrices.
    """
    family = family_of(module.config)
    if module.training or any(isinstance(part, nn.Dropout) and part.training for part in module.modules()):
        raise ModelError("The model is in training mode, so dropout would change every run. Call `model.eval()` first.")
    unembedding = module.get_output_embeddings()
    if type(unembedding) is not nn.Linear:
        raise no_matrix(unembedding)
    assert family.embedding is not None
    d_model = getattr(_part(module, family.embedding), "embedding_dim", unembedding.in_features)
    width = settings(module, family).hidden_size
    if unembedding.in_features != d_model or width != d_model:
        raise ModelError(
            f"The stream is {width} wide, but the embedding has {d_model} and the unembedding "
            f"{unembedding.in_features} columns: models with a projection in between are not supported."
        )
    model = _parts(module, family, d_model, tokenizer=tokenizer, name=name, folder=folder)
    model = replace(model, final_norm=model.final_norm.times(model.logit_scale))
    if family.encoder is None:
        return model
    encoder = _part(module, family.encoder.path)
    return replace(model, encoder=_parts(encoder, family.encoder.row, d_model, name=f"encoder of {name}"))


def _parts(
    module: Any, family: Family, d_model: int, *, tokenizer: Any = None, name: str, folder: Path | None = None
) -> Model:
    heads = getattr(settings(module, family), family.heads)
    return Model(
        name=name,
        module=module,
        tokenizer=tokenizer,
        family=family,
        blocks=tuple(_block(block, family, d_model, heads) for block in _part(module, family.blocks)),
        final_norm=_norm(module, family.final_norm, d_model),
        embedding_norm=None if family.embedding_norm is None else _norm(module, family.embedding_norm, d_model),
        folder=folder,
    )


def _norm(module: nn.Module, path: str | None, d_model: int) -> Norm:
    like = next(module.parameters())
    if path is None:
        return no_norm(like.new_empty(d_model))
    return probed(_part(module, path), d_model, like=like)


def _block(block: nn.Module, family: Family, d_model: int, heads: int) -> Block:
    attention, output_projection = _part(block, family.attention), _part(block, family.output_projection)
    projection(output_projection)
    experts = _experts(block, family)
    down = None if experts is not None else _part(block, family.down_projection)
    if down is not None:
        projection(down)
    attention_write, mlp_write = (_part(block, path) for path in family.writes)
    has_post_norm = attention_write not in (output_projection, attention) and not _contains(attention_write, attention)
    return Block(
        module=block,
        attention=attention,
        attention_input_norm=None if family.attention_input_norm is None else _part(block, family.attention_input_norm),
        output_projection=output_projection,
        heads=heads,
        attention_write=attention_write,
        attention_norm=probed(attention_write, d_model) if has_post_norm else None,
        mlp_write=mlp_write,
        mlp_norm=probed(mlp_write, d_model) if has_post_norm else None,
        down_projection=down,
        experts=experts,
        cross=None if family.cross_attention is None else _cross(block, family.cross_attention, heads),
        stream_norms=_stream_norms(block, family, d_model),
        value_projection=None if family.value_projection is None else _part(block, family.value_projection),
    )


def _cross(block: nn.Module, row: CrossAttention, heads: int) -> Cross:
    cross = Cross(
        attention=_part(block, row.attention),
        value_projection=_part(block, row.value_projection),
        output_projection=_part(block, row.output_projection),
        heads=heads,
    )
    projection(cross.value_projection)
    projection(cross.output_projection)
    return cross


def _stream_norms(block: nn.Module, family: Family, d_model: int) -> dict[Stage, tuple[nn.Module, Norm]]:
    stages: tuple[Stage, ...] = ("attention", "mlp") if family.cross_attention is None else get_args(Stage)
    modules = [_part(block, path) for path in family.stream_norms]
    return {stage: (module, probed(module, d_model)) for stage, module in zip(stages, modules, strict=False)}


def _experts(block: nn.Module, family: Family) -> nn.Module | None:
    """The block's experts; None for a dense block (also of a mixture whose first blocks are dense)."""
    if family.experts is None:
        return None
    parent, _, name = family.experts.rpartition(".")
    experts = getattr(_part(block, parent), name, None)
    if experts is not None and not getattr(experts, "down_proj", torch.empty(0)).is_floating_point():
        raise no_matrix(experts)
    return experts


def _contains(module: nn.Module, part: nn.Module) -> bool:
    return any(child is part for child in module.modules())


def _part(module: nn.Module, path: str) -> Any:
    try:
        return module.get_submodule(path)
    except AttributeError as error:
        raise ModelError(
            f"Expected {type(module).__name__} to have a part {path!r}, found none ({error}).\n"
            "The installed transformers differs from the one this row was written for (docs/families.md)."
        ) from error


def probed(norm: nn.Module, d_model: int, like: Tensor | None = None) -> Norm:
    """What a norm of the model does; `like` tells dtype and device of one without weights."""
    weight = next(norm.parameters(), like)
    if weight is None:
        return probe(norm, d_model, dtype=torch.get_default_dtype(), device=torch.device("cpu"))
    return probe(norm, d_model, dtype=weight.dtype, device=weight.device)
