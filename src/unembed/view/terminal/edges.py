"""Circuits on the graph of a model, in the terminal: `unembed circuit find` and `unembed circuit evaluate`."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.glyphs import decimal, signed, visible
from unembed.view.payloads.common import PromptToken
from unembed.view.payloads.edges import CircuitPayload, CircuitSearch
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, wrapped


@lines_of.register
def circuit_lines(payload: CircuitPayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """Both prompts of the first pair, the metric of three runs, the faithfulness, and the edges that score most."""
    size = f"{len(payload.edges)} of {payload.graph.edges} edges"
    yield from headline(f" CIRCUIT  {size}, {len(payload.nodes)} nodes", payload.model, paper)
    first, found = payload.pairs[0], payload.metric
    yield _prompt("clean", first.clean_tokens, paper)
    yield _prompt("corrupt", first.corrupt_tokens, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    what = f"logit of {visible(first.target.text)} minus {visible(first.versus.text)}"
    what = what if len(payload.pairs) == 1 else f"mean of {len(payload.pairs)} such differences of two logits"
    yield Text(
        f" {what}: clean {decimal(found.clean)}, corrupt {decimal(found.corrupt)}, circuit {decimal(found.circuit)}"
    )
    interval = "" if payload.search is None else _interval(payload.search.interval)
    yield Text(f" faithfulness {decimal(payload.faithfulness, 3)}{interval}", STRONG).append(
        "  1 as the clean run, 0 as the corrupted one", FAINT
    )
    if payload.search is not None:
        yield from _search(payload.search)
    for edge in sorted(payload.edges, key=lambda edge: -abs(float(edge["score"])))[:top]:
        score = "" if payload.search is None else f"  {signed(float(edge['score']), 3)}"
        yield Text(f"  {edge['from']} → {edge['to']}{score}")
    if len(payload.edges) > top:
        yield Text(f"  and {len(payload.edges) - top} more (--top, --json)", FAINT)


def _search(search: CircuitSearch) -> Iterator[Text]:
    stable = (
        "" if search.stability is None else f"; two samples of prompts share {decimal(search.stability)} of the edges"
    )
    yield Text(f" as many edges at random {decimal(search.random, 3)}{stable}")
    against = "" if search.ablation == "corrupted" else f" against {search.ablation}"
    yield Text(f" CURVE  by {search.method}{against}, CPR {decimal(search.cpr)}, CMD {decimal(search.cmd)}", STRONG)
    for point in search.curve:
        size, edges = f"{100 * point.share:g} %", f"{point.edges} edges"
        yield Text(f"  {size:>6}  {edges:>13}  {decimal(point.faithfulness, 3):>7}{_interval(point.interval)}")


def _interval(found: tuple[float, float] | None) -> str:
    return "" if found is None else f" [{decimal(found[0])}, {decimal(found[1])}]"


def _prompt(name: str, tokens: list[PromptToken], paper: Paper) -> Text:
    return Text(cell(f"  {name:8}{visible(''.join(token.text for token in tokens))}", paper.width), FAINT)
