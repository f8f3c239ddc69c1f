"""`unembed generate` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.models.prompts import text_of_prompt
from unembed.view.payloads.common import ModelFacts, PromptToken, Term, model_facts, prompt_tokens, term_of, versions

if TYPE_CHECKING:
    from unembed.methods.generate import Step
    from unembed.models.model import Model


@dataclass(frozen=True)
class GeneratedToken:
    """One emitted token. `first_led` and `top_term` are null unless asked for (`--explain`)."""

    position: int
    id: int
    text: str
    logit: float
    probability: float
    first_led: int | None
    top_term: Term | None


@dataclass(frozen=True)
class GeneratePayload:
    """`unembed generate --json`."""

    model: ModelFacts
    prompt: list[PromptToken]
    generated: list[GeneratedToken]
    text: str
    versions: dict[str, str]
    whole: str | None
    """The text whose tokens are those of the prompt and the generated ones; null where no text gives them."""
    schema: Literal["unembed/generate/1"] = "unembed/generate/1"


def generate_payload(
    model: "Model", prompt: tuple[int, ...], steps: "list[Step]", *, explained: bool
) -> GeneratePayload:
    """Generated tokens as data."""
    tokens = [generated_token(step, explained=explained) for step in steps]
    ids = [step.token for step in steps]
    text = " ".join(map(str, ids)) if model.tokenizer is None else str(model.tokenizer.decode(ids))
    return GeneratePayload(
        model=model_facts(model),
        prompt=prompt_tokens(model, prompt),
        generated=tokens,
        text=text,
        versions=versions(),
        whole=text_of_prompt(model, (*prompt, *ids)),
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
