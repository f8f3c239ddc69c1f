"""Alignment: which positions of two prompts correspond, and where they can hold different values.

In a decoder every part of the model holds the same in both runs before the first token that differs; but not where the
two lengths turn positions otherwise (lengths.py). In a bidirectional stack every position reads that token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unembed.errors import InputError
from unembed.models.lengths import acts_alike
from unembed.models.model import Model
from unembed.models.prompts import absolute_position
from unembed.models.reprs import Brief
from unembed.models.tokens import label_of

Pair = tuple[int, int]
"""A position of the clean prompt and its partner in the corrupt one."""


@dataclass(frozen=True, repr=False)
class Alignment(Brief):
    """Positions of two prompts that correspond. Made by `aligned`."""

    pairs: tuple[Pair, ...]
    """By rising clean position."""
    shared: int
    """How many positions at the start hold the same in both runs."""
    length: int
    """Of the clean prompt."""

    def at(self, position: str | int) -> tuple[Pair, ...]:
        """The pairs at "all" positions, the "last", or an index in the clean prompt.

        Raises:
            InputError: no such position, or it has no partner.
        """
        if position == "all":
            return self.pairs
        if isinstance(position, str) and position != "last":
            raise InputError(f"Expected a position of all, last or an index, found {position!r}.")
        wanted = absolute_position(-1 if isinstance(position, str) else position, self.length)
        found = tuple(pair for pair in self.pairs if pair[0] == wanted)
        if not found:
            raise InputError(f"The map of positions leaves out {wanted}: a patched position needs its partner.")
        return found

    def differs(self, pair: Pair) -> bool:
        """Whether the two runs can hold different values there."""
        return max(pair) >= self.shared or pair[0] != pair[1]


def aligned(
    model: Model,
    clean: Sequence[int],
    corrupt: Sequence[int],
    given: Mapping[int, int] | None = None,
    *,
    all_differ: bool = False,
    what: str = "prompts",
) -> Alignment:
    """The alignment of two prompts: equal positions, or a given map from clean to corrupt.

    Args:
        model: whose tokens they are.
        clean: token ids, like `corrupt`.
        corrupt: the other prompt.
        given: the map; None pairs equal positions.
        all_differ: whether the runs can differ before the first token that does, whatever the model: where they read
            two sources.
        what: what they are called in an error.

    Raises:
        InputError: the prompts are equal, they differ in length and no map is given, or the map is no pairing.
    """
    if tuple(clean) == tuple(corrupt) and not all_differ:
        raise InputError(f"The two {what} are the same: there is nothing to patch.")
    if given is None and len(clean) != len(corrupt):
        raise InputError(
            f"The {what} do not align: {len(clean)} and {len(corrupt)} tokens.\n"
            f"  clean    {_pieces(model, clean)}\n  corrupt  {_pieces(model, corrupt)}\n"
            f"Give {what} of equal length, or a map of positions from clean to corrupt (--align 0:0,1:2)."
        )
    same = [a == b for a, b in zip(clean, corrupt, strict=False)]
    # Earlier tokens read the later ones, or turn by the length: their states differ as well.
    whole = all_differ or model.bidirectional or not acts_alike(model, len(clean), len(corrupt))
    shared = 0 if whole else same.index(False) if False in same else len(same)
    given = {p: p for p in range(len(clean))} if given is None else given
    one = what.removesuffix("s")
    pairs = sorted(
        (absolute_position(p, len(clean), one), absolute_position(q, len(corrupt), one)) for p, q in given.items()
    )
    if not pairs or any(len({pair[side] for pair in pairs}) < len(pairs) for side in (0, 1)):
        raise InputError(f"Expected a map that pairs each position with one other, found {dict(given)}.")
    return Alignment(tuple(pairs), shared, len(clean))


def _pieces(model: Model, tokens: Sequence[int]) -> str:
    """How a prompt was cut into tokens, for reading."""
    texts = [str(token) if model.tokenizer is None else label_of(model, token) for token in tokens]
    return " | ".join(f"{i} {text}" for i, text in enumerate(texts))
