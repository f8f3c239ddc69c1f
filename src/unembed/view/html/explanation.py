"""An explanation without a script: the verdict in a sentence, the ledger as table and bars, heads, neurons, control."""

from collections.abc import Iterator, Mapping
from typing import Any

from unembed.models.names import head_name, neuron_name, part_name
from unembed.view.glyphs import between, decimal, percent, scientific, signed
from unembed.view.html.markup import bar, escaped, table, token

Payload = Mapping[str, Any]
"""`unembed/explain/1` as JSON."""


def explanation_html(payload: Payload) -> str:
    """The whole static part."""
    prompt = "".join(t["text"] for t in payload["tokens"])
    return "".join(
        [
            f"<h1>Why {token(payload['target']['text'])}?</h1>\n",
            f"<p><strong>{verdict(payload)}</strong></p>\n",
            f"<p>Prompt: <q>{escaped(prompt)}</q>, explained at position {payload['position']}.</p>\n",
            *(f"<p>Note: {escaped(note)}</p>\n" for note in payload["notes"]),
            _predictions(payload),
            _ledger(payload),
            _heads(payload),
            _neurons(payload),
            *_control(payload),
            _lens(payload),
            '<p class="faint">Credit is what a part\'s own write adds; later layers may undo or amplify it. '
            "<em>Zeroed</em> is the probability of the explained token with the part set to 0 at this position.</p>\n",
        ]
    )


def verdict(payload: Payload) -> str:
    """One sentence: what was predicted, how surely, and what carried it."""
    target, ledger = payload["target"], payload["ledger"]
    said = (
        f"The model gives {token(target['text'])} a probability of {percent(target['probability'])} "
        f"(rank {target['rank']})."
    )
    best = max(ledger["terms"], key=lambda t: t["value"])
    said += f" Its logit is {signed(ledger['value'])} {_reference(payload)}, and {_name_of(best)} adds most of it"
    said += f" ({signed(best['value'])})."
    causal = [h for h in payload["heads"] if h["verdict"] == "causal"]
    if causal:
        head = min(causal, key=lambda h: h["zeroed_probability"])
        change = between(target["probability"], head["zeroed_probability"])
        name = head_name(head["layer"], head["head"], cross=head["cross"])
        said += f" Zeroing head {name} moves the probability {change}."
    return said


def _reference(payload: Payload) -> str:
    reference = payload["reference"]
    if reference["kind"] == "mean":
        return "above the mean of the vocabulary"
    return "above that of " + token(reference["text"]) if reference["kind"] == "versus" else "(raw)"


def _name_of(term: Payload) -> str:
    """`L23.H4`, `L29 mlp`, `embedding`."""
    name = part_name(term["kind"], term["layer"], term["head"], term["expert"], term["neuron"])
    return escaped(name if term["source"] is None else f"{name} ← {term['source']}")


def _predictions(payload: Payload) -> str:
    rows = [
        (token(p["text"]), percent(p["probability"]), decimal(p["logit"]), bar(p["probability"], 1.0))
        for p in payload["predictions"]
    ]
    return table("Predictions", ("token", "#probability", "#logit", ""), rows)


def _ledger(payload: Payload) -> str:
    ledger = payload["ledger"]
    terms = sorted(ledger["terms"], key=lambda t: -abs(t["value"]))
    largest = abs(terms[0]["value"]) if terms else 0.0
    rows = [(_name_of(t), signed(t["value"], 4), bar(t["value"], largest)) for t in terms]
    mark = "=" if abs(ledger["error"]) <= ledger["tolerance"] else "≠"
    model = f"{mark} the model's own {signed(ledger['value'], 4)} (off by {scientific(abs(ledger['error']))})"
    rows.append(("<strong>total</strong>", f"<strong>{signed(ledger['sum'], 4)}</strong>", model))
    what = f"Ledger: the logit of {token(payload['target']['text'])} {_reference(payload)}, by {ledger['by']}"
    return table(what, ("part", "#logits", ""), rows)


def _heads(payload: Payload) -> str:
    rows = [
        (
            head_name(h["layer"], h["head"], cross=h["cross"]),
            signed(h["value"]),
            " ".join(f"{token(k['text'])} {decimal(k['attention'])}" for k in h["looks_at"]),
            " ".join(token(t["text"]) for t in h["writes_toward"]),
            *_tested(payload, h),
        )
        for h in payload["heads"]
    ]
    return table("Heads", ("head", "#credit", "looks at", "writes toward", "zeroed", "verdict"), rows)


def _neurons(payload: Payload) -> str:
    rows = [
        (
            neuron_name(n["layer"], n["expert"], n["neuron"]),
            signed(n["value"]),
            signed(n["activation"], 1),
            " ".join(token(t["text"]) for t in n["promotes"]),
            *_tested(payload, n),
        )
        for n in payload["neurons"]
    ]
    return table("Neurons", ("neuron", "#credit", "#activation", "promotes", "zeroed", "verdict"), rows)


def _tested(payload: Payload, part: Payload) -> tuple[str, str]:
    zeroed = part["zeroed_probability"]
    change = "not tested" if zeroed is None else between(payload["target"]["probability"], zeroed)
    return change, escaped(part["verdict"] or "")


def _control(payload: Payload) -> Iterator[str]:
    for kind, band in (payload["control"] or {}).items():
        if band is not None:
            span = between(band["low"], band["high"], "–")
            which = f"{band['count']} {escaped(kind)} at random"
            yield f"<p>Control: {which}, zeroed one by one, give {span} (5th to 95th percentile).</p>\n"


def _lens(payload: Payload) -> str:
    rows = [
        (
            "embedding" if row["layer"] is None else f"L{row['layer']}",
            str(row["rank"]),
            percent(row["probability"]),
            token(row["top"]["text"]),
        )
        for row in payload["lens"]
    ]
    return table("Logit lens, after each layer", ("after", "#rank", "#probability", "top token"), rows)
