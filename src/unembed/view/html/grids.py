"""Grids without a script: the logit lens and a patching sweep, each as one table that says all and an image of it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from unembed.models.names import in_stack, name_of_group, part_name, stack_and_word
from unembed.view.glyphs import decimal, percent, signed, visible
from unembed.view.html.markup import CELL, escaped, said, table, token

Payload = Mapping[str, Any]
_NEGATIVE = ' class="negative"'
_MOST_ROWS = 40
"""Rows of a table that lists the strongest cells."""


def lens_html(payload: Payload) -> str:
    """`unembed/lens/1`: how probable the followed token is after each layer, at each position."""
    cells = payload["cells"]
    layers, positions = _distinct(cells, "layer"), _distinct(cells, "position")
    shade = {(c["layer"], c["position"]): c["probability"] for c in cells}
    last = [c for c in cells if c["position"] == positions[-1]]
    texts = {t["position"]: t["text"] for t in payload["tokens"]}
    shown = {t["position"]: visible(t["text"]) if t["fragment"] is None else t["fragment"] for t in payload["tokens"]}
    followed = {t["position"]: t["text"] for t in payload["targets"]}
    rows = [
        (_after(c["layer"]), str(c["rank"]), percent(c["probability"]), decimal(c["kl"]), token(c["top"][0]["text"]))
        for c in last
    ]
    caption = f"At the last position, after {token(texts[positions[-1]])}, for {token(followed[positions[-1]])}"
    names = [f"{p} {shown[p]}" for p in positions]
    return (
        "<h1>Logit lens</h1>\n"
        f"<p>Prompt: <q>{escaped(said(payload['tokens']))}</q>.</p>\n"
        "<p>Probability of the followed token after each layer (up) at each position (right); the darker, the more "
        "probable.</p>\n"
        + _image(
            [[shade.get((layer, p), 0.0) for p in positions] for layer in reversed(layers)],
            "Logit lens",
            rows=[_after(layer) for layer in reversed(layers)],
            columns=names,
        )
        + table(caption, ("after", "#rank", "#probability", "#kl (nats)", "top token"), rows)
    )


def patch_html(payload: Payload) -> str:
    """`unembed/patch/2`: how far each patched run went from one prompt's run to the other's."""
    grid = payload["grid"]
    layers, columns = _distinct(grid, "layer"), list(dict.fromkeys(_column(c) for c in grid))
    effect = {(c["layer"], _column(c)): c["effect"] or 0.0 for c in grid}
    across = _across(grid)
    clean, corrupt = (_said(payload, name) for name in ("clean", "corrupt"))
    strongest = sorted(grid, key=lambda c: -abs(c["effect"] or 0.0))[:_MOST_ROWS]
    rows = [
        (_cell_name(c, payload), decimal(c["value"], 3), "" if c["effect"] is None else signed(c["effect"]))
        for c in strongest
    ]
    return (
        "<h1>Activation patching</h1>\n"
        f"<p>Clean: {clean} ({escaped(payload['metric'])} {decimal(payload['clean'], 3)}). "
        f"Corrupt: {corrupt} ({decimal(payload['corrupt'], 3)}).</p>\n"
        f"<p>One value of {escaped(payload['site'])} patched at a time ({escaped(payload['direction'])}); "
        f"effect 0 is the run as it is, 1 the other run. Layers up, {across}s to the right.</p>\n"
        + _image(
            [[effect.get((i, j), 0.0) for j in columns] for i in sorted(layers, reverse=True)],
            "Effects of patching",
            rows=[f"L{layer}" for layer in sorted(layers, reverse=True)],
            columns=[_column_name(payload, across, j) for j in columns],
        )
        + table(f"The {len(rows)} strongest of {len(grid)}", ("patched", "#metric", "#effect"), rows)
    )


def _across(grid: Sequence[Payload]) -> str:
    """What the columns of a grid are."""
    return next((name for name in ("neuron", "head") if grid and grid[0][name] is not None), "position")


def _said(payload: Payload, name: str) -> str:
    """What a run read: the words of its prompt or source; of a sound that it is one."""
    places = payload.get("clean_places")
    if places:
        return f"a sound of {len(places)} positions"
    return f"<q>{escaped(said(payload[f'{name}_tokens']))}</q>"


def _column(cell: Payload) -> int:
    """Where a cell stands in its layer: its position, head or neuron."""
    return next((cell[name] for name in ("neuron", "head", "position") if cell[name] is not None), 0)


def _cell_name(cell: Payload, payload: Payload) -> str:
    encoder, word = stack_and_word(payload["site"])
    kind = word if cell["head"] is not None or cell["neuron"] is not None else ""
    name = in_stack(part_name(kind, cell["layer"], cell["head"], cell["expert"], cell["neuron"]), encoder)
    position = cell["position"]
    if position is None:
        return name
    until = cell.get("until")
    last = position if until is None else until
    if payload.get("clean_places"):
        return f"{name} at {escaped(name_of_group(payload['clean_places'][position], payload['clean_places'][last]))}"
    texts = [token(payload["clean_tokens"][p]["text"]) for p in dict.fromkeys((position, last))]
    return f"{name} at {'-'.join(map(str, dict.fromkeys((position, last))))} {'…'.join(texts)}"


def _distinct(cells: Sequence[Payload], name: str) -> list[Any]:
    return list(dict.fromkeys(c[name] for c in cells))


def _after(layer: int | None) -> str:
    return "embedding" if layer is None else f"L{layer}"


def _column_name(payload: Payload, across: str, index: int) -> str:
    if across != "position":
        return f"{'H' if across == 'head' else 'N'}{index}"
    places = payload.get("clean_places")
    if places:
        return places[index]
    clean = payload["clean_tokens"][index]
    return f"{index} {clean.get('fragment') or visible(clean['text'])}"


_ROW_LABEL, _COLUMN_LABEL, _LETTERS = 70, 90, 14
"""Pixels beside and above a grid for the names of its rows and columns, and characters of a name."""


def _image(values: Sequence[Sequence[float]], label: str, *, rows: Sequence[str], columns: Sequence[str]) -> str:
    """A grid of shares: opacity says how much, colour the sign. The shell's style gives cells their size.

    Rows are named on the left and columns above, along a slope.
    """
    rects = "".join(
        f'<rect{"" if value >= 0 else _NEGATIVE} x="{_ROW_LABEL + x * CELL}" y="{_COLUMN_LABEL + y * CELL}" '
        f'opacity="{min(1.0, abs(value)):.2g}"/>'
        for y, row in enumerate(values)
        for x, value in enumerate(row)
        if math.isfinite(value)
    )
    names = "".join(
        f'<text x="{_ROW_LABEL - 6}" y="{_COLUMN_LABEL + y * CELL + 11}" text-anchor="end">{escaped(name)}</text>'
        for y, name in enumerate(rows)
    )
    for x, name in enumerate(columns):
        left, short = _ROW_LABEL + x * CELL + 10, name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        turn = f'transform="rotate(-60 {left} {_COLUMN_LABEL - 4})"'
        names += f'<text x="{left}" y="{_COLUMN_LABEL - 4}" {turn}>{escaped(short)}</text>'
    width = _ROW_LABEL + CELL * max(map(len, values), default=0) + 50
    height = _COLUMN_LABEL + CELL * len(values)
    return (
        f'<div class="scroll"><svg class="grid positive" width="{width}" height="{height}" role="img" '
        f'aria-label="{escaped(label)}">{rects}<g class="names">{names}</g></svg></div>\n'
    )
