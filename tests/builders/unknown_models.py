"""Tiny random models of types without a row: one of each kind of structure that inference tells."""

from dataclasses import dataclass, field
from typing import Any

import torch

from builders.random_models import scramble


@dataclass(frozen=True)
class Told:
    """What is to be found of a type."""

    level: str = "everything"
    patched: bool = True
    kinds: frozenset[str] = frozenset(("head", "neuron"))
    values: dict[str, Any] = field(default_factory=dict)


_MIXTURE = {"n_routed_experts": 4, "num_local_experts": 4, "n_group": 1, "topk_group": 1, "moe_intermediate_size": 24}
_SHARED = frozenset(("head", "neuron", "shared_experts"))
_LINEAR = {"linear_num_value_heads": 2, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
_NO_GROUPS = {"num_key_value_heads": None, "head_dim": None}
_GPTJ = {"n_embd": 32, "n_head": 4, "n_layer": 2, "rotary_dim": 4, "n_inner": 48, "num_key_value_heads": None}
_LATENT = {"q_lora_rank": 12, "kv_lora_rank": 12, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8}
_LATENT |= {"num_key_value_heads": 4, "head_dim": None}
_BARE = {"decoder_layers": 3, "num_attention_heads": None, "head_dim": None, "num_key_value_heads": None}
_DECODER = {"is_decoder": True, "num_key_value_heads": None, "head_dim": None}
UNKNOWN: dict[str, Told] = {
    "big_bird": Told(patched=False, values={**_DECODER, "attention_type": "original_full"}),
    "bitnet": Told(),
    "blenderbot-small": Told(
        values={"d_model": 32, "decoder_attention_heads": 4, "encoder_attention_heads": 2, "decoder_ffn_dim": 48}
        | _BARE
    ),
    "camembert": Told(values={**_DECODER, "pad_token_id": 1, "bos_token_id": 0}),
    "bloom": Told(patched=False, values={"n_head": 4, "n_layer": 3, "num_key_value_heads": None}),
    "cohere": Told(values={"logit_scale": 0.0625}),
    "ctrl": Told(patched=False, values={"n_embd": 32, "n_head": 4, "n_layer": 3, "dff": 48} | _NO_GROUPS),
    "doge": Told(patched=False),
    "exaone4": Told(),
    "falcon": Told(patched=False, values={"num_key_value_heads": None, "head_dim": None}),
    "gemma4_text": Told(
        level="heads",
        patched=False,
        kinds=frozenset(("head", "mlp")),
        values={"hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 97, "global_head_dim": 8}
        | {"num_kv_shared_layers": 0},
    ),
    "gemma4_unified_text": Told(values={"global_head_dim": 8, "num_kv_shared_layers": 0}),
    "glm4_moe": Told(kinds=_SHARED, values={**_MIXTURE, "first_k_dense_replace": 1}),
    "gpt_neox_japanese": Told(patched=False, values={"intermediate_multiple_size": 2} | _NO_GROUPS),
    "gptj": Told(patched=False, values=_GPTJ),
    "granite": Told(values={"residual_multiplier": 0.5, "embedding_multiplier": 2.0, "logits_scaling": 3.0}),
    "granite_swa": Told(patched=False),
    "llama4_text": Told(
        level="heads",
        patched=False,
        kinds=frozenset(("head", "mlp")),
        values={"intermediate_size_mlp": 48, "num_local_experts": 4, "interleave_moe_layer_step": 2},
    ),
    "minicpm3": Told(values={**_LATENT, "scale_emb": 12.0, "scale_depth": 1.4, "dim_model_base": 24}),
    "lfm2_moe": Told(
        patched=False,
        values={**_MIXTURE, "layer_types": ["conv", "full_attention", "conv"], "num_dense_layers": 1},
    ),
    "mamba": Told(level="heads", patched=False, kinds=frozenset(("head",)), values={"state_size": 8}),
    "mamba2": Told(
        level="heads",
        patched=False,
        kinds=frozenset(("head",)),
        values={"state_size": 8, "num_heads": 4, "head_dim": 16, "n_groups": 2, "chunk_size": 4}
        | {"num_attention_heads": None, "num_key_value_heads": None},
    ),
    "minimax": Told(
        patched=False,
        values={**_MIXTURE, "layer_types": ["linear_attention", "full_attention", "linear_attention"], "block_size": 4},
    ),
    "nanochat": Told(),
    "olmo3": Told(),
    "olmo_hybrid": Told(
        patched=False,
        values={**_LINEAR, "layer_types": ["linear_attention", "full_attention", "linear_attention"]},
    ),
    "openai-gpt": Told(patched=False, values={"n_embd": 32, "n_head": 4, "n_layer": 3, "num_key_value_heads": None}),
    "qwen2_moe": Told(
        kinds=_SHARED,
        values={**_MIXTURE, "shared_expert_intermediate_size": 20, "decoder_sparse_step": 1},
    ),
    "qwen3_next": Told(
        patched=False,
        kinds=_SHARED,
        values={**_MIXTURE, **_LINEAR, "shared_expert_intermediate_size": 20, "num_hidden_layers": 4},
    ),
    "recurrent_gemma": Told(  # of a width whose root bfloat16 holds: the embedding is multiplied by it
        patched=False,
        values={"hidden_size": 64, "head_dim": 16, "lru_width": 64, "attention_window_size": 8}
        | {"block_types": ["recurrent", "attention"]},
    ),
    "xlstm": Told(
        level="neurons",
        patched=False,
        kinds=frozenset(("attention", "neuron")),
        values={"num_heads": 4, "num_blocks": 2},
    ),
    "rwkv": Told(
        level="sublayers",
        patched=False,
        kinds=frozenset(("attention", "mlp")),
        values={"attention_hidden_size": 32, "context_length": 64},
    ),
}


def unknown(name: str, **changed: Any) -> Any:
    """A random model, scrambled, in evaluation mode."""
    from transformers import AutoConfig, AutoModelForCausalLM

    values = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3}
    values |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "num_experts": 4}
    values |= {"num_experts_per_tok": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = AutoConfig.for_model(
        name, **{k: x for k, x in (values | UNKNOWN[name].values | changed).items() if x is not None}
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = AutoModelForCausalLM.from_config(config, dtype=torch.float64).eval()
    if hasattr(module, "set_experts_implementation"):
        module.set_experts_implementation("eager")
    scramble(module, 0)
    for name, number in module.named_buffers():
        if number.numel() == 1 and name in module.state_dict():
            number.mul_(0.9)  # by which blocks multiply the stream
    return module
