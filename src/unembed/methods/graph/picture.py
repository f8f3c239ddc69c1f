"""picture: a graph drawn with tokens from left to right, blocks upward and the target on top; an encoder below."""

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from unembed.models.labels import visible
from unembed.models.names import in_stack
from unembed.models.tokens import name_of
from unembed.runs.figures import Picture, layered

if TYPE_CHECKING:
    from unembed.methods.graph.graph import Graph

_MOST_LINES = 200
"""The largest edges that are drawn."""
_Level = tuple[bool, int, int]
"""What stands side by side: whether it is of the model's own stack, the block (-1 for words), and the part of it."""
_PARTS = {"head": 0, "cross_head": 1}
_NAMES = ("", " cross", " mlp")


def picture(graph: "Graph") -> Picture:
    """The shown nodes, the words and the edges between them; what goes other ways is left out, and the title says how
    much that is.
    """
    levels = _levels(graph)
    rows = sorted({level for level, _ in levels.values()})
    places = _places(levels, rows)
    points = [(*places[word.label], visible(word.text), word.worth) for word in graph.words]
    points += [(*places[node.label], node.label.split(" @")[0], node.worth) for node in graph.nodes]
    points.append((*places["target"], _target(graph), graph.value))
    lines = [
        (places[edge.source], places[edge.target], edge.worth)
        for edge in graph.edges
        if {edge.source, edge.target} <= places.keys()
    ]
    title = f"{graph.asked.title}: {graph.value:+.2f}, {_carried(graph)}".replace("-", "−")
    return layered(points, lines[:_MOST_LINES], rows=[_row(graph, row) for row in rows], axis="token", title=title)


def _carried(graph: "Graph") -> str:
    """How much of it the shown nodes carry, in exact runs where these were made."""
    if graph.score is not None and graph.score.tells:
        chance = f"as many at random {graph.score.by_chance:.0%}"
        return f"of which the {len(graph.nodes)} nodes shown keep {graph.score.faithfulness:.0%}, {chance}"
    share = 1 - graph.remainder / graph.value if graph.value else 0.0
    return f"of which {share:.0%} goes by the {len(graph.nodes)} nodes shown alone"


def _target(graph: "Graph") -> str:
    if len(graph.asked.reads) > 1:
        return visible("".join(name_of(graph.model, read.target or 0) for read in graph.asked.reads))
    return visible(graph.run.prediction(graph.readout.target or 0, position=graph.readout.position).text or "")


def _levels(graph: "Graph") -> dict[str, tuple[_Level, int]]:
    """The level and the position of each thing that is drawn."""
    found: dict[str, tuple[_Level, int]] = {}
    for word in graph.words:
        found[word.label] = ((not word.of_source, -1, 0), word.position)
    for node in sorted(graph.nodes, key=lambda each: each.label):
        found[node.label] = ((not node.encoder, node.layer, _PARTS.get(node.kind, 2)), node.position)
    found["target"] = ((True, graph.model.layers, 0), graph.readout.position)
    return found


def _places(levels: dict[str, tuple[_Level, int]], rows: list[_Level]) -> dict[str, tuple[float, float]]:
    """Where each thing stands: in the column of its token, which is as wide as its fullest level."""
    often = Counter((position, level) for level, position in levels.values())
    positions = range(1 + max(position for _, position in levels.values()))
    widths = [max([1, *(n for (p, _), n in often.items() if p == position)]) for position in positions]
    starts, seen = list(itertools.accumulate(widths, initial=0)), Counter[tuple[int, _Level]]()
    found = {}
    for name, (level, position) in levels.items():
        cell = position, level
        spare = (widths[position] - often[cell]) / 2
        found[name] = (starts[position] + spare + seen[cell], float(rows.index(level)))
        seen[cell] += 1
    return found


def _row(graph: "Graph", level: _Level) -> str:
    """What a level is called."""
    own, layer, part = level
    if layer < 0:
        return "words" if own else "source"
    return "target" if own and layer == graph.model.layers else in_stack(f"{layer}{_NAMES[part]}", not own)
