"""`unembed heads` of an encoder-decoder or a masked language model as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, model_facts, versions
from unembed.view.payloads.heads import HeadPlace

if TYPE_CHECKING:
    from unembed.methods.heads.stack_roles import ChangeCheck, StackRoles, ZeroedTogether

AttentionName = Literal["encoder", "decoder", "cross"]


@dataclass(frozen=True)
class StackRole:
    """A role, and what its scores are compared with."""

    name: str
    """As of `--role`."""
    stack: AttentionName
    """Whose heads play it: those of the encoder, of the decoder's self-attention, or of its cross-attention. The one
    stack of a masked language model is an encoder."""
    chance: float
    """What a head would score that does not care."""
    null_mean: float
    """The mean score where the role means nothing."""
    null_high: float
    """The 99.9th percentile of the null."""
    threshold: float
    """The role is claimed above it."""
    claimed: int
    """By how many heads."""
    top: list[HeadPlace]
    """The best heads, best first."""
    top_errors: list[float] | None
    """Standard errors of the scores of `top` over the sequences; null of one sequence."""
    zeroed_change: float | None
    """Of the predictions of the decoder, or at blanks, with the heads of `top` zeroed together: KL in nats a token;
    null without a causal check."""


@dataclass(frozen=True)
class StackRoleScore:
    """The score of a head in one role."""

    role: str
    """One of its attention."""
    score: float
    """Mean attention, from 0 to 1."""
    error: float | None
    """Its standard error over the sequences; null of one sequence."""
    claimed: bool
    """Whether it is above the role's threshold."""


@dataclass(frozen=True)
class StackRoleHead:
    """One head."""

    stack: AttentionName
    """The attention it belongs to."""
    layer: int
    """Of the encoder, or of the decoder."""
    head: int
    label: str
    """`enc.L1.H3`, `L1.H3` (also of a masked language model), or of cross-attention `L1.X3`."""
    scores: list[StackRoleScore]
    """One a role of its attention."""


@dataclass(frozen=True)
class ZeroedHeadSet:
    """Heads of one attention that were zeroed together at every position."""

    stack: AttentionName
    """The attention they belong to."""
    heads: list[HeadPlace]
    """Together."""
    change: float
    """Of the predictions of the decoder, or at blanks: KL in nats a token."""


@dataclass(frozen=True)
class PredictionCheck:
    """What zeroing heads changes in the predictions of the decoder, or of a masked language model at blanks."""

    controls: list[ZeroedHeadSet]
    """As many heads of an attention at random."""
    sequences: int
    """How many were measured."""


@payload("unembed/stack-heads/1")
class StackHeadsPayload:
    """`unembed heads --json` of an encoder-decoder or a masked language model."""

    model: ModelFacts
    count: int
    """How many random tokens the source and the decoder's prompt hold, in two orders; or a masked model's text."""
    sequences: int
    """How many were run."""
    seed: int
    """Of all that was drawn."""
    roles: list[StackRole]
    """Each role, and its best heads."""
    heads: list[StackRoleHead]
    """Every head of the encoder, of the decoder and of its cross-attention, or of a masked model, in order."""
    causal: PredictionCheck | None
    """What zeroing heads changes; null where it was not asked for or was interrupted, or no blank is known."""
    complete: bool
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def stack_heads_payload(result: "StackRoles") -> StackHeadsPayload:
    """Head roles of an encoder-decoder or a masked language model as data."""
    return StackHeadsPayload(
        model=model_facts(result.model),
        count=result.count,
        sequences=result.sequences,
        seed=result.seed,
        roles=[_role(result, name) for name in result.roles],
        heads=_heads(result),
        causal=None if result.check is None else _check(result.check),
        complete=result.complete,
        notes=list(result.notes),
        versions=versions(),
    )


def _role(result: "StackRoles", name: str) -> StackRole:
    from unembed.methods.heads.shuffled_tokens import STACK_OF

    found = result.roles[name]
    top = found.top(result.top_zeroed)
    return StackRole(
        name=name,
        stack=STACK_OF[name],
        chance=found.chance,
        null_mean=found.null_mean,
        null_high=found.null_high,
        threshold=found.threshold,
        claimed=int(found.claimed.sum()),
        top=[HeadPlace(*place) for place in top],
        top_errors=None if found.errors is None else [float(found.errors[place]) for place in top],
        zeroed_change=None if result.check is None else result.check.roles[name].change,
    )


def _heads(result: "StackRoles") -> list[StackRoleHead]:
    found: dict[tuple[AttentionName, int, int], list[StackRoleScore]] = {}
    for entry in result.entries():
        errors = result.roles[entry.role].errors
        error = None if errors is None else float(errors[entry.layer, entry.head])
        score = StackRoleScore(entry.role, entry.score, error, entry.claimed)
        found.setdefault((entry.stack, entry.layer, entry.head), []).append(score)
    return [StackRoleHead(*place, result.name_of(*place), scores) for place, scores in found.items()]


def _check(check: "ChangeCheck") -> PredictionCheck:
    controls = [_zeroed(stack, one) for stack, found in check.controls.items() for one in found]
    return PredictionCheck(controls, check.sequences)


def _zeroed(stack: AttentionName, zeroed: "ZeroedTogether") -> ZeroedHeadSet:
    return ZeroedHeadSet(stack, [HeadPlace(*place) for place in zeroed.heads], zeroed.change)
