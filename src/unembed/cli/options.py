"""Options that several commands share: groups as dataclasses, which `takes` flattens, and single ones.

The annotation of an option is of what is typed; where it has a `parser`, the command gets what that makes of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.inputs import read_ids, read_messages, read_prompt
from unembed.cli.output import progress_bar
from unembed.cli.streams import wait_for, waited
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.models.model import Model
    from unembed.models.prompts import Given


def _bytes(text: str) -> int:
    from unembed.engine.memory import parse_bytes

    return parse_bytes(text)


def seed_option(of: str) -> Any:
    """The option of a seed; `of` is what is drawn with it."""
    return typer.Option(min=0, max=2**63 - 1, help=f"The seed of {of}; the same seed gives the same numbers.")


def file_option(help: str, read: Callable[[str], Any], *names: str) -> Any:
    """The option of a file that is read at once; the command gets what `read` makes of it."""
    return typer.Option(*names, metavar="<path>", parser=read, help=help)


def share_of(typed: str | float) -> float:
    """A share that was typed as 1% or 0.01.

    Raises:
        InputError: it is no number.
    """
    text = str(typed)  # typer parses the default as well
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise InputError(f"Expected a size such as 1% or 0.01, the share of all edges; found {text!r}.") from error


OfflineOpt = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
TargetOpt = Annotated[
    str | None, typer.Option("--target", "-t", help="The token to explain; the top prediction by default.")
]
AnswerOpt = Annotated[
    str | None,
    typer.Option(
        "--answer",
        metavar="TEXT",
        help="A whole answer in the target's place, with its leading space: all of its tokens, each after those before "
        "it. auto: what the model says by itself.",
    ),
]
TopOpt = Annotated[int, typer.Option(min=1, help="How many to list, the strongest first; --json has all.")]
MemoryOpt = Annotated[
    str | None,
    typer.Option(
        parser=_bytes, help="Memory for the work beyond the model: 500MB, 2GiB, or bytes; a quarter of what is free."
    ),
]
AudioOpt = Annotated[Path | None, typer.Option(help="A WAV file, as the source of a model that reads sound.")]
DecoderPromptOpt = Annotated[
    str | None, typer.Option(help="Of an encoder-decoder: the text its decoder has emitted so far; none by default.")
]


class Options:
    """A group of options that are named as the keywords of a method."""

    def words(self, *without: str) -> dict[str, Any]:
        """The options as keywords, without some."""
        return {name: value for name, value in vars(self).items() if name not in without}


@dataclass(frozen=True)
class LoadOptions:
    """Which model is loaded, and how."""

    name: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="smollm2-135m, a toy (toy/two-layer), a hub id, a Hugging Face folder, or a GGUF file.",
        ),
    ] = "smollm2-135m"
    device: Annotated[str | None, typer.Option(help="A torch device; the GPU by default, where there is one.")] = None
    dtype: Annotated[
        str | None, typer.Option(help="float32, bfloat16, float16, float64; that of the file by default.")
    ] = None
    offline: OfflineOpt = False
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="An adapter of peft (a folder or a hub id), merged into the weights; none leaves one beside them out.",
        ),
    ] = None
    special: Annotated[
        str, typer.Option(help="Special tokens before a prompt: auto (as its tokenizer begins, once), none, as-typed.")
    ] = "auto"
    mask: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What a prompt writes for a masked model's blank, beside [MASK].")
    ] = None

    def load(self, *, sources: bool = False) -> "Model":
        """The model, checked; a bar while it is converted or fetched.

        Args:
            sources: whether the command takes a source for an encoder-decoder; the others refuse one.

        Raises:
            InputError: an encoder-decoder, for a command that takes no source.
            ModelError: as `load`.
        """
        from unembed.loading.load import load
        from unembed.models.blanks import with_mask
        from unembed.models.special import with_special

        wait_for(f"loading {self.name} …")
        with progress_bar() as progress:
            how: dict[str, Any] = {"adapter": self.adapter, "device": self.device, "dtype": self.dtype}
            model = load(self.name, **how, offline=self.offline, progress=progress)
        model = with_mask(with_special(model, self.special), self.mask)
        waited()
        if not sources:
            from unembed.models.refusals import decoders_only

            decoders_only(model, "This command")
        return model


@dataclass(frozen=True)
class ModelOptions(LoadOptions):
    """Which model is loaded, how, and with which edits of its weights."""

    edits: Annotated[
        list[str] | None,
        typer.Option("--edits", help="A file of weight edits that are applied for this command (repeatable)."),
    ] = None

    def load(self, *, sources: bool = False) -> "Model":
        """The model, with its edits applied; as `LoadOptions.load`."""
        model = super().load(sources=sources)
        if self.edits:
            from unembed.methods.knowledge.weight_edits import apply_edits, load_edits

            for file in [load_edits(path, model) for path in self.edits]:
                apply_edits(model, file)
        return model


@dataclass(frozen=True)
class PredictionOptions(Options):
    """Which prediction is explained, and against what: the keywords of `readout`."""

    target: TargetOpt = None
    versus: Annotated[str | None, typer.Option("--vs", help="Explain the difference to this token's logit.")] = None
    reference: Annotated[str, typer.Option(help="mean: above the vocabulary mean; raw: the plain logit.")] = "mean"
    position: Annotated[
        int | None,
        typer.Option(
            "--position",
            "-p",
            help="Where the prediction is made: at the last token (-1), or at the blank of a masked language model, by "
            "default.",
        ),
    ] = None


@dataclass(frozen=True)
class AnswerOptions(Options):
    """A whole answer that is explained in the place of a prediction."""

    answer: AnswerOpt = None
    answer_tokens: Annotated[
        int, typer.Option(min=1, metavar="N", help="With --answer auto: how many tokens at most.")
    ] = 20

    def refuse(self, options: Mapping[str, object]) -> None:
        """Refuse options that are of a single prediction.

        Args:
            options: by name, each None or False where it was left out.

        Raises:
            InputError: one was given.
        """
        wrong = [name for name, value in options.items() if value is not None and value is not False]
        if wrong:
            raise InputError(f"An answer is explained as a whole, all of its tokens: leave out {', '.join(wrong)}.")


@dataclass(frozen=True)
class HeadOptions(Options):
    """Which head."""

    layer: Annotated[int, typer.Option(help="The layer of the head.")]
    head: Annotated[int, typer.Option(help="The head.")]


@dataclass(frozen=True)
class SamplingOptions(Options):
    """How a prompt is continued: the keywords of `generate`."""

    tokens: Annotated[int, typer.Option("--tokens", "-n", min=1, help="How many tokens to emit at most.")] = 20
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the top prediction.")] = 0.0
    seed: Annotated[int, seed_option("the sampling")] = 0


def swap_words(text: str) -> tuple[str, str]:
    """The two words of `--swap`.

    Raises:
        InputError: there is no `=` between two words.
    """
    old, equals, new = text.partition("=")
    if not equals:
        raise InputError(f"Expected --swap to be WORD=OTHER, such as France=Germany; found {text!r}.")
    return old, new


def as_given(text: str, *, chat: bool, system: str | None) -> "Given":
    """A prompt in words as the methods take it: the messages of a chat, or the text.

    Raises:
        InputError: a system message outside a chat.
    """
    if system is not None and not chat:
        raise InputError("--system is a part of a chat: give --chat too.")
    said = [] if system is None else [{"role": "system", "content": system}]
    return [*said, {"role": "user", "content": text}] if chat else text


@dataclass(frozen=True)
class PromptOptions:
    """One prompt: text, what a user says in a chat, or token ids. Two of them are refused before a model is loaded."""

    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT",
            parser=read_prompt,
            help="The prompt (of an encoder-decoder: its source); - reads standard input. After -- where it begins "
            "with -.",
        ),
    ] = None
    written: Annotated[
        str | None, typer.Option("--prompt", metavar="TEXT", help="The prompt, whatever it begins with.")
    ] = None
    ids: Annotated[
        Any, typer.Option(metavar="1,2,3", parser=read_ids, help="The prompt as token ids, as without a tokenizer.")
    ] = None
    chat: Annotated[
        bool, typer.Option("--chat", help="The prompt is what a user says, through the chat template of the model.")
    ] = False
    system: Annotated[str | None, typer.Option(help="With --chat: what the system message says.")] = None
    messages: Annotated[
        Any,
        file_option("A JSON file of messages, a list of {role, content}, in the prompt's place.", read_messages),
    ] = None

    def __post_init__(self) -> None:
        as_given("", chat=self.chat, system=self.system)  # refuses what contradicts
        every = {"PROMPT": self.prompt, "--prompt": self.written, "--ids": self.ids, "--messages": self.messages}
        given = [name for name, value in every.items() if value is not None]
        if len(given) > 1:
            raise InputError(f"Expected one prompt, found {' and '.join(given)}.")
        if self.chat and given and self.text is None:
            raise InputError(f"--chat is of what a user says in words: leave it out, or {given[0]}.")
        if not given and self._needs_prompt:
            raise InputError(
                "There is no prompt: give it as the argument, or - to read standard input.\n"
                "One that begins with - stands after --, or after --prompt."
            )

    @property
    def _needs_prompt(self) -> bool:
        return True

    @property
    def text(self) -> str | None:
        """The prompt in words."""
        return self.written if self.prompt is None else self.prompt

    @property
    def is_chat(self) -> bool:
        """Whether messages are asked for."""
        return self.chat or self.messages is not None

    @property
    def given(self) -> "Given":
        """The prompt as the methods take it."""
        if self.messages is not None or self.ids is not None:
            return self.ids if self.messages is None else self.messages
        return as_given(self.text or "", chat=self.chat, system=self.system)

    def load(self, options: ModelOptions) -> "tuple[Model, Given]":
        """The model and the prompt.

        Raises:
            InputError: an encoder-decoder, whose source is another prompt.
            ModelError: as `load`.
        """
        return options.load(), self.given


@dataclass(frozen=True)
class SourceOptions(PromptOptions):
    """A prompt, and what an encoder-decoder reads."""

    audio: AudioOpt = None
    image: Annotated[Path | None, typer.Option(help="An image file, for a model that reads one within its prompt.")] = (
        None
    )
    decoder_prompt: DecoderPromptOpt = None
    decoder_ids: Annotated[
        Any,
        typer.Option(metavar="1,2,3", parser=read_ids, help="The same as exact token ids, start token included."),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.decoder_prompt is not None and self.decoder_ids is not None:
            raise InputError("Expected --decoder-prompt or --decoder-ids, found both.")
        if self.image is not None and self.text is None:
            raise InputError("--image is read within a prompt of text: give the prompt in words.")

    @property
    def _needs_prompt(self) -> bool:
        return self.audio is None

    def load(self, options: ModelOptions) -> "tuple[Model, Given]":
        """The model with its source, and the prompt of its decoder; a decoder alone takes the prompt as it is.

        Raises:
            InputError: options that contradict the model.
            ModelError: as `load`.
        """
        from unembed.models.read_source import with_image, with_source

        model = options.load(sources=True)
        if model.encoder is None:
            refuse_of_decoder(model, audio=self.audio, decoder_prompt=self.decoder_prompt, decoder_ids=self.decoder_ids)
            return (model, self.given) if self.image is None else with_image(model, self.text or "", self.image)
        if self.is_chat:
            raise InputError(f"{model.name} is an encoder-decoder, whose source is no chat: leave --chat out.")
        if self.image is not None:
            raise InputError(f"{model.name} reads no image: leave --image out.")
        read = with_source(model, self.text if self.ids is None else self.ids, audio=self.audio)
        return read, (self.decoder_prompt or "") if self.decoder_ids is None else self.decoder_ids


def refuse_of_decoder(model: "Model", **options: object) -> None:
    """Refuse options of encoder-decoders for a decoder alone.

    Raises:
        InputError: one was given.
    """
    wrong = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if wrong:
        raise InputError(f"{model.name} is {model.alone}: it reads a prompt, and no {' or '.join(wrong)}.")
