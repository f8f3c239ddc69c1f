"""`graph` on the command line: data, the view, and the files for other programs."""

import json
import math
from xml.etree import ElementTree

import pytest

import unembed
from builders.commands import valid
from builders.words import PROMPT

pytestmark = pytest.mark.usefixtures("own_cache")


def test_json_is_the_library_result(cli, folder):
    code, out, err = cli(
        "graph", PROMPT, "--target", "Paris", "--vs", "Rome", "--nodes", "9", "--rule", "relp", "--json"
    )
    assert (code, err) == (0, "")
    data = valid(out)
    found = unembed.graph(unembed.load(str(folder)), PROMPT, "Paris", versus="Rome", nodes=9, rule="relp").tested()
    assert [(n["id"], n["worth"], n["after"]) for n in data["nodes"]] == [
        (n.label, n.worth, n.after) for n in found.nodes
    ]
    assert [(e["from"], e["to"], e["worth"]) for e in data["edges"]] == [
        (e.source, e.target, e.worth) for e in found.edges
    ]
    listed = math.fsum(word["worth"] for word in data["words"]) + data["biases"]
    assert listed == pytest.approx(data["value"], abs=data["tolerance"])
    assert (data["sum"], data["error"], data["remainder"]) == (found.sum, found.error, found.remainder)
    for node in data["nodes"]:
        into = math.fsum(edge["worth"] for edge in data["edges"] if edge["to"] == node["id"])
        assert into == pytest.approx(node["worth"], abs=data["tolerance"])


def test_without_tests_nothing_is_removed(cli):
    data = valid(cli("graph", PROMPT, "--nodes", "4", "--no-test", "--json")[1])
    assert {node["after"] for node in data["nodes"]} == {None}
    assert data["agreement"] is None


def test_a_whole_answer_a_swap_and_the_reasons_of_heads_are_told(cli, folder):
    model = unembed.load(str(folder))
    data = valid(cli("graph", PROMPT, "--answer", " Paris Rome", "--nodes", "8", "--why", "2", "--json")[1])
    found = unembed.graph(model, PROMPT, answer=" Paris Rome", nodes=8)
    assert [token["position"] for token in data["answer"]] == list(found.asked.positions)
    assert math.fsum(token["value"] for token in data["answer"]) == pytest.approx(data["value"], abs=data["tolerance"])
    assert data["value"] == found.value
    heads = [node["id"] for node in data["nodes"] if node["kind"] == "head"]
    assert [why["id"] for why in data["why"]] == heads[:2]
    assert data["score"]["nodes"] == 8
    swapped = valid(cli("graph", PROMPT, "-t", "Paris", "--vs", "Rome", "--swap", "France=Rome", "--json")[1])
    assert swapped["value"] == pytest.approx(
        math.fsum(word["worth"] for word in swapped["words"]) + swapped["held"], abs=swapped["tolerance"]
    )
    assert swapped["base"] != swapped["value"]
    assert len(swapped["other_tokens"]) == len(swapped["tokens"])
    assert "swapped" in cli("graph", PROMPT, "-t", "Paris", "--vs", "Rome", "--swap", "France=Rome")[1]


def test_the_view_says_what_the_graph_is(cli):
    code, out, err = cli("graph", PROMPT, "--target", "Paris", "--nodes", "20", "--top", "5")
    assert (code, err) == (0, "")
    for said in (
        "GRAPH to",
        "= model ✓",
        "WORDS",
        "NODES",
        "removed",
        "SHOWN",
        "SCORE",
        "DELETION",
        "TESTED",
        "15 more nodes",
    ):
        assert said in out


def test_the_files_hold_every_node_and_edge(cli, tmp_path):
    paths = {kind: tmp_path / f"graph.{kind}" for kind in ("graphml", "neuronpedia", "svg")}
    words = [word for kind, path in paths.items() for word in (f"--{kind}", str(path))]
    code, out, err = cli("graph", PROMPT, "--nodes", "6", "--no-test", "--json", *words)
    assert code == 0
    assert err.count("wrote ") == 3
    data, space = valid(out), "{http://graphml.graphdrawing.org/xmlns}"
    root = ElementTree.parse(paths["graphml"]).getroot()
    edges = [(e.get("source"), e.get("target"), float(e[0].text or "")) for e in root.iter(f"{space}edge")]
    listed = [(e["from"], e["to"], e["worth"]) for e in data["edges"]]
    assert edges == listed
    names = {node.get("id") for node in root.iter(f"{space}node")}
    assert {node["id"] for node in data["nodes"]} | {"target", "others", "biases", "word 0"} <= names
    viewer = json.loads(paths["neuronpedia"].read_text())
    assert [(link["source"], link["target"], link["weight"]) for link in viewer["links"]] == listed
    assert {node["node_id"] for node in viewer["nodes"]} == names
    needed = {"node_id", "feature", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp"}
    assert all(needed <= node.keys() for node in viewer["nodes"])
    assert data["nodes"][0]["id"].split(" @")[0] in paths["svg"].read_text()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--by", "words"), "Expected nodes by head+neuron or head+mlp, found 'words'"),
        (("--rule", "half"), "Expected a rule of gate or relp, found 'half'"),
        (("--svg", "no/such/folder/graph.svg"), "Expected --svg to name a file in a folder that exists"),
        (("--exact", "--no-test"), "Expected --exact or --no-test, found both"),
        (("--answer", "Paris", "--vs", "Rome"), "A graph of a whole answer has its own tokens"),
        (("--swap", "France"), "Expected --swap to be WORD=OTHER"),
        (("--target", "Berlin"), "not in the vocabulary"),
    ],
)
def test_bad_input_is_one_message(cli, more, says):
    code, out, err = cli("graph", PROMPT, *more)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
