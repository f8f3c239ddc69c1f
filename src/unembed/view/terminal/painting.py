"""`unembed paint` in the terminal: the picture, the words that made each cell, and one cell in full."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.view.glyphs import percent, scientific, signed, visible
from unembed.view.payloads.painting import CellLedger, PaintedCell, PaintPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.explanation import term_name
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_style

_GRID = 8


@lines_of.register
def paint_lines(payload: PaintPayload, paper: Paper) -> Iterator[Text]:
    """The whole view, line by line."""
    yield from headline(f" PAINT {payload.caption}", payload.model, paper)
    yield Text(f"  {payload.right} of {len(payload.cells)} cells are as the rules draw it", FAINT)
    yield Text()
    yield Text(f"  {cell('picture', 22)}word with most credit in each cell", FAINT)
    for row in range(_GRID):
        line = Text("  ")
        cells = payload.cells[row * _GRID : (row + 1) * _GRID]
        for painted in cells:
            line.append(_letter(painted) + " ", "" if painted.rgb is None else f"white on {painted.rgb}")
        yield line.append(" " * 6).append("  ".join(str(painted.word) for painted in cells))
    yield Text("  capitals: the whole cell; small letters: a part of a shape", FAINT)
    yield Text()
    yield from _words(payload, paper)
    if payload.cell is not None:
        yield Text()
        yield from _one(payload.cell, payload, paper)
    yield Text(
        " credit: what a word adds to the logit of a cell's token through cross-attention, patterns frozen", FAINT
    )
    if payload.cell is None:
        yield Text(" next  --cell ROW,COLUMN   --png FILE   --json", FAINT)


def _letter(painted: PaintedCell) -> str:
    if painted.colour is None:
        return "."
    letter = "k" if painted.colour == "black" else painted.colour[0]  # blue is b
    return letter.upper() if painted.part == "full" else letter


def _words(payload: PaintPayload, paper: Paper) -> Iterator[Text]:
    """The mean credit of each word over the cells of each object."""
    width = min(30, (paper.width - 18) // max(1, len(payload.objects)))
    heads = [f"cells of {o.phrase}" for o in payload.objects]
    heads = heads if max(map(cell_len, heads), default=0) < width else [o.phrase for o in payload.objects]
    yield Text(f"  {cell('', 16)}" + "".join(cell(head, width) for head in heads), FAINT)
    for index, word in enumerate(payload.words):
        line = Text(f"  {cell(f'{index} {visible(word)}', 16)}")
        for painted in payload.objects:
            value = painted.credit[index]
            style = STRONG if value == max(painted.credit) else ""
            line.append(cell(f"{signed(value)}", width), style)
        yield line


def _one(found: CellLedger, payload: PaintPayload, paper: Paper) -> Iterator[Text]:
    title = f" WHY {visible(found.target.text)} at {found.row},{found.column}"
    yield Text(f"{title} {percent(found.target.probability)}", STRONG).append("   logit above vocabulary mean", FAINT)
    largest = max(abs(term.value) for term in found.terms)
    for term in sorted(found.terms, key=lambda term: -abs(term.value)):
        bar = paper.glyphs.bar(term.value, largest, paper.bar_beside(34))
        name = cell(term_name(term), 24)
        yield Text(f"  {name}{cell(signed(term.value), 7, right=True)} ").append(bar, signed_style(term.value))
    yield Text(
        f"  {cell('total', 24)}{cell(signed(found.value), 7, right=True)} = model (|Δ| {scientific(abs(found.error))})",
        STRONG,
    )
    by_word = payload.cells[found.row * _GRID + found.column].credit
    largest = max(map(abs, by_word))
    yield Text(" of which cross-attention heads, by word through the encoder", FAINT)
    for index, value in enumerate(by_word):
        bar = paper.glyphs.bar(value, largest, paper.bar_beside(34))
        name = cell(f"{index} {visible(payload.words[index])}", 24)
        yield Text(f"  {name}{cell(signed(value), 7, right=True)} ").append(bar, signed_style(value))
