"""Each help screen ends with an example, which names the command and options that it has."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from unembed.cli import app


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if not hasattr(command, "commands") or command.invoke_without_command:
            yield (*names, name), command
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)


COMMANDS = dict(commands(get_command(app)))


@pytest.mark.parametrize("words", list(COMMANDS), ids=" ".join)
def test_a_help_screen_has_an_example_of_its_own_command(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    example = command.epilog.removeprefix("Example: ")
    first, *typed = shlex.split(example)
    assert (first, *typed[: len(words)]) == ("unembed", *words)
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    rest = typed[len(words) :]
    assert {word for word in rest if word.startswith("--")} <= known
    shown = CliRunner().invoke(app, [*words, "--help"], terminal_width=200).output
    assert " ".join(example.split()) in " ".join(shown.split())
