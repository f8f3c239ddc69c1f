"""answer: why, in one line. One rule chooses it, for the terminal, the page and the report.

1. The head without which the target loses most, of all that are *causal* (verdicts.py). Of heads with at least two
   thirds of that effect, the first that mostly reads one other token is preferred: a head that reads its own token, or
   rests on an attention sink, tells less of where the answer comes from.
2. No head is: the neuron without which the target loses most, of those that are causal.
3. No neuron is: of the causal sublayers the one of most credit, if it has any. The largest effect would tell nothing of
   this prediction: the MLP of the first block makes of a token what all later layers read of it, and without it most
   targets fall the farthest.
4. No sublayer is either, or nothing was zeroed: the term of the ledger that adds most. That is credit, no cause.

What a head *reads* is the position with the largest `attention * |value|` (Kobayashi et al., *Attention is Not Only a
Weight*, 2020): attention alone points at sinks, whose values are short. A *sink* is a position whose stream is more
than `MASSIVE` times as long as the median (Sun et al., *Massive Activations in Large Language Models*, 2024).
"""

from dataclasses import dataclass
from typing import Literal

import torch

from unembed.ledger.ledger import Ledger, Term
from unembed.methods.controls import Kind, Population, Zeroed, kind_of, zeroed_each
from unembed.models.kinds import KINDS as SITES
from unembed.models.parts import Part
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.runs.run import Run

MASSIVE = 10.0
"""Times the median length of the stream, from which a position is an attention sink."""
_MOSTLY = 0.5
"""The share of what a head reads from which it mostly reads one token."""
_NEAR = 2 / 3
"""Heads with this share of the largest effect may be named instead of it."""


@dataclass(frozen=True, repr=False)
class Reading(Brief):
    """What a head reads most."""

    position: int
    """Of the prompt; of a cross-attention, of the source."""
    share: float
    """Of the sum of `attention * |value|` over all positions."""
    sink: bool
    """Whether the head rests there: the position is an attention sink."""

    @property
    def mostly(self) -> bool:
        """Whether it is most of what the head reads."""
        return self.share >= _MOSTLY


@dataclass(frozen=True, repr=False)
class Answer(Brief):
    """Why, in one line. Made by `answer_of`."""

    kind: Literal["head", "neuron", "sublayer", "credit"]
    """What is named: a part that was zeroed, or the term of the ledger with most credit."""
    part: Part | None
    """None of a term that is no part, such as the embedding."""
    term: Term | None
    """With most credit; None where a part that was zeroed is named."""
    zeroed: Zeroed | None
    reads: Reading | None
    """Of a head."""
    tested: bool
    """Whether parts were zeroed."""
    borderline: bool
    """Whether rounding could name another part."""


def answer_of(run: Run, ledger: Ledger, among: Population | None) -> Answer:
    """The one-line answer.

    Args:
        run: ends at the explained position.
        ledger: of the prediction, by sublayer.
        among: what zeroing parts does; None where nothing was zeroed.
    """
    if among is not None:
        for kind in ("heads", "neurons"):
            found = _needed(run, among, kind)
            if found:
                near = found[0][1].asked.nats * _NEAR
                return _named(run, [(site, zeroed) for site, zeroed in found if zeroed.asked.nats <= near])
        sublayer = _credited(ledger, _needed(run, among, "sublayers"))
        if sublayer is not None:
            return _named(run, [sublayer])
    best = max((term for term in ledger.terms() if not term.is_rounding), key=lambda term: term.value)
    part = best.part if best.is_part else None
    return Answer("credit", part, best, None, None, tested=among is not None, borderline=False)


def _needed(run: Run, among: Population, kind: Kind) -> list[tuple[Site, Zeroed]]:
    """The parts of a kind that the target needs, those of the largest effect first."""
    sites = among.largest(kind, len(among.effects(kind)))
    found: list[tuple[Site, Zeroed]] = []
    for site in sites:
        (zeroed,) = zeroed_each(run, among, [site])
        asked = zeroed.asked
        if asked.size == "none" or asked.verdict == "ordinary":
            break  # sizes fall from here on
        if asked.lowers:
            found.append((site, zeroed))
    return found


def _credited(ledger: Ledger, found: list[tuple[Site, Zeroed]]) -> tuple[Site, Zeroed] | None:
    """Of sublayers, the one of most credit; None where none has any."""
    credits = {term.part: term.value for term in ledger.terms() if term.is_part}
    best = max(found, key=lambda each: credits[Part.set_at(each[0])], default=None)
    return best if best is not None and credits[Part.set_at(best[0])] > 0 else None


def _named(run: Run, found: list[tuple[Site, Zeroed]]) -> Answer:
    readings = [reading(run, site) if site.head is not None else None for site, _ in found]
    best = next((i for i, read in enumerate(readings) if _tells(read, found[i][0], run)), 0)
    site, zeroed = found[best]
    kinds: dict[Kind, Literal["head", "neuron", "sublayer"]] = {
        "heads": "head",
        "neurons": "neuron",
        "sublayers": "sublayer",
    }
    noise = zeroed.noise
    rivals = (zeroed.asked.nats - other.asked.nats for i, (_, other) in enumerate(found) if i != best)
    return Answer(
        kind=kinds[kind_of(site)],
        part=Part.set_at(site),
        term=None,
        zeroed=zeroed,
        reads=readings[best],
        tested=True,
        borderline=zeroed.asked.borderline or any(abs(gap) <= 2 * noise for gap in rivals),
    )


def _tells(read: Reading | None, site: Site, run: Run) -> bool:
    """Whether it mostly reads one token that is neither a sink nor the one it stands at."""
    own = site.kind == "z" and read is not None and read.position == run.asked
    return read is not None and read.mostly and not read.sink and not own


@torch.no_grad()
def reading(run: Run, site: Site) -> Reading:
    """What a head reads most where a run is asked."""
    layer, cross = run.layers[site.layer], SITES[site.kind].cross
    heads = layer.cross_heads if cross else layer.heads
    assert heads is not None
    assert site.head is not None
    value = heads.value[site.head * len(heads.value) // run.model.heads]
    weight = heads.pattern[site.head, run.row()].double() * value.double().norm(dim=-1)
    position = int(weight.argmax())
    total = float(weight.sum())
    share = float(weight[position]) / total if total > 0 else 0.0
    return Reading(position, share, sink=not cross and _is_sink(run, site.layer, position))


def _is_sink(run: Run, layer: int, position: int) -> bool:
    lengths = run.lengths(layer)
    return float(lengths[position]) > MASSIVE * float(lengths.median())
