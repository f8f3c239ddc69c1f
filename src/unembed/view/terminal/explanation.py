"""`unembed explain` in the terminal: the prediction, the ledger, the parts that carry it, the lens."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from unembed.models.names import head_name, neuron_name, part_name
from unembed.view.glyphs import RESOLVED, between, decimal, percent, scientific, signed, visible
from unembed.view.payloads.common import Term
from unembed.view.payloads.explanation import Control, ExplainPayload, Head, LensRow, LookedAt, Neuron, Swap
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import (
    FAINT,
    STRONG,
    Paper,
    cell,
    headline,
    signed_cell,
    signed_style,
    token_strip,
)

_SHOWN = 8
_ZEROED, _SWAPPED = 27, 10
"""Widths of the columns of tests."""
_VERDICTS = {"causal": "● causal", "suppressor": "● suppressor", "within control": "○ within control"}


@lines_of.register
def explain_lines(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The whole view, line by line."""
    yield headline("", payload.model, paper)
    yield from _sources(payload, paper)
    yield from _strip(payload, paper)
    yield _predictions(payload, paper)
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    yield Text()
    yield from _ledger(payload, paper)
    yield from _inputs(payload, paper)
    yield Text()
    yield from _parts(payload, paper)
    if payload.model.layers:
        yield _lens(payload)
        yield Text()
        yield Text(" credit is what a part's own write adds; later layers may undo or amplify it", FAINT)
    if any(part.zeroed_probability is not None for part in (*payload.heads, *payload.neurons)):
        target = visible(payload.target.text)
        yield Text(f" zeroed here: the probability of {target} with the part set to 0 at this position", FAINT)
    yield Text(f" next  {_next(payload)}", FAINT)


def _strip(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    line, places = token_strip(payload.tokens, payload.position, payload.target.text, paper.width)
    yield line
    own = [head for head in payload.heads if not head.cross]
    best = next((h for h in own if h.looks_at and h.looks_at[0].position in places and h.value > 0), None)
    if best is None:
        return
    column, width = places[best.looks_at[0].position]
    label = f" {head_name(best.layer, best.head)} looks here"
    if column + width + len(label) <= paper.width:
        yield Text(" " * column + "▀" * width, signed_style(best.value)).append(label, FAINT)


def _sources(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The source of an encoder-decoder in one line, as much as fits."""
    if not payload.sources or any(token.modality == "image" for token in payload.sources):
        return
    line = Text(" source  ", FAINT)
    for token in payload.sources:
        part = f"{token.position} {visible(token.label)} │ "
        if line.cell_len + cell_len(part) > paper.width - 12:
            line.append(f"… {len(payload.sources) - token.position} more", FAINT)
            break
        line.append(part)
    yield line


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
    frozen = "" if payload.model.norm is None else "; norm scale frozen"
    yield Text(f" WHY {visible(target.text)}", STRONG).append(f"   {_what(payload)}{frozen}", FAINT)
    parts = [t for t in ledger.terms if t.layer is not None]
    fixed = [t for t in ledger.terms if t.layer is None and (t.kind != "rounding" or abs(t.value) >= RESOLVED)]
    shown = sorted(parts, key=lambda t: -abs(t.value))[:_SHOWN]
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
    total = f" total {signed(ledger.sum)} {verdict} (|Δ| {scientific(abs(ledger.error))})"
    yield Text("  " + "─" * max(3, half - 12)).append(total, STRONG)


def _inputs(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """What cross-attention adds, by source position: through the encoder, patterns frozen."""
    if payload.inputs is None:
        return
    by_source: dict[int, float] = {}
    for term in payload.inputs.terms:
        if term.source is not None:
            by_source[term.source] = by_source.get(term.source, 0.0) + term.value
    shown = sorted(sorted(by_source, key=lambda s: -abs(by_source[s]))[: 2 * _SHOWN])
    largest = max((abs(value) for value in by_source.values()), default=0.0)
    yield Text(" THROUGH THE ENCODER", STRONG).append("   what the source adds, by position; patterns frozen", FAINT)
    for source in shown:
        bar = paper.glyphs.bar(by_source[source], largest, 30)
        name = cell(f"{source} {visible(payload.sources[source].label)}", 24)
        yield Text(f"  {name}{cell(signed(by_source[source]), 7, right=True)} ").append(
            bar, signed_style(by_source[source])
        )
    rest = payload.inputs.sum - sum(by_source[source] for source in shown)
    yield Text(f"  {cell('biases and others', 24)}{cell(signed(rest), 7, right=True)}")
    yield Text(f"  {cell('all cross-attention heads', 24)}{cell(signed(payload.inputs.value), 7, right=True)}", STRONG)


def _what(payload: ExplainPayload) -> str:
    reference, raw = payload.reference, payload.target.logit
    if reference.kind == "mean":
        return f"logit above vocabulary mean; raw {decimal(raw)}, mean {decimal(reference.value)}"
    if reference.kind == "versus":
        return f"logit above {visible(reference.text or '')}; {decimal(raw)} against {decimal(reference.value)}"
    return "raw logit"


def _term(term: Term, payload: ExplainPayload, largest: float, width: int, paper: Paper) -> Text:
    bar = paper.glyphs.bar(term.value, largest, width - 36)
    name = cell(term_name(term, payload), 24)
    text = Text(f"{name}{cell(signed(term.value), 7, right=True)} ")
    return text.append(cell(bar, width - 32), signed_style(term.value))


def term_name(term: Term, payload: ExplainPayload | None = None) -> str:
    """`L23.H4 ← 3 ·France`, `L24.N1005`, `L29 mlp`, `embedding`."""
    name = part_name(term.kind, term.layer, term.head, term.expert, term.neuron)
    if term.source is None:
        return name
    token = "" if payload is None else " " + visible(_source_text(term, payload))
    return f"{name} ← {term.source}{token}"


def _source_text(term: Term, payload: ExplainPayload) -> str:
    assert term.source is not None
    if term.kind == "cross_attention":
        return payload.sources[term.source].label
    return payload.tokens[term.source].text


@dataclass(frozen=True)
class _Columns:
    """The widths of the tables of heads and neurons; what was not tested has no column."""

    name: int
    middle: int
    end: int
    zeroed: bool
    swapped: bool

    @classmethod
    def of(cls, payload: ExplainPayload, paper: Paper) -> "_Columns":
        name = max([10, *(len(_neuron_name(neuron)) + 2 for neuron in payload.neurons)])
        zeroed = any(part.zeroed_probability is not None for part in (*payload.heads, *payload.neurons))
        swapped = payload.swap is not None
        room = paper.width - name - 13 - _ZEROED * zeroed - _SWAPPED * swapped
        middle = min(34, max(8, room * 9 // 20))
        return cls(name, middle, max(8, room - middle), zeroed, swapped)

    def heading(self, name: str, middle: str, end: str) -> Text:
        text = f" {cell(name, self.name)} {cell('credit', 8)} {cell(middle, self.middle)} {cell(end, self.end)}"
        text += cell(" zeroed here", _ZEROED) if self.zeroed else ""
        return Text(text + (" swapped" if self.swapped else ""), FAINT)

    def row(self, name: str, part: Head | Neuron, middle: str, end: str, base: float) -> Text:
        line = Text(f"  {cell(name, self.name)}").append(signed_cell(part.value, 8), signed_style(part.value))
        line.append(f" {cell(middle, self.middle)} {cell(end, self.end)}")
        if self.zeroed and part.zeroed_probability is not None:
            style = FAINT if part.verdict == "within control" else STRONG
            line.append(f" {cell(between(base, part.zeroed_probability), 9)}")
            line.append(cell(_VERDICTS.get(part.verdict or "", ""), _ZEROED - 10), style)
        if self.swapped and part.swapped_probability is not None:
            line.append(f" {between(base, part.swapped_probability)}")
        return line


def _parts(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The heads, the neurons, and what they are compared with."""
    columns, base = _Columns.of(payload, paper), payload.target.probability
    if payload.heads:
        yield columns.heading("HEADS", "looks at", "writes toward")
    for head in payload.heads:
        looks = [f"{visible(k.text)} {decimal(k.attention)}".replace(" 0.", " .") for k in _mostly(head)]
        toward = " ".join(visible(t.text) for t in head.writes_toward)
        name = head_name(head.layer, head.head, cross=head.cross)
        yield columns.row(name, head, _as_many_as_fit(looks, columns.middle), toward, base)
    if payload.neurons:
        yield columns.heading("NEURONS", "act", "promotes")
    for neuron in payload.neurons:
        toward = " ".join(visible(t.text) for t in neuron.promotes)
        yield columns.row(_neuron_name(neuron), neuron, signed(neuron.activation, 1), toward, base)
    if payload.control is not None and (payload.control.heads or payload.control.neurons):
        yield Text(" CONTROL   ", FAINT).append(_control(payload.control))
    if payload.swap is not None:
        yield from _swap(payload.swap, base, paper)


def _neuron_name(neuron: Neuron) -> str:
    return neuron_name(neuron.layer, neuron.expert, neuron.neuron)


def _control(control: Control) -> str:
    kinds = (("random head", control.heads), ("strongly active neuron", control.neurons))
    bands = [
        f"{band.count} {kind}{'' if band.count == 1 else 's'} {between(band.low, band.high, '–')}"
        for kind, band in kinds
        if band is not None
    ]
    return f"{'; '.join(bands)} (5th–95th pct)"


def _swap(swap: Swap, base: float, paper: Paper) -> Iterator[Text]:
    """The other prompt and its own prediction; the sublayers whose swap moves the target most."""
    top = swap.predictions[0]
    line = f"{visible(swap.from_)} → {visible(swap.to)}: "
    line += f"the prompt then gives {visible(top.text)} {percent(top.probability)}"
    if top.id != swap.target.id:
        line += f", {visible(swap.target.text)} {percent(swap.target.probability)} (rank {swap.target.rank})"
    yield Text(" SWAP      ", FAINT).append(line)
    parts = sorted(swap.sublayers, key=lambda part: -abs(part.swapped_probability - base))
    names = [part_name(part.kind, part.layer) for part in parts]
    items = [f"{n} {between(base, p.swapped_probability)}" for n, p in zip(names, parts, strict=True)]
    yield Text(" " * 11 + _as_many_as_fit(["only this part from it:", *items], paper.width - 11))


def _as_many_as_fit(items: list[str], width: int) -> str:
    """The first items that fit, two spaces apart; at least one."""
    line = items[0] if items else ""
    for item in items[1:]:
        if cell_len(line) + cell_len(item) + 2 > width:
            break
        line += f"  {item}"
    return line


def _mostly(head: Head) -> list[LookedAt]:
    """The sources worth a word: the first, and others above a tenth."""
    return [look for i, look in enumerate(head.looks_at) if i == 0 or look.attention >= 0.1]


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
    versus = "" if other is None or other.text != _visible_argument(other.text) else f'--vs "{other.text}"   '
    if not payload.model.layers:
        return f"{versus}--json   unembed bigrams"
    swap = "" if payload.swap is not None else "--swap WORD=OTHER   "
    return f"{versus}{swap}--by source   --json   unembed ablate   unembed lens"


def _visible_argument(text: str) -> str:
    """`text` without what a shell or a terminal would not show as it is."""
    return "".join(c for c in text if c.isprintable() and c not in '"$`\\!')
