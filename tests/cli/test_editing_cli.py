"""`unembed knowledge suppress`, `amplify`, `update`, `erase`, `memory`, and `--edits` on every command."""

import pytest

import unembed
from builders.commands import valid
from builders.words import PROMPT, save_tiny
from unembed.methods.knowledge.editing import suppress
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.weight_edits import applied, load_edits, save_edits

pytestmark = pytest.mark.usefixtures("own_cache")
FACTS = """
relation: capital
templates: ["the capital of {subject} is", "{subject} the capital is", "is {subject}"]
facts:
  - {subject: France, answer: Paris}
  - {subject: Rome, answer: new}
"""
NEURONS = ("L1.N3", "L2.N40")
OWN = ("--relation", "capital", "--subject", "France")


@pytest.fixture
def facts(tmp_path, monkeypatch) -> str:
    """Facts of a dozen words; they stand for the shipped ones as well, whose words the tiny model does not have."""
    path = tmp_path / "facts.yaml"
    path.write_text(FACTS)
    (mine,) = unembed.methods.knowledge.facts.read_facts(path)
    other = unembed.methods.knowledge.facts.Relation(
        "other", "", (), (unembed.methods.knowledge.facts.Fact("other", "a", "of", ("a new", "a is a")),)
    )
    for module in ("comparison", "asking"):
        monkeypatch.setattr(f"unembed.methods.knowledge.{module}.facts_for", lambda _: (mine, other))
    return str(path)


def test_suppress_reports_and_saves_what_the_library_does(cli, folder, facts, tmp_path) -> None:
    saved = tmp_path / "edits"
    args = ("suppress", *NEURONS, "--facts", facts, "--subject", "France", "--save", str(saved), "--json")
    code, out, err = cli("knowledge", *args)
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    edits = suppress(model, [Neuron(1, 3), Neuron(2, 40)])
    own = [("the capital of France is", " Paris"), ("France the capital is", " Paris"), ("is France", " Paris")]

    def mean() -> float:
        asked = [unembed.engine.measures.question(model, *pair) for pair in own]
        return sum(answer.probability for answer in unembed.methods.knowledge.report.answers(model, asked)) / 3

    before = mean()
    with applied(model, edits):
        after = mean()
    group = data["effects"]["own"]
    assert (group["before"], group["after"]) == (pytest.approx(before, rel=1e-6), pytest.approx(after, rel=1e-6))
    assert group["change"] == pytest.approx(after / before - 1, rel=1e-4)
    assert data["effects"]["related"]["prompts"] == data["effects"]["unrelated"]["prompts"] == 1
    assert data["control"]["own"]["prompts"] == 3
    assert data["neurons"] == [
        {"layer": 1, "expert": None, "neuron": 3, "encoder": False},
        {"layer": 2, "expert": None, "neuron": 40, "encoder": False},
    ]
    assert data["saved"] == str(saved)
    assert load_edits(saved, model).description == data["description"] == "suppress 2 neurons (L1.N3, L2.N40)"
    assert data["model"]["edits"] == []


COMMANDS = (
    ("explain", PROMPT, "--no-test"),
    ("lens", PROMPT),
    ("attention", PROMPT),
    ("generate", PROMPT, "--tokens", "2"),
    ("ablate", PROMPT),
    ("patch", PROMPT, "the capital of Rome is", "--target", "Paris", "--vs", "a"),
    ("trace", PROMPT, "--subject", "France"),
    ("steer", PROMPT, "--toward", "a new Rome", "--away", "the capital of", "--layer", "1"),
    ("knowledge", "attribute", PROMPT, "--target", "Paris"),
    ("knowledge", "memory", "L1.N3"),
    ("knowledge", "amplify", "L1.N4"),
)


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[1] if args[0] == "knowledge" else args[0])
def test_every_command_takes_edits_and_says_so(cli, folder, facts, tmp_path, args) -> None:
    model = unembed.load(str(folder))
    for name in ("one", "two"):
        save_edits(suppress(model, [Neuron(1, n) for n in range(3, 9)]), tmp_path / name)
    used = ("--edits", str(tmp_path / "one"), "--edits", str(tmp_path / "two"))
    code, out, err = cli(*args, "--json", *used)
    assert (code, err) == (0, "")
    edited = valid(out)
    assert edited["model"]["edits"] == ["suppress 6 neurons (L1.N3, L1.N4, L1.N5, …)"] * 2
    plain = valid(cli(*args, "--json")[1])
    assert plain["model"]["edits"] == []
    assert edited["model"]["weights_sha256"] == plain["model"]["weights_sha256"]
    if args[0] != "generate":  # two tokens may well be the same
        assert {**edited, "model": None} != {**plain, "model": None}
        assert "+ 2 edits" in cli(*args, *used)[1].splitlines()[0]


@pytest.mark.parametrize("how", [(), ("--explain",)])
def test_a_generated_text_is_told_to_be_of_an_edited_model(cli, folder, tmp_path, how) -> None:
    edits = suppress(unembed.load(str(folder)), [Neuron(1, 3)])
    save_edits(edits, tmp_path / "edits")
    words = ("generate", PROMPT, "--tokens", "2", *how)
    assert cli(*words)[2] == ""
    assert (
        cli(*words, "--edits", str(tmp_path / "edits"))[2]
        == f"unembed: an edit of the weights is on: {edits.description}\n"
    )


def test_edited_numbers_are_those_of_the_edited_module(cli, folder, tmp_path) -> None:
    model = unembed.load(str(folder))
    edits = suppress(model, [Neuron(1, n) for n in range(20)])
    save_edits(edits, tmp_path / "edits")
    data = valid(cli("explain", PROMPT, "--no-test", "--json", "--edits", str(tmp_path / "edits"))[1])
    with applied(model, edits):
        result = unembed.explain(model, PROMPT, test=False)
    assert data["target"]["logit"] == result.target.logit
    assert data["target"]["logit"] != unembed.explain(model, PROMPT, test=False).target.logit


def test_edits_for_another_model_exit_with_3(cli, folder, tmp_path) -> None:
    save_tiny(tmp_path / "other", seed=5)
    other = unembed.load(str(tmp_path / "other"))
    save_edits(suppress(other, [Neuron(0, 1)]), tmp_path / "edits")
    code, out, err = cli("explain", PROMPT, "--edits", str(tmp_path / "edits"))
    assert (code, out) == (3, "")
    assert f"were made for other weights: of {tmp_path / 'other'}" in err


def test_update_is_made_with_one_half_and_judged_on_the_other(cli, facts, tmp_path) -> None:
    saved = tmp_path / "edits"
    args = (facts, "--subject", "France", "--to", "Rome", "--save", str(saved), "--json")
    data = valid(cli("knowledge", "update", *args)[1])
    assert (data["method"], data["to"], data["layers"], data["neurons"]) == ("rome", "Rome", [0], [])
    assert data["effects"]["new"]["prompts"] == 2
    assert data["effects"]["unseen"]["prompts"] == 1
    assert data["effects"]["new"]["after"] > data["effects"]["new"]["before"]
    assert data["control"]["new"]["after"] < data["effects"]["new"]["after"]
    assert data["notes"] == []
    assert saved.stat().st_size < 4000
    whole = valid(cli("knowledge", "update", *args[:-3], "--json", "--all-prompts", "--layer", "1")[1])
    assert (whole["layers"], whole["effects"]["unseen"], whole["saved"]) == ([1], None, None)
    assert "whether it holds on unseen ones is not tested" in whole["notes"][0]
    value = valid(cli("knowledge", "update", *args[:-3], "--json", "--method", "value", "--neuron", "L2.N7")[1])
    assert (value["layers"], value["effects"]["new"]["prompts"]) == ([2], 2)
    assert value["control"] is not None


def test_found_neurons_are_edited_where_none_are_named(cli, facts) -> None:
    args = ("--facts", facts, "--subject", "France", "--t", "0.05", "--p", "0.3", "--share", "1", "--json")
    code, out, err = cli("knowledge", "amplify", *args)
    assert (code, err) == (0, "")
    data = valid(out)
    found = valid(cli("knowledge", "find", facts, "--t", "0.05", "--p", "0.3", "--share", "1", "--json")[1])
    assert data["neurons"] == found["facts"][0]["refined"] != []
    erased = valid(cli("knowledge", "erase", "capital", "--facts", facts, "--t", "0.05", "--p", "0.3", "--json")[1])
    assert erased["neurons"] == found["shared"] != []
    assert erased["effects"]["own"]["prompts"] == 2
    assert erased["effects"]["related"] is None


def test_memory_of_a_layer_and_of_neurons(cli, facts, tmp_path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the capital of France is Paris\n\na new Rome is a\nof Rome\n")
    data = valid(cli("knowledge", "memory", "L1", "--neurons", "3", "--top", "2", "--text", str(text), "--json")[1])
    assert [len(n["triggers"]) for n in data["neurons"]] == [2, 2, 2]
    assert (data["passages"], data["positions"]) == (3, 10)
    first = data["neurons"][0]
    named = valid(cli("knowledge", "memory", f"L1.N{first['neuron']}", "--top", "2", "--text", str(text), "--json")[1])
    assert named["neurons"] == [first]


VIEWS = (
    ("suppress", *NEURONS, "--subject", "France", "--facts"),
    ("update", "--subject", "France", "--to", "Rome"),
    ("memory", "L1.N3", "L2.N7"),
    ("memory", "L1"),
    ("amplify", "L0.N30", "L1.N33", "L1.N34", "L1.N35", "L2.N36"),
)


@pytest.mark.parametrize("args", VIEWS, ids=range(len(VIEWS)))
def test_views_keep_their_width(cli, facts, args) -> None:
    needs = args[-1] == "--facts" or args[0] == "update"
    code, out, err = cli("knowledge", *args, *([facts] if needs else []))
    assert (code, err) == (0, "")
    assert 0 < max(map(len, out.splitlines())) <= 100


BAD = {
    "no neuron": (["suppress"], "Expected neurons such as L24.N1005, or a fact"),
    "only a subject": (["suppress", "L1.N2", "--subject", "France"], "or a fact: --relation NAME --subject SUBJECT"),
    "no such neuron": (["suppress", "L1.N99"], "There is no neuron 99 in layer 1: expected 0 to 47"),
    "no such layer": (["amplify", "L9.N1"], "There is no layer 9"),
    "an expert where there is none": (["amplify", "L1.E2.N1"], "There is no expert 2 in layer 1"),
    "no neuron's name": (["suppress", "neuron5"], "found 'neuron5'"),
    "which fact": (["suppress", "--facts", "FACTS"], "capital has 2 facts: choose one with --subject (France, Rome"),
    "no such subject": (["suppress", "--facts", "FACTS", "--subject", "a"], "There is no fact about 'a' in capital"),
    "no such relation": (["erase", "colour"], "No relation 'colour' ships with unembed"),
    "update to itself": (["update", "FACTS", "--subject", "France", "--to", "Paris"], "is the answer already"),
    "update to nothing": (["update", "FACTS", "--subject", "France", "--to", ""], "The new answer is empty"),
    "update to an unknown word": (["update", "FACTS", "--subject", "France", "--to", "Xyzzy"], "not in the vocabulary"),
    "t beside named neurons": (["suppress", "L1.N2", "--t", "0.1"], "leave --t, --p, --share and --limit out"),
    "t that is NaN": (["amplify", "--facts", "FACTS", "--subject", "France", "--t", "nan"], "Expected t above 0"),
    "limit for ROME": (
        ["update", "FACTS", "--subject", "France", "--to", "a", "--limit", "2"],
        "ROME edits a layer and looks for no neurons",
    ),
    "strength for ROME": (
        ["update", "FACTS", "--subject", "France", "--to", "a", "--strength", "2"],
        "ROME has no strength",
    ),
    "a text of single tokens": (["amplify", "L1.N2", "--text", "WORDS"], "a passage of two tokens or more"),
    "edits without a name": (["amplify", "L1.N2", "--edits", ""], "Expected the path of a file of edits, found an"),
    "method": (["update", "FACTS", "--subject", "France", "--to", "a", "--method", "mend"], "found 'mend'"),
    "layer": (["update", "FACTS", "--subject", "France", "--to", "a", "--layer", "3"], "no layer 3"),
    "no text": (["memory", "L1.N2", "--text", "nothing.txt"], "Cannot read nothing.txt"),
    "memory of no layer": (["memory", "L7"], "There is no layer 7"),
    "memory of two layers": (["memory", "L1", "L2"], "Expected one layer, or neurons"),
    "memory of words": (["memory", "everything"], "found 'everything'"),
    "no edit file": (["amplify", "L1.N2", "--edits", "nothing"], "There is no file of edits nothing"),
    "no folder to save in": (["amplify", "L1.N2", "--save", "no/such/folder"], "Cannot write"),
    "nothing found": (
        ["suppress", "--facts", "FACTS", "--subject", "France", "--t", "1"],
        "No neuron is France's own",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message_and_exit_code_2(cli, facts, tmp_path, name) -> None:
    args, message = BAD[name]
    words = tmp_path / "words.txt"
    words.write_text("the\n\nRome\n")
    files = {"FACTS": facts, "WORDS": str(words)}
    code, out, err = cli("knowledge", *[files.get(arg, arg) for arg in args])
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("unembed: ")
