"""Attention on repeated tokens, against plain Hugging Face runs with `output_attentions`."""

import pytest
import torch
from torch import Tensor

import unembed
from builders.random_models import build, build_eager
from oracles.norms import FLOAT32_SOFTMAX
from unembed.methods.heads.repeated_tokens import attention_roles, mean_patterns, null_attention, repeated
from unembed.methods.heads.roles import ROLES

ATTENTION_ROLES = ROLES[:5]
FAMILIES = ("gpt2", "llama", "mistral", "gpt_neo", "gemma2", "gpt_oss", "qwen3")
"""Learned positions; grouped queries; sliding windows; an inner attention; soft-caps; sinks; norms of queries."""


def told_by_hand(module, tokens: Tensor) -> dict[str, list[list[float]]]:
    """The five scores as they are defined: loops over sequences and destinations."""
    half = tokens.shape[1] // 2
    source = {
        "previous_token": lambda i: i - 1,
        "current_token": lambda i: i,
        "first_token": lambda i: 0,
        "duplicate_token": lambda i: i - half,
        "induction": lambda i: i - half + 1,
    }
    scores = {}
    patterns = [module(ids[None], output_attentions=True).attentions for ids in tokens]
    for role, attended in source.items():
        start = half if role in ("duplicate_token", "induction") else 1
        places = range(start, 2 * half)
        scores[role] = [
            [
                sum(float(one[layer][0, head, i, attended(i)]) for one in patterns for i in places)
                / (len(patterns) * len(places))
                for head in range(patterns[0][layer].shape[1])
            ]
            for layer in range(len(patterns[0]))
        ]
    return scores


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
def test_attention_scores_are_those_of_a_plain_run(family):
    module = build_eager(family)
    model = unembed.wrap(module, name=family)
    tokens = repeated(model, 10, seed=3)  # more than one batch
    assert tokens.shape == (10, 64)
    assert torch.equal(tokens[:, :32], tokens[:, 32:])
    found = attention_roles(mean_patterns(model, tokens))
    for role, expected in told_by_hand(module, tokens).items():
        assert torch.allclose(found[role].scores, torch.tensor(expected, dtype=torch.float64), atol=FLOAT32_SOFTMAX)


def test_the_tokens_are_the_stated_draw():
    model = unembed.wrap(build("gpt2", context=256), name="gpt2")
    expected = torch.randint(97, (32, 64), generator=torch.Generator().manual_seed(5))
    assert torch.equal(repeated(model, 32, seed=5), torch.cat([expected, expected], 1))


def test_the_null_is_the_attention_to_offsets_that_mean_nothing():
    random = torch.Generator().manual_seed(0)
    mean = torch.rand(2, 3, 32, 32, generator=random, dtype=torch.float64).tril()
    for start in (1, 16):
        expected = [
            sum(float(mean[layer, head, i, i - d]) for i in range(max(start, d + 1), 32)) / (32 - max(start, d + 1))
            for d in range(4, 13)
            for layer in range(2)
            for head in range(3)
        ]
        assert null_attention(mean, start).tolist() == pytest.approx(expected, rel=1e-12)


def test_a_model_that_attends_to_all_alike_scores_chance_and_has_no_role():
    module = build("gpt2")
    for block in module.transformer.h:
        block.attn.c_attn.weight.data[:, :32] = 0  # no queries
        block.attn.c_attn.bias.data[:32] = 0
    model = unembed.wrap(module, name="uniform")
    found = attention_roles(mean_patterns(model, repeated(model, 2)))
    for role in ATTENTION_ROLES:
        expected = torch.full((3, 4), found[role].chance, dtype=torch.float64)
        assert torch.allclose(found[role].scores, expected, atol=1e-12)
        assert not found[role].claimed.any()
