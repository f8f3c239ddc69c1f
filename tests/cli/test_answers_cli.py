"""Whole answers on the command line: JSON is the library's result, lines of every width, chats, refusals."""

import math

import pytest
from rich.cells import cell_len

import unembed
from builders.commands import valid
from builders.random_models import build
from builders.tokenizers_of_kinds import byte_level
from unembed.view.payloads import payload_of
from unembed.view.terminal.explain_answer import explain_answer_lines
from unembed.view.terminal.paper import Paper

PROMPT, ANSWER = "the capital of France is", " Paris the new"
CHAT = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}<start>system\nchildren play<end>\n{% endif %}"
    "<start>{{ m['role'] }}\n{{ m['content'] }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<start>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory) -> str:
    """A folder of a model with a template that writes a system prompt of its own."""
    folder = tmp_path_factory.mktemp("answers") / "assistant"
    tokenizer = byte_level()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start>", "<end>"]})
    tokenizer.chat_template = CHAT
    build("gpt2", vocab_size=len(tokenizer), context=256).float().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("by", ["sublayer", "source+neuron"])
def test_json_is_the_library_result(cli, folder, by: str) -> None:
    code, out, err = cli("explain", PROMPT, "--answer", ANSWER, "--by", by, "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    found = unembed.explain_answer(unembed.load(str(folder)), PROMPT, ANSWER, by=by)
    assert data == found.to_dict()
    assert [token["text"] for token in data["answer"]] == ["Paris", "the", "new"]
    assert [token["position"] for token in data["answer"]] == [4, 5, 6]
    assert (data["prompt_length"], len(data["tokens"]), data["generated"]) == (5, 7, False)
    parts = [token["log_probability"] for token in data["answer"]]
    assert data["log_probability"] == pytest.approx(math.fsum(parts), abs=1e-9)
    assert data["probability"] == pytest.approx(math.prod(t["probability"] for t in data["answer"]), rel=1e-9)
    terms = data["ledger"]["terms"]
    assert math.fsum(term["value"] for term in terms) == pytest.approx(data["ledger"]["sum"], abs=1e-9)
    assert data["ledger"]["sum"] == pytest.approx(data["log_probability"], abs=data["ledger"]["tolerance"])
    for number, part in enumerate(parts):
        share = math.fsum(term["by_token"][number] for term in terms)
        assert share == pytest.approx(part, abs=data["ledger"]["tolerance"])
    assert (len(data["sublayers"]), data["control"]["count"]) == (6, 12)
    for part in (*data["heads"], *data["sublayers"]):
        gone = math.exp(data["log_probability"] + part["zeroed"]["effect"]["nats"])
        assert part["zeroed"]["probability"] == pytest.approx(gone, rel=1e-9)


def test_without_a_test_nothing_is_zeroed(cli) -> None:
    data = valid(cli("explain", PROMPT, "--answer", ANSWER, "--no-test", "--json")[1])
    assert data["control"] is None
    assert {part["zeroed"] and 1 for part in (*data["heads"], *data["sublayers"])} == {None}
    assert "zeroed" not in cli("explain", PROMPT, "--answer", ANSWER, "--no-test")[1]


def test_what_the_model_says_by_itself(cli, folder) -> None:
    told = cli("generate", PROMPT, "--tokens", "4", "--json")[1]
    said = [token["id"] for token in valid(told)["generated"]]
    data = valid(cli("explain", PROMPT, "--answer", "auto", "--answer-tokens", "4", "--no-test", "--json")[1])
    assert [token["id"] for token in data["answer"]] == said
    assert data["generated"]
    assert "cut at 4 tokens" in data["notes"][-1]
    words = valid(cli("words", PROMPT, "--answer", "auto", "--json")[1])
    assert [token["id"] for token in words["answer"]][:4] == said
    assert words["notes"][0].startswith("The answer is what")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("length", [1, 3, 14])
def test_lines_fit_every_width(folder, width: int, length: int) -> None:
    model = unembed.load(str(folder))
    found = payload_of(unembed.explain_answer(model, PROMPT, [2 + n % 9 for n in range(length)], by="source"))
    lines = [line.plain.rstrip() for line in explain_answer_lines(found, Paper(width))]
    assert max(map(cell_len, lines[1:])) <= width, lines  # the first names the folder of the model


def test_lines_tell_tokens_a_ledger_that_adds_up_and_effects(cli) -> None:
    code, out, _ = cli("explain", PROMPT, "--answer", ANSWER)
    data = valid(cli("explain", PROMPT, "--answer", ANSWER, "--json")[1])
    lines = out.splitlines()
    assert code == 0
    whole = f"{data['log_probability']:.2f}".replace("-", "−")
    assert f"log-probability {whole}" in lines[1]
    rows = [line.split() for line in lines[3:6]]
    assert [row[0] for row in rows] == ["Paris", "the", "new"]
    assert [row[1] for row in rows] == [f"{t['log_probability']:.2f}".replace("-", "−") for t in data["answer"]]
    (total,) = [line for line in lines if "total" in line]
    assert f"total {whole} = model ✓" in total
    (row,) = [line for line in lines if line.startswith("  log-probability")]
    assert row.split()[1:] == [whole, *(each[1] for each in rows)]
    first = next(i for i, line in enumerate(lines) if line.startswith("  part"))
    columns = [line.split()[-4:] for line in lines[first + 1 : lines.index(row)]]
    sums = [math.fsum(float(row[i].replace("−", "-")) for row in columns) for i in range(4)]
    assert sums == pytest.approx([float(x.replace("−", "-")) for x in row.split()[1:]], abs=0.06)
    best = max(data["heads"], key=lambda head: abs(head["zeroed"]["effect"]["nats"]))
    heads = lines[next(i for i, line in enumerate(lines) if line.startswith(" HEADS")) + 1 :]
    assert heads[0].split()[0] == f"L{best['layer']}.H{best['head']}"


def test_an_answer_in_a_chat(cli, assistant: str) -> None:
    talk = ("the capital of Italy", "--chat", "--answer", " is Rome and")
    data = valid(cli("explain", *talk, "--no-test", "--json", model=assistant)[1])
    roles = [token["role"] for token in data["tokens"]]
    assert set(roles[: data["prompt_length"]]) == {"template", "system", "user"}
    assert set(roles[data["prompt_length"] :]) == {"assistant"}
    note = "The messages have no system prompt, so the template of assistant writes its own: 'children play'."
    assert note in [note.replace(assistant, "assistant") for note in data["notes"]]
    turns = valid(cli("words", *talk, "--by", "turn", "--json", model=assistant)[1])
    assert [(unit["role"], unit["text"]) for unit in turns["units"]] == [
        ("system", "children play"),
        ("user", "the capital of Italy"),
    ]
    given = valid(cli("words", *talk, "--by", "turn", "--system", "playful players", "--json", model=assistant)[1])
    assert given["units"][0]["text"] == "playful players"
    assert not [note for note in given["notes"] if "system prompt" in note]
    # The effect of the system prompt is that of a run without its words.
    model = unembed.load(assistant)
    tokens = list(unembed.record(model, [{"role": "user", "content": "the capital of Italy"}]).tokens)
    gone = [token for place, token in enumerate(tokens) if place not in turns["units"][0]["positions"]]
    answer = [token["id"] for token in turns["answer"]]
    without = unembed.explain_answer(model, gone, answer, test=False).log_probability
    assert turns["units"][0]["log_probability_without"] == pytest.approx(without, abs=1e-4)
    assert turns["value"]["log_probability"] == pytest.approx(data["log_probability"], abs=1e-4)


def test_the_option_is_the_same_everywhere(cli, folder) -> None:
    expected = valid(cli("explain", PROMPT, "--answer", ANSWER, "--no-test", "--json")[1])
    ids = [token["id"] for token in expected["answer"]]
    ablated = valid(cli("ablate", PROMPT, "--answer", ANSWER, "--json")[1])
    assert ([token["id"] for token in ablated["answer"]], ablated["position"]) == (ids, "answer")
    assert ablated["base"]["log_probability"] == pytest.approx(expected["log_probability"], abs=1e-4)
    patched = valid(cli("patch", PROMPT, "the capital of Rome is", "--answer", ANSWER, "--json")[1])
    assert ([token["id"] for token in patched["target"]], patched["metric"]) == (ids, "log-probability")
    assert patched["clean"] == pytest.approx(expected["log_probability"], abs=1e-4)
    attributed = valid(cli("knowledge", "attribute", PROMPT, "--answer", ANSWER, "--json")[1])
    assert [token["id"] for token in attributed["target"]] == ids
    assert attributed["probability"] == pytest.approx(expected["probability"], rel=1e-3)
    worded = valid(cli("words", PROMPT, "--answer", ANSWER, "--json")[1])
    assert [token["id"] for token in worded["answer"]] == ids
    assert worded["value"]["log_probability"] == pytest.approx(expected["log_probability"], abs=1e-4)
    for lines in (cli("ablate", PROMPT, "--answer", ANSWER)[1], cli("words", PROMPT, "--answer", ANSWER)[1]):
        # After the header, whose lines are two where the folder's name is long.
        assert any(line.startswith(" answer Paristhenew: log-probability −") for line in lines.splitlines()[1:3])


def test_a_target_is_what_it_says_also_the_word_auto(cli, assistant: str) -> None:
    code, out, _ = cli("knowledge", "attribute", "the capital", "--target", "auto", "--json", model=assistant)
    assert code == 0
    assert "".join(token["text"] for token in valid(out)["target"]) == "auto"
    code, out, err = cli("knowledge", "attribute", "the capital", "--target", "", "--json", model=assistant)
    assert (code, out) == (2, "")
    assert "The answer is empty" in err


@pytest.mark.parametrize(
    "command", [("explain",), ("words",), ("ablate",), ("patch", PROMPT), ("knowledge", "attribute")], ids=" ".join
)
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "The answer is empty: expected at least one token."),
        (" new" * 70, "A prompt of 5 tokens and an answer of 70 exceed the 64"),
        ("unheard", "is not in the vocabulary"),
    ],
    ids=["empty", "long", "unknown"],
)
def test_answers_that_are_none_are_refused(cli, command, answer: str, said: str) -> None:
    code, out, err = cli(*command, PROMPT, "--answer", answer)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", PROMPT, "--answer", "Paris", "--target", "Rome"), "leave out --target"),
        (("explain", PROMPT, "--answer", "Paris", "--vs", "Rome", "--position", "2"), "leave out --vs, --position"),
        (("explain", PROMPT, "--answer", "Paris", "--swap", "France=Rome"), "leave out --swap"),
        (("explain", PROMPT, "--answer", "Paris", "--inputs"), "leave out --inputs"),
        (("explain", PROMPT, "--answer", "auto", "--answer-tokens", "0"), "--answer-tokens"),
        (("explain", PROMPT, "--answer", "Paris", "--chat"), "no chat template"),
        (("ablate", PROMPT, "--answer", "Paris", "--target", "Rome"), "leave the target out"),
        (("knowledge", "attribute", PROMPT), "--target TEXT, or --answer TEXT"),
        (("knowledge", "attribute", PROMPT, "-t", "Paris", "--answer", "Rome"), "--target TEXT, or --answer TEXT"),
        (("patch", PROMPT, PROMPT, "--answer", "Paris", "--vs", "Rome"), "Only the metric logit-difference"),
    ],
    ids=lambda value: " ".join(value[-3:]) if isinstance(value, tuple) else "",
)
def test_what_contradicts_an_answer_is_refused(cli, arguments, said: str) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
