"""The command line: what it prints, what it refuses, and with which exit code."""

import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import unembed
from builders.commands import run, valid
from builders.words import PROMPT
from unembed.cli import main
from unembed.view.payloads.verdicts import zeroed_of

pytestmark = pytest.mark.usefixtures("own_cache")


def test_explain_json_is_the_library_result(cli, folder):
    code, out, err = cli("explain", PROMPT, "--json", "--by", "source+neuron", "--target", "Paris", "--top", "3")
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    result = unembed.explain(model, PROMPT, "Paris", by="source+neuron", top=3)
    assert [t["value"] for t in data["ledger"]["terms"]] == [t.value for t in result.ledger.terms()]
    assert [t["id"] for t in data["tokens"]] == [2, 3, 4, 5, 6]
    assert data["target"] == {
        "id": 7,
        "text": "Paris",
        "logit": result.target.logit,
        "probability": result.target.probability,
        "rank": result.target.rank,
    }
    assert data["position"] == 4
    assert data["reference"]["kind"] == "mean"
    assert len(data["predictions"]) == 3
    for parts in (data["heads"], data["neurons"]):
        for reason in ("credit", "effect"):
            assert sum(reason in part["shown_for"] for part in parts) == 3
    assert [row["layer"] for row in data["lens"]] == [None, 0, 1, 2]
    assert data["model"]["family"] == "llama"
    assert data["model"]["layers"] == 3


def test_explain_json_has_the_causal_tests(cli, folder):
    data = valid(cli("explain", PROMPT, "--json", "--swap", "France=Rome")[1])
    result = unembed.explain(unembed.load(str(folder)), PROMPT, swap=("France", "Rome"))
    for part, note in zip((*data["heads"], *data["neurons"]), (*result.heads, *result.neurons), strict=True):
        assert part["zeroed"] == dataclasses.asdict(zeroed_of(note.zeroed))
        assert part["swapped_probability"] == note.swapped
        assert part["shown_for"] == list(note.shown_for)
    assert data["control"]["heads"] == {"count": 12, "limit": None}
    neurons = {"count": len(result.population.neurons), "limit": result.population.limit("neurons")}
    assert data["control"]["neurons"] == neurons
    swap = data["swap"]
    assert (swap["from"], swap["to"]) == ("France", "Rome")
    assert [t["text"] for t in swap["tokens"]] == ["the", "capital", "of", "Rome", "is"]
    assert swap["target"]["id"] == data["target"]["id"]
    assert [p["id"] for p in swap["predictions"]] == [p.token for p in result.swap.predictions]
    assert len(swap["sublayers"]) == 6


def test_no_test_leaves_the_causal_tests_out(cli):
    data = valid(cli("explain", PROMPT, "--json", "--no-test")[1])
    assert data["control"] is data["swap"] is None
    assert [part["zeroed"] for part in (*data["heads"], *data["neurons"])] == [None] * 10
    assert (data["answer"]["kind"], data["answer"]["zeroed"]) == ("credit", None)


def test_by_head_raw_values_are_plain_logits(cli):
    _, out, _ = cli("explain", PROMPT, "--json", "--by", "head", "--reference", "raw")
    data = valid(out)
    assert data["reference"] == {"kind": "raw", "text": None, "value": 0.0}
    assert data["ledger"]["value"] == data["target"]["logit"]
    assert sum(t["value"] for t in data["ledger"]["terms"]) == pytest.approx(data["target"]["logit"], abs=1e-5)


def test_versus_and_position(cli):
    _, out, _ = cli("explain", PROMPT, "--json", "--vs", "Rome", "--target", "Paris", "--position", "-2")
    data = valid(out)
    assert data["position"] == 3
    assert data["reference"]["kind"] == "versus"
    assert data["reference"]["text"] == "Rome"
    assert data["ledger"]["value"] == pytest.approx(data["target"]["logit"] - data["reference"]["value"])


def test_the_other_commands_print_valid_json(cli):
    lens = valid(cli("lens", PROMPT, "--json", "--layer", "emb", "--layer", "1", "--position", "1")[1])
    assert [(c["layer"], c["position"]) for c in lens["cells"]] == [(None, 1), (1, 1)]
    attention = valid(cli("attention", PROMPT, "--json", "--layer", "1", "--head", "2")[1])
    assert len(attention["matrix"]) == 5
    assert sum(attention["heads"][0]["pattern"]) == pytest.approx(1.0, abs=1e-6)
    generated = valid(cli("generate", PROMPT, "--json", "--tokens", "3", "--explain")[1])
    assert [t["position"] for t in generated["generated"]] == [5, 6, 7]
    assert all(t["top_term"]["value"] > 0 for t in generated["generated"])


def test_models_and_doctor(monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "models", "--json")
    assert code == 0
    assert "smollm2-135m" in [entry["name"] for entry in valid(out)["models"]]
    _, out, _ = run(monkeypatch, capsys, "doctor", "--json")
    report = valid(out)
    assert report["versions"]["torch"] == torch.__version__
    assert len(report["families"]) >= 20
    code, out, _ = run(monkeypatch, capsys, "--version")
    assert out == f"unembed {unembed.__version__}\n"


def test_the_terminal_view_adds_up_and_keeps_its_width(cli):
    code, out, _ = cli("explain", PROMPT)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    assert "= model ✓" in out
    shown = [line for line in out.splitlines() if line.startswith("  ") and "total" not in line]
    assert any("embedding" in line for line in shown)
    assert "\x1b" not in out  # no colours in a pipe


@pytest.mark.parametrize("command", ["lens", "attention", "generate"])
def test_other_views_keep_their_width(cli, command):
    code, out, _ = cli(command, PROMPT, *(["--explain"] if command == "generate" else []))
    assert code == 0
    assert 0 < max(map(len, out.splitlines())) <= 100


def test_a_prompt_from_standard_input(cli):
    direct = json.loads(cli("explain", PROMPT, "--json")[1])
    piped = json.loads(cli("explain", "-", "--json", stdin=PROMPT + "\n")[1])
    assert piped["tokens"] == direct["tokens"]
    assert piped["ledger"] == direct["ledger"]


def test_a_target_of_several_tokens_says_that_the_first_is_explained(cli):
    data = valid(cli("explain", PROMPT, "--json", "--target", "new Rome")[1])
    assert data["target"]["text"] == "new"
    assert data["notes"] == ["'new Rome' is 2 tokens; only the first, 'new', is explained."]


def test_generate_streams_the_text(cli):
    _, out, _ = cli("generate", PROMPT, "--tokens", "4")
    data = json.loads(cli("generate", PROMPT, "--tokens", "4", "--json")[1])
    assert out == PROMPT + data["text"] + "\n"


def test_generate_says_which_settings_of_the_model_it_does_not_follow(cli, folder, tmp_path):
    own = shutil.copytree(folder, tmp_path / "own")
    (own / "generation_config.json").write_text(json.dumps({"repetition_penalty": 1.3, "do_sample": True}))
    _, out, err = cli("generate", PROMPT, "--tokens", "4", model=str(own))
    assert out == cli("generate", PROMPT, "--tokens", "4")[1]
    assert err.startswith("unembed: ")
    assert "repetition_penalty = 1.3" in err
    data = valid(cli("generate", PROMPT, "--tokens", "4", "--json", model=str(own))[1])
    assert data["notes"] == [err.removeprefix("unembed: ").strip()]


BAD = {
    "empty prompt": (["explain", ""], 2, "The prompt is empty"),
    "empty standard input": (["explain", "-"], 2, "The prompt is empty"),
    "too long": (["explain", "the " * 65], 2, "has 65 tokens, but"),
    "not in the vocabulary": (["explain", PROMPT, "--target", "Xyzzy"], 2, "'Xyzzy' is not in the vocabulary"),
    "empty target": (["explain", PROMPT, "--target", ""], 2, "'' is not in the vocabulary"),
    "versus unknown": (["explain", PROMPT, "--vs", "Xyzzy"], 2, "'Xyzzy' is not in the vocabulary"),
    "position": (["explain", PROMPT, "--position", "5"], 2, "Position 5 is outside the prompt: expected -5 to 4"),
    "granularity": (["explain", PROMPT, "--by", "letters"], 2, "found 'letters'"),
    "reference": (["explain", PROMPT, "--reference", "median"], 2, "Expected a reference of mean or raw"),
    "swap of nothing": (["explain", PROMPT, "--swap", "France"], 2, "Expected --swap to be WORD=OTHER"),
    "swap of another word": (["explain", PROMPT, "--swap", "Rome=Paris"], 2, "'Rome' exactly once"),
    "swap that does not align": (
        ["explain", PROMPT, "--swap", "France=new Rome"],
        2,
        "has 5, 'the capital of new Rome",
    ),
    "layer": (["lens", PROMPT, "--layer", "3"], 2, "emb or 0 to 2; found '3'"),
    "meta device": (["explain", PROMPT, "--device", "meta"], 2, "holds no numbers"),
    "no UTF-8": (["explain", "a\udcff"], 2, "Expected text in UTF-8"),
    "no UTF-8 target": (["explain", PROMPT, "--target", "\udcff"], 2, "Expected text in UTF-8"),
    "no layer": (["lens", PROMPT, "--layer", "top"], 2, "found 'top'"),
    "head": (["attention", PROMPT, "--layer", "0", "--head", "44"], 2, "There is no head 44"),
    "device": (["explain", PROMPT, "--device", "cuda:7"], 2, "'cuda:7' cannot be used on this machine"),
    "nonsense device": (["explain", PROMPT, "--device", "abacus"], 2, "'abacus' cannot be used on this machine"),
    "dtype": (["explain", PROMPT, "--dtype", "int3"], 2, "found 'int3'"),
    "generate beyond": (["generate", PROMPT, "--tokens", "99"], 2, "exceed the 64"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message_and_exit_code_2(cli, name):
    args, code, message = BAD[name]
    found, out, err = cli(*args)
    assert (found, out) == (code, "")
    assert message in err
    assert err.startswith("unembed: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["explain"], "There is no prompt"),
        (["explain", "x", "--tpo", "3"], "No such option"),
        (["explain", "x", "--top", "0"], "greater than or equal to 1"),
        (["explain", "x", "--top", "100000"], "less than or equal to 100"),
        (["generate", "x", "--temperature", "nan"], "greater than"),
        (["generate", "x", "--temperature", "-1"], "greater than"),
        (["generate", "x", "--seed", str(2**63)], "less than or equal to"),
        (["toys", "train", "two-layer", "--out", "x", "--seed", "-1"], "greater than or equal to 0"),
        (["exlain", "x"], "No such command"),
    ],
)
def test_usage_errors_exit_with_2(monkeypatch, capsys, args, message):
    code, _, err = run(monkeypatch, capsys, *args)
    assert code == 2
    assert message in err


def copy_of(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def nan_weights(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(path / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"][0, 0] = float("nan")
    save_file(weights, path / "model.safetensors", {"format": "pt"})


def missing_tensor(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(path / "model.safetensors")
    del weights["model.layers.1.mlp.down_proj.weight"]
    save_file(weights, path / "model.safetensors", {"format": "pt"})


def truncated(path: Path) -> None:
    whole = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def other_type(name: str):
    def change(path: Path) -> None:
        config = json.loads((path / "config.json").read_text())
        (path / "config.json").write_text(json.dumps({**config, "model_type": name}))

    return change


def with_config(**values):
    def change(path: Path) -> None:
        config = json.loads((path / "config.json").read_text())
        (path / "config.json").write_text(json.dumps({**config, **values}))

    return change


BROKEN = {
    "fewer layers than weights": (with_config(num_hidden_layers=2), "of blocks that its config.json does not describe"),
    "a width that is a word": (with_config(hidden_size="big"), "cannot load the model"),
    "a list for a type": (with_config(model_type=["llama"]), "expected model_type to be a word"),
    "a list for a configuration": (lambda path: (path / "config.json").write_text("[1, 2]"), "expected a JSON object"),
    "NaN": (nan_weights, "the first such write is the MLP of layer 1"),
    "missing tensor": (missing_tensor, "lack 1 tensors that llama needs"),
    "truncated": (truncated, "is truncated or damaged"),
    "GPT-J": (other_type("gptj"), "transformers makes a GPTJForCausalLM of it"),
    "BLOOM": (other_type("bloom"), "transformers makes a BloomForCausalLM of it"),
    "Falcon": (other_type("falcon"), "Its configuration and weights do not belong together"),
    "unknown": (other_type("nosuchgpt"), "nosuchgpt"),
    "broken json": (lambda path: (path / "config.json").write_text("{"), "config.json"),
    "no weights": (lambda path: (path / "model.safetensors").unlink(), "safetensors"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_cannot_be_used_is_one_message_and_exit_code_3(cli, folder, tmp_path, name):
    damage, message = BROKEN[name]
    path = copy_of(folder, tmp_path)
    damage(path)
    code, out, err = cli("explain", PROMPT, model=str(path))
    assert (code, out) == (3, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["nosuchmodel", "owner/nosuchmodel", "/no/such/folder", "none.gguf"])
def test_an_unknown_model_is_one_message_and_exit_code_3(cli, name):
    code, out, err = cli("explain", PROMPT, model=name)
    assert (code, out) == (3, "")
    assert err.startswith("unembed: ")
    assert name in err


def test_a_ledger_that_does_not_add_up_exits_with_4(monkeypatch, capsys, folder):
    """A hook that changes what the stream is after the writes were recorded."""
    import unembed.loading.load

    load = unembed.loading.load.load

    def tampered(*args, **kwargs):
        model = load(*args, **kwargs)
        model.blocks[1].module.register_forward_hook(lambda _, args, out: out + 0.1)
        return model

    monkeypatch.setattr(unembed.loading.load, "load", tampered)
    code, out, err = run(monkeypatch, capsys, "explain", PROMPT, "--model", str(folder))
    assert (code, out) == (4, "")
    assert "does not add up" in err


@pytest.mark.parametrize(
    ("home", "name", "words"),
    [
        ("loading.catalogue", "catalogue", ["models"]),
        pytest.param("methods.explain", "explain", ["explain", "the", "--model"], marks=pytest.mark.slow),
    ],
)
def test_interrupt_exits_with_130(folder, tmp_path, home, name, words):
    """Ctrl-C in the middle of a run of a real process; in studies, of one that runs a model."""
    words = ["unembed", *words, *[str(folder)] * (words[-1] == "--model")]
    script = (
        f"import sys, time, unembed.{home} as e, unembed.cli as c\n"
        "def slow(*a, **k):\n    print('ready', flush=True); time.sleep(60)\n"
        f"e.{name} = slow; sys.argv = {words!r}\n"
        "c.main()\n"
    )
    environment = {**os.environ, "UNEMBED_CACHE": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "unembed: interrupted\n"


STATIC = {
    "help": ("--help", "explain"),
    "help of a command": ("explain --help", "--reference"),
    "completion": ("", "knowledge"),
    "facts": ("knowledge facts", "capital"),
    "models": ("models", "smollm2-135m"),
    "models as JSON": ("models --json", "unembed/models/1"),
    "toys": ("toys list", "toy/two-layer"),
    "toys as JSON": ("toys list --json", "unembed/toys/1"),
}


def test_static_commands_import_nothing_heavy():
    """What keeps them quick: text that is known without a model is told without what runs one.

    One process runs them all; completion, which needs an environment of its own, at the end.
    """
    script = """
import contextlib, io, json, os, sys
import unembed.cli

told = {}
for name, arguments in json.loads(sys.argv[1]):
    sys.argv = ["unembed", *arguments.split()]
    if name == "completion":
        os.environ |= {"_UNEMBED_COMPLETE": "complete_bash", "COMP_WORDS": "unembed ", "COMP_CWORD": "1"}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            unembed.cli.main()
        except SystemExit as end:
            assert not end.code, (name, end.code)
    heavy = {"torch", "transformers", "polars", "numpy", "safetensors", "tokenizers", "gguf"} & set(sys.modules)
    assert not heavy, (name, heavy)
    told[name] = out.getvalue()
print(json.dumps(told))
"""
    asked = [(name, STATIC[name][0]) for name in sorted(STATIC, key=lambda name: name == "completion")]
    command = [sys.executable, "-c", script, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.keys() == STATIC.keys()
    for name, (_, said) in STATIC.items():
        assert said in told[name], name


def test_ascii_terminals_get_ascii(monkeypatch, folder):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "argv", ["unembed", "explain", PROMPT, "--model", str(folder)])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    out.seek(0)
    text = out.read()
    assert "= model ok" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        pytest.param(f"explain {PROMPT!r} --json --by neuron --model", '{"schema":', marks=pytest.mark.slow),
        ("models --json", '{"schema":'),
        ("explain --help", " " * 10),
    ],
)
def test_a_closed_pipe_is_no_error(folder, tmp_path, arguments, start):
    arguments += f" {folder}" if arguments.endswith("--model") else ""
    command = f"{sys.executable} -m unembed {arguments} | (head -c 10; exec <&-; sleep 0.1)"
    environment = {**os.environ, "UNEMBED_CACHE": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.stdout == start
    assert (done.returncode, done.stderr) == (0, "")
