"""Where the parts of each model type are, and how it writes them: a table of our own, not that of `unembed`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    blocks: str = "model.layers"
    final_norm: str = "model.norm"
    embedding: str = "model.embed_tokens"
    positions: str | None = None
    position_offset: int = 0
    attention: str = "self_attn"
    values: str = "v_proj"
    value_layout: str = "own"
    """own: kv_heads x d_head; last: at the end of a fused projection; third: q, k, v interleaved by head."""
    out: str = "self_attn.o_proj"
    mlp: str = "mlp"
    down: str = "mlp.down_proj"
    attention_norm: str | None = None
    mlp_norm: str | None = None
    norm: str = "rms"
    """layer: LayerNorm; rms: RMSNorm; rms1: RMSNorm with gain 1 + weight; none: an identity."""
    embedding_scale: bool = False
    mixture: str | None = None


_SANDWICH = {"attention_norm": "post_attention_layernorm", "mlp_norm": "post_feedforward_layernorm"}
PARTS = {
    "gpt2": Parts(
        blocks="transformer.h",
        final_norm="transformer.ln_f",
        embedding="transformer.wte",
        positions="transformer.wpe",
        attention="attn",
        values="c_attn",
        value_layout="last",
        out="attn.c_proj",
        down="mlp.c_proj",
        norm="layer",
    ),
    "gpt_neo": Parts(
        blocks="transformer.h",
        final_norm="transformer.ln_f",
        embedding="transformer.wte",
        positions="transformer.wpe",
        attention="attn.attention",
        out="attn.attention.out_proj",
        down="mlp.c_proj",
        norm="layer",
    ),
    "gpt_neox": Parts(
        blocks="gpt_neox.layers",
        final_norm="gpt_neox.final_layer_norm",
        embedding="gpt_neox.embed_in",
        attention="attention",
        values="query_key_value",
        value_layout="third",
        out="attention.dense",
        down="mlp.dense_4h_to_h",
        norm="layer",
    ),
    "opt": Parts(
        blocks="model.decoder.layers",
        final_norm="model.decoder.final_layer_norm",
        embedding="model.decoder.embed_tokens",
        positions="model.decoder.embed_positions",
        position_offset=2,
        out="self_attn.out_proj",
        mlp="fc2",
        down="fc2",
        norm="layer",
    ),
    "llama": Parts(),
    "mistral": Parts(),
    "qwen2": Parts(),
    "qwen3": Parts(),
    "smollm3": Parts(),
    "gemma": Parts(norm="rms1", embedding_scale=True),
    "gemma2": Parts(norm="rms1", embedding_scale=True, **_SANDWICH),
    "gemma3_text": Parts(norm="rms1", embedding_scale=True, **_SANDWICH),
    "olmo2": Parts(**_SANDWICH),
    "phi": Parts(final_norm="model.final_layernorm", out="self_attn.dense", down="mlp.fc2", norm="layer"),
    "phi3": Parts(values="qkv_proj", value_layout="last"),
    "starcoder2": Parts(down="mlp.c_proj", norm="layer"),
    "stablelm": Parts(norm="layer"),
    "mixtral": Parts(mixture="mixtral"),
    "qwen3_moe": Parts(mixture="qwen3_moe"),
    "gpt_oss": Parts(mixture="gpt_oss"),
    "unembed_toy": Parts(norm="none"),
}
