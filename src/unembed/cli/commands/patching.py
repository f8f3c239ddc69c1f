"""`patch`, `trace`, `steer`: values moved between runs, restored, or added."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_prompt, spot
from unembed.cli.options import MemoryOpt, ModelOptions, PromptArg, SampleSeedOpt, TemperatureOpt, TokensOpt, budget
from unembed.cli.output import HtmlOptions, Output, page_state
from unembed.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from unembed.models.model import Model

TopOpt = Annotated[int, typer.Option(min=1, max=1000, help="How many of the strongest to list; --json has all.")]
AnswerOpt = Annotated[
    str | None, typer.Option("--target", "-t", help="What is read; the (clean) top prediction by default.")
]


@app.command()
@takes
def patch(
    *,
    clean: Annotated[str, typer.Argument(help="The prompt that shows the behaviour; - reads standard input.")],
    corrupt: Annotated[str, typer.Argument(help="The same prompt with what matters changed, or -.")],
    target: AnswerOpt = None,
    versus: Annotated[
        str | None, typer.Option("--vs", help="The other token of the difference; the corrupt top prediction.")
    ] = None,
    site: Annotated[
        str, typer.Option(help="resid_pre, resid_mid, resid_post, attention, mlp, head or neuron.")
    ] = "resid_pre",
    direction: Annotated[
        str, typer.Option(help="denoise: the corrupt run with clean values; noise: the reverse; or both.")
    ] = "denoise",
    position: Annotated[str, typer.Option("--position", "-p", help="all, last, or an index.")] = "all",
    metric: Annotated[str, typer.Option(help="logit-difference, probability, or kl.")] = "logit-difference",
    layer: Annotated[list[int] | None, typer.Option(help="Only this layer (repeatable); neurons need one.")] = None,
    align: Annotated[
        str | None, typer.Option(help="Positions that correspond, CLEAN:CORRUPT, such as 0:0,1:2,2:3.")
    ] = None,
    top: TopOpt = 10,
    report: HtmlOptions,
    memory: MemoryOpt = None,
    model: ModelOptions,
    out: Output,
) -> None:
    """Swap one value at a time between two prompts' runs: where is the difference between their answers carried?"""
    from unembed.methods.patch import patch as run
    from unembed.view.payloads import payload_of, to_json

    if clean == corrupt == "-":
        raise InputError("Standard input holds one prompt: give the other one in words.")
    prompts = read_prompt(clean), read_prompt(corrupt)
    pairs = None if align is None else _pairs(align)
    allowed = budget(memory)
    loaded = model.load()
    result = out.work(
        lambda progress: run(
            loaded,
            *prompts,
            target,
            versus,
            site=site,
            direction=direction,
            metric=metric,
            position=spot(position),
            layers=layer or None,
            align=pairs,
            memory=allowed,
            progress=progress,
        ),
        top=top,
    )

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept_of_two

        state = page_state(loaded, prompts[0], b=prompts[1], target=target, vs=versus)
        return state, kept_of_two(session, state, to_json(payload_of(result)), progress)

    report.write(report.session(loaded), payload_of(result), keep)


def _pairs(text: str) -> dict[int, int]:
    try:
        pairs = [(int(clean), int(corrupt)) for clean, corrupt in (pair.split(":") for pair in text.split(","))]
    except ValueError as error:
        raise InputError(f"Expected --align to be pairs such as 0:0,1:2, found {text!r}.") from error
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"--align pairs a position twice: {text!r}.")
    return dict(pairs)


@app.command()
@takes
def trace(
    *,
    prompt: PromptArg,
    subject: Annotated[
        str | None, typer.Option("--subject", "-s", help="The part of the prompt that gets noise.")
    ] = None,
    subject_position: Annotated[
        list[int] | None, typer.Option(help="A position that gets noise, instead of --subject (repeatable).")
    ] = None,
    target: AnswerOpt = None,
    site: Annotated[
        str, typer.Option(help="What is restored: resid_pre, resid_mid, resid_post, attention or mlp.")
    ] = "resid_post",
    window: Annotated[int, typer.Option(min=1, help="How many layers are restored together.")] = 1,
    noise: Annotated[float, typer.Option(help="In standard deviations of the embeddings.")] = 3.0,
    samples: Annotated[int, typer.Option(min=1, help="How many draws of the noise.")] = 10,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the noise.")] = 0,
    top: TopOpt = 10,
    memory: MemoryOpt = None,
    model: ModelOptions,
    out: Output,
) -> None:
    """Causal tracing: put noise on the subject, restore one state at a time, and see where the answer comes back."""
    from unembed.methods.causal_trace import causal_trace as run

    words = read_prompt(prompt)
    if (subject is None) == (not subject_position):
        raise InputError("Expected what gets noise: either --subject TEXT or --subject-position N.")
    allowed = budget(memory)
    loaded = model.load()
    out.work(
        lambda progress: run(
            loaded,
            words,
            target,
            subject=subject_position or [] if subject is None else subject,
            site=site,
            window=window,
            noise=noise,
            samples=samples,
            seed=seed,
            memory=allowed,
            progress=progress,
        ),
        top=top,
    )


@app.command()
@takes
def steer(
    *,
    prompt: PromptArg,
    layer: Annotated[int, typer.Option(help="Where the direction is added.")],
    add: Annotated[
        list[str] | None,
        typer.Option(help="A token, or a .npy or .safetensors file with a direction (repeatable: their sum)."),
    ] = None,
    toward: Annotated[
        str | None, typer.Option(help="A prompt: the direction is what its last position holds ...")
    ] = None,
    away: Annotated[str | None, typer.Option(help="... minus what this prompt's holds.")] = None,
    scale: Annotated[float, typer.Option(help="How much of the direction; negative steers the other way.")] = 1.0,
    site: Annotated[str, typer.Option(help="resid_post, attention or mlp.")] = "resid_post",
    tokens: TokensOpt = 20,
    temperature: TemperatureOpt = 0.0,
    seed: SampleSeedOpt = 0,
    model: ModelOptions,
    out: Output,
) -> None:
    """Continue a prompt with a direction added to the stream at every position, and without."""
    from unembed.methods.steer import steer as run

    words = read_prompt(prompt)
    if not add and toward is None:
        raise InputError("Expected a direction: --add a token or file, or --toward (and --away) a prompt.")
    if toward is None and away is not None:
        raise InputError("--away is subtracted from --toward: give both.")
    loaded = model.load()
    direction = _direction(loaded, add or [], toward, away, layer, site)
    drawn: Any = {"tokens": tokens, "temperature": temperature, "seed": seed}
    out.work(lambda _: run(loaded, words, direction, layer=layer, site=site, scale=scale, **drawn))


def _direction(model: "Model", add: list[str], toward: str | None, away: str | None, layer: int, site: str) -> "Tensor":
    """The sum of everything that is asked for."""
    from unembed.methods import directions

    parts = [
        directions.from_file(model, word)
        if Path(word).suffix in (".npy", ".safetensors")
        else directions.token(model, word)
        for word in add
    ]
    if toward is not None:
        parts.append(directions.difference(model, toward, away, layer=layer, site=site))
    return sum((part.double() for part in parts[1:]), parts[0].double())
