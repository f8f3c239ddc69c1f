"""The toy transformer: a model so plain that every part of it can be read off its weights.

    q = W_Q (x + p),  k = W_K (x + p),  v = W_V x          x: the stream, p: a learned vector for each position
    x <- x + W_O z + W_out gelu(W_in (x + W_O z))          z: causal attention; no norm, no bias

Positions act on queries and keys only, so the stream holds tokens and what heads made of them, and nothing else
(*A Mathematical Framework for Transformer Circuits*, Elhage et al. 2021). A model without MLPs has them at width 0.

Importing this module makes `transformers` know the model type.
"""

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicCache
from transformers.masking_utils import create_causal_mask
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.utils.output_capturing import capture_outputs

TOY_VERSION = 1
"""Of the architecture; a checkpoint of another one is refused (the row in families.py)."""


class ToyConfig(PreTrainedConfig):
    """Sizes of a toy."""

    model_type = "unembed_toy"
    keys_to_ignore_at_inference = ("past_key_values",)  # type: ignore[assignment]

    vocab_size: int = 1024
    hidden_size: int = 128
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    intermediate_size: int = 0
    """Neurons of a block; 0 for attention only."""
    max_position_embeddings: int = 128
    initializer_range: float = 0.02
    tie_word_embeddings: bool = False
    use_cache: bool = True
    toy_version: int = TOY_VERSION


def eager_attention_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    """`softmax(scaling q k^T + mask) v`: z as `batch position head d_head`, the pattern as `batch head query key`."""
    scores = query @ key.transpose(2, 3) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask
    wide = torch.promote_types(query.dtype, torch.float32)
    pattern = scores.softmax(-1, dtype=wide).to(query.dtype)
    return (pattern @ value).transpose(1, 2).contiguous(), pattern


class ToyAttention(nn.Module):
    """Attention whose queries and keys read the stream and the position, and whose values read the stream."""

    def __init__(self, config: Any, layer_idx: int) -> None:
        super().__init__()
        self.config, self.layer_idx, self.is_causal = config, layer_idx, True
        self.head_dim = config.hidden_size // config.num_attention_heads
        self.scaling = self.head_dim**-0.5
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(config.hidden_size, config.hidden_size, bias=False) for _ in range(4)
        )

    def forward(
        self,
        hidden_states: Tensor,
        position_vectors: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """The attention write, and the pattern where the attention implementation gives one."""
        placed = hidden_states + position_vectors
        query, key, value = (
            self._heads(part(x))
            for part, x in ((self.q_proj, placed), (self.k_proj, placed), (self.v_proj, hidden_states))
        )
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer_idx)
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, eager_attention_forward)
        z, pattern = attend(self, query, key, value, attention_mask, scaling=self.scaling, dropout=0.0, **kwargs)
        return self.o_proj(z.reshape(*hidden_states.shape[:-1], -1)), pattern

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)


class _ToyMLP(nn.Module):
    """`W_out gelu(W_in x)`; at width 0 it writes exactly zero."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        with warnings.catch_warnings():  # torch warns of initialising nothing
            warnings.simplefilter("ignore", UserWarning)
            self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
            self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, hidden_states: Tensor) -> Tensor:
        """The MLP write."""
        return self.down_proj(nn.functional.gelu(self.up_proj(hidden_states)))


class ToyBlock(nn.Module):
    """Attention, then the MLP, both added to the stream as they are."""

    def __init__(self, config: Any, layer_idx: int) -> None:
        super().__init__()
        self.self_attn = ToyAttention(config, layer_idx)
        self.mlp = _ToyMLP(config)

    def forward(self, hidden_states: Tensor, **kwargs: Any) -> Tensor:
        """The stream after the block."""
        hidden_states = hidden_states + self.self_attn(hidden_states, **kwargs)[0]
        return hidden_states + self.mlp(hidden_states)


class _ToyStack(nn.Module):
    """Embeddings and blocks."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.embed_positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.layers = nn.ModuleList(ToyBlock(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = nn.Identity()


class ToyForCausalLM(PreTrainedModel, GenerationMixin):
    """A toy with its unembedding, as `transformers` and this package load it."""

    config_class = ToyConfig
    base_model_prefix = "model"
    input_modalities = ["text"]  # noqa: RUF012
    _no_split_modules = ["ToyBlock"]  # noqa: RUF012  transformers compares it with a list
    _supports_sdpa = True
    _supports_attention_backend = True
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}  # noqa: RUF012
    _can_record_outputs = {"hidden_states": ToyBlock, "attentions": ToyAttention}  # noqa: RUF012

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model = _ToyStack(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.numel():
            with torch.no_grad():
                super()._init_weights(module)

    @capture_outputs(tie_last_hidden_states=False)  # what `output_hidden_states` and `output_attentions` ask for
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Logits (`batch position vocab`, of `logits_to_keep`), the loss where there are labels, and the cache."""
        hidden = self.model.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        if use_cache and past_key_values is None and self.config.num_hidden_layers:
            past_key_values = DynamicCache(config=self.config)
        past = 0 if past_key_values is None else past_key_values.get_seq_length()
        counted = (torch.arange(hidden.shape[1], device=hidden.device) + past)[None]
        positions = counted if position_ids is None else position_ids
        hidden = self._blocks(hidden, positions, attention_mask, past_key_values)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(hidden[:, kept])
        loss = None if labels is None else self.loss_function(logits, labels, self.config.vocab_size, **kwargs)
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=past_key_values)

    def _blocks(self, hidden: Tensor, position_ids: Tensor, attention_mask: Tensor | None, cache: Any) -> Tensor:
        position_vectors = self.model.embed_positions(position_ids)
        mask = create_causal_mask(
            config=self.config,
            inputs_embeds=hidden,
            attention_mask=attention_mask,
            past_key_values=cache,
            position_ids=position_ids,
        )
        for block in self.model.layers:
            hidden = block(hidden, position_vectors=position_vectors, attention_mask=mask, past_key_values=cache)
        return self.model.norm(hidden)


AutoConfig.register(ToyConfig.model_type, ToyConfig, exist_ok=True)
AutoModelForCausalLM.register(ToyConfig, ToyForCausalLM, exist_ok=True)
