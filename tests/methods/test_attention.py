"""attention: patterns against the module's own, contributions against the ledger and by zeroing values."""

import importlib

import numpy as np
import pytest
import torch

import unembed
from builders.random_models import build
from oracles.norms import FLOAT32_SOFTMAX
from oracles.oracle import eager
from unembed.models import own_attention

TOKENS = [3, 14, 15, 92, 65, 35]


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma3_text", "gpt_oss", "gpt_neo"])
def test_patterns_are_the_modules_own(model_type):
    module = build(model_type)
    result = unembed.attention(unembed.wrap(module), TOKENS, position=4)
    with torch.no_grad(), eager(module):
        own = module(torch.tensor([TOKENS]), output_attentions=True, use_cache=False).attentions
    for view in result.heads:
        assert np.array_equal(view.pattern, own[view.layer][0, view.head, 4].double().numpy())


@pytest.mark.parametrize("model_type", ["gpt2", "qwen2", "gemma2"])
def test_contributions_sum_to_the_credit_and_are_the_ledgers(model_type):
    model = unembed.wrap(build(model_type))
    result = unembed.attention(model, TOKENS, 5, versus=6)
    read = unembed.readout(unembed.record(model, TOKENS), 5, versus=6)
    heads = {(t.layer, t.head): t.value for t in unembed.decompose(read, by="head").terms() if t.kind == "head"}
    assert len(result.heads) == len(heads) == model.layers * model.heads
    for view in result.heads:
        assert view.contribution.sum() == pytest.approx(view.credit, abs=1e-12)
        # The trace holds pattern, value and z of one run: float64 rounding only.
        assert view.credit == pytest.approx(heads[view.layer, view.head], abs=1e-9)


def test_one_head_comes_with_its_whole_pattern():
    module = build("llama")
    result = unembed.attention(unembed.wrap(module), TOKENS, layer=1, head=-1, position=3)
    with torch.no_grad(), eager(module):
        own = module(torch.tensor([TOKENS]), output_attentions=True, use_cache=False).attentions[1][0, -1]
    assert len(result.heads) == 1
    assert torch.equal(result.matrix, own)
    assert np.array_equal(result.heads[0].pattern, own[3].double().numpy())


@pytest.mark.parametrize("model_type", ["llama", "gemma3_text", "gpt_oss", "gpt_neo"])
def test_the_whole_pattern_of_a_head_of_a_long_prompt_is_made_by_itself(model_type, monkeypatch):
    """Not with those of all heads and layers: they are as many as pairs of positions each."""
    for module in (own_attention, *map(importlib.import_module, ("unembed.runs.record", "unembed.methods.attention"))):
        monkeypatch.setattr(module, "CHUNK", 3)
    model = unembed.wrap(build(model_type))
    result = unembed.attention(model, TOKENS, layer=1, head=-1)
    assert result.run.positions == (len(TOKENS) - 1,)
    with torch.no_grad(), eager(model.module):
        own = model.module(torch.tensor([TOKENS]), output_attentions=True, use_cache=False).attentions[1][0, -1]
    assert float((result.matrix - own).abs().max()) <= FLOAT32_SOFTMAX


def test_norms_are_those_of_what_each_source_writes_alone():
    """By the modules: a head that attends to one source only gives `o_proj` that source's value in its own slot."""
    module = build("llama", heads=4, kv_heads=2)
    result = unembed.attention(unembed.wrap(module), TOKENS, layer=1, head=3)
    attention, values = module.model.layers[1].self_attn, []
    handle = attention.v_proj.register_forward_hook(lambda _, __, output: values.append(output[0]))
    with torch.no_grad(), eager(module):
        module(torch.tensor([TOKENS]))
        handle.remove()
        d_head = attention.head_dim
        mix = torch.zeros(len(TOKENS), 4 * d_head, dtype=torch.float64)
        mix[:, 3 * d_head :] = values[0][:, d_head:]  # head 3 reads the second of two value heads
        expected = torch.nn.functional.linear(mix, attention.o_proj.weight).norm(dim=-1)
    assert result.norms.numpy() == pytest.approx(expected.numpy(), rel=1e-12)
    assert unembed.attention(unembed.wrap(module), TOKENS, layer=1).norms is None


def test_a_later_source_adds_nothing():
    result = unembed.attention(unembed.wrap(build("llama")), TOKENS, position=2)
    later = np.stack([view.contribution[3:] for view in result.heads])
    assert later.shape[1] == 3
    assert not later.any()


@pytest.mark.parametrize("where", [{"layer": 99}, {"head": 4, "layer": 0}, {"layer": -99}])
def test_a_layer_or_head_that_does_not_exist(where):
    model = unembed.wrap(build("llama", heads=4))
    with pytest.raises(unembed.InputError, match=r"There is no (layer|head)"):
        unembed.attention(model, TOKENS, **where)


def test_to_polars_has_a_row_for_each_head_and_source():
    result = unembed.attention(unembed.wrap(build("gpt2")), TOKENS)
    table = result.to_polars()
    assert table.height == len(result.heads) * len(TOKENS)
    assert table["contribution"].sum() == pytest.approx(sum(view.credit for view in result.heads))
