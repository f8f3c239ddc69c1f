"""`knowledge suppress`, `amplify`, `update`, `erase`: edits of weights, with reports of what they do."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import takes
from unembed.cli.commands.knowledge import (
    FactOptions,
    FileArg,
    compared,
    knowledge_app,
    named_neurons,
    read_relation,
)
from unembed.cli.inputs import read_lines
from unembed.cli.options import ModelOptions
from unembed.cli.output import Output, progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.knowledge.comparison import Make
    from unembed.methods.knowledge.facts import Fact, Relation
    from unembed.methods.knowledge.neurons import Found, Neuron
    from unembed.methods.knowledge.weight_edits import WeightEdits
    from unembed.models.model import Model
    from unembed.progress import Progress

About = tuple["Relation", "Fact | None"]
NeuronsArg = Annotated[
    list[str] | None, typer.Argument(help="Neurons such as L24.N1005; without any, those found for the fact.")
]
FactsOpt = Annotated[str | None, typer.Option("--facts", help="A YAML or JSONL file of facts.")]
TOpt = Annotated[
    float | None, typer.Option("--t", help="Found neurons: share of the maximum above which one counts (0.2).")
]
POpt = Annotated[
    float | None, typer.Option("--p", help="Found neurons: share of a fact's prompts in which one must (0.7).")
]
LimitOpt = Annotated[int | None, typer.Option(min=1, help="Found neurons: how many facts are compared (10).")]


@dataclass(frozen=True)
class SearchOptions:
    """How neurons are looked for where none are named; None takes the default."""

    t: TOpt = None
    p: POpt = None
    share: Annotated[
        float | None, typer.Option(help="Found neurons: share of other facts that may have one as well (0.2).")
    ] = None
    limit: LimitOpt = None

    def check(self, named: list[str] | None) -> None:
        """Refuse options of a search where neurons are named."""
        if named and self.asked:
            raise InputError("Neurons are named, so none are looked for: leave --t, --p, --share and --limit out.")

    @property
    def asked(self) -> bool:
        """Whether any is given."""
        return any(value is not None for value in vars(self).values())

    @property
    def shares(self) -> dict[str, float]:
        """The shares, where not given those of the paper."""
        found = {"t": self.t, "p": self.p, "share": self.share}
        return {"t": 0.2, "p": 0.7, "share": 0.2} | {name: v for name, v in found.items() if v is not None}

    def found(self, model: "Model", relation: "Relation", fact: "Fact | None") -> "Found":
        """The neurons of a fact and those it is compared with, or of a relation's facts."""
        from unembed.methods.knowledge.neurons import find

        words: Any = self.shares
        with progress_bar() as progress:
            chosen = compared(relation, fact, self.limit or 10)
            return find(model, relation, facts=chosen, progress=progress, **words)

    def neurons(self, model: "Model", named: list[str] | None, about: About | None) -> "frozenset[Neuron]":
        """The neurons that are named, else those that are found for the fact."""
        if named:
            return named_neurons(named)
        assert about is not None
        found, shares = self.found(model, *about).facts[0], self.shares
        if not found.refined:
            raise InputError(
                f"No neuron is {found.fact.subject}'s own at t = {shares['t']:g}, p = {shares['p']:g}, share = "
                f"{shares['share']:g}; {len(found.kept)} are left without refining.\n"
                "Lower --t or --p, or raise --share."
            )
        return found.refined


@dataclass(frozen=True)
class TrialOptions:
    """On which text an edit is tried, and where it is kept."""

    text: Annotated[Path | None, typer.Option(help="A text for the perplexity, one passage a line.")] = None
    save: Annotated[Path | None, typer.Option(help="Write the edit to this file, for --edits.")] = None


@dataclass(frozen=True)
class _Trial:
    """An edit that is made, measured beside its control, shown, and kept if asked."""

    model: "Model"
    about: About | None
    passages: list[str]
    """For the perplexity."""
    file: str | None
    """Of facts, whose other relations are unrelated prompts."""
    save: Path | None
    out: Output

    def run(self, make: "Make", neurons: "Collection[Neuron]", *, groups: dict[str, Any], **words: Any) -> None:
        """Try an edit; `groups` are the prompts of an update, `words` tell of it in the payload."""
        from unembed.methods.knowledge.comparison import report_beside_control
        from unembed.methods.knowledge.facts import read_facts
        from unembed.methods.knowledge.weight_edits import save_edits
        from unembed.view.payloads.editing import edit_payload

        relation, fact = self.about or (None, None)
        asked: Any = {"relation": relation, "fact": fact, "known": read_facts(self.file) if self.file else (), **groups}
        with progress_bar() as progress:
            result = report_beside_control(self.model, make, neurons, text=self.passages, progress=progress, **asked)
        if self.save is not None:
            save_edits(result.edits, self.save)
        about: Any = {"relation": relation and relation.name, "fact": fact, "saved": self.save and str(self.save)}
        self.out.show(edit_payload(self.model, result, neurons=neurons, **about, **words))


@knowledge_app.command()
@takes
def suppress(
    *,
    neurons: NeuronsArg = None,
    facts: FactsOpt = None,
    fact: FactOptions,
    search: SearchOptions,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Set the value rows of neurons to zero, and tell what that does to a fact and to others."""
    _scale("suppress", neurons, facts, fact, search, trial, model, out)


@knowledge_app.command()
@takes
def amplify(
    *,
    neurons: NeuronsArg = None,
    facts: FactsOpt = None,
    fact: FactOptions,
    search: SearchOptions,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Double the value rows of neurons, and tell what that does to a fact and to others."""
    _scale("amplify", neurons, facts, fact, search, trial, model, out)


def _scale(
    action: str,
    named: list[str] | None,
    file: str | None,
    fact: FactOptions,
    search: SearchOptions,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    from unembed.methods.knowledge import editing

    about = None
    if file is not None or fact.relation is not None:
        about = fact.one(file)
    elif fact.subject is not None or not named:
        raise InputError("Expected neurons such as L24.N1005, or a fact: --relation NAME --subject SUBJECT.")
    search.check(named)
    passages = read_lines(trial.text)
    loaded = model.load()
    neurons = search.neurons(loaded, named, about)
    make = {"suppress": editing.suppress, "amplify": editing.amplify}[action]
    made = _Trial(loaded, about, passages, file, trial.save, out)
    made.run(lambda chosen, _: make(loaded, chosen), neurons, groups={}, action=action)


@knowledge_app.command()
@takes
def update(
    *,
    to: Annotated[str, typer.Option("--to", help="The new answer.")],
    file: FileArg = None,
    fact: FactOptions,
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
    search: SearchOptions,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Give a fact another answer, and tell whether that holds on unseen prompts and what else it changes."""
    from unembed.methods.knowledge.editing import new_target
    from unembed.methods.knowledge.editing import update as run

    about = fact.one(file)
    prompts, target = about[1].prompts, new_target(about[1], to)
    if search.asked and method == "rome":
        raise InputError("ROME edits a layer and looks for no neurons: leave --t, --p, --share and --limit out.")
    search.check(neuron)
    passages = read_lines(trial.text)
    loaded = model.load()
    made = prompts[0::2] if hold_out else prompts
    chosen = search.neurons(loaded, neuron, about) if method == "value" else named_neurons(neuron)

    def make(neurons: "Collection[Neuron]", progress: "Progress") -> "WeightEdits":
        words: Any = {"method": method, "neurons": neurons, "prompts": made, "layer": layer, "strength": strength}
        return run(loaded, about[1], to, progress=progress, **words)

    groups = {"new": [(p, target) for p in made], "unseen": [(p, target) for p in prompts if p not in made]}
    tried = _Trial(loaded, about, passages, file, trial.save, out)
    tried.run(make, chosen, groups=groups, action="update", to=to.strip(), method=method)


@knowledge_app.command()
@takes
def erase(
    *,
    relation: Annotated[str, typer.Argument(help="A relation that ships with the package, or of --facts.")],
    facts: FactsOpt = None,
    t: TOpt = None,
    p: POpt = None,
    limit: LimitOpt = None,
    trial: TrialOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Suppress the neurons that most facts of a relation share, and tell what that does to all of its facts."""
    from unembed.methods.knowledge.editing import erase as run

    chosen = read_relation(facts, relation)
    passages = read_lines(trial.text)
    loaded = model.load()
    shared = SearchOptions(t, p, None, limit).found(loaded, chosen, None).shared
    made = _Trial(loaded, (chosen, None), passages, facts, trial.save, out)
    made.run(lambda neurons, _: run(loaded, relation, neurons), shared, groups={}, action="erase")
