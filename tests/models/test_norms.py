"""Norms read by probing, against norms written by hand from their formulas.

Tolerance throughout: `OPS = 8` units of the arithmetic the norm computes in (square, mean, eps, rsqrt, product, gain
and two for the sum of the mean), times the magnitude `|gain * C(x) * scale| + |shift|` of what it adds up.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.gemma2.modeling_gemma2 import Gemma2RMSNorm
from transformers.models.gpt_oss.modeling_gpt_oss import GptOssRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.olmo2.modeling_olmo2 import Olmo2RMSNorm

from oracles.norms import EPS32, FrozenNorm, norm_eps
from unembed.errors import ModelError
from unembed.models.norms import Norm, probe

OPS = 8
CPU = torch.device("cpu")
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
RMS = {"llama": LlamaRMSNorm, "olmo2": Olmo2RMSNorm, "gpt_oss": GptOssRMSNorm, "torch": nn.RMSNorm}
GEMMA = {"gemma": GemmaRMSNorm, "gemma2": Gemma2RMSNorm}
KINDS = (*RMS, *GEMMA, "layer", "layer without bias", "layer without weights")


def make(kind: str, gain: Tensor, shift: Tensor, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A norm of this kind with these numbers, rounded to `dtype`."""
    d_model = len(gain)
    if kind.startswith("layer"):
        module: nn.Module = nn.LayerNorm(
            d_model, eps=1e-5, bias=kind == "layer", elementwise_affine=kind != "layer without weights"
        )
    else:
        module = {**RMS, **GEMMA}[kind](d_model, eps=1e-6)
    with torch.no_grad():
        if kind != "layer without weights":
            module.weight.copy_(gain - 1 if kind in GEMMA else gain)
        if kind == "layer":
            module.bias.copy_(shift)
    return _cast(module, kind, gain, shift, dtype)


def _cast(module: nn.Module, kind: str, gain: Tensor, shift: Tensor, dtype: torch.dtype) -> nn.Module:
    module = module.to(dtype)
    with torch.no_grad():  # again, so that float64 is not rounded through the default dtype
        if kind != "layer without weights":
            module.weight.copy_(gain - 1 if kind in GEMMA else gain)
        if kind == "layer":
            module.bias.copy_(shift)
    return module.eval()


def by_hand(kind: str, module: nn.Module, x: Tensor) -> FrozenNorm:
    weight = getattr(module, "weight", None)
    weight = torch.ones(len(x)) if weight is None else weight
    name = "layer" if kind.startswith("layer") else "rms1" if kind in GEMMA else "rms"
    return FrozenNorm(name, weight, getattr(module, "bias", None), norm_eps(module), x)


def numbers(d_model: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    size = 10 ** (4 * torch.rand(d_model, generator=generator, dtype=torch.float64) - 2)
    sign = torch.where(torch.rand(d_model, generator=generator) < 0.4, -1.0, 1.0)
    return size * sign, torch.randn(d_model, generator=generator, dtype=torch.float64)


def unit(kind: str, dtype: torch.dtype) -> float:
    """Of the arithmetic: transformers' RMSNorms compute in float32 at least, all others in the dtype itself."""
    own = torch.finfo(dtype).eps
    return own if kind.startswith("layer") or kind == "torch" else max(own, EPS32)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("d_model", [2, 3, 7, 32, 33])
@pytest.mark.parametrize("kind", KINDS)
def test_probe_reads_gain_shift_and_centring(kind: str, d_model: int, dtype: torch.dtype) -> None:
    module = make(kind, *numbers(d_model), dtype)
    norm = probe(module, d_model, dtype=dtype, device=CPU)
    own = by_hand(kind, module, torch.ones(d_model))
    assert norm.centred == own.centred
    assert torch.equal(norm.shift, own.shift)
    # Also in 16 bits as closely as in float32: a gain that is off is off in every term.
    unit_of_gain = min(unit(kind, dtype), EPS32)
    assert torch.all((norm.gain - own.gain).abs() <= OPS * unit_of_gain * (own.gain.abs() + own.shift.abs()))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_precision_is_that_of_the_arithmetic(kind: str, dtype: torch.dtype) -> None:
    module = make(kind, *numbers(32), dtype)
    assert probe(module, 32, dtype=dtype, device=CPU).precision == unit(kind, dtype)


@pytest.mark.parametrize("size", [1e-30, 1e-6, 1.0, 1e6, 1e30])
@pytest.mark.parametrize("kind", ["llama", "torch", "layer without bias"])
def test_tiny_and_huge_gains_keep_their_digits(kind: str, size: float) -> None:
    gain, shift = numbers(16)
    norm = probe(make(kind, size * gain, shift), 16, dtype=torch.float64, device=CPU)
    assert torch.all((norm.gain / (size * gain) - 1).abs() <= OPS * EPS32)


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_zero_gains_are_zero(kind: str) -> None:
    gain, shift = numbers(9)
    gain[[0, 4, 5]] = 0
    norm = probe(make(kind, gain, shift), 9, dtype=torch.float64, device=CPU)
    # With a shift, zero is what is left of (0 + shift) - shift: exactly zero as well.
    assert norm.gain[[0, 4, 5]].tolist() == [0, 0, 0]
    assert bool((norm.gain != 0).sum() == 6)


@pytest.mark.parametrize("kind", ["llama", "gemma2", "layer"])
def test_a_norm_that_lets_nothing_through(kind: str) -> None:
    """All gains zero: its output is the shift, its scale no longer matters, and a readout behind it sees nothing."""
    shift = numbers(8)[1]
    module = make(kind, torch.zeros(8, dtype=torch.float64), shift)
    norm = probe(module, 8, dtype=torch.float64, device=CPU)
    x = torch.randn(8, dtype=torch.float64)
    scale = norm.scale(x, module(x).detach())
    assert norm.gain.abs().max() == 0
    assert float(scale) == 0
    assert norm.pullback(torch.ones(8, dtype=torch.float64), scale).tolist() == [0.0] * 8


def test_a_stream_of_one_dimension() -> None:
    """An RMSNorm of one number is its sign, which is not affine; a LayerNorm of it is its shift, which is."""
    one = torch.tensor([2.0], dtype=torch.float64)
    with pytest.raises(ModelError, match="neither a LayerNorm nor an RMSNorm"):
        probe(make("llama", one, one), 1, dtype=torch.float64, device=CPU)
    norm = probe(make("layer", one, 3 * one), 1, dtype=torch.float64, device=CPU)
    assert norm.gain.tolist() == [0.0]
    assert norm.shift.tolist() == [6.0]


class _Twisted(nn.Module):
    """A LayerNorm with something else behind it."""

    def __init__(self, after: nn.Module) -> None:
        super().__init__()
        self.norm, self.after = nn.LayerNorm(12), after

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.norm(x))


@pytest.mark.parametrize(
    "module",
    [
        nn.Linear(12, 12),
        nn.Tanh(),
        nn.Softmax(-1),
        nn.GroupNorm(2, 12),
        _Twisted(nn.GELU()),
        _Twisted(nn.Linear(12, 12)),
    ],
    ids=lambda module: type(module).__name__,
)
def test_what_is_no_norm_is_refused_with_its_error(module: nn.Module) -> None:
    with pytest.raises(
        ModelError, match=rf"^{type(module).__name__} is neither .* off by \d\.\de[-+]\d\d of its output"
    ):
        probe(module.double(), 12, dtype=torch.float64, device=CPU)


def test_one_group_of_a_group_norm_is_a_layer_norm() -> None:
    """Norms are known by what they do, not by their class."""
    gain, shift = numbers(12)
    module = nn.GroupNorm(1, 12).double()
    with torch.no_grad():
        module.weight.copy_(gain)
        module.bias.copy_(shift)
    norm = probe(module, 12, dtype=torch.float64, device=CPU)
    assert norm.centred
    assert torch.allclose(norm.gain, gain, rtol=1e-12, atol=1e-13)


def test_probing_leaves_the_module_alone() -> None:
    module = make("layer", *numbers(8))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    probe(module, 8, dtype=torch.float64, device=CPU)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in module.parameters())


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("kind", KINDS)
def test_scale_is_the_inverse_deviation_eps_included(kind: str, size: float) -> None:
    """At 1e-4 the eps of the norm is most of the variance."""
    gain, shift = numbers(24)
    module = make(kind, gain, shift)
    norm = probe(module, 24, dtype=torch.float64, device=CPU)
    x = size * torch.randn(5, 24, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scale = norm.scale(x, module(x).detach())
    own = torch.tensor([1 / by_hand(kind, module, row).sigma for row in x], dtype=torch.float64)
    slack = 4 * OPS * unit(kind, torch.float64) * (1 + (0 if kind != "layer" else 1e4))  # shift beside tiny gain * x
    assert torch.all((scale / own - 1).abs() <= slack)


def _scales(module: nn.Module, norm: Norm, x: Tensor) -> Tensor:
    return norm.scale(x, module(x).detach())


@given(
    kind=st.sampled_from(KINDS),
    d_model=st.integers(2, 48),
    seed=st.integers(0, 10**6),
    size=st.sampled_from([1e-2, 1.0, 300.0]),
)
def test_pullback_reads_before_the_norm_what_w_reads_after(kind: str, d_model: int, seed: int, size: float) -> None:
    """`w . norm(x) = pullback . x + w . shift`, and so for each addend of x in the norm written by hand."""
    gain, shift = numbers(d_model, seed)
    module = make(kind, gain, shift)
    norm = probe(module, d_model, dtype=torch.float64, device=CPU)
    generator = torch.Generator().manual_seed(seed)
    x, w, v = (torch.randn(d_model, generator=generator, dtype=torch.float64) for _ in range(3))
    x = size * x
    y = module(x).detach()
    pulled = norm.pullback(w, norm.scale(x, y))
    own = by_hand(kind, module, x)
    units = OPS * unit(kind, torch.float64) + 4 * d_model * torch.finfo(torch.float64).eps
    size_of = float(w.abs() @ (own.magnitude(x) + own.shift.abs()))
    # Two numbers in a LayerNorm leave one difference: what cancels in C(x) is lost to the scale as well.
    centred = x - x.mean() if own.centred else x
    lost = float(x.abs().max() / centred.abs().max()) + float(own.shift.abs().max() / own.linear(x).abs().max())
    assert abs(float(pulled @ x) + float(w @ norm.shift) - float(w @ y)) <= units * (1 + lost) * size_of
    assert abs(float(pulled @ v) - float(w @ own.linear(v))) <= units * (1 + lost) * float(w.abs() @ own.magnitude(v))


@pytest.mark.parametrize("kind", KINDS)
def test_pullback_is_the_derivative_of_the_frozen_norm(kind: str) -> None:
    """By central differences (exact for an affine map, up to rounding / step) and by autograd with sigma detached."""
    d_model = 19
    module = make(kind, *numbers(d_model))
    norm = probe(module, d_model, dtype=torch.float64, device=CPU)
    generator = torch.Generator().manual_seed(4)
    x = 3 * torch.randn(d_model, generator=generator, dtype=torch.float64) + 1
    w = torch.randn(d_model, generator=generator, dtype=torch.float64)
    pulled = norm.pullback(w, norm.scale(x, module(x).detach()))
    frozen = by_hand(kind, module, x)
    size = (
        4 * OPS * unit(kind, torch.float64) * float(w.abs() @ (frozen.gain.abs() + frozen.shift.abs())) / frozen.sigma
    )

    step = 0.5 * torch.eye(d_model, dtype=torch.float64)
    differences = torch.stack([w @ frozen(x + row) - w @ frozen(x - row) for row in step])
    assert torch.all(
        (pulled - differences).abs() <= size + 100 * torch.finfo(torch.float64).eps * float(w.abs().sum() * 100)
    )

    leaf = x.clone().requires_grad_()
    (w @ frozen(leaf)).backward()
    assert torch.all((pulled - leaf.grad).abs() <= size)

    # The total derivative, sigma included, is another one: that is what freezing leaves out.
    total = x.clone().requires_grad_()
    (w @ module(total)).backward()
    assert float((pulled - total.grad).abs().max()) > 1e-2 * float(total.grad.abs().max())


def test_pullback_differs_in_each_dimension_by_its_gain() -> None:
    """Not by one number for all: for an RMSNorm, dimension by dimension, `gain_i w_i / sigma`."""
    gain = torch.tensor([1e-3, -2.0, 0.0, 50.0], dtype=torch.float64)
    module = make("llama", gain, torch.zeros(4))
    norm = probe(module, 4, dtype=torch.float64, device=CPU)
    x = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    pulled = norm.pullback(torch.ones(4, dtype=torch.float64), _scales(module, norm, x))
    assert pulled.tolist() == pytest.approx((gain / (1 + 1e-6) ** 0.5).tolist(), rel=4e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_pushforward_and_pullback_are_adjoint_over_a_batch(kind: str) -> None:
    module = make(kind, *numbers(10))
    norm = probe(module, 10, dtype=torch.float64, device=CPU)
    x, v, w = torch.randn(3, 4, 10, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    scale = _scales(module, norm, x)
    forward = (w * norm.pushforward(v, scale)).sum(-1)
    assert forward.tolist() == pytest.approx((norm.pullback(w, scale) * v).sum(-1).tolist(), rel=1e-12, abs=1e-12)
    for row in range(4):
        own = by_hand(kind, module, x[row])
        error = (norm.pushforward(v[row], scale[row]) - own.linear(v[row])).abs()
        assert torch.all(error <= 4 * OPS * unit(kind, torch.float64) * own.magnitude(v[row]))
