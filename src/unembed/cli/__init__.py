"""Parse, call, show.

stdout is data; stderr is progress, warnings and errors. Nothing heavy is imported before a command needs it, so that
`--help` answers at once. One module a group of commands.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer

from unembed import __version__
from unembed.cli import (
    circuits,
    editing,
    explorer,
    heads,
    interventions,
    machine,
    noise,
    painting,
    patching,
    prediction,
    toys,
)
from unembed.errors import UnembedError

app = typer.Typer(
    name="unembed",
    help="Explains why a GPT-style model predicted a token, with numbers that add up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    prediction.explain,
    prediction.lens,
    prediction.attention,
    prediction.generate,
    interventions.ablate,
    heads.heads,
    circuits.paths,
    circuits.attended,
    circuits.circuit,
    circuits.composition,
    circuits.bigrams,
    noise.noise,
    patching.patch,
    patching.trace,
    patching.steer,
    painting.paint,
    machine.doctor,
):
    app.command()(command)
app.command("open")(explorer.open_page)
app.command("serve", hidden=True)(explorer.open_page)
app.add_typer(editing.knowledge_app, name="knowledge", no_args_is_help=True)
app.add_typer(toys.toys_app, name="toys", no_args_is_help=True)
app.add_typer(machine.models_app, name="models", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Explains why a GPT-style model predicted a token, with numbers that add up."""
    if version:
        typer.echo(f"unembed {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; every refusal is one message and an exit code (errors.py), never a stack trace."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a closed pipe can still be told from an error
    except SystemExit as end:
        _end(end, end.code)
    except BrokenPipeError as end:
        _end(end, 0)
    except UnembedError as error:
        typer.echo(f"unembed: {error}", err=True)
        sys.exit(error.exit_code)
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


def _end(end: BaseException, code: str | int | None) -> NoReturn:
    """Exit; typer and rich turn an interrupt and a closed pipe into silent exits: what began them tells."""
    causes = [end]
    while causes[-1].__context__ is not None:
        causes.append(causes[-1].__context__)
    if any(isinstance(cause, BrokenPipeError) for cause in causes):  # the reader of the pipe left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    if any(isinstance(cause, KeyboardInterrupt) for cause in causes):
        typer.echo("unembed: interrupted", err=True)
        code = 130
    sys.exit(code)
