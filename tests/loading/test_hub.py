"""What is fetched of a model on the hub: all that transformers needs of it, and nothing that could run."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

import unembed
from builders.small_hub import small_hub
from builders.source_folders import save_listener, sound
from builders.words import save_tiny
from unembed.errors import ModelError
from unembed.loading import weights

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
