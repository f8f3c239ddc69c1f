"""`unembed knowledge`: what it prints is what the library computes, and bad input is one message."""

import json

import pytest
import torch

import unembed
from builders.commands import run, valid
from builders.words import PROMPT
from unembed.methods.knowledge.attribution import LayerPath, NeuronPath, attribute
from unembed.methods.knowledge.evaluate import evaluate
from unembed.methods.knowledge.facts import read_facts
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.neurons import Criteria

pytestmark = pytest.mark.usefixtures("own_cache")
FACTS = """
relation: capital
description: capitals
templates: ["the capital of {subject} is", "{subject} the capital is"]
facts:
  - {subject: France, answer: Paris}
  - {subject: Rome, answer: new}
"""


@pytest.fixture
def facts_file(tmp_path) -> str:
    path = tmp_path / "facts.yaml"
    path.write_text(FACTS)
    return str(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), {}),
        (("--quadrature", "riemann", "--steps", "20"), {"path": LayerPath("riemann", 20)}),
        (("--path", "neuron"), {"path": "neuron"}),
        (("--path", "neuron", "--candidates", "9"), {"path": NeuronPath(9)}),
    ],
)
def test_attribute_json_is_the_library_result(cli, folder, options, words) -> None:
    code, out, err = cli("knowledge", "attribute", PROMPT, "--target", "Paris", "--top", "0", "--json", *options)
    assert (code, err) == (0, "")
    data = valid(out)
    result = attribute(unembed.load(str(folder)), PROMPT, "Paris", **words)
    scores = result.ranked()
    assert [(a["layer"], a["neuron"]) for a in data["attributions"]] == [(s.layer, s.neuron) for s in scores]
    assert [a["value"] for a in data["attributions"]] == [s.value for s in scores]
    assert [a["activation"] for a in data["attributions"]] == [s.activation for s in scores]
    some = words.get("path") == NeuronPath(9)
    assert len(scores) == (9 if some else 3 * 48)
    assert [(x["layer"], x["sum"], x["change"], x["error"]) for x in data["layers"]] == [
        (x.layer, x.sum, x.change, x.error) for x in result.layers
    ]
    for layer in data["layers"]:
        if some:
            assert (layer["sum"], layer["error"]) == (None, None)
        else:
            assert layer["error"] == pytest.approx(layer["sum"] - layer["change"], abs=1e-12)
    assert (data["computed"], data["complete"]) == (len(scores), True)
    assert data["probability"] == result.probability


def test_attribute_lists_the_top_and_keeps_all_layers(cli) -> None:
    data = valid(cli("knowledge", "attribute", PROMPT, "--target", "Paris", "--top", "4", "--json")[1])
    assert len(data["attributions"]) == 4
    assert [x["layer"] for x in data["layers"]] == [0, 1, 2]


def test_attribute_from_the_mean_of_a_text(cli, folder, tmp_path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the capital of Rome\n\na new capital\n")
    options = ("--baseline", "mean", "--text", str(text), "--top", "3", "--json")
    data = valid(cli("knowledge", "attribute", PROMPT, "--target", "Paris", *options)[1])
    model = unembed.load(str(folder))
    from unembed.methods.knowledge.attribution import mean_activations

    means = mean_activations(model, ["the capital of Rome", "a new capital"])
    expected = attribute(model, PROMPT, "Paris", baseline=means).ranked(3)
    assert [a["value"] for a in data["attributions"]] == [s.value for s in expected]
    assert data["baseline"] == "mean"


def test_find_json_is_the_library_result(cli, folder, facts_file) -> None:
    data = valid(cli("knowledge", "find", facts_file, "--t", "0.3", "--p", "0.5", "--share", "0.5", "--json")[1])
    relation = read_facts(facts_file)[0]
    found = find(unembed.load(str(folder)), relation, criteria=Criteria(0.3, 0.5, 0.5))
    for entry, expected in zip(data["facts"], found.facts, strict=True):
        assert entry["subject"] == expected.fact.subject
        for name in ("kept", "refined"):
            mine = {(n["layer"], n["neuron"]) for n in entry[name]}
            assert mine == {(n.layer, n.neuron) for n in getattr(expected, name)}
        assert entry["probabilities"] == list(expected.probabilities)


def test_find_passes_its_options_on_and_goes_on_from_a_folder(cli, folder, facts_file, tmp_path) -> None:
    kept = tmp_path / "kept"
    options = ("--quadrature", "riemann", "--steps", "3", "--keep", str(kept), "--json")
    data = valid(cli("knowledge", "find", facts_file, *options)[1])
    path = LayerPath("riemann", 3)
    found = find(unembed.load(str(folder)), read_facts(facts_file)[0], path=path, keep=kept)
    assert len(list(kept.iterdir())) == 4  # the library found the very files, and made no other
    assert [len(entry["kept"]) for entry in data["facts"]] == [len(entry.kept) for entry in found.facts]
    assert (data["complete"], data["planned"], data["floor"]) == (True, 2, 0.01)
    code, _, err = cli("knowledge", "find", facts_file, "--candidates", "3")
    assert code != 0
    assert "Candidates belong to the neuron path" in err
    code, _, err = cli("knowledge", "find", facts_file, "--only", "known")
    assert code != 0
    assert "No fact of capital is left." in err
    assert "2 facts are left out: the model does not give the answer to half of the prompts." in err


def test_evaluate_json_is_the_library_result(cli, folder, tmp_path) -> None:
    words = ("France", "Rome", "Paris", "new")
    facts = "".join(f"  - {{subject: {a}, answer: {b}}}\n" for a, b in zip(words, words[::-1], strict=True))
    path = tmp_path / "facts.yaml"
    path.write_text(FACTS.partition("facts:")[0] + "facts:\n" + facts)
    options = ("--steps", "2", "--limit", "3", "--seed", "1")
    code, out, err = cli("knowledge", "evaluate", str(path), *options, "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    (relation,) = read_facts(path)
    model, way = unembed.load(str(folder)), LayerPath(steps=2)
    found = evaluate(model, [relation.of(relation.facts[:3])], path=way, seed=1)
    assert data == json.loads(json.dumps(found.to_dict()))
    lines = cli("knowledge", "evaluate", str(path), *options)[1].splitlines()
    assert "KNOWLEDGE NEURONS evaluated on 1 fact" in "\n".join(lines[:2]), "beside the model, or below a long path"
    code, _, err = cli("knowledge", "evaluate", str(path), "--relation", "king")
    assert code != 0
    assert "holds the relations capital, and no 'king'" in err


def test_terminal_views_hold_the_numbers(cli, facts_file) -> None:
    out = cli("knowledge", "attribute", PROMPT, "--target", "Paris", "--top", "3")[1]
    assert "KNOWLEDGE of Paris" in out
    assert out.count(".N") == 3
    assert all(len(line) <= 100 for line in out.splitlines())
    out = cli("knowledge", "find", facts_file)[1]
    assert "France Paris" in out
    assert "the relation's neurons" in out


def test_find_says_what_the_model_does_not_know_and_that_one_fact_is_not_refined(cli, folder, facts_file) -> None:
    model = unembed.load(str(folder))
    data = valid(cli("knowledge", "find", facts_file, "--json")[1])
    for entry in data["facts"]:
        for prompt, top in zip(entry["prompts"], entry["top"], strict=True):
            ids = model.tokenizer(prompt)["input_ids"]
            best = int(model.module(torch.tensor([ids])).logits[0, -1].argmax())
            assert top == (model.tokenizer.decode([best]) == entry["answer"])
    unknown = [f"{e['subject']} ({e['answer']})" for e in data["facts"] if 2 * sum(e["top"]) < len(e["top"])]
    assert unknown
    assert f"the model does not know {len(unknown)} of 2 facts: {', '.join(unknown)}." in data["notes"][0]
    assert len(data["notes"]) == 1
    alone = valid(cli("knowledge", "find", facts_file, "--subject", "Rome", "--limit", "1", "--json")[1])
    assert "there is only one fact, so nothing is refined" in alone["notes"][-1]
    assert "note: there is only one fact" in cli("knowledge", "find", facts_file, "--limit", "1")[1]


def test_ctrl_c_prints_the_neurons_that_are_finished_and_exits_with_130(cli, monkeypatch) -> None:
    import unembed.methods.knowledge.integrated_gradients as paths
    from unembed.errors import Interrupted

    count = paths.counterfactuals

    def half(run, interventions, *args, **how):
        values = count(run, interventions, *args, **how)
        if len(interventions) > 3:  # not those of the three layers
            raise Interrupted(torch.where(torch.arange(len(values)) < 60, values, torch.nan))
        return values

    monkeypatch.setattr(paths, "counterfactuals", half)
    command = ("knowledge", "attribute", PROMPT, "--target", "Paris", "--path", "neuron")
    code, out, err = cli(*command)
    assert (code, err) == (130, "unembed: interrupted\n")
    assert "INTERRUPTED: 60 of 144 neurons are finished" in out
    code, out, _ = cli(*command, "--top", "0", "--json")
    data = valid(out)
    assert (code, data["complete"], data["computed"], data["planned"]) == (130, False, 60, 144)
    assert len(data["attributions"]) == 60
    assert [layer["sum"] is None for layer in data["layers"]] == [False, True, True]


def test_facts_lists_what_ships(monkeypatch, capsys) -> None:
    code, out, _ = run(monkeypatch, capsys, "knowledge", "facts", "--json")
    assert code == 0
    names = {entry["name"]: entry["facts"] for entry in json.loads(out)["relations"]}
    assert {"capital", "language", "currency", "inventor", "sport"} <= set(names)
    assert all(count >= 25 for count in names.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("attribute", PROMPT, "--target", "Paris", "--path", "up"), "Expected a path of layer or neuron"),
        (("attribute", PROMPT, "--target", "Paris", "--baseline", "one"), "Expected a baseline of zero or mean"),
        (("attribute", PROMPT, "--target", "Paris", "--text", "FILE"), "--text is for the mean"),
        (("attribute", PROMPT, "--target", "Paris", "--path", "neuron", "--steps", "4"), "The neuron path is exact"),
        (("attribute", PROMPT, "--target", "Paris", "--candidates", "4"), "Candidates belong to the neuron path"),
        (("attribute", PROMPT, "--target", "Paris", "--memory", "1 TB"), "in bytes, kB, MB, GB, KiB, MiB or GiB"),
        (("attribute", PROMPT, "--target", "Paris", "--memory", "12"), "budget of 12 bytes is too small"),
        (("find", "FILE", "--t", "nan"), "Expected t above 0 and at most 1, found nan"),
        (("find", "FILE", "--p", "0"), "Expected p above 0 and at most 1, found 0"),
        (("find", "FILE", "--share", "1.5"), "Expected share between 0 and 1, found 1.5"),
        (("memory", "L1.N2", "--neurons", "3"), "--neurons is of a layer"),
        (("attribute", PROMPT, "--target", "Atlantis"), "not in the vocabulary"),
        (("attribute", "", "--target", "Paris"), "prompt is empty"),
        (("attribute", PROMPT, "--target", "Paris", "--memory", "lots"), "Expected an amount of memory"),
        (("attribute", PROMPT, "--target", "Paris", "--memory", "1kB"), "too small for one intervention"),
        (("find",), "Expected a file of facts, or --relation NAME"),
        (("find", "--relation", "spouse"), "No relation 'spouse' ships"),
        (("find", "FILE", "--subject", "Atlantis"), "There is no fact about 'Atlantis'"),
        (("find", "FILE", "--t", "3"), "Expected t above 0 and at most 1"),
        (("find", "no-such-file.yaml"), "no-such-file.yaml"),
    ],
)
def test_bad_input_is_one_message(cli, facts_file, arguments, message) -> None:
    code, out, err = cli("knowledge", *(facts_file if a == "FILE" else a for a in arguments))
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
