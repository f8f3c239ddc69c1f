"""Site: a typed address in a model: which quantity, in which block, at which positions.

| kind | what it is | one position's value |
|---|---|---|
| `resid_pre`, `resid_mid`, `resid_post` | the stream before a block, between its sublayers, after it | `d_model` |
| `attention_write`, `mlp_write` | what a sublayer adds to the stream (after a post-norm) | `d_model` |
| `z` | a head's mix of values, before the output projection | `d_head`, or `head d_head` |
| `query` | of a head, as the scores read it (after norms and rotary embedding) | `d_head`, or `head d_head` |
| `key`, `value` | of a key-value head; with grouped queries several heads read it | `d_head`, or `kv_head d_head` |
| `pattern` | a head's attention to one source token, or to all of them | a number, or `position` |
| `neuron` | an activation, as it enters the down projection | a number, or `neuron` |
| `expert` | the router's weight of an expert; 0 where it was not chosen | a number, or `expert` |
| `cross_attention_write`, `cross_z`, `cross_query`, `cross_pattern` | the same of a cross-attention | as above |
| `cross_key`, `cross_value` | the same, of a position of the encoder's source | `d_head`, or `head d_head` |

In a mixture of experts a neuron has an expert as well, and all neurons of a block are `expert neuron`; those of experts
that were not chosen are 0 and setting them changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from unembed.errors import InputError
from unembed.models.layers import expert_width, projection
from unembed.models.model import Model, check_has_layers, check_has_neurons
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
KINDS: tuple[SiteKind, ...] = get_args(SiteKind)
_INDICES: dict[str, tuple[str, ...]] = {
    "z": ("head",),
    "query": ("head",),
    "key": ("head",),
    "value": ("head",),
    "pattern": ("head", "source"),
    "neuron": ("expert", "neuron"),
    "expert": ("expert",),
    "cross_z": ("head",),
    "cross_query": ("head",),
    "cross_key": ("head",),
    "cross_value": ("head",),
    "cross_pattern": ("head", "source"),
}
OF_SOURCE = ("cross_key", "cross_value")
"""Kinds whose positions are those of the encoder's source."""


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

    @property
    def label(self) -> str:
        """A short name: `L3.H2 z`, `L4.N17`, `L4 resid_post @ 5`."""
        name = f"L{self.layer}"
        for letter, index in (("H", self.head), ("E", self.expert), ("N", self.neuron)):
            name += "" if index is None else f".{letter}{index}"
        name += "" if self.kind == "neuron" and self.neuron is not None else f" {self.kind}"
        name += "" if self.source is None else f" ← {self.source}"
        return name + ("" if self.positions is None else f" @ {','.join(map(str, self.positions))}")

    @property
    def index(self) -> tuple[int, ...]:
        """Which entries of the quantity: those of head, or of (expert and) neuron; without source and positions."""
        return tuple(i for i in (self.head, self.expert, self.neuron) if i is not None)


def resolve(site: Site, model: Model, length: int) -> Site:
    """`site` with every index checked and counted from the start; positions in their order, never None.

    Raises:
        InputError: there is no such site in this model, or a position is outside the prompt.
    """
    if site.kind not in KINDS:
        raise InputError(f"There is no kind of site {site.kind!r}: expected one of {', '.join(KINDS)}.")
    check_has_layers(model)
    layer = _checked("layer", site.layer, model.layers)
    if site.kind == "neuron":
        check_has_neurons(model)
    _check_indices(site)
    _check_kind(site, model, layer)
    heads = model.kv_heads if site.kind in ("key", "value") else model.heads
    what = "key-value head" if site.kind in ("key", "value") else "head"
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
    return len(model.source or ()) if site.kind in OF_SOURCE else length


def keys_of(site: Site, model: Model, length: int) -> int:
    """How many source positions an entry of a pattern may name."""
    return len(model.source or ()) if site.kind == "cross_pattern" else length


def _check_indices(site: Site) -> None:
    for name in ("head", "source", "expert", "neuron"):
        if getattr(site, name) is not None and name not in _INDICES.get(site.kind, ()):
            raise InputError(f"A site of kind {site.kind} has no {name}: leave it out.")
    if site.kind in ("pattern", "cross_pattern") and site.head is None:
        raise InputError("A pattern belongs to one head: expected `head` to be given.")


def _check_kind(site: Site, model: Model, layer: int) -> None:
    mixture = model.blocks[layer].experts is not None
    if site.kind.startswith("cross_") and model.encoder is None:
        raise InputError(f"{model.name} has no cross-attention: there is no site of kind {site.kind}.")
    if site.kind == "resid_mid" and model.encoder is not None:
        raise InputError(
            f"The blocks of {model.name} have three sublayers, so resid_mid says not which place is meant. "
            "Use resid_pre, resid_post or a sublayer's write."
        )
    if site.kind == "resid_mid" and model.parallel:
        raise InputError(
            f"The blocks of {model.name} are parallel: attention and MLP read the same stream, so there is no "
            "resid_mid. Use resid_pre, resid_post, attention_write or mlp_write."
        )
    if not mixture and (site.kind == "expert" or site.expert is not None):
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
