"""Circuits in a prompt, in the terminal: `unembed paths` and `attended`."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import head_name, in_stack, part_name
from unembed.view.glyphs import decimal, percent, scientific, signed, visible
from unembed.view.payloads.prompt_circuits import AttendedPayload, PathEntry, PathsPayload, StreamPart
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_style

_NAME = 60


@lines_of.register
def paths_lines(payload: PathsPayload, paper: Paper, *, top: int = 12) -> Iterator[Text]:
    """The largest paths, how many carry the prediction, and what is left."""
    target = payload.target
    yield headline(f" PATHS to {visible(target.text)} {percent(target.probability)}", payload.model, paper)
    yield Text(f" {_needed(payload)} 90% of {signed(payload.value)} logits; {_frozen(payload)}", STRONG)
    largest = max((abs(path.value) for path in payload.paths), default=0.0)
    for path in payload.paths[:top]:
        yield _row(_path_name(path, payload), path.value, largest, paper)
    rest = payload.paths[top:]
    if rest:
        yield _plain(f"{len(rest)} other listed paths (net)", sum(path.value for path in rest))
    for name, value in payload.constants.items():
        yield _plain(name.replace("_", " "), value)
    yield _plain(f"{payload.small_count} small paths (net)", payload.small)
    yield _plain(f"heads not opened (net; {payload.opened} opened)", payload.unopened)
    yield _total(payload.sum, payload.error, payload.tolerance)
    depths = "  ".join(f"{d.heads}: {signed(d.value)}" for d in payload.depths)
    yield Text(" BY DEPTH  ", FAINT).append(f"listed paths by heads on the way   {depths}")


def _needed(payload: PathsPayload) -> str:
    if not payload.needed:
        return f"more than the {len(payload.paths)} listed paths carry"
    return "1 path carries" if payload.needed == 1 else f"{payload.needed} paths carry"


def _frozen(payload: PathsPayload) -> str:
    return "patterns frozen" if payload.model.norm is None else "patterns and norm scales frozen"


def _path_name(path: PathEntry, payload: PathsPayload) -> str:
    """`embedding 3 ·France → L23.H4 → 4`, `enc.L0 mlp 2 house → L2.X1 → 4`."""
    text = payload.sources[path.position].label if path.of_source else payload.tokens[path.position].text
    start = in_stack(part_name(path.kind, path.layer), path.of_source and not path.kind.startswith("cross"))
    name = f"{start} {path.position} {visible(text)}"
    heads = ((in_stack(head_name(s.layer, s.head, cross=s.cross), s.encoder), s.destination) for s in path.steps)
    return name + "".join(f" → {head} → {destination}" for head, destination in heads)


@lines_of.register
def attended_lines(payload: AttendedPayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """The score, its largest pairs, and the sums by part of the query and of the key."""
    where = [f"{i} {visible(payload.tokens[i].text)}" for i in (payload.destination, payload.source)]
    yield headline(
        f" WHY {head_name(payload.layer, payload.head)} ATTENDS {where[0]} → {where[1]}", payload.model, paper
    )
    distance = payload.sum - payload.content
    line = f" score {signed(payload.score)}, attention {decimal(payload.attention, 3)}"
    yield Text(f"{line}; content {signed(payload.content)}, distance {signed(distance)}", STRONG)
    yield Text(f"  {cell('query part × key part', 38)}{cell('score', 8, right=True)} content", FAINT)
    largest = max((abs(pair.value) for pair in payload.pairs), default=0.0)
    for pair in payload.pairs[:top]:
        name = f"{_name(payload.query_terms[pair.query])} × {_name(payload.key_terms[pair.key])}"
        line = Text(f"  {cell(name, 38)}{cell(signed(pair.value), 8, right=True)} {cell(signed(pair.content), 9)}")
        bar = paper.glyphs.bar(pair.value, largest, max(6, min(30, paper.width - 60)))
        yield line.append(bar, signed_style(pair.value))
    rest = payload.pairs[top:]
    if rest:
        value = signed(sum(pair.value for pair in rest))
        yield Text(f"  {cell(f'{len(rest)} other pairs (net)', 38)}{cell(value, 8, right=True)}")
    yield _total(payload.sum, payload.error, payload.tolerance)
    yield _marginal(" BY QUERY  ", payload.query_terms)
    yield _marginal(" BY KEY    ", payload.key_terms)


def _name(part: StreamPart) -> str:
    return part_name(part.kind, part.layer, part.head)


def _marginal(name: str, parts: list[StreamPart]) -> Text:
    best = sorted(parts, key=lambda part: -abs(part.value))[:5]
    return Text(name, FAINT).append("  ".join(f"{_name(part)} {signed(part.value)}" for part in best))


def _row(name: str, value: float, largest: float, paper: Paper) -> Text:
    bar = paper.glyphs.bar(value, largest, max(6, min(26, paper.width - _NAME - 13)))
    line = Text(f"  {cell(name, _NAME)}{cell(signed(value), 8, right=True)} ")
    return line.append(bar, signed_style(value))


def _plain(name: str, value: float) -> Text:
    return Text(f"  {cell(name, _NAME)}{cell(signed(value), 8, right=True)}")


def _total(total: float, error: float, tolerance: float) -> Text:
    verdict = "= model ✓" if abs(error) <= tolerance else "≠ model"
    return Text("  " + "─" * 24 + f" total {signed(total)} {verdict} (|Δ| {scientific(abs(error))})", STRONG)
