"""What a version holds at a site, against what a full run has there."""

from dataclasses import replace

import pytest
import torch

from builders.random_models import MIXTURES, each_family
from builders.versions import case, edit, found_in, mixed, variants
from oracles import rerun
from oracles.rerun import Rerun
from unembed.engine import counterfactual as engine
from unembed.engine import edits as make
from unembed.engine.counterfactual import watched
from unembed.models.sites import Site


@each_family
def test_watched_sites_hold_what_a_full_run_has(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        sites = [
            replace(site, positions=where)
            for layer in range(at.model.layers)
            for kind in at.kinds(layer)
            for site, where in zip(variants(at, layer, kind), (None, (2, 8), (6,)), strict=False)
        ]
        versions = [version for n, version in enumerate(mixed(at)) if n % 3 == 0]
        versions.append([edit(at, Site(kind="neuron", layer=1, positions=(3,)), "noise", 1)] * 2)
        found = watched(at.run, [[made for made, _ in version] for version in versions], sites)
        for seen, version in zip(found, versions, strict=True):
            run = Rerun(at.module, [change for _, change in version], watch=rerun.WHOLE)
            run(at.tokens)
            assert len(seen) == len(sites)
            for site in sites:
                value = seen[site]
                expected = found_in(run.seen, site, at.length)
                assert value.shape == expected.shape
                # No amplification to logits here: 1e-11 is `n u` times that of three blocks, about 100.
                assert float((value - expected).abs().max()) <= 1e-11 * (1 + float(expected.abs().max())), (
                    f"{site.label} after {version[0][0].what} {version[0][0].site.label}"
                )


@each_family
def test_run_at_is_what_the_module_computes(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        for layer in range(at.model.layers):
            for kind in at.kinds(layer):
                for site in variants(at, layer, kind):
                    expected = found_in(at.values, site, at.length)
                    found = at.run.at(site)
                    assert found.shape == expected.shape
                    assert found.shape[1:] == engine.value_shape(site, at.run)
                    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-13), site.label


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_watched_neurons_do_not_depend_on_other_versions_of_the_call(model_type: str) -> None:
    """Another version makes a token use one more expert; this one's experts that were not chosen still hold 0."""
    with rerun.exactly():
        at = case(model_type)
        neurons = Site(kind="neuron", layer=1)
        mine = make.scale(Site(kind="resid_pre", layer=1), 1.5)
        other = make.set_to(Site(kind="expert", layer=1), 0.25)
        alone, *_ = watched(at.run, [mine], [neurons])
        beside, *_ = watched(at.run, [mine, other], [neurons])
    assert torch.equal(alone[neurons] == 0, beside[neurons] == 0)


def test_watched_sites_are_found_under_their_own_names() -> None:
    """Whatever way a site was written, that is its key."""
    at = case("llama")
    for site in (Site(kind="z", layer=1, head=0), Site(kind="z", layer=-1, positions=(-1, 2))):
        (seen,) = watched(at.run, [make.zero(Site(kind="resid_pre", layer=0))], [site])
        assert site in seen
