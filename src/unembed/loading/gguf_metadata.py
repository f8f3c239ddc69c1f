"""What a GGUF file says about the numbers: every key is applied to the configuration, or refused by name.

transformers reads the keys that it has a name for and drops the rest, among them the scaling of the rotary positions.
The tensors fit all the same, so nothing would show. Here each key of the file's architecture is one of three: applied,
without any effect on the numbers, or a refusal. So are the tensors that scale rotary frequencies one by one (Llama 3's
`rope_freqs`, the two sets of longrope), which are no parameters of its model but values of its configuration.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unembed.errors import ModelError

_SHARED = {
    "context_length": "max_position_embeddings",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "embedding_length": "hidden_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
}
_RMS = _SHARED | {"attention.layer_norm_rms_epsilon": "rms_norm_eps"}
_WINDOW = {"attention.sliding_window": "sliding_window"}
_SETTINGS: dict[str, dict[str, str]] = {
    "llama": _RMS,
    "mistral": _RMS,
    "qwen2": _RMS,
    "qwen3": _RMS,
    "qwen3moe": _RMS
    | {
        "expert_count": "num_experts",
        "expert_used_count": "num_experts_per_tok",
        "expert_feed_forward_length": "moe_intermediate_size",
    },
    "phi3": _RMS | _WINDOW,
    "gemma2": _RMS
    | _WINDOW
    | {"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping"},
    "gemma3": _RMS | _WINDOW,
    "stablelm": _SHARED | {"attention.layer_norm_epsilon": "layer_norm_eps"},
    "starcoder2": _SHARED | _WINDOW | {"attention.layer_norm_epsilon": "norm_epsilon"},
    "gpt2": {
        "context_length": "n_positions",
        "block_count": "n_layer",
        "feed_forward_length": "n_inner",
        "embedding_length": "n_embd",
        "attention.head_count": "n_head",
        "attention.layer_norm_epsilon": "layer_norm_epsilon",
    },
}
"""Per architecture: the keys that are a value of the configuration, under whose name."""
_FREE_HEADS = ("llama", "mistral", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3")
"""Architectures whose configuration tells the width of a head."""
_PARTIAL = ("stablelm", "phi3")
"""Architectures that may rotate a part of each head."""
_ROPE = ("rope.freq_base", "rope.dimension_count", "rope.scale_linear", "rope.scaling.type", "rope.scaling.factor")
_ROPE += ("rope.scaling.original_context_length", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow")
_FREE_FACTORS = ("llama", "mistral", "phi3")
"""Architectures whose rotary frequencies may be divided one by one, by tensors of the file."""
_WINDOW_BASE = "rope.freq_base_swa"
_ATTENTION_FACTOR = "rope.scaling.attn_factor"
FACTORS = ("rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight")
"""The tensors that divide them: one set for every length, or two."""
_HEADS = ("attention.key_length", "attention.value_length", "attention.scale", "vocab_size")
_HARMLESS = ("rope.scaling.finetuned", "tensor_data_layout")
"""Keys that no number depends on."""
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "attention.causal": (True,),
    "attention.clamp_kqv": (0,),
    "attention.max_alibi_bias": (0,),
    "attn_logit_softcapping": (0,),
    "final_logit_softcapping": (0,),
    "logit_scale": (0, 1),
    "residual_scale": (0, 1),
    "embedding_scale": (0, 1),
    "expert_count": (0,),
    "expert_used_count": (0,),
    "expert_shared_count": (0,),
    "expert_weights_scale": (0, 1),
    "expert_weights_norm": (True,),
    "expert_gating_func": (0, 1),
    "leading_dense_block_count": (0,),
    "nextn_predict_layers": (0,),
    "attention.sliding_window": (0,),
    "pooling_type": (0,),
    "rope.scaling.attn_factor": (1,),
    "rope.scaling.yarn_attn_factor": (1,),
    "rope.scaling.yarn_ext_factor": (1,),
    "rope.scaling.yarn_log_multiplier": (0,),
    "use_parallel_residual": (False,),
}
"""Keys that are refused unless they have the value by which they do nothing."""


def apply_metadata(
    source: Path,
    fields: Mapping[str, Any],
    query_rows: int | None,
    factors: Mapping[str, list[float]],
    config: Any,
) -> None:
    """Set all that the file says about the numbers in a configuration that transformers made of it.

    Args:
        source: the file, for the messages.
        fields: its metadata, by key.
        query_rows: the rows of the first query matrix, which tell the width of a head.
        factors: the tensors of `FACTORS` that are in the file, by name.
        config: is changed.

    Raises:
        ModelError: the file says something that is not applied.
    """
    name = str(fields["general.architecture"])
    said = {key.removeprefix(f"{name}."): value for key, value in fields.items() if key.startswith(f"{name}.")}
    if name not in _SETTINGS:
        raise ModelError(
            f"{source}: GGUF files of the architecture {name} are not supported (supported: "
            f"{', '.join(sorted(_SETTINGS))}). Give the model's original Hugging Face folder instead."
        )
    if str(fields.get("general.type", "model")) != "model" or int(fields.get("split.count", 0)) > 1:
        raise _refused(source, "general.type" if int(fields.get("split.count", 0)) <= 1 else "split.count", fields)
    settings = _SETTINGS[name]
    for key, value in said.items():
        single = _single(value)
        if key in settings and single is not None:
            setattr(config, settings[key], single)
        elif (key == _ATTENTION_FACTOR and factors) or (key == _WINDOW_BASE and name == "gemma3"):
            continue  # applied with the rotary positions
        elif key not in (*_ROPE, *_HEADS, *_HARMLESS) and not _does_nothing(key, value, said):
            raise _refused(source, f"{name}.{key}", fields)
    for key in settings:
        if "epsilon" in key and key not in said:
            raise ModelError(f"{source} does not say the epsilon of its norms ({name}.{key}). Download it again.")
    heads = int(_single(said["attention.head_count"]) or 0)
    head_dim = (query_rows or int(said["embedding_length"])) // heads
    _apply_heads(source, name, said, fields, head_dim, config)
    if factors and name not in _FREE_FACTORS:
        raise _refused(source, next(iter(factors)), factors)
    if name != "gpt2":
        config.rope_parameters = _rope(source, name, said, fields, head_dim, factors, config)


def _single(value: Any) -> Any:
    """A number, also where the file gives it once a layer; None where layers differ."""
    if isinstance(value, list):
        return value[0] if len(set(value)) == 1 else None
    return value


def _does_nothing(key: str, value: Any, said: Mapping[str, Any]) -> bool:
    if (
        key == "attention.sliding_window"
        and not isinstance(value, list)
        and value >= said.get("context_length", 1 << 62)
    ):
        return True  # as long as the context, it hides nothing
    return not isinstance(value, list) and value in _NEUTRAL.get(key, ())


def _apply_heads(
    source: Path, name: str, said: Mapping[str, Any], fields: Mapping[str, Any], head_dim: int, config: Any
) -> None:
    for key in ("attention.key_length", "attention.value_length"):
        if said.get(key, head_dim) != head_dim:
            raise _refused(source, f"{name}.{key}", fields)
    if name in _FREE_HEADS:
        config.head_dim = head_dim
    if name in ("gemma2", "gemma3"):  # the largest of each scales by the width of the stream, the others by the head's
        largest = config.num_hidden_layers == {"gemma2": 46, "gemma3": 62}[name]
        config.query_pre_attn_scalar = config.hidden_size // config.num_attention_heads if largest else head_dim
    scale = said.get("attention.scale", 0)
    own = getattr(config, "query_pre_attn_scalar", head_dim) ** -0.5
    if scale and abs(scale - own) > 1e-6 * own:
        raise _refused(source, f"{name}.attention.scale", fields)


def _rope(
    source: Path,
    name: str,
    said: Mapping[str, Any],
    fields: Mapping[str, Any],
    head_dim: int,
    factors: Mapping[str, list[float]],
    config: Any,
) -> dict[str, Any]:
    """The rotary positions as a configuration tells them: base, part of a head, and scaling."""
    turned = said.get("rope.dimension_count", head_dim)
    if turned != head_dim and name not in _PARTIAL:
        raise _refused(source, f"{name}.rope.dimension_count", fields)
    scaling: dict[str, Any]
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": float(said.get("rope.freq_base", 10000.0))}
    if name in _PARTIAL:
        rope["partial_rotary_factor"] = turned / head_dim
        config.partial_rotary_factor = turned / head_dim
    factor = float(said.get("rope.scaling.factor", said.get("rope.scale_linear", 0)) or 1)
    kind = said.get("rope.scaling.type", "linear")  # a factor alone has always meant this
    if factors:
        if kind not in ("none", "longrope") and factor != 1:
            raise _refused(source, f"{name}.rope.scaling.type", {f"{name}.rope.scaling.type": kind})
        scaling = _divided(source, said, factors, turned)
    elif kind == "none" or factor == 1:
        scaling = {}
    elif name == "phi3":  # transformers scales it by two sets of factors or not at all
        raise _refused(source, f"{name}.rope.scaling.type", {f"{name}.rope.scaling.type": kind})
    elif kind == "linear":
        scaling = {"rope_type": "linear", "factor": factor}
    elif kind == "yarn":
        scaling = {
            "rope_type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": int(
                said.get("rope.scaling.original_context_length", said["context_length"])
            ),
            "beta_fast": float(said.get("rope.scaling.yarn_beta_fast", 32.0)),
            "beta_slow": float(said.get("rope.scaling.yarn_beta_slow", 1.0)),
        }
    else:
        raise _refused(source, f"{name}.rope.scaling.type", fields)
    if hasattr(config, "original_max_position_embeddings") and scaling:  # goes before the value in rope_parameters
        config.original_max_position_embeddings = scaling["original_max_position_embeddings"]
    if name != "gemma3":
        return rope | scaling
    # Layers with a window turn by a base of their own and are never scaled.
    own = {"rope_type": "default", "rope_theta": float(said.get(_WINDOW_BASE, 10000.0))}
    return {"full_attention": rope | scaling, "sliding_attention": own}


def _divided(source: Path, said: Mapping[str, Any], factors: Mapping[str, list[float]], turned: int) -> dict[str, Any]:
    """Frequencies divided one by one. One set is longrope too, whose two sets are the same."""
    every, short, long = (factors.get(name) for name in FACTORS)
    sets = (every, every) if every is not None else (short, long)
    if None in sets or len(factors) == len(FACTORS) or any(len(values or []) != turned // 2 for values in sets):
        raise ModelError(
            f"{source} divides its rotary frequencies by {', '.join(f'{n} ({len(v)})' for n, v in factors.items())}, "
            f"where {turned // 2} numbers of {FACTORS[0]} were expected, or of {FACTORS[1]} and {FACTORS[2]} each.\n"
            "Give the model's original Hugging Face folder instead."
        )
    original = said.get("rope.scaling.original_context_length", said["context_length"])
    return {
        "rope_type": "longrope",
        "short_factor": sets[0],
        "long_factor": sets[1],
        "original_max_position_embeddings": int(said["context_length"] if every is not None else original),
        "attention_factor": float(said.get(_ATTENTION_FACTOR, 1.0)),
    }


def _refused(source: Path, key: str, fields: Mapping[str, Any]) -> ModelError:
    value = fields[key]
    shown = f"{value[:4]}…" if isinstance(value, list) else repr(value)
    return ModelError(
        f"{source} says {key} = {shown}, which changes the model's numbers and is not applied here.\n"
        "Give the model's original Hugging Face folder instead."
    )
