"""transplants: parts of one model at work inside another, by calling the blocks of both.

A *part* is what writes to the stream: the embedding, the attention or the MLP of a block (with the norms through which
it reads and writes); and what reads the last stream: final norm and unembedding. A block of either model is called with
any stream, as it was called in a run; the write of its attention can be put in the place of its own, so that the MLP of
one model reads what the attention of the other wrote. Weights are neither copied nor changed.
"""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.models.hooks import attending, first_of, on_output, one_at_a_time
from unembed.models.model import Block, Model, Stage
from unembed.models.unembedding import unembedded
from unembed.runs.run import Run

PartName = tuple[int, Stage] | Literal["embedding", "readout"]
"""The attention or the MLP of a block, or what stands before or after all blocks."""
_STAGES: tuple[Stage, ...] = ("attention", "mlp")


def part_names(model: Model) -> list[PartName]:
    """The parts of a model, in the order of the stream."""
    inside: list[PartName] = [(i, s) for i, block in enumerate(model.blocks) for s in _STAGES if _writes(block, s)]
    return ["embedding", *inside, "readout"]


def _writes(block: Block, stage: Stage) -> bool:
    return block.mixes if stage == "attention" else block.has_mlp


def check_transplants(model: Model) -> None:
    """Refuse a model whose parts are not told apart here.

    Raises:
        InputError: an encoder-decoder; a model whose norms or other layers act on the stream between the parts.
    """
    blocks = model.blocks
    if not blocks or not model.has_unembedding:
        what = "has no blocks" if not blocks else "has no unembedding"
    elif model.encoder is not None:
        what = "reads an encoder"
    elif any(block.stream_norms or block.enters is not None for block in blocks):
        what = "has norms that act on the stream between its parts"
    elif any(block.beside or block.write_scales for block in blocks):
        what = "has layers beside its parts that also write to the stream, or scales of each write"
    else:
        return
    raise InputError(
        f"Parts of two sets of weights are compared in models whose stream is a plain sum of what they write; "
        f"{model.name} {what}."
    )


@torch.no_grad()
def call_block(
    model: Model, run: Run, layer: int, stream: Float[Tensor, "position d_model"], given: Mapping[Stage, Tensor]
) -> tuple[dict[Stage, Tensor], Float[Tensor, "position d_model"]]:
    """Call a block of a model with any stream, otherwise as it was called in a run (of this or another model).

    Args:
        given: writes that come in the place of the block's own.

    Returns:
        The block's own writes, at every position, and the stream after it.
    """
    block, call = model.blocks[layer], run.calls[layer]
    found: dict[Stage, Tensor] = {}
    with one_at_a_time, ExitStack() as stack:
        stack.enter_context(attending(model, lambda _, eager, *args: eager(*args)))
        for stage in _STAGES:
            module = block.attention_write if stage == "attention" else block.mlp_write
            on_output(stack, module, partial(_kept, found, stage, block.write_scale, given.get(stage)))
        after = first_of(block.module(stream[None], *call.args, **call.kwargs))
    return found, after[0]


def _kept(found: dict[Stage, Tensor], stage: Stage, scale: float, given: Tensor | None, out: Tensor) -> Tensor | None:
    found[stage] = out.reshape(-1, out.shape[-1]) * scale
    return None if given is None else (given / scale).to(out.dtype).view_as(out)


@torch.no_grad()
def logits_with(runs: tuple[Run, Run], chosen: Collection[PartName], position: int) -> Float[Tensor, "vocab"]:
    """The logits of the first model at a position, with some parts of the second in the place of its own."""
    models = [run.model for run in runs]
    which = {part: int(part in chosen) for part in part_names(models[0])}
    stream, own = runs[which["embedding"]].before(0), not which["embedding"]
    for layer, block in enumerate(models[0].blocks):
        sides = {stage: which[layer, stage] for stage in _STAGES if _writes(block, stage)}
        if own and not any(sides.values()):
            stream = runs[0].after(layer)
            continue
        own, given = False, dict[Stage, Tensor]()
        if len(set(sides.values())) > 1:
            given["attention"] = call_block(models[sides["attention"]], runs[0], layer, stream, {})[0]["attention"]
        last = sides.get("mlp", next(iter(sides.values()), 0))
        stream = call_block(models[last], runs[0], layer, stream, given)[1]
    return read_by(models[which["readout"]], stream[position])


@torch.no_grad()
def read_by(model: Model, x: Float[Tensor, "d_model"]) -> Float[Tensor, "vocab"]:
    """The logits that a model's final norm and unembedding make of a last stream."""
    return unembedded(model, x[None])[2][0]
