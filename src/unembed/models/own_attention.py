"""Attention as a module makes it: eager, with a pattern, or fused, which holds no row of scores for every query.

A model hides keys in one of three forms: None (nothing is hidden, or what comes later), true where a key is seen, or
numbers that are added to the scores. Only the rows that are asked for are made numbers: all would be as many as
positions squared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.models.reprs import Brief

CHUNK = 256
"""Queries that attend eagerly at once, where not all are asked for."""

Rows = Int[Tensor, "row"] | slice


@dataclass(frozen=True, repr=False)
class OwnAttention(Brief):
    """A module's own attention. Called, it is the eager one: `(query, key, value, mask) -> (z, pattern)`."""

    eager: Callable[[Tensor, Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]
    """Its mask is added to the scores."""
    fused: Callable[[Tensor, Tensor, Tensor, Tensor | None], tuple[Tensor, None]] | None = None
    """The one that the module was loaded with, where that makes no patterns (sdpa)."""
    causal: bool = False
    """Whether a mask of None hides what comes later."""
    whole: bool = False
    """Whether the module tells positions by the number of its queries, so that it must be given all of them."""

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Float[Tensor, "batch query head d_head"], Float[Tensor, "batch head query key"]]:
        """`z` and pattern of all queries."""
        return self.eager(query, key, value, mask if self.whole else self._added(mask, query, key, slice(None)))

    def at(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, rows: Int[Tensor, "row"]
    ) -> tuple[Float[Tensor, "batch query head d_head"], Float[Tensor, "batch head row key"]]:
        """`z` of all queries, and the pattern of some rows.

        These attend eagerly, so their `z` is what their pattern mixes. The others attend as the module was loaded; no
        scores are held of all queries at once.
        """
        if self.whole:
            z, pattern = self(query, key, value, mask)
            return z, pattern[:, :, rows]
        z = self._without_patterns(query, key, value, mask)
        z[:, rows], pattern = self.eager(query[:, :, rows], key, value, self._added(mask, query, key, rows))
        return z, pattern

    def _without_patterns(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> Float[Tensor, "batch query head d_head"]:
        if self.fused is not None:
            return self.fused(query, key, value, mask)[0]
        return torch.cat([z for z, _ in self.parts(query, key, value, mask)], 1)

    def parts(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> Iterator[tuple[Float[Tensor, "batch part head d_head"], Float[Tensor, "batch head part key"]]]:
        """`z` and pattern of `CHUNK` queries after the other."""
        if self.whole:
            yield self(query, key, value, mask)
            return
        for start in range(0, query.shape[2], CHUNK):
            rows = slice(start, start + CHUNK)
            yield self.eager(query[:, :, rows], key, value, self._added(mask, query, key, rows))

    def _added(self, mask: Tensor | None, query: Tensor, key: Tensor, rows: Rows) -> Tensor | None:
        return added(mask, query, key.shape[2], rows, causal=self.causal and query.shape[2] > 1)


def added(
    mask: Tensor | None, like: Tensor, length: int, rows: Rows = slice(None), *, causal: bool
) -> Float[Tensor, "batch_or_1 head_or_1 row key"] | None:
    """Rows of a mask as numbers that are added to the scores; None where nothing is hidden.

    Args:
        mask: in one of the three forms.
        like: a tensor of the precision that the model runs in.
        length: how many keys there are.
        rows: the queries that are asked for.
        causal: whether None hides what comes later.
    """
    if mask is None:
        if not causal:
            return None
        places = torch.arange(length, device=like.device)
        seen = (places <= places[rows][:, None])[None, None]
    else:
        seen = mask if mask.shape[-2] == 1 else mask[..., rows, :]
    if seen.dtype != torch.bool:
        return seen
    return torch.where(seen, torch.zeros((), dtype=like.dtype, device=like.device), torch.finfo(like.dtype).min)
