"""Edits of a packed tensor: many edits of many versions, applied in a few array operations.

A packed tensor has one line for each position of each version. An `Item` is an edit and the lines it changes; within a
line it changes what its site names (a head, a neuron, all of it). `apply` gathers all values that can change together,
changes them as each edit says (`edits.affine`), and puts them back into a copy, so that gradients flow.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unembed.engine.edits import Edit, affine


@dataclass(frozen=True)
class Item:
    """An edit of one version, and the lines of a packed tensor it changes."""

    edit: Edit
    lines: tuple[int, ...]


def apply(x: Tensor, items: Sequence[Item]) -> Tensor:
    """`x` with edits of its lines: those of one value in their order, all else at once. `x` itself is left alone."""
    for batch in _batches(items):
        cells = [cell for item in batch for cell in item.lines]
        index = [item.edit.site.entries for item in batch]
        counts = torch.tensor([len(item.lines) for item in batch], device=x.device)
        # One index a line of an edit: its cell, and beside it the entry that its site names.
        places = tuple(
            torch.tensor(column, device=x.device).repeat_interleave(counts) for column in zip(*index, strict=True)
        )
        where = (torch.tensor(cells, device=x.device), *places)
        x = x.index_put(where, _changed(x[where], [item.edit for item in batch], counts))
    return x


def _batches(items: Sequence[Item]) -> list[list[Item]]:
    """Items that can be applied together: no value twice, and values of one shape."""
    # Edits that all name one entry of a line (each its own head, say) meet only where line and entry are the same.
    # Where some name less (all heads) and others more (one), any two of a line may meet: the line is the place.
    alike = len({len(item.edit.site.entries) for item in items}) == 1
    rounds: dict[object, int] = defaultdict(int)
    batches: dict[tuple[int, int], list[Item]] = defaultdict(list)
    for item in items:
        index = item.edit.site.entries
        places = [(cell, index) if alike else cell for cell in item.lines]
        # An edit waits for the earlier ones of its places, and for no others: those of one value keep their order, a
        # thousand of a thousand values are one turn.
        turn = max((rounds[place] for place in places), default=0)
        rounds.update(dict.fromkeys(places, turn + 1))
        batches[turn, len(index)].append(item)
    return [batches[key] for key in sorted(batches)]


def _changed(x: Tensor, edits: list[Edit], counts: Tensor) -> Tensor:
    """What many edits make of `x`, each of `counts` lines of it."""
    factor = _lines(torch.tensor([edit.factor for edit in edits], dtype=x.dtype, device=x.device), counts, len(x))
    directions = shift = None
    if any(edit.remove is not None for edit in edits):
        # Zero directions take nothing away, so edits with fewer directions, or none, share one array with the others.
        width = max(len(edit.remove) for edit in edits if edit.remove is not None)
        directions = _lines(torch.stack([_padded(edit.remove, width, x) for edit in edits]), counts, len(x))
    if any(edit.shift is not None for edit in edits):
        sizes = counts.tolist()
        shift = torch.cat([_shift(edit, (size, *x.shape[1:]), x) for edit, size in zip(edits, sizes, strict=True)])
    return affine(x, factor.view(-1, *[1] * (x.ndim - 1)), directions, shift)


def _lines(per_edit: Tensor, counts: Tensor, total: int) -> Tensor:
    """One row an edit as one row a line."""
    if len(per_edit) > 1:
        return per_edit.repeat_interleave(counts, 0)
    return per_edit.expand(total, *per_edit.shape[1:])


def _shift(edit: Edit, shape: tuple[int, ...], x: Tensor) -> Tensor:
    if edit.shift is None:
        return x.new_zeros(shape)
    return edit.shift.to(device=x.device, dtype=x.dtype).expand(shape)


def _padded(directions: Tensor | None, width: int, x: Tensor) -> Tensor:
    rows = x.new_zeros(width, x.shape[-1])
    if directions is not None:
        rows[: len(directions)] = directions.to(rows)
    return rows
