"""Attention of many counterfactual rows over the keys and values of one base run.

A row holds the positions from its first edited one on. Its queries read the base run's earlier keys and values, which
all rows share, and the row's own. The module's own eager attention does the arithmetic, in one of two layouts:

    side by side   one sequence holds several rows; a mask lets each read the shared prefix and itself
    a batch        every row has its own copy of the prefix

Side by side never copies the prefix for a row, so it is taken when rows are short beside their prefix: a thousand rows
of one position over a thousand tokens need no thousand copies. Both are exact: what the mask hides gets weight zero.

Scores are held for a part of the queries at a time, and a batch copies the prefix for a part of its rows: what
attention holds does not grow with the rows, and with the length of the prompt only in proportion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.models.hooks import Eager
from unembed.models.own_attention import added
from unembed.models.reprs import Brief

SIDE_BY_SIDE = 64
"""Positions that share one sequence, at most, over a short prefix: scores grow with its square."""
SCORES = 2**21
"""Scores that a head holds at once, unless one query has more."""


@dataclass(frozen=True, repr=False)
class Group(Brief):
    """Rows that start at the same position, and where their positions stand in the packed batch."""

    start: int
    members: tuple[int, ...]
    """The rows, by their index in the batch."""
    tokens: Int[Tensor, "token"] | slice
    """Row by row, position by position."""
    queries: tuple[int, ...] | None = None
    """The positions of each row that queries are of; None: all that it holds."""

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.members)


@dataclass(repr=False)
class Prefix(Brief):
    """What one layer's attention reads from the base run."""

    key: Float[Tensor, "kv_head position d_head"]
    value: Float[Tensor, "kv_head position d_value"]
    mask: Tensor | None
    """`1 head_or_1 position position` in one of the forms of `models.own_attention`; None hides what `causal` says."""
    batch_only: bool
    """The module masks by relative place itself, so rows cannot stand side by side (GPT-Neo)."""
    causal: bool = True
    """Whether no position reads a later one; what None says of the mask."""
    masks: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    """Masks for rows side by side, by start and number of rows; shared by layers of equal mask."""

    @property
    def length(self) -> int:
        """Of the base run."""
        return self.key.shape[1]

    def below(self, start: int, like: Tensor, end: int | None = None) -> Tensor:
        """The mask's rows from `start` on (up to `end`), as numbers that are added to the scores."""
        rows = added(self.mask, like, self.length, slice(start, end), causal=self.causal)
        return like.new_zeros(1, 1, (end or self.length) - start, self.length) if rows is None else rows

    def side_by_side(self, start: int, rows: int, like: Tensor) -> Tensor:
        """The mask under which `rows` rows in one sequence read the prefix and themselves."""
        if (start, rows) not in self.masks:
            mask = self.below(start, like)
            size = self.length - start
            own = mask[..., start:]
            hidden = torch.finfo(mask.dtype).min
            # Rows on the diagonal: query and key of one row see each other as the base run's mask says, those of
            # different rows not at all. The prefix stands in front once, with the same mask for every row.
            blocks = own.new_full((*own.shape[:2], rows, size, rows, size), hidden)
            index = torch.arange(rows, device=own.device)
            blocks[:, :, index, :, index] = own
            shared = mask[..., :start].repeat(1, 1, rows, 1)
            blocks = blocks.reshape(*own.shape[:2], rows * size, rows * size)
            self.masks[start, rows] = torch.cat([shared, blocks], -1)
        return self.masks[start, rows]


EditPattern = Callable[[Group, Tensor], Tensor]
"""Shown each group's `row position head key`; may change it."""


@dataclass(frozen=True, repr=False)
class Edits(Brief):
    """What changes attention from inside."""

    pattern: EditPattern | None = None
    """None where no pattern is edited or watched."""
    mask: EditPattern | None = None
    """Of what is added to the scores, `row head_or_1 position key`."""


def attend(
    eager: Eager,
    prefix: Prefix,
    groups: Sequence[Group],
    query: Float[Tensor, "1 head asked d_head"],
    key: Float[Tensor, "1 kv_head token d_head"],
    value: Float[Tensor, "1 kv_head token d_value"],
    *,
    edited: Edits | None = None,
) -> Float[Tensor, "1 asked head d_value"]:
    """`z` of every token of a packed batch, or of those that are asked (`Group.queries`).

    Args:
        eager: the module's own attention.
        prefix: keys, values and mask of the base run.
        groups: the rows, by their start; together they cover every token once.
        query: of the packed tokens that are asked.
        key: of all packed tokens, like `value`.
        edited: what is changed of patterns and masks; None asks for no pattern.
    """
    parts = []
    for group in groups:
        q, k, v = (x[:, :, group.tokens] for x in (query, key, value))
        if edited is not None or prefix.batch_only or group.queries is not None:
            parts.append(_batch(eager, prefix, group, q, k, v, edited or Edits()))
        elif takes_a_batch(prefix.length, group.start):
            parts.append(_row_by_row(eager, prefix, group, q, k, v))
        else:
            parts.append(_side_by_side(eager, prefix, group, q, k, v))
    if len(parts) == 1:
        return parts[0]
    # The groups' tokens lie mixed in the packed batch: what was computed group by group is put back in its order.
    order = torch.cat([torch.as_tensor(group.tokens) for group in groups])
    return torch.cat(parts, 1)[:, order.argsort()]


def takes_a_batch(length: int, start: int) -> bool:
    """Whether rows that start there are so long beside their prefix that a copy of it for each is cheaper."""
    return start == 0 or 2 * (length - start) > min(_shared(start), start)


def at_once(length: int) -> int:
    """Queries whose scores are held at once."""
    return max(1, SCORES // length)


def _shared(start: int) -> int:
    """Positions that share one sequence, at most. Beside a long prefix the scores of all against all are few."""
    return max(SIDE_BY_SIDE, 16 * (start // 256))


def _side_by_side(eager: Eager, prefix: Prefix, group: Group, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    size = prefix.length - group.start
    # As many whole rows at a time as may share a sequence: the scores of all against all would be mostly masked.
    step = max(1, min(_shared(group.start), at_once(prefix.length)) // size) * size
    before_k, before_v = prefix.key[None, :, : group.start], prefix.value[None, :, : group.start]
    found = []
    for q_part, k_part, v_part in zip(q.split(step, 2), k.split(step, 2), v.split(step, 2), strict=True):
        mask = prefix.side_by_side(group.start, q_part.shape[2] // size, q)
        keys, values = torch.cat([before_k, k_part], 2), torch.cat([before_v, v_part], 2)
        found.append(eager(q_part, keys, values, mask)[0])
    return torch.cat(found, 1)


def _row_by_row(eager: Eager, prefix: Prefix, group: Group, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """As a batch, with as many rows and queries at a time as `at_once` allows."""
    start, size, most = group.start, prefix.length - group.start, at_once(prefix.length)
    found = []
    some = max(1, most // size) * size
    for tokens in zip(q.split(some, 2), k.split(some, 2), v.split(some, 2), strict=True):
        queries, keys, values = _with_prefix(prefix, start, tokens[1].shape[2] // size, *tokens)
        step, parts = max(1, most // len(queries)), []
        for first in range(start, prefix.length, step):
            end = min(first + step, prefix.length)
            # Without a mask of its own a causal stack hides all that comes after the last of these queries.
            seen = end if prefix.mask is None and prefix.causal else prefix.length
            mask = prefix.below(first, q, end)[..., :seen].expand(len(queries), -1, -1, -1)
            asked = queries[:, :, first - start : end - start]
            parts.append(eager(asked, keys[:, :, :seen], values[:, :, :seen], mask)[0])
        found.append(torch.cat(parts, 1).flatten(0, 1))
    return torch.cat(found)[None]


def _with_prefix(
    prefix: Prefix, start: int, rows: int, q: Tensor, k: Tensor, v: Tensor
) -> tuple[
    Float[Tensor, "row head position d"], Float[Tensor, "row kv_head key d"], Float[Tensor, "row kv_head key v"]
]:
    """Packed tokens by row, each with its own copy of the prefix."""
    q, k, v = (x[0].unflatten(1, (rows, -1)).transpose(0, 1) for x in (q, k, v))
    before_k, before_v = (x[:, :start].expand(rows, -1, -1, -1) for x in (prefix.key, prefix.value))
    return q, torch.cat([before_k, k], 2), torch.cat([before_v, v], 2)


def _batch(eager: Eager, prefix: Prefix, group: Group, q: Tensor, k: Tensor, v: Tensor, edited: Edits) -> Tensor:
    """With all rows and queries at once: for edits of patterns, for queries of some positions, which are few, and where
    the module masks by the number of queries."""
    q, keys, values = _with_prefix(prefix, group.start, group.rows, q, k, v)
    mask = prefix.below(group.start, q).expand(group.rows, -1, -1, -1)
    if edited.mask is not None:
        mask = edited.mask(group, mask)
    if group.queries is not None:
        mask = mask[:, :, [position - group.start for position in group.queries]]
    z, pattern = eager(q, keys, values, mask)
    if edited.pattern is not None:
        changed = edited.pattern(group, pattern.transpose(1, 2)).transpose(1, 2).to(values.dtype)
        # The module mixed values by its own pattern. z is linear in it, so what the edit changed is added.
        grouped = values.repeat_interleave(changed.shape[1] // values.shape[1], 1)
        z = z + ((changed - pattern.to(values.dtype)) @ grouped).transpose(1, 2)
    return z.flatten(0, 1)[None]
