"""Encoder-decoders on the command line: folders of tiny random models, text and sound in, JSON out."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from transformers import WhisperFeatureExtractor
from typer.testing import CliRunner

import unembed
from builders import random_models
from builders.commands import refusal, run_json
from builders.random_encoder_decoders import build_llava
from builders.source_folders import RATE, SOURCE, WORDS, save, sound
from unembed.cli import app
from unembed.errors import ModelError

PREFIX = [0, 8, 9]


def own_logits(folder: Path, loader: str, **inputs):
    module = getattr(transformers, loader).from_pretrained(folder).eval()
    with torch.no_grad():
        return module(decoder_input_ids=torch.tensor([PREFIX]), **inputs).logits[0, -1].double()


def test_explain_a_translation(translator):
    words = ["--decoder-ids", "0,8,9", "--target", "klein", "--reference", "raw", "--by", "source", "--json"]
    found = run_json("explain", "--model", translator, SOURCE, *words)
    logits = own_logits(translator, "AutoModelForSeq2SeqLM", input_ids=torch.tensor([[4, 5, 6, 7, 2]]))
    assert [token["id"] for token in found["tokens"]] == PREFIX
    labels = [*WORDS[:4], "</s>"]
    assert found["sources"] == [{"position": i, "modality": "text", "label": text} for i, text in enumerate(labels)]
    assert found["target"]["logit"] == pytest.approx(float(logits[11]), abs=1e-5)
    terms = found["ledger"]["terms"]
    assert sum(term["value"] for term in terms) == pytest.approx(float(logits[11]), abs=1e-5)
    cross = [term for term in terms if term["kind"] == "cross_attention"]
    assert {(t["layer"], t["head"], t["source"]) for t in cross} == {
        (layer, head, source) for layer in range(3) for head in range(4) for source in range(5)
    }
    assert found["position"] == 2
    assert found["control"]["heads"]["count"] == 24


def test_the_decoders_text_comes_after_its_start_token(translator):
    by_text = run_json("explain", "-m", translator, SOURCE, "--decoder-prompt", "das haus", "--json")
    by_ids = run_json("explain", "-m", translator, SOURCE, "--decoder-ids", "0,8,9", "--json")
    assert by_text == by_ids
    assert [t["id"] for t in run_json("explain", "-m", translator, SOURCE, "--json")["tokens"]] == [0]


def test_swap_replaces_a_word_of_the_source(translator):
    found = run_json(
        "explain", "-m", translator, SOURCE, "--decoder-ids", "0,8,9", "-t", "klein", "--swap", "small=klein", "--json"
    )
    logits = own_logits(translator, "AutoModelForSeq2SeqLM", input_ids=torch.tensor([[4, 5, 6, 11, 2]]))
    assert found["swap"]["target"]["logit"] == pytest.approx(float(logits[11]), abs=1e-5)
    assert {part["kind"] for part in found["swap"]["sublayers"]} == {"attention", "cross_attention", "mlp"}


def test_credit_of_the_words(translator):
    found = run_json(
        "explain", "-m", translator, SOURCE, "--decoder-ids", "0,8,9", "--inputs", "--json", "--by", "head"
    )
    cross = sum(term["value"] for term in found["ledger"]["terms"] if term["kind"] == "cross_attention")
    assert found["inputs"]["value"] == pytest.approx(cross, abs=1e-5)
    assert sum(term["value"] for term in found["inputs"]["terms"]) == pytest.approx(cross, abs=1e-5)
    assert {term["kind"] for term in found["inputs"]["terms"]} == {"source_embedding", "source_mlp", "source_bias"}


def test_lens_attention_ablate_and_generate(translator):
    prompt = ["-m", translator, SOURCE, "--decoder-ids", "0,8,9", "--json"]
    lens = run_json("lens", *prompt)
    logits = own_logits(translator, "AutoModelForSeq2SeqLM", input_ids=torch.tensor([[4, 5, 6, 7, 2]]))
    assert len(lens["cells"]) == 4 * len(PREFIX)
    assert lens["cells"][-1]["top"][0]["id"] == int(logits.argmax())
    seen = run_json("attention", "--cross", *prompt)
    assert len(seen["heads"]) == 12
    assert all(len(head["pattern"]) == 5 and head["cross"] for head in seen["heads"])
    assert all(sum(head["pattern"]) == pytest.approx(1, abs=1e-5) for head in seen["heads"])
    ablated = run_json("ablate", "--site", "cross_attention", *prompt)
    assert ablated["base"]["probability"] == pytest.approx(float(logits.softmax(-1).max()), abs=1e-6)
    assert len(ablated["effects"]) == 3
    assert len(run_json("ablate", "--site", "cross_head", *prompt)["effects"]) == 12
    steps = run_json("generate", "-n", 1, *prompt)
    assert steps["generated"][0]["id"] == int(logits.argmax())


@pytest.mark.parametrize("layout", [{}, {"channels": 2}, {"width": 1}, {"width": 3}, {"width": 4}], ids=str)
def test_explain_sound(listener, tmp_path, layout):
    path = sound(tmp_path / "tone.wav", **layout)
    words = ["--decoder-ids", "0,8,9", "-t", "klein", "--reference", "raw", "--json"]
    found = run_json("explain", "-m", listener, "--audio", path, *words)
    tone = 0.6 * np.sin(2 * np.pi * 440 * np.arange(int(RATE * 0.6)) / RATE)
    features = WhisperFeatureExtractor.from_pretrained(listener)(tone, sampling_rate=RATE, return_tensors="pt")
    logits = own_logits(listener, "AutoModelForSpeechSeq2Seq", **features)
    allowed = 0.3 if layout.get("width") == 1 else 2e-2  # what 8 and 16 bits round away moves features and logits
    assert found["target"]["logit"] == pytest.approx(float(logits[11]), abs=allowed)
    assert len(found["sources"]) == 50
    assert found["sources"][29] == {"position": 29, "modality": "audio", "label": "0.58s"}
    assert found["sources"][30]["label"] == "0.60s padding"
    assert found["notes"] == []


def test_another_sample_rate_is_resampled_and_said(listener, tmp_path):
    same = run_json("explain", "-m", listener, "--audio", sound(tmp_path / "a.wav"), "--decoder-ids", "0,8", "--json")
    path = sound(tmp_path / "b.wav", rate=22050)
    found = run_json("explain", "-m", listener, "--audio", path, "--decoder-ids", "0,8", "--json")
    assert found["notes"] == ["b.wav has 22050 samples a second; resampled to the processor's 16000."]
    assert found["target"]["id"] == same["target"]["id"]
    assert found["target"]["logit"] == pytest.approx(same["target"]["logit"], abs=0.1)


def test_bad_input_is_refused(translator, listener, tmp_path):
    alone = Path(save(random_models.build("llama", dtype=torch.float32), tmp_path / "llama"))
    wav = sound(tmp_path / "tone.wav")
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"no sound at all")
    assert "There is no prompt" in refusal("explain", "-m", translator)
    assert "reads text, found audio" in refusal("explain", "-m", translator, "--audio", wav)
    assert "reads audio, found text" in refusal("explain", "-m", listener, "a text")
    assert "Cannot read" in refusal("explain", "-m", listener, "--audio", noise)
    assert "Cannot read" in refusal("explain", "-m", listener, "--audio", tmp_path / "none.wav")
    long = sound(tmp_path / "long.wav", seconds=1.2)
    assert "lasts 1.2 s, but the encoder" in refusal("explain", "-m", listener, "--audio", long)
    assert "decoder only: it reads a prompt, and no --audio" in refusal(
        "explain", "-m", alone, "the house", "--audio", wav
    )
    assert "no --decoder-ids" in refusal("lens", "-m", alone, "the house", "--decoder-ids", "1")
    assert "There is no prompt" in refusal("explain", "-m", alone)
    assert "found both" in refusal("explain", "-m", translator, SOURCE, "--decoder-ids", "0", "--decoder-prompt", "das")
    assert "token ids such as 1,2,3" in refusal("explain", "-m", translator, SOURCE, "--decoder-ids", "0,x")
    assert "outside the vocabulary" in refusal("explain", "-m", translator, SOURCE, "--decoder-ids", "0,97")
    assert "does not account for cross-attention" in refusal("paths", "-m", translator, SOURCE)
    assert "has no cross-attention" in refusal("attention", "--cross", "-m", alone, "the house")
    (listener / "preprocessor_config.json").rename(tmp_path / "kept.json")
    result = CliRunner().invoke(app, ["explain", "-m", str(listener), "--audio", str(wav)])
    assert "holds no processor that turns sound into features" in str(result.exception)
    (tmp_path / "kept.json").rename(listener / "preprocessor_config.json")


def test_explain_a_prompt_with_an_image(tmp_path):
    module = build_llava(dtype=torch.float32)
    folder = save(module, tmp_path / "llava", image_token="<image>")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    size = {"height": 12, "width": 12}
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 12}, crop_size=size)
    processor = transformers.LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=4,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    processor.save_pretrained(folder)
    picture = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(picture)
    words = [
        "-m",
        folder,
        "--image",
        picture,
        "the house",
        "-t",
        "klein",
        "--reference",
        "raw",
        "--by",
        "source",
        "--json",
    ]
    found = run_json("explain", *words)
    made = processor(images=Image.open(picture).convert("RGB"), text="<image>the house", return_tensors="pt")
    with torch.no_grad():
        logits = module(**made).logits[0, -1]
    assert found["target"]["logit"] == pytest.approx(float(logits[11]), abs=1e-4)
    assert [source["modality"] for source in found["sources"]].count("image") == 9
    assert sum(term["value"] for term in found["ledger"]["terms"]) == pytest.approx(float(logits[11]), abs=1e-4)
    noise = tmp_path / "noise.png"
    noise.write_bytes(b"no picture")
    assert "as an image" in refusal("explain", "-m", folder, "--image", noise, "the house")
    read = unembed.load(str(folder))
    for name, damaged in (
        ("processor_config.json", "[1]"),
        ("processor_config.json", "{"),
        ("chat_template.json", "{}"),
    ):
        kept = (folder / name).read_text() if (folder / name).exists() else "{}"
        (folder / name).write_text(damaged)
        with pytest.raises(ModelError, match="holds no processor that turns an image"):
            unembed.with_image(read, "the house", picture)
        (folder / name).write_text(kept)
