"""Annotations are checked on the calls of the tests: shapes by jaxtyping, the rest by beartype.

Of each function the first `FIRST` calls of each test are checked: what a loop calls a thousand times is called alike.
As `jaxtyping.install_import_hook` does, but cheaper: that opens a scope for the names of axes at every call, and checks
the arguments twice. Here a function whose annotations name no array has no such scope, and each value is checked once.
A function within a function is checked where its annotations name an array.
"""

import ast
import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype

FIRST = 2
_TESTS = 0
"""How many tests have begun."""


def begin_test() -> None:
    """Another test begins: its first calls are checked again."""
    global _TESTS
    _TESTS += 1


def check_calls(modules: Sequence[str]) -> None:
    """Check every call of the functions of these modules. It must run before they are first imported."""
    sys.meta_path.insert(0, _Finder(frozenset(modules)))


class _Finder(MetaPathFinder):
    def __init__(self, modules: frozenset[str]) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in self.modules else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """Compiled anew each time: the decorated code must not be kept where runs outside the tests find it."""
        path = self.get_filename(fullname)
        tree = _Decorated().visit(ast.parse(self.get_data(path)))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[_NAME] = checked
        super().exec_module(module)


_NAME = "__checked__"
_REFUSED = BeartypeConf(violation_type=TypeError)
"""As jaxtyping refuses: what catches a wrong type in the package must not meet a class that only the tests raise."""


class _Decorated(ast.NodeTransformer):
    """Nearest to the function, whose annotations other decorators may hide; outermost on a class, for `dataclass`."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list.append(ast.copy_location(ast.Name(_NAME, ast.Load()), node))
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list.insert(0, ast.copy_location(ast.Name(_NAME, ast.Load()), node))
        return self.generic_visit(node)


def checked(what: Any) -> Any:
    """A function whose calls are checked; of a dataclass, its `__init__`."""
    if not inspect.isclass(what):
        return _checked(what)
    if dataclasses.is_dataclass(what) and "__init__" in vars(what):
        what.__init__ = _checked(what.__init__)
    return what


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    hints = {name: _resolved(hint, function) for name, hint in function.__annotations__.items()}
    function.__annotations__ = hints
    shapes = any(map(_names_an_array, hints.values()))
    if not shapes and "<locals>" in function.__qualname__:
        return function  # made at each call of the function around it, which a check would slow a hundredfold
    # Of a generator function its arguments, and that it gives an iterator: at the call, not at the first step, when the
    # names of axes are those of another call.
    strict = beartype(conf=_REFUSED)(_begun(function) if inspect.isgeneratorfunction(function) else function)

    test = calls = 0

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal test, calls
        if test != _TESTS:
            test, calls = _TESTS, 0
        calls += 1
        if calls > FIRST or jaxtyping.config.jaxtyping_disable:
            return function(*args, **kwargs)
        if not shapes:
            return strict(*args, **kwargs)
        with jaxtyping.jaxtyped("context"):
            return strict(*args, **kwargs)

    return call


def _begun(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same as a plain function."""

    @functools.wraps(function)
    def begun(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return begun


def _resolved(hint: Any, function: Callable[..., Any]) -> Any:
    """A name in quotes as what it names; as anything, where that is not there at run time, or not yet."""
    try:
        holder = SimpleNamespace(__annotations__={"it": hint})
        return get_type_hints(holder, function.__globals__, include_extras=True)["it"]
    except NameError:
        return Any


def _names_an_array(hint: Any) -> bool:
    if isinstance(hint, list):
        return any(map(_names_an_array, hint))
    return (inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray)) or any(
        map(_names_an_array, get_args(hint))
    )
