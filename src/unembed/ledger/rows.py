"""sublayer_terms: one row of a ledger opened: the heads and source tokens, or the neurons, that sum to it.

    attention row  =  sum_h head term  + biases,     head term = sum_s (head, source token) term   (cross too)
    MLP row        =  sum_n neuron term + biases

Of a 16-bit run what the output product rounded is a child as well, and what a head's mix rounded a part of its term.

A sublayer that is one term (docs/any-model.md) is its own only child.

Exact: the row is the sum of its children by construction (ledger.py), and the whole ledger is compared with the model's
own number. Of neurons only the largest are listed; what the others add is summed, not inferred.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from unembed.errors import InputError
from unembed.ledger.decompose import decompose
from unembed.ledger.inspect_part import term_of
from unembed.ledger.ledger import MIX_ROUNDINGS, TERM_KINDS, Ledger, Term
from unembed.ledger.readout import Readout
from unembed.models.parts import PARTS, Part
from unembed.models.reprs import SHOWN, Brief, listed

Sublayer = Literal["attention", "cross_attention", "mlp"]
_CHILD: dict[str, str] = {PARTS[part].place: kind for part, kind in TERM_KINDS.items() if PARTS[part].indices}
"""The kind of the terms that a sublayer's row sums: of the heads or neurons that are computed where it is."""


@dataclass(frozen=True, repr=False)
class SublayerTerms(Brief):
    """The children of one row of a ledger. Made by `sublayer_terms`."""

    readout: Readout
    layer: int
    sublayer: Sublayer
    parent: float
    """The row's value, in logits: the sum of `children` and `others`."""
    children: tuple[Term, ...]
    """Heads or the largest neurons, biases, and what the output product of a 16-bit run rounded; largest first."""
    sources: tuple[Term, ...]
    """Every head by source token, and what a 16-bit run rounded as it mixed them (`head_rounding`); those of a head sum
    to its child. Empty for an MLP."""
    others_count: int
    """Neurons that are not listed."""
    others: float
    """What they add together."""

    def _found(self) -> str:
        return listed([f"{term.label} {term.value:+.2f}" for term in self.children[:SHOWN]], len(self.children))


def sublayer_terms(read: Readout, layer: int, sublayer: str, *, top: int = 20) -> SublayerTerms:
    """Open one row of the ledger of a readout.

    Args:
        read: of a run that keeps heads and neurons.
        layer: the block.
        sublayer: "attention", "mlp" or, of an encoder-decoder, "cross_attention" (by positions of the source).
        top: how many neurons to list; heads are listed all.

    Raises:
        InputError: no such layer or sublayer in this model, or `top` below 1.
        LedgerError: the ledger does not add up.
    """
    if sublayer not in get_args(Sublayer):
        raise InputError(f"Expected a sublayer of {', '.join(get_args(Sublayer))}; found {sublayer!r}.")
    if sublayer == "cross_attention" and read.run.model.encoder is None:
        raise InputError(f"{read.run.model.name} has no cross-attention: it is {read.run.model.alone}.")
    if not 0 <= layer < read.blocks:
        raise InputError(f"There is no layer {layer}: expected 0 to {read.blocks - 1}.")
    if top < 1:
        raise InputError(f"Expected top >= 1, found {top}.")
    by_source = sublayer != "mlp"
    whole = decompose(read, by="source" if by_source else "neuron")
    child = _CHILD[sublayer]
    fixed = _of(whole, layer, f"{sublayer}_bias", f"{sublayer}_product_rounding")
    if by_source:
        mixes = (kind for kind, head in MIX_ROUNDINGS.items() if head == child)
        parts = _of(whole, layer, child, sublayer, *mixes)  # the sublayer itself, where it is one term
        listed, others = parts.coarser("head").terms(), np.zeros(0)
    else:
        parts = _of(whole, layer, child, sublayer, "shared_experts")
        listed, others = _largest(parts, top)
    return SublayerTerms(
        readout=read,
        layer=layer,
        sublayer=sublayer,  # type: ignore[arg-type]  # one of them, as was checked
        parent=term_of(whole.coarser("sublayer"), Part.parse(f"L{layer} {sublayer}")).value,
        children=tuple(sorted([*listed, *fixed.terms()], key=lambda term: -abs(term.value))),
        sources=tuple(parts.terms()) if by_source else (),
        others_count=others.size,
        others=float(others.sum()),
    )


def _of(ledger: Ledger, layer: int, *kinds: str) -> Ledger:
    return replace(ledger, segments=tuple(s for s in ledger.segments if s.layer == layer and s.kind in kinds))


def _largest(parts: Ledger, top: int) -> tuple[list[Term], np.ndarray]:
    """The largest neurons, and the values of all others."""
    values = np.concatenate([np.zeros(0), *(segment.values.ravel() for segment in parts.segments)])
    return parts.top(top), values[np.argsort(-np.abs(values), kind="stable")[top:]]
