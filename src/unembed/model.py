"""Model: an unmodified Hugging Face module, its tokenizer, and where its parts are.

Weights are neither converted nor copied; `Model` only points into the module.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed import norms
from unembed.errors import InputError, ModelError
from unembed.families import Family, family_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Block:
    """The parts of one block, as modules of the model itself."""

    module: nn.Module
    attention: nn.Module
    attention_input_norm: nn.Module | None
    """Through which attention reads the stream; None where it reads the stream itself (OLMo 2)."""
    output_projection: nn.Module
    attention_write: nn.Module
    attention_norm: norms.Norm | None
    """The post-norm of the attention write (Gemma 2 and 3, OLMo 2), or None."""
    mlp_write: nn.Module
    mlp_norm: norms.Norm | None
    down_projection: nn.Module | None
    """W_out of a dense MLP, or None."""
    experts: Any
    """The stacked experts of a mixture, or None."""


@dataclass(frozen=True)
class Model:
    """A GPT whose parts are known. Made by `load` or `wrap`."""

    name: str
    module: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase | None"
    family: Family
    blocks: tuple[Block, ...]
    final_norm: norms.Norm
    folder: Path | None = None
    """Where the weights lie, for a model that was loaded."""

    def __repr__(self) -> str:
        return (
            f"Model({self.name}: {self.family.model_type}, {self.layers} layers, {self.heads} heads, "
            f"d_model {self.d_model}, {str(self.dtype).removeprefix('torch.')} on {self.device})"
        )

    @property
    def config(self) -> Any:
        """The `transformers` configuration."""
        return self.module.config

    @property
    def layers(self) -> int:
        """Number of blocks."""
        return len(self.blocks)

    @property
    def heads(self) -> int:
        """Query heads of a block."""
        return self.config.num_attention_heads

    @property
    def kv_heads(self) -> int:
        """Key-value heads of a block; fewer than `heads` with grouped-query attention."""
        return getattr(self.config, "num_key_value_heads", None) or self.heads

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return self.final_norm.gain.shape[0]

    @property
    def d_mlp(self) -> int:
        """Neurons of a block's MLP (of one expert, in a mixture); 0 in a model without MLPs."""
        if not self.blocks:
            return 0
        block = self.blocks[-1]
        if block.experts is not None:
            return expert_width(block.experts)
        return projection(block.down_projection).shape[0]

    @property
    def vocab(self) -> int:
        """Rows of the unembedding."""
        return self.unembedding.shape[0]

    @property
    def context(self) -> int | None:
        """The longest prompt the positions of the model reach, or None where nothing limits it."""
        return getattr(self.config, "max_position_embeddings", None)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.unembedding.dtype

    @property
    def device(self) -> torch.device:
        """Where prompts go."""
        return self.module.device

    @property
    def unembed(self) -> nn.Linear:
        """The module that makes logits of the normed stream."""
        return cast(nn.Linear, self.module.get_output_embeddings())

    @property
    def unembedding(self) -> Float[Tensor, "vocab d_model"]:
        """W_U, the weight of the output embeddings."""
        return self.unembed.weight

    @property
    def unembedding_bias(self) -> Float[Tensor, "vocab"] | None:
        """b_U, or None."""
        return self.unembed.bias

    @property
    def edits(self) -> tuple[str, ...]:
        """What was done to the module's weights, edit by edit (weight_edits.py); empty for the weights as loaded.

        It is kept with the module, so that no model of an edited module passes as the plain one.
        """
        return getattr(self.module, "_weight_edits", ())

    @property
    def parallel(self) -> bool:
        """Whether attention and MLP of a block read the same stream, so that there is no `resid_mid`."""
        switch = self.family.parallel
        return bool(getattr(self.config, switch, False)) if isinstance(switch, str) else switch

    @property
    def softcap(self) -> float | None:
        """`c` of the soft-cap `c * tanh(logit / c)` on the logits, or None."""
        name = self.family.logit_softcap
        return getattr(self.config, name, None) if name else None

    @cached_property
    def mean_unembedding(self) -> Float[Tensor, "d_model"]:
        """The mean row of W_U in float64: the direction of the mean logit."""
        with torch.inference_mode(False):  # kept for later, also for callers that differentiate
            chunks = self.unembedding.detach().split(8192)
            return torch.stack([chunk.double().sum(0) for chunk in chunks]).sum(0) / self.vocab

    @cached_property
    def precision(self) -> float:
        """The unit of relative rounding error of a run: of the weights' dtype, or of a norm that computes in less."""
        block_norms = [norm for block in self.blocks for norm in (block.attention_norm, block.mlp_norm) if norm]
        return max([torch.finfo(self.dtype).eps, self.final_norm.precision, *(n.precision for n in block_norms)])


def projection(module: nn.Module | None) -> Float[Tensor, "d_in d_out"]:
    """The matrix of a linear layer as `x @ matrix + bias`, a view (Conv1D stores it so, Linear transposed).

    Raises:
        ModelError: the layer is quantised or otherwise no plain matrix.
    """
    from transformers.pytorch_utils import Conv1D

    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 2 or not weight.is_floating_point():
        raise _no_matrix(module)
    if isinstance(module, Conv1D):
        return weight.detach()
    if type(module) is nn.Linear:
        return weight.detach().T
    raise _no_matrix(module)


def bias(module: nn.Module | None) -> Float[Tensor, "d_out"] | None:
    """The bias of a linear layer, or None."""
    value = getattr(module, "bias", None)
    return value.detach() if isinstance(value, Tensor) else None


def _no_matrix(module: nn.Module | None) -> ModelError:
    return ModelError(
        f"Expected a plain Linear or Conv1D layer with floating-point weights, found {type(module).__name__}.\n"
        "Quantised and adapter layers cannot be decomposed: load the model in float32 or bfloat16, and merge adapters "
        "(`merge_and_unload`)."
    )


def value_rows(block: Block, expert: int | None = None) -> Float[Tensor, "neuron d_model"]:
    """W_out of a block's dense MLP, or of one expert: row `n` is what neuron `n` writes at activation 1. A view."""
    if block.experts is None:
        return projection(block.down_projection)
    matrix = block.experts.down_proj[expert].detach()
    return matrix if block.experts.is_transposed else matrix.T


def expert_width(experts: Any) -> int:
    """Neurons of one expert: the input side of the stacked down projections."""
    return experts.down_proj.shape[1 if experts.is_transposed else 2]


def check_has_layers(model: Model) -> None:
    """Raise `InputError` for a model of zero layers, where there is nothing but the direct path."""
    if not model.layers:
        raise InputError(
            f"{model.name} has no layers, so it has no heads and no MLPs: only the direct path (`unembed bigrams`)."
        )


def check_has_neurons(model: Model) -> None:
    """Raise `InputError` for a model without layers, or of attention only."""
    check_has_layers(model)
    if not model.d_mlp:
        raise InputError(f"{model.name} has attention only, no MLPs: it has no neurons.")


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
        raise _no_matrix(unembedding)
    final_norm = _part(module, family.final_norm)
    d_model = cast(nn.Embedding, module.get_input_embeddings()).embedding_dim
    if unembedding.in_features != d_model or module.config.hidden_size != d_model:
        raise ModelError(
            f"The stream is {module.config.hidden_size} wide, but the embedding has {d_model} and the unembedding "
            f"{unembedding.in_features} columns: models with a projection in between are not supported."
        )
    return Model(
        name=name,
        module=module,
        tokenizer=tokenizer,
        family=family,
        blocks=tuple(_block(block, family, d_model) for block in _part(module, family.blocks)),
        final_norm=_probe(final_norm, d_model, like=unembedding.weight),
        folder=folder,
    )


def _block(block: nn.Module, family: Family, d_model: int) -> Block:
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
        attention_write=attention_write,
        attention_norm=_probe(attention_write, d_model) if has_post_norm else None,
        mlp_write=mlp_write,
        mlp_norm=_probe(mlp_write, d_model) if has_post_norm else None,
        down_projection=down,
        experts=experts,
    )


def _experts(block: nn.Module, family: Family) -> nn.Module | None:
    """The block's experts; None for a dense block (also of a mixture whose first blocks are dense)."""
    if family.experts is None:
        return None
    parent, _, name = family.experts.rpartition(".")
    experts = getattr(_part(block, parent), name, None)
    if experts is not None and not getattr(experts, "down_proj", torch.empty(0)).is_floating_point():
        raise _no_matrix(experts)
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


def _probe(norm: nn.Module, d_model: int, like: Tensor | None = None) -> norms.Norm:
    weight = next(norm.parameters(), like)
    if weight is None:
        return norms.probe(norm, d_model, dtype=torch.get_default_dtype(), device=torch.device("cpu"))
    return norms.probe(norm, d_model, dtype=weight.dtype, device=weight.device)
