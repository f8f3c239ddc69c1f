"""Mixing: what a mixer that is no softmax attention took from each token of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.inference.value_path import ValuePath, value_path
from unembed.models.reprs import Brief


@dataclass(frozen=True, eq=False, repr=False)
class Mixing(Brief):
    """How a mixer was called. It is called once more when it is asked what it took from each token."""

    mixer: nn.Module
    matrix: nn.Module
    """Its output matrix."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    positions: tuple[int, ...]
    """Where the run keeps what its parts do."""

    @cached_property
    def path(self) -> ValuePath:
        """From the values of each token to what the output matrix reads.

        Raises:
            ModelError: there is none.
        """
        found = value_path(self.mixer, self.matrix, self.args, self.kwargs)
        if found is None:
            raise ModelError(
                f"What {type(self.mixer).__name__} takes from each token cannot be told of this run: no values were "
                "found in which its write is linear.\nA fused kernel hides how it is made: run it where "
                "causal_conv1d, mamba_ssm and flash-linear-attention are not installed."
            )
        return found

    def terms(self, folded: Float[Tensor, "channel"], row: int) -> Float[Tensor, "head source"]:
        """The terms of a readout, before the output matrix, at a kept position: by head and source token."""
        return self.path.terms(folded, self.positions[row])

    @property
    def steps(self) -> int:
        """Operations from values to what the output matrix reads, each of which rounds."""
        return len(self.path.steps) + 1

    def written(self, row: int) -> Float[Tensor, "head own"]:
        """What the output matrix reads of each head at a kept position."""
        return self.path.mixed[self.positions[row]].unflatten(0, (self.path.heads, -1))
