"""Asks about facts: they are the library's answers, and no edit outlives its ask."""

import pytest
import torch

import unembed
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.explorer.asks import answer
from unembed.explorer.session import Session
from unembed.loading.shipped import toy_folder
from unembed.methods.knowledge import editing as knowledge_editing
from unembed.methods.knowledge import report as knowledge_report
from unembed.methods.knowledge.facts import facts_for, read_facts, relations, stated
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.neurons import Criteria, Neuron
from unembed.methods.knowledge.weight_edits import applied

PROMPT = "Bambo lives in"
"""A prompt of the toy that learned facts: Bambo lives in Prague."""


@pytest.fixture(scope="module")
def model():
    return unembed.load("toy/facts")


@pytest.fixture(scope="module")
def session(model):
    return Session(model)


def silent(stage: str, fraction: float) -> None:
    pass


def asked(session, ask: str, **words) -> dict:
    return answer(session, {"ask": ask, "prompt": PROMPT, **words}, silent)


def weights(model) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.module.state_dict().items()}


def as_before(model, before: dict[str, torch.Tensor]) -> bool:
    """Bit for bit."""
    return model.edits == () and all(torch.equal(value, before[n]) for n, value in model.module.state_dict().items())


@pytest.fixture(scope="module")
def home(model):
    return next(relation for relation in read_facts(toy_folder("facts") / "facts.yaml") if relation.name == "home")


@pytest.fixture(scope="module")
def found(session):
    return asked(session, "find", compared=3, t=0.1)


def test_a_toy_knows_its_own_facts_and_other_models_those_that_ship(session, home, tmp_path):
    listed = asked(session, "facts")
    assert not listed["shipped"]
    assert listed["stated"] == {
        "relation": "home",
        "subject": "Bambo",
        "answer": "Prague",
        "prompts": list(home.facts[0].prompts),
    }
    assert asked(session, "facts", prompt="Bambo lives")["stated"] is None
    shipped = facts_for(tmp_path)
    assert tuple(relation.name for relation in shipped) == relations()
    relation, fact = stated(shipped, "The government of France sits in its capital,")
    assert (relation.name, fact.subject, fact.answer) == ("capital", "France", "Paris")
    assert stated(shipped, "The government of France sits in its capital, ") is None


def test_the_neurons_are_those_of_find_on_as_many_facts(model, found, home):
    own = find(model, home.of(home.facts[:3]), criteria=Criteria(t=0.1))
    assert [fact["subject"] for fact in found["facts"]] == [fact.subject for fact in home.facts[:3]]
    for name in ("kept", "refined"):
        listed = {Neuron(n["layer"], n["neuron"], n["expert"]) for n in found["facts"][0][name]}
        assert listed == getattr(own.facts[0], name)
        assert listed
    assert [token["text"] for token in found["facts"][0]["target"]] == [" Prague"]


def test_a_fact_of_one_s_own_is_searched_alone_and_says_so(session, model):
    prompts = ["The home of Bambo is in", PROMPT]
    told = asked(session, "find", prompts=prompts)
    assert told["facts"][0]["prompts"] == [PROMPT, prompts[0]]
    assert told["facts"][0]["answer"] == "Prague"
    assert "only one fact" in told["notes"][0]
    target = question(model, prompts[0], " Prague").answer[0]
    assert told["facts"][0]["probabilities"][1] == pytest.approx(chance(model, prompts[0], target), abs=1e-5)


def chance(model, prompt: str, token: int) -> float:
    """By the module alone."""
    with torch.no_grad():
        return float(model.module(ids(model, prompt)).logits[0, -1].double().softmax(-1)[token])


def ids(model, prompt: str) -> torch.Tensor:
    return torch.tensor([model.tokenizer(prompt).input_ids])


@pytest.mark.parametrize("action", ["suppress", "amplify"])
def test_scaled_rows_are_the_edit_of_the_library_and_are_put_back(session, model, found, action):
    before, fact = weights(model), found["facts"][0]
    given = [{"layer": n["layer"], "neuron": n["neuron"]} for n in fact["kept"]]
    told = asked(session, "edit", action=action, neurons=given)
    assert as_before(model, before)
    token, prompts = fact["target"][0]["id"], fact["prompts"]
    plain = [chance(model, prompt, token) for prompt in prompts]
    chosen = [Neuron(n["layer"], n["neuron"]) for n in given]
    with applied(model, getattr(knowledge_editing, action)(model, chosen)):
        edited = [chance(model, prompt, token) for prompt in prompts]
        says = [int(model.module(ids(model, prompt)).logits[0, -1].argmax()) for prompt in prompts]
    own = told["effects"]["own"]
    assert own["before"] == pytest.approx(sum(plain) / len(plain), abs=1e-5)
    assert own["after"] == pytest.approx(sum(edited) / len(edited), abs=1e-5)
    assert [prompt["after"]["id"] for prompt in told["prompts"]] == says
    assert told["control"]["own"]["prompts"] == len(prompts)


def test_an_update_is_made_with_every_second_prompt_and_judged_on_the_others(session, model):
    before = weights(model)
    told = asked(session, "update", to="Vienna")
    assert as_before(model, before)
    assert [prompt["used"] for prompt in told["prompts"]] == [True, False] * 4
    assert {prompt["before"]["text"] for prompt in told["prompts"]} == {" Prague"}
    assert {prompt["after"]["text"] for prompt in told["prompts"]} == {" Vienna"}
    assert (told["effects"]["unseen"]["prompts"], told["effects"]["unseen"]["top_after"]) == (4, 4)
    assert told["effects"]["related"]["kept"] >= 6
    assert (told["method"], told["to"], told["neurons"]) == ("rome", "Vienna", [])


def test_erase_suppresses_the_relation(session, model, found):
    before = weights(model)
    given = [{"layer": n["layer"], "neuron": n["neuron"]} for n in found["shared"]]
    told = asked(session, "edit", action="erase", neurons=given)
    assert as_before(model, before)
    assert (told["action"], told["subject"]) == ("erase", None)
    assert told["effects"]["own"]["after"] < told["effects"]["own"]["before"]


class Left(Exception):  # noqa: N818
    """As when nobody waits any more."""


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_whoever_leaves_in_the_middle_leaves_the_model_as_it_was(session, model, calls):
    before, seen = weights(model), []

    def leave(stage: str, fraction: float) -> None:
        seen.append(stage)
        if seen.count("report") == calls:
            raise Left

    ask = {"ask": "edit", "prompt": PROMPT, "action": "suppress", "neurons": [{"layer": 0, "neuron": 3}]}
    with pytest.raises(Left):
        answer(session, ask, leave)
    assert as_before(model, before)


def test_an_edited_model_that_fails_is_put_back(session, model, monkeypatch):
    """The failure comes while the weights are edited."""
    before, seen = weights(model), []

    def fail(edited, passages):
        seen.append(edited.edits)
        if edited.edits:
            raise InputError("here")
        return 1.0

    monkeypatch.setattr(knowledge_report, "perplexity", fail)
    with pytest.raises(InputError, match="here"):
        asked(session, "edit", action="suppress", neurons=[{"layer": 0, "neuron": 3}])
    assert [len(edits) for edits in seen] == [0, 1]
    assert as_before(model, before)
