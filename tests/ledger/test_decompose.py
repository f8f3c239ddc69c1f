"""Decomposition where others go wrong: post-norms, shifts, soft-caps, gains."""

import math

import pytest
import torch

import unembed
from builders.ledgers import CLOSE, TOKENS, decompose
from builders.random_models import MODEL_TYPES, SANDWICHED, SOFTCAPPED, build
from oracles import oracle
from oracles.norms import EPS32, NORM_ROUNDINGS, freeze
from oracles.oracle import terms_of
from oracles.parts import PARTS
from unembed.errors import InputError
from unembed.ledger.decompose import component_write


@pytest.mark.parametrize("model_type", sorted(SANDWICHED))
def test_heads_and_neurons_go_through_the_post_norm(traces, model_type: str) -> None:
    """Leaving it out, as is often done, gives another number for every head and neuron."""
    trace = traces(model_type)
    run = oracle.Run(trace.model.module, TOKENS)
    _, expected = run.ledger(8, 3, attention="head", mlp="neuron", target=12)
    found = terms_of(decompose(trace, by="head+neuron", reference="raw"))
    final = freeze(run.parts.norm, run.final_norm, run.final[8])
    row = run.head.weight.detach()[12]
    checked = 0
    for layer in range(3):
        heads = oracle.without_bias(run.modules[layer].get_submodule(run.parts.out), run.padded_heads(layer, 8))
        neurons = run.modules[layer].mlp.down_proj.weight.detach().T * run.blocks[layer].activations[8][:, None]
        for kind, writes in (("head", heads), ("neuron", neurons)):
            for index, write in enumerate(writes):
                key = (kind, layer, *((index, None, None) if kind == "head" else (None, None, index)), None)
                skipped = float(row @ final.linear(write))
                assert abs(found[key] - expected[key].value) <= expected[key].bound
                if abs(expected[key].value) > 1e-3:
                    checked += 1
                    assert abs(found[key] - skipped) > 100 * expected[key].bound
                    assert found[key] != pytest.approx(skipped, rel=1e-3)
    assert checked > 50


@pytest.mark.parametrize("model_type", [t for t in MODEL_TYPES if PARTS[t].norm == "layer"])
def test_the_shift_of_the_final_norm_counts_once(model_type: str) -> None:
    """Adding to it moves the value and this one term alike, and no other term at all."""
    module = build(model_type)
    final_norm = module.get_submodule(PARTS[model_type].final_norm)
    before = unembed.record(unembed.wrap(module), TOKENS)
    added = torch.randn(32, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    with torch.no_grad():
        final_norm.bias += added
    after = unembed.record(unembed.wrap(module), TOKENS)
    one, other = (decompose(trace, reference="raw") for trace in (before, after))
    expected = float(module.get_output_embeddings().weight.detach()[12] @ added)
    first, second = terms_of(one), terms_of(other)
    found = {key: second[key] - first[key] for key in first}
    shift = [key for key in found if key[0] == "final_norm_shift"]
    assert len(shift) == 1
    assert found.pop(shift[0]) == pytest.approx(expected, abs=CLOSE)
    assert max(map(abs, found.values())) <= CLOSE
    assert other.value - one.value == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("model_type", sorted(SOFTCAPPED))
def test_the_soft_cap_is_the_difference_of_two_numbers(traces, model_type: str) -> None:
    trace = traces(model_type)
    for position in range(len(TOKENS)):
        ledger = decompose(trace, 12, position=position, reference="raw")
        before, after = trace.uncapped_logits[position, 12].item(), trace.logits[position, 12].item()
        term = [term.value for term in ledger.terms() if term.kind == "softcap"]
        assert term == [after - before]
        assert ledger.value == after
        assert after == pytest.approx(6.0 * math.tanh(before / 6.0), abs=1e-14)
        # All that is linear sums to the logit before the cap.
        assert ledger.sum - term[0] == pytest.approx(before, abs=ledger.tolerance)
        assert (before > after) == (before > 0)


def test_no_soft_cap_is_no_term(traces) -> None:
    assert not [term for term in decompose(traces("llama")).terms() if term.kind == "softcap"]


@pytest.mark.parametrize("model_type", ["llama", "gemma", "gpt2"])
def test_gains_count_in_each_dimension(model_type: str) -> None:
    """With one dimension let through, every term is that dimension of what was written, times one number."""
    module = build(model_type)
    norm = module.get_submodule(PARTS[model_type].final_norm)
    with torch.no_grad():
        norm.weight.fill_(-1.0 if model_type == "gemma" else 0.0)
        norm.weight[5] += 2.0
        if model_type == "gpt2":
            norm.bias.zero_()
    trace = unembed.record(unembed.wrap(module), TOKENS)
    run = oracle.Run(module, TOKENS)
    sigma = freeze(run.parts.norm, norm, run.final[8]).sigma
    factor = float(module.get_output_embeddings().weight[12, 5].detach()) * 2.0 / sigma
    found = {(t.kind, t.layer): t.value for t in decompose(trace, by="sublayer", reference="raw").terms()}
    for index, block in enumerate(run.blocks):
        for kind, write in (("attention", block.attention_write[8]), ("mlp", block.mlp_write[8])):
            entry = float(write[5] - (write.mean() if model_type == "gpt2" else 0))
            size = abs(factor) * float(write.abs().max())
            assert found[kind, index] == pytest.approx(factor * entry, abs=NORM_ROUNDINGS * EPS32 * size)


def test_direction_is_the_derivative_of_the_logit_with_the_norm_frozen(traces) -> None:
    """And not of the logit itself: the direct effect is not the total effect."""
    trace = traces("starcoder2")
    run = oracle.Run(trace.model.module, TOKENS)
    direction = unembed.readout(trace, 12, reference="raw").direction
    row = run.head.weight.detach()[12]
    leaf = run.final[8].clone().requires_grad_()
    (row @ freeze("layer", run.final_norm, run.final[8])(leaf)).backward()
    assert torch.allclose(direction, leaf.grad, rtol=0, atol=CLOSE)
    total = run.final[8].clone().requires_grad_()
    (row @ run.final_norm(total)).backward()
    assert float((direction - total.grad).abs().max()) > 1e-3


def test_a_component_that_is_no_head_or_neuron_has_no_write(traces) -> None:
    read = unembed.readout(traces("llama"), 12)
    embedding = unembed.decompose(read).terms()[0]
    with pytest.raises(InputError, match="Expected a head or a neuron, or a sublayer, found embedding"):
        component_write(read, embedding)
