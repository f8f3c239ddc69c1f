"""roundings: what each step of a 16-bit run rounded, exactly, in float64.

    sum       after - (before + write)                          of each write to the stream
    product   write - (z W_O + b),  write - (activation W_out + b)
    mix       z - pattern @ value                               of each head
    norm      after - (gain C(before) scale + shift)            of the stream, of a write, the last one
    logit     uncapped - (W_U normed + b_U),  capped - c tanh(uncapped / c)

With them as terms, a ledger of a bfloat16 or float16 run sums to the model's own logit as closely as one of a float32
run. But a difference closes any sum, also that of a wrong row. So two things are compared first:

- The stream summed anew from the recorded writes is the recorded stream, bit for bit, at the end of each block.
- No element of a rounding is larger than rounding can make it. Let `h(x)` be half a unit in the last place of `x`,
  `u = 2^-7` (bfloat16) or `2^-10` (float16) the distance from 1 to the next number, and `n` the length of a product:

      sum       h(after), and h of what is added first where three are added
      product   h(after) + h(product) + a sqrt(sum_n (v_n M_n)^2)
      norm      b_i + |d_i| |b| / |d|,  b_i = 2 u (|gain C(x) / rms| + |shift|),  d = gain C(x)
      soft-cap  2 h(uncapped) + 2 h(capped)

  A product rounds once, and once more where a bias is added after. Its `n` partial sums are float32 on a CPU, where
  `a = sqrt(n) 2^-23` (Higham and Mary, *A New Approach to Probabilistic Rounding Error Analysis*, 2019); other devices
  may add them in 16 bits, where `a = u`. A norm rounds what it scaled, what it multiplied by its gain and what it
  shifted, half a unit each, and a logit scale half a unit more: `b`. The scale is fitted to the output along `d`, so
  what was lost there moves it by `|b| / |d|` at most.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import LedgerError
from unembed.models.layers import bias, expert_activation, expert_matrix, projection, rounding_inside
from unembed.models.model import Model
from unembed.models.norms import Norm
from unembed.runs.kept import ExpertInputs
from unembed.runs.run import Run

UNIT = torch.finfo(torch.float32).eps
"""The unit to which a ledger with its roundings adds up."""
_ROWS = 2048
"""Of a matrix are widened at a time."""
_ROUNDED_TWICE = 1.001
"""A 16-bit result is rounded to float32 first, which makes it farther from the exact one by 2^-14 at most."""


def are_terms(model: Model) -> bool:
    """Whether ledgers of this model name what its run rounded: where it computes in 16 bits."""
    return torch.finfo(model.dtype).eps > UNIT


def half_unit(x: Tensor) -> Float[Tensor, "..."]:
    """Half a unit in the last place of each number, at most, in float64."""
    info = torch.finfo(x.dtype)
    return x.double().abs().clamp_min(info.tiny) * (info.eps / 2)


def of_sum(what: str, after: Tensor, *addends: Tensor) -> Float[Tensor, "..."]:
    """What was rounded as addends became `after`: the last two were added first.

    Raises:
        LedgerError: rounding does not explain it.
    """
    lost = after.double() - sum(addend.double() for addend in addends)
    first = addends[-2] + addends[-1]
    return held(what, lost, half_unit(after) + (half_unit(first) if len(addends) > 2 else 0.0))


def of_norm(what: str, norm: Norm, before: Tensor, after: Tensor) -> Float[Tensor, "..."]:
    """What a norm rounded, apart from its scale, which is that of the run.

    Raises:
        LedgerError: rounding does not explain it.
    """
    lost = after.double() - norm.pushforward(before, norm.scale(before, after)) - norm.shift
    centred = norm.centre(before.double())
    scaled = (centred / centred.square().mean().sqrt().clamp_min(torch.finfo(torch.float64).tiny)).abs()
    gain, shift, unit = norm.gain.abs(), norm.shift.abs(), torch.finfo(after.dtype).eps
    own = 2 * unit * (gain * scaled + shift) + 4 * half_unit(torch.zeros_like(after))
    of_scale = gain * scaled * own.norm() / (gain * scaled).norm().clamp_min(torch.finfo(torch.float64).tiny)
    return held(what, lost, own + of_scale)


def of_product(
    what: str, after: Float[Tensor, "d_out"], x: Float[Tensor, "d_in"], layer: nn.Module
) -> Float[Tensor, "d_out"]:
    """What was rounded as a linear layer made `after` of `x`: once, or in each layer that it is made of.

    Raises:
        LedgerError: rounding does not explain it.
    """
    (product, squares), offset = _product(x, projection(layer)), bias(layer)
    exact = product if offset is None else product + offset.double()
    allowed = half_unit(after) + half_unit(product.to(after.dtype)) + partial_sums(after, len(x)) * squares.sqrt()
    return held(what, after.double() - exact, allowed + rounding_inside(layer, x, after))


def of_mix(
    what: str,
    z: Float[Tensor, "head d_head"],
    pattern: Float[Tensor, "head key"],
    value: Float[Tensor, "kv_head key d_head"],
) -> Float[Tensor, "head d_head"]:
    """What was rounded as heads mixed their values.

    Raises:
        LedgerError: rounding does not explain it.
    """
    values = value.double().repeat_interleave(len(z) // len(value), 0)
    weights = pattern.double()[:, None]
    exact, squares = (weights @ values)[:, 0], (weights.square() @ values.square())[:, 0]
    return held(what, z.double() - exact, half_unit(z) + partial_sums(z, values.shape[1]) * squares.sqrt())


def of_mixture(
    what: str,
    after: Float[Tensor, "d_model"],
    experts: Any,
    inputs: ExpertInputs,
    row: int,
    shared: tuple[Tensor, Any] | None = None,
) -> Tensor:
    """What a mixture of experts rounded; its neurons are computed anew here, so theirs is in it. Of shared experts
    (their neurons and W_out) the product is rounded as that of one expert more.

    Each expert's product is rounded, then its product with the router's weight, then the sum; and a neuron that is
    computed with other rows beside it may come out a unit or two off, each by itself: `2 u sqrt(sum of squares)`. What
    the tests needed of these 2 is 0.4.

    Raises:
        LedgerError: rounding does not explain it.
    """
    exact, allowed = torch.zeros_like(after, dtype=torch.float64), half_unit(torch.zeros_like(after))
    unit, squares = torch.finfo(after.dtype).eps, torch.zeros_like(exact)
    for expert, weight in zip(inputs.index[row].tolist(), inputs.weight[row].double(), strict=True):
        neurons = expert_activation(experts, expert, inputs.hidden[row])
        product, of_neurons = _product(neurons, expert_matrix(experts, expert))
        if experts.has_bias:
            product = product + experts.down_proj_bias[expert].detach().double()
        exact, squares = exact + weight * product, squares + weight**2 * of_neurons
        allowed = allowed + 2 * unit * (weight * product).abs()
    if shared is not None:
        product, of_neurons = _product(shared[0], projection(shared[1]))
        exact, squares = exact + product, squares + of_neurons
        allowed = allowed + 2 * unit * product.abs()
    return held(what, after.double() - exact, allowed + half_unit(after) + 2 * unit * squares.sqrt())


def check_stream(run: Run, row: int, below: int) -> None:
    """Compare the stream summed from the recorded writes with the recorded one, at one kept position, bit for bit.

    Args:
        run: of any dtype.
        row: on its `query` axis.
        below: the layer before which the readout reads; the number of layers for the last stream.

    Raises:
        LedgerError: they differ.
    """
    ends = [
        run.before_blocks[row],
        *(after for (_, stage), (_, after) in run.states(row, below=below) if stage == "mlp"),
    ]
    for layer, summed in enumerate(ends):
        if layer == len(run.layers):
            _check_same("the last stream", summed, run.final[row])
        elif run.calls:
            _check_same(f"the stream before block {layer}", summed, run.calls[layer].stream.kept[row])


def _check_same(what: str, summed: Tensor, recorded: Tensor) -> None:
    if not torch.equal(summed, recorded.to(summed.device)):
        error = float((summed.double() - recorded.double()).abs().max())
        raise LedgerError(
            f"The ledger does not add up: {what}, summed from what was written to it, is not the one that the model "
            f"had: it is off by up to {error:.2e}, and additions in {str(summed.dtype).removeprefix('torch.')} are "
            "repeatable to the last bit.\n"
            "The model's modules were changed after loading, or its family row is wrong; please report it."
        )


def _product(
    x: Float[Tensor, "d_in"], matrix: Float[Tensor, "d_in d_out"]
) -> tuple[Float[Tensor, "d_out"], Float[Tensor, "d_out"]]:
    """`x @ matrix` in float64, and the sum of the squares of what it adds up."""
    exact = matrix.new_zeros(matrix.shape[1], dtype=torch.float64)
    squares = exact.clone()
    for part, rows in zip(x.double().split(_ROWS), matrix.split(_ROWS), strict=True):
        wide = rows.double()
        exact += part @ wide
        squares += part.square() @ wide.square()
    return exact, squares


def partial_sums(like: Tensor, length: int) -> float:
    """What rounds the partial sums of a product of some length, relative to the root of the sum of their squares."""
    return length**0.5 * UNIT if like.device.type == "cpu" else torch.finfo(like.dtype).eps


def held(what: str, lost: Tensor, allowed: Tensor) -> Tensor:
    """The rounding, if it is one.

    Raises:
        LedgerError: it is larger than what is allowed, at some element.
    """
    outside = ~(lost.abs() <= _ROUNDED_TWICE * allowed)  # also what is no number
    if bool(outside.any()):
        worst = (lost.abs() / allowed).nan_to_num(torch.inf).argmax()
        raise LedgerError(
            f"The ledger does not add up: {what} is off by {float(lost.abs().flatten()[worst]):.2e}, where rounding "
            f"explains at most {float(allowed.expand_as(lost).flatten()[worst]):.2e}.\n"
            "The model's modules were changed after loading, or its family row is wrong; please report it."
        )
    return lost
