"""`words` on the command line: JSON is the library's result, lines of every width, refusals."""

import math
from dataclasses import replace

import pytest
from rich.cells import cell_len

import unembed
from builders.commands import valid
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.view.glyphs import percent
from unembed.view.payloads import payload_of
from unembed.view.terminal.paper import Paper, fitted
from unembed.view.terminal.words import words_lines

PROMPT = "the capital of France is"
CHAT = "{% for m in messages %}<s> {{ m['role'] }} {{ m['content'] }} {% endfor %}"


def test_json_is_the_library_result(cli, folder) -> None:
    code, out, err = cli("words", PROMPT, "--target", "Paris", "--shapley", "--pairs", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    found = unembed.words(unembed.load(str(folder)), PROMPT, "Paris", shapley=True, pairs=True)
    assert found.shapley is not None
    assert [(u["text"], u["positions"], u["start"], u["end"]) for u in data["units"]] == [
        ("the", [0], 0, 3),
        ("capital", [1], 4, 11),
        ("of", [2], 12, 14),
        ("France", [3], 15, 21),
        ("is", [4], 22, 24),
    ]
    assert [u["effect"] for u in data["units"]] == [u.effect for u in found.units]
    assert [u["mark"] for u in data["units"]] == ["first", None, None, None, "last"]
    base = data["value"]["log_probability"]
    assert all(u["effect"] == pytest.approx(base - u["log_probability_without"], abs=1e-12) for u in data["units"])
    assert data["value"]["probability"] == pytest.approx(math.exp(base), rel=1e-12)
    assert (data["how"], data["by"], data["target"]["text"], data["keep_sink"]) == ("delete", "word", "Paris", None)
    assert [s["value"] for s in data["shapley"]] == [*(v.value for v in found.shapley.values), 0.0]
    assert sum(s["value"] for s in data["shapley"]) == pytest.approx(data["sum"], abs=1e-12)
    assert data["sum"] == pytest.approx(data["all"] - data["none"], abs=1e-9)
    assert (data["choices"], data["all"]) == (16, pytest.approx(base, abs=1e-5))
    assert [p["units"] for p in data["pairs"]] == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_what_was_not_asked_for_is_null(cli) -> None:
    data = valid(cli("words", PROMPT, "--json")[1])
    assert [data[name] for name in ("shapley", "sum", "error", "all", "none", "choices", "pairs")] == [None] * 7
    assert data["answer"] == [data["target"]]
    assert data["target"]["id"] == data["prediction"]["id"]


def test_spans_ways_to_go_and_answers(cli) -> None:
    spans = valid(cli("words", PROMPT, "--by", "4-14,15:21", "--how", "replace=new", "--json")[1])
    assert [(u["text"], u["positions"]) for u in spans["units"]] == [("capital of", [1, 2]), ("France", [3])]
    assert (spans["by"], spans["how"], spans["replacement"]["text"]) == ("spans", "replace", "new")
    swap = valid(cli("words", PROMPT, "--how", "swap", "--with", "the capital of Rome is", "--json")[1])
    assert [u["text"] for u in swap["units"]] == ["France"]
    answer = valid(cli("words", PROMPT, "--how", "mask", "--answer", " Paris the new", "--json")[1])
    assert [t["text"] for t in answer["answer"]] == ["Paris", "the", "new"]
    kept = valid(cli("words", PROMPT, "--keep-sink", "--json")[1])
    assert (kept["keep_sink"]["text"], kept["first_token"]) == ("<s>", None)
    versus = valid(cli("words", PROMPT, "-t", "Paris", "--vs", "Rome", "--json")[1])
    difference = versus["value"]["difference"]
    assert all(u["effect"] == pytest.approx(difference - u["difference_without"]) for u in versus["units"])


def test_cheap_rankings_stand_beside_the_exact_one(cli) -> None:
    data = valid(cli("words", PROMPT, "-t", "Paris", "--compare", "--json")[1])
    exact, *cheap = data["rankings"]
    assert exact["values"] == [unit["effect"] for unit in data["units"][:4]]
    assert [r["method"] for r in cheap] == ["input_x_gradient", "integrated_gradients", "frozen_gates", "relp"]
    assert all(len(r["values"]) == 4 and -1 <= r["rank_correlation"] <= 1 for r in cheap)
    assert all(0 <= r["deletion"] <= 1 and 0 <= r["insertion"] <= 1 for r in data["rankings"])
    assert all(r["sum"] + r["rest"] == pytest.approx(data["value"]["logit"]) for r in cheap[2:])
    lines = cli("words", PROMPT, "-t", "Paris", "--compare")[1].splitlines()
    row = next(line for line in lines if line.startswith("  RelP"))
    assert row.split()[1].replace("−", "-") == f"{cheap[3]['rank_correlation']:+.2f}"


def test_more_units_than_asked_for_are_estimated_and_said(cli) -> None:
    data = valid(cli("words", PROMPT, "--shapley", "--exact", "3", "--samples", "4", "--json")[1])
    assert [s["standard_error"] is None for s in data["shapley"]] == [False] * 4 + [True]
    said = "4 units are more than 3: their Shapley values are estimated from 8 random orders"
    assert data["notes"][-1] == f"{said}; --exact 4 runs all 16 choices."
    assert sum(s["value"] for s in data["shapley"]) == pytest.approx(data["all"] - data["none"], abs=1e-9)


def test_ids_and_chats(cli, tmp_path) -> None:
    ids = valid(
        cli("words", "--ids", "2,3,4,5,6", "--by", "token", "--how", "swap", "--with", "2,3,4,8,6", "--json")[1]
    )
    assert [(u["text"], u["positions"], u["start"]) for u in ids["units"]] == [("France", [3], None)]
    build("llama", layers=3).float().save_pretrained(tmp_path)
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(tmp_path)
    said = ("words", "the capital", "--chat", "--system", "a new Paris", "--by", "turn", "--json")
    turns = valid(cli(*said, model=str(tmp_path))[1])
    assert [(u["role"], u["text"]) for u in turns["units"]] == [("system", "a new Paris"), ("user", "the capital")]
    lines = cli(*said[:-1], "--answer", "Paris Rome", model=str(tmp_path))[1]
    assert "system: a new Paris" in lines
    assert "user: the capital" in lines
    assert {u["role"] for u in ids["units"]} == {None}
    swap = valid(cli(*said, "--how", "swap", "--with", "the France", model=str(tmp_path))[1])
    assert [u["text"] for u in swap["units"]] == ["the capital"]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("by", ["word", "line"])
def test_lines_fit_every_width(folder, width: int, by: str) -> None:
    model = unembed.load(str(folder))
    text = PROMPT if by == "word" else f"{PROMPT} {PROMPT} {PROMPT} the new\nParis {PROMPT}\na"
    more = {"shapley": True, "exact": 2, "pairs": True, "compare": True}
    found = payload_of(unembed.words(model, text, "Paris", versus="Rome", by=by, **more))
    lines = [line.plain for line in fitted(words_lines(found, Paper(width), top=3), width)]
    assert max(map(cell_len, lines[1:])) <= width, lines  # the first names the folder of the model


@pytest.mark.parametrize(("width", "lines"), [(60, 2), (100, 1)])
def test_what_is_asked_stands_whole_where_the_headline_has_no_room_for_it(folder, width: int, lines: int) -> None:
    found = payload_of(unembed.words(unembed.load(str(folder)), PROMPT, "Paris", versus="Rome"))
    found = replace(found, model=replace(found.model, name="smollm2-135m"))
    shown = [line.plain for line in words_lines(found, Paper(width))]
    asked = f"each word deleted: Paris above Rome {percent(found.value.probability)}"
    assert [asked in line for line in shown[:2]] == [lines == 1, lines == 2], shown[:2]
    assert "smollm2-135m · cpu" in shown[0]


def test_lines_tell_effects_marks_and_a_ledger_that_adds_up(cli) -> None:
    code, out, _ = cli("words", PROMPT, "-t", "Paris", "--shapley", "--pairs", "--top", "2")
    data = valid(cli("words", PROMPT, "-t", "Paris", "--shapley", "--json")[1])
    lines = out.splitlines()
    assert code == 0
    ranked = sorted(data["units"][:4], key=lambda unit: -abs(unit["effect"]))
    first = next(i for i, line in enumerate(lines) if line.startswith("  word ")) + 1  # a long title has its own line
    assert [line.split()[0] for line in lines[first : first + 2]] == [unit["text"] for unit in ranked[:2]]
    assert any(line.startswith("  is ▸") for line in lines)
    total = next(line for line in lines if " total " in line)
    assert f"{data['all']:.2f}".replace("-", "−") in total.partition("= all of them")[2]
    assert f"2 others, each at most {abs(ranked[2]['effect']):.2f}; --json has all" in out
    assert "4 others, each at most" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "paragraph"), "Expected units by token, word"),
        (("--by", "4-"), "Expected spans of characters such as 4-11"),
        (("--by", "4-400"), "outside the text of 24 characters"),
        (("--by", "9-4"), "empty or outside"),
        (("--by", "4-8,8-11"), "shares a token"),
        (("--by", "line"), "is one unit"),
        (("--by", "turn"), "Turns are those of a chat"),
        (("--how", "zero"), "delete, mask, replace=TOKEN or swap"),
        (("--how", "swap"), "second prompt"),
        (("--with", "the capital of Rome is"), "give both or neither"),
        (("--how", "swap", "--with", "the capital"), "prompts that align: 5 and 2 tokens"),
        (("--how", "swap", "--with", PROMPT), "nothing to swap"),
        (("--answer", ""), "answer is empty"),
        (("--answer", "Paris", "--target", "Paris"), "leave the target out"),
        (("--shapley", "--exact", "15"), "expected 0 to 14"),
        (("--target", "unheard"), "not in the vocabulary"),
        (("--how", "replace=x", "--keep-sink"), "keep_sink is for delete and mask"),
        (("--ids", "2,3,4"), "Expected one prompt"),
        (("--chat",), "chat template"),
    ],
)
def test_refusals_say_what_to_do(cli, arguments, said: str) -> None:
    code, out, err = cli("words", PROMPT, *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_a_word_alone_and_a_prompt_beyond_the_context_are_refused(cli) -> None:
    assert "is one unit" in cli("words", "Paris")[2]
    code, _, err = cli("words", " ".join(["the"] * 200))
    assert code == 2
    assert "tokens, but" in err
