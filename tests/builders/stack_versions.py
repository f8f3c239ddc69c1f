"""Versions of a run of a model with several stacks, each twice: as edits of the engine, and for the oracle.

Tolerance: under `exactly()` all is float64, and a walk adds the numbers of a full run in another order, so what differs
is rounding of sums of some hundred products: 1e-11 relative to the largest logit, of models whose scrambled norms may
amplify tenfold what was rounded before them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oracles.rerun import exactly
from oracles.stacks import Change, StackRerun
from unembed.engine import edits as make
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.models.kinds import KINDS
from unembed.models.model import Model
from unembed.models.sites import Site
from unembed.runs.record import record
from unembed.runs.run import Run

EDITS = ("scale", "zero", "add", "set", "swap", "noise", "project")


@dataclass
class StackCase:
    """A model, a base run, and what the oracle sees in it and in a run of another prompt (and source)."""

    model: Model
    tokens: tuple[int, ...]
    other: tuple[Model, tuple[int, ...]]
    """The model with another source of the same length, and another prompt."""

    def inputs(self, model: Model, tokens: tuple[int, ...]) -> dict[str, Tensor]:
        ids = torch.tensor([tokens])
        if model.encoder is None:
            return {"input_ids": ids}
        assert model.source is not None
        return {**model.source.inputs, "decoder_input_ids": ids}

    @cached_property
    def run(self) -> Run:
        return record(self.model, self.tokens)

    @cached_property
    def other_run(self) -> Run:
        return record(*self.other)

    @cached_property
    def values(self) -> dict[Any, Tensor]:
        return self._seen(self.model, self.tokens)

    @cached_property
    def other_values(self) -> dict[Any, Tensor]:
        return self._seen(*self.other)

    def _seen(self, model: Model, tokens: tuple[int, ...]) -> dict[Any, Tensor]:
        again = StackRerun(model.module)
        again(**self.inputs(model, tokens))
        return again.seen

    def expected(self, changes: list[Change]) -> Tensor:
        return StackRerun(self.model.module, changes)(**self.inputs(self.model, self.tokens))

    def places(self) -> list[tuple[str, str, int]]:
        """Every stack, kind and layer that there is."""
        return [key for key in self.values if key[1] in KINDS]


def stack_name(case: StackCase, site: Site) -> str:
    return "encoder" if site.encoder or case.model.encoder is None else "decoder"


def site_of(case: StackCase, place: tuple[str, str, int], pick: Callable[[Any], Any], positions: Any) -> Site:
    """A site of a place: one head or neuron or all; at positions that `positions` draws of a length."""
    stack, kind, layer = place
    shape = case.values[place].shape
    site = Site(kind=kind, layer=layer, encoder=stack == "encoder" and case.model.encoder is not None)  # type: ignore[arg-type]
    indices = KINDS[kind].indices
    if "head" in indices and ("source" in indices or pick((True, False))):
        site = replace(site, head=pick(range(shape[1])))
        if "source" in indices and pick((True, False)):
            site = replace(site, source=pick(range(shape[2])))
    elif "neuron" in indices and pick((True, False)):
        site = replace(site, neuron=pick(range(shape[1])))
    return replace(site, positions=positions(shape[0]))


def edit(case: StackCase, site: Site, name: str, seed: int) -> tuple[Edit, Change]:
    """An edit, and the same for the oracle."""
    key = (stack_name(case, site), site.kind, site.layer)
    whole = case.values[key]
    places = tuple(range(len(whole))) if site.positions is None else site.positions
    index = tuple(i for i in (site.head, site.neuron, site.source) if i is not None)
    where = (torch.tensor(places), *index)
    found, random = whole[where], torch.Generator().manual_seed(seed)
    if name == "project" and found.ndim == 1:
        name = "scale"
    if name == "scale":
        made, function = make.scale(site, -0.7), lambda x: -0.7 * x
    elif name == "zero":
        made, function = make.zero(site), lambda x: 0 * x
    elif name == "swap":
        other = case.other_values[key][where]
        made, function = make.swap(site, case.other_run, run=case.run), lambda x: other
    elif name == "project":
        u = torch.randn(found.shape[-1], generator=random, dtype=torch.float64)
        made = make.project_out(site, u)
        function = lambda x: x - (x @ u)[..., None] * u / (u @ u)  # noqa: E731
    elif name == "noise":
        made = make.noise(site, 0.7, run=case.run, seed=seed)
        noise = 0.7 * torch.randn(found.shape, generator=random, dtype=torch.float64)
        function = lambda x: x + noise  # noqa: E731
    else:
        value = torch.randn(found.shape[seed % 2 :], generator=random, dtype=torch.float64)
        made = make.add(site, value) if name == "add" else make.set_to(site, value)
        function = (lambda x: x + value) if name == "add" else (lambda x: 0 * x + value)
    return made, Change(*key, places, function, index)


def check(case: StackCase, versions: list[list[tuple[Edit, Change]]], at: Any = None, **how: Any) -> Tensor:
    """Versions in one call equal full re-runs one by one; gives their logits."""
    at = range(len(case.tokens)) if at is None else at
    interventions = [[made for made, _ in version] for version in versions]
    found = counterfactuals(case.run, interventions, lambda logits: logits, at=at, **how)
    for row, version in zip(found, versions, strict=True):
        expected = case.expected([change for _, change in version])[list(at)]
        error = float((row - expected).abs().max())
        names = [f"{made.what} {made.site.label}" for made, _ in version]
        assert error <= 1e-11 * max(1.0, float(expected.abs().max())), f"{names}: off by {error}"
    return found


def check_every_kind(case: StackCase) -> tuple[list[list[tuple[Edit, Change]]], Tensor]:
    """One edit of every stack, kind and layer equals a full run; gives the versions, and how much each changed."""
    random = torch.Generator().manual_seed(0)

    def pick(options: Any) -> Any:
        options = list(options)
        return options[int(torch.randint(len(options), (), generator=random))]

    with exactly():
        versions = [
            [edit(case, site_of(case, place, pick, lambda length: pick((None, (1,), (length - 1, 0)))), pick(EDITS), n)]
            for n, place in enumerate(case.places())
        ]
        found = check(case, versions)
    return versions, (found - case.run.logits).abs().amax((1, 2))


def check_any(case: StackCase) -> None:
    """Versions of any sites, edits and positions, read at any positions, equal full runs."""

    @settings(max_examples=max(4, settings().max_examples // 4))
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        def pick(options: Any) -> Any:
            return data.draw(st.sampled_from(list(options)))

        def positions(length: int) -> Any:
            return data.draw(
                st.none() | st.lists(st.integers(0, length - 1), min_size=1, max_size=3, unique=True).map(tuple)
            )

        def version() -> list[Any]:
            sites = [site_of(case, pick(case.places()), pick, positions) for _ in range(pick((1, 1, 2, 3)))]
            return [edit(case, site, pick(EDITS), pick(range(100))) for site in sites]

        versions = [version() for _ in range(pick(range(1, 7)))]
        read = data.draw(st.lists(st.integers(0, len(case.tokens) - 1), min_size=1, max_size=3))
        with exactly():
            check(case, versions, read)

    run()
