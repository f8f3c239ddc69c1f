"""Run: one recorded run that counterfactual versions can start from.

Besides the trace it keeps how each block was called and what its attention read: with that, a block can be run again
on a changed stream, from any layer and position on, while what came before is taken from here (counterfactual.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.kinds import KINDS
from unembed.models.model import Model
from unembed.models.parts import Address, site_of
from unembed.models.sites import resolve
from unembed.runs.block import BlockAt
from unembed.runs.record import record_runs
from unembed.runs.trace import BlockCall, Trace


@dataclass(frozen=True)
class Run:
    """A recorded run. Made by `base_run` or `base_runs`."""

    trace: Trace
    calls: tuple[BlockCall, ...]
    final: Float[Tensor, "position d_model"]
    """The stream after the last block, at every position."""

    @property
    def model(self) -> Model:
        """The model that ran."""
        return self.trace.model

    @property
    def tokens(self) -> tuple[int, ...]:
        """The prompt."""
        return self.trace.tokens

    @property
    def length(self) -> int:
        """Of the prompt, in tokens."""
        return len(self.trace.tokens)

    def __repr__(self) -> str:
        return f"Run({self.trace!r})"

    def stream(self, layer: int) -> Float[Tensor, "position d_model"]:
        """The stream before block `layer`; for `layer == model.layers`, after the last block."""
        return self.final if layer == self.model.layers else self.calls[layer].args[0][0]

    @torch.no_grad()
    def at(self, site: Address) -> Float[Tensor, "position *value"]:
        """The value of a site in this run, one row a position of the site.

        Args:
            site: an address, a part, or a name of one (`L23.H4`, `L3 resid_pre @ 5`); without positions it is of all.

        Raises:
            InputError: there is no such site, or the run kept its part at other positions only.
        """
        site = resolve(site_of(site), self.model, self.length)
        where = torch.tensor(site.positions, device=self.model.device)
        return KINDS[site.kind].read(BlockAt(self, site.layer, where, site.entries))

    @torch.no_grad()
    def whole(self, kind: str, layer: int, positions: Tensor) -> Tensor:
        """A quantity with all its heads, neurons or experts, at some positions."""
        return KINDS[kind].read(BlockAt(self, layer, positions))

    def rows(self, positions: Sequence[int]) -> Int[Tensor, "position"]:
        """Where positions stand on the axes named `query` of what the run kept.

        Raises:
            InputError: not all were kept.
        """
        missing = [p for p in positions if p not in self._row_of]
        if missing:
            raise InputError(
                f"This run kept its parts at positions {list(self.trace.positions)} only, not at {missing}.\n"
                "Record it with positions=None to keep all."
            )
        return torch.tensor([self._row_of[p] for p in positions], dtype=torch.long, device=self.model.device)

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {position: row for row, position in enumerate(self.trace.positions)}

    def keeps(self, positions: Sequence[int]) -> bool:
        """Whether the parts of the sublayers were kept at all of these positions."""
        return all(p in self._row_of for p in positions)


def base_run(model: Model, prompt: str | Sequence[int], *, positions: Sequence[int] | None = None) -> Run:
    """Run the model once and keep what counterfactual versions of the run need.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        positions: where logits, writes, patterns and activations are kept; None keeps all. The stream, queries, keys
            and values are kept at every position in any case.

    Raises:
        InputError: a bad prompt or position.
        ModelError: the run gave numbers that are not finite.
    """
    return base_runs(model, [prompt], positions=positions)[0]


def base_runs(
    model: Model, prompts: Sequence[str | Sequence[int]], *, positions: Sequence[int] | None = None
) -> tuple[Run, ...]:
    """As `base_run`, for prompts of equal length in one forward pass: cheaper than one after the other.

    Raises:
        InputError: a bad prompt or position, or prompts of different length.
        ModelError: the run gave numbers that are not finite.
    """
    return tuple(Run(*recorded) for recorded in record_runs(model, prompts, positions=positions))


def at_positions(
    x: Any, positions: Int[Tensor, "token"], length: int, source: Float[Tensor, "1 source d_model"] | None = None
) -> Any:
    """Arguments of a module with those that run over positions (position ids, rotary pairs) taken at some of them.

    The module then sees `token` positions in a row. A mask is left as it is: attention takes the base run's. So are the
    states of a source.
    """
    if isinstance(x, dict):
        return {name: at_positions(value, positions, length, source) for name, value in x.items()}
    if isinstance(x, tuple | list):
        return type(x)(at_positions(value, positions, length, source) for value in x)
    if not isinstance(x, Tensor) or x.ndim == 4:
        return x
    if source is not None and x.shape == source.shape and x.data_ptr() == source.data_ptr():
        return x
    if x.ndim == 1 and len(x) == length:
        return x[positions]
    return x[:, positions] if x.ndim > 1 and x.shape[:2] == (1, length) else x
