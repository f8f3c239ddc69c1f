"""Composition scores against dense d_model x d_model matrices, all three kinds."""

import numpy as np
import pytest
import torch

import unembed
from builders.random_models import build
from unembed.errors import InputError
from unembed.methods.circuits.composition import KINDS, composition_scores, null_of, virtual_head
from unembed.methods.circuits.head_circuits import ov_circuit
from unembed.methods.circuits.projections import weights

CLOSE = 1e-4


def dense(model):
    """W_OV and W_QK of every head, d_model x d_model, stream on the left."""
    found = {}
    for layer, part in enumerate(weights(model)):
        for head in range(model.heads):
            kv = head // (model.heads // model.kv_heads)
            query, key, value = part.query[head].double(), part.key[kv].double(), part.value[kv].double()
            found[layer, head] = value @ part.output[head].double(), query @ key.T
    return found


@pytest.mark.parametrize("family", ["llama", "gpt2", "olmo2", "gemma2", "qwen3", "opt"])
def test_scores_are_those_of_dense_matrices(family):
    model = unembed.wrap(build(family), name=family)
    found, matrices = composition_scores(model), dense(model)
    for first, (ov1, _) in matrices.items():
        for second, (ov2, qk2) in matrices.items():
            place = (*second, *first)
            if first[0] >= second[0]:
                assert all(np.isnan(found.scores[kind][place]) for kind in KINDS)
                continue
            for kind, read in zip(KINDS, (qk2, qk2.T, ov2), strict=True):
                expected = float((ov1 @ read).norm() / ov1.norm() / read.norm())
                assert found.scores[kind][place] == pytest.approx(expected, rel=CLOSE, abs=1e-6)


def test_the_matrices_of_a_post_norm_family_are_its_parameters():
    module = build("olmo2")
    ov, _ = dense(unembed.wrap(module, name="olmo2"))[1, 3]
    block = module.model.layers[1]
    expected = block.self_attn.v_proj.weight[8:16].T @ block.self_attn.o_proj.weight[:, 24:32].T
    expected = (expected * block.post_attention_layernorm.weight).detach()
    assert torch.allclose(ov, expected, atol=1e-4 * float(expected.abs().max()))


def test_a_head_that_reads_another_scores_above_chance():
    module = build("llama")
    model = unembed.wrap(module, name="llama")
    writes = module.model.layers[0].self_attn.o_proj.weight[:, 8:16]  # head 1
    gain = module.model.layers[2].input_layernorm.weight
    with torch.no_grad():
        module.model.layers[2].self_attn.v_proj.weight[8:16] = 100 * writes.T / gain  # read by heads 2 and 3
    best = composition_scores(model).top(2, "value")
    assert {(pair.first, pair.second) for pair in best} == {((0, 1), (2, 2)), ((0, 1), (2, 3))}
    assert best[0].ratio > 1.3
    assert best[0].label.startswith("L0.H1 → L2.H")


def test_a_virtual_head_is_one_head_after_the_other():
    model = unembed.wrap(build("gpt2"), name="gpt2")
    both = virtual_head(model, (0, 1), (2, 3))
    x = torch.randn(5, 32, generator=torch.Generator().manual_seed(0))
    expected = ov_circuit(model, 2, 3)(ov_circuit(model, 0, 1)(x))
    assert torch.allclose(both(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_the_null_is_that_of_dense_random_heads():
    random = torch.Generator().manual_seed(7)
    scores = []
    for _ in range(200):
        a, b, c, d = torch.randn(4, 48, 8, generator=random)
        one, two = a @ b.T, c @ d.T
        scores.append(float((one @ two).norm() / one.norm() / two.norm()))
    mean, deviation = null_of(48, 8)
    assert mean == pytest.approx(np.mean(scores), rel=0.03)
    assert deviation == pytest.approx(np.std(scores), rel=0.3)


def test_pairs_are_ranked_found_and_tabulated():
    model = unembed.wrap(build("llama"), name="llama")
    found = composition_scores(model)
    top = found.top(6)
    assert [pair.score for pair in top] == sorted((pair.score for pair in top), reverse=True)
    assert found.of(top[0].kind, top[0].first, top[0].second) == top[0]
    assert len(found.to_polars()) == 3 * 3 * 16
    with pytest.raises(InputError, match="below the second"):
        found.of("key", (1, 0), (1, 1))
    with pytest.raises(InputError, match="below the second"):
        virtual_head(model, (2, 0), (1, 1))


def test_one_layer_is_refused():
    with pytest.raises(InputError, match="two layers"):
        composition_scores(unembed.wrap(build("llama", layers=1), name="llama"))
