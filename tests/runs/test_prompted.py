"""Methods about a prompt: `method(run, ...)` and `method(model, prompt, ...)` are the same question."""

import inspect
from collections.abc import Callable

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.engine import edits
from unembed.engine.measures import logit
from unembed.methods.circuits.direct_path import continued
from unembed.methods.intervene import Change, intervene
from unembed.models.parts import Part
from unembed.runs.predictions import all_predictions_from, prediction_from, predictions_from
from unembed.runs.prompted import prompt_of

TEXT, OTHER = "the capital of France is", "the capital of Rome is"
HEAD = unembed.Site(kind="z", layer=1, head=1)


METHODS: dict[str, Callable] = {
    "readout": lambda *asked: unembed.readout(*asked, "Paris").value,
    "read_direction": lambda *asked: unembed.read_direction(*asked, [1.0] * 32).value,
    "explain": lambda *asked: unembed.explain(*asked, "Paris", top=2).ledger.sum,
    "swap": lambda *asked: (
        unembed.explain(*asked, "Paris", swap=("France", "Rome"), test=False).swap.target.probability
    ),
    "lens": lambda *asked: unembed.lens(*asked, "Paris").kl,
    "attention": lambda *asked: unembed.attention(*asked, "Paris", layer=1, head=0).heads[0].contribution,
    "ablate": lambda *asked: unembed.ablate(*asked, "Paris", position=2).effects[3].logit,
    "patch": lambda *asked: unembed.patch(*asked, OTHER, "Paris", "Rome").values["denoise"],
    "patch, an answer of two tokens": lambda *asked: unembed.patch(
        *asked, OTHER, "Paris Rome", metric="probability", site="head"
    ).values["denoise"],
    "path_patch": lambda *asked: unembed.path_patch(*asked, [edits.zero(HEAD)], "logits", logit(7)),
    "causal_trace": lambda *asked: unembed.causal_trace(*asked, "Paris", subject="France", samples=1).restored,
    "causal_trace, top prediction": lambda *asked: unembed.causal_trace(*asked, subject=[3], samples=1).restored,
    "attribute": lambda *asked: unembed.attribute(*asked, "Paris").values[1],
    "attribute, an answer of two tokens": lambda *asked: unembed.attribute(*asked, "Paris Rome").values[1],
    "generate": lambda *asked: [step.token for step in unembed.generate(*asked, tokens=3)],
    "steer": lambda *asked: [s.token for s in unembed.steer(*asked, torch.ones(32), layer=1, tokens=3).steered],
    "expand_paths": lambda *asked: unembed.expand_paths(*asked, "Paris", open_at_most=5).sum,
    "graph": lambda *asked: [node.worth for node in unembed.graph(*asked, "Paris", nodes=5).nodes],
    "attention_score": lambda *asked: unembed.attention_score(*asked, 1, 0).score,
    "noise": lambda *asked: unembed.noise(*asked, strengths=[1.0], seeds=2, text=list(range(11)) * 3).plain.heads,
    "intervene": lambda *asked: intervene(*asked, "Paris", [Change(Part("mlp", 1), "zero")]).target_after.probability,
    "continued": lambda *asked: continued(*asked, 4),
}


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama"), make_tokenizer(), name="worded")


@pytest.fixture(scope="module")
def run(model: unembed.Model) -> unembed.Run:
    return unembed.record(model, TEXT)


@pytest.mark.parametrize("name", METHODS)
def test_a_run_and_its_prompt_are_the_same_question(name: str, model: unembed.Model, run: unembed.Run) -> None:
    """Of the run, of its text, of a run that keeps too little; numbers of another recording differ by rounding."""
    found = torch.as_tensor(METHODS[name](run)).double()
    assert bool(torch.isfinite(found).any())
    lean = unembed.record(model, TEXT, positions=[-1], keep="stream")
    asked = [(model, TEXT), (model, run), (lean,), *([] if name == "lens" else [(model, lean)])]
    for each in asked:
        again = torch.as_tensor(METHODS[name](*each)).double()
        if name == "lens" and each[0] is lean:
            assert again.shape[1] == 1  # of a run, the positions that it kept
            again = again.expand_as(found[:, -1:])
            assert torch.allclose(again, found[:, -1:], atol=1e-6)
            continue
        assert torch.allclose(again, found, rtol=1e-4, atol=1e-6, equal_nan=True)


def test_the_run_that_was_given_is_read_and_no_other(run: unembed.Run, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("recorded again")

    monkeypatch.setattr("unembed.runs.prompted.record", refuse)
    assert unembed.explain(run, "Paris").readout.run is run
    assert unembed.lens(run).run is run
    assert unembed.attention(run, layer=1, head=0).run is run
    assert unembed.ablate(run, "Paris", position="all").planned == 12
    assert unembed.patch(run, unembed.record(run.model, OTHER), "Paris", "Rome").complete
    with pytest.raises(AssertionError, match="recorded again"):
        unembed.patch(run, OTHER, "Paris", "Rome")


def test_a_prompt_gives_the_run_that_keeps_what_is_asked_for(model: unembed.Model, run: unembed.Run) -> None:
    some = unembed.record(model, TEXT, positions=[1, -1])
    assert prompt_of(model, some).recorded([-1, 1]) is some
    assert prompt_of(model, some).recorded([2]).positions == (2,)
    assert prompt_of(model, run).recorded() is run
    lean = unembed.record(model, TEXT, keep="stream")
    assert prompt_of(model, lean).recorded([2], keep="stream") is lean
    assert prompt_of(model, lean).recorded([2]).has_parts
    assert prompt_of(model, run).followed_by([]).run is run
    assert prompt_of(model, run).followed_by([7]).tokens == (*run.tokens, 7)


def test_the_whole_pattern_is_there_where_the_run_keeps_it(model: unembed.Model, run: unembed.Run) -> None:
    expected = unembed.attention(model, TEXT, layer=1, head=0).matrix
    assert torch.equal(unembed.attention(run, layer=1, head=0).matrix, expected)
    assert unembed.attention(unembed.record(model, TEXT, positions=[-1]), layer=1, head=0).matrix is None


def test_a_run_knows_its_text(model: unembed.Model, run: unembed.Run) -> None:
    assert run.text == TEXT
    assert unembed.record(model, run.tokens).text is None
    swaps = [unembed.explain(x, swap=("France", "Rome")).swap for x in (run, unembed.record(model, run.tokens))]
    assert swaps[0].target == swaps[1].target, "a run from ids finds the text that has them"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda model, run: unembed.explain(TEXT), r"explain takes a recorded run, or a model and a prompt; found str"),
        (lambda model, run: unembed.explain(model), "found Model"),
        (lambda model, run: unembed.explain(), "found nothing"),
        (lambda model, run: unembed.patch(run), "patch compares two prompts, found one"),
        (lambda model, run: unembed.patch(model, run), "a model and a prompt, and the other prompt; found Model, Run"),
    ],
)
def test_what_is_no_question_is_refused(asked: Callable, message: str, model, run) -> None:
    with pytest.raises(unembed.InputError, match=message):
        asked(model, run)


def test_help_shows_the_model_and_the_prompt() -> None:
    assert list(inspect.signature(unembed.explain).parameters)[:3] == ["model", "prompt", "target"]
    assert list(inspect.signature(unembed.patch).parameters)[:4] == ["model", "clean", "corrupt", "target"]


def test_a_run_tells_what_it_predicts_and_what_stands_at_a_site(model: unembed.Model, run: unembed.Run) -> None:
    best = run.top(3)
    values, tokens = run.logits[-1].double().softmax(-1).topk(3)
    assert [p.token for p in best] == tokens.tolist()
    assert [p.probability for p in best] == pytest.approx(values.tolist())
    assert [p.rank for p in best] == [1, 2, 3]
    assert run.prediction(5).text == "France"
    assert best[0].text == f"id:{best[0].token}", "the tokenizer does not know it"
    assert run.prediction("Paris") == run.prediction(7)
    with pytest.raises(unembed.InputError, match="not in the vocabulary"):
        run.prediction(10**6)
    early = run.prediction(7, position=2)
    assert (early.token, early.text, early.logit) == (7, "Paris", pytest.approx(float(run.logits[2, 7])))
    assert torch.equal(run[HEAD], run.layers[1].heads.z[:, 1])
    assert repr(run) == "Run(worded, 5 tokens, all positions kept)"
    with pytest.raises(unembed.InputError, match="Position 0 was not kept"):
        unembed.record(model, TEXT, positions=[-1]).top(position=0)


def test_tokens_that_are_equally_likely_share_a_rank(model: unembed.Model) -> None:
    logits = (torch.randn(model.vocab, generator=torch.Generator().manual_seed(0)) * 2).round()
    best = predictions_from(model, logits, 30)
    every = all_predictions_from(model, logits)
    assert len({p.rank for p in best}) < 15
    assert [(p.token, p.rank) for p in best] == [(p.token, every[p.token].rank) for p in best]
    assert [p.rank for p in best] == [prediction_from(model, logits, p.token).rank for p in best]
    assert [p.rank for p in best] == [1 + sum(other > p.logit for other in logits.tolist()) for p in best]


def test_a_prompt_may_be_a_run_in_a_direction(model: unembed.Model, run: unembed.Run) -> None:
    other = unembed.record(model, OTHER)
    found = unembed.directions.difference(model, run, other, layer=1)
    assert torch.allclose(found, run.after(1)[-1] - other.after(1)[-1])
    assert torch.allclose(found, unembed.directions.difference(model, TEXT, OTHER, layer=1), atol=1e-6)
    steered = unembed.steer(run, 100 * found, layer=1, tokens=2)
    assert steered.added_length == pytest.approx(100 * float(found.norm()))


def test_versions_need_more_than_the_stream(model: unembed.Model) -> None:
    lean = unembed.record(model, TEXT, keep="stream")
    for ask in (
        lambda: unembed.counterfactuals(lean, [edits.zero(HEAD)], logit(7)),
        lambda: lean.at(HEAD),
        lambda: lean.at(unembed.Site(kind="pattern", layer=0, head=0)),
    ):
        with pytest.raises(unembed.InputError, match="record it with keep='all'"):
            ask()


def test_gradients_flow_through_what_was_recorded(model: unembed.Model, run: unembed.Run) -> None:
    shift = torch.zeros(32, dtype=torch.float64, requires_grad=True)
    place = unembed.Site(kind="mlp_write", layer=0, positions=(-1,))
    _, (slope,) = unembed.gradients(run, [edits.add(place, shift)], logit(7), [shift])
    assert float(slope.abs().sum()) > 0
    for keep in ("all", "stream"):
        x = unembed.record(model, TEXT, keep=keep).final[-1]
        w = torch.ones_like(x, requires_grad=True)
        assert torch.equal(torch.autograd.grad((w * x).sum(), w)[0], x)
