"""`unembed explain` in the terminal: the prediction, the ledger, the parts that carry it, the lens."""

import itertools
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from unembed.models.names import part_name
from unembed.view.glyphs import RESOLVED, between, decimal, percent, signed, visible
from unembed.view.payloads.common import PromptToken, SourceToken, Term, text_of_tokens
from unembed.view.payloads.explain_answer import ExplainAnswerPayload
from unembed.view.payloads.explanation import ExplainPayload, LensRow, Swap
from unembed.view.payloads.words import UnitWithout
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import (
    FAINT,
    STRONG,
    WIDTH,
    Paper,
    as_many_as_fit,
    cell,
    headline,
    signed_style,
    token_strip,
    total_line,
    wrapped,
)
from unembed.view.terminal.zeroed_parts import legend, part_lines

_SHOWN = 8
_TITLE = 44
"""Characters of the prompt that the headline shows."""


@lines_of.register
def explain_lines(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The whole view, line by line: the sentence, a swap that was asked for, then what the sentence rests on."""
    yield from headline(f" {ending(payload.tokens[: _last(payload) + 1])}", payload.model, paper)
    yield from source_lines(payload.sources, paper)
    yield from role_lines(payload.tokens)
    yield from _sentence(payload, paper)
    if payload.swap is not None:
        yield from _swap(payload.swap, payload.target.probability, paper)
    yield from _strip(payload, paper)
    yield from _larger_units(payload, paper)
    yield _predictions(payload, paper)
    yield from _whole_target(payload, paper)
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    yield Text()
    yield from _ledger(payload, paper)
    yield from _inputs(payload, paper)
    yield Text()
    yield from part_lines(payload, paper)
    if payload.model.layers:
        yield _lens(payload)
        yield Text()
    what = "credit is what a part's own write adds; later layers may undo or amplify it"
    yield from (Text(line, FAINT) for line in (wrapped(what, paper.width) if payload.model.layers else ()))
    yield from (Text(line, FAINT) for line in legend(payload, paper))
    yield Text(_next(payload, paper), FAINT)


def _sentence(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    text = "".join(span.text for span in payload.sentence)
    return (Text(line, STRONG) for line in wrapped(text, paper.width))


def ending(tokens: Sequence[PromptToken]) -> str:
    """The end of the prompt that was read."""
    ids = all(token.text.startswith("id:") for token in tokens)
    text = text_of_tokens((f" {token.text}" if ids else token.text, token.fragment) for token in tokens)
    shown = "".join(c if c == " " else visible(c) for c in text).strip()
    return shown if len(shown) <= _TITLE else f"… {shown[-_TITLE:]}"


def _last(payload: ExplainPayload) -> int:
    """The last position that can matter: a blank is read from both sides."""
    return len(payload.tokens) - 1 if payload.model.bidirectional else payload.position


def _strip(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The prompt; under each word what is left of the target without it, and where the head of the answer reads."""
    answer = payload.answer
    marked = None if answer.cross else answer.position
    tail, keep = f"→ {visible(payload.target.text)}", [] if marked is None else [marked]
    units = _units_in_strip(payload)
    if payload.model.bidirectional:  # the blank need not be at the end, so the arrow says where the answer stands
        tail, keep = f"{payload.position} {tail}", [payload.position, *keep]
    rather = [units[span.place].positions[0] for span in payload.sentence if units and span.place is not None]
    line, places = token_strip(payload.tokens[: _last(payload) + 1], tail, paper.width, keep=keep, rather=rather)
    yield line
    if units:
        yield _left(payload, units, places, paper)
    if marked is not None:
        column, width = places[marked]
        label = f"{answer.part} {'rests' if answer.sink else 'reads'} here"
        mark = Text("▀" * width, STRONG)
        if column + width + len(label) + 1 <= paper.width:
            yield Text(" " * column).append_text(mark).append(f" {label}", FAINT)
        else:
            yield Text(cell(label + " ", column, right=True), FAINT).append_text(mark)


def _units_in_strip(payload: ExplainPayload) -> list[UnitWithout]:
    """The words that stand in the strip: of an encoder-decoder they are those of its source, and stand elsewhere."""
    words = payload.words
    return [] if words is None or words.by != "word" or payload.model.reads is not None else words.units


def _left(payload: ExplainPayload, units: list[UnitWithout], places: dict[int, tuple[int, int]], paper: Paper) -> Text:
    """Under the first token of each word, the target's probability without it; of one that asks, nothing."""
    line = Text()
    for unit in units:
        place = places.get(unit.positions[0])
        if place is None or unit.mark == "last" or place[0] < line.cell_len:
            continue
        line.append(" " * (place[0] - line.cell_len))
        line.append(_without(unit, payload) + (" ○" if unit.mark == "first" else ""), signed_style(unit.effect))
        line.append(" ")
    about = f"← {'the lead of ' if payload.reference.kind == 'versus' else ''}{visible(payload.target.text)} without it"
    return line.append(about, FAINT) if line.cell_len + cell_len(about) <= paper.width else line


def _without(unit: UnitWithout, payload: ExplainPayload) -> str:
    if unit.difference_without is not None:
        return signed(unit.difference_without)
    return between(payload.target.probability, unit.probability_without, "|").partition("|")[2]


def _larger_units(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The units that do not stand in the strip, the largest effects first, in one line."""
    if payload.words is None or _units_in_strip(payload):
        return
    ranked = sorted((unit for unit in payload.words.units if unit.mark != "last"), key=lambda unit: -abs(unit.effect))
    items = [f"{cell(' '.join(unit.text.split()), 24).rstrip()} {_without(unit, payload)}" for unit in ranked]
    yield Text(" WITHOUT   ", FAINT).append(as_many_as_fit(items, paper.width - 11))


def role_lines(tokens: Sequence[PromptToken]) -> Iterator[Text]:
    """Of a chat, at which positions whose words stand."""
    groups = itertools.groupby(tokens, key=lambda token: token.role)
    spans = [(role, [token.position for token in said]) for role, said in groups if role is not None]
    if spans:
        said = "  ".join(f"{visible(role)} {places[0]}–{places[-1]}" for role, places in spans)
        yield Text(f" chat    {said}", FAINT)


def source_lines(sources: Sequence[SourceToken], paper: Paper) -> Iterator[Text]:
    """The source of an encoder-decoder in one line, as much as fits."""
    if not sources or any(token.modality == "image" for token in sources):
        return
    line = Text(" source  ", FAINT)
    for token in sources:
        part = f"{token.position} {visible(token.label)} │ "
        if line.cell_len + cell_len(part) > paper.width - 12:
            line.append(f"… {len(sources) - token.position} more", FAINT)
            break
        line.append(part)
    yield line


def _predictions(payload: ExplainPayload, paper: Paper) -> Text:
    line = Text(" ")
    for index, p in enumerate(payload.predictions):
        room = 16 if index == 0 else 8
        part = f"{visible(p.text)} {percent(p.probability)} "
        bar = paper.glyphs.bar(p.probability, 1.0, 20)[:room]
        if line.cell_len + cell_len(part) + len(bar) + 2 > paper.width:
            break
        line.append(part, STRONG if p.id == payload.target.id else "").append(bar + "  ", FAINT)
    if all(p.id != payload.target.id for p in payload.predictions):
        target = payload.target
        line.append(f" {visible(target.text)} {percent(target.probability)} (rank {target.rank})", STRONG)
    return line


def _whole_target(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """A target of several tokens: the whole beside its first token."""
    if payload.whole_target is not None:
        whole = " ".join(visible(token.text) for token in payload.whole_target.tokens)
        chance = percent(payload.whole_target.probability)
        said = f"whole target  {whole}  {chance}; its first token {percent(payload.target.probability)}"
        yield from map(Text, wrapped(said, paper.width))


def _ledger(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    ledger, target = payload.ledger, payload.target
    frozen = "" if payload.model.norm is None else "; norm scale frozen"
    why = f" WHY {visible(target.text)}"
    first, *more = wrapped(f"{_what(payload)}{frozen}", paper.width, " " * (cell_len(why) + 3))
    yield Text(why, STRONG).append(first[cell_len(why) :], FAINT)
    yield from (Text(line, FAINT) for line in more)
    parts = [t for t in ledger.terms if t.layer is not None]
    fixed = [t for t in ledger.terms if t.layer is None and (t.kind != "rounding" or abs(t.value) >= RESOLVED)]
    shown = sorted(parts, key=lambda t: -abs(t.value))[:_SHOWN]
    rest = sum(t.value for t in parts) - sum(t.value for t in shown)
    largest = max((abs(t.value) for t in ledger.terms), default=0.0)
    rows = [*shown, *fixed]
    side = 1 if paper.width < 80 else 2
    share, per_side = (paper.width - 2) // side, -(-len(shown) // side)
    others = len(parts) - len(shown)
    names = [*(term_name(term, payload) for term in rows), f"{others} others"]
    name = 24 if paper.width >= WIDTH else min(24, max(map(cell_len, names)) + 1)
    columns = [shown[i * per_side : (i + 1) * per_side] for i in range(side)]
    for row in itertools.zip_longest(*columns):
        line = Text("  ")
        for term in filter(None, row):
            line.append_text(_term(term, payload, largest, name, share, paper))
        yield line
    for term in fixed:
        yield Text("  ").append_text(_term(term, payload, largest, name, share, paper))
    if others:
        yield Text(f"  {cell(f'{others} others', name)}{cell(signed(rest), 7, right=True)} (net)")
    yield total_line(ledger.sum, ledger.error, ledger.tolerance, paper, rule=paper.width // 2 - 13)


def _inputs(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """What cross-attention adds, by source position: through the encoder, patterns frozen."""
    if payload.inputs is None:
        return
    by_source: dict[int, float] = {}
    for term in payload.inputs.terms:
        if term.source is not None:
            by_source[term.source] = by_source.get(term.source, 0.0) + term.value
    shown = sorted(sorted(by_source, key=lambda s: -abs(by_source[s]))[: 2 * _SHOWN])
    largest = max((abs(value) for value in by_source.values()), default=0.0)
    yield Text(" THROUGH THE ENCODER", STRONG).append("  what the source adds, by position; patterns frozen", FAINT)
    for source in shown:
        bar = paper.glyphs.bar(by_source[source], largest, paper.bar_beside(34))
        name = cell(f"{source} {visible(payload.sources[source].label)}", 24)
        yield Text(f"  {name}{cell(signed(by_source[source]), 7, right=True)} ").append(
            bar, signed_style(by_source[source])
        )
    rest = payload.inputs.sum - sum(by_source[source] for source in shown)
    yield Text(f"  {cell('biases and others', 24)}{cell(signed(rest), 7, right=True)}")
    yield Text(f"  {cell('all cross-attention heads', 24)}{cell(signed(payload.inputs.value), 7, right=True)}", STRONG)


def _what(payload: ExplainPayload) -> str:
    reference, raw = payload.reference, payload.target.logit
    if reference.kind == "mean":
        return f"logit above vocabulary mean; raw {decimal(raw)}, mean {decimal(reference.value)}"
    if reference.kind == "versus":
        return f"logit above {visible(reference.text or '')}; {decimal(raw)} against {decimal(reference.value)}"
    return "raw logit"


def _term(term: Term, payload: ExplainPayload, largest: float, name: int, width: int, paper: Paper) -> Text:
    """A term in `width` cells, of which its name takes `name`."""
    bar = paper.glyphs.bar(term.value, largest, width - name - 12)
    text = Text(f"{cell(term_name(term, payload), name)}{cell(signed(term.value), 7, right=True)} ")
    return text.append(cell(bar, width - name - 8), signed_style(term.value))


def term_name(term: Term, payload: ExplainPayload | ExplainAnswerPayload | None = None) -> str:
    """`L23.H4 ← 3 ·France`, `L24.N1005`, `L29 mlp`, `embedding`."""
    name = part_name(term.kind, term.layer, term.head, term.expert, term.neuron)
    if term.source is None:
        return name
    token = "" if payload is None else " " + _source_text(term, payload)
    return f"{name} ← {term.source}{token}"


def _source_text(term: Term, payload: ExplainPayload | ExplainAnswerPayload) -> str:
    assert term.source is not None
    if term.kind == "cross_attention":
        return visible(payload.sources[term.source].label)
    return payload.tokens[term.source].seen


def _swap(swap: Swap, base: float, paper: Paper) -> Iterator[Text]:
    """The other prompt and its own prediction; the sublayers whose swap moves the target most."""
    top = swap.predictions[0]
    line = f"{visible(swap.from_)} → {visible(swap.to)}: "
    line += f"the prompt then gives {visible(top.text)} {percent(top.probability)}"
    if top.id != swap.target.id:
        line += f", {visible(swap.target.text)} {percent(swap.target.probability)} (rank {swap.target.rank})"
    for i, text in enumerate(wrapped(line, paper.width - 11, "")):
        yield Text(" SWAP      " if i == 0 else " " * 11, FAINT).append(text)
    parts = sorted(swap.sublayers, key=lambda part: -abs(part.swapped_probability - base))
    names = [part_name(part.kind, part.layer) for part in parts]
    items = [f"{n} {between(base, p.swapped_probability)}" for n, p in zip(names, parts, strict=True)]
    yield Text(" " * 11 + as_many_as_fit(["only this part from it:", *items], paper.width - 11))


def _lens(payload: ExplainPayload) -> Text:
    steps = " → ".join(f"{_layer(row)} {row.rank}" for row in _milestones(payload.lens))
    return Text(" LENS      ", FAINT).append(f"{visible(payload.target.text)} rank: {steps}")


def _layer(row: LensRow) -> str:
    return "emb" if row.layer is None else f"L{row.layer}"


def _milestones(rows: list[LensRow], count: int = 5) -> list[LensRow]:
    """The layers after which the rank fell most, and the last."""
    drops = [(a.rank / b.rank, i + 1) for i, (a, b) in enumerate(itertools.pairwise(rows))]
    best = {i for ratio, i in sorted(drops, reverse=True)[: count - 1] if ratio > 1}
    first = {min(best) - 1} if best else set()
    return [rows[i] for i in sorted(best | first | {len(rows) - 1})]


def _next(payload: ExplainPayload, paper: Paper) -> str:
    """What else to ask that was not asked for, as much as fits: what opens all of it first."""
    other = next((p for p in payload.predictions if p.id != payload.target.id), None)
    heard = any(token.modality == "audio" for token in payload.sources)
    asks = [" next ", "unembed open ", "--html FILE "]
    if payload.reference.text is None and other is not None and other.text == _visible_argument(other.text):
        asks.append(f'--vs "{other.text}" ')
    if not payload.model.layers:
        return as_many_as_fit([*asks, "--json ", "unembed bigrams"], paper.width)
    asks += [] if payload.swap is not None else ["--swap WORD=OTHER "]
    asks += [] if heard else ["unembed words "]
    asks += [] if payload.ledger.by != "sublayer" else ["--by source "]
    return as_many_as_fit([*asks, "unembed patch ", "unembed ablate ", "--json "], paper.width)


def _visible_argument(text: str) -> str:
    """`text` without what a shell or a terminal would not show as it is."""
    return "".join(c for c in text if c.isprintable() and c not in '"$`\\!')
