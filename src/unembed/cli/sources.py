"""What an encoder-decoder reads: the options for its source and for its decoder's prompt, and how they meet a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unembed.cli.shared import read_prompt
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.model import Model

PromptOrSourceArg = Annotated[
    str | None,
    typer.Argument(metavar="PROMPT", help="The prompt (of an encoder-decoder: its source); - reads standard input."),
]
AudioOpt = Annotated[Path | None, typer.Option(help="A WAV file, as the source of a model that reads sound.")]
ImageOpt = Annotated[Path | None, typer.Option(help="An image file, for a model that reads one within its prompt.")]
DecoderPromptOpt = Annotated[
    str | None, typer.Option(help="Of an encoder-decoder: the text its decoder has emitted so far; none by default.")
]
DecoderIdsOpt = Annotated[
    str | None, typer.Option(metavar="1,2,3", help="The same as exact token ids, start token included.")
]


def read_sources(
    model: "Model",
    prompt: str | None,
    *,
    audio: Path | None = None,
    image: Path | None = None,
    decoder_prompt: str | None = None,
    decoder_ids: str | None = None,
) -> "tuple[Model, str | Sequence[int]]":
    """The model with its source, and the prompt of its decoder; a decoder alone takes the prompt as it is.

    Raises:
        InputError: options that contradict each other or the model.
    """
    from unembed.encoding import with_image, with_source

    if model.encoder is None:
        text = _plain_prompt(model, prompt, audio, decoder_prompt, decoder_ids)
        return (model, text) if image is None else with_image(model, text, image)
    if image is not None:
        raise InputError(f"{model.name} reads no image: leave --image out.")
    if decoder_prompt is not None and decoder_ids is not None:
        raise InputError("Expected --decoder-prompt or --decoder-ids, found both.")
    text = None if prompt is None else read_prompt(prompt)
    read = with_source(model, text, audio=audio)
    return read, (decoder_prompt or "") if decoder_ids is None else _ids(decoder_ids)


def _plain_prompt(
    model: "Model", prompt: str | None, audio: Path | None, decoder_prompt: str | None, decoder_ids: str | None
) -> str:
    given = {"--audio": audio, "--decoder-prompt": decoder_prompt, "--decoder-ids": decoder_ids}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise InputError(f"{model.name} is a decoder only: it reads a prompt, and no {' or '.join(wrong)}.")
    if prompt is None:
        raise InputError("There is no prompt: give it as the argument, or - to read standard input.")
    return read_prompt(prompt)


def _ids(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected --decoder-ids to be token ids such as 1,2,3; found {text!r}.") from error
