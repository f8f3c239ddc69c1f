"""`unembed heads` as data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, model_facts, versions

if TYPE_CHECKING:
    from unembed.methods.circuits.head_circuits import Head
    from unembed.methods.heads.roles import CausalCheck, HeadRoles, ZeroedHeads


@dataclass(frozen=True)
class RoleNumbers:
    """The scores of a head; null where a role was not measured."""

    previous_token: float
    """Mean attention to the position before."""
    current_token: float
    """Mean attention to the position itself."""
    first_token: float
    """Mean attention to the first position."""
    duplicate_token: float
    """Mean attention to the same token before."""
    induction: float
    """Mean attention to what followed the same token before."""
    copying: float
    """Share of the eigenvalues of the OV circuit with a positive real part."""
    copy_suppression: float
    """Share of random tokens that it lowers where it reads them, and seeks where they are predicted."""
    successor: float | None
    """Share of ordinals whose successor it promotes; null where the tokenizer has no ordinals."""


@dataclass(frozen=True)
class RoleHead:
    """One head."""

    layer: int
    head: int
    scores: RoleNumbers
    """From 0 to 1, one a role."""
    roles: list[str]
    """Those that are claimed: whose score is above the role's threshold."""


@dataclass(frozen=True)
class HeadPlace:
    """A head's address."""

    layer: int
    head: int


@dataclass(frozen=True)
class Role:
    """A role, and what its scores are compared with."""

    name: str
    """As of `--role`."""
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
    zeroed_loss: float | None
    """Of the second repetition with the heads of `top` zeroed together; null without a causal check."""
    top_errors: list[float] | None = None
    """Standard errors of the scores of `top` over the sequences; null for roles read from the weights."""


@dataclass(frozen=True)
class ZeroedSet:
    """Heads that were zeroed together at every position, and the loss of the second repetition."""

    heads: list[HeadPlace]
    """Together."""
    loss: float
    """In nats a token."""


@dataclass(frozen=True)
class RepetitionCheck:
    """Losses on repeated random tokens, in nats a token."""

    first: float
    """Of the first repetition, with nothing zeroed."""
    second: float
    """Of the second, with nothing zeroed."""
    controls: list[ZeroedSet]
    """As many heads at random."""
    sequences: int
    """How many were measured."""


@payload("unembed/heads/1")
class HeadsPayload:
    """`unembed heads --json`."""

    model: ModelFacts
    half: int
    """How many random tokens were repeated."""
    sequences: int
    """How many were run."""
    seed: int
    """Of all that was drawn."""
    roles: list[Role]
    """Each role, and its best heads."""
    heads: list[RoleHead]
    """Every head of the model, in order."""
    causal: RepetitionCheck | None
    """What zeroing heads costs; null where it was not asked for or was interrupted."""
    complete: bool
    kept: bool
    """Whether it was read from the cache."""
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def heads_payload(result: "HeadRoles") -> HeadsPayload:
    """Head roles as data."""
    model = result.model
    return HeadsPayload(
        model=model_facts(model),
        half=result.half,
        sequences=result.settings.sequences,
        seed=result.settings.seed,
        roles=[_role(result, name) for name in result.roles],
        heads=[_head(result, layer, head) for layer in range(model.layers) for head in range(model.heads)],
        causal=None if result.check is None else _check(result.check),
        complete=result.complete,
        kept=result.kept,
        notes=list(result.notes),
        versions=versions(),
    )


def _role(result: "HeadRoles", name: str) -> Role:
    found = result.roles[name]
    top = found.top(result.settings.top)
    return Role(
        name=name,
        chance=found.chance,
        null_mean=found.null_mean,
        null_high=found.null_high,
        threshold=found.threshold,
        claimed=int(found.claimed.sum()),
        top=_places(top),
        zeroed_loss=None if result.check is None else result.check.roles[name].loss,
        top_errors=None if found.errors is None else [float(found.errors[head]) for head in top],
    )


def _head(result: "HeadRoles", layer: int, head: int) -> RoleHead:
    scores = {name: float(found.scores[layer, head]) for name, found in result.roles.items()}
    return RoleHead(layer, head, RoleNumbers(**{"successor": None, **scores}), list(result.of(layer, head)))


def _check(check: "CausalCheck") -> RepetitionCheck:
    return RepetitionCheck(check.first, check.second, [_zeroed(part) for part in check.controls], check.sequences)


def _zeroed(part: "ZeroedHeads") -> ZeroedSet:
    return ZeroedSet(_places(part.heads), part.loss)


def _places(heads: "Iterable[Head]") -> list[HeadPlace]:
    return [HeadPlace(layer, head) for layer, head in heads]
