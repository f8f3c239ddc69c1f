"""Every command on every toy that it may be asked of: what adds up, what is refused, and in which words.

Prompts of each toy's own; on the toy of facts the JSON of each command instead, which must pass its schema.
"""

import json
import math

import pytest
import torch

import unembed
from builders.commands import run, valid
from unembed.loading.shipped import GPTS, toy_folder

pytestmark = pytest.mark.usefixtures("own_cache")

FACTS = str(toy_folder("facts") / "facts.yaml")
FACT = (FACTS, "--relation", "home", "--subject", "Bambo")
OF_FACT = ("--facts", *FACT)
PROMPTS = dict.fromkeys(GPTS, ("The king shall", "The man shall", " be", " not", " king")) | {
    "facts": ("Bambo lives in", "Banter lives in", " Prague", " Vienna", "Bambo"),
    "cloze": ("Bambo lives in [MASK].", "Banter lives in [MASK].", "Prague", "Vienna", "Bambo"),
    "parti": ("a red circle", "a blue circle", "<background>", "<red-full>", "red"),
}
"""Clean, corrupt, target, another token, subject."""
TRACE = ("trace", "PROMPT", "--subject", "SUBJECT", "--samples", "3")
STEER = ("steer", "PROMPT", "--layer", "0", "--add", "TARGET", "--tokens", "2")

CLOZES = str(toy_folder("cloze") / "facts.yaml")
CLOZE = (CLOZES, "--relation", "home", "--subject", "Bambo")
AT_A_BLANK = [
    *[("knowledge", "attribute", "PROMPT", "--target", "TARGET", "--path", path) for path in ("layer", "neuron")],
    ("knowledge", "attribute", "PROMPT", "--target", "TARGET", "--baseline", "mean", "--text", "TEXT"),
    ("knowledge", "find", CLOZES, "--relation", "home", "--limit", "2"),
    ("knowledge", "find", "--relation", "capital", "--limit", "2"),
    ("knowledge", "suppress", "--facts", *CLOZE, "--limit", "2", "--text", "TEXT"),
    pytest.param(("knowledge", "amplify", "--facts", *CLOZE, "--limit", "2", "--text", "TEXT"), marks=pytest.mark.slow),
    ("knowledge", "suppress", "L3.N147"),
    ("knowledge", "erase", "home", "--facts", CLOZES, "--limit", "2", "--text", "TEXT"),
]
"""Of a masked model; once with the texts that a report takes by itself."""

ANYWHERE = [
    *[("explain", "PROMPT", "--by", by) for by in ("sublayer", "head", "source", "neuron", "source+neuron")],
    ("explain", "PROMPT", "--target", "TARGET", "--vs", "OTHER", "--reference", "raw"),
    ("explain", "PROMPT", "--position", "0", "--no-test"),
    ("lens", "PROMPT", "--target", "TARGET"),
    ("lens", "PROMPT", "--layer", "emb"),
    ("generate", "PROMPT", "--tokens", "3", "--explain"),
    ("paths", "PROMPT", "--target", "TARGET"),
    ("graph", "PROMPT", "--target", "TARGET", "--nodes", "5"),
    ("bigrams", "TARGET", "--generate", "3"),
]
WITH_HEADS = [
    ("lens", "PROMPT", "--layer", "0"),
    ("attention", "PROMPT"),
    ("attention", "PROMPT", "--layer", "0", "--head", "1"),
    ("ablate", "PROMPT", "--site", "head"),
    ("ablate", "PROMPT", "--site", "attention", "--position", "all"),
    ("attended", "PROMPT", "--layer", "0", "--head", "0"),
    ("circuit", "--layer", "0", "--head", "0", "--token", "TARGET"),
    ("circuit", "--layer", "0", "--head", "0", "--skip-trigrams"),
    *[("patch", "PROMPT", "CORRUPT", "--vs", "OTHER", "--site", site) for site in ("resid_pre", "attention", "head")],
    ("patch", "PROMPT", "CORRUPT", "--metric", "kl", "--direction", "noise"),
    *[(*TRACE, "--site", site) for site in ("resid_post", "attention")],
    *[(*STEER, "--site", site) for site in ("resid_post", "attention")],
    ("steer", "PROMPT", "--layer", "0", "--toward", "PROMPT", "--away", "CORRUPT", "--tokens", "2"),
    ("heads", "--sequences", "2", "--no-check"),
    ("noise", "PROMPT", "--seeds", "2"),
]
WITH_NEURONS = [
    *[("ablate", "PROMPT", "--site", site) for site in ("mlp", "neuron")],
    ("patch", "PROMPT", "CORRUPT", "--vs", "OTHER", "--site", "mlp"),
    ("patch", "PROMPT", "CORRUPT", "--vs", "OTHER", "--site", "neuron", "--layer", "0"),
    (*TRACE, "--site", "mlp"),
    (*STEER, "--site", "mlp"),
    *[("knowledge", "attribute", "PROMPT", "--target", "TARGET", "--path", path) for path in ("layer", "neuron")],
    ("knowledge", "attribute", "PROMPT", "--target", "TARGET", "--baseline", "mean", "--text", "TEXT"),
    ("knowledge", "find", FACTS, "--relation", "home", "--limit", "2"),
    ("knowledge", "memory", "L0.N3", "--text", "TEXT"),
    ("knowledge", "memory", "L0", "--neurons", "2", "--text", "TEXT"),
    *[("knowledge", action, *OF_FACT, "--limit", "2", "--text", "TEXT") for action in ("suppress", "amplify")],
    ("knowledge", "suppress", "L0.N3", "--text", "TEXT"),
    ("knowledge", "update", *FACT, "--to", "Rome", "--text", "TEXT"),
    ("knowledge", "update", *FACT, "--to", "Rome", "--method", "value", "--limit", "2", "--text", "TEXT"),
    ("knowledge", "erase", "home", "--facts", FACTS, "--limit", "2", "--text", "TEXT"),
]


def named(command: tuple[str, ...]) -> str:
    """A readable name of a case."""
    return " ".join(word.rpartition("/")[2] for word in command if word.isascii())


@pytest.fixture
def ask(monkeypatch, capsys, tmp_path):
    """A command on a toy: exit code, stdout, stderr; never a trace, never a number that is none."""
    text = tmp_path / "text.txt"
    text.write_text("The king is dead, and all the world is sad.\nBambo lives in Prague. The coat of Bambo is red.\n")

    def call(toy: str, *command: str) -> tuple[int, str, str]:
        words = dict(
            zip(("PROMPT", "CORRUPT", "TARGET", "OTHER", "SUBJECT"), PROMPTS[toy], strict=True), TEXT=str(text)
        )
        found = run(monkeypatch, capsys, *(words.get(word, word) for word in command), "--model", f"toy/{toy}")
        assert "Traceback" not in found[2]
        assert "internal error" not in found[2]
        return found

    return call


def succeeds(ask, toy: str, command: tuple[str, ...]) -> None:
    """With something on stdout, and no complaint."""
    as_json = toy == "facts"
    code, out, err = ask(toy, *command, *["--json"] * as_json)
    assert (code, err) == (0, "")
    assert out.strip()
    assert not {"nan", "inf", "NaN", "NaN,", "Infinity,"} & set(out.split())
    if as_json:
        valid(out)


def is_refused(ask, toy: str, command: tuple[str, ...], says: str) -> None:
    """With nothing on stdout, and one short message."""
    code, out, err = ask(toy, *command)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) <= 3


LAYERED = tuple(toy for toy in GPTS if toy != "zero-layer")
WITHOUT_NEURONS = tuple(toy for toy in GPTS if toy != "facts")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("toy", GPTS)
@pytest.mark.parametrize("command", ANYWHERE, ids=named)
def test_on_every_toy(ask, toy, command):
    succeeds(ask, toy, command)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("toy", LAYERED)
@pytest.mark.parametrize("command", WITH_HEADS, ids=named)
def test_where_there_are_heads(ask, toy, command):
    succeeds(ask, toy, command)


@pytest.mark.parametrize("command", WITH_HEADS, ids=named)
def test_where_there_are_no_heads(ask, command):
    is_refused(ask, "zero-layer", command, "no layers")


@pytest.mark.parametrize("command", WITH_NEURONS, ids=named)
def test_where_there_are_neurons(ask, command):
    succeeds(ask, "facts", command)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("toy", WITHOUT_NEURONS)
@pytest.mark.parametrize("command", WITH_NEURONS, ids=named)
def test_where_there_are_no_neurons(ask, toy, command):
    is_refused(ask, toy, command, "has no layers" if toy == "zero-layer" else "has attention only, no MLPs")


@pytest.mark.parametrize("command", AT_A_BLANK, ids=named)
def test_knowledge_at_a_blank(ask, command):
    succeeds(ask, "cloze", command)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("knowledge", "update", *CLOZE, "--to", "Paris"), "take the value edit of its neurons (--method value)"),
        (("knowledge", "update", *CLOZE, "--to", "Xy", "--method", "value"), "holds one token, but ' Xy' is 2 there"),
        (("knowledge", "memory", "L3"), "unembed explain, of a sentence with a blank"),
        (("knowledge", "attribute", "Bambo lives in", "--target", "TARGET"), "Write [MASK] where a word is missing"),
        (("knowledge", "attribute", "PROMPT", "--target", "Xyz"), "holds one token, but 'Xyz' is 3 there"),
        (("knowledge", "find", "--relation", "capital", "--subject", "Bangladesh"), "but toy/cloze reads at most 32"),
        (("knowledge", "find", FACTS, "--relation", "nobody"), "choose one with --relation"),
    ],
    ids=str,
)
def test_what_knowledge_refuses_at_a_blank(ask, command, says):
    is_refused(ask, "cloze", command, says)


def test_an_edit_at_a_blank_is_kept_and_applied(ask, tmp_path):
    kept = str(tmp_path / "edit.safetensors")
    update = ("knowledge", "update", *CLOZE, "--to", "Paris", "--method", "value", "--limit", "4", "--text", "TEXT")
    said = valid(ask("cloze", *update, "--save", kept, "--json")[1])
    assert said["effects"]["own"]["top_after"] < said["effects"]["own"]["top_before"] == 8
    data = valid(ask("cloze", "explain", "PROMPT", "--target", "Paris", "--edits", kept, "--json")[1])
    assert data["model"]["edits"] == [said["description"]]
    assert data["target"]["probability"] > 5 * said["effects"]["new"]["before"] > 0


@pytest.mark.parametrize("toy", GPTS)
def test_composition_needs_two_layers(ask, toy):
    if toy in ("zero-layer", "one-layer"):
        is_refused(ask, toy, ("composition",), "Composition needs two layers of heads")
    else:
        succeeds(ask, toy, ("composition",))


@pytest.mark.parametrize("command", [*WITH_HEADS[7:], *WITH_NEURONS[2:]], ids=named)
def test_an_encoder_decoder_is_refused_where_cross_attention_is_left_out(ask, command):
    if command[0] in ("patch", "steer", "heads"):
        succeeds(ask, "parti", command)
    elif command[:2] in (("knowledge", "attribute"), ("knowledge", "find")):
        is_refused(ask, "parti", command, "The source has no blank that toy/parti fills")
    else:
        is_refused(ask, "parti", command, "toy/parti is an encoder-decoder")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("toy", GPTS)
@pytest.mark.parametrize("by", ["sublayer", "head", "source", "neuron", "source+neuron"])
def test_the_ledger_that_is_printed_is_the_logit(ask, toy, by):
    """Of a plain run of the module, above the mean over the vocabulary; up to rounding of float32."""
    prompt, _, target, *_ = PROMPTS[toy]
    data = json.loads(ask(toy, "explain", prompt, "--target", target, "--by", by, "--json")[1])
    logits = plain(toy, [token["id"] for token in data["tokens"]])
    terms = math.fsum(term["value"] for term in data["ledger"]["terms"])
    assert terms == pytest.approx(float(logits[data["target"]["id"]] - logits.mean()), abs=1e-4)
    assert data["target"]["probability"] == pytest.approx(float(logits.softmax(-1)[data["target"]["id"]]), abs=1e-6)


@pytest.mark.parametrize("toy", GPTS)
def test_what_is_generated_is_the_top_prediction_each_time(ask, toy):
    data = json.loads(ask(toy, "generate", "PROMPT", "--tokens", "4", "--json")[1])
    ids = [token["id"] for token in data["prompt"]]
    for step in data["generated"]:
        assert step["id"] == int(plain(toy, ids).argmax())
        ids.append(step["id"])


def plain(toy: str, ids: list[int]) -> torch.Tensor:
    """The last logits of the module by itself."""
    with torch.no_grad():
        return unembed.load(f"toy/{toy}", device="cpu").module(torch.tensor([ids])).logits[0, -1].double()
