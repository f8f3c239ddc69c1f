"""read_stages: a readout pulled back to each place where something is written, and further to what writes there.

The same direction everywhere, but where a norm acts on the stream (post-LN) or on a write (post-norm): there it is
pulled back through the norm with its scale frozen at that of the run.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.ledger.readout import Readout
from unembed.models.layers import bias, projection
from unembed.models.model import Stage
from unembed.models.norms import Norm
from unembed.models.reprs import Brief


@dataclass(frozen=True, repr=False)
class ReadStages(Brief):
    """A readout pulled back to the place of each write: the same everywhere, but for post-LN models."""

    at: dict[tuple[int, Stage], Float[Tensor, "d_model"]]
    """What reads each write, by layer and stage, in the order of the stream."""
    after: dict[tuple[int, Stage], Float[Tensor, "d_model"]]
    """What reads the stream after each write and the norm that follows it, where there is one."""
    before: list[Float[Tensor, "d_model"]]
    """The stream after each write, before a norm that follows it."""
    start: Float[Tensor, "d_embedding"]
    """What reads the embeddings."""
    shifts: dict[int, float]
    """What the shifts of a layer's norms of the stream add."""
    start_shift: float
    """What the shift of the norm of the embeddings adds."""
    entering: Float[Tensor, "d_model"]
    """What reads the stream that enters the first block."""
    projected: Float[Tensor, "d_embedding"]
    """What reads the embeddings after their norm: `entering`, where no layer projects them."""
    projection_bias: float
    """What the bias of that layer adds."""


def read_stages(readout: Readout) -> ReadStages:
    """Pull a readout back through the norms of the stream, with their scales frozen at those of the run."""
    run, row, w = readout.run, readout.run.row(readout.position), readout.direction
    states = dict(run.states(row, below=readout.blocks))
    at: dict[tuple[int, Stage], Tensor] = {}
    above: dict[tuple[int, Stage], Tensor] = {}
    shifts: dict[int, float] = {}
    for (layer, stage), (summed, after) in reversed(states.items()):
        above[layer, stage] = w
        _, norm = run.model.blocks[layer].stream_norms.get(stage, (None, None))
        if norm is not None:
            shifts[layer] = shifts.get(layer, 0.0) + float(w @ norm.shift)
            w = norm.pullback(w, norm.scale(summed, after))
        at[layer, stage] = w
    entering, offset = w, 0.0
    if run.model.embedding_projection is not None:
        added = bias(run.model.embedding_projection)
        offset = 0.0 if added is None else float(w @ added.double())
        w = projection(run.model.embedding_projection).double() @ w
    projected, shift, first = w, 0.0, run.model.embedding_norm
    if first is not None and run.embedding_normed is not None:
        shift = float(w @ first.shift)
        w = first.pullback(w, first.scale(run.start[row], run.embedding_normed[row]))
    ordered, after = dict(reversed(at.items())), dict(reversed(above.items()))
    before = [summed for summed, _ in states.values()]
    return ReadStages(ordered, after, before, w, shifts, shift, entering, projected, offset)


def through_norm(norm: Norm | None, before: Tensor | None, after: Tensor, row: int, w: Tensor) -> tuple[Tensor, float]:
    """The readout before a block's post-norm with its scale frozen, and what the norm's shift adds."""
    if norm is None or before is None:
        return w, 0.0
    return norm.pullback(w, norm.scale(before[row], after[row])), float(w @ norm.shift)


def fold(matrix: Float[Tensor, "*d_in d_model"], w: Float[Tensor, "d_model"]) -> Float[Tensor, "*d_in"]:
    """`matrix @ w` in the weights' dtype, but at least float32: the readout before a projection."""
    dtype = torch.promote_types(matrix.dtype, torch.float32)
    return matrix.to(dtype) @ w.to(dtype)


def fold_together(
    matrix: Float[Tensor, "*d_in d_model"], ws: Float[Tensor, "readout d_model"]
) -> Float[Tensor, "readout *d_in"]:
    """`fold` of several readouts, in one product."""
    dtype = torch.promote_types(matrix.dtype, torch.float32)
    flat = matrix.reshape(-1, matrix.shape[-1]).to(dtype)
    return (ws.to(dtype) @ flat.T).view(len(ws), *matrix.shape[:-1])
