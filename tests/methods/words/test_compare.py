"""Cheap rankings: each equals what autograd alone gives of a module that is changed by hand; the linear ones sum to the
logit where there are no biases; ranks and areas equal their definitions.

Tolerance: float64 throughout; gradients of a few layers agree to 1e-9 of the largest.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import unembed
from builders.masked_models import MASK, build_masked, each_masked, word_pieces
from builders.random_models import VOCAB, build, each_family
from builders.words import numbered
from oracles import hidden, rerun
from oracles.linearised import linearised
from unembed.errors import InputError
from unembed.methods.words.compare import spearman
from unembed.methods.words.linearisations import METHODS
from unembed.methods.words.words import Words, words

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5)
LENGTH = len(TOKENS)
TARGET = 44
CHEAP = {name: number + 1 for number, name in enumerate(METHODS)}


def compared(module, **more) -> Words:
    model = unembed.wrap(module, numbered(VOCAB))
    return words(model, list(TOKENS), TARGET, by="token", compare=True, **more)


def centred(module, embeddings: torch.Tensor) -> torch.Tensor:
    logits = module(inputs_embeds=embeddings[None], use_cache=False).logits[0, -1]
    return logits[TARGET] - logits.mean()


def times_gradient(module, embeddings: torch.Tensor) -> list[float]:
    leaf = embeddings.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(centred(module, leaf), leaf)
    return (leaf * gradient).sum(-1).tolist()


def embedded(module) -> torch.Tensor:
    return module.get_input_embeddings()(torch.tensor(TOKENS)).detach()


def close(found, expected) -> None:
    largest = max(map(abs, expected))
    assert found == pytest.approx(expected[: len(found)], abs=1e-9 * largest)


class _Gate(torch.nn.Module):
    """An activation whose output is held."""

    def __init__(self, own) -> None:
        super().__init__()
        self.own = own

    def forward(self, x):
        return self.own(x).detach()


class _Half(_Gate):
    """An activation that is linear in what enters it."""

    def forward(self, x):
        return x * (self.own(x) / x).detach()


class _HalfOut(torch.nn.Module):
    """An MLP with half its gradient."""

    def __init__(self, own) -> None:
        super().__init__()
        self.own = own

    def forward(self, x):
        out = self.own(x)
        return out / 2 + out.detach() / 2


def test_each_equals_autograd_on_a_module_changed_by_hand() -> None:
    with rerun.exactly():
        module = build("llama", layers=3, kv_heads=4)
        found = compared(module)
        assert found.rankings is not None
        x = embedded(module)
        close(found.rankings[CHEAP["input_x_gradient"]].values, times_gradient(module, x))
        with linearised(module):
            for layer in module.model.layers:
                layer.mlp.act_fn = _Gate(layer.mlp.act_fn)
            close(found.rankings[CHEAP["frozen_gates"]].values, times_gradient(module, x))
            for layer in module.model.layers:
                layer.mlp.act_fn = _Half(layer.mlp.act_fn.own)
                layer.mlp = _HalfOut(layer.mlp)
            close(found.rankings[CHEAP["relp"]].values, times_gradient(module, x))


def test_integrated_gradients_go_from_zero_to_the_prompt() -> None:
    with rerun.exactly():
        module = build("gpt2", layers=2)
        found = compared(module, how="replace=w9")
        assert found.rankings is not None
        integrated = found.rankings[CHEAP["integrated_gradients"]]
        other = module.get_input_embeddings()(torch.tensor([9] * LENGTH)).detach()
        x = embedded(module)
        mean = torch.zeros_like(x)
        for point, weight in zip(*np.polynomial.legendre.leggauss(64), strict=True):
            leaf = (other + (float(point) + 1) / 2 * (x - other)).requires_grad_()
            mean += float(weight) / 2 * torch.autograd.grad(centred(module, leaf), leaf)[0]
        expected = ((x - other) * mean).sum(-1).tolist()
        assert integrated.values == pytest.approx(expected[:-1], abs=1e-4 * max(map(abs, expected)))
        change = float(centred(module, x) - centred(module, other))
        assert integrated.rest is not None
        assert integrated.sum is not None
        assert integrated.sum + integrated.rest == pytest.approx(change, rel=1e-9)


FUNCTIONS = {"gpt_oss", "unembed_toy"}
"""Families whose activation is no module, so that nothing holds it."""


@each_family
def test_linear_methods_sum_to_the_logit_but_for_biases(model_type: str) -> None:
    with rerun.exactly():
        module = build(model_type)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
        found = compared(module)
    assert found.rankings is not None
    for name in ("frozen_gates", "relp"):
        ranking = found.rankings[CHEAP[name]]
        assert ranking.sum is not None
        assert ranking.rest is not None
        assert ranking.sum + ranking.rest == pytest.approx(found.value.logit, abs=1e-8)
        exact = abs(ranking.rest) < 1e-7 * abs(found.value.logit) + 1e-8
        assert exact == (model_type not in FUNCTIONS), (name, ranking.rest)


@each_masked
def test_around_a_blank_they_are_those_of_the_linearised_module(model_type: str) -> None:
    """Plain gradients are autograd's; the linear methods sum to the logit where there are no biases."""
    tokens, place = (1, 5, 9, MASK, 33, 12, 2), 3
    tokenizer = word_pieces()
    with rerun.exactly():
        module = build_masked(model_type, vocab_size=len(tokenizer))
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
        model = unembed.wrap(module, tokenizer)
        found = words(model, tokens, TARGET, by="token", how="mask", compare=True)
        leaf = unembed.record(model, tokens).before(0).detach().requires_grad_()
        first: Any = model.blocks[0].module
        handle = first.register_forward_pre_hook(lambda _, args: (leaf[None], *args[1:]))
        logits = model.module(torch.tensor([tokens])).logits[0, place]
        handle.remove()
        (gradient,) = torch.autograd.grad(logits[TARGET] - logits.mean(), leaf)
    assert found.rankings is not None
    expected = (leaf * gradient).sum(-1).tolist()
    plain = found.rankings[CHEAP["input_x_gradient"]].values
    assert plain == pytest.approx([expected[p] for p in (1, 2, 4, 5)], abs=1e-9 * max(map(abs, expected)))
    for name in ("frozen_gates", "relp"):
        ranking = found.rankings[CHEAP[name]]
        assert ranking.sum is not None
        assert ranking.rest is not None
        assert ranking.sum + ranking.rest == pytest.approx(found.value.logit, abs=1e-8)
        assert abs(ranking.rest) < 1e-7 * abs(found.value.logit) + 1e-8, (name, ranking.rest)


def ranks(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).argsort().argsort().double()


def test_equal_values_share_their_rank() -> None:
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(math.sqrt(3) / 2)
    assert spearman([3, 1, 2], [30, 10, 20]) == pytest.approx(1)
    assert spearman([1, 2], [5, 4]) == pytest.approx(-1)
    assert spearman([1, 1], [1, 2]) is None
    assert spearman([1], [1]) is None


def test_ranks_and_areas_are_their_definitions() -> None:
    with rerun.exactly():
        module = build("llama", layers=2)
        model = unembed.wrap(module, numbered(VOCAB))
        found = words(model, list(TOKENS), TARGET, by="token", how="mask", compare=True)
        assert found.rankings is not None
        effects = [unit.effect for unit in found.entries()]

        def probability(gone: set[int]) -> float:
            kept = [p for p in range(LENGTH) if p not in gone]
            return float(hidden.logits(module, [TOKENS[p] for p in kept], kept)[-1].softmax(-1)[TARGET])

        for ranking in found.rankings:
            squares = (ranks(ranking.values) - ranks(effects)).square().sum()
            spearman = 1 - 6 * float(squares) / ((LENGTH - 1) * ((LENGTH - 1) ** 2 - 1))  # of different values
            assert ranking.rank_correlation == pytest.approx(spearman, abs=1e-12)
            order = sorted(range(LENGTH - 1), key=lambda p: -ranking.values[p])
            going = [probability(set(order[:n])) for n in range(LENGTH)]
            coming = [probability(set(order[n:])) for n in range(LENGTH)]
            for area, curve in ((ranking.deletion, going), (ranking.insertion, coming)):
                mean = math.fsum((a + b) / 2 for a, b in pairwise(curve)) / (LENGTH - 1)
                assert area == pytest.approx(mean, rel=1e-6)
        assert found.rankings[0].values == tuple(effects)
        assert found.rankings[0].rank_correlation == pytest.approx(1)


def test_what_cannot_be_ranked_is_refused() -> None:
    model = unembed.wrap(build("llama", layers=2), numbered(VOCAB))
    with pytest.raises(InputError, match="No unit is ranked"):
        words(model, "w5 w6", by=[(3, 5)], compare=True)
