"""picture: a graph drawn with tokens from left to right, blocks upward and the target on top; an encoder below."""

from collections import Counter
from typing import TYPE_CHECKING

from unembed.models.labels import visible
from unembed.runs.figures import Picture, layered

if TYPE_CHECKING:
    from unembed.methods.graph.graph import Graph, GraphNode

_MOST_LINES = 200
"""The largest edges that are drawn."""
_STEP = 0.14
"""Between nodes of a block at one position."""


def picture(graph: "Graph") -> Picture:
    """The shown nodes, the words and the edges between them; what goes other ways is left out, and the title says how
    much that is.
    """
    places = _places(graph)
    points = [(*places[word.label], visible(word.text), word.worth) for word in graph.words]
    points += [(*places[node.label], node.label.split(" @")[0], node.worth) for node in graph.nodes]
    points.append((*places["target"], _target(graph), graph.value))
    lines = [
        (places[e.source], places[e.target], e.worth) for e in graph.edges if {e.source, e.target} <= places.keys()
    ]
    share = 1 - graph.remainder / graph.value if graph.value else 0.0
    alone = f"of which {share:.0%} goes by the {len(graph.nodes)} nodes shown alone"
    title = f"{graph.readout.title}: {graph.value:+.2f}, {alone}"
    return layered(points, lines[:_MOST_LINES], axes=("token", "block"), title=title.replace("-", "−"))


def _target(graph: "Graph") -> str:
    return visible(graph.run.prediction(graph.readout.target or 0, position=graph.readout.position).text or "")


def _places(graph: "Graph") -> dict[str, tuple[float, float]]:
    """Where each thing stands: a node at its token and its block, several of one place side by side."""
    model, seen = graph.model, Counter[tuple[bool, int, float]]()
    below = 0 if model.encoder is None else model.encoder.layers + 2
    found = {word.label: (float(word.position), -1.0 - below * word.of_source) for word in graph.words}
    for node in sorted(graph.nodes, key=lambda each: each.label):
        height = node.layer + _half(node) - below * node.encoder
        cell = (node.encoder, node.position, height)
        found[node.label] = (node.position + _STEP * seen[cell], height)
        seen[cell] += 1
    found["target"] = (float(graph.readout.position), float(model.layers))
    return found


def _half(node: "GraphNode") -> float:
    """How far up its block it writes."""
    return {"head": 0.0, "cross_head": 0.25}.get(node.kind, 0.5)
