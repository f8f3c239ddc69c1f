"""Why did it attend? A QK score as a sum over pairs of terms of the two streams.

The score that the softmax reads (before mask and soft-cap) is bilinear in what the head's query and key were made of:

    score[i, j] = scale * q_i . k_j,   q_i = sum_t (x_i^t N W_Q) R_i + c_i,   k_j = sum_u (x_j^u N W_K) R_j + c_j

with `x^t` what the embedding, each head and each MLP below wrote to the stream, `N` the norm before attention with its
scale frozen, `R` the rotation of the position, `c` biases and the norm's shift. So

    score = sum over pairs (t, u) of  scale * (x_i^t N W_Q R_i) . (x_j^u N W_K R_j)

exactly, with the scales of all norms frozen at the run (also those of queries and keys, where the family has them).
What position adds through the rotation is told apart: the same sum with the query at the key's position is the
`content` of each pair, the rest is due to the distance.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.errors import InputError, counted
from unembed.ledger.decompose import SAFETY
from unembed.ledger.ledger import check_sum
from unembed.ledger.stream_terms import StreamTerm, spread, stream_writes
from unembed.methods.circuits.head_circuits import check_head
from unembed.methods.circuits.projections import Affine, affine
from unembed.models.hooks import Eager, attending, one_at_a_time
from unembed.models.labels import visible
from unembed.models.model import Model, input_norm, rotary
from unembed.models.names import head_name
from unembed.models.own_attention import CHUNK
from unembed.models.prompts import absolute_position
from unembed.models.refusals import decoders_only, sums_only
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.record import record
from unembed.runs.result import RunResult
from unembed.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_scales: WeakKeyDictionary[nn.Module, list[float]] = WeakKeyDictionary()


@dataclass(frozen=True)
class PairTerm:
    """One addend of a score."""

    query: StreamTerm
    key: StreamTerm
    value: float
    content: float
    """The part that does not come from the distance between the positions."""


@dataclass(frozen=True)
class AttentionScore(RunResult[PairTerm]):
    """The score of a head between two positions as a sum over pairs. Made by `attention_score`."""

    run: Run
    layer: int
    head: int
    destination: int
    source: int
    score: float
    """What the softmax reads, before mask and soft-cap: the scale times the recorded `q . k`."""
    attention: float
    """The head's attention after the softmax."""
    query_terms: tuple[StreamTerm, ...]
    key_terms: tuple[StreamTerm, ...]
    values: Float[np.ndarray, "query_term key_term"]
    content: Float[np.ndarray, "query_term key_term"]
    tolerance: float
    """What rounding can account for; `SAFETY` standard deviations, as for a ledger."""

    @property
    def sum(self) -> float:
        """Of all pairs."""
        return math.fsum(self.values.ravel())

    @property
    def error(self) -> float:
        """`sum - score`."""
        return self.sum - self.score

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "score before the softmax"

    def columns(self, entry: PairTerm) -> dict[str, Any]:
        """A pair by the names of its terms."""
        names = {"query": entry.query.label, "key": entry.key.label}
        return {"label": " × ".join(names.values()), **names, "value": entry.value, "content": entry.content}

    def plot(self, count: int = 20) -> "Figure":
        """Draw the largest pairs as bars, and all others as one.

        Raises:
            InputError: matplotlib is not installed.
        """
        ends = (f"{position} {visible(self.token_texts[position])}" for position in (self.destination, self.source))
        title = f"{head_name(self.layer, self.head)}: why {' attends to '.join(ends)}"
        return self.bars(self.top(count), title=title, total=self.sum)

    def entries(self) -> list[PairTerm]:
        """All pairs, by the query's term, then by the key's."""
        return self._pairs(np.arange(self.values.size))

    def top(self, count: int = 10) -> list[PairTerm]:
        """The pairs of largest magnitude."""
        return self._pairs(np.argsort(-np.abs(self.values), axis=None, kind="stable")[: counted(count)])

    def _pairs(self, flat: Int[np.ndarray, "pair"]) -> list[PairTerm]:
        places = [np.unravel_index(i, self.values.shape) for i in flat]
        return [
            PairTerm(self.query_terms[t], self.key_terms[u], float(self.values[t, u]), float(self.content[t, u]))
            for t, u in places
        ]

    def __repr__(self) -> str:
        best = ", ".join(f"{p.query.label} × {p.key.label} {p.value:+.2f}" for p in self.top(3))
        return (
            f"AttentionScore({head_name(self.layer, self.head)}, {self.destination} → {self.source}: {self.score:+.3f} "
            f"(attention {self.attention:.2f}), |Δ| {abs(self.error):.1e}; {best}, …)"
        )


@prompted
@torch.no_grad()
def attention_score(
    prompt: Prompt,
    layer: int,
    head: int,
    *,
    destination: int | None = None,
    source: int | None = None,
) -> AttentionScore:
    """Why a head attends from one position to another.

    Args:
        prompt: a recorded run, or a model and a prompt.
        layer: of the head.
        head: of the layer.
        destination: the position whose query it is; negative counts from the end, None is where the prompt asks.
        source: the position whose key it is; None takes the one attended to most.

    Returns:
        The score and its pairs, which sum to it up to rounding.

    Raises:
        InputError: no such head or position, the source comes after the destination, or a run of another model.
        LedgerError: the pairs do not sum to the score.
    """
    for refuse in (decoders_only, sums_only):
        refuse(prompt.model, "A score by what was written")
    layer, head = check_head(prompt.model, layer, head)
    i = prompt.place(destination)
    if source is None:
        prompt = replace(prompt, run=_recorded(prompt, [i]))
        j = int(_pattern(prompt.recorded([i]), layer, head, i).argmax())
    else:
        j = absolute_position(source, len(prompt.tokens))
    if j > i and not prompt.model.bidirectional:
        raise InputError(f"A token attends to itself and what comes before: source {j} is after destination {i}.")
    return _decomposed(_recorded(prompt, [i, j]), layer, head, i, j)


def _recorded(prompt: Prompt, positions: list[int]) -> Run:
    """A run that keeps these positions: all of a short prompt, of which no second run is needed then."""
    kept = positions if len(prompt.tokens) > CHUNK or prompt.run is not None else None
    return prompt.recorded(kept)


def score_scale(model: Model, layer: int) -> float:
    """What `q . k` is multiplied by before the softmax, read from what the module's own attention makes of two keys.

    Exact to float32 rounding (eager attention computes its softmax in float32). Read once a module, for all layers.
    """
    if model.module not in _scales:
        run = record(model, [0, 0])
        _scales[model.module] = [_scale(run, each) for each in range(model.layers)]
    return _scales[model.module][layer]


def _scale(run: Run, layer: int) -> float:
    rough = _scale_at(run, layer, math.sqrt(_width(run.model, layer)))
    return _scale_at(run, layer, 2.0 / rough)  # scores that differ by about 2, where the softmax tells most


def _scale_at(run: Run, layer: int, size: float) -> float:
    found, cap = _log_odds(run, layer, size), _softcap(run.model.blocks[layer].attention)
    return (found if cap is None else cap * math.atanh(found / cap)) / size


def _log_odds(run: Run, layer: int, size: float) -> float:
    """The log-ratio of the attention to keys with `q . k` of `size` and 0."""
    block, call = run.model.blocks[layer], run.calls[layer]
    query = call.query.new_zeros(1, run.model.heads, run.length, call.query.shape[-1])
    key = torch.zeros_like(call.key[None])
    query[..., 0], key[:, :, 0, 0] = 1.0, size
    kept: list[Tensor] = []

    def attend(
        module: nn.Module, eager: Eager, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        z, pattern = eager(query, key, v, None if mask is None else torch.zeros_like(mask, dtype=q.dtype))
        kept.append(pattern[0, 0, -1].double())
        return z, pattern

    with one_at_a_time, attending(run.model, attend):
        block.module(run.before(layer)[None], *call.args, **call.kwargs)
    return float((kept[0][0] / kept[0][1]).log())


def _softcap(module: object) -> float | None:
    return getattr(module, "attn_logit_softcapping", None)


def _width(model: Model, layer: int) -> int:
    return model.blocks[layer].output_by_head.shape[1]


def _pattern(run: Run, layer: int, head: int, position: int) -> Tensor:
    heads = run.layers[layer].heads
    assert heads is not None
    return heads.pattern[head, run.row(position)]


# The sum


def _decomposed(run: Run, layer: int, head: int, i: int, j: int) -> AttentionScore:
    call, scale, kv = run.calls[layer], score_scale(run.model, layer), head * run.model.kv_heads // run.model.heads
    query_terms, query_rows = _stream(run, layer, i)
    key_terms, key_rows = _stream(run, layer, j)
    read_i, read_j = run.attention_input(layer, [i, j])
    at_i, at_j = affine(run, layer, i, read_i), affine(run, layer, j, read_j)
    moved = affine(run, layer, j, read_i)
    keys = _read(key_rows, at_j.key[kv], at_j.key_constant[kv])
    queries = _queries(query_rows, at_i, head)
    score = scale * float(call.query[head, run.row(i)].double() @ call.key[kv, j].double())
    found = AttentionScore(
        run=run,
        layer=layer,
        head=head,
        destination=i,
        source=j,
        score=score,
        attention=float(_pattern(run, layer, head, i)[j]),
        query_terms=query_terms,
        key_terms=key_terms,
        values=(scale * queries @ keys.T).cpu().numpy(),
        content=(scale * _queries(query_rows, moved, head) @ keys.T).cpu().numpy(),
        tolerance=SAFETY
        * _unit(run.model)
        * scale
        * math.hypot(
            spread(query_rows, at_i.query[head] @ keys.sum(0)),
            spread(key_rows, at_j.key[kv] @ queries.sum(0)),
            float(queries.sum(0).norm() * keys.sum(0).norm()),
        ),
    )
    check_sum(f"The score of {head_name(layer, head)}", found.sum, score, found.tolerance)
    return found


def _unit(model: Model) -> float:
    """The unit of rounding of queries and keys, which are rotated in float32 whatever the weights are in."""
    return max(model.precision, torch.finfo(torch.float32).eps if rotary(model.config) else 0.0)


def _queries(rows: Tensor, maps: Affine, head: int) -> Tensor:
    return _read(rows, maps.query[head], maps.query_constant[head])


def _read(rows: Tensor, matrix: Tensor, constant: Tensor) -> Float[Tensor, "term d_head"]:
    """The rows through a projection; the constant belongs to the last row, which holds the norm's shift."""
    out = rows @ matrix
    return torch.cat([out[:-1], (out[-1] + constant)[None]])


def _stream(run: Run, layer: int, position: int) -> tuple[tuple[StreamTerm, ...], Float[Tensor, "term d_model"]]:
    """What was written to the stream below a layer, through the norm before attention; the norm's shift comes last."""
    parts = list(stream_writes(run, layer, position))
    rows = torch.stack([row for _, row in parts])
    norm = input_norm(run.model.blocks[layer], run.model.d_model)
    shift = torch.zeros_like(rows[:1])
    if norm is not None:
        x = run.entering(layer, torch.tensor([position], device=run.model.device))[0]
        (y,) = run.attention_input(layer, [position])
        rows, shift = norm.pushforward(rows, norm.scale(x, y)), norm.shift[None]
    return (*(term for term, _ in parts), StreamTerm("constant")), torch.cat([rows, shift])
