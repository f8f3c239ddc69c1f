"""`unembed explain` in the terminal: the prediction, the ledger, the parts that carry it, the lens."""

import itertools
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.view.glyphs import percent, signed, visible
from unembed.view.payloads import ExplainPayload, Head, LensRow, LookedAt, Neuron, Term
from unembed.view.terminal.paper import (
    FAINT,
    STRONG,
    Paper,
    cell,
    headline,
    signed_style,
    token_strip,
)

SHOWN = 8


def explain_lines(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The whole view, line by line."""
    yield headline("", payload.model, paper)
    yield from _strip(payload, paper)
    yield _predictions(payload, paper)
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    yield Text()
    yield from _ledger(payload, paper)
    yield Text()
    yield from _heads(payload.heads)
    yield from _neurons(payload.neurons)
    yield _lens(payload)
    yield Text()
    yield Text(" credit is what a part's own write adds; later layers may undo or amplify it", FAINT)
    yield Text(f" next  {_next(payload)}", FAINT)


def _strip(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    line, places = token_strip(payload.tokens, payload.position, payload.target.text, paper.width)
    yield line
    best = next((h for h in payload.heads if h.looks_at and h.looks_at[0].position in places and h.value > 0), None)
    if best is None:
        return
    column, width = places[best.looks_at[0].position]
    label = f" L{best.layer}.H{best.head} looks here"
    if column + width + len(label) <= paper.width:
        yield Text(" " * column + "▀" * width, signed_style(best.value)).append(label, FAINT)


def _predictions(payload: ExplainPayload, paper: Paper) -> Text:
    line = Text(" ")
    for index, p in enumerate(payload.predictions):
        room = 16 if index == 0 else 8
        part = f"{visible(p.text)} {percent(p.probability)} "
        bar = paper.glyphs.bar(p.probability, 1.0, 20)[:room]
        if line.cell_len + cell_len(part) + len(bar) + 2 > paper.width:
            break
        line.append(part, STRONG if p.id == payload.target.id else "").append(bar + "  ", FAINT)
    if all(p.id != payload.target.id for p in payload.predictions):
        target = payload.target
        line.append(f" {visible(target.text)} {percent(target.probability)} (rank {target.rank})", STRONG)
    return line


def _ledger(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    ledger, target = payload.ledger, payload.target
    yield Text(f" WHY {visible(target.text)}", STRONG).append(f"   {_what(payload)}; norm scale frozen", FAINT)
    parts = [t for t in ledger.terms if t.layer is not None]
    fixed = [t for t in ledger.terms if t.layer is None]
    shown = sorted(parts, key=lambda t: -abs(t.value))[:SHOWN]
    rest = sum(t.value for t in parts) - sum(t.value for t in shown)
    largest = max((abs(t.value) for t in ledger.terms), default=0.0)
    rows = [*shown, *fixed]
    half = (paper.width - 2) // 2
    left, right = rows[: (len(shown) + 1) // 2], rows[(len(shown) + 1) // 2 : len(shown)]
    for index, term in enumerate(left):
        line = Text("  ").append_text(_term(term, payload, largest, half, paper))
        if index < len(right):
            line.append_text(_term(right[index], payload, largest, half, paper))
        yield line
    for term in fixed:
        yield Text("  ").append_text(_term(term, payload, largest, half, paper))
    others = len(parts) - len(shown)
    if others:
        yield Text(f"  {cell(f'{others} others', 24)}{cell(signed(rest), 7, right=True)} (net)")
    verdict = "= model ✓" if abs(ledger.error) <= ledger.tolerance else "≠ model"
    total = f" total {signed(ledger.sum)} {verdict} (|Δ| {abs(ledger.error):.0e})"
    yield Text("  " + "─" * max(3, half - 12)).append(total, STRONG)


def _what(payload: ExplainPayload) -> str:
    reference, raw = payload.reference, payload.target.logit
    if reference.kind == "mean":
        return f"logit above vocabulary mean; raw {raw:.2f}, mean {signed(reference.value).lstrip('+')}"
    if reference.kind == "versus":
        return f"logit above {visible(reference.text or '')}; {raw:.2f} against {signed(reference.value).lstrip('+')}"
    return "raw logit"


def _term(term: Term, payload: ExplainPayload, largest: float, width: int, paper: Paper) -> Text:
    bar = paper.glyphs.bar(term.value, largest, width - 36)
    name = cell(term_name(term, payload), 24)
    text = Text(f"{name}{cell(signed(term.value), 7, right=True)} ")
    return text.append(cell(bar, width - 32), signed_style(term.value))


def term_name(term: Term, payload: ExplainPayload | None = None) -> str:
    """`L23.H4 ← 3 ·France`, `L24.N1005`, `L29 mlp`, `embedding`."""
    where = "" if term.layer is None else f"L{term.layer}"
    if term.head is not None:
        name = f"{where}.H{term.head}"
        if term.source is None:
            return name
        token = "" if payload is None else " " + visible(payload.tokens[term.source].text)
        return f"{name} ← {term.source}{token}"
    if term.neuron is not None:
        return where + ("" if term.expert is None else f".E{term.expert}") + f".N{term.neuron}"
    kind = {"attention": "attn", "attention_bias": "attn bias", "mlp_bias": "mlp bias"}.get(term.kind)
    return f"{where} {kind or term.kind.replace('_', ' ')}".strip()


def _heads(heads: list[Head]) -> Iterator[Text]:
    yield Text(f" {cell('HEADS', 10)} {cell('credit', 8)} {cell('looks at', 34)} writes toward", FAINT)
    for head in heads:
        looks = "  ".join(f"{visible(k.text)} {k.attention:.2f}".replace(" 0.", " .") for k in _mostly(head))
        toward = " ".join(visible(t.text) for t in head.writes_toward)
        yield _row(f"L{head.layer}.H{head.head}", head.value, cell(looks, 34), toward)


def _mostly(head: Head) -> list[LookedAt]:
    """The sources worth a word: the first, and others above a tenth."""
    return [look for i, look in enumerate(head.looks_at) if i == 0 or look.attention >= 0.1]


def _neurons(neurons: list[Neuron]) -> Iterator[Text]:
    yield Text(f" {cell('NEURONS', 10)} {cell('credit', 8)} {cell('act', 34)} promotes", FAINT)
    for neuron in neurons:
        name = term_name(Term("neuron", neuron.layer, None, neuron.expert, neuron.neuron, None, neuron.value))
        toward = " ".join(visible(t.text) for t in neuron.promotes)
        yield _row(name, neuron.value, cell(signed(neuron.activation, 1), 34), toward)


def _row(name: str, value: float, middle: str, end: str) -> Text:
    return Text(f"  {cell(name, 10)}").append(cell(signed(value), 8), signed_style(value)).append(f" {middle} {end}")


def _lens(payload: ExplainPayload) -> Text:
    steps = " → ".join(f"{_layer(row)} {row.rank}" for row in _milestones(payload.lens))
    return Text(" LENS      ", FAINT).append(f"{visible(payload.target.text)} rank: {steps}")


def _layer(row: LensRow) -> str:
    return "emb" if row.layer is None else f"L{row.layer}"


def _milestones(rows: list[LensRow], count: int = 5) -> list[LensRow]:
    """The layers after which the rank fell most, and the last."""
    drops = [(a.rank / b.rank, i + 1) for i, (a, b) in enumerate(itertools.pairwise(rows))]
    best = {i for ratio, i in sorted(drops, reverse=True)[: count - 1] if ratio > 1}
    first = {min(best) - 1} if best else set()
    return [rows[i] for i in sorted(best | first | {len(rows) - 1})]


def _next(payload: ExplainPayload) -> str:
    other = next((p for p in payload.predictions if p.id != payload.target.id), None)
    versus = "" if other is None or other.text != visible_argument(other.text) else f'--vs "{other.text}"   '
    return f"{versus}--by source   --json   unembed lens   unembed attention"


def visible_argument(text: str) -> str:
    """`text` without what a shell or a terminal would not show as it is."""
    return "".join(c for c in text if c.isprintable() and c not in '"$`\\!')
