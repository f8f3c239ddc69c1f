"""Composition: how much of what one head writes another reads, from the weights.

*A Mathematical Framework for Transformer Circuits* (Elhage et al. 2021), for a head 1 below a head 2:

    Q-composition  |W_OV1 W_QK2|   / (|W_OV1| |W_QK2|)      head 2 looks with what head 1 wrote
    K-composition  |W_OV1 W_QK2^T| / (|W_OV1| |W_QK2|)      head 2 looks at what head 1 wrote (induction heads)
    V-composition  |W_OV1 W_OV2|   / (|W_OV1| |W_OV2|)      head 2 carries on what head 1 wrote: a virtual head

with Frobenius norms of d_model x d_model matrices, stream on the left (`x W`). They are never made: every matrix is a
product of thin factors, an orthogonal factor does not change a norm, so a pair needs one d_head x d_head block of one
large product. Exact, of the folded weights (projections.py): gains and centring of norms are in, their scales are not.
Rotary embedding is ignored: scores are those at distance 0, while a head that looks back by one composes at distance 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError, counted
from unembed.methods.circuits.head_circuits import OV, Head, check_head, ov_circuit
from unembed.methods.circuits.projections import Weights, weights
from unembed.models.model import Model
from unembed.models.names import head_name
from unembed.models.refusals import decoders_only, plain_heads_only, sums_only
from unembed.progress import Progress, silent
from unembed.runs.result import Result
from unembed.seeds import generator

Kind = Literal["query", "key", "value"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DRAWS = 200
"""Random pairs behind the null distribution."""


@dataclass(frozen=True)
class Pair:
    """How head 2 composes with head 1 below it."""

    kind: Kind
    first: Head
    second: Head
    score: float
    ratio: float
    """Score over the mean score of random matrices of the same shape."""

    @property
    def label(self) -> str:
        """`L0.H1 -> L1.H3 (key)`."""
        return f"{head_name(*self.first)} → {head_name(*self.second)} ({self.kind})"


@dataclass(frozen=True)
class Composition(Result[Pair]):
    """The scores of all pairs of heads. Made by `composition_scores`."""

    measure = "score"

    model: Model
    scores: dict[Kind, Float[np.ndarray, "second_layer second_head first_layer first_head"]]
    """NaN where head 1 is not below head 2."""
    null: tuple[float, float]
    """Mean and standard deviation of the score of random Gaussian matrices of the same shape."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """None: it is about weights."""
        return ()

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "composition score"

    def entries(self) -> list[Pair]:
        """All pairs, kind by kind."""
        return [
            self._pair(float(self.scores[kind][tuple(place)]), kind, place)
            for kind in KINDS
            for place in np.argwhere(np.isfinite(self.scores[kind])).tolist()
        ]

    def columns(self, entry: Pair) -> dict[str, Any]:
        """A pair, its heads by layer and index."""
        ends = (("first", entry.first), ("second", entry.second))
        heads = {f"{end}_{index}": i for end, head in ends for index, i in zip(("layer", "head"), head, strict=True)}
        return {"label": entry.label, "kind": entry.kind, **heads, "score": entry.score, "ratio": entry.ratio}

    def top(self, count: int = 20, kind: Kind | None = None) -> list[Pair]:
        """The pairs with the highest scores, of one kind or of all."""
        kinds: tuple[Kind, ...] = KINDS if kind is None else (kind,)
        pairs: list[tuple[float, Kind, tuple[int, ...]]] = [
            (score, k, place) for k in kinds for score, place in _largest(self.scores[k], count)
        ]
        return [self._pair(score, k, place) for score, k, place in sorted(pairs, key=lambda p: -p[0])[:count]]

    def of(self, kind: Kind, first: Head, second: Head) -> Pair:
        """The score of one pair of (layer, head).

        Raises:
            InputError: no such heads, or the first is not below the second.
        """
        first, second = _in_order(self.model, first, second)
        return self._pair(float(self.scores[kind][(*second, *first)]), kind, (*second, *first))

    def _pair(self, score: float, kind: Kind, place: Sequence[int]) -> Pair:
        a, b, c, d = (int(i) for i in place)
        return Pair(kind, (c, d), (a, b), score, score / self.null[0])

    def __repr__(self) -> str:
        best = ", ".join(f"{pair.label} {pair.score:.2f}" for pair in self.top(3)) if self._pairs else "no pairs"
        return f"Composition({self.model.name}: {self._pairs} pairs; {best}; random {self.null[0]:.2f})"

    @cached_property
    def _pairs(self) -> int:
        return int(np.isfinite(self.scores["key"]).sum())


def composition_scores(model: Model, *, progress: Progress = silent) -> Composition:
    """The Q-, K- and V-composition scores of all pairs of heads, and their null distribution.

    Raises:
        InputError: the model has fewer than two layers.
    """
    decoders_only(model, "Composition")
    sums_only(model, "Composition")
    if model.layers < 2:
        raise InputError(f"Composition needs two layers of heads, and {model.name} has {model.layers}.")
    plain_heads_only(model, "Composition")
    with torch.no_grad():
        sides = _sides(model, progress)
        found: dict[Kind, np.ndarray] = {kind: _scores(sides["writes"], sides[kind], progress, kind) for kind in KINDS}
    return Composition(model, found, null_of(model.d_model, sides["writes"].shape[2]))


def virtual_head(model: Model, first: Head, second: Head) -> OV:
    """The OV circuit of head 2 reading what head 1 wrote; its pattern is the product of theirs, `A_2 A_1`.

    Raises:
        InputError: no such heads, or the first is not below the second.
    """
    first, second = _in_order(model, first, second)
    return ov_circuit(model, *second).after(ov_circuit(model, *first))


def _in_order(model: Model, first: Head, second: Head) -> tuple[Head, Head]:
    first, second = check_head(model, *first), check_head(model, *second)
    if first[0] >= second[0]:
        raise InputError(
            f"Expected the first head in a layer below the second, found layers {first[0]} and {second[0]}."
        )
    return first, second


def null_of(d_model: int, d_head: int, *, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """Mean and standard deviation of the score of random heads: all factors Gaussian, of the model's shapes.

    Raises:
        InputError: a bad seed.
    """
    random = generator(seed)
    a, b, c, d = torch.randn(4, draws, d_model, d_head, generator=random)
    writes, reads = _triangle(a) @ b.transpose(1, 2), c @ _triangle(d).transpose(1, 2)
    products = torch.linalg.matrix_norm(_unit(writes) @ _unit(reads))
    return float(products.mean()), float(products.std())


def _sides(model: Model, progress: Progress) -> dict[str, Float[Tensor, "layer head rank d_model"]]:
    """What each head writes and reads, normalised, with the factors that do not meet shrunk to triangles.

    `writes` has the norm of W_OV, `query` and `key` that of W_QK, `value` that of W_OV, each divided by it.
    """
    parts: dict[str, list[Tensor]] = {"writes": [], "query": [], "key": [], "value": []}
    for layer, part in enumerate(weights(model)):
        for name, side in _layer_sides(part.per_head()).items():
            parts[name].append(_unit(side))
        progress("Reading the weights of heads", (layer + 1) / model.layers)
    return {name: torch.stack(layers) for name, layers in parts.items()}


def _layer_sides(part: Weights) -> dict[str, Tensor]:
    output = part.output.transpose(1, 2)
    return {
        "writes": _triangle(part.value) @ part.output,
        "query": _triangle(part.key) @ part.query.transpose(1, 2),
        "key": _triangle(part.query) @ part.key.transpose(1, 2),
        "value": _triangle(output) @ part.value.transpose(1, 2),
    }


def _triangle(matrix: Float[Tensor, "*head d_model d_head"]) -> Float[Tensor, "*head d_head d_head"]:
    """`R` of `matrix = Q R`: `|matrix @ x| = |R @ x|`."""
    return torch.linalg.qr(matrix, mode="r").R


def _unit(matrix: Tensor) -> Tensor:
    return matrix / torch.linalg.matrix_norm(matrix)[..., None, None].clamp_min(1e-30)


def _scores(writes: Tensor, reads: Tensor, progress: Progress, kind: str) -> np.ndarray:
    """Norms of `writes[first] @ reads[second].T` for each pair; NaN where the first is not below the second."""
    layers, heads, rank, width = writes.shape
    scores = np.full((layers, heads, layers, heads), np.nan)
    for second in range(1, layers):
        first = writes[:second].reshape(-1, width)
        product = first @ reads[second].reshape(-1, width).T
        blocks = product.square().view(second, heads, rank, heads, -1).sum((2, 4)).sqrt()
        scores[second, :, :second] = blocks.permute(2, 0, 1).cpu().numpy()
        progress(f"Composing heads by their {kind}", second / (layers - 1))
    return scores


def _largest(scores: np.ndarray, count: int) -> list[tuple[float, tuple[int, ...]]]:
    flat = np.where(np.isfinite(scores), scores, -np.inf).ravel()
    best = np.argsort(-flat, kind="stable")[: min(counted(count), int(np.isfinite(scores).sum()))]
    return [(float(flat[i]), tuple(int(j) for j in np.unravel_index(i, scores.shape))) for i in best]
