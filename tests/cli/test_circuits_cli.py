"""`paths`, `attended`, `circuit`, `composition`, `bigrams` on the command line: data, views, refusals."""

import math

import pytest

import unembed
from builders.commands import valid
from builders.words import PROMPT, WORDS
from unembed.methods.circuits.attention_score import attention_score
from unembed.methods.circuits.composition import composition_scores
from unembed.methods.circuits.paths import expand_paths

pytestmark = pytest.mark.usefixtures("own_cache")
HEAD = ("--layer", "1", "--head", "2")


def test_paths_json_is_the_library_result(cli, folder):
    code, out, err = cli("paths", PROMPT, "--target", "Paris", "--smallest", "0.02", "--open", "50", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    found = expand_paths(unembed.load(str(folder)), PROMPT, "Paris", smallest=0.02, open_at_most=50)
    assert [p["value"] for p in data["paths"]] == [p.value for p in found.paths]
    listed = math.fsum(p["value"] for p in data["paths"]) + math.fsum(data["constants"].values())
    assert listed + data["small"] + data["unopened"] == pytest.approx(data["value"], abs=data["tolerance"])


def test_attended_json_is_the_library_result(cli, folder):
    code, out, _ = cli("attended", PROMPT, *HEAD, "--source", "1", "--json")
    data = valid(out)
    found = attention_score(unembed.load(str(folder)), PROMPT, 1, 2, source=1)
    assert code == 0
    assert data["score"] == found.score
    assert len(data["pairs"]) == found.values.size
    assert [t["value"] for t in data["key_terms"]] == found.values.sum(0).tolist()


def test_composition_json_is_the_library_result(cli, folder):
    data = valid(cli("composition", "--kind", "key", "--top", "5", "--json")[1])
    best = composition_scores(unembed.load(str(folder))).top(5, "key")
    assert [pair["score"] for pair in data["pairs"]] == [pair.score for pair in best]
    only = valid(cli("composition", *HEAD, "--top", "500", "--json")[1])["pairs"]
    assert len(only) == 3 * 8  # four heads below, four above, three kinds
    assert all((1, 2) in ((p["first_layer"], p["first_head"]), (p["second_layer"], p["second_head"])) for p in only)


def test_circuit_and_bigrams_json_pass_their_schemas(cli, tmp_path):
    data = valid(cli("circuit", *HEAD, "--token", "France", "--skip-trigrams", "--json")[1])
    assert data["of_token"]["token"]["text"] == "France"
    assert len(data["skip_trigrams"]) == 20
    text = tmp_path / "text.txt"
    text.write_text(" ".join(WORDS[2:10] * 20))
    data = valid(cli("bigrams", "France", "--generate", "4", "--text", str(text), "--json")[1])
    assert len(data["generated"]) == 4
    assert data["text"]["bigrams"] == 159


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("paths", PROMPT, "--target", "Paris"), "= model ✓"),
        (("attended", PROMPT, *HEAD), "= model ✓"),
        (("circuit", *HEAD, "--token", "France", "--skip-trigrams"), "copying score"),
        (("composition", "--top", "3"), "random matrices"),
        (("bigrams", "France", "--generate", "3"), "GENERATED"),
    ],
)
def test_the_view_says_it_in_a_hundred_columns(cli, arguments, says):
    code, out, err = cli(*arguments)
    assert (code, err) == (0, "")
    assert says in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("circuit", "--layer", "9", "--head", "0"), "There is no layer 9"),
        (("attended", PROMPT, "--layer", "0", "--head", "9"), "There is no head 9"),
        (("attended", PROMPT, *HEAD, "--position", "1", "--source", "3"), "source 3 is after destination 1"),
        (("circuit", *HEAD, "--token", "the capital"), "Expected one token"),
        (("bigrams", "the capital"), "Expected one token"),
        (("bigrams", "Berlin"), "not in the vocabulary"),
        (("bigrams",), "Expected a token"),
        (("bigrams", "--text", "no such file"), "Cannot read"),
        (("composition", "--kind", "none"), "Expected --kind"),
        (("composition", "--head", "1"), "--head needs --layer"),
        (("composition", "--layer", "7"), "There is no layer 7"),
        (("paths", PROMPT, "--smallest", "2"), "0 < smallest < 1"),
    ],
)
def test_bad_input_is_one_message(cli, arguments, says):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_short_text_is_refused(cli, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("the capital of France")
    code, _, err = cli("bigrams", "--text", str(path))
    assert code == 2
    assert "at least 101 tokens" in err


def test_a_text_of_one_bigram_has_no_correlation(cli, tmp_path):
    path = tmp_path / "same.txt"
    path.write_text("the " * 120)
    code, out, _ = cli("bigrams", "--text", str(path), "--json")
    assert (code, valid(out)["text"]["correlation"]) == (0, None)
    code, out, _ = cli("bigrams", "--text", str(path))
    assert code == 0
    assert "correlation of logs undefined" in out
