"""Prompts on the command line: one that begins with a dash, token ids where there is no tokenizer, and chats."""

import json
import re

import pytest

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.explain import explain
from unembed.methods.heads.noise import noise
from unembed.methods.patch import patch

MORE = {
    "explain": ["--no-test"],
    "lens": [],
    "attention": [],
    "generate": ["-n", "2"],
    "ablate": ["--site", "mlp"],
    "trace": ["--subject-position", "1", "--samples", "2"],
    "steer": ["--add", "id:5", "--layer", "1", "-n", "2"],
    "noise": ["--strengths", "0.5", "--seeds", "2"],
    "paths": [],
    "graph": ["--nodes", "5"],
    "attended": ["--layer", "1", "--head", "0"],
    "knowledge attribute": ["-t", "id:7"],
    "words": ["--by", "token"],
}
"""Every command that takes one prompt, with what else it needs."""
each = pytest.mark.parametrize("command", MORE)
CHAT = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} <s> {% endfor %}"


@pytest.fixture(scope="module")
def wordless(tmp_path_factory) -> str:
    """A folder without a tokenizer."""
    folder = tmp_path_factory.mktemp("models") / "wordless"
    build("llama", layers=3).float().save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory) -> str:
    """A folder with a chat template."""
    folder = tmp_path_factory.mktemp("models") / "assistant"
    build("llama", layers=3).float().save_pretrained(folder)
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return str(folder)


def tokens_of(printed: str) -> list[int]:
    """The prompt's ids in the JSON of any command."""
    found = json.loads(printed)
    return [token["id"] for token in found.get("tokens") or found.get("prompt") or found["prompt_tokens"]]


@pytest.mark.parametrize("command", [command for command in MORE if command != "noise"])
def test_token_ids_serve_a_folder_without_a_tokenizer(cli, wordless: str, command: str) -> None:
    words = [*command.split(), *MORE[command], "--ids", "3,9,4,1"]
    code, out, err = cli(*words, "--json", model=wordless)
    assert (code, err) == (0, "")
    assert tokens_of(out) == [3, 9, 4, 1]
    code, shown, err = cli(*words, model=wordless)
    assert (code, err, bool(shown.strip())) == (0, "", True)
    code, _, err = cli(*command.split(), "the capital", *MORE[command], model=wordless)
    assert code == 2
    assert "has no tokenizer: give token ids" in err
    assert "--ids" in err


def test_noise_without_a_tokenizer_wants_other_text_as_ids(cli, wordless: str) -> None:
    code, _, err = cli("noise", "--ids", "3,9,4,1", model=wordless)
    assert code == 2
    assert "as token ids" in err
    ids = [(7 * i + 3) % 97 for i in range(40)]
    assert noise(unembed.load(wordless), [3, 9, 4, 1], text=ids, strengths=[0.5], seeds=2).conditions


def test_an_explanation_of_ids_is_that_of_the_library(cli, wordless: str) -> None:
    model = unembed.load(wordless)
    expected = explain(model, [3, 9, 4, 1], "id:7", test=False)
    code, out, _ = cli("explain", "--ids", "3,9,4,1", "-t", "id:7", "--no-test", "--json", model=wordless)
    found = json.loads(out)["target"]
    assert (code, found["id"], found["text"]) == (0, 7, "id:7")
    assert found["logit"] == pytest.approx(expected.target.logit, abs=1e-5)


@each
def test_a_prompt_that_begins_with_a_dash_is_given_as_the_message_says(cli, command: str) -> None:
    words, prompt = [*command.split(), *MORE[command], "--json"], "- the capital"
    code, out, err = cli(*words, prompt)
    assert (code, out) == (2, "")
    said = " ".join(re.sub(r"[│╭╮╰╯─]", " ", err).split())
    assert "A prompt that begins with - stands last, after --, or is given with --prompt." in said
    code, named, err = cli(*words, "--prompt", prompt)
    assert (code, err) == (0, "")
    assert tokens_of(named) == [0, 2, 3]


def test_after_two_dashes(monkeypatch, capsys, folder, own_cache) -> None:
    from builders.commands import run

    words = ["--no-test", "--json", "--offline", "-m", str(folder)]
    code, out, err = run(monkeypatch, capsys, "explain", *words, "--", "- the capital")
    assert (code, err) == (0, "")
    assert tokens_of(out) == [0, 2, 3]
    words = ["--json", "--offline", "-m", str(folder), "--", "- the capital", "- the new"]
    code, out, err = run(monkeypatch, capsys, "patch", *words)
    assert (code, err) == (0, "")


def test_a_dash_that_reads_as_options_leaves_no_prompt_and_says_what_to_do(cli) -> None:
    code, _, err = cli("explain", "-top of the world")
    assert code == 2
    assert "One that begins with - stands after --, or after --prompt." in err
    code, out, _ = cli("explain", "--no-test", "--json", "--prompt", "-top of the")
    assert (code, tokens_of(out)) == (0, [0, 0, 4, 2])


@each
def test_a_chat_goes_through_the_template_in_every_command(cli, assistant: str, command: str, tmp_path) -> None:
    words = [*command.split(), *MORE[command], "--json"]
    model = unembed.load(assistant)
    talk = [{"role": "system", "content": "a new"}, {"role": "user", "content": "the capital"}]
    expected = list(unembed.record(model, talk).tokens)
    (tmp_path / "talk.json").write_text(json.dumps(talk))
    code, typed, err = cli(*words, "--chat", "the capital", "--system", "a new", model=assistant)
    assert (code, err) == (0, "")
    assert tokens_of(typed) == expected
    code, read, _ = cli(*words, "--messages", str(tmp_path / "talk.json"), model=assistant)
    assert (code, read) == (0, typed)


def test_patch_takes_ids_and_chats(cli, wordless: str, assistant: str) -> None:
    code, out, err = cli(
        "patch", "--ids", "3,9,4", "--ids", "3,8,4", "-t", "id:5", "--vs", "id:6", "--json", model=wordless
    )
    assert (code, err) == (0, "")
    expected = patch(unembed.load(wordless), [3, 9, 4], [3, 8, 4], "id:5", versus="id:6")
    found = json.loads(out)
    assert found["clean"] == pytest.approx(expected.clean, abs=1e-4)
    code, out, err = cli(
        "patch", "the capital", "the new", "--chat", "-t", "Paris", "--vs", "Rome", "--json", model=assistant
    )
    assert (code, err) == (0, "")
    code, _, err = cli("patch", "the", "--ids", "1,2", model=wordless)
    assert code == 2
    assert "Expected two prompts" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["the", "--ids", "1,2"], "Expected one prompt, found PROMPT and --ids."),
        (["the", "--prompt", "a"], "Expected one prompt, found PROMPT and --prompt."),
        (["--ids", "1,2", "--chat"], "--chat is of what a user says in words: leave it out, or --ids."),
        (["--ids", "1;2"], "Expected token ids such as 1,2,3"),
        (["--ids", "1,97"], "outside the vocabulary"),
        (["the", "--system", "a"], "give --chat too"),
        ([], "There is no prompt"),
    ],
)
def test_prompts_that_contradict_are_refused(cli, words: list[str], said: str) -> None:
    code, out, err = cli("paths", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
