"""The engine in both stacks of encoder-decoders, against full hooked re-runs of the module (oracles/stacks.py)."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

import unembed
from builders import random_models
from builders.random_encoder_decoders import ENCODER_DECODERS, build
from builders.stack_versions import StackCase, check_any, check_every_kind
from oracles.rerun import exactly
from unembed import Site, edits
from unembed.engine import counterfactual as engine
from unembed.engine.batch import row_of
from unembed.engine.counterfactual import counterfactuals, gradients, watched
from unembed.engine.memory import costs
from unembed.errors import InputError
from unembed.models.read_source import probe_source, with_source

PROMPT, OTHER = (0, 5, 9, 33, 2), (0, 44, 8, 6, 71)
each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)


def whole(logits: torch.Tensor) -> torch.Tensor:
    return logits


@cache
def case(model_type: str) -> StackCase:
    with exactly():
        model = probe_source(unembed.wrap(build(model_type)), 6)
        if model_type == "whisper":
            other = with_source(model, inputs={"input_features": -model.source.inputs["input_features"]})
        else:
            other = with_source(model, [7, 8, 9, 10, 11, 12])
        made = StackCase(model, PROMPT, (other, OTHER))
        _ = made.run, made.other_run, made.run.encoder, made.other_run.encoder, made.values, made.other_values
    return made


@each
def test_every_kind_of_site_equals_a_full_run(model_type: str) -> None:
    versions, effects = check_every_kind(case(model_type))
    assert {change.stack for version in versions for _, change in version} == {"encoder", "decoder"}
    # Nearly all edits do something; not one vector added to all keys of a head, or the pattern of the first position.
    assert float(effects.sort().values[len(effects) // 10]) > 1e-6


@each
def test_any_sites_edits_and_positions_in_both_stacks_at_once(model_type: str) -> None:
    check_any(case(model_type))


@each
def test_the_split_into_walks_changes_nothing(model_type: str) -> None:
    at = case(model_type)
    with exactly():
        changes: list[Any] = [edits.zero(part) for part in (*at.model.parts("enc.head"), *at.model.parts("cross_head"))]
        changes += [[edits.zero("enc.L1 mlp"), edits.scale("L2.H1 @ 3", 2.0)], edits.zero("L2 mlp @ -1")]
        together = counterfactuals(at.run, changes, whole, at=range(5))
        apart = torch.cat([counterfactuals(at.run, [one], whole, at=range(5)) for one in changes])
        rows = [row_of(engine._resolved(change, at.run), at.run) for change in changes]
        cost = costs(at.run, 5, gradients=False, source=True)
        least = max(cost.of(row) for row in rows)
        assert cost.of(rows[0]) > cost.of(replace(rows[0], source=None))
        small = counterfactuals(at.run, changes, whole, at=range(5), memory=least)
    size = float(together.abs().max())
    assert float((together - apart).abs().max()) < 1e-12 * size
    assert float((together - small).abs().max()) < 1e-12 * size


@each
def test_the_final_states_of_another_source_are_that_source(model_type: str) -> None:
    """The stream after the last block of the encoder, swapped everywhere, is the other source, whole."""
    at, last = case(model_type), case(model_type).model.encoder.layers - 1
    other = at.other[0]
    with exactly():
        theirs = unembed.record(other, PROMPT)
        swap = edits.swap(f"enc.L{last} resid_post", theirs, run=at.run)
        found = counterfactuals(at.run, [swap], whole, at=range(5))[0]
    assert float((found - theirs.logits).abs().max()) < 1e-12 * float(theirs.logits.abs().max())
    assert float((found - at.run.logits).abs().max()) > 1e-3


@each
def test_a_source_that_an_edit_leaves_as_it_is_gives_the_base_run(model_type: str) -> None:
    at = case(model_type)
    with exactly():
        same = [edits.swap(part, at.run, run=at.run) for part in at.model.parts("enc.head")]
        found = counterfactuals(at.run, same, whole, at=range(5))
    assert float((found - at.run.logits).abs().max()) < 1e-12 * float(at.run.logits.abs().max())


@each
def test_what_the_encoder_holds_is_read_and_watched(model_type: str) -> None:
    at = case(model_type)
    sites = [Site.parse("enc.L1.H1 @ 2,0"), Site.parse("enc.L0.N7"), Site.parse("L1.X1 @ 3")]
    with exactly():
        for site in sites[:2]:
            want = at.values["encoder", site.kind, site.layer][..., site.head or site.neuron, :] if site.head else None
            want = at.values["encoder", "neuron", 0][:, 7] if want is None else want[[2, 0]]
            assert torch.allclose(at.run.at(site), want, rtol=0, atol=1e-12)
        changes = [edits.zero("enc.L0.H0"), edits.zero("L0 mlp @ 1"), edits.zero("enc.L1.H1")]
        found = watched(at.run, changes, sites)
        again = watched(at.run, changes[:1], sites)
    base = {site: at.run.at(site) for site in sites}
    assert not torch.equal(found[0][sites[0]], base[sites[0]])  # below it something was zeroed
    assert torch.equal(found[1][sites[0]], base[sites[0]])
    assert torch.allclose(found[2][sites[0]], base[sites[0]], rtol=0, atol=1e-12)  # before edits of that very site
    assert not torch.equal(found[1][sites[2]], base[sites[2]])
    for site in sites:
        assert torch.allclose(found[0][site], again[0][site], rtol=0, atol=1e-12)


@each
def test_gradients_flow_through_the_encoder_into_the_decoder(model_type: str) -> None:
    """Of a logit by an encoder head's scale, against central differences."""
    at = case(model_type)
    site = Site.parse("enc.L0.H1 @ 3")
    measure = unembed.measures.logit(12)
    with exactly():
        base = at.run.at(site)[0]
        shift = base.clone().requires_grad_()
        value, (slope,) = gradients(at.run, [edits.set_to(site, shift)], measure, [shift])
        step = 1e-5 * torch.randn(base.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        ends = counterfactuals(at.run, [edits.set_to(site, base + s * step) for s in (1, -1)], measure)
    assert float(value[0]) == pytest.approx(float(at.run.logits[-1, 12]), abs=1e-10)
    assert float(slope @ step) == pytest.approx(float(ends[0] - ends[1]) / 2, rel=1e-5, abs=1e-13)


def test_a_mean_inside_the_encoder_is_over_sources() -> None:
    at, sources = case("bart"), ([7, 8, 9], [10, 11, 12, 13, 4])
    with exactly():
        found = edits.mean("enc.L1.H0 @ 2", at.model, sources).shift
        seen = []
        for source in sources:
            again = StackCase(with_source(at.model, source), PROMPT, at.other)
            seen.append(again.values["encoder", "z", 1][:, 0])
        other = edits.mean("enc.L1.H0", at.model, [PROMPT]).shift
    assert found is not None
    assert other is not None
    assert torch.allclose(found, torch.cat(seen).mean(0), rtol=0, atol=1e-12)
    assert float((found - other).abs().max()) > 1e-3


def test_what_there_is_not_is_refused_in_words() -> None:
    alone = unembed.wrap(random_models.build("llama"))
    gpt = unembed.record(alone, [3, 5])
    for ask in (lambda: edits.swap("enc.L0.H1", gpt, run=gpt), lambda: alone.parts("enc.head")):
        with pytest.raises(InputError, match=r"llama has no encoder, so it has no part `enc\.`"):
            ask()
    with pytest.raises(InputError, match="has no encoder"):
        counterfactuals(gpt, [edits.zero("enc.L0.H1")], whole)
    at = case("t5")
    for name, message in (
        ("enc.L2.H0", "There is no layer 2: expected 0 to 1"),
        ("enc.L0.H0 @ 6", "There is no position 6: expected 0 to 5"),
        ("enc.L0.X1", "encoder of .* has no cross-attention"),
    ):
        with pytest.raises(InputError, match=message):
            counterfactuals(at.run, [edits.zero(name)], whole)
    without = unembed.wrap(at.model.module)
    with pytest.raises(InputError, match=r"has no source yet, whose positions enc\.L0\.H1 z has"):
        unembed.models.sites.resolve(Site.parse("enc.L0.H1"), without, 3)
    short = unembed.record(with_source(at.model, [7, 8, 9]), PROMPT)
    with pytest.raises(InputError, match=r"The sources do not align: 6 and 3 tokens\. Give sources of equal"):
        edits.swap("enc.L0.H1", short, run=at.run)
    with pytest.raises(InputError, match=r"enc\.L0\.H1 z @ 0,1,2,3,4,5 takes a value of shape \(6, 10\)"):
        counterfactuals(at.run, [edits.add("enc.L0.H1", torch.zeros(3))], whole)
