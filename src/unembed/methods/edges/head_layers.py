"""Which outputs of the layers inside an attention make the query, key and value of which head.

A gradient tells, at one position: a layer's output belongs to the head whose query, key or value depends on it. Where
each belongs to one head, a head that reads a stream of its own needs its own columns only. Where heads are mixed (a
norm over the queries of all heads, as in OLMo 2) the whole attention is called for each stream instead.
"""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.hooks import attending, on_pass, one_at_a_time, replaced
from unembed.models.layers import bias, has_matrix, projection
from unembed.models.reprs import Brief
from unembed.runs.kept import at_positions
from unembed.runs.run import Run

Columns = dict[str, tuple[Int[Tensor, "head column"] | None, ...]]
"""By the name of a layer inside the attention: its columns that are of queries, of keys and of values, by head."""


class Mixed(Exception):  # noqa: N818  # no error: it ends a call of an attention
    """The heads are known: what comes after is done elsewhere."""


@dataclass(frozen=True, repr=False)
class HeadLayer(Brief):
    """A layer inside an attention that reads the stream."""

    module: nn.Module
    columns: tuple[Int[Tensor, "head column"] | None, ...]
    """As in `Columns`."""


def head_layers(attention: nn.Module, columns: Columns) -> tuple[HeadLayer, ...]:
    """The layers of an attention, with their columns."""
    return tuple(HeadLayer(attention.get_submodule(name), each) for name, each in columns.items())


def give_heads(
    stack: ExitStack, layers: Sequence[HeadLayer], read: Float[Tensor, "input head text position d_model"]
) -> Float[Tensor, "group text position d_model"]:
    """Let layers give each head what they make of its own stream until `stack` closes.

    Returns:
        What the attention is to be called with: nobody reads it, and of its shape are the outputs.
    """
    shared = [layer.columns[1] for layer in layers if layer.columns[1] is not None]
    groups = read.shape[1] // len(shared[0])
    for layer in layers:
        made = _made(layer, read, groups)
        replaced(stack, layer.module, lambda *_, made=made, **__: made.reshape(1, -1, made.shape[-1]))
    return read.new_zeros(groups, *read.shape[2:])


def _made(layer: HeadLayer, read: Tensor, groups: int) -> Float[Tensor, "group text position column"]:
    matrix, vector = projection(layer.module), bias(layer.module)
    out = read.new_empty(groups, *read.shape[2:-1], matrix.shape[1])
    for streams, columns in zip(read, layer.columns, strict=True):
        if columns is None:
            continue
        place = _place(columns)
        own = matrix[:, place].unflatten(1, columns.shape)
        # A query head is alone with its key and value in its group (apart.py); its query may stand in all of them.
        times = len(streams) // len(columns)
        each = torch.einsum("kgntd,dkc->gntkc", streams.unflatten(0, (-1, times)), own).flatten(-2)
        out[..., place] = each if vector is None else each + vector[place]
    return out


def _place(columns: Int[Tensor, "head column"]) -> slice | Int[Tensor, "any"]:
    """Where columns stand: a slice where they follow each other, which copies no weights."""
    flat = columns.flatten()
    first, last = int(flat[0]), int(flat[-1]) + 1
    together = last - first == len(flat) and bool((flat.diff() == 1).all())
    return slice(first, last) if together else flat


@torch.enable_grad()
def columns_by_head(run: Run, layer: int) -> Columns | None:
    """The columns of the layers inside an attention; None where they do not belong to one head each."""
    block = run.model.blocks[layer]
    whole = [module for module in block.attention.modules() if has_matrix(module)]
    inside = {part for module in whole for part in module.modules()} - {*whole}  # of an adapter around a layer
    names = {module: name for name, module in block.attention.named_modules() if _has_weights(module)}
    names = {module: name for module, name in names.items() if module not in inside}
    names.pop(block.output_projection, None)
    made, heads = _probed(run, layer, list(names))
    if made.keys() != names.keys() or not all(_is_plain(module) for module in names):
        return None
    depend = [[_depends(head, made) for head in kind] for kind in heads]
    found: Columns = {}
    for index, module in enumerate(made):
        by_kind = [torch.stack([each[index] for each in kind]) for kind in depend]
        if not bool((torch.cat(by_kind).sum(0) == 1).all()):
            return None
        counts = [x.sum(1) for x in by_kind]
        if any(len(count.unique()) > 1 for count in counts):
            return None
        found[names[module]] = tuple(x.nonzero()[:, 1].view(len(x), -1) if bool(x.any()) else None for x in by_kind)
    return found


def _has_weights(module: nn.Module) -> bool:
    return has_matrix(module) or any(x.ndim > 1 for x in module.parameters(recurse=False))


def _is_plain(module: nn.Module) -> bool:
    try:
        projection(module)
    except ModelError:
        return False
    return True


def _probed(run: Run, layer: int, modules: Sequence[nn.Module]) -> tuple[dict[nn.Module, Tensor], list[Tensor]]:
    """At the first position: what those modules gave that read what the attention reads, as leaves of a gradient; and
    queries, keys and values, `head d_head` each."""
    attention, call = run.model.blocks[layer].attention, run.calls[layer]
    hidden, where = run.attention_input(layer)[:1], torch.zeros(1, dtype=torch.long, device=run.model.device)
    made: dict[nn.Module, Tensor] = {}
    heads: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...], out: Tensor) -> Tensor | None:
        if not args or args[0].shape[-1] != hidden.shape[-1] or not torch.equal(args[0].reshape_as(hidden), hidden):
            return None
        made[module] = out.detach().requires_grad_()
        return made[module]

    def attend(_: nn.Module, eager: object, query: Tensor, key: Tensor, value: Tensor, mask: object) -> Any:
        heads.extend(x[0, :, 0] for x in (query, key, value))
        raise Mixed

    with one_at_a_time, attending(run.model, attend), suppress(Mixed), ExitStack() as stack:
        for module in modules:
            on_pass(stack, module, partial(keep, module))
        args, kwargs = (at_positions(x, where, run.length) for x in (call.attention_args, call.attention_kwargs))
        attention(hidden[None], *args, **kwargs)
    return made, heads


def _depends(head: Float[Tensor, "d_head"], made: dict[nn.Module, Tensor]) -> list[Tensor]:
    """Which outputs of each module one head's query, key or value depends on."""
    weights = torch.linspace(1, 2, len(head), dtype=head.dtype, device=head.device)  # a norm's sum may not depend
    slopes = torch.autograd.grad(head @ weights, list(made.values()), retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(x).flatten().bool() if slope is None else slope.flatten() != 0
        for slope, x in zip(slopes, made.values(), strict=True)
    ]
