"""Attention scores: pairs against the recorded pattern, and against a llama's rotation written by hand."""

import math

import numpy as np
import pytest
import torch

import unembed
from builders.masked_models import masked_by, word_pieces
from builders.random_models import MODEL_TYPES, build
from unembed.errors import InputError
from unembed.methods.circuits.attention_score import attention_score, score_scale
from unembed.methods.circuits.readings import readings
from unembed.models.parts import Part

TOKENS = [3, 50, 7, 11, 96]
CLOSE = 1e-4
"""The softmax of most families is float32."""


@pytest.mark.parametrize("family", MODEL_TYPES)
def test_pairs_sum_to_the_score_that_the_pattern_came_from(family):
    module = build(family)
    run = unembed.record(unembed.wrap(module, name=family), TOKENS)
    model, cap = run.model, getattr(module.config, "attn_logit_softcapping", None)
    for layer, head in ((0, 1), (model.layers - 1, 3)):
        pattern = run.layers[layer].heads.pattern[head, 4].double()
        scores = [attention_score(model, run, layer, head, destination=4, source=j) for j in range(5)]
        for found in scores:
            assert abs(found.error) <= found.tolerance
            assert found.sum == pytest.approx(found.score, rel=CLOSE, abs=CLOSE)
            assert found.attention == pytest.approx(float(pattern[found.source]))
        read = [s.score if cap is None else cap * math.tanh(s.score / cap) for s in scores]
        seen = [j for j in range(5) if pattern[j] > 1e-6]
        for j in seen:
            log_ratio = float((pattern[j] / pattern[seen[0]]).log())
            assert read[j] - read[seen[0]] == pytest.approx(log_ratio, rel=1e-3, abs=1e-3)


def test_the_source_is_the_one_attended_to_most():
    run = unembed.record(unembed.wrap(build("llama"), name="llama"), TOKENS)
    found = attention_score(run.model, run, 2, 1)
    pattern = run.layers[2].heads.pattern[1, 4]
    assert (found.destination, found.source) == (4, int(pattern.argmax()))


def rotated(x: torch.Tensor, position: int) -> torch.Tensor:
    """Rotary embedding of a llama of head size 8."""
    angle = position * 10000.0 ** (-torch.arange(0, 8, 2, dtype=torch.float64) / 8)
    cos, sin = torch.cat([angle.cos()] * 2), torch.cat([angle.sin()] * 2)
    return x * cos + torch.cat([-x[4:], x[:4]]) * sin


@pytest.fixture(scope="module")
def by_hand():
    """A llama, its score of head 3 of layer 2 from 4 to 1, and the recorded key."""
    module = build("llama")
    run = unembed.record(unembed.wrap(module, name="llama"), TOKENS)
    return module, run, attention_score(run.model, run, 2, 3, destination=4, source=1)


def writes(module, run, position):
    """What each part wrote below layer 2, in the order of the terms, by the module's own weights."""
    yield module.model.embed_tokens.weight[TOKENS[position]].double()
    for layer in range(2):
        part, attention = run.layers[layer], module.model.layers[layer].self_attn
        z = [(part.heads.pattern[h, position] @ part.heads.value[h // 2]).double() for h in range(4)]
        yield from (attention.o_proj.weight[:, 8 * h : 8 * h + 8] @ z[h] for h in range(4))
        yield attention.o_proj.bias
        yield part.mlp_write[position].double()


@torch.no_grad()
def test_removing_a_write_from_the_query_changes_the_score_by_its_row(by_hand):
    module, run, found = by_hand
    block, x = module.model.layers[2], run.before(2)[4].double()
    frozen = (x.square().mean() + module.config.rms_norm_eps).rsqrt() * block.input_layernorm.weight
    projection, key = block.self_attn.q_proj, run.calls[2].key[1, 1].double()

    def score(stream):
        query = rotated((projection.weight @ (frozen * stream) + projection.bias)[24:32], 4)
        return float(query @ key) / math.sqrt(8)

    assert score(x) == pytest.approx(found.score, rel=CLOSE)
    rows = found.values.sum(1)
    removed = list(writes(module, run, 4))
    assert len(removed) == len(rows) - 1
    for write, row in zip(removed, rows[:-1], strict=True):
        assert score(x) - score(x - write) == pytest.approx(row, rel=1e-3, abs=1e-4)


@torch.no_grad()
def test_content_is_the_score_with_the_query_moved_to_the_key(by_hand):
    module, run, found = by_hand
    x = run.attention_input(2)[4].double()
    projection = module.model.layers[2].self_attn.q_proj
    query = rotated((projection.weight @ x + projection.bias)[24:32], 1)
    expected = float(query @ run.calls[2].key[1, 1].double()) / math.sqrt(8)
    assert found.content.sum() == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_at_distance_zero_everything_is_content():
    run = unembed.record(unembed.wrap(build("llama"), name="llama"), TOKENS)
    found = attention_score(run.model, run, 1, 0, destination=3, source=3)
    assert np.allclose(found.values, found.content)


def test_without_rotation_everything_is_content():
    run = unembed.record(unembed.wrap(build("gpt2"), name="gpt2"), TOKENS)
    found = attention_score(run.model, run, 1, 0, destination=3, source=1)
    assert np.allclose(found.values, found.content)


@pytest.mark.parametrize(
    ("family", "expected"), [("llama", 8**-0.5), ("gpt_neo", 1.0), ("gpt2", 8**-0.5 / 2), ("gemma2", 8**-0.5)]
)
def test_the_scale_is_the_one_of_the_configuration(family, expected):
    assert score_scale(unembed.wrap(build(family), name=family), 1) == pytest.approx(expected, rel=1e-5)


def test_top_is_by_magnitude(by_hand):
    found = by_hand[2]
    values = [pair.value for pair in found.top(5)]
    assert values == sorted(found.values.ravel().tolist(), key=lambda v: -abs(v))[:5]


@pytest.mark.parametrize(
    "wrong", [{"layer": 9}, {"head": 9}, {"destination": 1, "source": 2}, {"destination": 7}, {"source": 7}]
)
def test_what_does_not_exist_is_refused(wrong):
    model = unembed.wrap(build("llama"), name="llama")
    layer, head = wrong.pop("layer", 0), wrong.pop("head", 0)
    with pytest.raises(InputError):
        attention_score(model, TOKENS, layer, head, **wrong)


def test_both_ways_in_a_masked_model_whose_embedding_is_normed():
    """ModernBERT: scores against the recorded patterns, of positions before and after, in two kinds of layers."""
    model = masked_by(word_pieces(), "modernbert")
    run = unembed.record(model, "the capital of france is [MASK] in a city")
    blank = 6
    for layer in range(model.layers):
        pattern = run.layers[layer].heads.pattern[1, blank].double()
        seen = [j for j in range(run.length) if pattern[j] > 1e-6]
        scores = {j: attention_score(model, run, layer, 1, source=j) for j in seen}
        for j, found in scores.items():
            assert found.destination == blank
            assert abs(found.error) <= found.tolerance
            log_ratio = float((pattern[j] / pattern[seen[0]]).log())
            assert found.score - scores[seen[0]].score == pytest.approx(log_ratio, rel=1e-3, abs=1e-3)
        assert max(seen) > blank > min(seen)
        for part in (Part("head", layer, head=1), Part("neuron", layer, neuron=5)):
            for reading in readings(run, part, blank):
                assert abs(reading.error) <= reading.tolerance
    assert {r.what for r in readings(run, Part("neuron", 2, neuron=5), blank)} == {"gate", "up"}
