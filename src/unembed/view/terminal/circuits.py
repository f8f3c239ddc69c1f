"""`unembed paths`, `attended`, `circuit`, `composition` and `bigrams` in the terminal."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from unembed.models.names import head_name, part_name
from unembed.view.glyphs import decimal, percent, scientific, share, signed, visible
from unembed.view.payloads.circuits import BigramsPayload, CircuitPayload, CompositionPayload, RankedToken
from unembed.view.payloads.common import PromptToken
from unembed.view.payloads.prompt_circuits import AttendedPayload, PathEntry, PathsPayload, StreamPart
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_style

_NAME = 60


@lines_of.register
def paths_lines(payload: PathsPayload, paper: Paper, *, top: int = 12) -> Iterator[Text]:
    """The largest paths, how many carry the prediction, and what is left."""
    target = payload.target
    yield headline(f" PATHS to {visible(target.text)} {percent(target.probability)}", payload.model, paper)
    yield Text(f" {_needed(payload)} 90% of {signed(payload.value)} logits; {_frozen(payload)}", STRONG)
    largest = max((abs(path.value) for path in payload.paths), default=0.0)
    for path in payload.paths[:top]:
        yield _row(_path_name(path, payload.tokens), path.value, largest, paper)
    rest = payload.paths[top:]
    if rest:
        yield _plain(f"{len(rest)} other listed paths (net)", sum(path.value for path in rest))
    for name, value in payload.constants.items():
        yield _plain(name.replace("_", " "), value)
    yield _plain(f"{payload.small_count} small paths (net)", payload.small)
    yield _plain(f"heads not opened (net; {payload.opened} opened)", payload.unopened)
    yield _total(payload.sum, payload.error, payload.tolerance)
    depths = "  ".join(f"{d.heads}: {signed(d.value)}" for d in payload.depths)
    yield Text(" BY DEPTH  ", FAINT).append(f"listed paths by heads on the way   {depths}")


def _needed(payload: PathsPayload) -> str:
    if not payload.needed:
        return f"more than the {len(payload.paths)} listed paths carry"
    return "1 path carries" if payload.needed == 1 else f"{payload.needed} paths carry"


def _frozen(payload: PathsPayload) -> str:
    return "patterns frozen" if payload.model.norm is None else "patterns and norm scales frozen"


def _path_name(path: PathEntry, tokens: Sequence[PromptToken]) -> str:
    """`embedding 3 ·France → L23.H4 → 4`."""
    name = f"{part_name(path.kind, path.layer)} {path.position} {visible(tokens[path.position].text)}"
    return name + "".join(f" → {head_name(s.layer, s.head)} → {s.destination}" for s in path.steps)


@lines_of.register
def attended_lines(payload: AttendedPayload, paper: Paper, *, top: int = 10) -> Iterator[Text]:
    """The score, its largest pairs, and the sums by part of the query and of the key."""
    where = [f"{i} {visible(payload.tokens[i].text)}" for i in (payload.destination, payload.source)]
    yield headline(
        f" WHY {head_name(payload.layer, payload.head)} ATTENDS {where[0]} → {where[1]}", payload.model, paper
    )
    distance = payload.sum - payload.content
    line = f" score {signed(payload.score)}, attention {decimal(payload.attention, 3)}"
    yield Text(f"{line}; content {signed(payload.content)}, distance {signed(distance)}", STRONG)
    yield Text(f"  {cell('query part × key part', 38)}{cell('score', 8, right=True)} content", FAINT)
    largest = max((abs(pair.value) for pair in payload.pairs), default=0.0)
    for pair in payload.pairs[:top]:
        name = f"{_name(payload.query_terms[pair.query])} × {_name(payload.key_terms[pair.key])}"
        line = Text(f"  {cell(name, 38)}{cell(signed(pair.value), 8, right=True)} {cell(signed(pair.content), 9)}")
        bar = paper.glyphs.bar(pair.value, largest, max(6, min(30, paper.width - 60)))
        yield line.append(bar, signed_style(pair.value))
    rest = payload.pairs[top:]
    if rest:
        value = signed(sum(pair.value for pair in rest))
        yield Text(f"  {cell(f'{len(rest)} other pairs (net)', 38)}{cell(value, 8, right=True)}")
    yield _total(payload.sum, payload.error, payload.tolerance)
    yield _marginal(" BY QUERY  ", payload.query_terms)
    yield _marginal(" BY KEY    ", payload.key_terms)


def _name(part: StreamPart) -> str:
    return part_name(part.kind, part.layer, part.head)


def _marginal(name: str, parts: list[StreamPart]) -> Text:
    best = sorted(parts, key=lambda part: -abs(part.value))[:5]
    return Text(name, FAINT).append("  ".join(f"{_name(part)} {signed(part.value)}" for part in best))


@lines_of.register
def circuit_lines(payload: CircuitPayload, paper: Paper) -> Iterator[Text]:
    """Eigenvalues of a head, and what was asked for."""
    yield headline(f" CIRCUITS of {head_name(payload.layer, payload.head)}, from the weights", payload.model, paper)
    positive = f"{share(payload.positive_share)} of {len(payload.eigenvalues)} OV eigenvalues positive"
    yield Text(f" copying score {signed(payload.copying_score)}", STRONG).append(
        f"; {positive} (−1 to 1; random 0)", FAINT
    )
    if payload.of_token is not None:
        found = payload.of_token
        yield Text(f" attending to {visible(found.token.text)} alone it")
        yield from _ranked("promotes", found.promotes, paper)
        yield from _ranked("suppresses", found.suppresses, paper)
        yield Text(f" from {visible(found.token.text)} alone, at distance 0, it")
        yield from _ranked("looks for", found.looks_for, paper)
    if payload.skip_trigrams is not None:
        yield Text(f"  {cell('source …', 18)}{cell('destination', 36)}→ output", FAINT)
        for t in payload.skip_trigrams:
            sought, said = (" ".join(visible(r.text) for r in part) for part in (t.destinations, t.outputs))
            yield Text(f"  {cell(visible(t.source.text), 18)}{cell(sought, 34)}  → {cell(said, paper.width - 58)}")


def _ranked(name: str, tokens: list[RankedToken], paper: Paper) -> Iterator[Text]:
    words = "  ".join(f"{visible(r.text)} {signed(r.value)}" for r in tokens)
    yield Text(f"   {cell(name, 11)}", FAINT).append(cell(words, paper.width - 15).rstrip())


@lines_of.register
def composition_lines(payload: CompositionPayload, paper: Paper) -> Iterator[Text]:
    """The pairs with the highest scores."""
    kind = f"{payload.kind} " if payload.kind else ""
    yield headline(f" COMPOSITION of heads, highest {kind}scores", payload.model, paper)
    null = f"{payload.random_mean:.3f} ± {payload.random_deviation:.3f}"
    yield Text(f" random matrices of this shape: {null}; rotations are left out", FAINT)
    largest = max((pair.score for pair in payload.pairs), default=0.0)
    for p in payload.pairs:
        name = f"{head_name(p.first_layer, p.first_head)} → {head_name(p.second_layer, p.second_head)}"
        line = Text(f"  {cell(name, 20)}{cell(p.kind, 7)}{p.score:.3f}  {cell(f'{p.ratio:.1f}×', 7)}")
        yield line.append(paper.glyphs.bar(p.score, largest, 30), signed_style(p.score))


@lines_of.register
def bigrams_lines(payload: BigramsPayload, paper: Paper) -> Iterator[Text]:
    """What follows a token by the direct path, what it generates, how it agrees with a text."""
    norm = "" if payload.model.norm is None else "final norm, "
    title = f" DIRECT PATH: embedding, {norm}unembedding"
    yield headline(title, payload.model, paper)
    if payload.token is not None:
        yield Text(f" after {visible(payload.token.text)}", STRONG)
        largest = max((r.value for r in payload.follows), default=0.0)
        for r in payload.follows:
            line = Text(f"  {cell(visible(r.text), 20)}{cell(percent(r.value), 8)}")
            yield line.append(paper.glyphs.bar(r.value, largest, 30), signed_style(r.value))
    if payload.generated:
        yield Text(" GENERATED ", FAINT).append("".join(visible(t.text) for t in payload.generated))
    if payload.text is not None:
        t = payload.text
        agrees = "undefined, all alike" if t.correlation is None else signed(t.correlation)
        yield Text(f" TEXT      {t.bigrams} bigrams, {t.kinds} kinds; correlation of logs {agrees}")
        best = f"best bigrams of it {t.bigram_entropy:.2f}, unigrams {t.unigram_entropy:.2f}"
        yield Text(f"           loss {t.loss:.2f} nats; {best}")


def _row(name: str, value: float, largest: float, paper: Paper) -> Text:
    bar = paper.glyphs.bar(value, largest, max(6, min(26, paper.width - _NAME - 13)))
    line = Text(f"  {cell(name, _NAME)}{cell(signed(value), 8, right=True)} ")
    return line.append(bar, signed_style(value))


def _plain(name: str, value: float) -> Text:
    return Text(f"  {cell(name, _NAME)}{cell(signed(value), 8, right=True)}")


def _total(total: float, error: float, tolerance: float) -> Text:
    verdict = "= model ✓" if abs(error) <= tolerance else "≠ model"
    return Text("  " + "─" * 24 + f" total {signed(total)} {verdict} (|Δ| {scientific(abs(error))})", STRONG)
