"""Integrated gradients: the integral over a path from a baseline to the activations, for all neurons of a layer.

    values = (w - b) * integral over alpha in [0, 1] of dP(b + alpha (w - b)) / dw

All neurons of a layer move together; one walk serves all layers and points. Sundararajan et al., *Axiomatic attribution
for deep networks*, 2017. Completeness: `values.sum() = P - P(b)` on the whole path, and the same on every part of it,
which is how the error of a quadrature is known. Approximate by the quadrature.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals, gradients
from unembed.engine.edits import Edit, set_to
from unembed.engine.measures import Question, TokenMeasure
from unembed.errors import all_or_nothing
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.progress import Progress
from unembed.runs.run import Run

_NODES = 4
"""Of Gauss-Legendre on one interval: exact for polynomials of degree 7."""
_FIRST_ENDS = (0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 5 / 16, 3 / 8, 1 / 2, 1)
"""Where the intervals end in which the path of layer 0 starts: narrow where P falls, near the baseline."""
_CUTS = 3
"""Pieces into which an interval is cut that is too coarse."""
MOST_NODES, NARROWEST = 512, 1e-3
"""Of one layer, and of one interval: beyond, its error is reported as it is. A block with a post-norm jumps at 0."""


def activations_of(run: Run, layer: int, positions: Iterable[int]) -> Float[Tensor, "position *neuron"]:
    """Of all neurons of a layer, as recorded; layers are counted as in `layer_in_stack`."""
    encoder, layer = layer_in_stack(run.model, layer)
    stack = run.encoder if encoder else run
    return stack.whole("neuron", layer, torch.tensor(list(positions), device=run.model.device))


def layers_of(model: Model) -> int:
    """How many layers have neurons: those of the model, and after them those of its encoder."""
    return model.layers + (0 if model.encoder is None else model.encoder.layers)


def layer_in_stack(model: Model, layer: int) -> tuple[bool, int]:
    """Whether a layer of an encoder-decoder is the encoder's, and its number there: the decoder's are counted first."""
    inside = layer >= model.layers
    return inside, layer - model.layers if inside else layer


@dataclass(frozen=True, repr=False)
class Estimate(Brief):
    """Of one layer."""

    values: Float[Tensor, "*neuron"]
    nodes: int
    """Points that it rests on."""


@dataclass(frozen=True, repr=False)
class Paths(Brief):
    """The path of each layer, and what is known of `P` along it."""

    run: Run
    question: Question
    baseline: list[Tensor]
    memory: int | None
    progress: Progress
    source: tuple[int, ...] = ()
    """Where neurons of the encoder of an encoder-decoder move, in the source."""

    @property
    def layers(self) -> range:
        """All of them, as `layer_in_stack` counts."""
        return range(layers_of(self.run.model))

    @property
    def measure(self) -> TokenMeasure:
        """`P`."""
        return self.question.probability

    @cached_property
    def probability(self) -> float:
        """`P` of the run itself."""
        rows = [self.run.row(p) for p in self.question.positions]
        return float(self.measure(self.run.logits[rows][None].double())[0])

    def site(self, layer: int, **index: int | None) -> Site:
        """Neurons of a layer, where they move."""
        encoder, number = layer_in_stack(self.run.model, layer)
        return Site(kind="neuron", layer=number, positions=self.moving(layer), encoder=encoder, **index)  # type: ignore[arg-type]

    def moving(self, layer: int) -> tuple[int, ...]:
        """The positions at which the neurons of a layer move: where the answer is predicted, or in the source."""
        return self.source if layer_in_stack(self.run.model, layer)[0] else self.question.positions

    def way(self, layer: int) -> Float[Tensor, "position *neuron"]:
        """`w - b`, in float64."""
        return self._ways[layer]

    @cached_property
    def _ways(self) -> list[Tensor]:
        ends = (activations_of(self.run, layer, self.moving(layer)).double() for layer in self.layers)
        return [end - start for end, start in zip(ends, self.baseline, strict=True)]

    def values_at(self, interventions: Sequence[Edit | Sequence[Edit]]) -> Tensor:
        """`P` of versions of the run."""
        found = counterfactuals(
            self.run,
            interventions,
            self.measure,
            at=self.question.positions,
            memory=self.memory,
            progress=self.progress,
        )
        return found.double().cpu()

    @cached_property
    def known(self) -> dict[tuple[int, float], float]:
        """`P(b + alpha (w - b))` at points `(layer, alpha)`: what is known so far."""
        return {(layer, 1.0): self.probability for layer in self.layers}

    @all_or_nothing()
    def learn(self, points: Sequence[tuple[int, float]]) -> None:
        """Compute `P` at points of the paths that are not known yet."""
        new = sorted(set(points) - self.known.keys())
        if new:
            self.known.update(zip(new, self.values_at([self.moved(*point) for point in new]).tolist(), strict=True))

    @property
    def changes(self) -> list[float]:
        """`P - P(0)` of every layer."""
        self.learn([(layer, 0.0) for layer in self.layers])
        return [self.probability - self.known[layer, 0.0] for layer in self.layers]

    def moved(self, layer: int, alpha: float) -> Edit:
        """All neurons of a layer at `b + alpha (w - b)`."""
        return set_to(self.site(layer), self.baseline[layer] + alpha * self.way(layer))

    def slopes(
        self, nodes: Mapping[int, Sequence[float]], points: Sequence[tuple[int, float]] = (), *, here: bool = False
    ) -> tuple[dict[int, Float[Tensor, "node position *neuron"]], list[Float[Tensor, "position *neuron"]]]:
        """`dP/dw` at `b + alpha (w - b)` for the nodes `alpha` of each layer, all in the same walks.

        `P` at `points` comes along, into `known`: a walk of its own would pass over the weights once more. With `here`,
        so does the slope of every layer at the run itself, where one version serves all layers.
        """
        new = sorted(set(points) - self.known.keys())
        interventions: list[Edit | list[Edit]] = [self.moved(*point) for point in new]
        leaves = {}
        for layer, alphas in nodes.items():
            way = self.way(layer)
            alpha = torch.tensor(alphas, dtype=way.dtype, device=way.device).view(-1, *[1] * way.ndim)
            leaves[layer] = (self.baseline[layer] + alpha * way).to(self.run.model.dtype).requires_grad_()
            interventions += [set_to(self.site(layer), moved) for moved in leaves[layer].unbind()]
        still = [torch.zeros_like(self.way(layer), requires_grad=True) for layer in self.layers] if here else []
        if here:
            interventions.append([edits.add(self.site(layer), leaf) for layer, leaf in enumerate(still)])
        values, found = self._gradients(interventions, [*leaves.values(), *still])
        self.known.update(zip(new, values.tolist(), strict=False))
        return dict(zip(leaves, found, strict=False)), found[len(leaves) :]

    def _gradients(self, interventions: list[Any], leaves: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        values, found = gradients(
            self.run,
            interventions,
            self.measure,
            leaves,
            at=self.question.positions,
            memory=self.memory,
            progress=self.progress,
        )
        return values, [slope.double() for slope in found]


def riemann(paths: Paths, steps: int) -> list[Estimate]:
    """`(w - b)/m * sum over k = 1..m of dP/dw(b + k/m (w - b))`; the last point is the run itself, for all layers."""
    # The sum leaves out alpha = 0 and takes alpha = 1, where each layer's path ends at the run: one version serves all.
    inner = [k / steps for k in range(1, steps)]
    starts = [(layer, 0.0) for layer in paths.layers]
    below, here = paths.slopes({layer: inner for layer in paths.layers if inner}, starts, here=True)
    total = [slope + (below[layer].sum(0) if inner else 0) for layer, slope in enumerate(here)]
    return [Estimate((paths.way(i) * slope / steps).sum(0), steps) for i, slope in enumerate(total)]


@dataclass(frozen=True, eq=False)
class _Interval:
    """Part of one layer's path, and what was found on it."""

    layer: int
    low: float
    high: float
    values: Tensor
    """`integral over [low, high]`, times `w - b`."""
    error: float
    """`values.sum()` against `P(high) - P(low)`: completeness holds on every part of the path."""


def gauss(paths: Paths, steps: int | None, tolerance: float) -> list[Estimate]:
    """Gauss-Legendre. Without a fixed number of steps, intervals are cut where completeness does not hold yet.

    Each round costs a pass over the weights, so cuts are bold. Without the first block's MLP most models say nothing
    sensible, and somewhere on the way P falls off a cliff: its path starts in many pieces.
    """
    # P is smooth in alpha, so few nodes on an interval go far; one rule over the whole path would have to be fine
    # everywhere for the sake of the one place where P falls.
    if steps is not None:
        return _totals(paths, _integrate(paths, [(layer, 0.0, 1.0) for layer in paths.layers], steps), steps)
    whole = [(layer, 0.0, 1.0) for layer in paths.layers if layer_in_stack(paths.run.model, layer)[1]]
    first = [
        (layer, *ends)
        for layer in paths.layers
        if not layer_in_stack(paths.run.model, layer)[1]
        for ends in itertools.pairwise(_FIRST_ENDS)
    ]
    done = _integrate(paths, first + whole, _NODES)
    # P itself is known to its rounding only, which in 16 bit is more than half a percent.
    allowed = max(tolerance, 8 * torch.finfo(paths.run.model.dtype).eps) * paths.probability
    while bad := _too_coarse(done, allowed):
        finer = [piece for part in bad for piece in _cut(part.layer, part.low, part.high, _CUTS)]
        done = [part for part in done if part not in bad] + _integrate(paths, finer, _NODES)
    return _totals(paths, done, _NODES)


def _cut(layer: int, low: float, high: float, pieces: int) -> list[tuple[int, float, float]]:
    ends = np.linspace(low, high, pieces + 1).tolist()
    return [(layer, a, b) for a, b in itertools.pairwise(ends)]


def _too_coarse(parts: list[_Interval], allowed: float) -> list[_Interval]:
    """Of each layer whose errors are too large together: the intervals that hold most of it."""
    found = []
    for layer in {part.layer for part in parts}:
        mine = [part for part in parts if part.layer == layer]
        # Errors of intervals add up, so each may have its share of what the layer may be off by. Signs are ignored:
        # errors that cancel are no smaller for the single neurons.
        picked = [p for p in mine if abs(p.error) > allowed / len(mine) and p.high - p.low > NARROWEST]
        fits = _NODES * (len(mine) + (_CUTS - 1) * len(picked)) <= MOST_NODES
        if sum(abs(part.error) for part in mine) > allowed and fits:
            found += picked
    return found


def _totals(paths: Paths, parts: list[_Interval], nodes: int) -> list[Estimate]:
    """The intervals of each layer together; `nodes` are those that the result rests on."""
    found = []
    for layer in paths.layers:
        mine = [part.values for part in parts if part.layer == layer]
        found.append(Estimate(torch.stack(mine).sum(0), nodes * len(mine)))
    return found


def _integrate(paths: Paths, parts: list[tuple[int, float, float]], nodes: int) -> list[_Interval]:
    """Gauss-Legendre on parts `(layer, low, high)` of the paths, all in the same walks."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    alphas: dict[int, list[float]] = {}
    for layer, low, high in parts:
        alphas.setdefault(layer, []).extend((low + (high - low) * (points + 1) / 2).tolist())
    # P at the ends of each interval comes along: with it, completeness tells the error where it is made.
    ends = [(layer, end) for layer, *both in parts for end in both]
    slopes = {layer: iter(slope.split(nodes)) for layer, slope in paths.slopes(alphas, ends)[0].items()}
    found = []
    for layer, low, high in parts:
        slope = next(slopes[layer])
        # Gauss-Legendre is for [-1, 1]; the interval is (high - low) / 2 times as long.
        weight = torch.as_tensor(weights * (high - low) / 2, dtype=slope.dtype, device=slope.device)
        values = (paths.way(layer) * torch.tensordot(weight, slope, dims=1)).sum(0)
        error = float(values.sum()) - (paths.known[layer, high] - paths.known[layer, low])
        found.append(_Interval(layer, low, high, values, error))
    return found
