"""Norms, read by probing instead of by knowing their class.

Every norm of the field is, at one position, `norm(x) = gain * C(x) * scale + shift`, where `C` subtracts the mean
(LayerNorm) or nothing (RMSNorm) and `scale = 1 / sqrt(mean(C(x)^2) + eps)` is the one non-linear part. With the scale
frozen at its value in the run, the norm is affine, and a readout after it becomes a readout before it. A model without
a norm has an identity in its place, whose scale is 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from unembed.errors import ModelError
from unembed.models.reprs import Brief


@dataclass(frozen=True, repr=False)
class Norm(Brief):
    """What a norm does apart from its scale, in float64."""

    gain: Float[Tensor, "d_model"]
    shift: Float[Tensor, "d_model"]
    centred: bool
    precision: float
    """Relative error of its arithmetic: many norms compute in float32 whatever the model's dtype."""
    identity: bool = False
    """Whether it is none at all: it gives what it takes, perhaps a multiple; its scale is 1 in every run."""

    def centre(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """`C(x)`: the part of `x` the norm looks at."""
        return x - x.mean(-1, keepdim=True) if self.centred else x

    def scale(self, x: Float[Tensor, "*batch d_model"], y: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch"]:
        """The scale of a run in which the norm turned `x` into `y`: least squares of `y - shift` on `gain * C(x)`."""
        if self.identity:
            return torch.ones_like(x[..., 0], dtype=torch.float64)
        direction = self.gain * self.centre(x.double())
        square = direction.square().sum(-1)
        product = ((y.double() - self.shift) * direction).sum(-1)
        return torch.where(square > 0, product / square, torch.zeros_like(square))

    def pullback(
        self, w: Float[Tensor, "*batch d_model"], scale: Float[Tensor, "*#batch"]
    ) -> Float[Tensor, "*batch d_model"]:
        """The readout before the norm that equals `w` after it, shift apart: `w . (norm(x) - shift) = pullback . x`."""
        return self.centre(self.gain * w) * scale[..., None]

    def pushforward(
        self, x: Float[Tensor, "*batch d_model"], scale: Float[Tensor, "*#batch"]
    ) -> Float[Tensor, "*batch d_model"]:
        """What a part `x` of the norm's input adds to its output: `gain * C(x) * scale`."""
        return self.gain * self.centre(x.double()) * scale[..., None]

    def times(self, factor: float) -> "Norm":
        """The norm followed by a multiplication."""
        return self if factor == 1 else replace(self, gain=self.gain * factor, shift=self.shift * factor)


def no_norm(like: Float[Tensor, "d_model"]) -> Norm:
    """What stands where a model has none."""
    ones = torch.ones_like(like, dtype=torch.float64)
    return Norm(gain=ones, shift=torch.zeros_like(ones), centred=False, precision=0.0, identity=True)


def probed(module: nn.Module, d_model: int, *, like: Tensor | None = None) -> Norm:
    """Probe a norm in its own dtype and on its own device; `like` tells both of one without weights (OLMo).

    Raises:
        ModelError: the module is no norm, as `probe` says.
    """
    weight = next(module.parameters(), like)
    if weight is None:
        return probe(module, d_model, dtype=torch.get_default_dtype(), device=torch.device("cpu"))
    return probe(module, d_model, dtype=weight.dtype, device=weight.device)


def probe(module: nn.Module, d_model: int, *, dtype: torch.dtype, device: torch.device) -> Norm:
    """Read gain, shift and centring of a norm from what it does to three inputs; a model may have an identity there.

    Outputs of 16 bits would leave a gain that is off by half a unit of itself and of the shift, and with it every term
    of a ledger: there the norm is read with the same weights in float32. That it is one is tried as it runs.

    Raises:
        ModelError: the module is no LayerNorm or RMSNorm of the form above, and no identity without weights.
    """
    own = run = partial(_applied, module, {}, dtype, device)
    if torch.finfo(dtype).eps > torch.finfo(torch.float32).eps:
        run = partial(_applied, module, _in_float32(module), torch.float32, device)
    # So large that eps vanishes beside the mean square, and a power of two, which every float format holds exactly.
    size = 2.0**20
    sign = torch.ones(d_model, dtype=torch.float64, device=device)
    sign[1::2] = -1  # of mean about 0, so that centring leaves no entry 0: the gain is found by division
    with torch.no_grad():
        large = run(size * sign)
        # A norm gives (up to eps) the same for an input and its multiple, so none gives back both.
        if torch.equal(large, size * sign) and torch.equal(run(sign), sign):
            if next(module.parameters(), None) is not None:
                raise ModelError(
                    f"{type(module).__name__} has weights, as a norm has, and gives back what it takes: it is skipped. "
                    "Its code differs from what its class says, so no number about it would be right."
                )
            return Norm(gain=sign.abs(), shift=0 * sign, centred=False, precision=0.0, identity=True)
        shift = run(torch.zeros_like(sign))  # eps keeps the scale finite at 0, where only the shift is left
        # What centres does not see that 2 was added everywhere: only rounding is left of the difference.
        raised = run(size * (sign + 2)) - large
        centred = bool(raised.norm() < 0.1 * (large - shift).norm())
        blank = Norm(gain=sign, shift=shift, centred=centred, precision=0.0)
        x = blank.centre(size * sign)
        gain = (large - shift) * x.square().mean().sqrt() / x
        if not bool(torch.isfinite(shift).all() and torch.isfinite(large).all()):
            raise ModelError(f"The weights of a norm ({type(module).__name__}) are not finite (NaN or infinity).")
        # The probes above fit by construction, whatever the module is; an input they do not know tells.
        norm = Norm(gain=gain, shift=shift, centred=centred, precision=0.0)
        error = _misfit(norm, own, dtype=dtype)
    if not error <= 16 * max(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps):
        raise ModelError(
            f"{type(module).__name__} is neither a LayerNorm nor an RMSNorm: with its scale frozen it is not affine, "
            f"a probe is off by {error:.1e} of its output. A model with such a norm cannot be decomposed."
        )
    # An error far below what float32 leaves shows that float64 is really computed in.
    computes_in = dtype if error < 64 * torch.finfo(dtype).eps else torch.float32
    return Norm(gain=gain, shift=shift, centred=centred, precision=torch.finfo(computes_in).eps)


def _in_float32(module: nn.Module) -> dict[str, Tensor]:
    """Its 16-bit weights, widened, which changes no number of them."""
    named = (*module.named_parameters(), *module.named_buffers())
    return {name: x.detach().float() for name, x in named if x.is_floating_point()}


def _applied(
    module: nn.Module, weights: dict[str, Tensor], dtype: torch.dtype, device: torch.device, x: Tensor
) -> Tensor:
    """What it gives, with these weights in the place of its own of the same names."""
    try:
        y = functional_call(module, weights, (x.to(dtype=dtype, device=device)[None],))[0].double()
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise _no_norm(module, len(x), str(error)) from error
    if y.shape != x.shape:
        raise _no_norm(module, len(x), f"it gives {y.shape[-1]}")
    return y


def _no_norm(module: nn.Module, d_model: int, reason: str) -> ModelError:
    return ModelError(
        f"{type(module).__name__} does not run as a norm of {d_model} numbers: {reason}\n"
        "The row of the family names another module where a norm should be (docs/families.md)."
    )


def _misfit(norm: Norm, run: Callable[[Tensor], Tensor], *, dtype: torch.dtype) -> float:
    """How far, relative to its output, the module is from the affine form on a random input."""
    x = torch.randn(norm.gain.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = x.to(dtype).to(norm.gain)
    y = run(x)
    predicted = norm.gain * norm.centre(x) * norm.scale(x, y) + norm.shift
    return ((y - predicted).norm() / y.norm().clamp_min(1e-300)).item()
