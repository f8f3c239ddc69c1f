"""Commands run in this process: exit code and output, valid JSON, or the words of a refusal."""

import functools
import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest
import typer.main

# A process builds the commands once; so do the tests of one process.
typer.main.get_command = functools.cache(typer.main.get_command)

from typer.testing import CliRunner  # noqa: E402

import unembed  # noqa: E402
from unembed.cli import app, main  # noqa: E402

SCHEMAS = Path(unembed.__file__).parent / "view" / "schemas"


def run(monkeypatch, capsys, *args: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    monkeypatch.setattr(sys, "argv", ["unembed", *args])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    return stop.value.code or 0, out, err


def valid(text: str) -> dict:
    """The JSON, after it passed the schema it names."""
    data = json.loads(text)
    _, name, version = data["schema"].split("/")
    jsonschema.validate(data, json.loads((SCHEMAS / f"{name}-{version}.json").read_text()))
    return data


def run_json(*words) -> dict:
    """The JSON of a command that must succeed."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*words) -> str:
    """The message of a command that must be refused as bad input."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is not None
    assert getattr(result.exception, "exit_code", None) == 2, repr(result.exception)
    return str(result.exception)
