"""Norms written by hand from their papers' formulas, with their statistic frozen; and units of rounding."""

import torch
from torch import Tensor, nn

EPS64 = torch.finfo(torch.float64).eps
EPS32 = torch.finfo(torch.float32).eps
NORM_ROUNDINGS = 8
FLOAT32_SOFTMAX = 8 * EPS32
"""Most families take the softmax in float32, whatever their weights: a few roundings of probabilities of at most 1."""


class FrozenNorm:
    """A norm written by hand, with its statistic frozen at the value it has for `x`."""

    def __init__(self, kind: str, weight: Tensor, bias: Tensor | None, eps: float, x: Tensor) -> None:
        x, weight = x.double(), weight.detach().double()
        self.centred = kind == "layer"
        # Gemma adds 1 in float32, and that sum, rounded, is the gain it multiplies by.
        self.gain = (1 + weight.float()).double() if kind == "rms1" else weight
        self.shift = torch.zeros_like(self.gain) if bias is None else bias.detach().double()
        centred = x - x.sum() / x.numel() if self.centred else x
        self.sigma = float(((centred * centred).sum() / x.numel() + eps) ** 0.5)
        self.unit = EPS64 if kind == "layer" else EPS32

    def linear(self, v: Tensor) -> Tensor:
        """What the norm does to an addend of its input."""
        if self.centred:
            v = v - v.mean(-1, keepdim=True)
        return self.gain * v / self.sigma

    def __call__(self, v: Tensor) -> Tensor:
        return self.linear(v) + self.shift

    def magnitude(self, v: Tensor) -> Tensor:
        """`linear` with absolute values throughout."""
        v = v.abs()
        if self.centred:
            v = v + v.mean(-1, keepdim=True)
        return (self.gain.abs() + self.shift.abs()) * v / self.sigma


class NoNorm:
    """Where there is none."""

    shift = torch.zeros(())
    unit = 0.0

    def linear(self, v: Tensor) -> Tensor:
        return v

    def __call__(self, v: Tensor) -> Tensor:
        return v

    def magnitude(self, v: Tensor) -> Tensor:
        return v.abs()


def norm_eps(module: nn.Module) -> float:
    return float(getattr(module, "eps", None) or module.variance_epsilon)


def freeze(kind: str, module: nn.Module | None, x: Tensor) -> FrozenNorm | NoNorm:
    if module is None or kind == "none":
        return NoNorm()
    return FrozenNorm(kind, module.weight, getattr(module, "bias", None), norm_eps(module), x)
