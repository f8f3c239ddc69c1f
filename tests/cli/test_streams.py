"""Standard streams that are full or closed: one message, the exit code of a failure, and no traceback."""

import subprocess
import sys

import pytest

FULL = "unembed: Cannot write to standard output: No space left on device.\n"
CLOSED = "unembed: Cannot write to standard output: it is closed.\n"


def shell(line: str) -> tuple[int, str]:
    """Exit code and stderr of a line of the shell, in which `unembed` is the command."""
    line = line.replace("unembed", f"{sys.executable} -P -m unembed")
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", ["models", "models --json", "--help", "--version", "explain --help"])
def test_a_full_output_is_told(words) -> None:
    assert shell(f"unembed {words} >/dev/full") == (1, FULL)


def test_a_closed_output_is_told() -> None:
    assert shell("unembed models >&-") == (1, CLOSED)
    assert shell("unembed models --json >&-") == (1, CLOSED)


def test_a_reader_who_leaves_is_no_error() -> None:
    assert shell("unembed models | true") == (0, "")


def test_a_closed_input_is_told() -> None:
    code, err = shell("unembed explain - <&-")
    assert code == 2
    assert err.startswith("unembed: Standard input is closed")
    assert err.count("\n") == 1


def test_a_closed_error_output_harms_nothing() -> None:
    assert shell("unembed models 2>&-") == (0, "")
    assert shell("unembed explain - <&- 2>&-") == (2, "")
