"""input_credit: which words of the source made the prediction: cross-attention, pulled back through the encoder.

The ledger of a decoder's logit ends at the encoder's last states, where every word has read every other. With its
patterns and the scales of its norms frozen, the encoder is linear from its embeddings up, apart from its MLPs. So what
cross-attention adds to a readout is a sum

    sum_s w_s . state_s  =  sum_s w0_s . embedding_s  +  sum over layers, s of w_s . MLP write_s  +  constants

with `w` pulled back through value and output projections of each head (an *effective* path from every word to the
logit; *A Mathematical Framework for Transformer Circuits*, Elhage et al. 2021, section "Path expansion"). Exact. Two
limits: an MLP's write is credited to the position where it was made, though words elsewhere took part in its input; and
patterns are frozen, so that a word that only tells heads where to look gets no credit for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.decompose import SAFETY
from unembed.ledger.ledger import Grain, Kind, Ledger, Segment
from unembed.ledger.read_stages import fold, read_stages
from unembed.ledger.readout import Readout
from unembed.models.layers import bias, projection
from unembed.models.model import Block, Model, Stage, input_norm
from unembed.models.norms import Norm
from unembed.runs.encoder import record_source
from unembed.runs.kept import Heads, Layer, State
from unembed.runs.run import Run


@dataclass
class _Pulled:
    """A readout of every source position on its way down, and what it has met."""

    w: Float[Tensor, "source d_model"]
    constant: float
    segments: list[Segment]
    squares: float = 0.0
    """Sum of the squared products, for the tolerance."""
    at: dict[tuple[int, Stage], Tensor] | None = None
    """The readouts of what each sublayer of the encoder writes; None where they are not kept."""

    def read(self, kind: Kind, layer: int | None, x: Float[Tensor, "source d_model"]) -> None:
        """Credit an addend of the stream to its positions."""
        products = self.w * x.double()
        self.squares += float(products.square().sum())
        self.segments.append(Segment(kind, layer, ("source",), products.sum(-1).cpu().numpy()))

    def meet(self, x: Float[Tensor, "source d_model"]) -> None:
        """A state of the stream, whose rounding counts."""
        self.squares += float((self.w * x.double()).square().sum())

    def through(self, norm: Norm, before: Tensor, after: Tensor) -> None:
        """Through a norm of the stream, its scale frozen."""
        self.w, shift = _before_norm(norm, self.w, before, after)
        self.constant += shift


@torch.no_grad()
def input_credit(readout: Readout, *, source: Run | None = None) -> Ledger:
    """What all cross-attention adds to a readout, as a sum over what the encoder read and made at each source position.

    Args:
        readout: of an encoder-decoder with its source.
        source: the recorded run of the encoder (`record_source`), to read many positions with one; None records it.

    Terms: `source_embedding` and `source_position_embedding` of each source position, `source_mlp` of each encoder
    layer and source position, `source_bias` for all that depends on no position. The sum is compared with the
    cross-attention terms of `decompose` without their output bias.

    Raises:
        InputError: the model has no encoder.
        LedgerError: the terms do not sum to that.
    """
    model = readout.run.model
    if model.encoder is None or model.source is None:
        raise InputError(f"{model.name} has no encoder: its prompt is all that it reads (explain --by source).")
    readout.run.check_made_by(model)
    encoder = record_source(model) if source is None else source
    encoder.check_made_by(model.encoder)
    value, pulled = _through_blocks(readout, model.encoder, encoder)
    if model.encoder.embedding_norm is not None and encoder.embedding_normed is not None:
        pulled.through(model.encoder.embedding_norm, encoder.start, encoder.embedding_normed)
    pulled.read("source_embedding", None, encoder.embedding)
    if encoder.position_embedding is not None:
        pulled.read("source_position_embedding", None, encoder.position_embedding)
    constant = Segment("source_bias", None, (), np.asarray(pulled.constant))
    return Ledger(
        readout=readout,
        value=value,
        grain=Grain(attention="source"),
        segments=(*reversed(pulled.segments), constant),
        tolerance=SAFETY * model.precision * (pulled.squares + value**2) ** 0.5,
    ).check()


def readouts_in_encoder(readout: Readout) -> dict[tuple[int, Stage], Float[Tensor, "source d_model"]]:
    """The readouts of what each sublayer of the encoder writes at each source position: `w` on its way down.

    Raises:
        InputError: the model has no encoder.
    """
    run = readout.run
    if run.model.encoder is None:
        raise InputError(f"{run.model.name} has no encoder.")
    _, pulled = _through_blocks(readout, run.model.encoder, run.encoder, keep=True)
    assert pulled.at is not None
    return pulled.at


def _through_blocks(readout: Readout, model: Model, encoder: Run, *, keep: bool = False) -> tuple[float, _Pulled]:
    """What cross-attention adds, and its readout pulled back through all blocks of the encoder."""
    value, pulled = _from_decoder(readout, encoder)
    pulled.at = {} if keep else None
    if model.family.final_norm is not None:
        pulled.through(model.final_norm, encoder.final, encoder.normed)
    states, streams = dict(encoder.states()), encoder.streams()
    for index in reversed(range(model.layers)):
        _down(pulled, model, encoder.layers[index], index, states, streams[index])
    return value, pulled


def credit_by_position(ledger: Ledger) -> Float[Tensor, "source"]:
    """The sum of an `input_credit` ledger at each source position, in logits."""
    return torch.from_numpy(sum(segment.values for segment in ledger.segments if segment.axes))


def _from_decoder(readout: Readout, encoder: Run) -> tuple[float, _Pulled]:
    """What cross-attention adds, and the readout of the encoder's last states that gives it."""
    run, row = readout.run, readout.run.row(readout.position)
    read, value, constant = read_stages(readout), 0.0, 0.0
    w = torch.zeros(len(encoder.tokens), run.model.d_model, dtype=torch.float64, device=run.model.device)
    for index in range(readout.blocks):
        cross, heads = run.model.blocks[index].cross, run.layers[index].cross_heads
        if cross is None or heads is None:
            raise InputError("This run does not hold cross-attention heads: record it with keep='all'.")
        folded = fold(cross.output_by_head, read.at[index, "cross_attention"]).double()
        pattern = heads.pattern[:, row].double()
        value += float((heads.z[row].double() * folded).sum())
        added, shift = _through_values(cross.value_projection, folded[:, None], pattern[:, None])
        w, constant = w + added, constant + shift
    return value, _Pulled(w, constant, [])


def _through_values(
    value_projection: torch.nn.Module,
    folded: Float[Tensor, "head query d_head"],
    pattern: Float[Tensor, "head query key"],
) -> tuple[Float[Tensor, "key d_model"], float]:
    """Readouts of what heads mix at some queries, as readouts of what they make values of at each key; a constant."""
    matrix = projection(value_projection).double()
    per_key = torch.einsum("hqk,hqd->khd", pattern, folded)
    added = per_key.flatten(1) @ matrix.T
    vector = bias(value_projection)
    return added, 0.0 if vector is None else float((per_key.sum(0).flatten() * vector.double()).sum())


def _down(
    pulled: _Pulled, model: Model, layer: Layer, index: int, states: Mapping[tuple[int, Stage], State], before: Tensor
) -> None:
    """Pull back through one block: credit its MLP, and pass through its attention."""
    block = model.blocks[index]
    for stage in ("mlp", "attention"):
        pulled.meet(states[index, stage][1])
        _, norm = block.stream_norms.get(stage, (None, None))
        if norm is not None:
            pulled.through(norm, *states[index, stage])
        if pulled.at is not None:
            pulled.at[index, stage] = pulled.w
        if stage == "mlp":
            pulled.read("source_mlp", index, layer.mlp_write)
    pulled.w = pulled.w + _through_attention(pulled, model, block, layer, before)


def _through_attention(
    pulled: _Pulled, model: Model, block: Block, layer: Layer, stream: Tensor
) -> Float[Tensor, "source d_model"]:
    heads: Heads | None = layer.heads
    assert heads is not None
    assert block.value_projection is not None
    pulled.meet(layer.attention_write)
    folded = pulled.w @ block.output_by_head.double().transpose(1, 2)
    added, constant = _through_values(block.value_projection, folded, heads.pattern.double())
    vector = bias(block.output_projection)
    pulled.constant += constant + (0.0 if vector is None else float((pulled.w @ vector.double()).sum()))
    norm = input_norm(block, model.d_model)
    if norm is None:
        return added
    assert block.attention_input_norm is not None
    added, shift = _before_norm(norm, added, stream, block.attention_input_norm(stream))
    pulled.constant += shift
    return added


def _before_norm(norm: Norm, w: Tensor, before: Tensor, after: Tensor) -> tuple[Tensor, float]:
    """Readouts before a norm with its scale frozen, and what its shift adds."""
    return norm.pullback(w, norm.scale(before, after)), float((w @ norm.shift).sum())
