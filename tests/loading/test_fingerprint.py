"""The name under which results are kept changes with all that a model's numbers depend on, and with nothing else."""

import importlib.metadata
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.loading.fingerprint import fingerprint
from unembed.methods.knowledge.weight_edits import applied, rank_one, weight_edits


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNEMBED_CACHE", str(tmp_path / "cache"))
    build("llama", layers=2).save_pretrained(tmp_path / "tiny")
    make_tokenizer().save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def changed_weights(folder: Path) -> None:
    build("llama", layers=2, seed=1).save_pretrained(folder)


def changed_tokenizer(folder: Path) -> None:
    file = folder / "tokenizer.json"
    file.write_text(file.read_text().replace('"Paris"', '"Lyons"'))


def changed_configuration(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"rms_norm_eps": 1e-3}))


def changed_generation(folder: Path) -> None:
    file = folder / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"repetition_penalty": 1.3}))


def changed_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{% for message in messages %}{{ message.content }}{% endfor %}")


def changed_special_tokens(folder: Path) -> None:
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"eos_token": "Paris"}))


def changed_one_number(folder: Path) -> None:
    """One bit of one weight."""
    file = folder / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


CHANGES = [
    changed_weights,
    changed_one_number,
    changed_tokenizer,
    changed_special_tokens,
    changed_template,
    changed_configuration,
    changed_generation,
]


@pytest.mark.parametrize("change", CHANGES)
def test_another_file_is_another_model(folder: Path, change) -> None:
    """Also for the load check: what was checked once is checked again."""
    before = fingerprint(unembed.load(str(folder)))
    stamps = folder.parent / "cache" / "checked"
    assert [stamp.name for stamp in stamps.iterdir()] == [before]
    change(folder)
    after = fingerprint(unembed.load(str(folder)))
    assert after != before
    assert {stamp.name for stamp in stamps.iterdir()} == {before, after}


def test_nothing_touched_nothing_changes(folder: Path) -> None:
    """Loading, explaining and files that describe nothing leave the name as it is; every change gives another name."""
    model = unembed.load(str(folder))
    before = fingerprint(model)
    unembed.explain(model, [3, 4, 5], test=False)
    (folder / "README.md").write_text("words")
    (folder / ".cache").mkdir()
    assert fingerprint(model) == fingerprint(unembed.load(str(folder))) == before
    marks = [before]
    for change in CHANGES:
        change(folder)
        marks.append(fingerprint(unembed.load(str(folder))))
    assert len(set(marks)) == len(marks)


def test_a_change_that_keeps_size_and_time_is_a_change(folder: Path) -> None:
    """As by `rsync --times` or `touch -r`."""
    file = folder / "model.safetensors"
    before, status = fingerprint(unembed.load(str(folder))), file.stat()
    changed_one_number(folder)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert fingerprint(unembed.load(str(folder))) != before


def test_a_model_in_memory_is_that_of_the_files_it_was_loaded_from(folder: Path) -> None:
    """A training writes the folder again: what the earlier model gives is not kept as the later one's."""
    model = unembed.load(str(folder))
    before = fingerprint(model)
    changed_weights(folder)
    assert fingerprint(model) == before
    assert fingerprint(unembed.load(str(folder))) != before


@pytest.mark.parametrize("package", ["unembed", "torch", "transformers", "tokenizers", "numpy"])
def test_another_version_is_another_result(folder: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    model = unembed.load(str(folder))
    before, version = fingerprint(model), importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == package else version(name))
    assert fingerprint(model) != before
    monkeypatch.undo()
    assert fingerprint(model) == before


def test_another_adapter_is_another_model(folder: Path) -> None:
    """By its numbers and its settings, and by the base it is merged into."""
    import peft
    import torch

    marks = [fingerprint(unembed.load(str(folder)))]
    for number, rank in enumerate((2, 2, 3)):
        torch.manual_seed(number)
        base = AutoModelForCausalLM.from_pretrained(folder)
        own = peft.get_peft_model(base, peft.LoraConfig(r=rank, target_modules=["q_proj"], task_type="CAUSAL_LM"))
        for parameter in own.parameters():
            if parameter.requires_grad:
                parameter.data += 0.1 * torch.randn_like(parameter)
        adapter = folder.parent / f"adapter-{number}"
        own.save_pretrained(adapter)
        marks.append(fingerprint(unembed.load(str(folder), adapter=adapter)))
    changed_configuration(folder)
    marks.append(fingerprint(unembed.load(str(folder), adapter=adapter)))
    assert None not in marks
    assert len(set(marks)) == len(marks)


def test_the_same_files_elsewhere_are_the_same_model(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "other")
    mark = fingerprint(unembed.load(str(folder)))
    assert mark is not None
    assert fingerprint(unembed.load(str(folder.parent / "other"))) == mark


def test_another_row_dtype_or_setting_is_another_result(folder: Path) -> None:
    model = unembed.load(str(folder))
    row = replace(model.family, attention_input_norm=None)
    marks = [
        fingerprint(model),
        fingerprint(replace(model, family=row)),
        fingerprint(replace(model, tokenizer=None)),
        fingerprint(unembed.load(str(folder), dtype="bfloat16")),
        fingerprint(model, {"top": 1}),
        fingerprint(model, {"top": 2}),
    ]
    assert None not in marks
    assert len(set(marks)) == len(marks)


def test_weights_that_are_those_of_no_folder_have_no_name(folder: Path) -> None:
    model = unembed.load(str(folder))
    edit = rank_one(0, model.blocks[0].down_projection.weight[0].double(), model.unembedding[0].double())
    before = fingerprint(model)
    with applied(model, weight_edits(model, [edit], "an edit")):
        assert fingerprint(model) is None
    assert fingerprint(model) == before
    assert fingerprint(unembed.wrap(build("llama", layers=2))) is None
