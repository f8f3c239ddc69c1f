"""What a payload says of every head, against full runs with that head set to zero by a hook."""

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.full_runs import logits, part_set
from unembed.view.payloads import payload_of

TOKENS = [3, 50, 7, 11, 96, 17]


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("llama"), make_tokenizer(), name="llama")


@pytest.mark.parametrize("versus", [None, 5])
def test_every_head_has_the_effect_of_a_full_run_without_it(model, versus):
    found = payload_of(unembed.explain(model, TOKENS, versus=versus))
    assert [(e.layer, e.head) for e in found.head_effects] == [
        (layer, head) for layer in range(model.layers) for head in range(model.heads)
    ]
    token = found.target.id

    def asked(at: torch.Tensor) -> float:
        probability = at.softmax(0)[token]
        return float((probability / (1 - probability)).log() if versus is None else at[token] - at[versus])

    before = asked(logits(model, TOKENS)[-1])
    for effect in found.head_effects:
        with part_set(model, "head", effect.layer, effect.head, [len(TOKENS) - 1]):
            at = logits(model, TOKENS)[-1]
        assert effect.nats == pytest.approx(asked(at) - before, abs=1e-5)
        assert effect.probability == pytest.approx(float(at.softmax(0)[token]), abs=1e-6)


def test_without_tests_no_head_has_an_effect(model):
    assert payload_of(unembed.explain(model, TOKENS, test=False)).head_effects == []
