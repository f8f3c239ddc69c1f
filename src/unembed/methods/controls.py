"""Causal check: does the prediction change when a part that has much credit is zeroed? More than for parts at random?

    zeroed(part) = P(target | the part's value at the explained position set to 0)
    verdict      = causal              below P and below the control band
                   suppressor          above P and above the control band
                   within control      neither

The control band holds the 5th to 95th percentile of `zeroed` over parts that were not ranked, drawn with a fixed seed:

- 40 heads, at random among all others;
- 20 neurons of the same layers as the ranked ones, in the same proportions, at random among the strongly active: the
  tenth of a layer's neurons whose writes, `|activation| * |value row|`, are largest.

So one random part in ten lies outside the band, and a verdict is a comparison, not a significance test. Smaller models
give fewer controls. Everything is one sweep of the counterfactual engine; each probability is exact, as of a full run
with that part set. Zeroing answers *is it needed here?*; later layers may make up for what is gone (McGrath et al.,
*The Hydra Effect*, 2023).

Several neurons set together are compared with as many at random of the same layers, drawn the same way, `SETS` times.

`swapped(part)` is the probability with the part's value taken from a run of another prompt (activation patching).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.measures import probability
from unembed.errors import all_or_nothing
from unembed.models.kinds import SiteKind
from unembed.models.model import value_rows
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction
from unembed.runs.run import Run
from unembed.seeds import generator

_T = TypeVar("_T")

Verdict = Literal["causal", "suppressor", "within control"]
HEADS, NEURONS, SETS = 40, 20, 20
"""Controls of each kind, at most: single heads, single neurons, sets of neurons."""
_STRONG = 0.1
"""The share of a layer's neurons that counts as strongly active."""
AMONG = 4
"""A set of neurons is drawn from at least this many times as many."""
_BAND = (0.05, 0.95)


@dataclass(frozen=True, repr=False)
class Control(Brief):
    """What parts at random do to the target's probability when they are zeroed (sets of neurons: or doubled)."""

    sites: tuple[Site, ...]
    """Of sets, one set after the other."""
    zeroed: tuple[float, ...]
    """The target's probability with each of them (each set) zeroed."""

    @property
    def low(self) -> float:
        """The lower end of the band: the 5th percentile."""
        return self._percentile(_BAND[0])

    @property
    def high(self) -> float:
        """The upper end of the band: the 95th percentile."""
        return self._percentile(_BAND[1])

    def _percentile(self, share: float) -> float:
        return float(torch.tensor(self.zeroed, dtype=torch.float64).quantile(share))

    def _found(self) -> str:
        return f"P from {self.low:.3f} to {self.high:.3f}" if self.zeroed else ""


@dataclass(frozen=True)
class Outcome:
    """What interventions on one part do to the target's probability. None where an intervention was not asked for."""

    zeroed: float | None = None
    verdict: Verdict | None = None
    """None also where there was nothing to compare with."""
    swapped: float | None = None


@dataclass(frozen=True, repr=False)
class CausalCheck(Brief):
    """The outcomes of the parts that were ranked, in their order, and the control bands. Made by `causal_check`."""

    heads: tuple[Outcome, ...]
    neurons: tuple[Outcome, ...]
    sublayers: tuple[Outcome, ...]
    """Swapped only."""
    control_heads: Control | None
    """None where there was no other head to draw, or none was asked for."""
    control_neurons: Control | None

    def _found(self) -> str:
        tested = [outcome for outcome in (*self.heads, *self.neurons) if outcome.verdict is not None]
        return (
            f"{sum(outcome.verdict == 'causal' for outcome in tested)} of {len(tested)} parts causal" if tested else ""
        )


@all_or_nothing()
@torch.no_grad()
def causal_check(
    run: Run,
    target: Prediction,
    *,
    heads: Sequence[Site],
    neurons: Sequence[Site],
    sublayers: Sequence[Site] = (),
    zero: bool = True,
    other: Run | None = None,
    seed: int = 0,
    memory: int | None = None,
    progress: Progress = silent,
) -> CausalCheck:
    """Zero the parts that were ranked and parts at random; swap them in from another run.

    Args:
        run: keeps the explained position, which is its last.
        target: what the model gave the token that is read there.
        heads: sites of kind `z` or `cross_z` at the explained position.
        neurons: sites of kind `neuron` there, with their expert in a mixture.
        sublayers: sites of sublayers' writes there; swapped only.
        zero: whether to zero parts and draw controls.
        other: a run of a prompt of equal length to swap values in from; None swaps nothing.
        seed: of the controls.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.

    Raises:
        InputError: a site that does not exist, prompts that do not align, a bad seed.
    """
    random = generator(seed)
    ranked = [*heads, *neurons]
    to_zero = [ranked, _random_heads(run, heads, random), _random_neurons(run, neurons, random)] if zero else [[]] * 3
    to_swap = [] if other is None else [edits.swap(site, other, run=run) for site in (*ranked, *sublayers)]
    groups = [*([edits.zero(site) for site in sites] for sites in to_zero), to_swap]
    zeroed, *controls, swapped = _probabilities(run, target.token, groups, memory, progress)
    beside = [_control(sites, found) for sites, found in zip(to_zero[1:], controls, strict=True)]
    own = [beside[0]] * len(heads) + [beside[1]] * len(neurons)
    outcomes = [Outcome()] * (len(ranked) + len(sublayers))
    for i, p in enumerate(zeroed.tolist()):
        outcomes[i] = Outcome(zeroed=p, verdict=verdict_of(p, target, own[i], run.model.precision))
    for i, p in enumerate(swapped.tolist()):
        outcomes[i] = replace(outcomes[i], swapped=p)
    return CausalCheck(
        heads=tuple(outcomes[: len(heads)]),
        neurons=tuple(outcomes[len(heads) : len(ranked)]),
        sublayers=tuple(outcomes[len(ranked) :]),
        control_heads=beside[0],
        control_neurons=beside[1],
    )


@all_or_nothing()
@torch.no_grad()
def set_control(
    run: Run,
    token: int,
    neurons: Sequence[Site],
    factor: float,
    *,
    seed: int = 0,
    memory: int | None = None,
    progress: Progress = silent,
) -> Control | None:
    """What scaling sets of neurons at random does: each as large as a given one, layer by layer; strongly active ones.

    Args:
        run: keeps the explained position, which is its last.
        token: whose probability is read.
        neurons: the set that is compared, at that position.
        factor: 0 suppresses, 2 amplifies.
        seed: of the draws.
        memory: bytes for walks, as in `counterfactuals`; so is `progress`.

    Returns:
        The control, or None where a layer has too few other active neurons to draw different sets from.

    Raises:
        InputError: a neuron that does not exist, or a bad seed.
    """
    random = generator(seed)
    pools = _pools(run, neurons)
    if any(len(pool) <= count for pool, count in pools.values()):
        return None
    sets = [
        [
            Site(kind="neuron", layer=layer, expert=expert, neuron=neuron, positions=(run.length - 1,))
            for layer, (pool, count) in pools.items()
            for expert, neuron in draw(pool, count, random)
        ]
        for _ in range(SETS)
    ]
    planned = [[edits.scale(site, factor) for site in drawn] for drawn in sets]
    found = counterfactuals(run, planned, probability((token,)), memory=memory, progress=progress).double()
    return Control(tuple(site for drawn in sets for site in drawn), tuple(found.tolist()))


def _pools(run: Run, neurons: Sequence[Site]) -> dict[int, tuple[list[tuple[int | None, int]], int]]:
    """By layer: the strongly active neurons that are not of the set, and how many of the layer the set has."""
    pools = {}
    for layer in sorted({site.layer for site in neurons}):
        taken = {(site.expert, site.neuron) for site in neurons if site.layer == layer}
        pools[layer] = others_strongly_active(run, layer, taken, AMONG * len(taken)), len(taken)
    return pools


def verdict_of(
    changed: float, target: Prediction, control: Control | None, precision: float, *, factor: float = 0.0
) -> Verdict | None:
    """Whether a changed probability is outside the control band; None where there is none.

    Args:
        changed: with the parts scaled.
        target: as the model gave it.
        control: what parts at random do.
        precision: the model's.
        factor: that of the parts; what is amplified (above 1) is causal where the probability rises.
    """
    if control is None:
        return None
    # What rounding of the logit does to the probability is no effect; the controls are rounded as well.
    p, noise = target.probability, precision * max(1.0, abs(target.logit))
    slack = noise * p * (1 - p)
    if changed < control.low and changed < p - slack:
        return "causal" if factor < 1 else "suppressor"
    if changed > control.high and changed > p + slack:
        return "suppressor" if factor < 1 else "causal"
    return "within control"


def _probabilities(
    run: Run, token: int, groups: Sequence[Sequence[Edit]], memory: int | None, progress: Progress
) -> tuple[Tensor, ...]:
    """Of the target, for the interventions of each group; all in one sweep."""
    planned = [edit for group in groups for edit in group]
    found = torch.zeros(0, dtype=torch.float64)
    if planned:
        found = counterfactuals(run, planned, probability((token,)), memory=memory, progress=progress).double().cpu()
    return found.split([len(group) for group in groups])


def _control(sites: Sequence[Site], found: Float[Tensor, "control"]) -> Control | None:
    return Control(tuple(sites), tuple(found.tolist())) if len(sites) else None


def _random_heads(run: Run, ranked: Sequence[Site], random: torch.Generator) -> list[Site]:
    model, last = run.model, (run.length - 1,)
    kinds: tuple[SiteKind, ...] = ("z",) if model.encoder is None else ("z", "cross_z")
    layers, heads = range(model.layers), range(model.heads)
    every = [Site(kind=kind, layer=i, head=h, positions=last) for i in layers for h in heads for kind in kinds]
    return draw([site for site in every if site not in ranked], HEADS, random)


def _random_neurons(run: Run, ranked: Sequence[Site], random: torch.Generator) -> list[Site]:
    found: list[Site] = []
    for layer, share in _shares([site.layer for site in ranked]).items():
        taken = {(site.expert, site.neuron) for site in ranked if site.layer == layer}
        for expert, neuron in draw(others_strongly_active(run, layer, taken, share + len(taken)), share, random):
            found.append(Site(kind="neuron", layer=layer, expert=expert, neuron=neuron, positions=(run.length - 1,)))
    return found


def _shares(layers: Sequence[int]) -> dict[int, int]:
    """`NEURONS` over the layers in proportion to how often each is named; the first ones take what is left over."""
    order = list(dict.fromkeys(layers))
    shares = {layer: NEURONS * layers.count(layer) // len(layers) for layer in order}
    for layer in order[: NEURONS - sum(shares.values())]:
        shares[layer] += 1
    return shares


def draw(pool: Sequence[_T], count: int, random: torch.Generator) -> list[_T]:
    """Up to so many of a pool, at random."""
    return [pool[i] for i in torch.randperm(len(pool), generator=random)[:count].tolist()]


def others_strongly_active(
    run: Run, layer: int, taken: Collection[tuple[int | None, int | None]], least: int, *, position: int = -1
) -> list[tuple[int | None, int]]:
    """The neurons `(expert, neuron)` of a layer that write most at a position: a tenth, or `least` if more; without
    those that are `taken`. Controls are drawn of them.
    """
    return [index for index in _strongest(run, layer, least, position) if index not in taken]


def _strongest(run: Run, layer: int, least: int, position: int) -> list[tuple[int | None, int]]:
    sizes = _write_sizes(run, layer, position)
    count = min(int((sizes > 0).sum()), max(least, round(_STRONG * sizes.shape[-1])))
    best = sizes.flatten().topk(count).indices.tolist()
    return [(None, i) for i in best] if sizes.ndim == 1 else [divmod(i, sizes.shape[1]) for i in best]


def _write_sizes(run: Run, layer: int, position: int) -> Float[Tensor, "*neuron"]:
    """`|activation| * |value row|`, times the router's weight in a mixture (`expert neuron`); before a post-norm."""
    at, block = (position,), run.model.blocks[layer]
    activation = run.at(Site(kind="neuron", layer=layer, positions=at))[0].float().abs()
    if block.experts is None:
        return activation * value_rows(block).float().norm(dim=1)
    weight = run.at(Site(kind="expert", layer=layer, positions=at))[0].float().abs()
    sizes = torch.zeros_like(activation)
    for expert in weight.nonzero()[:, 0].tolist():
        sizes[expert] = weight[expert] * activation[expert] * value_rows(block, expert).float().norm(dim=1)
    return sizes
