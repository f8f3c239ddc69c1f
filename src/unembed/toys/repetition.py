"""Random tokens that come twice: what heads attend to, and how much of the second repetition is predicted.

As in `repeated_tokens`, but of tokens that a toy knows: those of one byte are not drawn.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.errors import all_or_nothing
from unembed.methods.heads.repeated_tokens import HALF, attention_roles, mean_patterns
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.runs.record import record
from unembed.seeds import generator

COUNT = 32
_BYTES = 256
"""Tokens of one byte come first in the vocabulary. Most never come in a text, so a toy knows nothing of them."""


@dataclass(frozen=True, repr=False)
class RepeatedAttention(Brief):
    """Mean attention over sequences and destinations."""

    previous: Float[Tensor, "layer head"]
    """From every position but the first to the one before."""
    induction: Float[Tensor, "layer head"]
    """From each position of the second repetition to what followed the same token in the first: prefix matching."""


def sequences(model: Model, *, count: int = COUNT, seed: int = 0) -> Int[Tensor, "sequence position"]:
    """Tokens that the tokenizer made (single bytes are left out), drawn uniformly, twice."""
    return torch.randint(_BYTES, model.vocab, (count, HALF), generator=generator(seed)).repeat(1, 2)


def attention(model: Model, sequences: Int[Tensor, "sequence position"]) -> RepeatedAttention:
    """Where each head looks in repeated tokens."""
    roles = attention_roles(mean_patterns(model, sequences))
    return RepeatedAttention(roles["previous_token"].scores, roles["induction"].scores)


@all_or_nothing()
def right(model: Model, sequences: Int[Tensor, "sequence position"], change: Edit | None = None) -> float:
    """The share of the second repetition (its first token apart) that is the most probable next token.

    With `change`, an intervention on every run: exact, as of a full run.
    """
    return sum(_right(model, ids, change) for ids in sequences.tolist()) / len(sequences)


def _right(model: Model, ids: list[int], change: Edit | None) -> float:
    at, answers = range(HALF, 2 * HALF - 1), torch.tensor(ids[HALF + 1 :])
    run = record(model, ids)
    changed = None if change is None else counterfactuals(run, [change], lambda logits: logits, at=at)[0]
    logits = run.logits[HALF:-1] if changed is None else changed
    return float((logits.argmax(-1) == answers).float().mean())
