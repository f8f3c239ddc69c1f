"""Options that several commands share: groups as dataclasses, which `takes` flattens, and single ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.inputs import read_prompt
from unembed.cli.output import progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.models.model import Model

PromptArg = Annotated[str, typer.Argument(help="The prompt; - reads standard input.")]
DeviceOpt = Annotated[str | None, typer.Option(help="A torch device; the GPU by default, where there is one.")]
DtypeOpt = Annotated[str | None, typer.Option(help="float32, bfloat16, float16, float64; that of the file by default.")]
OfflineOpt = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
TargetOpt = Annotated[
    str | None, typer.Option("--target", "-t", help="The token to explain; the top prediction by default.")
]
TokensOpt = Annotated[int, typer.Option("--tokens", "-n", min=1, help="How many tokens to emit at most.")]
TemperatureOpt = Annotated[float, typer.Option(min=0, help="0 takes the top prediction.")]
SampleSeedOpt = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the sampling.")]
MemoryOpt = Annotated[
    str | None,
    typer.Option(help="Memory for the work beyond the model: 500MB, 2GiB, or bytes; a quarter of what is free."),
]
AudioOpt = Annotated[Path | None, typer.Option(help="A WAV file, as the source of a model that reads sound.")]
DecoderPromptOpt = Annotated[
    str | None, typer.Option(help="Of an encoder-decoder: the text its decoder has emitted so far; none by default.")
]


def budget(memory: str | None) -> int | None:
    """The bytes of `--memory`; None where it is not given.

    Raises:
        InputError: it is no amount of memory.
    """
    from unembed.engine.memory import parse_bytes

    return None if memory is None else parse_bytes(memory)


@dataclass(frozen=True)
class ModelOptions:
    """Which model is loaded, how, and with which edits of its weights."""

    edits: Annotated[
        list[str] | None,
        typer.Option("--edits", help="A file of weight edits that are applied for this command (repeatable)."),
    ] = None
    name: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="smollm2-135m, a toy (toy/two-layer), a hub id, a Hugging Face folder, or a GGUF file.",
        ),
    ] = "smollm2-135m"
    device: DeviceOpt = None
    dtype: DtypeOpt = None
    offline: OfflineOpt = False
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="An adapter of peft, merged into the weights; none leaves one beside them out."
        ),
    ] = None

    def load(self, *, sources: bool = False) -> "Model":
        """The model, checked, with its edits applied; a bar while it is converted or fetched.

        Args:
            sources: whether the command takes a source for an encoder-decoder; the others refuse one.

        Raises:
            InputError: an encoder-decoder, for a command that takes no source.
            ModelError: as `load`.
        """
        from unembed.loading.load import load

        with progress_bar() as progress:
            how: dict[str, Any] = {"adapter": self.adapter, "device": self.device, "dtype": self.dtype}
            model = load(self.name, **how, offline=self.offline, progress=progress)
        if not sources:
            from unembed.models.model import decoders_only

            decoders_only(model, "This command")
        if self.edits:
            from unembed.methods.knowledge.weight_edits import apply_edits, load_edits

            for file in [load_edits(path, model) for path in self.edits]:
                apply_edits(model, file)
        return model


@dataclass(frozen=True)
class PredictionOptions:
    """Which prediction is explained, and against what."""

    target: TargetOpt = None
    versus: Annotated[str | None, typer.Option("--vs", help="Explain the difference to this token's logit.")] = None
    reference: Annotated[str, typer.Option(help="mean: above the vocabulary mean; raw: the plain logit.")] = "mean"
    position: Annotated[
        int, typer.Option("--position", "-p", help="Where the prediction is made; -1 is the last token.")
    ] = -1

    @property
    def readout(self) -> dict[str, Any]:
        """All but the target, as the keywords of `readout` and of the methods that read one."""
        return {"versus": self.versus, "reference": self.reference, "position": self.position}


@dataclass(frozen=True)
class SourceOptions:
    """A prompt, and what an encoder-decoder reads. Contradictions are refused before a model is loaded."""

    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT", help="The prompt (of an encoder-decoder: its source); - reads standard input."
        ),
    ] = None
    audio: AudioOpt = None
    image: Annotated[Path | None, typer.Option(help="An image file, for a model that reads one within its prompt.")] = (
        None
    )
    decoder_prompt: DecoderPromptOpt = None
    decoder_ids: Annotated[
        str | None, typer.Option(metavar="1,2,3", help="The same as exact token ids, start token included.")
    ] = None

    def __post_init__(self) -> None:
        if self.prompt is None and self.audio is None:
            raise InputError("There is no prompt: give it as the argument, or - to read standard input.")
        if self.decoder_prompt is not None and self.decoder_ids is not None:
            raise InputError("Expected --decoder-prompt or --decoder-ids, found both.")

    def load(self, options: ModelOptions) -> "tuple[Model, str | Sequence[int]]":
        """The model with its source, and the prompt of its decoder; a decoder alone takes the prompt as it is.

        Raises:
            InputError: options that contradict the model.
            ModelError: as `load`.
        """
        from unembed.models.read_source import with_image, with_source

        model = options.load(sources=True)
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
