"""The counterfactual engine against full re-runs of the unmodified module (`rerun`), which share no code with it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unembed
from builders import random_models
from builders.random_models import MIXTURES, VOCAB, build, each_family
from builders.versions import (
    EDITS,
    TOKENS,
    Case,
    case,
    catalogue,
    check,
    compare,
    edit,
    logits_of,
    plain,
    variants,
)
from oracles import rerun
from oracles.norms import EPS32
from oracles.rerun import Change
from unembed.engine import counterfactual as engine
from unembed.engine import edits as make
from unembed.engine.batch import row_of
from unembed.engine.edits import Edit
from unembed.errors import InputError
from unembed.models.sites import Site


@pytest.mark.crossed(1)
@pytest.mark.parametrize("first", [0, 1])
@each_family
def test_every_site_and_edit_equals_a_full_run(model_type: str, first: int) -> None:
    """Every second version of the catalogue: of a family one half, of the next the other; in studies both of each."""
    with rerun.exactly():
        at = case(model_type)
        versions = [[edit(at, site, name, seed)] for seed, (site, name) in enumerate(catalogue(at))][first::2]
        worst = check(at, versions, range(at.length))
    assert worst < 0.1


@each_family
def test_equals_a_full_run_with_the_float32_of_transformers(model_type: str) -> None:
    at = plain(model_type)
    versions = [[edit(at, site, name, seed)] for seed, (site, name) in enumerate(catalogue(at)) if seed % 6 == 1]
    for row, version in zip(logits_of(at, [[made for made, _ in v] for v in versions]), versions, strict=True):
        compare(at, row, version, EPS32)


@each_family
def test_stacked_edits_equal_a_full_run(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        late = [Site(kind="neuron", layer=1, positions=(3, 6)), Site(kind="mlp_write", layer=1, positions=(6,))]
        late += [Site(kind="resid_post", layer=1, positions=(2,))]
        early = [Site(kind="z", layer=1, head=1, positions=(4,)), Site(kind="resid_pre", layer=1, positions=(5,))]
        later = [Site(kind="key", layer=2, head=0), Site(kind="neuron", layer=2, positions=(1, 8))]
        first = Site(kind="attention_write", layer=0, positions=(7, 8))
        stacks = [
            [(late[0], "add"), (late[1], "scale"), (late[2], "noise")],
            [(late[2], "noise"), (late[1], "scale"), (late[0], "add")],
            [(late[0], "set"), (early[0], "zero")],
            [(early[1], "noise"), (late[2], "set"), (later[0], "mean")],
            [(later[1], "set"), (later[1], "scale"), (later[1], "add")],
            [(later[1], "add"), (later[1], "scale"), (later[1], "project 2")],
            [(later[1], "scale"), (later[1], "add")],
            [(later[1], "add"), (later[1], "scale")],
            [(first, "noise"), (later[0], "scale"), (late[0], "swap"), (early[0], "scale")],
            [(site, "zero") for site in (*late, *early, *later, first)],
        ]
        versions = [[edit(at, site, name, 3 * n) for n, (site, name) in enumerate(stack)] for stack in stacks]
        check(at, versions, range(at.length))
        rows = logits_of(at, [[made for made, _ in version] for version in versions])
    assert float((rows[6] - rows[7]).abs().max()) > 1e-3, "the order of edits of one site matters"


@each_family
def test_sites_that_do_not_exist_are_refused(model_type: str) -> None:
    at = case(model_type)
    missing = []
    if at.model.parallel:
        missing.append((Site(kind="resid_mid", layer=0), "are parallel"))
    for layer in range(at.model.layers):
        mixture = model_type in MIXTURES and not (model_type == "qwen3_moe" and layer == 0)
        assert mixture == ("expert" in at.kinds(layer))
        if mixture:
            missing.append((Site(kind="neuron", layer=layer, neuron=0), "a neuron needs its expert"))
            missing.append((Site(kind="expert", layer=layer, expert=4), "no expert 4: expected 0 to 3"))
        else:
            missing.append((Site(kind="expert", layer=layer), "no mixture of experts"))
            missing.append((Site(kind="neuron", layer=layer, expert=0, neuron=0), "no mixture of experts"))
    missing.append((Site(kind="key", layer=0, head=at.model.kv_heads), "no key-value head"))
    missing.append((Site(kind="z", layer=0, head=at.model.heads), "no head"))
    for site, message in missing:
        with pytest.raises(InputError, match=message):
            logits_of(at, [make.zero(site)])


# Any model, prompt, sites and edits


@dataclass
class Drawn:
    """What hypothesis chose."""

    data: st.DataObject

    def __call__(self, options: Any) -> Any:
        return self.data.draw(st.sampled_from(list(options)))

    def site(self, case: Case) -> Site:
        layer = self(range(case.model.layers))
        kind = self(case.kinds(layer))
        site = self(variants(case, layer, kind, self))
        where = self.data.draw(
            st.none() | st.lists(st.integers(0, case.length - 1), min_size=1, max_size=3, unique=True)
        )
        if where is not None:
            where = tuple(p - case.length if self((False, False, True)) else p for p in where)
        return replace(site, positions=where)

    def version(self, case: Case) -> list[tuple[Edit, Change]]:
        sites = [self.site(case) for _ in range(self((1, 1, 2, 3)))]
        if len(sites) > 1 and self((False, True)):
            sites[1] = sites[0]
        return [edit(case, site, self(EDITS), self(range(1000))) for site in sites]


@each_family
def test_any_model_prompt_and_versions(model_type: str) -> None:
    @settings(max_examples=max(4, settings.default.max_examples // 4))
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        overrides = data.draw(random_models.variations(model_type), label="overrides")
        tokens = data.draw(st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=12), label="tokens")
        drawn = Drawn(data)
        with rerun.exactly():
            at = Case(build(model_type, **overrides), tokens)
            versions = [drawn.version(at) for _ in range(drawn(range(1, 9)))]
            read = data.draw(st.lists(st.integers(0, at.length - 1), min_size=1, max_size=3), label="read")
            check(at, versions, read)

    run()


@each_family
def test_what_is_before_the_first_edit_is_the_base_run(model_type: str) -> None:
    at = case(model_type)
    with rerun.exactly():
        sites = [Site(kind=kind, layer=1, positions=(5, 7)) for kind in at.kinds(1) if kind != "pattern"]
        rows = logits_of(at, [make.zero(site) for site in sites])
        base = unembed.ledger.readout.unembedded(at.model, at.run.final)[2].detach()
    for row in rows:
        assert torch.allclose(row[:5], base[:5], rtol=0, atol=1e-14 * float(base.abs().max()))
        assert float((row[5:] - base[5:]).abs().amax(-1).min()) > 0
    last = engine.Walk(at.run, [row_of(engine._resolved(make.zero(sites[0]), at.run), at.run)]).go(range(at.length))
    assert torch.equal(last[0, :5], at.run.final[:5])


@each_family
def test_an_edit_that_changes_nothing_gives_the_base_run(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        sites = [
            site for layer in range(at.model.layers) for kind in at.kinds(layer) for site in variants(at, layer, kind)
        ]
        rows = logits_of(at, [make.swap(site, at.run, run=at.run) for site in sites])
    assert float((rows - at.logits).abs().max()) <= 1e-12 * float(at.logits.abs().max())


# Mixtures


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_an_expert_whose_weight_is_exactly_zero_counts_once(model_type: str) -> None:
    """A router so sure that a chosen expert's weight underflows to 0: setting that weight adds the expert once."""
    module = build(model_type)
    with torch.no_grad():
        for block in module.model.layers:
            if hasattr(block.mlp, "experts"):
                router = getattr(block.mlp, "router", None) or block.mlp.gate
                router.weight.mul_(10**4)
    with rerun.exactly():
        at = Case(module, TOKENS)
        assert bool(((at.values["expert", 1] != 0).sum(-1) < 2).any())
        sites = [Site(kind="expert", layer=1), *[Site(kind="expert", layer=1, expert=n) for n in range(4)]]
        check(at, [[edit(at, site, "set", 2)] for site in sites], range(at.length))


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_neurons_of_experts_that_were_not_chosen_change_nothing(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        weights, layer = at.values["expert", 1], 1
        position, expert = (weights == 0).nonzero()[0].tolist()
        site = Site(kind="neuron", layer=layer, expert=expert, positions=(position,))
        rows = logits_of(at, [make.set_to(site, 100.0)])
        assert float((rows[0] - at.logits).abs().max()) <= 1e-12 * float(at.logits.abs().max())
        assert not at.run.at(site).any()
        add = [
            make.set_to(Site(kind="expert", layer=1, expert=expert, positions=(position,)), 0.5),
            make.set_to(site, 3.0),
        ]
        moved = logits_of(at, [add])
        assert float((moved[0] - at.logits).abs().max()) > 1e-6
