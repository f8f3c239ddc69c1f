"""Adapters as peft saves them: each gives the logits that peft gives, or is refused with the reason."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

import unembed
from builders.random_models import build
from builders.words import save_tiny
from unembed.errors import ModelError

IDS = [3, 7, 1, 9, 4]
EAGER = 1e-5
"""The recorded run takes its softmax in float32, as transformers' eager attention does; peft's own run does not."""


def base_of(folder: Path, *, tied: bool = False) -> Path:
    return save_tiny(folder / ("tied" if tied else "untied"), tied=tied)


def trained(base: Path, folder: Path, settings: Any, *, tokens: int | None = None) -> Path:
    """An adapter that changes the model, as peft saves it; of a model whose vocabulary was resized to `tokens`."""
    import peft

    torch.manual_seed(0)
    module = AutoModelForCausalLM.from_pretrained(base)
    if tokens is not None:
        module.resize_token_embeddings(tokens, mean_resizing=False)
    wrapped = peft.get_peft_model(module, settings)
    for parameter in wrapped.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    wrapped.save_pretrained(folder)
    return folder


def lora(**settings: Any) -> Any:
    import peft

    return peft.LoraConfig(**{"r": 4, "target_modules": ["q_proj", "down_proj"], "task_type": "CAUSAL_LM"} | settings)


def peft_logits(base: Path, adapter: Path, tokens: int | None = None) -> torch.Tensor:
    import peft

    module = AutoModelForCausalLM.from_pretrained(base)
    if tokens is not None:
        module.resize_token_embeddings(tokens, mean_resizing=False)
    with torch.inference_mode():
        return peft.PeftModel.from_pretrained(module, adapter).eval()(torch.tensor([IDS])).logits[0]


def logits(base: Path, adapter: Path) -> torch.Tensor:
    return unembed.record(unembed.load(str(base), adapter=adapter), IDS).logits


def refused(base: Path, adapter: Path | str, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        unembed.load(str(base), adapter=adapter, **options)
    return str(caught.value)


def kinds() -> dict[str, Any]:
    import peft

    ia3 = {"target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
    few: dict[str, Any] = {"target_modules": ["q_proj"], "task_type": "CAUSAL_LM"}
    return {
        "IA3": peft.IA3Config(**ia3, task_type="CAUSAL_LM"),
        "AdaLoRA": peft.AdaLoraConfig(**few, total_step=10),
        "LoHa": peft.LoHaConfig(**few),
        "LoKr": peft.LoKrConfig(**few),
        "OFT": peft.OFTConfig(**few, oft_block_size=4, r=0),
        "HRA": peft.HRAConfig(**few, r=2),
        "MiSS": peft.MissConfig(**few, r=4),
        "C3A": peft.C3AConfig(**few, block_size=4),
        "norms": peft.LNTuningConfig(target_modules=["input_layernorm"], task_type="CAUSAL_LM"),
        "tokens": peft.TrainableTokensConfig(token_indices=[3, 7], task_type="CAUSAL_LM"),
        "the head": lora(modules_to_save=["lm_head"]),
        "embedding and head": lora(modules_to_save=["embed_tokens", "lm_head"]),
        "LoRA of the embedding": lora(target_modules=["embed_tokens"]),
        "repeated layers": lora(layer_replication=[[0, 2], [1, 3]]),
    }


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_matrices_gives_what_peft_gives(tmp_path: Path, kind: str) -> None:
    base = base_of(tmp_path)
    adapter = trained(base, tmp_path / "adapter", kinds()[kind])
    own = peft_logits(base, adapter)
    assert torch.allclose(logits(base, adapter), own, atol=EAGER)
    assert (own - AutoModelForCausalLM.from_pretrained(base)(torch.tensor([IDS])).logits[0]).abs().max() > 1e-3


TIED: dict[str, dict[str, Any]] = {
    "embedding": {"target_modules": ["embed_tokens"]},
    "unembedding": {"target_modules": ["lm_head"]},
    "both": {"target_modules": ["embed_tokens", "lm_head"]},
    "embedding whole": {"modules_to_save": ["embed_tokens"]},
    "both whole, kept tied": {"modules_to_save": ["embed_tokens", "lm_head"], "ensure_weight_tying": True},
    "tokens": {"trainable_token_indices": [3, 5]},
}


@pytest.mark.parametrize("name", TIED)
def test_a_tied_embedding_is_changed_where_the_adapter_changes_it(tmp_path: Path, name: str) -> None:
    """Embedding and unembedding are one weight, which a merge would change in both places."""
    base = base_of(tmp_path, tied=True)
    adapter = trained(base, tmp_path / "adapter", lora(**TIED[name]))
    assert torch.allclose(logits(base, adapter), peft_logits(base, adapter), atol=EAGER)


RESIZED: dict[str, tuple[int, bool, dict[str, Any]]] = {
    "longer": (110, False, {}),
    "longer and trained": (110, False, {"modules_to_save": ["embed_tokens", "lm_head"]}),
    "longer by tokens": (110, False, {"trainable_token_indices": [98, 99]}),
    "longer and tied": (110, True, {"modules_to_save": ["embed_tokens"]}),
    "shorter": (90, False, {}),
}


@pytest.mark.parametrize("name", RESIZED)
def test_a_resized_vocabulary_comes_with_the_adapter(tmp_path: Path, name: str) -> None:
    tokens, tied, settings = RESIZED[name]
    base = base_of(tmp_path, tied=tied)
    adapter = trained(base, tmp_path / "adapter", lora(**settings), tokens=tokens)
    found, own = logits(base, adapter), peft_logits(base, adapter, tokens)
    assert found.shape == (len(IDS), tokens)
    assert torch.allclose(found, own, atol=EAGER)


def test_half_of_a_resized_vocabulary_is_refused_with_both_sizes(tmp_path: Path) -> None:
    base = base_of(tmp_path)
    adapter = trained(base, tmp_path / "adapter", lora(), tokens=110)
    file = adapter / "adapter_model.safetensors"
    save_file({name: tensor for name, tensor in load_file(file).items() if "lm_head" not in name}, file)
    message = refused(base, adapter)
    assert re.search(r"a model of 110 tokens \(model.embed_tokens\), where this one has 97", message)
    assert "merge it with peft" in message


def test_what_depends_on_the_prompt_or_is_unknown_is_refused_before_peft_builds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import peft

    base = base_of(tmp_path)
    adapter = trained(base, tmp_path / "adapter", lora())
    declared = json.loads((adapter / "adapter_config.json").read_text())
    monkeypatch.setattr(peft.PeftModel, "from_pretrained", lambda *_, **__: pytest.fail("peft was asked"))
    for changed, reason in {
        ("peft_type", "PREFIX_TUNING"): "adds to the prompt or the cache",
        ("peft_type", "SHADOW"): "of the kind 'SHADOW', which is not merged here",
        ("peft_type", "XLORA"): "of the kind 'XLORA', which is not merged here",
        ("peft_type", None): "of the kind None",
        ("alora_invocation_tokens", (3, 4)): r"acts on some prompts .*\(alora_invocation_tokens\)",
    }.items():
        (adapter / "adapter_config.json").write_text(json.dumps(declared | dict([changed])))
        assert re.search(reason, refused(base, adapter))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_said(tmp_path: Path, number: float) -> None:
    base = base_of(tmp_path)
    adapter = trained(base, tmp_path / "adapter", lora())
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    tensors[min(tensors)][0, 0] = number
    save_file(tensors, file)
    assert f"NaN or infinity in 1 of its {len(tensors)} tensors ({min(tensors)}" in refused(base, adapter)


@pytest.mark.parametrize("values", [{"target_modules": "*"}, {"target_modules": ["none"]}, {"r": 0}, {"r": "x"}])
def test_settings_that_make_no_sense_are_one_message(tmp_path: Path, values: dict[str, Any]) -> None:
    base = base_of(tmp_path)
    adapter = trained(base, tmp_path / "adapter", lora())
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    assert "does not fit the model" in refused(base, adapter)


def test_damaged_and_absent_weights_are_said(tmp_path: Path) -> None:
    base = base_of(tmp_path)
    adapter = trained(base, tmp_path / "runs" / "checkpoint-5", lora())
    assert f"such as {adapter}" in refused(base, tmp_path / "runs")
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "is truncated or damaged" in refused(base, adapter)
    file.unlink()
    assert "is incomplete: it has no adapter_model.safetensors" in refused(base, adapter)


def test_an_unembedding_whose_sizes_were_swapped_is_read_by_its_weight() -> None:
    module = build("llama", layers=2)
    module.lm_head.in_features, module.lm_head.out_features = module.lm_head.weight.shape
    assert torch.equal(
        unembed.record(unembed.wrap(module), IDS).logits,
        unembed.record(unembed.wrap(build("llama", layers=2)), IDS).logits,
    )
