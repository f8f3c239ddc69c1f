"""graph_files: a graph as other programs read it: GraphML, and the JSON of Neuronpedia's graph viewer."""

import json
from typing import Any
from xml.etree import ElementTree

from unembed.models.labels import visible
from unembed.view.payloads.graph import GraphPayload

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


def graphml(payload: GraphPayload) -> str:
    """The graph as GraphML (Gephi, yEd, networkx): nodes, words, `biases`, `others`, `target`, and all edges."""
    root = ElementTree.Element("graphml", xmlns=_NAMESPACE)
    keys = {
        "label": "string",
        "kind": "string",
        "layer": "int",
        "position": "int",
        "value": "double",
        "after": "double",
    }
    for name, kind in keys.items():
        ElementTree.SubElement(root, "key", {"id": name, "for": "node", "attr.name": name, "attr.type": kind})
    ElementTree.SubElement(root, "key", {"id": "worth", "for": "all", "attr.name": "worth", "attr.type": "double"})
    inside = ElementTree.SubElement(root, "graph", id="unembed", edgedefault="directed")
    for name, data in _nodes(payload).items():
        node = ElementTree.SubElement(inside, "node", id=name)
        for key, value in data.items():
            if value is not None:
                ElementTree.SubElement(node, "data", key=key).text = visible(value) if key == "label" else str(value)
    for edge in payload.edges:
        line = ElementTree.SubElement(inside, "edge", source=edge.from_, target=edge.to)
        ElementTree.SubElement(line, "data", key="worth").text = repr(edge.worth)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _nodes(payload: GraphPayload) -> dict[str, dict[str, Any]]:
    """Everything that an edge may name."""
    found: dict[str, dict[str, Any]] = {}
    for word in payload.words:
        name = f"{'source' if word.of_source else 'word'} {word.position}"
        found[name] = {"label": word.text, "kind": "word", "position": word.position, "worth": word.worth}
    found["biases"] = {"label": "biases", "kind": "biases", "worth": payload.biases}
    if payload.other_tokens:
        found["held"] = {"label": "held", "kind": "biases", "worth": payload.held}
    found["others"] = {"label": "others", "kind": "others"}
    for node in payload.nodes:
        kept = ("kind", "layer", "position", "value", "worth", "after")
        found[node.id] = {"label": node.id} | {key: getattr(node, key) for key in kept}
    found["target"] = {"label": payload.target.text, "kind": "target", "position": payload.position}
    found["target"]["worth"] = payload.value
    return found


def neuronpedia(payload: GraphPayload) -> str:
    """The graph as Neuronpedia's graph JSON: heads and neurons stand as features, `others` as an error node."""
    prompt = [token.text for token in payload.tokens]
    data = {
        "metadata": {
            "slug": "unembed-graph",
            "scan": payload.model.name,
            "prompt_tokens": prompt,
            "prompt": "".join(prompt),
            "info": {"generator": {"name": "unembed", "version": payload.versions["unembed"]}},
            "schema_version": 1,
        },
        "qParams": {"pinnedIds": [], "supernodes": [], "linkType": "both", "clickedId": "", "sg_pos": ""},
        "nodes": [_feature(payload, name, node) for name, node in _nodes(payload).items()],
        "links": [{"source": edge.from_, "target": edge.to, "weight": edge.worth} for edge in payload.edges],
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"


_TYPES = {"word": "embedding", "target": "logit", "others": "mlp reconstruction error", "biases": "bias"}


def _feature(payload: GraphPayload, name: str, node: dict[str, Any]) -> dict[str, Any]:
    kind = node["kind"]
    layer = {"word": "E", "biases": "E", "others": "0", "target": str(payload.model.layers)}.get(kind)
    return {
        "node_id": name,
        "feature": None,
        "layer": str(node["layer"]) if layer is None else layer,
        "ctx_idx": node.get("position", payload.position),
        "feature_type": _TYPES.get(kind, kind),
        "jsNodeId": name,
        "clerp": visible(node["label"]),
        "influence": abs(node.get("worth", 0.0)),
        "activation": node.get("value"),
        "token_prob": payload.target.probability if kind == "target" else 0.0,
        "is_target_logit": kind == "target",
    }
