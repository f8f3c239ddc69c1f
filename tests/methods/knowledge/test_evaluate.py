"""The evaluation of knowledge neurons, against full runs of the module with straight-line hooks.

Tolerance: two ways to run a float32 module differ by up to 64 units of 1.2e-7 of a probability. A change has two of
them, and is 5 at most here: `SLACK` = 1e-4 holds it, twice that a difference of two.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.methods.bootstrap import bca, wilson
from unembed.methods.knowledge import evaluate as evaluating
from unembed.methods.knowledge.attribution import LayerPath
from unembed.methods.knowledge.comparison import random_like
from unembed.methods.knowledge.evaluate import PUBLISHED, KnowledgeEvaluation, evaluate
from unembed.methods.knowledge.facts import Fact, Relation
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.neurons import Criteria
from unembed.view.payloads import payload_of, to_json
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import Paper, fitted

SLACK = 1e-4
FEW = LayerPath(steps=2)
SETTINGS = (Criteria(0.3, 0.5, 0.0), Criteria(0.3, 0.5, 1.0))
WORDS = ("France", "Rome", "a", "Paris", "new", "of")


def relation(name: str, shift: int, count: int = 6) -> Relation:
    facts = [
        Fact(name, word, WORDS[(i + shift) % 6], (f"the capital of {word} is", f"{word} the capital is"))
        for i, word in enumerate(WORDS[:count])
    ]
    return Relation(name, "", (), tuple(facts))


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama"), make_tokenizer())


@pytest.fixture(scope="module")
def result(model) -> KnowledgeEvaluation:
    return evaluate(model, [relation("capital", 1), relation("other", 3)], settings=SETTINGS, path=FEW)


def probability(model, prompt: str, target: str, neurons, factor: float, *, everywhere: bool) -> float:
    """P(answer) of the module, the inputs of its down projections scaled by hooks."""
    handles = []
    for layer, block in enumerate(model.blocks):
        rows = [n.neuron for n in neurons if n.layer == layer]

        def scale(_, args, rows=rows):
            x = args[0].clone()
            x[:, slice(None) if everywhere else slice(-1, None), rows] *= factor
            return (x, *args[1:])

        handles.append(block.down_projection.register_forward_pre_hook(scale))
    ids = model.tokenizer(prompt)["input_ids"]
    (answer,) = model.tokenizer(target.strip())["input_ids"]
    with torch.no_grad():
        found = model.module(torch.tensor([ids])).logits[0, -1].softmax(-1)[answer]
    for handle in handles:
        handle.remove()
    return float(found)


def votes_of(model, facts, by: Criteria):
    """What each fact keeps, found by itself."""
    return {fact: find(model, Relation("x", "", (), (fact,)), criteria=by, path=FEW).facts[0].kept for fact in facts}


def own_neurons(model, result, part: str, by: Criteria):
    """Straight from the votes: without what more than a share of the facts to refine with keep."""
    chosen = {}
    for split in result.splits:
        votes = votes_of(model, (*split.refine, *getattr(split, part)), by)
        for fact in getattr(split, part):
            beside = [votes[other] for other in split.refine]
            chosen[fact] = frozenset(
                n for n in votes[fact] if sum(n in other for other in beside) <= by.share * len(beside)
            )
    return chosen


def asked(result, fact, part: str):
    """The prompts that are asked of a fact's neurons, by group: the second of each fact, where none was found."""
    facts = [other for split in result.splits for other in getattr(split, part)]
    others = [other for other in facts if other.answer != fact.answer and other.subject != fact.subject]
    second = {f: f"{f.subject} the capital is" for f in facts}
    return {
        "own": [(second[fact], fact.target)],
        "related": [(second[o], o.target) for o in others if o.relation == fact.relation],
        "unrelated": [(second[o], o.target) for o in others if o.relation != fact.relation],
    }


def changes(model, result, chosen, part, group, factor, *, everywhere: bool) -> dict:
    found = {}
    for fact, neurons in chosen.items():
        prompts = asked(result, fact, part)[group]
        if neurons and prompts:
            before = sum(probability(model, *one, (), 1, everywhere=True) for one in prompts)
            after = sum(probability(model, *one, neurons, factor, everywhere=everywhere) for one in prompts)
            found[fact] = after / before - 1
    return found


def test_the_parts_are_apart_and_hold_every_fact(result) -> None:
    for split, given in zip(result.splits, (relation("capital", 1), relation("other", 3)), strict=True):
        parts = (split.choose, split.refine, split.test)
        assert [len(part) for part in parts] == [2, 2, 2]
        subjects = [fact.subject for part in parts for fact in part]
        assert sorted(subjects) == sorted(fact.subject for fact in given.facts)
        assert all(len(fact.prompts) == 1 for part in parts for fact in part)


def test_the_setting_is_the_best_on_the_facts_that_choose(model, result) -> None:
    for one, by in zip(result.tried, SETTINGS, strict=True):
        chosen = own_neurons(model, result, "choose", by)
        for group in ("own", "related"):
            found = changes(model, result, chosen, "choose", group, 0, everywhere=False)
            assert getattr(one, group) == pytest.approx(np.mean(list(found.values())), abs=SLACK)
        assert one.facts == sum(map(bool, chosen.values()))
    assert result.chosen == min(result.tried, key=lambda one: one.own - one.related).criteria


@pytest.mark.parametrize("choice", ["published", "chosen"])
def test_every_effect_is_that_of_the_hooked_module(model, result, choice: str) -> None:
    by = PUBLISHED if choice == "published" else result.chosen
    chosen = own_neurons(model, result, "test", by)
    assert result.sizes[choice] == tuple(map(len, chosen.values()))
    assert any(result.sizes[choice])
    control = {f: random_like(model, n, asked(result, f, "test")["own"][0]) if n else n for f, n in chosen.items()}
    assert all(len(control[f]) == len(n) and not control[f] & n for f, n in chosen.items())
    effects = [effect for effect in result.effects if effect.choice == choice]
    assert len(effects) == 12
    for effect in effects:
        factor, everywhere = (0 if effect.action == "suppress" else 2), effect.place == "weights"
        words = (effect.group, factor)
        mine = changes(model, result, chosen, "test", *words, everywhere=everywhere)
        others = changes(model, result, control, "test", *words, everywhere=everywhere)
        gaps = [mine[fact] - others[fact] for fact in mine]
        assert effect.facts == len(mine)
        assert effect.change == pytest.approx(np.mean(list(mine.values())), abs=SLACK)
        assert effect.random == pytest.approx(np.mean(list(others.values())), abs=SLACK)
        assert effect.difference == pytest.approx(np.mean(gaps), abs=2 * SLACK)
        assert effect.stronger == sum(gap < 0 if factor == 0 else gap > 0 for gap in gaps)
        assert (effect.stronger_low, effect.stronger_high) == wilson(effect.stronger, len(gaps))
        assert effect.low is None or len(mine) >= 5


def test_weights_are_as_they_were(model) -> None:
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    evaluate(model, [relation("capital", 1, 3)], settings=SETTINGS[1:], path=FEW)
    assert all(torch.equal(value, before[name]) for name, value in model.module.state_dict().items())
    assert model.edits == ()


def test_intervals_are_of_the_values_fact_by_fact() -> None:
    own = np.array([-0.9, -0.5, np.nan, -0.7, -0.1, -0.3, -0.6])
    control = np.array([-0.1, 0.0, -0.2, np.nan, -0.3, 0.1, -0.2])
    found = evaluating._effect(own, control, "suppress", 3)
    there, paired = [0, 1, 3, 4, 5, 6], [0, 1, 4, 5, 6]
    assert found[0] == 6
    assert found[2:4] == bca(own[there].tolist(), seed=3)
    assert found[5:7] == bca(control[paired].tolist(), seed=3)
    assert found[8:10] == bca((own - control)[paired].tolist(), seed=3)
    assert found[10:] == (4, *wilson(4, 5))


def test_another_seed_draws_other_parts_and_one_relation_has_no_others(model) -> None:
    one = evaluate(model, [relation("capital", 1)], settings=SETTINGS[1:], path=FEW)
    other = evaluate(model, [relation("capital", 1)], settings=SETTINGS[1:], path=FEW, seed=1)
    assert one.splits != other.splits
    assert {effect.group for effect in one.effects} == {"own", "related"}


def test_what_cannot_be_evaluated(model) -> None:
    few = relation("few", 1, 2)
    found = evaluate(model, [relation("capital", 1, 3), few], settings=SETTINGS[1:], path=FEW)
    assert "few is left out: 2 of its facts have two prompts, and three must." in found.notes
    with pytest.raises(InputError, match="Expected a relation with three facts of two prompts or more, found none"):
        evaluate(model, [few], path=FEW)
    short = Relation("short", "", (), tuple(replace(f, prompts=f.prompts[:1]) for f in relation("x", 1).facts))
    with pytest.raises(InputError, match="short is left out: 0 of its facts"):
        evaluate(model, [short], path=FEW)
    with pytest.raises(InputError, match="at least one setting"):
        evaluate(model, [relation("capital", 1)], settings=(), path=FEW)
    with pytest.raises(InputError, match="An evaluation of knowledge neurons does not account for cross-attention"):
        evaluate(unembed.wrap(build_encoder_decoder("t5")), [relation("capital", 1)], path=FEW)


def test_in_a_mixture_there_is_no_control() -> None:
    mixture = unembed.wrap(build("mixtral"), make_tokenizer())
    found = evaluate(mixture, [relation("capital", 1, 3)], settings=SETTINGS[1:], path=FEW)
    assert found.effects
    assert all(effect.random is None and effect.difference is None for effect in found.effects)
    assert any("some facts have no control" in note for note in found.notes)
    rows = [line.plain for line in lines_of(payload_of(found), Paper()) if "the fact itself" in line.plain]
    assert all(row.split()[-1] == "-" for row in rows)


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_lines_fit_and_hold_the_numbers(result, width: int) -> None:
    lines = [line.plain for line in fitted(lines_of(payload_of(result), Paper(width=width)), width)]
    assert all(len(line) <= width for line in lines)
    text = "\n".join(lines)
    for effect in result.effects:
        assert f"{100 * effect.change:+.0f}%".replace("-", "−") in text
        assert f"{effect.stronger} of {effect.facts}" in text
    assert text.count("the fact itself") == 8


def test_the_payload_is_the_result(result) -> None:
    data = to_json(payload_of(result))
    assert json.loads(json.dumps(data, allow_nan=False)) == result.to_dict()
    assert data["schema"] == "unembed/knowledge-evaluate/1"
    assert [effect["change"] for effect in data["effects"]] == [effect.change for effect in result.effects]
    assert data["chosen"] == vars(result.chosen)
    assert sum(len(entry["test"]) for entry in data["relations"]) == len(data["chosen_sizes"]) == 4
