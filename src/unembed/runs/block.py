"""BlockAt: one block of a recorded run, at some positions: what the value of a site is read from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float, Int
from torch import Tensor

from unembed.models.reprs import Brief
from unembed.models.sites import experts_of
from unembed.runs.kept import BlockCall, ExpertInputs, Heads, Layer, expert_neurons, router_weights

if TYPE_CHECKING:
    from unembed.runs.run import Run


@dataclass(frozen=True, repr=False)
class BlockAt(Brief):
    """A block of a run as `models.kinds.Recorded` wants it: every value has one row a position."""

    run: "Run"
    index: int
    positions: Int[Tensor, "position"]
    entries: tuple[int, ...] = ()
    """Which entries of the quantity (a head, say) are asked for, so that the others are not copied; none are all."""

    @property
    def call(self) -> BlockCall:
        """How the block was called."""
        return self.run.calls[self.index]

    @property
    def layer(self) -> Layer:
        """What it did at the kept positions."""
        return self.run.layers[self.index]

    @property
    def heads(self) -> Heads:
        """Its attention's heads."""
        assert self.layer.heads is not None
        return self.layer.heads

    @property
    def cross_heads(self) -> Heads:
        """Its cross-attention's heads."""
        assert self.layer.cross_heads is not None
        return self.layer.cross_heads

    @property
    def before(self) -> Float[Tensor, "position d_model"]:
        """The stream before the block."""
        return self.run.entering(self.index, self.positions)

    @property
    def after(self) -> Float[Tensor, "position d_model"]:
        """The stream after it."""
        return self.run.leaving(self.index, self.positions)

    def kept(self, x: Float[Tensor, "query *entry"]) -> Float[Tensor, "position *rest"]:
        """Of what is kept at some positions.

        Raises:
            InputError: not at these.
        """
        return x[(self._rows, *self.entries)]

    def everywhere(self, x: Float[Tensor, "head key d"]) -> Float[Tensor, "position *rest"]:
        """Of what is kept at every position, heads first."""
        return x.transpose(0, 1)[(self.positions, *self.entries)]

    @property
    def neurons(self) -> Float[Tensor, "position *entry"]:
        """Activations, of a mixture by expert."""
        neurons = self.layer.neurons
        if isinstance(neurons, Tensor):
            return self.kept(neurons)
        return expert_neurons(self.run.model, self.index, self._expert_inputs)[(slice(None), *self.entries)]

    @property
    def router(self) -> Float[Tensor, "position *entry"]:
        """The router's weights, a column for each expert."""
        weights = router_weights(self._expert_inputs, experts_of(self.run.model, self.index))
        return weights[(slice(None), *self.entries)]

    @property
    def _rows(self) -> Int[Tensor, "position"]:
        return self.run.rows(self.positions.tolist())

    @property
    def _expert_inputs(self) -> ExpertInputs:
        inputs, rows = self.layer.neurons, self._rows
        assert isinstance(inputs, ExpertInputs)
        return ExpertInputs(inputs.hidden[rows], inputs.index[rows], inputs.weight[rows])
