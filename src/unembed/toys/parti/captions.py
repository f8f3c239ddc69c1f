"""Captions of two objects: "a red circle left of a blue square".

Six colours, five shapes and four relations give 3480 captions of two objects that differ. About one in nine is held
out: which ones depends on the text alone, so that no training can see them by accident.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

from unembed.errors import InputError

COLOURS = ("red", "green", "blue", "yellow", "purple", "black")
SHAPES = ("circle", "square", "triangle", "diamond", "cross")
RELATIONS = ("left of", "right of", "above", "below")
_HELD_OUT_ONE_IN = 9


@dataclass(frozen=True)
class Thing:
    """One object of a picture: its colour, of `COLOURS`, and its shape, of `SHAPES`."""

    colour: str
    shape: str

    @property
    def phrase(self) -> str:
        """`a red circle`."""
        return f"a {self.colour} {self.shape}"


@dataclass(frozen=True)
class Caption:
    """Two objects that differ, and where the first lies."""

    first: Thing
    relation: str
    """One of `RELATIONS`."""
    second: Thing

    def __post_init__(self) -> None:
        if self.first == self.second:
            raise InputError(f"Expected two objects that differ, found {self.first.phrase} twice. Change one of them.")

    @property
    def text(self) -> str:
        """`a red circle left of a blue square`."""
        return f"{self.first.phrase} {self.relation} {self.second.phrase}"

    @property
    def held_out(self) -> bool:
        """Whether it is kept from training: its hash is a multiple of nine."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return int.from_bytes(digest) % _HELD_OUT_ONE_IN == 0


@cache
def captions(*, held_out: bool) -> tuple[Caption, ...]:
    """All captions that are held out, or all that are trained on, in the order of `COLOURS`, `SHAPES`, `RELATIONS`."""
    things = [Thing(colour, shape) for colour, shape in product(COLOURS, SHAPES)]
    pairs = product(permutations(things, 2), RELATIONS)
    every = (Caption(first, relation, second) for (first, second), relation in pairs)
    return tuple(caption for caption in every if caption.held_out == held_out)


def read_caption(text: str) -> Caption:
    """The caption that `text` is, whatever its case and spaces.

    Raises `InputError` when it is none, and when its two objects are the same.
    """
    words = text.lower().split()
    relation = " ".join(words[3:-3])
    first, second = _thing(words[:3]), _thing(words[-3:])
    if first is None or second is None or relation not in RELATIONS:
        raise InputError(
            f"Expected a caption such as 'a red circle left of a blue square', found {text!r}. "
            f"Colours: {', '.join(COLOURS)}. Shapes: {', '.join(SHAPES)}. Relations: {', '.join(RELATIONS)}."
        )
    return Caption(first, relation, second)


def _thing(words: list[str]) -> Thing | None:
    match words:
        case ["a", colour, shape] if colour in COLOURS and shape in SHAPES:
            return Thing(colour, shape)
    return None
