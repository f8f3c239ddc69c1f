"""Active neurons: those of a layer that write most at a position, and draws from them: what controls are made of.

    size(neuron) = |activation| * |value row|        times the router's weight in a mixture; before a post-norm

Neurons that hardly write would make any other look important.
"""

from collections.abc import Collection, Sequence
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.models.model import value_rows
from unembed.models.sites import Site
from unembed.runs.run import Run

_T = TypeVar("_T")

_STRONG = 0.1
"""The share of a layer's neurons that counts as strongly active."""
AMONG = 4
"""A set of neurons is drawn from at least this many times as many."""


def draw(pool: Sequence[_T], count: int, random: torch.Generator) -> list[_T]:
    """Up to so many of a pool, at random."""
    return [pool[i] for i in torch.randperm(len(pool), generator=random)[:count].tolist()]


def others_strongly_active(
    run: Run, layer: int, taken: Collection[tuple[int | None, int | None]], least: int, *, position: int | None = None
) -> list[tuple[int | None, int]]:
    """The neurons `(expert, neuron)` of a layer that write most at a position (None: where it is asked): a tenth, or
    `least` if more; without those that are `taken`. Controls are drawn of them.
    """
    return [index for index in _strongest(run, layer, least, run.place(position))[0] if index not in taken]


def sample_of_strong(run: Run, count: int, random: torch.Generator) -> list[Site]:
    """Strongly active neurons of all layers where it is asked, drawn at random; all that are, if there are fewer.

    A layer's tenth is widened where `count` could not be drawn otherwise. Each neuron has a lot of its own, so that
    the few that rounding moves in or out of a tenth do not change which of the others are drawn.
    """
    layers = run.model.layers
    found: list[tuple[float, Site]] = []
    for layer in range(layers):
        best, shape = _strongest(run, layer, -(-count // layers), run.asked)
        lots = torch.rand(shape, generator=random, dtype=torch.float64)
        for expert, neuron in best:
            lot = float(lots[neuron] if expert is None else lots[expert, neuron])
            site = Site(kind="neuron", layer=layer, expert=expert, neuron=neuron, positions=(run.asked,))
            found.append((lot, site))
    return [site for _, site in sorted(found, key=lambda drawn: drawn[0])[:count]]


def _strongest(run: Run, layer: int, least: int, position: int) -> tuple[list[tuple[int | None, int]], tuple[int, ...]]:
    """The neurons, and the shape of the layer's."""
    sizes = _write_sizes(run, layer, position)
    count = min(int((sizes > 0).sum()), max(least, round(_STRONG * sizes.shape[-1])))
    best = sizes.flatten().topk(count).indices.tolist()
    if sizes.ndim == 1:
        return [(None, i) for i in best], tuple(sizes.shape)
    return [divmod(i, sizes.shape[1]) for i in best], tuple(sizes.shape)


def _write_sizes(run: Run, layer: int, position: int) -> Float[Tensor, "*neuron"]:
    at, block = (position,), run.model.blocks[layer]
    activation = run.at(Site(kind="neuron", layer=layer, positions=at))[0].float().abs()
    if block.experts is None:
        return activation * value_rows(block).float().norm(dim=1)
    weight = run.at(Site(kind="expert", layer=layer, positions=at))[0].float().abs()
    sizes = torch.zeros_like(activation)
    for expert in weight.nonzero()[:, 0].tolist():
        sizes[expert] = weight[expert] * activation[expert] * value_rows(block, expert).float().norm(dim=1)
    return sizes
