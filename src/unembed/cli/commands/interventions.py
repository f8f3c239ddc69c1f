"""`ablate`: what changes in a prediction when something inside the model is changed."""

from pathlib import Path
from typing import Annotated

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_lines, spot
from unembed.cli.options import MemoryOpt, ModelOptions, SourceOptions, budget
from unembed.cli.output import Output


@app.command()
@takes
def ablate(
    *,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="The token that is read; the top prediction by default.")
    ] = None,
    site: Annotated[
        str,
        typer.Option(help="Which parts: head, attention, mlp, neuron, expert; cross_head, cross_attention."),
    ] = "head",
    position: Annotated[
        str, typer.Option("--position", "-p", help="Where parts are set: last, all, or an index.")
    ] = "last",
    how: Annotated[str, typer.Option(help="zero, or mean: the mean over the prompts of --text.")] = "zero",
    text: Annotated[Path | None, typer.Option(help="A file of prompts for the mean, one a line.")] = None,
    layer: Annotated[list[int] | None, typer.Option(help="Only parts of this layer (repeatable).")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many effects to show; --json has all.")] = 15,
    memory: MemoryOpt = None,
    source: SourceOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Set each head, sublayer, neuron or expert to zero, one by one, and tell what that does to a prediction."""
    from unembed.methods.ablate import ablate as run

    texts, allowed = read_lines(text) or None, budget(memory)
    loaded, words = source.load(model)
    out.work(
        lambda progress: run(
            loaded,
            words,
            target,
            site=site,  # type: ignore[arg-type]
            position=spot(position),
            how=how,  # type: ignore[arg-type]
            texts=texts,
            layers=layer or None,
            memory=allowed,
            progress=progress,
        ),
        top=top,
    )
