"""Site: a typed address in a model: which quantity, in which block, at which positions.

`KINDS` is the one table of what there is to address: a row says what a kind is, where in a block it is computed, its
shape, where it passes through the module, and how it is read from a recorded run. The engine, the methods and the
parts (parts.py) follow the table, so a kind is added by adding its row.

In a mixture of experts a neuron has an expert as well, and all neurons of a block are `expert neuron`; those of experts
that were not chosen are 0 and setting them changes nothing.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, get_args

from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import InputError
from unembed.models.layers import expert_width, projection
from unembed.models.model import Block, Model, check_has_layers, check_has_neurons
from unembed.models.names import Name, read_name, site_name, written_out
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
    """Its `BlockCall`: queries, keys and the like, at every position."""
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
        read=lambda block: block.everywhere(block.call.query),
        everywhere=True,
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
        read=lambda block: block.everywhere(block.call.cross_query),
        everywhere=True,
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
        raise InputError(f"Expected a site of {', '.join(among)}; found {word!r}.{_hint(word, among)}")
    return next(row.name for row in KINDS.values() if row.word == word)


def _hint(word: str, among: Sequence[str]) -> str:
    streams = [name for name in among if name.startswith("resid_")]
    if word != "resid" or not streams:
        return ""
    told = ", ".join(f"{row.name} is {row.meaning}" for row in KINDS.values() if row.name in streams)
    return f"\nSay which place of the stream is meant: {told}."


@dataclass(frozen=True, kw_only=True, repr=False)
class Site(Brief):
    """An address. What an index leaves out is all: of the heads, neurons, sources, positions."""

    kind: SiteKind
    layer: int
    head: int | None = None
    """Of `z`, `query` and `pattern`, and all of cross-attention; of `key` and `value` a key-value head."""
    source: int | None = None
    """The key position of an entry of a pattern."""
    expert: int | None = None
    neuron: int | None = None
    positions: tuple[int, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> "Site":
        """Read a site from its name.

        `L23.H4` is a head's `z`, `L3.X2` that of a cross-attention, `L24.N1005` a neuron, `L24.E2.N17` one of an
        expert, `L24.E2` an expert, `L29 mlp` and `L29 attn` what a sublayer writes. Any kind is read by its word:
        `L3 resid_pre`, `L3.H2 query`. `← 3` (or `<- 3`) names the source token of a pattern, `@ 5,6` positions. Every
        `label` is read.

        Raises:
            InputError: it is none.
        """
        name = read_name(text)
        given = {"head": name.head, "source": name.source, "expert": name.expert, "neuron": name.neuron}
        return cls(kind=_named(name, text), layer=name.layer, positions=name.positions, **given)

    @property
    def label(self) -> str:
        """A short name: `L3.H2 z`, `L4.N17`, `L4 resid_post @ 5`."""
        return site_name(self.kind, self.layer, self.head, self.expert, self.neuron, self.source, self.positions)

    @property
    def index(self) -> tuple[int, ...]:
        """Which entries of the quantity: those of head, or of (expert and) neuron; without source and positions."""
        return tuple(i for i in (self.head, self.expert, self.neuron) if i is not None)

    @property
    def entries(self) -> tuple[int, ...]:
        """The same with the source: where the value stands among all at one position."""
        return self.index if self.source is None else (*self.index, self.source)


def _named(name: Name, text: str) -> SiteKind:
    """The kind that a name means: by its word, or by its indices where it has none."""
    word = written_out(name.word)
    if word is None:
        word = "neuron" if name.neuron is not None else "expert" if name.expert is not None else "head"
    if name.cross and not word.startswith("cross_"):
        word = f"cross_{word}"
    for row in KINDS.values():
        if word in (row.name, row.part):
            return row.name
    words = list(dict.fromkeys(row.word for row in KINDS.values()))
    raise InputError(f"{text!r} names no kind of site: expected one of {', '.join(words)}.{_hint(word, words)}")


def resolve(site: Site, model: Model, length: int) -> Site:
    """`site` with every index checked and counted from the start; positions in their order, never None.

    Raises:
        InputError: there is no such site in this model, or a position is outside the prompt.
    """
    if site.kind not in KINDS:
        raise InputError(f"There is no kind of site {site.kind!r}: expected one of {', '.join(KINDS)}.")
    kind = KINDS[site.kind]
    check_has_layers(model)
    layer = _checked("layer", site.layer, model.layers)
    if "neuron" in kind.shape:
        check_has_neurons(model)
    _check_indices(site, kind)
    _check_kind(site, kind, model, layer)
    grouped = "kv_head" in kind.shape
    heads, what = (model.kv_heads, "key-value head") if grouped else (model.heads, "head")
    return replace(
        site,
        layer=layer,
        head=None if site.head is None else _checked(what, site.head, heads),
        source=None if site.source is None else _checked("source position", site.source, keys_of(site, model, length)),
        expert=None if site.expert is None else _checked("expert", site.expert, experts_of(model, layer)),
        neuron=None if site.neuron is None else _checked("neuron", site.neuron, neurons_of(model, layer)),
        positions=_positions(site.positions, places_of(site, model, length)),
    )


def places_of(site: Site, model: Model, length: int) -> int:
    """How many positions there are for a site, of a prompt of `length` tokens."""
    return len(model.source or ()) if KINDS[site.kind].of_source else length


def keys_of(site: Site, model: Model, length: int) -> int:
    """How many source positions an entry of a pattern may name."""
    return len(model.source or ()) if "source" in KINDS[site.kind].shape else length


def _check_indices(site: Site, kind: Kind) -> None:
    for name in ("head", "source", "expert", "neuron"):
        if getattr(site, name) is not None and name not in kind.indices:
            raise InputError(f"A site of kind {site.kind} has no {name}: leave it out.")
    if "source" in kind.indices and site.head is None:
        raise InputError("A pattern belongs to one head: expected `head` to be given.")


def _check_kind(site: Site, kind: Kind, model: Model, layer: int) -> None:
    mixture = model.blocks[layer].experts is not None
    if kind.cross and model.encoder is None:
        raise InputError(f"{model.name} has no cross-attention: there is no site of kind {site.kind}.")
    if kind.place == "between" and model.encoder is not None:
        raise InputError(
            f"The blocks of {model.name} have three sublayers, so {kind.name} says not which place is meant. "
            "Use resid_pre, resid_post or a sublayer's write."
        )
    if kind.place == "between" and model.parallel:
        raise InputError(
            f"The blocks of {model.name} are parallel: attention and MLP read the same stream, so there is no "
            f"{kind.name}. Use resid_pre, resid_post, attention_write or mlp_write."
        )
    if not mixture and (kind.shape == ("expert",) or site.expert is not None):
        raise InputError(f"Layer {layer} of {model.name} is no mixture of experts: leave the expert out.")
    if mixture and site.neuron is not None and site.expert is None:
        raise InputError(f"Layer {layer} of {model.name} is a mixture of experts: a neuron needs its expert as well.")


def experts_of(model: Model, layer: int) -> int:
    """How many experts a block has; 0 for a dense one."""
    experts = model.blocks[layer].experts
    return 0 if experts is None else experts.down_proj.shape[0]


def neurons_of(model: Model, layer: int) -> int:
    """How many neurons the MLP of a block has; of one expert, in a mixture."""
    block = model.blocks[layer]
    return expert_width(block.experts) if block.experts is not None else projection(block.down_projection).shape[0]


def _positions(positions: Sequence[int] | None, length: int) -> tuple[int, ...]:
    if positions is None:
        return tuple(range(length))
    if not len(positions):
        raise InputError("A site needs at least one position; None stands for all.")
    found = tuple(_checked("position", p, length) for p in positions)
    if len(set(found)) < len(found):
        raise InputError(f"A site takes each position once, found {tuple(positions)}.")
    return found


def _checked(what: str, index: int, count: int) -> int:
    if not -count <= index < count:
        raise InputError(f"There is no {what} {index}: expected 0 to {count - 1}.")
    return index % count
