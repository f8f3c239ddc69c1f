"""What a new command needs: one file in cli/commands/, and a payload with its lines. No list is edited."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from unembed.cli.app import takes
from unembed.errors import InputError
from unembed.explorer.arguments import KINDS, decoded
from unembed.view.payloads import all_payloads, payload, payload_of, to_json
from unembed.view.terminal import lines_of

COMMAND = '''
from unembed.cli.app import app, takes
from unembed.cli.output import Output
from unembed.progress import silent
from unembed.view.payloads import payload, payload_of
from unembed.view.terminal import lines_of


class Counted:
    def __init__(self, letters):
        self.letters = letters


class CountingStopped(KeyboardInterrupt):
    result = Counted(1)


@payload("unembed/count/1")
class CountPayload:
    letters: int


@payload_of.register
def count_payload(result: "Counted") -> CountPayload:
    return CountPayload(result.letters)


@lines_of.register
def count_lines(payload: CountPayload, paper, *, mark: str = "!"):
    from rich.text import Text

    yield Text(f"{payload.letters} letters{mark}")


@app.command()
@takes
def count(*, word: str, out: Output) -> None:
    """Count letters."""

    def work(progress):
        if word == "stop":
            raise CountingStopped
        return Counted(len(word))

    out.work(work, mark="?")
'''


def ran(tmp_path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "counting.py").write_text(COMMAND)
    script = (
        f"import sys; sys.argv = ['unembed', *{list(arguments)}]\n"
        "import unembed.cli\n"
        f"unembed.cli.commands.__path__.append({str(tmp_path)!r})\n"
        "unembed.cli.add_commands()\n"
        "unembed.cli.main()\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)


def test_a_file_is_a_command(tmp_path):
    assert json.loads(ran(tmp_path, "count", "four", "--json").stdout) == {
        "schema": "unembed/count/1",
        "letters": 4,
    }
    assert ran(tmp_path, "count", "four").stdout == "4 letters?\n"
    listed = re.findall(r"^│ (\w+) ", ran(tmp_path, "--help").stdout, re.MULTILINE)
    assert listed[listed.index("open") + 1] == "count"  # after the commands whose order is told, before groups


def test_interrupted_work_shows_what_was_finished(tmp_path):
    stopped = ran(tmp_path, "count", "stop", "--json")
    assert (json.loads(stopped.stdout)["letters"], stopped.returncode) == (1, 130)
    assert stopped.stderr == "unembed: interrupted\n"


@dataclass(frozen=True)
class Sizes:
    width: Annotated[int, typer.Option("--width", "-w", min=1, help="How wide.")] = 3
    name: Annotated[str | None, typer.Option(help="What for.")] = None


def test_a_group_stands_for_its_options_where_it_stands():
    app, seen = typer.Typer(), []

    @app.command()
    @takes
    def draw(*, first: int = 1, sizes: Sizes, last: bool = False) -> None:
        """Draw."""
        seen.append((first, sizes, last))

    runner = CliRunner()
    assert runner.invoke(app, ["-w", "5", "--last"]).exit_code == 0
    assert runner.invoke(app, []).exit_code == 0
    assert seen == [(1, Sizes(5), True), (1, Sizes(), False)]
    assert runner.invoke(app, ["--width", "0"]).exit_code == 2
    options = re.findall(r"--(first|width|name|last)\b", runner.invoke(app, ["--help"]).output)
    assert list(dict.fromkeys(options)) == ["first", "width", "name", "last"]


def test_what_has_no_payload_or_no_lines_is_refused_by_name():
    with pytest.raises(TypeError, match="No payload is registered for int"):
        payload_of(3)
    shown = payload("unembed/unshown/1")(type("Unshown", (), {"__annotations__": {"size": int}, "size": 3}))
    try:
        assert to_json(payload_of(shown())) == {"schema": "unembed/unshown/1", "size": 3}
        with pytest.raises(TypeError, match="No lines are registered for Unshown"):
            lines_of(shown(), None)
    finally:
        del all_payloads()["unembed/unshown/1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"t": "0.2"}, "Expected t to be a number, found '0.2'."),
        ({"t": True}, "Expected t to be a number, found True."),
        ({"prompts": "the"}, "Expected prompts to be a list, each entry a text, found 'the'."),
        ({"prompts": ["the", 3]}, "Expected prompts[1] to be a text, found 3."),
        ({"compared": 0}, "Expected compared to be 1 to 40, found 0."),
        ({"target": 0.5}, "Expected target to be a text or a whole number or null, found 0.5."),
    ],
)
def test_an_argument_of_another_type_is_told(given, message):
    with pytest.raises(InputError, match=re.escape(message)):
        decoded(KINDS["find"], {"prompt": "the", **given})


def test_arguments_of_an_ask_become_their_types():
    part = {"kind": "head", "layer": 1, "head": 0}
    found = decoded(KINDS["test"], {"prompt": "the", "target": 3, "tests": [{"part": part, "how": "zero"}]})
    assert (found.target, found.tests[0].part.head, found.tests[0].how, found.top) == (3, 0, "zero", 10)
    assert decoded(KINDS["find"], {"prompt": "the", "t": 1}).t == 1.0
    assert decoded(KINDS["lens"], {"prompt": "the", "window": [0, 2]}).window == (0, 2)
