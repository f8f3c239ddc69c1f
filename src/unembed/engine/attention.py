"""Attention of the packed rows of a walk: what runs in place of a block's own attention while the block is called.

Only attention mixes positions. So only here the rows must be told apart, and only here a row needs what the base run
held before its first edited position: earlier keys and values are spliced in front of its own (splicing.py). Of a
cross-attention every packed token reads a whole source. Rows share the base run's, as one copy, but for those that edit
it there, and those that were edited inside the encoder and have other states.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.engine.batch import MASK_OF, Batch, line_in
from unembed.engine.splicing import Edits, Group, Prefix, attend
from unembed.errors import InputError
from unembed.models.hooks import Eager
from unembed.models.kinds import KINDS, SiteKind
from unembed.models.model import Stage
from unembed.models.own_attention import added

_TAKEN: dict[str, dict[str, SiteKind]] = {
    stage: {kind.tap.of: kind.name for kind in KINDS.values() if (kind.tap.side, kind.place) == ("attention", stage)}
    for stage in ("attention", "cross_attention")
}
"""For each kind of attention, the kinds of sites that it takes (query, key, value) and gives (pattern, z)."""


class _KeysFound(Exception):  # noqa: N818  # no error: it ends a call of a block
    """A block has come to its attention, with keys and values of all tokens."""


class Attention:
    """The attention of every block of a walk; called as `models.hooks.Attend`."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.run = batch, batch.run
        self._masks: dict[int, dict[tuple[int, int], Tensor]] = defaultdict(dict)
        self._grouped: tuple[int, list[Group]] = (0, [])
        self.layer = 0
        """Of the block that is called: a module may stand for several."""
        self._at: tuple[int, ...] | None = None
        """The positions of each row that queries are of; None: all."""
        self._ahead: tuple[Tensor, Tensor] | None = None
        """Keys and values of all tokens, where queries are of some."""

    @contextmanager
    def at(self, positions: Sequence[int], whole: Callable[[], object]) -> Iterator[None]:
        """Attend with queries of some positions alone in this context.

        Args:
            positions: of each row, all of which start at 0.
            whole: calls the block with all tokens; it is stopped once it has the keys and values that are read.
        """
        self._at = tuple(positions)
        try:
            with suppress(_KeysFound):
                whole()
            yield
        finally:
            self._at = self._ahead = None

    def __call__(
        self, module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, None]:
        """`z` of the packed tokens, edited; the block that asks takes no pattern."""
        layer, stage = self.layer, self._stage_of(module)
        if stage == "cross_attention":
            return self._cross(layer, eager, query, key, value), None
        kinds = _TAKEN[stage]
        query, key, value = (
            self._heads_edited(layer, kinds[name], x) for name, x in (("query", query), ("key", key), ("value", value))
        )
        if self._at is not None and self._ahead is None:
            self._ahead = key, value
            raise _KeysFound
        key, value = self._ahead or (key, value)
        call, heads_kept = self.run.calls[layer], self.run.layers[layer].heads
        assert heads_kept is not None
        inner = self.run.model.family.bypasses_interface
        # Layers that share a mask share what is made of it; the base run holds the masks, so an id stays one mask's.
        causal = not self.run.model.bidirectional
        prefix = Prefix(call.key, heads_kept.value, call.mask, inner, causal, self._masks[id(call.mask)])
        touched = self.batch.touched(layer, kinds["pattern"])
        pattern = partial(self._pattern, layer, kinds["pattern"]) if touched else None
        hidden = MASK_OF[kinds["pattern"]]
        mask_edit = partial(self._mask, layer, hidden) if self.batch.touched(layer, hidden) else None
        edited = Edits(pattern, mask_edit) if pattern or mask_edit else None
        z = attend(eager, prefix, self._groups(), query, key, value, edited=edited)
        return self.batch.edited(layer, kinds["z"], z[0])[None], None

    def _heads_edited(self, layer: int, kind: str, x: Float[Tensor, "1 head token d"]) -> Tensor:
        if not self.batch.touched(layer, kind):
            return x
        return self.batch.edited(layer, kind, x[0].transpose(0, 1)).transpose(0, 1)[None]

    # Cross-attention

    def _cross(self, layer: int, eager: Eager, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Keys and values are of the base run's source, and behind it of each source that a row has for its own."""
        batch, kinds, mask = self.batch, _TAKEN["cross_attention"], self.run.calls[layer].cross_mask
        mask = None if mask is None else mask[..., :1, :]  # the same for every position of the prompt
        query = self._heads_edited(layer, kinds["query"], query)
        edited = batch.touched(layer, kinds["key"], kinds["value"], kinds["pattern"], MASK_OF[kinds["pattern"]])
        apart = self._groups() if edited else self._own_sources()
        parts = [self._cross_apart(layer, eager, group, query, key, value, mask) for group in apart]
        order = [torch.arange(batch.size, device=key.device)[group.tokens] for group in apart]
        alone = {row for group in apart for row in group.members}
        together = [row for row in range(batch.joined) if row not in alone]
        if together:
            tokens = self._tokens_of(together) if alone else slice(None)
            source = slice(len(self.run.model.source or ()))
            parts.append(eager(query[:, :, tokens], key[:, :, source], value[:, :, source], mask)[0][0])
            order.append(torch.arange(batch.size, device=key.device)[tokens])
        z = parts[0] if len(parts) == 1 else torch.cat(parts)[torch.cat(order).argsort()]
        return batch.edited(layer, kinds["z"], z)[None]

    def _cross_apart(
        self,
        layer: int,
        eager: Eager,
        group: Group,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
    ) -> Float[Tensor, "token head d_head"]:
        """Of rows that read other keys or values, or with patterns of their own: each has a copy of its source."""
        kinds = _TAKEN["cross_attention"]
        q = query[:, :, group.tokens].unflatten(2, (group.rows, -1))[0].transpose(0, 1)
        k = self._source_of(layer, kinds["key"], group, key)
        v = self._source_of(layer, kinds["value"], group, value)
        if self.batch.touched(layer, MASK_OF[kinds["pattern"]]):
            hides = added(mask, q, k.shape[2], causal=False)
            hides = q.new_zeros(1, 1, 1, k.shape[2]) if hides is None else hides
            whole = hides.expand(group.rows, -1, q.shape[2], -1)
            mask = self._mask(layer, MASK_OF[kinds["pattern"]], group, whole)
        z, pattern = eager(q, k, v, mask)
        if self.batch.touched(layer, kinds["pattern"]):
            edited = self._pattern(layer, kinds["pattern"], group, pattern.transpose(1, 2)).transpose(1, 2)
            # The module mixed values by its own pattern: what the edit changed of it is added, by z's linearity.
            z = z + ((edited - pattern).to(v.dtype) @ v).transpose(1, 2)
        return z.flatten(0, 1)

    def _source_of(
        self, layer: int, kind: str, group: Group, x: Float[Tensor, "1 head sources d_head"]
    ) -> Float[Tensor, "row head source d_head"]:
        """Keys or values of the source that each row of a group reads, edited."""
        own, length = self.batch.own_source, len(self.run.model.source or ())
        each = x[0].unflatten(1, (-1, length)).transpose(0, 1)  # the base run's, then those of rows
        which = torch.tensor([own.index(r) + 1 if r in own else 0 for r in group.members], device=x.device)
        found = each[which]
        if not self.batch.touched(layer, kind):
            return found
        cells = [(r, p) for r in group.members for p in range(length)]
        packed = self.batch.edited(layer, kind, found.transpose(1, 2).flatten(0, 1), line=line_in(cells))
        return packed.unflatten(0, (group.rows, length)).transpose(1, 2)

    # Which rows there are

    def _stage_of(self, module: nn.Module) -> Stage:
        cross = self.run.model.blocks[self.layer].cross
        return "cross_attention" if cross is not None and module is cross.attention else "attention"

    def _groups(self) -> list[Group]:
        """The joined rows by their start: those of one start have queries of one shape, and see one prefix."""
        if self._at is not None:
            return [Group(0, tuple(range(self.batch.joined)), slice(None), self._at)]
        if self._grouped[0] != self.batch.joined:
            by_start: dict[int, list[int]] = defaultdict(list)
            for index, row in enumerate(self.batch.rows[: self.batch.joined]):
                by_start[row.start].append(index)
            alone = len(by_start) == 1
            groups = [
                Group(start, tuple(rows), slice(None) if alone else self._tokens_of(rows))
                for start, rows in by_start.items()
            ]
            self._grouped = (self.batch.joined, groups)
        return self._grouped[1]

    def _own_sources(self) -> list[Group]:
        """The joined rows that read sources of their own; they hold every position."""
        own = self.batch.own_source
        return [Group(0, own, self._tokens_of(own))] if own else []

    def _tokens_of(self, rows: Sequence[int]) -> Int[Tensor, "token"]:
        """Where the positions of some rows stand among the packed tokens."""
        offsets, device = self.batch.offsets, self.run.model.device
        return torch.cat([torch.arange(offsets[r], offsets[r + 1], device=device) for r in rows])

    def _mask(
        self, layer: int, kind: str, group: Group, mask: Float[Tensor, "row head_or_1 position key"]
    ) -> Float[Tensor, "row head position key"]:
        """Edit what is added to the scores of one group.

        Raises:
            InputError: nothing is left that a head could attend to.
        """
        each = mask.expand(-1, self.run.model.heads, -1, -1)
        found = self._pattern(layer, kind, group, each.transpose(1, 2).contiguous()).transpose(1, 2)
        if bool((found <= torch.finfo(found.dtype).min).all(-1).any()):
            raise InputError(f"A head of layer {layer} would see no token at all: leave it one of those that it sees.")
        return found

    def _pattern(
        self, layer: int, kind: str, group: Group, pattern: Float[Tensor, "row position head key"]
    ) -> Float[Tensor, "row position head key"]:
        """Edit the patterns of one group: its packed tokens are its rows' positions in order."""
        cells = [(r, p) for r in group.members for p in range(group.start, self.run.length)]
        edited = self.batch.edited(layer, kind, pattern.flatten(0, 1), line=line_in(cells))
        return edited.view(pattern.shape)
