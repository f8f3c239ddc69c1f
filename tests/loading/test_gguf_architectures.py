"""GGUF files of every supported architecture give the logits of the model they were made of, key by key."""

from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGUFWriter
from transformers import AutoModelForCausalLM

import unembed
from builders.gguf_files import refusal, write_gguf
from builders.gguf_models import MODEL_TYPES, changed, module_of, write_module
from unembed.errors import ModelError
from unembed.loading import weights
from unembed.loading.module import tokenizer_of

IDS = torch.tensor([[5, 17, 20, 3, 88, 41, 7, 12, 9, 66]])
LINEAR = {"rope_type": "linear", "factor": 4.0}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32.0, "beta_slow": 1.0}
YARN_KEYS = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 16}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def read(file: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(weights.resolve(str(file)))


def agree(found: Any, expected: torch.Tensor) -> bool:
    """Up to the order of sums: experts may be run one by one or grouped."""
    return torch.allclose(logits(found), expected, atol=1e-5)


def logits(module: Any, ids: torch.Tensor = IDS) -> torch.Tensor:
    with torch.inference_mode():
        return module(ids).logits


@pytest.mark.parametrize("architecture", MODEL_TYPES)
def test_a_file_gives_the_logits_of_its_model(architecture: str, tmp_path: Path) -> None:
    module = module_of(architecture)
    file = write_module(tmp_path / "x.gguf", architecture, module)
    assert torch.equal(logits(read(file)), logits(module))
    unembed.load(str(file))


KEYS = [
    ("llama", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("qwen2", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("qwen3", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("qwen3moe", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("phi3", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("gemma2", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("gemma3", "attention.layer_norm_rms_epsilon", 0.3, {"rms_norm_eps": 0.3}),
    ("stablelm", "attention.layer_norm_epsilon", 0.3, {"layer_norm_eps": 0.3}),
    ("starcoder2", "attention.layer_norm_epsilon", 0.3, {"norm_epsilon": 0.3}),
    ("gpt2", "attention.layer_norm_epsilon", 0.3, {"layer_norm_epsilon": 0.3}),
    ("phi3", "attention.sliding_window", 2, {"sliding_window": 2}),
    ("gemma2", "attention.sliding_window", 2, {"sliding_window": 2}),
    ("gemma3", "attention.sliding_window", 2, {"sliding_window": 2}),
    ("starcoder2", "attention.sliding_window", 2, {"sliding_window": 2}),
    ("gemma2", "attn_logit_softcapping", 1.5, {"attn_logit_softcapping": 1.5}),
    ("gemma2", "final_logit_softcapping", 1.5, {"final_logit_softcapping": 1.5}),
    ("qwen3moe", "expert_used_count", 1, {"num_experts_per_tok": 1}),
]
ROPE = [
    *(
        (name, {"rope.freq_base": 50.0}, {"rope_theta": 50.0})
        for name in ("llama", "qwen2", "qwen3", "qwen3moe", "phi3")
    ),
    *((name, {"rope.freq_base": 50.0}, {"rope_theta": 50.0}) for name in ("gemma2", "starcoder2")),
    ("qwen2", {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}, LINEAR),
    ("qwen2", YARN_KEYS, YARN),
    ("qwen3", YARN_KEYS, YARN),
    ("stablelm", {"rope.dimension_count": 4}, {"partial_rotary_factor": 0.5}),
    ("phi3", {"rope.dimension_count": 4}, {"partial_rotary_factor": 0.5}),
]


@pytest.mark.parametrize(("architecture", "key", "value", "settings"), KEYS, ids=[f"{k[0]}-{k[1]}" for k in KEYS])
def test_a_key_is_applied(architecture: str, key: str, value: Any, settings: dict[str, Any], tmp_path: Path) -> None:
    """The file's logits are those of a model of the same tensors with this value, and of no other."""
    module = module_of(architecture)
    expected = logits(changed(module, **settings))
    assert agree(read(write_module(tmp_path / "x.gguf", architecture, module, {key: value})), expected)
    assert (logits(module) - expected).abs().max() > 0.01


@pytest.mark.parametrize(("architecture", "keys", "rope"), ROPE, ids=[f"{k[0]}-{'-'.join(k[1])}" for k in ROPE])
def test_rotary_keys_are_applied(architecture: str, keys: dict[str, Any], rope: dict[str, Any], tmp_path: Path) -> None:
    module = module_of(architecture)
    expected = logits(changed(module, rope_parameters=module.config.rope_parameters | rope))
    assert agree(read(write_module(tmp_path / "x.gguf", architecture, module, keys)), expected)
    assert (logits(module) - expected).abs().max() > 0.01


@pytest.mark.parametrize(
    ("keys", "layers", "rope"),
    [
        ({"rope.freq_base": 50.0}, "full_attention", {"rope_theta": 50.0}),
        ({"rope.freq_base_swa": 50.0}, "sliding_attention", {"rope_theta": 50.0}),
        ({"rope.scaling.type": "linear", "rope.scaling.factor": 8.0}, "full_attention", LINEAR | {"factor": 8.0}),
    ],
)
def test_layers_with_a_window_turn_by_a_base_of_their_own(
    keys: dict[str, Any], layers: str, rope: dict[str, Any], tmp_path: Path
) -> None:
    module = module_of("gemma3")
    own = module.config.rope_parameters
    expected = logits(changed(module, rope_parameters=own | {layers: own[layers] | rope}))
    assert torch.equal(logits(read(write_module(tmp_path / "x.gguf", "gemma3", module, keys))), expected)
    assert (logits(module) - expected).abs().max() > 0.01


REFUSED = [
    *((name, "attention.scale", 0.75) for name in MODEL_TYPES),
    *((name, "logit_scale", 0.5) for name in MODEL_TYPES),
    *((name, "attn_logit_softcapping", 5.0) for name in MODEL_TYPES if name != "gemma2"),
    *((name, "attention.sliding_window", 3) for name in ("qwen2", "qwen3", "qwen3moe", "stablelm", "gpt2")),
]


@pytest.mark.parametrize(("architecture", "key", "value"), REFUSED, ids=[f"{k[0]}-{k[1]}" for k in REFUSED])
def test_what_a_configuration_has_no_value_for_is_refused(
    architecture: str, key: str, value: Any, tmp_path: Path
) -> None:
    file = write_module(tmp_path / "x.gguf", architecture, module_of(architecture), {key: value})
    assert f"says {architecture}.{key} = {value}" in refusal(file)


def test_a_linear_scaling_of_phi3_is_refused(tmp_path: Path) -> None:
    keys = {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}
    file = write_module(tmp_path / "x.gguf", "phi3", module_of("phi3"), keys)
    assert "says phi3.rope.scaling.type = 'linear'" in refusal(file)


@pytest.mark.parametrize("architecture", ["qwen2", "gemma2", "stablelm", "starcoder2"])
def test_a_scale_of_attention_that_is_its_own_passes(architecture: str, tmp_path: Path) -> None:
    module = module_of(architecture)
    file = write_module(tmp_path / "x.gguf", architecture, module, {"attention.scale": 8**-0.5})
    assert torch.equal(logits(read(file)), logits(module))


# Rotary frequencies divided one by one


def test_the_frequencies_of_llama_3_are_applied(tmp_path: Path) -> None:
    """A file as llama.cpp writes it: no key, one tensor. Its numbers differ from Llama 3's by float32 alone."""
    plain = module_of("llama")
    module = changed(plain, rope_parameters=plain.config.rope_parameters | LLAMA3)
    file = write_module(tmp_path / "x.gguf", "llama", module)
    assert torch.allclose(logits(read(file)), logits(module), atol=1e-5)
    assert (logits(plain) - logits(module)).abs().max() > 0.01
    unembed.load(str(file))


@pytest.mark.parametrize("length", [5, 10])
def test_both_sets_of_longrope_are_applied(length: int, tmp_path: Path) -> None:
    plain = module_of("phi3")
    sets = {"short_factor": [1.0, 1.1, 1.5, 2.0], "long_factor": [1.0, 2.0, 4.0, 9.0], "rope_type": "longrope"}
    more = {"original_max_position_embeddings": 6, "attention_factor": 1.25}
    rope = plain.config.rope_parameters | sets | more
    module = changed(plain, rope_parameters=rope, original_max_position_embeddings=6)
    keys = {"rope.scaling.original_context_length": 6, "rope.scaling.attn_factor": 1.25}
    file = write_module(tmp_path / "x.gguf", "phi3", module, keys)
    assert torch.equal(logits(read(file), IDS[:, :length]), logits(module, IDS[:, :length]))
    assert (logits(plain, IDS[:, :length]) - logits(module, IDS[:, :length])).abs().max() > 0.01


def test_frequencies_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    said = refusal(write_gguf(tmp_path / "x.gguf", extra="rope_freqs"))
    assert "rope_freqs.weight (32)" in said
    assert "4 numbers of rope_freqs.weight were expected" in said


# What begins and ends a text


@pytest.mark.parametrize(
    ("model", "pre", "begins", "ends", "expected"),
    [
        ("gpt2", "default", None, None, ""),
        ("gpt2", "default", True, None, "b"),
        ("gpt2", "default", False, False, ""),
        ("gpt2", "default", True, True, "be"),
        ("gpt2", "llama-bpe", None, None, "b"),
        ("gpt2", "llama-bpe", False, None, ""),
        ("llama", None, None, None, "b"),
        ("llama", None, False, None, ""),
        ("llama", None, True, True, "be"),
    ],
)
def test_a_text_begins_and_ends_as_the_file_says(
    model: str, pre: str | None, begins: bool | None, ends: bool | None, expected: str, tmp_path: Path
) -> None:
    """llama.cpp begins a text with BOS where the file says so, and unasked for SentencePiece and for Llama 3."""

    def write(writer: GGUFWriter) -> None:
        writer.add_bos_token_id(1)
        if begins is not None:
            writer.add_add_bos_token(begins)
        if ends is not None:
            writer.add_add_eos_token(ends)

    folder = weights.resolve(str(write_gguf(tmp_path / "x.gguf", metadata=write, tokenizer=model, pre=pre)))
    tokenizer: Any = tokenizer_of(folder)
    inner = tokenizer("he", add_special_tokens=False)["input_ids"]
    assert tokenizer("he")["input_ids"] == [1] * ("b" in expected) + inner + [0] * ("e" in expected)


@pytest.mark.parametrize(("told", "count"), [(None, 2), (True, 2), (False, 1)])
def test_a_space_is_put_before_a_text_as_the_file_says(told: bool | None, count: int, tmp_path: Path) -> None:
    def write(writer: GGUFWriter) -> None:
        writer.add_bos_token_id(1)
        if told is not None:
            writer.add_add_space_prefix(told)

    folder = weights.resolve(str(write_gguf(tmp_path / "x.gguf", metadata=write, tokenizer="llama")))
    tokenizer: Any = tokenizer_of(folder)
    pieces = [tokenizer.convert_tokens_to_ids(piece) for piece in ("\u2581", "he")]
    found = tokenizer("he", add_special_tokens=False)["input_ids"]
    assert found == pieces[-count:]
    if told is False:
        spaced = tokenizer(" he", add_special_tokens=False)["input_ids"]
        assert spaced == pieces
        assert tokenizer.decode(spaced) == " he"


@pytest.mark.parametrize(
    ("pre", "expected"),
    [
        (None, ["in", "\u01201234"]),
        ("gpt-2", ["in", "\u01201234"]),
        ("qwen2", ["in", "\u0120", "1", "2", "3", "4"]),
        ("stablelm2", ["in", "\u0120", "1", "2", "3", "4"]),
        ("llama-bpe", ["in", "\u0120", "123", "4"]),
    ],
)
def test_a_text_is_split_as_the_file_says(pre: str | None, expected: list[str], tmp_path: Path) -> None:
    tokenizer: Any = tokenizer_of(weights.resolve(str(write_gguf(tmp_path / "x.gguf", pre=pre))))
    found = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("in 1234")
    assert [piece for piece, _ in found] == expected


@pytest.mark.parametrize("pre", ["deepseek-llm", "of-tomorrow"])
def test_a_split_that_is_not_known_is_refused_by_name(pre: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"says tokenizer.ggml.pre = '{pre}'"):
        weights.resolve(str(write_gguf(tmp_path / "x.gguf", pre=pre)))


@pytest.mark.parametrize("name", ["mistral", "t5"])
def test_the_name_of_a_file_changes_nothing(name: str, tmp_path: Path) -> None:
    module = module_of("llama")
    file = write_module(tmp_path / "x.gguf", "llama", module, name=name)
    run = unembed.record(unembed.load(str(file)), [3, 7, 1])
    with torch.inference_mode():
        assert torch.allclose(run.logits, module(torch.tensor([[3, 7, 1]])).logits[0], atol=1e-5)
