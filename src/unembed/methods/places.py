"""Places of a source: what a sweep over the positions of an encoder runs over, and how neighbours are taken together.

The positions of a text are its tokens, named by their text. Those of a sound are stretches of time, named by when they
begin (`0.58s`), many and short: a Whisper reads 1500 of 20 ms. So a sweep over a sound takes neighbours together, as
many as leave `_MOST` groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from unembed.errors import InputError, counted
from unembed.models.model import Model
from unembed.models.reprs import Brief

_MOST = 30
"""Groups of positions of a sound, unless a size is asked for: as many as a map has columns for."""
_Pair = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Places(Brief):
    """The positions of a source."""

    ids: tuple[int, ...]
    """The tokens of a text; of a sound the positions themselves."""
    names: tuple[str, ...]
    """What stands at each; empty for a text, whose tokens have names."""

    def __len__(self) -> int:
        return len(self.ids)


def places_of_source(model: Model) -> Places:
    """The positions of the source that a model has read.

    Raises:
        InputError: it has none.
    """
    if model.source is None:
        raise InputError(f"{model.name} has no source yet: give one (with_source).")
    if model.source.ids is not None:
        return Places(model.source.ids, ())
    return Places(tuple(range(len(model.source))), tuple(token.label for token in model.source.tokens))


def check_equal_sounds(model: Model, one: Places, other: Places) -> None:
    """Refuse two sounds of different length, whose positions are not the same times.

    Raises:
        InputError: they are.
    """
    if len(one) != len(other) and (one.names or other.names):
        raise InputError(
            f"The sounds do not align: the encoder of {model.name} has {len(one)} and {len(other)} positions for "
            "them.\nGive sounds that are padded to one length, as the processor of the model does."
        )


def group_size(places: Places | None, asked: int | None) -> int:
    """How many neighbouring positions a sweep takes together: those asked for, or what fits the source.

    Args:
        places: of the source that is swept over; None for a prompt.
        asked: None takes 1, and for a sound as many as leave 30 groups.

    Raises:
        InputError: fewer than one was asked for.
    """
    if asked is not None:
        return counted(asked, "the size of a group", least=1)
    return -(-len(places) // _MOST) if places is not None and places.names else 1


def grouped(pairs: Sequence[_Pair], size: int) -> list[list[_Pair]]:
    """Pairs of positions in groups of `size` neighbours, the last one perhaps smaller."""
    return [list(pairs[start : start + size]) for start in range(0, len(pairs), size)]
