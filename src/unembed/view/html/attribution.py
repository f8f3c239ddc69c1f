"""Knowledge attribution without a script: what neurons are worth, and each layer's sum against what it should be."""

from collections.abc import Mapping
from typing import Any

from unembed.models.names import in_stack, neuron_name
from unembed.view.glyphs import percent, scientific, signed
from unembed.view.html.markup import bar, escaped, said, table, token

Payload = Mapping[str, Any]
"""`unembed/knowledge-attribute/1` as JSON."""


def attribution_html(payload: Payload) -> str:
    """The whole section."""
    prompt = said(payload["tokens"])
    answer = " ".join(token(t["text"]) for t in payload["target"])
    return (
        "<h1>Knowledge attribution</h1>\n"
        f"<p>After <q>{escaped(prompt)}</q> the model gives {answer} a probability of "
        f"{percent(payload['probability'])}. Attribution on the {escaped(payload['path'])} path, from a baseline of "
        f"{escaped(payload['baseline'])}, in units of probability.</p>\n"
        + _read(payload)
        + _neurons(payload["attributions"])
        + _layers(payload["layers"])
    )


def _read(payload: Payload) -> str:
    """What an encoder read, and where its neurons move; nothing of a decoder alone."""
    sources, moving = payload.get("sources", []), payload.get("source_positions", [])
    if not sources:
        return ""
    places = ", ".join(f"{position} {token(sources[position]['label'])}" for position in moving)
    where = "every position" if len(moving) == len(sources) else places
    read = " ".join(token(source["label"]) for source in sources)
    return f"<p>The encoder reads {read}. Its neurons (enc.) move at {where} of that source.</p>\n"


def _neurons(found: list[Payload]) -> str:
    largest = max((abs(n["value"]) for n in found), default=0.0)
    rows = [
        (
            in_stack(neuron_name(n["layer"], n["expert"], n["neuron"]), n.get("encoder", False)),
            signed(n["value"], 4),
            signed(n["activation"], 1),
            bar(n["value"], largest),
        )
        for n in found
    ]
    return table("Neurons, by attribution", ("neuron", "#worth", "#activation", ""), rows)


def _layers(layers: list[Payload]) -> str:
    rows = [
        (
            in_stack(f"L{row['layer']}", row.get("encoder", False)),
            signed(row["sum"], 4),
            signed(row["change"], 4),
            scientific(abs(row["error"])),
        )
        for row in layers
    ]
    return table("Layers: the sum, and what all its neurons do together", ("layer", "#sum", "#change", "#error"), rows)
