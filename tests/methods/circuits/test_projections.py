"""Projections: what affine maps and folded weights give, against what the module recorded and its own parameters."""

import pytest
import torch

import unembed
from builders.random_models import MODEL_TYPES, build
from unembed.methods.circuits.projections import affine, weights

TOKENS = [3, 50, 7, 11, 96]
CLOSE = 2e-5
"""Relative: norms and rotations of most families are float32 in a float64 model."""


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float(((found - expected).abs().max() / expected.abs().max()).detach())


@pytest.mark.parametrize("family", MODEL_TYPES)
def test_affine_maps_reproduce_what_attention_read(family):
    run = unembed.record(unembed.wrap(build(family), name=family), TOKENS)
    for layer in range(run.model.layers):
        call, heads = run.calls[layer], run.layers[layer].heads
        for position in (0, 2, 4):
            x = run.attention_input(layer)[position]
            maps = affine(run, layer, position, x)
            for matrix, constant, recorded in (
                (maps.query, maps.query_constant, call.query[:, position]),
                (maps.key, maps.key_constant, call.key[:, position]),
                (maps.value, maps.value_constant, heads.value[:, position]),
            ):
                found = torch.einsum("m,hmd->hd", x.double(), matrix) + constant
                assert relative(found, recorded.double()) < CLOSE


@pytest.mark.parametrize("family", MODEL_TYPES)
def test_weights_reproduce_the_difference_of_two_first_tokens(family):
    """At position 0 constants cancel between two rows; what is left is the folded matrix times the norms' scales."""
    model = unembed.wrap(build(family), name=family)
    runs = [unembed.record(model, [token]) for token in (3, 50)]
    for layer, part in enumerate(weights(model)):
        streams = [run.before(layer)[0].double() for run in runs]
        norm = model.blocks[layer].attention_input_norm
        scales = [1.0 if norm is None else _scale(norm, x, model.dtype) for x in streams]
        moved = scales[0] * streams[0] - scales[1] * streams[1]
        values = [run.layers[layer].heads.value[:, 0].double() for run in runs]
        found = torch.einsum("m,hmd->hd", moved, part.value.double())
        assert relative(found, values[0] - values[1]) < CLOSE


def _scale(norm, x, dtype) -> float:
    """By hand: LayerNorm has a bias parameter, RMSNorm has none."""
    centred = x - x.mean() if getattr(norm, "bias", None) is not None else x
    eps = next(getattr(norm, name) for name in ("eps", "variance_epsilon") if hasattr(norm, name))
    return float((centred.square().mean() + eps).rsqrt())


def test_the_matrices_of_a_grouped_model_are_its_parameters():
    module = build("llama")
    part = next(weights(unembed.wrap(module, name="llama"), [1]))
    block = module.model.layers[1]
    gain = block.input_layernorm.weight
    for found, owner, heads in (
        (part.query, block.self_attn.q_proj, 4),
        (part.key, block.self_attn.k_proj, 2),
        (part.value, block.self_attn.v_proj, 2),
    ):
        expected = (owner.weight * gain).reshape(heads, -1, 32).transpose(1, 2)
        assert relative(found.double(), expected) < CLOSE
    expected = block.self_attn.o_proj.weight.T.reshape(4, 8, 32)
    assert relative(part.output.double(), expected) < CLOSE
    assert [part.kv(head) for head in range(4)] == [0, 0, 1, 1]
    assert torch.equal(part.per_head().key[1], part.key[0])


def test_the_matrices_of_a_fused_centred_model_are_its_parameters():
    module = build("gpt2")
    part = next(weights(unembed.wrap(module, name="gpt2"), [1]))
    block = module.transformer.h[1]
    fused = (torch.eye(32) - 1 / 32).double() @ (block.ln_1.weight[:, None] * block.attn.c_attn.weight)
    for index, found in enumerate((part.query, part.key, part.value)):
        expected = fused[:, 32 * index : 32 * (index + 1)].reshape(32, 4, 8).transpose(0, 1)
        assert relative(found.double(), expected) < CLOSE


def test_a_huge_bias_of_the_keys_costs_no_precision():
    module = build("qwen2", dtype=torch.float32)
    with torch.no_grad():
        module.model.layers[0].self_attn.k_proj.bias.fill_(100.0)
    run = unembed.record(unembed.wrap(module, name="qwen2"), TOKENS)
    maps = affine(run, 0, 0, run.attention_input(0)[0])
    expected = module.model.layers[0].self_attn.k_proj.weight.double().reshape(2, 8, 32).transpose(1, 2)
    assert relative(maps.key, expected) < 1e-5
    assert torch.allclose(maps.key_constant, torch.full_like(maps.key_constant, 100.0))
