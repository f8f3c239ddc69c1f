"""Circuits on the graph of a model, in the terminal: `unembed circuit evaluate`."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.glyphs import decimal, visible
from unembed.view.payloads.common import PromptToken
from unembed.view.payloads.edges import CircuitPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, wrapped


@lines_of.register
def circuit_lines(payload: CircuitPayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """Both prompts, the metric of three runs, the faithfulness, and the first edges."""
    size = f"{len(payload.edges)} of {payload.graph.edges} edges"
    yield from headline(f" CIRCUIT  {size}, {len(payload.nodes)} nodes", payload.model, paper)
    yield _prompt("clean", payload.clean_tokens, paper)
    yield _prompt("corrupt", payload.corrupt_tokens, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    found = payload.metric
    yield Text(
        f" logit of {visible(payload.target.text)} minus {visible(payload.versus.text)}: clean {decimal(found.clean)}, "
        f"corrupt {decimal(found.corrupt)}, circuit {decimal(found.circuit)}"
    )
    yield Text(f" faithfulness {decimal(payload.faithfulness, 3)}", STRONG).append(
        "  1 as the clean run, 0 as the corrupted one", FAINT
    )
    for edge in payload.edges[:top]:
        yield Text(f"  {edge['from']} → {edge['to']}")
    if len(payload.edges) > top:
        yield Text(f"  and {len(payload.edges) - top} more (--top, --json)", FAINT)


def _prompt(name: str, tokens: list[PromptToken], paper: Paper) -> Text:
    return Text(cell(f"  {name:8}{visible(''.join(token.text for token in tokens))}", paper.width), FAINT)
