"""`unembed attention` in the terminal: patterns, and what each source token adds through a head."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import head_name, in_stack
from unembed.view.glyphs import percent, signed, visible
from unembed.view.payloads.attention import AttentionPayload, HeadPattern
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, as_many_as_fit, cell, headline, signed_cell, signed_style

_HEADS, _SOURCES = 12, 24


@lines_of.register
def attention_lines(payload: AttentionPayload, paper: Paper) -> Iterator[Text]:
    """One head in full when one was asked for, otherwise the heads that add most."""
    target = payload.target
    where = "within the source" if payload.heads[0].encoder else f"from position {payload.position}"
    title = f" ATTENTION {where} to {visible(target.text)} {percent(target.probability)}"
    yield from headline(title, payload.model, paper)
    if payload.matrix is not None:
        yield from _one(payload, payload.heads[0], payload.matrix, paper)
    else:
        yield from _many(payload, paper)


def _many(payload: AttentionPayload, paper: Paper) -> Iterator[Text]:
    ranked = sorted(payload.heads, key=lambda h: -abs(h.value))
    width = max(9, *(len(_name(head)) + 1 for head in ranked[:_HEADS]))
    room, shown = paper.width - width - 12, 2 if paper.width < 140 else 3
    left = min(26 * shown, room // 2)
    heads = f"{cell('head', width)}{cell('credit', 8)} {cell('looks at', left)}"
    yield Text(f"  {heads} {'adds through its values' if room - left > 23 else 'adds'}", FAINT)
    for head in ranked[:_HEADS]:
        looks = [f"{_token(payload, head, s)} {w:.2f}" for s, w in _largest(head.pattern, shown)]
        adds = [f"{_token(payload, head, s)} {signed(v)}" for s, v in _largest(head.contribution, shown)]
        line = Text(f"  {cell(_name(head), width)}").append(signed_cell(head.value, 8), signed_style(head.value))
        yield line.append(f" {cell(as_many_as_fit(looks, left), left)} ").append(
            cell(as_many_as_fit(adds, room - left), room - left)
        )
    rest = ranked[_HEADS:]
    if rest:
        yield Text(f"  {len(rest)} others {signed(sum(h.value for h in rest))} (net)", FAINT)
    yield Text("  --layer L --head H for one head in full", FAINT)


def _one(payload: AttentionPayload, head: HeadPattern, matrix: list[list[float]], paper: Paper) -> Iterator[Text]:
    yield Text(f"  {_name(head)}  credit {signed(head.value)} logits", STRONG)
    room = min(40, max(4, (paper.width - 41) // 2))
    yield Text(f"  {cell('source', 22)}{cell('attends', room + 8)}adds", FAINT)
    largest = max((abs(v) for v in head.contribution), default=0.0)
    both_ways = head.cross or head.encoder or any(head.pattern[payload.position + 1 :])
    order = sorted(
        range(len(head.pattern) if both_ways else payload.position + 1),
        key=lambda s: -max(head.pattern[s], _share(head.contribution[s], largest)),
    )
    for source in sorted(order[:_SOURCES]):
        weight, adds = head.pattern[source], head.contribution[source]
        line = Text(f"  {cell(f'{source} {_token(payload, head, source)}', 22)}")
        line.append(f"{weight:.3f} {cell(paper.glyphs.bar(weight, 1.0, room), room + 1)} ")
        yield line.append(f"{signed_cell(adds, 9, 3)}{paper.glyphs.bar(adds, largest, room)}", signed_style(adds))
    if len(order) > _SOURCES:
        rest = sum(head.contribution[s] for s in order[_SOURCES:])
        yield Text(f"  {len(order) - _SOURCES} other sources add {signed(rest, 3)} (net)", FAINT)
    yield Text()
    yield from _grid(payload, head, matrix, paper, both_ways=both_ways)


def _grid(
    payload: AttentionPayload, head: HeadPattern, matrix: list[list[float]], paper: Paper, *, both_ways: bool
) -> Iterator[Text]:
    cross = head.cross
    room = paper.width - 24
    start = 0 if cross else max(0, len(matrix) - room)
    yield Text(f"  the whole pattern, row attends to column{'' if start == 0 else f', from position {start}'}", FAINT)
    for query in range(start, len(matrix)):
        end = room if cross else len(matrix) if both_ways else query + 1
        shades = "".join(paper.glyphs.shade(w) for w in matrix[query][start:end])
        name = visible(payload.sources[query].label) if head.encoder else payload.tokens[query].seen
        yield Text(f"  {cell(f'{query} {name}', 22)}").append(shades, "dark_orange3")


def _share(value: float, largest: float) -> float:
    return abs(value) / largest if largest else 0.0


def _largest(values: list[float], count: int) -> list[tuple[int, float]]:
    order = sorted(range(len(values)), key=lambda i: -abs(values[i]))[:count]
    return [(i, values[i]) for i in order]


def _name(head: HeadPattern) -> str:
    return in_stack(head_name(head.layer, head.head, cross=head.cross), head.encoder)


def _token(payload: AttentionPayload, head: HeadPattern, position: int) -> str:
    of_source = head.cross or head.encoder
    return visible(payload.sources[position].label) if of_source else payload.tokens[position].seen
