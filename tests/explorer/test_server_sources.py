"""The page's asks about encoder-decoders: what the encoder read comes with the ask, and answers are the library's."""

import json

import pytest
import torch

import unembed
from browser.document import Document
from builders.commands import run_json
from builders.random_encoder_decoders import build
from builders.random_models import build as build_decoder
from builders.source_folders import RATE, SOURCE, sound
from builders.words import make_tokenizer
from unembed.cli.commands.explorer import start
from unembed.errors import InputError
from unembed.explorer import session as sessions
from unembed.explorer.asks import answer
from unembed.explorer.report_asks import key_of
from unembed.explorer.session import Session
from unembed.methods.knowledge.attribution import attribute
from unembed.models.read_source import with_source

OTHER, WRITTEN = "the haus is klein", "das haus"
CROSS = {"kind": "cross_head", "layer": 1, "head": 2}


@pytest.fixture(scope="module")
def model(translator):
    return unembed.load(str(translator))


@pytest.fixture(scope="module")
def session(model):
    return Session(model)


def ask(session, name, **rest):
    return answer(session, {"ask": name, "prompt": WRITTEN, "source": SOURCE, **rest}, lambda stage, fraction: None)


def test_an_explanation_is_that_of_the_model_with_its_source(session, model):
    found = ask(session, "explain", test=True, top=3)
    own = unembed.explain(with_source(model, SOURCE), WRITTEN, top=3)
    assert [token["label"] for token in found["sources"]] == [*SOURCE.split(), "</s>"]
    assert found["target"]["logit"] == own.target.logit
    assert [term["value"] for term in found["ledger"]["terms"]] == [term.value for term in own.ledger.terms()]
    other = ask(session, "explain", source=OTHER, test=False)
    assert other["target"]["logit"] != found["target"]["logit"]


def test_a_row_of_cross_attention_opens_to_heads_and_source_positions(session):
    found = ask(session, "terms", layer=1, sublayer="cross_attention")
    row = next(
        t
        for t in ask(session, "explain", test=False)["ledger"]["terms"]
        if (t["kind"], t["layer"]) == ("cross_attention", 1)
    )
    heads = {t["head"]: t["value"] for t in found["terms"] if t["source"] is None}
    assert set(heads) == {0, 1, 2, 3}
    # float64 sums of the same float32 terms, in another order
    assert sum(heads.values()) == pytest.approx(row["value"], abs=1e-9)
    for head, value in heads.items():
        sources = [t["value"] for t in found["terms"] if t["head"] == head and t["source"] is not None]
        assert len(sources) == len(SOURCE.split()) + 1
        assert sum(sources) == pytest.approx(value, abs=1e-9)


def test_a_head_of_cross_attention_is_inspected_and_looks_at_the_source(session, model):
    found = ask(session, "inspect", part=CROSS)
    pattern = unembed.attention(with_source(model, SOURCE), WRITTEN, layer=1, head=2, cross=True).heads[0].pattern
    best = int(pattern.argmax())
    assert found["looks_at"][0] == {
        "position": best,
        "text": [*SOURCE.split(), "</s>"][best],
        "attention": pytest.approx(float(pattern[best])),
        "fragment": None,
    }
    heads = ask(session, "attention", layer=1, cross=True)["heads"]
    assert heads[2]["pattern"] == [pytest.approx(float(a)) for a in pattern]
    # One is summed in float32 by head, the other by source position.
    assert found["value"] == pytest.approx(heads[2]["value"], abs=1e-6)


def test_paths_start_in_what_the_source_of_the_ask_wrote(session, model):
    found = ask(session, "paths")
    own = unembed.expand_paths(with_source(model, SOURCE), WRITTEN)
    assert [path["value"] for path in found["paths"]] == [path.value for path in own.paths]
    assert [source["label"] for source in found["sources"]] == [*SOURCE.split(), "</s>"]
    inside = [path for path in found["paths"] if path["of_source"] and path["kind"] == "embedding"]
    assert inside
    assert all(sum(step["cross"] for step in path["steps"]) == 1 for path in inside)
    assert found["value"] == pytest.approx(ask(session, "explain", test=False)["ledger"]["value"], abs=1e-6)
    assert ask(session, "paths", source=OTHER)["value"] != found["value"]


def test_neurons_of_both_stacks_are_attributed_with_the_source_of_the_ask(session, model):
    found = ask(session, "attribute", target="klein", top=100)
    own = attribute(with_source(model, SOURCE), WRITTEN, "klein")
    assert found["probability"] == pytest.approx(own.probability)
    assert [neuron["value"] for neuron in found["attributions"]] == [score.value for score in own.ranked(100)]
    assert {neuron["encoder"] for neuron in found["attributions"]} == {True, False}
    assert found["source_positions"] == list(range(len(SOURCE.split()) + 1))  # a source without a blank
    assert ask(session, "attribute", target="klein", source=OTHER)["probability"] != found["probability"]


def test_a_swap_takes_what_another_source_gives(session, model):
    """The oracle: all heads of all cross-attentions swapped at the one position are the other source's run there."""
    tests = [{"part": {"kind": "cross_attention", "layer": layer}, "how": "swap"} for layer in range(model.layers)]
    found = ask(session, "test", prompt="", tests=tests, source_b=OTHER)
    before, other = (
        unembed.explain(with_source(model, text), "", found["target_before"]["id"], test=False)
        for text in (SOURCE, OTHER)
    )
    assert found["target_before"]["probability"] == pytest.approx(before.target.probability, abs=1e-6)
    # The decoder has one position, so cross-attention is all that the source can reach it by; float32.
    assert found["target_after"]["probability"] == pytest.approx(other.target.probability, abs=1e-6)
    assert abs(before.target.probability - other.target.probability) > 1e-4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": ""}, "source"),
        ({"source": 3}, "Expected source to be"),
        ({"source": "\ud800"}, "Expected text in UTF-8"),
        ({"source": "word " * 9000}, "source has"),
        ({"source": None}, "give it a source"),
    ],
)
def test_a_bad_source_is_refused(session, given, message):
    with pytest.raises(InputError, match=message):
        ask(session, "explain", **given)


def test_sources_are_for_encoder_decoders_which_need_one(session):
    with pytest.raises(InputError, match="give it a source"):
        answer(session, {"ask": "explain", "prompt": WRITTEN}, lambda stage, fraction: None)
    decoder = Session(unembed.wrap(build_decoder("llama", layers=2), make_tokenizer(), name="tiny"))
    with pytest.raises(InputError, match="decoder only"):
        answer(decoder, {"ask": "explain", "prompt": "the capital", "source": "x"}, lambda stage, fraction: None)
    with pytest.raises(InputError, match="no cross-attention"):
        answer(
            decoder,
            {"ask": "terms", "prompt": "the capital", "layer": 0, "sublayer": "cross_attention"},
            lambda stage, fraction: None,
        )


def test_an_encoder_runs_once_a_source_and_few_are_kept(model, monkeypatch):
    runs = []
    original = sessions.with_source
    monkeypatch.setattr(sessions, "with_source", lambda model, text: runs.append(text) or original(model, text))
    own = Session(model)
    for text in (SOURCE, OTHER, SOURCE, OTHER, "das haus", SOURCE):
        ask(own, "explain", source=text, test=False)
    assert runs == [SOURCE, OTHER, "das haus", SOURCE]


def test_generated_text_can_be_asked_about(session):
    found = ask(session, "generate", tokens=4)
    again = ask(session, "explain", prompt=found["whole"], test=False)
    tokens = [token["id"] for token in (*found["prompt"], *found["generated"])]
    assert [token["id"] for token in again["tokens"]] == tokens


def test_a_report_of_a_translation_holds_what_the_page_looks_for(translator, tmp_path):
    path = tmp_path / "report.html"
    shown = run_json("explain", "-m", translator, SOURCE, "--decoder-ids", "0,8,9", "--html", path, "--json")
    document = Document(path.read_text())
    data = json.loads(next(text for text in document.scripts if text.startswith("{")))
    assert data["state"] == {"a": WRITTEN, "source": SOURCE, "reference": "mean"}
    asked = {"ask": "explain", "prompt": WRITTEN, "source": SOURCE, "test": False, "parts": False, "top": 10}
    assert data["results"][key_of(asked)]["target"]["id"] == shown["target"]["id"]
    rows = [json.loads(key) for key in data["results"] if json.loads(key)["ask"] == "terms"]
    assert any(row["sublayer"] == "cross_attention" for row in rows)
    assert "cross" in document.text


def test_a_report_of_sound(listener, tmp_path):
    path = tmp_path / "report.html"
    wav = sound(tmp_path / "tone.wav", rate=RATE)
    run_json("explain", "-m", listener, "--audio", wav, "--decoder-prompt", WRITTEN, "--html", path, "--json")
    data = json.loads(next(text for text in Document(path.read_text()).scripts if text.startswith("{")))
    assert data["state"] == {"a": WRITTEN, "reference": "mean"}
    assert data["model"]["reads"] == "audio"


def test_open_starts_with_the_source_of_an_encoder_decoder(translator, listener, tmp_path):
    model, sound_model = unembed.load(str(translator)), unembed.load(str(listener))
    assert start(model, SOURCE, None, WRITTEN) == (model, {"a": WRITTEN, "source": SOURCE})
    assert start(model, "", None, None) == (model, {})
    read, state = start(sound_model, "", sound(tmp_path / "tone.wav"), WRITTEN)
    assert state == {"a": WRITTEN}
    assert read.source is not None
    assert (
        answer(Session(read), {"ask": "explain", "prompt": WRITTEN}, lambda *_: None)["sources"][0]["modality"]
        == "audio"
    )
    for refused, words, audio, message in (
        (sound_model, "", None, "audio, found none"),
        (sound_model, SOURCE, None, "reads audio, found text"),
        (model, "", tmp_path / "tone.wav", "reads text, found audio"),
    ):
        with pytest.raises(InputError, match=message):
            start(refused, words, audio, None)
    decoder = unembed.wrap(build_decoder("llama", layers=2), make_tokenizer(), name="tiny")
    assert start(decoder, "the capital", None, None) == (decoder, {"a": "the capital"})
    with pytest.raises(InputError, match="no --decoder-prompt"):
        start(decoder, "the capital", None, WRITTEN)


def test_show_of_a_translation_answers_about_the_same_source(model):
    read = with_source(model, SOURCE)
    shown = unembed.show(unembed.explain(read, WRITTEN))
    assert shown.data["state"]["source"] == SOURCE
    assert shown.data["state"]["a"] == WRITTEN
    assert shown.data["live"]


def test_the_library_wraps_one_in_memory():
    module = build("bart", dtype=torch.float32)
    with pytest.raises(InputError, match="tokenizer"):
        ask(Session(unembed.wrap(module, name="tiny")), "explain")
