"""`unembed lens` in the terminal: a map of layers by positions, each cell a top token and how sure it is."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.glyphs import percent, visible
from unembed.view.payloads.lens import LensCell, LensPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline

_CELL, _WIDEST = 11, 22
_RAMP = ("grey37", "grey50", "grey70", "khaki3", "gold3", "dark_orange3")


@lines_of.register
def lens_lines(payload: LensPayload, paper: Paper) -> Iterator[Text]:
    """The whole view, line by line: last layer first, as the stream flows upward."""
    cells = {(c.layer, c.position): c for c in payload.cells}
    layers = list(dict.fromkeys(c.layer for c in payload.cells))
    positions = list(dict.fromkeys(c.position for c in payload.cells))
    room = paper.width - 7
    fits = max(1, room // _CELL)
    size = max(_CELL, min(_WIDEST, room // min(fits, len(positions))))
    asked = payload.asks if payload.asks in positions else positions[-1]
    shown = _around(positions, positions.index(asked), fits)
    yield from headline(" LOGIT LENS  top token after each layer, and its probability in tenths", payload.model, paper)
    if len(shown) < len(positions):
        which = "the last" if shown[-1] == positions[-1] else "the blank and those around it,"
        yield Text(f" {which} {len(shown)} of {len(positions)} positions; --position or --json for others", FAINT)
    yield _line("", [f"{p} {payload.tokens[p].seen}" for p in shown], size, FAINT)
    for layer in reversed(layers):
        yield _layer_line(layer, [cells[layer, p] for p in shown], size)
    yield Text()
    yield from _target_lines(payload, layers, asked, cells, paper)
    yield Text(f" cost: {payload.states} states read, one product with the vocabulary matrix each", FAINT)


def _around(positions: list[int], asked: int, fits: int) -> list[int]:
    """As many of the positions as fit: the last, or where these leave the asked one out, those around it."""
    start = len(positions) - fits
    if asked < start:
        start = asked - fits // 2
    return positions[max(0, start) :][:fits]


def _line(name: str, texts: list[str], size: int, style: str) -> Text:
    return Text(f" {cell(name, 5)} " + "".join(cell(text, size - 1) + " " for text in texts), style)


def _layer_line(layer: int | None, row: list[LensCell], size: int) -> Text:
    line = Text(f" {cell('emb' if layer is None else f'L{layer}', 5)} ", FAINT)
    for c in row:
        probability = c.top_probability[0]
        style = _RAMP[min(len(_RAMP) - 1, int(len(_RAMP) * probability))]
        tenths = min(9, int(10 * probability))
        line.append(f"{cell(visible(c.top[0].text), size - 3)} {tenths} ", style)
    return line


def _target_lines(
    payload: LensPayload, layers: list[int | None], position: int, cells: dict, paper: Paper
) -> Iterator[Text]:
    target = next(t for t in payload.targets if t.position == position)
    yield Text(f" {visible(target.text)} at position {position}", STRONG)
    yield Text("  layer     rank   probability  KL to final (nats)", FAINT)
    for layer in reversed(layers):
        c = cells[layer, position]
        bar = paper.glyphs.bar(c.probability, 1.0, paper.bar_beside(41))
        name = "emb" if layer is None else f"L{layer}"
        yield Text(f"  {cell(name, 6)} {c.rank:7d}  {percent(c.probability):>11}  {c.kl:8.3f}  {bar}")
