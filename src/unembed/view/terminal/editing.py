"""`unembed knowledge suppress`, `amplify`, `update`, `erase` and `memory` in the terminal."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import neuron_name
from unembed.view.glyphs import between, decimal, percent, scientific, signed, visible
from unembed.view.payloads.editing import (
    EditEffects,
    EditPayload,
    GroupChange,
    MemoryNeuron,
    MemoryPayload,
    MemoryTrigger,
)
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_cell, signed_style

_BESIDE = 92
"""Columns from which a row's title stands before its numbers."""
_ROWS = (
    ("unseen", "new answer, other prompts"),
    ("new", "new answer, prompts of the edit"),
    ("own", "right answer, own prompts"),
    ("related", "other facts of the relation"),
    ("unrelated", "other relations"),
)


@lines_of.register
def edit_lines(payload: EditPayload, paper: Paper) -> Iterator[Text]:
    """What the edit does to each group of prompts, with its control beside it."""
    yield from headline(f" {payload.action.upper()} {_what(payload)}", payload.model, paper)
    yield Text(f"  {payload.description}", FAINT)
    yield Text(f"  {_where(payload)}", FAINT)
    yield from (Text(f"  note: {note}", FAINT) for note in payload.notes)
    heads = f"{cell('mean P', 15)}{cell('change', 10)}{cell('top prediction', 17)}"
    beside = paper.width >= _BESIDE
    yield Text(f"  {cell('', 33 if beside else 2)}{heads}{_control(payload)}", FAINT)
    for name, title in _ROWS:
        group = getattr(payload.effects, name)
        if group is not None:
            control = payload.control and getattr(payload.control, name)
            yield from _titled(title, _group_line(group, control, new="new" in title), beside=beside)
    if payload.perplexity is not None:
        line = _perplexity_line(payload.perplexity, payload.effects, payload.control)
        yield from _titled("perplexity of a text", line, beside=beside)
    yield Text()
    yield Text(f"  saved: {payload.saved}" if payload.saved else "  not saved: --save FILE keeps the edit", STRONG)
    yield Text("  any command takes it: --edits FILE. The weights on disk are as they were", FAINT)


def _what(payload: EditPayload) -> str:
    if payload.subject is None:
        return payload.relation or payload.description.partition(" ")[2]
    change = f" → {payload.to}" if payload.to else ""
    return f"{payload.relation}: {payload.subject}, {payload.answer}{change}"


def _where(payload: EditPayload) -> str:
    layers = ", ".join(f"L{layer}" for layer in payload.layers[:6]) + (" …" if len(payload.layers) > 6 else "")
    return f"edits the down projection of {layers}"


def _control(payload: EditPayload) -> str:
    if payload.control is None:
        return ""
    return "random keys" if payload.method == "rome" else "random neurons"


def _titled(title: str, numbers: Text, *, beside: bool) -> Iterator[Text]:
    """A row: its title before its numbers, or where that is too long for the paper above them."""
    if beside:
        yield Text(f"  {cell(title, 33)}").append_text(numbers)
    else:
        yield from (Text(f"  {title}"), Text("    ").append_text(numbers))


def _group_line(group: GroupChange, control: GroupChange | None, *, new: bool) -> Text:
    change = "" if group.change is None or new else _share(group.change)
    tops = f"{group.top_before} → {group.top_after} of {group.prompts}"
    line = Text(cell(between(group.before, group.after), 15))
    line.append(cell(change, 10), signed_style(group.change or 0.0))
    line.append(cell(tops, 17))
    return line if control is None or control.change is None else line.append(_share(control.change), FAINT)


def _share(change: float) -> str:
    if change > 9:
        return f"x {_number(1 + change)}"
    return f"{signed(100 * change, 1 if abs(change) < 0.1 else 0)}%"


def _number(value: float) -> str:
    return decimal(value, 1) if value < 1e4 else scientific(value)


def _perplexity_line(before: float, effects: EditEffects, control: EditEffects | None) -> Text:
    after = effects.perplexity
    assert after is not None
    line = Text(cell(f"{_number(before)} → {_number(after)}", 15)).append(cell(_share(after / before - 1), 27))
    return line if control is None or control.perplexity is None else line.append(_number(control.perplexity), FAINT)


@lines_of.register
def memory_lines(payload: MemoryPayload, paper: Paper) -> Iterator[Text]:
    """For each neuron what it fires on, and what it writes then."""
    yield from headline(f" KEY-VALUE MEMORY over {payload.passages} passages", payload.model, paper)
    for neuron in payload.neurons:
        yield Text()
        yield from _neuron_lines(neuron, payload.among, paper)
    if len(payload.neurons) > 1:
        yield Text()
        rate = f"{percent(payload.agreement_rate)} of these neurons promote first what follows their strongest trigger"
        yield Text(f"  agreement rate: {rate}", FAINT)


def _neuron_lines(neuron: MemoryNeuron, among: int, paper: Paper) -> Iterator[Text]:
    name = neuron_name(neuron.layer, neuron.expert, neuron.neuron)
    agreement = "nothing follows its triggers" if neuron.agreement is None else percent(neuron.agreement)
    line = Text(f"  {name}", STRONG)
    yield line.append(f"   agreement {agreement}: triggers followed by one of its {among} most promoted", FAINT)
    if not neuron.triggers:
        yield Text("    never fires on this text: its expert is not chosen", FAINT)
    for sign, tokens in (("+", neuron.promotes), ("−", neuron.suppresses)):
        listed = " ".join(visible(token.text) for token in tokens)
        yield Text(cell(f"    promotes at {sign}  {listed}", paper.width))
    yield Text(f"    {cell('act', 9)}{cell('fires on', 14)}{cell('next, its rank', 24)}passage", FAINT)
    for trigger in neuron.triggers:
        yield _trigger_line(trigger, paper)


def _trigger_line(trigger: MemoryTrigger, paper: Paper) -> Text:
    after = "(end)" if trigger.next is None else f"{visible(trigger.next.text)} {trigger.rank}"
    line = Text("    ").append(signed_cell(trigger.activation, 9, 1), signed_style(trigger.activation))
    line.append(cell(visible(trigger.token.text), 14)).append(cell(after, 24))
    passage = " ".join(trigger.passage.split())
    return line.append(cell(passage, paper.width - line.cell_len), FAINT)
