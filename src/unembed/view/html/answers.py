"""A whole answer without a script: its tokens, the ledger of their sum, and what it needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from unembed.models.names import head_name, part_name
from unembed.view.glyphs import decimal, percent, scientific, signed, whole_chance
from unembed.view.html.markup import bar, escaped, said, table, token
from unembed.view.payloads.verdicts import verdict_words

Payload = Mapping[str, Any]
"""`unembed/explain-answer/1` as JSON."""


def answer_html(payload: Payload) -> str:
    """The whole section."""
    tokens = payload["answer"]
    how = "as the model says it" if payload["generated"] else "as it was given"
    chance = whole_chance(payload["probability"], payload["log_probability"])
    return "".join(
        [
            f"<h1>Why <q>{escaped(said(tokens))}</q>?</h1>\n",
            *([f"<p><strong>{escaped(payload['sentence'])}</strong></p>\n"] if payload["sentence"] else []),
            f"<p>Prompt: <q>{escaped(said(payload['tokens'][: payload['prompt_length']]))}</q>. The answer, {how}, has "
            f"log-probability {signed(payload['log_probability'])}, probability {escaped(chance)}.</p>\n",
            *(f"<p>Note: {escaped(note)}</p>\n" for note in payload["notes"]),
            _tokens(tokens),
            _ledger(payload),
            *_parts(payload),
            '<p class="faint">Credit is what a part\'s own writes add to the logits of the answer; later layers may '
            "undo or amplify it. <em>Zeroed</em> is the log-probability of the answer, in nats, with the part set to 0 "
            "wherever a token of it is predicted, less what it is with nothing zeroed.</p>\n",
        ]
    )


def _tokens(tokens: list[Payload]) -> str:
    rows = [
        (
            token(t["text"], t["fragment"]),
            signed(t["log_probability"]),
            percent(t["probability"]),
            str(t["rank"]),
            "the same"
            if t["instead"]["id"] == t["id"]
            else f"{token(t['instead']['text'])} {percent(t['instead']['probability'])}",
        )
        for t in tokens
    ]
    columns = ("token", "#log-probability", "#probability", "#rank", "what the model says first")
    return table("The answer's tokens, each after those before it", columns, rows)


def _ledger(payload: Payload) -> str:
    ledger, tokens = payload["ledger"], payload["answer"]
    terms = sorted(ledger["terms"], key=lambda t: -abs(t["value"]))
    largest = abs(terms[0]["value"]) if terms else 0.0
    rows = [(_name(t), signed(t["value"], 4), *map(signed, t["by_token"]), bar(t["value"], largest)) for t in terms]
    mark = "=" if abs(ledger["error"]) <= ledger["tolerance"] else "≠"
    model = f"{mark} the model's own {signed(ledger['value'], 4)} (off by {scientific(abs(ledger['error']))})"
    shares = (signed(t["log_probability"]) for t in tokens)
    rows.append(("<strong>total</strong>", f"<strong>{signed(ledger['sum'], 4)}</strong>", *shares, model))
    columns = ("part", "#sum", *(f"#{token(t['text'], t['fragment'])}" for t in tokens), "")
    above = "the mean of the vocabulary" if payload["reference"]["kind"] == "mean" else "0"
    what = f"Ledger: the log-probability as logits above {above}, less the log of the softmax's denominator"
    return table(f"{what}, by {escaped(ledger['by'])} and token", columns, rows)


def _name(term: Payload) -> str:
    name = part_name(term["kind"], term["layer"], term["head"], term["expert"], term["neuron"])
    return escaped(name if term["source"] is None else f"{name} ← {term['source']}")


def _parts(payload: Payload) -> Iterator[str]:
    heads = [
        (
            head_name(h["layer"], h["head"], cross=h["cross"]),
            signed(h["value"]),
            token(payload["answer"][h["most"]]["text"], payload["answer"][h["most"]]["fragment"]),
            " ".join(f"{token(k['text'], k['fragment'])} {decimal(k['attention'])}" for k in h["looks_at"]),
            *_tested(h),
        )
        for h in payload["heads"]
    ]
    if heads:
        yield table("Heads", ("head", "#credit", "most at", "looks at", "#zeroed", "", "#rank"), heads)
    if payload["control"] is not None:
        limit = payload["control"]["limit"]
        reach = "too few for a verdict by rank" if limit is None else f"one in twenty reaches {decimal(limit)} nats"
        yield f"<p>Control: every head ({payload['control']['count']}), zeroed one by one: {reach}.</p>\n"
    parts = [(part_name(s["kind"], s["layer"]), signed(s["value"]), *_tested(s)) for s in payload["sublayers"]]
    if parts:
        yield table("Sublayers", ("sublayer", "#credit", "#zeroed", "", "#rank"), parts)


def _tested(part: Payload) -> tuple[str, str, str]:
    if part["zeroed"] is None:
        return "not zeroed", "", ""
    effect = part["zeroed"]["effect"]
    words = verdict_words(effect["verdict"], effect["size"]) + (", borderline" if effect["borderline"] else "")
    return signed(effect["nats"]), escaped(words), f"{effect['rank']} of {effect['among']}"
