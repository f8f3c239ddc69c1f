"""Knowledge attribution: how much of an answer's probability each neuron is worth.

    Attr(w_i) = (w_i - b_i) * integral over alpha in [0, 1] of dP(b + alpha (w - b)) / dw_i

at the positions where the answer is predicted, for every neuron of every layer (Dai et al., *Knowledge Neurons in
Pretrained Transformers*, 2022, section 3; integrated gradients of Sundararajan et al. 2017). `b` is the baseline: zero,
or a mean activation. There are two readings, and they are two quantities:

`neuron`
    The formula as printed: only neuron `i` moves, the others keep their values. By the fundamental theorem of calculus
    the integral is `P - P(w_i = b_i)`: no gradient and no steps, one engine row a neuron. Exact.
`layer`
    What the authors' code computes: all neurons of a layer move together. One walk serves all layers and steps.
    Approximate by its quadrature. The sum over a layer is `P - P(all w = b)` up to the quadrature's error
    (completeness), which is always reported.

docs/methods/knowledge-attribution.md compares them on a real model, and says where the layer path misleads.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed import edits
from unembed.counterfactual import counterfactuals, gradients
from unembed.edits import Edit, set_to
from unembed.errors import InputError
from unembed.measures import Question, TokenMeasure, question
from unembed.model import Model, check_has_neurons
from unembed.progress import Progress, silent
from unembed.run import Run, base_run
from unembed.sites import Site

if TYPE_CHECKING:
    import polars as pl

Path = Literal["layer", "neuron"]
Quadrature = Literal["gauss", "riemann"]
Baseline = Sequence[Float[Tensor, "*neuron"]]
"""One tensor a layer: the value that stands for absence."""

NODES = 4
"""Of Gauss-Legendre on one interval: exact for polynomials of degree 7."""
FIRST_ENDS = (0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 5 / 16, 3 / 8, 1 / 2, 1)
"""Where the intervals end in which the path of layer 0 starts: narrow where P falls, near the baseline."""
CUTS = 3
"""Pieces into which an interval is cut that is too coarse."""
MOST_NODES, NARROWEST = 512, 1e-3
"""Of one layer, and of one interval: beyond, its error is reported as it is. A block with a post-norm jumps at 0."""


@dataclass(frozen=True)
class NeuronScore:
    """One neuron's attribution."""

    layer: int
    expert: int | None
    neuron: int
    value: float
    """In units of probability."""
    activation: float
    """At the last position where the answer is predicted."""

    @property
    def label(self) -> str:
        """`L24.N1005`, `L24.E2.N17`."""
        return Site(kind="neuron", layer=self.layer, expert=self.expert, neuron=self.neuron).label


@dataclass(frozen=True)
class LayerSum:
    """A layer's attributions together, against what moving all of its neurons does."""

    layer: int
    sum: float
    change: float
    """`P - P(all neurons of the layer at the baseline)`."""
    error: float
    """`sum - change`: on the layer path the quadrature's error; on the neuron path what the neurons do together, and
    what neurons do that were no candidates."""
    nodes: int
    """Points of the quadrature; 0 on the neuron path."""


@dataclass(frozen=True)
class Attribution:
    """The knowledge attribution of one answer. Made by `attribute`."""

    run: Run
    question: Question
    path: Path
    quadrature: Quadrature | None
    """None on the neuron path."""
    values: tuple[Float[Tensor, "*neuron"], ...]
    """One tensor a layer, `neuron` or `expert neuron`; NaN where a neuron was no candidate."""
    layers: tuple[LayerSum, ...]
    probability: float
    """`P`, of the whole answer."""
    candidates: int | None = None
    """How many neurons the neuron path was computed for, chosen by the layer path; None: for all."""

    def top(self, count: int | None = None) -> list[NeuronScore]:
        """The neurons of the largest values, by falling value; None gives all."""
        flat = torch.cat([values.flatten() for values in self.values])
        known = int((~flat.isnan()).sum())
        order = flat.nan_to_num(-torch.inf).argsort(descending=True, stable=True)[: known if count is None else count]
        starts = np.cumsum([0, *(values.numel() for values in self.values)])
        layers = np.searchsorted(starts, order.numpy(), side="right") - 1
        return [
            self._score(int(layer), int(i - starts[layer]))
            for layer, i in zip(layers, order.tolist(), strict=True)
            if not flat[i].isnan()
        ]

    def _score(self, layer: int, index: int) -> NeuronScore:
        values = self.values[layer]
        place = [int(i) for i in np.unravel_index(index, values.shape)]
        return NeuronScore(
            layer=layer,
            expert=place[0] if len(place) == 2 else None,
            neuron=place[-1],
            value=float(values[tuple(place)]),
            activation=float(self._activations[layer][tuple(place)]),
        )

    @cached_property
    def _activations(self) -> list[Tensor]:
        last = (self.question.positions[-1],)
        return [_whole(self.run, layer, last)[-1] for layer in range(self.run.model.layers)]

    def to_polars(self) -> "pl.DataFrame":
        """One row a neuron, by falling value: layer, expert, neuron, value, activation."""
        import polars as pl

        return pl.DataFrame([vars(score) for score in self.top()])

    def __repr__(self) -> str:
        best = ", ".join(f"{score.label} {score.value:+.3f}" for score in self.top(4))
        worst = max((abs(layer.error) for layer in self.layers), default=0.0)
        return (
            f"Attribution({self.path} path of P = {self.probability:.3f}; largest layer error {worst:.1e}; {best}, …)"
        )


def attribute(
    model: Model,
    prompt: str | Sequence[int],
    target: str | int | Sequence[int],
    *,
    path: Path = "layer",
    quadrature: Quadrature = "gauss",
    steps: int | None = None,
    tolerance: float = 0.005,
    baseline: Literal["zero"] | Baseline = "zero",
    candidates: int | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Attribution:
    """The attribution of an answer's probability to every neuron.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        target: the answer; of several tokens, the product of their conditional probabilities is attributed, and neurons
            move at every position where one of them is predicted.
        path: "layer" or "neuron", see above.
        quadrature: of the layer path. "riemann": `alpha = k/m` for `k = 1..m`, as the authors do. "gauss":
            Gauss-Legendre; intervals on which completeness does not hold yet are cut.
        steps: `m` of the Riemann sum (20), or a fixed number of Gauss nodes; None lets them refine themselves.
        tolerance: of a layer's completeness, relative to `P`, at which refinement stops; at least 8 units of the
            model's precision.
        baseline: "zero", or one tensor a layer (`mean_activations`).
        candidates: on the neuron path, only this many neurons: those of the largest magnitude on the layer path.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each block of each walk.

    Raises:
        InputError: a bad prompt, target, word or number.
        Interrupted: on Ctrl-C, on the neuron path, with what was finished.
    """
    _check_words(path, quadrature, steps, candidates)
    check_has_neurons(model)
    asked = question(model, prompt, target)
    run = base_run(model, asked.tokens, positions=asked.positions)
    problem = _Problem(run, asked, _baseline(run, baseline), memory, progress)
    if path == "neuron":
        return _by_neuron(problem, candidates)
    if quadrature == "riemann":
        return problem.attribution("layer", "riemann", _riemann(problem, steps or 20))
    return problem.attribution("layer", "gauss", _gauss(problem, steps, tolerance))


def mean_activations(model: Model, prompts: Iterable[str | Sequence[int]]) -> list[Float[Tensor, "*neuron"]]:
    """The mean activation of every neuron over all positions of all prompts: a baseline, one tensor a layer.

    Raises:
        InputError: no prompt, or a bad one.
    """
    totals: list[Tensor] = []
    count = 0
    for prompt in prompts:
        run = base_run(model, prompt)
        found = [_whole(run, layer, range(run.length)).double().sum(0) for layer in range(model.layers)]
        totals = found if not totals else [a + b for a, b in zip(totals, found, strict=True)]
        count += run.length
    if not totals:
        raise InputError("A mean needs at least one prompt.")
    return [total / count for total in totals]


def _check_words(path: str, quadrature: str, steps: int | None, candidates: int | None) -> None:
    if path not in ("layer", "neuron"):
        raise InputError(f"Expected a path of layer or neuron, found {path!r}.")
    if quadrature not in ("gauss", "riemann"):
        raise InputError(f"Expected a quadrature of gauss or riemann, found {quadrature!r}.")
    if steps is not None and not 1 <= steps <= 1000:
        raise InputError(f"Expected 1 to 1000 steps, found {steps}.")
    if candidates is not None and (candidates < 1 or path != "neuron"):
        raise InputError("Candidates belong to the neuron path: expected at least one, and path='neuron'.")


def _whole(run: Run, layer: int, positions: Iterable[int]) -> Float[Tensor, "position *neuron"]:
    return run.whole("neuron", layer, torch.tensor(list(positions), device=run.model.device))


def _baseline(run: Run, baseline: Any) -> list[Tensor]:
    model = run.model
    shapes = [_whole(run, layer, run.trace.positions[:1]).shape[1:] for layer in range(model.layers)]
    if isinstance(baseline, str):
        if baseline != "zero":
            raise InputError(f"Expected a baseline of 'zero', or one tensor a layer, found {baseline!r}.")
        return [torch.zeros(shape, dtype=torch.float64, device=model.device) for shape in shapes]
    found = [torch.as_tensor(value, device=model.device).double() for value in baseline]
    if [value.shape for value in found] != shapes:
        raise InputError(f"Expected a baseline of {len(shapes)} tensors, one a layer, the first {tuple(shapes[0])}.")
    return found


@dataclass(frozen=True)
class _Estimate:
    """The layer path of one layer."""

    values: Tensor
    nodes: int


@dataclass(frozen=True)
class _Problem:
    run: Run
    question: Question
    baseline: list[Tensor]
    memory: int | None
    progress: Progress

    @property
    def layers(self) -> range:
        return range(self.run.model.layers)

    @property
    def measure(self) -> TokenMeasure:
        return self.question.probability

    @cached_property
    def probability(self) -> float:
        rows = [self.run.trace.row(p) for p in self.question.positions]
        return float(self.measure(self.run.trace.logits[rows][None].double())[0])

    def site(self, layer: int, **index: int | None) -> Site:
        return Site(kind="neuron", layer=layer, positions=self.question.positions, **index)  # type: ignore[arg-type]

    def way(self, layer: int) -> Float[Tensor, "position *neuron"]:
        """`w - b`, in float64."""
        return _whole(self.run, layer, self.question.positions).double() - self.baseline[layer]

    def values_at(self, interventions: Sequence[Edit | Sequence[Edit]]) -> Tensor:
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
            interventions += [set_to(self.site(layer), leaves[layer][k]) for k in range(len(alphas))]
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

    def attribution(self, path: Path, quadrature: Quadrature | None, estimates: list[_Estimate]) -> Attribution:
        return Attribution(
            run=self.run,
            question=self.question,
            path=path,
            quadrature=quadrature,
            values=tuple(estimate.values.cpu() for estimate in estimates),
            layers=tuple(
                _layer_sum(layer, estimate, change)
                for layer, (estimate, change) in enumerate(zip(estimates, self.changes, strict=True))
            ),
            probability=self.probability,
        )


def _layer_sum(layer: int, estimate: _Estimate, change: float) -> LayerSum:
    total = float(estimate.values.nansum())
    return LayerSum(layer=layer, sum=total, change=change, error=total - change, nodes=estimate.nodes)


def _riemann(problem: _Problem, steps: int) -> list[_Estimate]:
    """`(w - b)/m * sum over k = 1..m of dP/dw(b + k/m (w - b))`; the last point is the run itself, for all layers."""
    inner = [k / steps for k in range(1, steps)]
    starts = [(layer, 0.0) for layer in problem.layers]
    below, here = problem.slopes({layer: inner for layer in problem.layers if inner}, starts, here=True)
    total = [slope + (below[layer].sum(0) if inner else 0) for layer, slope in enumerate(here)]
    return [_Estimate((problem.way(i) * slope / steps).sum(0), steps) for i, slope in enumerate(total)]


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


def _gauss(problem: _Problem, steps: int | None, tolerance: float) -> list[_Estimate]:
    """Gauss-Legendre. Without a fixed number of steps, intervals are cut where completeness does not hold yet.

    Each round costs a pass over the weights, so cuts are bold. Without the first block's MLP most models say nothing
    sensible, and somewhere on the way P falls off a cliff: its path starts in many pieces.
    """
    if steps is not None:
        return _totals(problem, _integrate(problem, [(layer, 0.0, 1.0) for layer in problem.layers], steps), steps)
    first = [(0, *ends) for ends in itertools.pairwise(FIRST_ENDS)]
    done = _integrate(problem, first + [(layer, 0.0, 1.0) for layer in problem.layers[1:]], NODES)
    # P itself is known to its rounding only, which in 16 bit is more than half a percent.
    allowed = max(tolerance, 8 * torch.finfo(problem.run.model.dtype).eps) * problem.probability
    while bad := _too_coarse(done, allowed):
        finer = [piece for part in bad for piece in _cut(part.layer, part.low, part.high, CUTS)]
        done = [part for part in done if part not in bad] + _integrate(problem, finer, NODES)
    return _totals(problem, done, NODES)


def _cut(layer: int, low: float, high: float, pieces: int) -> list[tuple[int, float, float]]:
    ends = np.linspace(low, high, pieces + 1).tolist()
    return [(layer, a, b) for a, b in itertools.pairwise(ends)]


def _too_coarse(parts: list[_Interval], allowed: float) -> list[_Interval]:
    """Of each layer whose errors are too large together: the intervals that hold most of it."""
    found = []
    for layer in {part.layer for part in parts}:
        mine = [part for part in parts if part.layer == layer]
        picked = [p for p in mine if abs(p.error) > allowed / len(mine) and p.high - p.low > NARROWEST]
        fits = NODES * (len(mine) + (CUTS - 1) * len(picked)) <= MOST_NODES
        if sum(abs(part.error) for part in mine) > allowed and fits:
            found += picked
    return found


def _totals(problem: _Problem, parts: list[_Interval], nodes: int) -> list[_Estimate]:
    """The intervals of each layer together; `nodes` are those that the result rests on."""
    found = []
    for layer in problem.layers:
        mine = [part.values for part in parts if part.layer == layer]
        found.append(_Estimate(torch.stack(mine).sum(0), nodes * len(mine)))
    return found


def _integrate(problem: _Problem, parts: list[tuple[int, float, float]], nodes: int) -> list[_Interval]:
    """Gauss-Legendre on parts `(layer, low, high)` of the paths, all in the same walks."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    alphas: dict[int, list[float]] = {}
    for layer, low, high in parts:
        alphas.setdefault(layer, []).extend((low + (high - low) * (points + 1) / 2).tolist())
    ends = [(layer, end) for layer, *both in parts for end in both]
    slopes = {layer: iter(slope.split(nodes)) for layer, slope in problem.slopes(alphas, ends)[0].items()}
    found = []
    for layer, low, high in parts:
        slope = next(slopes[layer])
        weight = torch.as_tensor(weights * (high - low) / 2, dtype=slope.dtype, device=slope.device)
        values = (problem.way(layer) * torch.tensordot(weight, slope, dims=1)).sum(0)
        error = float(values.sum()) - (problem.known[layer, high] - problem.known[layer, low])
        found.append(_Interval(layer, low, high, values, error))
    return found


def _by_neuron(problem: _Problem, candidates: int | None) -> Attribution:
    chosen = _candidates(problem, candidates)
    order = [(layer, *index) for layer, indices in enumerate(chosen) for index in indices]
    found = problem.values_at([_gone(problem, layer, index) for layer, *index in order])
    values = [torch.full_like(base, torch.nan).cpu() for base in problem.baseline]
    for layer, base in enumerate(problem.baseline):
        if candidates is None:
            values[layer] = torch.zeros_like(base).cpu()
    for (layer, *index), value in zip(order, problem.probability - found, strict=True):
        values[layer][tuple(index)] = value
    result = problem.attribution("neuron", None, [_Estimate(value, 0) for value in values])
    return replace(result, candidates=candidates)


def _gone(problem: _Problem, layer: int, index: Sequence[int]) -> Edit:
    """One neuron at its baseline."""
    expert = index[0] if len(index) == 2 else None
    site = problem.site(layer, expert=expert, neuron=index[-1])
    value = problem.baseline[layer][tuple(index)]
    return set_to(site, value) if bool(value) else edits.zero(site)


def _candidates(problem: _Problem, count: int | None) -> list[list[list[int]]]:
    """The neurons to remove, by layer: all that are not at their baseline, or the best of the layer path."""
    if count is None:
        return [(problem.way(layer) != 0).any(0).nonzero().tolist() for layer in problem.layers]
    sizes = [estimate.values.abs() for estimate in _gauss(problem, None, 0.005)]
    flat = torch.cat([size.flatten() for size in sizes])
    least = flat.topk(min(count, len(flat))).values[-1]
    ranked = [
        (float(size[tuple(i)]), layer, i)
        for layer, size in enumerate(sizes)
        for i in (size >= least).nonzero().tolist()
    ]
    best = sorted(ranked, key=lambda entry: -entry[0])[:count]
    return [[i for _, owner, i in best if owner == layer] for layer in problem.layers]
