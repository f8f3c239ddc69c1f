"""`knowledge suppress`, `amplify`, `update`, `erase`: edits of weights, with reports of what they do."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.knowledge import (
    FileArg,
    RelationOpt,
    SubjectOpt,
    fact_about,
    knowledge_app,
    named_neurons,
    passages_of,
    read_relation,
)
from unembed.cli.options import DeviceOpt, DtypeOpt, EditsOpt, JsonOpt, ModelOpt, OfflineOpt
from unembed.cli.shared import load_model, print_result, progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.knowledge.comparison import Make
    from unembed.methods.knowledge.facts import Fact, Relation
    from unembed.methods.knowledge.neurons import Found, Neuron
    from unembed.methods.knowledge.report import EditReport
    from unembed.methods.knowledge.weight_edits import WeightEdits
    from unembed.models.model import Model
    from unembed.progress import Progress

NeuronsArg = Annotated[
    list[str] | None, typer.Argument(help="Neurons such as L24.N1005; without any, those found for the fact.")
]
FactsOpt = Annotated[str | None, typer.Option("--facts", help="A YAML or JSONL file of facts.")]
SaveOpt = Annotated[Path | None, typer.Option(help="Write the edit to this file, for --edits.")]
TextOpt = Annotated[Path | None, typer.Option(help="A text for the perplexity, one passage a line.")]
TOpt = Annotated[
    float | None, typer.Option("--t", help="Found neurons: share of the maximum above which one counts (0.2).")
]
POpt = Annotated[
    float | None, typer.Option("--p", help="Found neurons: share of a fact's prompts in which one must (0.7).")
]
ShareOpt = Annotated[
    float | None, typer.Option(help="Found neurons: share of other facts that may have one as well (0.2).")
]
LimitOpt = Annotated[int | None, typer.Option(min=1, help="Found neurons: how many facts are compared (10).")]


@knowledge_app.command()
def suppress(
    neurons: NeuronsArg = None,
    facts: FactsOpt = None,
    relation: RelationOpt = None,
    subject: SubjectOpt = None,
    t: TOpt = None,
    p: POpt = None,
    share: ShareOpt = None,
    limit: LimitOpt = None,
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
    about, search = _about(facts, relation, subject, neurons), _Search(t, p, share, limit)
    _check_named(neurons, search)
    passages = passages_of(text)
    loaded = load_model(model, device, dtype, offline, edits)
    _scale(loaded, "suppress", neurons, about, search, passages, save, as_json, file=facts)


@knowledge_app.command()
def amplify(
    neurons: NeuronsArg = None,
    facts: FactsOpt = None,
    relation: RelationOpt = None,
    subject: SubjectOpt = None,
    t: TOpt = None,
    p: POpt = None,
    share: ShareOpt = None,
    limit: LimitOpt = None,
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
    about, search = _about(facts, relation, subject, neurons), _Search(t, p, share, limit)
    _check_named(neurons, search)
    passages = passages_of(text)
    loaded = load_model(model, device, dtype, offline, edits)
    _scale(loaded, "amplify", neurons, about, search, passages, save, as_json, file=facts)


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
        float | None, typer.Option(min=0, help="value: how much (0.05); 1 is the paper's, far too much here.")
    ] = None,
    hold_out: Annotated[
        bool, typer.Option("--hold-out/--all-prompts", help="Make the edit with every second prompt, test on the rest.")
    ] = True,
    neuron: Annotated[list[str] | None, typer.Option(help="value: a neuron (repeatable); else found.")] = None,
    t: TOpt = None,
    p: POpt = None,
    share: ShareOpt = None,
    limit: LimitOpt = None,
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
    from unembed.methods.knowledge.editing import new_target
    from unembed.methods.knowledge.editing import update as run

    about = _one_fact(file, relation, subject)
    target = new_target(about[1], to)
    search = _Search(t, p, share, limit)
    if search.asked and method == "rome":
        raise InputError("ROME edits a layer and looks for no neurons: leave --t, --p, --share and --limit out.")
    _check_named(neuron, search)
    passages = passages_of(text)
    loaded = load_model(model, device, dtype, offline, edits)
    made = about[1].prompts[0::2] if hold_out else about[1].prompts
    chosen = _neurons(loaded, neuron, about, search) if method == "value" else named_neurons(neuron)

    def make(neurons: "Collection[Neuron]", progress: "Progress") -> "WeightEdits":
        words: Any = {"method": method, "neurons": neurons, "prompts": made, "layer": layer, "strength": strength}
        return run(loaded, about[1], to, progress=progress, **words)

    unseen = [(prompt, target) for prompt in about[1].prompts if prompt not in made]
    new = [(prompt, target) for prompt in made]
    result = _report(loaded, make, chosen, about, passages, file, new=new, unseen=unseen)
    _show(loaded, result, save, as_json, action="update", about=about, to=to.strip(), method=method, neurons=chosen)


@knowledge_app.command()
def erase(
    relation: Annotated[str, typer.Argument(help="A relation that ships with the package, or of --facts.")],
    facts: FactsOpt = None,
    t: TOpt = None,
    p: POpt = None,
    limit: LimitOpt = None,
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
    from unembed.methods.knowledge.editing import erase as run

    chosen = read_relation(facts, relation)
    passages = passages_of(text)
    loaded = load_model(model, device, dtype, offline, edits)
    shared = _found(loaded, chosen, None, _Search(t, p, None, limit)).shared
    result = _report(loaded, lambda neurons, _: run(loaded, relation, neurons), shared, (chosen, None), passages, facts)
    _show(loaded, result, save, as_json, action="erase", about=(chosen, None), neurons=shared)


_About = tuple["Relation", "Fact | None"]


def _about(facts: str | None, relation: str | None, subject: str | None, neurons: list[str] | None) -> _About | None:
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


def _check_named(neurons: list[str] | None, search: "_Search") -> None:
    if neurons and search.asked:
        raise InputError("Neurons are named, so none are looked for: leave --t, --p, --share and --limit out.")


@dataclass(frozen=True)
class _Search:
    """How neurons are looked for where none are named; None takes the default."""

    t: float | None
    p: float | None
    share: float | None
    limit: int | None

    @property
    def asked(self) -> bool:
        return any(value is not None for value in (self.t, self.p, self.share, self.limit))

    @property
    def shares(self) -> dict[str, float]:
        found = {"t": self.t, "p": self.p, "share": self.share}
        return {**_SHARES, **{name: value for name, value in found.items() if value is not None}}


_SHARES = {"t": 0.2, "p": 0.7, "share": 0.2}
"""Of the paper."""


def _found(model: "Model", relation: "Relation", fact: "Fact | None", search: _Search) -> "Found":
    from unembed.methods.knowledge.neurons import find

    words: Any = search.shares
    first = [] if fact is None else [fact]
    chosen = [*first, *(other for other in relation.facts if other not in first)][: search.limit or 10]
    with progress_bar() as progress:
        return find(model, relation, facts=chosen, progress=progress, **words)


def _neurons(model: "Model", names: list[str] | None, about: _About | None, search: _Search) -> "frozenset[Neuron]":
    """The neurons that are named, else those that are found for the fact."""
    if names:
        return named_neurons(names)
    assert about is not None
    found, shares = _found(model, *about, search).facts[0], search.shares
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
    about: _About | None,
    search: _Search,
    passages: list[str],
    save: Path | None,
    as_json: bool,
    *,
    file: str | None,
) -> None:
    from unembed.methods.knowledge.editing import amplify, suppress

    neurons = _neurons(model, names, about, search)
    make = {"suppress": suppress, "amplify": amplify}[action]
    result = _report(model, lambda neurons, _: make(model, neurons), neurons, about, passages, file)
    _show(model, result, save, as_json, action=action, about=about, neurons=neurons)


def _report(
    model: "Model",
    make: "Make",
    neurons: "Collection[Neuron]",
    about: _About | None,
    passages: list[str],
    file: str | None,
    **groups: Any,
) -> "EditReport":
    from unembed.methods.knowledge.comparison import report_beside_control
    from unembed.methods.knowledge.facts import read_facts

    relation, fact = about or (None, None)
    known = read_facts(file) if file else ()
    with progress_bar() as progress:
        return report_beside_control(
            model, make, neurons, relation=relation, fact=fact, known=known, text=passages, progress=progress, **groups
        )


def _show(
    model: "Model", result: "EditReport", save: Path | None, as_json: bool, *, about: _About | None, **words: Any
) -> None:
    from unembed.methods.knowledge.weight_edits import save_edits
    from unembed.view.payloads import edit_payload
    from unembed.view.terminal import edit_lines

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
