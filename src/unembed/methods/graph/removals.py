"""removals: what a graph's nodes do when they are changed, one by one and many together, in exact runs of the model.

A changed node is zero at its position; of two prompts it is what it is in the other one. One by one this says what each
shown node does (`tested`). Many together say what the graph as a whole is worth (`score`), as circuits are measured
(Wang et al. 2022; Marks et al. 2024, *Sparse Feature Circuits*):

    faithfulness(kept)  =  (m(only these kept) - m(none kept)) / (m(all kept) - m(none kept))

with `m` the number that is explained. Nodes that are kept are not held: they read what is left, in a run of the whole
model. Words are never changed. Beside it stand graphs of as many nodes drawn at random, and, on demand, the same number
of nodes chosen by their own exact effects, of all nodes there are.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.methods.alignment import aligned
from unembed.methods.graph.explained import Explained
from unembed.models.parts import Part, parts_of
from unembed.models.reprs import Brief
from unembed.progress import Progress, silent
from unembed.seeds import generator

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200)
"""After how many nodes the deletion curve is read, besides all of them."""
DRAWS = 5
"""How many random graphs stand beside."""
NodePlace = tuple[Part, int]
"""A node: a part, and its position."""


@dataclass(frozen=True, repr=False)
class GraphScore(Brief):
    """How much of the explained number the shown nodes carry, in exact runs. Made by `score`."""

    nodes: int
    """How many are kept."""
    all: int
    """Heads and MLPs at positions, of the whole model."""
    whole: float
    """The number with everything kept."""
    shown: float
    """With the shown nodes alone."""
    none: float
    """With none."""
    random: tuple[float, ...]
    """Faithfulness of as many nodes drawn at random."""
    exact: float | None
    """Faithfulness of as many nodes chosen by their own exact effects; None where these were not asked for."""
    deletion: tuple[tuple[int, float], ...]
    """The number with the first shown nodes changed: how many, and what is left."""

    @property
    def faithfulness(self) -> float:
        """Of the shown nodes: 1 as the whole model, 0 as none of it. It may lie outside of both."""
        return self.share(self.shown)

    @property
    def tells(self) -> bool:
        """Whether the number is lower with nothing kept than with everything: only then is faithfulness a share."""
        return self.none < self.whole

    @property
    def by_chance(self) -> float:
        """The mean of the random graphs."""
        return math.fsum(self.random) / len(self.random)

    def share(self, value: float) -> float:
        """A number on the scale from none (0) to everything (1)."""
        return (value - self.none) / (self.whole - self.none)

    def _found(self) -> str:
        return f"{self.nodes} of {self.all} nodes, faithfulness {self.faithfulness:.2f}, random {self.by_chance:.2f}"


def _changed(asked: Explained, places: Collection[NodePlace]) -> list[Edit]:
    """One version of the run, with some nodes changed."""
    positions: dict[Part, list[int]] = {}
    for part, position in places:
        positions.setdefault(part, []).append(position)
    sites = [part.site(*sorted(at)) for part, at in positions.items()]
    if asked.other is None:
        return [edits.zero(site) for site in sites]
    return [edits.swap(site, asked.other, run=asked.run) for site in sites]


def measured(
    asked: Explained,
    versions: Sequence[Collection[NodePlace]],
    memory: int | None = None,
    progress: Progress = silent,
) -> Tensor:
    """The explained number of each version.

    Raises:
        InputError: a memory budget too small for one version.
        Interrupted: on Ctrl-C, as `counterfactuals`.
    """
    planned = [_changed(asked, places) for places in versions]
    return counterfactuals(
        asked.run, planned, asked.measure, at=asked.positions, memory=memory, progress=progress
    ).double()


def every_node(asked: Explained) -> list[NodePlace]:
    """Every head and every MLP at each position that the explained number depends on; of two prompts, from the first
    token on in which they differ.
    """
    model = asked.run.model
    first = 0 if asked.other is None else aligned(model, asked.run.tokens, asked.other.tokens).shared
    length = asked.run.length if model.bidirectional else 1 + max(asked.positions)
    kinds = ("head", "mlp") if any(block.has_mlp for block in model.blocks) else ("head",)
    return [(part, position) for kind in kinds for part in parts_of(model, kind) for position in range(first, length)]


def score(
    asked: Explained,
    shown: Sequence[NodePlace],
    *,
    exact: bool = False,
    seed: int = 0,
    memory: int | None = None,
    progress: Progress = silent,
) -> GraphScore | None:
    """What the shown nodes carry by themselves, beside random graphs of as many nodes.

    Args:
        asked: what is explained.
        shown: the nodes, the largest worth first.
        exact: whether also every node there is is changed alone, and as many of the largest effects are kept.
        seed: of the random graphs.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each block of each walk.

    Returns:
        None where the number is the same with everything kept and with nothing: there is nothing to carry.

    Raises:
        InputError: a memory budget too small for one version.
        Interrupted: on Ctrl-C.
    """
    nodes = every_node(asked)
    kept = [set(shown), set(), *_random(nodes, len(shown), seed)]
    if exact:
        alone = measured(asked, [[node] for node in nodes], memory, progress)
        order = (alone - asked.base).abs().argsort(descending=True, stable=True)[: len(shown)]
        kept.append({nodes[i] for i in order.tolist()})
    steps = [count for count in _STEPS if count < len(shown)] + [len(shown)]
    versions: list[Collection[NodePlace]] = [[node for node in nodes if node not in each] for each in kept]
    versions += [shown[:count] for count in steps]
    empty = [i for i, places in enumerate(versions) if not places]
    values = measured(asked, [places for places in versions if places], memory, progress).tolist()
    for i in empty:
        values.insert(i, asked.base)
    if values[1] == asked.base:
        return None
    found = GraphScore(
        nodes=len(shown),
        all=len(nodes),
        whole=asked.base,
        shown=values[0],
        none=values[1],
        random=(),
        exact=None,
        deletion=tuple(zip(steps, values[len(kept) :], strict=True)),
    )
    rest = [found.share(value) for value in values[2 : len(kept)]]
    return replace(found, random=tuple(rest[:DRAWS]), exact=rest[DRAWS] if exact else None)


def _random(nodes: Sequence[NodePlace], count: int, seed: int) -> list[set[NodePlace]]:
    random = generator(seed)
    draws = [torch.randperm(len(nodes), generator=random)[:count].tolist() for _ in range(DRAWS)]
    return [{nodes[i] for i in draw} for draw in draws]
