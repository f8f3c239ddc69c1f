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
from unembed.cli.examples import add_examples
from unembed.cli.streams import UNWRITABLE, announce_torch, drop_output, harmless_logs, open_streams, tell, waited
from unembed.errors import UnembedError

_FIRST = (
    "prediction",
    "words",
    "interventions",
    "heads",
    "circuits",
    "graph",
    "noise",
    "patching",
    "painting",
    "studies",
    "doctor",
    "explorer",
    "knowledge",
    "evaluation",
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
    add_examples(app)


add_commands()


def main() -> None:
    """Run the command line; every refusal is one message and an exit code (errors.py), never a stack trace."""
    harmless_logs()
    open_streams()
    announce_torch()
    try:
        try:
            app()
        finally:
            waited()
            sys.stdout.flush()  # here, where a closed pipe can still be told from an error
    except SystemExit as end:
        _end(end, end.code)
    except BrokenPipeError as end:
        _end(end, 0)
    except UnembedError as error:
        tell(str(error))
        sys.exit(error.exit_code)
    except MemoryError:
        tell("out of memory; try a shorter prompt or a smaller --dtype")
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
            drop_output()
            tell(f"Cannot write to standard output: {error.strerror}.")
            sys.exit(1)
        if os.environ.get("UNEMBED_DEBUG"):
            raise
        reason = next(iter(str(error).splitlines()), "")
        tell(f"internal error, please report it: {type(error).__name__}: {reason}")
        typer.echo("UNEMBED_DEBUG=1 shows where it happened.", err=True)
        sys.exit(1)


def _end(end: BaseException, code: str | int | None) -> NoReturn:
    """Exit; typer and rich turn an interrupt and a closed pipe into silent exits: what began them tells."""
    causes = [end]
    while causes[-1].__context__ is not None:
        causes.append(causes[-1].__context__)
    if any(isinstance(cause, BrokenPipeError) for cause in causes):  # the reader of the pipe left, as `| head` does
        drop_output()
        code = 0
    if any(isinstance(cause, KeyboardInterrupt) for cause in causes):
        tell("interrupted")
        code = 130
    sys.exit(code)
