"""The command line: parse, call, show. stdout is data; stderr is progress, warnings and errors.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed import __version__
from unembed.errors import InputError, UnembedError

if TYPE_CHECKING:
    from unembed.generation import Step
    from unembed.model import Model
    from unembed.progress import Progress

app = typer.Typer(
    name="unembed",
    help="Explains why a GPT-style model predicted a token, with numbers that add up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="List the models that are here and those that could be fetched.")
app.add_typer(models_app, name="models", invoke_without_command=True)

PromptArg = Annotated[str, typer.Argument(help="The prompt; - reads standard input.")]
ModelOpt = Annotated[
    str, typer.Option("--model", "-m", help="smollm2-135m, a hub id, a Hugging Face folder, or a GGUF file.")
]
DeviceOpt = Annotated[str | None, typer.Option(help="A torch device; the GPU by default, where there is one.")]
DtypeOpt = Annotated[str | None, typer.Option(help="float32, bfloat16, float16, float64; that of the file by default.")]
OfflineOpt = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
JsonOpt = Annotated[bool, typer.Option("--json", help="Print versioned JSON (schemas ship with the package).")]
TargetOpt = Annotated[
    str | None, typer.Option("--target", "-t", help="The token to explain; the top prediction by default.")
]
VersusOpt = Annotated[str | None, typer.Option("--vs", help="Explain the difference to this token's logit.")]
ReferenceOpt = Annotated[str, typer.Option(help="mean: above the vocabulary mean; raw: the plain logit.")]
PositionOpt = Annotated[
    int, typer.Option("--position", "-p", help="Where the prediction is made; -1 is the last token.")
]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Explains why a GPT-style model predicted a token, with numbers that add up."""
    if version:
        typer.echo(f"unembed {__version__}")
        raise typer.Exit


@app.command()
def explain(
    prompt: PromptArg,
    target: TargetOpt = None,
    versus: VersusOpt = None,
    reference: ReferenceOpt = "mean",
    position: PositionOpt = -1,
    by: Annotated[
        str, typer.Option(help="sublayer, head, source, neuron, or two of them: source+neuron.")
    ] = "sublayer",
    top: Annotated[int, typer.Option(min=1, max=100, help="How many predictions, heads and neurons to show.")] = 5,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Explain a prediction: a ledger that sums to the model's logit, and the heads and neurons that carry it."""
    from unembed.explanation import explain as run
    from unembed.view.payloads import explain_payload
    from unembed.view.terminal import explain_lines

    text = _prompt(prompt)
    loaded = _load(model, device, dtype, offline)
    result = run(
        loaded,
        text,
        target,
        versus=versus,
        reference=reference,
        position=position,
        by=by,
        top=top,
    )
    _print(explain_payload(result), explain_lines, as_json)


@app.command()
def lens(
    prompt: PromptArg,
    target: TargetOpt = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="Only the stream after this layer, or emb for the embedding (repeatable).")
    ] = None,
    position: Annotated[
        list[int] | None, typer.Option("--position", "-p", help="Only this position (repeatable).")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many top tokens of each state to keep.")] = 5,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """The logit lens: what the stream would predict after each layer, at each position."""
    from unembed.logit_lens import lens as run
    from unembed.view.payloads import lens_payload
    from unembed.view.terminal import lens_lines

    text = _prompt(prompt)
    loaded = _load(model, device, dtype, offline)
    with _progress() as progress:
        result = run(
            loaded, text, target, layers=_states(layer, loaded.layers), positions=position, top=top, progress=progress
        )
    _print(lens_payload(result), lens_lines, as_json)


@app.command()
def attention(
    prompt: PromptArg,
    layer: Annotated[int | None, typer.Option(help="Only this layer.")] = None,
    head: Annotated[int | None, typer.Option(help="Only this head; with --layer, its whole pattern.")] = None,
    target: TargetOpt = None,
    versus: VersusOpt = None,
    reference: ReferenceOpt = "mean",
    position: PositionOpt = -1,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Where heads look, and how much each source token's value adds to the prediction through them."""
    from unembed.patterns import attention as run
    from unembed.view.payloads import attention_payload
    from unembed.view.terminal import attention_lines

    text = _prompt(prompt)
    loaded = _load(model, device, dtype, offline)
    result = run(
        loaded,
        text,
        target,
        layer=layer,
        head=head,
        position=position,
        reference=reference,
        versus=versus,
    )
    _print(attention_payload(result), attention_lines, as_json)


@app.command()
def generate(
    prompt: PromptArg,
    tokens: Annotated[int, typer.Option("--tokens", "-n", min=1, help="How many tokens to emit at most.")] = 20,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the top prediction.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the sampling.")] = 0,
    explained: Annotated[
        bool, typer.Option("--explain", help="Tell where each token first led, and which term gave it most.")
    ] = False,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Continue a prompt token by token."""
    from unembed.generation import generate as run
    from unembed.trace import tokenize
    from unembed.view.payloads import generate_payload, generated_token
    from unembed.view.terminal import generated_lines, show

    text = _prompt(prompt)
    loaded = _load(model, device, dtype, offline)
    running, steps = run(loaded, text, tokens=tokens, temperature=temperature, seed=seed), []
    written = 0
    if not (as_json or explained):
        typer.echo(text, nl=False)
    for step in running:
        steps.append(step)
        if as_json:
            continue
        if explained:
            show(generated_lines([generated_token(step, explained=True)], first=len(steps) == 1), sys.stdout)
        else:
            written += _write(_decode(loaded, steps)[written:])
    if as_json:
        _dump(generate_payload(loaded, tokenize(loaded, text), steps, explained=explained))
    elif not explained:
        typer.echo(_decode(loaded, steps, final=True)[written:])


@models_app.callback()
def models(context: typer.Context, as_json: JsonOpt = False) -> None:
    """List the models that are here and those that could be fetched."""
    if context.invoked_subcommand is not None:
        return
    from unembed.view.payloads import models_payload
    from unembed.view.terminal import models_lines
    from unembed.weights import catalogue

    _print(models_payload(catalogue()), lambda payload, _: models_lines(payload), as_json)


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="smollm2-135m, or a hub id.")] = "smollm2-135m",
    offline: OfflineOpt = False,
) -> None:
    """Fetch a model's weights and make them ready to load."""
    from unembed.weights import fetch as run

    with _progress() as progress:
        folder = run(name, offline=offline, progress=progress)
    typer.echo(str(folder))


@app.command()
def doctor(as_json: JsonOpt = False) -> None:
    """Report versions, devices, caches and models, and what is wrong with them."""
    from unembed.machine import doctor as run
    from unembed.view.payloads import doctor_payload
    from unembed.view.terminal import doctor_lines

    report = run()
    _print(doctor_payload(report), lambda payload, _: doctor_lines(payload), as_json)
    if report.problems:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; every refusal is one message and an exit code (errors.py), never a stack trace."""
    try:
        app()
    except UnembedError as error:
        typer.echo(f"unembed: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("unembed: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError:
        typer.echo("unembed: out of memory; try a shorter prompt or a smaller --dtype", err=True)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("UNEMBED_DEBUG"):
            raise
        reason = next(iter(str(error).splitlines()), "")
        typer.echo(f"unembed: internal error, please report it: {type(error).__name__}: {reason}", err=True)
        typer.echo("UNEMBED_DEBUG=1 shows where it happened.", err=True)
        sys.exit(1)


def _prompt(prompt: str) -> str:
    """The prompt itself, or standard input without its final line end."""
    if prompt != "-":
        return prompt
    return sys.stdin.read().removesuffix("\n")


def _decode(model: "Model", steps: "list[Step]", *, final: bool = False) -> str:
    """The generated text; a character whose last bytes are still to come is held back until `final`."""
    ids = [step.token for step in steps]
    text = " ".join(map(str, ids)) if model.tokenizer is None else str(model.tokenizer.decode(ids))
    return text if final else text.rstrip("\ufffd")


def _write(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return len(text)


def _states(layers: list[str] | None, count: int) -> list[int] | None:
    """States of the stream by the layer they come after: `emb` is the first, layer `l` the one after block `l`."""
    if not layers:
        return None
    wrong = [layer for layer in layers if layer != "emb" and not (layer.isdecimal() and int(layer) < count)]
    if wrong:
        raise InputError(f"Expected --layer to be emb or 0 to {count - 1}, found {wrong[0]!r}.")
    return [0 if layer == "emb" else int(layer) + 1 for layer in layers]


def _load(name: str, device: str | None, dtype: str | None, offline: bool) -> "Model":
    from unembed.loading import load

    with _progress() as progress:
        return load(name, device=device, dtype=dtype, offline=offline, progress=progress)


@contextlib.contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on stderr while something long runs; nothing unless stderr is a terminal."""
    from unembed.view.bars import bars

    with bars(sys.stderr) as progress:
        yield progress


def _print(payload: Any, lines: Any, as_json: bool) -> None:
    if as_json:
        _dump(payload)
        return
    from unembed.view.terminal import show
    from unembed.view.terminal.paper import paper_for

    show(lines(payload, paper_for(sys.stdout)), sys.stdout)


def _dump(payload: Any) -> None:
    from unembed.view.payloads import to_json

    json.dump(to_json(payload), sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
