"""`knowledge suppress`, `amplify`, `update`, `erase`: edits of weights, with reports of what they do."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import takes
from unembed.cli.commands.knowledge import (
    FactOptions,
    FactsOpt,
    SearchOptions,
    SharedSearch,
    knowledge_app,
    named_neurons,
    read_relation,
)
from unembed.cli.inputs import read_lines
from unembed.cli.options import ModelOptions, file_option
from unembed.cli.output import Output, progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.knowledge.comparison import Make
    from unembed.methods.knowledge.facts import Fact, Relation
    from unembed.methods.knowledge.neurons import Neuron
    from unembed.methods.knowledge.report import Groups
    from unembed.methods.knowledge.weight_edits import WeightEdits
    from unembed.models.model import Model
    from unembed.progress import Progress
    from unembed.view.payloads.editing import Edited

NeuronsArg = Annotated[
    list[str] | None, typer.Argument(help="Neurons such as L24.N1005; without any, those found for the fact.")
]


@dataclass(frozen=True)
class NeuronFactOptions(FactOptions):
    """Which fact; its file is an option, since the argument names neurons."""

    file: FactsOpt = None


@dataclass(frozen=True)
class OwnSearch(SearchOptions):
    """How the neurons of a fact are looked for where none are named."""

    def check(self, named: list[str] | None) -> None:
        """Refuse options of a search where neurons are named."""
        if named and self.asked:
            raise InputError("Neurons are named, so none are looked for: leave --t, --p, --share and --limit out.")

    @property
    def asked(self) -> bool:
        """Whether any is given."""
        return any(value is not None for value in vars(self).values())

    def neurons(
        self, model: "Model", named: list[str] | None, about: "tuple[Relation, Fact] | None"
    ) -> "frozenset[Neuron]":
        """The neurons that are named, else those that are found for the fact."""
        if named:
            return named_neurons(named)
        assert about is not None
        with progress_bar() as progress:
            found, by = self.found(model, *about, progress=progress).facts[0], self.criteria
        if not found.refined:
            raise InputError(
                f"No neuron is {found.fact.subject}'s own at t = {by.t:g}, p = {by.p:g}, share = {by.share:g}; "
                f"{len(found.kept)} are left without refining.\n"
                "Lower --t or --p, or raise --share."
            )
        return found.refined


@dataclass(frozen=True)
class TrialOptions:
    """On which text an edit is tried, and where it is kept."""

    text: Annotated[Any, file_option("A text for the perplexity, one passage a line.", read_lines)] = None
    save: Annotated[Path | None, typer.Option(help="Write the edit to this file, for --edits.")] = None

    def run(self, model: "Model", make: "Make", groups: "Groups", edited: "Edited", out: Output) -> None:
        """Make an edit, measure it beside its control, keep it if asked, and show what it does."""
        from unembed.methods.knowledge.comparison import report_beside_control
        from unembed.methods.knowledge.weight_edits import save_edits
        from unembed.view.payloads.editing import edit_payload

        with progress_bar() as progress:
            result = report_beside_control(model, make, edited.neurons, groups, text=self.text or (), progress=progress)
        if self.save is not None:
            save_edits(result.edits, self.save)
        out.show(edit_payload(model, result, edited, saved=None if self.save is None else str(self.save)))


def _neighbours(model: "Model", relation: "Relation | None", fact: "Fact | None", file: str | None) -> "Groups":
    """What is asked about an edit; the other relations of a file are unrelated prompts."""
    from unembed.methods.knowledge.comparison import neighbours
    from unembed.methods.knowledge.facts import read_facts

    return neighbours(model, relation, fact, known=read_facts(file) if file else ())


@knowledge_app.command()
@takes
def suppress(
    *,
    neurons: NeuronsArg = None,
    fact: NeuronFactOptions,
    search: OwnSearch,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Set the value rows of neurons to zero, and tell what that does to a fact and to others."""
    _scale("suppress", neurons, fact, search, trial, model, out)


@knowledge_app.command()
@takes
def amplify(
    *,
    neurons: NeuronsArg = None,
    fact: NeuronFactOptions,
    search: OwnSearch,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Double the value rows of neurons, and tell what that does to a fact and to others."""
    _scale("amplify", neurons, fact, search, trial, model, out)


def _scale(
    action: Any,
    named: list[str] | None,
    fact: FactOptions,
    search: OwnSearch,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    from unembed.methods.knowledge import editing
    from unembed.view.payloads.editing import Edited

    about = None
    if fact.file is not None or fact.relation is not None:
        about = fact.one(model)
    elif fact.subject is not None or not named:
        raise InputError("Expected neurons such as L24.N1005, or a fact: --relation NAME --subject SUBJECT.")
    search.check(named)
    loaded = model.load()
    relation, own = about or (None, None)
    edited = Edited(action, search.neurons(loaded, named, about), relation and relation.name, own)
    make = {"suppress": editing.suppress, "amplify": editing.amplify}[action]
    trial.run(
        loaded, lambda chosen, _: make(loaded, chosen), _neighbours(loaded, relation, own, fact.file), edited, out
    )


@dataclass(frozen=True)
class UpdateOptions:
    """How a fact gets another answer."""

    method: Annotated[str, typer.Option(help="rome: a rank-one edit; value: of the fact's neurons (Dai et al.).")] = (
        "rome"
    )
    layer: Annotated[int | None, typer.Option(help="ROME: the layer that is edited.")] = None
    strength: Annotated[
        float | None, typer.Option(min=0, help="value: how much (0.05); 1 is the paper's, far too much here.")
    ] = None
    hold_out: Annotated[
        bool, typer.Option("--hold-out/--all-prompts", help="Make the edit with every second prompt, test on the rest.")
    ] = True
    neuron: Annotated[list[str] | None, typer.Option(help="value: a neuron (repeatable); else found.")] = None


@knowledge_app.command()
@takes
def update(
    to: Annotated[str, typer.Option("--to", help="The new answer.")],
    fact: FactOptions,
    options: UpdateOptions,
    search: OwnSearch,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Give a fact another answer, and tell whether that holds on unseen prompts and what else it changes."""
    from unembed.methods.knowledge import editing
    from unembed.methods.knowledge.asking import asked_of
    from unembed.view.payloads.editing import Edited

    relation, own = fact.one(model)
    target, method = editing.new_target(own, to), options.method
    if search.asked and method == "rome":
        raise InputError("ROME edits a layer and looks for no neurons: leave --t, --p, --share and --limit out.")
    search.check(options.neuron)
    named = named_neurons(options.neuron)
    editing.editor(method, named, layer=options.layer, strength=options.strength)  # refused before a model is loaded
    loaded = model.load()
    own = asked_of(loaded, own)
    asked_of(loaded, replace(own, answer=to.strip(), target=target))  # refuses the new answer before the search
    made = own.prompts[0::2] if options.hold_out else own.prompts
    chosen = search.neurons(loaded, options.neuron, (relation, own)) if method == "value" else named

    def make(neurons: "Collection[Neuron]", progress: "Progress") -> "WeightEdits":
        by = editing.editor(method, neurons, layer=options.layer, strength=options.strength)
        return editing.update(loaded, own, to, by=by, prompts=made, progress=progress)

    groups = _neighbours(loaded, relation, own, fact.file).of_update(own.prompts, made, target)
    edited = Edited("update", chosen, relation.name, own, to.strip(), method)  # type: ignore[arg-type]  # as was checked
    trial.run(loaded, make, groups, edited, out)


@knowledge_app.command()
@takes
def erase(
    *,
    relation: Annotated[str, typer.Argument(help="A relation that ships, is beside the model, or of --facts.")],
    facts: FactsOpt = None,
    search: SharedSearch,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Suppress the neurons that most facts of a relation share, and tell what that does to all of its facts."""
    from unembed.methods.knowledge import editing
    from unembed.view.payloads.editing import Edited

    chosen = read_relation(facts, relation, model)
    loaded = model.load()
    with progress_bar() as progress:
        shared = search.found(loaded, chosen, None, progress=progress).shared
    edited = Edited("erase", shared, chosen.name)
    groups = _neighbours(loaded, chosen, None, facts)
    trial.run(loaded, lambda neurons, _: editing.erase(loaded, relation, neurons), groups, edited, out)
