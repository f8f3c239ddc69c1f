"""What a refusal says to do, done as it is written: then the model loads, and is the model it should be."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import unembed
from builders.gguf_files import write_gguf
from builders.random_models import build
from builders.words import save_tiny
from unembed.errors import InputError, ModelError

IDS = [3, 7, 1, 9, 4]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "tiny")


@pytest.fixture
def pristine_folder(tmp_path: Path) -> Path:
    """Where one would fetch or copy the folder again."""
    return save_tiny(tmp_path / "original")


def logits(name: str, **options: str) -> torch.Tensor:
    return unembed.record(unembed.load(name, **options), IDS).logits


def configured(folder: Path, **values: object) -> None:
    file = folder / "config.json"
    found = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: value for key, value in found.items() if value is not None}))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def sharded(folder: Path) -> None:
    """The weights in two files with an index, of which one is missing."""
    weights = load_file(folder / "model.safetensors")
    parts = {"one.safetensors": dict(list(weights.items())[::2]), "two.safetensors": dict(list(weights.items())[1::2])}
    for name, tensors in parts.items():
        save_file(tensors, folder / name, metadata={"format": "pt"})
    places = {key: name for name, tensors in parts.items() for key in tensors}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    (folder / "model.safetensors").unlink()
    (folder / "two.safetensors").unlink()


BROKEN: dict[str, Callable[[Path], object]] = {
    "no JSON": lambda folder: cut(folder / "config.json"),
    "nested": lambda folder: (folder / "config.json").write_text("[" * 100_000),
    "cut weights": lambda folder: cut(folder / "model.safetensors"),
    "a missing shard": sharded,
    "an index of nothing": lambda folder: (
        (folder / "model.safetensors").rename(folder / "one.safetensors")
        and (folder / "model.safetensors.index.json").write_text("{}")
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_damaged_is_fetched_again(tiny: Path, pristine_folder: Path, name: str) -> None:
    before = logits(str(tiny))
    BROKEN[name](tiny)
    with pytest.raises(ModelError, match=r"Fetch the model again|copy or fetch the folder again"):
        unembed.load(str(tiny))
    shutil.rmtree(tiny)
    shutil.copytree(pristine_folder, tiny)
    assert torch.equal(logits(str(tiny)), before)


CONFIGURED: dict[str, dict[str, object]] = {
    "a body": {"architectures": ["LlamaModel"]},
    "another name": {"architectures": ["FancyForCausalLM"]},
    "a class of its own": {
        "architectures": ["FancyForCausalLM"],
        "auto_map": {"AutoModelForCausalLM": "modeling_fancy.FancyForCausalLM"},
    },
    "an attention of the hub": {"attn_implementation": "kernels-community/flash-attn"},
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_configuration_is_set_as_the_message_says(tiny: Path, name: str) -> None:
    before = logits(str(tiny))
    configured(tiny, **CONFIGURED[name])
    with pytest.raises(ModelError) as refused:
        unembed.load(str(tiny))
    value = re.search(r'set "(\w+)" to (\[.*?\]) in config.json', str(refused.value))
    key = re.search(r"Remove '(\w+)' from config.json", str(refused.value))
    assert (value is None) != (key is None), str(refused.value)
    configured(tiny, **({value[1]: json.loads(value[2])} if value else {key[1]: None}))  # type: ignore[index]
    assert torch.equal(logits(str(tiny)), before)


def adapter_of(base: Path, folder: Path) -> Path:
    """An adapter that changes the model, as peft saves it."""
    import peft
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    settings = peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    module = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings)
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    module.save_pretrained(folder)
    return folder


def test_an_adapter_alone_is_loaded_with_the_base_that_the_message_names(tiny: Path, tmp_path: Path) -> None:
    before, adapter = logits(str(tiny)), adapter_of(tiny, tmp_path / "adapter")
    with pytest.raises(ModelError) as refused:
        unembed.load(str(adapter))
    said = re.search(
        r"--model (\S+) --adapter (\S+) \(in Python, load\('(.*?)', adapter='(.*?)'\)\)", str(refused.value)
    )
    assert said is not None, str(refused.value)
    assert said.groups()[:2] == said.groups()[2:]
    assert not torch.allclose(logits(said[1], adapter=said[2]), before)


def test_an_adapter_beside_the_weights_is_merged_or_left_out(tiny: Path) -> None:
    before = logits(str(tiny))
    adapter_of(tiny, tiny)
    with pytest.raises(ModelError) as refused:
        unembed.load(str(tiny))
    merged, left_out = re.findall(r"--adapter (\S+) (?:merges|leaves)", str(refused.value))
    assert torch.equal(logits(str(tiny), adapter=left_out), before)
    assert not torch.allclose(logits(str(tiny), adapter=merged), before)


def test_an_adapter_in_a_pickle_is_saved_again(tiny: Path, tmp_path: Path) -> None:
    adapter = adapter_of(tiny, tmp_path / "adapter")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(
        ModelError, match="Save the adapter again with peft's save_pretrained, which writes safetensors"
    ):
        unembed.load(str(tiny), adapter=str(adapter))
    again = adapter_of(tiny, tmp_path / "again")
    assert logits(str(tiny), adapter=str(again)).isfinite().all()


def test_the_file_or_folder_that_a_message_points_to_loads(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "with a file"
    folder.mkdir()
    write_gguf(folder / "tiny.gguf")
    with pytest.raises(ModelError) as refused:
        unembed.load(str(folder))
    file = re.search(r"Did you mean the file (.*\.gguf)\?", str(refused.value))
    assert file is not None, str(refused.value)
    assert unembed.load(file[1]).layers > 0
    shutil.copytree(tiny, tmp_path / "run" / "checkpoint-20")
    with pytest.raises(ModelError) as refused:
        unembed.load(str(tmp_path / "run"))
    inside = re.search(r"such as (\S+)\.$", str(refused.value))
    assert inside is not None, str(refused.value)
    assert torch.equal(logits(inside[1]), logits(str(tiny)))


def test_every_toy_that_a_message_lists_loads() -> None:
    with pytest.raises(ModelError) as refused:
        unembed.load("toy/none")
    listed = re.findall(r"toy/[\w-]+", str(refused.value).partition("expected")[2])
    assert len(listed) == 6
    assert all(unembed.load(name).name == name for name in listed)


def test_a_module_in_training_is_set_to_eval() -> None:
    module = build("llama").train()
    with pytest.raises(ModelError, match=r"Call `model.eval\(\)` first"):
        unembed.wrap(module)
    assert unembed.wrap(module.eval()).layers > 0


def test_ids_are_given_where_there_is_no_tokenizer(tiny: Path) -> None:
    for file in tiny.glob("token*"):
        file.unlink()
    model = unembed.load(str(tiny))
    with pytest.raises(InputError, match="give token ids"):
        unembed.record(model, "the capital")
    assert unembed.record(model, IDS).length == len(IDS)
