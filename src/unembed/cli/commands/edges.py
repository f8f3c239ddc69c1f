"""`circuit`: edges between the parts of a model, and how much of a difference they carry."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_prompt, read_text
from unembed.cli.options import ModelOptions, TopOpt, file_option
from unembed.cli.output import Output
from unembed.errors import InputError
from unembed.files import parse_json


class _Circuit(TyperGroup):
    """The commands about circuits; one that is not named is `head`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read `circuit --layer 23 --head 4` as `circuit head --layer 23 --head 4`."""
        named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if named else ["head", *args])


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
