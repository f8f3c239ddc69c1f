"""The causal columns of `explain`: each probability against a full run with that part set by a hook, and the bands."""

import re

import numpy as np
import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.full_runs import part_set, read
from unembed.errors import InputError
from unembed.methods import controls as module
from unembed.methods.controls import HEADS, NEURONS, causal_check
from unembed.methods.explain import replaced
from unembed.models.sites import Site
from unembed.runs.record import record

FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "mixtral", "gpt_oss")
TOKENS = [3, 50, 7, 11, 96, 17]
CLOSE = 1e-7
"""Most families take the softmax of attention in float32, also in a float64 model."""


@pytest.fixture(scope="module")
def models():
    return {family: unembed.wrap(build(family), make_tokenizer(), name=family) for family in FAMILIES}


@pytest.fixture(scope="module")
def explained(models):
    return {family: unembed.explain(model, TOKENS) for family, model in models.items()}


def place(x) -> tuple:
    """The part of a term or site, its layer, and its index in the layer."""
    if x.head is not None:
        return "head", x.layer, x.head
    return "neuron", x.layer, x.neuron if x.expert is None else (x.expert, x.neuron)


def zeroed(model, x, token: int, ids=TOKENS) -> float:
    """The probability of a full run with the part zeroed at the last position."""
    part, layer, index = place(x)
    if isinstance(index, tuple):  # a neuron of an expert: by hand only at every position, so give the others a twin
        return zeroed_in_expert(model, layer, index, token, ids)
    with part_set(model, part, layer, index, [len(ids) - 1]):
        return read(model, ids, token)[1]


def zeroed_in_expert(model, layer: int, index: tuple[int, int], token: int, ids) -> float:
    """The output of the experts is that of silenced experts at the last position, and as it was before it."""
    experts, outs = model.blocks[layer].experts, {}
    for name in ("plain", "silent"):
        hook = experts.register_forward_hook(lambda _, args, out, name=name: outs.update({name: out}))
        with part_set(model, "mlp" if name == "plain" else "neuron", layer, index, []):
            read(model, ids, token)
        hook.remove()
    mixed = outs["plain"].clone()
    mixed.view(-1, mixed.shape[-1])[-1] = outs["silent"].reshape(-1, mixed.shape[-1])[-1]
    hook = experts.register_forward_hook(lambda *_: mixed)
    found = read(model, ids, token)[1]
    hook.remove()
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_every_zeroed_probability_is_a_full_run(models, explained, family):
    model, result = models[family], explained[family]
    token, check = result.target.token, result.check
    for note in (*result.heads, *result.neurons):
        assert note.outcome.zeroed == pytest.approx(zeroed(model, note.term, token), abs=CLOSE)
        assert note.outcome.swapped is None
    for control in (check.control_heads, check.control_neurons):
        for site, found in zip(control.sites, control.zeroed, strict=True):
            assert site.positions == (5,)
            assert found == pytest.approx(zeroed(model, site, token), abs=CLOSE)
        assert max(abs(p - result.target.probability) for p in control.zeroed) > 100 * CLOSE


@pytest.mark.parametrize("family", FAMILIES)
def test_controls_are_other_parts_and_neurons_are_strongly_active(models, explained, family):
    model, result = models[family], explained[family]
    heads, neurons = result.check.control_heads.sites, result.check.control_neurons.sites
    assert len({place(s) for s in heads}) == len(heads) == model.heads * model.layers - 5
    assert not {place(s) for s in heads} & {place(n.term) for n in result.heads}
    assert len({place(s) for s in neurons}) == len(neurons) == NEURONS
    assert not {place(s) for s in neurons} & {place(n.term) for n in result.neurons}
    ranked = [n.term.layer for n in result.neurons]
    for layer in {s.layer for s in neurons}:
        drawn = [s for s in neurons if s.layer == layer]
        assert abs(len(drawn) - NEURONS * ranked.count(layer) / len(ranked)) < 1
        order = by_size(model, result, layer)
        mine = [n for n in result.neurons if n.term.layer == layer]
        assert {place(s)[2] for s in drawn} <= set(order[: len(drawn) + len(mine)])


def by_size(model, result, layer: int) -> list:
    """The neurons of a layer by the length of what they write (before a post-norm), largest first."""
    block, neurons = model.blocks[layer], result.run.layers[layer].neurons
    sizes = {}
    if block.experts is None:
        rows = block.down_projection.weight.detach()
        rows = rows if type(block.down_projection).__name__ == "Conv1D" else rows.T
        sizes = {n: float((neurons[0, n] * rows[n]).norm().detach()) for n in range(len(rows))}
    else:
        for expert, weight in zip(neurons.index[0].tolist(), neurons.weight[0].tolist(), strict=True):
            activation = unembed.ledger.decompose.expert_activation(block.experts, expert, neurons.hidden[0])
            rows = block.experts.down_proj[expert].detach()
            rows = rows if block.experts.is_transposed else rows.T
            sizes |= {(expert, n): float((weight * activation[n] * rows[n]).norm().detach()) for n in range(len(rows))}
    return sorted(sizes, key=lambda index: -sizes[index])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_verdict_is_a_comparison_with_the_band(models, explained, family):
    result, p = explained[family], explained[family].target.probability
    for notes, control in (
        (result.heads, result.check.control_heads),
        (result.neurons, result.check.control_neurons),
    ):
        low, high = np.percentile(control.zeroed, [5, 95])
        assert (control.low, control.high) == pytest.approx((low, high), abs=1e-12)
        for note in notes:
            q = note.outcome.zeroed
            expected = "causal" if q < min(low, p) else "suppressor" if q > max(high, p) else "within control"
            assert note.outcome.verdict == expected


def test_all_three_verdicts_occur(explained):
    notes = [note for result in explained.values() for note in (*result.heads, *result.neurons)]
    assert {note.outcome.verdict for note in notes} == {"causal", "suppressor", "within control"}


def test_a_part_that_does_nothing_is_no_suppressor(models):
    """All controls lower the probability; a part that leaves it as it is does not rise beyond them."""
    target = unembed.explain(models["llama"], TOKENS, test=False).target
    control = module.Control(sites=(), zeroed=(0.5 * target.probability, 0.6 * target.probability))
    precision = models["llama"].precision
    assert module.verdict_of(target.probability, target, control, precision) == "within control"
    assert module.verdict_of(target.probability * 1.01, target, control, precision) == "suppressor"
    assert module.verdict_of(target.probability * 0.4, target, control, precision) == "causal"


def test_the_draw_is_repeatable_and_depends_on_its_seed(models):
    model = unembed.wrap(build("gpt2", heads=16, d_model=64, layers=4), name="wide")
    run = record(model, TOKENS, positions=[5])
    target = run.prediction(40, position=5)
    parts = {
        "heads": [Site(kind="z", layer=1, head=2, positions=(5,))],
        "neurons": [Site(kind="neuron", layer=0, neuron=7, positions=(5,))],
    }
    one, same = (causal_check(run, target, **parts) for _ in range(2))
    other = causal_check(run, target, seed=1, **parts)
    assert one == same
    assert one.control_heads.sites != other.control_heads.sites
    assert len(one.control_heads.sites) == HEADS
    assert len(one.control_neurons.sites) == NEURONS


def test_one_sweep_from_one_recorded_run(models, monkeypatch):
    """What it costs: the model runs once, and versions of that run are swept once."""
    calls = []
    counterfactuals = module.counterfactuals
    monkeypatch.setattr(module, "counterfactuals", lambda *a, **k: calls.append(len(a[1])) or counterfactuals(*a, **k))
    runs = []
    hook = models["llama"].module.register_forward_pre_hook(lambda *_: runs.append(1))
    unembed.explain(models["llama"], TOKENS)
    hook.remove()
    assert calls == [5 + 5 + 7 + 20]
    assert len(runs) == 1


def test_a_model_too_small_for_controls_gives_no_verdict():
    model = unembed.wrap(build("llama", layers=1, heads=1, kv_heads=1, d_mlp=1), name="smallest")
    result = unembed.explain(model, TOKENS)
    (head,), (neuron,) = result.heads, result.neurons
    assert (result.check.control_heads, result.check.control_neurons) == (None, None)
    for note in (head, neuron):
        assert note.outcome.verdict is None
        assert note.outcome.zeroed == pytest.approx(zeroed(model, note.term, result.target.token), abs=CLOSE)


def test_without_tests_nothing_is_zeroed(models, explained):
    result = unembed.explain(models["llama"], TOKENS, test=False)
    assert result.check is result.swap is None
    assert all(note.outcome is None for note in (*result.heads, *result.neurons))
    assert result.ledger.terms() == explained["llama"].ledger.terms()


def test_versus_is_tested_by_the_targets_probability(models):
    model = models["llama"]
    result = unembed.explain(model, TOKENS, 40, versus=12)
    assert result.target.token == 40
    for note in result.heads:
        assert note.outcome.zeroed == pytest.approx(zeroed(model, note.term, 40), abs=CLOSE)


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "gpt_oss"])
def test_an_earlier_position_is_the_end_of_a_shorter_prompt(models, family):
    early = unembed.explain(models[family], TOKENS, 40, position=3)
    short = unembed.explain(models[family], TOKENS[:4], 40)
    assert [n.term.label for n in early.heads] == [n.term.label for n in short.heads]
    for one, other in zip((*early.heads, *early.neurons), (*short.heads, *short.neurons), strict=True):
        assert one.outcome.zeroed == pytest.approx(other.outcome.zeroed, abs=CLOSE)
    assert early.check.control_heads.sites == short.check.control_heads.sites


# Swapping

PROMPT, OTHER = "the capital of France is", "the capital of Rome is"


def values(model, ids, part: str, layer: int) -> torch.Tensor:
    """What a part holds at the last position of a full run, by a hook."""
    block, seen = model.blocks[layer], []
    if part in ("head", "neuron"):
        owner = block.output_projection if part == "head" else block.down_projection
        hook = owner.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    else:
        owner = block.attention_write if part == "attention" else block.mlp_write
        hook = owner.register_forward_hook(lambda _, args, out: seen.append(out[0] if isinstance(out, tuple) else out))
    read(model, ids, 0)
    hook.remove()
    return seen[0].reshape(-1, seen[0].shape[-1])[-1]


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "phi", "gpt_neo"])
def test_every_swapped_probability_is_a_full_run(models, family):
    model = models[family]
    result = unembed.explain(model, PROMPT, swap=("France", "Rome"))
    ids, other = (model.tokenizer(text)["input_ids"] for text in (PROMPT, OTHER))
    token, last = result.target.token, [len(ids) - 1]
    assert result.swap.run.tokens == tuple(other)
    assert result.swap.target.probability == pytest.approx(read(model, other, token)[1], abs=CLOSE)
    assert result.swap.predictions[0].rank == 1
    moved = []
    for note in (*result.heads, *result.neurons):
        part, layer, index = place(note.term)
        value = values(model, other, part, layer)
        value = value.view(model.heads, -1)[index] if part == "head" else value[index]
        with part_set(model, part, layer, index, last, value):
            found = read(model, ids, token)[1]
        assert note.outcome.swapped == pytest.approx(found, abs=CLOSE)
        assert note.outcome.zeroed is not None
        moved.append(abs(found - result.target.probability))
    assert len(result.swap.sublayers) == min(8, 2 * model.layers)
    for term, outcome in result.swap.sublayers:
        with part_set(model, term.kind, term.layer, None, last, values(model, other, term.kind, term.layer)):
            found = read(model, ids, token)[1]
        assert outcome.swapped == pytest.approx(found, abs=CLOSE)
        moved.append(abs(found - result.target.probability))
    assert max(moved) > 1000 * CLOSE


def test_a_swap_without_tests(models):
    result = unembed.explain(models["mixtral"], PROMPT, swap=("France", "Rome"), test=False)
    notes = (*result.heads, *result.neurons)
    assert all(n.outcome.zeroed is n.outcome.verdict is None for n in notes)
    assert all(0 <= n.outcome.swapped <= 1 for n in notes)
    assert (result.check.control_heads, result.check.control_neurons) == (None, None)


def test_swapping_nothing_different_changes_nothing(models):
    """Values swapped in from the very same run."""
    run = record(models["gpt2"], TOKENS, positions=[5])
    target = run.prediction(40, position=5)
    heads = [Site(kind="z", layer=1, head=head, positions=(5,)) for head in range(4)]
    check = causal_check(run, target, heads=heads, neurons=[], zero=False, other=run)
    assert [o.swapped for o in check.heads] == pytest.approx([target.probability] * 4, abs=CLOSE)
    assert check.neurons == check.sublayers == ()


SWAPS = {
    "not there": (PROMPT, ("Spain", "Rome"), {}, "Expected the word 'Spain' exactly once in"),
    "twice": ("the capital of the new", ("the", "a"), {}, "found it 2 times"),
    "part of a word": ("the capital", ("cap", "a"), {}, "found it 0 times"),
    "nothing": (PROMPT, ("", "Rome"), {}, "two different words (France=Germany)"),
    "by nothing": (PROMPT, ("France", ""), {}, "two different words (France=Germany)"),
    "itself": (PROMPT, ("France", "France"), {}, "two different words (France=Germany)"),
    "longer": (PROMPT, ("France", "new Rome"), {}, f"{PROMPT!r} has 5, 'the capital of new Rome is' has 6"),
    "after": (PROMPT, ("France", "Rome"), {"position": 2}, "changes nothing at or before the explained position 2"),
    "token ids": (TOKENS, ("France", "Rome"), {}, "give the prompt as text"),
    "same token": (PROMPT, ("is", "was"), {"position": 3}, "changes nothing"),
}


@pytest.mark.parametrize("name", SWAPS)
def test_what_is_no_swap_is_refused(models, name):
    prompt, words, how, message = SWAPS[name]
    with pytest.raises(InputError, match=re.escape(message)):
        unembed.explain(models["llama"], prompt, swap=words, **how)


def test_a_word_is_replaced_whole():
    assert replaced("a_x at the theatre, an (a)?", "a", "1") == "a_x at the theatre, an (1)?"
    assert replaced("in Côte d'Ivoire.", "Côte d'Ivoire", "France") == "in France."
