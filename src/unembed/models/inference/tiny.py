"""A tiny random copy of a configuration: of the same code and switches, so small that it runs in no time.

Sizes are known by the words that transformers' configurations use for them; whatever is no size stays as it is. Every
parameter gets a value that is nobody's default, so that a bias or a gain cannot hide at 0 or 1. The copy is in float64.
"""

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.inference.words import words

WIDTH, HEADS, KV_HEADS, D_HEAD, NEURONS, VOCABULARY, CONTEXT = 64, 4, 2, 16, 48, 131, 64
_LAYERS = 4
"""At least as many as there are kinds of layers in nearly all configurations."""
_EXPERTS, _CHOSEN, _EXPERT_NEURONS, _STATE = 4, 2, 24, 8
_LARGEST = 12_000_000
"""Parameters that a copy may have: of a configuration whose sizes have unknown names it would not be tiny."""

_Size = int | Callable[[Any], Any]


def _unless_none(value: int) -> Callable[[Any], Any]:
    return lambda old: old if old in (None, 0, 1) or isinstance(old, bool) else value


def _each(value: int) -> Callable[[Any], Any]:
    """A size that may be given for each layer."""
    return lambda old: [value] * len(old) if isinstance(old, list | tuple) else _unless_none(value)(old)


_SIZES: tuple[tuple[str, _Size], ...] = (
    ("hidden_size d_model n_embd model_dim embed_dim dim embedding_size word_embed_proj_dim lru_width emb_dim "
     "residual_stream_size hidden_dim embedding_dim", WIDTH),
    ("intermediate_size ffn_dim d_ff n_inner ffn_hidden_size decoder_ffn_dim dense_intermediate_size ffn_size "
     "intermediate_size_mlp block_ff_dim feed_forward_size shared_intermediate_size intermediate_dim "
     "mlp_intermediate_size", _each(NEURONS)),
    ("encoder_ffn_dim", 40),  # an encoder's sizes are others than its decoder's: a row must not take one for the other
    ("encoder_attention_heads", 2),
    ("num_attention_heads n_head num_heads n_heads decoder_attention_heads "
     "swa_num_attention_heads", HEADS),
    ("num_attention_heads_per_layer", _each(HEADS)),
    ("num_key_value_heads kv_n_heads n_kv_heads num_kv_heads swa_num_key_value_heads num_global_key_value_heads",
     _unless_none(KV_HEADS)),
    ("head_dim d_kv kv_channels attention_head_size attention_head_dim swa_head_dim global_head_dim d_head "
     "qk_rope_head_dim qk_nope_head_dim v_head_dim index_head_dim swa_v_head_dim linear_key_head_dim "
     "linear_value_head_dim linear_head_dim indexer_head_dim kda_head_dim", _unless_none(D_HEAD)),
    ("qk_head_dim", 2 * D_HEAD),
    ("kv_lora_rank q_lora_rank o_lora_rank", _unless_none(24)),
    ("n_routed_experts num_experts num_local_experts moe_num_experts n_experts ffn_num_experts", _each(_EXPERTS)),
    ("num_experts_per_tok num_experts_per_token moe_topk top_k_experts moe_k moe_top_k n_experts_per_tok "
     "num_selected_experts", _each(_CHOSEN)),
    ("n_group topk_group num_expert_group", 1),
    ("n_shared_experts num_shared_experts moe_num_shared_experts", _each(1)),
    ("moe_intermediate_size shared_expert_intermediate_size expert_ffn_hidden_size expert_intermediate_size "
     "moe_shared_expert_intermediate_size expert_dim", _each(_EXPERT_NEURONS)),
    ("max_position_embeddings n_positions n_ctx max_seq_len max_sequence_length max_target_positions context_length "
     "seq_length max_source_positions original_max_position_embeddings", CONTEXT),
    ("sliding_window attention_window_size window_size attention_chunk_size local_attention", _unless_none(4)),
    ("vocab_size vocab_size_per_layer_input n_words", VOCABULARY),
    ("hidden_size_per_layer_input rotary_dim", _unless_none(8)),
    ("num_kv_shared_layers", _unless_none(1)),
    ("first_k_dense_replace moe_layer_start_index num_dense_layers", _unless_none(1)),
    ("mamba_d_state state_size ssm_state_size mamba_state_dim", _STATE),
    ("mamba_n_heads mamba_num_heads n_mamba_heads", HEADS),
    ("mamba_d_head mamba_head_dim mamba_headdim", 32),
    ("mamba_d_ssm", _unless_none(2 * WIDTH)),
    ("pronunciation_vocab_size shape_vocab_size", 50),
    ("pronunciation_embed_dim shape_embed_dim", 16),
    ("linear_num_value_heads linear_num_key_heads index_n_heads indexer_n_heads", 2),
    ("time_step_rank mamba_dt_rank", 4),
    ("chunk_size mamba_chunk_size", _unless_none(8)),
    ("mamba_n_groups n_groups mamba_ngroups", 1),
    ("relative_attention_num_buckets", 8),
    ("num_nextn_predict_layers num_mtp_layers mtp_num_hidden_layers", 0),
)  # fmt: skip
_SIZE_OF: dict[str, _Size] = {name: size for names, size in _SIZES for name in names.split()}
_EMBEDDED = (
    ("embedding_size", WIDTH // 2),
    ("input_embedding_size", WIDTH // 2),
    ("output_embedding_size", WIDTH + 32),
)
"""Widths beside the stream's, of models whose embeddings are narrower or read by a wider head."""
_DEPTHS = words(
    """num_hidden_layers n_layer num_layers n_layers encoder_layers decoder_layers num_decoder_layers
    num_encoder_layers num_blocks"""
)
SIZES = _DEPTHS | _SIZE_OF.keys()
"""The names of sizes."""
_INDICES = words("mlp_only_layers full_attn_idxs moe_layers attn_layer_indices full_attention_layers hybrid_layer_ids")
"""Lists of layers."""
_TOKEN = re.compile(r"(token_id|token_index|_token|token_ids)$")
_NO_VALUES = words("transformers_version architectures dtype torch_dtype model_type _name_or_path auto_map")


def _tiny_configuration(config: Any) -> Any:
    """The configuration with small sizes.

    Raises:
        ModelError: it cannot be made with them.
    """
    values = {name: x for name, x in config.to_dict().items() if name not in _NO_VALUES}
    try:
        made = type(config)(**_shrunk(values))
    except Exception as error:
        raise _not_small(config, error) from error
    for part in _parts_of(made):
        part._attn_implementation = "eager"
    return made


def tiny_copy(kind: Any, config: Any) -> Any:
    """A tiny random module of a class, in float64 and evaluation mode; of a configuration with more parts, of its text.

    Raises:
        ModelError: none can be made of this configuration.
    """
    small = _tiny_configuration(own_part(config, kind))
    try:
        with torch.device("meta"):
            count = sum(x.numel() for x in kind(copy.deepcopy(small)).parameters())
        if count > _LARGEST:
            raise ValueError(f"{count:,} parameters are left")
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            module = kind(small).double().eval()
    except Exception as error:
        raise _not_small(config, error) from error
    with _left_as_it_is():
        module.set_attn_implementation("eager")
    with _left_as_it_is():
        module.set_experts_implementation("eager")
    _scramble(module)
    return module


def own_part(config: Any, kind: Any) -> Any:
    """The part of a configuration that a class of modules is made of."""
    wanted = getattr(kind, "config_class", None)
    if wanted is None:
        return config
    return next((x for x in _parts_of(config) if isinstance(x, wanted)), None) or config.get_text_config()


@contextmanager
def _left_as_it_is() -> Iterator[None]:
    """What some modules do not let be set."""
    try:
        yield
    except (ValueError, AttributeError, NotImplementedError):
        return


def _not_small(config: Any, error: Exception) -> ModelError:
    cause = error.__cause__ or error
    told = [x.strip() for x in str(cause).splitlines() if x.strip()] if isinstance(cause, ValueError) else []
    reason = told[-1].removeprefix("ValueError: ") if told else "its sizes do not fit each other when they are small"
    if isinstance(error, ImportError):
        reason = "it needs a library that is not installed"
    return ModelError(
        f"No tiny copy of a {config.model_type} can be made to find its structure: {reason}\n"
        "A row of its family says where its parts are (docs/families.md)."
    )


def _parts_of(config: Any) -> Iterator[Any]:
    yield config
    for value in vars(config).values():
        if hasattr(value, "to_dict"):
            yield from _parts_of(value)


def _shrunk(values: dict[str, Any]) -> dict[str, Any]:
    """Values of a configuration, sizes made small; the number of layers so that each kind of layer is there."""
    depth = next((values[name] for name in values if name in _DEPTHS and isinstance(values[name], int)), None)
    layers = None if depth is None else min(depth, _LAYERS)
    latent = bool(values.get("kv_lora_rank"))  # whose heads have keys and values of their own
    made, spare = {}, VOCABULARY - 1
    for name, value in values.items():
        if isinstance(value, dict):
            made[name] = _nested(name, value, layers, values)
        elif name in _DEPTHS and isinstance(value, int):
            made[name] = layers
        elif latent and name == "num_key_value_heads":
            made[name] = HEADS
        elif name == "head_dim" and value is None:
            made[name] = D_HEAD
        elif name in _SIZE_OF and value is not None:
            size = _SIZE_OF[name]
            made[name] = size(value) if callable(size) else size
        elif name in _INDICES and isinstance(value, list | tuple):
            made[name] = [i for i in value if i < (layers or 0)] or ([1] if value else [])
        elif _TOKEN.search(name) and isinstance(value, int) and not isinstance(value, bool):
            made[name], spare = (value, spare) if 0 <= value < VOCABULARY else (spare, spare - 1)
        else:
            made[name] = value
        if (
            isinstance(made[name], list | tuple)
            and depth is not None
            and len(made[name]) == depth
            and name not in _INDICES
        ):
            made[name] = _some_of_each(list(made[name]), layers or depth)
    return _related(values, made)


def _related(values: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """Sizes that stand in a relation in the configuration stand in it in the copy."""
    rotary, other = (values.get(f"qk_{x}_head_dim") for x in ("rope", "nope"))
    if rotary and other and values.get("head_dim") == rotary + other:
        made["head_dim"] = made["qk_rope_head_dim"] + made["qk_nope_head_dim"]
    for name, width in _EMBEDDED:
        if values.get(name) not in (None, values.get("hidden_size")) and "hidden_size" in values:
            made[name] = width
    # Zamba attends to two streams.
    if values.get("attention_hidden_size") == 2 * values.get("hidden_size", 0):
        made |= {"attention_hidden_size": 2 * WIDTH, "attention_head_dim": 2 * WIDTH // HEADS}
    if "hybrid_layer_ids" in made and "layers_block_type" in made:  # the same told twice
        made["hybrid_layer_ids"] = [i for i, kind in enumerate(made["layers_block_type"]) if kind == "hybrid"]
    if "expand" in made and "head_dim" in made:  # of Mamba 2, whose heads share a width of their own
        made["head_dim"] = made["expand"] * WIDTH // HEADS
    return made


def _nested(name: str, value: dict[str, Any], layers: int | None, whole: dict[str, Any]) -> dict[Any, Any]:
    if name.startswith("rope"):
        return {k: _nested(name, x, layers, whole) if isinstance(x, dict) else _rotary(k, x) for k, x in value.items()}
    if name == "per_layer_config":
        return {i: _of_layer(whole, x) for i, x in value.items() if int(i) < (layers or 0)}
    return _shrunk(value) if name.endswith("_config") or name in ("encoder", "decoder") else value


def _of_layer(whole: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What a layer has of its own; what it shares with the others stands in the whole configuration."""
    shared = {name: x for name, x in whole.items() if not isinstance(x, dict)}
    made = _shrunk(shared | own)
    return {name: made[name] for name in (*own, "head_dim") if name in made}


def _rotary(name: str, value: Any) -> Any:
    if name in ("short_factor", "long_factor"):
        return value[: D_HEAD // 2]
    sizes = {"mrope_section": [4, 2, 2], "original_max_position_embeddings": CONTEXT}
    return sizes.get(name, value)


def _some_of_each(values: list[Any], count: int) -> list[Any]:
    """So many entries, in order, that show every kind where they can, and then every kind twice: layers of a kind may
    share parts (Zamba).
    """
    places: dict[str, list[int]] = {}
    for i, x in enumerate(values):
        places.setdefault(str(x), []).append(i)
    firsts, seconds = (sorted(x[n] for x in places.values() if len(x) > n) for n in (0, 1))
    chosen = [*firsts, *seconds][:count]
    chosen += [i for i in range(len(values)) if i not in chosen][: count - len(chosen)]
    return [values[i] for i in sorted(chosen)]


def _scramble(module: nn.Module) -> None:
    """Give every parameter a value that is nobody's default."""
    generator = torch.Generator().manual_seed(1)

    def normal(x: Tensor) -> Tensor:
        return torch.randn(x.shape, generator=generator, dtype=torch.float64)

    kept = module.state_dict().keys()
    seen: set[int] = set()
    with torch.no_grad():
        for name, number in module.named_buffers():
            if name in kept and number.numel() == 1 and number.is_floating_point():
                number.mul_(0.875)  # by which Gemma 4 multiplies its stream
        for owner in module.modules():
            for x in owner.parameters(recurse=False):
                if id(x) in seen or not x.is_floating_point():
                    continue
                seen.add(id(x))
                if x.ndim < 2:  # gains, biases, and what decays: near what they were
                    x.add_(0.2 * normal(x))
                elif isinstance(owner, nn.Embedding):
                    x.copy_(normal(x))
                elif isinstance(owner, nn.Linear) or not bool(x.any()) or not bool(torch.isfinite(x).all()):
                    x.copy_(normal(x) * x.shape[-1] ** -0.5)
                else:
                    x.add_(0.5 * normal(x) * x.shape[-1] ** -0.5)
