"""Controls: what zeroing a part does to a prediction, beside what zeroing every other part of its kind does.

    zeroed(part) = P(target | the part's value at the explained position set to 0)
    effect(part) = log-odds(target | the same) - log-odds(target)                       in nats; judged by verdicts.py

The others are no small draw but the population: *every* head (of self- and cross-attention), every sublayer, and
`SAMPLE` strongly active neurons (active_neurons.py), drawn with a generator that is seeded by the prompt's ids, so that
they are fixed by model and prompt. A part is compared with all others of its kind. None of it depends on what a view
shows, and it is kept with the run: whoever asks about a part of this prediction gets the same verdict.

Everything is one sweep of the counterfactual engine; each number is exact, as of a full run with that part set, up to
rounding. How much rounding moves an effect is measured in the same sweep: `NUDGED` versions have their stream nudged
after each block by `precision * |stream| * e`, `e` standard normal, and

    noise = SPREAD * (standard deviation of their log-odds),     times |effect| where that is above 1 nat

Between float32 and bfloat16, no effect in the tests moved by more.

Zeroing answers *is it needed here?*; later layers may make up for what is gone (McGrath et al., *The Hydra Effect*,
2023). `swapped(part)` is the probability with the part's value from a run of another prompt (activation patching).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit, Intervention
from unembed.engine.measures import TokenMeasure, log_odds, logit, probability, several
from unembed.errors import all_or_nothing
from unembed.methods.active_neurons import AMONG, draw, others_strongly_active, sample_of_strong
from unembed.methods.verdicts import Effect, judged, limit_of
from unembed.models.kinds import SiteKind
from unembed.models.model import Stage
from unembed.models.parts import PARTS
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.run import Run
from unembed.seeds import generator

SAMPLE = 500
"""Neurons that are zeroed as a control, at most."""
SETS = 20
"""Sets of neurons that a set is compared with."""
NUDGED = 16
"""Versions whose stream is nudged by as much as rounding does."""
SPREAD = 4.0
"""Of their standard deviation: so much an effect is taken to be moved by rounding, at most."""
Kind = Literal["heads", "neurons", "sublayers"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def kind_of(site: Site) -> Kind:
    """Among which parts the part at a site is ranked."""
    return "neurons" if site.kind == "neuron" else "heads" if site.kind in ("z", "cross_z") else "sublayers"


@dataclass(frozen=True)
class Zeroed:
    """What zeroing a part does to the target."""

    probability: float
    """Of the target then."""
    effect: Effect
    """On the log-odds."""
    difference: Effect | None
    """On the logit difference to the versus token; None without one."""
    noise: float
    """What rounding may do to `asked`, in nats."""

    @property
    def asked(self) -> Effect:
        """On the number that was asked about: the difference under a versus, else the log-odds."""
        return self.effect if self.difference is None else self.difference


@dataclass(frozen=True, repr=False)
class Population(Brief):
    """What zeroing every head and sublayer, and a sample of neurons, does to one target. Made by `population`."""

    token: int
    versus: int | None
    base: Float[Tensor, "value"]
    """Log-odds of the target, and the logit difference where there is a versus; so are the rows below."""
    noise: Float[Tensor, "value"]
    """What rounding may do to an effect, in nats."""
    heads: dict[Site, Float[Tensor, "value"]]
    """The numbers with each head zeroed."""
    neurons: dict[Site, Float[Tensor, "value"]]
    """And with each neuron of the sample."""
    sublayers: dict[Site, Float[Tensor, "value"]]
    """And with each sublayer's write."""

    @cached_property
    def _effects(self) -> dict[Kind, dict[Site, list[float]]]:
        found: dict[Kind, dict[Site, Tensor]] = {
            "heads": self.heads,
            "neurons": self.neurons,
            "sublayers": self.sublayers,
        }
        return {k: {site: (row - self.base).tolist() for site, row in rows.items()} for k, rows in found.items()}

    def effects(self, kind: Kind, value: int = 0) -> dict[Site, float]:
        """The effects on the log-odds, or (value 1) on the logit difference."""
        return {site: row[value] for site, row in self._effects[kind].items()}

    def limit(self, kind: Kind) -> float | None:
        """What the first twentieth of a kind reaches, in nats, of the number that was asked for."""
        return limit_of(list(self.effects(kind, len(self.base) - 1).values()))

    def largest(self, kind: Kind, count: int) -> list[Site]:
        """The parts of the largest effects on the number that was asked for: the difference under a versus."""
        effects = self.effects(kind, len(self.base) - 1)
        return sorted(effects, key=lambda site: -abs(effects[site]))[:count]

    def zeroed(self, site: Site, row: Float[Tensor, "value"]) -> Zeroed:
        """What zeroing a part does, from the numbers with it zeroed."""
        kind = kind_of(site)
        effects = (row - self.base).tolist()
        noises = [noise * max(1.0, abs(nats)) for nats, noise in zip(effects, self.noise.tolist(), strict=True)]
        judgements = [
            judged(nats, [e for other, e in self.effects(kind, value).items() if other != site], noise)
            for value, (nats, noise) in enumerate(zip(effects, noises, strict=True))
        ]
        return Zeroed(
            probability=float(row[0].sigmoid()),
            effect=judgements[0],
            difference=judgements[1] if len(judgements) > 1 else None,
            noise=noises[-1],
        )

    def _found(self) -> str:
        return f"{len(self.heads)} heads, {len(self.neurons)} neurons zeroed"


@all_or_nothing()
@torch.no_grad()
def population(
    run: Run, token: int, versus: int | None = None, *, memory: int | None = None, progress: Progress = silent
) -> Population:
    """Zero every head, every sublayer and a sample of strongly active neurons at the last position; kept with the run.

    Args:
        run: keeps its last position, which is the explained one.
        token: the target.
        versus: the other token of a logit difference.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.
    """
    key = population.__name__, token, versus
    if key not in run.kept:
        run.kept[key] = _swept(run, token, versus, memory, progress)
    return run.kept[key]


def _swept(run: Run, token: int, versus: int | None, memory: int | None, progress: Progress) -> Population:
    random, measure = generator(_seed(run)), _measure(token, versus)
    neurons = sample_of_strong(run, SAMPLE, random) if run.model.d_mlp else []
    sites = [_heads(run), neurons, _sublayers(run)]
    planned: list[Intervention] = [edits.zero(site) for group in sites for site in group]
    planned += [_nudge(run, random) for _ in range(NUDGED)]
    found = counterfactuals(run, planned, measure, memory=memory, progress=progress).double().cpu()
    *rows, nudged = found.split([*map(len, sites), NUDGED])
    heads, strong, sublayers = (dict(zip(group, own, strict=True)) for group, own in zip(sites, rows, strict=True))
    return Population(
        token=token,
        versus=versus,
        base=measure(run.logits[run.row(-1)][None, None])[0].double().cpu(),
        noise=SPREAD * nudged.std(0),
        heads=heads,
        neurons=strong,
        sublayers=sublayers,
    )


def _seed(run: Run) -> int:
    """Of what is drawn for a prompt."""
    return int.from_bytes(hashlib.sha256(repr(run.tokens).encode()).digest()[:7], "big")


def _measure(token: int, versus: int | None) -> TokenMeasure:
    return several(log_odds(token), *(() if versus is None else (logit(token, versus),)))


def _heads(run: Run) -> list[Site]:
    model, last = run.model, (run.length - 1,)
    kinds: tuple[SiteKind, ...] = ("z",) if model.encoder is None else ("z", "cross_z")
    layers, heads = range(model.layers), range(model.heads)
    return [Site(kind=kind, layer=i, head=h, positions=last) for i in layers for h in heads for kind in kinds]


def _sublayers(run: Run) -> list[Site]:
    kinds: dict[str, SiteKind] = {stage: PARTS[stage].name for stage in get_args(Stage)}
    last = (run.length - 1,)
    return [
        Site(kind=kinds[stage], layer=i, positions=last) for i, layer in enumerate(run.layers) for stage in layer.stages
    ]


def _nudge(run: Run, random: torch.Generator) -> list[Edit]:
    """A rounding, drawn, after each block."""
    found = []
    for layer in range(run.model.layers):
        site = Site(kind="resid_post", layer=layer, positions=(run.length - 1,))
        stream = run.at(site)
        drawn = torch.randn(stream.shape, generator=random, dtype=torch.float32).to(stream.device)
        found.append(edits.add(site, run.model.precision * drawn * stream.abs().float()))
    return found


@all_or_nothing()
@torch.no_grad()
def zeroed_each(
    run: Run, among: Population, sites: Sequence[Site], *, memory: int | None = None, progress: Progress = silent
) -> tuple[Zeroed, ...]:
    """What zeroing each of some heads, neurons and sublayers does, beside the others of its kind.

    Args:
        run: that of the population.
        among: what they are compared with; who is in it is not zeroed again.
        sites: of heads, neurons and sublayers at the last position, neurons with their expert in a mixture.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.

    Raises:
        InputError: a site that does not exist.
    """
    known = {**among.heads, **among.neurons, **among.sublayers}
    missing = [site for site in dict.fromkeys(sites) if site not in known]
    if missing:
        planned, measure = [edits.zero(site) for site in missing], _measure(among.token, among.versus)
        rows = counterfactuals(run, planned, measure, memory=memory, progress=progress).double().cpu()
        known |= dict(zip(missing, rows, strict=True))
    return tuple(among.zeroed(site, known[site]) for site in sites)


@all_or_nothing()
@torch.no_grad()
def swapped_each(
    run: Run,
    token: int,
    sites: Sequence[Site],
    other: Run,
    *,
    memory: int | None = None,
    progress: Progress = silent,
) -> tuple[float, ...]:
    """The target's probability with the value of each site taken from another run.

    Raises:
        InputError: a site that does not exist, or prompts that do not align.
    """
    planned = [edits.swap(site, other, run=run) for site in sites]
    if not planned:
        return ()
    return tuple(counterfactuals(run, planned, probability((token,)), memory=memory, progress=progress).tolist())


@dataclass(frozen=True, repr=False)
class Sets(Brief):
    """What scaling sets of neurons at random does to a target. Made by `random_sets`."""

    sites: tuple[tuple[Site, ...], ...]
    """One set after the other."""
    effects: tuple[float, ...]
    """Of each set, in nats."""
    noise: float
    """What rounding may do to an effect, in nats."""

    def _found(self) -> str:
        return f"{len(self.effects)} sets"


@all_or_nothing()
@torch.no_grad()
def random_sets(
    run: Run,
    token: int,
    neurons: Sequence[Site],
    factor: float,
    *,
    versus: int | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Sets | None:
    """What scaling sets of neurons at random does: each as large as a given one, layer by layer; strongly active ones.

    Args:
        run: keeps the explained position, which is its last.
        token: whose log-odds are read.
        neurons: the set that is compared, at that position.
        factor: 0 suppresses, 2 amplifies.
        versus: the other token of a logit difference, which is then read instead.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.

    Returns:
        `SETS` sets, or None where a layer has too few other active neurons to draw different sets from.

    Raises:
        InputError: a neuron that does not exist.
    """
    pools, random = _pools(run, neurons), generator(_seed(run))
    if any(len(pool) <= count for pool, count in pools.values()):
        return None
    sets = [
        tuple(
            Site(kind="neuron", layer=layer, expert=expert, neuron=neuron, positions=(run.length - 1,))
            for layer, (pool, count) in pools.items()
            for expert, neuron in draw(pool, count, random)
        )
        for _ in range(SETS)
    ]
    planned = [[edits.scale(site, factor) for site in drawn] for drawn in sets]
    planned += [_nudge(run, random) for _ in range(NUDGED)]
    measure = log_odds(token) if versus is None else logit(token, versus)
    found = counterfactuals(run, planned, measure, memory=memory, progress=progress).double().cpu()
    base = float(measure(run.logits[run.row(-1)][None, None]).double())
    return Sets(tuple(sets), tuple((found[:SETS] - base).tolist()), noise=SPREAD * float(found[SETS:].std()))


def _pools(run: Run, neurons: Sequence[Site]) -> dict[int, tuple[list[tuple[int | None, int]], int]]:
    """By layer: the strongly active neurons that are not of the set, and how many of the layer the set has."""
    pools = {}
    for layer in sorted({site.layer for site in neurons}):
        taken = {(site.expert, site.neuron) for site in neurons if site.layer == layer}
        pools[layer] = others_strongly_active(run, layer, taken, AMONG * len(taken)), len(taken)
    return pools
