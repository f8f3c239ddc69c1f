"""Every bit of architecture knowledge: one row a family, over the unmodified `transformers` modules.

A row says where things are, never how they compute. The one notion that covers sequential and parallel blocks,
sandwich norms, mixtures of experts and cross-attention is `writes`: the modules whose output is added to the residual
stream,

    resid_post = resid_pre + attention write (+ cross-attention write) + MLP write.

An encoder-decoder is two rows: the decoder's holds the encoder's.

To support another architecture, add a row (docs/families.md): a model is checked against its own logits when it
loads, so a wrong row refuses to load instead of giving wrong numbers.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from unembed.errors import ModelError
from unembed.models.reprs import Brief


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
class CrossAttention:
    """Where the cross-attention of a decoder is, by which it reads the encoder's states. Paths start at a block."""

    attention: str
    """It attends as `Family.attention` does, and is called with the encoder's states; its output is the write."""
    value_projection: str
    """W_V, on the encoder's states."""
    output_projection: str
    """W_O."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Family(Brief):
    """Where the parts of one model type are. Paths in the first group start at the model, the others at a block."""

    model_type: str
    """`config.model_type` of the models this row describes."""
    blocks: str
    """The list of blocks."""
    final_norm: str | None
    """The norm before the unembedding; None where there is none (post-LN models end with their last block's)."""
    embedding: str | None
    """The token embedding; its output is the first term of the stream. None where no module gives it (Whisper's encoder
    makes it of sound): it is what enters the first block, without the position embedding, then."""
    embedding_scale: str | None = None
    """A number that the model multiplies the output of `embedding` by, where the module does not do it itself."""
    embedding_norm: str | None = None
    """A norm of the stream before the first block."""
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
    value_projection: str | None = None
    """W_V as a plain layer; needed of encoders only, through which a readout is pulled back."""
    writes: tuple[str, str]
    """The attention write and the MLP write. Where one is a norm, the block has a post-norm."""
    cross_attention: CrossAttention | None = None
    """Between attention and MLP, in a decoder that reads an encoder."""
    stream_norms: tuple[str, ...] = ()
    """Post-LN: the norm that the stream goes through after each write, in the order of the writes."""

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

    encoder: "Encoder | None" = None
    """Whose states the cross-attention reads."""
    loader: str = "AutoModelForCausalLM"
    """The class of `transformers` that loads the module."""
    heads: str = "num_attention_heads"
    """The configuration value that counts query heads."""
    context: str = "max_position_embeddings"
    """The configuration value that limits the length of a prompt, where there is one."""
    logit_scale: str | None = None
    """A switch of the configuration: what enters the unembedding is multiplied by `1 / sqrt(d_model)`."""
    logit_bias: str | None = None
    """A buffer that is added to the logits."""
    prefix: "Prefix | None" = None
    """Another modality that the model reads within its prompt."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Encoder(Brief):
    """The encoder of an encoder-decoder: a row of its own, and what it reads."""

    path: str
    """From the model to the encoder. The paths of `row` start there."""
    row: Family
    reads: Literal["text", "audio"]
    context: str | None = None
    """The configuration value that limits the length of a source."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Prefix(Brief):
    """A GPT that reads another modality in its own prompt, in the place of placeholder tokens, by self-attention.

    It is the GPT of its text configuration, deeper inside the module.
    """

    text: str = "text_config"
    """The GPT's part of the configuration."""
    path: str = "model.language_model."
    """What stands for `model.` in the GPT's row."""
    reads: Literal["image"] = "image"
    inputs: str = "pixel_values"
    """What the module is called with beside the token ids."""
    token: str = "image_token_id"
    """The configuration value that names the placeholder."""
    loader: str = "AutoModelForImageTextToText"


_PREFIXED = {"llava": Prefix()}


def _prefixed(model_type: str, text: Family) -> Family:
    """The row of a model around the GPT of a row."""
    prefix = _PREFIXED[model_type]

    def inside(path: str | None) -> str | None:
        return None if path is None else prefix.path + path.removeprefix("model.")

    return replace(
        text,
        model_type=model_type,
        blocks=prefix.path + text.blocks.removeprefix("model."),
        final_norm=inside(text.final_norm),
        embedding=inside(text.embedding),
        position_embedding=inside(text.position_embedding),
        loader=prefix.loader,
        logit_softcap=None,  # the module around the GPT unembeds by itself, without one
        prefix=prefix,
    )


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
        code="unembed.models.toy",
        runs_in="float32",
    ),
)

_BART_ENCODER = Family(
    model_type="bart",
    blocks="layers",
    final_norm=None,
    embedding="embed_tokens",
    embedding_norm="layernorm_embedding",
    position_embedding="embed_positions",
    attention="self_attn",
    attention_input_norm=None,
    value_projection="self_attn.v_proj",
    output_projection="self_attn.out_proj",
    down_projection="fc2",
    writes=("self_attn", "fc2"),
    stream_norms=("self_attn_layer_norm", "final_layer_norm"),
    heads="encoder_attention_heads",
)
_BART = Family(
    model_type="bart",
    loader="AutoModelForSeq2SeqLM",
    blocks="model.decoder.layers",
    final_norm=None,
    embedding="model.decoder.embed_tokens",
    embedding_norm="model.decoder.layernorm_embedding",
    position_embedding="model.decoder.embed_positions",
    attention="self_attn",
    output_projection="self_attn.out_proj",
    down_projection="fc2",
    writes=("self_attn", "fc2"),
    cross_attention=CrossAttention(
        attention="encoder_attn", value_projection="encoder_attn.v_proj", output_projection="encoder_attn.out_proj"
    ),
    stream_norms=("self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"),
    encoder=Encoder(path="model.encoder", row=_BART_ENCODER, reads="text", context="max_position_embeddings"),
    heads="decoder_attention_heads",
    logit_bias="final_logits_bias",
)
_PRE_LN: dict[str, Any] = {"attention_input_norm": "self_attn_layer_norm", "stream_norms": ()}
_MBART_ENCODER = replace(_BART_ENCODER, model_type="mbart", final_norm="layer_norm", **_PRE_LN)
_MBART = replace(
    _BART,
    model_type="mbart",
    final_norm="model.decoder.layer_norm",
    encoder=Encoder(path="model.encoder", row=_MBART_ENCODER, reads="text", context="max_position_embeddings"),
    **_PRE_LN,
)
_MARIAN = replace(
    _BART,
    model_type="marian",
    embedding_norm=None,
    embedding_scale="model.decoder.embed_scale",
    encoder=Encoder(
        path="model.encoder",
        row=replace(_BART_ENCODER, model_type="marian", embedding_norm=None, embedding_scale="embed_scale"),
        reads="text",
        context="max_position_embeddings",
    ),
)
_WHISPER = replace(
    _MBART,
    model_type="whisper",
    loader="AutoModelForSpeechSeq2Seq",
    embedding_norm=None,
    context="max_target_positions",
    logit_bias=None,
    encoder=Encoder(
        path="model.encoder",
        row=replace(_MBART_ENCODER, model_type="whisper", embedding=None, embedding_norm=None),
        reads="audio",
    ),
)
_T5_ENCODER = Family(
    model_type="t5",
    blocks="block",
    final_norm="final_layer_norm",
    embedding="embed_tokens",
    attention="layer.0.SelfAttention",
    attention_input_norm="layer.0.layer_norm",
    value_projection="layer.0.SelfAttention.v",
    output_projection="layer.0.SelfAttention.o",
    down_projection="layer.1.DenseReluDense.wo",
    writes=("layer.0.SelfAttention", "layer.1.DenseReluDense"),
)
_T5 = replace(
    _T5_ENCODER,
    loader="AutoModelForSeq2SeqLM",
    blocks="decoder.block",
    final_norm="decoder.final_layer_norm",
    embedding="decoder.embed_tokens",
    down_projection="layer.2.DenseReluDense.wo",
    writes=("layer.0.SelfAttention", "layer.2.DenseReluDense"),
    cross_attention=CrossAttention(
        attention="layer.1.EncDecAttention",
        value_projection="layer.1.EncDecAttention.v",
        output_projection="layer.1.EncDecAttention.o",
    ),
    encoder=Encoder(path="encoder", row=_T5_ENCODER, reads="text"),
    logit_scale="scale_decoder_outputs",
)
_ENCODER_DECODERS = (_T5, _BART, _MBART, _MARIAN, _WHISPER)

_families: dict[str, Family] = {row.model_type: row for row in (*_ROWS, *_ENCODER_DECODERS)}


def supported() -> list[str]:
    """The model types there is a row for, sorted."""
    return sorted((*_families, *_PREFIXED))


def register(family: Family) -> None:
    """Add a row (or replace the one of the same model type) for this process."""
    _families[family.model_type] = family


def family_of(config: Any) -> Family:
    """The row of a `transformers` configuration.

    Raises:
        ModelError: there is no row for its model type, or a value of the configuration contradicts the row.
    """
    family = row(config.model_type)
    if config.model_type in _PREFIXED:
        part = _PREFIXED[config.model_type].text
        text = getattr(config, part, None)
        if text is None:
            raise ModelError(f"The configuration of {config.model_type} has no part {part!r} that describes its GPT.")
        return _prefixed(config.model_type, family_of(text))
    for requirement in family.requires:
        requirement.check(config)
    return family


def row(model_type: str) -> Family:
    """The row of a model type.

    Raises:
        ModelError: there is none.
    """
    if model_type in _PREFIXED:
        return _prefixed(model_type, _LLAMA)
    if model_type not in _families:
        raise ModelError(
            f"Model type {model_type!r} is not supported.\n"
            f"Supported: {', '.join(supported())}.\n"
            "docs/families.md shows how to add a family in 20 lines."
        )
    return _families[model_type]
