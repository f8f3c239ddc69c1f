"""`knowledge attribute`, `find`, `memory`, `facts`: the neurons in which facts are stored, and what they hold."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.interventions import read_lines
from unembed.cli.options import (
    DeviceOpt,
    DtypeOpt,
    EditsOpt,
    JsonOpt,
    MemoryOpt,
    ModelOpt,
    OfflineOpt,
    PromptArg,
)
from unembed.cli.reports import HtmlOpt, check_report, state_of, write_report
from unembed.cli.shared import load_model, print_result, progress_bar, read_prompt
from unembed.errors import InputError, Interrupted

if TYPE_CHECKING:
    from unembed.methods.knowledge.facts import Fact, Relation
    from unembed.methods.knowledge.neurons import Neuron

knowledge_app = typer.Typer(help="The neurons in which facts are stored: find them, test them, edit them.")

FileArg = Annotated[str | None, typer.Argument(help="A YAML or JSONL file of facts.")]
RelationOpt = Annotated[str | None, typer.Option(help="A relation that ships with the package.")]
SubjectOpt = Annotated[str | None, typer.Option(help="Only the fact about this subject.")]
PathOpt = Annotated[str, typer.Option(help="layer: a layer's neurons move together; neuron: one alone, exact.")]


@knowledge_app.command()
def attribute(
    prompt: PromptArg,
    target: Annotated[str, typer.Option("--target", "-t", help="The answer, with its leading space.")],
    path: PathOpt = "layer",
    quadrature: Annotated[
        str | None, typer.Option(help="Layer path: gauss (by default), refined until complete; or riemann.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Layer path: points of the quadrature; riemann takes 20.")
    ] = None,
    candidates: Annotated[int | None, typer.Option(min=1, help="Neuron path: only the best of the layer path.")] = None,
    baseline: Annotated[str, typer.Option(help="zero, or mean: over the prompts of --text.")] = "zero",
    text: Annotated[
        Path | None, typer.Option(help="Prompts for the mean, one a line; else the shipped facts'.")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="How many neurons to list; 0 lists all.")] = 20,
    html: HtmlOpt = None,
    memory: MemoryOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """How much of an answer's probability each neuron is worth (Dai et al. 2022)."""
    from unembed.engine.memory import parse_bytes
    from unembed.methods.knowledge.attribution import attribute as run
    from unembed.methods.knowledge.attribution import mean_activations
    from unembed.view.payloads import attribute_payload
    from unembed.view.terminal import attribute_lines

    def show(result: Any) -> Any:
        payload = attribute_payload(result, top=top, baseline=baseline)  # type: ignore[arg-type]
        print_result(payload, attribute_lines, as_json)
        return payload

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept_attribution

        state = state_of(loaded, words, target=target)
        return state, kept_attribution(session, state, progress)

    check_report(html)
    if baseline not in ("zero", "mean"):
        raise InputError(f"Expected a baseline of zero or mean, found {baseline!r}.")
    if text is not None and baseline == "zero":
        raise InputError("--text is for the mean: add --baseline mean, or leave it out.")
    words, allowed = read_prompt(prompt), None if memory is None else parse_bytes(memory)
    prompts = (passages_of(text) or _shipped_prompts()) if baseline == "mean" else []
    loaded = load_model(model, device, dtype, offline, edits)
    try:
        with progress_bar() as progress:
            result = run(
                loaded,
                words,
                target,
                path=path,  # type: ignore[arg-type]
                quadrature=quadrature,  # type: ignore[arg-type]
                steps=steps,
                candidates=candidates,
                baseline="zero" if baseline == "zero" else mean_activations(loaded, prompts),
                memory=allowed,
                progress=progress,
            )
    except Interrupted as stop:
        show(stop.result)
        raise
    write_report(html, loaded, show(result), keep)


@knowledge_app.command()
def find(
    file: FileArg = None,
    relation: RelationOpt = None,
    subject: SubjectOpt = None,
    t: Annotated[float, typer.Option("--t", help="Share of the maximum above which a neuron counts.")] = 0.2,
    p: Annotated[float, typer.Option("--p", help="Share of a fact's prompts in which it must.")] = 0.7,
    share: Annotated[float, typer.Option(help="Share of other facts that may have it as well.")] = 0.2,
    limit: Annotated[int, typer.Option(min=1, help="How many facts to compare, at most.")] = 10,
    path: PathOpt = "layer",
    memory: MemoryOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """The knowledge neurons of facts: above a threshold in most paraphrases, and not shared by other facts."""
    from unembed.engine.memory import parse_bytes
    from unembed.methods.knowledge.neurons import find as run
    from unembed.view.payloads import find_payload
    from unembed.view.terminal import find_lines

    facts = read_relation(file, relation)
    allowed = None if memory is None else parse_bytes(memory)
    chosen = _compared(facts, subject, limit)
    loaded = load_model(model, device, dtype, offline, edits)
    with progress_bar() as progress:
        found = run(
            loaded,
            facts,
            facts=chosen,
            t=t,
            p=p,
            share=share,
            path=path,  # type: ignore[arg-type]
            memory=allowed,
            progress=progress,
        )
    print_result(find_payload(loaded, found), find_lines, as_json)


@knowledge_app.command()
def memory(
    places: Annotated[list[str], typer.Argument(help="Neurons such as L24.N1005, or one layer: L24.")],
    text: Annotated[Path | None, typer.Option(help="A text, one passage a line; else the shipped facts.")] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many triggers of each neuron.")] = 10,
    among: Annotated[int, typer.Option(min=1, max=1000, help="How many promoted tokens count as agreement.")] = 10,
    neurons: Annotated[int | None, typer.Option(min=1, help="Of a layer: how many neurons (5).")] = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """What neurons fire on in a text, and what they write then (Geva et al. 2021)."""
    from unembed.methods.knowledge import key_value_memory as kv
    from unembed.methods.knowledge.editing import reference_texts
    from unembed.view.payloads import memory_payload
    from unembed.view.terminal import memory_lines

    layer = _layer(places)
    sites = [] if layer else [neuron.site(None) for neuron in named_neurons(places)]
    if neurons is not None and layer is None:
        raise InputError("--neurons is of a layer, such as L24: leave it out where neurons are named.")
    lines = passages_of(text) or reference_texts()
    loaded = load_model(model, device, dtype, offline, edits)
    with progress_bar() as progress:
        words: Any = {"top": top, "among": among, "progress": progress}
        if layer:
            result = kv.layer_memory(loaded, layer[0], lines, expert=layer[1], neurons=neurons or 5, **words)
        else:
            result = kv.memory(loaded, sites, lines, **words)
    print_result(memory_payload(result), memory_lines, as_json)


@knowledge_app.command()
def facts(as_json: JsonOpt = False) -> None:
    """List the relations of facts that ship with the package."""
    from unembed.methods.knowledge import facts as shipped
    from unembed.view.payloads import facts_payload
    from unembed.view.terminal import facts_lines

    found = [shipped.shipped(name) for name in shipped.relations()]
    print_result(facts_payload(found), lambda payload, _: facts_lines(payload), as_json)


def read_relation(file: str | None, relation: str | None) -> "Relation":
    """The facts of a file, or of a relation that ships with the package.

    Raises:
        InputError: neither or both are given, or the file holds several relations and none is named.
    """
    from unembed.methods.knowledge.facts import read_facts, shipped

    if file is None:
        if relation is None:
            raise InputError("Expected a file of facts, or --relation NAME; `unembed knowledge facts` lists names.")
        return shipped(relation)
    found = {entry.name: entry for entry in read_facts(file)}
    if relation is None and len(found) == 1:
        return next(iter(found.values()))
    if relation not in found:
        raise InputError(f"{file} holds the relations {', '.join(found)}: choose one with --relation.")
    return found[relation]


def fact_about(relation: "Relation", subject: str) -> "Fact":
    """The fact about a subject.

    Raises:
        InputError: there is none.
    """
    found = [fact for fact in relation.facts if fact.subject == subject]
    if not found:
        known = ", ".join(fact.subject for fact in relation.facts[:8])
        raise InputError(f"There is no fact about {subject!r} in {relation.name}: it has {known}, …")
    return found[0]


def passages_of(path: Path | None) -> list[str]:
    """The lines of a text file; none without one."""
    return [] if path is None else read_lines(path)


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


def _compared(relation: "Relation", subject: str | None, limit: int) -> "list[Fact]":
    """The facts that are searched and compared; the one about `subject` first."""
    first = [] if subject is None else [fact_about(relation, subject)]
    return [*first, *(fact for fact in relation.facts if fact not in first)][:limit]


def _shipped_prompts() -> list[str]:
    from unembed.methods.knowledge.facts import relations, shipped

    return [fact.prompts[0] for name in relations() for fact in shipped(name).facts]
