"""Every bit of architecture knowledge: one row a family, over the unmodified `transformers` modules.

A row says where things are, never how they compute. The one notion that covers sequential and parallel blocks,
sandwich norms and mixtures of experts is `writes`: the modules whose output is added to the residual stream,

    resid_post = resid_pre + attention write + MLP write.

To support another architecture, add a row (docs/families.md): a model is checked against its own logits when it
loads, so a wrong row refuses to load instead of giving wrong numbers.
"""

from dataclasses import dataclass, replace
from typing import Any

from unembed.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class Require:
    """A configuration value without which a row does not describe the model."""

    attribute: str
    value: Any
    otherwise: str

    def check(self, config: Any) -> None:
        """Raise `ModelError` when `config` has another value."""
        found = getattr(config, self.attribute, self.value)
        if found != self.value:
            raise ModelError(
                f"{config.model_type} with {self.attribute}={found} is not supported ({self.otherwise}).\n"
                f"Expected {self.attribute}={self.value}."
            )


@dataclass(frozen=True, kw_only=True)
class Family:
    """Where the parts of one model type are. Paths in the first group start at the model, the others at a block."""

    model_type: str
    """`config.model_type` of the models this row describes."""
    blocks: str
    """The list of blocks."""
    final_norm: str
    """The norm before the unembedding."""
    embedding: str
    """The token embedding; its output is the first term of the stream."""
    position_embedding: str | None = None
    """A learned position embedding that is added to the stream, where there is one."""

    attention: str
    """The module that attends: it calls `transformers`' attention interface, or has `inner_attention`."""
    attention_input_norm: str | None = None
    """The norm through which attention reads the stream; None where it reads the stream itself."""
    output_projection: str
    """W_O: its input is the concatenated `z` of the heads."""
    down_projection: str
    """W_out of a dense MLP: its input is the neuron activations."""
    experts: str | None = None
    """The stacked experts of a mixture; a block without them is dense."""
    writes: tuple[str, str]
    """The attention write and the MLP write. Where one is a norm, the block has a post-norm."""

    inner_attention: str | None = None
    """A method `(query, key, value, mask) -> (z, pattern)` of `attention`, for a model that bypasses the interface."""
    logit_softcap: str | None = None
    """The configuration value `c` of a soft-cap `c * tanh(logit / c)` after the unembedding."""
    parallel: bool | str = False
    """Whether attention and MLP of a block read the same stream; or the configuration value that says so."""
    requires: tuple[Require, ...] = ()
    code: str | None = None
    """The module of this package that teaches `transformers` the model type; None where it knows it."""
    runs_in: str | None = None
    """The dtype these models are loaded in unless told otherwise, where the file's is for storage only."""


_LLAMA = Family(
    model_type="llama",
    blocks="model.layers",
    final_norm="model.norm",
    embedding="model.embed_tokens",
    attention="self_attn",
    attention_input_norm="input_layernorm",
    output_projection="self_attn.o_proj",
    down_projection="mlp.down_proj",
    writes=("self_attn", "mlp"),
)
_GEMMA2 = replace(
    _LLAMA,
    model_type="gemma2",
    writes=("post_attention_layernorm", "post_feedforward_layernorm"),
    logit_softcap="final_logit_softcapping",
)
_MIXTRAL = replace(_LLAMA, model_type="mixtral", experts="mlp.experts")
_CAUSAL = Require(attribute="use_bidirectional_attention", value=False, otherwise="it attends to later tokens as well")

_ROWS = (
    Family(
        model_type="gpt2",
        blocks="transformer.h",
        final_norm="transformer.ln_f",
        embedding="transformer.wte",
        position_embedding="transformer.wpe",
        attention="attn",
        attention_input_norm="ln_1",
        output_projection="attn.c_proj",
        down_projection="mlp.c_proj",
        writes=("attn", "mlp"),
        requires=(Require(attribute="add_cross_attention", value=False, otherwise="cross-attention writes as well"),),
    ),
    Family(
        model_type="gpt_neo",
        blocks="transformer.h",
        final_norm="transformer.ln_f",
        embedding="transformer.wte",
        position_embedding="transformer.wpe",
        attention="attn.attention",
        attention_input_norm="ln_1",
        output_projection="attn.attention.out_proj",
        down_projection="mlp.c_proj",
        writes=("attn", "mlp"),
        inner_attention="_attn",
    ),
    Family(
        model_type="gpt_neox",
        blocks="gpt_neox.layers",
        final_norm="gpt_neox.final_layer_norm",
        embedding="gpt_neox.embed_in",
        attention="attention",
        attention_input_norm="input_layernorm",
        output_projection="attention.dense",
        down_projection="mlp.dense_4h_to_h",
        writes=("attention", "mlp"),
        parallel="use_parallel_residual",
    ),
    Family(
        model_type="opt",
        blocks="model.decoder.layers",
        final_norm="model.decoder.final_layer_norm",
        embedding="model.decoder.embed_tokens",
        position_embedding="model.decoder.embed_positions",
        attention="self_attn",
        attention_input_norm="self_attn_layer_norm",
        output_projection="self_attn.out_proj",
        down_projection="fc2",
        writes=("self_attn", "fc2"),
        requires=(
            Require(
                attribute="do_layer_norm_before",
                value=True,
                otherwise="a post-LN model such as OPT-350m: its stream is normed after each write, so it is no sum",
            ),
            Require(attribute="_remove_final_layer_norm", value=False, otherwise="it has no final norm"),
        ),
    ),
    _LLAMA,
    replace(_LLAMA, model_type="mistral"),
    replace(_LLAMA, model_type="qwen2"),
    replace(_LLAMA, model_type="qwen3"),
    replace(_LLAMA, model_type="gemma"),
    replace(_LLAMA, model_type="phi3"),
    replace(_LLAMA, model_type="stablelm", parallel="use_parallel_residual"),
    replace(_LLAMA, model_type="smollm3"),
    replace(_LLAMA, model_type="starcoder2", down_projection="mlp.c_proj"),
    replace(
        _LLAMA,
        model_type="phi",
        final_norm="model.final_layernorm",
        output_projection="self_attn.dense",
        down_projection="mlp.fc2",
        parallel=True,
    ),
    _GEMMA2,
    replace(_GEMMA2, model_type="gemma3_text", requires=(_CAUSAL,)),
    replace(_GEMMA2, model_type="olmo2", attention_input_norm=None, logit_softcap=None),
    _MIXTRAL,
    replace(_MIXTRAL, model_type="qwen3_moe"),
    replace(_MIXTRAL, model_type="gpt_oss"),
    replace(
        _LLAMA,
        model_type="unembed_toy",  # positions reach queries and keys only, so there is no position embedding here
        attention_input_norm=None,
        requires=(
            Require(
                attribute="toy_version",
                value=1,
                otherwise="a toy of another version of unembed: train it again (`unembed toys train NAME --out DIR`)",
            ),
        ),
        code="unembed.toy_model",
        runs_in="float32",
    ),
)

_families: dict[str, Family] = {row.model_type: row for row in _ROWS}


def supported() -> list[str]:
    """The model types there is a row for, sorted."""
    return sorted(_families)


def register(family: Family) -> None:
    """Add a row (or replace the one of the same model type) for this process."""
    _families[family.model_type] = family


def family_of(config: Any) -> Family:
    """The row of a `transformers` configuration.

    Raises:
        ModelError: there is no row for its model type, or a value of the configuration contradicts the row.
    """
    family = row(config.model_type)
    for requirement in family.requires:
        requirement.check(config)
    return family


def row(model_type: str) -> Family:
    """The row of a model type.

    Raises:
        ModelError: there is none.
    """
    if model_type not in _families:
        raise ModelError(
            f"Model type {model_type!r} is not supported.\n"
            f"Supported: {', '.join(supported())}.\n"
            "docs/families.md shows how to add a family in 20 lines."
        )
    return _families[model_type]
