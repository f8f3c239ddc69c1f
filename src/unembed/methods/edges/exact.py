"""Exact patching: the metric when one node, or one edge, carries the base's value and all else reacts.

    node   what it writes is the base's, at every position; a walk of the counterfactual engine from there on
    edge   its reader reads the base's value of its sender; what the reader then writes is a walk from there on

Both are what the circuit without that node's edges, or that edge, gives (flow.py), at the price of few runs.
"""

from collections import defaultdict
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.measures import logit
from unembed.methods.edges.apart import Apart
from unembed.methods.edges.flow import Pair, written_by
from unembed.methods.edges.graph import Place
from unembed.models.sites import Site

_TEXTS = 16
"""Readers that are run side by side."""


def moved_of(pair: Pair) -> Float[Tensor, "sender position d_model"]:
    """What each sender gives in the clean run minus what the base has."""
    return written_by(pair.graph, Apart(pair.clean)) - pair.writes


@torch.no_grad()
def patched_nodes(pair: Pair, tokens: tuple[int, int]) -> Float[Tensor, "sender"]:
    """What the metric loses when each sender gives what the base has."""
    graph, moved = pair.graph, moved_of(pair)
    versions = [_changed(pair, 0, "resid_pre", -moved[0])]
    for layer, place in enumerate(graph.places):
        after_heads = _after_heads(pair, place)
        for head in range(place.heads):
            versions.append(_changed(pair, layer, after_heads, -moved[place.first + head]))
        if place.has_mlp:
            versions.append(_changed(pair, layer, "resid_post", -moved[place.mlp_sender]))
    return _lost(pair, tokens, versions)


@torch.no_grad()
def patched_edges(
    pair: Pair, tokens: tuple[int, int], edges: Sequence[tuple[int, int]]
) -> Float[Tensor, "reader sender"]:
    """What the metric loses when each of some edges (reader and sender) carries what the base has; 0 of the others."""
    moved, found = moved_of(pair), torch.zeros(pair.graph.edges.shape, dtype=torch.float64)
    by_stage = defaultdict[tuple[int, bool], list[tuple[int, int]]](list)
    for reader, sender in edges:
        by_stage[_stage(pair, reader)].append((reader, sender))
    last = len(pair.graph.places), False
    read = by_stage.pop(last, [])
    if read:
        streams = pair.clean.final[-1] - moved[[sender for _, sender in read], -1]
        ends = pair.apart.logits(torch.cat([pair.clean.final[-1:], streams]), tokens).double()
        metrics = ends[:, 0] - ends[:, 1]
        for (reader, sender), lost in zip(read, (metrics[0] - metrics[1:]).tolist(), strict=True):
            found[reader, sender] = lost
    listed = [edge for group in by_stage.values() for edge in group]
    versions: list[Edit] = []
    for (layer, is_mlp), group in by_stage.items():
        for start in range(0, len(group), _TEXTS):
            part = group[start : start + _TEXTS]
            kind = "resid_post" if is_mlp else _after_heads(pair, pair.graph.places[layer])
            versions += [_changed(pair, layer, kind, delta) for delta in _reacting(pair, moved, layer, is_mlp, part)]
    for (reader, sender), lost in zip(listed, _lost(pair, tokens, versions).tolist(), strict=True):
        found[reader, sender] = lost
    return found


def _stage(pair: Pair, reader: int) -> tuple[int, bool]:
    """The layer of a reader, and whether it is its MLP."""
    for layer, place in enumerate(pair.graph.places):
        if reader < place.mlp_reader + place.has_mlp:
            return layer, place.has_mlp and reader == place.mlp_reader
    return len(pair.graph.places), False


def _reacting(
    pair: Pair, moved: Tensor, layer: int, is_mlp: bool, edges: Sequence[tuple[int, int]]
) -> Float[Tensor, "edge position d_model"]:
    """What readers write without an edge each, minus what they wrote in the clean run."""
    run, place = pair.clean, pair.graph.places[layer]
    before, gone = run.before(layer), moved[[sender for _, sender in edges]]
    if is_mlp:
        stream = before if pair.graph.parallel else before + run.layers[layer].attention_write
        given = pair.apart.mlp(layer, torch.cat([stream[None], stream - gone]))
        return given[1:] - given[0]
    streams = before.expand(3, place.heads, len(edges) + 1, *before.shape).clone()
    for text, (reader, _) in enumerate(edges, 1):
        kind, head = divmod(reader - place.reader, place.heads)
        streams[kind, head, text] -= gone[text - 1]
    given = pair.apart.heads(layer, streams).sum(0)
    return given[1:] - given[0]


def _after_heads(pair: Pair, place: Place) -> str:
    """Where what heads write is read: before the MLP of their block, or after it."""
    return "resid_mid" if place.has_mlp and not pair.graph.parallel else "resid_post"


def _changed(pair: Pair, layer: int, kind: str, delta: Float[Tensor, "position d_model"]) -> Edit:
    """A change of the stream, from the first position on at which there is one."""
    some = delta.abs().sum(-1).nonzero()[:, 0].tolist()
    positions = tuple(range(some[0] if some else len(delta) - 1, len(delta)))
    return edits.add(Site(kind=kind, layer=layer, positions=positions), delta[list(positions)])  # type: ignore[arg-type]


def _lost(pair: Pair, tokens: tuple[int, int], versions: list[Edit]) -> Float[Tensor, "version"]:
    if not versions:
        return torch.zeros(0, dtype=torch.float64)
    measure = logit(*tokens)
    unchanged = edits.add(
        Site(kind="resid_post", layer=pair.model.layers - 1, positions=(len(pair.clean.tokens) - 1,)), 0.0
    )
    found = counterfactuals(pair.clean, [unchanged, *versions], measure).double().cpu()
    return found[0] - found[1:]
