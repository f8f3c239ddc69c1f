"""`unembed heads` in the terminal: the best heads of each role, what zeroing them costs, a map of one role."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import head_name
from unembed.view.payloads.heads import HeadsPayload, RepetitionCheck, Role
from unembed.view.terminal import lines_of
from unembed.view.terminal.heat_map import heat_map
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline

_MEANS = {
    "previous_token": "mean attention to the token before",
    "current_token": "mean attention to itself",
    "first_token": "mean attention to the first token",
    "duplicate_token": "mean attention to the same token before",
    "induction": "mean attention to what followed the same token before",
    "copying": "share of OV eigenvalues with a positive real part",
    "copy_suppression": "share of tokens it seeks where they are predicted, and lowers",
    "successor": "share of ordinals of which it promotes the next",
}


@lines_of.register
def heads_lines(payload: HeadsPayload, paper: Paper, *, role: str = "induction") -> Iterator[Text]:
    """The roles with their best heads, the causal check, and all heads of one role as shades."""
    yield from headline(
        f" HEADS  {payload.sequences} sequences of {payload.half} random tokens, twice", payload.model, paper
    )
    yield from (Text(f" note: {note}", FAINT) for note in payload.notes)
    if not payload.complete:
        yield Text(" INTERRUPTED: heads were not zeroed", STRONG)
    yield from _table(payload, paper)
    if payload.causal is not None:
        yield from _causal(payload, payload.causal)
    yield from _map(payload, role, paper)


def _table(payload: HeadsPayload, paper: Paper) -> Iterator[Text]:
    checked = payload.causal is not None
    last = f"top {len(payload.roles[0].top)} zeroed" if checked else ""
    fits = max(1, (paper.width - 33 - len(last)) // 13)
    count = min(fits, max(len(role.top) for role in payload.roles))
    heads = f"{cell('role', 17)}{cell('heads', 7)}{cell('above', 7)}"
    yield Text(f"  {heads}{cell('best: score', 13 * count)}{last}", FAINT)
    scores = {(head.layer, head.head): head.scores for head in payload.heads}
    for role in payload.roles:
        line = Text(f"  {cell(_title(role), 17)}{cell(str(role.claimed), 7)}{cell(_short(role.threshold), 7)}")
        for place in role.top[:count]:
            score = getattr(scores[place.layer, place.head], role.name)
            text = f"{head_name(place.layer, place.head)} {_short(score)}"
            line.append(cell(text, 13), "" if score > role.threshold else FAINT)
        line.append(" " * 13 * (count - len(role.top[:count])))
        yield line if payload.causal is None else line.append(_lost(role, payload.causal))


def _lost(role: Role, check: RepetitionCheck) -> str:
    """The loss without the best heads of a role, marked where no control costs as much."""
    loss = role.zeroed_loss or 0.0
    if not check.controls:
        return f"{loss:.2f}"
    return f"{loss:5.2f} {'●' if loss > max(part.loss for part in check.controls) else '○'}"


def _causal(payload: HeadsPayload, check: RepetitionCheck) -> Iterator[Text]:
    losses = [part.loss for part in check.controls]
    yield Text()
    yield Text(" ZEROED  loss of the second repetition, nats a token, the best heads of a role zeroed together", STRONG)
    yield Text(f"  nothing zeroed: {check.second:.2f}; the first repetition: {check.first:.2f}")
    if not losses:
        return
    count, mean = len(check.controls[0].heads), sum(losses) / len(losses)
    yield Text(f"  {count} others at random, {len(losses)} draws: {mean:.2f} ({min(losses):.2f} to {max(losses):.2f})")
    loss = next(role.zeroed_loss for role in payload.roles if role.name == "induction") or 0.0
    claim = "carry in-context repetition" if loss > max(losses) else "cost no more than others"
    yield Text(f"  ● more than any draw, ○ not. The induction heads {claim}: {check.second:.2f} → {loss:.2f}", STRONG)


def _map(payload: HeadsPayload, name: str, paper: Paper) -> Iterator[Text]:
    """Layers by heads."""
    yield Text()
    role = next((role for role in payload.roles if role.name == name), None)
    if role is None:
        yield Text(f" {name.replace('_', ' ')}: not measured", FAINT)
        return
    yield Text(f" {_title(role).upper()}  {_MEANS[name]}; chance {_short(role.chance)}", STRONG)
    heads = list(range(payload.model.heads))
    cells = {(head.layer, head.head): getattr(head.scores, name) for head in payload.heads}
    yield from heat_map(cells, heads, [f"H{head}" for head in heads], paper)


def _title(role: Role) -> str:
    return role.name.replace("_", " ")


def _short(share: float) -> str:
    """A share in two digits: .90."""
    return f"{share:.2f}".replace("0.", ".", 1)
