"""Masked language models: every term of the ledgers against a linearised run, the engine against full re-runs.

Tolerance: float64 sums of some thousand products, relative to the largest number compared: 1e-12.
"""

import sys
from functools import cache

import pytest
import torch

import unembed
from builders.masked_models import MASK, build_masked, each_masked
from oracles.linearised import Leaves, linearised
from oracles.rerun import exactly
from unembed.engine import edits
from unembed.models.sites import Site

PROMPT = (1, 5, 9, MASK, 33, 12, 2)
TARGET, OTHER = 12, 40


@cache
def case(model_type: str):
    return unembed.wrap(build_masked(model_type))


def own_logits(model, ids=PROMPT):
    return model.module(torch.tensor([list(ids)])).logits[0]


def combine(logits, reference):
    value = logits[TARGET]
    return value - {"raw": 0.0, "mean": logits.mean(), "versus": logits[OTHER]}[reference]


def close(found, expected, size=None):
    expected = torch.as_tensor(expected, dtype=torch.float64).detach()
    found = torch.as_tensor(found, dtype=torch.float64).detach()
    size = float(expected.abs().max()) if size is None else size
    assert float((found - expected).abs().max()) <= 1e-12 * max(size, 1.0)


@each_masked
def test_the_recorded_run_is_the_models_own(model_type):
    model = case(model_type)
    with exactly():  # ModernBERT's eager attention computes in float32 whatever the dtype
        run = unembed.record(model, PROMPT)
        close(run.logits, own_logits(model))
    close(run.streams()[-1], run.final)
    close(model.norm(run.final), run.normed)


@pytest.mark.crossed(1)
@each_masked
@pytest.mark.parametrize("reference", ["raw", "mean", "versus"])
@pytest.mark.parametrize("position", [0, 3])
def test_every_term_is_that_of_the_linearised_run(model_type, reference, position, monkeypatch):
    model = case(model_type)
    leaves, family, head = Leaves(), model.family, model.prediction_head
    for name in ("embedding", "token_type_embedding", "position_embedding"):
        if getattr(family, name):
            leaves.output(name, model.module.get_submodule(getattr(family, name)))
    for layer, block in enumerate(model.blocks):
        leaves.input(("head", layer), block.output_projection)
        leaves.input(("neuron", layer), block.down_projection)
    with leaves.stack, linearised(model.module), monkeypatch.context() as patched:
        # The activation of the head passes on what it passed on in this run. It may also be that of the MLPs, whose
        # neurons are cut loose from what made them.
        own = head.activation.forward
        called = getattr(sys.modules[type(model.module).__module__], "gelu", head.activation)  # RoBERTa calls a global
        patched.setattr(called, "forward", lambda u: u * (own(u) / u).detach())
        credit = leaves.credit(combine(own_logits(model)[position], reference))
    versus = OTHER if reference == "versus" else None
    kind = "raw" if reference == "versus" else reference
    run = unembed.record(model, PROMPT)
    read = unembed.readout(run, TARGET, position=position, reference=kind, versus=versus)
    ledger = unembed.decompose(read, by="source+neuron")
    found = {(segment.kind, segment.layer): segment.values for segment in ledger.segments}
    size = max(abs(term.value) for term in ledger.terms())
    for name in ("embedding", "token_type_embedding", "position_embedding"):
        if name in credit:
            gradient, value = (x.reshape(-1, x.shape[-1]) for x in credit[name])
            close(found[name, None], (gradient * value)[position].sum(), size)
    for layer in range(model.layers):
        gradient, value = (x.reshape(len(PROMPT), -1)[position] for x in credit["neuron", layer])
        close(found["neuron", layer], gradient * value, size)
        gradient, value = (x[0, position].view(model.heads, -1) for x in credit["head", layer])
        close(found["head", layer].sum(-1), (gradient * value).sum(-1), size)
        heads = run.layers[layer].heads
        mixed = heads.pattern[:, position, :, None] * heads.value
        close(found["head", layer], torch.einsum("hsd,hd->hs", mixed, gradient), size)
    close(ledger.sum, read.value, size)


@each_masked
@pytest.mark.parametrize("layer", ["emb", 0, 1, None])
def test_the_lens_adds_up_at_every_layer(model_type, layer):
    run = unembed.record(case(model_type), PROMPT)
    read = unembed.readout(run, TARGET, position=3, layer=layer)
    finest = unembed.decompose(read, by="source+neuron")
    close(finest.sum, read.value, max(abs(term.value) for term in finest.terms()))
    for by in ("head", "sublayer", "source", "neuron"):
        direct = {term.label + term.kind: term.value for term in unembed.decompose(read, by=by).terms()}
        summed = {term.label + term.kind: term.value for term in finest.coarser(by).terms()}
        assert direct.keys() == summed.keys()
        close([summed[key] for key in direct], list(direct.values()))


@pytest.mark.crossed(1)
@each_masked
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_ledgers_of_16_bits_name_what_was_rounded(model_type, dtype):
    model = unembed.wrap(build_masked(model_type, dtype=dtype))
    ledger = unembed.decompose(unembed.readout(model, PROMPT, TARGET, position=3), by="source+neuron")
    assert abs(ledger.error) <= ledger.tolerance
    assert {"prediction_head_rounding", "unembedding_rounding"} <= {term.kind for term in ledger.terms()}
    raised = abs(ledger.rounding)
    assert 0 < raised < 64 * torch.finfo(dtype).eps * max(abs(t.value) for t in ledger.terms()) * len(PROMPT)


@pytest.mark.crossed(1)
@each_masked
@pytest.mark.parametrize("position", [0, 4, 6])
def test_an_edit_is_read_at_every_position_as_in_a_full_run(model_type, position):
    """Of a head and an MLP write, at positions before and after those that are read."""
    model = case(model_type)
    with exactly():
        _compared_with_full_runs(model, position)


def _compared_with_full_runs(model, position):
    run = unembed.record(model, PROMPT)
    layer, width = 1, model.blocks[1].output_by_head.shape[1]

    def zeroed_head(_, args):
        x = args[0].clone()
        x[:, position, width : 2 * width] = 0
        return (x, *args[1:])

    def zeroed_write(_, args, out):
        out = out.clone()
        out[:, position] = 0
        return out

    block = model.blocks[layer]
    changes = {
        "z": (block.output_projection.register_forward_pre_hook, zeroed_head, {"head": 1}),
        "mlp_write": (block.mlp_write.register_forward_hook, zeroed_write, {}),
    }
    for kind, (hooked, hook, index) in changes.items():
        handle = hooked(hook)
        expected = own_logits(model).detach()
        handle.remove()
        version = edits.zero(Site(kind=kind, layer=layer, positions=(position,), **index))
        found = unembed.counterfactuals(run, [version], lambda x: x[:, :, TARGET], at=range(len(PROMPT)))
        close(found[0], expected[:, TARGET])
        assert float((expected - run.logits).abs().max()) > 1e-6
