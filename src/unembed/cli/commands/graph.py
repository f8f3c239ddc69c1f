"""`graph`: words, heads and neurons as a graph that adds up to a prediction."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import MemoryOpt, ModelOptions, Options, SourceOptions, TargetOpt, TopOpt
from unembed.cli.output import Output
from unembed.cli.streams import tell
from unembed.errors import InputError
from unembed.files import write_file

if TYPE_CHECKING:
    from unembed.methods.graph.graph import Graph


@dataclass(frozen=True)
class GraphOptions(Options):
    """Of what, and of what the graph is made: the keywords of `graph`."""

    target: TargetOpt = None
    versus: Annotated[str | None, typer.Option("--vs", help="Explain the difference to this token's logit.")] = None
    position: Annotated[
        int | None,
        typer.Option("--position", "-p", help="After which token: the last (-1), or the blank, by default."),
    ] = None
    nodes: Annotated[int, typer.Option(min=1, help="How many nodes the graph shows, the largest first.")] = 60
    by: Annotated[str, typer.Option(help="head+neuron, or head+mlp with each MLP as one node.")] = "head+neuron"
    rule: Annotated[
        str, typer.Option(help="What of a gated neuron is held: gate, or relp (its product shared in halves).")
    ] = "gate"


@dataclass(frozen=True)
class GraphOutput(Output):
    """In which form the graph is printed."""

    top: TopOpt = 12


@dataclass(frozen=True)
class GraphFiles:
    """Files that the graph is written to, for other programs. A path that cannot be written is refused at once."""

    graphml: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Also write GraphML, for Gephi, yEd or networkx.")
    ] = None
    neuronpedia: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Also write the graph JSON that Neuronpedia's viewer reads.")
    ] = None
    svg: Annotated[Path | None, typer.Option(metavar="PATH", help="Also draw it, as SVG.")] = None

    def __post_init__(self) -> None:
        for name, path in vars(self).items():
            if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
                raise InputError(f"Expected --{name} to name a file in a folder that exists, found {path}.")

    def write(self, found: "Graph") -> None:
        """Write those that were asked for.

        Raises:
            InputError: a path that cannot be written, or matplotlib is not installed.
        """
        from unembed.view.graph_files import graphml, neuronpedia
        from unembed.view.payloads import payload_of

        for path, text in ((self.graphml, graphml), (self.neuronpedia, neuronpedia)):
            if path is not None:
                write_file(path, text(payload_of(found)))
                tell(f"wrote {path}")
        if self.svg is not None:
            found.plot().savefig(self.svg, format="svg")
            tell(f"wrote {self.svg}")


@app.command()
@takes
def graph(
    *,
    prompt: SourceOptions,
    made: GraphOptions,
    files: GraphFiles,
    no_test: Annotated[bool, typer.Option("--no-test", help="Do not remove the nodes one by one.")] = False,
    memory: MemoryOpt = None,
    model: ModelOptions,
    out: GraphOutput,
) -> None:
    """Words, heads and neurons as a graph that adds up to the prediction, each node beside what its removal does."""
    from unembed.methods.graph.graph import graph as run

    loaded, text = prompt.load(model)
    words: Any = made.words()
    found = run(loaded, text, **words)
    if no_test:
        out.show(found, top=out.top)
    else:
        budget: Any = memory
        found = out.work(lambda progress: found.tested(memory=budget, progress=progress), top=out.top)
    files.write(found)
