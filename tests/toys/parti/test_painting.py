"""`paint`: pictures with the words that made them; injection by values; the command."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

import unembed
from builders.commands import refusal, run_json
from builders.parti import FOLDER, SAMPLE, values_from
from builders.parti import recoloured as other_colour
from builders.random_encoder_decoders import build
from unembed import Site
from unembed.engine import edits
from unembed.errors import InputError
from unembed.ledger.input_credit import credit_by_position, input_credit
from unembed.toys.parti.captions import read_caption
from unembed.toys.parti.evaluation import paint
from unembed.toys.parti.injection import PHRASE, inject, paint_with_values, recoloured
from unembed.toys.parti.painting import painting
from unembed.toys.parti.pictures import draw, object_positions
from unembed.toys.parti.vocabulary import IDS, START

TEXT = "a red circle left of a blue square"


@pytest.fixture(scope="module")
def model():
    return unembed.load(str(FOLDER))


def test_a_painting_is_the_models_own_and_its_credit_that_of_each_cell(model):
    found = painting(model, TEXT)
    assert found.tokens == paint(model.module, model.tokenizer, [TEXT])[0] == draw(read_caption(TEXT))
    assert found.words == (*TEXT.split(), "</s>")
    given = unembed.with_source(model, TEXT)
    for place in (0, 17, 63):
        prefix = [IDS[START], *(IDS[token] for token in found.tokens[:place])]
        read = unembed.readout(unembed.record(given, prefix), IDS[found.tokens[place]])
        alone = credit_by_position(input_credit(read)).numpy()
        assert np.abs(found.credit[place] - alone).max() < 1e-4  # float32, sums of some thousand products
        assert abs(found.readouts[place].value - read.value) < 1e-4


@pytest.mark.parametrize("chosen", [range(4), pytest.param(range(4, 12), marks=pytest.mark.slow)], ids=str)
def test_each_object_is_credited_to_its_own_phrase(model, chosen):
    for caption in SAMPLE[chosen.start : chosen.stop]:
        found = painting(model, caption.text)
        words = len(found.words)
        for where, phrase in zip(object_positions(caption), (range(3), range(words - 4, words - 1)), strict=True):
            by_word = found.credit[list(where)].mean(0)
            assert int(by_word.argmax()) in phrase


def test_values_of_another_caption_are_those_of_plain_hooks(model):
    others = [other_colour(caption, number).text for number, caption in enumerate(SAMPLE[:8])]
    texts = [caption.text for caption in SAMPLE[:8]]
    with values_from(model.module, model.tokenizer, others):
        expected = paint(model.module, model.tokenizer, texts)
    assert paint_with_values(model, texts, others, PHRASE) == expected
    assert paint_with_values(model, texts, others, []) == paint(model.module, model.tokenizer, texts)


def test_the_engine_swaps_the_same_values(model):
    """The first cell's logits with values swapped in every layer, by the engine and by hooks."""
    caption, other = SAMPLE[0], other_colour(SAMPLE[0], 1)
    mine, theirs = (unembed.record(unembed.with_source(model, c.text), [IDS[START]]) for c in (caption, other))
    sites = [Site(kind="cross_value", layer=layer, positions=PHRASE) for layer in range(2)]
    swaps = [edits.swap(site, theirs, run=mine) for site in sites]
    found = unembed.counterfactuals(mine, [swaps], lambda logits: logits[:, 0])[0]
    source = torch.tensor([[IDS[word] for word in (*caption.text.split(), "</s>")]])
    with values_from(model.module, model.tokenizer, [other.text]), torch.no_grad():
        expected = model.module(input_ids=source, decoder_input_ids=torch.tensor([[IDS[START]]])).logits[0, -1]
    assert float((found - expected).abs().max()) < 1e-4
    assert float((found - mine.logits[-1]).abs().max()) > 1e-2


def test_injection_recolours_the_first_object_alone(model):
    pairs = [(caption, recoloured(caption)[0]) for caption in SAMPLE]
    found = inject(model, pairs)
    assert sum(case.recoloured for case in found) >= 0.85 * len(found)
    assert sum(case.shape_kept for case in found) >= 0.95 * len(found)
    assert sum(case.second_changed for case in found) <= 0.05 * len(found)
    assert inject(model, pairs, layers=[0, 1]) == found
    second = inject(model, pairs, layers=[1])
    assert sum(case.recoloured for case in second) < 0.1 * len(pairs), "the first layer takes the colour in"
    article = inject(model, pairs, positions=[0])
    assert sum(case.recoloured for case in article) <= 0.05 * len(found)


def test_the_command(tmp_path):
    picture = tmp_path / "picture.png"
    found = run_json("paint", TEXT, "-m", FOLDER, "--cell", "2,1", "--png", picture, "--json")
    schema = Path(unembed.__file__).parent / "view" / "schemas" / "paint-1.json"
    jsonschema.validate(found, json.loads(schema.read_text()))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (found["right"], len(found["cells"])) == (64, 64)
    assert found["cells"][17]["token"]["text"] == "<red-full>"
    assert found["words"][found["cells"][17]["word"]] == "red"
    cell = found["cell"]
    assert sum(term["value"] for term in cell["terms"]) == pytest.approx(cell["value"], abs=1e-4)
    by_source = sum(term["value"] for term in cell["inputs"] if term["source"] == 1)
    assert by_source == pytest.approx(found["cells"][17]["credit"][1], abs=1e-6)


def test_what_cannot_be_painted(tmp_path):
    assert "Expected a caption such as" in refusal("paint", "two dogs", "-m", FOLDER)
    for cell in ("8,0", "1", "a,b", "-1,2"):
        assert "ROW,COLUMN from 0,0 to 7,7" in refusal("paint", TEXT, "-m", FOLDER, "--cell", cell)
    assert "Cannot write" in refusal("paint", TEXT, "-m", FOLDER, "--png", tmp_path)
    with pytest.raises(InputError, match="paints no pictures"):
        painting(unembed.wrap(build("t5")), TEXT)
