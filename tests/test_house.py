"""The house of the tests: what one test lends to another lies in builders, oracles or browser, and files stay short."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
LONGEST = 450
"""Lines that one reads in one sitting."""
LONGER = {"explorer/src/protocol/payloads.ts"}
"""It is generated."""
WRITTEN = {
    "src": ("*.py",),
    "tests": ("*.py",),
    "benchmarks": ("*.py",),
    "studies": ("*.py",),
    "explorer/src": ("*.ts", "*.tsx", "*.css"),
}


def written() -> Iterator[Path]:
    for folder, patterns in WRITTEN.items():
        files = chain.from_iterable((ROOT / folder).rglob(pattern) for pattern in patterns)
        # benchmarks keeps the environments of other packages in a hidden folder.
        yield from (path for path in files if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))


def imported(source: str) -> set[str]:
    """Every name that stands in an import, also within a function, part by part."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found.update((node.module or "").split("."), (alias.name for alias in node.names))
        elif isinstance(node, ast.Import):
            found.update(chain.from_iterable(alias.name.split(".") for alias in node.names))
    return found


def borrowed(source: str) -> set[str]:
    """What is imported from a test file or from conftest."""
    files = {path.stem for path in TESTS.rglob("test_*.py")} | {"conftest"}
    return imported(source) & files


def test_no_test_imports_from_a_test_file_or_conftest() -> None:
    found = {str(path.relative_to(ROOT)): borrowed(path.read_text()) for path in TESTS.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from test_house import borrowed",
        "def f():\n    import test_house as house",
        "from tests.test_house import borrowed",
        "from tests import conftest",
        "from .conftest import folder",
    ],
)
def test_an_import_from_a_test_file_is_seen(source: str) -> None:
    assert borrowed(source)


def test_names_of_test_files_are_unique() -> None:
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert len(names) > 60
    assert len(names) == len(set(names))


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many parameters a function has, starred ones included; `self` and `cls` are none."""
    given = function.args
    names = [arg.arg for arg in (*given.posonlyargs, *given.args)]
    own = len(names) - (names[:1] in (["self"], ["cls"]))
    return own + len(given.kwonlyargs) + (given.vararg is not None) + (given.kwarg is not None)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f(): pass", 0),
        ("def f(self, a, /, b=1, *c, d, e=2, **g): pass", 6),
        ("async def f(cls, a): pass", 1),
        ("def f(a, self): pass", 2),
    ],
)
def test_parameters_are_counted_without_self(source: str, count: int) -> None:
    (function,) = ast.parse(source).body
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    assert parameters(function) == count


def test_few_functions_have_eight_or_more_parameters() -> None:
    """Methods that a researcher calls may; what a command or a helper needs so many of is a type."""
    found = {
        f"{path.relative_to(ROOT)} {node.name}": "methods" in path.parts and not node.name.startswith("_")
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and parameters(node) >= 8
    }
    others = [name for name, public in found.items() if not public]
    assert len(found) - len(others) <= 16, found
    assert len(others) <= 3, others


def test_no_file_is_too_long_to_be_read_in_one_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in written()}
    assert len(lengths) > 300
    assert {path for path, length in lengths.items() if length > LONGEST} == LONGER
