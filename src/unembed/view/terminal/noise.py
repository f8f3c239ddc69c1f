"""`unembed noise` in the terminal: a table by strength, the verdict, and the heads that move most."""

from collections.abc import Iterator, Sequence

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
_CARRY, _BESIDE = 28, 98
"""Cells of the names of conditions, and columns from which these stand beside their numbers."""
_COLUMNS = ("to self", "to sink", "others", "from others", "KL", "control: self", " KL")
_NARROW = ("to self", "to sink", "others", "from", "KL", "control", " KL")


@lines_of.register
def noise_lines(payload: NoisePayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """The conditions with the control beside them, both verdicts, and the `top` heads."""
    yield from headline(" NOISE  in place of what other tokens carry", payload.model, paper)
    yield Text(" the claim: a token attends to itself to protect its stream from what others carry", FAINT)
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    yield from _table(payload, paper)
    yield from _verdict("NOISE", payload.noise, payload.smallest)
    yield from _verdict("UNRELATED TEXT", payload.unrelated, payload.smallest)
    yield from _heads(payload, top, paper)
    predicted = "at the blank" if payload.model.bidirectional else "of the next token"
    yield Text(f" from others: share of a head's update; KL {predicted}, nats; control: own value changed too", FAINT)
    yield Text(
        f" [ ]: {100 * payload.confidence:g}% over runs; protects: rises, and by more than in the control", FAINT
    )


def _table(payload: NoisePayload, paper: Paper) -> Iterator[Text]:
    first, last = payload.positions[0], payload.positions[-1]
    where = f"at position {first}" if first == last else f"at positions {first} to {last}"
    yield Text(f" attention {where}, averaged over {len(payload.heads)} heads and over runs", FAINT)
    beside = paper.width >= _BESIDE
    titles = _COLUMNS if beside else _NARROW
    heading = _cells(titles, titles)
    yield Text(f"  {cell('other tokens carry', _CARRY)}{heading}" if beside else heading, FAINT)
    controls = {c.strength: c for c in payload.conditions if not c.own_kept}
    for condition in (c for c in payload.conditions if c.own_kept):
        name, numbers = _row(condition, None if condition.kind == "plain" else controls[condition.strength])
        if beside:
            yield Text(f"  {cell(name, _CARRY)}{_cells(numbers, titles)}")
        else:
            yield from (Text(f"  {name}"), Text(_cells(numbers, titles)))


def _row(condition: NoiseCondition, control: NoiseCondition | None) -> tuple[str, list[str]]:
    carry = {"plain": "their values", "unrelated": f"values of {condition.runs} unrelated texts"}
    name = carry.get(condition.kind, f"noise of {condition.strength or 0:g} rms, {condition.runs} seeds")
    attention = condition.attention
    numbers = [decimal(x, 3) for x in (attention.to_self, attention.to_sink, attention.to_others)]
    numbers += [share(attention.share), decimal(condition.kl)]
    if control is not None:
        numbers += [decimal(control.attention.to_self, 3), decimal(control.kl)]
    return name, numbers


def _cells(texts: Sequence[str], titles: Sequence[str]) -> str:
    """Texts below each other, under the titles of the columns."""
    sized = ((text, max(6, len(title))) for text, title in zip(texts, titles, strict=False))
    return "".join("  " + cell(text, size, right=True) for text, size in sized)


def _verdict(name: str, verdict: NoiseVerdict, smallest: float) -> Iterator[Text]:
    yield Text(f" {name}  the claim {_HOLDS[verdict.holds]}", STRONG)
    if verdict.average is None:
        return
    average = verdict.average
    yield Text(f"  attention to self moves by      {_interval(average.kept)}")
    yield Text(f"  in the control, own value too   {_interval(average.control)}")
    yield Text(f"  difference                      {_interval(average.excess)}")
    chance = f"by chance up to {verdict.by_chance:.1f}; {verdict.corrected} after Bonferroni"
    yield Text(f"  for the claim: {verdict.protects} of the {verdict.able} heads that can move protect ({chance})")
    unclear = f"{verdict.unclear} are unclear or move by less than {smallest:g}"
    yield Text(f"  against it: {verdict.falls} fall, {verdict.rises} rise as in the control; {unclear}")


def _interval(found: MeanInterval) -> str:
    return f"{signed(found.mean, 3)} [{signed(found.low, 3)}, {signed(found.high, 3)}]"


def _heads(payload: NoisePayload, top: int, paper: Paper) -> Iterator[Text]:
    ranked = sorted(
        (head for head in payload.heads if head.noise.verdict in ("protects", "rises", "falls")),
        key=lambda head: (head.noise.verdict != "protects", -abs(head.noise.rise.kept.mean)),
    )
    if not ranked:
        return
    wide = paper.width >= _BESIDE  # else without the columns of the controls
    controls = "in the control   with unrelated text" if wide else "verdict"
    yield Text(f" HEADS     to self   moves with noise          {controls}", FAINT)
    for head in ranked[:top]:
        rise = head.noise.rise
        line = Text(
            f"  {cell(head_name(head.layer, head.head), 8)}{cell(decimal(head.plain.to_self, 3), 7, right=True)}   "
        )
        line.append(cell(_interval(rise.kept), 26), signed_style(rise.kept.mean))
        says = _SAYS[head.noise.verdict]
        if wide:
            line.append(signed_cell(rise.control.mean, 17, 3) + signed_cell(head.unrelated.mean.to_self, 9, 3))
        yield line.append(cell(says, 23) if wide else says.partition(" ")[0], FAINT)
    if len(ranked) > top:
        yield Text(f"  {len(ranked) - top} others that move; --json has all", FAINT)
