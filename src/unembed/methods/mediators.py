"""mediators: through which later parts a part acts that adds little to what is read itself.

    share(m) = (f(part zeroed, m as it was) - f(part zeroed)) / (f - f(part zeroed)),   f the log-odds of the target
                                                                                        (the difference under a versus)

`m as it was` is its value in the base run, at the explained position. So a share is what is undone of the part's effect
where one later part does not notice that it is gone (the indirect effect through it: Vig et al., *Investigating Gender
Bias in Language Models Using Causal Mediation Analysis*, 2020). Exact, as every counterfactual run is. Shares of
several parts need not sum to 1: one may read what another wrote.

Asked are the parts that are shown and every sublayer above. A head or neuron stands for the sublayer it lies in where
it has at least half of that one's share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from unembed.engine.edits import swap, zero
from unembed.methods.controls import Population, Zeroed, sublayers_at
from unembed.methods.ends import asked_of, ends, read_ends
from unembed.models.kinds import KINDS
from unembed.models.parts import PARTS, Part
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.run import Run

LITTLE = 0.1
"""Of the effect of a part: a credit below that is little, and a mediator of a smaller share is not told."""
MOST = 2
"""Mediators that are told of a part, and parts of which an explanation tells them."""
_STANDS_FOR = 0.5
"""Of the share of its sublayer, from which a head or neuron stands for it."""


@dataclass(frozen=True, repr=False)
class Mediator(Brief):
    """A later part through which a part acts. Made by `mediators`."""

    part: Part
    share: float
    """Of the part's effect, that is undone where this one stays as it was."""

    def _found(self) -> str:
        return f"{self.part.label} {self.share:.0%}"


def acts_through_others(zeroed: Zeroed, credit: float) -> bool:
    """Whether the target needs a part, or is held back by it, that adds little to it itself."""
    asked = zeroed.asked
    told = asked.size != "none" and asked.verdict != "ordinary"
    return told and abs(credit) < LITTLE * abs(asked.nats)


@torch.no_grad()
def mediators(
    run: Run, among: Population, parts: Sequence[Part], shown: Sequence[Part], *, progress: Progress = silent
) -> list[tuple[Mediator, ...]]:
    """The later parts through which each of some parts acts most where the run is asked, the largest share first.

    Args:
        run: that of the population.
        among: holds what zeroing each part does.
        parts: heads, neurons or sublayers in it.
        shown: heads and neurons that are told of; every sublayer is asked as well.
        progress: called while versions run.
    """
    named = [part.site(run.asked) for part in shown if part.expert is None]
    later = dict.fromkeys([*named, *sublayers_at(run, (run.asked,))])
    sites = [part.site(run.asked) for part in parts]
    planned = {
        (mediators.__name__, site, other): [zero(site), swap(other, run, run=run)]
        for site in sites
        for other in later
        if _place(other) > _place(site)
    }
    measure = asked_of(among.token, among.versus)
    numbers = read_ends(run, ends(run, planned, progress=progress), measure)[:, -1].tolist()
    base, found = float(among.base[-1]), {site: {} for site in sites}
    for (_, site, other), number in zip(planned, numbers, strict=True):
        gone = float(among.rows[site][-1])
        found[site][Part.set_at(other)] = (number - gone) / (base - gone)
    return [_told(found[site]) for site in sites]


def _told(shares: dict[Part, float]) -> tuple[Mediator, ...]:
    """The largest, each head and neuron or the sublayer in which it lies."""
    hidden: set[Part] = set()
    for whole in (part for part in shares if not PARTS[part.kind].indices):
        inside = [part for part in shares if PARTS[part.kind].indices and _lies_in(part, whole)]
        stands = any(shares[part] >= _STANDS_FOR * shares[whole] for part in inside)
        hidden |= {whole} if stands else set(inside)
    told = [Mediator(part, share) for part, share in shares.items() if part not in hidden and share >= LITTLE]
    return tuple(sorted(told, key=lambda mediator: -mediator.share)[:MOST])


def _lies_in(part: Part, sublayer: Part) -> bool:
    return part.layer == sublayer.layer and PARTS[part.kind].place == sublayer.kind


def _place(site: Site) -> tuple[int, int]:
    return site.layer, KINDS[site.kind].order
