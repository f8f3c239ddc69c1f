"""The rows of masked language models (family.py): stacks that read both ways, and a prediction head."""

from dataclasses import replace
from typing import Any

from unembed.models.family import Family, HeadRow, OtherHead, Require, SharedBlocks, WholeAttention

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
    pretrained_as="BertForPreTraining",
    unread=("bert.pooler.", "cls.seq_relationship."),
    requires=(
        Require(attribute="is_decoder", value=False, otherwise="it reads no later tokens, so it fills no blanks"),
    ),
)


def _like_bert(model_type: str, head: HeadRow, **more: Any) -> Family:
    """A row whose stack is BERT's under another name."""

    def inside(path: str | None) -> str | None:
        return None if path is None else path.replace("bert.", f"{_BODY.get(model_type, model_type)}.", 1)

    paths = ("blocks", "embedding", "token_type_embedding", "position_embedding", "embedding_norm")
    own: dict[str, Any] = {name: inside(getattr(_BERT, name)) for name in paths}
    own |= {"unread": (inside("bert.pooler."),), "pretrained_as": None} | more
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
    pretrained_as="AlbertForPreTraining",
    unread=("albert.pooler.", "sop_classifier."),
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
    unread=("mask_predictions.", "deberta.embeddings.position_embeddings."),
    other_head=OtherHead(
        attribute="legacy",
        value=False,
        head=HeadRow(
            dense="lm_predictions.lm_head.dense",
            activation="lm_predictions.lm_head.transform_act_fn",
            norm="lm_predictions.lm_head.LayerNorm",
            unembeds="lm_predictions.lm_head",
        ),
    ),
    requires=(Require(attribute="conv_kernel_size", value=0, otherwise="a convolution writes to the stream as well"),),
)
MASKED = (
    _BERT,
    _ROBERTA,
    replace(_ROBERTA, model_type="xlm-roberta"),
    _DISTILBERT,
    _ELECTRA,
    _ALBERT,
    _DEBERTA,
    _MODERNBERT,
)
