"""describe: find the parts of a module in memory, where the row of its family says they are."""

import operator
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.families import family_of, has_row, row
from unembed.models.family import CrossAttention, Family
from unembed.models.gains import with_gains
from unembed.models.inference.infer import inferred_row, is_causal
from unembed.models.layers import floats_of, matrix_shape, no_matrix, projection
from unembed.models.model import Block, Cross, Model, Stage, settings
from unembed.models.norms import Norm, no_norm, probed
from unembed.models.prediction_head import PredictionHead
from unembed.models.shared import with_own_blocks

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
    family = _family(module)
    if module.training or any(isinstance(part, nn.Dropout) and part.training for part in module.modules()):
        raise ModelError("The model is in training mode, so dropout would change every run. Call `model.eval()` first.")
    unembedding = module.get_output_embeddings()
    if unembedding is None and family.prediction_head is not None:
        raise ModelError(
            f"{type(module).__name__} has no prediction head, as sentence embedders and classifiers have none, so it "
            "fills no blanks.\nGive the masked language model it was made of (AutoModelForMaskedLM)."
        )
    if unembedding is None:
        raise ModelError(
            f"{type(module).__name__} has no unembedding, so it gives no logits of a next token: it is no "
            "language model.\nGive the language model it was made of (AutoModelForCausalLM, or AutoModelForSeq2SeqLM)."
        )
    if type(unembedding) is not nn.Linear:
        raise no_matrix(unembedding)
    if family.embedding is None:
        raise ModelError(f"The row of {family.model_type} names no embedding: only an encoder may leave it out.")
    if (family.encoder is None) != (family.cross_attention is None):
        raise ModelError(f"The row of {family.model_type} needs both of encoder and cross_attention, or none.")
    given, module = module, with_own_blocks(module, family)
    family = _present(module, family)
    head, tied = _prediction_head(module, family), _tied_unembedding(module, family)
    unembedding = unembedding if tied is None else tied
    # The columns, not in_features, which may be stale where a library swapped the matrix.
    d_model = _width(module, family, unembedding.weight.shape[-1], head)
    model = with_gains(_parts(module, family, d_model, tokenizer=tokenizer, name=name, folder=folder))
    model = replace(model, final_norm=model.final_norm.times(model.logit_scale), given=given)
    model = replace(model, prediction_head=head, tied_unembedding=tied)
    if family.encoder is None:
        return model
    encoder = _part(module, family.encoder.path)
    if family.encoder.row.value_projection is None:
        raise ModelError(
            f"The row of the encoder of {family.model_type} names no value_projection: without it no readout can be "
            "pulled back to the words of the source."
        )
    return replace(model, encoder=_parts(encoder, family.encoder.row, d_model, name=f"encoder of {name}"))


def _family(module: Any) -> Family:
    """The row of a module: by hand where there is one, else inferred."""
    model_type = module.config.model_type
    if not is_causal(type(module)) or (has_row(model_type) and _is_of(module, row(model_type).loader)):
        return family_of(module.config)
    return inferred_row(type(module), module.config)


def _is_of(module: Any, loader: str) -> bool:
    """Whether a loader of `transformers` makes such modules: a BERT that is a decoder has BERT's model type, too."""
    import transformers

    made = getattr(transformers, loader)._model_mapping.get(type(module.config), None)
    return made is None or isinstance(module, made)


def _present(module: nn.Module, family: Family) -> Family:
    """The row without the parts that this model does without, where the row says that some do."""
    paths = {name: getattr(family, name) for name in family.may_lack}
    return replace(family, **{name: None for name, path in paths.items() if path and not _has(module, path)})


def _has(module: nn.Module, path: str) -> bool:
    try:
        return isinstance(module.get_submodule(path), nn.Module)
    except AttributeError:
        return False


def _width(module: Any, family: Family, read: int, head: PredictionHead | None) -> int:
    """The width of the stream, as embedding, unembedding and configuration agree on it."""
    width = settings(module, family).hidden_size
    assert family.embedding is not None
    embedded = getattr(_part(module, family.embedding), "embedding_dim", read)
    into = family.embedding_projection
    made = embedded if into is None else matrix_shape(_part(module, into))[1]
    given = read if head is None else matrix_shape(head.dense)[0]
    if given != width or made != width:
        raise ModelError(
            f"The stream is {width} wide, but the embedding has {made} and the unembedding {given} columns: models "
            "with a projection in between are not supported, but where their row names it."
        )
    return width


def _prediction_head(module: nn.Module, family: Family) -> PredictionHead | None:
    row = family.prediction_head
    if row is None:
        return None
    from transformers.activations import ACT2FN

    dense, norm = _part(module, row.dense), _part(module, row.norm)
    activation = ACT2FN[row.activation] if row.activation in ACT2FN else _part(module, row.activation)
    return PredictionHead(dense, activation, norm, probed(norm, matrix_shape(dense)[1]))


def _tied_unembedding(module: nn.Module, family: Family) -> nn.Linear | None:
    """The layer that a module does without which multiplies by the weight of its embedding: of the very parameters."""
    row = family.prediction_head
    if row is None or row.unembeds is None:
        return None
    assert family.embedding is not None
    weight = getattr(_part(module, family.embedding), "weight", None)
    bias = getattr(_part(module, row.unembeds), "bias", None)
    if not (
        isinstance(weight, nn.Parameter)
        and isinstance(bias, nn.Parameter)
        and (weight.ndim, bias.shape) == (2, weight.shape[:1])
    ):
        raise ModelError(
            f"Expected {family.embedding!r} of {type(module).__name__} to have a weight, and {row.unembeds!r} a bias "
            f"of one number a token.\nThe row of {family.model_type} names another part (docs/families.md)."
        )
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = weight, bias
    return layer


def _parts(
    module: Any, family: Family, d_model: int, *, tokenizer: Any = None, name: str, folder: Path | None = None
) -> Model:
    blocks = _part(module, family.blocks)
    if not isinstance(blocks, nn.ModuleList):
        raise ModelError(
            f"Expected {family.blocks!r} to be the list of blocks, found {type(blocks).__name__}.\n"
            f"The row of {family.model_type} names another part (docs/families.md)."
        )
    if family.embedding is None:
        _check_all_named(module, blocks, family)
    heads = 0 if family.heads is None else getattr(settings(module, family), family.heads, None)
    if not isinstance(heads, int):
        raise ModelError(
            f"Expected the configuration value {family.heads!r} to count the heads of {name}, found {heads!r}.\n"
            f"The row of {family.model_type} names another value (docs/families.md)."
        )
    return Model(
        name=name,
        module=module,
        tokenizer=tokenizer,
        family=family,
        blocks=_entered(
            tuple(
                _block(block, _row_of_block(block, family), d_model, heads)
                for block in blocks
                if type(block).__name__ not in family.skipped
            ),
            d_model,
        ),
        final_norm=_norm(module, family.final_norm, d_model),
        embedding_norm=_embedding_norm(module, family, d_model),
        embedding_projection=(
            None if family.embedding_projection is None else _part(module, family.embedding_projection)
        ),
        folder=folder,
    )


def _check_all_named(module: nn.Module, blocks: nn.ModuleList, family: Family) -> None:
    """Refuse a row that calls embedding what enters the first block, where a position embedding is in it unnamed."""
    inside = set(blocks.modules())
    for path, part in module.named_modules():
        if isinstance(part, nn.Embedding) and part not in inside and path != family.position_embedding:
            raise ModelError(
                f"The row of {family.model_type} names no embedding, so it must name as position_embedding all that is "
                f"added to it before the first block; it does not name {path!r}."
            )


def _norm(module: nn.Module, path: str | None, d_model: int) -> Norm:
    like = floats_of(module)
    if path is None:
        return no_norm(like.new_empty(d_model))
    return probed(_part(module, path), d_model, like=like)


def _embedding_norm(module: nn.Module, family: Family, d_model: int) -> Norm | None:
    """The norm of the embeddings, which may be narrower than the stream."""
    if family.embedding_norm is None:
        return None
    into = family.embedding_projection
    return _norm(module, family.embedding_norm, d_model if into is None else matrix_shape(_part(module, into))[0])


def _entered(blocks: tuple[Block, ...], d_model: int) -> tuple[Block, ...]:
    """The blocks, where the stream goes through a norm as it enters the next: it stands behind the MLP's write."""
    found = list(blocks)
    for index, (block, following) in enumerate(pairwise(blocks)):
        if following.enters is not None:
            norm = probed(following.enters, d_model, like=floats_of(following.module))
            found[index] = replace(block, stream_norms={**block.stream_norms, "mlp": (following.enters, norm)})
    return tuple(found)


def _row_of_block(block: nn.Module, family: Family) -> Family:
    return dict(family.of_class).get(type(block).__name__, family)


def _block(block: nn.Module, family: Family, d_model: int, heads: int) -> Block:
    experts, down, has_mlp = _mlp(block, family)
    attends = family.output_projection is not None and not _mixes_otherwise(block, family, family.output_projection)
    mixing = _heads(block, family, heads) if attends else _other_mixer(block, family, has_mlp)
    written = experts if down is None else down
    if has_mlp and written is None:
        written = _part(block, family.whole_mlp or "")
    mlp_write = nn.Identity() if written is None else _part(block, family.writes[1])
    parts = (mixing["attention"], mixing["output_projection"], written or mlp_write)
    norms = [_between(block, family, d_model, write, parts) for write in (mixing["attention_write"], mlp_write)]
    return Block(
        module=block,
        attends=attends,
        **mixing,
        attention_norm=norms[0],
        mlp_write=mlp_write,
        mlp_norm=norms[1],
        has_mlp=has_mlp,
        down_projection=down,
        experts=experts,
        shared_experts=_shared(block, family, experts),
        gates_shared=family.gates_shared,
        write_scale=family.write_scale,
        enters=_part_or_none(block, family.entering_norm),
        middle=_part_or_none(block, family.middle),
        beside=_beside(block, family),
        stream_norms=_stream_norms(block, family, d_model),
    )


def _heads(block: nn.Module, family: Family, heads: int) -> dict[str, Any]:
    """What a `Block` says of its attention."""
    attention, output_projection = _part(block, family.attention), _part(block, family.output_projection or "")
    value_projection = None if family.value_projection is None else _part(block, family.value_projection)
    for matrix in (output_projection, value_projection):
        if matrix is not None:
            projection(matrix)
    return {
        "attention": attention,
        "attention_write": _part(block, family.writes[0]),
        "attention_input_norm": (
            None if family.attention_input_norm is None else _part(block, family.attention_input_norm)
        ),
        "output_projection": output_projection,
        "heads": heads,
        "gates_heads": family.gates_heads,
        "cross": None if family.cross_attention is None else _cross(block, family.cross_attention, heads),
        "value_projection": value_projection,
    }


def _other_mixer(block: nn.Module, family: Family, has_mlp: bool) -> dict[str, Any]:
    """What a `Block` says of another mixer that writes in the place of attention, or of nothing that does."""
    index, path = next(((i, x) for i, x in enumerate(family.mixers) if _has(block, x)), (0, None))
    # What is the MLP of this block may be a mixer by its name: in some models every block has one part.
    mixer = None if path is None or (has_mlp and path == family.writes[1]) else _part(block, path)
    if mixer is None and not has_mlp:
        raise ModelError(
            f"Nothing that the row of {family.model_type} names writes in a block: expected one of "
            f"{', '.join(str(x) for x in (family.output_projection, family.down_projection, *family.mixers))} "
            "(docs/families.md)."
        )
    attention = mixer or nn.Identity()
    matrix = family.mixer_matrices[index] if mixer is not None and family.mixer_matrices else None
    named = mixer is not None and _has(block, family.writes[0])
    return {
        "attention": attention,
        "attention_write": block.get_submodule(family.writes[0]) if named else attention,
        "attention_input_norm": None,
        "output_projection": nn.Identity() if matrix is None else _part(block, matrix),
        "heads": 0,
        "splits": matrix is not None,
    }


def _mixes_otherwise(block: nn.Module, family: Family, output_projection: str) -> bool:
    """Whether another mixer is in the place of attention."""
    if not family.mixers:
        return False
    if not _has(block, output_projection):
        return True
    of_class = family.mixing_class is not None and _has(block, family.mixers[0])
    return of_class and type(block.get_submodule(family.mixers[0])).__name__ == family.mixing_class


def _mlp(block: nn.Module, family: Family) -> tuple[nn.Module | None, nn.Module | None, bool]:
    """The experts of a mixture, or the down projection of a dense MLP; neither, in a block whose MLP is one term or
    that may be without; and whether there is one.
    """
    experts = _experts(block, family)
    path, whole = family.down_projection, family.whole_mlp
    if experts is not None:
        return experts, None, True
    if whole is not None and (path is None or not _has(block, path)):
        return None, None, _has(block, whole)
    if path is None or (family.may_lack_mlp and not _has(block, path)):
        return None, None, False
    down = _part(block, path)
    projection(down)
    return None, down, True


def _beside(block: nn.Module, family: Family) -> dict[Stage, tuple[nn.Module, ...]]:
    """What else writes where a write is one term; a block that has a part of these only writes these."""
    paths: dict[Stage, tuple[str, ...]] = {"attention": family.attention_beside, "mlp": family.mlp_beside}
    found: dict[Stage, tuple[nn.Module, ...]] = {}
    for stage, all_of in paths.items():
        found[stage] = tuple(_part(block, path) for path in all_of if _has(block, path))
    return {stage: modules for stage, modules in found.items() if modules}


def _between(
    block: nn.Module, family: Family, d_model: int, write: nn.Module, parts: Sequence[nn.Module]
) -> Norm | None:
    """What stands between the parts that make a write and the stream: a post-norm, which has none of them in it, a
    number that multiplies, both, or nothing; nothing where nothing is written.
    """
    scale, like = family.write_scale, floats_of(block)
    if not any(_contains(write, part) for part in parts):
        return probed(write, d_model, like=like).times(scale)
    return None if scale == 1 or isinstance(write, nn.Identity) else no_norm(like.new_empty(d_model)).times(scale)


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
    modules, like = [_part(block, path) for path in family.stream_norms], floats_of(block)
    scale = 1.0 if family.stream_scale is None else float(operator.attrgetter(family.stream_scale)(block))
    if scale != 1:  # what the block gives is the stream after it
        return {"mlp": (block, no_norm(like.new_empty(d_model)).times(scale))}
    return {stage: (module, probed(module, d_model, like=like)) for stage, module in zip(stages, modules, strict=False)}


def _experts(block: nn.Module, family: Family) -> nn.Module | None:
    """The block's experts; None for a dense block (also of a mixture whose first blocks are dense)."""
    if family.experts is None:
        return None
    parent, _, name = family.experts.rpartition(".")
    experts = getattr(_part(block, parent), name, None)
    if experts is not None:
        stacked = getattr(experts, "down_proj", None)
        if not isinstance(stacked, Tensor) or not stacked.is_floating_point():
            raise no_matrix(experts)
    return experts


def _shared(block: nn.Module, family: Family, experts: nn.Module | None) -> nn.Module | None:
    """W_out of a mixture's shared experts, where this block is one."""
    if family.shared_experts is None or experts is None:
        return None
    shared = _part(block, family.shared_experts)
    projection(shared)
    return shared


def _contains(module: nn.Module, part: nn.Module) -> bool:
    return any(child is part for child in module.modules())


def _part_or_none(module: nn.Module, path: str | None) -> Any:
    return None if path is None or not _has(module, path) else _part(module, path)


def _part(module: nn.Module, path: str) -> Any:
    try:
        return module.get_submodule(path)
    except AttributeError as error:
        raise ModelError(
            f"Expected {type(module).__name__} to have a part {path!r}, found none ({error}).\n"
            "The row of its family names another part, or the model is wrapped in another module: give the module that "
            "from_pretrained returned (docs/families.md)."
        ) from error
