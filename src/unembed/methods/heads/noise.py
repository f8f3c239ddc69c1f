"""Noise: what heads do when the values of other tokens carry nothing.

The claim under test: where other tokens' values are noise, a token must attend to itself to protect its stream. At
destination `i` a head reads its own value as it is, and every other one changed, in every layer at once:

    z_i = A[i, i] v_i + sum_{s != i} A[i, s] v'_s
    noise            v'_s = v_s + strength * rms(v of this layer in the plain run) * e_s,    e standard normal
    unrelated text   v'_s = the value at the same position in a plain run of another text
    control          the same, and v'_i in place of v_i: then attention to itself protects nothing

The first token has no others: its own value is kept in the control as well, so that the sink's stream stays whole.

Patterns move only because the stream that queries and keys are made of has moved: those of layer 0 never do. For each
head, means over the positions that are read:

    self    A[i, i]        sink    A[i, 0], and what a learned sink takes        others    the rest; the three sum to 1
    share   |O_i| / (|O_i| + |S_i|),   O_i = sum_{s != i} A[i, s] v'_s W_O,   S_i = A[i, i] v_i W_O

`share` is that of the update which comes from others (before a post-norm). Besides, `KL(plain || changed)` of the next
token in nats. Exact: each run is a full run of the model. `noise_verdict.py` judges what moved.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.heads.changed_values import (
    QUANTITIES,
    Change,
    Quantity,
    Subject,
    Values,
    plain_values,
    run,
    subject,
)
from unembed.methods.texts import PARAGRAPHS
from unembed.models.lengths import acts_alike
from unembed.models.model import Model, check_has_layers
from unembed.models.names import head_name
from unembed.models.prompts import absolute_position, inner_tokens, tokenize
from unembed.models.reprs import Brief
from unembed.models.special import beginning
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import Result

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
SEEDS = 8
_ChangeOf = Callable[[range], Change]
"""From runs, by number, to the change of their values."""


@dataclass(frozen=True, repr=False)
class Condition(Brief):
    """What heads did under one kind and strength of change."""

    strength: float | None
    """None for the values of unrelated text."""
    own_kept: bool
    """False in the control."""
    heads: Float[Tensor, "run quantity layer head"]
    """By `QUANTITIES`; a run a seed, or a text."""
    kl: Float[Tensor, "run"]
    """KL(plain || changed) of the prediction after the last position that is read, or at a blank, in nats."""


@dataclass(frozen=True)
class ChangedHead:
    """What one head did under one kind and strength of change: means over its runs."""

    layer: int
    head: int
    strength: float | None
    """None for the values of unrelated text."""
    own_kept: bool
    """False in the control."""
    attention_to_self: float
    attention_to_sink: float
    attention_to_others: float
    share: float
    """Of the head's update, what comes from others."""
    change: float
    """Of the attention to itself, against the plain run."""

    @property
    def label(self) -> str:
        """`L5.H1 noise 2`, `L5.H1 unrelated text, control`."""
        what = "unrelated text" if self.strength is None else f"noise {self.strength:g}"
        return f"{head_name(self.layer, self.head)} {what}{'' if self.own_kept else ', control'}"


@dataclass(frozen=True)
class Noise(Result[ChangedHead]):
    """What heads do under noise and with the values of unrelated text. Made by `noise`."""

    measure = "change"

    model: Model
    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    """Where attention was read."""
    plain: Condition
    """The unchanged run."""
    conditions: tuple[Condition, ...]
    """Noise by rising strength, then unrelated text; each with the own value kept, then changed."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "change of the attention to itself"

    def entries(self) -> list[ChangedHead]:
        """Every head under every condition, condition by condition."""
        plain = self.plain.heads.mean(0)
        found = []
        for condition in self.conditions:
            quantities = condition.heads.mean(0)
            rows = torch.cat([quantities, (quantities - plain)[:1]]).permute(1, 2, 0).tolist()
            found += [
                ChangedHead(layer, head, condition.strength, condition.own_kept, *numbers)
                for layer, heads in enumerate(rows)
                for head, numbers in enumerate(heads)
            ]
        return found

    def noisy(self, *, own_kept: bool) -> list[Condition]:
        """The conditions with noise, by rising strength."""
        return [c for c in self.conditions if c.strength is not None and c.own_kept == own_kept]

    def unrelated(self, *, own_kept: bool) -> Condition:
        """The condition with values of unrelated text."""
        return next(c for c in self.conditions if c.strength is None and c.own_kept == own_kept)

    def rises(self, quantity: Quantity, *, own_kept: bool = True) -> Float[Tensor, "run layer head"]:
        """By how much a quantity rises from no noise to the strongest: on the least-squares line of each seed."""
        noisy = [c for c in self.noisy(own_kept=own_kept) if c.strength]
        strengths = torch.tensor([0.0, *(c.strength or 0.0 for c in noisy)], dtype=torch.float64)
        index, away = QUANTITIES.index(quantity), strengths - strengths.mean()
        values = torch.stack([c.heads[:, index] - self.plain.heads[:, index] for c in noisy])
        return torch.einsum("s,srlh->rlh", away[1:], values) / away.square().sum() * strengths[-1]

    def changes(self, quantity: Quantity, *, own_kept: bool = True) -> Float[Tensor, "run layer head"]:
        """With the values of unrelated text, minus the plain run."""
        index = QUANTITIES.index(quantity)
        heads = self.unrelated(own_kept=own_kept).heads[:, index]
        return heads - self.plain.heads[: len(heads), index]

    def __repr__(self) -> str:
        most = max(self.conditions, key=lambda condition: float(condition.kl.mean()))
        change = "values of unrelated text" if most.strength is None else f"noise {most.strength:g}"
        own = "kept" if most.own_kept else "changed"
        return (
            f"Noise({len(self.tokens)} tokens, {len(self.conditions)} conditions; "
            f"largest KL {float(most.kl.mean()):.3g} with {change}, own value {own})"
        )


@prompted
def noise(
    prompt: Prompt,
    *,
    position: int | None = None,
    strengths: Sequence[float] = STRENGTHS,
    seeds: int = SEEDS,
    text: str | Sequence[int] | None = None,
    progress: Progress = silent,
) -> Noise:
    """Run a prompt with the values of other tokens changed, and read what every head does.

    Args:
        prompt: a recorded run, or a model and a prompt; two tokens at least.
        position: read attention at this token only, and the prediction after it; None reads attention at all tokens
            but the first, and the prediction after the last, or at the blank of a masked language model.
        strengths: of the noise, in units of the rms of a layer's values.
        seeds: runs a strength.
        text: unrelated text, at least twice as long as the prompt; None takes paragraphs that ship with the package.
        progress: called after each condition.

    Raises:
        InputError: a model without layers, or a bad prompt, position, strength, number of seeds or text.
        ModelError: a run gave numbers that are not finite.
    """
    model, tokens = prompt.model, prompt.tokens
    check_has_layers(model)
    positions = _positions(tokens, position)
    strengths = _strengths(strengths)
    if seeds < 2:
        raise InputError(f"An interval needs at least two seeds, found {seeds}.")
    read = positions[-1] + 1
    # Later tokens have no say, but where all read them, and in some models their number has.
    ids = tokens[:read] if not model.bidirectional and acts_alike(model, read, len(tokens)) else tokens
    asked = prompt.asked if position is None and model.fills_blanks else positions[-1]
    if text is None and model.tokenizer is None:
        raise InputError(
            f"{model.name} has no tokenizer, so it cannot read the unrelated text that ships here: give another text "
            "as token ids (`text` in Python)."
        )
    windows = _windows(model, inner_tokens(model, "\n\n".join(PARAGRAPHS) if text is None else text), ids, seeds)
    changes = _changes(model, ids, strengths, seeds, windows)
    plain, conditions = _conditions(subject(model, ids, positions, asked), seeds, changes, progress)
    return Noise(model, tokens, positions, plain, conditions, _notes(model))


def _changes(
    model: Model, tokens: tuple[int, ...], strengths: Sequence[float], seeds: int, windows: Sequence[Sequence[int]]
) -> list[tuple[float | None, int, _ChangeOf]]:
    """Of each condition: strength, number of runs, and how they change the values."""
    plain, other = plain_values(model, [tokens]), plain_values(model, windows)
    noisy: list[tuple[float | None, int, _ChangeOf]] = [
        (strength, seeds, partial(_with_noise, model, plain, strength)) for strength in strengths
    ]
    return [*noisy, (None, len(windows), lambda runs: lambda layer, _: other[layer][runs.start : runs.stop])]


def _conditions(
    about: Subject, seeds: int, changes: Sequence[tuple[float | None, int, _ChangeOf]], progress: Progress
) -> tuple[Condition, tuple[Condition, ...]]:
    """The plain condition, and each change with the own value kept and in the control."""
    plain, reference = _runs(about, seeds, lambda _: lambda layer, value: value, own_kept=True)
    conditions = []
    for strength, count, change_of in changes:
        for own_kept in (True, False):
            heads, found = _runs(about, count, change_of, own_kept=own_kept)
            conditions.append(Condition(strength, own_kept, heads, _kl(reference[:count], found)))
            progress("runs with changed values", len(conditions) / len(changes) / 2)
    return Condition(0.0, True, plain, torch.zeros(seeds, dtype=torch.float64)), tuple(conditions)


def _runs(
    about: Subject, count: int, change_of: _ChangeOf, *, own_kept: bool
) -> tuple[Float[Tensor, "run quantity layer head"], Float[Tensor, "run vocab"]]:
    """As many runs in a forward pass as fit; the same ones in every condition, so that strength 0 rounds as plain."""
    parts = [range(first, min(first + about.runs_at_once, count)) for first in range(0, count, about.runs_at_once)]
    found = [run(about, change_of(part), len(part), own_kept=own_kept) for part in parts]
    heads, log_probabilities = zip(*found, strict=True)
    return torch.cat(heads), torch.cat(log_probabilities)


def _with_noise(model: Model, plain: list[Values], strength: float, seeds: range) -> Change:
    """Noise depends on seed, layer and shape only, so that kept and changed own values see the same."""

    def change(layer: int, value: Values) -> Values:
        draws = torch.stack([_normal(value.shape[1:], seed * model.layers + layer) for seed in seeds])
        size = strength * plain[layer].double().square().mean().sqrt()
        return value + (size * draws.to(value.device)).to(value.dtype)

    return change


def _normal(shape: torch.Size, seed: int) -> Float[Tensor, "*shape"]:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _kl(reference: Float[Tensor, "run vocab"], found: Float[Tensor, "run vocab"]) -> Float[Tensor, "run"]:
    return (reference.exp() * (reference - found)).sum(-1)


def _notes(model: Model) -> tuple[str, ...]:
    if model.layers > 1:
        return ()
    return ("the model has one layer, whose patterns cannot move: nothing can be said about the claim",)


# What was asked for


def _positions(tokens: tuple[int, ...], position: int | None) -> tuple[int, ...]:
    if len(tokens) < 2:
        raise InputError("Expected a prompt of at least two tokens: one has no other to attend to.")
    if position is None:
        return tuple(range(1, len(tokens)))
    found = absolute_position(position, len(tokens))
    if found == 0:
        raise InputError("Expected a position after the first: the first token has no other to attend to.")
    return (found,)


def _strengths(strengths: Sequence[float]) -> list[float]:
    found = sorted(set(strengths))
    if not found or not all(0 <= strength < math.inf for strength in found) or found[-1] == 0:
        raise InputError(f"Expected strengths of at least 0, one of them above 0; found {list(strengths)}.")
    return found


def _windows(model: Model, text: tuple[int, ...], tokens: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Up to `most` stretches of an unrelated text, spread over it, none overlapping, each as long as the prompt.

    Where the prompt begins with the token that begins every text of this tokenizer, so do they.
    """
    bos = None if model.tokenizer is None else model.tokenizer.bos_token_id
    begins = beginning(model) or (() if bos is None else (int(bos),))  # type: ignore[arg-type]
    lead = begins if tokens[: len(begins)] == begins else ()
    length = len(tokens) - len(lead)
    count = min(most, len(text) // length)
    if count < 2:
        raise InputError(
            f"The unrelated text has {len(text)} tokens: expected at least {2 * length}, twice as many as the prompt."
        )
    starts = [(len(text) - length) * k // (count - 1) for k in range(count)]
    return [tokenize(model, (*lead, *text[start : start + length])) for start in starts]
