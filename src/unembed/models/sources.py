"""Source: what a model reads beside its prompt.

The encoder of an encoder-decoder runs once, unmodified. Its last states are the source positions that cross-attention
reads from: words, stretches of sound. A model that reads an image within its prompt has no encoder of this kind: the
image stands in the place of placeholder tokens, and self-attention reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float, Int
from torch import Tensor

from unembed.models.reprs import Brief


@dataclass(frozen=True)
class SourceToken:
    """What stands at one source position."""

    position: int
    modality: Literal["text", "audio", "image"]
    label: str
    """The text of a token; the time of a stretch of sound; the number and place of an image patch."""


@dataclass(frozen=True, eq=False, repr=False)
class Source(Brief):
    """A source that was read. Made by `with_source`."""

    tokens: tuple[SourceToken, ...]
    inputs: Mapping[str, Any]
    """What the encoder was called with; of an image within the prompt, what the module is called with."""
    states: Float[Tensor, "1 source d_model"] | None
    """The encoder's last states, after its final norm; None for an image within the prompt."""
    mask: Int[Tensor, "1 source"] | None
    """0 where a position is padding that the decoder must not read; None where all are read."""
    text: str | None = None
    """The source, where it was given as text."""
    notes: tuple[str, ...] = ()
    """What was done to it before the encoder read it."""

    @property
    def ids(self) -> tuple[int, ...] | None:
        """Token ids of the text that the encoder read, with what frames it; None of sound and images."""
        ids = self.inputs.get("input_ids")
        return None if ids is None else tuple(ids[0].tolist())

    def __len__(self) -> int:
        return len(self.tokens)
