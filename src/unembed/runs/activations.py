"""Many passages at once: the activations of one layer, and the last stream, at every position.

The passages run in batches, padded on the right, and only up to what is read. A causal model never looks to the right,
so padding changes nothing but rounding; passages whose numbers depend on their length (lengths.py) run apart, and so do
those of different length in a model that reads both ways.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.forward import call
from unembed.models.hooks import on_call, on_output, one_at_a_time
from unembed.models.lengths import acts_alike
from unembed.models.model import Model
from unembed.models.refusals import decoders_only
from unembed.progress import Progress, silent
from unembed.runs.kept import ExpertInputs, expert_neurons

BATCH = 2048
"""Tokens of a batch."""


_Watch = Callable[[ExitStack, Callable[[Tensor], None]], None]
"""Hooks what is read until the stack closes, and hands it on."""


class _Read(Exception):  # noqa: N818  # no error: what is wanted has been read, the rest need not run
    pass


def activations(
    model: Model,
    layer: int,
    passages: Sequence[Sequence[int]],
    *,
    expert: int | None = None,
    progress: Progress = silent,
) -> Iterator[tuple[int, Float[Tensor, "position neuron"]]]:
    """The neurons of one layer at every position of each passage, with the passage's index; the shortest first.

    Args:
        model: from `load` or `wrap`.
        layer: whose neurons.
        passages: token ids, each of one token at least.
        expert: whose neurons, in a mixture; where it was not chosen they are 0.
        progress: called after each batch.

    Raises:
        InputError: a mixture without an expert.
    """
    decoders_only(model, "Reading activations over a text")
    block = model.blocks[layer]
    if (block.experts is not None) != (expert is not None):
        raise InputError(f"Layer {layer}: a mixture of experts needs an expert, and no other layer has one.")

    def read(args: tuple[Any, ...]) -> Tensor:
        return args[0] if expert is None else expert_neurons(model, layer, ExpertInputs(*args))[:, expert]

    part = block.down_projection if expert is None else block.experts
    assert part is not None

    def watch(stack: ExitStack, keep: Callable[[Tensor], None]) -> None:
        on_call(stack, part, lambda args, _: keep(read(args)))

    yield from _read_all(model, watch, passages, progress)


def last_streams(
    model: Model, passages: Sequence[Sequence[int]], *, progress: Progress = silent
) -> Iterator[tuple[int, Float[Tensor, "position d_model"]]]:
    """The stream after the last block at every position of each passage, in the manner of `activations`."""
    decoders_only(model, "Reading streams over a text")
    path = model.family.final_norm

    def watch(stack: ExitStack, keep: Callable[[Tensor], None]) -> None:
        if path is None:  # the last stream is what the last block gives
            on_output(stack, model.blocks[-1].module, keep)
        else:
            on_call(stack, model.module.get_submodule(path), lambda args, _: keep(args[0]))

    yield from _read_all(model, watch, passages, progress)


def padded(rows: Sequence[Sequence[int]]) -> Int[Tensor, "row position"]:
    """Rows of token ids as one array, filled up with token 0 on the right."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


def _read_all(
    model: Model,
    watch: _Watch,
    passages: Sequence[Sequence[int]],
    progress: Progress,
) -> Iterator[tuple[int, Tensor]]:
    """What is watched, passage by passage."""
    order = sorted(range(len(passages)), key=lambda i: len(passages[i]))
    for done, batch in _batches(model, order, passages):
        found = _run(model, watch, padded([passages[i] for i in batch]).to(model.device))
        for row, i in enumerate(batch):
            yield i, found[row, : len(passages[i])]
        progress("passages", done)


def _batches(model: Model, order: list[int], passages: Sequence[Sequence[int]]) -> Iterator[tuple[float, list[int]]]:
    start = 0
    while start < len(order):
        end = start + 1
        shortest = len(passages[order[start]])
        while (
            end < len(order)
            and (end + 1 - start) * len(passages[order[end]]) <= BATCH
            and acts_alike(model, shortest, len(passages[order[end]]))
            # Padding would be read by what stands before it.
            and not (model.bidirectional and len(passages[order[end]]) != shortest)
        ):
            end += 1
        yield end / len(order), order[start:end]
        start = end


@torch.no_grad()
def _run(model: Model, watch: _Watch, ids: Int[Tensor, "row position"]) -> Tensor:
    kept: list[Tensor] = []

    def keep(found: Tensor) -> None:
        kept.append(found)
        raise _Read

    with one_at_a_time, ExitStack() as stack:
        watch(stack, keep)
        with suppress(_Read):
            call(model, ids, keep=1, attention_mask=torch.ones_like(ids))
    return kept[0].reshape(*ids.shape, -1)
