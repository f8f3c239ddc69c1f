"""`graph`: words, heads and neurons as a graph that adds up to a prediction."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import (
    AnswerOpt,
    MemoryOpt,
    ModelOptions,
    Options,
    SourceOptions,
    TargetOpt,
    TopOpt,
    seed_option,
    swap_words,
)
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
    answer: AnswerOpt = None
    other: Annotated[
        Any,
        typer.Option(
            "--swap",
            metavar="WORD=OTHER",
            parser=swap_words,
            help="Explain how far the logit differs from that of the prompt with one word replaced.",
        ),
    ] = None
    nodes: Annotated[int, typer.Option(min=1, help="How many nodes the graph shows, the largest first.")] = 60
    by: Annotated[str, typer.Option(help="head+mlp with each MLP as one node, or head+neuron.")] = "head+mlp"
    rule: Annotated[
        str, typer.Option(help="What of a gated neuron is held: gate, or relp (its product shared in halves).")
    ] = "gate"


@dataclass(frozen=True)
class GraphTests(Options):
    """What is tried in exact runs, and what is told besides: the keywords of `Graph.tested`."""

    no_test: Annotated[bool, typer.Option("--no-test", help="Change no nodes, one by one and all together.")] = False
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="Also change every node there is, and score as many of the largest effects (minutes)."
        ),
    ] = False
    why: Annotated[
        int, typer.Option(min=0, metavar="N", help="Also why the N heads of largest worth attended as they did.")
    ] = 0
    memory: MemoryOpt = None
    seed: Annotated[int, seed_option("the random graphs that the score stands beside")] = 0

    def __post_init__(self) -> None:
        if self.no_test and self.exact:
            raise InputError("Expected --exact or --no-test, found both.")


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
    tests: GraphTests,
    model: ModelOptions,
    out: GraphOutput,
) -> None:
    """Words, heads and neurons as a graph that adds up to the prediction, each node beside what its removal does."""
    from unembed.methods.graph.graph import graph as run

    loaded, text = prompt.load(model)
    words: Any = made.words()
    found = run(loaded, text, **words)
    found = found.why(tests.why) if tests.why else found
    if tests.no_test:
        out.show(found, top=out.top)
    else:
        tried: Any = tests.words("no_test", "why")
        found = out.work(lambda progress: found.tested(**tried, progress=progress), top=out.top)
    files.write(found)
