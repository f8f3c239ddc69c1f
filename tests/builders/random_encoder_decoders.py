"""Tiny random encoder-decoders, one a model type, scrambled like those of `random_models`."""

from typing import Any

import torch
import transformers

from builders.random_models import VOCAB, scramble

_IDS = {"vocab_size": VOCAB, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 0}
_STACKS = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 40,
    "decoder_ffn_dim": 48,
    "scale_embedding": True,
}
_OWN: dict[str, dict[str, Any]] = {
    "bart": {**_STACKS, "max_position_embeddings": 24},
    "mbart": {**_STACKS, "max_position_embeddings": 24},
    "marian": {**_STACKS, "max_position_embeddings": 24},
    "whisper": {**_STACKS, "max_source_positions": 9, "max_target_positions": 24, "num_mel_bins": 8},
    "t5": {
        "d_model": 32,
        "d_kv": 10,
        "d_ff": 48,
        "num_layers": 2,
        "num_decoder_layers": 3,
        "num_heads": 4,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 10,
        "feed_forward_proj": "gated-gelu",
    },
}
ENCODER_DECODERS = tuple(_OWN)


def build(model_type: str, *, seed: int = 0, dtype: torch.dtype = torch.float64, **overrides: Any) -> Any:
    """A random model of this type in evaluation mode; its logits have a bias where the type has one."""
    config = transformers.AutoConfig.for_model(model_type, **_IDS, **{**_OWN[model_type], **overrides})
    loader = transformers.AutoModelForSpeechSeq2Seq if model_type == "whisper" else transformers.AutoModelForSeq2SeqLM
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = loader.from_config(config, dtype=torch.float64).double().eval()
        scramble(module, seed)
        if hasattr(module, "final_logits_bias"):
            module.final_logits_bias.copy_(torch.randn(1, VOCAB))
    return module.to(dtype)


def build_llava(*, dtype: torch.dtype = torch.float64, text: str = "llama") -> Any:
    """A random model that reads an image of 3 x 3 patches within its prompt."""
    from builders.random_models import configuration

    vision = transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=12, patch_size=4
    )
    config = transformers.LlavaConfig(
        text_config=configuration(text), vision_config=vision, image_token_index=VOCAB - 1, vision_feature_layer=-1
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = transformers.LlavaForConditionalGeneration(config).double().eval()
    scramble(module, 0)
    return module.to(dtype)
