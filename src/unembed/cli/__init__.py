"""Parse, call, show.

stdout is data; stderr is progress, warnings and errors. Nothing heavy is imported before a command needs it, so that
`--help` and other static text answer at once. The modules in `commands/` add their commands to `app` as they are
imported; options that commands share are dataclasses (options.py, output.py).
"""

import importlib
import os
import pkgutil
import sys
from typing import NoReturn

import typer

from unembed.cli import commands
from unembed.cli.app import app as app
from unembed.errors import UnembedError

_FIRST = (
    "prediction",
    "interventions",
    "heads",
    "circuits",
    "noise",
    "patching",
    "painting",
    "doctor",
    "explorer",
    "knowledge",
    "editing",
    "toys",
    "models",
)
"""Modules of commands in the order of `--help`; any other comes after them."""


def add_commands() -> None:
    """Import every module of `commands/`."""
    names = (module.name for module in pkgutil.iter_modules(commands.__path__))
    for name in sorted(names, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)):
        importlib.import_module(f"{commands.__name__}.{name}")


add_commands()


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
