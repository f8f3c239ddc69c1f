"""The application, and `takes`, by which commands share groups of options."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from unembed import __version__
from unembed.models.labels import harmless

_Refusal: Any = typer.BadParameter.__mro__[2]
"""What typer raises where it refuses what was typed; it gives this base no name of its own."""


class _Commands(TyperGroup):
    """The commands, whose refusals act on no terminal and tell how to give a prompt that looks like an option."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse what stands before the command."""
        with _told_harmlessly():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was called."""
        with _told_harmlessly():
            return super().invoke(ctx)


@contextmanager
def _told_harmlessly() -> Iterator[None]:
    try:
        yield
    except _Refusal as error:
        told = harmless(error.format_message()) + _hint(error)
        error.format_message = lambda: told
        raise


def _hint(error: Any) -> str:
    """What to do where a prompt was read as an option."""
    ctx = getattr(error, "ctx", None)
    names = [] if ctx is None else [parameter.name for parameter in ctx.command.params]
    unknown = hasattr(error, "possibilities")  # of an option that is none
    if not unknown or not {"prompt", "clean"} & set(names):
        return ""
    also = ", or is given with --prompt" if "written" in names else ""
    return f"\nA prompt that begins with - stands last, after --{also}."


app = typer.Typer(
    name="unembed",
    cls=_Commands,
    help="Explains why a GPT-style model predicted a token, with numbers that add up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Explains why a GPT-style model predicted a token, with numbers that add up."""
    if version:
        typer.echo(f"unembed {__version__}")
        raise typer.Exit


def takes(command: Callable[..., None]) -> Callable[..., None]:
    """Flatten a command's groups of options for typer.

    A parameter whose annotation is a dataclass stands for one option (or argument) a field, in this place of `--help`;
    the fields are annotated as typer's parameters are. The command gets an instance.
    """
    groups, parameters = {}, []
    for parameter in inspect.signature(command).parameters.values():
        if is_dataclass(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            parameters += _parameters(parameter.annotation)
        else:
            parameters.append(parameter.replace(kind=parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def flat(**given: Any) -> None:
        built = {name: group(**{f.name: given.pop(f.name) for f in fields(group)}) for name, group in groups.items()}
        command(**given, **built)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _parameters(group: Any) -> list[inspect.Parameter]:
    kind, none = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
    return [
        inspect.Parameter(f.name, kind, default=none if f.default is MISSING else f.default, annotation=f.type)
        for f in fields(group)
    ]
