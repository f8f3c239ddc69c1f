"""Every bit of architecture knowledge: one row a family (family.py), over the unmodified `transformers` modules. The
rows of masked language models stand in a file of their own (masked_families.py).

To support another architecture, add a row (docs/families.md): a model is checked against its own logits when it
loads, so a wrong row refuses to load instead of giving wrong numbers.
"""

from dataclasses import replace
from typing import Any

from unembed.errors import ModelError
from unembed.models.family import CrossAttention, Encoder, Family, Prefix, Require
from unembed.models.inference.infer import causal_class, inferred_row
from unembed.models.masked_families import MASKED

_LLAVAS = (
    *("llava", "llava_next", "vipllava", "mistral3", "lighton_ocr", "internvl", "gemma3", "got_ocr2"),
    "aya_vision",
)
_AUDIO = Prefix(reads="audio", inputs="input_features", token="audio_token_id", loader="AutoModelForMultimodalLM")
_IDEFICS = Prefix(path="model.text_model.")
_PREFIXED = {
    **dict.fromkeys(_LLAVAS, Prefix()),
    **dict.fromkeys(("idefics3", "smolvlm"), _IDEFICS),
    **dict.fromkeys(("qwen2_vl", "qwen2_5_vl"), Prefix()),
    "qwen2_audio": _AUDIO,
    "voxtral": _AUDIO,
}
_INSIDE = {"qwen2_vl_text": "qwen2", "qwen2_5_vl_text": "qwen2"}
"""The rows that describe the language models inside, which have model types of their own."""


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
        logit_softcap=None,  # the module around the GPT unembeds by itself, without one, and without a multiplier
        logit_multiplier=1.0,
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
        writes_meet_first=True,
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
        writes_meet_first=True,
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
    bidirectional=True,
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
    bidirectional=True,
)
_T5 = replace(
    _T5_ENCODER,
    bidirectional=False,
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

_families: dict[str, Family] = {row.model_type: row for row in (*_ROWS, *_ENCODER_DECODERS, *MASKED)}


def supported() -> list[str]:
    """The model types there is a row for, sorted."""
    return sorted((*_families, *_PREFIXED))


def has_row(model_type: str) -> bool:
    """Whether a row describes a model type."""
    return model_type in _families or model_type in _PREFIXED


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
        return _prefixed(config.model_type, _of_text(text))
    for requirement in family.requires:
        requirement.check(config)
    other = family.other_head
    if other is not None and getattr(config, other.attribute, None) == other.value:
        return replace(family, prediction_head=other.head)
    return family


def _of_text(text: Any) -> Family:
    """The row of the language model inside a module."""
    known, kind = _INSIDE.get(text.model_type), causal_class(text.model_type)
    if known is None and not has_row(text.model_type) and kind is not None:
        import transformers

        return inferred_row(getattr(transformers, kind), text)
    return family_of(text) if known is None else replace(row(known), model_type=text.model_type)


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
            f"Supported: {', '.join(supported())}; and of the other causal language models of transformers those whose "
            "structure can be found and proved (docs/any-model.md).\n"
            "docs/families.md shows how to add a family in 20 lines."
        )
    return _families[model_type]
