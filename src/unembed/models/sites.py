"""Site: a typed address in a model: which quantity, in which block, at which positions.

The table of kinds says what there is to address (kinds.py). In a mixture of experts a neuron has an expert as well,
and all neurons of a block are `expert neuron`; those of experts that were not chosen are 0, and setting them changes
nothing.

A site is of the stack that makes the predictions, and its positions are those of the prompt. Inside the encoder of an
encoder-decoder a site is addressed as `enc.L3.H4`: its positions are those of the source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unembed.errors import InputError
from unembed.models.kinds import KINDS, Kind, SiteKind, hint
from unembed.models.model import Model, check_has_layers
from unembed.models.names import Name, in_stack, read_name, site_name, written_out
from unembed.models.refusals import check_has_neurons, level_told
from unembed.models.reprs import Brief


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
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder, at positions of the source."""

    @classmethod
    def parse(cls, text: str) -> "Site":
        """Read a site from its name.

        `L23.H4` is a head's `z`, `L3.X2` that of a cross-attention, `L24.N1005` a neuron, `L24.E2.N17` one of an
        expert, `L24.E2` an expert, `L29 mlp` and `L29 attn` what a sublayer writes. Any kind is read by its word:
        `L3 resid_pre`, `L3.H2 query`. `enc.` in front says that it is inside the encoder: `enc.L3.H4`. `← 3` (or
        `<- 3`) names the source token of a pattern, `@ 5,6` positions. Every `label` is read.

        Raises:
            InputError: it is none.
        """
        name = read_name(text)
        given = {"head": name.head, "source": name.source, "expert": name.expert, "neuron": name.neuron}
        kind = _named(name, text)
        return cls(kind=kind, layer=name.layer, positions=name.positions, encoder=name.encoder, **given)

    @property
    def label(self) -> str:
        """A short name: `L3.H2 z`, `L4.N17`, `L4 resid_post @ 5`."""
        name = site_name(self.kind, self.layer, self.head, self.expert, self.neuron, self.source, self.positions)
        return in_stack(name, self.encoder)

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
    raise InputError(f"{text!r} names no kind of site: expected one of {', '.join(words)}.{hint(word, words)}")


def resolve(site: Site, model: Model, length: int) -> Site:
    """`site` with every index checked and counted from the start; positions in their order, never None.

    Raises:
        InputError: there is no such site in this model, or a position is outside the prompt.
    """
    if site.encoder:
        inside = resolve(replace(site, encoder=False), encoder_of(model), places_of(site, model, length))
        return replace(inside, encoder=True)
    if site.kind not in KINDS:
        raise InputError(f"There is no kind of site {site.kind!r}: expected one of {', '.join(KINDS)}.")
    kind = KINDS[site.kind]
    check_has_layers(model)
    layer = _checked("layer", site.layer, model.layers)
    if "neuron" in kind.shape:
        check_has_neurons(model, layer)
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


def encoder_of(model: Model) -> Model:
    """The encoder whose parts an address `enc.` names.

    Raises:
        InputError: the model has no encoder.
    """
    if model.encoder is None:
        raise InputError(
            f"{model.name} has no encoder, so it has no part `enc.`: name its parts without it, such as L3.H4."
        )
    return model.encoder


def stack_of(site: Site, model: Model) -> Model:
    """The stack of blocks that a site is in: the encoder's, or the model itself."""
    return encoder_of(model) if site.encoder else model


def places_of(site: Site, model: Model, length: int) -> int:
    """How many positions there are for a site, of a prompt of `length` tokens.

    Raises:
        InputError: it is a position of a source, and the model has none yet.
    """
    of_source = site.encoder or KINDS[site.kind].of_source
    if of_source and model.encoder is not None and model.source is None:
        raise InputError(f"{model.name} has no source yet, whose positions {site.label} has: give one (with_source).")
    return len(model.source or ()) if of_source else length


def keys_of(site: Site, model: Model, length: int) -> int:
    """How many source positions an entry of a pattern may name."""
    return len(model.source or ()) if site.encoder or "source" in KINDS[site.kind].shape else length


def _check_indices(site: Site, kind: Kind) -> None:
    for name in ("head", "source", "expert", "neuron"):
        if getattr(site, name) is not None and name not in kind.indices:
            raise InputError(f"A site of kind {site.kind} has no {name}: leave it out.")
    if "source" in kind.indices and site.head is None:
        raise InputError("A pattern belongs to one head: expected `head` to be given.")


def _check_kind(site: Site, kind: Kind, model: Model, layer: int) -> None:
    block, mixture = model.blocks[layer], model.blocks[layer].experts is not None
    if kind.place == "mlp" and not block.has_mlp:
        raise InputError(f"Layer {layer} of {model.name} has no MLP: there is no site of kind {site.kind} in it.")
    if kind.place == "attention" and kind.indices and not block.attends:
        raise InputError(
            f"Layer {layer} of {model.name} has no attention heads: there is no site of kind {site.kind} in it.\n"
            f"{level_told(model)}"
        )
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
    return model.blocks[layer].neurons


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
