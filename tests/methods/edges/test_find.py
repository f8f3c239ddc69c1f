"""Circuits that are found: what is chosen, what is measured on the other prompts, and the forms they are written in."""

import json
import random
import xml.etree.ElementTree as ET

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.edges.circuit import evaluate_circuit
from unembed.methods.edges.find import SIZES, best, find_circuit
from unembed.methods.edges.forms import graphml, mib_json
from unembed.methods.edges.graph import Graph
from unembed.methods.edges.tasks import TASKS, PromptPair, read_prompts, task_prompts

PAIRS = [
    PromptPair("the capital of France is", "the capital of Rome is", "Paris", "new"),
    PromptPair("a capital of France is", "a capital of Rome is", "Paris", "new"),
    PromptPair("the new capital is France", "the new capital is Rome", "Paris", "of"),
    PromptPair("is a capital of France", "is a capital of Rome", "Paris", "new"),
]


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama", layers=2), make_tokenizer())


@pytest.fixture(scope="module")
def found(model):
    return find_circuit(model, PAIRS, size=0.2)


def test_a_circuit_is_measured_on_the_prompts_that_did_not_score(model, found):
    assert found.search is not None
    assert (found.search.method, found.search.prompts, len(found.pairs)) == ("eap-ig", 2, 2)
    edges = [(edge.sender, edge.reader) for edge in found.edges]
    for prompt, pair in zip(PAIRS[2:], found.pairs, strict=True):
        alone = evaluate_circuit(model, prompt.clean, prompt.corrupt, prompt.target, prompt.versus, edges)
        # Twelve circuits side by side round otherwise than one.
        assert (pair.clean, pair.corrupt) == (alone.clean, alone.corrupt)
        assert pair.circuit == pytest.approx(alone.circuit, abs=1e-6)
    assert found.faithfulness == pytest.approx((found.circuit - found.corrupt) / (found.clean - found.corrupt))


def test_the_curve_ends_with_the_whole_graph_and_its_areas_are_trapezoids(found):
    search = found.search
    assert [point.share for point in search.curve] == list(SIZES)
    assert search.curve[-1].edges == found.graph.size
    assert search.curve[-1].faithfulness == pytest.approx(1, abs=1e-9)
    values = [point.faithfulness for point in search.curve]
    steps = list(zip(SIZES, SIZES[1:], values, values[1:], strict=False))
    assert search.cpr == pytest.approx(sum((b - a) * (x + y) / 2 for a, b, x, y in steps))
    assert search.cmd == pytest.approx(sum((b - a) * (abs(1 - x) + abs(1 - y)) / 2 for a, b, x, y in steps))
    low, high = search.interval
    assert low <= found.faithfulness <= high
    assert 0 <= search.stability <= 1


def test_the_best_edges_are_those_of_the_largest_scores_that_lie_on_a_path():
    graph = Graph((1, 1), (True, True))
    scores = torch.zeros(graph.edges.shape)
    for rank, edge in enumerate([("m1", "logits"), ("input", "m1"), ("m0", "m1"), ("a1.h0", "m1")]):
        scores[graph.readers.index(edge[1]), graph.senders.index(edge[0])] = (-1) ** rank * (9 - rank)
    assert graph.listed(best(graph, scores, 4 / graph.size)) == [("input", "m1"), ("m1", "logits")]


def test_the_same_seed_finds_the_same(model, found):
    again = find_circuit(model, PAIRS, size=0.2)
    assert again.search == found.search
    assert find_circuit(model, PAIRS, size=0.2, seed=1).search.random != found.search.random


def test_one_pair_has_no_interval_and_says_so(model):
    found = find_circuit(model, PAIRS[:1], method="eap")
    assert found.search.interval is None
    assert found.search.stability is None
    assert found.notes == ("One pair of prompts is too few for an interval.",)


def test_graphml_has_the_nodes_and_edges(found):
    root = ET.fromstring(graphml(found))
    spaces = {"g": "http://graphml.graphdrawing.org/xmlns"}
    assert [node.get("id") for node in root.findall("g:graph/g:node", spaces)] == list(found.nodes)
    edges = root.findall("g:graph/g:edge", spaces)
    assert [(edge.get("source"), edge.get("target")) for edge in edges] == [
        (edge.sender, edge.reader.split("<")[0]) for edge in found.edges
    ]


def test_the_json_of_mib_has_every_edge_in_or_out(found):
    data = json.loads(mib_json(found))
    assert len(data["edges"]) == found.graph.size
    inside = {name for name, edge in data["edges"].items() if edge["in_graph"]}
    assert inside == {f"{edge.sender}->{edge.reader}" for edge in found.edges}
    assert {name for name, node in data["nodes"].items() if node["in_graph"]} == set(found.nodes)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_prompts_of_a_task_differ_in_one_word_and_ask_for_two_others(task):
    for seed in range(20):
        prompt = TASKS[task](random.Random(seed))
        clean, corrupt = prompt.clean.split(), prompt.corrupt.split()
        assert sum(a != b for a, b in zip(clean, corrupt, strict=True)) == 1
        assert prompt.target != prompt.versus


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda model: find_circuit(model, []), "There are no prompts"),
        (lambda model: find_circuit(model, PAIRS, size=0), "Expected a size above 0 and up to 1"),
        (lambda model: find_circuit(model, PAIRS, method="acdc"), "Expected a method of eap, eap-ig"),
        (lambda model: task_prompts(model, "ioi", 3), "this model reads 0 different prompts"),
        (lambda model: task_prompts(model, "iou", 3), "Expected a task of ioi, greater-than"),
        (lambda model: read_prompts(""), "has no prompts"),
        (lambda model: read_prompts("{"), "Line 1 of The file of prompts is no JSON"),
        (lambda model: read_prompts('\n{"clean": "a"}'), "Line 2 of The file of prompts is no pair of prompts"),
    ],
)
def test_bad_input_says_what_was_expected(model, ask, says):
    with pytest.raises(unembed.InputError, match=says):
        ask(model)
