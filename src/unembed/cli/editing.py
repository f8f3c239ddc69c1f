"""`knowledge suppress`, `amplify`, `update`, `erase`: edits of weights with reports; `memory`: what neurons hold."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.knowledge import FileArg, RelationOpt, SubjectOpt, fact_about, knowledge_app, read_relation
from unembed.cli.options import DeviceOpt, DtypeOpt, EditsOpt, JsonOpt, ModelOpt, OfflineOpt
from unembed.cli.shared import load_model, print_result, progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.facts import Fact, Relation
    from unembed.knowledge_neurons import Found, Neuron
    from unembed.knowledge_report import EditReport
    from unembed.model import Model
    from unembed.weight_edits import WeightEdits

NeuronsArg = Annotated[
    list[str] | None, typer.Argument(help="Neurons such as L24.N1005; without any, those found for the fact.")
]
FactsOpt = Annotated[str | None, typer.Option("--facts", help="A YAML or JSONL file of facts.")]
SaveOpt = Annotated[Path | None, typer.Option(help="Write the edit to this file, for --edits.")]
TextOpt = Annotated[Path | None, typer.Option(help="A text for the perplexity, one passage a line.")]
TOpt = Annotated[float, typer.Option("--t", help="Share of the maximum above which a neuron counts.")]
POpt = Annotated[float, typer.Option("--p", help="Share of a fact's prompts in which it must.")]
ShareOpt = Annotated[float, typer.Option(help="Share of other facts that may have it as well.")]
LimitOpt = Annotated[int, typer.Option(min=1, help="How many facts to compare when neurons are found.")]


@knowledge_app.command()
def suppress(
    neurons: NeuronsArg = None,
    facts: FactsOpt = None,
    relation: RelationOpt = None,
    subject: SubjectOpt = None,
    t: TOpt = 0.2,
    p: POpt = 0.7,
    share: ShareOpt = 0.2,
    limit: LimitOpt = 10,
    text: TextOpt = None,
    save: SaveOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Set the value rows of neurons to zero, and tell what that does to a fact and to others."""
    about = _about(facts, relation, subject, neurons)
    passages = _lines(text)
    loaded = load_model(model, device, dtype, offline, edits)
    _scale(loaded, "suppress", neurons, about, {"t": t, "p": p, "share": share}, limit, passages, save, as_json)


@knowledge_app.command()
def amplify(
    neurons: NeuronsArg = None,
    facts: FactsOpt = None,
    relation: RelationOpt = None,
    subject: SubjectOpt = None,
    t: TOpt = 0.2,
    p: POpt = 0.7,
    share: ShareOpt = 0.2,
    limit: LimitOpt = 10,
    text: TextOpt = None,
    save: SaveOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Double the value rows of neurons, and tell what that does to a fact and to others."""
    about = _about(facts, relation, subject, neurons)
    passages = _lines(text)
    loaded = load_model(model, device, dtype, offline, edits)
    _scale(loaded, "amplify", neurons, about, {"t": t, "p": p, "share": share}, limit, passages, save, as_json)


@knowledge_app.command()
def update(
    to: Annotated[str, typer.Option("--to", help="The new answer.")],
    file: FileArg = None,
    relation: RelationOpt = None,
    subject: SubjectOpt = None,
    method: Annotated[str, typer.Option(help="rome: a rank-one edit; value: of the fact's neurons (Dai et al.).")] = (
        "rome"
    ),
    layer: Annotated[int | None, typer.Option(help="ROME: the layer that is edited.")] = None,
    strength: Annotated[
        float, typer.Option(min=0, help="value: how much; 1 is the paper's, far too much here.")
    ] = 0.05,
    hold_out: Annotated[
        bool, typer.Option("--hold-out/--all-prompts", help="Make the edit with every second prompt, test on the rest.")
    ] = True,
    neuron: Annotated[list[str] | None, typer.Option(help="value: a neuron (repeatable); else found.")] = None,
    t: TOpt = 0.2,
    p: POpt = 0.7,
    share: ShareOpt = 0.2,
    limit: LimitOpt = 10,
    text: TextOpt = None,
    save: SaveOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Give a fact another answer, and tell whether that holds on unseen prompts and what else it changes."""
    from unembed.knowledge_editing import new_target
    from unembed.knowledge_editing import update as run

    about = _one_fact(file, relation, subject)
    target = new_target(about[1], to)
    passages = _lines(text)
    loaded = load_model(model, device, dtype, offline, edits)
    made = about[1].prompts[0::2] if hold_out else about[1].prompts
    shares = {"t": t, "p": p, "share": share}
    chosen = _neurons(loaded, neuron, about, shares, limit) if method == "value" else _parsed(neuron)

    def make(neurons: "Collection[Neuron]") -> "WeightEdits":
        words: Any = {"method": method, "neurons": neurons, "prompts": made, "layer": layer, "strength": strength}
        with progress_bar() as progress:
            return run(loaded, about[1], to, progress=progress, **words)

    unseen = [(prompt, target) for prompt in about[1].prompts if prompt not in made]
    new = [(prompt, target) for prompt in made]
    result = _report(loaded, make, chosen, about, passages, new=new, unseen=unseen)
    _show(loaded, result, save, as_json, action="update", about=about, to=to.strip(), method=method, neurons=chosen)


@knowledge_app.command()
def erase(
    relation: Annotated[str, typer.Argument(help="A relation that ships with the package, or of --facts.")],
    facts: FactsOpt = None,
    t: TOpt = 0.2,
    p: POpt = 0.7,
    limit: LimitOpt = 10,
    text: TextOpt = None,
    save: SaveOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Suppress the neurons that most facts of a relation share, and tell what that does to all of its facts."""
    from unembed.knowledge_editing import erase as run

    chosen = read_relation(facts, relation)
    passages = _lines(text)
    loaded = load_model(model, device, dtype, offline, edits)
    shared = _found(loaded, chosen, None, {"t": t, "p": p}, limit).shared
    result = _report(loaded, lambda neurons: run(loaded, relation, neurons), shared, (chosen, None), passages)
    _show(loaded, result, save, as_json, action="erase", about=(chosen, None), neurons=shared)


@knowledge_app.command()
def memory(
    places: Annotated[list[str], typer.Argument(help="Neurons such as L24.N1005, or one layer: L24.")],
    text: Annotated[Path | None, typer.Option(help="A text, one passage a line; else the shipped facts.")] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many triggers of each neuron.")] = 10,
    among: Annotated[int, typer.Option(min=1, max=1000, help="How many promoted tokens count as agreement.")] = 10,
    neurons: Annotated[int, typer.Option(min=1, help="Of a layer: how many neurons.")] = 5,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """What neurons fire on in a text, and what they write then (Geva et al. 2021)."""
    from unembed import key_value_memory as kv
    from unembed.knowledge_editing import reference_texts
    from unembed.view.payloads import memory_payload
    from unembed.view.terminal import memory_lines

    layer = _layer(places)
    sites = [] if layer else [neuron.site(None) for neuron in _parsed(places)]
    lines = _lines(text) or reference_texts()
    loaded = load_model(model, device, dtype, offline, edits)
    with progress_bar() as progress:
        words: Any = {"top": top, "among": among, "progress": progress}
        if layer:
            result = kv.layer_memory(loaded, layer[0], lines, expert=layer[1], neurons=neurons, **words)
        else:
            result = kv.memory(loaded, sites, lines, **words)
    print_result(memory_payload(result), memory_lines, as_json)


About = tuple["Relation", "Fact | None"]


def _about(facts: str | None, relation: str | None, subject: str | None, neurons: list[str] | None) -> About | None:
    """The fact that an edit is about; None where only neurons are given."""
    if facts is None and relation is None:
        if subject is not None or not neurons:
            raise InputError("Expected neurons such as L24.N1005, or a fact: --relation NAME --subject SUBJECT.")
        return None
    return _one_fact(facts, relation, subject)


def _one_fact(file: str | None, relation: str | None, subject: str | None) -> "tuple[Relation, Fact]":
    found = read_relation(file, relation)
    if subject is not None:
        return found, fact_about(found, subject)
    if len(found.facts) != 1:
        known = ", ".join(fact.subject for fact in found.facts[:8])
        raise InputError(f"{found.name} has {len(found.facts)} facts: choose one with --subject ({known}, …).")
    return found, found.facts[0]


def _lines(path: Path | None) -> list[str]:
    from unembed.cli.interventions import read_lines

    return [] if path is None else read_lines(path)


def _parsed(names: list[str] | None) -> "frozenset[Neuron]":
    from unembed.knowledge_neurons import parse_neuron

    return frozenset(parse_neuron(name) for name in names or ())


def _layer(places: list[str]) -> tuple[int, int | None] | None:
    """Layer and expert of `L24` or `L3.E2`; None where neurons are given."""
    import re

    match = re.fullmatch(r"L(\d+)(?:\.E(\d+))?", places[0].strip(), re.IGNORECASE)
    if match is None:
        return None
    if len(places) > 1:
        raise InputError("Expected one layer, or neurons such as L24.N1005: not both.")
    return int(match[1]), None if match[2] is None else int(match[2])


def _found(model: "Model", relation: "Relation", fact: "Fact | None", shares: dict[str, float], limit: int) -> "Found":
    from unembed.knowledge_neurons import find

    words: Any = shares
    first = [] if fact is None else [fact]
    chosen = [*first, *(other for other in relation.facts if other not in first)][:limit]
    with progress_bar() as progress:
        return find(model, relation, facts=chosen, progress=progress, **words)


def _neurons(
    model: "Model", names: list[str] | None, about: About | None, shares: dict[str, float], limit: int
) -> "frozenset[Neuron]":
    """The neurons that are named, else those that are found for the fact."""
    if names:
        return _parsed(names)
    assert about is not None
    found = _found(model, *about, shares, limit).facts[0]
    if not found.refined:
        raise InputError(
            f"No neuron is {found.fact.subject}'s own at t = {shares['t']:g}, p = {shares['p']:g}, share = "
            f"{shares['share']:g}; {len(found.kept)} are left without refining.\nLower --t or --p, or raise --share."
        )
    return found.refined


def _scale(
    model: "Model",
    action: str,
    names: list[str] | None,
    about: About | None,
    shares: dict[str, float],
    limit: int,
    passages: list[str],
    save: Path | None,
    as_json: bool,
) -> None:
    from unembed.knowledge_editing import amplify, suppress

    neurons = _neurons(model, names, about, shares, limit)
    make = {"suppress": suppress, "amplify": amplify}[action]
    result = _report(model, lambda neurons: make(model, neurons), neurons, about, passages)
    _show(model, result, save, as_json, action=action, about=about, neurons=neurons)


def _report(
    model: "Model",
    make: "Callable[[Collection[Neuron]], WeightEdits]",
    neurons: "Collection[Neuron]",
    about: About | None,
    passages: list[str],
    **groups: Any,
) -> "EditReport":
    from unembed.knowledge_editing import reference_texts
    from unembed.knowledge_report import neighbours, random_like, report

    own, related, unrelated = neighbours(*(about or (None, None)))
    edits = make(neurons)
    control = random_like(model, neurons, (*own, *unrelated)[0])
    with progress_bar() as progress:
        return report(
            model,
            edits,
            own=own,
            related=related,
            unrelated=unrelated,
            control=make(control) if control else None,
            text=passages or reference_texts()[::6],
            progress=progress,
            **groups,
        )


def _show(
    model: "Model", result: "EditReport", save: Path | None, as_json: bool, *, about: About | None, **words: Any
) -> None:
    from unembed.view.payloads import edit_payload
    from unembed.view.terminal import edit_lines
    from unembed.weight_edits import save_edits

    if save is not None:
        save_edits(result.edits, save)
    relation, fact = about or (None, None)
    payload = edit_payload(
        model,
        result,
        relation=relation and relation.name,
        fact=fact,
        saved=None if save is None else str(save),
        **words,
    )
    print_result(payload, edit_lines, as_json)
