"""Every view in a terminal of every width: no line is longer, no row of a table is broken, no word is lost.

Each payload is shown as the tiny models give it, and once more with the tokens, layers and neurons of a large one.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from rich.cells import cell_len

from builders.commands import run as call
from builders.words import PROMPT, save_tiny
from unembed.cli.output import Output
from unembed.methods.knowledge.facts import read_facts
from unembed.view import terminal
from unembed.view.payloads import payload_of
from unembed.view.payloads.sentence import Span
from unembed.view.terminal import lines_of
from unembed.view.terminal.generation import generated_lines
from unembed.view.terminal.paper import Paper, fitted

WIDTHS = (60, 80, 100, 160)
FACTS = """
relation: capital
templates: ["the capital of {subject} is", "{subject} the capital is", "is {subject}"]
facts:
  - {subject: France, answer: Paris}
  - {subject: Rome, answer: new}
"""
AGAINST = ("--target", "Paris", "--vs", "Rome")
PAIR = ("--clean", PROMPT, "--corrupt", "the capital of Rome is")
HEAD = ("--layer", "1", "--head", "1")
COMMANDS = {
    "explain": ("explain", PROMPT),
    "explain, swapped": ("explain", PROMPT, "--swap", "France=Rome", "--vs", "Rome", "--by", "source"),
    "explain, no tests": ("explain", PROMPT, "--no-test", "--by", "source+neuron"),
    "explain an answer": ("explain", PROMPT, "--answer", "new Rome is a new Paris"),
    "two sets of weights": ("explain", PROMPT, "--target", "Paris", "--against", "OTHER"),
    "words": ("words", PROMPT, "--shapley", "--pairs", "--compare"),
    "words, an answer": ("words", PROMPT, "--answer", "new Rome", "--by", "token"),
    "ablate": ("ablate", PROMPT, "--site", "head"),
    "parts": ("ablate", PROMPT, "--parts", "L1.H1,L2 mlp"),
    "ablate an answer": ("ablate", PROMPT, "--answer", "new Rome", "--site", "neuron"),
    "attention": ("attention", PROMPT),
    "attention of a head": ("attention", PROMPT, *HEAD),
    "lens": ("lens", PROMPT),
    "patch": ("patch", PROMPT, "the capital of Rome is", *AGAINST),
    "patch heads": ("patch", PROMPT, "the capital of Rome is", "--site", "head", "--direction", "both", *AGAINST),
    "trace": ("trace", PROMPT, "--subject", "France"),
    "steer": ("steer", PROMPT, "--add", "Rome", "--layer", "1"),
    "paths": ("paths", PROMPT),
    "graph": ("graph", PROMPT, "--nodes", "20"),
    "attended": ("attended", PROMPT, *HEAD),
    "circuit find": ("circuit", "PAIRS.jsonl"),
    "circuit evaluate": ("circuit", "evaluate", *PAIR, *AGAINST, "--edges", "EDGES"),
    "circuit": ("circuit", *HEAD, "--token", "France", "--skip-trigrams"),
    "composition": ("composition",),
    "bigrams": ("bigrams", "France", "--generate", "4"),
    "heads": ("heads", "--sequences", "1", "--top", "2"),
    "noise": ("noise", PROMPT, "--text", "TEXT"),
    "pairs": ("pairs", PROMPT, "--heads", "6"),
    "attribute": ("knowledge", "attribute", PROMPT, "--target", "Paris"),
    "attribute, exact": ("knowledge", "attribute", PROMPT, "--target", "Paris", "--path", "neuron"),
    "find": ("knowledge", "find", "FACTS", "--t", "0.05", "--p", "0.3", "--share", "1"),
    "evaluate": ("knowledge", "evaluate", "MANY", "--steps", "2"),
    "memory": ("knowledge", "memory", "L1", "--neurons", "3", "--top", "2", "--text", "TEXT"),
    "study": ("study", "PROMPTS", "--no-test", "--out", "OUT"),
    "suppress": ("knowledge", "suppress", "L1.N3", "--facts", "FACTS", "--subject", "France"),
}
ALONE = {
    "facts": ("knowledge", "facts"),
    "toys": ("toys", "list"),
    "models": ("models",),
    "doctor": ("doctor",),
}
FOLDERS = {
    "report": ("report", "OUT"),
    "report by a column": ("report", "OUT", "--by", "place"),
    "study-merge": ("study", "merge", "MERGED", "OUT"),
}
"""Of what a study wrote."""
ELSEWHERE = {
    "heads of two stacks": ("translator", ("heads", "--sequences", "1", "--top", "2")),
    "explain with a source": ("translator", ("explain", PROMPT, "--inputs")),
}
_LABEL = re.compile(r" *\S{1,16}(?: \S{1,5})? {2,}")


@pytest.fixture
def payloads(cli, monkeypatch, capsys, tmp_path) -> Any:
    """Runs a command and gives what it would show, with how."""
    (tmp_path / "facts.yaml").write_text(FACTS)
    (tmp_path / "many.yaml").write_text(FACTS + "  - {subject: Paris, answer: of}\n")
    (tmp_path / "text.txt").write_text("\n\n".join([f"{PROMPT} Paris a new Rome is the capital of France"] * 12))
    mine = read_facts(tmp_path / "facts.yaml")
    for module in ("comparison", "asking"):  # the shipped facts have words that the tiny model does not know
        monkeypatch.setattr(f"unembed.methods.knowledge.{module}.facts_for", lambda _: mine)
    (tmp_path / "prompts.csv").write_text("prompt,place\n" + f"{PROMPT},Paris\nthe capital of Rome is,Rome\n" * 5)
    (tmp_path / "edges.json").write_text('[["input", "a1.h2<q>"], ["a1.h2", "m1"], ["m1", "logits"]]')
    pair = {"clean": PROMPT, "corrupt": "the capital of Rome is", "target": "Paris", "vs": "new"}
    (tmp_path / "pairs.jsonl").write_text("\n".join([json.dumps(pair)] * 4))
    named = {"FACTS": "facts.yaml", "TEXT": "text.txt", "PROMPTS": "prompts.csv", "OUT": "study", "MERGED": "merged"}
    named |= {"MANY": "many.yaml", "EDGES": "edges.json", "PAIRS.jsonl": "pairs.jsonl"}
    files = {word: str(tmp_path / name) for word, name in named.items()}
    files["OTHER"] = str(save_tiny(tmp_path / "other", seed=1))

    def run(command: tuple[str, ...], model: str | None = None) -> list[tuple[Any, dict[str, Any]]]:
        found = []

        def keep(self: Output, result: object, **shown: Any) -> Any:
            found.append((payload_of(result), shown))
            return found[-1][0]

        monkeypatch.setattr(Output, "show", keep)
        monkeypatch.setattr(Output, "write", lambda self, lines, result: keep(self, result))
        words = [files.get(word, word) for word in command]
        alone = command in (*ALONE.values(), *FOLDERS.values())
        code, _, err = call(monkeypatch, capsys, *words) if alone else cli(*words, model=model)
        assert (code, bool(found)) == (0, True), err
        return found

    return run


def stretched(value: Any) -> Any:
    """A payload of the same shape with long tokens, high layers and neurons of five digits."""
    if is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Span):  # of a sentence, which has words
            return value
        return replace(value, **{f.name: _stretched(f.name, getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, list | tuple):
        return type(value)(map(stretched, value))
    return {key: stretched(entry) for key, entry in value.items()} if isinstance(value, dict) else value


def _stretched(name: str, value: Any) -> Any:
    if name in ("layer", "first_layer", "second_layer") and value is not None:
        return value + 28
    if name == "neuron" and value is not None:
        return value + 13_000
    if name in ("text", "label") and isinstance(value, str) and not value.startswith("id:"):
        return f"{value}東京extraordinarily"
    return stretched(value)


def check(lines: list[Any], width: int) -> None:
    for line in lines:
        text = line.plain.rstrip()
        if cell_len(text) > width:  # words, which go on in the next line; a row of a table has columns
            label = _LABEL.match(text)
            words = text[label.end() if label else 0 :].strip()
            assert not re.search(r"\S {3,}\S|[█▒░]{2}", words), f"{width} columns: {text!r}"
    shown = list(fitted(lines, width))
    for line in shown:
        assert cell_len(line.plain.rstrip()) <= width, f"{width} columns: {line.plain!r}"
    one, other = ("".join(line.plain for line in told).replace(" ", "") for told in (shown, lines))
    assert one == other


def views(payload: Any, shown: dict[str, Any], width: int) -> Iterator[list[Any]]:
    for each in (payload, stretched(payload)):
        yield list(lines_of(each, Paper(width=width), **shown))


def longest_bar(lines: list[Any]) -> int:
    return max((len(bar) for line in lines for bar in re.findall("[█▒]+", line.plain)), default=0)


@pytest.mark.parametrize("name", [*COMMANDS, *ALONE, *ELSEWHERE])
def test_a_view_fits_every_width_and_uses_it(payloads, request, name: str) -> None:
    model, command = ELSEWHERE.get(name) or (None, COMMANDS.get(name) or ALONE[name])
    check_views(payloads(command, None if model is None else str(request.getfixturevalue(model))))


def check_views(found: list[tuple[Any, dict[str, Any]]]) -> None:
    for payload, shown in found:
        drawn = {}
        for width in WIDTHS:
            for lines in views(payload, shown, width):
                check(lines, width)
            drawn[width] = longest_bar(list(lines_of(payload, Paper(width=width), **shown)))
        if drawn[100] >= 10:
            assert drawn[160] > 1.2 * drawn[100], "the room of a wide terminal is used"


@pytest.mark.parametrize("name", FOLDERS)
def test_a_view_of_a_studys_folder_fits_every_width(payloads, name: str) -> None:
    payloads(COMMANDS["study"])
    check_views(payloads(FOLDERS[name]))


@pytest.mark.parametrize("width", WIDTHS)
def test_tokens_that_are_generated_fit(cli, monkeypatch, width: int) -> None:
    seen = []

    def spied(tokens: Any, paper: Paper, **how: Any) -> Any:
        lines = [line for each in (tokens, stretched(tokens)) for line in generated_lines(each, Paper(width), **how)]
        check(lines, width)
        seen.extend(lines)
        return iter(lines)

    monkeypatch.setattr("unembed.view.terminal.generation.generated_lines", spied)
    assert cli("generate", PROMPT, "--tokens", "2", "--explain")[0] == 0
    assert seen


def test_every_payload_that_a_terminal_shows_is_tried(payloads, request) -> None:
    """By the names of commands: a new view must be added above."""
    for module in pkgutil.iter_modules(terminal.__path__):
        importlib.import_module(f"{terminal.__name__}.{module.name}")
    kinds = {kind.schema.split("/")[1] for kind in lines_of.registry if hasattr(kind, "schema")}
    tried = {"explain", "explain-answer", "words", "ablate", "attention", "lens", "patch", "trace", "steer", "paths"}
    tried |= {
        "compare-weights",
        "graph",
        "study",
        "report",
        "study-merge",
        "attended",
        "circuit",
        "head-circuit",
        "composition",
        "bigrams",
        "heads",
        "stack-heads",
        "noise",
        "pairs",
        "toys",
        "test",
    }
    tried |= {
        "knowledge-facts",
        "knowledge-attribute",
        "knowledge-find",
        "knowledge-evaluate",
        "knowledge-memory",
        "knowledge-edit",
        "models",
        "doctor",
    }
    assert kinds - tried == {"paint", "toy-evaluation"}, "whose work takes minutes"
