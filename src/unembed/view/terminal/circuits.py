"""Circuits that the weights make, in the terminal: `unembed circuit head`, `composition` and `bigrams`."""

from collections.abc import Iterator

from rich.text import Text

from unembed.models.names import head_name
from unembed.view.glyphs import percent, share, signed, visible
from unembed.view.payloads.circuits import BigramsPayload, CompositionPayload, HeadCircuitPayload, RankedToken
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, as_many_as_fit, cell, headline, signed_style


@lines_of.register
def circuit_lines(payload: HeadCircuitPayload, paper: Paper) -> Iterator[Text]:
    """Eigenvalues of a head, and what was asked for."""
    yield from headline(
        f" CIRCUITS of {head_name(payload.layer, payload.head)}, from the weights", payload.model, paper
    )
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
        from_, to = paper.width // 6, paper.width * 2 // 5
        yield Text(f"  {cell('source …', from_)}{cell('destination', to)}→ output", FAINT)
        for t in payload.skip_trigrams:
            sought, said = (" ".join(visible(r.text) for r in part) for part in (t.destinations, t.outputs))
            ends = f"{cell(sought, to - 2)}  → {cell(said, paper.width - from_ - to - 4)}"
            yield Text(f"  {cell(visible(t.source.text), from_ - 1)} {ends}")


def _ranked(name: str, tokens: list[RankedToken], paper: Paper) -> Iterator[Text]:
    words = [f"{visible(r.text)} {signed(r.value)}" for r in tokens]
    yield Text(f"   {cell(name, 11)}", FAINT).append(as_many_as_fit(words, paper.width - 15))


@lines_of.register
def composition_lines(payload: CompositionPayload, paper: Paper) -> Iterator[Text]:
    """The pairs with the highest scores."""
    kind = f"{payload.kind} " if payload.kind else ""
    yield from headline(f" COMPOSITION of heads, highest {kind}scores", payload.model, paper)
    null = f"{payload.random_mean:.3f} ± {payload.random_deviation:.3f}"
    yield Text(f" random matrices of this shape: {null}; rotations are left out", FAINT)
    largest = max((pair.score for pair in payload.pairs), default=0.0)
    for p in payload.pairs:
        name = f"{head_name(p.first_layer, p.first_head)} → {head_name(p.second_layer, p.second_head)}"
        line = Text(f"  {cell(name, 20)}{cell(p.kind, 7)}{p.score:.3f}  {cell(f'{p.ratio:.1f}×', 7)}")
        yield line.append(paper.glyphs.bar(p.score, largest, paper.bar_beside(43)), signed_style(p.score))


@lines_of.register
def bigrams_lines(payload: BigramsPayload, paper: Paper) -> Iterator[Text]:
    """What follows a token by the direct path, what it generates, how it agrees with a text."""
    norm = "" if payload.model.norm is None else "final norm, "
    title = f" DIRECT PATH: embedding, {norm}unembedding"
    yield from headline(title, payload.model, paper)
    if payload.token is not None:
        yield Text(f" after {visible(payload.token.text)}", STRONG)
        largest = max((r.value for r in payload.follows), default=0.0)
        for r in payload.follows:
            line = Text(f"  {cell(visible(r.text), 20)}{cell(percent(r.value), 8)}")
            yield line.append(paper.glyphs.bar(r.value, largest, paper.bar_beside(30)), signed_style(r.value))
    if payload.generated:
        yield Text(" GENERATED ", FAINT).append("".join(visible(t.text) for t in payload.generated))
    if payload.text is not None:
        t = payload.text
        agrees = "undefined, all alike" if t.correlation is None else signed(t.correlation)
        yield Text(f" TEXT      {t.bigrams} bigrams, {t.kinds} kinds; correlation of logs {agrees}")
        best = f"best bigrams of it {t.bigram_entropy:.2f}, unigrams {t.unigram_entropy:.2f}"
        yield Text(f"           loss {t.loss:.2f} nats; {best}")
