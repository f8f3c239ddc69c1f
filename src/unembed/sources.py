"""Source: what an encoder-decoder reads, as its decoder sees it.

The encoder runs once, unmodified. Its last states are the source positions that cross-attention reads from: words,
stretches of sound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class SourceToken:
    """What stands at one source position."""

    position: int
    modality: Literal["text", "audio"]
    label: str
    """The text of a token; the time of a stretch of sound."""


@dataclass(frozen=True, eq=False)
class Source:
    """A source that was read. Made by `with_source`."""

    tokens: tuple[SourceToken, ...]
    inputs: Mapping[str, Any]
    """What the encoder was called with."""
    states: Float[Tensor, "1 source d_model"]
    """Its last states, after its final norm."""
    mask: Int[Tensor, "1 source"] | None
    """0 where a position is padding that the decoder must not read; None where all are read."""
    text: str | None = None
    """The source, where it was given as text."""
    notes: tuple[str, ...] = ()
    """What was done to it before the encoder read it."""

    def __len__(self) -> int:
        return len(self.tokens)
