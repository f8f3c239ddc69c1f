"""The public names of `unembed`: each resolves, no module hides one, and what is private says so by its underscore."""

import ast
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import unembed

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "unembed"
REGISTERING = ("command", "callback", "register")
"""Decorators that hand a function to a table of commands or types."""
Name = tuple[str, str]
"""A module and a name in it."""


def test_nothing_at_the_top_has_the_name_of_a_function() -> None:
    top = {module.name for module in pkgutil.iter_modules(unembed.__path__)}
    assert not top & set(unembed.__all__)


def test_every_public_name_resolves() -> None:
    for name in unembed.__all__:
        assert getattr(unembed, name) is not None


def test_completion_and_star_import_offer_the_public_names_only() -> None:
    """In a process of its own, after a name has loaded modules of the package as attributes of it."""
    said = (
        "import unembed\n"
        "unembed.load\n"
        "assert 'loading' in vars(unembed), 'nothing was loaded, so nothing is tried'\n"
        "offered = {}\n"
        "exec('from unembed import *', offered)\n"
        "print(sorted(set(dir(unembed)) ^ set(unembed.__all__)))\n"
        "print(sorted(set(offered) - {'__builtins__'} ^ set(unembed.__all__)))\n"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


# What stands in a module without an underscore is used by others, or is shown by what they use


def _module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The names that a module makes at its top level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))


def _names(nodes: Iterable[ast.AST | None]) -> set[str]:
    """The names in some expressions, also in annotations that are strings."""
    found: set[str] = set()
    for node in nodes:
        for part in ast.walk(node) if node is not None else ():
            if isinstance(part, ast.Name):
                found.add(part.id)
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                found |= set(re.findall(r"\w+", part.value))
    return found


def _told(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The names that a docstring tells its reader, in backticks."""
    return set(re.findall(r"`(\w+)`", ast.get_docstring(node) or ""))


def _shown(node: ast.stmt) -> set[str]:
    """What a reader of a name sees of others: its signature, its fields and methods, its docstring, its value."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = node.args
        taken = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        annotations = [argument.annotation for argument in taken if argument is not None]
        return _told(node) | _names([*annotations, *arguments.defaults, *arguments.kw_defaults, node.returns])
    if isinstance(node, ast.ClassDef):
        public = (part for part in node.body if not getattr(part, "name", "").startswith("_"))
        return _told(node) | _names(node.bases).union(*map(_shown, public))
    if isinstance(node, ast.AnnAssign):
        return _names([node.annotation, node.value])
    return _names([node.value]) if isinstance(node, ast.Assign) else set()


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression of names and attributes; of another, empty before the first dot."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _used(tree: ast.Module, modules: set[str]) -> Iterator[Name]:
    """What a file takes from modules of the package: imports, attributes of imported modules (also by `getattr` and
    `setattr`), dotted paths as text."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.module, alias.name
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            bound.update({alias.asname: alias.name for alias in node.names if alias.asname})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, *path = _dotted(node.value).split(".")
            yield ".".join([bound.get(first, first), *path]), node.attr
            if isinstance(node.value, ast.Subscript) and _dotted(node.value.value) == "sys.modules":
                yield from ((home, node.attr) for home in modules)  # whichever it is
        elif isinstance(node, ast.Call) and _dotted(node.func).endswith(("getattr", "setattr")) and len(node.args) > 1:
            of, name = node.args[:2]
            if not isinstance(name, ast.Constant):  # any name of the module
                yield from ((home, "*") for home in {bound.get(_dotted(of), "")} & modules)
            else:
                homes = {bound.get(_dotted(of), "")} & modules or modules  # an object that may be any module
                yield from ((home, str(name.value)) for home in homes)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for dotted in _DOTTED.findall(node.value):
                yield _split(dotted)


_DOTTED = re.compile(r"unembed(?:\.\w+)+")


def _split(dotted: str) -> Name:
    module, _, name = dotted.rpartition(".")
    return module, name


def _taken_by_text() -> Iterator[Name]:
    """What the documentation imports, and the entry points."""
    for page in (*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "pyproject.toml"):
        text = page.read_text(encoding="utf-8")
        for module, names in re.findall(r"from (unembed[\w.]*) import ([\w, ]+)", text):
            yield from ((module, name.split(" as ")[0].strip()) for name in names.split(","))
        yield from re.findall(r"(unembed[\w.]*):(\w+)", text)
        yield from map(_split, _DOTTED.findall(text))


def _registered(node: ast.stmt) -> bool:
    decorators = getattr(node, "decorator_list", [])
    calls = [each.func if isinstance(each, ast.Call) else each for each in decorators]
    return any(isinstance(call, ast.Attribute) and call.attr in REGISTERING for call in calls)


def _looks_public() -> set[Name]:
    """Names without an underscore that nothing outside their module uses, and that nothing used shows."""
    trees = {_module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    defined = {(module, name): node for module, tree in trees.items() for name, node in _defined(tree)}
    folders = ("tests", "studies", "benchmarks", "examples", "scripts")
    outside = [ast.parse(path.read_text(encoding="utf-8")) for f in folders for path in (ROOT / f).rglob("*.py")]
    used = {(f"unembed.{home}", name) for name, home in unembed._HOME.items()} | set(_taken_by_text())
    used |= {use for tree in outside for use in _used(tree, set(trees))}
    used |= {use for module, tree in trees.items() for use in _used(tree, set(trees)) if use[0] != module}
    used |= {place for place, node in defined.items() if _registered(node)}
    used |= {(module, name) for module, tree in trees.items() for name in _told(tree)}
    reached = {place for place in defined if place in used or (place[0], "*") in used}
    while True:
        shown = {(module, name) for module, own in reached for name in _shown(defined[module, own])}
        more = (shown & defined.keys()) - reached
        if not more:
            break
        reached |= more
    return {place for place in defined.keys() - reached if not place[1].startswith("_")}


def test_what_only_its_module_uses_has_an_underscore() -> None:
    assert sorted(".".join(place) for place in _looks_public()) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def f(a: A, *, b: 'B' = C) -> D: return E", {"A", "B", "C", "D"}),
        ("class K(A):\n    x: B = C\n    def m(self) -> D: E\n    def _n(self) -> F: ...", {"A", "B", "C", "D"}),
        ("TABLE = {'a': A}", {"A", "a"}),
        ("ONE: A = B", {"A", "B"}),
        ("def f():\n    'At most `MOST` of `g`.'", {"MOST", "g"}),
    ],
)
def test_what_a_name_shows(text: str, shown: set[str]) -> None:
    assert _shown(ast.parse(text).body[0]) == shown
