"""`unembed generate` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Target,
    Term,
    model_facts,
    prompt_tokens,
    target_of,
    term_of,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unembed.methods.generate import Step
    from unembed.models.model import Model
    from unembed.runs.predictions import Prediction as PredictionResult


@dataclass(frozen=True)
class GeneratedToken:
    """One emitted token. `first_led` and `top_term` are null unless asked for (`--explain`)."""

    position: int
    """Of the emitted token itself, counted from 0."""
    id: int
    text: str
    """Its name."""
    logit: float
    """As the model gives it, in logits."""
    probability: float
    """At temperature 1, also when another temperature was sampled from."""
    first_led: int | None
    """The first block after which the logit lens has the token on top; null also for a sampled token that never led."""
    top_term: Term | None
    """The term that gave it most, above the vocabulary mean."""


@payload("unembed/generate/1")
class GeneratePayload:
    """`unembed generate --json`."""

    model: ModelFacts
    prompt: list[PromptToken]
    """The tokens of the prompt."""
    generated: list[GeneratedToken]
    """In order."""
    text: str
    """The emitted text."""
    versions: dict[str, str]
    whole: str | None
    """The text whose tokens are those of the prompt and the generated ones; null where no text gives them."""
    notes: list[str]
    """What a reader should know: how the model's generation configuration would choose otherwise."""


@payload("unembed/tokens/1")
class TokensPayload:
    """What the page offers for a token that is being typed: any of the vocabulary."""

    typed: str
    """What was typed so far."""
    found: list[Target]
    """Tokens that are it, begin with it or hold it, in this order, the likeliest first."""


def tokens_payload(model: "Model", typed: str, found: "Sequence[PredictionResult]") -> TokensPayload:
    """Tokens that a text may name, as data."""
    return TokensPayload(typed, [target_of(model, prediction) for prediction in found])


def generate_payload(
    model: "Model", prompt: tuple[int, ...], steps: "list[Step]", *, explained: bool
) -> GeneratePayload:
    """Generated tokens as data."""
    from unembed.models.generation_settings import settings_notes
    from unembed.models.prompts import continued, text_of_prompt

    tokens = [generated_token(step, explained=explained) for step in steps]
    ids = [step.token for step in steps]
    return GeneratePayload(
        model=model_facts(model),
        prompt=prompt_tokens(model, prompt),
        generated=tokens,
        text=continued(model, prompt, ids),
        versions=versions(),
        whole=text_of_prompt(model, (*prompt, *ids)),
        notes=list(settings_notes(model)),
    )


def generated_token(step: "Step", *, explained: bool) -> GeneratedToken:
    """One emitted token as data; explaining it costs a lens over all layers."""
    return GeneratedToken(
        position=len(step.run.tokens),
        id=step.token,
        text=step.text,
        logit=step.logit,
        probability=step.probability,
        first_led=step.first_led if explained else None,
        top_term=term_of(step.top_term) if explained else None,
    )
