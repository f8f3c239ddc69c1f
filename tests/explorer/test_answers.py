"""What a session answered is kept: asked again it computes nothing, and is what a session says that never was asked."""

import json
from dataclasses import dataclass

import pytest

import unembed
from unembed.errors import InputError
from unembed.explorer import asks
from unembed.explorer.answers import Answers
from unembed.explorer.asks import answer, answer_json
from unembed.explorer.session import Session
from unembed.methods.knowledge.editing import suppress
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.weight_edits import applied
from unembed.progress import silent

PROMPT = "Bambo lives in"
NEURONS = [{"layer": 0, "neuron": 3}, {"layer": 1, "neuron": 5}]
ASKED = {
    "explain": {"test": True, "top": 3},
    "terms": {"layer": 1, "sublayer": "mlp"},
    "lens": {},
    "attention": {"layer": 1, "head": 0},
    "paths": {},
    "attribute": {"top": 5},
    "generate": {"tokens": 2},
    "tokens": {"text": "vi"},
}


@pytest.fixture(scope="module")
def model():
    return unembed.load("toy/facts")


@pytest.fixture
def forwards(model):
    """The calls of the first block, by which every computation of the model begins that is not read off a kept run."""
    calls: list[int] = []
    hook = model.blocks[0].module.register_forward_hook(lambda *_: calls.append(1))
    yield calls
    hook.remove()


def ask(name: str, **words) -> dict:
    return {"ask": name, "prompt": PROMPT, **words}


def test_every_ask_but_an_edit_is_computed_once_however_it_is_written(model, monkeypatch):
    session, computed = Session(model), []
    for name, function in asks.ASKS.items():
        monkeypatch.setitem(
            asks.ASKS, name, lambda *given, name=name, own=function: computed.append(name) or own(*given)
        )
    for name, words in ASKED.items():
        first = answer_json(session, ask(name, **words), silent)
        told: list[float] = []
        defaults = {"target": None, "reference": "mean", "position": None}
        again = answer_json(
            session,
            {**defaults, **dict(reversed(ask(name, **words).items()))},
            lambda _, done, told=told: told.append(done),
        )
        assert again == first
        assert told == [1.0]
        assert json.loads(again) == json.loads(json.dumps(answer(Session(model), ask(name, **words), silent)))
    assert computed == [name for name in ASKED for _ in range(2)], "once here, once in the other session"


@pytest.mark.parametrize(
    "change", [{"target": "Paris"}, {"reference": "raw"}, {"position": 1}, {"top": 4}, {"test": True}]
)
def test_another_ask_is_another_answer(model, change):
    session = Session(model)
    first = answer_json(session, ask("explain", test=False), silent)
    assert answer_json(session, ask("explain", **{"test": False, **change}), silent) != first


def test_what_is_refused_or_fails_is_asked_again(model, monkeypatch):
    session = Session(model)

    def crash(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setitem(asks.ASKS, "lens", crash)
        with pytest.raises(ZeroDivisionError):
            answer_json(session, ask("lens"), silent)
    assert json.loads(answer_json(session, ask("lens"), silent))["schema"].startswith("unembed/lens/")
    for _ in range(2):
        with pytest.raises(InputError, match="window"):
            answer_json(session, ask("lens", window=[9, 12]), silent)


def test_an_edit_is_made_anew_and_leaves_what_was_answered(model, forwards):
    session = Session(model)
    before = {name: answer_json(session, ask(name, **words), silent) for name, words in ASKED.items()}
    for _ in range(2):
        forwards.clear()
        edit = json.loads(answer_json(session, ask("edit", action="suppress", neurons=NEURONS), silent))
        assert edit["schema"].startswith("unembed/knowledge-edit/")
        assert forwards
    forwards.clear()
    assert {name: answer_json(session, ask(name, **words), silent) for name, words in ASKED.items()} == before
    assert not forwards, "the edit was undone before its ask ended"
    fresh = {name: answer(Session(model), ask(name, **words), silent) for name, words in ASKED.items()}
    assert {name: json.loads(text) for name, text in before.items()} == json.loads(json.dumps(fresh)), "bit for bit"


def test_a_session_follows_edits_of_ones_own(model):
    """As of a notebook, whose page is asked while the weights are edited."""
    session = Session(model)
    plain = answer_json(session, ask("explain"), silent)
    with applied(model, suppress(model, frozenset(Neuron(**one) for one in NEURONS))):
        edited = answer_json(session, ask("explain"), silent)
        own = answer(Session(model), ask("explain"), silent)
        assert json.loads(edited) == json.loads(json.dumps(own))
        assert edited != plain
    assert answer_json(session, ask("explain"), silent) == plain


@dataclass(frozen=True)
class _Ask:
    n: int


def test_what_is_kept_is_bounded_by_number_and_size_and_what_was_used_stays():
    kept = Answers(most=3, size=10_000)
    for n in range(3):
        kept.keep(_Ask(n), f"{n}")
    assert kept.find(_Ask(0)) == "0"
    kept.keep(_Ask(3), "3")
    assert [kept.find(_Ask(n)) for n in range(4)] == ["0", None, "2", "3"]
    kept = Answers(most=100, size=1000)
    kept.keep(_Ask(0), "x" * 300)
    assert kept.find(_Ask(0)) is None, "one answer may not push out all others"
    for n in range(20):
        kept.keep(_Ask(n), "x" * 200)
        assert sum(len(repr(_Ask(m))) + 200 for m in range(20) if kept.find(_Ask(m))) <= 1000
    assert [n for n in range(20) if kept.find(_Ask(n))] == [16, 17, 18, 19]
    kept.clear()
    assert kept.find(_Ask(19)) is None
