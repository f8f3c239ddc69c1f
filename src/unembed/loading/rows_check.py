"""rows: does a layer make each token's numbers of that token's alone?

Embeddings, queries, keys, values and neurons are told of one token. A layer that mixes tokens there (a mean over the
prompt, the token before) would leave every sum right and what is said of tokens wrong, and the engine, which runs a
layer on the tokens that changed, would give other numbers than the model. So each is called again with every token as a
prompt of its own.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from unembed.models.hooks import on_pass
from unembed.models.layers import has_matrix
from unembed.models.model import Model
from unembed.runs.block_reads import LayerCall


@dataclass
class RowCalls:
    """The calls of layers that are to treat each token alone, by what they are called in a message."""

    of: list[tuple[str, LayerCall]] = field(default_factory=list)


def watch_rows(stack: ExitStack, model: Model) -> RowCalls:
    """Keep the calls of the token embedding, the matrices and the activations of a model until `stack` closes.

    Of blocks whose mixer or MLP is one term nothing is said by token, so there they may mix.
    """
    calls = RowCalls()
    layers = {module: what for what, module in _layers(model)}  # blocks may share them
    for module, what in layers.items():
        on_pass(stack, module, partial(_keep, calls, what, module))
    return calls


def mixed(calls: RowCalls) -> Iterator[tuple[str, Tensor, Tensor]]:
    """What each layer made, and what it makes of every token alone."""
    for what, call in calls.of:
        alone = call.module(call.given.transpose(0, 1))
        yield what, call.made, alone.transpose(0, 1)


def _layers(model: Model) -> Iterator[tuple[str, nn.Module]]:
    if model.family.embedding is not None:
        yield "embedding", model.module.get_submodule(model.family.embedding)
    for index, block in enumerate(model.blocks):
        attention = set(block.attention.modules())
        if block.cross is not None:
            attention |= set(block.cross.attention.modules())
        for name, module in block.module.named_modules():
            told = block.attends if module in attention else block.neurons > 0
            if told and not any(True for _ in module.children()) and _one_row(module):
                yield f"layer {name!r} of block {index}", module


def _one_row(module: nn.Module) -> bool:
    """A matrix, or a function without weights."""
    return has_matrix(module) or not module.state_dict()


def _keep(calls: RowCalls, what: str, module: nn.Module, args: tuple[Any, ...], out: Any) -> None:
    if len(args) != 1 or not isinstance(args[0], Tensor) or not isinstance(out, Tensor):
        return
    rank = 2 if args[0].dtype in (torch.int32, torch.int64) else 3
    # experts are given the rows that were routed to them, which are no prompt
    if args[0].ndim == rank and len(args[0]) == len(out) == 1 and out.shape[1] == args[0].shape[1]:
        calls.of.append((what, LayerCall(module, args[0].clone(), out.clone())))
