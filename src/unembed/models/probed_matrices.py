"""The matrix of a linear layer of whatever class, read off by running it: quantised layers, unmerged adapters.

    offset = f(0),    row i of W = (f(s e_i) - f(0)) / s

A row is what the layer itself makes of one number, so nothing is known of how it stores its weights. It is exact up to
one rounding to the layer's own precision: every other product is with a zero. `s` is 1 without an offset, else a power
of two (exact), beside which the offset rounds nothing away. One layer is read at a time, when it is asked for, and not
kept: a model in 4 bits stays one in 4 bits.

Of layers inside layers (an adapter beside a matrix) a copy in float64 is read instead, since each of them rounds.

What was read is compared with the layer each time, on rows that a layer which is not linear gets wrong: of mixed sizes,
and with a few large numbers among small ones, beside which 8 bits of an activation hold no small one.
"""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import ModelError

_ROWS = 1024
"""Rows that a layer is given at once."""
_SIZES = (2.0**-6, 1.0, 2.0**6)
_ALLOWED = 4.0
"""Times the root mean square of what independent roundings add up to."""
TYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def has_features(module: nn.Module | None) -> bool:
    """Whether a module says how many numbers it takes and makes, as layers in the place of a linear one do."""
    return all(isinstance(getattr(module, name, None), int) for name in ("in_features", "out_features"))


def probed_offset(module: nn.Module) -> Float[Tensor, "d_out"]:
    """What the layer makes of zeros."""
    return _made(module, torch.zeros(1, module.in_features, dtype=_dtype(module), device=_device(module)))[0]  # type: ignore[arg-type]


def probed_matrix(module: nn.Module) -> Float[Tensor, "d_in d_out"]:
    """`W` of a layer that computes `x @ W + b`, in the precision of what the layer makes.

    Raises:
        ModelError: the layer is not linear to within its own rounding, or cannot be run.
    """
    offset, width = probed_offset(module), int(module.in_features)  # type: ignore[arg-type]
    if offset.shape != (module.out_features,) or offset.dtype not in TYPES:
        raise ModelError(
            f"Expected {_named(module)} to make {module.out_features} floating-point numbers of {width}, found "
            f"{list(offset.shape)} of {str(offset.dtype).removeprefix('torch.')}.\n{_INSTEAD}"
        )
    matrix = _read(copy.deepcopy(module).double() if _of_matrices(module) else module, offset)
    _check(module, matrix, offset)
    return matrix


def inner_rounding(module: nn.Module, x: Float[Tensor, "*batch d_in"], like: Tensor) -> Tensor:
    """What the layers inside a layer round beside what one product does, at most, in float64; zeros where it is one.

    Each product and sum on the way rounds half a unit of what it adds up. With every weight and input replaced by its
    absolute value the layer gives the sum of these sizes, `|x| |W| + |x| |A| |B| + |b|`; there are 6 roundings on
    the longest way (two products, two scalings, the sum, the matrix that was read): `3 eps` of it.
    """
    if not _of_matrices(module):
        return torch.zeros((), dtype=torch.float64, device=x.device)
    wide = copy.deepcopy(module).double()
    with torch.no_grad():
        for tensor in (*wide.parameters(), *wide.buffers()):
            tensor.abs_()
    return 3 * torch.finfo(like.dtype).eps * _made(wide, x.detach().double().abs())


def _of_matrices(module: nn.Module) -> bool:
    """Whether there are layers inside, all of floating-point numbers."""
    tensors = (*module.parameters(), *module.buffers())
    return any(True for _ in module.children()) and bool(tensors) and all(x.dtype in TYPES for x in tensors)


def _read(module: nn.Module, like: Float[Tensor, "d_out"]) -> Float[Tensor, "d_in d_out"]:
    offset, width = probed_offset(module), int(module.in_features)  # type: ignore[arg-type]
    scale = 1.0 if not offset.any() else 2.0**8 if offset.dtype == torch.float16 else 2.0**16
    given = torch.zeros(min(_ROWS, width), width, dtype=_dtype(module), device=offset.device)
    matrix = like.new_empty(width, len(offset))
    for first in range(0, width, _ROWS):
        rows = torch.arange(min(_ROWS, width - first), device=offset.device)
        given.zero_()
        given[rows, first + rows] = scale
        matrix[first : first + len(rows)] = (_made(module, given[: len(rows)]) - offset) / scale
    return matrix


def _check(module: nn.Module, matrix: Float[Tensor, "d_in d_out"], offset: Float[Tensor, "d_out"]) -> None:
    """Compare the layer with its matrix on some rows.

    Tolerance, with `u` half a unit of the output, `v` half a unit of float32 or finer, in which products are summed,
    and `q = sum_i x_i^2 W_ij^2 + b_j^2`: the output and the entries of the matrix are rounded once each. Of sums one
    after the other, the `k`-th holds about `sqrt(k q / n)` and is off by up to `v` of it, evenly: together
    `v sqrt(n q / 6)`. Roundings are independent: `4 (u (|y| + sqrt(2 q)) + v sqrt(n q / 6))`, and
    what layers inside the layer round.
    """
    x = _rows(len(matrix)).to(offset.device, _dtype(module))
    made, wide = _made(module, x).double(), matrix.double()
    exact = x.double() @ wide + offset.double()
    info = torch.finfo(offset.dtype)
    squares = x.double().square() @ wide.square() + offset.double().square()
    summed = min(info.eps, torch.finfo(torch.float32).eps) * (len(matrix) / 6) ** 0.5
    allowed = (_ALLOWED / 2) * (info.eps * (exact.abs() + (2 * squares).sqrt()) + summed * squares.sqrt())
    allowed = allowed + info.tiny + inner_rounding(module, x, offset)
    error = (made - exact).abs()
    outside = (error > allowed) & torch.isfinite(made) & torch.isfinite(exact)  # weights that are none: refused as such
    if bool(outside.any()):
        worst = (error / allowed).where(outside, torch.zeros_like(error)).argmax()
        raise ModelError(
            f"Expected a linear layer, found {_named(module)}, which is not linear: what it makes is off from its own "
            f"matrix by {float(error.flatten()[worst]):.2e}, where rounding explains at most "
            f"{float(allowed.flatten()[worst]):.2e}.\nIt rounds what it reads, or computes in fewer bits than it "
            f"gives. {_INSTEAD}"
        )


_INSTEAD = (
    "Give the model before it was quantised or its layers were replaced, or with layers that quantise weights alone."
)


def _rows(width: int) -> Float[Tensor, "probe d_in"]:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(len(_SIZES) + 1, width, generator=generator, dtype=torch.float64)
    rows[: len(_SIZES)] *= torch.tensor(_SIZES, dtype=torch.float64)[:, None]
    rows[-1, :: max(1, width // 2)] *= 64
    return rows


def _made(module: nn.Module, x: Float[Tensor, "row d_in"]) -> Float[Tensor, "row d_out"]:
    """By the layer's own code, past the hooks on it: a probe is no part of a run that is being recorded."""
    try:
        with torch.inference_mode(False), torch.no_grad():
            return module.forward(x).detach()
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, NotImplementedError, ImportError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"{_named(module)} cannot be run as a linear layer here: {reason}\n{_INSTEAD}") from error


def _dtype(module: nn.Module) -> torch.dtype:
    """In which the layer is given numbers: of its first floating-point tensor, or what it says that it computes in."""
    tensors = (*module.parameters(), *module.buffers())
    found = next((x.dtype for x in tensors if x.dtype in TYPES), getattr(module, "compute_dtype", None))
    return found if isinstance(found, torch.dtype) else torch.get_default_dtype()


def _device(module: nn.Module) -> torch.device:
    return next((x.device for x in (*module.parameters(), *module.buffers())), torch.device("cpu"))


def _named(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"
