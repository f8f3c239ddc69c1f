"""`circuit`: edges between the parts of a model, and how much of a difference they carry."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_prompt, read_text
from unembed.cli.options import ModelOptions, Options, TopOpt, file_option, seed_option, share_of
from unembed.cli.output import Output, progress_bar
from unembed.cli.streams import say
from unembed.errors import InputError
from unembed.files import parse_json


class _Circuit(TyperGroup):
    """The commands about circuits. Of what names none, `find` takes words and `head` options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read `circuit ioi` as `circuit find ioi`, `circuit --layer 23 --head 4` as `circuit head ...`."""
        named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if named else ["head" if args[0].startswith("-") else "find", *args])


circuit_app = typer.Typer(
    cls=_Circuit,
    help="Circuits: edges that carry a difference between two prompts; what a head does by its weights.",
)
app.add_typer(circuit_app, name="circuit", no_args_is_help=True)


def _edges(path: str) -> Any:
    from unembed.methods.edges.circuit import read_edges

    try:
        found = parse_json(read_text(path, "a JSON file of edges"))
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}.") from error
    return read_edges(found, path)


@dataclass(frozen=True)
class FindOptions(Options):
    """How edges are scored and chosen: the fields of `Choice`."""

    method: Annotated[
        str,
        typer.Option(
            help="Scores of edges: eap-ig, eap, eap-ig-activations, relp, gim, flow, edge-patching; "
            "of nodes: atp, node-patching."
        ),
    ] = "eap-ig"
    steps: Annotated[int, typer.Option(min=1, help="Of integrated gradients.")] = 5
    size: Annotated[
        float, typer.Option("--size", parser=share_of, metavar="SHARE", help="Of all edges: 1% or 0.01.")
    ] = 0.01
    ablation: Annotated[
        str,
        typer.Option(help="What edges outside carry: corrupted, mean (over the prompts that score), zero."),
    ] = "corrupted"
    seed: Annotated[int, seed_option("the prompts, the random circuit and the bootstrap samples")] = 0


@dataclass(frozen=True)
class FormatOptions:
    """Other forms than lines and JSON."""

    graphml: Annotated[bool, typer.Option("--graphml", help="Print GraphML, as graph editors read it.")] = False
    mib: Annotated[bool, typer.Option("--mib", help="Print the JSON of MIB and EAP-IG: every edge, in or out.")] = False

    def __post_init__(self) -> None:
        if self.graphml and self.mib:
            raise InputError("Expected one form of output, found --graphml and --mib.")


@circuit_app.command()
@takes
def find(
    *,
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK|FILE", help="ioi, greater-than, induction, agreement, facts; or a .jsonl file of prompts."
        ),
    ],
    prompts: Annotated[
        int | None,
        typer.Option("--prompts", "-n", min=1, help="How many pairs: of a task 20, of a file all, unless it is said."),
    ] = None,
    options: FindOptions,
    form: FormatOptions,
    top: TopOpt = 10,
    model: ModelOptions,
    out: Output,
) -> None:
    """Find the edges that carry a behaviour on half of its prompts, and measure them on the other half."""
    from unembed.methods.edges.find import Choice, find_circuit
    from unembed.methods.edges.forms import graphml, mib_json
    from unembed.methods.edges.tasks import task_prompts

    read = _prompts(task, prompts) if task.endswith(".jsonl") else None
    loaded = model.load()
    pairs = task_prompts(loaded, task, prompts or 20, seed=options.seed) if read is None else read
    choice = Choice(**options.words())
    if not (form.graphml or form.mib):
        out.work(lambda progress: find_circuit(loaded, pairs, choice, progress=progress), top=top)
        return
    with progress_bar() as progress:
        found = find_circuit(loaded, pairs, choice, progress=progress)
    say(graphml(found) if form.graphml else mib_json(found))


def _prompts(path: str, count: int | None) -> Any:
    """The first pairs of a file; None takes all."""
    from unembed.methods.edges.tasks import read_prompts

    found = read_prompts(read_text(path, "a UTF-8 text of one pair of prompts a line"), path)
    if count is not None and count > len(found):
        raise InputError(f"{path} has {len(found)} pairs of prompts, and --prompts asks for {count}.")
    return found[:count]


@dataclass(frozen=True)
class PairOptions:
    """Two prompts, and what is read of them."""

    clean: Annotated[
        str, typer.Option(parser=read_prompt, help="The prompt that shows the behaviour; - reads standard input.")
    ]
    corrupt: Annotated[str, typer.Option(help="The same prompt with what matters changed, of as many tokens.")]
    target: Annotated[str, typer.Option("--target", "-t", help="The token that the clean prompt asks for.")]
    versus: Annotated[str, typer.Option("--vs", help="The other token of the difference of logits.")]


@circuit_app.command()
@takes
def evaluate(
    *,
    pair: PairOptions,
    edges: Annotated[
        Any, file_option('A JSON file of edges, an array of [sender, reader]: [["a3.h2", "m5"]].', _edges)
    ],
    top: TopOpt = 10,
    model: ModelOptions,
    out: Output,
) -> None:
    """How much of the difference between two prompts some edges carry: all others give what they gave corrupted."""
    from unembed.methods.edges.circuit import evaluate_circuit

    loaded = model.load()
    out.work(lambda _: evaluate_circuit(loaded, pair.clean, pair.corrupt, pair.target, pair.versus, edges), top=top)
