"""`circuit evaluate` on the command line: data, and the words of refusals."""

import json
from pathlib import Path

import pytest

import unembed
from builders.commands import valid
from builders.words import PROMPT
from unembed.methods.edges.circuit import evaluate_circuit
from unembed.methods.edges.find import Choice, find_circuit
from unembed.methods.edges.graph import graph_of
from unembed.methods.edges.tasks import read_prompts

pytestmark = pytest.mark.usefixtures("own_cache")
OTHER = "the capital of Rome is"
EDGES = [["input", "a0.h1<v>"], ["a0.h1", "m1"], ["input", "m1"], ["m1", "logits"]]
AGAINST = ("--target", "Paris", "--vs", "Rome")


@pytest.fixture
def evaluated(cli, tmp_path):
    """Evaluates what stands in a file of edges."""

    def run(edges, *more: str, clean: str = PROMPT, corrupt: str = OTHER, against: tuple[str, ...] = AGAINST):
        file = tmp_path / "edges.json"
        file.write_text(edges if isinstance(edges, str) else json.dumps(edges))
        return cli("circuit", "evaluate", "--clean", clean, "--corrupt", corrupt, *against, "--edges", str(file), *more)

    return run


def test_the_json_is_the_library_result_and_is_read_as_edges_again(evaluated, folder):
    code, out, err = evaluated(EDGES, "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    found = evaluate_circuit(model, PROMPT, OTHER, "Paris", "Rome", EDGES)
    assert data["schema"] == "unembed/circuit/1"
    assert data["metric"] == {"clean": found.clean, "corrupt": found.corrupt, "circuit": found.circuit}
    assert data["faithfulness"] == found.faithfulness
    assert data["nodes"] == ["input", "a0.h1", "m1", "logits"]
    assert sorted([edge["from"], edge["to"]] for edge in data["edges"]) == sorted(EDGES)
    graph = graph_of(model)
    assert data["graph"] == {"nodes": len(graph.senders), "edges": graph.size}
    assert valid(evaluated(out, "--json")[1])["faithfulness"] == data["faithfulness"]


def test_all_edges_are_faithful_and_none_are_not(evaluated, folder):
    graph = graph_of(unembed.load(str(folder)))
    whole = valid(evaluated(graph.listed(graph.edges), "--json", "--dtype", "float64")[1])
    assert whole["faithfulness"] == pytest.approx(1, abs=1e-9)  # rounding, over the difference of two logits
    assert valid(evaluated([], "--json")[1])["faithfulness"] == 0


@pytest.fixture
def prompts(tmp_path):
    file = tmp_path / "prompts.jsonl"
    pair = {"clean": PROMPT, "corrupt": OTHER, "target": "Paris", "vs": "new"}
    other = {"clean": "a new capital is", "corrupt": "a new Rome is", "target": "Paris", "vs": "of"}
    file.write_text("\n".join(json.dumps(each) for each in (pair, other, pair, other)))
    return str(file)


def test_find_json_is_the_library_result(cli, folder, prompts):
    code, out, err = cli("circuit", prompts, "--size", "5%", "--method", "eap", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    text = Path(prompts).read_text()
    found = find_circuit(unembed.load(str(folder)), read_prompts(text), Choice(size=0.05, method="eap"))
    assert [edge["score"] for edge in data["edges"]] == [edge.score for edge in found.edges]
    assert data["faithfulness"] == found.faithfulness
    assert [point["share"] for point in data["search"]["curve"]][-1] == 1
    assert data["search"]["prompts"] == len(data["pairs"]) == 2


def test_the_number_of_prompts_counts_for_a_file_too(cli, prompts):
    words = ("circuit", prompts, "--method", "eap", "--json")
    data = valid(cli(*words, "--prompts", "2", "--ablation", "zero")[1])
    assert (data["search"]["prompts"], len(data["pairs"]), data["search"]["ablation"]) == (1, 1, "zero")
    code, _, err = cli(*words, "-n", "5")
    assert (code, "has 4 pairs of prompts, and --prompts asks for 5" in err) == (2, True)


def test_other_forms_are_of_the_same_circuit(cli, prompts):
    words = ("circuit", "find", prompts, "--method", "eap")
    edges = valid(cli(*words, "--json")[1])["edges"]
    mib = json.loads(cli(*words, "--mib")[1])["edges"]
    assert sum(edge["in_graph"] for edge in mib.values()) == len(edges)
    assert cli(*words, "--graphml")[1].count("<edge ") == len(edges)
    assert "found --graphml and --mib" in cli(*words, "--graphml", "--mib")[2]


def test_the_view_says_what_was_found(evaluated):
    code, out, _ = evaluated(EDGES, "--top", "2")
    assert code == 0
    assert "faithfulness" in out
    assert "and 2 more" in out


@pytest.mark.parametrize(
    ("edges", "how", "says"),
    [
        ([["input", "m9"]], {}, "input -> m9 (there is no reader m9)"),
        ([["m1", "a0.h0<q>"]], {}, "a0.h0<q> does not read m1"),
        ([["input", 3]], {}, 'holds ["input", 3] as edge 0'),
        ({"nodes": []}, {}, "holds no edges"),
        ("no json", {}, "is no JSON"),
        (EDGES, {"corrupt": "the capital of new Rome is"}, "the same length, token by token"),
        (EDGES, {"corrupt": PROMPT}, "there is no difference"),
        (EDGES, {"against": ("--target", "Paris", "--vs", "Paris")}, "their logits do not differ"),
        (EDGES, {"against": ("--target", "the capital", "--vs", "Paris")}, "reads one token, but 'the capital' is 2"),
    ],
)
def test_bad_input_is_one_message(evaluated, edges, how, says):
    code, out, err = evaluated(edges, **how)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_the_old_way_to_ask_about_a_head_still_does(cli):
    words = ("--layer", "1", "--head", "2", "--json")
    assert cli("circuit", *words) == cli("circuit", "head", *words)
    assert valid(cli("circuit", *words)[1])["schema"] == "unembed/head-circuit/1"
