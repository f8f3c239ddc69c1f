"""Pictures: a caption drawn as 8 x 8 image tokens by plain rules, and image tokens as pixels.

A cell's token tells its colour and which part of a shape it shows: `<red-circle-top-left>` is the rounded corner of a
red circle, `<red-full>` a cell that is red all over, whatever the shape. An object fills 3 x 3 cells:

    circle   square   triangle   diamond   cross
    ◜ █ ◝    █ █ █      ▲        ◢ ▲ ◣       █
    █ █ █    █ █ █    ◢ █ ◣      ◀ █ ▶     █ █ █
    ◟ █ ◞    █ █ █    ◢ █ ◣      ◥ ▼ ◤       █
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from unembed.errors import InputError
from unembed.toys.parti.captions import COLOURS, SHAPES, Caption, Thing

GRID = 8
"""Cells along a side of a picture."""
OBJECT = 3
"""Cells along a side of an object."""

Colour = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""

_RGB: dict[str, Colour] = {
    "red": (215, 48, 39),
    "green": (35, 139, 69),
    "blue": (49, 99, 206),
    "yellow": (250, 196, 30),
    "purple": (136, 65, 157),
    "black": (25, 25, 25),
}
_PAPER: Colour = (240, 240, 240)

# Whether a point is inside a shape; x to the right and y down, both from -1.5 to 1.5 cells.
# The circle passes through the ends of its outer middle cells, so that only its corners are rounded.
_INSIDE: dict[str, Callable[[float, float], bool]] = {
    "circle": lambda x, y: x * x + y * y <= 2.5,
    "square": lambda x, y: True,
    "triangle": lambda x, y: abs(x) <= (y + 1.5) / 2,
    "diamond": lambda x, y: abs(x) + abs(y) <= 1.5,
    "cross": lambda x, y: min(abs(x), abs(y)) <= 0.5,
}
_SIDES = ("top", "", "bottom"), ("left", "", "right")
# Where the first object's upper left cell lies, and the second's, as (row, column).
_PLACES = {
    "left of": ((2, 0), (2, 5)),
    "right of": ((2, 5), (2, 0)),
    "above": ((0, 2), (5, 2)),
    "below": ((5, 2), (0, 2)),
}


@dataclass(frozen=True)
class Cell:
    """What an image token shows. The background has neither colour nor part."""

    colour: str = ""
    part: str = ""
    """`full`, or shape and place: `circle-top-left`."""

    @property
    def token(self) -> str:
        """Its name in the vocabulary."""
        return f"<{self.colour}-{self.part}>" if self.colour else "<background>"


BACKGROUND = Cell()

_Tile = tuple[tuple[bool, ...], ...]
"""Rows of pixels of one cell: which of them are painted."""


def _tile(shape: str, row: int, column: int, size: int = 8) -> _Tile:
    """A cell of a shape, sampled at the middle of `size` x `size` pixels."""
    at = [(pixel + 0.5) / size - OBJECT / 2 for pixel in range(size)]
    return tuple(tuple(_INSIDE[shape](column + x, row + y) for x in at) for y in at)


def _part(shape: str, row: int, column: int) -> str:
    """The name of the part of a shape that one of its cells shows; empty where it shows none."""
    painted = {pixel for line in _tile(shape, row, column) for pixel in line}
    if painted == {False}:
        return ""
    if painted == {True}:
        return "full"
    return "-".join(filter(None, (shape, _SIDES[0][row], _SIDES[1][column])))


_PARTS = {
    (shape, row, column): _part(shape, row, column)
    for shape, row, column in product(SHAPES, range(OBJECT), range(OBJECT))
}
_SHOWN_BY = {part: place for place, part in _PARTS.items() if part}
CELLS = (BACKGROUND, *(Cell(colour, part) for colour in COLOURS for part in _SHOWN_BY))
"""The code book: every cell there is."""
_CELL_OF = {cell.token: cell for cell in CELLS}


def rgb(colour: str) -> Colour:
    """Red, green and blue of a colour's name."""
    return _RGB[colour]


def draw(caption: Caption) -> tuple[str, ...]:
    """The picture of a caption by the rules: 64 image tokens, row by row."""
    grid = [[BACKGROUND] * GRID for _ in range(GRID)]
    for thing, (top, left) in zip((caption.first, caption.second), _PLACES[caption.relation], strict=True):
        for row, column in product(range(OBJECT), range(OBJECT)):
            grid[top + row][left + column] = _cell(thing, row, column)
    return tuple(cell.token for line in grid for cell in line)


def _cell(thing: Thing, row: int, column: int) -> Cell:
    part = _PARTS[thing.shape, row, column]
    return Cell(thing.colour, part) if part else BACKGROUND


def object_positions(caption: Caption) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The 9 positions among the 64 of the first object's cells, and of the second's."""
    first, second = (
        tuple((top + row) * GRID + left + column for row, column in product(range(OBJECT), range(OBJECT)))
        for top, left in _PLACES[caption.relation]
    )
    return first, second


def cells(tokens: Sequence[str]) -> tuple[Cell, ...]:
    """What each image token shows.

    Raises `InputError` for one that is none.
    """
    unknown = [token for token in tokens if token not in _CELL_OF]
    if unknown:
        raise InputError(f"Expected image tokens such as <red-full>, found {unknown[0]!r}.")
    return tuple(_CELL_OF[token] for token in tokens)


def pixels(tokens: Sequence[str], size: int = 8) -> list[list[Colour]]:
    """A picture as rows of pixels, `size` x `size` of them a cell.

    Raises `InputError` when there are not 64 tokens, or one is no image token.
    """
    if len(tokens) != GRID * GRID:
        raise InputError(f"Expected {GRID * GRID} image tokens, found {len(tokens)}.")
    tiles = [_painted(cell, size) for cell in cells(tokens)]
    lines = [tiles[start : start + GRID] for start in range(0, len(tiles), GRID)]
    return [[pixel for tile in line for pixel in tile[row]] for line in lines for row in range(size)]


def _painted(cell: Cell, size: int) -> list[list[Colour]]:
    if cell == BACKGROUND:
        return [[_PAPER] * size] * size
    rgb = _RGB[cell.colour]
    return [[rgb if inside else _PAPER for inside in line] for line in _tile(*_SHOWN_BY[cell.part], size)]


def png(tokens: Sequence[str], size: int = 32) -> bytes:
    """A picture as the bytes of a PNG file, `size` x `size` pixels a cell.

    Raises `InputError` as `pixels` does.
    """
    rows = pixels(tokens, size)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)  # 8 bits each of red, green and blue
    data = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: length, kind, data, checksum (PNG specification, 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
