"""`knowledge evaluate`: what knowledge neurons do over a set of facts, beside random neurons."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from unembed.cli.app import takes
from unembed.cli.commands.knowledge import ValuesOptions, knowledge_app
from unembed.cli.options import LoadOptions, ModelOptions
from unembed.cli.output import Output
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.knowledge.facts import Relation
    from unembed.models.model import Model
    from unembed.progress import Progress


@dataclass(frozen=True)
class EvaluateOptions:
    """Which facts are evaluated, and how they are drawn into parts."""

    file: Annotated[str | None, typer.Argument(help="A YAML or JSONL file of facts.")] = None
    relation: Annotated[
        list[str] | None,
        typer.Option(help="A relation of the file, or that ships with the package or the model (repeatable)."),
    ] = None
    limit: Annotated[int, typer.Option(min=3, help="How many facts of each relation, at most.")] = 9
    seed: Annotated[int, typer.Option(min=0, help="Of the draw into parts, and of the intervals.")] = 0

    def relations(self, model: LoadOptions) -> "list[Relation]":
        """Those that are named, else all of the file.

        Raises:
            InputError: neither a file nor a relation, or one that is not there.
        """
        from unembed.loading.weights import folder_of
        from unembed.methods.knowledge.facts import read_facts, relation_for

        names = list(dict.fromkeys(self.relation or ()))
        if self.file is None:
            if not names:
                raise InputError("Expected a file of facts, or --relation NAME; `unembed knowledge facts` lists names.")
            return [relation_for(name, folder_of(model.name)) for name in names]
        found = {entry.name: entry for entry in read_facts(self.file)}
        if wrong := [name for name in names if name not in found]:
            raise InputError(f"{self.file} holds the relations {', '.join(found)}, and no {wrong[0]!r}.")
        return [found[name] for name in names or found]


def _chosen(
    model: "Model", relation: "Relation", options: ValuesOptions, most: int, progress: "Progress"
) -> "Relation":
    from unembed.methods.knowledge.asking import only

    return only(model, relation, options.only or (), most=most, progress=progress)


@knowledge_app.command()
@takes
def evaluate(
    *,
    about: EvaluateOptions,
    options: ValuesOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """What knowledge neurons do to their facts and to others, suppressed and amplified, beside random neurons."""
    from unembed.methods.knowledge.evaluate import evaluate as run

    words = options.words()
    relations = about.relations(model)
    loaded = model.load()
    out.work(
        lambda progress: run(
            loaded,
            [_chosen(loaded, relation, options, about.limit, progress) for relation in relations],
            path=words["path"],
            seed=about.seed,
            keep=words["keep"],
            progress=progress,
        )
    )
