"""KINDS: the one table of the kinds of sites, which are what there is to address in a model (sites.py).

A row says what a kind is, where in a block it is computed, its shape, where it passes through the module, how it is
read from a recorded run, and which part is set there. The engine, the methods and the parts (parts.py) follow the
table, so a kind is added by adding its row. Inside an encoder the kinds are the same, but for those of cross-attention;
their addresses begin with `enc.` (names.py).
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import InputError
from unembed.models.model import Block
from unembed.models.reprs import Brief

SiteKind = Literal[
    "resid_pre",
    "resid_mid",
    "resid_post",
    "attention_write",
    "mlp_write",
    "z",
    "pattern",
    "query",
    "key",
    "value",
    "neuron",
    "expert",
    "cross_attention_write",
    "cross_z",
    "cross_pattern",
    "cross_query",
    "cross_key",
    "cross_value",
]
Place = Literal["before", "attention", "between", "cross_attention", "mlp", "after"]
"""Where in a block something is computed, in this order."""
Axis = Literal["d_model", "head", "kv_head", "d_head", "d_value", "position", "source", "expert", "neuron"]
"""An axis of a quantity at one position. `d_head` is of queries and keys, `d_value` of values and `z`; `source` runs
over the encoder's source, and only a mixture has an axis `expert`."""
_PICKS: dict[Axis, str] = {
    "head": "head",
    "kv_head": "head",
    "position": "source",
    "source": "source",
    "expert": "expert",
    "neuron": "neuron",
}
"""The field of a site that picks one entry of an axis."""


class Recorded(Protocol):
    """One block of a recorded run, at the positions and entries of a site: what kinds are read from (runs/block.py)."""

    call: Any
    """Its `BlockCall`: keys at every position, queries at those that the run kept."""
    layer: Any
    """Its `Layer`: what it did at the positions that the run kept."""
    heads: Any
    cross_heads: Any

    @property
    def before(self) -> Float[Tensor, "position d_model"]:
        """The stream before the block."""
        ...

    @property
    def after(self) -> Float[Tensor, "position d_model"]:
        """The stream after it."""
        ...

    @property
    def neurons(self) -> Float[Tensor, "position *entry"]:
        """Activations, of a mixture by expert."""
        ...

    @property
    def router(self) -> Float[Tensor, "position *entry"]:
        """The router's weights, a column for each expert."""
        ...

    def kept(self, x: Float[Tensor, "query *entry"]) -> Float[Tensor, "position *rest"]:
        """Of what is kept at the positions that the run was asked for."""
        ...

    def everywhere(self, x: Float[Tensor, "head key d"]) -> Float[Tensor, "position *rest"]:
        """Of what is kept at every position, heads first."""
        ...


@dataclass(frozen=True)
class Tap:
    """Where a value passes through a block, so that it can be watched and changed there.

    | side | where |
    |---|---|
    | `input`, `output` | of the module `of` of a `Block` (a dotted name; `module` is the block itself) |
    | `sum` | the stream with the output of that module added |
    | `attention` | `of`: `query`, `key`, `value`, `pattern` or `z` of the attention function of this place |
    | `router` | the router's weights, on their way to the experts |
    """

    side: Literal["input", "output", "sum", "attention", "router"]
    of: str = "module"

    def module(self, block: Block) -> nn.Module:
        """The module of a block that `input`, `output` and `sum` name."""
        return operator.attrgetter(self.of)(block)


@dataclass(frozen=True, kw_only=True, repr=False)
class Kind(Brief):
    """What is known of one kind of site: a row of `KINDS`."""

    name: SiteKind
    meaning: str
    place: Place
    shape: tuple[Axis, ...]
    """Of its value at one position."""
    tap: Tap
    """In a dense block; neurons of a mixture stand inside its experts, which the walk opens (engine/walk.py)."""
    read: Callable[[Recorded], Tensor]
    """From a recorded run: one row a position."""
    everywhere: bool = False
    """Whether a run keeps it at every position; else only at those that the run was asked to keep."""
    of_source: bool = False
    """Whether its positions are those of the encoder's source."""
    late: bool = False
    """Whether the block's end follows from it by the MLP's down projection at most, without calling the block."""
    part: str | None = None
    """The kind of part (parts.py) that is set here."""

    @property
    def order(self) -> int:
        """When in its block it is computed: the number of its place."""
        return get_args(Place).index(self.place)

    @property
    def cross(self) -> bool:
        """Whether it is of a cross-attention."""
        return self.place == "cross_attention"

    @property
    def indices(self) -> tuple[str, ...]:
        """The fields of a site that may narrow it down."""
        return tuple(_PICKS[axis] for axis in self.shape if axis in _PICKS)

    @property
    def word(self) -> str:
        """What a method's `site` and `--site` call it: the part that is set here, or the kind itself."""
        return self.part or self.name


def _rows(*rows: Kind) -> dict[str, Kind]:
    return {row.name: row for row in rows}


KINDS: dict[str, Kind] = _rows(
    Kind(
        name="resid_pre",
        meaning="the stream before a block",
        place="before",
        shape=("d_model",),
        tap=Tap("input"),
        read=lambda block: block.before,
        everywhere=True,
    ),
    Kind(
        name="resid_mid",
        meaning="the stream between attention and MLP of a block",
        place="between",
        shape=("d_model",),
        tap=Tap("sum", "attention_write"),
        read=lambda block: block.before + block.kept(block.layer.attention_write),
    ),
    Kind(
        name="resid_post",
        meaning="the stream after a block",
        place="after",
        shape=("d_model",),
        tap=Tap("output"),
        read=lambda block: block.after,
        everywhere=True,
        late=True,
    ),
    Kind(
        name="attention_write",
        meaning="what attention adds to the stream, after a post-norm",
        place="attention",
        shape=("d_model",),
        tap=Tap("output", "attention_write"),
        read=lambda block: block.kept(block.layer.attention_write),
        part="attention",
    ),
    Kind(
        name="mlp_write",
        meaning="what the MLP adds to the stream, after a post-norm",
        place="mlp",
        shape=("d_model",),
        tap=Tap("output", "mlp_write"),
        read=lambda block: block.kept(block.layer.mlp_write),
        late=True,
        part="mlp",
    ),
    Kind(
        name="z",
        meaning="a head's mix of values, before the output projection",
        place="attention",
        shape=("head", "d_value"),
        tap=Tap("attention", "z"),
        read=lambda block: block.kept(block.heads.z),
        part="head",
    ),
    Kind(
        name="pattern",
        meaning="a head's attention to one source token, or to all",
        place="attention",
        shape=("head", "position"),
        tap=Tap("attention", "pattern"),
        read=lambda block: block.kept(block.heads.pattern.transpose(0, 1)),
    ),
    Kind(
        name="query",
        meaning="of a head, as the scores read it: after norms and rotary embedding",
        place="attention",
        shape=("head", "d_head"),
        tap=Tap("attention", "query"),
        read=lambda block: block.kept(block.call.query.transpose(0, 1)),
    ),
    Kind(
        name="key",
        meaning="of a key-value head, as the scores read it; with grouped queries several heads do",
        place="attention",
        shape=("kv_head", "d_head"),
        tap=Tap("attention", "key"),
        read=lambda block: block.everywhere(block.call.key),
        everywhere=True,
    ),
    Kind(
        name="value",
        meaning="of a key-value head; with grouped queries several heads read it",
        place="attention",
        shape=("kv_head", "d_value"),
        tap=Tap("attention", "value"),
        read=lambda block: block.everywhere(block.heads.value),
        everywhere=True,
    ),
    Kind(
        name="neuron",
        meaning="an activation, as it enters the down projection",
        place="mlp",
        shape=("expert", "neuron"),
        tap=Tap("input", "down_projection"),
        read=lambda block: block.neurons,
        late=True,
        part="neuron",
    ),
    Kind(
        name="expert",
        meaning="the router's weight of an expert, 0 where it was not chosen",
        place="mlp",
        shape=("expert",),
        tap=Tap("router"),
        read=lambda block: block.router,
        part="expert",
    ),
    Kind(
        name="cross_attention_write",
        meaning="what cross-attention adds to the stream",
        place="cross_attention",
        shape=("d_model",),
        tap=Tap("output", "cross.attention"),
        read=lambda block: block.kept(block.layer.write("cross_attention")),
        part="cross_attention",
    ),
    Kind(
        name="cross_z",
        meaning="a cross-attention head's mix of values",
        place="cross_attention",
        shape=("head", "d_value"),
        tap=Tap("attention", "z"),
        read=lambda block: block.kept(block.cross_heads.z),
        part="cross_head",
    ),
    Kind(
        name="cross_pattern",
        meaning="a cross-attention head's attention to one position of the source, or to all",
        place="cross_attention",
        shape=("head", "source"),
        tap=Tap("attention", "pattern"),
        read=lambda block: block.kept(block.cross_heads.pattern.transpose(0, 1)),
    ),
    Kind(
        name="cross_query",
        meaning="of a cross-attention head",
        place="cross_attention",
        shape=("head", "d_head"),
        tap=Tap("attention", "query"),
        read=lambda block: block.kept(block.call.cross_query.transpose(0, 1)),
    ),
    Kind(
        name="cross_key",
        meaning="of a cross-attention head, at a position of the encoder's source",
        place="cross_attention",
        shape=("head", "d_head"),
        tap=Tap("attention", "key"),
        read=lambda block: block.everywhere(block.call.cross_key),
        everywhere=True,
        of_source=True,
    ),
    Kind(
        name="cross_value",
        meaning="of a cross-attention head, at a position of the encoder's source",
        place="cross_attention",
        shape=("head", "d_value"),
        tap=Tap("attention", "value"),
        read=lambda block: block.everywhere(block.cross_heads.value),
        everywhere=True,
        of_source=True,
    ),
)


def kind_of(word: str, among: Sequence[str]) -> SiteKind:
    """The kind that a word of a method's `site` names.

    Args:
        word: what was asked for.
        among: the words that the method takes.

    Raises:
        InputError: another word.
    """
    if word not in among:
        raise InputError(f"Expected a site of {', '.join(among)}; found {word!r}.{hint(word, among)}")
    return next(row.name for row in KINDS.values() if row.word == word)


def hint(word: str, among: Sequence[str]) -> str:
    """What to say to a person who wrote `resid`, which does not tell the places of the stream apart."""
    streams = [name for name in among if name.startswith("resid_")]
    if word != "resid" or not streams:
        return ""
    told = ", ".join(f"{row.name} is {row.meaning}" for row in KINDS.values() if row.name in streams)
    return f"\nSay which place of the stream is meant: {told}."
