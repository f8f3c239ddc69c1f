"""`patch`, `trace`, `steer`: values moved between runs, restored, or added."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.interventions import spot
from unembed.cli.options import DeviceOpt, DtypeOpt, EditsOpt, JsonOpt, MemoryOpt, ModelOpt, OfflineOpt, PromptArg
from unembed.cli.reports import HtmlOpt, check_report, state_of, write_report
from unembed.cli.shared import load_model, print_result, progress_bar, read_prompt
from unembed.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from unembed.models.model import Model

TopOpt = Annotated[int, typer.Option(min=1, max=1000, help="How many of the strongest to list; --json has all.")]
AnswerOpt = Annotated[
    str | None, typer.Option("--target", "-t", help="What is read; the (clean) top prediction by default.")
]


def patch(
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
    html: HtmlOpt = None,
    memory: MemoryOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Swap one value at a time between two prompts' runs: where is the difference between their answers carried?"""
    from unembed.engine.memory import parse_bytes
    from unembed.methods.patch import PatchingInterrupted
    from unembed.methods.patch import patch as run
    from unembed.view.payloads import patch_payload
    from unembed.view.terminal import patch_lines

    def show(result: Any) -> None:
        print_result(patch_payload(result), lambda payload, paper: patch_lines(payload, paper, top=top), as_json)

    if clean == corrupt == "-":
        raise InputError("Standard input holds one prompt: give the other one in words.")
    check_report(html)
    prompts = read_prompt(clean), read_prompt(corrupt)
    pairs = None if align is None else _pairs(align)
    allowed = None if memory is None else parse_bytes(memory)
    loaded = load_model(model, device, dtype, offline, edits)
    try:
        with progress_bar() as progress:
            result = run(
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
            )
    except PatchingInterrupted as stop:
        show(stop.result)
        raise
    show(result)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept_of_two
        from unembed.view.payloads import to_json

        state = state_of(loaded, prompts[0], b=prompts[1], target=target, vs=versus)
        return state, kept_of_two(session, state, to_json(patch_payload(result)), progress)

    write_report(html, loaded, patch_payload(result), keep)


def _pairs(text: str) -> dict[int, int]:
    try:
        pairs = [(int(clean), int(corrupt)) for clean, corrupt in (pair.split(":") for pair in text.split(","))]
    except ValueError as error:
        raise InputError(f"Expected --align to be pairs such as 0:0,1:2, found {text!r}.") from error
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"--align pairs a position twice: {text!r}.")
    return dict(pairs)


def trace(
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
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Causal tracing: put noise on the subject, restore one state at a time, and see where the answer comes back."""
    from unembed.engine.memory import parse_bytes
    from unembed.methods.causal_trace import TracingInterrupted
    from unembed.methods.causal_trace import causal_trace as run
    from unembed.view.payloads import trace_payload
    from unembed.view.terminal import trace_lines

    def show(result: Any) -> None:
        print_result(trace_payload(result), lambda payload, paper: trace_lines(payload, paper, top=top), as_json)

    words = read_prompt(prompt)
    if (subject is None) == (not subject_position):
        raise InputError("Expected what gets noise: either --subject TEXT or --subject-position N.")
    allowed = None if memory is None else parse_bytes(memory)
    loaded = load_model(model, device, dtype, offline, edits)
    try:
        with progress_bar() as progress:
            result = run(
                loaded,
                words,
                subject_position or [] if subject is None else subject,
                target,
                site=site,
                window=window,
                noise=noise,
                samples=samples,
                seed=seed,
                memory=allowed,
                progress=progress,
            )
    except TracingInterrupted as stop:
        show(stop.result)
        raise
    show(result)


def steer(
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
    tokens: Annotated[int, typer.Option("--tokens", "-n", min=1, help="How many tokens to emit at most.")] = 20,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the top prediction.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the sampling.")] = 0,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Continue a prompt with a direction added to the stream at every position, and without."""
    from unembed.methods.steer import SteeringInterrupted
    from unembed.methods.steer import steer as run
    from unembed.view.payloads import steer_payload
    from unembed.view.terminal import steer_lines

    words = read_prompt(prompt)
    if not add and toward is None:
        raise InputError("Expected a direction: --add a token or file, or --toward (and --away) a prompt.")
    if toward is None and away is not None:
        raise InputError("--away is subtracted from --toward: give both.")
    loaded = load_model(model, device, dtype, offline, edits)
    direction = _direction(loaded, add or [], toward, away, layer, site)
    try:
        result = run(
            loaded,
            words,
            direction,
            layer=layer,
            site=site,
            scale=scale,
            tokens=tokens,
            temperature=temperature,
            seed=seed,
        )
    except SteeringInterrupted as stop:
        print_result(steer_payload(stop.result), steer_lines, as_json)
        raise
    print_result(steer_payload(result), steer_lines, as_json)


def _direction(model: "Model", add: list[str], toward: str | None, away: str | None, layer: int, site: str) -> "Tensor":
    """The sum of everything that is asked for."""
    from unembed.methods.steer import difference, read_direction_file, token_direction

    parts = [
        read_direction_file(word, model)
        if Path(word).suffix in (".npy", ".safetensors")
        else token_direction(model, word)
        for word in add
    ]
    if toward is not None:
        parts.append(difference(model, toward, away, layer=layer, site=site))
    return sum((part.double() for part in parts[1:]), parts[0].double())
