"""A prediction as a graph, in the terminal: `unembed graph`."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.view.glyphs import decimal, percent, signed, visible
from unembed.view.payloads.graph import GraphNodeEntry, GraphPayload, GraphScoreEntry, GraphWordEntry
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, as_many_as_fit, cell, headline, signed_style, total_line

_READS = 3
"""Edges into a node that are told beside it."""
_RULES = {"gate": "gates held", "relp": "products shared in halves (RelP)"}


@lines_of.register
def graph_lines(payload: GraphPayload, paper: Paper, *, top: int = 12) -> Iterator[Text]:
    """What the words are worth, the nodes with what they read and what their removal does, and what is not shown."""
    target = payload.target
    yield from headline(f" GRAPH to {_to(payload)} {percent(target.probability)}", payload.model, paper)
    rest = f"held {signed(payload.held)}" if payload.other_tokens else f"biases {signed(payload.biases)}"
    yield Text(
        f" {_explained(payload)}: {signed(payload.value)} = words {signed(_words(payload))}, {rest}; "
        f"{_frozen(payload)}",
        STRONG,
    )
    if payload.other_tokens:
        yield Text(f" against {visible(''.join(token.text for token in payload.other_tokens))}", FAINT)
    yield Text(" WORDS, by all ways that lead from them to the target", FAINT)
    yield from _word_rows(payload, paper, top)
    yield total_line(payload.sum, payload.error, payload.tolerance, paper)
    tested = any(node.after is not None for node in payload.nodes)
    does = "once it is as in the other prompt" if payload.other_tokens else "without it"
    yield Text(
        f" NODES, the largest of {payload.candidates:,}: what passes through each"
        + (f", and the change of the logit {does}" if tested else ""),
        FAINT,
    )
    yield from _node_rows(payload, paper, top, tested=tested)
    yield Text()
    yield from _said(payload, paper, top)


def _frozen(payload: GraphPayload) -> str:
    held = "patterns" if payload.model.norm is None else "patterns and norm scales"
    return f"{held} frozen, {_RULES[payload.rule]}"


def _to(payload: GraphPayload) -> str:
    return visible("".join(token.text for token in payload.answer) or payload.target.text)


def _explained(payload: GraphPayload) -> str:
    if payload.answer:
        return f"{len(payload.answer)} logits {_above(payload)}, summed"
    return f"logit {_above(payload)}" + (", less the same of the other prompt" if payload.other_tokens else "")


def _above(payload: GraphPayload) -> str:
    kind, text = payload.reference.kind, payload.reference.text
    return {"mean": "above the mean", "raw": "as it is"}.get(kind, f"above that of {visible(text or '')}")


def _words(payload: GraphPayload) -> float:
    return sum(word.worth for word in payload.words)


def _word_rows(payload: GraphPayload, paper: Paper, top: int) -> Iterator[Text]:
    order = sorted(payload.words, key=lambda word: -abs(word.worth))
    shown = sorted(order[:top], key=lambda word: (not word.of_source, word.position))
    names, rest = [_word_name(payload, word) for word in shown], order[top:]
    others = [f"{len(rest)} other words (net)"] if rest else []
    width = min(max([12, *map(cell_len, [*names, *others])]) + 1, max(12, paper.width - 30))
    largest = max((abs(word.worth) for word in [*shown]), default=0.0)
    for name, word in zip(names, shown, strict=True):
        bar = paper.glyphs.bar(word.worth, largest, paper.bar_beside(width + 11))
        yield Text(f"  {cell(name, width)}{cell(signed(word.worth), 8, right=True)} ").append(
            bar, signed_style(word.worth)
        )
    if rest:
        yield _plain(others[0], sum(word.worth for word in rest), width)
    if payload.other_tokens:
        yield _plain("held", payload.held, width)
    else:
        yield _plain("biases", payload.biases, width)


def _plain(name: str, value: float, width: int) -> Text:
    return Text(f"  {cell(name, width)}{cell(signed(value), 8, right=True)}")


def _word_name(payload: GraphPayload, word: GraphWordEntry) -> str:
    if word.of_source:
        return f"source {word.position} {visible(word.text)}"
    return f"{word.position} {payload.tokens[word.position].seen}"


def _node_rows(payload: GraphPayload, paper: Paper, top: int, *, tested: bool) -> Iterator[Text]:
    nodes = payload.nodes[:top]
    names, does = [_node_name(payload, node) for node in nodes], "swapped" if payload.other_tokens else "removed"
    width = min(max([14, *map(cell_len, names)]) + 1, max(14, paper.width - 28))
    head = f"  {cell('', width)}{cell('worth', 8, right=True)}" + (cell(does, 9, right=True) if tested else "")
    room = paper.width - cell_len(head) - 2
    yield Text(head + ("  reads" if room > 12 else ""), FAINT)
    for name, node in zip(names, nodes, strict=True):
        line = Text(f"  {cell(name, width)}").append(cell(signed(node.worth), 8, right=True), signed_style(node.worth))
        if tested:
            effect = "" if node.after is None else signed(node.after - payload.base)
            line.append(cell(effect, 9, right=True))
        yield line.append("  " + cell(_reads(payload, node, room), room).rstrip()) if room > 12 else line


def _node_name(payload: GraphPayload, node: GraphNodeEntry) -> str:
    if node.encoder:
        return f"{node.id} {visible(payload.sources[node.position].label)}"
    return f"{node.id} {payload.tokens[node.position].seen}"


def _reads(payload: GraphPayload, node: GraphNodeEntry, room: int) -> str:
    """The largest edges into a node, those of words by their text."""
    into = [edge for edge in payload.edges if edge.to == node.id]
    return as_many_as_fit([f"{_source_name(payload, e.from_)} {signed(e.worth)}" for e in into[:_READS]], room)


def _source_name(payload: GraphPayload, source: str) -> str:
    kind, _, position = source.partition(" ")
    if kind == "word":
        return payload.tokens[int(position)].seen
    return visible(payload.sources[int(position)].label) if kind == "source" else source


def _other_rule(payload: GraphPayload) -> str:
    """How the worths under the other rule agree with the removals, where that makes a difference."""
    if payload.best_rule is None:
        return ""
    (other,) = payload.agreements.keys() - {payload.rule}
    better = f": here it agrees better (--rule {other})" if payload.best_rule == other else ""
    return f", under the rule {other} by {decimal(payload.agreements[other] or 0.0)}{better}"


def _said(payload: GraphPayload, paper: Paper, top: int) -> Iterator[Text]:
    """What the shown nodes amount to."""
    alone = payload.value - payload.remainder
    yield Text(
        f" SHOWN     by the {len(payload.nodes)} nodes alone {signed(alone)} of {signed(payload.value)} reach the "
        f"target, by ways through others {signed(payload.remainder)}; {payload.nodes_for_80:,} nodes have 80% and "
        f"{payload.nodes_for_90:,} have 90% of the worth of all, signs apart"
    )
    if payload.score is not None:
        yield from _scored(payload, payload.score)
    if payload.agreement is not None:
        yield Text(
            f" TESTED    worth and what removal takes away agree in order by {decimal(payload.agreement)} (1: the same "
            f"order, 0: none){_other_rule(payload)}; worth is a share of the sum, what removal does is the cause"
        )
    yield from _why(payload, paper)
    head = next((node for node in payload.nodes if node.kind == "head" and not node.encoder), None)
    if head is not None and not payload.sources and not payload.why:
        yield Text(
            f" WHY       a head attended as it did: unembed attended PROMPT --layer {head.layer} "
            f"--head {head.head} --position {head.position}",
            FAINT,
        )
    if len(payload.nodes) > top:
        yield Text(f" {len(payload.nodes) - top} more nodes: --top {len(payload.nodes)}, or --json", FAINT)


def _scored(payload: GraphPayload, score: GraphScoreEntry) -> Iterator[Text]:
    """What the shown nodes carry in runs of the model, and how soon it is gone without them."""
    others = "as in the other prompt" if payload.other_tokens else "at zero"
    by_chance = sum(score.random) / len(score.random)
    exact = "" if score.exact is None else f", as many of the largest exact effects {percent(score.exact)}"
    yield Text(
        f" SCORE     with all other heads and MLPs {others} the {score.nodes} nodes keep {percent(score.faithfulness)} "
        f"of the logit ({signed(score.none)} with none, {signed(payload.base)} with all), as many at random "
        f"{percent(by_chance)}{exact}"
        + ("" if score.none < payload.base else "; with none it is no lower, so these shares say little")
    )
    steps = ", ".join(f"{point.nodes}: {signed(point.value)}" for point in score.deletion)
    what = "swapped" if payload.other_tokens else "removed"
    yield Text(f" DELETION  the logit with the first nodes {what} together: {steps}")


def _why(payload: GraphPayload, paper: Paper) -> Iterator[Text]:
    """What of query and key made heads attend as they did."""
    for each in payload.why:
        line = f" WHY       {each.id} attends to {each.source} {payload.tokens[each.source].seen} "
        line += f"({percent(each.attention)}), by query × key: "
        pairs = [f"{pair.query} × {pair.key} {signed(pair.value)}" for pair in each.pairs]
        yield Text(line + as_many_as_fit(pairs, max(40, 2 * paper.width - len(line))))
