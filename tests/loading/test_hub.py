"""What is fetched of a model on the hub: all that transformers needs of it, and nothing that could run."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

import unembed
from builders.small_hub import small_hub
from builders.source_folders import save_listener, sound
from builders.words import save_tiny
from unembed.errors import ModelError
from unembed.loading import weights
from unembed.loading.catalogue import catalogue

NEEDED = [
    "source.spm",
    "sentencepiece.bpe.model",
    "spiece.model",
    "chat_template.jinja",
    "processor_config.json",
    "preprocessor_config.json",
    "merges.txt",
    "vocab.tiktoken",
    "additional_chat_templates/tool_use.jinja",
]
LEFT = [
    "pytorch_model.bin",
    "tf_model.h5",
    "modeling_x.py",
    "onnx/model.onnx",
    "checkpoint-5/model.safetensors",
    "x.pt",
    "additional_chat_templates/x.py",
]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, list[str]]]:
    """The folder that a hub serves, and the files that are fetched of it."""
    from huggingface_hub import constants

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with small_hub(tmp_path / "served") as (address, fetched):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        yield tmp_path / "served" / "lab", fetched


def logits(name: str, **options: Any) -> torch.Tensor:
    return unembed.record(unembed.load(name, **options), [4, 5, 6, 7]).logits


def test_a_model_of_the_hub_is_that_of_its_folder(hub: tuple[Path, list[str]]) -> None:
    """Whole or in parts; offline too, once it is here."""
    folder, fetched = save_tiny(hub[0] / "whole"), hub[1]
    parts = shutil.copytree(folder, hub[0] / "parts")
    (parts / "model.safetensors").unlink()
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(parts, max_shard_size="20KB")
    own = logits(str(folder))
    assert torch.equal(logits("lab/whole"), own)
    assert torch.equal(logits("lab/parts"), own)
    assert sum(file.startswith("model-") for file in fetched) > 1
    fetched.clear()
    assert torch.equal(logits("lab/parts", offline=True), own)
    assert fetched == []


def test_a_listener_of_the_hub_hears(hub: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Its feature extractor came with it."""
    folder, heard = save_listener(hub[0] / "listener"), sound(tmp_path / "x.wav")
    found, own = (
        unembed.record(unembed.with_source(unembed.load(name), audio=heard), [0, 5]).logits
        for name in ("lab/listener", str(folder))
    )
    assert torch.equal(found, own)


def test_all_that_describes_a_model_is_fetched_and_no_code(hub: tuple[Path, list[str]]) -> None:
    folder, fetched = save_tiny(hub[0] / "tiny"), hub[1]
    shipped = {file.name for file in folder.iterdir()}
    for name in (*NEEDED, *LEFT):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"name": name}) if name.endswith(".json") else name)  # equal files come once
    weights.fetch("lab/tiny")
    assert set(fetched) == {*shipped, *NEEDED}


def test_chat_templates_by_name_come_with_their_model(hub: tuple[Path, list[str]]) -> None:
    templates = save_tiny(hub[0] / "tiny") / "additional_chat_templates"
    templates.mkdir()
    (templates / "tool_use.jinja").write_text("{{ messages[0].content }}")
    (templates.parent / "chat_template.jinja").write_text("default")
    tokenizer = unembed.load("lab/tiny").tokenizer
    assert tokenizer is not None
    assert tokenizer.chat_template == {"default": "default", "tool_use": "{{ messages[0].content }}"}


@pytest.mark.usefixtures("hub")
def test_a_model_that_the_hub_has_not_is_said() -> None:
    with pytest.raises(ModelError, match="the Hugging Face hub has no such model"):
        unembed.load("lab/none")


def test_an_adapter_of_the_hub_is_that_of_its_folder(hub: tuple[Path, list[str]]) -> None:
    """By its name too, offline once it is here; taken for a model, it says how it is loaded."""
    base, folder = save_tiny(hub[0] / "base"), hub[0] / "adapter"
    settings = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings).save_pretrained(folder)
    own = logits(str(base), adapter=folder)
    assert not torch.allclose(own, logits("lab/base"))
    with pytest.raises(ModelError, match="Cannot find the adapter 'lab/adapter': it is no folder, and it is not in"):
        logits("lab/base", adapter="lab/adapter", offline=True)
    assert torch.equal(logits("lab/base", adapter="lab/adapter"), own)
    model = unembed.load("lab/base", adapter="lab/adapter", offline=True)
    assert torch.equal(unembed.record(model, [4, 5, 6, 7]).logits, own)
    assert model.name == "lab/base + lab/adapter"
    for offline in (False, True):
        with pytest.raises(ModelError, match=r"(?s)is an adapter of .*Load both: --model \S+ --adapter \S+"):
            unembed.load("lab/adapter", offline=offline)
    with pytest.raises(ModelError, match="the Hugging Face hub has no such adapter"):
        unembed.load("lab/base", adapter="lab/none")
    listed = next(entry for entry in catalogue() if entry.name == "lab/adapter")
    assert (listed.state, listed.fetch) == ("an adapter, for --adapter", "")


def test_what_is_wrong_with_a_model_that_is_here_is_said_offline_too(hub: tuple[Path, list[str]]) -> None:
    folder = save_tiny(hub[0] / "tiny")
    weights.fetch("lab/tiny")
    here = weights.resolve("lab/tiny")
    for file, reason in {
        "config.json": "it has no config.json",
        "tokenizer.json": "as a whole .files are missing",
    }.items():
        (here / file).unlink()
        with pytest.raises(ModelError, match=reason):
            unembed.load("lab/tiny", offline=True)
        weights.resolve("lab/tiny")
    assert torch.equal(logits("lab/tiny"), logits(str(folder)))
