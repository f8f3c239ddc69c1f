"""The arguments of an ask, checked: what comes over the wire is JSON of anyone's making.

The keyword parameters of an ask's function, with those of `About`, are what it takes; their annotations are the types.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unembed.errors import InputError
from unembed.ledger.readout import token_id
from unembed.methods.intervene import Change
from unembed.methods.knowledge.neurons import Neuron
from unembed.models.parts import Part
from unembed.runs.run import Run

Token = str | int | None
"""A token as text, or as an id."""
MOST_SHOWN, MOST_PARTS, MOST_PROMPTS = 100, 1000, 20
"""Things listed, parts set together, prompts of one's own for a fact."""


@dataclass(frozen=True)
class About:
    """The prediction that an ask is about; the names are those of the command line's options."""

    prompt: str
    target: Token = None
    vs: Token = None
    reference: str = "mean"
    position: int = -1
    source: str | None = None
    """What the encoder of an encoder-decoder reads; None is the source that the model came with."""


def checked(function: Callable[..., Any], given: Mapping[str, Any]) -> tuple[About, dict[str, Any]]:
    """What an ask is about, and its own arguments.

    Raises:
        InputError: one that it does not take, one that is missing, or one of another type.
    """
    common, own = (inspect.signature(f).parameters.values() for f in (About, function))
    takes = {p.name: p for p in [*common, *(p for p in own if p.kind is p.KEYWORD_ONLY)]}
    unknown = given.keys() - takes.keys()
    if unknown:
        raise InputError(f"This ask takes no {', '.join(sorted(unknown))}: expected {', '.join(takes)}.")
    missing = [p.name for p in takes.values() if p.default is p.empty and p.name not in given]
    if missing:
        raise InputError(f"This ask needs {', '.join(missing)}.")
    for name, value in given.items():
        _check_type(name, value, takes[name].annotation)
    about = {name: given[name] for name in About.__dataclass_fields__ if name in given}
    return About(**about), {name: value for name, value in given.items() if name not in about}


def _check_type(name: str, value: Any, wanted: Any) -> None:
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise InputError(f"Expected {name} to be {getattr(wanted, '__name__', wanted)}, found {value!r:.80}.")


def target(run: Run, about: About) -> int:
    """The explained token at the end of a run: the one that is named, or the top prediction there.

    Raises:
        InputError: it is not in the vocabulary.
    """
    return run.top(1)[0].token if about.target is None else token_id(run, about.target)


def count(top: int) -> int:
    """How many of something are listed."""
    if not 1 <= top <= MOST_SHOWN:
        raise InputError(f"Expected top to be 1 to {MOST_SHOWN}, found {top}.")
    return top


def part(given: Any) -> Part:
    """A part: `{kind, layer, head?, expert?, neuron?}`."""
    if not isinstance(given, dict) or not {"kind", "layer"} <= given.keys() <= Part.__dataclass_fields__.keys():
        raise InputError(f"Expected a part with kind and layer, and head, expert or neuron; found {given!r:.80}.")
    indices = {name: value for name, value in given.items() if name != "kind"}
    if not all(type(i) is int or (i is None and name != "layer") for name, i in indices.items()):
        raise InputError(f"Expected whole numbers as the indices of a part, found {given!r:.80}.")
    return Part(given["kind"], **indices)


def change(given: Any) -> Change:
    """A test: `{part, how}`."""
    if not isinstance(given, dict) or given.keys() != {"part", "how"}:
        raise InputError(f"Expected a test to have a part and how, found {given!r:.80}.")
    return Change(part(given["part"]), given["how"])


def changes(given: list) -> list[Change]:
    """Tests that are one intervention."""
    if len(given) > MOST_PARTS:
        raise InputError(f"Expected at most {MOST_PARTS} tests, found {len(given)}.")
    return [change(entry) for entry in given]


def neurons(given: list | None) -> frozenset[Neuron]:
    """Neurons: `[{layer, neuron, expert?}, ...]`."""
    listed = [] if given is None else given
    if len(listed) > MOST_PARTS or not all(isinstance(entry, dict) and "kind" not in entry for entry in listed):
        raise InputError(f"Expected at most {MOST_PARTS} neurons with layer and neuron, found {given!r:.80}.")
    parts = [part({"kind": "neuron", **entry}) for entry in listed]
    return frozenset(Neuron(p.layer, p.neuron, p.expert) for p in parts if p.neuron is not None)


def prompts(given: list) -> tuple[str, ...]:
    """Prompts of one's own, without those that come twice."""
    if not 1 <= len(given) <= MOST_PROMPTS or not all(isinstance(text, str) and text.strip() for text in given):
        raise InputError(f"Expected 1 to {MOST_PROMPTS} prompts, none of them empty; found {given!r:.80}.")
    return tuple(dict.fromkeys(given))


def pairs(given: list) -> dict[int, int]:
    """Positions that correspond: `[[a, b], ...]`."""
    if not all(isinstance(p, list) and [type(i) for i in p] == [int, int] for p in given):
        raise InputError(f"Expected align to be pairs of positions, found {given!r:.80}.")
    return dict(given)


def window(given: list | None, length: int) -> range:
    """The positions of `[from, to)`; all without one."""
    if given is None:
        return range(length)
    if [type(i) for i in given] != [int, int] or not 0 <= given[0] < min(given[1], length):
        raise InputError(f"Expected a window to be two positions of the prompt, from and to; found {given!r:.80}.")
    return range(given[0], min(given[1], length))


def words(given: list | None) -> tuple[str, str] | None:
    """A word and the one in its place."""
    if given is None:
        return None
    if [type(word) for word in given] != [str, str]:
        raise InputError(f"Expected swap to be a word and another, found {given!r:.80}.")
    return given[0], given[1]
