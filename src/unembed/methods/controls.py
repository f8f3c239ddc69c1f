"""Controls: what zeroing a part does to a prediction, beside what zeroing every other part of its kind does.

    zeroed(part) = P(target | the part's value at the explained position set to 0)
    effect(part) = log-odds(target | the same) - log-odds(target)                       in nats; judged by verdicts.py

The others are no small draw but the population: *every* head (of self- and cross-attention), every sublayer, and of the
neurons a sample and the leaders: `SAMPLE` strongly active ones (active_neurons.py), drawn with a generator that is
seeded by the prompt's ids, and the `LEADERS` that the ledger of what is read credits most. So they are fixed by model,
prompt and what is read, and neurons that are shown stand in one order. A part is compared with all others of its kind.
None of it depends on what a view shows, and it is kept with the run: whoever asks about a part of this prediction gets
the same verdict.

Everything is one sweep of the counterfactual engine, from which any target and versus is read (ends.py); each number is
exact, as of a full run with that part set, up to rounding. How much rounding moves an effect is measured in the same
sweep: `NUDGED` versions have their stream nudged after each block by `precision * |stream| * e`, `e` standard normal,

    noise = SPREAD * (standard deviation of their log-odds),     times |effect| where that is above 1 nat

A sum in 16 bits rounds by half a unit at most, so there two standard deviations do for the nudges of a whole unit; in
float32 products round more than sums, and four are taken. Over ten prompts, no verdict in 16 bits without a mark was
another than in float32 (docs/methods/direct-effect.md).

Zeroing answers *is it needed here?*; later layers may make up for what is gone (McGrath et al., *The Hydra Effect*,
2023). `swapped(part)` is the probability with the part's value from a run of another prompt (activation patching).
"""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit, Intervention
from unembed.engine.measures import log_odds, logit, probability
from unembed.errors import all_or_nothing
from unembed.ledger.decompose import decompose
from unembed.ledger.readout import readout
from unembed.ledger.roundings import are_terms
from unembed.methods.active_neurons import AMONG, draw, others_strongly_active, sample_of_strong
from unembed.methods.ends import asked_of, ends, read_end, read_ends
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
LEADERS = 30
"""Neurons of the largest credit that are zeroed beside them."""
SETS = 20
"""Sets of neurons that a set is compared with."""
NUDGED = 16
"""Versions whose stream is nudged by as much as rounding does."""
SPREAD, SPREAD_IN_16_BITS = 4.0, 2.0
"""Of their standard deviation: so much an effect is taken to be moved by rounding, at most."""
Kind = Literal["heads", "neurons", "sublayers"]
_KINDS: tuple[Kind, ...] = get_args(Kind)


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
    leaders: tuple[dict[Site, Float[Tensor, "value"]], ...]
    """And with each neuron of the largest credit, of the target's logit, and of the logit difference. In the order of
    credit; some are of the sample."""
    sublayers: dict[Site, Float[Tensor, "value"]]
    """And with each sublayer's write."""

    @cached_property
    def _effects(self) -> dict[tuple[Kind, int], dict[Site, float]]:
        return {(kind, value): self._effects_of(kind, value) for kind in _KINDS for value in range(len(self.base))}

    def _effects_of(self, kind: Kind, value: int) -> dict[Site, float]:
        rows: dict[Kind, dict[Site, Tensor]] = {
            "heads": self.heads,
            "neurons": self.neurons | self.leaders[value],
            "sublayers": self.sublayers,
        }
        return {site: float(row[value] - self.base[value]) for site, row in rows[kind].items()}

    def effects(self, kind: Kind, value: int = 0) -> dict[Site, float]:
        """The effects on the log-odds, or (value 1) on the logit difference, of the parts that are compared by it."""
        return self._effects[kind, value]

    @cached_property
    def rows(self) -> dict[Site, Float[Tensor, "value"]]:
        """The numbers with each part zeroed."""
        found = self.heads | self.neurons | self.sublayers
        for leaders in self.leaders:
            found |= leaders
        return found

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
    """Zero every head, every sublayer and a sample of strongly active neurons where a run is asked; kept with the run.

    Args:
        run: keeps that position, which is the explained one: the last, or the blank of a masked language model.
        token: the target.
        versus: the other token of a logit difference.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.
    """
    key = population.__name__, token, versus
    if key not in run.kept:
        run.kept[key] = _population(run, token, versus, memory, progress)
    return run.kept[key]


def _population(run: Run, token: int, versus: int | None, memory: int | None, progress: Progress) -> Population:
    last = (run.asked,)
    groups = [heads_at(run, last), *_neurons(run, token, versus), sublayers_at(run, last)]
    planned: dict[Hashable, Intervention] = {site: edits.zero(site) for group in groups for site in group}
    planned |= _nudges(run)
    measure = asked_of(token, versus)
    read = read_ends(run, ends(run, planned, memory=memory, progress=progress), measure)
    rows = dict(zip(planned, read, strict=True))
    heads, neurons, *leaders, sublayers = ({site: rows[site] for site in group} for group in groups)
    return Population(
        token=token,
        versus=versus,
        base=read_end(run, measure),
        noise=spread(run) * read[-NUDGED:].std(0),
        heads=heads,
        neurons=neurons,
        leaders=tuple(leaders),
        sublayers=sublayers,
    )


def _neurons(run: Run, token: int, versus: int | None) -> list[list[Site]]:
    """The sample, the leaders by the target's logit, and those by the logit difference, where there is a versus."""
    against = [None, *(() if versus is None else (versus,))]
    if not run.model.d_mlp:
        return [[] for _ in (None, *against)]
    sample = sample_of_strong(run, SAMPLE, generator(_seed(run)))
    return [sample, *(_leaders(run, token, each) for each in against)]


def _leaders(run: Run, token: int, versus: int | None) -> list[Site]:
    ledger = decompose(readout(run, token, versus=versus), by="neuron")
    neurons = replace(ledger, segments=tuple(s for s in ledger.segments if s.kind == "neuron"))
    return [term.part.site(run.asked) for term in neurons.top(LEADERS)]


def _seed(run: Run) -> int:
    """Of what is drawn for a prompt."""
    return int.from_bytes(hashlib.sha256(repr(run.tokens).encode()).digest()[:7], "big")


def heads_at(run: Run, positions: tuple[int, ...]) -> list[Site]:
    """Every head, of self- and cross-attention, each at all of these positions."""
    model = run.model
    kinds: tuple[SiteKind, ...] = ("z",) if model.encoder is None else ("z", "cross_z")
    layers, heads = range(model.layers), range(model.heads)
    return [Site(kind=kind, layer=i, head=h, positions=positions) for i in layers for h in heads for kind in kinds]


def sublayers_at(run: Run, positions: tuple[int, ...]) -> list[Site]:
    """Every sublayer, each at all of these positions."""
    kinds: dict[str, SiteKind] = {stage: PARTS[stage].name for stage in get_args(Stage)}
    return [
        Site(kind=kinds[stage], layer=i, positions=positions)
        for i, layer in enumerate(run.layers)
        for stage in layer.stages
    ]


def spread(run: Run) -> float:
    """How many standard deviations of nudged versions rounding is taken to move an effect, at most."""
    return SPREAD_IN_16_BITS if are_terms(run.model) else SPREAD


def _nudges(run: Run) -> dict[Hashable, Intervention]:
    """Versions that are rounded once more, by name."""
    return {("nudged", i): nudge for i, nudge in enumerate(nudges_at(run, (run.asked,)))}


def nudges_at(run: Run, positions: tuple[int, ...]) -> list[list[Edit]]:
    """`NUDGED` versions that are rounded once more at all of these positions."""
    random = generator(_seed(run))
    return [_nudge(run, positions, random) for _ in range(NUDGED)]


def _nudge(run: Run, positions: tuple[int, ...], random: torch.Generator) -> list[Edit]:
    """A rounding, drawn, after each block."""
    found = []
    for layer in range(run.model.layers):
        site = Site(kind="resid_post", layer=layer, positions=positions)
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
        sites: of heads, neurons and sublayers where the run is asked, neurons with their expert in a mixture.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.

    Raises:
        InputError: a site that does not exist.
    """
    rows, missing = among.rows, {site: edits.zero(site) for site in sites if site not in among.rows}
    if missing:
        streams = ends(run, missing, memory=memory, progress=progress)
        rows = rows | dict(zip(missing, read_ends(run, streams, asked_of(among.token, among.versus)), strict=True))
    return tuple(among.zeroed(site, rows[site]) for site in sites)


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
            Site(kind="neuron", layer=layer, expert=expert, neuron=neuron, positions=(run.asked,))
            for layer, (pool, count) in pools.items()
            for expert, neuron in draw(pool, count, random)
        )
        for _ in range(SETS)
    ]
    planned: dict[Hashable, Intervention] = {
        (factor, place, drawn): [edits.scale(site, factor) for site in drawn] for place, drawn in enumerate(sets)
    }
    planned |= _nudges(run)
    measure = log_odds(token) if versus is None else logit(token, versus)
    found = read_ends(run, ends(run, planned, memory=memory, progress=progress), measure)
    effects = found[:-NUDGED] - read_end(run, measure)
    return Sets(tuple(sets), tuple(effects.tolist()), noise=spread(run) * float(found[-NUDGED:].std()))


def _pools(run: Run, neurons: Sequence[Site]) -> dict[int, tuple[list[tuple[int | None, int]], int]]:
    """By layer: the strongly active neurons that are not of the set, and how many of the layer the set has."""
    pools = {}
    for layer in sorted({site.layer for site in neurons}):
        taken = {(site.expert, site.neuron) for site in neurons if site.layer == layer}
        pools[layer] = others_strongly_active(run, layer, taken, AMONG * len(taken)), len(taken)
    return pools
