"""BlockAt: one block of a recorded run, at some positions: what the value of a site is read from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float, Int
from torch import Tensor

from unembed.models.layers import expert_activation
from unembed.models.model import Model
from unembed.models.sites import experts_of, neurons_of
from unembed.runs.trace import BlockCall, ExpertInputs, Heads, Layer

if TYPE_CHECKING:
    from unembed.runs.run import Run


@dataclass(frozen=True)
class BlockAt:
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
        return self.run.trace.layers[self.index]

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
        return self.run.stream(self.index)[self.positions]

    @property
    def after(self) -> Float[Tensor, "position d_model"]:
        """The stream after it."""
        return self.run.stream(self.index + 1)[self.positions]

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


def router_weights(inputs: ExpertInputs, experts: int) -> Float[Tensor, "query expert"]:
    """The router's weights with a column for every expert, 0 where it was not chosen."""
    weights = inputs.weight.new_zeros(len(inputs.index), experts)
    return weights.scatter_add(1, inputs.index, inputs.weight)


def expert_neurons(model: Model, layer: int, inputs: ExpertInputs) -> Float[Tensor, "query expert neuron"]:
    """The activations of every expert's neurons, 0 for experts that were not chosen."""
    experts = model.blocks[layer].experts
    found = inputs.hidden.new_zeros(len(inputs.hidden), experts_of(model, layer), neurons_of(model, layer))
    for expert in inputs.index.unique().tolist():
        rows = (inputs.index == expert).any(1).nonzero()[:, 0]
        found[rows, expert] = expert_activation(experts, expert, inputs.hidden[rows])
    return found
