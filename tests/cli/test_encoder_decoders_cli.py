"""Encoder-decoders on the command line: folders of tiny random models, text and sound in, JSON out."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from transformers import WhisperFeatureExtractor
from typer.testing import CliRunner

import unembed
from browser.document import Document
from builders import random_models
from builders.commands import refusal, run_json, valid
from builders.random_encoder_decoders import build, build_llava
from builders.source_folders import RATE, SOURCE, WORDS, save, sound
from unembed.cli import app
from unembed.errors import ModelError
from unembed.explorer.report_asks import key_of
from unembed.methods.heads.shuffled_tokens import STACK_OF
from unembed.methods.heads.stack_roles import measure_stack_roles

PREFIX = [0, 8, 9]


def own_logits(folder: Path, loader: str, **inputs):
    module = getattr(transformers, loader).from_pretrained(folder).eval()
    with torch.no_grad():
        return module(decoder_input_ids=torch.tensor([PREFIX]), **inputs).logits[0, -1].double()


def own_logits_of(module, tokens: list[int], source: list[int]) -> torch.Tensor:
    with torch.no_grad():
        ids = torch.tensor([source])
        return module(input_ids=ids, decoder_input_ids=torch.tensor([tokens])).logits[0, -1].double()


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
    inside = run_json("ablate", "--site", "enc.head", *prompt)
    assert (inside["site"], inside["position"], len(inside["effects"])) == ("enc.head", "all", 8)
    assert any(effect["probability"] for effect in inside["effects"])
    shown = CliRunner().invoke(app, ["ablate", "--site", "enc.mlp", *map(str, prompt[:-1])]).stdout
    assert "ABLATE each MLP of the encoder" in shown  # the headline yields to a long name
    assert "enc.L1 mlp" in shown
    steered = run_json("steer", "--add", "klein", "--layer", 1, "--site", "enc.resid_post", "-n", 2, *prompt)
    assert steered["site"] == "enc.resid_post"
    assert len(steered["steered"]["generated"]) == 2
    steps = run_json("generate", "-n", 1, *prompt)
    assert steps["generated"][0]["id"] == int(logits.argmax())


def test_attention_within_the_source(translator, listener, tmp_path):
    prompt = ["-m", translator, SOURCE, "--decoder-ids", "0,8,9", "-t", "klein", "--encoder"]
    found = valid(json.dumps(run_json("attention", *prompt, "--json")))
    assert [(head["layer"], head["head"], head["encoder"]) for head in found["heads"]] == [
        (layer, head, True) for layer in range(2) for head in range(4)
    ]
    assert all(sum(head["pattern"]) == pytest.approx(1, abs=1e-5) for head in found["heads"])
    assert all(sum(head["contribution"]) == pytest.approx(head["value"], abs=1e-5) for head in found["heads"])
    shown = CliRunner().invoke(app, ["attention", *map(str, prompt)]).stdout
    assert "ATTENTION within the source to klein" in shown
    assert re.search(r"enc\.L1\.H0 +[+−]?\d", shown)  # the name is set apart from the number
    whole = ["attention", "-m", listener, "--audio", sound(tmp_path / "a.wav"), "--decoder-ids", "0,8", "--encoder"]
    shown = CliRunner().invoke(app, [*map(str, whole), "--layer", "1", "--head", "0"]).stdout
    assert "enc.L1.H0  credit" in shown
    assert "49 0.98s·padding" in shown
    assert "no source of text" in refusal("words", *whole[1:-1])
    assert "patch --site enc.resid_pre" in refusal("words", *whole[1:-1])


def test_patch_between_two_sources(translator, tmp_path):
    words = ["patch", "-m", translator, SOURCE, "the haus is small", "--decoder-ids", "0,8,9", "-t", "klein"]
    found = run_json(*words, "--vs", "das", "--site", "enc.head", "--json")
    assert [token["text"] for token in found["clean_tokens"]][:2] == ["the", "house"]
    assert [token["text"] for token in found["corrupt_tokens"]][:2] == ["the", "haus"]
    assert len(found["grid"]) == 8
    logits = own_logits(translator, "AutoModelForSeq2SeqLM", input_ids=torch.tensor([[4, 9, 6, 7, 2]]))
    assert found["corrupt"] == pytest.approx(float(logits[11] - logits[8]), abs=1e-5)
    shown = CliRunner().invoke(app, [str(word) for word in (*words, "--site", "enc.resid_pre")]).stdout
    assert "in the encoder" in shown
    assert "enc.L0 @ 1 haus" in shown or "enc.L0 @ 1 house" in shown
    page = tmp_path / "page.html"
    swept = run_json(*words, "--site", "enc.resid_pre", "--html", page, "--json")
    strongest = max(swept["grid"], key=lambda cell: abs(cell["effect"]))
    text = swept["clean_tokens"][strongest["position"]]["text"].replace("<", "&lt;").replace(">", "&gt;")
    static = page.read_text()
    assert f"enc.L{strongest['layer']} at {strongest['position']} <code>{text}</code>" in static
    assert "Clean: <q>thehouseissmall" in static
    assert "Corrupt: <q>thehausissmall" in static
    crossing = run_json(*words, "--site", "cross_head", "--html", page, "--json")["grid"][0]
    assert f"L{crossing['layer']}.X{crossing['head']}" in page.read_text()
    alone = refusal("patch", "a", "b", "--decoder-ids", "0", "-m", "toy/two-layer")
    assert "no --decoder-ids" in alone


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
    told = refusal("attended", "-m", translator, SOURCE, "--layer", 0, "--head", 0)
    assert "does not account for cross-attention" in told
    known = "What does: explain, lens, attention, words, ablate, patch, steer, paths, graph, heads, generate"
    assert known in told
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
    patches = [source["label"] for source in found["sources"] if source["modality"] == "image"]
    assert patches == [f"patch {n}: row {n // 3}, column {n % 3}" for n in range(9)]
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


def test_heads_of_three_attentions(translator):
    words = ["heads", "-m", translator, "--sequences", 2, "--top", 2]
    found = run_json(*words, "--json")
    assert valid(json.dumps(found))["schema"] == "unembed/stack-heads/1"
    result = measure_stack_roles(unembed.load(str(translator)), sequences=2, top=2)
    assert result.check is not None
    assert [role["name"] for role in found["roles"]] == list(STACK_OF)
    for role in found["roles"]:
        scores = result.roles[role["name"]]
        assert [(place["layer"], place["head"]) for place in role["top"]] == scores.top(2)
        assert role["zeroed_change"] == pytest.approx(result.check.roles[role["name"]].change, rel=1e-4)
    assert [len([h for h in found["heads"] if h["stack"] == stack]) for stack in ("encoder", "decoder", "cross")] == [
        8,
        12,
        12,
    ]
    head = next(head for head in found["heads"] if head["label"] == "L1.X3")
    assert (head["stack"], head["layer"], head["head"]) == ("cross", 1, 3)
    for score in head["scores"]:
        assert score["score"] == pytest.approx(float(result.roles[score["role"]].scores[1, 3]))
        assert score["error"] == pytest.approx(float(result.roles[score["role"]].errors[1, 3]))
    assert len(found["causal"]["controls"]) == 30
    shown = CliRunner().invoke(app, [str(word) for word in (*words, "--role", "enc_next_token")]).stdout
    assert "ENC NEXT TOKEN  mean attention to the position after" in shown
    assert "CROSS-ATTENTION" in shown
    assert "enc.L" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "has no role 'induction': expected one of enc_previous_token" in refusal(*words, "--role", "induction")
    assert "has no role 'enc_next_token'" in refusal("heads", "-m", "toy/two-layer", "--role", "enc_next_token")


def test_knowledge_on_the_sentinel_cloze(tmp_path):
    module = build("t5", dtype=torch.float32)
    folder = save(module, tmp_path / "t5", blank="<extra_id_0>")
    text = "the house is <extra_id_0>"
    words = ["knowledge", "attribute", "-m", folder, text, "-t", "klein"]
    found = valid(json.dumps(run_json(*words, "--top", 0, "--json")))
    assert [token["id"] for token in found["tokens"]] == [0, 12]
    assert [source["label"] for source in found["sources"]][3] == "<extra_id_0>"
    assert found["source_positions"] == [3]
    logits = own_logits_of(module, [0, 12], [4, 5, 6, 12, 2])
    assert found["probability"] == pytest.approx(float(logits.softmax(-1)[11]), rel=1e-4)
    assert len(found["attributions"]) == 5 * 48
    assert [(layer["encoder"], layer["layer"]) for layer in found["layers"]] == [
        *((False, i) for i in range(3)),
        (True, 0),
        (True, 1),
    ]
    given = run_json(*words, "--decoder-prompt", "<extra_id_0>", "--top", 0, "--json")
    assert given == found
    shown = CliRunner().invoke(app, [str(word) for word in (*words, "--path", "neuron")]).stdout
    assert "neurons of the encoder (enc.) move at 3 <extra_id_0> of the source" in shown
    assert "enc.L1.N" in shown
    assert "The source has no blank that" in refusal("knowledge", "attribute", "-m", folder, "the house", "-t", "is")
    page = tmp_path / "page.html"
    assert CliRunner().invoke(app, [str(word) for word in (*words, "--html", page)]).exit_code == 0
    document = Document(page.read_text())
    state, kept = (json.loads(document.scripts[0])[name] for name in ("state", "results"))
    assert (state["a"], state["source"]) == ("<extra_id_0>", text)
    asked = {"ask": "attribute", "prompt": state["a"], "source": state["source"], "target": state["target"]}
    assert {n["encoder"] for n in kept[key_of({**asked, "top": 100})]["attributions"]} == {True, False}
    assert any(row[0].startswith("enc.L1.N") for row in document.table("neuron"))
    assert [row[0] for row in document.table("layer")] == ["L0", "L1", "L2", "enc.L0", "enc.L1"]
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        "relation: size\ntemplates: ['the {subject} is <extra_id_0>', '<extra_id_0> is the {subject}']\n"
        "facts: [{subject: house, answer: klein}, {subject: haus, answer: small}]\n"
    )
    sought = run_json("knowledge", "find", "-m", folder, facts, "--p", 0.5, "--json")
    kept = sought["facts"][0]["kept"]
    assert {neuron["encoder"] for neuron in kept} == {True, False}
    assert sought["facts"][0]["target"][0]["id"] == 11


def test_paths_through_cross_attention(translator):
    words = ["paths", "-m", translator, SOURCE, "--decoder-ids", "0,8,9", "-t", "klein", "--smallest", "0.02"]
    found = valid(json.dumps(run_json(*words, "--reference", "raw", "--json")))
    logits = own_logits(translator, "AutoModelForSeq2SeqLM", input_ids=torch.tensor([[4, 5, 6, 7, 2]]))
    assert found["sum"] == pytest.approx(float(logits[11]), abs=1e-5)
    listed = sum(path["value"] for path in found["paths"]) + sum(found["constants"].values())
    assert listed + found["small"] + found["unopened"] == pytest.approx(found["sum"], abs=1e-9)
    assert [source["label"] for source in found["sources"]] == [*WORDS[:4], "</s>"]
    crossing = [path for path in found["paths"] if any(step["cross"] for step in path["steps"])]
    assert crossing
    assert all(path["of_source"] for path in crossing)
    assert not any(path["of_source"] for path in found["paths"] if path not in crossing)
    shown = CliRunner().invoke(app, [str(word) for word in (*words, "--top", 100)]).stdout
    assert "= model ✓" in shown
    start = max(crossing, key=lambda path: abs(path["value"]))
    step = next(step for step in start["steps"] if step["cross"])
    assert f"L{step['layer']}.X{step['head']} → {step['destination']}" in shown
    assert found["sources"][start["position"]]["label"] in shown


def test_patch_between_two_sounds(listener, tmp_path):
    first, second = sound(tmp_path / "a.wav"), sound(tmp_path / "b.wav", seconds=0.3)
    words = ["patch", "-m", listener, "--audio", first, "--audio", second, "--decoder-ids", "0,8,9", "-t", "klein"]
    words += ["--vs", "das", "--site", "enc.resid_pre", "--layer", 0]
    found = valid(json.dumps(run_json(*words, "--json")))
    assert (found["clean_tokens"], len(found["clean_places"])) == ([], 50)
    assert found["clean_places"][29:31] == ["0.58s", "0.60s padding"]
    assert [(cell["position"], cell["until"]) for cell in found["grid"]] == [(p, p + 1) for p in range(0, 50, 2)]
    whole = run_json(*words, "--group", 50, "--json")
    assert len(whole["grid"]) == 1
    assert whole["grid"][0]["value"] == pytest.approx(whole["clean"], abs=1e-4)  # all that the encoder reads
    shown = CliRunner().invoke(app, [str(word) for word in words]).stdout
    assert "two sounds of 50 positions each" in shown
    assert "0.00s–0.02s" in shown
    strongest = max(found["grid"], key=lambda cell: abs(cell["effect"]))
    assert f"enc.L0 @ {0.02 * strongest['position']:.2f}s–" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "Expected two sounds" in refusal("patch", "-m", listener, "--audio", first)
    assert "Expected two sounds" in refusal(*words, "a text", "another")
    assert "no --audio" in refusal("patch", "-m", "toy/two-layer", "--audio", first, "--audio", second)
    page = tmp_path / "page.html"
    assert CliRunner().invoke(app, [str(word) for word in (*words, "--html", page)]).exit_code == 0
    static = page.read_text()
    assert f"enc.L0 at {0.02 * strongest['position']:.2f}s–" in static
    assert "Clean: a sound of 50 positions" in static
