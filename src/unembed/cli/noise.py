"""`noise`: what heads do when the values of other tokens carry nothing."""

from pathlib import Path
from typing import Annotated

import typer

from unembed.cli.options import DeviceOpt, DtypeOpt, EditsOpt, JsonOpt, ModelOpt, OfflineOpt, PromptArg
from unembed.cli.shared import load_model, print_result, progress_bar, read_prompt, read_text
from unembed.errors import InputError


def noise(
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
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Does a token attend to itself when the values of others are noise? The claim, tested head by head."""
    from unembed.methods.heads.noise import noise as run
    from unembed.view.payloads.noise import noise_payload
    from unembed.view.terminal.noise import noise_lines

    asked, chosen = read_prompt(prompt), _strengths(strengths)
    unrelated = None if text is None else read_text(text)
    loaded = load_model(model, device, dtype, offline, edits)
    with progress_bar() as progress:
        result = run(loaded, asked, position=position, strengths=chosen, seeds=seeds, text=unrelated, progress=progress)
    print_result(noise_payload(result), lambda payload, paper: noise_lines(payload, paper, top=top), as_json)


def _strengths(text: str) -> list[float]:
    try:
        return [float(strength) for strength in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected --strengths to be numbers such as 0.5,1,2, found {text!r}.") from error
