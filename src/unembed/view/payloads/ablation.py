"""`unembed ablate` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.models.names import stack_and_word
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
    """By how many logits the target changes."""
    probability: float
    """By how much its probability changes."""


@dataclass(frozen=True)
class Base:
    """The target with nothing ablated."""

    logit: float
    """Of the target."""
    probability: float
    """Of the target."""


@payload("unembed/ablate/1")
class AblatePayload:
    """`unembed ablate --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    target: Target
    """The token that is read after the last token of the prompt."""
    base: Base
    """It with nothing set."""
    site: Literal[
        "head",
        "cross_head",
        "attention",
        "cross_attention",
        "mlp",
        "neuron",
        "expert",
        "enc.head",
        "enc.attention",
        "enc.mlp",
        "enc.neuron",
    ]
    """Which parts were set, one by one; `enc.` is inside the encoder."""
    position: int | Literal["all"]
    """Where parts were set, inside the encoder in the source; the target is read after the last token."""
    how: Literal["zero", "mean"]
    """What they were set to: zero, or the mean over the prompts of `--text`."""
    effects: list[AblationEffect]
    """One a part, in the order of the layers."""
    planned: int
    """How many effects there are in all; more than are listed if the work was interrupted."""
    complete: bool
    """Whether all effects are here."""
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def ablate_payload(result: "Ablation") -> AblatePayload:
    """An ablation as data."""
    target, inside = target_of(result.model, result.target), stack_and_word(result.site)[0]
    everywhere = len(result.positions) == len(result.source_texts if inside else result.tokens) > 1
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
