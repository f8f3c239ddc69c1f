"""Gradients of the engine against autograd through full runs, and against finite differences."""

import pytest
import torch
from torch import Tensor

from builders.random_models import each_family
from builders.versions import case, found_in, index, tiny_budget
from oracles import rerun
from oracles.rerun import Change, Rerun
from unembed.engine import counterfactual as engine
from unembed.engine import edits as make
from unembed.engine.batch import row_of
from unembed.engine.counterfactual import gradients
from unembed.engine.measures import log_probability, logit, several
from unembed.engine.memory import costs
from unembed.errors import InputError
from unembed.models.sites import Site


@pytest.mark.crossed(1)
@each_family
@pytest.mark.parametrize("split", [False, True])
def test_gradients_are_those_of_a_full_run_and_of_finite_differences(model_type: str, split: bool) -> None:
    """Of a shared shift of several versions, by the walk, by autograd through full runs, and by differences."""
    with rerun.exactly():
        at = case(model_type)
        generator = torch.Generator().manual_seed(3)
        kinds = [kind for kind in at.kinds(1) if kind != "pattern"]
        sites = [Site(kind=kind, layer=1, positions=(3, 6)) for kind in kinds]
        sites.append(Site(kind="pattern", layer=1, head=1, positions=(3, 6)))
        shapes = [found_in(at.values, site, at.length).shape for site in sites]
        values = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
        leaves = [value.requires_grad_() for value in values]
        measure = several(logit(3), log_probability([7]))
        interventions = [
            [(make.set_to if n % 2 else make.add)(site, leaf), make.scale(Site(kind="z", layer=2, head=0), 0.5)]
            for n, (site, leaf) in enumerate(zip(sites, leaves, strict=True))
        ]

        def summed(logits: Tensor) -> Tensor:
            return measure(logits).sum(-1)

        cost = costs(at.run, 1, gradients=True)
        dearest = max(cost.of(row_of(engine._resolved(version, at.run), at.run)) for version in interventions)
        found, slopes = gradients(at.run, interventions, summed, leaves, memory=dearest if split else None)

        def full(n: int, value: Tensor, *, grad: bool) -> Tensor:
            site = sites[n]
            first = Change(site.kind, 1, (3, 6), lambda x: value if n % 2 else x + value, index(site, at.length))
            half = Change("z", 2, tuple(range(at.length)), lambda x: 0.5 * x, (0,))
            return summed(Rerun(at.module, [first, half])(at.tokens, grad=grad)[None, -1:])[0]

        for n, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
            value = full(n, leaf, grad=True)
            (expected,) = torch.autograd.grad(value, leaf)
            assert float(found[n]) == pytest.approx(float(value.detach()), rel=1e-12, abs=1e-12)
            size = float(expected.abs().max())
            # `n u` of the terms summed, times the amplification of two passes: measured errors are below 1e-13.
            assert float((slope - expected).abs().max()) <= 1e-11 * (size + 1), sites[n].label
            if not split:
                continue
            step = 1e-5 * torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
            base = leaf.detach()
            rise = float(full(n, base + step, grad=False) - full(n, base - step, grad=False)) / 2
            # The third derivative times 1e-15, and rounding 1e-15 over steps of 1e-5.
            assert rise == pytest.approx(float((slope * step).sum()), rel=1e-5, abs=1e-9), sites[n].label
    assert all(parameter.requires_grad for parameter in at.module.parameters())


def test_gradients_when_some_walks_do_not_use_the_leaves() -> None:
    """Versions without any leaf have no gradient; their values count all the same."""
    at = case("llama")
    leaf = torch.ones(at.model.d_model, dtype=torch.float64, requires_grad=True)
    site = Site(kind="resid_post", layer=1, positions=(4,))
    interventions = [make.zero(site), make.add(site, leaf), make.scale(Site(kind="z", layer=0), 0.5)]
    expected, (slope,) = gradients(at.run, interventions, logit(3), [leaf])
    memory = tiny_budget(at, interventions, gradients=True)
    found, (split,) = gradients(at.run, interventions, logit(3), [leaf], memory=memory)
    assert torch.allclose(found, expected, rtol=1e-6)
    assert torch.allclose(split, slope, rtol=1e-5)
    values, (none,) = gradients(at.run, interventions[:1], logit(3), [leaf])
    assert torch.allclose(values, expected[:1], rtol=1e-6)
    assert not none.any()


def test_gradients_by_leaves_that_shifts_are_computed_from() -> None:
    """Shifts made of one leaf by operations that several walks must go back through."""
    at = case("llama")
    leaf = torch.linspace(-1, 1, at.model.d_model, dtype=torch.float64).requires_grad_()
    shift = leaf.exp() * leaf
    sites = [Site(kind="resid_post", layer=layer, positions=(p,)) for layer in (0, 1, 2) for p in (2, 8)]
    interventions = [make.add(site, shift * (n + 1)) for n, site in enumerate(sites)]
    _, (whole,) = gradients(at.run, interventions, logit(3), [leaf])
    memory = tiny_budget(at, interventions, gradients=True)
    _, (split,) = gradients(at.run, interventions, logit(3), [leaf], memory=memory)
    assert torch.allclose(whole, split, rtol=1e-5)


def test_gradients_refuse_a_measure_that_gives_nan() -> None:
    at = case("llama")
    leaf = torch.ones((), dtype=torch.float64, requires_grad=True)
    edits = [make.add(Site(kind="resid_post", layer=0), leaf)]
    with pytest.raises(InputError, match="The measure gave NaN"):
        gradients(at.run, edits, lambda logits: logits.sum((-1, -2)) * torch.nan, [leaf])
