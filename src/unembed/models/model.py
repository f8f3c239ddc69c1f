"""Model: an unmodified Hugging Face module, its tokenizer, and where its parts are.

Weights are neither converted nor copied; `Model` only points into the module.
"""

import inspect
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import InputError
from unembed.models import norms
from unembed.models.family import Family
from unembed.models.layers import expert_matrix, expert_width, floats_of, matrix_shape, projection
from unembed.models.prediction_head import PredictionHead
from unembed.models.reprs import Brief
from unembed.models.sources import Source

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from unembed.models.parts import Part


@dataclass(frozen=True, kw_only=True, repr=False)
class Attending(Brief):
    """What has attention heads, whose mixes of values an output projection turns into a write."""

    attention: nn.Module
    output_projection: nn.Module
    heads: int

    @property
    def output_by_head(self) -> Float[Tensor, "head d_head d_model"]:
        """W_O of each head: it writes `z @ W_O`. A view."""
        matrix = projection(self.output_projection)
        return matrix.reshape(self.heads, -1, matrix.shape[1])


@dataclass(frozen=True, kw_only=True)
class Cross(Attending):
    """The cross-attention of one block. What it writes is the output of `attention`."""

    value_projection: nn.Module


Stage = Literal["attention", "cross_attention", "mlp"]
"""What writes to the stream in a block, in this order."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Block(Attending):
    """The parts of one block, as modules of the model itself."""

    module: nn.Module
    attends: bool = True
    """Whether it has heads. Another mixer that is in their place (`attention`, `attention_write`) is one term; where
    there is none either, these are modules that never run."""
    splits: bool = False
    """Whether what another mixer takes from each token is told apart; `output_projection` is its output matrix then."""
    has_mlp: bool = True
    """Whether it has an MLP; else `mlp_write` is a module that never runs."""
    attention_input_norm: nn.Module | None
    """Through which attention reads the stream; None where it reads the stream itself (OLMo 2)."""
    attention_write: nn.Module
    attention_norm: norms.Norm | None
    """The post-norm of the attention write (Gemma 2 and 3, OLMo 2), or None."""
    mlp_write: nn.Module
    mlp_norm: norms.Norm | None
    down_projection: nn.Module | None
    """W_out of a dense MLP, or None."""
    experts: Any
    """The stacked experts of a mixture, or None."""
    shared_experts: nn.Module | None = None
    """W_out of the experts that every token goes through beside the chosen ones, or None."""
    gates_shared: bool = False
    gates_heads: bool = False
    """Whether something multiplies what these write, or `z` before W_O: frozen as it was in the run."""
    beside: Mapping[Stage, tuple[nn.Module, ...]] = field(default_factory=dict, hash=False)
    """Other modules whose output is added in the place of a write that is one term."""
    write_scale: float = 1.0
    write_scales: Mapping[Stage, Tensor] = field(default_factory=dict, hash=False)
    """What the block multiplies its writes by before it adds them to the stream; by stage, where these differ."""
    enters: nn.Module | None = None
    middle: nn.Module | None = None
    """The norm that the stream goes through as it enters; and what its MLP reads through, where the row names it."""
    cross: Cross | None = None
    """In a decoder that reads an encoder."""
    stream_norms: Mapping[Stage, tuple[nn.Module, norms.Norm]] = field(default_factory=dict, hash=False)
    """Post-LN: the norm that the stream goes through after a write."""
    value_projection: nn.Module | None = None
    """W_V, where the row names it."""

    @property
    def whole_mlp(self) -> bool:
        """Whether its MLP is one term: nothing in it is known to be neurons."""
        return self.has_mlp and self.down_projection is None and self.experts is None

    @property
    def neurons(self) -> int:
        """Neurons of its MLP, of one expert in a mixture; 0 where there are none."""
        if not self.has_mlp or self.whole_mlp:
            return 0
        return matrix_shape(self.down_projection)[0] if self.experts is None else expert_width(self.experts)

    @property
    def mixes(self) -> bool:
        """Whether it mixes tokens: by its heads, or by another mixer in their place."""
        return self.attends or any(True for _ in self.attention.parameters())

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What writes to the stream, in order."""
        return ("attention", "mlp") if self.cross is None else ("attention", "cross_attention", "mlp")


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
    adapter: Path | None = None
    """Whose adapter was merged into them, where one was."""
    embedding_norm: norms.Norm | None = None
    """Of the stream before the first block, where there is one."""
    embedding_projection: nn.Module | None = None
    """What makes the stream of narrower embeddings, after that norm."""
    prediction_head: PredictionHead | None = None
    """What stands between the last stream and the unembedding, in a masked language model."""
    tied_unembedding: nn.Linear | None = None
    """The unembedding as a layer, where the module multiplies by its embedding's weight without one."""
    given: "PreTrainedModel | None" = None
    """The module as it was given: `module` is a twin of it where its layers share blocks (shared.py)."""
    encoder: "Model | None" = None
    """Whose states the cross-attention reads; it has no unembedding."""
    source: Source | None = None
    """What an encoder-decoder reads (with_source): with it, its decoder is a GPT like any other."""
    unpatched: str | None = None
    """Why no edited versions of its runs can be made, where the structure was inferred and they cannot."""
    special: Literal["auto", "none", "as-typed"] = "auto"
    """Which special tokens prompts get (special.py)."""
    mask: str | None = None
    """What a prompt may write for a blank, beside what every masked language model reads so (blanks.py)."""

    def __repr__(self) -> str:
        return (
            f"Model({self.name}: {self.family.model_type}, {self.layers} layers, {self.heads} heads, "
            f"d_model {self.d_model}, {str(self.dtype).removeprefix('torch.')} on {self.device})"
        )

    def parts(self, kind: str, layers: Sequence[int] | None = None) -> "tuple[Part, ...]":
        """All parts of a kind, layer by layer: `parts("head")` has every head, which `edits` and runs take as sites.

        Args:
            kind: "head", "attention", "mlp" or "neuron"; of a mixture also "expert", of an encoder-decoder also
                "cross_head" and "cross_attention", and those of its encoder: "enc.head" and so on.
            layers: only of these blocks; None takes all.

        Raises:
            InputError: another word, no such layer, or a model without such parts.
        """
        from unembed.models.parts import parts_of  # what a part is stands on what a model is

        return parts_of(self, kind, layers)

    @property
    def config(self) -> Any:
        """The `transformers` configuration of the GPT."""
        return settings(self.module, self.family)

    @property
    def layers(self) -> int:
        """Number of blocks."""
        return len(self.blocks)

    @property
    def heads(self) -> int:
        """Query heads of a block."""
        return 0 if self.family.heads is None else getattr(self.config, self.family.heads)

    @property
    def kv_heads(self) -> int:
        """Key-value heads of a block; fewer than `heads` with grouped-query attention."""
        grouped = self.family.heads == "num_attention_heads"
        return (getattr(self.config, "num_key_value_heads", None) if grouped else None) or self.heads

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return self.final_norm.gain.shape[0]

    @property
    def d_mlp(self) -> int:
        """Neurons of a block's MLP (of one expert, in a mixture); 0 in a model without MLPs."""
        return next((block.neurons for block in reversed(self.blocks) if block.has_mlp and not block.whole_mlp), 0)

    @property
    def vocab(self) -> int:
        """Rows of the unembedding."""
        return self.unembedding.shape[0]

    @property
    def context(self) -> int | None:
        """The longest prompt the positions of the model reach, or None where nothing limits it: a rotary embedding that
        is scaled reads on.
        """
        if any(kind in _SCALED for kind, _ in rotary(self.config)):
            return None
        limit = getattr(self.config, self.family.context, None)
        skipped = self.family.first_position
        return limit if limit is None or skipped is None else limit - getattr(self.config, skipped) - 1

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.module.dtype

    @property
    def device(self) -> torch.device:
        """Where prompts go."""
        return self.module.device

    @property
    def embedding_scale(self) -> float:
        """What the model multiplies the output of its embedding module by."""
        scale = self.family.embedding_scale or 1.0
        return float(operator.attrgetter(scale)(self.module)) if isinstance(scale, str) else scale

    @property
    def has_unembedding(self) -> bool:
        """Not so in an encoder."""
        return self.tied_unembedding is not None or isinstance(self.module.get_output_embeddings(), nn.Linear)

    @property
    def embed(self) -> nn.Module:
        """The token embedding."""
        assert self.family.embedding is not None
        return self.module.get_submodule(self.family.embedding)

    @property
    def unembed(self) -> nn.Linear:
        """The layer that makes logits of the normed stream."""
        return self.tied_unembedding or cast(nn.Linear, self.module.get_output_embeddings())

    @property
    def unembeds(self) -> nn.Module:
        """The module whose output is the logits: the layer, or what does without one."""
        row = self.family.prediction_head
        return self.unembed if row is None or row.unembeds is None else self.module.get_submodule(row.unembeds)

    @property
    def unembedding(self) -> Float[Tensor, "vocab d_unembedding"]:
        """W_U, the weight of the output embeddings."""
        return self.unembed.weight

    @property
    def unembedding_bias(self) -> Float[Tensor, "vocab"] | None:
        """b_U, or None."""
        return self.unembed.bias if self._logit_bias is None else self._logit_bias

    @property
    def _logit_bias(self) -> Float[Tensor, "vocab"] | None:
        """A bias that is added after the unembedding, or None."""
        return None if self.family.logit_bias is None else self.module.get_buffer(self.family.logit_bias)[0]

    @property
    def logit_scale(self) -> float:
        """What the normed stream is multiplied by: before the unembedding (T5: `1 / sqrt(d_model)`), or after it."""
        family, switch = self.family, self.family.logit_scale
        by_width = switch is not None and getattr(self.config, switch, False)
        return (self.d_model**-0.5 if by_width else 1.0) * family.unembedding_scale * family.logit_multiplier

    def norm(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_unembedding"]:
        """States of the stream as the unembedding reads them: after final norm, logit scale and prediction head."""
        y = self.before_head(x)
        return y if self.prediction_head is None else self.prediction_head(y)

    def before_head(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """States of the stream after the final norm and the logit scale: what a prediction head reads."""
        path = self.family.final_norm
        y = x if path is None else self.module.get_submodule(path)(x)
        return y if self.logit_scale == 1 else y * self.logit_scale

    def unembed_normed(self, y: Float[Tensor, "*batch d_unembedding"]) -> Float[Tensor, "*batch vocab"]:
        """The logits of normed states, before a soft-cap."""
        return self.biased(self.unembed(y))

    def biased(self, logits: Float[Tensor, "*batch vocab"]) -> Float[Tensor, "*batch vocab"]:
        """What the unembedding gave, and a bias that is added after it."""
        return logits if self._logit_bias is None else logits + self._logit_bias

    @property
    def level(self) -> Literal["everything", "heads", "neurons", "sublayers"]:
        """Down to what ledgers split every write: what mixes tokens to heads, MLPs to neurons, both, or neither."""
        heads = {block.attends or block.splits for block in self.blocks if block.mixes} == {True}
        neurons = self.d_mlp > 0 and not self.has_whole_mlps
        return "everything" if heads and neurons else "heads" if heads else "neurons" if neurons else "sublayers"

    @property
    def has_mixers(self) -> bool:
        """Whether some blocks mix tokens by something else than softmax attention."""
        return any(block.mixes and not block.attends for block in self.blocks)

    @property
    def has_whole_mlps(self) -> bool:
        """Whether the MLP of some blocks is one term."""
        return any(block.whole_mlp for block in self.blocks)

    @property
    def edits(self) -> tuple[str, ...]:
        """What was done to the module's weights, edit by edit (weight_edits.py); empty for the weights as loaded.

        It is kept with the module, so that no model of an edited module passes as the plain one.
        """
        return tuple(edits.description for edits in self.weight_edits)

    @property
    def weight_edits(self) -> tuple[Any, ...]:
        """The `WeightEdits` that the module's weights carry now, in the order in which they were applied."""
        return getattr(self.module, "_weight_edits", ())

    @property
    def bidirectional(self) -> bool:
        """Whether every position reads all others, also those after it: so in encoders."""
        return self.family.bidirectional

    @property
    def fills_blanks(self) -> bool:
        """Whether it is a masked language model: it predicts what stands at a blank, not what comes next."""
        return self.bidirectional and self.has_unembedding

    @property
    def alone(self) -> str:
        """What a model without an encoder beside it is called in messages."""
        return "a masked language model" if self.fills_blanks else "a decoder only"

    @property
    def unembeds_all(self) -> bool:
        """Whether the module gives the logits of every position, whatever is asked for."""
        if self.encoder is not None or self.prediction_head is not None:
            return True
        return self.has_unembedding and "logits_to_keep" not in inspect.signature(type(self.module).forward).parameters

    @property
    def parallel(self) -> bool:
        """Whether attention and MLP of a block read the same stream, so that there is no `resid_mid`."""
        switch = self.family.parallel
        return bool(getattr(self.config, switch, False)) if isinstance(switch, str) else switch

    @property
    def writes_meet_first(self) -> bool:
        """Whether a block adds attention and MLP write to each other, and then their sum to the stream."""
        return self.parallel and self.family.writes_meet_first

    @property
    def softcap(self) -> float | None:
        """`c` of the soft-cap `c * tanh(logit / c)` on the logits, or None."""
        return getattr(self.config, self.family.logit_softcap or "", None)

    @cached_property
    def mean_unembedding(self) -> Float[Tensor, "d_unembedding"]:
        """The mean row of W_U in float64: the direction of the mean logit."""
        with torch.inference_mode(False):  # kept for later, also for callers that differentiate
            chunks = self.unembedding.detach().split(8192)
            return torch.stack([chunk.double().sum(0) for chunk in chunks]).sum(0) / self.vocab

    @cached_property
    def precision(self) -> float:
        """The unit of relative rounding error of a run: of the weights' dtype, or of a norm that computes in less."""
        found = [norm for block in self.blocks for norm in (block.attention_norm, block.mlp_norm)]
        found += [norm for block in self.blocks for _, norm in block.stream_norms.values()]
        found += [self.final_norm, self.embedding_norm, self.prediction_head and self.prediction_head.norm]
        return max([torch.finfo(self.dtype).eps, *(norm.precision for norm in found if norm)])


_SCALED = frozenset(("linear", "dynamic", "yarn", "longrope"))
"""The kinds of rotary embedding that are made to read beyond `max_position_embeddings`."""


def rotary(config: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The rotary embeddings of a configuration, each by its kind and values; one a kind of layer, where they differ."""
    found = getattr(config, "rope_parameters", None) or {}
    each = [found] if "rope_type" in found else [x for x in found.values() if isinstance(x, Mapping)]
    return [(str(x.get("rope_type", "default")), x) for x in each]


def settings(module: "PreTrainedModel", family: Family) -> Any:
    """The configuration of the GPT, which may be a part of the module's."""
    if family.prefix is not None:
        return getattr(module.config, family.prefix.text)
    inside = family.heads is not None and not hasattr(module.config, family.heads)
    return module.config.get_text_config() if inside and hasattr(module.config, "get_text_config") else module.config


def input_norm(block: Block, d_model: int) -> norms.Norm | None:
    """The norm through which attention reads the stream, probed; None where it reads the stream itself."""
    if block.attention_input_norm is None:
        return None
    return norms.probed(block.attention_input_norm, d_model, like=floats_of(block.module))


def value_rows(block: Block, expert: int | None = None) -> Float[Tensor, "neuron d_model"]:
    """W_out of a block's dense MLP, or of one expert: row `n` is what neuron `n` writes at activation 1. A view."""
    if block.experts is None:
        return projection(block.down_projection)
    assert expert is not None
    return expert_matrix(block.experts, expert)


def check_has_layers(model: Model) -> None:
    """Raise `InputError` for a model of zero layers, where there is nothing but the direct path."""
    if not model.layers:
        raise InputError(
            f"{model.name} has no layers, so it has no heads and no MLPs: only the direct path (`unembed bigrams`)."
        )


def checked_layer(model: Model, layer: int) -> int:
    """The index of a block; a negative one counts from the last.

    Raises:
        InputError: there is none of this index.
    """
    check_has_layers(model)
    if not -model.layers <= layer < model.layers:
        raise InputError(f"There is no layer {layer}: expected 0 to {model.layers - 1}.")
    return layer % model.layers
