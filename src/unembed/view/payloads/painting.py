"""`unembed paint` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    Target,
    Term,
    Token,
    model_facts,
    target_of,
    terms_of,
    token_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.toys.parti.painting import Painting


@dataclass(frozen=True)
class PaintedCell:
    """One image token, and what each word adds to its logit above the vocabulary mean through cross-attention."""

    row: int
    """Counted from 0."""
    column: int
    """Counted from 0."""
    token: Token
    """The image token."""
    colour: str | None
    """Null for the background."""
    part: str | None
    """`full`, or shape and place."""
    rgb: str | None
    """`#rrggbb`; null for the background."""
    credit: list[float]
    """By word."""
    word: int
    """The word with most credit."""


@dataclass(frozen=True)
class PaintedObject:
    """Where an object should be, and the mean credit of each word over its cells."""

    phrase: str
    """Its words in the caption."""
    cells: list[int]
    """Positions among the 64."""
    credit: list[float]
    """By word, in logits above the vocabulary mean."""


@dataclass(frozen=True)
class CellLedger:
    """Why one cell is what it is."""

    row: int
    """Counted from 0."""
    column: int
    """Counted from 0."""
    target: Target
    """The cell's token."""
    value: float
    """The logit above the vocabulary mean."""
    error: float
    """The sum of the terms minus `value`, in logits."""
    terms: list[Term]
    """By sublayer."""
    inputs: list[Term]
    """The cross-attention heads' sum, by what the encoder read and made."""


@payload("unembed/paint/1")
class PaintPayload:
    """`unembed paint --json`."""

    model: ModelFacts
    caption: str
    """As it was read."""
    words: list[str]
    """Its tokens, the end of the text last."""
    cells: list[PaintedCell]
    """Row by row."""
    objects: list[PaintedObject]
    """Both, in the order of the caption."""
    right: int
    """How many of the 64 cells are as the rules draw the caption."""
    cell: CellLedger | None
    """Null without `--cell`."""
    versions: dict[str, str]


@payload_of.register
def paint_payload(result: "Painting", cell: tuple[int, int] | None = None) -> PaintPayload:
    """A painting as data, with the ledger of one cell (row, column)."""
    from unembed.toys.parti.pictures import draw, object_positions

    things = (result.caption.first, result.caption.second)
    places = zip(things, object_positions(result.caption), strict=True)
    return PaintPayload(
        model=model_facts(result.model),
        caption=result.caption.text,
        words=list(result.words),
        cells=_cells(result),
        objects=[
            PaintedObject(thing.phrase, list(where), result.credit[list(where)].mean(0).tolist())
            for thing, where in places
        ],
        right=sum(a == b for a, b in zip(result.tokens, draw(result.caption), strict=True)),
        cell=None if cell is None else _cell_ledger(result, *cell),
        versions=versions(),
    )


def _cells(result: "Painting") -> list[PaintedCell]:
    from unembed.toys.parti.pictures import GRID, cells, rgb

    found = []
    for place, shown in enumerate(cells(result.tokens)):
        token, credit = result.readouts[place].target, result.credit[place]
        assert token is not None
        found.append(
            PaintedCell(
                row=place // GRID,
                column=place % GRID,
                token=token_of(result.model, token),
                colour=shown.colour or None,
                part=shown.part or None,
                rgb="#{:02x}{:02x}{:02x}".format(*rgb(shown.colour)) if shown.colour else None,
                credit=credit.tolist(),
                word=int(credit.argmax()),
            )
        )
    return found


def _cell_ledger(result: "Painting", row: int, column: int) -> CellLedger:
    from unembed.ledger.decompose import decompose
    from unembed.toys.parti.pictures import GRID

    place = row * GRID + column
    read = result.readouts[place]
    ledger = decompose(read)
    assert read.target is not None
    return CellLedger(
        row=row,
        column=column,
        target=target_of(result.model, read.run.prediction(read.target, position=place)),
        value=ledger.value,
        error=ledger.error,
        terms=terms_of(ledger),
        inputs=terms_of(result.ledgers[place]),
    )
