"""Whatever is asked of a model that is taken apart less far, it is answered, or refused with the level that there is.

One model of each level: its heads are those of mixers (Mamba), its sublayers are one term each (RWKV), what mixes its
tokens is (xLSTM), some of its MLPs are (Llama 4).
"""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast
from typer.testing import CliRunner

import unembed
from builders.random_models import build
from builders.results import MADE, OTHER, PROMPT, TARGET
from builders.unknown_models import unknown
from unembed.cli import app
from unembed.engine.edits import zero
from unembed.errors import InputError
from unembed.explorer.asks import ASKS, answer
from unembed.explorer.session import Session
from unembed.loading import load
from unembed.methods.intervene import Change, intervene
from unembed.models.parts import Part
from unembed.models.refusals import level_told
from unembed.progress import silent

STREAM = {"record", "readout", "read_direction", "decompose", "explain", "explain_answer", "lens", "generate", "study"}
"""What reads the stream and its writes: told of every model."""
LEVELS: dict[str, set[str]] = {"mamba": set(), "rwkv": set(), "xlstm": set(), "llama4_text": {"attention"}}
"""What is told beside them."""
WHOLE = "everything"
"""What a model is called of which everything is told."""
KINDS = ("attention", "mlp", "head", "neuron")


@pytest.fixture(scope="module")
def models() -> dict[str, unembed.Model]:
    words = Tokenizer(WordLevel({f"w{token}": token for token in range(97)}, unk_token="w0"))
    words.pre_tokenizer = Whitespace()  # type: ignore[assignment]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0")
    made = {name: unembed.wrap(unknown(name), tokenizer, name=name) for name in LEVELS}
    return made | {WHOLE: unembed.wrap(build("llama", layers=3), tokenizer, name=WHOLE)}


@pytest.fixture(params=LEVELS)
def model(request: pytest.FixtureRequest, models: dict[str, unembed.Model]) -> unembed.Model:
    return models[request.param]


def refusal(ask: Callable[[], Any]) -> str | None:
    """The message of what is refused."""
    try:
        ask()
    except InputError as error:
        return str(error)
    return None


def says_why(model: unembed.Model, message: str) -> bool:
    """Whether a refusal says the level that there is, or that there is nothing of its kind."""
    told = level_told(model) in message or f"taken apart down to its {model.level}" in message
    return told or f"{model.name} has no MLP" in message or "nothing of its kind writes" in message


def refused(model: unembed.Model, ask: Callable[[], Any]) -> bool:
    """Whether it is refused, with the level that there is."""
    message = refusal(ask)
    assert message is None or says_why(model, message), message
    return message is not None


def test_every_public_function(model: unembed.Model) -> None:
    run, told = unembed.record(model, PROMPT), STREAM | LEVELS[model.name]
    for name, make in MADE.items():
        if name != "measure_stack_roles":  # of a model of its own
            known = name in told or name.removesuffix(" of one head") in told
            assert refused(model, lambda make=make: make(model, run)) is not known, name


def part(kind: str) -> Part:
    return Part(kind, 1, head=0 if kind == "head" else None, neuron=2 if kind == "neuron" else None)  # type: ignore[arg-type]


CHANGES: dict[str, Callable[[unembed.Run], Any]] = {
    **{f"zero {kind}": lambda run, kind=kind: intervene(run, TARGET, [Change(part(kind), "zero")]) for kind in KINDS},
    **{f"ablate {kind}": lambda run, kind=kind: unembed.ablate(run, TARGET, site=kind) for kind in KINDS},
    "swap": lambda run: unembed.explain(run, swap=("w33", "w34")),
    "counterfactual": lambda run: unembed.counterfactual(run, zero(part("attention")), TARGET),
    "gradients": lambda run: unembed.gradients(run, [zero(part("attention"))], lambda x: x[:, 0, TARGET], []),
    "path_patch": lambda run: unembed.path_patch(run, [zero("L1.H0 @ 2")], "logits", lambda x: x[:, 0, TARGET]),
    "circuit": lambda run: unembed.evaluate_circuit(run, OTHER, TARGET, 9, [("input", "m0"), ("m0", "logits")]),
    **{
        f"study {do}": lambda run, do=do: unembed.study(
            run.model, [{"prompt": PROMPT, "corrupt": OTHER, "target": TARGET, "versus": 9}], do, out=mkdtemp()
        )
        for do in ("words", "heads", "ablate", "knowledge", "patch", "circuit")
    },
}


def test_whatever_changes_parts_is_refused(model: unembed.Model) -> None:
    run = unembed.record(model, PROMPT)
    assert [name for name, change in CHANGES.items() if not refused(model, lambda c=change: c(run))] == []


def test_parts_are_listed_where_they_are_told(model: unembed.Model) -> None:
    """As many as the configuration says, and none that are not told."""
    listed: dict[str, int] = {}
    for kind in KINDS:
        refused(model, lambda kind=kind: listed.__setitem__(kind, len(model.parts(kind))))
    assert (
        listed
        == {
            "mamba": {"attention": 3},
            "rwkv": {"attention": 3, "mlp": 3},
            "xlstm": {"attention": 2, "mlp": 2, "neuron": 2 * model.d_mlp},
            "llama4_text": {"attention": 3, "mlp": 3, "head": 3 * 4, "neuron": 2 * 48},  # one block is a mixture
        }[model.name]
    )


@pytest.mark.parametrize("by", ["sublayer", "head", "source", "neuron", "source+neuron"])
def test_a_finer_ledger_than_there_is_says_so(model: unembed.Model, by: str) -> None:
    told = f"taken apart down to its {model.level}, not by {by}"
    noted = any(told in note for note in unembed.explain(model, PROMPT, by=by).notes)
    coarser = {"sublayers": by != "sublayer", "neurons": by != "sublayer", "heads": "neuron" in by}
    assert noted is coarser[model.level] or (model.name in ("xlstm", "llama4_text") and by != "sublayer")


def test_what_it_goes_on_with_is_what_transformers_generates(model: unembed.Model) -> None:
    """Mixers keep states, no keys and values: all tokens run at each step."""
    steps = [step.token for step in unembed.generate(model, PROMPT, tokens=4)]
    whole = list(PROMPT)
    for token in steps:
        with torch.no_grad():
            logits = model.module(torch.tensor([whole]), use_cache=False).logits[0, -1]
        assert token == int(logits.argmax())
        whole.append(token)


P, Q = (" ".join(f"w{token}" for token in tokens) for tokens in (PROMPT, OTHER))
ASKED: dict[str, list[dict[str, Any]]] = {
    "explain": [{"test": True}, {"test": True, "swap": ["w33", "w34"]}],
    "terms": [{"layer": 1, "sublayer": "attention"}, {"layer": 1, "sublayer": "mlp"}],
    "inspect": [
        {"part": {"kind": kind, "layer": 1} | ({kind: 0} if kind in ("head", "neuron") else {})} for kind in KINDS
    ],
    "test": [{"tests": [{"part": {"kind": kind, "layer": 1}, "how": "zero"}]} for kind in ("attention", "mlp")],
    "lens": [{}],
    "attention": [{"layer": 1}, {"layer": 1, "head": 0}],
    "paths": [{}],
    "attribute": [{}],
    "facts": [{}],
    "find": [{"target": "w7", "prompts": [P, Q]}],
    "edit": [{"action": "suppress", "neurons": [{"layer": 1, "neuron": 2}], "target": "w7", "prompts": [P, Q]}],
    "update": [{"to": "w9", "target": "w7", "prompts": [P, Q], "subject": "w17"}],
    "patch": [{"prompt_b": Q, "target": "w7", "site": site} for site in ("head", "resid_pre")],
    "generate": [{"tokens": 2}],
    "tokens": [{"text": "w", "top": 3}],
}
ASKED["reads"] = ASKED["inspect"]


def test_every_ask_of_the_page(model: unembed.Model, models: dict[str, unembed.Model]) -> None:
    """What is refused without a word of a level is refused of a model of everything as well (a text it cannot read)."""
    assert ASKED.keys() == ASKS.keys()
    session, whole = Session(model), Session(models[WHOLE])
    answered, always = set(), {"explain", "terms", "inspect", "reads", "lens", "generate", "tokens", "facts"}
    for name, asks in ASKED.items():
        for given in ({"ask": name, "prompt": P, **ask} for ask in asks):
            message = refusal(lambda given=given: answer(session, given, silent))
            if message is None:
                answered.add(name)
            elif not says_why(model, message):
                assert message.replace(model.name, WHOLE) == refusal(lambda given=given: answer(whole, given, silent))
    assert answered == always | LEVELS[model.name]


COMMANDS = {
    "explain P --by neuron": True,
    "explain P --swap w33=w34": False,
    "lens P": True,
    "generate P --tokens 2 --explain": True,
    "attention P --layer 1 --head 0": None,
    "words P": False,
    "ablate P --site neuron": False,
    "heads": False,
    "circuit head --layer 1 --head 0 --token w7": False,
    "composition": False,
    "paths P": False,
    "graph P": False,
    "attended P --layer 1 --head 0": False,
    "noise P": False,
    "patch P Q": False,
    "trace P --subject w33": False,
    "steer P --layer 1 --add w7 --tokens 2": False,
    "knowledge attribute P --target w7": False,
    "study ask FILE --do explain --by neuron --out OUT": True,
    "study ask FILE --do heads --out OUT": False,
}
"""Whether a command is answered; None is only of a model with patterns."""


def test_commands(model: unembed.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The level reaches whoever types them."""
    monkeypatch.setattr(load, "load", lambda *_, **__: model)
    (tmp_path / "asked.jsonl").write_text(json.dumps({"prompt": P}))
    for number, (command, told) in enumerate(COMMANDS.items()):
        values = {"P": P, "Q": Q, "FILE": str(tmp_path / "asked.jsonl"), "OUT": str(tmp_path / str(number))}
        made = CliRunner().invoke(app, [values.get(word, word) for word in command.split()])
        known = told if told is not None else "attention" in LEVELS[model.name]
        if known:
            assert made.exit_code == 0, (command, made.exception)
        else:
            assert isinstance(made.exception, InputError), (command, made.exception)
            assert "taken apart down to its" in str(made.exception), command


def test_a_model_of_everything_is_refused_nothing(models: dict[str, unembed.Model]) -> None:
    model = models[WHOLE]
    assert model.level == "everything"
    run = unembed.record(model, PROMPT)
    for name in ("attention", "ablate", "attention_score", "graph", "words", "measure_head_roles", "ov_circuit"):
        MADE[name](model, run)
