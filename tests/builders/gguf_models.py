"""A model of transformers as a GGUF file, in float32: its tensors under their GGUF names, its configuration as keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gguf import GGUFWriter
from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

from builders.random_models import build

MODEL_TYPES = {
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "qwen3moe": "qwen3_moe",
    "phi3": "phi3",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
    "stablelm": "stablelm",
    "starcoder2": "starcoder2",
    "gpt2": "gpt2",
}
"""The model type of each architecture."""
# What a GGUF file has no key for has the value that llama.cpp takes for granted.
_UNSAID: Mapping[str, Mapping[str, Any]] = {
    "llama": {"attention_bias": False, "mlp_bias": False},
    "qwen2": {"use_sliding_window": False},
    "qwen3": {"use_sliding_window": False, "attention_bias": False},
    "qwen3moe": {"use_sliding_window": False, "attention_bias": False, "mlp_only_layers": []},
    "gemma2": {"attention_bias": False, "tied": True},
    "gemma3": {"attention_bias": False, "final_logit_softcapping": None, "layers": 6, "tied": True},
    "stablelm": {"qk_layernorm": False},
    "gpt2": {"scale_attn_by_inverse_layer_idx": False},
}
_OWN_LAYERS = {"gemma3": ["sliding_attention"] * 5 + ["full_attention"]}


def module_of(architecture: str, **overrides: Any) -> Any:
    """A random model that a GGUF file of this architecture can hold, in float32."""
    own: dict[str, Any] = {**_UNSAID.get(architecture, {}), **overrides}
    module = build(MODEL_TYPES[architecture], dtype=torch.float32, **own)
    if architecture in _OWN_LAYERS:
        module = changed(module, layer_types=_OWN_LAYERS[architecture])
    return module


def changed(module: Any, **values: Any) -> Any:
    """A model of the same tensors with other values in its configuration."""
    given = {"architectures": None, **module.config.to_dict(), **values}
    again = type(module)(type(module.config).from_dict(given)).eval()
    again.load_state_dict(module.state_dict())
    return again


def write_module(
    path: Path, architecture: str, module: Any, keys: Mapping[str, Any] | None = None, name: str = "tiny"
) -> Path:
    """A GGUF file of a model.

    Args:
        path: of the file.
        architecture: as GGUF calls it.
        module: from `module_of`.
        keys: metadata without the architecture's name, which replaces or adds to that of the model.
        name: of the model, as the file tells it.
    """
    config = module.config
    writer = GGUFWriter(str(path), architecture)
    writer.add_name(name)
    for key, value in (_keys(architecture, config) | dict(keys or {})).items():
        if isinstance(value, bool):
            writer.add_bool(f"{architecture}.{key}", value)
        elif isinstance(value, str):
            writer.add_string(f"{architecture}.{key}", value)
        elif value is not None:
            add = writer.add_float32 if isinstance(value, float) else writer.add_uint32
            add(f"{architecture}.{key}", value)
    _tokenizer(writer, config.vocab_size)
    processor = TENSOR_PROCESSORS.get(architecture, TensorProcessor)(config=config.to_dict())
    state = module.state_dict()
    for name, own in sorted(get_gguf_hf_weights_map(module, processor).items()):
        if own in state and not (name == "output.weight" and config.tie_word_embeddings):
            tensor = _as_stored(architecture, name, state[own], config)
            suffix = "" if name.endswith((".weight", ".bias")) else ".weight"
            writer.add_tensor(name + suffix, tensor.contiguous().numpy())
    for name, factors in _factors(config).items():
        writer.add_tensor(name, torch.tensor(factors, dtype=torch.float32).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _keys(architecture: str, config: Any) -> dict[str, Any]:
    """The metadata of a configuration."""
    rope = getattr(config, "rope_parameters", None) or {}
    rope = rope.get("full_attention", rope)
    epsilons = ("rms_norm_eps", "layer_norm_eps", "norm_epsilon", "layer_norm_epsilon")
    epsilon = next(getattr(config, name) for name in epsilons if hasattr(config, name))
    rms = "_rms" if hasattr(config, "rms_norm_eps") else ""
    keys = {
        "context_length": config.max_position_embeddings,
        "block_count": config.num_hidden_layers,
        "feed_forward_length": config.n_inner if architecture == "gpt2" else config.intermediate_size,
        "embedding_length": config.hidden_size,
        "attention.head_count": config.num_attention_heads,
        f"attention.layer_norm{rms}_epsilon": float(epsilon),
        "vocab_size": config.vocab_size,
    }
    if architecture == "gpt2":
        return keys
    keys |= {"attention.head_count_kv": config.num_key_value_heads, "rope.freq_base": float(rope["rope_theta"])}
    if architecture in ("qwen3", "qwen3moe", "gemma2", "gemma3", "llama"):
        keys |= {"attention.key_length": config.head_dim, "attention.value_length": config.head_dim}
    if architecture in ("phi3", "gemma2", "gemma3", "starcoder2"):
        keys["attention.sliding_window"] = config.sliding_window
    if architecture in ("phi3", "stablelm"):
        width = config.hidden_size // config.num_attention_heads
        keys["rope.dimension_count"] = int(width * rope.get("partial_rotary_factor", 1.0))
    if architecture == "gemma2":
        keys["attn_logit_softcapping"] = config.attn_logit_softcapping
        keys["final_logit_softcapping"] = config.final_logit_softcapping
    if architecture == "qwen3moe":
        keys["expert_count"] = config.num_experts
        keys["expert_used_count"] = config.num_experts_per_tok
        keys["expert_feed_forward_length"] = config.moe_intermediate_size
    return keys


def _factors(config: Any) -> dict[str, list[float]]:
    """The tensors that divide rotary frequencies: two sets for longrope; for Llama 3 what llama.cpp makes of it."""
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        sets = ("short_factor", "long_factor")
        return {f"rope_factors_{name.removesuffix('_factor')}.weight": rope[name] for name in sets}
    if rope.get("rope_type") != "llama3":
        return {}
    divided = []
    for pair in range(0, config.head_dim, 2):
        turns = rope["original_max_position_embeddings"] / (
            2 * torch.pi * rope["rope_theta"] ** (pair / config.head_dim)
        )
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        smooth = min(max((turns - low) / (high - low), 0.0), 1.0)
        divided.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return {"rope_freqs.weight": divided}


def _as_stored(architecture: str, name: str, tensor: torch.Tensor, config: Any) -> torch.Tensor:
    """How llama.cpp stores a tensor of transformers."""
    if architecture == "llama" and name.split(".")[2:3] in (["attn_q"], ["attn_k"]):
        heads = config.num_attention_heads if "attn_q" in name else config.num_key_value_heads
        return tensor.reshape(heads, 2, -1, tensor.shape[-1]).transpose(1, 2).reshape(tensor.shape)
    if architecture in ("gemma2", "gemma3") and name.endswith("norm.weight"):
        return tensor + 1
    if architecture == "gpt2" and name.endswith(
        ("attn_qkv.weight", "ffn_down.weight", "ffn_up.weight", "output.weight")
    ):
        return tensor if name == "output.weight" else tensor.T
    if architecture == "qwen3moe" and ("ffn_gate_exps" in name or "ffn_up_exps" in name):
        return tensor.chunk(2, dim=1)["ffn_up_exps" in name]
    return tensor


def _tokenizer(writer: GGUFWriter, count: int) -> None:
    tokens = ["<|endoftext|>", *(chr(0x100 + code) for code in range(count - 1))]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([*tokens[:-3], "h", "e", "he"])
    writer.add_token_types([3] + [1] * (count - 1))
    writer.add_token_merges(["h e"])
    writer.add_eos_token_id(0)
    writer.add_pad_token_id(0)
