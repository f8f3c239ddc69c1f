"""`ablate`: what changes in a prediction when something inside the model is changed."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from unembed.cli.options import (
    DeviceOpt,
    DtypeOpt,
    EditsOpt,
    JsonOpt,
    MemoryOpt,
    ModelOpt,
    OfflineOpt,
)
from unembed.cli.shared import load_model, print_result, progress_bar
from unembed.cli.sources import AudioOpt, DecoderIdsOpt, DecoderPromptOpt, ImageOpt, PromptOrSourceArg, SourceWords
from unembed.errors import InputError, Interrupted

SpotOpt = Annotated[str, typer.Option("--position", "-p", help="Where parts are set: last, all, or an index.")]


def ablate(
    prompt: PromptOrSourceArg = None,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="The token that is read; the top prediction by default.")
    ] = None,
    site: Annotated[
        str,
        typer.Option(help="Which parts: head, attention, mlp, neuron, expert; cross_head, cross_attention."),
    ] = "head",
    position: SpotOpt = "last",
    how: Annotated[str, typer.Option(help="zero, or mean: the mean over the prompts of --text.")] = "zero",
    text: Annotated[Path | None, typer.Option(help="A file of prompts for the mean, one a line.")] = None,
    layer: Annotated[list[int] | None, typer.Option(help="Only parts of this layer (repeatable).")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many effects to show; --json has all.")] = 15,
    memory: MemoryOpt = None,
    audio: AudioOpt = None,
    image: ImageOpt = None,
    decoder_prompt: DecoderPromptOpt = None,
    decoder_ids: DecoderIdsOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Set each head, sublayer, neuron or expert to zero, one by one, and tell what that does to a prediction."""
    from unembed.engine.memory import parse_bytes
    from unembed.methods.ablate import ablate as run
    from unembed.view.payloads import ablate_payload
    from unembed.view.terminal import ablate_lines

    def show(result: Any) -> None:
        print_result(ablate_payload(result), lambda payload, paper: ablate_lines(payload, paper, top=top), as_json)

    texts = None if text is None else read_lines(text)
    allowed = None if memory is None else parse_bytes(memory)
    source = SourceWords(prompt, audio, image, decoder_prompt, decoder_ids)
    loaded, words = source.read(load_model(model, device, dtype, offline, edits, sources=True))
    try:
        with progress_bar() as progress:
            result = run(
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
            )
    except Interrupted as stop:
        show(stop.result)
        raise
    show(result)


def spot(position: str) -> Any:
    """`last`, `all`, or an index as a number; what it must not be is for the command to say."""
    return int(position) if re.fullmatch(r"[+-]?\d+", position) else position


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty.

    Raises:
        InputError: there is no such file, it is no text, or it has no lines.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path} as a UTF-8 text of one prompt a line: {error}.") from error
    if not lines:
        raise InputError(f"{path} is empty: expected at least one prompt, one a line.")
    return lines
