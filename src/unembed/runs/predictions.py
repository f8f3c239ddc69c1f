"""What logits say: the tokens they predict, with logit, probability and rank."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import counted
from unembed.models.labels import unescaped
from unembed.models.model import Model
from unembed.models.tokens import name_of, token_names


@dataclass(frozen=True)
class Prediction:
    """A token the model considered."""

    token: int
    text: str | None
    """Its name (models/tokens.py); None without a tokenizer."""
    logit: float
    probability: float
    rank: int
    """1 is the top prediction."""


def prediction_from(model: Model, logits: Float[Tensor, "vocab"], token: int) -> Prediction:
    """What these logits give a token."""
    logits = logits.double()
    return _prediction(model, logits, logits.logsumexp(-1), token, logits)


def predictions_from(model: Model, logits: Float[Tensor, "vocab"], count: int) -> tuple[Prediction, ...]:
    """The tokens of the largest of these logits, best first."""
    best = logits.topk(min(counted(count), len(logits)))
    logits = logits.double()
    normaliser = logits.logsumexp(-1)  # once for all of them: each pass over the vocabulary costs as much as a layer
    # Whatever is larger than one of the largest is among them.
    return tuple(_prediction(model, logits, normaliser, token, best.values) for token in best.indices.tolist())


def predictions_with(model: Model, logits: Float[Tensor, "vocab"], text: str, count: int) -> tuple[Prediction, ...]:
    """The tokens that begin with a text, whole ones first, then those that hold it elsewhere: the likeliest first.

    Neither case nor the white space around them counts. Any token of the vocabulary may be among them; without a
    tokenizer, or of white space alone, none is.
    """
    wanted = unescaped(text).strip().casefold()
    if not wanted:
        return ()
    names = [name.strip().casefold() for name in token_names(model).names[: len(logits)]]
    place = {token: 0 if name == wanted else 1 if name.startswith(wanted) else 2
             for token, name in enumerate(names) if wanted in name}  # fmt: skip
    logit = logits.tolist()
    found = sorted(place, key=lambda token: (place[token], -logit[token]))[: counted(count)]
    return tuple(prediction_from(model, logits, token) for token in found)


def all_predictions_from(model: Model, logits: Float[Tensor, "vocab"]) -> tuple[Prediction, ...]:
    """What these logits give every token, by token id."""
    logits = logits.double()
    names = [None if model.tokenizer is None else name_of(model, token) for token in range(len(logits))]
    rising = logits.sort().values
    columns = zip(
        range(len(logits)),
        names,
        logits.tolist(),
        (logits - logits.logsumexp(-1)).exp().tolist(),
        # As many are larger as stand above the last of its equals.
        (len(logits) - torch.searchsorted(rising, logits, right=True) + 1).tolist(),
        strict=True,
    )
    return tuple(Prediction(*column) for column in columns)


def _prediction(
    model: Model,
    logits: Float[Tensor, "vocab"],
    normaliser: Float[Tensor, ""],
    token: int,
    among: Float[Tensor, "some"],
) -> Prediction:
    return Prediction(
        token=token,
        text=None if model.tokenizer is None else name_of(model, token),
        logit=float(logits[token]),
        probability=float((logits[token] - normaliser).exp()),
        rank=int((among > logits[token]).sum()) + 1,
    )
