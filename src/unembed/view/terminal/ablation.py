"""`unembed ablate` in the terminal: the parts that matter most, and for heads a map of all of them."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import part_name, stack_and_word
from unembed.view.glyphs import between, percent, scientific, signed, visible
from unembed.view.payloads.ablation import AblatePayload, AblationEffect
from unembed.view.terminal import lines_of
from unembed.view.terminal.heat_map import heat_map
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

_NAMES = {"head": "head", "attention": "attention sublayer", "mlp": "MLP", "neuron": "neuron", "expert": "expert"}
_NAMES |= {"cross_head": "head of the cross-attention", "cross_attention": "cross-attention sublayer"}


@lines_of.register
def ablate_lines(payload: AblatePayload, paper: Paper, *, top: int = 15) -> Iterator[Text]:
    """The `top` largest effects; for heads all of them, as shades."""
    yield from headline(_title(payload), payload.model, paper)
    if len(payload.answer) > 1:
        yield answer_line(payload.answer, payload.base.log_probability, payload.base.probability, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    if not payload.complete:
        done = f"{len(payload.effects)} of {payload.planned}"
        yield Text(f" INTERRUPTED: {done} effects are finished; the others are missing here", STRONG)
    yield from _ranking(payload, top, paper)
    if payload.site in ("head", "cross_head", "enc.head") and payload.effects:
        yield Text()
        yield from _map(payload, paper)
    yield Text(" an effect is total: later layers react to what is gone, and may make up for it", FAINT)


_SET_TO = {
    "zero": "zero",
    "mean": "its mean",
    "mean-position": "its mean there",
    "resample": "its value in the counterpart",
}


def _title(payload: AblatePayload) -> str:
    to = _SET_TO[payload.how]
    inside, kind = stack_and_word(payload.site)
    places = {"all": "every position", "answer": "the answer"}
    where = places.get(str(payload.position), f"position {payload.position}")
    where += " of the source" if inside else ""
    what = f"{_NAMES[kind]} of the encoder" if inside else _NAMES[kind]
    target = f": {visible(payload.target.text)} {percent(payload.target.probability)}"
    return f" ABLATE each {what} to {to} at {where}{target if len(payload.answer) == 1 else ''}"


def _change(payload: AblatePayload, effect: AblationEffect) -> float:
    """By what parts are ranked: of a whole answer, which may be most improbable, nats of its log-probability."""
    return effect.log_probability if len(payload.answer) > 1 else effect.probability


def _told(payload: AblatePayload, change: float, largest: float) -> str:
    return f"{signed(change)} nats" if len(payload.answer) > 1 else _points(change, largest)


def _ranking(payload: AblatePayload, top: int, paper: Paper) -> Iterator[Text]:
    ranked = sorted(payload.effects, key=lambda effect: -abs(_change(payload, effect)))
    largest = max((abs(_change(payload, effect)) for effect in ranked), default=0.0)
    what = "log P" if len(payload.answer) > 1 else "P"
    yield Text(f"  {cell('part', 14)}{cell('probability', 15)}{cell('logit', 8)}change of {what}", FAINT)
    base = payload.base.probability
    for effect in ranked[:top]:
        moved, change = between(base, max(0.0, base + effect.probability)), _change(payload, effect)
        line = Text(f"  {cell(_name_of(effect, payload.site), 14)}{cell(moved, 15)}{signed_cell(effect.logit, 8)}")
        bar = paper.glyphs.bar(change, largest, paper.bar_beside(55))
        yield line.append(cell(_told(payload, change, largest), 16) + bar, signed_style(change))
    if ranked[top:]:
        most = _told(payload, abs(_change(payload, ranked[top])), largest).lstrip("+")
        yield Text(f"  {len(ranked) - top} others, each at most {most}; --json has all", FAINT)


def _points(change: float, largest: float) -> str:
    """A change of a probability in percentage points, with as many digits as the largest change needs."""
    if 100 * largest >= 0.05:
        return f"{signed(100 * change)} points"
    return f"{scientific(100 * change, plus='+')} points"


def _name_of(effect: AblationEffect, site: str) -> str:
    """`L23.H4`, `L24.N1005`, `L3.E2`, `L29 mlp`."""
    return part_name(site, effect.layer, effect.head, effect.expert, effect.neuron)


def _map(payload: AblatePayload, paper: Paper) -> Iterator[Text]:
    """Layers by heads, on the scale of the largest effect."""
    cells = {(e.layer, e.head): _change(payload, e) for e in payload.effects if e.head is not None}
    largest = max(map(abs, cells.values()))
    unit = _told(payload, largest, largest).lstrip("+")
    what = "log-probability" if len(payload.answer) > 1 else "probability"
    yield Text(f"  every head: change of the {what}, in units of {unit}", FAINT)
    heads = sorted({head for _, head in cells})
    shares = {place: change / largest if largest else 0.0 for place, change in cells.items()}
    yield from heat_map(shares, heads, [f"H{head}" for head in heads], paper)
