"""Selecting knowledge neurons: the paper's thresholds, a refining that really drops, and what removing them does."""

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.methods.controls import random_sets
from unembed.methods.knowledge.facts import Fact
from unembed.methods.knowledge.neurons import (
    Neuron,
    above,
    kept,
    parse_neuron,
    probabilities,
    random_neurons,
    refined,
    relation_neurons,
    scaled,
)

A, B, C, D = Neuron(0, 1), Neuron(0, 2), Neuron(1, 1), Neuron(2, 7)


def facts() -> tuple[Fact, ...]:
    rows = [
        ("France", "Paris", ("the capital of France is", "France the capital is", "a capital of France")),
        ("Rome", "new", ("the capital of Rome is", "Rome the capital is", "a capital of Rome")),
        ("a", "of", ("the capital of a is", "a the capital is", "new capital of a")),
    ]
    return tuple(Fact("capital", subject, answer, prompts) for subject, answer, prompts in rows)


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama"), make_tokenizer())


def test_above_is_relative_to_the_largest_value() -> None:
    values = [torch.tensor([0.1, 1.0, 0.21]), torch.tensor([-3.0, 0.2, torch.nan])]
    assert above(values, 0.2) == {Neuron(0, 1), Neuron(0, 2)}  # 0.2 is not more than 0.2, and -3 is no knowledge
    assert above(values, 0.05) == {Neuron(0, 0), Neuron(0, 1), Neuron(0, 2), Neuron(1, 1)}
    assert above([torch.tensor([-1.0, 0.0])], 0.2) == frozenset()
    mixture = [torch.tensor([[0.0, 0.5], [1.0, 0.0]])]
    assert above(mixture, 0.2) == {Neuron(0, 1, expert=0), Neuron(0, 0, expert=1)}


def test_kept_in_a_share_of_the_prompts() -> None:
    prompts = [{A, B}, {A, B}, {A, C}, {A}]
    assert kept(prompts, 0.7) == {A}
    assert kept(prompts, 0.5) == {A, B}
    assert kept(prompts, 0.25) == {A, B, C}


def test_refining_drops_what_other_facts_share() -> None:
    """A is everybody's, B is shared by one of four others, C is the fact's own."""
    votes = {"x": {A, B, C}, "y": {A, B}, "z": {A, D}, "u": {A, D}, "v": {A}}
    assert refined(votes, "x", 1.0) == {A, B, C}
    assert refined(votes, "x", 0.25) == {B, C}
    assert refined(votes, "x", 0.0) == {C}
    assert refined(votes, "v", 0.5) == frozenset()
    assert relation_neurons(votes, 0.5) == {A}
    assert relation_neurons(votes, 0.4) == {A, B, D}


@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_probabilities_are_those_of_full_runs(model: unembed.Model, factor: float) -> None:
    asked = question(model, "the capital of France is", " Paris")
    selections = [{A, C}, {D}, set(), {A, B, C, D}]
    found = probabilities(model, asked, selections, factor)
    for selection, value in zip(selections, found.tolist(), strict=True):
        hooks = []
        for layer in {n.layer for n in selection}:
            columns = [n.neuron for n in selection if n.layer == layer]

            def scale(_, args, columns=columns):
                x = args[0].clone()
                x[0, -1, columns] *= factor
                return (x,)

            hooks.append(model.blocks[layer].down_projection.register_forward_pre_hook(scale))
        with torch.no_grad():
            logits = model.module(torch.tensor([asked.tokens])).logits[0, -1]
        for hook in hooks:
            hook.remove()
        expected = float(logits.softmax(-1)[asked.answer[0]])
        assert value == pytest.approx(expected, abs=64 * 1.2e-7)


def test_scaled_edits_name_the_neurons_and_nothing_else() -> None:
    assert [edit.site.label for edit in scaled({C, A}, 2.0, None)] == ["L0.N1", "L1.N1"]
    assert {edit.factor for edit in scaled({C, A}, 2.0, None)} == {2.0}


def test_random_controls_match_layers_and_avoid_the_selection(model: unembed.Model) -> None:
    asked = question(model, "the capital of France is", " Paris")
    like = {A, B, C}
    for seed in range(5):
        control = random_neurons(model, asked, like, seed=seed)
        assert sorted(n.layer for n in control) == [0, 0, 1]
        assert not control & like
    assert random_neurons(model, asked, like, seed=1) == random_neurons(model, asked, like, seed=1)
    run = unembed.record(model, asked.tokens)
    weight = model.blocks[1].down_projection.weight
    size = run.layers[1].neurons[-1].abs() * weight.norm(dim=0)
    strong = set(size.topk(round(0.1 * len(size))).indices.tolist()) - {C.neuron}
    drawn = {n.neuron for seed in range(40) for n in random_neurons(model, asked, {C}, seed=seed)}
    assert drawn == strong
    beside = random_sets(run, asked.answer[0], [C.site((run.length - 1,))], 0.0)
    assert beside is not None
    assert {site.neuron for drawn in beside.sites for site in drawn} == strong


def test_neurons_by_name() -> None:
    assert parse_neuron("L24.N1005") == Neuron(24, 1005)
    assert parse_neuron(" l2.e3.n4 ") == Neuron(2, 4, expert=3)
    assert [parse_neuron(n.label) for n in (A, Neuron(1, 5, expert=2))] == [A, Neuron(1, 5, expert=2)]
    for wrong in ("24.1005", "L24", "L-1.N3", ""):
        with pytest.raises(InputError, match=r"Expected a neuron such as L24\.N1005"):
            parse_neuron(wrong)
