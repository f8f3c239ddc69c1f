"""Verdicts and the one-line answer as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.methods.verdicts import Effect
from unembed.view.payloads.sentence import carried_by, named_reading, plain

if TYPE_CHECKING:
    from unembed.methods.controls import Kind, Population
    from unembed.methods.controls import Zeroed as ZeroedResult
    from unembed.methods.explain import Explanation


@dataclass(frozen=True)
class Zeroed:
    """What zeroing a part at the explained position does."""

    probability: float
    """Of the target then, from 0 to 1."""
    effect: Effect
    """On the log-odds of the target."""
    difference: Effect | None
    """On the logit difference to the other token; null without `--vs`, and then the one that views show."""


@dataclass(frozen=True)
class HeadEffect:
    """What zeroing one head at the explained position does."""

    layer: int
    head: int
    nats: float
    """The change of the target's log-odds; of the logit difference where there is a versus."""
    probability: float
    """Of the target then, from 0 to 1."""
    cross: bool = False
    """Whether it is a head of a cross-attention."""


@dataclass(frozen=True)
class Crowd:
    """The parts that a part is compared with."""

    count: int
    """How many parts, or sets of parts, were zeroed."""
    limit: float | None
    """The size of effect, in nats, that the first twentieth of them reaches; null of fewer than 20."""


@dataclass(frozen=True)
class Control:
    """What the parts that are shown are compared with."""

    heads: Crowd | None
    """Every head; null in a model without."""
    neurons: Crowd | None
    """A sample of strongly active neurons and those of the largest credit; null in a model without."""
    sublayers: Crowd | None
    """Every sublayer."""


@dataclass(frozen=True)
class Answer:
    """Why, in one line: chosen by one rule for every view."""

    text: str
    """The sentence that views show."""
    kind: Literal["head", "neuron", "sublayer", "credit"]
    """What is named: a head, neuron or sublayer that the target needs, or, without one, the term of most credit."""
    part: str | None
    """Its name, such as `L23.H4`; null for a term that is no part."""
    position: int | None
    """Which token a head reads most: of the prompt, or of `sources` in cross-attention; null if it reads none most."""
    cross: bool
    """Whether that is a position of `sources`."""
    sink: bool
    """Whether that token is an attention sink, where the head rests."""
    zeroed: Zeroed | None
    """What zeroing it does; null for `credit`."""
    borderline: bool
    """Whether rounding could name another part."""


def zeroed_of(zeroed: "ZeroedResult | None") -> Zeroed | None:
    """What zeroing a part does, as data."""
    if zeroed is None:
        return None
    return Zeroed(probability=zeroed.probability, effect=zeroed.effect, difference=zeroed.difference)


def head_effects_of(among: "Population | None") -> list[HeadEffect]:
    """What zeroing every head does, as data."""
    if among is None:
        return []
    return [
        HeadEffect(
            layer=site.layer,
            head=site.head,  # type: ignore[arg-type]  # a head's site has one
            nats=float(row[-1] - among.base[-1]),
            probability=float(row[0].sigmoid()),
            cross=site.kind == "cross_z",
        )
        for site, row in among.heads.items()
    ]


def control_of(among: "Population | None") -> Control | None:
    """What parts are compared with, as data."""
    return None if among is None else Control(*(_crowd(among, kind) for kind in ("heads", "neurons", "sublayers")))


def _crowd(among: "Population", kind: "Kind") -> Crowd | None:
    count = len(among.effects(kind))
    return Crowd(count=count, limit=among.limit(kind)) if count else None


def verdict_words(verdict: str | None, size: str) -> str:
    """A verdict as views write it: `large causal`, `ordinary`; of too few parts to rank, the size alone."""
    return size if verdict is None else verdict if verdict == "ordinary" else f"{size} {verdict}"


def answer_payload(result: "Explanation") -> Answer:
    """The one-line answer of an explanation, in words."""
    answer, named = result.answer, named_reading(result)
    return Answer(
        text=plain(carried_by(result)),
        kind=answer.kind,
        part=None if answer.part is None else answer.part.label,
        position=None if named is None else named.position,
        cross=answer.part is not None and answer.part.kind == "cross_head",
        sink=named is not None and named.sink,
        zeroed=zeroed_of(answer.zeroed),
        borderline=answer.borderline,
    )
