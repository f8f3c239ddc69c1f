"""Circuits run by the model's own modules, against straight-line code, and at both ends against plain runs."""

import random

import pytest
import torch

import unembed
from builders.random_models import MODEL_TYPES, build
from builders.unknown_models import unknown
from oracles.circuits import circuit_logits, gpt2_parts, llama_parts
from unembed.methods.edges.flow import flow, pair_of, whole
from unembed.methods.edges.graph import Graph, graph_of

CLEAN, CORRUPT = (3, 50, 7, 11, 96), (3, 51, 7, 12, 96)
ROUNDED = 1e-12
"""Relative, of float64: a model of three layers rounds some hundred times."""


def ends(model):
    """How far the whole graph is from the clean run and the empty one from the corrupted run, and these from each
    other."""
    pair = pair_of(model, CLEAN, CORRUPT)
    kept = whole(pair.graph, 2).clone()
    kept[1] = False
    with torch.no_grad():
        full, empty = flow(pair, kept)
    clean, corrupt = pair.clean.final[-1], pair.corrupt.final[-1]
    size = clean.abs().max()
    return [float(x.abs().max() / size) for x in (full - clean, empty - corrupt, clean - corrupt)]


@pytest.mark.parametrize("family", MODEL_TYPES)
def test_the_whole_graph_is_the_clean_run_and_no_edge_the_corrupted_one(family):
    full, empty, apart = ends(unembed.wrap(build(family, layers=2), name=family))
    assert full < ROUNDED
    assert empty < ROUNDED
    assert apart > 1e-2  # or the ends would be told apart by nothing


@pytest.mark.parametrize("name", ["cohere", "granite"])
def test_so_it_is_in_types_whose_structure_was_inferred(name):
    full, empty, apart = ends(unembed.wrap(unknown(name), name=name))
    assert full < ROUNDED
    assert empty < ROUNDED
    assert apart > 1e-2


@pytest.mark.parametrize(("family", "parts"), [("llama", llama_parts), ("gpt2", gpt2_parts)])
def test_a_circuit_gives_what_straight_line_code_gives(family, parts):
    module = build(family)
    model = unembed.wrap(module, name=family)
    pair = pair_of(model, CLEAN, CORRUPT)
    edges = pair.graph.listed(pair.graph.edges)
    chosen = [random.Random(seed).sample(edges, len(edges) // share) for seed, share in ((0, 2), (1, 4))]
    with torch.no_grad():
        streams = flow(pair, torch.stack([pair.graph.mask(circuit) for circuit in chosen]))
        found = model.unembed_normed(model.norm(streams))
    for circuit, logits in zip(chosen, found, strict=True):
        expected = circuit_logits(parts(module), CLEAN, CORRUPT, circuit)
        # A Llama's rotations are float32 in a float64 model: the oracle's are the same.
        assert (logits - expected).abs().max() < ROUNDED * expected.abs().max()


@pytest.mark.parametrize("family", [*(family for family in MODEL_TYPES if family not in ("olmo2", "unembed_toy"))])
def test_heads_made_one_by_one_are_those_of_whole_attentions(family):
    """Every head reads a stream of its own, of two texts; OLMo 2 norms all queries at once, a toy adds positions."""
    model = unembed.wrap(build(family, layers=2), name=family)
    apart, whole_ones = (pair_of(model, CLEAN, CORRUPT).apart for _ in range(2))
    streams = torch.randn(3, model.heads, 2, 5, model.d_model, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        found = apart.heads(1, streams)
        assert list(apart._columns.values()) != [None]
        whole_ones._columns = dict.fromkeys(apart._columns)
        expected = whole_ones.heads(1, streams)
    assert (found - expected).abs().max() < 1e-6 * expected.abs().max()  # a norm or a softmax may round to float32


@pytest.mark.parametrize(("family", "parts"), [("llama", llama_parts), ("gpt2", gpt2_parts)])
def test_with_zeros_as_the_base_a_circuit_gives_what_straight_line_code_gives(family, parts):
    module = build(family)
    pair = pair_of(unembed.wrap(module, name=family), CLEAN, CORRUPT, torch.zeros_like)
    edges = pair.graph.listed(pair.graph.edges)
    chosen = [random.Random(0).sample(edges, len(edges) // 3), []]
    with torch.no_grad():
        streams = flow(pair, torch.stack([pair.graph.mask(circuit) for circuit in chosen]))
        found = pair.model.unembed_normed(pair.model.norm(streams))
    zeros = {name: torch.zeros(len(CLEAN), pair.model.d_model).double() for name in pair.graph.senders}
    for circuit, logits in zip(chosen, found, strict=True):
        expected = circuit_logits(parts(module), CLEAN, CORRUPT, circuit, zeros)
        # The base is what is left when all that the corrupted run wrote is taken away again.
        assert (logits - expected).abs().max() < 1e-9 * max(1, float(expected.abs().max()))


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "phi", "mixtral"])
def test_whatever_the_base_the_whole_graph_is_the_clean_run_and_no_edge_is_the_base(family):
    model = unembed.wrap(build(family, layers=2), name=family)
    shift = torch.randn(2 * 4 + 2 + 1, len(CLEAN), model.d_model, generator=torch.Generator().manual_seed(0)).double()
    pair = pair_of(model, CLEAN, CORRUPT, lambda writes: writes + shift)
    kept = whole(pair.graph, 2).clone()
    kept[1] = False
    with torch.no_grad():
        full, empty = flow(pair, kept)
    size = pair.clean.final[-1].abs().max()
    assert (full - pair.clean.final[-1]).abs().max() < 1e-9 * size
    assert (empty - (pair.corrupt.final[-1] + shift[:, -1].sum(0))).abs().max() < 1e-9 * size


def test_the_graph_of_a_model_of_the_size_of_smollm2():
    graph = Graph((9,) * 30, (True,) * 30)
    assert (len(graph.senders), graph.size) == (301, 123_211)
    assert repr(graph) == "Graph(301 nodes, 123211 edges)"
    assert graph.senders[:3] == ("input", "a0.h0", "a0.h1")
    assert graph.readers[-2:] == ("m29", "logits")


def test_an_mlp_of_a_parallel_block_does_not_read_the_heads_beside_it():
    graph = graph_of(unembed.wrap(build("phi", layers=2), name="phi"))
    edges = graph.listed(graph.edges)
    assert ("a0.h1", "m1") in edges
    assert not [edge for edge in edges if edge[0].startswith("a1") and edge[1] == "m1"]
    with pytest.raises(unembed.InputError, match=r"a1.h0 -> m1 .m1 does not read a1.h0"):
        graph.mask([("a1.h0", "m1")])


@pytest.mark.parametrize(
    ("edge", "why"),
    [
        (("a9.h0", "m1"), "there is no sender a9.h0"),
        (("input", "m9"), "there is no reader m9"),
        (("input", "a1.h0"), "a1.h0 reads by <q>, <k> or <v>: say which"),
        (("a1.h0<q>", "m1"), "a1.h0<q> is a reader"),
        (("logits", "m1"), "there is no sender logits"),
        (("m1", "a0.h0<v>"), "a0.h0<v> does not read m1"),
    ],
)
def test_an_edge_that_is_none_is_named_with_the_reason(edge, why):
    graph = Graph((2, 2), (True, True))
    with pytest.raises(unembed.InputError) as error:
        graph.mask([("input", "logits"), edge])
    assert str(error.value).startswith(
        f"1 is no edge of this model, which has 2 layers of 2 heads: {' -> '.join(edge)}"
    )
    assert why in str(error.value)


def test_edges_on_no_path_from_the_input_to_the_logits_are_pruned():
    graph = Graph((1, 1), (True, True))
    path = [("input", "a0.h0<v>"), ("a0.h0", "m1"), ("m1", "logits")]
    dead = [("input", "m0"), ("m0", "a1.h0<q>"), ("a1.h0", "m1")]  # all of it is a path: m0, a1.h0, m1
    loose = [("a1.h0", "logits"), ("input", "a1.h0<k>")]
    assert graph.listed(graph.connected(graph.mask(path))) == sorted(path, key=lambda e: graph.readers.index(e[1]))
    assert int(graph.connected(graph.mask(path + dead)).sum()) == 6
    assert int(graph.connected(graph.mask([*path, ("m0", "logits"), ("input", "m1")])).sum()) == 4  # m0 is not reached
    assert int(graph.connected(graph.mask([*path, loose[1]])).sum()) == 3  # a1.h0 is not read
    assert int(graph.connected(graph.mask([("m0", "m1"), ("m1", "logits")])).sum()) == 0


def test_a_model_whose_heads_are_gated_is_refused_in_a_sentence():
    with pytest.raises(unembed.InputError, match="something multiplies what they mix"):
        graph_of(unembed.wrap(unknown("bitnet"), name="bitnet"))
