"""A map of layers by columns: effects as shades that show their sign, also in ASCII."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rich.text import Text

from unembed.view.glyphs import Glyphs
from unembed.view.terminal.paper import FAINT, Paper, cell, signed_style

_STEPS = (0.1, 0.3, 0.6, 0.9)
_UP, _DOWN = "░▒▓█", "-=≡▤"
_ASCII_UP, _ASCII_DOWN = ".:*#", "-~%@"
_LABEL = 10


def heat_map(
    cells: Mapping[tuple[int, int], float], columns: Sequence[int], names: Sequence[str], paper: Paper
) -> Iterator[Text]:
    """Layers from the last down, as the stream flows upward; the legend first. Columns that do not fit are named.

    Neighbouring layers that look the same share a line.

    Args:
        cells: effects by (layer, column), about 0 to 1; what is missing shows as `?`.
        columns: in their order.
        names: of the columns.
        paper: what is written on.
    """
    room = paper.width - _LABEL
    size = max(2, min(10, room // max(1, len(columns))))
    fits = max(1, room // size)
    shown, titles = columns[-fits:], names[-fits:]
    yield from _legend(paper)
    if len(shown) < len(columns):
        yield Text(f"  the last {len(shown)} of {len(columns)} columns; --json has all", FAINT)
    yield Text(" " * _LABEL + "".join(cell(title, size - 1) + " " for title in titles), FAINT)
    layers = sorted({layer for layer, _ in cells}, reverse=True)
    for row, same in groupby(layers, key=lambda layer: _row(cells, layer, shown, paper.glyphs)):
        line = Text(f"  {cell(_span(list(same)), _LABEL - 2)}", FAINT)
        for glyph, style in row:
            line.append(glyph * (size - 1) + " ", style)
        yield line


def _row(
    cells: Mapping[tuple[int, int], float], layer: int, columns: Sequence[int], glyphs: Glyphs
) -> list[tuple[str, str]]:
    """The glyph and the style of each cell."""
    values = [cells.get((layer, column)) for column in columns]
    shades = [("?", 0.0) if value is None else (shade(value, glyphs), value) for value in values]
    return [(glyph, "" if glyph in " ?" else signed_style(value)) for glyph, value in shades]


def _span(layers: Sequence[int]) -> str:
    return f"L{layers[0]}" if len(layers) == 1 else f"L{layers[-1]}-{layers[0]}"


def shade(value: float, glyphs: Glyphs) -> str:
    """One character for an effect: how large, and on which side of 0."""
    up, down = (_ASCII_UP, _ASCII_DOWN) if glyphs.ascii else (_UP, _DOWN)
    step = sum(abs(value) >= least for least in _STEPS)
    if step == 0:
        return " "
    return (up if value > 0 else down)[step - 1]


def _legend(paper: Paper) -> Iterator[Text]:
    up, down = (
        "  ".join(f"{shade(sign * least, paper.glyphs)} {sign * least:.1f}".replace(" -", " −") for least in _STEPS)
        for sign in (1, -1)
    )
    said = [f"  from {up}", f"down to {down}", "blank: less"]
    if sum(map(len, said)) + 6 <= paper.width:
        yield Text("   ".join(said), FAINT)
    else:
        yield from (Text(line, FAINT) for line in (said[0], f"  {said[1]}", f"  {said[2]}"))
