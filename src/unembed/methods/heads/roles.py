"""Head roles: what each attention head is known to do, measured, with a null to compare with and a causal check.

| role | measured on | module |
|---|---|---|
| `previous_token`, `current_token`, `first_token`, `duplicate_token`, `induction` | random tokens | repeated_tokens |
| `copying`, `copy_suppression`, `successor` | the weights | weight_roles |

When a role is claimed for a head is the same for all of them (role_scores.py). A score says what a head looks at or
would write, not that the model needs it. So the best heads of each role are zeroed together, beside as many others at
random: what does the second repetition of random tokens lose (repetition_loss.py)?
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from unembed.errors import InputError, Interrupted
from unembed.loading import kept_results
from unembed.methods.circuits.head_circuits import Head
from unembed.methods.heads.repeated_tokens import HALF, attention_roles, half_of, measured_patterns, repeated
from unembed.methods.heads.repetition_loss import repetition_loss
from unembed.methods.heads.role_scores import CHECKED, RoleScores, every_score, plotted, sets_at_random
from unembed.methods.heads.weight_roles import ordinals, weight_roles
from unembed.models.model import Model
from unembed.models.names import head_name
from unembed.models.refusals import plain_heads_only
from unembed.models.reprs import SHOWN, Brief, listed
from unembed.models.special import beginning
from unembed.models.tokens import label_of
from unembed.progress import Progress, silent
from unembed.runs.result import Result
from unembed.seeds import generator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROLES = (
    "previous_token",
    "current_token",
    "first_token",
    "duplicate_token",
    "induction",
    "copying",
    "copy_suppression",
    "successor",
)
EDITION = 2
"""Of the measurement. Raise it with every change that may change a number or what is kept, or kept results of the old
one stay."""


@dataclass(frozen=True)
class Settings:
    """What was asked for."""

    sequences: int
    """Of repeated random tokens."""
    top: int
    """Heads of each role that are zeroed."""
    seed: int
    check: bool
    """Whether heads are zeroed."""


@dataclass(frozen=True, repr=False)
class ZeroedHeads(Brief):
    """The loss of the second repetition with some heads zeroed at every position."""

    heads: tuple[Head, ...]
    loss: float
    """In nats a token."""


@dataclass(frozen=True, repr=False)
class CausalCheck(Brief):
    """What the second repetition loses without the best heads of a role. Losses in nats a token."""

    first: float
    """Of the first repetition, nothing zeroed."""
    second: float
    """Of the second repetition, nothing zeroed."""
    roles: dict[str, ZeroedHeads]
    """The best heads of each role, together."""
    controls: tuple[ZeroedHeads, ...]
    """As many heads at random that are not among the best for induction; empty where the model has too few."""
    sequences: int

    def _found(self) -> str:
        worst, zeroed = max(self.roles.items(), key=lambda entry: entry[1].loss)
        return f"without the best heads of {worst}: {zeroed.loss:.2f} nats"


@dataclass(frozen=True)
class HeadScore:
    """How well one head plays one role."""

    role: str
    layer: int
    head: int
    score: float
    claimed: bool
    """Whether the head has the role."""

    @property
    def label(self) -> str:
        """`L5.H1 induction`."""
        return f"{head_name(self.layer, self.head)} {self.role}"


@dataclass(frozen=True)
class HeadRoles(Result[HeadScore]):
    """The roles of all heads of a model. Made by `measure_head_roles`."""

    measure = "score"

    model: Model
    settings: Settings
    half: int
    """How many tokens were repeated."""
    roles: dict[str, RoleScores]
    """By the names of `ROLES`; `successor` is missing where the tokenizer has no ordinals as single tokens."""
    check: CausalCheck | None
    """None where it was not asked for, or was interrupted."""
    kept: bool = False
    """Whether it was read from the cache."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """None: it is about random tokens and weights."""
        return ()

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "score"

    def entries(self) -> list[HeadScore]:
        """Every head in every role, role by role."""
        return [HeadScore(*score) for score in every_score(self.roles)]

    def plot(self, role: str = "induction") -> "Figure":
        """Draw the scores of all heads in one role, by layer and head.

        Args:
            role: one of `roles`.

        Raises:
            InputError: no such role was measured; or matplotlib is not installed.
        """
        return self.captioned(plotted(self.roles, role))

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is here."""
        return self.check is not None or not self.settings.check

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of this model."""
        notes = []
        begins = " ".join(label_of(self.model, token) for token in beginning(self.model))
        notes += [f"the random tokens stand after {begins}, as every text of this model does"] if begins else []
        if self.half < HALF:
            notes.append(f"the model reads {self.model.context} tokens, so {self.half} are repeated instead of {HALF}")
        if "successor" not in self.roles:
            wordless = self.model.tokenizer is None
            reason = "there is no tokenizer" if wordless else "the tokenizer has no ordinals as single tokens"
            notes.append(f"{reason}: succession is not measured")
        if self.check is not None and not self.check.controls:
            notes.append("the model has too few heads for as many others at random")
        return tuple(notes)

    def of(self, layer: int, head: int) -> tuple[str, ...]:
        """The roles that are claimed for a head."""
        return tuple(role for role, found in self.roles.items() if bool(found.claimed[layer, head]))

    def __repr__(self) -> str:
        lines = [f"HeadRoles({self.model.name}, {self.half} tokens repeated):"]
        for role, found in self.roles.items():
            best = [f"{head_name(*head)} {float(found.scores[head]):.2f}" for head in found.top(SHOWN)]
            lines.append(f"  {role}: {listed(best, found.scores.numel())} ({int(found.claimed.sum())} heads claimed)")
        return "\n".join(lines)


def measure_head_roles(
    model: Model,
    *,
    sequences: int = 32,
    top: int = 5,
    seed: int = 0,
    check: bool = True,
    fresh: bool = False,
    memory: int | None = None,
    progress: Progress = silent,
) -> HeadRoles:
    """Measure the roles of all heads.

    The result of a loaded model is kept in the user's cache, by its weights, these settings and `EDITION`. A model with
    `edits` or in memory only is measured each time. Whoever changes weights of a loaded model by hand asks for `fresh`.

    Args:
        model: from `load` or `wrap`. Without a tokenizer there is no `successor`.
        sequences: of repeated random tokens.
        top: heads of each role that are zeroed.
        seed: of all that is drawn.
        check: whether to zero heads.
        fresh: measure again what the cache holds.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called with each stage.

    Raises:
        InputError: a model without heads or with a context of fewer than 16 tokens; an encoder-decoder or a masked
            language model; no sequence or no head to zero; a negative seed.
        ModelError: damaged weights.
        Interrupted: on Ctrl-C during the causal check, with the scores.
    """
    if model.encoder is not None or model.fills_blanks:
        kind = "an encoder-decoder" if model.encoder is not None else "a masked language model"
        raise InputError(
            f"{model.name} is {kind}, whose heads have other roles: measure_stack_roles tells them "
            "(`unembed heads` does by itself)."
        )
    settings = _checked_settings(model, Settings(sequences, top, seed, check))
    lists = ordinals(model)
    place = kept_results.place_of("heads", model, [EDITION, asdict(settings), lists, beginning(model)])
    if place is not None and not fresh and (kept := _read(place, model, settings)) is not None:
        return kept
    tokens = repeated(model, sequences, seed=seed)
    patterns = measured_patterns(model, tokens, progress=progress)
    roles = attention_roles(*patterns, lead=len(beginning(model)))
    roles |= weight_roles(model, lists, seed=seed, progress=progress)
    result = HeadRoles(model, settings, half_of(model), roles, None)
    if check:
        try:
            result = replace(result, check=_causal_check(result, tokens[:CHECKED], memory, progress))
        except KeyboardInterrupt as stop:
            raise Interrupted(result) from stop
    if place is not None:
        kept_results.write(place, _plain(result))
    return result


def _checked_settings(model: Model, settings: Settings) -> Settings:
    if not model.layers:
        raise InputError(f"{model.name} has no layers, so it has no heads.")
    plain_heads_only(model, "A role of a head")
    if settings.top < 1:
        raise InputError(f"Expected at least one head of each role to zero, found {settings.top}.")
    if settings.sequences < 1:
        raise InputError(f"Expected at least one sequence, found {settings.sequences}.")
    generator(settings.seed)
    half_of(model)
    return settings


# The causal check


def _causal_check(result: HeadRoles, tokens: Tensor, memory: int | None, progress: Progress) -> CausalCheck:
    best = {role: found.top(result.settings.top) for role, found in result.roles.items()}
    controls = _controls(result, best["induction"])
    sets = [*best.values(), *controls]
    found = repetition_loss(result.model, tokens, sets, memory=memory, progress=progress)
    zeroed = [ZeroedHeads(tuple(heads), loss) for heads, loss in zip(sets, found.zeroed, strict=True)]
    count = len(best)
    roles = dict(zip(best, zeroed[:count], strict=True))
    return CausalCheck(found.first, found.second, roles, tuple(zeroed[count:]), len(tokens))


def _controls(result: HeadRoles, best: Sequence[Head]) -> list[tuple[Head, ...]]:
    """Sets of as many heads, none of which is among the best."""
    model = result.model
    every = [(layer, head) for layer in range(model.layers) for head in range(model.heads)]
    others = [head for head in every if head not in best]
    if len(others) < len(best):
        return []
    return sets_at_random(others, len(best), generator(result.settings.seed))


# The cache


def _plain(result: HeadRoles) -> dict[str, Any]:
    """A result as JSON-ready data."""
    roles = {
        role: {**vars(found), **{name: None if x is None else x.tolist() for name, x in _tensors(found)}}
        for role, found in result.roles.items()
    }
    return {"half": result.half, "roles": roles, "check": None if result.check is None else asdict(result.check)}


def _read(place: Path, model: Model, settings: Settings) -> HeadRoles | None:
    """What was kept; None where there is nothing, or what is there is no such result."""
    data = kept_results.read(place)
    if data is None:
        return None
    try:
        roles = {role: _role(kept) for role, kept in data["roles"].items()}
        check = None if data["check"] is None else _check(data["check"])
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    return HeadRoles(model, settings, data["half"], roles, check, kept=True)


def _role(data: dict[str, Any]) -> RoleScores:
    tensors = {name: data[name] for name in ("scores", "errors") if data[name] is not None}
    return RoleScores(**{**data, **{name: torch.tensor(x, dtype=torch.float64) for name, x in tensors.items()}})


def _tensors(found: RoleScores) -> list[tuple[str, Tensor | None]]:
    return [("scores", found.scores), ("errors", found.errors)]


def _check(data: dict[str, Any]) -> CausalCheck:
    def zeroed(part: dict[str, Any]) -> ZeroedHeads:
        return ZeroedHeads(tuple((layer, head) for layer, head in part["heads"]), part["loss"])

    roles = {role: zeroed(part) for role, part in data["roles"].items()}
    return CausalCheck(**{**data, "roles": roles, "controls": tuple(map(zeroed, data["controls"]))})
