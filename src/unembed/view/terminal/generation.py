"""`unembed generate --explain` in the terminal: a table of the emitted tokens."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.glyphs import percent, signed, visible
from unembed.view.payloads.generation import GeneratedToken
from unembed.view.terminal.explanation import term_name
from unembed.view.terminal.paper import FAINT, Paper, cell, signed_style


def generated_lines(tokens: list[GeneratedToken], paper: Paper, *, first: bool = True) -> Iterator[Text]:
    """A line a token; the heading before the first."""
    width = min(20, paper.width - 50)
    if first:
        yield Text(f"  {cell('token', width)}{cell('probability', 13)}{cell('first led after', 17)}most from", FAINT)
    for token in tokens:
        led = "never" if token.first_led is None else f"L{token.first_led}"
        line = Text(f"  {cell(visible(token.text), width)}{cell(percent(token.probability), 13)}{cell(led, 17)}")
        if token.top_term is not None:
            line.append(cell(term_name(token.top_term), 10))
            line.append(signed(token.top_term.value), signed_style(token.top_term.value))
        yield line
