"""Verdicts: when the effect of zeroing a part is worth a word, and which.

    effect     = log-odds(target | part zeroed) - log-odds(target),  log-odds = log(P / (1 - P)), in nats
    rank       = 1 + how many others have a larger |effect|
    causal     = effect < 0,  and |effect| >= MODERATE,  or |effect| >= SMALL and rank among the first twentieth
    suppressor = effect > 0,  likewise
    ordinary   = neither: none, or small and not rare

Log-odds do not saturate: from 99.9 to 99 % is as far as from 50 to 9 %. The words of size have their limits at 0.1, 0.3
and 1 nat: at even odds that is 2.5, 7.4 and 23 points of probability, at any odds a factor of 1.1, 1.35 and 2.7.
A large effect is never called ordinary, also where many parts have one: of 60 sublayers, a dozen may carry a token. The
rank beside it says how many do more. A small effect is worth a word where it is rare: a part that is like the others is
in the first twentieth with a chance of one in twenty. Fewer than 20 parts have no first twentieth: then there is no
verdict, only the effect and the word of its size.

A verdict is *borderline* where the effect is so near a limit of it that rounding could move it across (controls.py says
how much that is).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["causal", "suppressor", "ordinary"]
Size = Literal["none", "small", "moderate", "large"]

SMALL, MODERATE, LARGE = 0.1, 0.3, 1.0
"""Nats from which an effect is called so."""
_FIRST = 0.05
"""The share of the parts that is exceptional by rank."""
FEWEST = 20
"""Parts, of which the first is the first twentieth."""


@dataclass(frozen=True)
class Effect:
    """What an intervention on a part does to the target, and how that compares with other parts."""

    nats: float
    """With the intervention minus without, of the log-odds `log(P / (1 - P))`, or of the logit difference."""
    rank: int
    """1 is the largest size of effect, of either sign, among the parts of its kind that were zeroed."""
    among: int
    """How many parts were ranked, itself among them."""
    size: Size
    """`none` below 0.1 nats, `small` below 0.3, `moderate` below 1, else `large`."""
    verdict: Verdict | None
    """`causal` or `suppressor`: at least `moderate`, or `small` and in the first twentieth by rank; null of fewer than
    20 parts."""
    borderline: bool
    """Whether rounding could change the verdict, or the size of what is causal or a suppressor."""

    @property
    def lowers(self) -> bool:
        """Whether it lowers the target by an effect that is worth a word: the part is needed."""
        return self.nats < 0 and (self.verdict == "causal" if self.verdict else self.size != "none")


def judged(nats: float, others: Sequence[float], noise: float, *, needed: float = -1.0) -> Effect:
    """The verdict on an effect.

    Args:
        nats: the effect.
        others: those of the other parts, in any order.
        noise: what rounding may do to an effect, in nats.
        needed: the sign of the effect of a part that the target needs: -1 where it is taken away, 1 where amplified.
    """
    ranked = sorted((abs(other) for other in others), reverse=True)
    own, among = abs(nats), len(ranked) + 1
    rank = 1 + sum(other > own for other in ranked)
    least = min(MODERATE, max(SMALL, _reached(ranked, among) or 0.0))
    telling = own >= least
    limits = (least, MODERATE, LARGE) if telling else (least,)
    verdict: Verdict = "ordinary" if not telling else "causal" if nats * needed > 0 else "suppressor"
    return Effect(
        nats=nats,
        rank=rank,
        among=among,
        size=_size_of(own),
        verdict=None if among < FEWEST else verdict,
        borderline=any(abs(own - limit) <= noise for limit in limits),
    )


def limit_of(effects: Sequence[float]) -> float | None:
    """The size of effect, in nats, that the first twentieth of some parts reaches; None of fewer than `FEWEST`."""
    return _reached(sorted((abs(effect) for effect in effects), reverse=True), len(effects))


def _reached(ranked: Sequence[float], among: int) -> float | None:
    """The size that the last of the first twentieth of so many parts has; None of fewer than `FEWEST`."""
    return None if among < FEWEST else ranked[int(_FIRST * among) - 1]


def _size_of(nats: float) -> Size:
    """The word for the size of an effect."""
    own = abs(nats)
    return "none" if own < SMALL else "small" if own < MODERATE else "moderate" if own < LARGE else "large"
