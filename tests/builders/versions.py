"""Versions of a run, each twice: as edits of the engine, and as changes for the oracle `rerun`; and their comparison.

Tolerance. A walk adds the numbers of a full run in another order, and nothing else. So what may differ is rounding: of
dot products of `n` terms, by at most `n u` relative in every stream and write, which grows on its way to the logits by
the amplification that `rerun.amplification` measures for the very version that is compared: `n u (amplification +
largest logit)`. With `u` of float64 where `rerun.exactly()` takes the float32 out of transformers' norms and softmaxes
(2.2e-16; observed errors are below 3 % of the bound), else of float32 with `n` the roundings of a norm.
"""

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor

import unembed
from builders.random_models import VOCAB, build
from oracles import rerun
from oracles.norms import EPS64, NORM_ROUNDINGS
from oracles.rerun import Change, Rerun
from unembed.engine import counterfactual as engine
from unembed.engine import edits as make
from unembed.engine.batch import row_of
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.memory import costs
from unembed.models.sites import KINDS, Site
from unembed.runs.record import record
from unembed.runs.run import Run

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5, 3)
EDITS = ("set", "add", "scale", "zero", "mean", "swap", "swap aligned", "project", "project 2", "noise")
EXACT = ("set", "scale", "zero", "mean", "swap", "swap aligned")
"""Edits that add nothing to what they find, so nothing cancels."""
HEADS = ("z", "query", "key", "value", "pattern")


class Case:
    """A model, a base run of a prompt, and what the oracle sees in full runs of that prompt and another one."""

    def __init__(self, module: Any, tokens: Sequence[int]) -> None:
        self.module, self.tokens = module, tuple(tokens)
        self.other = tuple((7 * token + 5) % VOCAB for token in tokens)
        self.model = unembed.wrap(module)
        self.length = len(tokens)

    @cached_property
    def run(self) -> Run:
        return record(self.model, self.tokens)

    @cached_property
    def source(self) -> Run:
        return record(self.model, self.other)

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
    if unit > EPS64:
        terms = NORM_ROUNDINGS
    size = expected.abs().amax(-1)
    if bool((error <= 0.1 * terms * unit * size).all()):
        return terms * unit * size
    return terms * unit * (size + rerun.amplification(case.module, case.tokens, changes, expected))


def compare(case: Case, found: Tensor, version: list[tuple[Edit, Change]], unit: float = EPS64, at=None) -> float:
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


def mixed(at: Case) -> list[list[tuple[Edit, Change]]]:
    """Versions that start early and late, in several layers."""
    return [[edit(at, site, name, seed)] for seed, (site, name) in enumerate(catalogue(at)) if seed % 3 == 0]


def tiny_budget(at: Case, interventions: list, positions: int = 1, *, gradients: bool = False) -> int:
    """The smallest budget: one row a walk, or nearly."""
    cost = costs(at.run, positions, gradients=gradients)
    rows = [row_of(engine._resolved(version, at.run), at.run) for version in interventions]
    return max(cost.of(row) for row in rows)
