"""Gains of blocks, read by probing: they are the module's own parameters, and the load check proves them."""

import pytest
import torch

import unembed
from builders.unknown_models import unknown
from unembed.errors import ModelError


def test_gains_are_the_parameters_of_the_module() -> None:
    """Doge multiplies its stream by a vector before each write; what is written is divided by it, and so exact."""
    module = unknown("doge")
    model = unembed.wrap(module)
    for layer, block in zip(module.model.layers, model.blocks, strict=True):
        for stage, gain in (("attention", layer.input_residual), ("mlp", layer.post_attention_residual)):
            _, norm = block.stream_norms[stage]
            assert torch.equal(norm.gain, gain.detach())
            assert torch.equal(block.write_scales[stage], 1 / gain.detach())
            assert not norm.shift.any()


def test_a_bias_outside_of_modules_is_a_shift_of_the_stream() -> None:
    module = unknown("gpt_neox_japanese")
    model = unembed.wrap(module)
    assert [sorted(block.stream_norms) for block in model.blocks] == [[], [], ["attention"]]
    _, norm = model.blocks[-1].stream_norms["attention"]
    bias = module.gpt_neox_japanese.layers[-1].attention.dense_bias
    assert torch.equal(norm.shift, bias.detach())
    ledger = unembed.decompose(unembed.readout(unembed.record(model, [5, 17, 33]), 12, reference="raw"))
    assert any(term.kind == "stream_norm_shift" and term.layer == 2 for term in ledger.terms())


def test_gains_hold_in_narrower_numbers() -> None:
    model = unembed.wrap(unknown("doge").float())
    ledger = unembed.decompose(unembed.readout(unembed.record(model, [5, 17, 33]), 12, reference="raw"), by="neuron")
    assert abs(ledger.error) <= ledger.tolerance


def test_a_gain_of_nothing_is_refused() -> None:
    """A stream that is taken away in one dimension is passed on by no division."""
    module = unknown("doge")
    with torch.no_grad():
        module.model.layers[1].input_residual[3] = 0
    with pytest.raises(ModelError, match="multiplies its stream by 0"):
        unembed.wrap(module)
