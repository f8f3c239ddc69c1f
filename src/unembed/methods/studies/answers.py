"""Answers: what each task says of one prompt, as the columns of its row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import log_probability, logit
from unembed.errors import InputError
from unembed.ledger.decompose import decompose, decompose_together
from unembed.ledger.ledger import Ledger, Segment
from unembed.ledger.readout import readout
from unembed.methods.ablate import ablate
from unembed.methods.edges.circuit import measured, metric_tokens, metrics_at_ends
from unembed.methods.edges.find import best
from unembed.methods.edges.flow import pair_of
from unembed.methods.edges.scores import edge_scores
from unembed.methods.explain import Explanation
from unembed.methods.explain import explain as explain_prompt
from unembed.methods.knowledge.attribution import attribute
from unembed.methods.lens import lens
from unembed.methods.patch import patch
from unembed.methods.prompt_sets import set_by
from unembed.methods.studies.asked import Asked
from unembed.methods.words.words import Words, words
from unembed.models.model import Model
from unembed.models.parts import Part, parts_of
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import prompt_of
from unembed.runs.record import record_together
from unembed.runs.run import Run

if TYPE_CHECKING:
    from unembed.methods.studies.tasks import Task

_NEURONS = 50
"""How many neurons of an attribution are kept: those of the largest magnitude."""
Answer = dict[str, Any]
"""The columns that a task adds to a row."""


def _told(prediction: Prediction) -> Answer:
    return {
        "target": prediction.text,
        "target_id": prediction.token,
        "logit": prediction.logit,
        "probability": prediction.probability,
    }


def _ledger(ledger: Ledger) -> Answer:
    """Its terms, what a 16-bit run rounded as one, and how well they add up."""
    terms = [term for segment in ledger.segments if not segment.is_rounding for term in _terms(segment)]
    if ledger.names_rounding:
        terms.append({"kind": "rounding", "value": ledger.rounding})
    return {"value": ledger.value, "ledger_error": ledger.error, "tolerance": ledger.tolerance, "terms": terms}


def _terms(segment: Segment) -> Iterator[Mapping[str, Any]]:
    """The terms of a segment as `Segment.terms`, without an object each: a study has millions."""
    about = {"kind": segment.kind, "layer": segment.layer}
    places = [(axis, column.tolist()) for axis in segment.axes if (column := segment.index(axis)) is not None]
    for i, value in enumerate(segment.values.ravel().tolist()):
        yield {**about, **{axis: column[i] for axis, column in places}, "value": value}


def ask_explain(model: Model, one: Asked, task: "Task") -> Answer:
    """The ledger, and with its tests what zeroing parts and taking words away does."""
    choices = {"reference": task.reference, "by": task.by, "test": task.test}
    found = explain_prompt(model, one.prompt, **one.words("target", "versus"), **choices)
    told = _told(found.target) | _ledger(found.ledger)
    return told | {"zeroed": _zeroed(found), "words": [] if found.words is None else _words(found.words)}


def _zeroed(found: Explanation) -> list[Mapping[str, Any]]:
    """What zeroing each head and sublayer does to the number that was asked about."""
    among, value = found.population, 0 if found.readout.versus is None else 1
    if among is None:
        return []
    effects = {**among.effects("heads", value), **among.effects("sublayers", value)}
    parts = [(Part.set_at(site), effect) for site, effect in effects.items()]
    return [{"kind": p.kind, "layer": p.layer, "head": p.head, "effect": effect} for p, effect in parts]


def _words(found: Words) -> list[Mapping[str, Any]]:
    return [
        {"text": unit.text, "start": unit.start, "end": unit.end, "mark": unit.mark, "effect": unit.effect}
        for unit in found.units
    ]


def ask_words(model: Model, one: Asked, task: "Task") -> Answer:
    """What each word is worth."""
    found = words(model, one.prompt, **one.words("target", "versus", "answer"), by=task.by)
    return _told(found.target) | {"words": _words(found)}


def ask_lens(model: Model, one: Asked, task: "Task") -> Answer:
    """The target after each layer."""
    found = lens(model, one.prompt, **one.words("target"), positions=[one.place], top=1)
    prediction = found.run.prediction(found.targets[0], position=one.place)
    names = ("layer", "rank", "probability", "kl")
    states = [{name: getattr(state, name) for name in names} for state in found.entries()]
    return _told(prediction) | {"states": states}


def ask_ablate(model: Model, one: Asked, task: "Task") -> Answer:
    """Each part of a kind set to zero, or by the data set."""
    choices: Any = {"site": task.site, "how": task.how, "texts": one.among}
    found = ablate(model, one.prompt, **one.words("target", "answer"), **choices)
    effects = [
        {"kind": task.site, "layer": e.layer, "head": e.head, "neuron": e.neuron, "effect": e.log_probability}
        for e in found.effects
    ]
    return _told(found.target) | {"effects": effects}


def ask_patch(model: Model, one: Asked, task: "Task") -> Answer:
    """Each part of a kind patched from the corrupt prompt."""
    _needs(one, "corrupt")
    found = patch(model, one.prompt, one.row["corrupt"], **one.words("target", "versus"), site=task.site)
    run = prompt_of(model, one.prompt).recorded([one.place], keep="stream")
    token = run.token(None) if found.target is None else found.target[0]
    effects = [
        {"kind": task.site, "layer": c.cell.layer, "head": c.cell.head, "neuron": c.cell.neuron}
        | {"position": c.cell.position, "effect": c.effect}
        for c in found.entries()
    ]
    about = {"metric": found.metric, "clean": found.clean, "corrupt_value": found.corrupt}
    return _told(run.prediction(token)) | about | {"effects": effects}


def ask_knowledge(model: Model, one: Asked, task: "Task") -> Answer:
    """The attribution to every neuron; the largest are kept."""
    run = prompt_of(model, one.prompt).recorded([one.place])
    given = [*one.words("answer", "target").values(), run.token(None)]
    found = attribute(run, given[0])
    names = ("layer", "expert", "neuron", "value")
    neurons = [{name: getattr(neuron, name) for name in names} for neuron in found.top(_NEURONS)]
    return _told(run.prediction(found.question.answer[0])) | {"neurons": neurons}


def ask_heads(model: Model, one: Asked, task: "Task") -> Answer:
    """Every head: what it writes, what the prediction loses without it, and what it looks at most."""
    run = prompt_of(model, one.prompt).recorded([one.place])
    asked = readout(run, position=one.place, reference=task.reference, **one.words("target", "versus"))
    token, versus = asked.target, asked.versus
    assert token is not None
    parts = parts_of(model, "head")
    credit = {
        (term.layer, term.head): term.value for term in decompose(asked, by="head").terms() if term.kind == "head"
    }
    measure = log_probability((token,)) if versus is None else logit(token, versus)
    base = measure(run.logits[[run.row(one.place)]][None]).double()
    sites = [part.site(one.place) for part in parts]
    changes = [edits.zero(site) for site in sites] if one.among is None else set_by(run, sites, task.how, one.among)
    changed = counterfactuals(run, changes, measure, at=[one.place])
    heads = [
        {"layer": part.layer, "head": part.head, "credit": credit[part.layer, part.head], "effect": effect}
        | _looked_at(run, part, one.place)
        for part, effect in zip(parts, (changed.double().cpu() - base.cpu()).tolist(), strict=True)
    ]
    return _told(run.prediction(token, position=one.place)) | {"heads": heads}


def _looked_at(run: Run, part: Part, place: int) -> Answer:
    """The position that a head gives most of its attention, and how much."""
    heads = run.layers[part.layer].heads
    assert heads is not None
    pattern = heads.pattern[part.head or 0, run.row(place)]
    source = int(pattern.argmax())
    return {"source": source, "weight": float(pattern[source])}


def ask_circuit(model: Model, one: Asked, task: "Task") -> Answer:
    """The edges of the largest scores (EAP-IG), and what they carry of the difference from the corrupt prompt."""
    _needs(one, "corrupt", "target", "versus")
    clean, corrupt = prompt_of(model, one.prompt), prompt_of(model, one.row["corrupt"])
    tokens = metric_tokens(clean, one.row["target"], one.row["versus"])
    pair = pair_of(model, clean.tokens, corrupt.tokens)
    ends = metrics_at_ends(pair, tokens)
    scores = edge_scores(pair, tokens)
    kept = best(pair.graph, scores, task.size)
    with torch.no_grad():
        carried = float(measured(pair, kept[None], tokens)[0])
    values = scores[kept.to(scores.device)].tolist()
    edges = [
        {"sender": sender, "reader": reader, "score": value}
        for (sender, reader), value in zip(pair.graph.listed(kept), values, strict=True)
    ]
    about = {"clean": ends[0], "corrupt_value": ends[1], "circuit_value": carried, "edges": edges}
    return _told(pair.clean.prediction(tokens[0], position=len(clean.tokens) - 1)) | about


def _needs(one: Asked, *names: str) -> None:
    """Refuse a row in which a column is empty that is asked about.

    Raises:
        InputError: naming the columns.
    """
    if missing := [name for name in names if one.row.get(name) is None]:
        raise InputError(f"Expected {', '.join(names)} in every row; this one has no {' and no '.join(missing)}.")


def answers_together(model: Model, batch: Sequence[Asked], task: "Task") -> Iterator[Answer]:
    """What `explain` without tests says of prompts of one length that are asked at one place: from one forward.

    Raises:
        InputError: a target that is none; it is of one of the prompts, and the others are to be asked without it.
        LedgerError: likewise, a ledger that does not add up.
        ModelError: likewise, numbers that are not finite.
    """
    place = batch[0].place
    runs = record_together(model, [one.prompt for one in batch], positions=[place], keep="parts", streams=False)
    choices = {"position": place, "reference": task.reference}
    reads = [readout(run, **choices, **one.words("target", "versus")) for one, run in zip(batch, runs, strict=True)]
    for ledger in decompose_together(reads, by=task.by):
        read = ledger.readout
        assert read.target is not None
        yield _told(read.run.prediction(read.target, position=place)) | _ledger(ledger)
