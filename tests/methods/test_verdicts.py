"""Verdicts: the rule by itself, and that none without a mark changes with what should not matter."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders.random_models import build
from unembed.methods.controls import population, zeroed_each
from unembed.methods.intervene import Change, intervene
from unembed.methods.verdicts import Effect, judged, limit_of
from unembed.runs.record import record
from unembed.view.html.explanation import explanation_html
from unembed.view.payloads import payload_of, to_json
from unembed.view.terminal.explanation import explain_lines
from unembed.view.terminal.paper import Paper
from unembed.view.terminal.zeroed_parts import marked

TOKENS = [3, 50, 7, 11, 96, 17]
EFFECTS = st.floats(-5, 5)


@given(EFFECTS, st.lists(EFFECTS, min_size=19, max_size=300), st.sampled_from([-1.0, 1.0]))
def test_a_verdict_needs_three_tenths_of_a_nat_or_a_tenth_and_a_place_in_the_first_twentieth(nats, others, needed):
    found = judged(nats, others, 0.0, needed=needed)
    larger = sum(abs(other) > abs(nats) for other in others)
    assert (found.rank, found.among) == (larger + 1, len(others) + 1)
    first = (larger + 1) <= (len(others) + 1) / 20
    if abs(nats) < 0.1 or (abs(nats) < 0.3 and not first):
        assert found.verdict == "ordinary"
    else:
        assert found.verdict == ("causal" if nats * needed > 0 else "suppressor")
    limits = {"none": (0, 0.1), "small": (0.1, 0.3), "moderate": (0.3, 1.0), "large": (1.0, math.inf)}
    low, high = limits[found.size]
    assert low <= abs(nats) < high


def test_only_a_small_effect_is_ordinary():
    """Of 60 sublayers the fourth takes 3.4 nats, the tenth half a nat, the twentieth a fifth."""
    effects = [-16.4, -9.9, -3.5, -3.4, *[0.5] * 10, *[0.2] * 10, *[0.05] * 36]

    def judge(place: int) -> Effect:
        return judged(effects[place], effects[:place] + effects[place + 1 :], 0.0)

    found = {place: (judge(place).size, judge(place).verdict, judge(place).rank) for place in (3, 10, 20, 30)}
    assert found == {
        3: ("large", "causal", 4),
        10: ("moderate", "suppressor", 5),
        20: ("small", "ordinary", 15),
        30: ("none", "ordinary", 25),
    }


@given(EFFECTS, st.lists(EFFECTS, max_size=18))
def test_fewer_than_twenty_parts_have_no_first_twentieth(nats, others):
    found = judged(nats, others, 0.0)
    assert found.verdict is None
    assert found.lowers == (nats <= -0.1)
    assert limit_of(others) is None


@given(EFFECTS, st.lists(EFFECTS, max_size=100), st.floats(0, 1), st.floats(-1, 1))
def test_what_is_not_borderline_stays_as_it_is_within_the_noise(nats, others, noise, share):
    found = judged(nats, others, noise)
    moved = judged(nats + share * noise, others, noise)
    if not found.borderline:
        assert moved.verdict == found.verdict
        if found.verdict != "ordinary" and (found.verdict or found.size != "none"):
            assert moved.size == found.size


def test_of_exchangeable_parts_one_in_twenty_is_exceptional():
    """Each of 270 parts of small effects against the 269 others: 13 are in the first twentieth, whatever these are."""
    drawn = torch.rand(270, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    effects = (0.15 + drawn / 10).tolist()
    found = [judged(e, effects[:i] + effects[i + 1 :], 0.0) for i, e in enumerate(effects)]
    assert sum(effect.verdict != "ordinary" for effect in found) == 13
    assert sorted(effect.rank for effect in found) == list(range(1, 271))


# What should not matter


def said(effect: Effect) -> tuple:
    """The words of an effect; the size only where it is said."""
    return effect.verdict, None if effect.verdict == "ordinary" else effect.size


def words(result) -> dict:
    return {note.term.part: note.zeroed.asked for note in (*result.heads, *result.neurons)}


@pytest.fixture(scope="module", params=["llama", "gpt2", "gemma2"])
def wide(request):
    """24 heads and 400 neurons: enough for verdicts."""
    return unembed.wrap(build(request.param, layers=6, d_mlp=400), name="wide")


def test_the_count_that_is_shown_changes_no_verdict(wide):
    few, many = (words(unembed.explain(wide, TOKENS, top=top)) for top in (2, 40))
    assert few.keys() < many.keys()
    for part, effect in few.items():
        assert many[part].nats == pytest.approx(effect.nats, abs=1e-6)
        if not effect.borderline:
            assert said(many[part]) == said(effect)


def test_the_inspector_says_what_the_list_says(wide):
    for versus in (None, 12):
        run = record(wide, TOKENS)
        for part, effect in words(unembed.explain(run, 40, versus=versus)).items():
            found = intervene(run, 40, [Change(part, "zero")], versus=versus)
            assert (
                found.compared.effect == effect if effect.among == 24 else said(found.compared.effect) == said(effect)
            )
            assert found.nats == pytest.approx(effect.nats, abs=1e-6)


@pytest.mark.parametrize(
    ("dtype", "families"),
    [
        (torch.bfloat16, ("llama", "gpt2")),
        (torch.float16, ("gemma2",)),
        pytest.param(torch.bfloat16, ("gemma2",), marks=pytest.mark.slow),
        pytest.param(torch.float16, ("llama", "gpt2"), marks=pytest.mark.slow),
    ],
)
def test_less_precision_changes_no_verdict_without_a_mark(dtype, families):
    """Every head and sampled neuron of models in three precisions; most are marked in the lowest, but not all."""
    compared = 0
    for family in families:
        full = unembed.wrap(build(family, layers=6, d_mlp=400).float(), name="full")
        half = unembed.wrap(build(family, layers=6, d_mlp=400).to(dtype), name="half")
        runs = record(full, TOKENS), record(half, TOKENS)
        token = int(runs[0].logits[-1].argmax())
        exact, rough = (population(run, token) for run in runs)
        for sites in (exact.heads, exact.neurons):
            found = zip(zeroed_each(runs[0], exact, list(sites)), zeroed_each(runs[1], rough, list(sites)), strict=True)
            for one, other in found:
                assert abs(one.effect.nats - other.effect.nats) <= other.noise + one.noise
                if not other.effect.borderline and not one.effect.borderline:
                    compared += 1
                    assert said(one.effect) == said(other.effect)
    assert compared > 35 * len(families)


def test_threads_change_no_verdict_without_a_mark(wide):
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(words(unembed.explain(wide, TOKENS, top=20)))
    finally:
        torch.set_num_threads(before)
    one, two = found
    for part in one.keys() & two.keys():
        assert abs(one[part].nats - two[part].nats) <= 1e-5
        if not one[part].borderline:
            assert said(one[part]) == said(two[part])


def test_terminal_report_and_json_say_the_same(wide):
    payload = payload_of(unembed.explain(wide, TOKENS))
    data, lines = to_json(payload), [line.plain for line in explain_lines(payload, Paper())]
    static = explanation_html(data)
    assert data["answer"]["text"] in " ".join(line.strip() for line in lines)
    for part, listed in zip((*payload.heads, *payload.neurons), (*data["heads"], *data["neurons"]), strict=True):
        effect = part.zeroed.effect
        name = f"L{part.layer}." + (f"H{listed['head']}" if "head" in listed else f"N{listed['neuron']}")
        (line,) = [line for line in lines if line.replace("▸", " ").split()[:1] == [name]]
        assert marked(effect) in line
        assert f" {effect.rank}/{effect.among}" in line
        assert f'<th scope="row">{name}</th>' in static
        assert listed["zeroed"]["effect"]["verdict"] == effect.verdict
