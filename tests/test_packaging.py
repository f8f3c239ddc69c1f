"""What the package declares is what it imports, and each version, licence and number stands in one place."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import unembed

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def imported(path: Path) -> set[str]:
    """The packages that a file imports, in functions as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def normal(name: str) -> str:
    """The name of a distribution as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.\-]+", requirement)[0]) for requirement in requirements}


def test_every_package_that_is_imported_is_declared() -> None:
    extras = PROJECT["optional-dependencies"]
    optional = ("adapters", "explorer", "images", "toys", "studies", "ray")
    known = declared([*PROJECT["dependencies"], *(each for name in optional for each in extras[name])])
    names = set().union(*map(imported, (ROOT / "src").rglob("*.py"))) - set(sys.stdlib_module_names) - {"unembed"}
    homes = importlib.metadata.packages_distributions()
    missing = {name for name in names if not {normal(home) for home in homes.get(name, [name])} & known}
    assert not missing


def test_the_version_of_the_wheel_is_the_version_of_the_package() -> None:
    assert "version" in PROJECT["dynamic"]
    assert importlib.metadata.version("unembed") == unembed.__version__
