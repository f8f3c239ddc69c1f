"""Projections: what attention makes of its input, read by running the unmodified module.

How a family lays out W_Q, W_K and W_V (fused, grouped, transposed), where it puts rotary embeddings and which norms it
has on queries and keys is the module's own business. It is called on the rows one wants to know about, and what it
hands to the attention interface is what they become:

    query = R_p N_q(W_Q x + b_Q)      key = R_p N_k(W_K x + b_K)      value = W_V x + b_V

with `R_p` the rotation of position `p` (the identity at 0 and where there is none) and `N` the norm of Qwen 3, Gemma 3,
OLMo 2. With the scale of such a norm frozen, each is affine in `x`.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.models import norms
from unembed.models.hooks import attending, on_pass, one_at_a_time
from unembed.models.model import Model, input_norm
from unembed.models.refusals import plain_heads_only
from unembed.models.reprs import Brief
from unembed.runs.kept import at_positions
from unembed.runs.record import record
from unembed.runs.run import Run


@dataclass(frozen=True, repr=False)
class _Projected(Brief):
    """Queries, keys and values of some rows, as the scores read them."""

    query: Float[Tensor, "row head d_head"]
    key: Float[Tensor, "row kv_head d_head"]
    value: Float[Tensor, "row kv_head d_head"]


_SIZE = 2.0**12
"""Of the rows by which a matrix is read."""
_Scales = list[Tensor]
"""The scale of each norm of queries and keys, in the order in which the module calls them."""


@torch.no_grad()
def affine(run: Run, layer: int, position: int, at: Float[Tensor, "d_model"] | None) -> "Affine":
    """The projections at a position as matrices, with the norms of queries and keys frozen.

    Args:
        run: tells how the block calls its attention.
        layer: of the attention.
        position: sets the rotation, and what else the module adds for a position.
        at: the row at which the scales of queries' and keys' norms are taken; None sets them to 1.

    Raises:
        InputError: not every block has plain heads.
    """
    model = run.model
    plain_heads_only(model, "This")
    # Scaled up, so that a large bias does not round a matrix entry away; by a power of two, which is exact.
    eye = _SIZE * torch.eye(model.d_model, dtype=model.dtype, device=model.device)
    rows = torch.cat([eye, torch.zeros_like(eye[:1])])
    positions = [position] * len(rows)
    like = rows if at is None else at.to(rows).expand_as(rows)
    scales = _scales(run, layer, like, positions)
    found = _call(run, layer, rows, positions, scales if at is not None else [torch.ones_like(s) for s in scales])
    parts = [x.double().transpose(0, 1) for x in (found.query, found.key, found.value)]
    return Affine(*((x[:, :-1] - x[:, -1:]) / _SIZE for x in parts), *(x[:, -1] for x in parts))


@dataclass(frozen=True, repr=False)
class Affine(Brief):
    """`query = x @ query + query_constant` and so on, at one position, in float64."""

    query: Float[Tensor, "head d_model d_head"]
    key: Float[Tensor, "kv_head d_model d_head"]
    value: Float[Tensor, "kv_head d_model d_head"]
    query_constant: Float[Tensor, "head d_head"]
    """Biases, and what the module adds for the position."""
    key_constant: Float[Tensor, "kv_head d_head"]
    value_constant: Float[Tensor, "kv_head d_head"]


# Running the module


def _call(run: Run, layer: int, rows: Tensor, positions: Sequence[int], frozen: "_Scales | None") -> _Projected:
    found: list[_Projected] = []

    def attend(
        module: nn.Module, eager: object, query: Tensor, key: Tensor, value: Tensor, mask: object
    ) -> tuple[Tensor, None]:
        found.append(_Projected(*(x[0].transpose(0, 1).clone() for x in (query, key, value))))
        return value.new_zeros(1, query.shape[2], query.shape[1], value.shape[-1]), None

    block, call = run.model.blocks[layer], run.calls[layer]
    where = torch.tensor(positions, device=rows.device)
    args, kwargs = (at_positions(x, where, run.length) for x in (call.attention_args, call.attention_kwargs))
    with one_at_a_time, attending(run.model, attend), ExitStack() as stack:
        if frozen is not None:
            _freeze(stack, block.attention, frozen)
        block.attention(rows.to(run.model.dtype)[None], *args, **kwargs)
    return found[0]


def _scales(run: Run, layer: int, at: Tensor, positions: Sequence[int]) -> _Scales:
    """The scales of queries' and keys' norms at these rows."""
    scales: _Scales = []
    inner = _inner_norms(run.model.blocks[layer].attention)
    if not inner:
        return scales
    with ExitStack() as stack:
        for module, norm in inner:
            on_pass(stack, module, partial(_keep_scale, norm, scales))
        _call(run, layer, at, positions, None)
    return scales


def _keep_scale(norm: norms.Norm, scales: _Scales, args: tuple[Any, ...], out: Tensor) -> None:
    scales.append(norm.scale(args[0], out))


def _freeze(stack: ExitStack, attention: nn.Module, scales: _Scales) -> None:
    """Norms of queries and keys become affine, with these scales in the order of the calls."""
    left = iter(scales)
    for module, norm in _inner_norms(attention):
        on_pass(stack, module, partial(_with_scale, norm, left))


def _with_scale(norm: norms.Norm, scales: Iterator[Tensor], args: tuple[Any, ...], out: Tensor) -> Tensor:
    return (norm.pushforward(args[0], next(scales)) + norm.shift).to(out.dtype)


def _inner_norms(attention: nn.Module) -> list[tuple[nn.Module, norms.Norm]]:
    """The norms inside an attention module: its leaves with a gain and no matrix."""
    leaves = [m for m in attention.modules() if not any(True for _ in m.children()) and m is not attention]
    found = [(m, next(m.parameters(), None)) for m in leaves]
    return [(m, norms.probed(m, len(gain))) for m, gain in found if gain is not None and gain.ndim == 1]


# Weights


@dataclass(frozen=True, repr=False)
class Weights(Brief):
    """The projections of a layer as matrices in float32: `query = x @ W_Q`, and so on; rotations and biases left out.

    Norms are folded as far as they fold: the gain and the centring of the norm before attention and of queries' and
    keys' norms are in the matrices, their scales are not.
    """

    query: Float[Tensor, "head d_model d_head"]
    key: Float[Tensor, "kv_head d_model d_head"]
    value: Float[Tensor, "kv_head d_model d_head"]
    output: Float[Tensor, "head d_head d_model"]
    """With gain and centring of the block's post-norm, where there is one."""

    def kv(self, head: int) -> int:
        """The key-value head that a head reads."""
        return head * len(self.key) // len(self.query)

    def per_head(self) -> "Weights":
        """With keys and values repeated for each query head."""
        times = len(self.query) // len(self.key)
        return replace(self, key=self.key.repeat_interleave(times, 0), value=self.value.repeat_interleave(times, 0))


@torch.no_grad()
def weights(model: Model, layers: Sequence[int] | None = None) -> Iterator[Weights]:
    """W_Q, W_K, W_V and W_O of some layers (None takes all), one at a time.

    Raises:
        ModelError: the output projection is no plain matrix.
    """
    run = record(model, [0])
    for layer in range(model.layers) if layers is None else layers:
        yield layer_weights(run, layer)


@torch.no_grad()
def layer_weights(run: Run, layer: int) -> Weights:
    """As `weights`, of one layer; any run of the model will do."""
    model, block = run.model, run.model.blocks[layer]
    found, before = affine(run, layer, 0, None), input_norm(block, model.d_model)
    output = block.output_by_head
    after = block.attention_norm
    if after is not None:
        output = after.pushforward(output, torch.ones((), dtype=torch.float64, device=output.device))
    query, key, value = (_folded(x, before) for x in (found.query, found.key, found.value))
    return Weights(query, key, value, output.float())


def _folded(matrix: Float[Tensor, "head d_model d_head"], norm: norms.Norm | None) -> Tensor:
    """`matrix` after the centring and gain of a norm: `C(gain * matrix)` along the stream."""
    if norm is None:
        return matrix.float()
    one = torch.ones((), dtype=torch.float64, device=matrix.device)
    return norm.pullback(matrix.transpose(1, 2), one).transpose(1, 2).float()
