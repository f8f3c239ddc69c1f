"""What the page is answered about parts inside an encoder: the same numbers as the library's."""

import pytest
import torch

import unembed
from builders.source_folders import SOURCE
from unembed import edits
from unembed.explorer.asks import answer
from unembed.explorer.session import Session
from unembed.ledger.encoder_parts import credit_in_encoder
from unembed.methods.texts import PARAGRAPHS
from unembed.models.parts import Part
from unembed.models.read_source import with_source
from unembed.progress import silent
from unembed.runs.means import means

ASKED = {"prompt": "das haus", "source": SOURCE, "target": "klein"}
PARTS = {
    "head": Part("head", 1, head=1, encoder=True),
    "mlp": Part("mlp", 0, encoder=True),
    "attention": Part("attention", 1, encoder=True),
    "neuron": Part("neuron", 1, neuron=7, encoder=True),
}


@pytest.fixture(scope="module")
def model(translator) -> unembed.Model:
    return unembed.load(str(translator))


def asked(part: Part) -> dict[str, object]:
    return {name: value for name, value in vars(part).items() if value is not None}


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_inside_the_encoder_is_inspected(model: unembed.Model, kind: str) -> None:
    part = PARTS[kind]
    run = unembed.record(with_source(model, SOURCE), "das haus")
    found = answer(Session(model), {"ask": "inspect", **ASKED, "part": asked(part)}, silent)
    assert found["part"]["encoder"] is True
    assert found["value"] == pytest.approx(credit_in_encoder(unembed.readout(run, "klein"), part), rel=1e-5)
    if kind == "head":
        mean = run.encoder.layers[1].heads.pattern[1].mean(0)
        first = found["looks_at"][0]
        assert first["attention"] == pytest.approx(float(mean.max()), rel=1e-5)
        assert first["text"] == [*SOURCE.split(), "</s>"][int(mean.argmax())]
    reads = answer(Session(model), {"ask": "reads", **ASKED, "part": asked(part)}, silent)
    assert (reads["part"]["encoder"], reads["reads"]) == (True, [])


@pytest.mark.crossed(1)
@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("how", ["zero", "double", "swap"])
def test_a_part_inside_the_encoder_is_set_at_every_position_of_the_source(
    model: unembed.Model, kind: str, how: str
) -> None:
    part, other = PARTS[kind], "the haus is klein"
    run, beside = (unembed.record(with_source(model, text), "das haus") for text in (SOURCE, other))
    changed = {
        "zero": edits.zero(part),
        "double": edits.scale(part, 2.0),
        "swap": edits.swap(part, beside, run=run),
    }[how]
    want = unembed.counterfactual(run, changed, "klein")
    tests = [{"part": asked(part), "how": how}]
    found = answer(Session(model), {"ask": "test", **ASKED, "tests": tests, "source_b": other}, silent)
    assert found["target_after"]["probability"] == pytest.approx(want, rel=1e-4)
    assert found["target_before"]["probability"] == pytest.approx(run.prediction("klein").probability, rel=1e-5)
    assert found["effect"] is None
    assert found["tests"][0]["part"]["encoder"] is True


def test_the_mean_of_a_part_inside_the_encoder_is_that_over_sources(model: unembed.Model) -> None:
    part = PARTS["head"]
    run = unembed.record(with_source(model, SOURCE), "das haus")
    found = answer(Session(model), {"ask": "test", **ASKED, "tests": [{"part": asked(part), "how": "mean"}]}, silent)
    (mean,) = means(model, PARAGRAPHS, [part.site()])
    want = unembed.counterfactual(run, edits.set_to(part, torch.as_tensor(mean)), "klein")
    assert found["target_after"]["probability"] == pytest.approx(want, rel=1e-4)


def test_the_attention_of_the_encoder_is_told_within_the_source(model: unembed.Model) -> None:
    ask = {"ask": "attention", **ASKED, "layer": 0, "head": 2, "encoder": True}
    found = answer(Session(model), ask, silent)
    want = unembed.attention(with_source(model, SOURCE), "das haus", "klein", layer=0, head=2, encoder=True)
    (head,) = found["heads"]
    assert (head["encoder"], head["cross"]) == (True, False)
    assert head["contribution"] == pytest.approx(want.heads[0].contribution.tolist(), rel=1e-4, abs=1e-7)
    assert [len(row) for row in found["matrix"]] == [len(SOURCE.split()) + 1] * (len(SOURCE.split()) + 1)
