"""`unembed explain --against` in the terminal: the ledger of a difference, and transplants."""

import math
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.view.glyphs import percent, scientific, signed, visible
from unembed.view.payloads.compare_weights import CompareWeightsPayload, PartChange
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_cell, signed_style, wrapped

_PARTS = 12


@lines_of.register
def compare_weights_lines(payload: CompareWeightsPayload, paper: Paper, top: int = _PARTS) -> Iterator[Text]:
    """What each says, the parts that add most to the difference, and what transplants of them do."""
    yield from headline(f" TWO SETS OF WEIGHTS at position {payload.position}", payload.model, paper)
    first, other = payload.top
    names = _names(payload)
    for name, said, value in zip(names, (first, other), (payload.value, payload.other), strict=True):
        line = f"{name} says {visible(said.text)} {percent(said.probability)}; {_what(payload)} {signed(value)}"
        yield from (Text(text) for text in wrapped(line, paper.width))
    yield Text()
    yield from _ledger(payload, paper, top)
    yield Text()
    yield from _together(payload, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(note, paper.width))


def _names(payload: CompareWeightsPayload) -> tuple[str, str]:
    def told(facts: object) -> str:
        edits = getattr(facts, "edits", [])
        return f"{getattr(facts, 'name', '')}{f' ({len(edits)} edited)' if edits else ''}"

    mine, its = told(payload.model), told(payload.against)
    return (mine, its) if mine != its else (mine, f"{its} (against)")


def _what(payload: CompareWeightsPayload) -> str:
    reference, target = payload.reference, visible(payload.target.text)
    above = {"mean": " above the mean", "raw": "", "versus": f" above {visible(reference.text or '')}"}
    return f"{target}{above[reference.kind]}"


def _ledger(payload: CompareWeightsPayload, paper: Paper, top: int) -> Iterator[Text]:
    title = f" the difference, {signed(payload.difference)} logits, by part: its weights are others, or what it reads"
    yield from (Text(line, STRONG) for line in wrapped(title.strip(), paper.width))
    ranked = sorted(payload.changes, key=lambda c: -max(abs(c.value), abs(c.alone - payload.value)))
    shown = [c for c in ranked[:top] if c.value or c.alone != payload.value]
    largest, room = max((abs(c.value) for c in shown), default=0.0), paper.bar_beside(53)
    yield Text(
        f"  {cell('part', 14)}{cell(' weights', 9)}{cell(' input', 9)}{cell(' sum', 9)}{cell(' alone', 9)}", FAINT
    )
    for change in shown:
        yield _row(change, payload.value, paper.glyphs.bar(change.value, largest, room))
    rest = ranked[len(shown) :]
    if any(c.value for c in rest):
        yield _row(_net(rest, payload.value), payload.value, "")
    if payload.rounding:
        yield Text(f"  {cell('rounding', 32)}{signed_cell(payload.rounding, 9)}", FAINT)
    error = math.fsum(c.value for c in payload.changes) + payload.rounding - payload.difference
    said = f"total {signed(payload.difference + error)} = the difference ✓ (|Δ| {scientific(abs(error))})"
    yield Text("  " + "─" * max(1, min(24, paper.width - 4 - cell_len(said))) + f" {said}", STRONG)
    yield from (
        Text(line, FAINT)
        for line in wrapped("alone: what this part of the other does in the first model, in logits", paper.width, "  ")
    )


def _net(rest: list[PartChange], value: float) -> PartChange:
    weights, read = math.fsum(c.weights for c in rest), math.fsum(c.input for c in rest)
    return PartChange(f"{len(rest)} others", "embedding", None, weights + read, weights, read, value)


def _row(change: PartChange, value: float, bar: str) -> Text:
    numbers = "".join(signed_cell(x, 9) for x in (change.weights, change.input, change.value, change.alone - value))
    return Text(f"  {cell(change.label, 14)}{numbers} ").append(bar, signed_style(change.value))


def _together(payload: CompareWeightsPayload, paper: Paper) -> Iterator[Text]:
    for line in wrapped("parts of the other put into the first together", paper.width):
        yield Text(line, STRONG)
    yield Text(f"  {cell('parts', 26)}{cell(_short(payload), 11)}says", FAINT)
    for number, each in enumerate(payload.together, start=1):
        last = number == len(payload.together)
        name = "all" if last else each.labels[-1] if number == 1 else f"and {each.labels[-1]}"
        line = (
            f"  {cell(name, 26)}{signed_cell(each.value, 10)} {visible(each.top.text)} {percent(each.top.probability)}"
        )
        yield Text(cell(line, paper.width).rstrip())


def _short(payload: CompareWeightsPayload) -> str:
    return f" {visible(payload.target.text)}"[:10]
