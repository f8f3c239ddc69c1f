"""`unembed explain --answer` in the terminal: the answer's tokens, their ledger token by token, what it needs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from unembed.models.names import head_name, part_name
from unembed.view.glyphs import RESOLVED, between, decimal, percent, signed, visible, whole_chance
from unembed.view.payloads.explain_answer import (
    AnswerHead,
    AnswerSublayer,
    AnswerTerm,
    ExplainAnswerPayload,
)
from unembed.view.terminal import lines_of
from unembed.view.terminal.explanation import ending, role_lines, source_lines, term_name
from unembed.view.terminal.paper import (
    FAINT,
    STRONG,
    Paper,
    as_many_as_fit,
    cell,
    headline,
    signed_cell,
    signed_style,
    total_line,
    wrapped,
)
from unembed.view.terminal.zeroed_parts import marked

_SHOWN, _TOKENS, _SUBLAYERS = 8, 40, 5
"""Terms of the ledger, tokens of the answer, and sublayers, that are shown at most."""
_NAME, _NUMBER, _PART, _MOST, _CHANCE, _VERDICT, _RANK = 22, 8, 12, 11, 15, 24, 7
"""Widths of columns."""


@lines_of.register
def explain_answer_lines(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    """The whole view, line by line."""
    yield from opening_lines(payload, paper)
    yield from closing_lines(payload, paper)


def opening_lines(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    """What is known before anything is zeroed: the answer's tokens and the ledger."""
    yield from headline(f" {ending(payload.tokens[: payload.prompt_length])}", payload.model, paper)
    yield from source_lines(payload.sources, paper)
    yield from role_lines(payload.tokens[: payload.prompt_length])
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    yield from _tokens(payload, paper)
    yield Text()
    yield from _ledger(payload, paper)
    yield Text()


def closing_lines(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    """What zeroing heads and sublayers does to the whole answer."""
    if payload.heads:
        yield from _sentence(payload, paper)
        yield from _heads(payload, paper)
    yield from _sublayers(payload, paper)
    credit = "credit is what a part's own writes add to the logits of the answer; later layers may undo or amplify it"
    yield from (Text(line, FAINT) for line in (wrapped(credit, paper.width) if payload.model.layers else ()))
    if any(part.zeroed for part in payload.sublayers):
        what = "zeroed: P(answer) with the part set to 0 wherever a token of it is predicted; nats: the change of log P"
        yield from (Text(line, FAINT) for line in wrapped(what, paper.width))


def _tokens(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    answer = payload.answer
    said = f"log-probability {signed(payload.log_probability)}"
    chance = whole_chance(payload.probability, payload.log_probability)
    how = "as the model says it" if payload.generated else "as it was given"
    many = "1 token" if len(answer) == 1 else f"{len(answer)} tokens, one run"
    first, *more = wrapped(f"{said}, probability {chance}; {many}, {how}", paper.width, " " * 9)
    yield Text(" ANSWER", STRONG).append(first[7:])
    yield from map(Text, more)
    shown = answer[:_TOKENS]
    width = min(20, max(8, *(cell_len(token.seen) + 2 for token in shown)))
    room = max(0, paper.width - width - _NUMBER - 22)
    columns = f"{cell('token', width)}{cell('log p', _NUMBER)}{cell('probability', 13)}{cell('rank', 7)}"
    yield Text(f"  {columns}{cell('says first', room)}", FAINT)
    for token in shown:
        line = Text(f"  {cell(token.seen, width)}{signed_cell(token.log_probability, _NUMBER)}")
        line.append(f"{cell(percent(token.probability), 13)}{cell(str(token.rank), 7)}")
        other = f"{visible(token.instead.text)} {percent(token.instead.probability)}"
        yield line.append(cell("the same" if token.instead.id == token.id else other, room), FAINT)
    if answer[_TOKENS:]:
        rest = math.fsum(token.log_probability for token in answer[_TOKENS:])
        yield Text(f"  {len(answer) - _TOKENS} others, {signed(rest)} together; --json has all", FAINT)


# The ledger


def _ledger(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    """The terms of the largest sums, with what each adds token by token, as many tokens as fit."""
    ledger, frozen = payload.ledger, "" if payload.model.norm is None else "; norm scale frozen"
    above = "logits above the vocabulary mean" if payload.reference.kind == "mean" else "raw logits"
    about = f"{above}, less the log of the softmax's denominator, token by token{frozen}"
    title = " WHY its log-probability"
    first, *more = wrapped(about, paper.width, " " * (len(title) + 3))
    yield Text(title, STRONG).append(first[len(title) :], FAINT)
    yield from (Text(line, FAINT) for line in more)
    columns = _columns(payload, paper)
    names = "".join(cell(payload.answer[i].seen, _NUMBER - 1) + " " for i in columns)
    left, room = len(payload.answer) - len(columns), paper.width - 3 - _NAME - _NUMBER * (len(columns) + 1)
    others = cell(f"+{left} more", min(room, 10)) if left and room > 0 else ""
    yield Text(f"  {cell('part', _NAME)}{cell('sum', _NUMBER + 1)}{names}{others}", FAINT)
    parts = [term for term in ledger.terms if term.layer is not None]
    shown = sorted(parts, key=lambda term: -abs(term.value))[:_SHOWN]
    rest = [term for term in parts if term not in shown]
    for term in shown:
        yield _row(term_name(term, payload), term.by_token, columns)
    if rest:
        yield _row(f"{len(rest)} others (net)", _together(rest), columns)
    for term in ledger.terms:
        if term.layer is None and (term.kind != "rounding" or abs(term.value) >= RESOLVED):
            yield _row(term_name(term, payload), term.by_token, columns)
    yield _row("log-probability", [token.log_probability for token in payload.answer], columns, style=STRONG)
    yield total_line(ledger.sum, ledger.error, ledger.tolerance, paper, rule=12)


def _columns(payload: ExplainAnswerPayload, paper: Paper) -> range:
    room = (paper.width - 3 - _NAME - _NUMBER) // _NUMBER
    count = len(payload.answer)
    return range(count if count <= room else max(0, room - 1))


def _together(terms: Sequence[AnswerTerm]) -> list[float]:
    return [math.fsum(shares) for shares in zip(*(term.by_token for term in terms), strict=True)]


def _row(name: str, by_token: Sequence[float], columns: range, *, style: str = "") -> Text:
    total = math.fsum(by_token)
    line = Text(f"  {cell(name, _NAME)}", style).append(signed_cell(total, _NUMBER + 1), style or signed_style(total))
    return line.append("".join(signed_cell(by_token[i], _NUMBER) for i in columns), style)


# What the answer needs


def _sentence(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    """The head without which the answer loses most."""
    if payload.sentence is not None:
        yield from (Text(line, STRONG) for line in wrapped(payload.sentence, paper.width))
        yield Text()


def _head_name(head: AnswerHead) -> str:
    return head_name(head.layer, head.head, cross=head.cross)


@dataclass(frozen=True)
class _Columns:
    """Which columns of a table of parts there is room for; those that tell most come first."""

    tested: bool
    rank: bool
    verdict: bool
    probability: bool
    most: bool
    looks: int
    """Cells; 0 where there is no room."""

    @classmethod
    def of(cls, payload: ExplainAnswerPayload, paper: Paper) -> "_Columns":
        tested = any(part.zeroed for part in payload.sublayers)
        room, fits = paper.width - _PART - _NUMBER - (_NUMBER if tested else 0), []
        for width in (*((_RANK, _VERDICT, _CHANCE) if tested else (0, 0, 0)), _MOST):
            fits.append(tested and room >= width if width != _MOST else room >= width)
            room -= width if fits[-1] else 0
        return cls(tested, *fits, looks=min(30, room) if room >= 12 else 0)

    def heading(self, name: str, looks: str) -> Text:
        text = f" {cell(name, _PART - 1)}{cell('credit', _NUMBER)}"
        text += (cell("most at", _MOST) if self.most else "") + cell(looks, self.looks)
        text += cell("zeroed", _CHANCE) if self.probability else ""
        text += cell("nats", _NUMBER) if self.tested else ""
        text += " " * (_VERDICT if self.verdict else 0) + ("rank" if self.rank else "")
        return Text(text, FAINT)

    def row(
        self, name: str, part: AnswerHead | AnswerSublayer, most: int, looks: list[str], payload: ExplainAnswerPayload
    ) -> Text:
        line = Text(f"  {cell(name, _PART - 2)}").append(signed_cell(part.value, _NUMBER), signed_style(part.value))
        if self.most:
            line.append(cell(payload.answer[most].seen, _MOST - 1) + " ")
        if self.looks:
            line.append(cell(as_many_as_fit(looks, self.looks - 1), self.looks - 1) + " ")
        if part.zeroed is None:
            return line
        effect = part.zeroed.effect
        if self.probability:
            line.append(cell(between(payload.probability, part.zeroed.probability), _CHANCE - 1) + " ")
        line.append(signed_cell(effect.nats, _NUMBER))
        if self.verdict:
            line.append(cell(marked(effect), _VERDICT), FAINT if effect.verdict == "ordinary" else STRONG)
        return line.append(f"{effect.rank}/{effect.among}" if self.rank else "", FAINT)


def _heads(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    columns = _Columns.of(payload, paper)
    yield columns.heading("HEADS", "looks at")
    for head in payload.heads:
        looks = [
            f"{look.seen} {decimal(look.attention)}".replace(" 0.", " .")
            for i, look in enumerate(head.looks_at)
            if i == 0 or look.attention >= 0.1
        ]
        yield columns.row(_head_name(head), head, head.most, looks, payload)
    if payload.control is not None:
        crowd = payload.control
        reach = "too few for a verdict by rank" if crowd.limit is None else f"5% reach {decimal(crowd.limit)} nats"
        yield from (Text(line, FAINT) for line in wrapped(f"CONTROL  {crowd.count} heads: {reach}", paper.width))


def _sublayers(payload: ExplainAnswerPayload, paper: Paper) -> Iterator[Text]:
    ranked, columns = sorted(payload.sublayers, key=_size)[:_SUBLAYERS], _Columns.of(payload, paper)
    if not ranked:
        return
    yield columns.heading("SUBLAYERS", "")
    for part in ranked:
        most = max(range(len(part.by_token)), key=lambda i: abs(part.by_token[i]))
        yield columns.row(part_name(part.kind, part.layer), part, most, [], payload)
    left = len(payload.sublayers) - len(ranked)
    if left:
        yield Text(f"  {left} others; --json has all", FAINT)


def _size(part: AnswerSublayer) -> float:
    return -abs(part.value if part.zeroed is None else part.zeroed.effect.nats)
