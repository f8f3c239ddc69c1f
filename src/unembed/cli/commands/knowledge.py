"""`knowledge attribute`, `find`, `memory`, `facts`: the neurons in which facts are stored, and what they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_lines
from unembed.cli.options import AnswerOpt, LoadOptions, MemoryOpt, ModelOptions, SourceOptions, file_option
from unembed.cli.output import HtmlOptions, Output, page_state
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.knowledge.facts import Fact, Relation
    from unembed.methods.knowledge.find import Found
    from unembed.methods.knowledge.neurons import Criteria, Neuron
    from unembed.models.model import Model
    from unembed.models.prompts import Given

knowledge_app = typer.Typer(help="The neurons in which facts are stored: find them, test them, edit them.")
app.add_typer(knowledge_app, name="knowledge", no_args_is_help=True)

FactsOpt = Annotated[str | None, typer.Option("--facts", help="A YAML or JSONL file of facts.")]
PathOpt = Annotated[str, typer.Option(help="layer: a layer's neurons move together; neuron: one alone, exact.")]


@dataclass(frozen=True)
class FactOptions:
    """Which facts, of those in a file or of a relation that ships with the package or with the model."""

    file: Annotated[str | None, typer.Argument(help="A YAML or JSONL file of facts.")] = None
    relation: Annotated[str | None, typer.Option(help="A relation that ships with the package or the model.")] = None
    subject: Annotated[str | None, typer.Option(help="Only the fact about this subject.")] = None

    def all(self, model: LoadOptions) -> "tuple[Relation, Fact | None]":
        """The relation, and the fact about the subject where one is named; the model is not loaded yet.

        Raises:
            InputError: it is not there.
        """
        found = read_relation(self.file, self.relation, model)
        if self.subject is None:
            return found, None
        about = [fact for fact in found.facts if fact.subject == self.subject]
        if not about:
            known = ", ".join(fact.subject for fact in found.facts[:8])
            notes = "".join(f"\n{note}" for note in found.left_out)
            raise InputError(f"There is no fact about {self.subject!r} in {found.name}: it has {known}, …{notes}")
        return found, about[0]

    def one(self, model: LoadOptions) -> "tuple[Relation, Fact]":
        """The fact, with its relation.

        Raises:
            InputError: it is not there, or the relation has several facts and no subject is named.
        """
        found, fact = self.all(model)
        if fact is None and len(found.facts) != 1:
            known = ", ".join(fact.subject for fact in found.facts[:8])
            raise InputError(f"{found.name} has {len(found.facts)} facts: choose one with --subject ({known}, …).")
        return found, fact or found.facts[0]


@dataclass(frozen=True)
class SharedSearch:
    """How neurons are looked for that the facts of a relation share; None takes the default of the paper."""

    t: Annotated[
        float | None,
        typer.Option("--t", help="Search: a neuron counts above this share of the largest (0.2)."),
    ] = None
    p: Annotated[
        float | None,
        typer.Option("--p", help="Search: a neuron must count in this share of the prompts (0.7)."),
    ] = None
    limit: Annotated[int | None, typer.Option(min=1, help="Search: how many facts to compare, at most (10).")] = None

    @property
    def criteria(self) -> "Criteria":
        """The shares as the search takes them.

        Raises:
            InputError: one out of range.
        """
        from unembed.methods.knowledge.neurons import Criteria

        return Criteria(**{n: value for n, value in vars(self).items() if n != "limit" and value is not None})

    def found(
        self, model: "Model", relation: "Relation", fact: "Fact | None", kinds: Sequence[str] = (), **words: Any
    ) -> "Found":
        """The neurons of a fact and of those it is compared with, or of a relation's facts.

        Args:
            model: that is asked.
            relation: of the facts.
            fact: the one; None is all.
            kinds: only facts that are of these, of those it is compared with.
            words: of `find`.
        """
        from unembed.methods.knowledge.asking import asked_of, only
        from unembed.methods.knowledge.find import find

        chosen = [] if fact is None else [fact]
        for each in chosen:
            asked_of(model, each)  # refuses it: the search itself only leaves out what cannot be asked
        others = relation.of([other for other in relation.facts if other not in chosen])
        most = (self.limit or 10) - len(chosen)
        compared = only(model, others, kinds, most=most, progress=words["progress"]) if most else others.of([])
        return find(model, compared.of([*chosen, *compared.facts]), criteria=self.criteria, **words)


@dataclass(frozen=True)
class SearchOptions(SharedSearch):
    """How the neurons of a fact are looked for."""

    share: Annotated[
        float | None,
        typer.Option(help="Search: a neuron goes that more of the other facts keep (0.2)."),
    ] = None


@dataclass(frozen=True)
class ValuesOptions:
    """How facts are attributed, which of them, and where the values are kept."""

    path: PathOpt = "layer"
    quadrature: Annotated[str | None, typer.Option(help="Layer path: gauss (by default) or riemann.")] = None
    steps: Annotated[int | None, typer.Option(min=1, help="Layer path: points of the quadrature.")] = None
    candidates: Annotated[
        int | None, typer.Option(min=1, help="Neuron path: how many of the layer path are computed exactly (300).")
    ] = None
    only: Annotated[
        list[str] | None,
        typer.Option(help="known: facts that the model answers; one-token: answers of one token. Repeatable."),
    ] = None
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the values of each prompt here: what was killed goes on from them."),
    ] = None

    def words(self) -> "dict[str, Any]":
        """As the search takes them.

        Raises:
            InputError: an unknown word, or what belongs to the other path.
        """
        from unembed.methods.knowledge.asking import check_kinds
        from unembed.methods.knowledge.attribution import path_of

        check_kinds(self.only or ())
        count = 300 if self.path == "neuron" and self.candidates is None else self.candidates
        path = path_of(self.path, quadrature=self.quadrature, steps=self.steps, candidates=count)
        return {"path": path, "kinds": self.only or (), "keep": self.keep}


@dataclass(frozen=True)
class FindOptions(ValuesOptions):
    """The same, and the memory that walks may use."""

    memory: MemoryOpt = None

    def words(self) -> "dict[str, Any]":
        """As the search takes them."""
        return {**super().words(), "memory": self.memory}


@dataclass(frozen=True)
class AttributeOptions:
    """The answer, the path of an attribution, its baseline, and what is listed."""

    target: Annotated[
        str | None, typer.Option("--target", "-t", help="The answer, with its leading space; all of its tokens.")
    ] = None
    answer: AnswerOpt = None
    path: PathOpt = "layer"
    quadrature: Annotated[
        str | None, typer.Option(help="Layer path: gauss (by default), refined until complete; or riemann.")
    ] = None
    steps: Annotated[
        int | None, typer.Option(min=1, help="Layer path: points of the quadrature; riemann takes 20.")
    ] = None
    candidates: Annotated[int | None, typer.Option(min=1, help="Neuron path: only the best of the layer path.")] = None
    baseline: Annotated[str, typer.Option(help="zero, or mean: over the prompts of --text.")] = "zero"
    text: Annotated[
        Any, file_option("Prompts for the mean, one a line; else those of the facts that ship.", read_lines)
    ] = None
    top: Annotated[int, typer.Option(min=0, help="How many neurons to list; 0 lists all.")] = 20
    memory: MemoryOpt = None

    def __post_init__(self) -> None:
        if (self.target is None) == (self.answer is None):
            raise InputError("Expected what is attributed, once: --target TEXT, or --answer TEXT.")
        if self.baseline not in ("zero", "mean"):
            raise InputError(f"Expected a baseline of zero or mean, found {self.baseline!r}.")
        if self.text is not None and self.baseline == "zero":
            raise InputError("--text is for the mean: add --baseline mean, or leave it out.")

    def baseline_of(self, model: "Model") -> Any:
        """The baseline as `attribute` takes it."""
        from unembed.methods.knowledge.asking import reference_prompts
        from unembed.methods.knowledge.attribution import mean_activations

        return "zero" if self.baseline == "zero" else mean_activations(model, self.text or reference_prompts(model))


@knowledge_app.command()
@takes
def attribute(
    prompt: SourceOptions,
    options: AttributeOptions,
    report: HtmlOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """How much of an answer's probability each neuron is worth (Dai et al. 2022)."""
    from unembed.methods.knowledge.attribution import attribute as run
    from unembed.methods.knowledge.attribution import path_of
    from unembed.methods.whole_answer import literally
    from unembed.view.payloads.knowledge import attribute_payload

    path = path_of(options.path, quadrature=options.quadrature, steps=options.steps, candidates=options.candidates)
    loaded, text = prompt.load(model)
    if loaded.encoder is not None:
        text = _asked_of_decoder(loaded, prompt, text)
    asked = options.answer if options.target is None else literally(loaded, text, options.target)
    words: Any = {"target": asked, "path": path, "memory": options.memory}

    def listing(result: Any, top: int = options.top) -> Any:
        return attribute_payload(result, top=top)

    result = out.work(
        lambda progress: run(loaded, text, baseline=options.baseline_of(loaded), progress=progress, **words),
        listing,
    )

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import NEURONS, kept_attribution
        from unembed.models.prompts import continued
        from unembed.view.payloads import to_json

        said = continued(loaded, result.question.prompt, result.question.answer)
        state = page_state(loaded, text, view="facts", target=said if options.target is None else options.target)
        return state, kept_attribution(session, state, to_json(listing(result, NEURONS)), progress)

    report.write(report.session(loaded), listing(result), keep)


def _asked_of_decoder(model: "Model", prompt: SourceOptions, given: "Given") -> "Given":
    """What the decoder is asked with: as it was given, or what asks for the blank of the source.

    Raises:
        InputError: neither a decoder's prompt nor a blank.
    """
    from unembed.models.cloze import cloze_prompt

    if prompt.decoder_prompt is None and prompt.decoder_ids is None and prompt.text is not None:
        return cloze_prompt(model, prompt.text)
    return given


@knowledge_app.command()
@takes
def find(
    *,
    about: FactOptions,
    search: SearchOptions,
    options: FindOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """The knowledge neurons of facts: above a threshold in most paraphrases, and not shared by other facts."""
    from unembed.view.payloads.knowledge import find_payload

    relation, fact = about.all(model)
    words = options.words()
    _ = search.criteria  # refused before a model is loaded
    loaded = model.load(sources=True)
    out.work(
        lambda progress: search.found(loaded, relation, fact, progress=progress, **words),
        lambda found: find_payload(loaded, found),
    )


@knowledge_app.command()
@takes
def memory(
    *,
    places: Annotated[list[str], typer.Argument(help="Neurons such as L24.N1005, or one layer: L24.")],
    text: Annotated[Any, file_option("A text, one passage a line; else the shipped facts.", read_lines)] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many triggers of each neuron.")] = 10,
    among: Annotated[int, typer.Option(min=1, max=1000, help="How many promoted tokens count as agreement.")] = 10,
    neurons: Annotated[int | None, typer.Option(min=1, help="Of a layer: how many neurons (5).")] = None,
    model: ModelOptions,
    out: Output,
) -> None:
    """What neurons fire on in a text, and what they write then (Geva et al. 2021)."""
    from unembed.methods.knowledge import key_value_memory as kv
    from unembed.methods.knowledge.asking import reference_texts

    layer = _layer(places)
    sites = [] if layer else [neuron.site(None) for neuron in named_neurons(places)]
    if neurons is not None and layer is None:
        raise InputError("--neurons is of a layer, such as L24: leave it out where neurons are named.")
    loaded = model.load()
    lines = text or reference_texts(loaded)

    def run(progress: Any) -> Any:
        words: Any = {"top": top, "among": among, "progress": progress}
        if layer:
            return kv.layer_memory(loaded, layer[0], lines, expert=layer[1], neurons=neurons or 5, **words)
        return kv.memory(loaded, sites, lines, **words)

    out.work(run)


@knowledge_app.command()
@takes
def facts(out: Output) -> None:
    """List the relations of facts that ship with the package."""
    from unembed.methods.knowledge import facts as shipped
    from unembed.view.payloads.knowledge import facts_payload

    out.show(facts_payload([shipped.shipped(name) for name in shipped.relations()]))


def read_relation(file: str | None, relation: str | None, model: LoadOptions) -> "Relation":
    """The facts of a file, or of a relation that ships with the package or lies beside the model's weights.

    Raises:
        InputError: neither or both are given, or the file holds several relations and none is named.
        ModelError: a toy that there is not.
    """
    from unembed.loading.weights import folder_of
    from unembed.methods.knowledge.facts import read_facts, relation_for

    if file is None:
        if relation is None:
            raise InputError("Expected a file of facts, or --relation NAME; `unembed knowledge facts` lists names.")
        return relation_for(relation, folder_of(model.name))
    found = {entry.name: entry for entry in read_facts(file)}
    if relation is None and len(found) == 1:
        return next(iter(found.values()))
    if relation not in found:
        raise InputError(f"{file} holds the relations {', '.join(found)}: choose one with --relation.")
    return found[relation]


def named_neurons(names: list[str] | None) -> "frozenset[Neuron]":
    """Neurons such as `L24.N1005`."""
    from unembed.methods.knowledge.neurons import parse_neuron

    return frozenset(parse_neuron(name) for name in names or ())


def _layer(places: list[str]) -> tuple[int, int | None] | None:
    """Layer and expert of `L24` or `L3.E2`; None where neurons are given."""
    match = re.fullmatch(r"L(\d+)(?:\.E(\d+))?", places[0].strip(), re.IGNORECASE)
    if match is None:
        return None
    if len(places) > 1:
        raise InputError("Expected one layer, or neurons such as L24.N1005: not both.")
    return int(match[1]), None if match[2] is None else int(match[2])
