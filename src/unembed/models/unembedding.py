"""Logits without the whole vocabulary at once: of some tokens, and the log of the softmax's denominator.

For many states of the stream the logits themselves are the largest array by far, and most measures need one or two of
them and their normaliser. Both are exact: the normaliser is summed over slices of the vocabulary with a running maximum
(Milakov and Gimelshein, *Online normalizer calculation for softmax*, 2018), and so is its gradient.
"""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from unembed.models.hooks import one_at_a_time
from unembed.models.model import Model
from unembed.models.prediction_head import HeadStates

SLICE = 2048


def normed(model: Model, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_unembedding"]:
    """States of the stream after the model's final norm."""
    with one_at_a_time:  # another thread's run may have hooks on the norm
        return model.norm(x)


def head_states(model: Model, x: Float[Tensor, "*batch d_model"]) -> HeadStates | None:
    """What states of the stream become in a prediction head; None where the model has none."""
    if model.prediction_head is None:
        return None
    with one_at_a_time:
        return model.prediction_head.states(model.before_head(x))


def normed_widely(model: Model, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_unembedding"]:
    """The same in float32 at least, of a model of any precision: what is read of it is not rounded to 16 bits again.

    A norm is affine but for its scale, which is the one that the module had (norms.py).
    """
    if torch.finfo(x.dtype).eps <= torch.finfo(torch.float32).eps:
        return normed(model, x)
    norm = model.final_norm
    with one_at_a_time:
        y = model.before_head(x)
        wide = norm.pushforward(x, norm.scale(x, y)) + norm.shift
        return (wide if model.prediction_head is None else model.prediction_head.widely(wide)).float()


def wide(logits: Tensor) -> Tensor:
    """In float32 at least."""
    return logits if logits.dtype == torch.float64 else logits.float()


def logits_of(
    model: Model, y: Float[Tensor, "*batch d_unembedding"], tokens: tuple[int, ...]
) -> Float[Tensor, "*batch token"]:
    """The logits of some tokens, of normed states, in their precision."""
    chosen = list(tokens)
    bias = None if model.unembedding_bias is None else model.unembedding_bias[chosen].to(y.dtype)
    return wide(capped(linear(y, model.unembedding[chosen].to(y.dtype), bias), model.softcap))


def log_normaliser(
    model: Model, y: Float[Tensor, "*batch d_unembedding"], *, without: int | None = None
) -> Float[Tensor, "*batch"]:
    """`log sum_v exp(logit_v)` of normed states, over all tokens but `without`; differentiable by `y`."""
    found = _LogNormaliser.apply(y.reshape(-1, y.shape[-1]), model, without)
    return cast(Tensor, found).view(y.shape[:-1])


class _LogNormaliser(torch.autograd.Function):
    """The gradient, `sum_v p_v dlogit_v / dy`, is summed in the same pass over the vocabulary."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, model: Model, without: int | None) -> Tensor:
        weight, bias = model.unembedding.detach(), model.unembedding_bias
        biases = [None] * -(-model.vocab // SLICE) if bias is None else bias.detach().split(SLICE)
        top = wide(y).new_full((len(y), 1), -torch.inf)
        total = torch.zeros_like(top)
        slope = torch.zeros_like(wide(y)) if ctx.needs_input_grad[0] else None
        for piece, (rows, offset) in enumerate(zip(weight.split(SLICE), biases, strict=True)):
            offset = None if offset is None else offset.to(y.dtype)
            logits = wide(capped(linear(y, rows.to(y.dtype), offset), model.softcap))
            if without is not None and without // SLICE == piece:
                logits[:, without % SLICE] = torch.finfo(logits.dtype).min / 4  # finite: its share is 0, not NaN
            new_top = torch.maximum(top, logits.amax(-1, keepdim=True))
            shrink = (top - new_top).exp_()
            share = (logits - new_top).exp_()
            total = total * shrink + share.sum(-1, keepdim=True)
            if slope is not None:
                if model.softcap is not None:
                    share.mul_(1 - (logits / model.softcap).square().clamp(max=1))
                slope.mul_(shrink).addmm_(share, wide(rows))
            top = new_top
        ctx.slope = None if slope is None else slope / total
        return (top + total.log())[:, 0]

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None]:
        return (outer[0][:, None] * ctx.slope).to(outer[0].dtype), None, None


def unembedded(
    model: Model, x: Float[Tensor, "*batch d_model"]
) -> tuple[Float[Tensor, "*batch d_unembedding"], Float[Tensor, "*batch vocab"], Float[Tensor, "*batch vocab"]]:
    """States of the stream as the model's own modules read them: normed, logits before and after the soft-cap."""
    with one_at_a_time:  # another thread's run may have hooks on these modules
        normed = model.norm(x)
        uncapped = model.unembed_normed(normed)
    return normed, uncapped, capped(uncapped, model.softcap)


def capped(logits: Float[Tensor, "*batch vocab"], softcap: float | None) -> Float[Tensor, "*batch vocab"]:
    """`c * tanh(logits / c)`, or the logits where the model has no soft-cap."""
    return logits if softcap is None else softcap * torch.tanh(logits / softcap)
