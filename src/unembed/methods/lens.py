"""The logit lens: what each state of the stream would predict if the model stopped there.

`logits_l = softcap(W_U norm(x_l) + b_U)` with the model's own final norm and unembedding (nostalgebraist, *interpreting
GPT: the logit lens*, 2020). Exact as a readout of `x_l`; it says nothing about what later layers would make of it.

Every state costs one product with the vocabulary matrix, which is a large share of a forward pass of a small model:
only the layers and positions that are asked for are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.readout import absolute_layer
from unembed.models.model import Model
from unembed.models.prompts import absolute_position, target_token
from unembed.models.unembedding import unembedded
from unembed.progress import Progress, silent
from unembed.runs.record import record
from unembed.runs.trace import Trace

if TYPE_CHECKING:
    import polars as pl

_CHUNK = 128


@dataclass(frozen=True)
class Lens:
    """Axes: `state` runs over `layers`, `query` over `positions`."""

    trace: Trace
    layers: tuple[int, ...]
    """0 is the embedding, `l` the stream after `l` blocks."""
    positions: tuple[int, ...]
    targets: tuple[int, ...]
    """The token followed at each position: the one asked for, or the model's own top prediction there."""
    top: Int[Tensor, "state query rank"]
    """Token ids, most probable first."""
    top_probability: Float[Tensor, "state query rank"]
    target_probability: Float[Tensor, "state query"]
    target_rank: Int[Tensor, "state query"]
    """1 is the top prediction."""
    kl: Float[Tensor, "state query"]
    """`KL(final prediction || this state's prediction)` in nats."""

    @property
    def states(self) -> int:
        """How many states were read, each at the cost of one product with the vocabulary matrix."""
        return len(self.layers) * len(self.positions)

    def to_polars(self) -> "pl.DataFrame":
        """One row a state: layer, position, target, rank, probability, kl, top."""
        import polars as pl

        rows = [
            {
                "layer": layer,
                "position": position,
                "target": self.targets[q],
                "rank": int(self.target_rank[s, q]),
                "probability": float(self.target_probability[s, q]),
                "kl": float(self.kl[s, q]),
                "top": self.top[s, q].tolist(),
            }
            for s, layer in enumerate(self.layers)
            for q, position in enumerate(self.positions)
        ]
        return pl.DataFrame(rows)

    def __repr__(self) -> str:
        return (
            f"Lens({self.trace.model.name}: {len(self.layers)} layers x {len(self.positions)} positions; "
            f"rank of the target at the last: {' '.join(str(int(r)) for r in self.target_rank[:, -1])})"
        )


@dataclass(frozen=True)
class States:
    """What the stream predicts after each layer, before any token is followed. Made by `read_states`.

    It holds the whole vocabulary for each state (6 MB for one position of a model of 30 layers and 49,152 tokens), so
    that another token of the same position needs no other product with it.
    """

    trace: Trace
    position: int
    log_probability: Float[Tensor, "state vocab"]


def lens(
    model: Model,
    prompt: str | Sequence[int],
    target: str | int | None = None,
    *,
    layers: Sequence[int] | None = None,
    positions: Sequence[int] | None = None,
    top: int = 5,
    progress: Progress = silent,
) -> Lens:
    """Run the model once and read its stream at every layer and position asked for.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        target: the token to follow; None follows, at each position, what the model predicts there.
        layers: states to read: 0 is the embedding, `l` the stream after `l` blocks; None reads all.
        positions: None reads all.
        top: how many of each state's top tokens to keep.
        progress: called after each chunk of states.

    Raises:
        InputError: a bad prompt, target, layer or position.
    """
    return read_lens(
        record(model, prompt, positions=positions, keep="stream"),
        target,
        layers=layers,
        top=top,
        progress=progress,
    )


def read_lens(
    trace: Trace,
    target: str | int | None = None,
    *,
    layers: Sequence[int] | None = None,
    positions: Sequence[int] | None = None,
    top: int = 5,
    progress: Progress = silent,
) -> Lens:
    """`lens` of a run that was recorded already; `positions` None are those that it kept."""
    model = trace.model
    if layers is not None and not len(layers):
        raise InputError("No layer is read: expected at least one, or layers=None for all.")
    chosen = tuple(range(model.layers + 1)) if layers is None else tuple(absolute_layer(trace, i) for i in layers)
    places = trace.positions if positions is None else tuple(absolute_position(p, len(trace.tokens)) for p in positions)
    with torch.inference_mode():
        reader = _reader(trace, target, places, top)
        states = _states(trace, places)[list(chosen)].flatten(0, 1)
        parts = []
        for rows in torch.arange(len(states), device=states.device).split(_CHUNK):
            parts.append(reader.read(_log_probability(model, states[rows]), rows % len(places)))
            progress("logit lens", (int(rows[-1]) + 1) / len(states))
    return _lens(reader, chosen, places, parts)


def read_states(trace: Trace, position: int) -> States:
    """What every layer's state at a kept position predicts, for `follow`."""
    place = absolute_position(position, len(trace.tokens))
    with torch.inference_mode():
        return States(trace, place, _log_probability(trace.model, _states(trace, (place,))[:, 0]))


def follow(states: States, target: str | int | None = None, *, top: int = 5) -> Lens:
    """The lens at one position, as `read_lens` gives it, from what was read before.

    Raises:
        InputError: the target is not in the vocabulary.
    """
    log_p, places = states.log_probability, (states.position,)
    with torch.inference_mode():
        reader = _reader(states.trace, target, places, top)
        part = reader.read(log_p, torch.zeros(len(log_p), dtype=torch.long, device=log_p.device))
    return _lens(reader, tuple(range(len(log_p))), places, [part])


def _states(trace: Trace, positions: tuple[int, ...]) -> Float[Tensor, "state query d_model"]:
    kept = [trace.row(p) for p in positions]
    stream = trace.stream()[:, kept]
    stream[-1] = trace.final[kept]  # the same up to rounding, so that the last row is the model's own prediction
    return stream


def _log_probability(model: Model, x: Float[Tensor, "chunk d_model"]) -> Float[Tensor, "chunk vocab"]:
    return unembedded(model, x)[2].float().log_softmax(-1)


def _reader(trace: Trace, target: str | int | None, positions: tuple[int, ...], top: int) -> "_Reader":
    logits = trace.logits[[trace.row(p) for p in positions]]
    final = logits.argmax(-1)
    targets = final if target is None else torch.full_like(final, target_token(trace.model, target))
    log_final = logits.float().log_softmax(-1)
    negentropy = (log_final.exp() * log_final).sum(-1)
    return _Reader(trace, targets, log_final.exp(), negentropy, min(top, trace.model.vocab))


def _lens(
    reader: "_Reader", layers: tuple[int, ...], positions: tuple[int, ...], parts: list[tuple[Tensor, ...]]
) -> Lens:
    columns = (torch.cat(column) for column in zip(*parts, strict=True))
    ids, probability, at_target, rank, kl = (x.unflatten(0, (len(layers), len(positions))) for x in columns)
    return Lens(reader.trace, layers, positions, tuple(reader.targets.tolist()), ids, probability, at_target, rank, kl)


@dataclass(frozen=True)
class _Reader:
    trace: Trace
    targets: Int[Tensor, "query"]
    final: Float[Tensor, "query vocab"]
    """The model's own probabilities."""
    negentropy: Float[Tensor, "query"]
    top: int

    def read(self, log_p: Float[Tensor, "chunk vocab"], query: Int[Tensor, "chunk"]) -> tuple[Tensor, ...]:
        """Top tokens and probabilities, probability and rank of the target, KL: of states at positions `query`."""
        best = log_p.topk(self.top)
        at_target = log_p.gather(-1, self.targets[query, None])
        rank = (log_p > at_target).sum(-1, dtype=torch.int32) + 1
        kl = self.negentropy[query] - (self.final[query] * log_p).sum(-1)
        return best.indices, best.values.exp(), at_target[:, 0].exp(), rank, kl.clamp_min(0)
