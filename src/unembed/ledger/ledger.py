"""Ledger: named terms that must sum to the model's own number.

Terms are kept in segments, one array per layer and kind, so that a coarser ledger is a sum over axes: the children of
a term sum to it by construction, and the whole is compared with the value the model itself gave.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from unembed.errors import InputError, LedgerError, counted
from unembed.ledger.readout import Readout
from unembed.models.labels import visible
from unembed.models.names import part_name
from unembed.models.parts import PARTS, Part
from unembed.models.reprs import Brief
from unembed.runs.result import RunResult
from unembed.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal[
    "embedding",
    "token_type_embedding",
    "position_embedding",
    "attention",
    "head",
    "attention_bias",
    "cross_attention",
    "cross_attention_bias",
    "mlp",
    "neuron",
    "mlp_bias",
    "shared_experts",
    "stream_norm_shift",
    "embedding_norm_shift",
    "embedding_projection_bias",
    "final_norm_shift",
    "prediction_head_bias",
    "prediction_head_norm_shift",
    "unembedding_bias",
    "softcap",
    "log_normaliser",
    "source_embedding",
    "source_position_embedding",
    "source_mlp",
    "source_bias",
    "embedding_rounding",
    "attention_rounding",
    "attention_product_rounding",
    "head_rounding",
    "cross_attention_rounding",
    "cross_attention_product_rounding",
    "cross_head_rounding",
    "mlp_rounding",
    "mlp_product_rounding",
    "final_norm_rounding",
    "prediction_head_rounding",
    "unembedding_rounding",
    "softcap_rounding",
]
_ROUNDING = "_rounding"
"""How the kinds of what a 16-bit run rounded end."""
Axis = Literal["head", "source", "expert", "neuron"]
TERM_KINDS: dict[str, str] = {part: part for part in PARTS if part != "expert"} | {"cross_head": "cross_attention"}
"""The kind of term that each kind of part has in a ledger; an expert has none of its own. Terms of a cross-attention
keep its name when they are told apart by head."""
_SUBLAYERS: dict[Kind, Kind] = {
    "attention": "attention",
    "head": "attention",
    "attention_bias": "attention",
    "attention_product_rounding": "attention",
    "head_rounding": "attention",
    "cross_attention": "cross_attention",
    "cross_attention_bias": "cross_attention",
    "cross_attention_product_rounding": "cross_attention",
    "cross_head_rounding": "cross_attention",
    "mlp": "mlp",
    "neuron": "mlp",
    "mlp_bias": "mlp",
    "shared_experts": "mlp",
    "mlp_product_rounding": "mlp",
}
"""The sublayer whose write a term of some kind is a part of."""
MIX_ROUNDINGS: dict[Kind, Kind] = {"head_rounding": "head", "cross_head_rounding": "cross_attention"}
"""The terms by head that what their mixes of values rounded belongs to."""
AttentionGrain = Literal["sublayer", "head", "source"]
MlpGrain = Literal["sublayer", "neuron"]
_ATTENTION_GRAINS: tuple[AttentionGrain, ...] = ("sublayer", "head", "source")


@dataclass(frozen=True)
class Grain:
    """How fine a ledger is: attention by sublayer, head, or head x source token; MLPs by sublayer or neuron."""

    attention: AttentionGrain = "sublayer"
    mlp: MlpGrain = "sublayer"

    @classmethod
    def parse(cls, by: str) -> "Grain":
        """Read "sublayer", "head", "source", "neuron", or two of them joined with "+" ("source+neuron").

        Raises:
            InputError: another word.
        """
        words = by.split("+")
        known = {"sublayer", "head", "source", "neuron"}
        if set(words) - known or len(set(words)) < len(words) or {"head", "source"} <= set(words):
            one = f" Did you mean {by[:-1]!r}?" if by[:-1] in ("sublayer", "head", "source", "neuron") else ""
            raise InputError(
                f"Expected a granularity of sublayer, head, source, neuron, source+neuron; found {by!r}.{one}"
            )
        attention: AttentionGrain = "source" if "source" in words else "head" if "head" in words else "sublayer"
        return cls(attention=attention, mlp="neuron" if "neuron" in words else "sublayer")

    def __str__(self) -> str:
        words = [word for word in (self.attention, self.mlp) if word != "sublayer"]
        return "+".join(words) or "sublayer"

    def covers(self, other: "Grain") -> bool:
        """Whether this grain is at least as fine as the other."""
        order = _ATTENTION_GRAINS.index
        return order(self.attention) >= order(other.attention) and (self.mlp == other.mlp or self.mlp == "neuron")


@dataclass(frozen=True)
class Term:
    """One addend of a ledger. What does not apply is None."""

    kind: Kind
    layer: int | None
    head: int | None
    expert: int | None
    neuron: int | None
    source: int | None
    """Position of the source token; of a cross-attention, in the encoder's source."""
    value: float

    @property
    def label(self) -> str:
        """A short name: `L23.H4`, `L23.H4 <- 3`, `L3.X2 <- 5` (cross), `L24.N1005`, `L24.E2.N17`, `L3 mlp`."""
        name = part_name(self.kind, self.layer, self.head, self.expert, self.neuron)
        return name if self.source is None else f"{name} ← {self.source}"

    @property
    def is_rounding(self) -> bool:
        """Whether it is what a 16-bit run rounded, and not what a part of the model added."""
        return _is_rounding(self.kind)

    @property
    def is_part(self) -> bool:
        """Whether a part adds it, and not an embedding, a bias or the shift of a norm."""
        return self.layer is not None and self.kind in TERM_KINDS.values()

    @property
    def part(self) -> Part:
        """The part it stands for.

        Raises:
            InputError: it is none, such as an embedding or a bias.
        """
        if self.layer is None:
            raise InputError(f"Expected a sublayer, a head or a neuron, found {self.label}.")
        cross_head = self.kind == TERM_KINDS["cross_head"] and self.head is not None
        kind = "cross_head" if cross_head else self.kind
        return Part(kind, self.layer, self.head, self.expert, self.neuron)  # type: ignore[arg-type]


@dataclass(frozen=True, repr=False)
class Segment(Brief):
    """The terms of one kind in one layer, with one array axis for each index that tells them apart."""

    kind: Kind
    layer: int | None
    axes: tuple[Axis, ...]
    values: NDArray[np.float64]
    experts: tuple[int, ...] = ()
    """The expert of each index on the expert axis (a mixture has only those that ran)."""

    @property
    def is_rounding(self) -> bool:
        """Whether its terms are what a 16-bit run rounded."""
        return _is_rounding(self.kind)

    def index(self, axis: Axis) -> NDArray[np.int64] | None:
        """The index on an axis of each value, flattened; None when the terms have no such index."""
        if axis not in self.axes:
            return None
        place = self.axes.index(axis)
        numbers = np.asarray(self.experts) if axis == "expert" else np.arange(self.values.shape[place])
        shape = [1] * self.values.ndim
        shape[place] = -1
        return np.broadcast_to(numbers.reshape(shape), self.values.shape).ravel()

    def terms(self) -> Iterator[Term]:
        """The terms one by one."""
        columns = {axis: self.index(axis) for axis in ("head", "expert", "neuron", "source")}
        for i, value in enumerate(self.values.ravel()):
            place = {axis: None if column is None else int(column[i]) for axis, column in columns.items()}
            yield Term(kind=self.kind, layer=self.layer, value=float(value), **place)


@dataclass(frozen=True)
class Ledger(RunResult[Term]):
    """An additive decomposition: `value`, the terms, their float64 `sum`, and how far the two may differ."""

    readout: Readout
    """What is decomposed."""
    value: float
    """The model's own number, in logits."""
    grain: Grain
    segments: tuple[Segment, ...]
    tolerance: float
    """What rounding in the model's arithmetic can account for (see `decompose`)."""

    @property
    def run(self) -> Run:
        """The recorded run."""
        return self.readout.run

    @property
    def unit(self) -> str:
        """Logits, or units of the stream along a direction."""
        return self.readout.unit

    @property
    def by(self) -> str:
        """The granularity as a word."""
        return str(self.grain)

    @property
    def sum(self) -> float:
        """Of all terms, in float64."""
        return math.fsum(float(segment.values.sum()) for segment in self.segments)

    @property
    def names_rounding(self) -> bool:
        """Whether what the run rounded is among the terms."""
        return any(_is_rounding(segment.kind) for segment in self.segments)

    @property
    def rounding(self) -> float:
        """Of that, what a 16-bit run rounded; 0 in float32, where it is part of the error."""
        return math.fsum(float(s.values.sum()) for s in self.segments if _is_rounding(s.kind))

    @property
    def error(self) -> float:
        """`sum - value`."""
        return self.sum - self.value

    def check(self) -> "Ledger":
        """This ledger, if it adds up.

        Raises:
            LedgerError: the error is beyond the tolerance.
        """
        check_sum("The ledger", self.sum, self.value, self.tolerance)
        return self

    def coarser(self, by: str) -> "Ledger":
        """The same ledger at a coarser granularity: each term is the sum of its children here.

        Raises:
            InputError: `by` is finer than this ledger.
        """
        grain = Grain.parse(by)
        if not self.grain.covers(grain):
            raise InputError(f"A ledger by {self.by} cannot be split to {by}; decompose again.")
        if grain == self.grain:
            return self
        return replace(self, grain=grain, segments=tuple(_coarsen(self.segments, grain)))

    def terms(self) -> list[Term]:
        """All terms, in the order of the stream."""
        return [term for segment in self.segments for term in segment.terms()]

    def entries(self) -> list[Term]:
        """The terms."""
        return self.terms()

    def columns(self, entry: Term) -> dict[str, Any]:
        """A term, and the text of its source token."""
        return super().columns(entry) | {"source_token": self._source_text(entry)}

    def name(self, entry: Term) -> str:
        """`L23.H4 ← 3 ·France`."""
        text = self._source_text(entry)
        return entry.label if text is None else f"{entry.label} {visible(text)}"

    def _source_text(self, term: Term) -> str | None:
        if term.source is None:
            return None
        of_encoder = term.kind.startswith(("cross_", "source_"))
        return self.source_texts[term.source] if of_encoder else self.token_texts[term.source]

    def plot(self, count: int = 20) -> "Figure":
        """Draw the largest terms as bars, and all others as one.

        Raises:
            InputError: matplotlib is not installed.
        """
        return self.bars(self.top(count), title=self.readout.title, total=self.sum)

    def top(self, count: int = 10) -> list[Term]:
        """The `count` terms of largest magnitude, largest first."""
        falling = -np.concatenate([np.zeros(0), *(np.abs(segment.values).ravel() for segment in self.segments)])
        owner = np.repeat(np.arange(len(self.segments)), [segment.values.size for segment in self.segments])
        start = np.cumsum([0, *(segment.values.size for segment in self.segments)])
        among = _least(falling, counted(count))
        best = among[np.argsort(falling[among], kind="stable")][:count]
        return [_term_at(self.segments[owner[i]], int(i - start[owner[i]])) for i in best]

    def __repr__(self) -> str:
        size = sum(segment.values.size for segment in self.segments)
        mark = "=" if abs(self.error) <= self.tolerance else "≠"
        best = ", ".join(f"{term.label} {term.value:+.2f}" for term in self.top(4))
        return (
            f"Ledger(by {self.by}: {size} terms, sum {self.sum:+.4f} {mark} model {self.value:+.4f}, "
            f"|Δ| {abs(self.error):.1e} of {self.tolerance:.1e}; {best}, …)"
        )


def _is_rounding(kind: str) -> bool:
    """Whether terms of this kind are what a 16-bit run rounded (rounding_terms.py)."""
    return kind.endswith(_ROUNDING)


class LedgerResult(RunResult[Term]):
    """A result whose entries are the terms of its ledger: it has `ledger`, as a field or a property."""

    @property
    def _ledger(self) -> Ledger:
        result: Any = self  # as for `model`
        return result.ledger

    def entries(self) -> list[Term]:
        """The terms of the ledger."""
        return self._ledger.terms()

    def columns(self, entry: Term) -> dict[str, Any]:
        """A term, and the text of its source token."""
        return self._ledger.columns(entry)

    def top(self, count: int = 10) -> list[Term]:
        """The `count` terms of largest magnitude, largest first."""
        return self._ledger.top(count)

    def plot(self, count: int = 20) -> "Figure":
        """Draw the largest terms of the ledger as bars, and all others as one.

        Raises:
            InputError: matplotlib is not installed.
        """
        return self._ledger.plot(count)


def _least(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Where at least the `count` least values stand, in order: for a few of many not all are sorted."""
    if count >= len(values):
        return np.arange(len(values))
    return np.flatnonzero(~(values > np.partition(values, count)[count]))


def _term_at(segment: Segment, i: int) -> Term:
    place = dict(zip(segment.axes, np.unravel_index(i, segment.values.shape), strict=True))
    return Term(
        kind=segment.kind,
        layer=segment.layer,
        head=_as_int(place.get("head")),
        expert=segment.experts[int(place["expert"])] if "expert" in place else None,
        neuron=_as_int(place.get("neuron")),
        source=_as_int(place.get("source")),
        value=float(segment.values.ravel()[i]),
    )


def _as_int(index: object) -> int | None:
    return None if index is None else int(index)  # type: ignore[call-overload]


def _coarsen(segments: tuple[Segment, ...], grain: Grain) -> Iterator[Segment]:
    """Fold the axes that `grain` does not tell apart; parts of one sublayer meet where the first of them stood."""
    groups: dict[tuple[Kind, int | None], list[Segment]] = {}
    for segment in segments:
        groups.setdefault((_folded_into(segment.kind, grain), segment.layer), []).append(segment)
    for (kind, layer), parts in groups.items():
        if _is_whole(parts[0].kind, grain):
            total = math.fsum(float(part.values.sum()) for part in parts)
            yield Segment(kind=kind, layer=layer, axes=(), values=np.asarray(total))
        else:
            first, *rounded = (_fold_sources(part, grain) for part in parts)
            yield replace(first, values=sum((part.values for part in rounded), first.values))


def _is_whole(kind: Kind, grain: Grain) -> bool:
    """Whether a term of this kind is folded into its sublayer."""
    sublayer = _SUBLAYERS.get(kind)
    return sublayer is not None and (grain.mlp if sublayer == "mlp" else grain.attention) == "sublayer"


def _folded_into(kind: Kind, grain: Grain) -> Kind:
    """What a term of this kind is in: its sublayer, its head, or itself."""
    if _is_whole(kind, grain):
        return _SUBLAYERS[kind]
    return MIX_ROUNDINGS.get(kind, kind) if grain.attention == "head" else kind


def _fold_sources(segment: Segment, grain: Grain) -> Segment:
    if "source" not in segment.axes or grain.attention == "source":
        return segment
    return replace(segment, axes=segment.axes[:-1], values=segment.values.sum(-1))


def check_sum(what: str, total: float, value: float, tolerance: float) -> None:
    """Compare a sum over terms with the model's own number.

    Raises:
        LedgerError: rounding does not explain the difference (also where either is NaN).
    """
    if not abs(total - value) <= tolerance:
        raise LedgerError(
            f"{what} does not add up: the terms sum to {total:.6g}, the model's own number is {value:.6g}: off by "
            f"{abs(total - value):.2e}, rounding explains at most {tolerance:.2e}.\n"
            "The model's modules were changed after loading, or its family row is wrong; please report it."
        )
