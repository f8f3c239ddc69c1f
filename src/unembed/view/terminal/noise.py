"""`unembed noise` in the terminal: a table by strength, the verdict, and the heads that move most."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import head_name
from unembed.view.glyphs import decimal, share, signed
from unembed.view.payloads.noise import MeanInterval, NoiseCondition, NoisePayload, NoiseVerdict
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_cell, signed_style

_HOLDS = {
    "yes": "holds on average over heads",
    "no": "does not hold on average over heads",
    "unclear": "cannot be decided on average over heads",
    "cannot tell": "cannot be tested: no head can move",
}
_SAYS = {
    "protects": "protects",
    "rises": "rises as in the control",
    "falls": "falls",
    "unclear": "unclear",
    "cannot move": "cannot move",
}
_CARRY = 28
_COLUMNS = ("to self", "to sink", "others", "from others", "KL", "control: self", " KL")


@lines_of.register
def noise_lines(payload: NoisePayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """The conditions with the control beside them, both verdicts, and the `top` heads."""
    yield headline(" NOISE  in place of what other tokens carry", payload.model, paper)
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    yield from _table(payload)
    yield from _verdict("NOISE", payload.noise, payload.smallest)
    yield from _verdict("UNRELATED TEXT", payload.unrelated, payload.smallest)
    yield from _heads(payload, top)
    predicted = "at the blank" if payload.model.bidirectional else "of the next token"
    yield Text(f" from others: share of a head's update; KL {predicted}, nats; control: own value changed too", FAINT)
    yield Text(
        f" [ ]: {100 * payload.confidence:g}% over runs; protects: rises, and by more than in the control", FAINT
    )


def _table(payload: NoisePayload) -> Iterator[Text]:
    first, last = payload.positions[0], payload.positions[-1]
    where = f"at position {first}" if first == last else f"at positions {first} to {last}"
    yield Text(f" attention {where}, averaged over {len(payload.heads)} heads and over runs", FAINT)
    yield Text(f"  {cell('other tokens carry', _CARRY)}{_cells(list(_COLUMNS))}", FAINT)
    controls = {c.strength: c for c in payload.conditions if not c.own_kept}
    for condition in (c for c in payload.conditions if c.own_kept):
        yield Text(_row(condition, None if condition.kind == "plain" else controls[condition.strength]))


def _row(condition: NoiseCondition, control: NoiseCondition | None) -> str:
    carry = {"plain": "their values", "unrelated": f"values of {condition.runs} unrelated texts"}
    name = carry.get(condition.kind, f"noise of {condition.strength or 0:g} rms, {condition.runs} seeds")
    attention = condition.attention
    numbers = [decimal(x, 3) for x in (attention.to_self, attention.to_sink, attention.to_others)]
    numbers += [share(attention.share), decimal(condition.kl)]
    if control is not None:
        numbers += [decimal(control.attention.to_self, 3), decimal(control.kl)]
    return f"  {cell(name, _CARRY)}{_cells(numbers)}"


def _cells(texts: list[str]) -> str:
    """Texts below each other, under the titles of the columns."""
    return "".join(
        "  " + cell(text, max(5, len(title)), right=True) for text, title in zip(texts, _COLUMNS, strict=False)
    )


def _verdict(name: str, verdict: NoiseVerdict, smallest: float) -> Iterator[Text]:
    yield Text(f" {name}  the claim {_HOLDS[verdict.holds]}", STRONG)
    if verdict.average is None:
        return
    average = verdict.average
    yield Text(f"  attention to self moves by      {_interval(average.kept)}")
    control = f"  in the control, own value too   {_interval(average.control)}"
    yield Text(f"{control}   difference {_interval(average.excess)}")
    chance = f"by chance up to {verdict.by_chance:.1f}; {verdict.corrected} after Bonferroni"
    yield Text(f"  for: {verdict.protects} of {verdict.able} heads that can move protect ({chance})")
    unclear = f"{verdict.unclear} are unclear or move by less than {smallest:g}"
    yield Text(f"  against: {verdict.falls} fall, {verdict.rises} rise as in the control; {unclear}")


def _interval(found: MeanInterval) -> str:
    return f"{signed(found.mean, 3)} [{signed(found.low, 3)}, {signed(found.high, 3)}]"


def _heads(payload: NoisePayload, top: int) -> Iterator[Text]:
    ranked = sorted(
        (head for head in payload.heads if head.noise.verdict in ("protects", "rises", "falls")),
        key=lambda head: (head.noise.verdict != "protects", -abs(head.noise.rise.kept.mean)),
    )
    if not ranked:
        return
    yield Text(" HEADS     to self   moves with noise          in the control   with unrelated text", FAINT)
    for head in ranked[:top]:
        rise = head.noise.rise
        line = Text(
            f"  {cell(head_name(head.layer, head.head), 8)}{cell(decimal(head.plain.to_self, 3), 7, right=True)}   "
        )
        line.append(cell(_interval(rise.kept), 26), signed_style(rise.kept.mean))
        line.append(signed_cell(rise.control.mean, 17, 3) + signed_cell(head.unrelated.mean.to_self, 9, 3))
        yield line.append(_SAYS[head.noise.verdict], FAINT)
    if len(ranked) > top:
        yield Text(f"  {len(ranked) - top} others that move; --json has all", FAINT)
