"""What a folder is and what it may do: adapters, classifiers, wrapped names, and code, which never runs."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GPT2Config, GPT2ForSequenceClassification, LlamaForSequenceClassification

import unembed
from builders.random_models import build
from builders.words import save_tiny
from unembed.errors import ModelError
from unembed.loading.fingerprint import fingerprint

IDS = [3, 7, 1, 9, 4]
EAGER = 1e-6
"""The recorded run takes its softmax in float32, as transformers' eager attention does; the own run does not."""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "tiny")


def refused(folder: Path, **options: str) -> str:
    with pytest.raises(ModelError) as caught:
        unembed.load(str(folder), **options)
    return str(caught.value)


def changed(file: Path, **values: object) -> None:
    file.write_text(json.dumps((json.loads(file.read_text()) if file.exists() else {}) | values))


def renamed(folder: Path, new_name) -> None:
    file = folder / "model.safetensors"
    save_file({new_name(name): tensor for name, tensor in load_file(file).items()}, file, metadata={"format": "pt"})


# Adapters


def trained(base: Path, folder: Path, **settings: object) -> Path:
    """An adapter that changes the model, as peft saves it."""
    import peft

    torch.manual_seed(0)
    settings = {"r": 4, "target_modules": ["q_proj", "v_proj", "down_proj"], "task_type": "CAUSAL_LM"} | settings
    module = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base), peft.LoraConfig(**settings))
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    module.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("settings", [{}, {"use_rslora": True, "bias": "all"}, {"use_dora": True}])
def test_an_adapter_is_merged_and_gives_what_peft_gives(tiny: Path, tmp_path: Path, settings: dict) -> None:
    import peft

    adapter = trained(tiny, tmp_path / "adapter", **settings)
    own = peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny), adapter).eval()
    model, base = unembed.load(str(tiny), adapter=adapter), unembed.load(str(tiny))
    with torch.inference_mode():
        expected = own(torch.tensor([IDS])).logits[0]
    assert torch.allclose(unembed.record(model, IDS).logits, expected, atol=EAGER)
    assert (unembed.record(base, IDS).logits - expected).abs().max() > 0.01
    assert str(adapter) in model.name
    assert None not in (fingerprint(model), fingerprint(base))
    assert fingerprint(model) != fingerprint(base)


def test_an_adapter_beside_the_weights_is_asked_about(tiny: Path) -> None:
    """What the message says to do is done: both ways load, and differ."""
    before = unembed.record(unembed.load(str(tiny)), IDS).logits
    trained(tiny, tiny)
    message = refused(tiny)
    assert f"--adapter {tiny} merges it, --adapter none leaves it out" in message
    assert torch.equal(unembed.record(unembed.load(str(tiny), adapter="none"), IDS).logits, before)
    assert not torch.allclose(unembed.record(unembed.load(str(tiny), adapter=tiny), IDS).logits, before)


def test_an_adapter_alone_names_its_base(tiny: Path, tmp_path: Path) -> None:
    adapter = trained(tiny, tmp_path / "adapter")
    assert f"--model {tiny} --adapter {adapter}" in refused(adapter)


def test_adapters_that_cannot_be_merged(tiny: Path, tmp_path: Path) -> None:
    import peft

    module = AutoModelForCausalLM.from_pretrained(tiny)
    settings = peft.PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM")
    peft.get_peft_model(module, settings).save_pretrained(tmp_path / "prompt")
    assert "PROMPT_TUNING) cannot be merged" in refused(tiny, adapter=str(tmp_path / "prompt"))
    classifier = trained(tiny, tmp_path / "classifier")
    changed(classifier / "adapter_config.json", task_type="SEQ_CLS")
    assert "trained for another task (SEQ_CLS)" in refused(tiny, adapter=str(classifier))
    other = trained(save_tiny(tmp_path / "other", layers=4), tmp_path / "of the other")
    assert "does not fit the model" in refused(tiny, adapter=str(other))
    (other / "adapter_model.safetensors").rename(other / "adapter_model.bin")
    assert "A pickle can run code" in refused(tiny, adapter=str(other))
    assert "is not an adapter" in refused(tiny, adapter=str(tmp_path))


def test_a_model_of_peft_is_unwrapped(tiny: Path) -> None:
    import peft

    settings = peft.LoraConfig(r=4, target_modules=["q_proj", "o_proj", "down_proj"], init_lora_weights=False)
    module = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), settings).eval()
    with torch.inference_mode():
        expected = module(torch.tensor([IDS])).logits[0]
    assert torch.allclose(unembed.record(unembed.wrap(module), IDS).logits, expected, atol=EAGER)
    module.merge_adapter()
    for given in (module, module.get_base_model()):
        assert torch.allclose(unembed.record(unembed.wrap(given), IDS).logits, expected, atol=EAGER)
    assert torch.allclose(unembed.record(unembed.wrap(module.merge_and_unload()), IDS).logits, expected, atol=EAGER)


# What else config.json says


def test_classifiers_are_no_language_models(tmp_path: Path) -> None:
    """Those with a tied embedding hold every tensor of a language model."""
    sizes = {"vocab_size": 97, "n_embd": 32, "n_head": 4, "n_layer": 2, "n_positions": 64, "num_labels": 2}
    GPT2ForSequenceClassification(GPT2Config(**sizes, pad_token_id=0)).save_pretrained(tmp_path / "gpt2")
    config = build("llama", layers=2, tied=True).config
    config.num_labels = 1
    LlamaForSequenceClassification(config).save_pretrained(tmp_path / "llama")
    assert "GPT2ForSequenceClassification, which gives scores" in refused(tmp_path / "gpt2")
    assert "LlamaForSequenceClassification, which gives scores" in refused(tmp_path / "llama")
    with pytest.raises(ModelError, match="it is no language model"):
        unembed.wrap(LlamaForSequenceClassification(config).eval())


@pytest.mark.parametrize("name", ["LlamaModel", "FancyForCausalLM"])
def test_another_class_is_refused_until_the_folder_says_otherwise(tiny: Path, name: str) -> None:
    changed(tiny / "config.json", architectures=[name])
    assert f"holds a {name}" in refused(tiny)
    assert 'set "architectures" to ["LlamaForCausalLM"]' in refused(tiny)
    changed(tiny / "config.json", architectures=["LlamaForCausalLM"])
    assert unembed.load(str(tiny)).layers == 3


def test_quantised_weights_are_refused_before_a_package_is_asked_for(tiny: Path) -> None:
    changed(tiny / "config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    message = refused(tiny)
    assert "are quantised (bitsandbytes)" in message
    assert "pip" not in message


def test_an_embedding_model_of_a_language_models_class_is_refused(tiny: Path) -> None:
    kinds = ("Transformer", "Pooling", "Normalize")
    listed = [
        {"idx": i, "path": f"{i}_{kind}", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    (tiny / "modules.json").write_text(json.dumps(listed[:1]))
    assert unembed.load(str(tiny)).layers == 3
    (tiny / "modules.json").write_text(json.dumps(listed))
    assert "embedding model of sentence-transformers" in refused(tiny)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model_type": None}, "expected model_type to be a word, found None"),
        ({"vocab_size": 300}, r"lm_head.weight is \[97, 32\], expected \[300, 32\], and 1 more differ"),
        ({"intermediate_size": 16}, r"down_proj.weight is \[32, 48\], expected \[32, 16\], and 14 more differ"),
        ({"num_attention_heads": 3}, "32.* is not a multiple of the number of attention heads"),
        ({"hidden_act": "nope"}, "it knows no 'nope'"),
    ],
)
def test_a_refused_configuration_is_told_by_its_reason(tiny: Path, values: dict[str, object], said: str) -> None:
    changed(tiny / "config.json", **values)
    message = refused(tiny)
    assert re.search(said, message, re.DOTALL), message


# Files of weights


def in_parts(folder: Path, first: Path | str, **index: object) -> None:
    """The weights in two files, the first of which is at some place, as an index of them says."""
    file = folder / "model.safetensors"
    tensors = list(load_file(file).items())
    parts = {str(first): dict(tensors[::2]), "two.safetensors": dict(tensors[1::2])}
    for name, part in parts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        save_file(part, folder / name, metadata={"format": "pt"})
    file.unlink()
    places = {key: name for name, part in parts.items() for key in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places} | index))


def test_weights_are_the_safetensors_of_the_folder_itself(tiny: Path, tmp_path: Path) -> None:
    before = unembed.record(unembed.load(str(tiny)), IDS).logits
    kept = shutil.copytree(tiny, tmp_path / "in parts")
    in_parts(kept, "any-name.safetensors")
    assert torch.equal(unembed.record(unembed.load(str(kept)), IDS).logits, before)
    for number, place in enumerate(
        ("../one.safetensors", tmp_path / "two.safetensors", "in/one.safetensors", "one.bin")
    ):
        folder = shutil.copytree(tiny, tmp_path / f"{number}")
        in_parts(folder, place)
        assert f"names {str(place)!r}: expected safetensors beside it" in refused(folder)


@pytest.mark.parametrize("places", [{"a": 3}, {"a": None}, {}, [], {"a": "x" * 5000}, {"a": ""}])
def test_an_index_that_names_no_files_is_damaged(tiny: Path, places: object) -> None:
    in_parts(tiny, "one.safetensors", weight_map=places)
    assert "is damaged: it does not list the weight files" in refused(tiny)


def test_a_name_that_can_be_no_file_is_no_model() -> None:
    with pytest.raises(ModelError, match="There is no file or folder"):
        unembed.load("/" + "a" * 5000)


def test_a_link_to_weights_that_are_gone_is_no_weights(tiny: Path) -> None:
    (tiny / "model.safetensors").unlink()
    (tiny / "model.safetensors").symlink_to(tiny / "gone")
    assert "has no weights" in refused(tiny)


# Names of tensors


@pytest.mark.parametrize("prefix", ["_orig_mod.", "pretrained_model.", "module._orig_mod.", "student."])
def test_a_prefix_of_training_is_read_through(tiny: Path, prefix: str) -> None:
    before = unembed.record(unembed.load(str(tiny)), IDS).logits
    renamed(tiny, lambda name: prefix + name)
    assert torch.allclose(unembed.record(unembed.load(str(tiny)), IDS).logits, before, rtol=1e-12, atol=1e-12)


def test_compiled_blocks_are_read_through(tiny: Path) -> None:
    before = unembed.record(unembed.load(str(tiny)), IDS).logits
    renamed(tiny, lambda name: name.replace("layers.1.", "layers.1._orig_mod."))
    assert torch.allclose(unembed.record(unembed.load(str(tiny)), IDS).logits, before, rtol=1e-12, atol=1e-12)


def test_tensors_without_a_place_are_not_left_out(tiny: Path) -> None:
    file = tiny / "model.safetensors"
    whole = load_file(file)
    save_file(whole | {"model.extra_norm.weight": torch.ones(4)}, file, metadata={"format": "pt"})
    assert "1 tensors for which its config.json has no place (model.extra_norm.weight)" in refused(tiny)
    save_file(whole | {"v_head.summary.weight": torch.ones(4)}, file, metadata={"format": "pt"})
    assert unembed.load(str(tiny)).layers == 3


def test_the_folder_of_a_training_names_its_checkpoints(tiny: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (500, 1000):
        shutil.copytree(tiny, run / f"checkpoint-{step}")
    message = refused(run)
    assert f"checkpoint-500, checkpoint-1000. Give one of them, such as {run / 'checkpoint-1000'}." in message
    assert unembed.load(str(run / "checkpoint-1000")).layers == 3


# Code


def test_no_folder_runs_code(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a tokenizer, a configuration or a model; and the prompt on standard input is no answer to a library."""
    ran = tmp_path / "ran"
    for name in ("tokenization_x", "configuration_x", "modeling_x"):
        (tiny / f"{name}.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass X: pass\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\n3\ny\ny\n"))
    changed(tiny / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_x.X", None]}, tokenizer_class="X")
    with_own_tokenizer = shutil.copytree(tiny, tmp_path / "own tokenizer")
    (with_own_tokenizer / "tokenizer.json").unlink()
    (with_own_tokenizer / "vocab.txt").write_text("a\nb\n")
    changed(tiny / "config.json", auto_map={"AutoConfig": "configuration_x.X", "AutoModelForCausalLM": "modeling_x.X"})
    for folder in (tiny, with_own_tokenizer):
        assert "Code of a folder is never run here." in refused(folder)
    changed(tiny / "config.json", attn_implementation="somebody/kernel")
    assert "asks for code from the hub" in refused(tiny)
    changed(tiny / "config.json", attn_implementation="sdpa", model_type="x", architectures=["X"])
    assert "Code of a folder is never run here." in refused(tiny)
    changed(tiny / "config.json", model_type="olmo3", architectures=["X"])  # a type without a row
    assert "a class of the folder's own code (auto_map), which is never run here" in refused(tiny)
    changed(tiny / "config.json", architectures=["Olmo3ForCausalLM"])
    refused(tiny)
    assert not ran.exists()
    assert sys.stdin.read() == "1\n2\n3\ny\ny\n"


def test_a_processor_runs_no_code(translator: Path, listener: Path, tmp_path: Path) -> None:
    from builders.source_folders import sound

    folder, ran = shutil.copytree(listener, tmp_path / "listener"), tmp_path / "ran"
    (folder / "extract_x.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass X: pass\n")
    changed(
        folder / "preprocessor_config.json",
        auto_map={"AutoFeatureExtractor": "extract_x.X"},
        feature_extractor_type="X",
    )
    model = unembed.load(str(folder))
    with pytest.raises(ModelError, match="never run"):
        unembed.with_source(model, audio=sound(tmp_path / "x.wav"))
    assert not ran.exists()


def test_a_chat_template_is_a_sandbox(tiny: Path, tmp_path: Path) -> None:
    from jinja2.exceptions import SecurityError

    ran = tmp_path / "ran"
    attack = "{{ ''.__class__.__mro__[1].__subclasses__() }}{{ cycler.__init__.__globals__.os.system('touch " + str(ran)
    (tiny / "chat_template.jinja").write_text(attack + "') }}")
    tokenizer = unembed.load(str(tiny)).tokenizer
    assert tokenizer is not None
    with pytest.raises(SecurityError):
        tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
    assert not ran.exists()
