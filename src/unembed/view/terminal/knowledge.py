"""`unembed knowledge` in the terminal: attributions, the neurons of facts, the shipped facts."""

import math
from collections.abc import Iterator, Sequence

from rich.text import Text

from unembed.models.names import in_stack, neuron_name
from unembed.view.glyphs import percent, scientific, signed, visible, whole_chance
from unembed.view.payloads.knowledge import (
    AttributePayload,
    FactsPayload,
    FindPayload,
    FoundFact,
    NeuronPlace,
    NeuronValue,
)
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_cell, signed_style, wrapped

_LAYERS = 8


@lines_of.register
def attribute_lines(payload: AttributePayload, paper: Paper) -> Iterator[Text]:
    """The neurons of the largest values, then the layers with the largest sums and their errors."""
    answer = visible("".join(token.text for token in payload.target))
    yield from headline(f" KNOWLEDGE of {answer} {_chance(payload)}: {_how(payload)}", payload.model, paper)
    for note in payload.notes:
        yield from (Text(line, FAINT) for line in wrapped(f"note: {note}", paper.width))
    if not payload.complete:
        done = f"{payload.computed} of {payload.planned} neurons are finished"
        yield Text(f" INTERRUPTED: {done}; the others are missing here", STRONG)
    yield from _moving(payload)
    yield Text(f"  {cell('neuron', 14)}{cell('value', 9)}{cell('act', 8)}in units of probability", FAINT)
    largest = max((abs(entry.value) for entry in payload.attributions), default=0.0)
    for entry in payload.attributions:
        line = Text(f"  {cell(_name(entry), 14)}")
        line.append(_worth(entry.value, largest), signed_style(entry.value))
        line.append(signed_cell(entry.activation, 8, 1))
        yield line.append(paper.glyphs.bar(entry.value, largest, paper.bar_beside(33)), signed_style(entry.value))
    yield Text()
    yield from _layers(payload)


def _worth(value: float, largest: float) -> str:
    """In units of probability; a whole answer may have so little that decimals would not show it."""
    return signed_cell(value, 9, 3) if largest >= 5e-4 else cell(scientific(value, plus="+"), 9)


def _chance(payload: AttributePayload) -> str:
    return whole_chance(payload.probability, -math.inf if payload.probability == 0 else math.log(payload.probability))


def _moving(payload: AttributePayload) -> Iterator[Text]:
    """Where neurons of an encoder move."""
    if not payload.source_positions:
        return
    places = [payload.sources[position] for position in payload.source_positions]
    if len(places) == len(payload.sources):
        where = "at every position of the source, no blank of which is asked about"
    else:
        where = "at " + ", ".join(f"{place.position} {visible(place.label)}" for place in places) + " of the source"
    yield Text(f"  neurons of the encoder (enc.) move {where}", FAINT)


def _name(neuron: NeuronValue | NeuronPlace) -> str:
    return in_stack(neuron_name(neuron.layer, neuron.expert, neuron.neuron), neuron.encoder)


def _how(payload: AttributePayload) -> str:
    if payload.path == "neuron":
        some = "every neuron" if payload.candidates is None else f"the best {payload.candidates} of the layer path"
        return f"neuron path, exact, {some}, baseline {payload.baseline}"
    return f"layer path, {payload.quadrature} quadrature, baseline {payload.baseline}"


def _layers(payload: AttributePayload) -> Iterator[Text]:
    columns = f"{cell('layer', 8)}{cell('sum', 9)}{cell('P(1)-P(0)', 11)}{cell('error', 10)}points"
    yield Text(f"  {columns}", FAINT)
    ranked = sorted(payload.layers, key=lambda layer: -abs(layer.change))
    for layer in ranked[:_LAYERS]:
        total = "-" if layer.sum is None else signed(layer.sum, 3)
        error = "-" if layer.error is None else scientific(layer.error, plus="+")
        numbers = f"{cell(total, 9)}{signed_cell(layer.change, 11, 3)}{cell(error, 10)}"
        name = in_stack(f"L{layer.layer}", layer.encoder)
        yield Text(f"  {cell(name, 8)}{numbers}{layer.nodes or '-'}")
    rest = ranked[_LAYERS:]
    errors = [abs(layer.error) for layer in rest if layer.error is not None]
    if rest:
        worst = f", |error| at most {scientific(max(errors))}" if errors else ""
        yield Text(f"  {len(rest)} others{worst}; --json has all", FAINT)
    if any(layer.sum is None for layer in ranked):
        yield Text("  -: not every neuron of the layer was computed, so they have no sum", FAINT)
    error = "what the quadrature misses" if payload.path == "layer" else "what the neurons do together"
    yield Text("  P(1)-P(0): how far the answer falls when all neurons of the layer go to the baseline;", FAINT)
    yield Text(f"  sum: of their attributions; error: the difference, {error}.", FAINT)
    yield Text("  Layers are not shares of one whole: each is tested alone, so they may sum to more than P.", FAINT)


@lines_of.register
def find_lines(payload: FindPayload, paper: Paper) -> Iterator[Text]:
    """A line a fact, and the relation's own neurons."""
    title = f" KNOWLEDGE NEURONS of {payload.relation}: {payload.path} path, t = {payload.t:g}, p = {payload.p:g}"
    yield from headline(f"{title}, share <= {payload.share:g}", payload.model, paper)
    yield from (Text(f" note: {line}", FAINT) for note in payload.notes for line in note.splitlines())
    width = 30 if paper.width >= 90 else 18
    shown = (paper.width - width - 31 - 10) // 11  # names of neurons of large models, and how many are left
    columns = f"{cell('fact', width)}{cell('P', 8)}{cell('top', 6)}{cell('kept', 6)}{cell('refined', 9)}"
    yield Text(f"  {columns}{'its own neurons' if shown > 0 else ''}".rstrip(), FAINT)
    for fact in payload.facts:
        yield _fact_line(fact, width, shown)
    yield Text()
    shared = _names(payload.shared, 8)
    yield Text(f"  the relation's neurons, kept by at least half of the facts: {len(payload.shared)}", STRONG)
    yield Text(f"    {shared or 'none'}")


def _fact_line(fact: FoundFact, width: int, shown: int) -> Text:
    mean = sum(fact.probabilities) / max(1, len(fact.probabilities))
    name = f"{visible(fact.subject)} {visible(fact.answer)}"
    top = cell(f"{sum(fact.top)}/{len(fact.top)}", 6)
    counts = f"{cell(percent(mean), 8)}{top}{cell(str(len(fact.kept)), 6)}{cell(str(len(fact.refined)), 9)}"
    return Text(f"  {cell(name, width - 1)} {counts}{_names(fact.refined, shown) if shown > 0 else ''}")


def _names(neurons: Sequence[NeuronPlace], shown: int) -> str:
    names = [_name(neuron) for neuron in neurons]
    return " ".join(names[:shown]) + (f" … {len(names) - shown} more" if len(names) > shown else "")


@lines_of.register
def facts_lines(payload: FactsPayload, paper: Paper) -> Iterator[Text]:
    """A block a relation."""
    yield Text(f"  {cell('relation', 14)}{cell('facts', 7)}{cell('templates', 11)}examples", FAINT)
    for entry in payload.relations:
        examples = cell(", ".join(entry.examples), paper.width - 34).rstrip()
        yield Text(
            f"  {cell(entry.name, 14)}{cell(str(entry.facts), 7)}{cell(str(len(entry.templates)), 11)}{examples}"
        )
    yield Text("  a YAML or JSONL file of your own works as well: unembed knowledge find FACTS.yaml", FAINT)
