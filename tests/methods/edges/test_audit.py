"""The referee: scores of other tools are read as they are meant, and measured as our own are."""

import json

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.edges.audit import audit_circuit
from unembed.methods.edges.circuit import evaluate_circuit
from unembed.methods.edges.find import Choice, best, find_circuit
from unembed.methods.edges.foreign import read_scores
from unembed.methods.edges.forms import mib_json
from unembed.methods.edges.graph import Graph
from unembed.methods.edges.tasks import PromptPair

PAIRS = [
    PromptPair("the capital of France is", "the capital of Rome is", "Paris", "new"),
    PromptPair("a capital of France is", "a capital of Rome is", "Paris", "new"),
]
GRAPH = Graph((2, 2), (True, True))


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama", layers=2), make_tokenizer())


def test_what_we_wrote_for_mib_is_measured_as_it_was(model):
    """One pair scores, tries and measures, so the audit of a circuit says of it what its search said."""
    found = find_circuit(model, PAIRS[:1], Choice(method="eap", size=0.2))
    given = read_scores(mib_json(found), found.graph)
    assert given.form == "MIB"
    audited = audit_circuit(model, given, PAIRS[:1])
    assert [(e.sender, e.reader) for e in audited.edges] == [(e.sender, e.reader) for e in found.edges]
    assert (audited.search.method, audited.search.prompts, audited.search.stability) == ("given", 0, None)
    for value in ("faithfulness", "clean", "corrupt"):
        assert getattr(audited, value) == pytest.approx(getattr(found, value), abs=1e-6)  # other circuits beside it
    assert audited.search.others == pytest.approx(found.search.others, abs=1e-6)


def test_parts_of_a_table_are_all_edges_between_the_best(model):
    graph = find_circuit(model, PAIRS[:1], Choice(method="eap")).graph
    given = read_scores("part,score\nL0.H1,2\nblocks.1.hook_mlp_out,-3\n", graph)
    assert given.kept is None
    assert given.scores.tolist() == [{"a0.h1": 2.0, "m1": -3.0}.get(name, 0.0) for name in graph.senders]
    audited = audit_circuit(model, given, PAIRS, Choice(size=8 / graph.size))
    kept = best(graph, given.scores, 8 / graph.size)
    assert [(e.sender, e.reader) for e in audited.edges] == graph.listed(kept)
    assert {"a0.h1", "m1"} <= set(audited.nodes)
    alone = evaluate_circuit(model, PAIRS[1].clean, PAIRS[1].corrupt, "Paris", "new", graph.listed(kept))
    assert audited.pairs[0].circuit == pytest.approx(alone.circuit, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a1.h0", "a1.h0"),
        ("L1.H0", "a1.h0"),
        ("1.0", "a1.h0"),
        ("blocks.1.attn.hook_result.0", "a1.h0"),
        ("blocks.1.attn.hook_z[1]", "a1.h1"),
        ("layer 1 head 1", "a1.h1"),
        ("m1", "m1"),
        ("L1 mlp", "m1"),
        ("MLP 0", "m0"),
        ("blocks.0.hook_mlp_out", "m0"),
        ("hook_embed", "input"),
        ("logits", "logits"),
        ("L2.H0", None),
        ("m9", None),
        ("neuron", None),
    ],
)
def test_parts_are_known_by_the_names_that_tools_give_them(name, part):
    if part is None:
        with pytest.raises(unembed.InputError, match=f"does not have: {name}"):
            read_scores(f"part\n{name}\n", GRAPH)
    else:
        kept = read_scores(f"part,score\n{name},1\nm0,2\n", GRAPH).scores
        expected = torch.tensor([float(sender == part) + 2 * (sender == "m0") for sender in GRAPH.senders])
        assert torch.equal(kept, expected.double())


def scored(given) -> dict[tuple[str, str], float]:
    return {
        edge: float(given.scores[GRAPH.readers.index(edge[1]), GRAPH.senders.index(edge[0])])
        for edge in GRAPH.listed(given.scores != 0)
    }


def test_edges_are_read_from_json_and_tables():
    expected = {("a0.h1", "m1"): 2.0, ("input", "a1.h0<k>"): -1.0}
    rows = [["a0.h1", "m1", 2], ["input", "a1.h0<k>", -1]]
    assert scored(read_scores(json.dumps(rows), GRAPH)) == expected
    assert read_scores(json.dumps(rows), GRAPH).kept is None
    objects = [{"from": a, "to": b, "score": value} for a, b, value in rows]
    assert scored(read_scores(json.dumps({"edges": objects}), GRAPH)) == expected
    table = "source,target,weight\n" + "\n".join(f"{a},{b},{value}" for a, b, value in rows)
    assert scored(read_scores(table, GRAPH)) == expected
    given = read_scores('[["m0", "L1.H1"]]', GRAPH)
    assert given.kept is not None  # without scores it is a circuit
    assert GRAPH.listed(given.kept) == [("m0", f"a1.h1<{kind}>") for kind in "qkv"]
    assert read_scores(table, GRAPH).kept is None
    assert scored(given) == {("m0", f"a1.h1<{kind}>"): 1.0 for kind in "qkv"}


def test_in_the_json_of_mib_the_graph_that_is_told_is_the_circuit():
    data = {"edges": {"input->m0": {"score": 1.5, "in_graph": False}, "m0->logits": {"score": -0.5, "in_graph": True}}}
    given = read_scores(json.dumps(data), GRAPH)
    assert scored(given) == {("input", "m0"): 1.5, ("m0", "logits"): -0.5}
    assert given.kept is not None
    assert GRAPH.listed(given.kept) == [("m0", "logits")]


def test_features_of_a_graph_are_worth_what_leaves_them_and_stand_for_their_mlp():
    nodes = [
        {"node_id": "E_12_3", "feature_type": "embedding", "layer": "E"},
        {"node_id": "0_77_3", "feature_type": "cross layer transcoder", "layer": "0"},
        {"node_id": "0_78_3", "feature_type": "cross layer transcoder", "layer": "0"},
        {"node_id": "L1.H1 @ 3", "feature_type": "head", "layer": "1"},
        {"node_id": "27_5_3", "feature_type": "logit", "layer": "2"},
    ]
    weights = [
        ("E_12_3", "0_77_3", 4.0),
        ("0_77_3", "27_5_3", -2.0),
        ("0_78_3", "27_5_3", 1.0),
        ("L1.H1 @ 3", "27_5_3", 0.5),
    ]
    links = [{"source": a, "target": b, "weight": weight} for a, b, weight in weights]
    given = read_scores(json.dumps({"nodes": nodes, "links": links}), GRAPH)
    assert dict(zip(GRAPH.senders, given.scores.tolist(), strict=True)) == {
        "input": 4.0, "a0.h0": 0.0, "a0.h1": 0.0, "m0": 3.0, "a1.h0": 0.0, "a1.h1": 0.5, "m1": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "begins as JSON does, and is none"),
        ("{}", "holds no scores"),
        ("[]", "has no edges"),
        ('[["input", "m7"]]', "2 layers with 2 heads, does not have: input -> m7"),
        ('[["m1", "m0"]]', "does not have: m1 -> m0"),
        ('[["input", "m0", "much"]]', "the score 'much': expected a finite number"),
        ('{"edges": {"input->m0": {"score": NaN}}}', "expected a finite number"),
        ('{"edges": {"input-m0": {"score": 1}}}', "names an edge 'input-m0'"),
        ('{"nodes": [], "links": [{"source": "x", "target": "y"}]}', "leaves none of its nodes"),
        ("part,score\nL9.H9,1\n", "does not have: L9.H9"),
        ("colour,score\nred,1\n", "has the columns colour, score"),
        ("one line", "neither JSON nor a table"),
    ],
)
def test_what_is_no_score_of_this_model_is_refused_in_a_sentence(text, says):
    with pytest.raises(unembed.InputError, match=says):
        read_scores(text, GRAPH)


def test_an_audit_needs_prompts(model):
    given = read_scores('[["input", "m0"], ["m0", "logits"]]', find_circuit(model, PAIRS[:1]).graph)
    with pytest.raises(unembed.InputError, match="There are no prompts"):
        audit_circuit(model, given, [])
    assert torch.equal(given.scores, given.scores.abs())
