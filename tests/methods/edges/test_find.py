"""Circuits that are found: what is chosen, what is measured on the other prompts, and the forms they are written in."""

import json
import random
import xml.etree.ElementTree as ET

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.edges.apart import Apart
from unembed.methods.edges.bases import bases_of
from unembed.methods.edges.circuit import evaluate_circuit, metric_tokens
from unembed.methods.edges.find import SIZES, Choice, best, find_circuit
from unembed.methods.edges.flow import written_by
from unembed.methods.edges.forms import graphml, mib_json
from unembed.methods.edges.graph import Graph, graph_of
from unembed.methods.edges.scores import METHODS, edge_scores
from unembed.methods.edges.tasks import TASKS, PromptPair, read_prompts, task_prompts
from unembed.runs.prompted import prompt_of

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
    return find_circuit(model, PAIRS, Choice(size=0.2))


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
    again = find_circuit(model, PAIRS, Choice(size=0.2))
    assert again.search == found.search
    assert find_circuit(model, PAIRS, Choice(size=0.2, seed=1)).search.random != found.search.random


def test_one_pair_has_no_interval_and_says_so(model):
    found = find_circuit(model, PAIRS[:1], Choice(method="eap"))
    assert found.search.interval is None
    assert found.search.stability is None
    assert found.notes == ("One pair of prompts is too few for an interval.",)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_finds_a_circuit_and_its_edges_are_the_best(model, method):
    found = find_circuit(model, PAIRS[:2], Choice(method=method, size=0.2, steps=2))
    assert found.search.method == method
    pair = bases_of(model, PAIRS[:1]).pair(PAIRS[0])
    scores = edge_scores(pair, metric_tokens(prompt_of(model, PAIRS[0].clean), "Paris", "new"), method, steps=2)
    assert [(edge.sender, edge.reader) for edge in found.edges] == found.graph.listed(best(found.graph, scores, 0.2))
    assert found.search.curve[-1].faithfulness == pytest.approx(1, abs=1e-9)


def test_means_are_taken_by_the_name_of_a_position_over_the_corrupted_prompts(model):
    pairs = [
        PromptPair(
            "the capital of France is",
            "the capital of Rome is",
            "Paris",
            "new",
            ("the {A:capital} of France is", "the {A:capital} of Rome is"),
        ),
        PromptPair(
            "the new capital of France is",
            "the new capital of Paris is",
            "Paris",
            "new",
            ("the new {A:capital} of France is", "the new {A:capital} of Paris is"),
        ),
    ]
    bases = bases_of(model, pairs, "mean")
    runs = [unembed.record(model, pair.corrupt) for pair in pairs]
    graph = graph_of(model)
    writes = [written_by(graph, Apart(run)) for run in runs]
    own = bases.pair(pairs[0]).writes
    for position, places in ((1, (1, 2)), (3, (3, 4))):  # A, and A+2
        expected = (writes[0][:, places[0]] + writes[1][:, places[1]]) / 2
        assert (own[:, position] - expected).abs().max() < 1e-12
    assert (own[:, 1] - writes[0][:, 1]).abs().max() > 1e-3
    with pytest.raises(unembed.InputError, match="There is no mean at the position B"):
        bases.pair(
            PromptPair(
                "the capital of France is",
                "the capital of Rome is",
                "Paris",
                "new",
                ("the {B:capital} of France is", "the {B:capital} of Rome is"),
            )
        )


@pytest.mark.parametrize("ablation", ["mean", "zero"])
def test_a_circuit_is_found_and_measured_against_another_base(model, ablation):
    found = find_circuit(model, PAIRS[:2], Choice(method="eap", size=0.2, ablation=ablation))
    assert found.search.ablation == ablation
    assert found.search.curve[-1].faithfulness == pytest.approx(1, abs=1e-9)
    other = find_circuit(model, PAIRS[:2], Choice(method="eap", size=0.2))
    assert abs(found.corrupt - other.corrupt) > 1e-3
    assert found.clean == other.clean


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
        (lambda model: find_circuit(model, PAIRS, Choice(size=0)), "Expected a size above 0 and up to 1"),
        (
            lambda model: find_circuit(model, PAIRS, Choice(ablation="none")),
            "Expected an ablation of corrupted, mean, zero",
        ),
        (lambda model: find_circuit(model, PAIRS, Choice(method="acdc")), "Expected a method of eap, eap-ig"),
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
