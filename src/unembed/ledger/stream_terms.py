"""Stream terms: what was written to the stream below a block: by the embeddings, each head and each MLP.

    x  =  embedding + position embedding + sum over blocks below of (head writes + attention bias + MLP write)

Exact: they sum to the stream up to rounding. Writes go through a post-norm with its scale frozen at the run, and
embeddings through the norm that some models have after them. Models whose stream goes through norms itself (post-LN)
are not covered.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.models.layers import bias
from unembed.models.model import Attending
from unembed.models.names import part_name
from unembed.models.norms import Norm
from unembed.runs.run import Run


@dataclass(frozen=True)
class StreamTerm:
    """What one part wrote to the stream at a position."""

    kind: str
    """`embedding`, `position_embedding`, `embedding_norm_shift`, `head`, `attention_bias`, `mlp`, or `constant` (biases
    and norm shifts of what reads)."""
    layer: int | None = None
    head: int | None = None

    @property
    def label(self) -> str:
        """`L3.H4`, `L2 mlp`, `embedding`."""
        return part_name(self.kind, self.layer, self.head)


def stream_writes(
    run: Run, layer: int, position: int, *, attention: bool = False
) -> Iterator[tuple[StreamTerm, Float[Tensor, "d_model"]]]:
    """What was written to the stream at a position below a block, in float64.

    Args:
        run: keeps the position.
        layer: the block.
        position: in the prompt.
        attention: whether the block's own attention has written as well.

    Raises:
        InputError: the run did not keep the position.
    """
    row = run.row(position)
    norm, normed = run.model.embedding_norm, run.embedding_normed
    for kind, made in (("embedding", run.embedding), ("position_embedding", run.position_embedding)):
        if made is not None:
            write = made[row].double()
            yield StreamTerm(kind), write if normed is None else after_norm(norm, run.start, normed, row, write)
    if norm is not None and bool(norm.shift.any()):
        yield StreamTerm("embedding_norm_shift"), norm.shift
    for below in range(layer):
        yield from _head_writes(run, below, row)
        yield StreamTerm("mlp", below), run.layers[below].mlp_write[row].double()
    if attention:
        yield from _head_writes(run, layer, row)


def spread(rows: Float[Tensor, "term d_model"], w: Float[Tensor, "d_model"]) -> float:
    """`sqrt(sum_t sum_i (w_i x^t_i)^2)` over the terms and their running sums: see `decomposition.rounding`."""
    steps = torch.cat([rows, rows.cumsum(0)])
    return float((steps * w).norm())


def head_writes(
    block: Attending, z: Float[Tensor, "head d_head"], heads: slice = slice(None)
) -> Float[Tensor, "some_heads d_model"]:
    """What heads gave the output projection at one position, `z @ W_O` of each, in float64."""
    return torch.einsum("hd,hdm->hm", z[heads].double(), block.output_by_head[heads].double())


def after_norm(
    norm: Norm | None, before: Tensor | None, after: Tensor, row: int, x: Float[Tensor, "*part d_model"]
) -> Float[Tensor, "*part d_model"]:
    """What a part `x` of a sublayer's output adds to the stream, through a block's post-norm with its scale frozen; the
    norm's shift apart.
    """
    if norm is None or before is None:
        return x
    return norm.pushforward(x, norm.scale(before[row], after[row]))


def _head_writes(run: Run, layer: int, row: int) -> Iterator[tuple[StreamTerm, Tensor]]:
    """Each head's write, through a post-norm with its scale frozen; biases and the norm's shift apart."""
    block, part = run.model.blocks[layer], run.layers[layer]
    assert part.heads is not None
    through = (block.attention_norm, part.attention_output, part.attention_write, row)
    writes = after_norm(*through, head_writes(block, part.heads.written[row]))
    offset = bias(block.output_projection)
    constant = torch.zeros_like(writes[0]) if offset is None else after_norm(*through, offset.double())
    if block.attention_norm is not None and part.attention_output is not None:
        constant = constant + block.attention_norm.shift
    for head, write in enumerate(writes):
        yield StreamTerm("head", layer, head), write
    if bool(constant.any()):
        yield StreamTerm("attention_bias", layer), constant
