"""Edges of the engine that once gave wrong numbers or raw errors."""

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.engine import edits, measures
from unembed.engine.counterfactual import counterfactuals, gradients, watched
from unembed.errors import InputError
from unembed.methods.knowledge.attribution import attribute
from unembed.models.sites import Site
from unembed.runs.record import record

TOKENS = (3, 50, 7, 11, 96, 17)


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "gpt_neox", "gemma2"])
def test_removing_a_massive_write_does_not_cancel(model_type: str) -> None:
    """A write far larger than the rest of the stream, in float32: the version adds up without it, as a full run does.

    Tolerance: 64 u of the logits, as two ways to run one model may differ (check.py).
    """
    module = build(model_type, dtype=torch.float32)
    model = unembed.wrap(module)
    block = model.blocks[1]
    with torch.no_grad():
        if block.mlp_norm is None:
            block.down_projection.weight.mul_(3000)
        else:
            block.mlp_write.weight.fill_(3000)
    site = Site(kind="mlp_write", layer=1, positions=(-1,))
    run = record(model, TOKENS)
    assert float(run.at(site).norm()) > 10 * float(run.before(1)[-1].norm())
    found = counterfactuals(run, [edits.zero(site)], lambda logits: logits[:, 0])[0]

    def without(_, args, out):
        out = out.clone()
        out.reshape(-1, out.shape[-1])[-1] = 0
        return out

    module.config._attn_implementation = "eager"
    with block.mlp_write.register_forward_hook(without), torch.no_grad():
        expected = module(torch.tensor([TOKENS]), use_cache=False).logits[0, -1]
    assert float((found - expected).abs().max()) <= 64 * 1.2e-7 * float(expected.abs().max())


def test_gradients_of_walks_that_hold_no_leaf() -> None:
    """A small budget splits the work so that some walks hold only versions that are made of no leaf.

    Walks of other shapes round otherwise, and the norms of llama compute in float32: 64 u of P, as in check.py.
    """
    model = unembed.wrap(build("llama"))
    wide = attribute(model, TOKENS, (23,))
    narrow = attribute(model, TOKENS, (23,), memory=400_000)
    for a, b in zip(wide.values, narrow.values, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=64 * 1.2e-7 * wide.probability)
    run, site = record(model, TOKENS), Site(kind="resid_post", layer=1, positions=(-1,))
    leaf = torch.zeros(1, model.d_model, dtype=torch.float64, requires_grad=True)
    with pytest.raises(InputError, match="one number a version"):
        gradients(run, [edits.add(site, leaf)], lambda logits: logits[:, 0], [leaf])
    with pytest.raises(InputError, match="gave NaN"):
        gradients(run, [edits.add(site, leaf)], lambda logits: logits[:, 0, 0] * torch.nan, [leaf])


def test_measures_that_do_not_fit_what_is_read() -> None:
    model = unembed.wrap(build("llama"))
    run, zeroed = record(model, TOKENS), [edits.zero(Site(kind="z", layer=0, head=0))]
    with pytest.raises(InputError, match="An answer of 1 tokens is read at as many positions, found 2"):
        counterfactuals(run, zeroed, measures.probability((5,)), at=(3, 4))
    with pytest.raises(InputError, match="An answer of 2 tokens is read at as many positions, found 1"):
        counterfactuals(run, zeroed, measures.probability((5, 6)))
    with pytest.raises(InputError, match="as many positions as the reference"):
        counterfactuals(run, zeroed, measures.kl_from(run.logits[-1:]), at=(3, 4))
    with pytest.raises(InputError, match="nothing to read"):
        counterfactuals(run, zeroed, measures.logit(5), at=())
    top = counterfactuals(run, zeroed, lambda logits: logits[:, 0].argmax(-1))
    assert top.tolist() == [float(counterfactuals(run, zeroed, lambda logits: logits[:, 0])[0].argmax())]


def test_positions_of_an_alignment_count_from_both_ends() -> None:
    model = unembed.wrap(build("llama"))
    run, other = record(model, TOKENS), record(model, TOKENS[::-1])
    site = Site(kind="resid_post", layer=1, positions=(2, 3))
    found = edits.swap(site, other, run=run, align={2: -1, -3: 0}).shift
    assert torch.equal(found, other.before(2)[[5, 0]])
    with pytest.raises(InputError, match="outside the prompt"):
        edits.swap(site, other, run=run, align={2: 6, 3: 0})


def test_a_run_inside_a_walk_of_a_model_with_a_shadowed_method() -> None:
    """GPT-Neo's inner attention is shadowed; a run recorded from a progress callback gives the shadow back."""
    model = unembed.wrap(build("gpt_neo"))
    run = record(model, TOKENS)
    zeroed = [edits.zero(Site(kind="z", layer=0, head=0, positions=(-1,)))]
    expected = counterfactuals(run, zeroed, measures.logit(5))
    inner = []
    found = counterfactuals(
        run, zeroed, measures.logit(5), progress=lambda *_: inner.append(record(model, TOKENS).logits)
    )
    assert torch.equal(found, expected)
    assert all(torch.equal(logits, run.logits) for logits in inner)
    assert all("_attn" not in vars(block.attention) for block in model.blocks)


def test_watched_sites_are_named_as_they_were_given() -> None:
    model = unembed.wrap(build("llama"))
    run, site = record(model, TOKENS), Site(kind="z", layer=2, head=1, positions=(-1,))
    found = watched(run, [edits.zero(Site(kind="resid_pre", layer=2, positions=(0,)))], [site])
    assert found[0][site].shape == (1, 8)
    assert not torch.equal(found[0][site], run.at(site))


@pytest.mark.parametrize("directions", [torch.full((3,), torch.nan), torch.zeros(2, 2, 2), torch.tensor(1.0)])
def test_directions_that_are_none(directions: torch.Tensor) -> None:
    with pytest.raises(InputError, match="Expected directions of finite numbers"):
        edits.project_out(Site(kind="resid_pre", layer=0), directions)
