"""Masked language models on the command line: folders of several kinds of tokenizers, and the toy that is shipped."""

import re
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer
from typer.testing import CliRunner

import unembed
from builders.commands import refusal, run_json
from builders.masked_models import build_masked, each_masked, masked_tokenizer, word_pieces
from unembed.cli import app
from unembed.engine import edits
from unembed.methods.heads.stack_roles import measure_stack_roles
from unembed.models.labels import visible
from unembed.models.tokens import name_of

FOLDERS = {
    "byte-level": "roberta",
    "sentence-piece": "albert",
    "word-piece": "bert",
    "uncased": "deberta-v2",
}
each = pytest.mark.parametrize("kind", FOLDERS)
PROMPT, OTHER = "the capital of France is <mask>", "the capital of Italy is <mask>"


@cache
def folder(kind: str) -> Path:
    """A tiny random model with a tokenizer of a kind, made once."""
    made = Path(mkdtemp())
    tokenizer = word_pieces() if kind == "uncased" else masked_tokenizer(kind)
    build_masked(FOLDERS[kind], vocab_size=len(tokenizer), dtype=torch.float32).save_pretrained(made)
    tokenizer.save_pretrained(made)
    return made


@cache
def own(kind: str, prompt: str) -> tuple[int, Any]:
    """The blank's position and the module's own logits there, by transformers alone."""
    tokenizer = AutoTokenizer.from_pretrained(folder(kind))
    module = AutoModelForMaskedLM.from_pretrained(folder(kind)).eval()
    ids = tokenizer(prompt.replace("<mask>", tokenizer.mask_token), return_tensors="pt").input_ids
    blank = int((ids[0] == tokenizer.mask_token_id).nonzero()[0])
    with torch.no_grad():
        return blank, module(ids).logits[0, blank].double()


@each
def test_explain_at_the_blank(kind: str) -> None:
    blank, logits = own(kind, PROMPT)
    found = run_json(
        "explain", PROMPT, "-m", folder(kind), "-t", "Paris", "--reference", "raw", "--by", "source", "--json"
    )
    assert found["position"] == blank
    assert found["target"]["text"] == (" paris" if kind == "uncased" else " Paris")
    assert found["target"]["logit"] == pytest.approx(float(logits[found["target"]["id"]]), abs=1e-4)
    assert found["target"]["probability"] == pytest.approx(float(logits.softmax(-1)[found["target"]["id"]]), abs=1e-5)
    terms = found["ledger"]["terms"]
    assert sum(term["value"] for term in terms) == pytest.approx(found["target"]["logit"], abs=1e-4)
    assert {term["source"] for term in terms if term["kind"] == "head"} == set(range(len(found["tokens"])))
    again = run_json("explain", PROMPT.replace("<mask>", "____"), "-m", folder(kind), "--mask", "____", "--json")
    assert again["predictions"][0]["logit"] == pytest.approx(float(logits.max()), abs=1e-4)


@each
def test_every_label_of_a_result_can_be_typed(kind: str) -> None:
    found = run_json("explain", PROMPT, "-m", folder(kind), "--json")
    run = unembed.record(unembed.load(str(folder(kind))), PROMPT)
    for told in (*found["predictions"], *found["tokens"]):
        assert unembed.readout(run, told["text"]).target == told["id"]


@each
def test_ablate_a_head_and_trace_a_subject(kind: str) -> None:
    blank, _ = own(kind, PROMPT)
    model = unembed.load(str(folder(kind)))
    run = unembed.record(model, PROMPT)
    found = run_json("ablate", PROMPT, "-m", folder(kind), "-t", "Paris", "--json")
    token = found["target"]["id"]
    zeroed = unembed.counterfactuals(
        run, [edits.zero(f"L1.H2 @ {blank}")], lambda logits: logits[:, 0, token], at=[blank]
    )
    effect = next(e for e in found["effects"] if (e["layer"], e["head"]) == (1, 2))
    assert effect["logit"] == pytest.approx(float(zeroed[0] - run.logits[blank, token]), abs=1e-4)
    traced = run_json(
        "trace", PROMPT, "-m", folder(kind), "-t", "Paris", "--subject", "France", "--samples", "1", "--json"
    )
    assert traced["clean"] == pytest.approx(float(run.logits[blank].softmax(-1)[token]), abs=1e-5)


RUNS = [
    ["lens", PROMPT, "-t", "Paris"],
    ["attention", PROMPT, "-t", "Paris", "--layer", "1", "--head", "0"],
    ["ablate", PROMPT, "--site", "neuron"],
    ["patch", PROMPT, OTHER, "-t", "Paris", "--vs", "is"],
    ["patch", PROMPT, OTHER, "-t", "Paris", "--vs", "is", "--site", "head"],
    ["noise", PROMPT],
    ["paths", PROMPT, "-t", "Paris"],
    ["graph", PROMPT, "-t", "Paris", "--nodes", "5"],
    ["words", PROMPT, "-t", "Paris"],
    ["explain", PROMPT, "-p", "1"],
    ["explain", PROMPT, "--swap", "France=Italy"],
    ["knowledge", "attribute", PROMPT, "-t", "Paris", "--steps", "3"],
]
REFUSED = {
    "generate": [PROMPT],
    "bigrams": ["Paris"],
    "steer": [PROMPT, "--layer", "1", "--toward", "the capital"],
    "attended": [PROMPT, "--layer", "1", "--head", "0"],
    "circuit": ["--layer", "0", "--head", "1"],
    "composition": [],
}


@each
@pytest.mark.crossed(1)
@pytest.mark.parametrize("words", RUNS, ids=lambda words: "-".join(w.strip("-") for w in words if " " not in w))
@pytest.mark.usefixtures("own_cache")
def test_a_command_answers_at_the_blank(kind: str, words: list[str]) -> None:
    if kind == "uncased":
        words = [word.replace("Italy", "Germany") for word in words]
    result = CliRunner().invoke(app, [*words, "-m", str(folder(kind))], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    name = "paris" if kind == "uncased" else "Paris"
    assert "-t" not in words or name in result.output


@pytest.mark.crossed(1)
@each
@pytest.mark.parametrize("command", REFUSED)
def test_a_command_that_is_of_other_models_says_so(kind: str, command: str) -> None:
    said = refusal(command, *REFUSED[command], "-m", folder(kind))
    assert "masked language model" in said or "post-LN" in said or "prediction head" in said
    assert "explain, lens, attention" in said
    assert command not in ("circuit", "composition") or "What heads look at, whatever the prompt: heads." in said


@each
def test_heads_tells_the_roles_of_the_one_stack(kind: str) -> None:
    words = ["heads", "-m", str(folder(kind)), "--sequences", "2", "--top", "2"]
    found = run_json(*words, "--json")
    result = measure_stack_roles(unembed.load(str(folder(kind))), sequences=2, top=2)
    assert result.check is not None
    assert found["schema"] == "unembed/stack-heads/1"
    assert [role["stack"] for role in found["roles"]] == ["encoder"] * 5
    for role in found["roles"]:
        scores = result.roles[role["name"]]
        assert [(place["layer"], place["head"]) for place in role["top"]] == scores.top(2)
        assert role["zeroed_change"] == pytest.approx(result.check.roles[role["name"]].change, rel=1e-4)
    for head in found["heads"]:
        assert head["label"] == f"L{head['layer']}.H{head['head']}"
        for score in head["scores"]:
            expected = float(result.roles[score["role"]].scores[head["layer"], head["head"]])
            assert score["score"] == pytest.approx(expected, abs=1e-6)
    assert len(found["causal"]["controls"]) == 10
    shown = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert f"HEADS  2 texts of {found['count']} random tokens" in shown
    assert "KL at blanks" in shown
    assert "ENC PREVIOUS TOKEN  mean attention to the position before" in shown
    assert "DECODER" not in shown
    assert max(map(len, shown.splitlines())) <= 100
    said = refusal(*words, "--role", "cross_monotone")
    assert "has no role 'cross_monotone': expected one of enc_previous_token, enc_current_token" in said


@each
def test_bad_input_is_told(kind: str) -> None:
    at = ("-m", folder(kind))
    mask = "[MASK]" if kind == "uncased" else "<mask>"
    said = refusal("explain", "the capital of France is", *at)
    assert "has no blank" in said
    assert f"Write {mask} where a word is missing" in said
    two = CliRunner().invoke(app, ["explain", f"the <mask> of France is {mask}", *map(str, at)], catch_exceptions=False)
    assert "The prompt has 2 blanks, and one is explained at a time" in " ".join(two.output.split())
    with_mask = refusal("explain", "a b", "-m", "toy/two-layer", "--mask", "___")
    assert "leave --mask out" in with_mask


def test_a_blank_in_a_decoders_prompt_is_noted() -> None:
    result = CliRunner().invoke(
        app, ["explain", "The capital of France is [MASK]", "--no-test"], catch_exceptions=False
    )
    assert "[MASK] is no blank to smollm2-135m" in " ".join(result.output.split())


def test_the_shipped_toy_answers() -> None:
    found = run_json("explain", "Bambo lives in ___.", "-m", "toy/cloze", "--mask", "___", "--json")
    assert (found["target"]["text"], found["position"]) == (" Prague", 5)
    shown = CliRunner().invoke(app, ["explain", "Bambo lives in [MASK].", "-m", "toy/cloze", "-p", "1"]).output
    assert "│ 3 ·lives │" in shown  # the head that answers reads what comes after the asked position
    shown = (
        CliRunner()
        .invoke(app, ["attention", "Bambo lives in [MASK].", "-m", "toy/cloze", "--layer", "3", "--head", "2"])
        .output
    )
    assert "7 [SEP]               0.018" in shown


@each
def test_the_lens_follows_what_is_predicted_at_the_blank(kind: str) -> None:
    """A long tail after the blank: the map shows the blank, and the table below is of it."""
    prompt = "the capital of France is <mask> and the capital of France is the capital of France is the"
    blank, logits = own(kind, prompt)
    found = run_json("lens", prompt, "-m", folder(kind), "--json")
    assert found["asks"] == blank
    shown = CliRunner().invoke(app, ["lens", prompt, "-m", str(folder(kind))], catch_exceptions=False).stdout
    token = name_of(unembed.load(str(folder(kind))), int(logits.argmax()))
    table = shown[shown.index(f"at position {blank}\n") :]
    assert f"{100 * float(logits.softmax(-1).max()):.1f}%" in table.splitlines()[2]
    assert visible(token) in shown
    assert f" {blank} " in shown.splitlines()[3]
    assert "the blank and those around it" in shown.splitlines()[2]
    one = CliRunner().invoke(app, ["lens", prompt, "-m", str(folder(kind)), "-p", "1"], catch_exceptions=False).stdout
    assert "at position 1\n" in one


@each
def test_options_of_other_models_are_refused_by_what_this_one_is(kind: str) -> None:
    said = refusal("explain", PROMPT, "-m", folder(kind), "--decoder-prompt", "a")
    assert "is a masked language model: it reads a prompt, and no --decoder-prompt" in said
    assert "no cross-attention: it is a masked language model" in refusal(
        "attention", PROMPT, "-m", folder(kind), "--cross"
    )
    said = refusal("attended", PROMPT, "-m", folder(kind), "--layer", "1", "--head", "0")
    assert said.startswith("A score by what was written is told of streams that are sums of what was written")
    assert "words, ablate, patch, paths, graph, trace, noise, heads" in refusal("generate", PROMPT, "-m", folder(kind))


@each
def test_noise_tells_of_the_blank(kind: str) -> None:
    shown = CliRunner().invoke(app, ["noise", PROMPT, "-m", str(folder(kind)), "--seeds", "2"]).stdout
    assert "KL at the blank, nats" in shown


def test_a_toys_own_relations_need_no_file() -> None:
    """`facts.yaml` lies beside its weights; relations that ship with the package are known as well."""
    own_facts = Path(unembed.__file__).parent / "data" / "toys" / "cloze" / "facts.yaml"
    words = ["--limit", "2", "--subject", "Bambo", "-m", "toy/cloze", "--json"]
    named = run_json("knowledge", "find", "--relation", "home", *words)
    assert named["facts"] == run_json("knowledge", "find", own_facts, "--relation", "home", *words)["facts"]
    said = refusal("knowledge", "erase", "job", "-m", "toy/cloze")
    assert "No relation 'job' ships with unembed or with this model. Give one of home, craft," in said
    assert "capital" in said


@each_masked
@pytest.mark.usefixtures("own_cache")
def test_a_report_of_every_family_is_written(model_type: str, tmp_path: Path) -> None:
    """The page asks what heads and neurons read: of ModernBERT, whose stream is a plain sum, it is told."""
    tokenizer = word_pieces()
    build_masked(model_type, vocab_size=len(tokenizer), dtype=torch.float32).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    report = tmp_path / "report.html"
    run_json("explain", PROMPT.lower(), "-m", tmp_path, "--html", report, "--json")
    text = report.read_text(encoding="utf-8")
    assert (re.search(r'"what": ?"query"', text) is not None) == (model_type == "modernbert")
    assert "[MASK]" in text
