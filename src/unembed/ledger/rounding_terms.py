"""rounding_terms: what a 16-bit run rounded, as terms of a ledger.

Each rounding (roundings.py) is read by the readout at its own place. By sublayer there is one term for the embeddings,
one for each addition to the stream, one each for final norm, unembedding and soft-cap (readout.py). A finer ledger
has more, which fold into the coarser terms they belong to: what an output product and a post-norm rounded is in the
term of the sublayer, what a mix of values rounded in that of the head.
"""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from unembed.ledger import roundings
from unembed.ledger.ledger import Grain, Kind, Segment
from unembed.ledger.read_stages import ReadStages, fold, through_norm
from unembed.ledger.readout import Readout
from unembed.models.model import Attending, Block, Stage
from unembed.models.norms import Norm
from unembed.runs.kept import ExpertInputs, Heads, Layer

_ADDITIONS: dict[Stage, Kind] = {
    "attention": "attention_rounding",
    "cross_attention": "cross_attention_rounding",
    "mlp": "mlp_rounding",
}
_PostNorm = tuple[Norm | None, Tensor | None, Tensor, int]
"""The post-norm of a write, what entered it and what came out at each kept position, and which of them is read."""


def rounding_segments(readout: Readout, read: ReadStages, grain: Grain) -> Iterator[Segment]:
    """What the run rounded below the final norm, for a ledger of this grain.

    Raises:
        LedgerError: the stream is not the sum of its writes, or rounding does not explain what a step lost.
    """
    run, row = readout.run, readout.run.row(readout.position)
    roundings.check_stream(run, row, below=readout.blocks)
    yield _segment("embedding_rounding", None, _of_embeddings(readout, read, row))
    yield from _of_additions(readout, read, row)
    for index in range(readout.blocks):
        block, layer = run.model.blocks[index], run.layers[index]
        if grain.attention != "sublayer" and block.attends:
            yield from _of_attention(block, layer, index, row, read, grain)
        if grain.mlp != "sublayer" and block.neurons:
            lost = _of_mlp(block, layer, index, row, read.at[index, "mlp"])
            yield _segment("mlp_product_rounding", index, lost)


def _of_embeddings(readout: Readout, read: ReadStages, row: int) -> float:
    run, norm, lost = readout.run, readout.run.model.embedding_norm, 0.0
    addends = [x[row] for x in reversed(run.embeddings)]
    if len(addends) > 1:
        lost += float(read.start @ roundings.of_sum("the sum of the embeddings", run.start[row], *addends))
    if norm is not None and run.embedding_normed is not None:
        after = run.embedding_normed[row]
        lost += float(read.projected @ roundings.of_norm("the norm of the embeddings", norm, run.start[row], after))
    layer = run.model.embedding_projection
    if layer is not None and run.embedding_projected is not None:
        given = run.start if run.embedding_normed is None else run.embedding_normed
        what = "the projection of the embeddings"
        made = roundings.of_product(what, run.embedding_projected[row], given[row], layer)
        lost += float(read.entering @ made)
    return lost


def _of_additions(readout: Readout, read: ReadStages, row: int) -> Iterator[Segment]:
    """What each addition to the stream rounded, and the norm of the stream that follows it (post-LN)."""
    run, model, before = readout.run, readout.run.model, readout.run.before_blocks[row]
    for (index, stage), (summed, after) in run.states(row, below=readout.blocks):
        layer, what = run.layers[index], f"{stage.replace('_', '-')} of block {index}"
        writes = [layer.write(stage)[row]]
        if model.writes_meet_first:
            if stage == "attention":  # the block adds both at once, after its MLP
                continue
            writes = [layer.attention_write[row], *writes]
        lost = float(read.at[index, stage] @ roundings.of_sum(f"the stream after the {what}", summed, before, *writes))
        if stage in model.blocks[index].stream_norms:
            _, norm = model.blocks[index].stream_norms[stage]
            normed = roundings.of_norm(f"the norm after the {what}", norm, summed, after)
            lost += float(read.after[index, stage] @ normed)
        before = after
        if stage != "mlp" or model.d_mlp > 0 or model.has_whole_mlps:
            yield _segment(_ADDITIONS[stage], index, lost)


def _of_attention(
    block: Block, layer: Layer, index: int, row: int, read: ReadStages, grain: Grain
) -> Iterator[Segment]:
    what, w = f"attention of block {index}", read.at[index, "attention"]
    norm = (block.attention_norm, layer.attention_output, layer.attention_write, row)
    yield _of_product("attention_product_rounding", what, index, block, layer.heads, norm, w)
    if grain.attention == "source":
        yield _of_mixes("head_rounding", what, index, block, layer.heads, row, through_norm(*norm, w)[0])
    if block.cross is not None:
        what, w = f"cross-{what}", read.at[index, "cross_attention"]
        norm = (None, None, layer.write("cross_attention"), row)
        yield _of_product("cross_attention_product_rounding", what, index, block.cross, layer.cross_heads, norm, w)
        if grain.attention == "source":
            yield _of_mixes("cross_head_rounding", what, index, block.cross, layer.cross_heads, row, w)


def _of_product(
    kind: Kind, what: str, index: int, part: Attending, heads: Heads | None, norm: _PostNorm, w: Tensor
) -> Segment:
    """What the output projection of an attention rounded, and the post-norm of its write."""
    assert heads is not None
    matrix, row = part.output_projection, norm[-1]
    z = heads.written[row].flatten()
    lost = roundings.of_product(f"the output of the {what}", _output(norm), z, matrix)
    return _segment(kind, index, _through(what, norm, lost, w))


def _of_mixes(kind: Kind, what: str, index: int, part: Attending, heads: Heads | None, row: int, w: Tensor) -> Segment:
    assert heads is not None
    lost = roundings.of_mix(f"a mix of values by the {what}", heads.z[row], heads.pattern[:, row], heads.value)
    values = (lost * heads.through_gate(fold(part.output_by_head, w), row).double()).sum(-1)
    return Segment(kind, index, ("head",), values.cpu().numpy())


def _of_mlp(block: Block, layer: Layer, index: int, row: int, w: Tensor) -> float:
    """What the output product of an MLP rounded, and the post-norm of its write."""
    what, neurons = f"MLP of block {index}", layer.neurons
    norm = (block.mlp_norm, layer.mlp_output, layer.mlp_write, row)
    if isinstance(neurons, ExpertInputs):
        shared = None if layer.shared is None else (layer.shared[row], block.shared_experts)
        lost = roundings.of_mixture(f"the output of the {what}", _output(norm), block.experts, neurons, row, shared)
    else:
        assert neurons is not None
        matrix = block.down_projection
        assert matrix is not None
        lost = roundings.of_product(f"the output of the {what}", _output(norm), neurons[row], matrix)
    return _through(what, norm, lost, w)


def _output(norm: _PostNorm) -> Tensor:
    """What a sublayer gave, before a post-norm."""
    _, before, after, row = norm
    return after[row] if before is None else before[row]


def _through(what: str, norm: _PostNorm, lost: Tensor, w: Tensor) -> float:
    """What a readout of a write reads of what was lost before its post-norm, and in it."""
    post, before, after, row = norm
    value = float(through_norm(*norm, w)[0] @ lost)
    if post is None or before is None:
        return value
    return value + float(w @ roundings.of_norm(f"the norm after the {what}", post, before[row], after[row]))


def _segment(kind: Kind, index: int | None, value: float) -> Segment:
    return Segment(kind, index, (), np.asarray(value))
