"""`unembed ablate` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Target,
    model_facts,
    prompt_tokens,
    target_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.ablate import Ablation


@dataclass(frozen=True)
class AblationEffect:
    """What setting one part changes: ablated minus base."""

    layer: int
    head: int | None
    expert: int | None
    neuron: int | None
    logit: float
    probability: float


@dataclass(frozen=True)
class Base:
    """The target with nothing ablated."""

    logit: float
    probability: float


@payload("unembed/ablate/1")
class AblatePayload:
    """`unembed ablate --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    target: Target
    base: Base
    site: Literal["head", "cross_head", "attention", "cross_attention", "mlp", "neuron", "expert"]
    position: int | Literal["all"]
    """Where parts were set; the target is read after the last token."""
    how: Literal["zero", "mean"]
    effects: list[AblationEffect]
    planned: int
    """How many effects there are in all; more than are listed if the work was interrupted."""
    complete: bool
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def ablate_payload(result: "Ablation") -> AblatePayload:
    """An ablation as data."""
    target = target_of(result.model, result.target)
    everywhere = len(result.positions) == len(result.tokens) > 1
    return AblatePayload(
        model=model_facts(result.model),
        tokens=prompt_tokens(result.model, result.tokens),
        target=target,
        base=Base(logit=target.logit, probability=target.probability),
        site=result.site,
        position="all" if everywhere else result.positions[0],
        how=result.how,
        effects=[AblationEffect(**vars(effect)) for effect in result.effects],
        planned=result.planned,
        complete=result.complete,
        notes=list(result.notes),
        versions=versions(),
    )
