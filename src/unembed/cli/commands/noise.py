"""`noise`: what heads do when the values of other tokens carry nothing."""

from pathlib import Path
from typing import Annotated

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_prompt, read_text
from unembed.cli.options import ModelOptions, PromptArg
from unembed.cli.output import Output
from unembed.errors import InputError


@app.command()
@takes
def noise(
    *,
    prompt: PromptArg,
    position: Annotated[
        int | None,
        typer.Option("--position", "-p", help="Read attention at this token only; at all but the first by default."),
    ] = None,
    strengths: Annotated[
        str, typer.Option(help="Of the noise, in units of the rms of a layer's values, with commas in between.")
    ] = "0.25,0.5,1,2,4",
    seeds: Annotated[int, typer.Option(help="Runs a strength, two at least.")] = 8,
    text: Annotated[
        Path | None, typer.Option(help="A file of unrelated text; paragraphs that ship by default.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many heads to show; --json has all.")] = 10,
    model: ModelOptions,
    out: Output,
) -> None:
    """Does a token attend to itself when the values of others are noise? The claim, tested head by head."""
    from unembed.methods.heads.noise import noise as run

    asked, chosen = read_prompt(prompt), _strengths(strengths)
    words = {"position": position, "strengths": chosen, "seeds": seeds, "text": text and read_text(text)}
    loaded = model.load()
    out.work(lambda progress: run(loaded, asked, progress=progress, **words), top=top)


def _strengths(text: str) -> list[float]:
    try:
        return [float(strength) for strength in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected --strengths to be numbers such as 0.5,1,2, found {text!r}.") from error
