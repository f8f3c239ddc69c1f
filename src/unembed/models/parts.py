"""Part: what a person points at in a model (a sublayer, a head, a neuron, an expert), with the site where it is set.

Which kinds of parts there are, and where each is set, the table of kinds says (`Kind.part` of kinds.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from unembed.errors import InputError
from unembed.models.kinds import KINDS, Kind
from unembed.models.model import Model, check_has_layers, checked_layer
from unembed.models.names import ENCODER, in_stack, part_name
from unembed.models.refusals import check_has_neurons, level_told
from unembed.models.sites import Site, encoder_of, experts_of, neurons_of

PartKind = Literal["head", "cross_head", "attention", "cross_attention", "mlp", "neuron", "expert"]
EncoderPart = Literal["enc.head", "enc.attention", "enc.mlp", "enc.neuron"]
"""Of the encoder of an encoder-decoder."""
PARTS: dict[str, Kind] = {row.part: row for row in KINDS.values() if row.part is not None}
"""The kind of site at which each kind of part is set."""


@dataclass(frozen=True)
class Part:
    """A sublayer, or a head, neuron or expert of one. What does not apply is None.

    Raises:
        InputError: another kind, or a head, neuron or expert without its index.
    """

    kind: PartKind
    layer: int
    head: int | None = None
    expert: int | None = None
    neuron: int | None = None
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""

    def __post_init__(self) -> None:
        if self.kind not in PARTS:
            raise InputError(f"Expected a part of kind {', '.join(get_args(PartKind))}; found {self.kind!r}.")
        needed = PARTS[self.kind].indices[-1:]  # of a neuron not its expert, which only a mixture has
        if any(getattr(self, index) is None for index in needed):
            raise InputError(f"A part of kind {self.kind} needs the index of its {needed[0]}.")

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Read a part from its name: `L23.H4`, `L3.X2` (cross-attention), `L24.N1005`, `L24.E2.N17`, `L24.E2`,
        `L29 mlp`, `L29 attn`, `L3 cross`; inside an encoder `enc.L3.H4`. Every `label` is read.

        Raises:
            InputError: it is none.
        """
        site = Site.parse(text)
        kind = KINDS[site.kind].part
        if kind is None or site.positions is not None:
            raise InputError(
                f"Expected a head, neuron, expert or sublayer such as L23.H4, L24.N1005 or L29 mlp; found {text!r}, "
                "which is a site."
            )
        return cls(kind, site.layer, site.head, site.expert, site.neuron, site.encoder)  # type: ignore[arg-type]

    @classmethod
    def set_at(cls, site: Site) -> "Part":
        """The part whose value a site is: `Part.set_at(part.site(5)) == part`.

        Raises:
            InputError: it is that of none, such as a query.
        """
        kind = KINDS[site.kind].part
        if kind is None:
            raise InputError(f"{site.label} is the value of no head, neuron, expert or sublayer.")
        return cls(kind, site.layer, site.head, site.expert, site.neuron, site.encoder)  # type: ignore[arg-type]

    @property
    def label(self) -> str:
        """A short name: `L23.H4`, `L24.E2.N17`, `L29 mlp`, `enc.L3.H4`."""
        return in_stack(part_name(self.kind, self.layer, self.head, self.expert, self.neuron), self.encoder)

    def site(self, *positions: int) -> Site:
        """Where the part is set, at some positions (none are all); that it exists is for the engine to check."""
        return Site(
            kind=PARTS[self.kind].name,
            layer=self.layer,
            head=self.head,
            expert=self.expert,
            neuron=self.neuron,
            positions=positions or None,
            encoder=self.encoder,
        )


Address = Site | Part | str
"""What names a place in a model: a site, a part, or the name of one (`L23.H4`, `L3 resid_pre @ 5`)."""


def site_of(address: Address) -> Site:
    """The site that is meant: as it is, where a part is set, or the one that a name names (`Site.parse`).

    A part, and a name without `@`, is meant at all positions.

    Raises:
        InputError: a text that names no site.
    """
    if isinstance(address, str):
        return Site.parse(address)
    return address.site() if isinstance(address, Part) else address


def parts_of(model: Model, kind: str, layers: Sequence[int] | None = None) -> tuple[Part, ...]:
    """All parts of a kind, layer by layer; of a mixture, the neurons expert by expert.

    Args:
        model: from `load` or `wrap`.
        kind: `head`, `cross_head`, `attention`, `cross_attention`, `mlp`, `neuron` or `expert`; those of the encoder
            are `enc.head`, `enc.attention`, `enc.mlp` and `enc.neuron`.
        layers: which blocks; None takes all.

    Raises:
        InputError: another word, or a model without such parts.
    """
    if kind.startswith(ENCODER):
        return tuple(
            replace(part, encoder=True) for part in parts_of(encoder_of(model), kind.removeprefix(ENCODER), layers)
        )
    if kind not in PARTS:
        raise InputError(f"Expected a part of kind {', '.join(get_args(PartKind))}; found {kind!r}.")
    check_has_layers(model)
    row = PARTS[kind]
    if row.place == "mlp" and (row.indices or not any(block.has_mlp for block in model.blocks)):
        check_has_neurons(model)
    if row.cross and model.encoder is None:
        raise InputError(f"{model.name} has no cross-attention: there is no part of kind {kind}.")
    chosen = range(model.layers) if layers is None else [checked_layer(model, layer) for layer in layers]
    found = tuple(Part(kind, layer, **index) for layer in chosen for index in _indices(model, row, layer))  # type: ignore[arg-type]
    if not found:
        raise InputError(f"{model.name} has {_what_lacks(row)} there: there is no part of kind {kind}.{_level(model)}")
    return found


def _what_lacks(row: Kind) -> str:
    if "head" in row.indices:
        return "no attention heads"
    return "no MLP" if not row.indices else "no mixture of experts" if "neuron" not in row.indices else "no neurons"


def _level(model: Model) -> str:
    return "" if model.level == "everything" else f"\n{level_told(model)}"


def _indices(model: Model, row: Kind, layer: int) -> Iterator[dict[str, int]]:
    """The indices of each part of a row in a layer."""
    block = model.blocks[layer]
    told = block.has_mlp if row.place == "mlp" else block.attends or "head" not in row.indices
    if not told or ("neuron" in row.indices and block.whole_mlp):
        return
    if "head" in row.indices:
        yield from ({"head": head} for head in range(model.heads))
    elif "neuron" in row.indices:
        experts: list[dict[str, int]] = [{"expert": expert} for expert in range(experts_of(model, layer))]
        yield from ({**of, "neuron": neuron} for of in experts or [{}] for neuron in range(neurons_of(model, layer)))
    elif "expert" in row.indices:
        yield from ({"expert": expert} for expert in range(experts_of(model, layer)))
    else:
        yield {}
