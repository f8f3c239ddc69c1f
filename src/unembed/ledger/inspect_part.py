"""inspect: one part of a model at one position: where it looks, what it writes toward, what it adds to the readout.

    raised = W_U N(write)        N the final norm with its scale frozen at the run

The tokens of the largest entries are what the write promotes, those of the smallest what it suppresses. Exact for what
the write itself does to the logits; later layers may undo or amplify it. A negative activation is in the write already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.decompose import component_write, decompose
from unembed.ledger.encoder_parts import credit_in_encoder, heads_of
from unembed.ledger.ledger import TERM_KINDS, Ledger, Term
from unembed.ledger.readout import Readout
from unembed.models.layers import expert_activation
from unembed.models.parts import PARTS, Part
from unembed.models.reprs import Brief
from unembed.models.sites import resolve
from unembed.runs.kept import ExpertInputs


@dataclass(frozen=True, repr=False)
class Inspection(Brief):
    """A part at the position of a readout. Made by `inspect_part`."""

    readout: Readout
    part: Part
    value: float
    """What it adds to the readout, in logits; of a part of an encoder, over all positions of the source
    (encoder_parts.py)."""
    activation: float | None
    """Of a neuron; None inside an encoder, where it has one at each position."""
    looks_at: tuple[tuple[int, float], ...]
    """Of a head: positions (of a cross-attention's: those of the source) with the attention they get, largest first. Of
    an encoder's, the mean over all positions that attend."""
    promotes: tuple[int, ...]
    """The tokens whose logits its write raises most, largest first; none inside an encoder, as of `suppresses`."""
    suppresses: tuple[int, ...]
    """The tokens whose logits its write lowers most, lowest first."""

    def _found(self) -> str:
        return f"{self.part.label} {self.value:+.2f}"


def inspect_part(read: Readout, part: Part, *, top: int = 10) -> Inspection:
    """What a part reads and writes at the position of a readout.

    Args:
        read: of a run that keeps heads and neurons.
        part: a sublayer, head or neuron.
        top: how many source tokens and vocabulary tokens to list.

    Raises:
        InputError: the part does not exist, or its expert did not run at this position.
        LedgerError: the terms do not sum to the model's number.
    """
    model = read.run.model
    if part.encoder:
        return _inside_encoder(read, part, top)
    part = _found(part, read)
    term = term_of(decompose(read, by=_grain(part)), part)
    rise = _raised(read, [term])[0]
    count = min(top, model.vocab)
    return Inspection(
        readout=read,
        part=part,
        value=term.value,
        activation=None if part.neuron is None else activation(read, term),
        looks_at=() if part.head is None else looks_at(read, term, top),
        promotes=tuple(rise.topk(count).indices.tolist()),
        suppresses=tuple(rise.topk(count, largest=False).indices.tolist()),
    )


def _found(part: Part, read: Readout) -> Part:
    """The part with its indices counted from the start; heads of a mixer are no sites, and a run says how many."""
    model = read.run.model
    if part.kind == "head" and -model.layers <= part.layer < model.layers and model.blocks[part.layer].splits:
        return replace(part, layer=part.layer % model.layers)
    site = resolve(part.site(read.position), model, len(read.run.tokens))
    return Part(part.kind, site.layer, site.head, site.expert, site.neuron)


def _inside_encoder(read: Readout, part: Part, top: int) -> Inspection:
    """A part of the encoder, at all positions of the source: its writes are read by no unembedding of their own."""
    site = resolve(part.site(), read.run.model, len(read.run.tokens))
    part = Part.set_at(replace(site, positions=None))
    found: tuple[tuple[int, float], ...] = ()
    if part.head is not None:
        mean = heads_of(read.run.encoder, part.layer).pattern[part.head].double().mean(0)
        best = mean.topk(min(top, len(mean)))
        found = tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True))
    return Inspection(read, part, credit_in_encoder(read, part), None, found, promotes=(), suppresses=())


def _grain(part: Part) -> str:
    return next((index for index in ("head", "neuron") if index in PARTS[part.kind].indices), "sublayer")


def term_of(ledger: Ledger, part: Part) -> Term:
    """The term of a part in a ledger.

    Raises:
        InputError: there is none; of a mixture, the expert did not run.
    """
    kind = TERM_KINDS.get(part.kind)
    if kind is None:
        raise InputError(f"{part.label} has no term of its own: look at its neurons.")
    inside = [s for s in ledger.segments if s.layer == part.layer and s.kind == kind]
    for term in (term for segment in inside for term in segment.terms()):
        if term.part == part:
            return term
    none = "nothing of its kind writes in that block"
    why = none if part.expert is None else "its expert did not run at this position"
    raise InputError(f"{part.label} has no term here: {why}.")


def looks_at(read: Readout, term: Term, count: int) -> tuple[tuple[int, float], ...]:
    """Source positions of a head's term with the attention they get, largest first; none of a mixer, which has no
    pattern of attention.
    """
    assert term.layer is not None
    layer = read.run.layers[term.layer]
    if layer.mixing is not None:
        return ()
    heads = layer.cross_heads if PARTS[term.part.kind].cross else layer.heads
    assert heads is not None
    pattern = heads.pattern[term.head, read.run.row(read.position)].double()
    best = pattern.topk(min(count, len(pattern)))
    return tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True))


@torch.no_grad()
def activation(read: Readout, term: Term) -> float:
    """The activation of a neuron's term."""
    assert term.layer is not None
    assert term.neuron is not None
    run, row = read.run, read.run.row(read.position)
    neurons = run.layers[term.layer].neurons
    assert neurons is not None
    if not isinstance(neurons, ExpertInputs):
        return float(neurons[row, term.neuron])
    assert term.expert is not None
    experts = run.model.blocks[term.layer].experts
    return float(expert_activation(experts, term.expert, neurons.hidden[row])[term.neuron])


@torch.inference_mode()
def _raised(read: Readout, terms: Sequence[Term]) -> Float[Tensor, "term vocab"]:
    """What the writes of some terms add to every logit (before a soft-cap), in one product with W_U."""
    model, row = read.run.model, read.run.row(read.position)
    norm, w_u, head = model.final_norm, model.unembedding, read.run.head
    writes = torch.stack([component_write(read, term) for term in terms])
    normed = read.run.normed[row]
    scale = norm.scale(read.run.final[row], normed if head is None else head.read[row])
    writes = norm.pushforward(writes, scale)
    if head is not None and model.prediction_head is not None:
        writes = model.prediction_head.pushforward(writes, head.at(row), normed)
    return _unembed(writes.to(torch.promote_types(w_u.dtype, torch.float32)), w_u)


def raised_most(read: Readout, terms: Sequence[Term], count: int) -> list[tuple[int, ...]]:
    """The tokens whose logits the write of each term raises most, largest first.

    Kept with the run, since they are of no target: for another one only parts that are new are multiplied with W_U. A
    product of other parts beside it rounds otherwise, so tokens may change places that are equal up to rounding.
    """
    read.run.check_made_by(read.run.model)
    kept: dict[Part, tuple[int, ...]] = read.run.kept.setdefault(
        (raised_most.__name__, read.position, read.blocks, count), {}
    )
    missing = [term for term in terms if term.part not in kept]
    if missing:
        rise = _raised(read, missing)
        best = rise.topk(min(count, rise.shape[-1])).indices.tolist()
        kept.update(zip((term.part for term in missing), map(tuple, best), strict=True))
    return [kept[term.part] for term in terms]


def _unembed(x: Float[Tensor, "part d_model"], w_u: Float[Tensor, "vocab d_model"]) -> Float[Tensor, "part vocab"]:
    """`x W_U^T` in float32 at least, without a second copy of W_U."""
    if w_u.dtype == x.dtype:
        return (w_u @ x.T).T  # the same numbers as `x @ w_u.T`, and for few parts in half the time
    return torch.cat([x @ rows.to(x.dtype).T for rows in w_u.split(16384)], dim=-1)
