"""Random tokens that come twice: what heads attend to, and how much of the second repetition is predicted.

A sequence is `HALF` tokens drawn uniformly, then the same again; nothing stands before them. Where no meaning can help,
only what stood before can tell the next token (*In-context Learning and Induction Heads*, Olsson et al. 2022).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.counterfactual import counterfactuals
from unembed.edits import Edit
from unembed.model import Model
from unembed.recording import record
from unembed.run import base_run

HALF = 64
COUNT = 32
BYTES = 256
"""Tokens of one byte come first in the vocabulary. Most never come in a text, so a toy knows nothing of them."""


@dataclass(frozen=True)
class RepeatedAttention:
    """Mean attention over sequences and destinations."""

    previous: Float[Tensor, "layer head"]
    """From every position but the first to the one before."""
    induction: Float[Tensor, "layer head"]
    """From each position of the second repetition to what followed the same token in the first: prefix matching."""


def sequences(model: Model, *, count: int = COUNT, seed: int = 0) -> Int[Tensor, "sequence position"]:
    """Tokens that the tokenizer made (single bytes are left out), drawn uniformly, twice."""
    random = torch.Generator().manual_seed(seed)
    return torch.randint(BYTES, model.vocab, (count, HALF), generator=random).repeat(1, 2)


def attention(model: Model, sequences: Int[Tensor, "sequence position"]) -> RepeatedAttention:
    """Where each head looks in repeated tokens."""
    found = []
    for ids in sequences.tolist():
        layers = [layer.heads for layer in record(model, ids).layers]
        patterns = torch.stack([heads.pattern for heads in layers if heads is not None])
        found.append([_mean_at(patterns, 1, 1), _mean_at(patterns, HALF - 1, HALF)])
    previous, induction = (torch.stack(scores).mean(0) for scores in zip(*found, strict=True))
    return RepeatedAttention(previous, induction)


def _mean_at(patterns: Float[Tensor, "layer head query key"], offset: int, start: int) -> Float[Tensor, "layer head"]:
    """The mean, over destinations from `start` on, of the attention to `destination - offset`."""
    diagonal = patterns.diagonal(-offset, -2, -1)  # entry j is destination j + offset
    return diagonal[..., start - offset :].double().mean(-1)


def right(model: Model, sequences: Int[Tensor, "sequence position"], change: Edit | None = None) -> float:
    """The share of the second repetition (its first token apart) that is the most probable next token.

    With `change`, an intervention on every run: exact, as of a full run.
    """
    return sum(_right(model, ids, change) for ids in sequences.tolist()) / len(sequences)


def _right(model: Model, ids: list[int], change: Edit | None) -> float:
    at, answers = range(HALF, 2 * HALF - 1), torch.tensor(ids[HALF + 1 :])
    run = base_run(model, ids)
    if change is None:
        logits = run.trace.logits[HALF:-1]
    else:
        logits = counterfactuals(run, [change], lambda logits: logits, at=at)[0]
    return float((logits.argmax(-1) == answers).float().mean())
