"""`noise`: what heads do when the values of other tokens carry nothing."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_text
from unembed.cli.options import ModelOptions, Options, PromptOptions, TopOpt, file_option
from unembed.cli.output import Output
from unembed.errors import InputError


def _strengths(text: str) -> list[float]:
    try:
        return [float(strength) for strength in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected --strengths to be numbers such as 0.5,1,2, found {text!r}.") from error


@dataclass(frozen=True)
class NoiseOptions(Options):
    """Which noise, and where attention is read: the keywords of `noise`."""

    position: Annotated[
        int | None,
        typer.Option("--position", "-p", help="Read attention at this token only; at all but the first by default."),
    ] = None
    strengths: Annotated[
        str,
        typer.Option(
            parser=_strengths, help="Of the noise, in units of the rms of a layer's values, with commas in between."
        ),
    ] = "0.25,0.5,1,2,4"
    seeds: Annotated[int, typer.Option(help="Runs a strength, two at least.")] = 8
    text: Annotated[Any, file_option("A file of unrelated text; paragraphs that ship by default.", read_text)] = None
    top: TopOpt = 10


@app.command()
@takes
def noise(prompt: PromptOptions, options: NoiseOptions, model: ModelOptions, out: Output) -> None:
    """Does a token attend to itself when the values of others are noise? The claim, tested head by head."""
    from unembed.methods.heads.noise import noise as run

    loaded, text = prompt.load(model)
    out.work(lambda progress: run(loaded, text, **options.words("top"), progress=progress), top=options.top)
