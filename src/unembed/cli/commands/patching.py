"""`patch`, `trace`, `steer`: values moved between runs, restored, or added."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_ids, read_prompt, spot
from unembed.cli.options import (
    AnswerOpt,
    DecoderPromptOpt,
    MemoryOpt,
    ModelOptions,
    Options,
    PromptOptions,
    SamplingOptions,
    SourceOptions,
    TopOpt,
    as_given,
    refuse_of_decoder,
    seed_option,
)
from unembed.cli.output import HtmlOptions, Output, page_state, page_text
from unembed.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from unembed.models.model import Model
    from unembed.models.prompts import Given
    from unembed.runs.run import Run

_ReadOpt = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        help="The token that is read; the clean top prediction by default.",
    ),
]


def _pairs(text: str) -> dict[int, int]:
    try:
        pairs = [(int(clean), int(corrupt)) for clean, corrupt in (pair.split(":") for pair in text.split(","))]
    except ValueError as error:
        raise InputError(f"Expected --align to be pairs such as 0:0,1:2, found {text!r}.") from error
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"--align pairs a position twice: {text!r}.")
    return dict(pairs)


@dataclass(frozen=True)
class PairOptions:
    """Two prompts, in words or as token ids."""

    clean: Annotated[
        str | None, typer.Argument(help="The prompt that shows the behaviour; - reads standard input.")
    ] = None
    corrupt: Annotated[str | None, typer.Argument(help="The same prompt with what matters changed, or -.")] = None
    ids: Annotated[
        list[str] | None,
        typer.Option(metavar="1,2,3", help="Twice: the two prompts as token ids, as without a tokenizer."),
    ] = None
    audio: Annotated[
        list[Path] | None,
        typer.Option(help="Twice: two WAV files, as the sources of a model that reads sound, in the prompts' place."),
    ] = None
    chat: Annotated[bool, typer.Option("--chat", help="Both are what a user says, through the chat template.")] = False
    system: Annotated[str | None, typer.Option(help="With --chat: what the system message says.")] = None

    def prompts(self) -> "tuple[Given, Given]":
        """Both, as `patch` takes them.

        Raises:
            InputError: fewer or more than two, or options that contradict each other.
        """
        words = [word for word in (self.clean, self.corrupt) if word is not None]
        if self.audio:
            if len(self.audio) != 2 or words or self.ids:
                raise InputError("Expected two sounds and no other prompt: --audio CLEAN.wav --audio CORRUPT.wav.")
            return str(self.audio[0]), str(self.audio[1])
        if len(words) + len(self.ids or ()) != 2 or len(words) == 1:
            raise InputError(
                "Expected two prompts, CLEAN and CORRUPT, or --ids twice. A prompt that begins with - stands after --."
            )
        if words == ["-", "-"]:
            raise InputError("Standard input holds one prompt: give the other one in words.")
        if self.ids and self.chat:
            raise InputError("--chat is of what a user says in words: leave it out, or --ids.")
        if self.ids:
            return read_ids(self.ids[0]), read_ids(self.ids[1])
        clean, corrupt = (as_given(read_prompt(word), chat=self.chat, system=self.system) for word in words)
        return clean, corrupt


@dataclass(frozen=True)
class DecoderOptions:
    """What the decoder of an encoder-decoder reads; CLEAN and CORRUPT are its two sources then."""

    decoder_prompt: DecoderPromptOpt = None
    decoder_ids: Annotated[
        Any,
        typer.Option(metavar="1,2,3", parser=read_ids, help="The same as exact token ids, start token included."),
    ] = None

    def __post_init__(self) -> None:
        if self.decoder_prompt is not None and self.decoder_ids is not None:
            raise InputError("Expected --decoder-prompt or --decoder-ids, found both.")

    def refuse(self, model: "Model", pair: PairOptions) -> None:
        """Refuse what a decoder alone does not read."""
        refuse_of_decoder(model, audio=pair.audio, decoder_prompt=self.decoder_prompt, decoder_ids=self.decoder_ids)

    def runs(self, model: "Model", sources: "tuple[Given, Given]", pair: PairOptions) -> "tuple[Run, Run]":
        """The runs of one decoder prompt over two sources.

        Raises:
            InputError: sources as a chat.
        """
        from unembed.models.read_source import with_source
        from unembed.runs.record import record

        if pair.chat:
            raise InputError(f"{model.name} is an encoder-decoder, whose source is no chat: leave --chat out.")
        prompt = (self.decoder_prompt or "") if self.decoder_ids is None else self.decoder_ids
        word = "audio" if pair.audio else "text"
        clean, corrupt = (record(with_source(model, **{word: source}), prompt) for source in sources)  # type: ignore[arg-type]
        return clean, corrupt


@dataclass(frozen=True)
class PatchOptions(Options):
    """What is patched, and what is read: the keywords of `patch`."""

    target: _ReadOpt = None
    answer: AnswerOpt = None
    versus: Annotated[
        str | None, typer.Option("--vs", help="The other token of the difference; the corrupt top prediction.")
    ] = None
    site: Annotated[
        str,
        typer.Option(
            help="resid_pre, resid_mid, resid_post, attention, mlp, head or neuron; of an encoder-decoder also "
            "cross_attention, cross_head, and inside the encoder enc.resid_pre, enc.head and so on."
        ),
    ] = "resid_pre"
    direction: Annotated[
        str, typer.Option(help="denoise: the corrupt run with clean values; noise: the reverse; or both.")
    ] = "denoise"
    position: Annotated[str, typer.Option("--position", "-p", parser=spot, help="all, last, or an index.")] = "all"
    metric: Annotated[
        str | None,
        typer.Option(
            help="logit-difference (the default), log-probability (that of --answer), probability, or kl.",
        ),
    ] = None
    layers: Annotated[
        list[int] | None, typer.Option("--layer", help="Only this layer (repeatable); neurons need one.")
    ] = None
    align: Annotated[
        str | None,
        typer.Option(parser=_pairs, help="Positions that correspond, CLEAN:CORRUPT, such as 0:0,1:2,2:3."),
    ] = None
    group: Annotated[
        int | None,
        typer.Option(min=1, help="Neighbouring positions that are patched together: 1; of a sound a thirtieth of it."),
    ] = None
    top: TopOpt = 10
    memory: MemoryOpt = None


@app.command()
@takes
def patch(
    pair: PairOptions,
    options: PatchOptions,
    decoder: DecoderOptions,
    report: HtmlOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Swap one value at a time between two prompts' runs: where is the difference between their answers carried?"""
    from unembed.methods.patch import patch as run
    from unembed.view.payloads import payload_of, to_json

    prompts = pair.prompts()
    loaded = model.load(sources=True)
    if loaded.encoder is None:
        decoder.refuse(loaded, pair)
    asked: Any = (loaded, *prompts) if loaded.encoder is None else decoder.runs(loaded, prompts, pair)
    result = out.work(lambda progress: run(*asked, **options.words("top"), progress=progress), top=options.top)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept_of_two, kept_of_two_sources

        if loaded.encoder is not None:
            clean = asked[0]
            given = clean.tokens if clean.text is None else clean.text
            state = page_state(clean.model, given, target=options.target, vs=options.versus)
            return state, kept_of_two_sources(session, state, to_json(payload_of(result)), progress)
        state = page_state(
            loaded,
            prompts[0],
            view="compare",
            b=page_text(loaded, prompts[1]),
            target=options.target,
            vs=options.versus,
        )
        return state, kept_of_two(session, state, to_json(payload_of(result)), progress)

    report.write(report.session(result.model), payload_of(result), keep)


@dataclass(frozen=True)
class TraceOptions(Options):
    """What gets noise and what is restored: the keywords of `causal_trace`. One of the first two is needed."""

    subject: Annotated[str | None, typer.Option("--subject", "-s", help="The part of the prompt that gets noise.")] = (
        None
    )
    subject_position: Annotated[
        list[int] | None, typer.Option(help="A position that gets noise, instead of --subject (repeatable).")
    ] = None
    target: _ReadOpt = None
    site: Annotated[str, typer.Option(help="What is restored: resid_pre, resid_mid, resid_post, attention or mlp.")] = (
        "resid_post"
    )
    window: Annotated[int, typer.Option(min=1, help="How many layers are restored together.")] = 1
    noise: Annotated[float, typer.Option(help="In standard deviations of the embeddings.")] = 3.0
    samples: Annotated[int, typer.Option(min=1, help="How many draws of the noise.")] = 10
    seed: Annotated[int, seed_option("the noise")] = 0
    top: TopOpt = 10
    memory: MemoryOpt = None

    def __post_init__(self) -> None:
        if (self.subject is None) == (not self.subject_position):
            raise InputError("Expected what gets noise: either --subject TEXT or --subject-position N.")


@app.command()
@takes
def trace(prompt: PromptOptions, options: TraceOptions, model: ModelOptions, out: Output) -> None:
    """Causal tracing: put noise on the subject, restore one state at a time, and see where the answer comes back."""
    from unembed.methods.causal_trace import causal_trace as run

    words = options.words("subject_position", "top")
    words["subject"] = options.subject_position if options.subject is None else options.subject
    loaded, text = prompt.load(model)
    out.work(lambda progress: run(loaded, text, **words, progress=progress), top=options.top)


@dataclass(frozen=True)
class DirectionOptions:
    """The direction of steering: the sum of everything that is asked for."""

    add: Annotated[
        list[str] | None,
        typer.Option(help="A token, or a .npy or .safetensors file with a direction (repeatable: their sum)."),
    ] = None
    toward: Annotated[str | None, typer.Option(help="A prompt: the direction is what its last position holds ...")] = (
        None
    )
    away: Annotated[str | None, typer.Option(help="... minus what this prompt's holds.")] = None

    def __post_init__(self) -> None:
        if not self.add and self.toward is None:
            raise InputError("Expected a direction: --add a token or file, or --toward (and --away) a prompt.")
        if self.toward is None and self.away is not None:
            raise InputError("--away is subtracted from --toward: give both.")

    def read(self, model: "Model", layer: int, site: str) -> "Tensor":
        """The direction; that of prompts is read at a site."""
        from unembed.methods import directions

        files = (".npy", ".safetensors")
        parts = [
            directions.from_file(model, word) if Path(word).suffix in files else directions.token(model, word)
            for word in self.add or ()
        ]
        if self.toward is not None:
            parts.append(directions.difference(model, self.toward, self.away, layer=layer, site=site))
        return sum((part.double() for part in parts[1:]), parts[0].double())


@dataclass(frozen=True)
class SteerOptions(Options):
    """Where the direction is added, and how much of it."""

    layer: Annotated[int, typer.Option(help="Where the direction is added.")]
    scale: Annotated[float, typer.Option(help="How much of the direction; negative steers the other way.")] = 1.0
    site: Annotated[
        str, typer.Option(help="resid_post, attention or mlp; inside an encoder enc.resid_post and so on.")
    ] = "resid_post"


@app.command()
@takes
def steer(
    prompt: SourceOptions,
    options: SteerOptions,
    direction: DirectionOptions,
    sampling: SamplingOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Continue a prompt with a direction added to the stream at every position, and without."""
    from unembed.methods.steer import steer as run
    from unembed.models.refusals import next_token_only

    loaded, text = prompt.load(model)
    next_token_only(loaded, "Steering a continuation")  # before its direction is read of prompts without a blank
    added = direction.read(loaded, options.layer, options.site)
    out.work(lambda _: run(loaded, text, added, **options.words(), **sampling.words()))
