"""Readout: the linear functional of the residual stream that a ledger decomposes.

A logit is `softcap(W_U norm(x) + b_U)`. With the final norm's scale frozen at its value in the run, `W_U norm(x)` is
affine in the stream `x`: one direction in d_model, and constants that get names of their own. A logit difference and
a logit above the vocabulary mean are combinations of rows of W_U, so they are readouts too; so is any direction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, SupportsIndex

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger import roundings
from unembed.models.labels import visible
from unembed.models.model import Model
from unembed.models.prediction_head import HeadStates, PredictionHead, Pulled
from unembed.models.targets import target_token
from unembed.models.tokens import name_of
from unembed.models.unembedding import capped, head_states, unembedded
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run
from unembed.runs.states import StreamLayer, layer_of, state_of

Reference = Literal["mean", "raw", "versus", "direction"]


@dataclass(frozen=True)
class Addend:
    """What a readout is the sum of."""

    label: str
    """`stream`, or the name of a constant."""
    value: float


@dataclass(frozen=True)
class Readout(RunResult[Addend]):
    """`value = direction . x + sum(constants)`, where `x` is the stream at one position after block `layer`."""

    run: Run
    position: int
    layer: StreamLayer
    """The block after which the stream is read; "emb" for what enters the first."""
    reference: Reference
    target: int | None
    """Token id; None for a direction."""
    versus: int | None
    """Token id of a contrast, else None."""
    direction: Float[Tensor, "d_model"]
    """In the stream, in float64: the unembedding pulled back through the frozen final norm."""
    constants: dict[str, float]
    """`final_norm_shift`, `prediction_head_bias`, `prediction_head_norm_shift`, `unembedding_bias`, `softcap`: what
    does not depend on the stream. Of a 16-bit run also what these steps rounded: `final_norm_rounding`,
    `prediction_head_rounding`, `unembedding_rounding`, `softcap_rounding`."""
    value: float
    """The number that the model's own modules give, in logits."""
    reference_value: float
    """What was subtracted from the raw logit: the mean logit, the other token's logit, or 0."""
    spread: float
    """`sqrt(sum_i (w_i y_i)^2)` over the dimensions of the normed stream `y` that the unembedding summed, and of each
    state of a prediction head; 0 for a direction. What rounding does to them is proportional to it."""

    def __repr__(self) -> str:
        what = "a direction" if self.target is None else f"token {self.target}"
        against = f" against token {self.versus}" if self.versus is not None else f" ({self.reference})"
        place = f"position {self.position}, layer {self.layer} of {self.run.model.layers}"
        return f"Readout({what}{'' if self.target is None else against}: {self.value:+.4f} at {place}; {self.run!r})"

    def entries(self) -> list[Addend]:
        """What the stream adds, and the constants."""
        constants = [Addend(name.replace("_", " "), value) for name, value in self.constants.items()]
        return [Addend("stream", self.value - sum(self.constants.values())), *constants]

    @property
    def unit(self) -> str:
        """Logits, or units of the stream along a direction."""
        return "units of the stream" if self.reference == "direction" else "logits"

    @property
    def title(self) -> str:
        """What is read, for a picture: `logit of ·Paris above the vocabulary mean`."""
        if self.target is None:
            return "along the direction"
        text, versus = (None if t is None else visible(name_of(self.model, t)) for t in (self.target, self.versus))
        above = {"mean": " above the vocabulary mean", "versus": f" above that of {versus}"}
        return f"logit of {text}{above.get(self.reference, '')}"

    @property
    def blocks(self) -> int:
        """How many blocks wrote to what is read."""
        return state_of(self.layer, self.run.model.layers)


@prompted
def readout(
    prompt: Prompt,
    target: str | SupportsIndex | None = None,
    *,
    position: int | None = None,
    reference: str = "mean",
    versus: str | SupportsIndex | None = None,
    layer: StreamLayer | None = None,
) -> Readout:
    """The readout of a token's logit.

    Args:
        prompt: a recorded run that keeps the position, or a model and a prompt.
        target: the token (text or id) whose logit is read; None takes the top prediction.
        position: where to read (negative counts from the end); the logit there predicts the next token. None reads
            where it is asked: at the last position, or at the blank of a masked language model.
        reference: "mean" reads `logit(target) - mean over the vocabulary`, which is what the softmax sees; "raw" the
            plain logit. Exact in both cases.
        versus: a token; reads `logit(target) - logit(versus)` instead.
        layer: read the stream after this block through the final norm (the logit lens), or, with "emb", what enters
            the first block; None reads the stream after the last.

    Raises:
        InputError: unknown target, position or layer, or the module's weights were edited since the run.
        LedgerError: rounding does not explain what a 16-bit run lost between the last stream and the logit.
    """
    kind = _reference(reference, versus=versus)
    position = prompt.place(position)
    run = prompt.run or prompt.recorded([position])
    model, row = run.model, run.row(position)
    state = state_of(layer, model.layers)
    end = _read(run, row, state)
    x, head, normed, uncapped, logits = end
    before = run.text_before(position)
    token = int(logits.argmax()) if target is None else target_token(model, target, before)
    other = None if versus is None else target_token(model, versus, before)
    weights = _Combination(token, other, mean=kind == "mean")
    with torch.inference_mode():
        w = weights.of_rows(run)
        pulled = None if head is None else _head_of(model).pullback(w, head, normed)
        after_norm, w_norm = (normed, w) if head is None or pulled is None else (head.read, pulled.w)
        scale = model.final_norm.scale(x, after_norm)
        value, linear = weights.of(logits), weights.of(uncapped)
        constants: dict[str, float] = {}
        if bool(model.final_norm.shift.any()):
            constants["final_norm_shift"] = float(w_norm @ model.final_norm.shift)
        if pulled is not None:
            constants |= {"prediction_head_bias": pulled.of_bias, "prediction_head_norm_shift": pulled.of_norm}
        if model.unembedding_bias is not None:
            constants["unembedding_bias"] = weights.of(model.unembedding_bias)
        if model.softcap is not None:
            constants["softcap"] = value - linear
        if roundings.are_terms(model):
            constants |= _end_roundings(run, weights, pulled, end)
        return Readout(
            run=run,
            position=position,
            layer=layer_of(state),
            reference=kind,
            target=token,
            versus=other,
            direction=model.final_norm.pullback(w_norm, scale),
            constants=constants,
            value=value,
            reference_value=float(logits[token]) - value,
            spread=math.hypot(float((w * normed.double()).norm()), *_spreads(pulled, head)),
        )


def _head_of(model: Model) -> PredictionHead:
    assert model.prediction_head is not None
    return model.prediction_head


def _spreads(pulled: Pulled | None, head: HeadStates | None) -> list[float]:
    """Of each state of a prediction head."""
    if pulled is None or head is None:
        return []
    pairs = ((pulled.w, head.read), (pulled.dense, head.dense), (pulled.activated, head.activated))
    return [float((w * x.double()).norm()) for w, x in pairs]


def _reference(word: str, *, versus: object) -> Reference:
    if word not in ("mean", "raw"):
        raise InputError(f"Expected a reference of mean or raw, found {word!r}.")
    return "versus" if versus is not None else "mean" if word == "mean" else "raw"


@prompted
def read_direction(
    prompt: Prompt,
    direction: Float[Tensor, "d_model"] | Sequence[float],
    *,
    position: int | None = None,
    layer: StreamLayer | None = None,
) -> Readout:
    """The readout of a given direction: `direction . x`, in the units of the stream, no norm in between.

    Args:
        prompt: a recorded run that keeps the position, or a model and a prompt.
        direction: `d_model` numbers.
        position: where to read, as `layer`, as in `readout`.

    Raises:
        InputError: the direction has the wrong length, position or layer is out of range, or the module's weights were
            edited since the run.
    """
    position = prompt.place(position)
    run = prompt.run or prompt.recorded([position])
    row, state = run.row(position), state_of(layer, run.model.layers)
    w = torch.as_tensor(direction, dtype=torch.float64, device=run.model.device).clone()
    if w.shape != (run.model.d_model,):
        raise InputError(f"Expected a direction of {run.model.d_model} numbers, found shape {tuple(w.shape)}.")
    return Readout(
        run=run,
        position=position,
        layer=layer_of(state),
        reference="direction",
        target=None,
        versus=None,
        direction=w,
        constants={},
        value=float(w @ _stream(run, row, state).double()),
        reference_value=0.0,
        spread=0.0,
    )


def _stream(run: Run, row: int, state: int) -> Float[Tensor, "d_model"]:
    """The stream at one kept position."""
    return run.final[row] if state == run.model.layers else run.streams()[state, row]


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

    @property
    def named(self) -> list[int]:
        """The tokens that are read alone."""
        return [self.token] if self.versus is None else [self.token, self.versus]

    def at_most(self, errors: Float[Tensor, "vocab"]) -> float:
        """What errors of the values can do to the combination."""
        return float(errors[self.named].double().sum() + (errors.double().mean() if self.mean else 0.0))

    def of_rows(self, run: Run) -> Float[Tensor, "d_unembedding"]:
        rows = run.model.unembedding
        w = rows[self.token].double()
        if self.versus is not None:
            w = w - rows[self.versus].double()
        if self.mean:
            w = w - run.model.mean_unembedding
        return w


class _End(NamedTuple):
    """What stands at one position between the stream and the logits, as the model's own modules give it."""

    stream: Tensor
    head: HeadStates | None
    normed: Tensor
    uncapped: Tensor
    """The logits before the soft-cap."""
    logits: Tensor


def _end_roundings(run: Run, weights: _Combination, pulled: Pulled | None, end: _End) -> dict[str, float]:
    """The soft-cap, and what it, unembedding, prediction head and final norm rounded of this combination of logits."""
    x, head, normed, uncapped, logits = end
    model, w, found = run.model, weights.of_rows(run), {}
    if not model.final_norm.identity or model.logit_scale != 1:
        after = normed if head is None else head.read
        lost = roundings.of_norm("the final norm", model.final_norm, x, after)
        found["final_norm_rounding"] = float((w if pulled is None else pulled.w) @ lost)
    if head is not None and pulled is not None:
        found["prediction_head_rounding"] = _head_rounding(_head_of(model), w, pulled, head, normed)
    bias = 0.0 if model.unembedding_bias is None else weights.of(model.unembedding_bias)
    allowed = roundings.half_unit(uncapped) * (1 if model.unembedding_bias is None else 2)
    partial = roundings.partial_sums(uncapped, len(normed)) * sum(
        float((model.unembedding[token].double() * normed.double()).norm()) for token in weights.named
    )  # those of the mean are averaged away
    lost = weights.of(uncapped) - float(w @ normed.double()) - bias
    found["unembedding_rounding"] = _held("the unembedding", lost, weights.at_most(allowed) + partial)
    if model.softcap is not None:
        exact = capped(uncapped.double(), model.softcap)
        found["softcap"] = weights.of(exact) - weights.of(uncapped)
        lost = weights.of(logits) - weights.of(exact)
        allowed = 2 * roundings.half_unit(uncapped) + 2 * roundings.half_unit(logits)
        found["softcap_rounding"] = _held("the soft-cap", lost, weights.at_most(allowed))
    return found


def _head_rounding(head: PredictionHead, w: Tensor, pulled: Pulled, states: HeadStates, y: Tensor) -> float:
    """What the dense layer and the norm of a prediction head rounded; the ratio of the activation is the run's own."""
    what = "the dense layer of the prediction head"
    product = roundings.of_product(what, states.dense, states.read, head.dense)
    normed = roundings.of_norm("the norm of the prediction head", head.norm, states.activated, y)
    return float(pulled.dense @ product) + float(w @ normed)


def _held(what: str, lost: float, allowed: float) -> float:
    """`roundings.held` of one number, in float64 all the way."""
    return float(roundings.held(what, *torch.tensor([[lost], [allowed]], dtype=torch.float64)))


def _read(run: Run, row: int, state: int) -> _End:
    model = run.model
    if state == model.layers:
        head = None if run.head is None else run.head.at(row)
        return _End(run.final[row], head, run.normed[row], run.uncapped_logits[row], run.logits[row])
    x = _stream(run, row, state)
    with torch.inference_mode():
        head = head_states(model, x[None])
        normed, uncapped, logits = unembedded(model, x[None])
    return _End(x, None if head is None else head.at(0), normed[0], uncapped[0], logits[0])
