"""Part: what a person points at in a model: a sublayer, a head or a neuron; with the site at which it is set."""

from dataclasses import dataclass
from typing import Literal, get_args

from unembed.errors import InputError
from unembed.models.sites import Site, SiteKind

Settable = Literal["head", "cross_head", "attention", "cross_attention", "mlp", "neuron", "expert"]


KINDS: dict[Settable, SiteKind] = {
    "head": "z",
    "cross_head": "cross_z",
    "attention": "attention_write",
    "cross_attention": "cross_attention_write",
    "mlp": "mlp_write",
    "neuron": "neuron",
    "expert": "expert",
}

PartKind = Literal["attention", "cross_attention", "mlp", "head", "cross_head", "neuron"]
_NEEDS = {"head": "head", "cross_head": "head", "neuron": "neuron"}


@dataclass(frozen=True)
class Part:
    """A sublayer, or a head or neuron of one. What does not apply is None.

    Raises:
        InputError: another kind, or a head or neuron without its index.
    """

    kind: PartKind
    layer: int
    head: int | None = None
    expert: int | None = None
    neuron: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(PartKind):
            raise InputError(f"Expected a part of kind {', '.join(get_args(PartKind))}; found {self.kind!r}.")
        index = _NEEDS.get(self.kind)
        if index is not None and getattr(self, index) is None:
            raise InputError(f"A part of kind {self.kind} needs the index of its {index}.")

    def site(self, position: int) -> Site:
        """Where the part is set at one position; that it exists is for the engine to check."""
        return Site(
            kind=KINDS[self.kind],
            layer=self.layer,
            head=self.head,
            expert=self.expert,
            neuron=self.neuron,
            positions=(position,),
        )
