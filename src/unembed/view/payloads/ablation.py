"""`unembed ablate` as data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.models.names import stack_and_word
from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Target,
    Token,
    model_facts,
    prompt_tokens,
    target_of,
    token_of,
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
    log_probability: float
    """By how many nats the log of its probability changes."""


@dataclass(frozen=True)
class Base:
    """The target, or all tokens of the answer, with nothing ablated."""

    logit: float
    """Of the target; of an answer the sum over its tokens."""
    probability: float
    """Of the target; of an answer the product over its tokens."""
    log_probability: float
    """In nats: the log of `probability`."""


@payload("unembed/ablate/1")
class AblatePayload:
    """`unembed ablate --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    target: Target
    """The token that is read after the last token of the prompt; of an answer its first."""
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
    position: int | Literal["all", "answer"]
    """Where parts were set, inside the encoder in the source; `answer`: wherever one of its tokens is predicted."""
    how: Literal["zero", "mean", "mean-position", "resample"]
    """What they were set to: zero, the mean over the prompts of `--text`; of a data set the mean at the same
    position, or the value in the counterpart."""
    effects: list[AblationEffect]
    """One a part, in the order of the layers."""
    planned: int
    """How many effects there are in all; more than are listed if the work was interrupted."""
    complete: bool
    """Whether all effects are here."""
    notes: list[str]
    versions: dict[str, str]
    answer: list[Token] = field(default_factory=list)
    """All tokens of the answer; without `--answer` the target alone."""


@payload_of.register
def ablate_payload(result: "Ablation") -> AblatePayload:
    """An ablation as data."""
    target, inside = target_of(result.model, result.target), stack_and_word(result.site)[0]
    whole = len(result.source_texts) if inside else len(result.tokens) + len(result.answer) - 1
    everywhere = len(result.positions) == whole > 1
    first, *more = result.positions
    return AblatePayload(
        model=model_facts(result.model),
        tokens=prompt_tokens(result.model, result.tokens),
        target=target,
        base=Base(**vars(result.base)),
        site=result.site,
        position="all" if everywhere else "answer" if more else first,
        how=result.how,
        effects=[AblationEffect(**vars(effect)) for effect in result.effects],
        planned=result.planned,
        complete=result.complete,
        notes=list(result.notes),
        versions=versions(),
        answer=[token_of(result.model, token) for token in result.answer],
    )
