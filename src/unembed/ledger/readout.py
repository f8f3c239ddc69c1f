"""Readout: the linear functional of the residual stream that a ledger decomposes.

A logit is `softcap(W_U norm(x) + b_U)`. With the final norm's scale frozen at its value in the run, `W_U norm(x)` is
affine in the stream `x`: one direction in d_model, and constants that get names of their own. A logit difference and
a logit above the vocabulary mean are combinations of rows of W_U, so they are readouts too; so is any direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, SupportsIndex

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.models.prompts import absolute_position, target_token
from unembed.models.unembedding import unembedded
from unembed.runs.trace import Trace

Reference = Literal["mean", "raw", "versus", "direction"]


@dataclass(frozen=True)
class Prediction:
    """A token the model considered."""

    token: int
    logit: float
    probability: float
    rank: int
    """1 is the top prediction."""


@dataclass(frozen=True)
class Readout:
    """`value = direction . x + sum(constants)`, where `x` is the stream at one position before block `layer`."""

    trace: Trace
    position: int
    layer: int
    """0 reads the embedding, `model.layers` the stream after the last block."""
    reference: Reference
    target: int | None
    """Token id; None for a direction."""
    versus: int | None
    """Token id of a contrast, else None."""
    direction: Float[Tensor, "d_model"]
    """In the stream, in float64: the unembedding pulled back through the frozen final norm."""
    constants: dict[str, float]
    """`final_norm_shift`, `unembedding_bias`, `softcap`: what does not depend on the stream."""
    value: float
    """The number that the model's own modules give, in logits."""
    reference_value: float
    """What was subtracted from the raw logit: the mean logit, the other token's logit, or 0."""
    spread: float
    """`sqrt(sum_i (w_i y_i)^2)` over the dimensions of the normed stream `y` that the unembedding summed; 0 for a
    direction. What rounding does to `y` is proportional to it."""


def readout(
    trace: Trace,
    target: str | SupportsIndex | None = None,
    *,
    position: int = -1,
    reference: str = "mean",
    versus: str | SupportsIndex | None = None,
    layer: int | None = None,
) -> Readout:
    """The readout of a token's logit.

    Args:
        trace: a run that keeps `position`.
        target: the token (text or id) whose logit is read; None takes the top prediction.
        position: where to read; the logit there predicts the next token.
        reference: "mean" reads `logit(target) - mean over the vocabulary`, which is what the softmax sees; "raw" the
            plain logit. Exact in both cases.
        versus: a token; reads `logit(target) - logit(versus)` instead.
        layer: read the stream before this block through the final norm (the logit lens); None reads the last.

    Raises:
        InputError: unknown target, position or layer.
    """
    kind = _reference(reference, versus=versus)
    model, row = trace.model, trace.row(position)
    layer = absolute_layer(trace, layer)
    x, normed, uncapped, logits = _read(trace, row, layer)
    token = int(logits.argmax()) if target is None else target_token(model, target)
    other = None if versus is None else target_token(model, versus)
    weights = _Combination(token, other, mean=kind == "mean")
    with torch.inference_mode():
        w = weights.of_rows(trace)
        scale = model.final_norm.scale(x, normed)
        value, linear = weights.of(logits), weights.of(uncapped)
        constants: dict[str, float] = {}
        if bool(model.final_norm.shift.any()):
            constants["final_norm_shift"] = float(w @ model.final_norm.shift)
        if model.unembedding_bias is not None:
            constants["unembedding_bias"] = weights.of(model.unembedding_bias)
        if model.softcap is not None:
            constants["softcap"] = value - linear
        return Readout(
            trace=trace,
            position=absolute_position(position, len(trace.tokens)),
            layer=layer,
            reference=kind,
            target=token,
            versus=other,
            direction=model.final_norm.pullback(w, scale),
            constants=constants,
            value=value,
            reference_value=float(logits[token]) - value,
            spread=float((w * normed.double()).norm()),
        )


def _reference(word: str, *, versus: object) -> Reference:
    if word not in ("mean", "raw"):
        raise InputError(f"Expected a reference of mean or raw, found {word!r}.")
    return "versus" if versus is not None else "mean" if word == "mean" else "raw"


def read_direction(
    trace: Trace,
    direction: Float[Tensor, "d_model"] | Sequence[float],
    *,
    position: int = -1,
    layer: int | None = None,
) -> Readout:
    """The readout of a given direction: `direction . x`, in the units of the stream, no norm in between.

    Raises:
        InputError: the direction has the wrong length, or position or layer is out of range.
    """
    row, layer = trace.row(position), absolute_layer(trace, layer)
    w = torch.as_tensor(direction, dtype=torch.float64, device=trace.model.device).clone()
    if w.shape != (trace.model.d_model,):
        raise InputError(f"Expected a direction of {trace.model.d_model} numbers, found shape {tuple(w.shape)}.")
    return Readout(
        trace=trace,
        position=absolute_position(position, len(trace.tokens)),
        layer=layer,
        reference="direction",
        target=None,
        versus=None,
        direction=w,
        constants={},
        value=float(w @ stream_at(trace, row, layer).double()),
        reference_value=0.0,
        spread=0.0,
    )


def absolute_layer(trace: Trace, layer: int | None) -> int:
    """`layer` as an index from 0 to `model.layers`; None is the last.

    Raises:
        InputError: out of range.
    """
    last = trace.model.layers
    if layer is None:
        return last
    if not -last - 1 <= layer <= last:
        raise InputError(f"Layer {layer} is outside the model: expected 0 (the embedding) to {last} (the last stream).")
    return layer % (last + 1)


def stream_at(trace: Trace, row: int, layer: int) -> Float[Tensor, "d_model"]:
    """The stream at one kept position before block `layer`."""
    return trace.final[row] if layer == trace.model.layers else trace.stream()[layer, row]


def prediction(trace: Trace, position: int, token: int) -> Prediction:
    """What the model gave a token at a kept position."""
    return prediction_from(trace.logits[trace.row(position)], token)


def predictions(trace: Trace, position: int, count: int) -> tuple[Prediction, ...]:
    """The top predictions at a kept position, best first."""
    return predictions_from(trace.logits[trace.row(position)], count)


def prediction_from(logits: Float[Tensor, "vocab"], token: int) -> Prediction:
    """What these logits give a token."""
    logits = logits.double()
    return _prediction(logits, logits.logsumexp(-1), token)


def predictions_from(logits: Float[Tensor, "vocab"], count: int) -> tuple[Prediction, ...]:
    """The tokens of the largest of these logits, best first."""
    best = logits.topk(min(count, len(logits))).indices.tolist()
    logits = logits.double()
    normaliser = logits.logsumexp(-1)  # once for all of them: each pass over the vocabulary costs as much as a layer
    return tuple(_prediction(logits, normaliser, token) for token in best)


def _prediction(logits: Float[Tensor, "vocab"], normaliser: Float[Tensor, ""], token: int) -> Prediction:
    return Prediction(
        token=token,
        logit=float(logits[token]),
        probability=float((logits[token] - normaliser).exp()),
        rank=int((logits > logits[token]).sum()) + 1,
    )


@dataclass(frozen=True)
class _Combination:
    """A combination of vocabulary entries: one token, minus another or minus the mean of all."""

    token: int
    versus: int | None
    mean: bool

    def of(self, values: Float[Tensor, "vocab"]) -> float:
        value = values[self.token].double()
        if self.versus is not None:
            value = value - values[self.versus].double()
        if self.mean:
            value = value - values.double().mean()
        return float(value)

    def of_rows(self, trace: Trace) -> Float[Tensor, "d_model"]:
        rows = trace.model.unembedding
        w = rows[self.token].double()
        if self.versus is not None:
            w = w - rows[self.versus].double()
        if self.mean:
            w = w - trace.model.mean_unembedding
        return w


def _read(trace: Trace, row: int, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Stream, normed stream, logits before and after the soft-cap, as the model's own modules give them."""
    model = trace.model
    if layer == model.layers:
        return trace.final[row], trace.normed[row], trace.uncapped_logits[row], trace.logits[row]
    x = stream_at(trace, row, layer)
    with torch.inference_mode():
        normed, uncapped, logits = unembedded(model, x[None])
    return x, normed[0], uncapped[0], logits[0]
