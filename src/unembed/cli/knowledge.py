"""`knowledge`: the neurons in which facts are stored; find them, test them, edit them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.facts import Fact, Relation

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
    quadrature: Annotated[str, typer.Option(help="gauss, refined until complete; or riemann.")] = "gauss",
    steps: Annotated[int | None, typer.Option(min=1, help="Points of the quadrature; riemann takes 20.")] = None,
    candidates: Annotated[int | None, typer.Option(min=1, help="Neuron path: only the best of the layer path.")] = None,
    baseline: Annotated[str, typer.Option(help="zero, or mean: over the prompts of --text.")] = "zero",
    text: Annotated[str | None, typer.Option(help="Prompts for the mean, one a line; else the facts'.")] = None,
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
    from unembed.knowledge_attribution import attribute as run
    from unembed.knowledge_attribution import mean_activations
    from unembed.memory import parse_bytes
    from unembed.view.payloads import attribute_payload
    from unembed.view.terminal import attribute_lines

    check_report(html)
    if baseline not in ("zero", "mean"):
        raise InputError(f"Expected a baseline of zero or mean, found {baseline!r}.")
    words, allowed = read_prompt(prompt), None if memory is None else parse_bytes(memory)
    prompts = _texts(text) if baseline == "mean" else []
    loaded = load_model(model, device, dtype, offline, edits)
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
    payload = attribute_payload(result, top=top, baseline=baseline)  # type: ignore[arg-type]
    print_result(payload, attribute_lines, as_json)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.server.kept import kept_attribution

        state = state_of(words, target=target)
        return state, kept_attribution(session, state, progress)

    write_report(html, loaded, payload, keep)


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
    from unembed.knowledge_neurons import find as run
    from unembed.memory import parse_bytes
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
def facts(as_json: JsonOpt = False) -> None:
    """List the relations of facts that ship with the package."""
    from unembed import facts as shipped
    from unembed.view.payloads import facts_payload
    from unembed.view.terminal import facts_lines

    found = [shipped.shipped(name) for name in shipped.relations()]
    print_result(facts_payload(found), lambda payload, _: facts_lines(payload), as_json)


def read_relation(file: str | None, relation: str | None) -> "Relation":
    """The facts of a file, or of a relation that ships with the package.

    Raises:
        InputError: neither or both are given, or the file holds several relations and none is named.
    """
    from unembed.facts import read_facts, shipped

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


def _compared(relation: "Relation", subject: str | None, limit: int) -> "list[Fact]":
    """The facts that are searched and compared; the one about `subject` first."""
    first = [] if subject is None else [fact_about(relation, subject)]
    return [*first, *(fact for fact in relation.facts if fact not in first)][:limit]


def _texts(path: str | None) -> list[Any]:
    if path is not None:
        from pathlib import Path

        from unembed.cli.interventions import read_lines

        return list(read_lines(Path(path)))
    from unembed.facts import relations, shipped

    return [fact.prompts[0] for name in relations() for fact in shipped(name).facts]
