"""noise in masked language models: runs against the module's own attention with values replaced row by row.

A destination reads tokens after it as well; the prediction that is compared is that of the blank.
"""

import sys
from typing import Any

import pytest
import torch
from torch import Tensor

import unembed
from builders.masked_models import build_masked, masked_by, word_pieces
from oracles.rerun import exactly
from unembed.methods.heads.noise import noise

pytestmark = pytest.mark.usefixtures("own_cache")
PROMPT, BLANK = "the capital of france is [MASK] .", 6
OUT = {"bert": "attention.output.dense", "roberta": "attention.output.dense", "distilbert": "attention.out_lin"}
BLOCKS = {
    "bert": "bert.encoder.layer",
    "roberta": "roberta.encoder.layer",
    "distilbert": "distilbert.transformer.layer",
}


def rerun(module: Any, tokens: tuple[int, ...], change: Any, *, own_kept: bool) -> tuple[Tensor, Tensor]:
    """What heads did, `quantity layer head`, and the logits at the blank: every row of every head by itself."""
    kind = module.config.model_type
    home: Any = sys.modules[type(module).__module__]
    own, seen, length = home.eager_attention_forward, [], len(tokens)
    blocks = list(module.get_submodule(BLOCKS[kind]))

    def attention(part: Any, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Any:
        layer = len(seen)
        z, pattern = own(part, query, key, value, *args, **kwargs)
        z = z.clone()
        out = blocks[layer].get_submodule(OUT[kind]).weight.T
        size = value.shape[-1]
        rows = torch.zeros(4, pattern.shape[1], length, dtype=torch.float64)
        for i in range(length):
            read = change(layer, value[0]).clone() if i else value[0].clone()  # the first token's stream stays whole
            if own_kept:
                read[:, i] = value[0, :, i]
            z[0, i] = own(part, query, key, read[None], *args, **kwargs)[0][0, i]
            for head in range(pattern.shape[1]):
                weights, mine, matrix = pattern[0, head, i], read[head], out[head * size : (head + 1) * size]
                from_self = float((weights[i] * mine[i] @ matrix).norm())
                of_others = torch.stack([weights[s] * mine[s] for s in range(length) if s != i]).sum(0)
                from_others = float((of_others @ matrix).norm())
                others = sum(float(weights[s]) for s in range(1, length) if s != i)
                share = from_others / (from_others + from_self)
                rows[:, head, i] = torch.tensor([float(weights[i]), float(weights[0]), others, share])
        seen.append(rows[..., 1:].mean(-1))
        return z, pattern

    home.eager_attention_forward = attention
    before = module.config._attn_implementation
    module.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            logits = module(torch.tensor([tokens])).logits[0, BLANK]
    finally:
        home.eager_attention_forward = own
        module.set_attn_implementation(before)
    return torch.stack(seen, 1), logits.double()


@pytest.mark.parametrize("model_type", OUT)
def test_noise_is_a_rerun_with_values_replaced(model_type: str) -> None:
    tokenizer = word_pieces()
    module = build_masked(model_type, vocab_size=len(tokenizer))
    with exactly():
        model = unembed.wrap(module, tokenizer)
        run = unembed.record(model, PROMPT)
        plain = [layer.heads.value for layer in run.layers if layer.heads is not None]
        result = noise(model, PROMPT, strengths=(0.5,), seeds=2)
        expected, reference = rerun(module, run.tokens, lambda _, value: value, own_kept=True)
        assert torch.allclose(result.plain.heads[0], expected, rtol=0, atol=1e-6)
        for condition in result.conditions[:2]:

            def noisy(layer: int, value: Tensor) -> Tensor:
                draw = torch.randn(value.shape, generator=torch.Generator().manual_seed(layer), dtype=torch.float64)
                return value + 0.5 * float(plain[layer].square().mean()) ** 0.5 * draw

            heads, logits = rerun(module, run.tokens, noisy, own_kept=condition.own_kept)
            assert condition.strength == 0.5
            assert torch.allclose(condition.heads[0], heads, rtol=0, atol=1e-6)
            before, found = reference.log_softmax(-1), logits.log_softmax(-1)
            assert float(condition.kl[0]) == pytest.approx(float((before.exp() * (before - found)).sum()), abs=1e-8)
            assert float(condition.kl[0]) > 1e-6


def test_strength_0_is_the_plain_run() -> None:
    result = noise(masked_by(word_pieces(), "deberta-v2"), PROMPT, strengths=(0, 1), seeds=2)
    for condition in result.noisy(own_kept=True)[:1] + result.noisy(own_kept=False)[:1]:
        assert torch.equal(condition.heads, result.plain.heads.expand_as(condition.heads))
        assert not condition.kl.any()
    shares = result.plain.heads[:, :3].sum(1)
    assert torch.allclose(shares, torch.ones(()).double(), rtol=0, atol=1e-9)
