"""Payloads: results as plain, versioned data. What `--json` prints and every view renders; one module a subject.

A payload class names its schema (`@payload("unembed/explain/2")`), and a function makes it of a result
(`@payload_of.register`). The JSON schemas that ship in `view/schemas/`, the page's types and the tables of docs/json.md
are generated from these classes and the docstrings of their fields (`make schemas`).

A `Literal` of a method is written out again in a payload: payloads are imported without torch, and a schema promises
its words whatever the method does. Where a payload is made, pyright holds the one against the other.

What does not apply is null. Logits and credits are in logits, `kl` in nats, probabilities in [0, 1]. Layers count from
0; a lens row with layer null is the embedding, with layer `l` the stream after block `l`.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, dataclass_transform

_PAYLOADS: dict[str, type] = {}
"""Payload classes by schema, of the modules that were imported; `all_payloads` imports the others."""

_Class = TypeVar("_Class", bound=type)
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass_transform(frozen_default=True)
def payload(schema: str) -> Callable[[_Class], _Class]:
    """Make a class a frozen dataclass, and the payload of a schema such as `unembed/explain/2`."""

    def register(cls: _Class) -> _Class:
        made = dataclass(frozen=True)(cls)
        made.schema = schema
        _PAYLOADS[schema] = made
        return made

    return register


class _PayloadOf:
    """Makes the payload of a result, by the result's class; a payload is its own.

    This is `functools.singledispatch` with classes named in annotations instead of imported: the class of a result
    comes with torch, and text that is known without a model must be told without it.
    """

    def __init__(self) -> None:
        self._makers: dict[str, Callable[..., Any]] = {}

    def register(self, maker: _Function) -> _Function:
        """Register a function for the class that annotates its first parameter, as a string.

        Raises:
            TypeError: a class of this name has a payload already.
        """
        name = next(iter(maker.__annotations__.values()))
        if name in self._makers:
            raise TypeError(f"Two results called {name} would have payloads, which are found by this name.")
        self._makers[name] = maker
        return maker

    def knows(self, result: object) -> bool:
        """Whether a result has a payload."""
        name = type(result).__name__
        if name not in self._makers:
            all_payloads()
        return name in self._makers

    def __call__(self, result: object) -> Any:
        kind = type(result)
        if _PAYLOADS.get(getattr(kind, "schema", "")) is kind:
            return result
        if not self.knows(result):
            raise TypeError(f"No payload is registered for {kind.__name__}: see unembed.view.payloads.")
        return self._makers[kind.__name__](result)


payload_of = _PayloadOf()


def all_payloads() -> dict[str, type]:
    """Every payload class by its schema; imports all modules of this package, none of which brings torch."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _PAYLOADS


def to_json(payload: Any) -> dict[str, Any]:
    """The payload as JSON-ready data, its schema first. A field `from_` is `from` in JSON."""
    return {"schema": payload.schema, **_data(payload)}


def _data(value: Any) -> Any:
    """A value with its dataclasses as dictionaries. What is no list, dictionary or dataclass is taken as it is."""
    names = _names_in_json(type(value))
    if names is not None:
        return {name: _data(getattr(value, field)) for field, name in names}
    if isinstance(value, dict):
        return {key: _data(each) for key, each in value.items()}
    return [_data(each) for each in value] if isinstance(value, list | tuple) else value


@functools.cache
def _names_in_json(kind: type) -> tuple[tuple[str, str], ...] | None:
    """The fields of a dataclass, each with its name in JSON; None of another class."""
    if not is_dataclass(kind):
        return None
    return tuple((field.name, field.name.removesuffix("_")) for field in fields(kind))
