"""Random models that read an image or sound within their prompt, a few thousand parameters each, and what they read."""

from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from torch import Tensor

from builders.random_models import scramble

VOCAB = 97
MARK = 90
"""The placeholder of an image or of sound."""
_SIZES: dict[str, Any] = {
    "vocab_size": VOCAB,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_CLIP: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 4,
}
_ROTARY = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
_QWEN = {"depth": 2, "num_heads": 2, "patch_size": 4, "spatial_merge_size": 2, "temporal_patch_size": 2}
_GRID = torch.tensor([[1, 4, 4]])
"""Patches of an image of the Qwens, before 2 x 2 of them are merged."""


def _pixels(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@dataclass(frozen=True)
class Multimodal:
    """A type: how its class is called, how it is configured, what it is called with, and how many placeholders stand
    for that."""

    kind: str
    config: dict[str, Any]
    inputs: dict[str, Tensor]
    marks: int
    text: str | None = None
    """The type of its language model, where another than the configuration's own may be chosen."""
    marked: str = "image_token_id"
    sizes: dict[str, Any] = field(default_factory=dict)


_QWEN_INPUTS = {"pixel_values": _pixels(16, 96), "image_grid_thw": _GRID}
MULTIMODAL: dict[str, Multimodal] = {
    "llava": Multimodal(
        "Llava", {"vision_config": {"model_type": "clip_vision_model", **_CLIP}, "vision_feature_layer": -1},
        {"pixel_values": _pixels(1, 3, 16, 16)}, 16, "mistral",
    ),
    "vipllava": Multimodal(
        "VipLlava", {"vision_config": {"model_type": "clip_vision_model", **_CLIP}, "vision_feature_layers": [-2, -1]},
        {"pixel_values": _pixels(1, 3, 16, 16)}, 16, "llama",
    ),
    "mistral3": Multimodal(
        "Mistral3", {"vision_config": {"model_type": "pixtral", **_CLIP, "head_dim": 8}, "vision_feature_layer": -1},
        {"pixel_values": _pixels(1, 3, 16, 16), "image_sizes": torch.tensor([[16, 16]])}, 4, "mistral",
    ),
    "lighton_ocr": Multimodal(
        "LightOnOcr", {"vision_config": {"model_type": "pixtral", **_CLIP, "head_dim": 8}},
        {"pixel_values": _pixels(1, 3, 16, 16), "image_sizes": torch.tensor([[16, 16]])}, 4, "qwen3",
    ),
    "internvl": Multimodal(
        "InternVL", {"vision_config": {**_CLIP, "image_size": [16, 16], "patch_size": [4, 4]}},
        {"pixel_values": _pixels(1, 3, 16, 16)}, 4, "qwen2",
    ),
    "gemma3": Multimodal(
        "Gemma3", {"vision_config": {"model_type": "siglip_vision_model", **_CLIP}, "mm_tokens_per_image": 4},
        {"pixel_values": _pixels(1, 3, 16, 16)}, 4, "gemma3_text",
    ),
    "idefics3": Multimodal(
        "Idefics3", {"vision_config": _CLIP, "scale_factor": 2}, {"pixel_values": _pixels(1, 1, 3, 16, 16)}, 4, "llama"
    ),
    "smolvlm": Multimodal(
        "SmolVLM", {"vision_config": _CLIP, "scale_factor": 2}, {"pixel_values": _pixels(1, 1, 3, 16, 16)}, 4, "llama"
    ),
    "qwen2_vl": Multimodal(
        "Qwen2VL", {"vision_config": {**_QWEN, "embed_dim": 16, "hidden_size": 32, "mlp_ratio": 2}}, _QWEN_INPUTS, 4,
        sizes={"rope_parameters": _ROTARY},
    ),
    "qwen2_5_vl": Multimodal(
        "Qwen2_5_VL",
        {"vision_config": {**_QWEN, "hidden_size": 16, "out_hidden_size": 32, "intermediate_size": 24}
         | {"window_size": 16, "fullatt_block_indexes": [1]}},
        _QWEN_INPUTS, 4, sizes={"rope_parameters": _ROTARY},
    ),
    "llava_next": Multimodal(
        "LlavaNext",
        {"vision_config": {"model_type": "clip_vision_model", **_CLIP}, "vision_feature_layer": -1}
        | {"image_grid_pinpoints": [[16, 16], [16, 32]]},
        {"pixel_values": _pixels(1, 2, 3, 16, 16), "image_sizes": torch.tensor([[16, 16]])}, 36, "mistral",
    ),
    "got_ocr2": Multimodal(
        "GotOcr2",
        {"vision_config": {"hidden_size": 16, "output_channels": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
         | {"image_size": 64, "patch_size": 4, "window_size": 4, "global_attn_indexes": [1], "mlp_dim": 24}},
        {"pixel_values": _pixels(1, 3, 64, 64)}, 16, "qwen2",
    ),
    "aya_vision": Multimodal(
        "AyaVision",
        {"vision_config": {"model_type": "siglip_vision_model", **_CLIP}, "vision_feature_layer": -1}
        | {"downsample_factor": 2, "adapter_layer_norm_eps": 1e-6},
        {"pixel_values": _pixels(1, 3, 16, 16)}, 4, "cohere2",
    ),
    "voxtral": Multimodal(
        "Voxtral",
        {"audio_config": {"num_mel_bins": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
         | {"hidden_size": 16, "max_source_positions": 16}},
        {"input_features": _pixels(1, 8, 32)}, 4, "llama", "audio_token_id",
    ),
    "qwen2_audio": Multimodal(
        "Qwen2Audio",
        {"audio_config": {"num_mel_bins": 8, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 24}
         | {"d_model": 16, "max_source_positions": 16}},
        {"input_features": _pixels(1, 8, 32), "feature_attention_mask": torch.ones(1, 32, dtype=torch.long)}, 8,
        "qwen2", "audio_token_id",
    ),
}  # fmt: skip


def build_multimodal(model_type: str) -> Any:
    """A random module of a type, in float64."""
    told = MULTIMODAL[model_type]
    text = {**_SIZES, **told.sizes} | ({} if told.text is None else {"model_type": told.text})
    kind = getattr(transformers, f"{told.kind}Config")
    mark = kind.attribute_map.get(told.marked, told.marked)
    config = kind(text_config=text, **told.config, **{mark: MARK})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = getattr(transformers, f"{told.kind}ForConditionalGeneration")(config).double().eval()
    scramble(module, 0)
    return module


def inputs_of(model_type: str) -> dict[str, Tensor]:
    """What the module is called with beside the prompt."""
    told = MULTIMODAL[model_type]
    if "image_grid_thw" not in told.inputs:
        return told.inputs
    marked = torch.tensor([[int(token == MARK) for token in prompt_of(model_type)]])
    return told.inputs | {"mm_token_type_ids": marked}


def prompt_of(model_type: str) -> tuple[int, ...]:
    """Token ids with placeholders among them."""
    return (1, 5, *[MARK] * MULTIMODAL[model_type].marks, 7, 9, 33)
