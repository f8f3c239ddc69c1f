"""Every key of a GGUF file that changes the numbers is applied, or refused by its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGUFWriter, RopeScalingType
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from builders.gguf_files import refusal, write_gguf
from unembed.loading import weights

IDS = torch.tensor([[5, 17, 200, 3, 88, 41, 7, 120, 9, 66]])


def _yarn(writer: GGUFWriter) -> None:
    writer.add_rope_scaling_type(RopeScalingType.YARN)
    writer.add_rope_scaling_factor(4.0)
    writer.add_rope_scaling_orig_ctx_len(16)


def _linear(writer: GGUFWriter) -> None:
    writer.add_rope_scaling_type(RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(4.0)


def _old_linear(writer: GGUFWriter) -> None:
    writer.add_float32("llama.rope.scale_linear", 2.0)


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32.0, "beta_slow": 1.0}


@pytest.mark.parametrize(
    ("write", "rope"),
    [
        (_linear, {"rope_type": "linear", "factor": 4.0}),
        (_old_linear, {"rope_type": "linear", "factor": 2.0}),
        (_yarn, YARN),
    ],
)
def test_rope_scaling_is_applied(tmp_path: Path, write: Callable[[GGUFWriter], None], rope: dict[str, Any]) -> None:
    """The logits are those of a model of the same tensors with this scaling in its configuration, and of no other."""
    plain = AutoModelForCausalLM.from_pretrained(weights.resolve(str(write_gguf(tmp_path / "plain.gguf"))))
    folder = weights.resolve(str(write_gguf(tmp_path / "scaled.gguf", metadata=write)))
    found = AutoModelForCausalLM.from_pretrained(folder)
    config = type(plain.config).from_dict(plain.config.to_dict() | {"rope_parameters": {"rope_theta": 10000.0} | rope})
    expected = LlamaForCausalLM(config).eval()
    expected.load_state_dict(plain.state_dict())
    with torch.inference_mode():
        logits = expected(IDS).logits
        assert torch.equal(found(IDS).logits, logits)
        assert (plain(IDS).logits - logits).abs().max() > 0.01


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logit_scale", 0.5),
        ("residual_scale", 0.22),
        ("embedding_scale", 12.0),
        ("attention.scale", 0.015625),
        ("attention.sliding_window", 8),
        ("attn_logit_softcapping", 50.0),
        ("final_logit_softcapping", 30.0),
        ("attention.clamp_kqv", 8.0),
        ("expert_weights_scale", 2.5),
        ("expert_count", 4),
        ("rope.dimension_count", 4),
        ("rope.scaling.attn_factor", 1.2),
        ("attention.key_length", 16),
        ("a_key_of_the_future", 1),
    ],
)
def test_what_is_not_applied_is_refused_by_name(tmp_path: Path, key: str, value: float) -> None:
    def write(writer: GGUFWriter) -> None:
        (writer.add_float32 if isinstance(value, float) else writer.add_uint32)(f"llama.{key}", value)

    assert f"says llama.{key} = " in refusal(write_gguf(tmp_path / "x.gguf", metadata=write))


@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
def test_an_unknown_scaling_is_refused(tmp_path: Path, kind: str) -> None:
    def write(writer: GGUFWriter) -> None:
        writer.add_string("llama.rope.scaling.type", kind)
        writer.add_rope_scaling_factor(4.0)

    assert f"says llama.rope.scaling.type = '{kind}'" in refusal(write_gguf(tmp_path / "x.gguf", metadata=write))


def test_a_key_that_does_nothing_changes_nothing(tmp_path: Path) -> None:
    def write(writer: GGUFWriter) -> None:
        writer.add_float32("llama.logit_scale", 1.0)
        writer.add_sliding_window(64)
        writer.add_key_length(8)
        writer.add_rope_dimension_count(8)

    found = [
        AutoModelForCausalLM.from_pretrained(weights.resolve(str(write_gguf(tmp_path / name, metadata=keys))))
        for name, keys in (("plain.gguf", None), ("x.gguf", write))
    ]
    with torch.inference_mode():
        assert torch.equal(found[0](IDS).logits, found[1](IDS).logits)
