"""What an encoder-decoder reads: the options for its source and for its decoder's prompt, and how they meet a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unembed.cli.shared import read_prompt
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.models.model import Model

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


@dataclass(frozen=True)
class SourceWords:
    """What was said of prompt and source. Contradictions are refused before a model is loaded."""

    prompt: str | None
    audio: Path | None
    image: Path | None
    decoder_prompt: str | None
    decoder_ids: str | None

    def __post_init__(self) -> None:
        if self.prompt is None and self.audio is None:
            raise InputError("There is no prompt: give it as the argument, or - to read standard input.")
        if self.decoder_prompt is not None and self.decoder_ids is not None:
            raise InputError("Expected --decoder-prompt or --decoder-ids, found both.")

    def read(self, model: "Model") -> "tuple[Model, str | Sequence[int]]":
        """The model with its source, and the prompt of its decoder; a decoder alone takes the prompt as it is.

        Raises:
            InputError: options that contradict the model.
        """
        from unembed.models.read_source import with_image, with_source

        text = None if self.prompt is None else read_prompt(self.prompt)
        if model.encoder is None:
            refuse_of_decoder(model, audio=self.audio, decoder_prompt=self.decoder_prompt, decoder_ids=self.decoder_ids)
            assert text is not None
            return (model, text) if self.image is None else with_image(model, text, self.image)
        if self.image is not None:
            raise InputError(f"{model.name} reads no image: leave --image out.")
        read = with_source(model, text, audio=self.audio)
        return read, (self.decoder_prompt or "") if self.decoder_ids is None else _ids(self.decoder_ids)


def refuse_of_decoder(model: "Model", **options: object) -> None:
    """Refuse options of encoder-decoders for a decoder alone.

    Raises:
        InputError: one was given.
    """
    wrong = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if wrong:
        raise InputError(f"{model.name} is a decoder only: it reads a prompt, and no {' or '.join(wrong)}.")


def _ids(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected --decoder-ids to be token ids such as 1,2,3; found {text!r}.") from error
