"""The heads and neurons of an explanation in the terminal: credit, what they read and write, what zeroing them does."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from unembed.models.names import head_name, neuron_name
from unembed.view.glyphs import between, decimal, signed, visible
from unembed.view.payloads.explanation import ExplainPayload, Head, LookedAt, Neuron
from unembed.view.payloads.verdicts import Crowd, Effect, Zeroed, verdict_words
from unembed.view.terminal.paper import FAINT, STRONG, Paper, as_many_as_fit, cell, signed_style, wrapped

_CREDIT, _NATS, _RANK, _SWAPPED, _TOWARD = 8, 7, 8, 10, 56
"""Widths of columns."""


def marked(effect: Effect) -> str:
    """`● large causal`, `● small suppressor ~`, `○ ordinary`; of too few parts to rank, `● large` or `○ none`."""
    mark = "○" if effect.size == "none" or effect.verdict == "ordinary" else "●"
    return f"{mark} {verdict_words(effect.verdict, effect.size)}{' ~' if effect.borderline else ''}"


def _asked(zeroed: Zeroed) -> Effect:
    """The effect on the number that is explained: the difference under a versus."""
    return zeroed.difference or zeroed.effect


@dataclass(frozen=True)
class _Columns:
    """The widths of the tables of heads and neurons; what was not tested has no column, nor what has no room."""

    name: int
    middle: int
    end: int
    probability: int
    """0 where nothing was zeroed."""
    verdict: int
    nats: bool
    rank: bool
    swapped: bool
    base: float

    @classmethod
    def of(cls, payload: ExplainPayload, paper: Paper) -> "_Columns":
        base, parts = payload.target.probability, (*payload.heads, *payload.neurons)
        name = max([10, *(len(_neuron_name(neuron)) + 2 for neuron in payload.neurons)])
        changes = [len(between(base, part.zeroed.probability)) for part in parts if part.zeroed]
        words = [len(marked(_asked(part.zeroed))) for part in parts if part.zeroed]
        probability = max([9 if paper.width >= 80 else 7, *changes]) if changes else 0
        verdict = max(words, default=0)
        room = paper.width - name - _CREDIT - 4 - (probability + verdict + 2 if changes else 0)
        swapped = payload.swap is not None and room >= _SWAPPED
        room -= _SWAPPED * swapped
        nats = bool(changes) and room >= _NATS  # the ends of rows, which have room first
        room -= (_NATS + 1) * nats
        rank = nats and room >= _RANK
        room = max(0, room - (_RANK + 1) * rank)
        middle = room if 8 <= room < 24 else min(34, room * 9 // 20) if room >= 24 else 0
        end = min(_TOWARD, room - middle) if room >= 24 else 0
        return cls(name, middle, end, probability, verdict, nats, rank, swapped, base)

    def heading(self, name: str, middle: str, end: str) -> Text:
        text = f" {cell(name, self.name)} {cell('credit', _CREDIT)} {self._between(middle, end)}"
        if self.probability:
            tests = (
                ("zeroed", self.probability),
                *([("nats", _NATS)] if self.nats else []),
                ("", self.verdict),
                *([("rank", _RANK)] if self.rank else []),
            )
            text += "".join(f" {cell(word, width)}" for word, width in tests)
        return Text(text + (" swapped" if self.swapped else ""), FAINT)

    def row(self, name: str, part: Head | Neuron, middle: str, end: str) -> Text:
        credit = _starred(part.value, starred=bool(self.probability) and "credit" in part.shown_for)
        mark = "▸" if "answer" in part.shown_for else " "
        line = Text(f" {mark}{cell(name, self.name)}").append(cell(credit, _CREDIT), signed_style(part.value))
        line.append(f" {self._between(middle, end)}")
        if self.probability and part.zeroed is not None:
            effect = _asked(part.zeroed)
            nats = _starred(effect.nats, starred="effect" in part.shown_for)
            line.append(f" {cell(between(self.base, part.zeroed.probability), self.probability)} ")
            line.append(f"{cell(nats, _NATS)} " if self.nats else "")
            style = FAINT if effect.verdict == "ordinary" else STRONG
            line.append(cell(marked(effect), self.verdict), style)
            line.append(f" {cell(f'{effect.rank}/{effect.among}', _RANK)}" if self.rank else "", FAINT)
        if self.swapped and part.swapped_probability is not None:
            line.append(f" {between(self.base, part.swapped_probability)}")
        return line

    def _between(self, middle: str, end: str) -> str:
        return " ".join(cell(text, width) for text, width in ((middle, self.middle), (end, self.end)) if width)


def _starred(value: float, *, starred: bool) -> str:
    text = signed(value) + ("*" if starred else "")
    return text if text[0] in "+−" else f" {text}"


def part_lines(payload: ExplainPayload, paper: Paper) -> Iterator[Text]:
    """The heads, the neurons, and what they are compared with."""
    columns = _Columns.of(payload, paper)
    if payload.heads:
        yield columns.heading("HEADS", "looks at", "writes toward")
    for head in payload.heads:
        looks = [f"{k.seen} {decimal(k.attention)}".replace(" 0.", " .") for k in _mostly(head)]
        toward = " ".join(visible(t.text) for t in head.writes_toward)
        name = head_name(head.layer, head.head, cross=head.cross)
        yield columns.row(name, head, as_many_as_fit(looks, columns.middle), toward)
    if payload.neurons:
        yield columns.heading("NEURONS", "act", "promotes")
    for neuron in payload.neurons:
        toward = " ".join(visible(t.text) for t in neuron.promotes)
        yield columns.row(_neuron_name(neuron), neuron, signed(neuron.activation, 1), toward)
    if payload.control is not None:
        crowds = (("heads", payload.control.heads), ("active or credited neurons", payload.control.neurons))
        said = "; ".join(_crowd(name, crowd) for name, crowd in crowds if crowd is not None)
        for i, line in enumerate(wrapped(said, paper.width - 11, "")):
            yield Text(" CONTROL   " if i == 0 else " " * 11, FAINT).append(line)


def legend(payload: ExplainPayload, paper: Paper) -> Iterator[str]:
    """What the columns of tests mean; nothing without them."""
    if not any(part.zeroed is not None for part in (*payload.heads, *payload.neurons)):
        return
    target, versus = visible(payload.target.text), payload.reference.text
    what = "its log-odds" if versus is None else f"its logit minus that of {visible(versus)}"
    yield from wrapped(f"zeroed: P({target}) with the part set to 0 here; nats: the change of {what}", paper.width)
    ranked = "rank: of that among all of its kind that were zeroed; " if _Columns.of(payload, paper).rank else ""
    yield from wrapped(f"{ranked}* largest of the column; ▸ the answer", paper.width)
    if any(part.zeroed and _asked(part.zeroed).borderline for part in (*payload.heads, *payload.neurons)):
        yield " ~ borderline: rounding could change the word"


def _crowd(name: str, crowd: Crowd) -> str:
    if crowd.limit is None:
        return f"{crowd.count} {name}, too few for a verdict by rank"
    return f"{crowd.count} {name}: 5% reach {decimal(crowd.limit)} nats"


def _neuron_name(neuron: Neuron) -> str:
    return neuron_name(neuron.layer, neuron.expert, neuron.neuron)


def _mostly(head: Head) -> list[LookedAt]:
    """The sources worth a word: the first, and others above a tenth."""
    return [look for i, look in enumerate(head.looks_at) if i == 0 or look.attention >= 0.1]
