"""Every bit of architecture knowledge: one row a family (family.py), over the unmodified `transformers` modules.

To support another architecture, add a row (docs/families.md): a model is checked against its own logits when it
loads, so a wrong row refuses to load instead of giving wrong numbers.
"""

from dataclasses import replace
from typing import Any

from unembed.errors import ModelError
from unembed.models.family import (
    CrossAttention,
    Encoder,
    Family,
    HeadRow,
    Prefix,
    Require,
    SharedBlocks,
    WholeAttention,
)

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

_BERT_HEAD = HeadRow(
    dense="cls.predictions.transform.dense",
    activation="cls.predictions.transform.transform_act_fn",
    norm="cls.predictions.transform.LayerNorm",
)
_BERT = Family(
    model_type="bert",
    loader="AutoModelForMaskedLM",
    bidirectional=True,
    blocks="bert.encoder.layer",
    final_norm=None,
    embedding="bert.embeddings.word_embeddings",
    token_type_embedding="bert.embeddings.token_type_embeddings",
    position_embedding="bert.embeddings.position_embeddings",
    embedding_norm="bert.embeddings.LayerNorm",
    attention="attention.self",
    output_projection="attention.output.dense",
    value_projection="attention.self.value",
    down_projection="output.dense",
    writes=("attention.output.dense", "output.dense"),
    stream_norms=("attention.output.LayerNorm", "output.LayerNorm"),
    prediction_head=_BERT_HEAD,
    requires=(
        Require(attribute="is_decoder", value=False, otherwise="it reads no later tokens, so it fills no blanks"),
    ),
)


def _like_bert(model_type: str, head: HeadRow, **more: Any) -> Family:
    """A row whose stack is BERT's under another name."""

    def inside(path: str | None) -> str | None:
        return None if path is None else path.replace("bert.", f"{_BODY.get(model_type, model_type)}.", 1)

    paths = ("blocks", "embedding", "token_type_embedding", "position_embedding", "embedding_norm")
    own = {name: inside(getattr(_BERT, name)) for name in paths} | more
    return replace(_BERT, model_type=model_type, prediction_head=head, **own)


_BODY = {"xlm-roberta": "roberta", "deberta-v2": "deberta"}
_ROBERTA = _like_bert(
    "roberta",
    HeadRow(dense="lm_head.dense", activation="gelu", norm="lm_head.layer_norm"),
    first_position="pad_token_id",
)
_DISTILBERT = Family(
    model_type="distilbert",
    loader="AutoModelForMaskedLM",
    bidirectional=True,
    blocks="distilbert.transformer.layer",
    final_norm=None,
    embedding="distilbert.embeddings.word_embeddings",
    position_embedding="distilbert.embeddings.position_embeddings",
    embedding_norm="distilbert.embeddings.LayerNorm",
    attention="attention",
    output_projection="attention.out_lin",
    value_projection="attention.v_lin",
    down_projection="ffn.lin2",
    writes=("attention", "ffn.lin2"),
    stream_norms=("sa_layer_norm", "output_layer_norm"),
    prediction_head=HeadRow(dense="vocab_transform", activation="activation", norm="vocab_layer_norm"),
)
_ELECTRA = _like_bert(
    "electra",
    HeadRow(
        dense="generator_predictions.dense",
        activation="generator_predictions.activation",
        norm="generator_predictions.LayerNorm",
    ),
    embedding_projection="electra.embeddings_project",
    may_lack=("embedding_projection",),
)
_MODERNBERT = Family(
    model_type="modernbert",
    loader="AutoModelForMaskedLM",
    bidirectional=True,
    blocks="model.layers",
    final_norm="model.final_norm",
    embedding="model.embeddings.tok_embeddings",
    embedding_norm="model.embeddings.norm",
    attention="attn",
    attention_input_norm="attn_norm",
    output_projection="attn.Wo",
    down_projection="mlp.Wo",
    writes=("attn", "mlp"),
    prediction_head=HeadRow(dense="head.dense", activation="head.act", norm="head.norm"),
)
_ALBERT = Family(
    model_type="albert",
    loader="AutoModelForMaskedLM",
    bidirectional=True,
    blocks="albert.encoder.albert_layer_groups",
    shared_blocks=SharedBlocks(
        inside="albert_layers", layers="num_hidden_layers", groups="num_hidden_groups", blocks="inner_group_num"
    ),
    final_norm=None,
    embedding="albert.embeddings.word_embeddings",
    token_type_embedding="albert.embeddings.token_type_embeddings",
    position_embedding="albert.embeddings.position_embeddings",
    embedding_norm="albert.embeddings.LayerNorm",
    embedding_projection="albert.encoder.embedding_hidden_mapping_in",
    attention="albert_layers.0.attention",
    output_projection="albert_layers.0.attention.dense",
    value_projection="albert_layers.0.attention.value",
    down_projection="albert_layers.0.ffn_output",
    writes=("albert_layers.0.attention.dense", "albert_layers.0.ffn_output"),
    stream_norms=("albert_layers.0.attention.LayerNorm", "albert_layers.0.full_layer_layer_norm"),
    prediction_head=HeadRow(
        dense="predictions.dense", activation="predictions.activation", norm="predictions.LayerNorm"
    ),
)
_DEBERTA = _like_bert(
    "deberta-v2",
    _BERT_HEAD,
    adds_position_first=True,
    value_projection="attention.self.value_proj",
    whole_attention=WholeAttention(split="transpose_for_scores", pattern="output_attentions", anew=("relative_pos",)),
    may_lack=("token_type_embedding", "position_embedding"),
    requires=(Require(attribute="conv_kernel_size", value=0, otherwise="a convolution writes to the stream as well"),),
)
_MASKED = (
    _BERT,
    _ROBERTA,
    replace(_ROBERTA, model_type="xlm-roberta"),
    _DISTILBERT,
    _ELECTRA,
    _ALBERT,
    _DEBERTA,
    _MODERNBERT,
)

_families: dict[str, Family] = {row.model_type: row for row in (*_ROWS, *_ENCODER_DECODERS, *_MASKED)}


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
