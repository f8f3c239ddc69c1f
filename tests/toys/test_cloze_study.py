"""What the study of clozes says (studies/knowledge_clozes.py), on facts that it did not search, by plain runs.

Margins: half of the effects that the study reports, for few facts.
"""

import importlib.util
import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from statistics import mean

import pytest
import torch
from transformers import AutoTokenizer, BertForMaskedLM

import unembed
from unembed.loading.shipped import toy_folder
from unembed.methods.knowledge.editing import Value, update
from unembed.methods.knowledge.facts import Fact, read_facts
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.neurons import Criteria, Neuron, refined
from unembed.methods.knowledge.weight_edits import WeightEdits, added, applied, weight_edits

FOLDER = toy_folder("cloze")
ROOT = Path(__file__).parents[2]
RESULTS = json.loads((ROOT / "docs" / "studies" / "knowledge_clozes.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found():
    """The toy, and the neurons of facts that the study did not search, in every second wording."""
    model = unembed.load("toy/cloze", device="cpu")
    some = {}
    for relation in read_facts(FOLDER / "facts.yaml")[:2]:
        entries = find(model, relation.of(relation.facts[3:7]), criteria=Criteria(t=0.2, p=0.7)).facts
        some |= {entry.fact: entry.kept for entry in entries}
    return model, some


@torch.no_grad()
def says(model, prompt: str) -> torch.Tensor:
    """P of every token at the blank, of the plain module as its weights are."""
    texts = model.tokenizer(prompt, return_tensors="pt")
    place = texts["input_ids"][0] == model.tokenizer.mask_token_id
    return model.module(**texts).logits[0, place][0].softmax(-1)


def chance(model, prompt: str, word: str) -> float:
    return float(says(model, prompt)[model.tokenizer.convert_tokens_to_ids(word)])


def test_facts_share_hardly_any_neurons_within_a_relation_or_between_two(found):
    some = found[1]
    shared: dict[bool, list[int]] = {True: [], False: []}
    for (one, mine), (other, theirs) in combinations(some.items(), 2):
        shared[one.relation == other.relation].append(len(mine & theirs))
    own = mean(len(neurons) for neurons in some.values())
    assert own > 6
    assert mean(shared[True]) < own / 4
    assert mean(shared[False]) < own / 4


def test_the_published_update_misses_and_the_one_through_the_head_hits(found):
    """`v - e(old) + 8 e(new)` with the embedding's rows, and with the rows as the head passes them on, scaled."""
    model, some = found
    before, published, through, others = [], [], [], []
    answers = {fact.relation: [f.answer for f in some if f.relation == fact.relation] for fact in some}
    for fact in some:
        neurons = refined({f: n for f, n in some.items() if f.relation == fact.relation}, fact, 0.1)
        new = next(answer for answer in answers[fact.relation] if answer != fact.answer)
        beside = [f for f in some if f.relation != fact.relation and f.subject != fact.subject]
        asked = [(f.prompts[i], f.answer) for f in beside for i in (0, 4)]
        prompts = fact.prompts[1::2]
        before += [chance(model, p, new) for p in prompts]
        with applied(model, as_published(model, fact, new, neurons)):
            published += [chance(model, p, new) for p in prompts]
        base = [chance(model, *pair) for pair in asked]
        with applied(model, update(model, fact, new, by=Value(neurons), prompts=fact.prompts[::2])):
            through += [chance(model, p, new) for p in prompts]
            others += [chance(model, *pair) / b for pair, b in zip(asked, base, strict=True)]
    assert mean(before) < 0.05
    assert mean(published) < 0.07
    assert mean(through) > 0.1
    assert 0.9 < mean(others) < 1.1


def as_published(model, fact: Fact, new: str, neurons: frozenset[Neuron]) -> WeightEdits:
    old_row, new_row = model.unembedding[model.tokenizer.convert_tokens_to_ids([fact.answer, new])].detach()
    change = 8 * new_row - old_row
    layers = Counter(neuron.layer for neuron in neurons)
    edits = [added(i, [n.neuron for n in neurons if n.layer == i], change) for i in layers]
    return weight_edits(model, edits, "as published")


def test_the_weights_are_those_that_ship_after_all_of_this(found):
    plain = BertForMaskedLM.from_pretrained(FOLDER).state_dict()
    assert all(torch.equal(value, plain[name]) for name, value in found[0].module.state_dict().items())
    assert AutoTokenizer.from_pretrained(FOLDER).mask_token == "[MASK]"


def test_the_page_says_what_the_results_say():
    spec = importlib.util.spec_from_file_location("page", ROOT / "studies" / "knowledge_clozes_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "studies" / "knowledge-clozes.md").read_text(encoding="utf-8")
    assert module.page(RESULTS) == written


def test_the_main_figures_of_the_study_stand_apart_from_their_controls():
    """Of the results: intervals that do not meet, as the page says."""
    changes = RESULTS["changes"]
    for word, sign in (("suppressed", -1), ("amplified", 1)):
        own = changes["published"][f"{word} own"]
        assert sign * own[0] > 0.3
        for control in ("random", "random, active"):
            assert max(sign * x for x in changes[control][f"{word} own"]) < min(sign * x for x in own)
        for kind in ("relation", "elsewhere"):
            assert max(abs(x) for x in changes["published"][f"{word} {kind}"]) < abs(own[0]) / 3
    for row in RESULTS["erased"].values():
        assert row["own erased"]["ratio"][1] > 1
        assert row["own erased"]["ratio"][0] > row["others erased"]["ratio"][0] + 0.1
        assert abs(row["own control"]["ratio"][0] - 1) < 0.06
    updated = RESULTS["updated"]
    for name in ("through the head", "through the head, random neurons"):
        assert updated[name]["success"][1] > 0.2
    own, random = (updated[name]["relation"] for name in ("through the head", "through the head, random neurons"))
    assert own[2] < random[1]
    assert updated["through the head"]["success"][1] > updated["as published"]["success"][2]
