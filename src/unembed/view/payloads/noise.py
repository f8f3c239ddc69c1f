"""`unembed noise` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, PromptToken, model_facts, prompt_tokens, versions

if TYPE_CHECKING:
    from torch import Tensor

    from unembed.methods.heads.intervals import Interval
    from unembed.methods.heads.noise import Condition, Noise
    from unembed.methods.heads.noise_verdict import Verdict


@dataclass(frozen=True)
class MeanInterval:
    """A mean over runs and its 95 % interval."""

    mean: float
    """Over runs."""
    low: float
    """The lower end."""
    high: float
    """The upper end."""


@dataclass(frozen=True)
class HeadAttention:
    """Attention of a head, or of heads on average; a difference, where the field that holds it says so."""

    to_self: float
    """To the token that attends."""
    to_sink: float
    """To the first token, and to a learned sink."""
    to_others: float
    """To all others; the three sum to 1, differences to 0."""
    share: float
    """Of the head's update, how much comes from others."""


@dataclass(frozen=True)
class NoiseCondition:
    """What was changed, and what heads did on average over runs and heads."""

    kind: Literal["plain", "noise", "unrelated"]
    """Nothing changed, noise in the values of others, or the values of unrelated text."""
    strength: float | None
    """Of the noise, in units of the rms of a layer's values; null without noise."""
    own_kept: bool
    """False in the control, where a token's own value is changed as well."""
    runs: int
    """How many."""
    attention: HeadAttention
    """Means over runs and heads."""
    kl: float
    """KL(plain || changed) of the prediction in nats, of the next token or at the blank; mean over runs."""


@dataclass(frozen=True)
class SelfRise:
    """By how much attention to itself rises: with the own value kept, in the control, and the one minus the other."""

    kept: MeanInterval
    """With the own value kept."""
    control: MeanInterval
    """With the own value changed as well."""
    excess: MeanInterval
    """`kept - control`."""


@dataclass(frozen=True)
class HeadMovement:
    """What moves in a head."""

    mean: HeadAttention
    """With noise: from none to the strongest, on the least-squares line. With unrelated text: minus plain."""
    rise: SelfRise
    """Of attention to itself."""
    verdict: Literal["protects", "rises", "falls", "unclear", "cannot move"]
    """What the intervals say; `cannot move` in layer 0, which reads the embedding."""


@dataclass(frozen=True)
class NoiseHead:
    """One head, in the plain run and as it moves."""

    layer: int
    head: int
    plain: HeadAttention
    """With nothing changed."""
    noise: HeadMovement
    """With noise in the values of others."""
    unrelated: HeadMovement
    """With the values of unrelated text."""


@dataclass(frozen=True)
class NoiseVerdict:
    """Heads counted, and the average over heads."""

    holds: Literal["yes", "no", "unclear", "cannot tell"]
    """Of the average."""
    average: SelfRise | None
    """Over the heads that can move; null where there are none."""
    able: int
    """How many heads can move."""
    protects: int
    """How many attend more to themselves, and more than in the control."""
    rises: int
    """How many attend more to themselves, but not more than in the control."""
    falls: int
    """How many attend less to themselves."""
    unclear: int
    """How many may move either way."""
    by_chance: float
    """How many heads pass a test on one side where nothing moves any."""
    corrected: int
    """How many protect at the level of Bonferroni."""


@payload("unembed/noise/1")
class NoisePayload:
    """`unembed noise --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    positions: list[int]
    """Where attention was read; the prediction is that after the last of them."""
    smallest: float
    """Of attention: smaller movements count as none."""
    confidence: float
    """Of the intervals, from 0 to 1."""
    conditions: list[NoiseCondition]
    """The plain run first."""
    noise: NoiseVerdict
    """The verdict on noise."""
    unrelated: NoiseVerdict
    """The verdict on unrelated text."""
    heads: list[NoiseHead]
    """Every head, in order."""
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def noise_payload(result: "Noise") -> NoisePayload:
    """Runs with changed values as data, with the verdicts."""
    from unembed.methods.heads.intervals import CONFIDENCE
    from unembed.methods.heads.noise_verdict import SMALLEST, judge

    noisy = judge(result.rises("self"), result.rises("self", own_kept=False))
    unrelated = judge(result.changes("self"), result.changes("self", own_kept=False))
    return NoisePayload(
        model=model_facts(result.model),
        tokens=prompt_tokens(result.model, result.tokens),
        positions=list(result.positions),
        smallest=SMALLEST,
        confidence=CONFIDENCE,
        conditions=[_condition(result.plain, plain=True), *map(_condition, result.conditions)],
        noise=_verdict(noisy),
        unrelated=_verdict(unrelated),
        heads=_heads(result, noisy, unrelated),
        notes=list(result.notes),
        versions=versions(),
    )


def _condition(condition: "Condition", *, plain: bool = False) -> NoiseCondition:
    return NoiseCondition(
        kind="plain" if plain else "unrelated" if condition.strength is None else "noise",
        strength=None if plain else condition.strength,
        own_kept=condition.own_kept,
        runs=1 if plain else len(condition.kl),
        attention=HeadAttention(*condition.heads.mean((0, 2, 3)).tolist()),
        kl=float(condition.kl.mean()),
    )


def _verdict(verdict: "Verdict") -> NoiseVerdict:
    average = verdict.average
    return NoiseVerdict(
        holds=verdict.holds,
        average=None if average is None else SelfRise(**{k: _interval(v) for k, v in vars(average).items()}),
        able=verdict.able,
        protects=verdict.count("protects"),
        rises=verdict.count("rises"),
        falls=verdict.count("falls"),
        unclear=verdict.count("unclear"),
        by_chance=verdict.by_chance,
        corrected=verdict.corrected,
    )


def _interval(found: "Interval", place: tuple[int, ...] = ()) -> MeanInterval:
    return MeanInterval(*(float(x[place]) for x in (found.mean, found.low, found.high)))


def _heads(result: "Noise", noisy: "Verdict", unrelated: "Verdict") -> list[NoiseHead]:
    from unembed.methods.heads.changed_values import QUANTITIES

    plain = list(result.plain.heads.mean(0))
    rises = [result.rises(name).mean(0) for name in QUANTITIES]
    changes = [result.changes(name).mean(0) for name in QUANTITIES]
    return [
        NoiseHead(
            layer=layer,
            head=head,
            plain=_attention(plain, (layer, head)),
            noise=_movement(rises, noisy, (layer, head)),
            unrelated=_movement(changes, unrelated, (layer, head)),
        )
        for layer in range(result.model.layers)
        for head in range(result.model.heads)
    ]


def _attention(quantities: "list[Tensor]", place: tuple[int, int]) -> HeadAttention:
    return HeadAttention(*(float(x[place]) for x in quantities))


def _movement(quantities: "list[Tensor]", verdict: "Verdict", place: tuple[int, int]) -> HeadMovement:
    rise = SelfRise(**{name: _interval(found, place) for name, found in vars(verdict.heads).items()})
    return HeadMovement(mean=_attention(quantities, place), rise=rise, verdict=verdict.kind(*place))
