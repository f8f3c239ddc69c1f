"""`unembed heads` of encoder-decoders and masked models in the terminal: the best heads of each role."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.payloads.stack_heads import AttentionName, StackHeadsPayload, StackRole
from unembed.view.terminal import lines_of
from unembed.view.terminal.heat_map import heat_map
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline

_TITLES: dict[AttentionName, str] = {
    "encoder": "ENCODER",
    "decoder": "DECODER",
    "cross": "CROSS-ATTENTION",
}
_MEANS = {
    "previous_token": "mean attention to the position before",
    "current_token": "mean attention to itself",
    "next_token": "mean attention to the position after",
    "first_token": "mean attention to the first position",
    "last_token": "mean attention to the last position that is read",
    "aligned_token": "mean attention to where the token just read stands in the source",
    "aligned_next": "mean attention to what follows that token in the source",
    "monotone": "mean attention to the place of the same number in the source",
    "monotone_next": "mean attention to the place of the next number in the source",
}


@lines_of.register
def stack_heads_lines(payload: StackHeadsPayload, paper: Paper, *, role: str | None = None) -> Iterator[Text]:
    """The roles of each attention with their best heads, what zeroing them changes, and a map of one role."""
    title = f" HEADS  {payload.sequences} sources of {payload.count} random tokens, the decoder in another order"
    if payload.model.bidirectional:
        title = f" HEADS  {payload.sequences} texts of {payload.count} random tokens"
    yield from headline(title, payload.model, paper)
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    if not payload.complete:
        yield Text(" INTERRUPTED: heads were not zeroed", STRONG)
    present = {role.stack for role in payload.roles}
    for stack in _TITLES:
        yield from _table(payload, stack, paper) if stack in present else ()
    if payload.causal is not None:
        yield Text()
        of = "at blanks" if payload.model.bidirectional else "of the predictions"
        yield Text(f"  zeroed: KL {of} in nats a token, the best heads of a role zeroed together", FAINT)
        yield Text("  ● more than any of the draws of as many heads at random, ○ not", FAINT)
    yield from _map(payload, role or _default(payload), paper)


def _table(payload: StackHeadsPayload, stack: AttentionName, paper: Paper) -> Iterator[Text]:
    roles = [role for role in payload.roles if role.stack == stack]
    last = f"top {len(roles[0].top)} zeroed" if payload.causal is not None else ""
    yield Text()
    yield Text(f" {_TITLES[stack]}", STRONG)
    fits = max(1, (paper.width - 32 - len(last)) // 16)
    count = min(fits, max(len(role.top) for role in roles))
    heads = f"{cell('role', 16)}{cell('heads', 7)}{cell('above', 7)}"
    yield Text(f"  {heads}{cell('best: score', 16 * count)}{last}", FAINT)
    names = {(head.layer, head.head): head for head in payload.heads if head.stack == stack}
    for role in roles:
        title = role.name.removeprefix("enc_").removeprefix("cross_").replace("_", " ")
        line = Text(f"  {cell(title, 16)}{cell(str(role.claimed), 7)}{cell(_short(role.threshold), 7)}")
        shown = role.top[:count]
        for place in shown:
            head = names[place.layer, place.head]
            score = next(score for score in head.scores if score.role == role.name)
            text = f"{head.label} {_short(score.score)}"
            line.append(cell(text, 16), "" if score.claimed else FAINT)
        line.append(" " * 16 * (count - len(shown)))
        yield line.append(_changed(payload, role))


def _changed(payload: StackHeadsPayload, role: StackRole) -> str:
    """What zeroing the best heads of a role changes, marked where no control changes as much."""
    if payload.causal is None or role.zeroed_change is None:
        return ""
    controls = [zeroed.change for zeroed in payload.causal.controls if zeroed.stack == role.stack]
    change = f"{role.zeroed_change:7.3f}"
    return f"{change} {'●' if role.zeroed_change > max(controls) else '○'}" if controls else change


def _default(payload: StackHeadsPayload) -> str:
    """The first role of the last attention."""
    return next(role.name for role in payload.roles if role.stack == payload.roles[-1].stack)


def _map(payload: StackHeadsPayload, name: str, paper: Paper) -> Iterator[Text]:
    """Layers by heads."""
    yield Text()
    role = next((role for role in payload.roles if role.name == name), None)
    if role is None:
        yield Text(f" {name.replace('_', ' ')}: not measured", FAINT)
        return
    means = _MEANS[name.removeprefix("enc_").removeprefix("cross_")]
    yield Text(f" {name.replace('_', ' ').upper()}  {means}; chance {_short(role.chance)}", STRONG)
    scores = [(head, score) for head in payload.heads for score in head.scores if score.role == name]
    heads = sorted({head.head for head, _ in scores})
    cells = {(head.layer, head.head): score.score for head, score in scores}
    yield from heat_map(cells, heads, [f"H{head}" for head in heads], paper)


def _short(share: float) -> str:
    """A share in two digits: .90."""
    return f"{share:.2f}".replace("0.", ".", 1)
