"""A circuit in the forms that other tools read: GraphML, and the JSON of MIB and EAP-IG."""

import json
from xml.sax.saxutils import escape, quoteattr

from unembed.methods.edges.circuit import Circuit

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="score" for="edge" attr.name="score" attr.type="double"/>
<key id="input" for="edge" attr.name="input" attr.type="string"/>
<graph edgedefault="directed">"""


def graphml(circuit: Circuit) -> str:
    """The nodes and edges of a circuit; `input` of an edge is the `q`, `k` or `v` by which a head reads it."""
    lines = [_HEAD, *(f"<node id={quoteattr(name)}/>" for name in circuit.nodes)]
    for edge in circuit.edges:
        node, _, kind = edge.reader.partition("<")
        data = f'<data key="score">{edge.score!r}</data>'
        data += f'<data key="input">{escape(kind[:1])}</data>' if kind else ""
        lines.append(f"<edge source={quoteattr(edge.sender)} target={quoteattr(node)}>{data}</edge>")
    return "\n".join([*lines, "</graph>", "</graphml>"])


def mib_json(circuit: Circuit) -> str:
    """The graph with each node and edge in or out, as EAP-IG writes it and MIB's track reads it.

    The score of an edge outside is 0 here.
    """
    model, inside = circuit.model, {(edge.sender, edge.reader): edge.score for edge in circuit.edges}
    nodes = set(circuit.nodes)
    return json.dumps(
        {
            "cfg": {
                "n_layers": model.layers,
                "n_heads": model.heads,
                "parallel_attn_mlp": model.parallel,
                "d_model": model.d_model,
            },
            "nodes": {name: {"in_graph": name in nodes} for name in (*circuit.graph.senders, "logits")},
            "edges": {
                f"{sender}->{reader}": {
                    "score": inside.get((sender, reader), 0.0),
                    "in_graph": (sender, reader) in inside,
                }
                for sender, reader in circuit.graph.listed(circuit.graph.edges)
            },
        }
    )
