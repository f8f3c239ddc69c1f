"""`ablate`: what changes in a prediction when something inside the model is changed."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_lines, spot
from unembed.cli.options import (
    AnswerOpt,
    MemoryOpt,
    ModelOptions,
    Options,
    SourceOptions,
    TargetOpt,
    TopOpt,
    file_option,
)
from unembed.cli.output import Output
from unembed.errors import InputError


def _parts(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@dataclass(frozen=True)
class AblateOptions(Options):
    """What is set to what: the keywords of `ablate`."""

    target: TargetOpt = None
    answer: AnswerOpt = None
    site: Annotated[
        str,
        typer.Option(
            help="Which parts: head, attention, mlp, neuron, expert; cross_head, cross_attention; inside an encoder "
            "enc.head, enc.attention, enc.mlp, enc.neuron."
        ),
    ] = "head"
    position: Annotated[
        str | None,
        typer.Option(
            "--position",
            "-p",
            parser=spot,
            help="Where parts are set: last, all, or an index; last by default, inside an encoder all.",
        ),
    ] = None
    how: Annotated[str, typer.Option(help="zero, or mean: the mean over the prompts of --text.")] = "zero"
    texts: Annotated[Any, file_option("A file of prompts for the mean, one a line.", read_lines, "--text")] = None
    layers: Annotated[list[int] | None, typer.Option("--layer", help="Only parts of this layer (repeatable).")] = None
    parts: Annotated[
        Any,
        typer.Option(
            metavar="L23.H4,L12.H0",
            parser=_parts,
            help="Only these parts, set to zero together.",
        ),
    ] = None
    top: TopOpt = 15
    memory: MemoryOpt = None

    def __post_init__(self) -> None:
        alone = {"--answer": self.answer, "--position": self.position, "--text": self.texts, "--layer": self.layers}
        wrong = [name for name, value in alone.items() if value not in (None, [])]
        if self.parts is not None and (wrong or self.how != "zero"):
            more = ", ".join([*wrong, *(["--how"] if self.how != "zero" else [])])
            raise InputError(f"--parts sets the parts that it names to zero where the prompt asks: leave {more} out.")


@app.command()
@takes
def ablate(options: AblateOptions, source: SourceOptions, model: ModelOptions, out: Output) -> None:
    """Set each head, sublayer, neuron or expert to zero, one by one, and tell what that does to a prediction; with
    --parts, those that are named, together."""
    from unembed.methods.ablate import ablate as run

    loaded, text = source.load(model)
    if options.parts is not None:
        from unembed.methods.intervene import Change, intervene
        from unembed.models.parts import Part

        changes = [Change(Part.parse(name), "zero") for name in options.parts]
        out.work(lambda progress: intervene(loaded, text, options.target, changes, progress=progress))
        return
    out.work(lambda progress: run(loaded, text, **options.words("top", "parts"), progress=progress), top=options.top)
