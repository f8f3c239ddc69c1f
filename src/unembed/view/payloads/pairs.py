"""`unembed pairs` as data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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
    from unembed.methods.heads.pairs import HeadPairs


@dataclass(frozen=True)
class PairOfHeads:
    """Two heads, and by how many logits the target changes without them."""

    first: str
    """The earlier one: `L23.H4`."""
    second: str
    """The later one."""
    effect_first: float
    """Without the first alone."""
    effect_second: float
    """Without the second alone."""
    together: float
    """Without both."""
    interaction: float
    """`together` minus both effects."""
    gate: Literal["or", "and"] | None
    """Of two heads that speak for the same: `or` where they take away more together than one by one, `and` where less.
    """
    repairs: bool
    """Whether the second makes up for what the target loses without the first."""


@payload("unembed/pairs/1")
class PairsPayload:
    """`unembed pairs --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    target: Target
    """The token that is read after the last token of the prompt."""
    versus: Token | None
    """The token whose logit is subtracted."""
    base: float
    """The logit, or the difference, with every head."""
    position: int | Literal["all"]
    """Where heads were set to zero."""
    pairs: list[PairOfHeads]
    """In the order of the model."""
    planned: int
    """How many pairs there are in all."""
    complete: bool
    """False where the work was interrupted: then pairs are missing."""
    versions: dict[str, str]
    notes: list[str] = field(default_factory=list)


@payload_of.register
def pairs_payload(result: "HeadPairs") -> PairsPayload:
    """Pairs of heads as data."""
    model = result.model
    return PairsPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.tokens),
        target=target_of(model, result.target),
        versus=None if result.versus is None else token_of(model, result.versus),
        base=result.base,
        position="all" if len(result.positions) == len(result.tokens) > 1 else result.positions[0],
        pairs=[PairOfHeads(**vars(pair), gate=pair.gate, repairs=pair.repairs) for pair in result.pairs],
        planned=result.planned,
        complete=result.complete,
        versions=versions(),
        notes=list(result.notes),
    )
