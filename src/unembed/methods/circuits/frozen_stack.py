"""FrozenStack: a stack of blocks as a run left it, with patterns and the scales of norms frozen, in float64.

With these frozen all of it but the MLPs is affine, so a readout of what a head mixes is one of the stream that it read
(`FrozenHeads.pulled`), and a readout above a norm is one below it. A stack is the model's own, or that of its encoder.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.methods.circuits.projections import affine
from unembed.models.layers import bias, projection
from unembed.models.model import Attending, Stage, input_norm
from unembed.models.norms import Norm
from unembed.models.reprs import Brief
from unembed.runs.kept import Heads
from unembed.runs.run import Run


@dataclass(frozen=True, repr=False)
class FrozenNorm(Brief):
    """A norm with its scale at every position of a run."""

    norm: Norm
    scale: Float[Tensor, "position"]

    def below(
        self, w: Float[Tensor, "row d_model"], positions: Int[Tensor, "row"]
    ) -> tuple[Float[Tensor, "row d_model"], Float[Tensor, "row"]]:
        """Readouts before the norm, and what its shift adds to each."""
        return self.norm.pullback(w, self.scale[positions]), w @ self.norm.shift


def _frozen(norm: Norm | None, before: Tensor | None, after: Tensor | None) -> FrozenNorm | None:
    if norm is None or before is None or after is None:
        return None
    return FrozenNorm(norm, norm.scale(before, after))


@dataclass(frozen=True, repr=False)
class FrozenHeads(Brief):
    """The heads of one attention, query heads all with a value of their own."""

    pattern: Float[Tensor, "head query key"]
    value: Float[Tensor, "head key d_head"]
    output: Float[Tensor, "head d_head d_model"]
    matrix: Float[Tensor, "head d_model d_head"]
    """W_V."""
    constant: Float[Tensor, "head d_head"]
    """Its bias."""
    bias: Float[Tensor, "d_model"] | None
    """Of the output projection."""
    read: FrozenNorm | None
    """Through which it reads the stream; None where it reads the stream itself."""

    def credit(
        self, w: Float[Tensor, "row d_model"], positions: Int[Tensor, "row"]
    ) -> tuple[Float[Tensor, "row head key"], Float[Tensor, "row head key"], Float[Tensor, "row head d_head"]]:
        """What each head adds to a readout of what it writes, by key; the pattern; and the readout before W_O."""
        folded = torch.einsum("nm,hdm->nhd", w, self.output)
        pattern = self.pattern[:, positions].double().transpose(0, 1)
        return pattern * torch.einsum("nhd,hsd->nhs", folded, self.value), pattern, folded

    def pulled(self, folded: Float[Tensor, "d_head"], head: int, key: int) -> tuple[Tensor, float]:
        """A readout of a head's value at a key as one of the stream there, and what biases and a norm's shift add."""
        w = self.matrix[head] @ folded
        constant = float(self.constant[head] @ folded)
        if self.read is None:
            return w, constant
        return self.read.norm.pullback(w, self.read.scale[key]), constant + float(w @ self.read.norm.shift)


class FrozenLayer:
    """A block: its heads, what its MLP wrote, and the norms that follow its writes."""

    def __init__(self, run: Run, index: int, encoder: "FrozenStack | None") -> None:
        block, part = run.model.blocks[index], run.layers[index]
        assert part.heads is not None
        self.stages = block.stages
        self.mlp = part.mlp_write.double()
        self.post = _frozen(block.attention_norm, part.attention_output, part.attention_write)
        x, y = run.before(index), run.attention_input(index)
        read = _frozen(input_norm(block, run.model.d_model), x, y)
        if block.value_projection is None:
            found = affine(run, index, 0, y[0])
            matrix, constant = found.value, found.value_constant
        else:
            matrix, constant = _value_map(block.value_projection, len(part.heads.value))
        self.attention = _heads(block, part.heads, matrix, constant, read)
        self.cross = None
        if block.cross is not None and part.cross_heads is not None and encoder is not None:
            value = _value_map(block.cross.value_projection, len(part.cross_heads.value))
            self.cross = _heads(block.cross, part.cross_heads, *value, encoder.final)
        self.norms: dict[Stage, FrozenNorm] = {}

    def through_post(self, w: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Readouts before the block's post-norm, and what its shift and the output bias add."""
        constant = torch.zeros(len(w), dtype=w.dtype, device=w.device)
        if self.post is not None:
            w, constant = self.post.below(w, positions)
        return w, constant if self.attention.bias is None else constant + w @ self.attention.bias


def _value_map(module: nn.Module, heads: int) -> tuple[Tensor, Tensor]:
    """W_V and its bias, by head."""
    matrix, vector = projection(module).double(), bias(module)
    by_head = matrix.reshape(len(matrix), heads, -1).transpose(0, 1)
    constant = torch.zeros_like(by_head[:, 0]) if vector is None else vector.double().reshape(heads, -1)
    return by_head, constant


def _heads(block: Attending, heads: Heads, matrix: Tensor, constant: Tensor, read: FrozenNorm | None) -> FrozenHeads:
    times, vector = block.heads // len(heads.value), bias(block.output_projection)
    value, matrix, constant = (x.double().repeat_interleave(times, 0) for x in (heads.value, matrix, constant))
    output = block.output_by_head.double()
    return FrozenHeads(
        heads.pattern, value, output, matrix, constant, None if vector is None else vector.double(), read
    )


class FrozenStack:
    """All blocks of a run, from the embeddings up; of an encoder up to the states that cross-attention reads."""

    def __init__(self, run: Run, encoder: "FrozenStack | None" = None) -> None:
        model, self.run = run.model, run
        self.inside = not model.has_unembedding
        """Whether it is an encoder."""
        self.final = None
        """The norm of an encoder's last states."""
        if self.inside and model.family.final_norm is not None:
            self.final = _frozen(model.final_norm, run.final, run.normed)
        self.layers = [FrozenLayer(run, index, encoder) for index in range(model.layers)]
        for (index, stage), (summed, after) in run.states():
            _, norm = model.blocks[index].stream_norms.get(stage, (None, None))
            frozen = _frozen(norm, summed, after)
            if frozen is not None:
                self.layers[index].norms[stage] = frozen
        self.start = _frozen(model.embedding_norm, run.start, run.embedding_normed)
        """The norm of the embeddings."""
        self.streams = run.streams()

    @property
    def plain(self) -> bool:
        """Whether its stream is the sum of what was written."""
        return not self.inside and not any(layer.norms for layer in self.layers)
