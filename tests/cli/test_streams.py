"""Standard streams that are full or closed: one message, the exit code of a failure, and no traceback."""

import os
import pty
import subprocess
import sys

import pytest

from unembed.cli.streams import tell, wait_for, waited

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


def terminal(*words: str) -> str:
    """What a command writes to a terminal that is its stderr."""
    seen, end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "unembed", *words], stdout=subprocess.DEVNULL, stderr=end, close_fds=True
    ) as running:
        os.close(end)
        told = b""
        try:
            while part := os.read(seen, 1000):
                told += part
        except OSError:  # how Linux tells the end
            pass
        running.wait()
    os.close(seen)
    return told.decode()


def test_who_waits_for_torch_is_told_at_once_and_the_line_goes() -> None:
    told = terminal("explain", "x", "--model", "/nowhere/at all", "--offline")
    first, erased, rest = told.partition("\r\x1b[K")
    assert (first, bool(erased)) == ("loading torch …", True)
    waits = [line for line in rest.split("\r\x1b[K") if not line.startswith("unembed: ")]
    assert waits == ["loading /nowhere/at all …"]
    assert "\runembed: " in told.replace("\x1b[K", "")


def test_what_needs_no_torch_tells_no_one_to_wait() -> None:
    assert terminal("models") == ""


def test_a_pipe_holds_no_line_of_what_is_waited_for(capsys) -> None:
    wait_for("loading torch …")
    waited()
    tell("a message")
    assert capsys.readouterr().err == "unembed: a message\n"
