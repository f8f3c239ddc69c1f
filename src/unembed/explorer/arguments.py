"""What the page may ask, one class an ask; and `decoded`, which makes one of JSON of anyone's making.

An ask is a JSON object: its name under `ask`, and the fields of its class. The page's types of asks are generated from
these classes (`make schemas`).
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from unembed.errors import InputError
from unembed.methods.intervene import How
from unembed.models.parts import PartKind


@dataclass(frozen=True)
class Between:
    """What a number, or the length of a list, may be."""

    least: float
    most: float


Token = str | int | None
"""A token as text, or as an id."""
Top = Annotated[int, Between(1, 100)]
Prompts = Annotated[list[str], Between(0, 19)]
"""With the prompt of the ask, 20 at most."""


@dataclass(frozen=True, kw_only=True)
class About:
    """The prediction that an ask is about; the names are those of the command line's options."""

    prompt: str
    target: Token = None
    """The explained token; null is the top prediction."""
    vs: Token = None
    """The other token of a difference."""
    reference: str = "mean"
    position: int | None = None
    """Null is where the prompt asks: at its last position, or at the blank of a masked language model."""
    source: str | None = None
    """What the encoder of an encoder-decoder reads; null is the source that the model came with."""


@dataclass(frozen=True, kw_only=True)
class AskedPart:
    """A sublayer, or a head or neuron of one."""

    kind: PartKind
    layer: int
    head: int | None = None
    expert: int | None = None
    neuron: int | None = None
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""


@dataclass(frozen=True, kw_only=True)
class AskedTest:
    """A part, and what it is set to."""

    part: AskedPart
    how: How


@dataclass(frozen=True, kw_only=True)
class AskedNeuron:
    """A neuron by its place."""

    layer: int
    neuron: int
    expert: int | None = None


Neurons = Annotated[list[AskedNeuron], Between(0, 1000)]


@dataclass(frozen=True, kw_only=True)
class ExplainAsk(About):
    """`unembed explain`."""

    test: bool = True
    """Whether heads and neurons are zeroed."""
    parts: bool = True
    """Whether heads and neurons are listed; without them, and without tests, the answer comes soonest."""
    top: Top = 10
    swap: tuple[str, str] | None = None
    """A word and the one in its place."""
    swap_all: bool = False
    """Whether it is replaced everywhere."""
    swap_nth: Annotated[int, Between(1, 10_000)] | None = None
    """Which of several is replaced, counted from 1; null where there must be one."""


@dataclass(frozen=True, kw_only=True)
class TermsAsk(About):
    """One row of the ledger, opened."""

    layer: int
    sublayer: Literal["attention", "cross_attention", "mlp"]
    top: Top = 20
    """How many neurons are listed."""


@dataclass(frozen=True, kw_only=True)
class InspectAsk(About):
    """Where a part looks, what it writes and adds."""

    part: AskedPart
    top: Top = 10


@dataclass(frozen=True, kw_only=True)
class ReadsAsk(About):
    """What a part reads of the stream; of the prediction only the position matters."""

    part: AskedPart


@dataclass(frozen=True, kw_only=True)
class TestAsk(About):
    """Some parts set together: to zero, to twice their value, to their mean, or to that with B (prompt, source)."""

    tests: Annotated[list[AskedTest], Between(0, 1000)]
    prompt_b: str | None = None
    source_b: str | None = None
    top: Top = 10


@dataclass(frozen=True, kw_only=True)
class LensAsk(About):
    """`unembed lens`, all layers."""

    window: tuple[int, int] | None = None
    """Positions from the first up to the second; null is all."""
    top: Top = 5


@dataclass(frozen=True, kw_only=True)
class AttentionAsk(About):
    """`unembed attention` of one layer; the whole pattern of a head only of a short prompt."""

    layer: int
    head: int | None = None
    cross: bool = False
    encoder: bool = False


@dataclass(frozen=True, kw_only=True)
class PathsAsk(About):
    """`unembed paths`, of a short prompt."""


@dataclass(frozen=True, kw_only=True)
class AttributeAsk(About):
    """`unembed knowledge attribute`; without a target, of the top prediction."""

    top: Top = 20


@dataclass(frozen=True, kw_only=True)
class FactsAsk(About):
    """The facts that the model can be asked about, and which of them the prompt states."""


@dataclass(frozen=True, kw_only=True)
class FindAsk(About):
    """`unembed knowledge find` of the fact that the prompt states, or of one's own with more `prompts`."""

    prompts: Prompts | None = None
    """More prompts that ask the same."""
    compared: Annotated[int, Between(1, 40)] = 4
    """Facts that are compared: refining needs others, and each takes as many attributions as it has prompts."""
    t: float = 0.2


@dataclass(frozen=True, kw_only=True)
class EditAsk(About):
    """`unembed knowledge suppress` or `amplify` of some neurons, or `erase` of a relation's; then it is undone."""

    action: Literal["suppress", "amplify", "erase"]
    neurons: Neurons
    prompts: Prompts | None = None


@dataclass(frozen=True, kw_only=True)
class UpdateAsk(About):
    """`unembed knowledge update`, made with every second prompt of the fact as the command makes it; then undone."""

    to: str
    method: Literal["rome", "value"] = "rome"
    neurons: Neurons | None = None
    prompts: Prompts | None = None
    subject: str | None = None
    """Of one's own prompts, as they write it: ROME needs it."""


@dataclass(frozen=True, kw_only=True)
class PatchAsk(About):
    """`unembed patch`, the prompt as the clean one."""

    prompt_b: str
    site: str = "resid_pre"
    align: list[tuple[int, int]] | None = None
    """Pairs of positions that correspond."""


@dataclass(frozen=True, kw_only=True)
class GenerateAsk(About):
    """`unembed generate`, the top prediction each time."""

    tokens: Annotated[int, Between(1, 200)] = 20


@dataclass(frozen=True, kw_only=True)
class TokensAsk(About):
    """The tokens that a text may name, any of the vocabulary."""

    text: str
    """As far as it is typed."""
    top: Top = 10


KINDS: dict[str, type[About]] = {kind.__name__.removesuffix("Ask").lower(): kind for kind in About.__subclasses__()}
"""The class of each ask: of `explain` it is `ExplainAsk`."""


def decoded(kind: Any, given: Any, name: str = "") -> Any:
    """A value of JSON as what a type says, checked.

    Args:
        kind: a dataclass, a list or pair of a type, a literal, `Annotated` with `Between`, a union, or a plain type.
        given: of anyone's making.
        name: of the value, as messages tell it; empty for the ask itself.

    Raises:
        InputError: it is something else; what was expected, and what was found.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(given, Mapping):
        return _object(kind, given, name)
    if origin is Annotated:
        return _limited(inner[1], decoded(inner[0], given, name), name)
    if origin in (Union, types.UnionType):
        if given is None and type(None) in inner:
            return None
        fits = [one for one in inner if one is not type(None) and (len(inner) == 2 or type(given) is one)]
        if fits:
            return decoded(fits[0], given, name)
    elif origin is list and isinstance(given, list):
        return [decoded(inner[0], one, f"{name}[{i}]") for i, one in enumerate(given)]
    elif origin is tuple and isinstance(given, list) and len(given) == len(inner):
        return tuple(
            decoded(one, value, f"{name}[{i}]") for i, (one, value) in enumerate(zip(inner, given, strict=True))
        )
    elif (origin is Literal and isinstance(given, str) and given in inner) or type(given) is kind:
        return given
    elif kind is float and type(given) is int:
        return float(given)
    raise InputError(f"Expected {name or 'an ask'} to be {_words(kind)}, found {given!r:.80}.")


def _object(kind: Any, given: Mapping[str, Any], name: str) -> Any:
    takes, what = {field.name: field for field in fields(kind)}, name or "This ask"
    if unknown := given.keys() - takes.keys():
        raise InputError(f"{what} takes no {', '.join(sorted(unknown))}: expected {', '.join(takes)}.")
    if missing := [n for n, field in takes.items() if field.default is MISSING and n not in given]:
        raise InputError(f"{what} needs {', '.join(missing)}.")
    hints, inside = get_type_hints(kind, include_extras=True), f"{name}." if name else ""
    return kind(**{key: decoded(hints[key], value, inside + key) for key, value in given.items()})


def _limited(limits: Between, value: Any, name: str) -> Any:
    size = len(value) if isinstance(value, list) else value
    if not limits.least <= size <= limits.most:
        allowed = f"{limits.least} to {limits.most}" if limits.least else f"at most {limits.most}"
        raise InputError(
            f"Expected {allowed} {name}, found {size}."
            if isinstance(value, list)
            else f"Expected {name} to be {allowed}, found {size}."
        )
    return value


def _words(kind: Any) -> str:
    """A type as a person says it."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _words(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one) for one in inner)
    if origin is Literal:
        return f"{', '.join(map(str, inner[:-1]))} or {inner[-1]}"
    if origin is list:
        return f"a list, each entry {_words(inner[0])}"
    if origin is tuple:
        return f"a pair, each {_words(inner[0])}"
    if is_dataclass(kind):
        return f"an object of {', '.join(field.name for field in fields(kind))}"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}[kind]
