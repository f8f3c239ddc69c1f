"""Circuits in a prompt, in the terminal: `unembed paths` and `attended`."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.models.names import head_name, in_stack, part_name
from unembed.view.glyphs import decimal, percent, signed, visible
from unembed.view.payloads.prompt_circuits import AttendedPayload, PathEntry, PathsPayload, StreamPart
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, as_many_as_fit, cell, headline, signed_style, total_line

_LEAST, _MARGINAL = 36, 5
"""Cells of the shortest column of names, and parts of a query or a key."""


@lines_of.register
def paths_lines(payload: PathsPayload, paper: Paper, *, top: int = 12) -> Iterator[Text]:
    """The largest paths, how many carry the prediction, and what is left."""
    target = payload.target
    yield from headline(f" PATHS to {visible(target.text)} {percent(target.probability)}", payload.model, paper)
    yield Text(f" {_needed(payload)} 90% of {signed(payload.value)} logits; {_frozen(payload)}", STRONG)
    largest = max((abs(path.value) for path in payload.paths), default=0.0)
    names = [_path_name(path, payload) for path in payload.paths[:top]]
    width = _name_width(names, paper)
    for name, path in zip(names, payload.paths[:top], strict=True):
        yield _row(name, path.value, largest, width, paper)
    rest = payload.paths[top:]
    if rest:
        yield _plain(f"{len(rest)} other listed paths (net)", sum(path.value for path in rest), width)
    for name, value in payload.constants.items():
        yield _plain(name.replace("_", " "), value, width)
    yield _plain(f"{payload.small_count} small paths (net)", payload.small, width)
    yield _plain(f"heads not opened (net; {payload.opened} opened)", payload.unopened, width)
    yield total_line(payload.sum, payload.error, payload.tolerance, paper)
    depths = [f"{d.heads}: {signed(d.value)}" for d in payload.depths]
    said = as_many_as_fit(["paths by heads on the way", *depths], paper.width - 11)
    yield Text(" BY DEPTH  ", FAINT).append(said)


def _needed(payload: PathsPayload) -> str:
    if not payload.needed:
        return f"more than the {len(payload.paths)} listed paths carry"
    return "1 path carries" if payload.needed == 1 else f"{payload.needed} paths carry"


def _frozen(payload: PathsPayload) -> str:
    return "patterns frozen" if payload.model.norm is None else "patterns and norm scales frozen"


def _path_name(path: PathEntry, payload: PathsPayload) -> str:
    """`embedding 3 ·France → L23.H4 → 4`, `enc.L0 mlp 2 house → L2.X1 → 4`."""
    place = path.position
    text = visible(payload.sources[place].label) if path.of_source else payload.tokens[place].seen
    start = in_stack(part_name(path.kind, path.layer), path.of_source and not path.kind.startswith("cross"))
    name = f"{start} {place} {text}"
    heads = ((in_stack(head_name(s.layer, s.head, cross=s.cross), s.encoder), s.destination) for s in path.steps)
    return name + "".join(f" → {head} → {destination}" for head, destination in heads)


@lines_of.register
def attended_lines(payload: AttendedPayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """The score, its largest pairs, and the sums by part of the query and of the key."""
    where = [f"{i} {payload.tokens[i].seen}" for i in (payload.destination, payload.source)]
    yield from headline(
        f" WHY {head_name(payload.layer, payload.head)} ATTENDS {where[0]} → {where[1]}", payload.model, paper
    )
    distance = payload.sum - payload.content
    line = f" score {signed(payload.score)}, attention {decimal(payload.attention, 3)}"
    yield Text(f"{line}; content {signed(payload.content)}, distance {signed(distance)}", STRONG)
    yield _marginal(" BY QUERY  ", payload.query_terms, paper)
    yield _marginal(" BY KEY    ", payload.key_terms, paper)
    yield Text()
    width = min(38, paper.width - 30)
    yield Text(f"  {cell('query part × key part', width)}{cell('score', 8, right=True)} content", FAINT)
    largest = max((abs(pair.value) for pair in payload.pairs), default=0.0)
    for pair in payload.pairs[:top]:
        name = f"{_name(payload.query_terms[pair.query])} × {_name(payload.key_terms[pair.key])}"
        line = Text(f"  {cell(name, width)}{cell(signed(pair.value), 8, right=True)} {cell(signed(pair.content), 9)}")
        bar = paper.glyphs.bar(pair.value, largest, paper.bar_beside(width + 20))
        yield line.append(bar, signed_style(pair.value))
    rest = payload.pairs[top:]
    if rest:
        value = signed(sum(pair.value for pair in rest))
        yield Text(f"  {cell(f'{len(rest)} other pairs (net)', width)}{cell(value, 8, right=True)}")
    yield total_line(payload.sum, payload.error, payload.tolerance, paper)


def _name(part: StreamPart) -> str:
    return part_name(part.kind, part.layer, part.head)


def _marginal(name: str, parts: list[StreamPart], paper: Paper) -> Text:
    best = sorted(parts, key=lambda part: -abs(part.value))[:_MARGINAL]
    said = [f"{_name(part)} {signed(part.value)}" for part in best]
    return Text(name, FAINT).append(as_many_as_fit(said, paper.width - len(name)))


def _name_width(names: list[str], paper: Paper) -> int:
    """Cells of the names of paths: what they need, and no more than leaves room for a number and a short bar."""
    return min(max([_LEAST, *map(cell_len, names)]) + 1, paper.width - 10 - (10 if paper.width >= 80 else 0))


def _row(name: str, value: float, largest: float, width: int, paper: Paper) -> Text:
    bar = paper.glyphs.bar(value, largest, paper.bar_beside(width + 11))
    line = Text(f"  {cell(name, width)}{cell(signed(value), 8, right=True)} ")
    return line.append(bar, signed_style(value))


def _plain(name: str, value: float, width: int) -> Text:
    return Text(f"  {cell(name, width)}{cell(signed(value), 8, right=True)}")
