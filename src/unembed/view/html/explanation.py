"""An explanation without a script: the answer in a sentence, the ledger as table and bars, heads, neurons, control."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from unembed.models.names import head_name, neuron_name, part_name
from unembed.view.glyphs import decimal, percent, scientific, signed, told
from unembed.view.html.markup import bar, escaped, said, table, token
from unembed.view.payloads.verdicts import verdict_words

Payload = Mapping[str, Any]
"""`unembed/explain/2` as JSON."""


_TESTS = ("zeroed", "#nats", "", "#rank")
"""The columns of tests."""


def explanation_html(payload: Payload) -> str:
    """The whole static part."""
    prompt = said(payload["tokens"])
    return "".join(
        [
            f"<h1>Why {token(payload['target']['text'])}?</h1>\n",
            f"<p><strong>{_sentence(payload)}</strong></p>\n",
            f"<p>Prompt: <q>{escaped(prompt)}</q>, explained at position {payload['position']}.</p>\n",
            *(f"<p>Note: {escaped(note)}</p>\n" for note in payload["notes"]),
            _predictions(payload),
            *_words(payload),
            _ledger(payload),
            _heads(payload),
            _neurons(payload),
            *_control(payload),
            _lens(payload),
            '<p class="faint">Credit is what a part\'s own write adds; later layers may undo or amplify it. '
            "<em>Zeroed</em> is the probability of the explained token with the part set to 0 at this position, "
            f"<em>nats</em> what that does to {_measured(payload)}, <em>rank</em> its place by size among all parts of "
            "its kind that were zeroed.</p>\n",
        ]
    )


def _sentence(payload: Payload) -> str:
    """The sentence; what is read from right to left stays in its place."""
    spans = [(escaped(span["text"]), span["text"]) for span in payload["sentence"]]
    return "".join(f"<bdi>{shown}</bdi>" if _from_right(text) else shown for shown, text in spans)


def _from_right(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


def _words(payload: Payload) -> Iterator[str]:
    """What is left without each word, where words were taken away."""
    words, target = payload["words"], payload["target"]
    if words is None:
        return
    rows = []
    for unit in words["units"]:
        lead = unit["difference_without"]
        change = " → ".join(told(target["probability"], unit["probability_without"]))
        shown = change if lead is None else f"{signed(payload['ledger']['value'])} → {signed(lead)} logits"
        left = "asked here" if unit["mark"] == "last" else shown
        rows.append((escaped(unit["text"].strip() or unit["text"]), left, token(unit["instead"]["text"])))
    how = "hidden" if words["how"] == "mask" else "deleted"
    yield table(f"Each {words['by']} alone {how}", (words["by"], token(target["text"]), "says then"), rows)


def _measured(payload: Payload) -> str:
    versus = payload["reference"]["text"]
    return "its log-odds" if versus is None else f"its logit minus that of {token(versus)}"


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
            " ".join(f"{token(k['text'], k['fragment'])} {decimal(k['attention'])}" for k in h["looks_at"]),
            " ".join(token(t["text"]) for t in h["writes_toward"]),
            *_tested(payload, h),
        )
        for h in payload["heads"]
    ]
    return table("Heads", ("head", "#credit", "looks at", "writes toward", *_TESTS), rows)


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
    return table("Neurons", ("neuron", "#credit", "#activation", "promotes", *_TESTS), rows)


def _tested(payload: Payload, part: Payload) -> tuple[str, str, str, str]:
    zeroed = part["zeroed"]
    if zeroed is None:
        return "not zeroed", "", "", ""
    before, after = told(payload["target"]["probability"], zeroed["probability"])
    effect = zeroed["difference"] or zeroed["effect"]
    rank = f"{effect['rank']} of {effect['among']}"
    words = verdict_words(effect["verdict"], effect["size"]) + (", borderline" if effect["borderline"] else "")
    return f"{before} → {after}", signed(effect["nats"]), escaped(words), rank


def _control(payload: Payload) -> Iterator[str]:
    which = {"heads": "every head", "neurons": "active or credited neurons", "sublayers": "every sublayer"}
    for kind, crowd in (payload["control"] or {}).items():
        if crowd is not None:
            limit = crowd["limit"]
            said = "too few for a verdict by rank" if limit is None else f"one in twenty reaches {decimal(limit)} nats"
            yield f"<p>Control: {which[kind]} ({crowd['count']}), zeroed one by one: {said}.</p>\n"


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
