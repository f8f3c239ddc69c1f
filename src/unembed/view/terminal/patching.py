"""`unembed patch`, `unembed trace` and `unembed steer` in the terminal."""

import itertools
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.models.names import in_stack, name_of_group, part_name, stack_and_word
from unembed.view.glyphs import decimal, percent, scientific, signed, visible
from unembed.view.payloads.common import PromptToken, Token
from unembed.view.payloads.patching import Continuation, PatchCell, PatchPayload, SteerPayload, TracePayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.heat_map import heat_map
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_cell, signed_style, wrapped

_SITES = {
    "resid_pre": "the stream before each block, one position at a time",
    "resid_mid": "the stream between the sublayers of each block, one position at a time",
    "resid_post": "the stream after each block, one position at a time",
    "attention": "what each attention writes, one position at a time",
    "mlp": "what each MLP writes, one position at a time",
    "cross_attention": "what each cross-attention writes, one position at a time",
    "head": "each head's z",
    "cross_head": "the z of each head of cross-attention",
    "neuron": "each neuron",
}
_LITTLE = 0.1
"""Of the length of the stream: a direction below that seldom changes what is said."""
_MOST = 0.5
"""The effect from which a position carries most of the difference."""
_RUNS = {"denoise": ("corrupt", "clean"), "noise": ("clean", "corrupt")}


@lines_of.register
def patch_lines(payload: PatchPayload, paper: Paper, *, top: int = 5) -> Iterator[Text]:
    """Both prompts, the metric at both ends, and for each direction a heat map and its strongest cells."""
    inside, site = stack_and_word(payload.site)
    where = "in the encoder: " if inside else ""
    yield from headline(f" PATCH  {where}{_SITES[site]}", payload.model, paper)
    if payload.clean_places:
        count, last = len(payload.clean_places), payload.clean_places[-1].removesuffix(" padding")
        yield Text(f"  two sounds of {count} positions each, named by when they begin, to {visible(last)}", FAINT)
    else:
        yield _prompt("clean", payload.clean_tokens, payload.shared, paper)
        yield _prompt("corrupt", payload.corrupt_tokens, payload.shared, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    yield Text(f" {_metric(payload)}: ").append(f"clean {_number(payload.clean)}, corrupt {_number(payload.corrupt)}")
    if not payload.complete:
        yield Text(" INTERRUPTED: cells that were not computed are missing", STRONG)
    first = "denoise" if payload.direction == "both" else payload.direction
    yield from _direction(payload, first, payload.grid, top, paper)
    if payload.noise_grid is not None:
        yield from _direction(payload, "noise", payload.noise_grid, top, paper)


def _direction(payload: PatchPayload, name: str, grid: list[PatchCell], top: int, paper: Paper) -> Iterator[Text]:
    base, other = _RUNS[name]
    yield Text()
    yield Text(f" {name.upper()}  the {base} run with one value from the {other} run", STRONG)
    effects = [(c, c.effect) for c in grid if c.effect is not None]
    if not effects:
        why = "nothing was finished" if not grid else "the metric is the same in both runs, so there is no scale"
        yield Text(f"  {why}", FAINT)
        return
    yield Text(f"  effect: 0 stays as the {base} run, 1 becomes as the {other} run, below 0 moves away from it", FAINT)
    word = stack_and_word(payload.site)[1]
    if word in ("head", "cross_head"):
        by_head = {(c.layer, c.head): e for c, e in effects if c.head is not None}
        heads = sorted({head for _, head in by_head})
        yield from heat_map(by_head, heads, [f"H{h}" for h in heads], paper)
    elif word != "neuron":
        yield from _by_position(payload, effects, paper)
    yield from _strongest(payload, effects, top, paper)


def _by_position(payload: PatchPayload, effects: list[tuple[PatchCell, float]], paper: Paper) -> Iterator[Text]:
    positions = sorted({c.position for c, _ in effects if c.position is not None})
    elsewhere = {p for pair in payload.align if pair[0] != pair[1] for p in pair}
    changing = [p for p in positions if p >= payload.shared or p in elsewhere] or positions
    same = [p for p in positions if p not in changing]
    if same:
        which = f"before {changing[0]}" if same[-1] < changing[0] else ", ".join(map(str, same))
        yield Text(f"  positions {which} hold the same in both runs: effect 0", FAINT)
    ends = {c.position: c.until for c, _ in effects}
    names = [_at(payload, p, ends[p]) for p in changing]
    yield from heat_map({(c.layer, c.position or 0): e for c, e in effects}, changing, names, paper)
    yield from _moves(effects, dict(zip(changing, names, strict=True)))


def _moves(effects: list[tuple[PatchCell, float]], names: dict[int, str]) -> Iterator[Text]:
    """Where what differs is carried, where one position carries most of it in every layer and hands it on once."""
    layers = sorted({c.layer for c, _ in effects})
    best = {layer: max((p for p in effects if p[0].layer == layer), key=lambda pair: pair[1]) for layer in layers}
    places = [best[layer][0].position for layer in layers]
    changes = [i for i, (a, b) in enumerate(itertools.pairwise(places)) if a != b]
    if len(changes) != 1 or any(effect < _MOST for _, effect in best.values()):
        return
    (at,) = changes
    one, other = names.get(places[at] or 0), names.get(places[at + 1] or 0)
    yield Text(
        f"  the difference is carried at {one} up to L{layers[at]}, and at {other} from L{layers[at + 1]} on", STRONG
    )


def _strongest(payload: PatchPayload, effects: list[tuple[PatchCell, float]], top: int, paper: Paper) -> Iterator[Text]:
    ranked = sorted(effects, key=lambda pair: -abs(pair[1]))
    width = 30 if payload.clean_places else 26
    metric = _metric(payload) if cell_len(_metric(payload)) <= paper.width - width - 12 else "metric"
    yield Text(f"  {cell('strongest', width)}{cell('effect', 10)}{metric}", FAINT)
    for c, effect in ranked[:top]:
        line = Text(f"  {cell(_name(c, payload), width)}").append(signed_cell(effect, 10), signed_style(effect))
        yield line.append(_number(c.value))
    if len(ranked) > top:
        yield Text(f"  {len(ranked) - top} others, each at most {decimal(abs(ranked[top][1]))}; --json has all", FAINT)


def _name(c: PatchCell, payload: PatchPayload) -> str:
    kind = payload.site if c.head is not None or c.neuron is not None else ""
    inside = stack_and_word(payload.site)[0] and not kind
    name = in_stack(part_name(kind, c.layer, c.head, c.expert, c.neuron), inside)
    if c.position is None:
        return name
    return f"{name} @ {_at(payload, c.position, c.until)}"


def _at(payload: PatchPayload, position: int, until: int | None) -> str:
    """Where a cell is: `4 ·Paris`; of a sound, or of a group, `0.58s–0.64s`."""
    last = position if until is None else until
    if payload.clean_places:
        return name_of_group(payload.clean_places[position], payload.clean_places[last])
    if until is None:
        return f"{position} {payload.clean_tokens[position].seen}"
    texts = (payload.clean_tokens[p].seen for p in (position, last))
    return f"{position}-{until} " + "…".join(texts)


def _metric(payload: PatchPayload) -> str:
    if payload.metric == "logit-difference" and payload.target and payload.versus:
        return f"logit of {_words(payload.target)} minus {_words([payload.versus])}"
    if payload.metric in ("probability", "log-probability") and payload.target:
        return f"{payload.metric} of {_words(payload.target)}"
    return "KL to the clean run (nats)" if payload.metric == "kl" else payload.metric


def _words(tokens: list[Token]) -> str:
    return "".join(visible(t.text) for t in tokens)


def _number(value: float) -> str:
    return signed(value, 3) if abs(value) >= 0.1 or value == 0 else scientific(value, 2, plus="+")


def _prompt(name: str, tokens: list[PromptToken], shared: int, paper: Paper) -> Text:
    """The end of a prompt that fits, the tokens from the first that differs on in bold."""
    line, room = Text(), paper.width - 12
    for token in reversed(tokens):
        piece = f"{token.position} {token.seen}"
        if cell_len(piece) + 3 > room:
            line = Text("… ", FAINT) + line
            break
        room -= cell_len(piece) + 3
        line = Text(piece, STRONG if token.position >= shared else "") + (Text(" │ ", FAINT) if line else Text()) + line
    return Text(f" {cell(name, 8)} ", FAINT) + line


@lines_of.register
def trace_lines(payload: TracePayload, paper: Paper, *, top: int = 5) -> Iterator[Text]:
    """The three probabilities, and where restoring a state brings the answer back."""
    yield from headline(f" CAUSAL TRACE  {payload.site} restored, {_window(payload)}", payload.model, paper)
    yield _prompt("prompt", payload.tokens, len(payload.tokens), paper)
    subject = "".join(payload.tokens[p].seen for p in payload.subject)
    yield Text(f" probability of {_words(payload.target)}: clean {percent(payload.clean)}, ").append(
        f"{percent(payload.corrupt)} with noise on {subject}"
    )
    samples = f"{payload.samples} sample{'' if payload.samples == 1 else 's'}"
    yield Text(f"  {samples} of noise, standard deviation {payload.noise_std:.3g}", FAINT)
    if not payload.complete:
        yield Text(" INTERRUPTED: the means are over fewer samples than asked for", STRONG)
    effects = [(c, c.effect) for c in payload.grid if c.effect is not None]
    if not effects:
        yield Text("  the noise does not change the probability: there is nothing to restore", FAINT)
        return
    yield Text("  effect: 0 stays as with noise, 1 is as in the clean run; * marks the subject", FAINT)
    positions = list(range(len(payload.tokens)))
    names = [f"{p}{'*' if p in payload.subject else ''} {payload.tokens[p].seen}" for p in positions]
    yield from heat_map({(c.layer, c.position): e for c, e in effects}, positions, names, paper)
    yield Text(f"  {cell('strongest', 26)}{cell('effect', 10)}probability", FAINT)
    for c, effect in sorted(effects, key=lambda pair: -abs(pair[1]))[:top]:
        name = f"L{c.layer} @ {c.position} {payload.tokens[c.position].seen}"
        more = "" if c.error is None else f" ± {decimal(100 * c.error, 1)} points"
        line = Text(f"  {cell(name, 26)}").append(signed_cell(effect, 10), signed_style(effect))
        yield line.append(percent(c.value) + more)


def _window(payload: TracePayload) -> str:
    return "one layer at a time" if payload.window == 1 else f"{payload.window} layers at a time"


@lines_of.register
def steer_lines(payload: SteerPayload, paper: Paper) -> Iterator[Text]:
    """What follows the prompt without and with steering."""
    yield from headline(f" STEER  {payload.site} of layer {payload.layer}, at every position", payload.model, paper)
    ratio = payload.added_length / payload.length if payload.length else None
    share = "" if ratio is None else f": {100 * ratio:.3g}%" if ratio < 10 else f": {ratio:,.0f} times as long"
    yield Text(
        f"  adds a vector of length {payload.added_length:.3g} to what is {payload.length:.3g} long{share}",
        FAINT,
    )
    if ratio is not None and ratio >= 10:
        yield Text("  WARNING: what is added outweighs the prompt by far: take a smaller --scale", STRONG)
    if ratio is not None and ratio < _LITTLE:
        yield Text("  that is little: a larger --scale shows more of what the direction does", FAINT)
    if not payload.complete:
        yield Text(" INTERRUPTED: what was generated so far", STRONG)
    for name, continuation in (("unsteered", payload.unsteered), ("steered", payload.steered)):
        yield from _continuation(name, continuation, paper)


def _continuation(name: str, continuation: Continuation, paper: Paper) -> Iterator[Text]:
    text = "".join(visible(c) if not c.isprintable() else c for c in continuation.text)
    for i, line in enumerate(wrapped(text, paper.width - 13, "")):
        yield Text(f"  {cell(name if i == 0 else '', 10)} ", STRONG).append(Text(line, "not bold"))
