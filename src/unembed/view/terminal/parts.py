"""`unembed ablate --parts` in the terminal: a prediction before and after some parts are set, together."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import in_stack, part_name
from unembed.view.glyphs import percent, signed, told, visible
from unembed.view.payloads.common import Prediction
from unembed.view.payloads.parts import PartTest, TestPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, signed_style
from unembed.view.terminal.zeroed_parts import marked

_TO = {
    "zero": "to zero",
    "double": "to twice its value",
    "mean": "to its mean",
    "swap": "to its value in the other run",
}


@lines_of.register
def test_lines(payload: TestPayload, paper: Paper) -> Iterator[Text]:
    """What was set, what that does to the target, and the top predictions beside each other."""
    yield Text(" TOGETHER  " + ", ".join(map(_said, payload.tests)), STRONG)
    before, after = payload.target_before, payload.target_after
    one, other = told(before.probability, after.probability)
    line = Text(f" {visible(before.text)} {one} → {other}, ").append(
        f"{signed(payload.nats)} nats", signed_style(payload.nats)
    )
    if payload.effect is not None:
        line.append(f": {marked(payload.effect)}, rank {payload.effect.rank} of {payload.effect.among}")
    yield line.append(f"; rank among tokens {before.rank} → {after.rank}")
    width = (paper.width - 2) // 2
    yield Text(f"  {cell('before', width)}after", FAINT)
    for left, right in zip(payload.before, payload.after, strict=True):
        yield Text("  ").append_text(_prediction(left, width, paper)).append_text(_prediction(right, width, paper))


def _said(test: PartTest) -> str:
    part = test.part
    name = in_stack(part_name(part.kind, part.layer, part.head, part.expert, part.neuron), part.encoder)
    return f"{name} {_TO[test.how]}"


def _prediction(found: Prediction, width: int, paper: Paper) -> Text:
    bar = paper.glyphs.bar(found.probability, 1.0, width - 27)
    text = f"{cell(visible(found.text), 16)}{cell(percent(found.probability), 8)}"
    return Text(text).append(cell(bar, width - 24), FAINT)
