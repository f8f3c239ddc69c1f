"""Whatever text a file, a model or a library brings: the terminal gets no control characters but our own colours."""

import io
import json
import re
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.text import Text

import unembed.cli as command_line
from builders.commands import run
from unembed.cli.output import Output
from unembed.errors import ModelError
from unembed.models.labels import harmless, harmless_json
from unembed.view.bars import bars
from unembed.view.payloads.common import ModelFacts
from unembed.view.payloads.machine import models_payload
from unembed.view.terminal.paper import Paper, headline, show

SGR = re.compile(r"\x1b\[[0-9;]*m")
CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-Zhl]|\r")
"""How rich moves a bar."""
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
HOSTILE = "\x1b]0;title\x07 \x9b31m \x1b[2J \r \x7f \u202egnp.exe\u2066 \udc80 [bold]x[/] [/nothing]"

texts = st.text(st.one_of(st.sampled_from(HOSTILE), st.characters()), max_size=40)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def colours(monkeypatch) -> None:
    """A terminal that shows colours, as the tests' own environment may not."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def shown(*lines: Text) -> str:
    terminal = Terminal()
    show(lines, terminal)
    return terminal.getvalue()


@given(texts, texts)
@example(HOSTILE, HOSTILE)
@settings(deadline=None)
def test_what_is_shown_holds_our_own_colours_and_no_other_control(one: str, other: str) -> None:
    line = Text.assemble((one, "bold"), " ", (other, "dim"))
    ours = SGR.findall(shown(Text.assemble(("x", "bold"), " ", ("x", "dim"))))
    out = shown(line, Text(one + "x").append(other))
    assert not ACTING.search(SGR.sub("", out))
    assert set(SGR.findall(out)) <= set(ours)


@given(texts)
@example(HOSTILE)
@settings(deadline=None)
def test_styles_stay_on_the_characters_they_were_given_to(text: str) -> None:
    line = Text.assemble(text, ("Paris", "bold"))
    found = re.search(r"\x1b\[1m(.*?)\x1b\[0m", shown(line))
    assert found is not None
    assert found[1] == "Paris"


@given(texts)
@example(HOSTILE)
@settings(deadline=None)
def test_a_headline_keeps_its_width_whatever_a_model_is_called(name: str) -> None:
    facts = ModelFacts(name, "llama", 2, 4, 4, 32, 64, 128, "float32", "cpu", (), None)
    out = SGR.sub("", shown(*headline("title", facts, Paper())))
    assert not ACTING.search(out)


@given(texts)
@example(HOSTILE)
def test_each_character_stays_one_and_plain_text_stays_as_it_is(text: str) -> None:
    assert len(harmless(text)) == len(text)
    assert not ACTING.search(harmless(text))
    assert harmless(harmless(text)) == harmless(text)
    if not ACTING.search(text):
        assert harmless(text) == text


def test_signs_say_what_stood_there() -> None:
    assert harmless("a\x1b[31m\x07\r\n\t\x7f\x9b\u202eé") == "a␛[31m␇␍\n\t␡��é"


@given(texts)
@example(HOSTILE)
def test_json_means_the_same_with_nothing_that_acts(text: str) -> None:
    out = harmless_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(out) == {text: [text]}
    assert not ACTING.search(out)


def test_json_of_a_command_goes_through_it(capsys, monkeypatch) -> None:
    payload = models_payload([])
    monkeypatch.setattr("unembed.view.payloads.to_json", lambda _: {"name": HOSTILE})
    Output(as_json=True).show(payload)
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": HOSTILE}
    assert not ACTING.search(out)


@pytest.mark.parametrize("error", [ModelError(HOSTILE), RuntimeError(HOSTILE), OSError(5, HOSTILE, HOSTILE)])
def test_messages_of_errors(capsys, monkeypatch, error) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(command_line, "app", fails)
    code, out, err = run(monkeypatch, capsys)
    assert code
    assert out == ""
    assert "title" in err
    assert not ACTING.search(err)


@pytest.mark.parametrize(
    "words", [["no" + HOSTILE], ["explain", "x", "-m", HOSTILE], ["explain", "a", "b" + HOSTILE], ["models", HOSTILE]]
)
def test_what_was_typed_is_told_back(capsys, monkeypatch, words) -> None:
    code, _, err = run(monkeypatch, capsys, *words)
    assert code in (2, 3)
    assert "title" in err
    assert not ACTING.search(SGR.sub("", err))
    assert "\x1b[2J" not in err


def test_warnings_and_logs_of_libraries() -> None:
    code = f"""if True:
        import logging, warnings
        import unembed.cli as command_line
        def library():
            warnings.warn({HOSTILE!r})
            try:
                raise ValueError({HOSTILE!r})
            except ValueError:
                logging.getLogger("a.library").exception("%s", {HOSTILE!r})
                logging.basicConfig()
                logging.getLogger("a.library").exception("%s", {HOSTILE!r})
        command_line.app = library
        command_line.main()
    """
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True)
    err = done.stderr.decode("utf-8")
    assert err.count("title") >= 5, err
    assert not ACTING.search(err)


def test_bars(monkeypatch) -> None:
    monkeypatch.setattr("unembed.view.bars._MOMENT", -1.0)
    terminal = Terminal()
    with bars(terminal) as progress:
        progress(f"{HOSTILE}\nx", 0.5)
    out = terminal.getvalue()
    assert "title" in out
    assert "[/nothing]" in out
    assert not ACTING.search(CURSOR.sub("", SGR.sub("", out)).replace("\x1b[2J", "ours"))
    assert "\x1b[2J" not in out
    assert "\x07" not in out
