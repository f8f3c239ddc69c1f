"""Scores of others: an explanation that another tool wrote, as scores over the graph of a model.

    MIB, EAP-IG     {"nodes": {"a0.h1": {"in_graph"}}, "edges": {"a0.h1->m3": {"score", "in_graph"}}}
    unembed         what `unembed circuit --json` prints; or an array of [sender, reader] or [sender, reader, score]
    Neuronpedia     {"nodes": [{"node_id", "layer", "feature_type"}], "links": [{"source", "target", "weight"}]}
    CSV             a row a part, `part,score`; or a row an edge, `sender,reader,score`; the score may be missing

A part is named as here (`a3.h2`, `m5`, `input`, `logits`), as `L3.H2`, `L5 mlp` or `3.2`, or as TransformerLens names
what it writes (`blocks.3.attn.hook_result.2`, `blocks.5.hook_mlp_out`). An edge into a head without `<q>`, `<k>` or
`<v>` is into all three. A feature of a transcoder is a part of the MLP of its layer; those of one part add up.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.edges.graph import INPUT, LOGITS, Graph
from unembed.models.reprs import Brief

_HEADS = (
    r"(?:a|l|layer ?)?(\d+)[. ](?:h|head ?)?(\d+)",
    r"blocks\.(\d+)\.attn\.hook_(?:result|z)[.\[](\d+)\]?",
)
_MLPS = (r"m(\d+)", r"(?:l|layer ?)(\d+)[. ]mlp", r"mlp[ ._]?(\d+)", r"blocks\.(\d+)\.hook_mlp_out")
_INPUTS = ("input", "embed", "embeddings", "hook_embed", "blocks.0.hook_resid_pre", "emb")
_OUTPUTS = ("logits", "logit", "output", "unembed")
_FEATURES = {"embedding": INPUT, "logit": LOGITS}
_SHOWN = 5


@dataclass(frozen=True, repr=False)
class Given(Brief):
    """Scores that somebody gave. Made by `read_scores`."""

    form: str
    """`MIB`, `edges`, `graph`, `parts`."""
    scores: Float[Tensor, "reader sender"] | Float[Tensor, "sender"]
    kept: Bool[Tensor, "reader sender"] | None
    """The edges that it says are in the circuit, where it says so."""


_Edge = tuple[str, str, float]


def read_scores(text: str, graph: Graph, what: str = "The file of scores") -> Given:
    """Scores of edges or of parts, in any of the forms above.

    Raises:
        InputError: another form; parts or edges that the model does not have; scores that are not finite; none at all.
    """
    try:
        data = json.loads(text)
    except ValueError:
        if text.lstrip()[:1] in ("{", "["):
            raise InputError(f"{what} begins as JSON does, and is none.") from None
        return _of_rows(_rows(text, what), graph, what)
    if isinstance(data, Mapping) and isinstance(data.get("links"), list):
        return _of_links(data, graph, what)
    edges = data.get("edges") if isinstance(data, Mapping) else data
    if isinstance(edges, Mapping):
        return _of_mib(edges, graph, what)
    if not isinstance(edges, list):
        raise InputError(f"{what} holds no scores: expected edges, links, or rows of parts.")
    given = _of_edges([_listed(each, i, what) for i, each in enumerate(edges)], graph, what)
    # A circuit that was printed, and a list without scores, is a circuit; an array with scores ranks edges.
    is_circuit = isinstance(data, Mapping) or all(isinstance(each, list) and len(each) == 2 for each in edges)
    return replace(given, kept=given.scores != 0) if is_circuit else given


def _part_of(name: str, graph: Graph) -> str | None:
    """The node that a name means; None if there is none of it in this model."""
    text = name.strip().lower()
    if text in _INPUTS:
        return INPUT
    if text in _OUTPUTS:
        return LOGITS
    for pattern, made in (*((p, "a{}.h{}") for p in _HEADS), *((p, "m{}") for p in _MLPS)):
        match = re.fullmatch(pattern, text)
        if match is not None:
            found = made.format(*(int(number) for number in match.groups()))
            return found if found in graph.senders else None
    return None


# Each form


def _of_mib(edges: Mapping[str, Any], graph: Graph, what: str) -> Given:
    found, inside = list[_Edge](), list[tuple[str, str]]()
    for name, edge in edges.items():
        sender, arrow, reader = name.partition("->")
        if not arrow or not isinstance(edge, Mapping):
            raise InputError(f'{what} names an edge {name!r}: expected "a0.h1->m3" with a score.')
        score = _number(edge.get("score", 0.0 if "in_graph" in edge else None), name, what)
        found.append((sender, reader, score))
        if edge.get("in_graph"):
            inside.append((sender, reader))
    given = _of_edges(found, graph, what)
    if not inside:
        return Given("MIB", given.scores, None)
    return Given("MIB", given.scores, _of_edges([(*edge, 1.0) for edge in inside], graph, what).scores != 0)


def _of_edges(edges: Iterable[_Edge], graph: Graph, what: str) -> Given:
    scores, wrong, some = torch.zeros(graph.edges.shape, dtype=torch.float64), list[str](), False
    for sender, reader, score in edges:
        some = True
        places = list(_places(sender, reader, graph))
        if not places:
            wrong.append(f"{sender} -> {reader}")
        for place in places:
            scores[place] += score
    _check(wrong, "edge", graph, what, some=some)
    return Given("edges", scores, None)


def _places(sender: str, reader: str, graph: Graph) -> Iterator[tuple[int, int]]:
    """Where an edge stands: one reader, or the three of a head."""
    name, kind, _ = reader.partition("<")
    node, source = _part_of(name, graph), _part_of(sender, graph)
    if node is None or source is None or source == LOGITS:
        return
    readers = [node + kind + reader[len(name) + 1 :]] if kind else [node, *(f"{node}<{k}>" for k in "qkv")]
    column = graph.senders.index(source)
    for each in readers:
        if each in graph.readers and column < graph.reads[graph.readers.index(each)]:
            yield graph.readers.index(each), column


def _of_rows(rows: list[dict[str, str]], graph: Graph, what: str) -> Given:
    first = rows[0]
    sender, reader = _column(first, ("sender", "from", "source")), _column(first, ("reader", "to", "target"))
    score = _column(first, ("score", "weight", "effect", "value"))
    values = [1.0 if score is None else _number(row[score], f"row {i}", what) for i, row in enumerate(rows, 1)]
    if sender is not None and reader is not None:
        return _of_edges([(row[sender], row[reader], v) for row, v in zip(rows, values, strict=True)], graph, what)
    part = _column(first, ("part", "node", "name", "label", "head"))
    if part is None:
        raise InputError(
            f"{what} has the columns {', '.join(first)}: expected part and score, or sender, reader and score."
        )
    return _of_parts([(row[part], v) for row, v in zip(rows, values, strict=True)], graph, what)


def _of_parts(parts: Iterable[tuple[str, float]], graph: Graph, what: str) -> Given:
    scores, wrong, some = torch.zeros(len(graph.senders), dtype=torch.float64), list[str](), False
    for name, score in parts:
        some, node = True, _part_of(name, graph)
        if node is None:
            wrong.append(name)
        elif node != LOGITS:
            scores[graph.senders.index(node)] += score
    _check(wrong, "part", graph, what, some=some)
    return Given("parts", scores, None)


def _of_links(data: Mapping[str, Any], graph: Graph, what: str) -> Given:
    """A graph of features: each part is worth what leaves it, by size."""
    parts = dict[str, str]()
    for node in data.get("nodes") or ():
        if isinstance(node, Mapping) and isinstance(node.get("node_id"), str):
            parts[node["node_id"]] = _part_of_feature(node, graph)
    scores = torch.zeros(len(graph.senders), dtype=torch.float64)
    wrong = [name for name, part in parts.items() if part not in (*graph.senders, LOGITS)]
    for index, link in enumerate(data["links"]):
        if not isinstance(link, Mapping) or link.get("source") not in parts:
            raise InputError(f"{what} has a link {index} that leaves none of its nodes.")
        part = parts[link["source"]]
        if part in graph.senders:
            scores[graph.senders.index(part)] += abs(_number(link.get("weight", 1.0), f"link {index}", what))
    _check(wrong, "node", graph, what, some=bool(parts))
    return Given("graph", scores, None)


def _part_of_feature(node: Mapping[str, Any], graph: Graph) -> str:
    kind, name = str(node.get("feature_type", "")), str(node["node_id"])
    if kind in _FEATURES:
        return _FEATURES[kind]
    if name in ("biases", "others"):  # of `unembed graph`: what is not shown, which is no part
        return INPUT
    head = re.match(r"L(\d+)\.H(\d+)\b", name)
    found = _part_of(name, graph) or (None if head is None else _part_of(head[0], graph))
    layer = str(node.get("layer", ""))
    return found or (f"m{layer}" if layer.isdigit() else name)


# What is read


def _rows(text: str, what: str) -> list[dict[str, str]]:
    found = [
        {str(k).strip().lower(): (v or "").strip() for k, v in row.items() if k is not None}
        for row in csv.DictReader(io.StringIO(text))
    ]
    if not found:
        raise InputError(f"{what} is neither JSON nor a table with a line of columns and rows of parts.")
    return found


def _column(row: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in row), None)


def _listed(edge: Any, index: int, what: str) -> _Edge:
    values = [edge.get("from"), edge.get("to"), edge.get("score", 1.0)] if isinstance(edge, Mapping) else edge
    values = [*values, 1.0] if isinstance(values, list) and len(values) == 2 else values
    if not isinstance(values, list) or len(values) != 3 or not all(isinstance(name, str) for name in values[:2]):
        raise InputError(f"{what} holds {json.dumps(edge)[:80]} as edge {index}: expected [sender, reader, score].")
    return values[0], values[1], _number(values[2], f"edge {index}", what)


def _number(value: Any, name: str, what: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise InputError(f"{what} gives {name} the score {value!r}: expected a finite number.")
    return found


def _check(wrong: list[str], kind: str, graph: Graph, what: str, *, some: bool) -> None:
    if wrong:
        more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise InputError(
            f"{what} names what this model, of {len(graph.heads)} layers with {max(graph.heads, default=0)} heads, "
            f"does not have: {'; '.join(wrong[:_SHOWN])}{more}.\nIs it the {kind} of another model? A head is a3.h2 or "
            "L3.H2, an MLP m5 or L5 mlp."
        )
    if not some:
        raise InputError(f"{what} has no {kind}s.")
