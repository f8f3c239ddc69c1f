"""readings: what makes a neuron fire or a head look: the number that it computes of the stream, as a sum over terms.

    neuron   w_n . N(x) + b  =  sum_t w_n . N(write_t) + constant      N the norm before the MLP, its scale frozen
    head     q . k           =  sum_t q_t . k = sum_u q . k_u          the pairs of attention_score.py, either way

with the terms of stream_terms.py. Exact: the sum is compared with the module's own number. A gated MLP computes two
such numbers of a neuron, `activation = act(gate) * up`; one without a gate has `activation = act(pre-activation)`. A
head's score, at the source it attends to most, is told twice: by what its query was made of, and by what the key was.

Which rows a neuron reads with is the module's own business, so it is found by running the block: the layers that make
as many numbers as there are neurons (or twice as many), and of those numbers the ones that the neuron's activation
depends on, by its gradient.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import counted
from unembed.ledger.decompose import SAFETY
from unembed.ledger.ledger import check_sum
from unembed.ledger.stream_terms import StreamTerm, spread, stream_writes
from unembed.methods.circuits.attention_score import attention_score
from unembed.models.hooks import frozen
from unembed.models.layers import bias, projection
from unembed.models.model import checked_layer
from unembed.models.norms import Norm, no_norm, probed
from unembed.models.parts import Part
from unembed.models.reprs import Brief
from unembed.models.sites import resolve
from unembed.runs.block_reads import LayerCall, by_position, input_layers, layer_calls, norm_call
from unembed.runs.run import Run
from unembed.seeds import generator

What = Literal["pre-activation", "gate", "up", "query", "key"]


@dataclass(frozen=True)
class ReadTerm:
    """One addend of what a part reads."""

    term: StreamTerm
    value: float


@dataclass(frozen=True, repr=False)
class Reading(Brief):
    """A number that a part computes of the stream. Made by `readings`."""

    what: What
    value: float
    """The model's own number: of query and key it is the score."""
    source: int | None
    """Of a head: the position it attends to most, where the score is read."""
    terms: tuple[ReadTerm, ...]
    """The largest, largest first."""
    others_count: int
    others: float
    """What the terms that are not listed add together."""
    tolerance: float
    """What rounding can account for; `SAFETY` standard deviations, as for a ledger."""

    @property
    def error(self) -> float:
        """The sum of all terms minus `value`."""
        return math.fsum([*(term.value for term in self.terms), self.others]) - self.value


@torch.no_grad()
def readings(run: Run, part: Part, position: int, *, top: int = 6) -> tuple[Reading, ...]:
    """What a head or neuron reads at a position.

    Args:
        run: keeps the position, and for a head all positions.
        part: any part.
        position: where.
        top: how many terms to list.

    Returns:
        Query and key of a head at the source it attends to most; the gate and the up value of a gated neuron, or the
        pre-activation of another. None of a sublayer, of a neuron of a mixture, of a head where the run keeps some
        positions only, of any part of an encoder-decoder, of one whose stream is normed after each write (post-LN), and
        where some blocks mix tokens by something else than softmax attention.

    Raises:
        InputError: the part does not exist.
        LedgerError: the terms do not sum to the model's number.
    """
    run.check_made_by(run.model)
    if part.encoder:
        resolve(part.site(), run.model, run.length)
        return ()
    if part.kind == "head" and run.model.blocks[checked_layer(run.model, part.layer)].splits:
        return ()
    site = resolve(part.site(position), run.model, run.length)
    assert site.positions is not None
    (position,) = site.positions
    if run.model.encoder is not None or run.model.has_mixers or any(block.stream_norms for block in run.model.blocks):
        return ()
    if part.kind == "head" and run.keeps(range(run.length)):
        return _score(run, site.layer, site.head or 0, position, top)
    if part.kind == "neuron" and run.model.blocks[site.layer].experts is None:
        return _neuron(run, site.layer, site.neuron or 0, position, top)
    return ()


def _score(run: Run, layer: int, head: int, position: int, top: int) -> tuple[Reading, Reading]:
    found = attention_score(run.model, run, layer, head, destination=position)
    words = {"source": found.source, "top": top, "tolerance": found.tolerance}
    return (
        _summed("query", found.score, found.query_terms, found.values.sum(1).tolist(), **words),
        _summed("key", found.score, found.key_terms, found.values.sum(0).tolist(), **words),
    )


def _summed(
    what: What,
    value: float,
    terms: Sequence[StreamTerm],
    values: Sequence[float],
    *,
    top: int,
    tolerance: float,
    source: int | None = None,
) -> Reading:
    """The largest terms listed, the others summed."""
    every = sorted(map(ReadTerm, terms, values), key=lambda term: -abs(term.value))
    return Reading(
        what=what,
        value=value,
        source=source,
        terms=tuple(every[: counted(top)]),
        others_count=len(every[top:]),
        others=math.fsum(term.value for term in every[top:]),
        tolerance=tolerance,
    )


# The block run again


@dataclass(frozen=True)
class _Again:
    """A block called again as in the run, what its layers made, and the position that is read."""

    run: Run
    layer: int
    position: int
    calls: list[LayerCall]


def _neuron(run: Run, layer: int, neuron: int, position: int, top: int) -> tuple[Reading, ...]:
    calls = layer_calls(run, layer)
    inputs = input_layers(run.model.blocks[layer], calls, run.model.d_model)
    slots = _slots(run, layer, neuron, position, [call.module for call in inputs])
    names: tuple[What, ...]
    names = ("pre-activation",) if len(slots) == 1 else ("gate", "up") if len(slots) == 2 else ()
    again, found = _Again(run, layer, position, calls), zip(names, slots, strict=False)
    return tuple(_reading(again, name, inputs[place], slot, top) for name, (place, slot) in found)


def _slots(run: Run, layer: int, neuron: int, position: int, layers: list[nn.Module]) -> list[tuple[int, int]]:
    """The numbers that a neuron's activation is made of: place among `layers`, and index; the gate first.

    Their values are drawn at random, so that no derivative is zero by chance. An activation is linear in the up value,
    so that value times derivative is the activation; this does not hold for the gate.
    """
    random, drawn = generator(0), {}

    def replaced(module: nn.Module, out: Tensor) -> Tensor | None:
        if module not in layers:
            return None
        # From 0.5 to 1.5: GELU and SiLU are neither flat nor straight there, and a ReLU is open.
        drawn[module] = (torch.rand(out.shape, generator=random).to(out) + 0.5).requires_grad_()
        return drawn[module].clone()  # a leaf may not be written to, and some modules work in place

    with torch.inference_mode(False), torch.enable_grad(), frozen(run.model):
        down = run.model.blocks[layer].down_projection
        activation = next(c for c in layer_calls(run, layer, replaced) if c.module is down).row(position)[neuron]
        leaves = [drawn[module] for module in layers]
        grads = torch.autograd.grad(activation, leaves, allow_unused=True)
    # The gate comes first: for the up value, value times derivative is the activation, so its distance from it is 0.
    found = []
    for place, (leaf, grad) in enumerate(zip(leaves, grads, strict=True)):
        for slot in [] if grad is None else by_position(grad)[position].nonzero()[:, 0].tolist():
            product = float(by_position(leaf)[position][slot] * by_position(grad)[position][slot])
            found.append((abs(product - float(activation)), place, slot))
    return [(place, slot) for _, place, slot in sorted(found, key=lambda each: -each[0])]


def _reading(again: _Again, what: What, made: LayerCall, slot: int, top: int) -> Reading:
    """One number as a sum over the stream's terms; constants come last."""
    run, layer, position = again.run, again.layer, again.position
    w, offset = projection(made.module)[:, slot].double(), bias(made.module)
    norm, x = _norm_before(again, made)
    y, value = made.row(position).double(), float(made.row(position, made=True)[slot])
    scale = norm.scale(x, y)
    parts = list(stream_writes(run, layer, position, attention=not run.model.parallel))
    rows = torch.stack([row for _, row in parts])
    constant = float(norm.shift @ w) + (0.0 if offset is None else float(offset[slot]))
    found = _summed(
        what,
        value,
        [*(term for term, _ in parts), StreamTerm("constant")],
        [*(norm.pushforward(rows, scale) @ w).tolist(), constant],
        top=top,
        tolerance=SAFETY
        * run.model.precision
        * math.hypot(spread(rows, norm.pullback(w, scale)), float((y * w).norm()), value),
    )
    check_sum(f"What a neuron of layer {layer} reads ({what})", value + found.error, value, found.tolerance)
    return found


def _norm_before(again: _Again, made: LayerCall) -> tuple[Norm, Float[Tensor, "d_model"]]:
    """The norm through which a layer reads the stream, and the stream; the layer may read the stream itself."""
    call = norm_call(again.calls, made.given, made.module)
    if call is None:
        x = made.row(again.position).double()
        return no_norm(x), x
    return probed(call.module, again.run.model.d_model, like=made.given), call.row(again.position).double()
