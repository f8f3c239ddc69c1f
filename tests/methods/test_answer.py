"""The one-line answer: on models whose causal head is known, beside sinks, and where no head does it."""

import html
from dataclasses import replace

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.answer import MASSIVE, answer_of, reading
from unembed.methods.controls import population
from unembed.models.parts import Part
from unembed.models.sites import Site
from unembed.runs.record import record
from unembed.view.html.explanation import explanation_html
from unembed.view.payloads import payload_of, to_json
from unembed.view.terminal.explanation import explain_lines
from unembed.view.terminal.paper import Paper

PROMPT = "the capital of France is"
INDUCTION = " fear night world sweet blood father fear night world sweet"


@pytest.fixture(scope="module")
def induction():
    return unembed.explain(unembed.load("toy/two-layer", device="cpu"), INDUCTION)


def views(result, width: int = 100) -> tuple[list[str], str, str]:
    """The lines of the terminal, the report's static part, and the answer as data."""
    payload = payload_of(result)
    lines = [line.plain for line in explain_lines(payload, Paper(width=width))]
    return lines, explanation_html(to_json(payload)), payload.answer.text


def test_the_induction_head_answers_and_not_the_head_before_it(induction):
    """Zeroing L0.H0, which reads its own token, does a little more; L1.H0 reads what comes next."""
    answer = induction.answer
    effects = {note.term.label: note.zeroed.effect for note in induction.heads}
    assert [effects[name].rank for name in ("L0.H0", "L1.H0")] == [1, 2]
    assert (answer.kind, answer.part.label) == ("head", "L1.H0")
    assert (answer.reads.position, answer.reads.sink) == (4, False)
    assert answer.zeroed.probability < 0.02


@pytest.mark.parametrize("width", [60, 80, 100])
def test_every_view_says_it_and_the_strip_shows_the_token(induction, width):
    lines, static, text = views(induction, width)
    assert text == 'Without head L1.H0, which reads "blood", "blood" falls from 68.4% to 1.5%.'
    assert html.escape(text) in static
    assert text in " ".join(line.strip() for line in lines)
    strip = next(i for i, line in enumerate(lines) if line.startswith(" 0 ·fear │"))
    column = lines[strip].index("4 ·blood")
    assert lines[strip + 1][column:].startswith("<1% "), "what is left without the word"
    assert lines[strip + 2][column : column + 8] == "▀" * 8
    assert "L1.H0 reads here" in lines[strip + 2]
    assert lines[strip].count("tokens …") >= (width == 60)


def test_a_head_that_reads_the_first_word_of_a_fact_rests_on_no_sink():
    result = unembed.explain(unembed.load("toy/facts", device="cpu"), "Bambo lives in")
    assert result.answer.part.label == "L3.H0"
    assert (result.answer.reads.position, result.answer.reads.sink) == (0, False)


@pytest.fixture
def model():
    """100 heads, of which five are the first twentieth."""
    return unembed.wrap(build("llama", layers=25), make_tokenizer(), name="tiny")


def head(layer: int, number: int, last: int = 4) -> Site:
    return Site(kind="z", layer=layer, head=number, positions=(last,))


def patterned(run, rows: dict[tuple[int, int], list[float]]):
    """The run with other patterns at its last position: as if these heads had looked there."""
    layers = list(run.layers)
    for (layer, number), row in rows.items():
        pattern = layers[layer].heads.pattern.clone()
        pattern[number, -1] = torch.tensor(row)
        layers[layer] = replace(layers[layer], heads=replace(layers[layer].heads, pattern=pattern))
    return replace(run, layers=tuple(layers))


def among(run, effects: dict[Site, float], neurons=None, sublayers=None):
    """A population whose effects are these, and too small for a word elsewhere."""
    found = population(run, 7)
    heads = {site: found.base + effects.get(site, 0.001) for site in found.heads}
    others = {site: found.base + (neurons or {}).get(site, 0.001) for site in found.neurons}
    rest = {site: found.base + (sublayers or {}).get(site, 0.001) for site in found.sublayers}
    return replace(found, heads=heads, neurons=others, leaders=({},), sublayers=rest)


def test_of_causal_heads_the_first_that_reads_another_token_answers(model):
    run = record(model, PROMPT)
    looks = {(1, 0): [0, 0, 0, 0, 1.0], (2, 1): [0, 0, 0, 1.0, 0], (3, 2): [0, 1.0, 0, 0, 0]}
    run = patterned(run, looks)
    ledger = unembed.decompose(unembed.readout(run, 7))

    def named(**effects: float) -> str:
        sites = {head(1, 0): effects["own"], head(2, 1): effects["france"], head(3, 2): effects["capital"]}
        return answer_of(run, ledger, among(run, sites)).part.label

    assert named(own=-3.0, france=-2.2, capital=-2.1) == "L2.H1", "reads France, at three quarters of the effect"
    assert named(own=-3.0, france=-1.9, capital=-1.2) == "L1.H0", "others have less than two thirds"
    assert named(own=-3.0, france=2.9, capital=-2.1) == "L3.H2", "a suppressor is no reason"


def test_a_sink_is_named_and_passed_over(model):
    """The first token's stream is made massive: what rests on it tells nothing while another head reads a word."""
    run = record(model, PROMPT)
    calls = list(run.calls)
    for layer in range(2, 25):
        stream = run.before(layer).clone()
        stream[0] *= 2 * MASSIVE * stream.norm(dim=-1).median() / stream[0].norm()
        calls[layer] = replace(calls[layer], stream=replace(calls[layer].stream, everywhere=stream))
    run = patterned(replace(run, calls=tuple(calls)), {(2, 0): [1.0, 0, 0, 0, 0], (3, 1): [0, 0, 0, 1.0, 0]})
    ledger = unembed.decompose(unembed.readout(run, 7))
    assert reading(run, head(2, 0)).sink
    assert not reading(run, head(3, 1)).sink
    assert answer_of(run, ledger, among(run, {head(2, 0): -2.0, head(3, 1): -1.5})).part.label == "L3.H1"
    alone = answer_of(run, ledger, among(run, {head(2, 0): -2.0, head(3, 1): -0.5}))
    assert (alone.part.label, alone.reads.sink) == ("L2.H0", True)


def test_what_a_head_reads_is_weighted_by_the_length_of_the_value(model):
    """Half of the attention on a token without a value carries nothing from it."""
    run = record(model, PROMPT)
    value = run.layers[0].heads.value.clone()
    value[:, 0] *= 1e-3
    layers = (replace(run.layers[0], heads=replace(run.layers[0].heads, value=value)), *run.layers[1:])
    run = patterned(replace(run, layers=layers), {(0, 0): [0.6, 0, 0, 0.4, 0]})
    found = reading(run, head(0, 0))
    assert found.position == 3
    assert found.share > 0.98


def test_without_a_causal_head_a_neuron_answers_then_a_sublayer_then_the_credit(model):
    run = record(model, PROMPT)
    ledger = unembed.decompose(unembed.readout(run, 7))
    neuron = next(iter(population(run, 7).neurons))
    found = answer_of(run, ledger, among(run, {head(1, 1): 3.0}, {neuron: -0.8}))
    assert (found.kind, found.part.layer, found.part.neuron) == ("neuron", neuron.layer, neuron.neuron)
    credit = {term.part: term.value for term in ledger.terms() if term.layer is not None}
    order = sorted(population(run, 7).sublayers, key=lambda site: credit[Part.set_at(site)])
    least, between, most = order[0], order[-2], order[-1]
    assert credit[Part.set_at(least)] < 0 < credit[Part.set_at(between)]
    found = answer_of(
        run, ledger, among(run, {head(1, 1): 3.0}, {neuron: 0.8}, {least: -9.0, between: -2.0, most: 4.0})
    )
    assert (found.kind, found.part, found.reads) == ("sublayer", Part.set_at(between), None)
    found = answer_of(run, ledger, among(run, {head(1, 1): 3.0}, {neuron: 0.8}, {least: -9.0}))
    assert (found.kind, found.zeroed) == ("credit", None), "it is needed, and writes nothing toward the target"
    found = answer_of(run, ledger, among(run, {head(1, 1): -0.09}, {neuron: 0.8}))
    assert (found.kind, found.zeroed, found.tested) == ("credit", None, True)
    assert found.term.value == max(term.value for term in ledger.terms())


def test_a_rival_within_the_noise_makes_the_answer_borderline(model):
    run = record(model, PROMPT)
    ledger = unembed.decompose(unembed.readout(run, 7))
    one, two = head(1, 1), head(2, 2)
    noise = float(population(run, 7).noise[0])
    assert answer_of(run, ledger, among(run, {one: -2.0, two: -2.0 + noise})).borderline
    assert not answer_of(run, ledger, among(run, {one: -2.0, two: -2.0 + 10 * noise})).borderline


def test_credit_is_told_with_its_share(model):
    """`most` only of what is over half and no more than all; a share only of a whole that is larger."""
    seen = set()
    for target in range(3, 20):
        result = unembed.explain(model, PROMPT, target, test=False)
        best, whole = max(t.value for t in result.ledger.terms()), result.ledger.value
        _, static, text = views(result)
        assert html.escape(text) in static
        assert text.endswith("Nothing was zeroed.")
        assert ("adds most of" in text) == (whole / 2 < best <= whole)
        assert (" part of its logit" in text) == (best <= whole / 2)
        if best > whole:
            total = f"({best:+.2f}; with all other parts it is {whole:+.2f})".replace("-", "−")
            assert f"adds most to its logit {total}" in text
        seen.add((best > whole, best > whole / 2))
    assert len(seen) == 3


def test_where_every_part_takes_something_none_is_said_to_add():
    toy = unembed.wrap(build("llama", layers=0, dtype=torch.float32))
    texts = [views(unembed.explain(toy, [5, 9, 33], target, test=False))[2] for target in range(3, 40)]
    assert any("embedding takes least from its logit (−" in text for text in texts)
    assert not any("of −" in text for text in texts)


def test_probabilities_that_no_decimals_tell_apart_are_told_by_their_log_odds():
    """From 100 to 100 %, and from 0 to 0, says nothing: the logits of this model are those of others 400 times."""
    module = build("llama", heads=8, d_model=64, dtype=torch.float32)
    with torch.no_grad():
        module.lm_head.weight.mul_(400)
    for target, probability in ((None, ">99.9%"), (5, "<0.01%")):
        result = unembed.explain(unembed.wrap(module), [16, 23, 30, 37, 44, 51, 58], target)
        nats = f"{-result.answer.zeroed.asked.nats:.2f} nats of log-odds"
        assert views(result)[2].endswith(f"falls by {nats}, from {probability}.")


def test_the_lead_over_another_token_is_what_falls(model):
    found = [unembed.explain(model, PROMPT, 7, versus=other) for other in (8, 12)]
    found = [result for result in found if result.answer.kind == "head"]
    assert found
    for result in found:
        before, after = result.readout.value, result.readout.value + result.answer.zeroed.asked.nats
        assert after < before - 0.1
        assert f"falls from {before:+.2f} to {after:+.2f} logits".replace("-", "−") in views(result)[2]
