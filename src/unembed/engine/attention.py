"""Attention of the packed rows of a walk: what runs in place of a block's own attention while the block is called.

Only attention mixes positions. So only here the rows must be told apart, and only here a row needs what the base run
held before its first edited position: earlier keys and values are spliced in front of its own (splicing.py). Of a
cross-attention every packed token reads the whole source, which all rows share unless one of them edits it.
"""

from collections import defaultdict
from functools import cached_property, partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.engine.batch import Batch, line_in
from unembed.engine.splicing import Group, Prefix, attend
from unembed.models.hooks import Eager
from unembed.models.kinds import KINDS, SiteKind
from unembed.models.model import Stage
from unembed.runs.record import attentions

_TAKEN: dict[str, dict[str, SiteKind]] = {
    stage: {kind.tap.of: kind.name for kind in KINDS.values() if (kind.tap.side, kind.place) == ("attention", stage)}
    for stage in ("attention", "cross_attention")
}
"""For each kind of attention, the kinds of sites that it takes (query, key, value) and gives (pattern, z)."""


class Attention:
    """The attention of every block of a walk; called as `models.hooks.Attend`."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.run = batch, batch.run
        self._masks: dict[int, dict[tuple[int, int], Tensor]] = defaultdict(dict)
        self._grouped: tuple[int, list[Group]] = (0, [])

    def __call__(
        self, module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, None]:
        """`z` of the packed tokens, edited; the block that asks takes no pattern."""
        layer, stage = self._place_of[module]
        if stage == "cross_attention":
            return self._cross(layer, eager, query, key, value), None
        kinds = _TAKEN[stage]
        query, key, value = (
            self._heads_edited(layer, kinds[name], x) for name, x in (("query", query), ("key", key), ("value", value))
        )
        call, heads_kept = self.run.calls[layer], self.run.layers[layer].heads
        assert heads_kept is not None
        inner = self.run.model.family.inner_attention is not None
        # Layers that share a mask share what is made of it; the base run holds the masks, so an id stays one mask's.
        causal = not self.run.model.bidirectional
        prefix = Prefix(call.key, heads_kept.value, call.mask, inner, causal, self._masks[id(call.mask)])
        touched = self.batch.touched(layer, kinds["pattern"])
        pattern = partial(self._pattern, layer, kinds["pattern"]) if touched else None
        z = attend(eager, prefix, self._groups(), query, key, value, edit_pattern=pattern)
        return self.batch.edited(layer, kinds["z"], z[0])[None], None

    def _heads_edited(self, layer: int, kind: str, x: Float[Tensor, "1 head token d"]) -> Tensor:
        if not self.batch.touched(layer, kind):
            return x
        return self.batch.edited(layer, kind, x[0].transpose(0, 1)).transpose(0, 1)[None]

    # Cross-attention

    def _cross(self, layer: int, eager: Eager, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        kinds, mask = _TAKEN["cross_attention"], self.run.calls[layer].cross_mask
        mask = None if mask is None else mask[..., :1, :]  # the same for every position of the prompt
        query = self._heads_edited(layer, kinds["query"], query)
        if self.batch.touched(layer, kinds["key"], kinds["value"], kinds["pattern"]):
            z = self._cross_apart(layer, eager, query, key, value, mask)
        else:
            z = eager(query, key, value, mask)[0]
        return self.batch.edited(layer, kinds["z"], z[0])[None]

    def _cross_apart(
        self, layer: int, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> Tensor:
        """`_cross` where rows read sources of their own, or with patterns of their own: each row has a copy."""
        batch, kinds = self.batch, _TAKEN["cross_attention"]
        key, value = self._own_source(layer, kinds["key"], key), self._own_source(layer, kinds["value"], value)
        parts = []
        for group in self._groups():
            mine = torch.tensor(self._rows_of(group), device=key.device)
            q = query[:, :, group.tokens].unflatten(2, (group.rows, -1))[0].transpose(0, 1)
            z, pattern = eager(q, key[mine], value[mine], mask)
            if batch.touched(layer, kinds["pattern"]):
                edited = self._pattern(layer, kinds["pattern"], group, pattern.transpose(1, 2)).transpose(1, 2)
                # The module mixed values by its own pattern: what the edit changed of it is added, by z's linearity.
                z = z + ((edited - pattern).to(value.dtype) @ value[mine]).transpose(1, 2)
            parts.append(z.flatten(0, 1))
        order = torch.cat([torch.arange(batch.size, device=key.device)[group.tokens] for group in self._groups()])
        return torch.cat(parts)[order.argsort()][None]

    def _own_source(self, layer: int, kind: str, x: Tensor) -> Float[Tensor, "row head source d_head"]:
        """Keys or values of the source, a copy for each row, edited."""
        rows, length = self.batch.joined, x.shape[2]
        packed = x[0].transpose(0, 1).repeat(rows, 1, 1)
        packed = self.batch.edited(layer, kind, packed, line=lambda r, p: r * length + p)
        return packed.unflatten(0, (rows, length)).transpose(1, 2)

    # Which rows there are

    @cached_property
    def _place_of(self) -> dict[nn.Module, tuple[int, Stage]]:
        return attentions(self.run.model)

    def _groups(self) -> list[Group]:
        """The joined rows by their start: those of one start have queries of one shape, and see one prefix."""
        if self._grouped[0] != self.batch.joined:
            by_start: dict[int, list[int]] = defaultdict(list)
            for index, row in enumerate(self.batch.rows[: self.batch.joined]):
                by_start[row.start].append(index)
            alone = len(by_start) == 1
            groups = [
                Group(start, len(rows), slice(None) if alone else self._tokens(start, rows))
                for start, rows in by_start.items()
            ]
            self._grouped = (self.batch.joined, groups)
        return self._grouped[1]

    def _tokens(self, start: int, rows: list[int]) -> Tensor:
        first = torch.tensor([self.batch.offsets[r] for r in rows], device=self.run.model.device)
        inside = torch.arange(self.run.length - start, device=self.run.model.device)
        return (first[:, None] + inside).flatten()

    def _rows_of(self, group: Group) -> list[int]:
        return [r for r in range(self.batch.joined) if self.batch.rows[r].start == group.start]

    def _pattern(
        self, layer: int, kind: str, group: Group, pattern: Float[Tensor, "row position head key"]
    ) -> Float[Tensor, "row position head key"]:
        """Edit the patterns of one group: its packed tokens are its rows' positions in order."""
        cells = [(r, p) for r in self._rows_of(group) for p in range(group.start, self.run.length)]
        edited = self.batch.edited(layer, kind, pattern.flatten(0, 1), line=line_in(cells))
        return edited.view(pattern.shape)
