"""decompose: a readout of the residual stream as a sum over sublayers, heads, source tokens and neurons.

The stream is `x = embedding + position embedding + sum over layers of (attention write + MLP write)`, so a readout
`w . x` is the sum of `w . write`. Inside a write (*A Mathematical Framework for Transformer Circuits*, Elhage et al.
2021; *Transformer Feed-Forward Layers Are Key-Value Memories*, Geva et al. 2021):

    attention  w . (sum_h z_h W_O^h + b_O),  z_h = sum_s pattern[h, s] value[h, s]     (head h, source token s)
    MLP        w . (sum_n activation_n v_n + b),  v_n a row of W_out                     (neuron n)
    mixture    w . sum_e router_e (sum_n activation_{e,n} v_{e,n} + b_e)                 (expert e, neuron n)

Cross-attention is split like attention; its source tokens are those of the encoder's source. Where a norm follows the
sum of stream and write (post-LN), `w` is pulled back through it on the way down, so that each write is read by the `w`
of its own place.

Exact, with the patterns and the scales of norms frozen at their values in the run: the final norm's, and those of a
block's own norms where they act on a write or on the stream. `w` is folded through the output projections first, so the
largest intermediate is one row of numbers a layer, never heads x positions x d_model or neurons x d_model (16-bit
weights are widened a layer at a time).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, get_args

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.ledger import AttentionGrain, Grain, Ledger, MlpGrain, Segment, Term
from unembed.ledger.read_stages import ReadStages, fold, fold_together, read_stages, through_norm
from unembed.ledger.readout import Readout
from unembed.ledger.rounding_terms import rounding_segments
from unembed.ledger.roundings import UNIT, are_terms, held
from unembed.ledger.stream_terms import after_norm, head_writes
from unembed.models.layers import bias, expert_activation, expert_matrix, projection
from unembed.models.model import Block, Cross, Stage
from unembed.runs.kept import ExpertInputs, Heads, Layer
from unembed.runs.mixing import Mixing

_T = TypeVar("_T")
_Folded = Mapping[tuple[int, Stage], Tensor]
"""A readout before the output projection of a layer's sublayer, where it was computed with others."""

SAFETY = 8.0
"""Standard deviations of the rounding model that a ledger may be off by; see `rounding`."""


def decompose(readout: Readout, *, by: str = "sublayer") -> Ledger:
    """The ledger of a readout.

    Args:
        readout: from `readout` or `read_direction`; it holds the run.
        by: "sublayer", "head", "source" (head x source token), "neuron", or "source+neuron" and the like.

    Returns:
        A ledger whose terms sum to `readout.value` up to rounding; `tolerance` is `SAFETY` times `rounding(readout)`
        and what sums over many source tokens add to it (`mixing`). Of a bfloat16 or float16 run what each step rounded
        is a term of its own (rounding_terms.py), and the tolerance that of float32.

    Raises:
        LedgerError: they do not, or rounding does not explain what a step of a 16-bit run lost.
        InputError: the run does not hold what `by` needs (recorded with `keep="stream"`), `by` is no granularity, or
            the module's weights were edited since the run.
    """
    grain = Grain.parse(by)
    readout.run.check_made_by(readout.run.model)
    with torch.inference_mode():
        return _ledger(readout, read_stages(readout), grain, {})


def decompose_together(readouts: Sequence[Readout], *, by: str = "sublayer") -> list[Ledger]:
    """The ledgers of readouts of runs of one model, as of `decompose`; each output projection is read once for all.

    Raises:
        InputError: as `decompose`, like LedgerError.
    """
    grain = Grain.parse(by)
    for readout in readouts:
        readout.run.check_made_by(readouts[0].run.model)
    with torch.inference_mode():
        reads = [read_stages(readout) for readout in readouts]
        folded = _folded_together(readouts, reads, grain)
        return [
            _ledger(readout, read, grain, {place: each[i] for place, each in folded.items()})
            for i, (readout, read) in enumerate(zip(readouts, reads, strict=True))
        ]


def _ledger(readout: Readout, read: ReadStages, grain: Grain, folded: _Folded) -> Ledger:
    named = are_terms(readout.run.model)
    rounded = rounding_segments(readout, read, grain) if named else ()
    segments = (*_segments(readout, read, grain, folded), *rounded, *_constants(readout))
    unit = UNIT if named else readout.run.model.precision
    tolerance = SAFETY * math.hypot(rounding(readout, read, unit=unit), unit * mixing(segments))
    return Ledger(readout=readout, value=readout.value, grain=grain, segments=segments, tolerance=tolerance).check()


def _folded_together(readouts: Sequence[Readout], reads: Sequence[ReadStages], grain: Grain) -> _Folded:
    """Each readout before the output projections whose terms are told apart: an axis of readouts first."""
    found: dict[tuple[int, Stage], Tensor] = {}
    for index in range(min(readout.blocks for readout in readouts)):
        block = readouts[0].run.model.blocks[index]
        if grain.attention != "sublayer" and block.attends:
            ws = [_before_heads(block, *each, index) for each in zip(readouts, reads, strict=True)]
            found[index, "attention"] = fold_together(block.output_by_head, torch.stack(ws))
        if grain.mlp != "sublayer" and block.down_projection is not None and block.experts is None:
            ws = [_before_neurons(block, *each, index) for each in zip(readouts, reads, strict=True)]
            found[index, "mlp"] = fold_together(projection(block.down_projection), torch.stack(ws))
    return found


def _before_heads(block: Block, readout: Readout, read: ReadStages, index: int) -> Tensor:
    layer, row = readout.run.layers[index], readout.run.row(readout.position)
    w = read.at[index, "attention"]
    return through_norm(block.attention_norm, layer.attention_output, layer.attention_write, row, w)[0]


def _before_neurons(block: Block, readout: Readout, read: ReadStages, index: int) -> Tensor:
    layer, row = readout.run.layers[index], readout.run.row(readout.position)
    return through_norm(block.mlp_norm, layer.mlp_output, layer.mlp_write, row, read.at[index, "mlp"])[0]


def rounding(readout: Readout, read: ReadStages | None = None, *, unit: float | None = None) -> float:
    """The standard deviation, in logits, of what rounding does to a readout.

    Args:
        readout: of any run.
        read: its `read_stages`, if at hand.
        unit: of relative error; None takes that of the run. With what a 16-bit run rounded as terms (roundings.py),
            only that of float32 is left, in which the other terms are computed.

    Each write and each state of the stream, at each dimension `i`, carries an independent relative error of one unit
    `u` of the run's precision (`Model.precision`), and so does the logit that comes out of the unembedding:

        u * sqrt( sum over states x and writes of sum_i (w_i x_i)^2  +  sum_i (w'_i y_i)^2  +  logit^2 )

    with `y` the normed stream and `w'` the readout after the norm (`Readout.spread`).

    The constant hidden in "one unit" (dot products of thousands of terms err by more, blocked sums by less) is what
    `SAFETY` is for.
    """
    run, row = readout.run, readout.run.row(readout.position)
    read = read_stages(readout) if read is None else read
    writes = [run.layers[layer].write(stage)[row] for layer, stage in read.at]
    # The embeddings may be narrower than the stream, which a layer makes of them; that rounds as well.
    products = 2 * (run.start[row].double() * read.start).square().sum()
    if run.embedding_projected is not None:
        products = products + (run.embedding_projected[row].double() * read.entering).square().sum()
    if writes:
        directions = torch.stack(list(read.at.values()))
        products = products + (torch.stack(writes).double() * directions).square().sum()
        products = products + (torch.stack(read.before).double() * directions).square().sum()
    raw = abs(readout.value) + abs(readout.reference_value)
    return (unit or run.model.precision) * float((products + readout.spread**2 + raw**2).sqrt())


def mixing(segments: Iterable[Segment]) -> float:
    """What summing over source tokens adds to `rounding`, in units.

    A head mixes `n` values in the run's precision. Summed in order, each partial sum is rounded, and `n` such errors
    add up to about `sqrt(n)` units of the partial sums: of the head's term where its values agree, of the root of the
    sum of squares where they do not. BLAS keeps several running sums: measured are `sqrt(n / 64)` units from 16 to
    32,768 tokens, and `SAFETY` covers a sum in one. So only long prompts notice it.
    """
    by_source = [segment.values for segment in segments if "source" in segment.axes]
    squares = (x.shape[-1] / 64 * (np.square(x.sum(-1)).sum() + np.square(x).sum()) for x in by_source)
    return math.sqrt(math.fsum(float(square) for square in squares))


def _segments(readout: Readout, read: ReadStages, grain: Grain, folded: _Folded) -> Iterator[Segment]:
    run, model, row = readout.run, readout.run.model, readout.run.row(readout.position)
    yield _segment("embedding", None, read.start @ run.embedding[row].double())
    if run.token_type_embedding is not None:
        yield _segment("token_type_embedding", None, read.start @ run.token_type_embedding[row].double())
    if run.position_embedding is not None:
        yield _segment("position_embedding", None, read.start @ run.position_embedding[row].double())
    yield from _shift("embedding_norm_shift", None, read.start_shift)
    yield from _shift("embedding_projection_bias", None, read.projection_bias)
    for index in range(readout.blocks):
        layer, block = run.layers[index], model.blocks[index]
        w, before = read.at[index, "attention"], folded.get((index, "attention"))
        yield from _attention(block, layer, index, row, w, grain.attention, before)
        if block.cross is not None:
            w = read.at[index, "cross_attention"]
            yield from _cross_attention(block.cross, layer, index, row, w, grain.attention)
        if block.whole_mlp or block.neurons:
            w, before = read.at[index, "mlp"], folded.get((index, "mlp"))
            yield from _mlp(block, layer, index, row, w, grain.mlp, before)
        yield from _shift("stream_norm_shift", index, read.shifts.get(index, 0.0))


def _constants(readout: Readout) -> Iterator[Segment]:
    for kind, value in readout.constants.items():
        yield Segment(kind=kind, layer=None, axes=(), values=np.asarray(value))  # type: ignore[arg-type]


def _attention(
    block: Block, layer: Layer, index: int, row: int, w: Tensor, grain: AttentionGrain, folded: Tensor | None
) -> Iterator[Segment]:
    if grain != "sublayer" and layer.mixing is not None:
        yield from _mixed(block, layer, layer.mixing, index, row, w, grain)
        return
    if grain == "sublayer" or not block.attends:
        if block.mixes:
            yield _segment("attention", index, w @ layer.attention_write[row].double())
        return
    heads = _needs(layer.heads, "heads")
    w, constant = through_norm(block.attention_norm, layer.attention_output, layer.attention_write, row, w)
    folded = fold(block.output_by_head, w) if folded is None else folded
    if grain == "head":
        yield _segment("head", index, (heads.written[row].to(folded.dtype) * folded).sum(-1), "head")
    else:
        yield _segment("head", index, _source_terms(heads, row, heads.through_gate(folded, row)), "head", "source")
    yield from _bias("attention_bias", index, bias(block.output_projection), w, constant)


def _mixed(
    block: Block, layer: Layer, mixing: Mixing, index: int, row: int, w: Tensor, grain: AttentionGrain
) -> Iterator[Segment]:
    """What a mixer that is no softmax attention took from each token, gates and decays frozen; and of a 16-bit run what
    its steps rounded, together.
    """
    written = w * layer.attention_write[row].double()
    w, constant = through_norm(block.attention_norm, layer.attention_output, layer.attention_write, row, w)
    terms = mixing.terms(fold(projection(block.output_projection), w), row)
    shift = bias(block.output_projection)
    unit = torch.finfo(layer.attention_write.dtype).eps
    if unit > UNIT:
        lost = written.sum() - terms.sum() - constant - (0.0 if shift is None else w @ shift.double())
        allowed = SAFETY * unit * math.sqrt(mixing.steps) * (terms.abs().sum() + written.abs().sum())
        yield _segment("attention_product_rounding", index, held(f"the mixer of block {index}", lost, allowed))
    if grain == "head":
        yield _segment("head", index, terms.sum(-1), "head")
    else:
        yield _segment("head", index, terms, "head", "source")
    yield from _bias("attention_bias", index, shift, w, constant)


def _cross_attention(
    cross: Cross, layer: Layer, index: int, row: int, w: Tensor, grain: AttentionGrain
) -> Iterator[Segment]:
    if grain == "sublayer":
        yield _segment("cross_attention", index, w @ layer.write("cross_attention")[row].double())
        return
    heads = _needs(layer.cross_heads, "cross-attention heads")
    folded = fold(cross.output_by_head, w)
    if grain == "head":
        yield _segment("cross_attention", index, (heads.z[row].to(folded.dtype) * folded).sum(-1), "head")
    else:
        yield _segment("cross_attention", index, _source_terms(heads, row, folded), "head", "source")
    yield from _bias("cross_attention_bias", index, bias(cross.output_projection), w, 0.0)


def _shift(kind: str, index: int | None, value: float) -> Iterator[Segment]:
    if value:
        yield Segment(kind=kind, layer=index, axes=(), values=np.asarray(value))  # type: ignore[arg-type]


@torch.inference_mode()
def component_write(readout: Readout, term: Term) -> Float[Tensor, "d_model"]:
    """What the sublayer, head or neuron of a term adds to the stream that is read, in float64: its write, carried
    through the norms that act on it before, with their scales frozen.

    Raises:
        InputError: the term is no sublayer, head or neuron.
    """
    run, row = readout.run, readout.run.row(readout.position)
    run.check_made_by(run.model)
    whole = term.head is None and term.neuron is None
    if term.layer is None or (whole and term.kind not in get_args(Stage)):
        raise InputError(f"Expected a head or a neuron, or a sublayer, found {term.label}.")
    block, layer = run.model.blocks[term.layer], run.layers[term.layer]
    if whole:
        stage: Stage = term.kind  # type: ignore[assignment]
        return _carried(readout, term.layer, stage, layer.write(stage)[row].double())
    only = slice(term.head, None if term.head is None else term.head + 1)
    if term.kind == "cross_attention":
        assert block.cross is not None
        z = _needs(layer.cross_heads, "cross-attention heads").z[row]
        return _carried(readout, term.layer, "cross_attention", head_writes(block.cross, z, only)[0])
    if term.head is not None and layer.mixing is not None:
        z, matrix = layer.mixing.written(row)[term.head], projection(block.output_projection)
        write = z.double() @ matrix.reshape(-1, len(z), matrix.shape[1])[term.head].double()
        write = after_norm(block.attention_norm, layer.attention_output, layer.attention_write, row, write)
        return _carried(readout, term.layer, "attention", write)
    if term.head is not None:
        (write,) = head_writes(block, _needs(layer.heads, "heads").written[row], only)
        write = after_norm(block.attention_norm, layer.attention_output, layer.attention_write, row, write)
        return _carried(readout, term.layer, "attention", write)
    neurons = _needs(layer.neurons, "neurons")
    if isinstance(neurons, ExpertInputs):
        assert term.expert is not None
        weight = neurons.weight[row][neurons.index[row] == term.expert].double()
        activation = weight * expert_activation(block.experts, term.expert, neurons.hidden[row])[term.neuron].double()
        value = expert_matrix(block.experts, term.expert)[term.neuron].double()
    else:
        activation = neurons[row, term.neuron].double()
        value = projection(block.down_projection)[term.neuron].double()
    write = after_norm(block.mlp_norm, layer.mlp_output, layer.mlp_write, row, activation * value)
    return _carried(readout, term.layer, "mlp", write)


def _carried(readout: Readout, layer: int, stage: Stage, x: Tensor) -> Tensor:
    """What a write becomes on its way up through the norms of the stream that follow it (post-LN)."""
    run, blocks, passed = readout.run, readout.run.model.blocks, False
    if not any(block.stream_norms for block in blocks):
        return x
    for place, (summed, after) in run.states(run.row(readout.position), below=readout.blocks):
        passed = passed or place == (layer, stage)
        _, norm = blocks[place[0]].stream_norms.get(place[1], (None, None))
        if passed and norm is not None:
            x = norm.pushforward(x, norm.scale(summed, after))
    return x


def _source_terms(heads: Heads, row: int, folded: Float[Tensor, "head d_head"]) -> Float[Tensor, "head key"]:
    """`pattern[h, s] * (value[h, s] . folded[h])`: what each source token's value adds through each head."""
    kv_heads, keys, d_head = heads.value.shape
    grouped = folded.view(kv_heads, -1, d_head)
    read = torch.matmul(grouped, heads.value.to(folded.dtype).transpose(1, 2))
    return heads.pattern[:, row].to(folded.dtype) * read.reshape(-1, keys)


def _mlp(
    block: Block, layer: Layer, index: int, row: int, w: Tensor, grain: MlpGrain, folded: Tensor | None
) -> Iterator[Segment]:
    if grain == "sublayer" or block.whole_mlp:
        yield _segment("mlp", index, w @ layer.mlp_write[row].double())
        return
    neurons = _needs(layer.neurons, "neurons")
    w, constant = through_norm(block.mlp_norm, layer.mlp_output, layer.mlp_write, row, w)
    if isinstance(neurons, ExpertInputs):
        yield from _experts(block, neurons, index, row, w)
        yield from _shared_experts(block, layer.shared, index, row, w)
        yield from _bias("mlp_bias", index, None, w, constant)
        return
    assert block.down_projection is not None
    folded = fold(projection(block.down_projection), w) if folded is None else folded
    yield _segment("neuron", index, neurons[row].to(folded.dtype) * folded, "neuron")
    yield from _bias("mlp_bias", index, bias(block.down_projection), w, constant)


def _experts(block: Block, inputs: ExpertInputs, index: int, row: int, w: Tensor) -> Iterator[Segment]:
    experts = block.experts
    chosen, weight = inputs.index[row].tolist(), inputs.weight[row].double()
    activations = torch.stack([expert_activation(experts, expert, inputs.hidden[row]) for expert in chosen])
    folded = torch.stack([fold(expert_matrix(experts, expert), w) for expert in chosen])
    values = weight[:, None] * activations.double() * folded
    yield Segment("neuron", index, ("expert", "neuron"), _array(values), experts=tuple(chosen))
    if experts.has_bias:
        biases = experts.down_proj_bias.detach()[chosen].double() @ w
        yield _segment("mlp_bias", index, weight @ biases)


def _shared_experts(block: Block, shared: Tensor | None, index: int, row: int, w: Tensor) -> Iterator[Segment]:
    """What the experts wrote that every token goes through, neuron by neuron, times their gate."""
    if shared is None or block.shared_experts is None:
        return
    folded = fold(projection(block.shared_experts), w)
    yield _segment("shared_experts", index, shared[row].to(folded.dtype) * folded, "neuron")
    yield from _bias("mlp_bias", index, bias(block.shared_experts), w, 0.0)


def _bias(kind: str, index: int, vector: Tensor | None, w: Tensor, constant: float) -> Iterator[Segment]:
    value = constant if vector is None else constant + float(w @ vector.double())
    if vector is not None or constant:
        yield Segment(kind=kind, layer=index, axes=(), values=np.asarray(value))  # type: ignore[arg-type]


def _segment(kind: str, index: int | None, values: Tensor, *axes: str) -> Segment:
    return Segment(kind=kind, layer=index, axes=axes, values=_array(values))  # type: ignore[arg-type]


def _array(values: Tensor) -> NDArray[np.float64]:
    return values.detach().double().cpu().numpy()


def _needs(part: _T | None, what: str) -> _T:
    if part is None:
        raise InputError(f"This run does not hold {what}: record it with keep='all'.")
    return part
