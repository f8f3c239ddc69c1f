"""Markup: text, tables and bars as HTML that shows without a script."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unembed.view.glyphs import signed, visible
from unembed.view.payloads.common import text_of_tokens

BAR, CELL = 160, 14
"""Pixels of the longest bar, and of a cell of a grid."""


def escaped(text: str) -> str:
    """Plain text: characters that act or do not show are shown as escapes, spaces and line ends stay."""
    return html.escape("".join(c if c in " \n" else visible(c) for c in text))


def token(text: str, fragment: str | None = None) -> str:
    """A token as the terminal shows it: spaces as ·, everything that would not show as an escape; a fragment of a
    character as that."""
    return f"<code>{html.escape(visible(text) if fragment is None else fragment)}</code>"


def said(tokens: Iterable[Mapping[str, Any]]) -> str:
    """What tokens of a payload say together."""
    return text_of_tokens((t["text"], t.get("fragment")) for t in tokens)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Caption and cells are markup; a column whose name starts with # holds numbers.

    The first cell of a row names it.
    """
    numbers = [name.startswith("#") for name in columns]
    head = "".join(_cell("th", name.removeprefix("#"), n) for name, n in zip(columns, numbers, strict=True))
    body = "".join(f"<tr>{_row(row, numbers)}</tr>\n" for row in rows)
    return (
        f'<div class="scroll"><table><caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def _row(cells: Sequence[str], numbers: Sequence[bool]) -> str:
    """The first cell names the row."""
    named = [_cell("th", cells[0], numbers[0], scope="row")] if cells and not numbers[0] else []
    rest = list(zip(cells, numbers, strict=True))[len(named) :]
    return "".join([*named, *(_cell("td", content, number) for content, number in rest)])


def _cell(element: str, content: str, number: bool, *, scope: str = "col") -> str:
    scope = f' scope="{scope}"' if element == "th" else ""
    style = ' class="number"' if number else ""
    return f"<{element}{scope}{style}>{content}</{element}>"


def bar(value: float, largest: float) -> str:
    """A bar from a middle line for a signed value: right and orange above 0, left and purple below."""
    length = 0.0 if largest <= 0 else BAR / 2 * min(1.0, abs(value) / largest)
    start, style = (BAR / 2, "positive") if value >= 0 else (BAR / 2 - length, "negative")
    return (
        f'<svg width="{BAR}" height="12" role="img" aria-label="{signed(value)}">'
        f'<rect class="{style}" x="{start:.1f}" y="1" width="{length:.1f}" height="10"/></svg>'
    )
