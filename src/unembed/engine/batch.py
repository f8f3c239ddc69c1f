"""Rows: counterfactual versions of one run, packed into one batch, with what is edited and watched in them.

A row holds the positions from its first edited one on; in a bidirectional stack, all of them. The rows of a walk stand
one after the other in one sequence of packed tokens, in the order in which they join: so the sequence only ever grows
at its end, and where a position of a row stands in it is known from the start.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from unembed.engine.edits import Edit
from unembed.engine.packed_edits import Item, apply
from unembed.models.kinds import KINDS
from unembed.models.sites import Site
from unembed.runs.run import Run

Line = Callable[[int, int], int]
"""Which line of a tensor holds a position of a row; negative: none."""
Watched = dict[Site, Tensor]


@dataclass(frozen=True)
class Row:
    """One version: its edits, with resolved sites, and where it joins."""

    edits: tuple[Edit, ...]
    """Those of the stack that the walk goes up."""
    start: int
    """Its first position: the first edited one, and 0 where that one is read from every position."""
    layer: int
    """The first block it changes."""
    late: bool
    """Whether it joins at the end of that block."""
    source: "Row | None" = None
    """Its edits inside the encoder, as a row of a walk up there: the version reads a source of its own."""

    @property
    def key(self) -> tuple[int, ...]:
        """Rows join in this order; those that read sources of their own stand together, in the order of these."""
        return (self.layer, self.late, self.start, *(() if self.source is None else self.source.key))

    @property
    def first(self) -> Edit:
        """The edit that names the version in an error."""
        return self.edits[0] if self.source is None else self.source.edits[0]


def row_of(edits: Sequence[Edit], run: Run) -> Row:
    """The row of some edits, whose sites are resolved."""
    inside = [edit for edit in edits if edit.site.encoder]
    if inside and run.model.encoder is not None:
        # What is changed in the source is read by every block, from every position of the prompt.
        own = tuple(edit for edit in edits if not edit.site.encoder)
        return Row(own, start=0, layer=0, late=False, source=row_of(inside, run.encoder))
    layer = min(edit.site.layer for edit in edits)
    first = [edit.site for edit in edits if edit.site.layer == layer]
    late = all(_is_late(site, run) for site in first)
    if run.model.bidirectional:  # a later position is read from all earlier ones, so all are other ones
        return Row(tuple(edits), 0, layer, late)
    # A source position is read from every position of the prompt.
    start = min(0 if KINDS[edit.site.kind].of_source else p for edit in edits for p in edit.site.positions or ())
    return Row(tuple(edits), start, layer, late)


def _is_late(site: Site, run: Run) -> bool:
    """Whether the end of its block is at hand, so that an edit there needs no run of the block."""
    kind, block = KINDS[site.kind], run.model.blocks[site.layer]
    if not kind.late or kind.place == "after":
        return kind.late
    # That a cross-attention stands between is not worked out here. Neurons of a mixture are weighted by the router too.
    if block.cross is not None or (block.experts is not None and "expert" in kind.shape):
        return False
    return run.keeps(site.positions or ())


MASK_OF = {"pattern": "mask", "cross_pattern": "cross_mask"}
"""What hides sources, by the kind of the pattern."""


class Batch:
    """The rows of one walk. They must be in the order of their keys."""

    def __init__(self, run: Run, rows: Sequence[Row], watch: Sequence[Site] = ()) -> None:
        self.run, self.rows, self.watch = run, rows, watch
        self.joined = 0
        """How many rows have joined: the first ones."""
        self.own_source = tuple(r for r, row in enumerate(rows) if row.source is not None)
        """The rows that read sources of their own, which stand together."""
        self.offsets = [0, *itertools.accumulate(run.length - row.start for row in rows)]
        """Where each row starts among the packed tokens."""
        self._seen: Watched = {}
        self._places: dict[tuple[int, str], list[tuple[int, Edit]]] = defaultdict(list)
        for index, row in enumerate(rows):
            for edit in row.edits:
                self._places[edit.site.layer, _kind_of(edit)].append((index, edit))

    @property
    def size(self) -> int:
        """Packed tokens of the rows that have joined."""
        return self.offsets[self.joined]

    def token(self, row: int, position: int) -> int:
        """Where a position of a row stands among the packed tokens; negative where the row does not hold it."""
        inside = position - self.rows[row].start
        return self.offsets[row] + inside if inside >= 0 else -1

    def touched(self, layer: int, *kinds: str, rows: range | None = None) -> bool:
        """Whether these rows (None: all that have joined) edit one of these kinds in a layer, or it is watched."""
        rows = range(self.joined) if rows is None else rows
        edited = any(r in rows for kind in kinds for r, _ in self._places.get((layer, kind), []))
        return edited or any(site.layer == layer and site.kind in kinds for site in self.watch)

    def confined(self, layer: int, kinds: Sequence[str], positions: Sequence[int]) -> bool:
        """Whether all that is edited or watched in a layer, in the rows so far, is of these kinds and positions."""
        sites = [site for site in self.watch if site.layer == layer]
        for (place, _), edits in self._places.items():
            sites += [edit.site for row, edit in edits if place == layer and row < self.joined]
        return all(site.kind in kinds and set(site.positions or ()) <= set(positions) for site in sites)

    def cells(self, layer: int, *kinds: str, rows: range) -> list[tuple[int, int]]:
        """The (row, position) pairs that edits of these kinds change."""
        edits = [(r, e) for kind in kinds for r, e in self._places.get((layer, kind), []) if r in rows]
        return list(dict.fromkeys((r, p) for r, edit in edits for p in edit.site.positions or ()))

    def edited(
        self, layer: int, kind: str, x: Tensor, *, rows: range | None = None, line: Line | None = None
    ) -> Tensor:
        """`x` with the edits of some rows; what is watched there is kept first.

        Args:
            layer: the block.
            kind: of the sites.
            x: `line *value`, all heads, neurons or experts of the kind.
            rows: None takes all that have joined.
            line: which line of `x` holds a position of a row; None: `x` has one a packed token of these rows.
        """
        rows = range(self.joined) if rows is None else rows
        first = self.offsets[rows.start]
        line = line or (lambda r, p: self.token(r, p) - first)
        for site in self.watch:
            if (site.layer, site.kind) == (layer, kind):
                self._keep(site, x, {(r, p): line(r, p) for r in rows for p in site.positions or ()})
        items = [
            Item(edit, tuple(line(r, p) for p in edit.site.positions or ()))
            for r, edit in self._places.get((layer, kind), [])
            if r in rows
        ]
        # Where `x` holds one group of the rows only, the others' edits have no line in it: their turn comes.
        return apply(x, [item for item in items if min(item.lines) >= 0])

    def _keep(self, site: Site, x: Tensor, lines: dict[tuple[int, int], int]) -> None:
        """Keep a watched site of the rows that hold it; for others it is what it was in the base run."""
        if site not in self._seen:
            base = self.run.at(site)
            self._seen[site] = base.expand(len(self.rows), *base.shape).clone()
        column = {p: i for i, p in enumerate(site.positions or ())}
        for (r, p), line in lines.items():
            if line >= 0 and p in column:
                self._seen[site][r, column[p]] = x[(line, *site.entries)]

    def watched(self) -> Watched:
        """What each watched site held in each row, before edits of that very site: `row position *value`."""
        missing = [site for site in self.watch if site not in self._seen]
        base = {site: self.run.at(site) for site in missing}
        return self._seen | {site: x.expand(len(self.rows), *x.shape) for site, x in base.items()}


def _kind_of(edit: Edit) -> str:
    """What an edit is applied to: a kind of site, or the mask whose sum with the scores makes a pattern."""
    return MASK_OF[edit.site.kind] if edit.hides else edit.site.kind


def line_in(cells: Sequence[tuple[int, int]]) -> Line:
    """Where a (row, position) pair stands in a list of them."""
    where = {cell: i for i, cell in enumerate(cells)}
    return lambda r, p: where.get((r, p), -1)
