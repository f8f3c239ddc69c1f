"""Scores of edges against a gradient of the circuit itself, edge by edge."""

import random

import pytest
import torch

import unembed
from builders.random_models import build
from oracles import edge_scores as oracle
from oracles.circuits import gpt2_parts, llama_parts
from unembed.methods.edges.circuit import measured, metrics_at_ends
from unembed.methods.edges.exact import patched_edges
from unembed.methods.edges.find import best
from unembed.methods.edges.flow import flow, pair_of, whole
from unembed.methods.edges.graph import Graph
from unembed.methods.edges.scores import METHODS, edge_scores
from unembed.models.prompts import tokenize
from unembed.models.targets import target_tokens

CLEAN, CORRUPT, TOKENS = (3, 50, 7, 11, 96), (3, 51, 7, 12, 96), (8, 20)


def pair(family: str):
    return pair_of(unembed.wrap(build(family, layers=2), name=family), CLEAN, CORRUPT)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "gemma2", "mixtral"])
def test_eap_is_the_gradient_of_the_metric_by_how_much_of_an_edge_is_kept(family):
    """With an edge kept to a part `a`, the reader reads `a (now - corrupted)` of it: `dm/da` at 1 is its score."""
    found = pair(family)
    kept = whole(found.graph).double().clone().requires_grad_()
    logits = found.apart.logits(flow(found, kept), TOKENS)
    expected = torch.autograd.grad((logits[:, 0] - logits[:, 1]).sum(), kept)[0][0]
    scores = edge_scores(found, TOKENS, "eap")
    # The scale of a norm that rounds to float32 has a gradient that does.
    assert (scores - expected).abs().max() < 1e-6 * expected.abs().max()
    assert scores[~found.graph.edges].abs().max() == 0


def test_with_many_steps_eap_ig_of_the_input_sums_to_the_difference():
    """Of the edges that leave the input and together are all that changes: integrated gradients are complete."""
    found = pair("gpt2")
    with torch.no_grad():
        ends = measured(found, torch.stack([found.graph.edges, torch.zeros_like(found.graph.edges)]), TOKENS)
    scores = edge_scores(found, TOKENS, "eap-ig", steps=200)
    # A left sum of n steps is off by (f'(1) - f'(0)) / 2n: half a per cent of what the slope changes by.
    assert float(scores[:, 0].sum()) == pytest.approx(float(ends[0] - ends[1]), rel=0.02, abs=0.02)
    one, clean = edge_scores(found, TOKENS, "eap-ig", steps=1), edge_scores(found, TOKENS, "eap")
    assert (one - clean).abs().max() > 1e-3  # the gradients of the corrupted run


PARTS = {"llama": llama_parts, "gpt2": gpt2_parts}
EXACT = 1e-6
"""Of the largest: a Llama's softmax is float32 in a float64 model."""


@pytest.fixture(scope="module", params=sorted(PARTS))
def straight(request):
    """A pair of runs, straight-line code of the same model, and the edges by name."""
    module = build(request.param, layers=2)
    found = pair_of(unembed.wrap(module, name=request.param), CLEAN, CORRUPT)
    return found, PARTS[request.param](module), found.graph.listed(found.graph.edges)


def test_patched_nodes_are_circuits_without_their_edges(straight):
    found, parts, edges = straight
    scores = edge_scores(found, TOKENS, "node-patching")
    for name in ("input", "a0.h3", "m0", "a1.h0", "m1"):
        expected = oracle.lost_without(parts, CLEAN, CORRUPT, edges, [e for e in edges if e[0] == name], TOKENS)
        assert float(scores[found.graph.senders.index(name)]) == pytest.approx(expected, abs=EXACT)


def test_patched_edges_are_circuits_without_one(straight):
    found, parts, edges = straight
    kinds = ["<q>", "<k>", "<v>", "m1", "logits"]
    chosen = [random.Random(kind).choice([e for e in edges if e[1].endswith(kind)]) for kind in kinds]
    rows = [(found.graph.readers.index(reader), found.graph.senders.index(sender)) for sender, reader in chosen]
    scores = patched_edges(found, TOKENS, rows)
    assert int((scores != 0).sum()) <= len(rows)
    for edge, place in zip(chosen, rows, strict=True):
        expected = oracle.lost_without(parts, CLEAN, CORRUPT, edges, [edge], TOKENS)
        assert float(scores[place]) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("family", ["gemma2", "phi", "mixtral"])
def test_patched_parts_are_those_of_the_circuit_in_other_families(family):
    """Through a post-norm one head that changes changes all; in a parallel block the MLP does not read it."""
    found = pair(family)
    graph = found.graph
    edges = [("a0.h1", "a1.h2<v>"), ("m0", "a1.h3<k>"), ("a0.h0", "m1"), ("input", "m0"), ("m1", "logits")]
    rows = [(graph.readers.index(reader), graph.senders.index(sender)) for sender, reader in edges]
    circuits = graph.edges.repeat(1 + len(rows) + 2, 1, 1)
    for index, place in enumerate(rows, 1):
        circuits[(index, *place)] = False
    nodes = [graph.senders.index(name) for name in ("a0.h1", "m0")]
    for index, node in enumerate(nodes, 1 + len(rows)):
        circuits[index, :, node] = False
    with torch.no_grad():
        metrics = measured(found, circuits, TOKENS)
    lost = (metrics[0] - metrics[1:]).double()
    scores = patched_edges(found, TOKENS, rows)
    assert [float(scores[place]) for place in rows] == pytest.approx(lost[: len(rows)].tolist(), abs=EXACT)
    by_node = edge_scores(found, TOKENS, "node-patching")[nodes]
    assert by_node.tolist() == pytest.approx(lost[len(rows) :].tolist(), abs=EXACT)


def test_edge_patching_is_exact_for_the_best_and_an_estimate_of_the_rest(straight, monkeypatch):
    found, _, _ = straight
    monkeypatch.setattr("unembed.methods.edges.scores._EXACT", 5)
    estimate, scores = (edge_scores(found, TOKENS, name) for name in ("eap-ig", "edge-patching"))
    best = [divmod(i, scores.shape[1]) for i in estimate.abs().flatten().topk(5).indices.tolist()]
    exact = patched_edges(found, TOKENS, best)
    assert [float(scores[place]) for place in best] == [float(exact[place]) for place in best]
    rest = torch.ones_like(scores).bool()
    for place in best:
        rest[place] = False
    assert torch.equal(scores[rest], estimate[rest])


def test_flow_routes_are_the_paper_in_words(straight):
    found, parts, _ = straight
    graph, scores = found.graph, edge_scores(found, TOKENS, "flow")
    assert scores.sum(1)[0] == pytest.approx(1)
    for reader in ("a1.h0<k>", "m0", "m1", "logits"):
        row = graph.readers.index(reader)
        among = graph.senders[: graph.reads[row]]
        for sender in (among[0], among[-1]):
            expected = oracle.flow_importance(parts, CLEAN, sender, reader, among)
            assert float(scores[row, graph.senders.index(sender)]) == pytest.approx(expected, abs=EXACT)


def test_attribution_patching_is_the_gradient_by_what_a_node_writes(straight):
    """By the chain rule the slope of a write is the sum of those of the inputs that read it."""
    found, parts, _ = straight
    slope = oracle.slopes(parts, CLEAN, TOKENS)
    clean, corrupt = (oracle.given_by(parts, ids)[0] for ids in (CLEAN, CORRUPT))
    scores = edge_scores(found, TOKENS, "atp")
    for sender in ("a0.h1", "m0"):
        column = found.graph.senders.index(sender)
        readers = [name for name, reads in zip(found.graph.readers, found.graph.reads, strict=True) if column < reads]
        expected = sum(float((slope[name] * (clean[sender] - corrupt[sender])).sum()) for name in readers)
        assert float(scores[column]) == pytest.approx(expected, abs=EXACT)


def test_eap_ig_of_activations_takes_the_slopes_where_one_stage_goes_over(straight):
    found, parts, _ = straight
    steps, graph = 3, found.graph
    scores = edge_scores(found, TOKENS, "eap-ig-activations", steps=steps)
    clean, corrupt = (oracle.given_by(parts, ids)[0] for ids in (CLEAN, CORRUPT))
    for stage in (["input"], [f"a0.h{head}" for head in range(4)], ["m0"], ["m1"]):
        ways = [step / steps for step in range(1, steps + 1)]
        runs = [
            oracle.slopes(parts, CLEAN, TOKENS, {n: (1 - a) * corrupt[n] + a * clean[n] for n in stage}) for a in ways
        ]
        for sender in stage[-1:]:
            column = graph.senders.index(sender)
            for reader, reads in zip(graph.readers, graph.reads, strict=True):
                slope = sum(run[reader] for run in runs) / steps
                expected = float((slope * (clean[sender] - corrupt[sender])).sum()) if column < reads else 0
                assert float(scores[graph.readers.index(reader), column]) == pytest.approx(expected, abs=EXACT)


RULES = {
    "relp": {"norm": oracle.held, "gated": oracle.shared_in_halves},
    "gim": {"norm": oracle.held, "gated": oracle.halved, "attended": oracle.attended_softly},
}


@pytest.mark.parametrize("method", sorted(RULES))
def test_other_rules_for_the_pass_back_are_those_of_straight_line_code(method):
    module = build("llama", layers=2)
    found = pair_of(unembed.wrap(module, name="llama"), CLEAN, CORRUPT)
    slope = oracle.slopes(llama_parts(module, **RULES[method]), CLEAN, TOKENS)
    clean, corrupt = (oracle.given_by(llama_parts(module), ids)[0] for ids in (CLEAN, CORRUPT))
    scores, graph = edge_scores(found, TOKENS, method), found.graph
    expected = torch.zeros_like(scores)
    for sender, reader in graph.listed(graph.edges):
        place = graph.readers.index(reader), graph.senders.index(sender)
        expected[place] = (slope[reader] * (clean[sender] - corrupt[sender])).sum()
    assert (scores - expected).abs().max() < 1e-5 * expected.abs().max()  # a norm's scale is float32 in both
    assert (scores - edge_scores(found, TOKENS, "eap")).abs().max() > 1e-2 * expected.abs().max()


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "phi3", "qwen3"])
@pytest.mark.parametrize("method", ["relp", "gim"])
def test_the_rules_leave_values_as_they_are_and_nothing_behind(family, method):
    found = pair(family)
    before = edge_scores(found, TOKENS, "eap")
    scores = edge_scores(found, TOKENS, method)
    assert bool(torch.isfinite(scores).all())
    # Into the logits there is a norm alone: of an edge into them, no rule but that one counts.
    assert (scores - before).abs().max() > 1e-3 * before.abs().max()
    assert torch.equal(edge_scores(found, TOKENS, "eap"), before)


@pytest.mark.parametrize("method", ["relp", "gim"])
def test_rules_for_neurons_refuse_a_mixture_in_a_sentence(method):
    with pytest.raises(unembed.InputError, match=f"The rules of {method} are for MLPs whose neurons are known"):
        edge_scores(pair("mixtral"), TOKENS, method)


def test_the_best_edges_of_a_node_method_are_those_between_the_best_nodes():
    graph = Graph((1, 1), (True, True))
    nodes = torch.tensor([0.0, 1.0, -4.0, 3.0, 2.0])  # input, a0.h0, m0, a1.h0, m1
    scores = graph.between(nodes)
    by_name = {
        edge: float(scores[graph.readers.index(edge[1]), graph.senders.index(edge[0])])
        for edge in graph.listed(graph.edges)
    }
    assert by_name["input", "logits"] == 4
    assert by_name["m0", "a1.h0<k>"] == 3
    assert by_name["input", "m0"] == by_name["m0", "logits"] == -4
    assert by_name["a0.h0", "m0"] == 1
    best_nodes = {"input", "m0", "a1.h0"}
    inside = [e for e in by_name if e[0] in best_nodes and e[1].split("<")[0] in best_nodes | {"logits"}]
    assert graph.listed(best(graph, nodes, len(inside) / graph.size)) == inside


def test_another_method_is_refused():
    with pytest.raises(unembed.InputError, match=f"Expected a method of {', '.join(METHODS)}; found 'acdc'"):
        edge_scores(pair("gpt2"), TOKENS, "acdc")


@pytest.mark.slow
@pytest.mark.real
def test_on_the_real_model_the_best_edges_carry_what_independent_code_found():
    """Straight-line code of another hand, in float64, gave these for the same pair."""
    model = unembed.load("smollm2-135m", dtype="float64")
    prompts = [f"When Mary and John went to the store, {name} gave a drink to" for name in ("John", "Mary")]
    found, tokens = pair_of(model, *(tokenize(model, prompt) for prompt in prompts)), metric_of(model)
    scores = edge_scores(found, tokens, "eap")
    circuits = torch.stack([best(found.graph, scores, share) for share in (0.001, 0.01, 0.05, 0.1, 0.5)])
    clean, corrupt = metrics_at_ends(found, tokens)
    with torch.no_grad():
        faithful = (measured(found, circuits, tokens) - corrupt) / (clean - corrupt)
    assert faithful.tolist() == pytest.approx([0.36, 0.68, 0.93, 0.96, 0.998], abs=0.005)  # as they were written


def metric_of(model):
    return target_tokens(model, " Mary")[0], target_tokens(model, " John")[0]
