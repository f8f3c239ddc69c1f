"""`unembed words` in the terminal: the units by what their removal costs the answer, and what is said instead."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from unembed.view.glyphs import between, decimal, percent, scientific, signed, visible
from unembed.view.payloads.words import FirstTokens, UnitWithout, WordsPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import (
    FAINT,
    STRONG,
    Paper,
    answer_line,
    cell,
    headline,
    signed_cell,
    signed_style,
    wrapped,
)

_MARKS = {"first": " ○", "last": " ▸", None: ""}
_GONE = {"delete": "deleted", "mask": "masked", "replace": "replaced by", "swap": "from the other prompt"}


@lines_of.register
def words_lines(payload: WordsPayload, paper: Paper, *, top: int = 15) -> Iterator[Text]:
    """The `top` largest effects, what the marks mean, and as asked for Shapley values and pairs."""
    yield from headline(_title(payload), payload.model, paper)
    if len(payload.answer) > 1:
        yield answer_line(payload.answer, payload.value.log_probability, payload.value.probability, paper)
    for note in payload.notes:
        yield from _faint(f"note: {note}", paper)
    yield from _ranking(payload, top, paper)
    yield from _marks(payload, paper)
    if payload.shapley is not None:
        yield Text()
        yield from _shapley(payload, top, paper)
    if payload.pairs is not None:
        yield Text()
        yield from _pairs(payload, top, paper)
    if payload.rankings is not None:
        yield Text()
        yield from _rankings(payload, paper)


def _faint(text: str, paper: Paper) -> Iterator[Text]:
    return (Text(line, FAINT) for line in wrapped(text, paper.width))


def _others(count: int, largest: float, paper: Paper) -> Iterator[Text]:
    others = "1 other" if count == 1 else f"{count} others, each"
    return _faint(f" {others} at most {decimal(abs(largest))}; --json has all", paper)


def _heading(title: str, about: str, paper: Paper) -> Iterator[Text]:
    first, *more = wrapped(about, paper.width, " " * (len(title) + 4))
    yield Text(f" {title}", STRONG).append(first[len(title) + 1 :], FAINT)
    yield from (Text(line, FAINT) for line in more)


def _title(payload: WordsPayload) -> str:
    if len(payload.answer) > 1:
        return f" WORDS  each {_unit_name(payload)} {_gone(payload)}"
    against = "" if payload.versus is None else f" above {visible(payload.versus.text)}"
    target = f"{visible(payload.target.text)}{against} {percent(payload.value.probability)}"
    return f" WORDS  each {_unit_name(payload)} {_gone(payload)}: {target}"


def _gone(payload: WordsPayload) -> str:
    return _GONE[payload.how] + ("" if payload.replacement is None else f" {visible(payload.replacement.text)}")


def _unit_name(payload: WordsPayload) -> str:
    return "span" if payload.by == "spans" else payload.by


def _readable(text: str) -> str:
    """A unit as it is written, spaces as spaces."""
    return "".join(c if c == " " else visible(c) for c in text) if text.strip() else visible(text)


def _names(payload: WordsPayload) -> dict[int, str]:
    """Each unit as it is written, by its first position; one of several that are written alike with that position. In
    a chat with whose words these are."""
    texts = {unit.positions[0]: _said_by(unit) + _written(unit, payload) for unit in payload.units}
    often = Counter(texts.values())
    return {place: text if often[text] == 1 else f"{text} @{place}" for place, text in texts.items()}


def _written(unit: UnitWithout, payload: WordsPayload) -> str:
    fragment = payload.tokens[unit.positions[0]].fragment if payload.by == "token" else None
    return _readable(unit.text) if fragment is None else fragment


def _said_by(unit: UnitWithout) -> str:
    return "" if unit.role is None else f"{visible(unit.role)}: "


def _name(unit: UnitWithout, names: dict[int, str], width: int) -> str:
    """The name of a unit and its mark; of a long one the beginning."""
    mark, text = _MARKS[unit.mark], names[unit.positions[0]]
    return text + mark if cell_len(text) + len(mark) < width else cell(text, width - 1 - len(mark)) + mark


def _ranking(payload: WordsPayload, top: int, paper: Paper) -> Iterator[Text]:
    ranked = sorted((unit for unit in payload.units if unit.mark != "last"), key=lambda unit: -abs(unit.effect))
    asking = [unit for unit in payload.units if unit.mark == "last"]
    largest = max((abs(unit.effect) for unit in ranked), default=0.0)
    names = _names(payload)
    width = _width([*ranked[:top], *asking], names, paper)
    instead = _instead(paper)
    lost = "nats" if payload.versus is None else "nats*"
    columns = (
        f"{cell(_unit_name(payload), width)}{cell(lost, 8)}{cell('probability', 14)}{cell('says instead', instead)}"
    )
    yield Text(f"  {columns}", FAINT)
    for unit in (*ranked[:top], *asking):
        line = Text(f"  {cell(_name(unit, names, width), width)}", FAINT if unit.mark == "last" else "")
        line.append(signed_cell(unit.effect, 8), "" if unit.mark == "last" else signed_style(unit.effect))
        line.append(cell(between(payload.value.probability, unit.probability_without), 14))
        line.append(cell(_said(unit, payload, instead), instead) if instead else "", FAINT)
        room = min(paper.longest_bar, paper.width - width - 25 - instead)
        if unit.mark != "last" and room > 0:
            line.append(paper.glyphs.bar(unit.effect, largest, room), signed_style(unit.effect))
        yield line
    if ranked[top:]:
        yield from _others(len(ranked) - top, ranked[top].effect, paper)
    if payload.versus is not None:
        above = f"{visible(payload.target.text)} above {visible(payload.versus.text)}"
        yield from _faint(f"* of {above}, {signed(payload.value.difference or 0.0)} with nothing gone", paper)


def _width(units: Sequence[UnitWithout], names: dict[int, str], paper: Paper) -> int:
    """Of the column of units: as wide as they are, within what the others leave."""
    longest = max((cell_len(names[unit.positions[0]] + _MARKS[unit.mark]) for unit in units), default=0)
    return max(8, min(longest + 2, paper.width - 26 - _instead(paper) - (12 if paper.width >= 72 else 0)))


def _instead(paper: Paper) -> int:
    """Cells of what is said instead: none where the paper is too narrow."""
    return 18 if paper.width >= 72 else 14 if paper.width >= 50 else 0


def _said(unit: UnitWithout, payload: WordsPayload, width: int) -> str:
    """The token that leads without the unit, where it is another one."""
    if unit.instead.id == payload.prediction.id:
        return "the same"
    chance = percent(unit.instead.probability)
    return f"{cell(visible(unit.instead.text), width - len(chance) - 2).rstrip()} {chance}"


def _marks(payload: WordsPayload, paper: Paper) -> Iterator[Text]:
    """What is to be known of the first unit and of the last."""
    first = next((unit for unit in payload.units if unit.mark == "first"), None)
    if first is not None and payload.keep_sink is None:
        yield from _faint(f"○ first token: many heads rest on it, whatever it says. {_compared(payload, first)}", paper)
    last = next((unit for unit in payload.units if unit.mark == "last"), None)
    if last is not None:
        why = "a mask does not keep it from itself" if payload.how == "mask" else "changed, it is another question"
        yield from _faint(f"▸ last token: the question is asked there; {why}, so it is not ranked.", paper)


def _compared(payload: WordsPayload, first: UnitWithout) -> str:
    found: FirstTokens | None = payload.first_token
    keep = " --keep-sink keeps its place filled." if payload.how in ("delete", "mask") else ""
    if found is None:
        return f"Its number is not that of its meaning alone.{keep}"
    said = f"In {len(found.effects)} unrelated texts the same costs {signed(found.mean)} ± {decimal(found.deviation)}"
    return f"{said} nats; here {signed(first.effect)}.{keep}"


def _shapley(payload: WordsPayload, top: int, paper: Paper) -> Iterator[Text]:
    """The values as a ledger: from none of the units to all of them."""
    shares, numbers = payload.shapley or [], (payload.none, payload.sum, payload.all, payload.error)
    none, total, together, error = (number or 0.0 for number in numbers)  # there with the values
    ranked = [i for i, unit in enumerate(payload.units) if unit.mark != "last"]
    ranked.sort(key=lambda i: -abs(shares[i].value))
    exact = all(shares[i].standard_error is None for i in ranked)
    how = "exact" if exact else "estimated, ± one standard error"
    what = "log-probability" if payload.versus is None else "difference"
    about = f"of the {what} in nats; {how}, {payload.choices:,} choices of {len(ranked)} units"
    yield from _heading("SHAPLEY VALUES", about, paper)
    names = _names(payload)
    width = max(_width([payload.units[i] for i in ranked[:top]], names, paper), 14)
    largest = max((abs(shares[i].value) for i in ranked), default=0.0)
    yield Text(f"  {cell('none of them', width)}{signed_cell(none, 8)}")
    for i in ranked[:top]:
        line = Text(f"  {cell(_name(payload.units[i], names, width), width)}")
        line.append(signed_cell(shares[i].value, 8), signed_style(shares[i].value))
        deviation = shares[i].standard_error
        line.append("" if exact else cell("" if deviation is None else f"± {decimal(deviation)}", 8), FAINT)
        room = min(paper.longest_bar, paper.width - width - 12 - (0 if exact else 8))
        yield line.append(paper.glyphs.bar(shares[i].value, largest, room), signed_style(shares[i].value))
    rest = sum(shares[i].value for i in ranked[top:])
    if ranked[top:]:
        yield Text(f"  {cell(f'{len(ranked) - top} others', width)}{signed_cell(rest, 8)}(net)")
    rule = max(3, width - 7)
    verdict = f"total {signed(none + total)} = all of them {signed(together)} (|Δ| {scientific(error)})"
    first, *more = wrapped(verdict, paper.width, " " * (rule + 3))
    yield Text("  " + "─" * rule).append(first[rule + 2 :], STRONG)
    yield from (Text(line, STRONG) for line in more)


def _pairs(payload: WordsPayload, top: int, paper: Paper) -> Iterator[Text]:
    """The pairs of the largest interactions."""
    ranked = sorted(payload.pairs or (), key=lambda pair: -abs(pair.interaction))
    yield from _heading("PAIRS", "what two cost together less what they cost apart, in nats", paper)
    if not ranked:
        yield Text("  there are no two units to rank", FAINT)
        return
    names = _names(payload)
    width = max(10, min(24, (paper.width - 24) // 2))
    yield Text(f"  {cell('one', width)}{cell('and', width)}{cell('more', 8)}{cell('together', 10)}", FAINT)
    for pair in ranked[:top]:
        one, other = (cell(_name(payload.units[i], names, width), width) for i in pair.units)
        line = Text(f"  {one}{other}").append(signed_cell(pair.interaction, 8), signed_style(pair.interaction))
        yield line.append(signed_cell(pair.effect, 10))
    if ranked[top:]:
        yield from _others(len(ranked) - top, ranked[top].interaction, paper)
    yield from _faint(
        "above 0 each stands in for the other; below 0 they work together, and without one the other adds little", paper
    )


_METHODS = {
    "exact": "exact effects",
    "input_x_gradient": "input x grad.",
    "integrated_gradients": "integr. grad.",
    "frozen_gates": "frozen gates",
    "relp": "RelP",
}


def _rankings(payload: WordsPayload, paper: Paper) -> Iterator[Text]:
    """Each cheap ranking's agreement with the exact one, and which units it puts first."""
    names, units = _names(payload), [unit for unit in payload.units if unit.mark != "last"]
    yield from _heading("CHEAP RANKINGS", "beside the exact effects: may one be trusted here?", paper)
    room = paper.width - 48
    first = cell("  first", room) if room >= 12 else ""
    columns = f"{cell('method', 14)}{cell('ranks', 6)}{cell('deletion', 9)}insertion"
    yield Text(f"  {columns}{first}", FAINT)
    for ranking in payload.rankings or ():
        ranks = "-" if ranking.rank_correlation is None else signed(ranking.rank_correlation)
        areas = f"{cell(decimal(ranking.deletion, 3), 9)}{decimal(ranking.insertion, 3)}"
        best = sorted(range(len(units)), key=lambda i: -ranking.values[i])[:3]
        said = ", ".join(names[units[i].positions[0]] for i in best)
        line = Text(f"  {cell(_METHODS[ranking.method], 14)}{cell(ranks, 6)}{areas}")
        yield line.append(f"      {cell(said, room - 6).rstrip()}" if first else "", FAINT)
    yield from _faint(
        "ranks: rank correlation with the exact effects; areas under the answer's probability while units go "
        "(deletion: small is good) or come (insertion: large is good), the best first",
        paper,
    )
    yield from _sums(payload, paper)


def _sums(payload: WordsPayload, paper: Paper) -> Iterator[Text]:
    """What the linear methods sum to."""
    for ranking in payload.rankings or ():
        if ranking.sum is None or ranking.rest is None:
            continue
        should = "the change from its baseline" if ranking.method == "integrated_gradients" else "the logit"
        of = f"{should}, {signed(ranking.sum + ranking.rest)}"
        said = f"{_METHODS[ranking.method]} sums to {signed(ranking.sum)} of {of}"
        yield from _faint(f"{said} (rest {scientific(ranking.rest, plus='+')})", paper)
