"""The counterfactual engine against full re-runs of the unmodified module (`rerun`), which share no code with it.

Tolerance. A walk adds the numbers of a full run in another order, and nothing else. So what may differ is rounding: of
dot products of `n` terms, by at most `n u` relative in every stream and write, which grows on its way to the logits by
the amplification that `rerun.amplification` measures for the very version that is compared: `n u (amplification +
largest logit)`. With `u` of float64 where `rerun.exactly()` takes the float32 out of transformers' norms and softmaxes
(2.2e-16; observed errors are below 3 % of the bound), else of float32 with `n` the roundings of a norm.
"""

import itertools
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import oracle
import pytest
import random_models
import rerun
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import MIXTURES, MODEL_TYPES, VOCAB, build
from rerun import Change, Rerun
from torch import Tensor

import unembed
from unembed.engine import counterfactual as engine
from unembed.engine import edits as make
from unembed.engine import splicing
from unembed.engine.batch import row_of
from unembed.engine.counterfactual import SHORT, WIDEST, Interrupted, counterfactuals, gradients, watched
from unembed.engine.edits import Edit
from unembed.engine.measures import kl_from, log_probability, logit, probability, several
from unembed.engine.memory import costs
from unembed.errors import InputError
from unembed.models.kinds import KINDS
from unembed.models.sites import Site
from unembed.runs.run import Run, base_run

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5, 3)
EDITS = ("set", "add", "scale", "zero", "mean", "swap", "swap aligned", "project", "project 2", "noise")
EXACT = ("set", "scale", "zero", "mean", "swap", "swap aligned")
"""Edits that add nothing to what they find, so nothing cancels."""
HEADS = ("z", "query", "key", "value", "pattern")

each_family = pytest.mark.parametrize("model_type", MODEL_TYPES)


class Case:
    """A model, a base run of a prompt, and what the oracle sees in full runs of that prompt and another one."""

    def __init__(self, module: Any, tokens: Sequence[int]) -> None:
        self.module, self.tokens = module, tuple(tokens)
        self.other = tuple((7 * token + 5) % VOCAB for token in tokens)
        self.model = unembed.wrap(module)
        self.length = len(tokens)

    @cached_property
    def run(self) -> Run:
        return base_run(self.model, self.tokens)

    @cached_property
    def source(self) -> Run:
        return base_run(self.model, self.other)

    @cached_property
    def logits(self) -> Tensor:
        return Rerun(self.module)(self.tokens)

    @cached_property
    def values(self) -> dict[tuple[str, int], Tensor]:
        return self._seen(self.tokens)

    @cached_property
    def other_values(self) -> dict[tuple[str, int], Tensor]:
        return self._seen(self.other)

    def _seen(self, tokens: Sequence[int]) -> dict[tuple[str, int], Tensor]:
        run = Rerun(self.module, watch=rerun.WHOLE)
        run(tokens)
        return run.seen

    def kinds(self, layer: int) -> list[str]:
        kinds = [kind for kind in KINDS if (kind, layer) in self.values]
        return [kind for kind in kinds if not (kind == "resid_mid" and self.model.parallel)]


@cache
def case(model_type: str) -> Case:
    with rerun.exactly():
        built = Case(build(model_type), TOKENS)
        _ = built.run, built.source, built.values, built.other_values, built.logits
    return built


@cache
def plain(model_type: str) -> Case:
    """The same model with transformers' own float32 parts, as it is run outside of tests."""
    return Case(build(model_type), TOKENS)


# Sites and edits, each with what the oracle does


def places(site: Site, length: int) -> tuple[int, ...]:
    return tuple(range(length)) if site.positions is None else tuple(p % length for p in site.positions)


def index(site: Site, length: int) -> tuple[int, ...]:
    found = tuple(i for i in (site.head, site.expert, site.neuron) if i is not None)
    return found if site.source is None else (*found, site.source % length)


def found_in(values: dict[tuple[str, int], Tensor], site: Site, length: int) -> Tensor:
    whole = values[site.kind, site.layer]
    return whole[(torch.tensor(places(site, length)), *index(site, length))]


def variants(case: Case, layer: int, kind: str, pick: Callable[[Any], Any] | None = None) -> list[Site]:
    """All ways to address a kind of a layer: one of the things, and all of them."""
    pick = pick or random.Random(layer).choice
    shape = case.values[kind, layer].shape[1:]
    some = [pick(range(size)) for size in shape]
    if kind == "pattern":
        return [Site(kind=kind, layer=layer, head=some[0]), Site(kind=kind, layer=layer, head=some[0], source=some[1])]
    if kind in HEADS:
        return [Site(kind=kind, layer=layer), Site(kind=kind, layer=layer, head=some[0])]
    if kind == "expert":
        return [Site(kind=kind, layer=layer), Site(kind=kind, layer=layer, expert=some[0])]
    if kind == "neuron" and len(shape) == 2:
        one = Site(kind=kind, layer=layer, expert=some[0], neuron=some[1])
        return [Site(kind=kind, layer=layer), Site(kind=kind, layer=layer, expert=some[0]), one]
    if kind == "neuron":
        return [Site(kind=kind, layer=layer), Site(kind=kind, layer=layer, neuron=some[0])]
    return [Site(kind=kind, layer=layer)]


def without(x: Tensor, directions: Tensor) -> Tensor:
    """`x` without its part in the span of some directions, by Gram-Schmidt."""
    basis: list[Tensor] = []
    for direction in directions:
        rest = direction - sum((direction @ u) * u for u in basis)
        if float(rest.norm()) > 1e-9 * float(direction.norm()):
            basis.append(rest / rest.norm())
    out = x.clone()
    for u in basis:
        for at in torch.cartesian_prod(*[torch.arange(n) for n in x.shape[:-1]]).reshape(-1, x.ndim - 1).tolist():
            out[tuple(at)] = out[tuple(at)] - (x[tuple(at)] @ u) * u
    return out


def edit(case: Case, site: Site, name: str, seed: int) -> tuple[Edit, Change]:
    """An edit, and the same for the oracle."""
    base = found_in(case.values, site, case.length)
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    if name.startswith("project") and base.ndim == 1:
        name = "add"
    function: Callable[[Tensor], Tensor]
    if name in ("set", "add"):
        shape = [base.shape, base.shape[1:], ()][seed % 3]
        value = normal(*shape)
        if name == "set":
            made, function = make.set_to(site, value), lambda x: torch.zeros_like(x) + value
        else:
            made, function = make.add(site, value), lambda x: x + value
    elif name == "scale":
        factor = float(normal())
        made, function = make.scale(site, factor), lambda x: factor * x
    elif name == "zero":
        made, function = make.zero(site), lambda x: x * 0
    elif name == "mean":
        both = [found_in(values, _everywhere(site), case.length) for values in (case.values, case.other_values)]
        average = torch.cat(both).sum(0) / (2 * case.length)
        made = make.mean(site, case.model, [case.tokens, case.other])
        function = lambda x: average.expand(x.shape)  # noqa: E731
    elif name == "swap":
        made = make.swap(site, case.source, run=case.run)
        other = found_in(case.other_values, site, case.length)
        function = lambda x: other  # noqa: E731
    elif name == "swap aligned":
        align = {p: (3 * p + seed) % case.length for p in range(case.length)}
        made = make.swap(site, case.source, run=case.run, align=align)
        rows = found_in(case.other_values, _everywhere(site), case.length)
        aligned = torch.stack([rows[align[p]] for p in places(site, case.length)])
        function = lambda x: aligned  # noqa: E731
    elif name.startswith("project"):
        directions = normal(2 if name == "project 2" else 1, base.shape[-1])
        made = make.project_out(site, directions[0] if name == "project" else directions)
        function = lambda x: without(x, directions)  # noqa: E731
    else:
        made = make.noise(site, 0.7, run=case.run, seed=seed)
        noise = 0.7 * torch.randn(base.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        function = lambda x: x + noise  # noqa: E731
    return made, Change(
        site.kind, site.layer, places(site, case.length), function, index(site, case.length), name not in EXACT
    )


def _everywhere(site: Site) -> Site:
    return replace(site, positions=None)


def logits_of(case: Case, interventions: list, at: Sequence[int] | None = None, **how: Any) -> Tensor:
    """All logits of each version: `row position vocab`."""
    at = range(case.length) if at is None else at
    return counterfactuals(case.run, interventions, lambda logits: logits, at=at, **how)


def allowed(case: Case, changes: Sequence[Change], expected: Tensor, error: Tensor, unit: float) -> Tensor:
    """What rounding may do to the logits of each position (see above); amplification is measured where it matters."""
    config = case.module.config
    terms = 2 * config.hidden_size + case.length + max(x.shape[-1] for x in case.values.values())
    if unit > oracle.EPS64:
        terms = oracle.NORM_ROUNDINGS
    size = expected.abs().amax(-1)
    if bool((error <= 0.1 * terms * unit * size).all()):
        return terms * unit * size
    return terms * unit * (size + rerun.amplification(case.module, case.tokens, changes, expected))


def compare(
    case: Case, found: Tensor, version: list[tuple[Edit, Change]], unit: float = oracle.EPS64, at=None
) -> float:
    """The logits of a version against a full re-run; the error in units of what rounding may do."""
    at = list(range(case.length)) if at is None else list(at)
    changes = [change for _, change in version]
    expected = Rerun(case.module, changes)(case.tokens)
    error = torch.zeros(case.length, dtype=torch.float64)
    error[at] = (found - expected[at]).abs().amax(-1)
    bound = allowed(case, changes, expected, error, unit)
    names = [f"{made.what} {made.site.label}" for made, _ in version]
    assert bool((error <= bound).all()), f"{names}: off by {error.tolist()}, allowed {bound.tolist()}"
    return float((error / bound).max())


def check(case: Case, versions: Sequence[list[tuple[Edit, Change]]], at: Sequence[int], **how: Any) -> float:
    """Versions in one call equal full re-runs one by one; the largest error in units of what rounding may do."""
    found = logits_of(case, [[made for made, _ in version] for version in versions], at, **how)
    return max(compare(case, row, version, at=at) for row, version in zip(found, versions, strict=True))


def catalogue(case: Case) -> list[tuple[Site, str]]:
    """Every kind of site, in every way to address it, at one, several and all positions, with every kind of edit."""
    found = []
    for kind in KINDS:
        layers = [layer for layer in range(case.model.layers) if kind in case.kinds(layer)]
        if not layers:
            continue
        turns = list(itertools.product(range(len(variants(case, layers[-1], kind))), [None, (4,), (6, 2, -4)]))
        turns = [*turns, (0, (8,)), (-1, (0, 7)), (0, (0,)), (-1, (8,)), *turns][: len(EDITS)]
        chosen = random.Random(kind)
        names = chosen.sample(EDITS, len(EDITS))
        for (way, positions), name in zip(turns, names, strict=True):
            ways = variants(case, chosen.choice(layers), kind)
            found.append((replace(ways[min(way, len(ways) - 1)], positions=positions), name))
    return found


@each_family
def test_every_site_and_edit_equals_a_full_run(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        versions = [[edit(at, site, name, seed)] for seed, (site, name) in enumerate(catalogue(at))]
        worst = check(at, versions, range(at.length))
    assert worst < 0.1


@each_family
def test_equals_a_full_run_with_the_float32_of_transformers(model_type: str) -> None:
    at = plain(model_type)
    versions = [[edit(at, site, name, seed)] for seed, (site, name) in enumerate(catalogue(at)) if seed % 6 == 1]
    for row, version in zip(logits_of(at, [[made for made, _ in v] for v in versions]), versions, strict=True):
        compare(at, row, version, oracle.EPS32)


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


# However the work is split


def mixed(at: Case) -> list[list[tuple[Edit, Change]]]:
    """Versions that start early and late, in several layers."""
    return [[edit(at, site, name, seed)] for seed, (site, name) in enumerate(catalogue(at)) if seed % 3 == 0]


@pytest.mark.parametrize("model_type", ["gpt_oss", "gemma2", "gpt_neo", "gpt_neox", "qwen3_moe"])
def test_the_split_and_the_order_change_nothing(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        all_edits = [[made for made, _ in version] for version in mixed(at)]
        whole = logits_of(at, all_edits)
        cost = costs(at.run, at.length, gradients=False)
        dearest = max(cost.of(row_of(engine._resolved(version, at.run), at.run)) for version in all_edits)
        for memory in (dearest, 2 * dearest, 5 * dearest + 1):
            order = random.Random(memory).sample(range(len(all_edits)), len(all_edits))
            shares: list[float] = []
            rows = logits_of(
                at,
                [all_edits[i] for i in order],
                memory=memory,
                progress=lambda _, share, seen=shares: seen.append(share),
            )
            for row, i in zip(rows, order, strict=True):
                assert float((row - whole[i]).abs().max()) <= 1e-12 * float(whole[i].abs().max())
            assert shares == sorted(shares)
            assert shares[-1] == pytest.approx(1)
            if memory == dearest:
                assert len(shares) > at.model.layers * len(all_edits) / 4, "many walks"


@pytest.mark.parametrize("model_type", ["llama", "gpt_neo", "mixtral"])
def test_everything_is_left_as_it_was(model_type: str) -> None:
    module = build(model_type)
    at = Case(module, TOKENS)
    next(iter(module.parameters())).requires_grad_(False)
    wanted = [parameter.requires_grad for parameter in module.parameters()]
    before = module(torch.tensor([TOKENS]), use_cache=False).logits.detach()
    run = at.run
    kept = [run.stream(layer).clone() for layer in range(at.model.layers + 1)]
    kept += [run.whole(kind, 1, torch.arange(at.length)).clone() for kind in at.kinds(1) if kind != "pattern"]
    kept += [run.trace.layers[1].heads.pattern.clone(), run.calls[1].key.clone(), run.trace.logits.clone()]
    attention = module.config._attn_implementation

    def stop(what: str, share: float) -> None:
        raise RuntimeError("stop")

    leaf = torch.zeros(at.model.d_model, dtype=torch.float64, requires_grad=True)
    edits = [[made for made, _ in version] for version in mixed(at)]
    counterfactuals(run, edits, logit(3))
    watched(run, edits[:3], [Site(kind="pattern", layer=1, head=0)])
    gradients(run, [make.add(Site(kind="resid_pre", layer=0), leaf)], logit(3), [leaf])
    for call in (
        lambda: counterfactuals(run, edits, logit(3), progress=stop),
        lambda: gradients(run, [make.add(Site(kind="z", layer=0), leaf[0])], logit(3), [leaf], progress=stop),
    ):
        with pytest.raises(RuntimeError, match="stop"):
            call()
    assert module.config._attn_implementation == attention
    assert [parameter.requires_grad for parameter in module.parameters()] == wanted
    assert all(parameter.grad is None for parameter in module.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert not any("_attn" in part.__dict__ for part in module.modules())
    assert torch.equal(module(torch.tensor([TOKENS]), use_cache=False).logits, before)
    again = [run.stream(layer) for layer in range(at.model.layers + 1)]
    again += [run.whole(kind, 1, torch.arange(at.length)) for kind in at.kinds(1) if kind != "pattern"]
    again += [run.trace.layers[1].heads.pattern, run.calls[1].key, run.trace.logits]
    assert all(torch.equal(x, y) for x, y in zip(kept, again, strict=True))


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


@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_oss"])
def test_a_run_that_kept_some_positions_only(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        run = base_run(at.model, TOKENS, positions=[6, 3])
        versions = [v for v in mixed(at) if v[0][0].what in ("add", "set", "scale", "zero", "project out")]
        found = counterfactuals(run, [[made for made, _ in v] for v in versions], lambda logits: logits, at=range(9))
        for row, version in zip(found, versions, strict=True):
            compare(at, row, version)
        assert torch.equal(
            run.at(Site(kind="z", layer=1, positions=(3, 6))), at.run.whole("z", 1, torch.tensor([3, 6]))
        )
        with pytest.raises(InputError, match=r"kept its parts at positions \[6, 3\] only, not at \[4\]"):
            run.at(Site(kind="z", layer=1, positions=(3, 4)))


# Rows side by side


@pytest.mark.parametrize(
    "model_type", ["llama", "mistral", "gemma2", "gemma3_text", "gpt_oss", "gpt2", "gpt_neo", "opt"]
)
@pytest.mark.parametrize("sharing", [0, 6, 10**6])
def test_rows_side_by_side_equal_full_runs(model_type: str, sharing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long prompt, many rows near its end: each with a copy of the prefix, a few, or all in one sequence."""
    monkeypatch.setattr(splicing, "SIDE_BY_SIDE", sharing)
    layouts = []
    side = splicing._side_by_side
    monkeypatch.setattr(splicing, "_side_by_side", lambda *args: layouts.append(1) or side(*args))
    with rerun.exactly():
        at = long_case(model_type)
        ends, turn = [(39,), (38, 39), (36, 39), (38,)], 0
        versions = []
        for layer in (0, 1):
            for kind in sorted(set(at.kinds(layer)) - {"pattern"}):  # whose edits need a copy of the prefix
                for name in ("noise", "scale"):
                    site = variants(at, layer, kind)[turn % 2 - 1]
                    site = replace(site, positions=ends[turn % 4])
                    versions.append([edit(at, site, name, turn)])
                    turn += 1
        found = logits_of(at, [[made for made, _ in version] for version in versions], (35, 38, 39))
        for row, version in list(zip(found, versions, strict=True))[sharing % 4 :: 4]:
            compare(at, row, version, at=(35, 38, 39))
        monkeypatch.setattr(splicing, "SIDE_BY_SIDE", 0)
        apart = logits_of(at, [[made for made, _ in version] for version in versions], (35, 38, 39))
    assert float((found - apart).abs().max()) <= 1e-12 * float(apart.abs().max())
    assert bool(layouts) == (sharing > 0 and model_type != "gpt_neo")


@cache
def long_case(model_type: str) -> Case:
    overrides = {"window": 5} if model_type in random_models.WINDOWED else {}
    with rerun.exactly():
        built = Case(build(model_type, layers=2, **overrides), [(31 * i + 7) % VOCAB for i in range(40)])
        _ = built.run, built.values
    return built


# Gradients


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


def tiny_budget(at: Case, interventions: list, positions: int = 1, *, gradients: bool = False) -> int:
    """The smallest budget: one row a walk, or nearly."""
    cost = costs(at.run, positions, gradients=gradients)
    rows = [row_of(engine._resolved(version, at.run), at.run) for version in interventions]
    return max(cost.of(row) for row in rows)


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


# What is watched


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


# Stops, threads, refusals


def rows_at(at: Case) -> list[Edit]:
    return [
        make.scale(Site(kind="z", layer=layer, head=head, positions=(p,)), 0.0)
        for layer in range(3)
        for head in range(4)
        for p in (0, 6)
    ]


@pytest.mark.parametrize("by", ["measure", "progress"])
@pytest.mark.parametrize("after", [0, 4, 9])
def test_what_is_finished_survives_an_interrupt(by: str, after: int) -> None:
    at = case("qwen2")
    edits = rows_at(at)
    memory = tiny_budget(at, edits)
    whole = counterfactuals(at.run, edits, logit(3), memory=memory)
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt

    def measure(logits: Tensor) -> Tensor:
        if by == "measure":
            stop()
        return logits[:, 0, 3]

    def progress(what: str, share: float) -> None:
        if by == "progress":
            stop()

    with pytest.raises(Interrupted, match="interrupted after") as caught:
        counterfactuals(at.run, edits, measure, memory=memory, progress=progress)
    values, done = caught.value.values, caught.value.done
    assert values.shape == whole.shape == done.shape
    assert torch.isnan(values[~done]).all()
    assert torch.allclose(values[done].double(), whole[done].double(), rtol=1e-12)
    assert bool((~done).any())
    assert bool(done.any()) == (after >= (1 if by == "measure" else 3))
    assert isinstance(caught.value, KeyboardInterrupt)


def test_long_jobs_go_in_short_walks_so_that_an_interrupt_loses_little() -> None:
    at = case("qwen2")
    site = Site(kind="neuron", layer=0, neuron=0, positions=(at.run.length - 1,))
    edits = [make.set_to(site, 0.001 * n) for n in range(WIDEST + 1)]

    def stop(_: str, share: float) -> None:
        if share > 0.9:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        counterfactuals(at.run, edits, logit(3), progress=stop)
    assert int(caught.value.done.sum()) >= 0.9 * len(edits) - SHORT
    halves = [counterfactuals(at.run, part, logit(3)) for part in (edits[:600], edits[600:])]
    whole = counterfactuals(at.run, edits, logit(3))
    assert torch.allclose(whole, torch.cat(halves), rtol=1e-12)


def test_threads_take_turns() -> None:
    cases = [case("llama"), case("gpt_neo"), case("llama"), case("gemma2")]
    edits = [rows_at(at) for at in cases]
    expected = [counterfactuals(at.run, rows, logit(3)) for at, rows in zip(cases, edits, strict=True)]
    found: dict[int, Tensor] = {}
    slopes: dict[int, Tensor] = {}

    def work(n: int) -> None:
        at, leaf = cases[n], torch.zeros((), dtype=torch.float64, requires_grad=True)
        for _ in range(3):
            found[n] = counterfactuals(at.run, edits[n], logit(3), memory=4 * tiny_budget(at, edits[n]))
            shifted = [make.add(Site(kind="z", layer=1), leaf)]
            slopes[n] = gradients(at.run, shifted, logit(3), [leaf])[1][0]
            base_run(at.model, TOKENS[:4])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(cases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, value in enumerate(expected):
        assert torch.allclose(found[n], value, rtol=1e-5, atol=1e-5)
    assert torch.equal(slopes[0], slopes[2])
    assert all(parameter.requires_grad for at in cases for parameter in at.module.parameters())


RESID = Site(kind="resid_post", layer=1, positions=(2, 5))


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([], "nothing to do: expected at least one intervention"),
        ([[]], "needs at least one edit"),
        ([make.set_to(RESID, torch.zeros(31))], r"takes a value of shape \(2, 32\), found \(31,\)"),
        ([make.set_to(RESID, torch.zeros(3, 32))], r"takes a value of shape \(2, 32\), found \(3, 32\)"),
        ([make.set_to(RESID, torch.zeros(1, 2, 32))], r"takes a value of shape \(2, 32\), found \(1, 2, 32\)"),
        ([make.add(Site(kind="neuron", layer=0, neuron=1), torch.zeros(8))], r"of shape \(9,\), found \(8,\)"),
        ([make.add(Site(kind="z", layer=0), torch.zeros(3, 8))], r"of shape \(9, 4, 8\), found \(3, 8\)"),
        ([make.add(Site(kind="key", layer=0), torch.zeros(4, 8))], r"of shape \(9, 2, 8\), found \(4, 8\)"),
        ([make.set_to(Site(kind="pattern", layer=0, head=0), torch.zeros(8))], r"of shape \(9, 9\), found \(8,\)"),
        ([make.set_to(RESID, torch.nan)], "not finite"),
        ([make.add(RESID, torch.full((32,), torch.inf))], "not finite"),
        ([make.project_out(RESID, torch.ones(8))], "has 32 numbers, found 8"),
        ([make.zero(Site(kind="resid_post", layer=3))], "There is no layer 3: expected 0 to 2"),
        ([make.zero(Site(kind="resid_post", layer=0, positions=(9,)))], "There is no position 9: expected 0 to 8"),
        ([[make.zero(RESID), make.zero(Site(kind="z", layer=0, head=9))]], "There is no head 9"),
    ],
)
def test_edits_that_do_not_fit_are_refused(edits: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        counterfactuals(case("llama").run, edits, logit(3))


def test_a_direction_for_a_number_is_refused_in_words() -> None:
    """One number has no direction: the message must not say that it has 1 number, and 1 was found."""
    for width in (1, 3):
        edits = [make.project_out(Site(kind="neuron", layer=0, neuron=1), torch.ones(width))]
        with pytest.raises(InputError, match=r"L0\.N1") as caught:
            counterfactuals(case("llama").run, edits, logit(3))
        assert "has 1 numbers, found 1" not in str(caught.value)


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda logits: logits[:, 0, 3] * torch.nan, r"gave NaN for L1 resid_post @ 2,5 \(zero\)"),
        (lambda logits: logits.sum(), r"tensor with 2 rows, one a version; found \(\)"),
        (lambda logits: logits[:1, 0, 3], r"tensor with 2 rows, one a version; found \(1,\)"),
        (lambda logits: 3.0, "tensor with 2 rows, one a version; found float"),
    ],
)
def test_measures_that_do_not_fit_are_refused(measure: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        counterfactuals(case("llama").run, [make.zero(RESID), make.scale(RESID, 2.0)], measure)


def test_a_nan_is_blamed_on_the_version_that_has_it() -> None:
    at = case("llama")
    edits = [make.scale(Site(kind="resid_post", layer=layer), 2.0 + layer) for layer in (2, 0, 1)]
    values = logits_of(at, edits, (-1,))[:, 0, 3]

    def measure(logits: Tensor) -> Tensor:
        found = logits[:, 0, 3]
        return found.where((found - values[1]).abs() > 1e-3, torch.nan)

    for memory in (None, tiny_budget(at, edits)):
        with pytest.raises(InputError, match=r"for L0 resid_post @ 0,1,2,3,4,5,6,7,8 \(scale by 2\)"):
            counterfactuals(at.run, edits, measure, memory=memory)


def test_budgets_that_are_too_small_are_refused() -> None:
    at = case("llama")
    with pytest.raises(InputError, match=r"too small for one intervention \(L1 resid_post @ 2,5\), which needs about"):
        counterfactuals(at.run, [make.zero(RESID)], logit(3), memory=1000)
    with pytest.raises(InputError, match="positive amount of memory, found 0"):
        counterfactuals(at.run, [make.zero(RESID)], logit(3), memory=0)
    counterfactuals(at.run, [make.zero(RESID)], logit(3), memory=tiny_budget(at, [make.zero(RESID)]))
    with pytest.raises(InputError, match="Position 9 is outside the prompt: expected -9 to 8"):
        counterfactuals(at.run, [make.zero(RESID)], logit(3), at=(9,))


# Measures


@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_oss", "phi"])
def test_measures_are_their_formulas_of_all_logits(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        edits = [made for made, _ in (version[0] for version in mixed(at))]
        logits = logits_of(at, edits, (5, -1)).double()
        p = logits.softmax(-1)
        expected = {
            logit(7): logits[:, 0, 7],
            logit(7, 9): logits[:, 0, 7] - logits[:, 0, 9],
            log_probability([4, 9]): p[:, 0, 4].log() + p[:, 1, 9].log(),
            probability([4, 9]): p[:, 0, 4] * p[:, 1, 9],
            several(logit(7), log_probability([4, 9])): torch.stack(
                [logits[:, 0, 7], p[:, 0, 4].log() + p[:, 1, 9].log()], -1
            ),
        }
        q = at.logits[[5, -1]].softmax(-1)
        expected[kl_from(at.logits[[5, -1]])] = (q * (q.log() - p.log())).sum((-1, -2))
        for measure, value in expected.items():
            found = counterfactuals(at.run, edits, measure, at=(5, -1))
            assert torch.allclose(found, value, rtol=1e-10, atol=1e-12)
            assert torch.allclose(measure(logits), value, rtol=1e-10, atol=1e-12)


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
