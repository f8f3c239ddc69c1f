"""Tiny random models, one builder a family, in which no mistake can hide.

Nothing keeps its default: gains of the norms (of the stream: over two orders of magnitude and of both signs), their
shifts, every bias the configuration can turn on, attention sinks, the embedding that is tied or not. float64, so that
an error of the arithmetic of `unembed` is not drowned by that of the model.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import nn

import unembed.models.toy  # noqa: F401  makes transformers know the type

VOCAB = 97
CONTEXT = 64

_RENAMED: Mapping[str, Mapping[str, str]] = {
    "gpt2": {
        "d_model": "n_embd",
        "heads": "n_head",
        "layers": "n_layer",
        "d_mlp": "n_inner",
        "context": "n_positions",
    },
    "gpt_neo": {"heads": "num_heads", "layers": "num_layers", "window": "window_size"},
    "opt": {"d_mlp": "ffn_dim"},
    "qwen3_moe": {"experts": "num_experts", "d_expert": "moe_intermediate_size"},
}
_NAMES = {
    "d_model": "hidden_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "layers": "num_hidden_layers",
    "d_mlp": "intermediate_size",
    "context": "max_position_embeddings",
    "window": "sliding_window",
    "tied": "tie_word_embeddings",
    "experts": "num_local_experts",
}

HEAD_DIM_IS_FREE = frozenset(
    (
        "llama",
        "mistral",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3_text",
        "mixtral",
        "qwen3_moe",
        "gpt_oss",
        "phi3",
    )
)
"""Families in which heads x head_dim need not be d_model."""
GROUPED = frozenset(
    (
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3_text",
        "phi",
        "phi3",
        "olmo2",
        "starcoder2",
        "stablelm",
        "smollm3",
        "mixtral",
        "qwen3_moe",
        "gpt_oss",
    )
)
"""Families with grouped-query attention."""
WINDOWED = frozenset(
    (
        "gpt_neo",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma2",
        "gemma3_text",
        "phi3",
        "starcoder2",
        "smollm3",
        "mixtral",
        "qwen3_moe",
        "gpt_oss",
    )
)
"""Families with sliding windows."""
PARALLEL = {"gpt_neox": "use_parallel_residual", "stablelm": "use_parallel_residual"}
"""The switch of a family whose blocks may be parallel (those of phi always are)."""
MIXTURES = frozenset(("mixtral", "qwen3_moe", "gpt_oss"))
SOFTCAPPED = frozenset(("gemma2", "gemma3_text"))
SANDWICHED = frozenset(("gemma2", "gemma3_text", "olmo2"))
"""Families whose blocks have post-norms."""

# Every bias the configuration can turn on is on; every second layer slides where only some do.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "gpt2": {"scale_attn_by_inverse_layer_idx": True},
        "gpt_neo": {"window": 4, "layers": 4},
        "gpt_neox": {"use_parallel_residual": True, "attention_bias": True},
        "opt": {"enable_bias": True},
        "llama": {"attention_bias": True, "mlp_bias": True},
        "mistral": {"window": 4},
        "qwen2": {"use_sliding_window": True, "window": 4, "max_window_layers": 1},
        "qwen3": {"attention_bias": True, "use_sliding_window": True, "window": 4, "max_window_layers": 1},
        "gemma": {"attention_bias": True},
        "gemma2": {
            "attention_bias": True,
            "window": 4,
            "query_pre_attn_scalar": 8,
            "final_logit_softcapping": 6.0,
            "attn_logit_softcapping": 5.0,
        },
        "gemma3_text": {
            "attention_bias": True,
            "window": 4,
            "query_pre_attn_scalar": 8,
            "final_logit_softcapping": 6.0,
            "sliding_window_pattern": 2,
        },
        "phi": {"qk_layernorm": True},
        "phi3": {"window": 4, "original_max_position_embeddings": CONTEXT},
        "olmo2": {"attention_bias": True},
        "starcoder2": {"use_bias": True, "window": 4},
        "stablelm": {"use_qkv_bias": True, "qk_layernorm": True, "use_parallel_residual": False},
        "smollm3": {
            "attention_bias": True,
            "mlp_bias": True,
            "use_sliding_window": True,
            "window": 4,
            "no_rope_layer_interval": 2,
        },
        "mixtral": {"experts": 4, "num_experts_per_tok": 2, "window": 4},
        "qwen3_moe": {
            "experts": 4,
            "num_experts_per_tok": 2,
            "d_expert": 24,
            "mlp_only_layers": [0],
            "norm_topk_prob": True,
            "attention_bias": True,
            "use_sliding_window": True,
            "window": 4,
        },
        "gpt_oss": {"experts": 4, "num_experts_per_tok": 2, "window": 4, "attention_bias": True},
        "unembed_toy": {},
    }
)

MODEL_TYPES = tuple(sorted(_DEFAULTS))
each_family = pytest.mark.parametrize("model_type", MODEL_TYPES)
"""The families there is a builder for."""


def configuration(model_type: str, *, vocab_size: int = VOCAB, **overrides: Any) -> Any:
    """A configuration, from neutral names (`d_model`, `heads`, `window`, ...) and the family's own."""
    from transformers import AutoConfig

    size = {"d_model": 32, "heads": 4, "layers": 3, "d_mlp": 48, "context": CONTEXT, "tied": False}
    if model_type in GROUPED:
        size["kv_heads"] = 2
    values = {**size, **_DEFAULTS.get(model_type, {}), **overrides}
    if model_type in HEAD_DIM_IS_FREE:
        values.setdefault("head_dim", 8)
    if model_type == "gpt_neo":
        layers = values["layers"]
        kinds = [["global"], ["local"]]
        values["attention_types"] = [[kinds[layer % 2], 1] for layer in range(layers)]
    if model_type == "gemma3_text":
        values["layer_types"] = [
            "sliding_attention" if layer % 2 == 0 else "full_attention" for layer in range(values["layers"])
        ]
        values.pop("sliding_window_pattern", None)
    if model_type == "gpt_oss":
        values["rope_parameters"] = {"rope_type": "default", "rope_theta": 10000.0}
    names = {**_NAMES, **_RENAMED.get(model_type, {})}
    renamed = {names.get(key, key): value for key, value in values.items()}
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return AutoConfig.for_model(model_type, vocab_size=vocab_size, **ids, **renamed)


def build(model_type: str, *, seed: int = 0, dtype: torch.dtype = torch.float64, **overrides: Any) -> Any:
    """A random causal language model of this type, scrambled, in evaluation mode."""
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = AutoModelForCausalLM.from_config(configuration(model_type, **overrides), dtype=torch.float64)
    module = module.double().eval()
    if model_type in MIXTURES:
        module.set_experts_implementation("eager")  # torch has no grouped matrix product in float64
    scramble(module, seed)
    return module.to(dtype)


def build_eager(model_type: str, **overrides: Any) -> Any:
    """The same with eager attention, which gives its pattern out."""
    module = build(model_type, **overrides)
    module.set_attn_implementation("eager")
    return module


def scramble(module: nn.Module, seed: int) -> None:
    """Give every parameter a value that is nobody's default."""
    generator = torch.Generator().manual_seed(seed + 1)

    def normal(shape: torch.Size) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def uniform(shape: torch.Size, low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)

    def gain(shape: torch.Size, *, wide: bool) -> torch.Tensor:
        size = 10 ** uniform(shape, -1.5, 0.5) if wide else uniform(shape, 0.5, 1.5)
        return size * torch.where(uniform(shape, 0, 1) < 0.2, -1.0, 1.0)

    d_model = module.config.get_text_config().hidden_size
    seen: set[int] = set()
    with torch.no_grad():
        for owner_name, owner in module.named_modules():
            kind = type(owner).__name__
            offset = 1.0 if kind.startswith("Gemma") and kind.endswith("RMSNorm") else 0.0
            of_queries = any(part.startswith(("q_", "k_")) for part in owner_name.split("."))
            for name, parameter in owner.named_parameters(recurse=False):
                if id(parameter) in seen:
                    continue
                seen.add(id(parameter))
                shape = parameter.shape
                if "Norm" in kind and name == "weight":
                    parameter.copy_(gain(shape, wide=not of_queries and shape[0] == d_model) - offset)
                elif "bias" in name:
                    parameter.copy_(0.4 * normal(shape))
                elif parameter.ndim == 1:  # sinks
                    parameter.copy_(normal(shape))
                elif isinstance(owner, nn.Embedding):
                    parameter.copy_(normal(shape) * (0.5 if shape[0] != VOCAB else 1.0))
                else:
                    # Conv1D and the experts of gpt_oss multiply from the left; which side it is only sets the scale.
                    parameter.copy_(normal(shape) * shape[-1] ** -0.5)


def variations(model_type: str) -> Any:
    """A hypothesis strategy of overrides for `build`: widths, heads, groups, windows, ties, caps, mixtures."""
    from hypothesis import strategies as st

    @st.composite
    def draw_overrides(draw: Any) -> dict[str, Any]:
        heads = draw(st.sampled_from([1, 2, 3, 4, 6]))
        values: dict[str, Any] = {
            "heads": heads,
            "layers": draw(st.integers(1, 3)),
            "seed": draw(st.integers(0, 10**6)),
        }
        if model_type in HEAD_DIM_IS_FREE:
            values["d_model"] = heads * draw(st.integers(-(-12 // heads), 40 // heads))
            values["head_dim"] = draw(st.sampled_from([2, 4, 6, 10, 16]))
            if model_type == "phi3":
                values["head_dim"] = draw(st.sampled_from([4, 6, 8]))
        else:
            partly_rotary = model_type in ("gpt_neox", "stablelm", "phi")
            values["d_model"] = heads * draw(st.sampled_from([8, 16] if partly_rotary else [4, 6, 8, 10]))
        if model_type in GROUPED:
            values["kv_heads"] = draw(st.sampled_from([n for n in range(1, heads + 1) if heads % n == 0]))
        values["d_mlp"] = draw(st.integers(1, 40))
        values["tied"] = draw(st.booleans())
        if model_type in WINDOWED:
            values["window"] = draw(st.integers(2, 5))
        if model_type in PARALLEL:
            values[PARALLEL[model_type]] = draw(st.booleans())
        if model_type in SOFTCAPPED:
            values["final_logit_softcapping"] = draw(st.sampled_from([None, 0.5, 6.0, 50.0]))
        if model_type == "gemma2":
            values["attn_logit_softcapping"] = draw(st.sampled_from([None, 2.0, 50.0]))
        if model_type in MIXTURES:
            values["experts"] = draw(st.integers(1, 5))
            values["num_experts_per_tok"] = draw(st.integers(1, values["experts"]))
        if model_type == "qwen3_moe":
            values["d_expert"] = draw(st.integers(1, 20))
            values["norm_topk_prob"] = draw(st.booleans())
            values["mlp_only_layers"] = draw(st.lists(st.integers(0, 2), unique=True))
        for switch in ("attention_bias", "mlp_bias", "use_qkv_bias", "qk_layernorm", "enable_bias", "use_bias"):
            if switch in _DEFAULTS[model_type]:
                values[switch] = draw(st.booleans())
        return values

    return draw_overrides()
