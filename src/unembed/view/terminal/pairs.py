"""`unembed pairs` in the terminal: the pairs that interact most, and who makes up for whom."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.glyphs import decimal, percent, signed, visible
from unembed.view.payloads.pairs import PairOfHeads, PairsPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, wrapped


@lines_of.register
def pairs_lines(payload: PairsPayload, paper: Paper, *, top: int = 15) -> Iterator[Text]:
    """The `top` largest interactions."""
    target = payload.target
    what = f" PAIRS of heads set to zero: {visible(target.text)} {percent(target.probability)}"
    yield from headline(what, payload.model, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    if not payload.complete:
        yield Text(f" INTERRUPTED: {len(payload.pairs)} of {payload.planned} pairs are finished", STRONG)
    read = "logit" if payload.versus is None else f"logit above {visible(payload.versus.text)}"
    yield Text(f" {read} {decimal(payload.base)} with every head; without some, it changes by", FAINT)
    yield Text(f"  {cell('pair', 20)}{cell('first', 7)}{cell('second', 8)}{cell('neither', 9)}more than the sum", FAINT)
    for pair in sorted(payload.pairs, key=lambda pair: -abs(pair.interaction))[:top]:
        numbers = ((pair.effect_first, 7), (pair.effect_second, 8), (pair.together, 9))
        told = "".join(cell(signed(number), width) for number, width in numbers)
        name = cell(f"{pair.first} + {pair.second}", 20)
        yield Text(cell(f"  {name}{told}{cell(signed(pair.interaction), 8)}{_said(pair)}", paper.width))
    if len(payload.pairs) > top:
        yield Text(f"  and {len(payload.pairs) - top} more (--top, --json)", FAINT)


def _said(pair: PairOfHeads) -> str:
    if pair.repairs:
        return "the second repairs the first"
    return {"or": "either will do", "and": "both are needed", None: ""}[pair.gate]
