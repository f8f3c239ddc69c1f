"""What versions of a run end with is run once, whatever is asked of it: another target costs no walk and no product.

Another target of a run that was asked before equals a fresh run's answer. Tolerance: in float64 the same sums in other
batches, 1e-9 of numbers of order 1.
"""

import pytest
import torch

import unembed
from builders.random_models import VOCAB, build
from builders.words import numbered
from unembed.engine.texts import Text, last_streams_of_texts
from unembed.ledger import inspect_part
from unembed.methods import ends
from unembed.methods.knowledge.weight_edits import added, weight_edits

TOKENS = (3, 50, 7, 11, 96)
TEXT = " ".join(f"w{token}" for token in TOKENS)
TEXTS = [Text(TOKENS[1:], (0, 1, 2, 3)), Text(TOKENS[2:], (0, 1, 2)), Text(TOKENS[2:], (2, 3, 4))]


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[list[Text]]:
    """The texts of each walk."""
    walks: list[list[Text]] = []

    def walk(run, texts, **more):
        walks.append(list(texts))
        return last_streams_of_texts(run, texts, **more)

    monkeypatch.setattr(ends, "last_streams_of_texts", walk)
    return walks


def test_other_texts_are_run_once_each_and_end_as_those_of_a_fresh_run(walked) -> None:
    model = unembed.wrap(build("llama"))
    run, told = unembed.record(model, TOKENS), []
    ends.ends_of_texts(run, TEXTS[:2])
    found = ends.ends_of_texts(run, [TEXTS[2], TEXTS[0], TEXTS[2]])
    assert walked == [TEXTS[:2], TEXTS[2:]]
    again = ends.ends_of_texts(run, TEXTS, progress=lambda *done: told.append(done))
    assert told == [("other texts", 1.0)], "what is at hand is told as done"
    assert len(walked) == 2
    ends.ends_of_texts(run, TEXTS[:1], count=2)
    assert walked[2:] == [TEXTS[:1]], "the last token alone does not tell the last two"
    fresh = last_streams_of_texts(unembed.record(model, TOKENS), TEXTS)
    assert torch.allclose(again, fresh, rtol=0, atol=1e-9)
    assert torch.allclose(found, fresh[[2, 0, 2]], rtol=0, atol=1e-9)


def test_few_are_kept(walked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "_KEPT", 2 * len(TOKENS))
    run = unembed.record(unembed.wrap(build("llama")), TOKENS)
    first = ends.ends_of_texts(run, TEXTS)
    ends.ends_of_texts(run, TEXTS[:2])
    second = ends.ends_of_texts(run, TEXTS)
    assert walked == [TEXTS, TEXTS[:2], TEXTS[2:]]
    assert torch.allclose(first, second, rtol=0, atol=1e-9)


def test_they_are_refused_once_the_weights_are_others() -> None:
    model = unembed.wrap(build("llama"))
    run = unembed.record(model, TOKENS)
    ends.ends_of_texts(run, TEXTS)
    edit = weight_edits(model, [added(0, [1, 2], torch.ones(model.d_model))], "a change")
    with unembed.applied(model, edit), pytest.raises(unembed.InputError, match="no longer those of the run"):
        ends.ends_of_texts(run, TEXTS)


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "mixtral"])
def test_another_target_of_a_run_is_explained_as_of_a_fresh_one(model_type: str, walked, monkeypatch) -> None:
    model = unembed.wrap(build(model_type), numbered(VOCAB))
    run, products = unembed.record(model, TEXT), []
    product = inspect_part._unembed
    monkeypatch.setattr(inspect_part, "_unembed", lambda x, w_u: products.append(len(x)) or product(x, w_u))
    unembed.explain(model, run, 7)
    walks, before = len(walked), sum(products)
    assert walks
    again = unembed.explain(model, run, 12)
    assert len(walked) == walks, "the words are those of the first target"
    known = sum(products) - before
    fresh = unembed.explain(model, unembed.record(model, TEXT), 12)
    assert known < sum(products) - before - known, "parts that both targets show are not multiplied again"
    assert [note.writes_toward for note in again.heads] == [note.writes_toward for note in fresh.heads]
    assert [note.promotes for note in again.neurons] == [note.promotes for note in fresh.neurons]
    for name in ("heads", "neurons"):
        for one, other in zip(getattr(again, name), getattr(fresh, name), strict=True):
            assert one.term.part == other.term.part
            assert one.zeroed.asked.nats == pytest.approx(other.zeroed.asked.nats, abs=1e-9)
    assert again.words is not None
    assert fresh.words is not None
    assert [unit.effect for unit in again.words.units] == pytest.approx(
        [unit.effect for unit in fresh.words.units], abs=1e-9
    )
