"""The prediction head of a masked language model: a chain between the last stream and the unembedding.

    u = s W + b,    a = act(u),    y = norm(a)

`s` is the stream, after a final norm where there is one, and the unembedding reads `y`. With the ratio `r = act(u) / u`
of each element and the scale of the norm frozen at those of the run, the chain is affine, and a readout after it
becomes a readout before it, exactly:

    w . y  =  (W (r * w_a)) . s  +  (r * w_a) . b  +  w . shift,      w_a the readout pulled back through the norm

As with a norm, what decides by how much something is passed on is taken as it was in the run. Where `u` is 0 its ratio
is taken to be 0; what the activation gives there is in the constant of the bias.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.models.layers import bias, floats_of, projection
from unembed.models.norms import Norm
from unembed.models.reprs import Brief


@dataclass(frozen=True, repr=False)
class HeadStates(Brief):
    """What passed through a prediction head, up to its norm."""

    read: Float[Tensor, "*query d_model"]
    """What the dense layer read: the stream, after a final norm where there is one."""
    dense: Float[Tensor, "*query d_head"]
    activated: Float[Tensor, "*query d_head"]

    def at(self, rows: Tensor | int) -> "HeadStates":
        """Those of some positions."""
        return HeadStates(self.read[rows], self.dense[rows], self.activated[rows])


@dataclass(frozen=True, repr=False)
class Pulled(Brief):
    """A readout before a prediction head, and what it leaves on its way."""

    w: Float[Tensor, "d_model"]
    """What reads the stream, after a final norm where there is one."""
    of_norm: float
    """What the shift of the norm adds."""
    of_bias: float
    """What the bias of the dense layer adds."""
    activated: Float[Tensor, "d_head"]
    """What reads the activation."""
    dense: Float[Tensor, "d_head"]
    """What reads the dense layer's output."""


@dataclass(frozen=True, repr=False)
class PredictionHead(Brief):
    """The parts of a prediction head, as modules of the model itself."""

    dense: nn.Module
    activation: Callable[[Tensor], Tensor]
    norm_module: nn.Module
    norm: Norm

    def __call__(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_head"]:
        """What the unembedding reads, by the model's own modules."""
        return self.norm_module(self.states(x).activated)

    def states(self, x: Float[Tensor, "*batch d_model"]) -> HeadStates:
        """What passes through, by the model's own modules."""
        u = self.dense(x)
        return HeadStates(x, u, self.activation(u))

    def widely(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_head"]:
        """What the unembedding reads, in float32 at least but for the scale of the norm, which is the module's."""
        states = self.states(x.to(floats_of(self.dense).dtype))
        scale = self.norm.scale(states.activated, self.norm_module(states.activated))
        u = x.double() @ projection(self.dense).double()
        offset = bias(self.dense)
        a = self.activation(u if offset is None else u + offset.double())
        return self.norm.pushforward(a, scale) + self.norm.shift

    def pullback(self, w: Float[Tensor, "d_head"], states: HeadStates, y: Float[Tensor, "d_head"]) -> Pulled:
        """The readout before the head that equals `w` after it, the constants apart, with ratio and scale frozen.

        Args:
            w: what reads the head's output.
            states: of one position.
            y: the head's output there.
        """
        of_activated = self.norm.pullback(w, self.norm.scale(states.activated, y))
        ratio = _ratio(states)
        of_dense = of_activated * ratio
        offset = bias(self.dense)
        left = states.activated.double() - ratio * states.dense.double()
        return Pulled(
            w=projection(self.dense).double() @ of_dense,
            of_norm=float(w @ self.norm.shift),
            of_bias=float(of_activated @ left) + (0.0 if offset is None else float(of_dense @ offset.double())),
            activated=of_activated,
            dense=of_dense,
        )

    def pushforward(
        self, x: Float[Tensor, "*batch d_model"], states: HeadStates, y: Float[Tensor, "d_head"]
    ) -> Float[Tensor, "*batch d_head"]:
        """What a part `x` of what the head reads adds to its output, with ratio and scale frozen at one position's."""
        u = x.double() @ projection(self.dense).double()
        return self.norm.pushforward(u * _ratio(states), self.norm.scale(states.activated, y))


def _ratio(states: HeadStates) -> Float[Tensor, "*query d_head"]:
    u, a = states.dense.double(), states.activated.double()
    return torch.where(u == 0, torch.zeros_like(u), a / torch.where(u == 0, torch.ones_like(u), u))
