"""The documentation says what the program does: examples and code blocks run, and print what the pages show.

In README.md and docs/: a `console` block is commands (`$ …`) and what they print; a `sh` block in the README is
commands that must succeed; a `python` block runs, and prints the `text` block that follows it, if one does. On a page
of `GOES_ON` the blocks are one program.
"""

import ast
import contextlib
import dataclasses
import functools
import inspect
import io
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch

import unembed
from builders.printed import assert_same
from unembed.cli import main
from unembed.loading.load import load
from unembed.models import families
from unembed.view.glyphs import visible

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
GOES_ON = ("api.md", "coming-from.md")
"""Pages whose `python` blocks go on from one another."""
SLOW = (
    "unembed toys evaluate facts",
    "unembed composition",
    "unembed heads",
    "unembed noise",
    'unembed words "The capital of France is" --how "replace=',
    "ledger_error.py",
)
"""Commands and examples that `make studies` runs."""
NEEDS_NO_WEIGHTS = ("add_a_family.py", "families.md")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@functools.cache
def run(*words: str) -> str:
    """What a program prints: `unembed …`, or `python …` of a file or of code after `-c`. It must succeed.

    In this process, where torch is loaded already, but as a reader's: without checks of shapes, and on the CPU, where
    the pages were written. The real model is loaded once for all, and a prompt run once, as long as nobody edits its
    weights.
    """
    name, *arguments = words
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng(), contextlib.redirect_stdout(out):
        patch.chdir(ROOT)
        patch.setattr(jaxtyping.config, "jaxtyping_disable", True)
        patch.setattr(torch.cuda, "is_available", lambda: False)
        patch.setattr("unembed.loading.load.load", _load)
        patch.setattr("unembed.runs.prompted.record", _record)
        patch.setattr(families, "_families", dict(families._families))
        patch.setattr(sys, "argv", arguments if name == "python" else list(words))
        _execute(name, arguments)
    out.seek(0)
    return out.read()


_kept: list[unembed.Model] = []


def _load(name: str = "smollm2-135m", **how: Any) -> unembed.Model:
    if name != "smollm2-135m" or {how.get("dtype"), how.get("adapter")} != {None}:
        return load(name, **how)
    if not _kept or _kept[0].edits:
        _kept[:] = [load(name)]
    return _kept[0]


_runs: dict[str, unembed.Run] = {}
"""Of the real model: pages ask much about a few prompts, and a run keeps what it was asked, as in the explorer."""


def _record(model: unembed.Model, prompt: Any, **how: Any) -> unembed.Run:
    if not _kept or model is not _kept[0] or model.edits or model.source is not None:
        return unembed.record(model, prompt, **how)
    asked = repr((prompt, how))
    if asked not in _runs or _runs[asked].model is not model:
        _runs[asked] = unembed.record(model, prompt, **how)
    return _runs[asked]


def _execute(name: str, arguments: list[str]) -> None:
    if name == "unembed":
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code, shlex.join(arguments)
        return
    assert name == "python", name
    if arguments[0] == "-c":
        exec(compile(arguments[1], "<block>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def run_line(line: str) -> str:
    """A line of a page, without a comment or where its output goes."""
    return run(*shlex.split(line.partition(" > ")[0], comments=True))


def marked(what: Path, *rest: object, name: str):
    """A case, marked when it needs the weights of the real model, or minutes."""
    marks = [] if what.name in NEEDS_NO_WEIGHTS else [pytest.mark.real]
    marks += [pytest.mark.slow] if name.startswith(SLOW) or what.name in SLOW else []
    return pytest.param(what, *rest, id=f"{what.stem}-{name}", marks=marks)


def console_cases():
    for page in PAGES:
        for language, body in BLOCK.findall(page.read_text()):
            if language == "console":
                for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                    line, _, shown = part.partition("\n")
                    yield marked(page, line, shown, name=line[:60])


def command_cases():
    shown = [asked(case.values[1]) for case in console_cases()]
    for language, body in BLOCK.findall((ROOT / "README.md").read_text()):
        for line in body.splitlines():
            if language == "sh" and line.startswith("unembed "):
                case = marked(ROOT / "README.md", line, name=line.partition("#")[0].strip()[:60])
                again = any(asked(line) <= each for each in shown)
                yield pytest.param(*case.values, id=case.id, marks=[*case.marks, *[pytest.mark.slow] * again])


def asked(line: str) -> set[str]:
    """The command of a line and its options."""
    words = shlex.split(line.partition(" > ")[0], comments=True)
    command = words[1:3] if words[1] in ("knowledge", "toys", "circuit", "models", "study") else words[1:2]
    return {" ".join(command), *(_LONG.get(word, word) for word in words if word.startswith("-"))}


_LONG = {"-t": "--target", "-m": "--model", "-p": "--position"}


def python_cases():
    for page in PAGES:
        blocks = BLOCK.findall(page.read_text())
        if page.name in GOES_ON:
            yield marked(page, of(blocks, "python"), of(blocks, "text"), name="whole")
            continue
        for index, (language, body) in enumerate(blocks):
            if language == "python":
                follows = [*blocks, ("", "")][index + 1]
                yield marked(page, body, follows[1] if follows[0] == "text" else None, name=str(index))


def of(blocks: list[tuple[str, str]], language: str) -> str:
    """The blocks of one language, one after another."""
    return "".join(body for found, body in blocks if found == language)


@pytest.mark.parametrize(("page", "line", "shown"), list(console_cases()))
def test_what_a_page_shows_is_what_the_command_prints(page, line, shown):
    found = run_line(line)
    if shown.strip():
        assert_same(found, shown)


@pytest.mark.parametrize(("page", "line"), list(command_cases()))
def test_a_command_of_the_readme_succeeds(page, line):
    """In studies, where a page shows what the same command prints with these options."""
    assert run_line(line).strip()


@pytest.mark.parametrize(("page", "code", "shown"), list(python_cases()))
def test_a_python_block_runs_and_prints_what_the_page_shows(page, code, shown):
    found = run("python", "-c", code)
    if shown is not None:
        assert_same(found, shown)


@pytest.mark.real
def test_the_first_block_of_the_readme_in_a_process_of_its_own():
    """The others run where the package is imported already."""
    _, code, shown = next(python_cases()).values
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=True)
    assert_same(done.stdout, shown)


def test_each_job_of_coming_from_another_tool_is_at_most_two_lines():
    jobs = (ROOT / "docs/coming-from.md").read_text().split("\n## ")[1:9]
    for job in jobs:
        lines = [x for x in of(BLOCK.findall(job), "python").splitlines() if x and not re.match("import |from ", x)]
        assert 1 <= len(lines) <= 2, job
        for tool in ("# TransformerLens", "# nnsight"):
            assert f"```py\n{tool}" in job
        assert "```py\n# interpkit" in job or "interpkit: –" in job


@pytest.mark.parametrize("example", [marked(path, name="runs") for path in EXAMPLES])
def test_an_example_runs_and_is_short(example):
    assert run("python", f"examples/{example.name}").strip()
    assert len(example.read_text().splitlines()) < 50


def test_the_table_of_fields_has_every_field_of_a_row():
    page = (ROOT / "docs" / "families.md").read_text()
    table = page.partition("## The fields")[2].partition("\n\n`writes`")[0]
    named = [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])]
    assert sorted(named) == sorted(field.name for field in dataclasses.fields(unembed.Family))


def test_the_comparison_is_no_rubber_stamp():
    shown = " L23 attn  +3.43 ████▍  ·Paris 77.3% rank 2079 (|Δ| 4e-06)\n"
    for old, noise in (("77.3", "77.2"), ("████▍", "███▉"), ("4e-06", "9e-07"), ("+3.43", "+3.44")):
        assert_same(shown.replace(old, noise), shown)
    for old, wrong in (("77.3", "77.5"), ("+3.43", "+3.47"), ("+3.43", "−3.43"), ("L23", "L24"), ("2079", "2080")):
        with pytest.raises(AssertionError):
            assert_same(shown.replace(old, wrong), shown)
    with pytest.raises(AssertionError):
        assert_same(shown + shown, shown)


def test_every_public_name_stands_on_the_page_of_the_api():
    """Under its own name; of a namespace, each function as well."""
    page = (ROOT / "docs/api.md").read_text()
    named = re.findall(r"^::: unembed\.(\w+)(?:\n    options:\n      members: \[([\w, ]+)\])?$", page, re.MULTILINE)
    assert sorted(name for name, _ in named) == sorted(set(unembed.__all__) - {"__version__"})
    assert "`unembed.__version__`" in page
    for name, members in named:
        if members:
            space = getattr(unembed, name)
            own = [each for each in space.__all__ if getattr(space, each) is not getattr(unembed, each, None)]
            assert sorted(members.split(", ")) == sorted(own), name
    assert {name for name, members in named if members} == set(unembed._NAMESPACES)


NO_EXAMPLE = {"with_image"}
"""It takes a model of several hundred megabytes, of which no small one is at hand."""


def test_every_public_function_has_an_example_on_the_page_of_the_api():
    """Its blocks run (above), so that whoever looks a function up sees it at work."""
    code = "\n".join(code for kind, code in BLOCK.findall((ROOT / "docs/api.md").read_text()) if kind == "python")
    shown = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)}
    spaces = [unembed, *(getattr(unembed, name) for name in unembed._NAMESPACES)]
    functions = {name for space in spaces for name in space.__all__ if inspect.isfunction(getattr(space, name))}
    assert len(functions) > 50
    assert functions - shown == NO_EXAMPLE


def test_the_architecture_tells_each_package_in_its_own_words():
    """The sentence of a package stands on the page as it stands at the head of the package."""
    page = (ROOT / "docs/architecture.md").read_text().split("**Imports go one way**")[0]
    told = dict(re.findall(r"^    (\w+) {2,}(\S.*)$", page, re.MULTILINE))
    del told["errors"]
    packages = [path.parent for path in Path(unembed.__file__).parent.glob("*/__init__.py")]
    own = {path.name: ast.get_docstring(ast.parse((path / "__init__.py").read_text())) for path in packages}
    assert told == {name: text.partition("\n")[0] for name, text in own.items()}


def test_the_page_on_json_names_every_field_of_every_payload():
    """The fields of the payload itself, not those within its lists."""
    spans = re.findall(r"`([^`\n]+)`", (ROOT / "docs/json.md").read_text())
    named = {word for span in spans for word in re.findall(r"\w+", span)}
    schemas = sorted((Path(unembed.__file__).parent / "view" / "schemas").glob("*.json"))
    assert len(schemas) > 20
    for schema in schemas:
        assert not json.loads(schema.read_text())["properties"].keys() - named, schema.name


@pytest.mark.real
def test_the_numbers_in_the_text_of_the_method_pages(real_model):
    found = unembed.attention(real_model, "The capital of France is")
    pattern, contribution = (
        np.stack([getattr(view, name) for view in found.heads]) for name in ("pattern", "contribution")
    )
    table = [
        "| {} | {:.3f} | {:+.2f} | {:.2f} |".format(visible(token), *row)
        for token, *row in zip(
            (real_model.tokenizer.decode([t]) for t in found.run.tokens),
            pattern.mean(0),
            contribution.sum(0),
            np.abs(contribution).sum(0),
            strict=True,
        )
    ]
    page = (ROOT / "docs/methods/attention.md").read_text()
    shown = [line for line in page.splitlines() if line.startswith("| ") and "source token" not in line]
    assert_same("\n".join(table), "\n".join(shown))
    assert int((pattern[:, 0] > 0.9).sum()) == 82

    finest = unembed.decompose(found.readout, by="source+neuron")
    values = np.array([term.value for term in finest.terms()])
    page = (ROOT / "docs/methods/ledger.md").read_text()
    for number in (values[values > 0].sum(), values[values < 0].sum()):
        assert f"{number:+.1f}".replace("-", "−") in page
    assert f"{sum(term.value for term in finest.top(10)):+.2f}" in page
