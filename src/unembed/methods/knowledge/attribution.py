"""Knowledge attribution: how much of an answer's probability each neuron is worth.

    Attr(w_i) = (w_i - b_i) * integral over alpha in [0, 1] of dP(b + alpha (w - b)) / dw_i

at the positions where the answer is predicted, for every neuron of every layer (Dai et al., *Knowledge Neurons in
Pretrained Transformers*, 2022, section 3; integrated gradients of Sundararajan et al. 2017). `b` is the baseline: zero,
or a mean activation. There are two readings, and they are two quantities:

`neuron`
    The formula as printed: only neuron `i` moves, the others keep their values. By the fundamental theorem of calculus
    the integral is `P - P(w_i = b_i)`: no gradient and no steps, one engine row a neuron. Exact.
`layer`
    What the authors' code computes: all neurons of a layer move together (integrated_gradients.py). Approximate by its
    quadrature. The sum over a layer is `P - P(all w = b)` up to the quadrature's error (completeness), which is always
    reported.

Of an encoder-decoder the neurons of both stacks are attributed. Those of the decoder move where the answer is
predicted, those of the encoder at the blank of the source that is asked about (cloze.py), or at every position;
there are as many layers as both stacks have, the decoder's first.

docs/methods/knowledge-attribution.md compares them on a real model, and says where the layer path misleads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import finished
from unembed.engine.edits import Edit, set_to
from unembed.engine.measures import Question, question
from unembed.errors import InputError, Interrupted, counted
from unembed.methods.knowledge.integrated_gradients import (
    Estimate,
    Paths,
    activations_of,
    gauss,
    layer_in_stack,
    layers_of,
    riemann,
)
from unembed.methods.whole_answer import whole_answer
from unembed.models.cloze import blank_in_source
from unembed.models.model import Model, check_has_neurons
from unembed.models.reprs import Brief
from unembed.models.sites import Site, resolve
from unembed.models.targets import Target
from unembed.progress import Progress, silent
from unembed.runs.means import means
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run

Path = Literal["layer", "neuron"]
Quadrature = Literal["gauss", "riemann"]


@dataclass(frozen=True)
class LayerPath(Brief):
    """All neurons of a layer move together.

    Raises:
        InputError: another quadrature, or a bad number of steps.
    """

    quadrature: Quadrature = "gauss"
    """"gauss": Gauss-Legendre; intervals on which completeness does not hold yet are cut. "riemann": `alpha = k/m` for
    `k = 1..m`, as the authors do."""
    steps: int | None = None
    """A fixed number of Gauss nodes, or `m` of the Riemann sum; None lets Gauss refine itself, for Riemann it is 20."""
    tolerance: float = 0.005
    """Of a layer's completeness, relative to `P`, at which refinement stops; at least 8 units of the model's
    precision."""

    def __post_init__(self) -> None:
        if self.quadrature not in get_args(Quadrature):
            raise InputError(f"Expected a quadrature of gauss or riemann, found {self.quadrature!r}.")
        if self.steps is not None and not 1 <= self.steps <= 1000:
            raise InputError(f"Expected 1 to 1000 steps, found {self.steps}.")


@dataclass(frozen=True)
class NeuronPath(Brief):
    """One neuron moves alone. Exact.

    Raises:
        InputError: fewer than one candidate.
    """

    candidates: int | None = None
    """Only this many neurons: those of the largest magnitude on the layer path; None is all."""

    def __post_init__(self) -> None:
        if self.candidates is not None and self.candidates < 1:
            raise InputError(f"Expected at least one candidate, found {self.candidates}.")


def path_of(
    word: str, *, quadrature: str | None = None, steps: int | None = None, candidates: int | None = None
) -> LayerPath | NeuronPath:
    """The path that words and numbers mean, as the command line has them; None takes the default.

    Raises:
        InputError: another word, or what belongs to the other path.
    """
    if word not in get_args(Path):
        raise InputError(f"Expected a path of layer or neuron, found {word!r}.")
    if word == "layer":
        if candidates is not None:
            raise InputError("Candidates belong to the neuron path: take that path, or leave them out.")
        return LayerPath(quadrature or "gauss", steps)  # type: ignore[arg-type]  # which checks it
    if quadrature is not None or steps is not None:
        raise InputError(
            "The neuron path is exact: a quadrature and its steps belong to the layer path, so leave them out."
        )
    return NeuronPath(candidates)


_FILTER = 5
"""Nodes by which candidates are chosen where post-norms follow the MLPs: no number makes such a path complete."""

Baseline = Sequence[Float[Tensor, "*neuron"]]
"""One tensor a layer: the value that stands for absence."""


@dataclass(frozen=True)
class NeuronScore:
    """One neuron's attribution."""

    layer: int
    expert: int | None
    neuron: int
    value: float
    """In units of probability."""
    activation: float
    """At the last position where it moves: where the answer is predicted, or of the blank."""
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""

    @property
    def label(self) -> str:
        """`L24.N1005`, `L24.E2.N17`, `enc.L3.N17`."""
        expert, neuron = self.expert, self.neuron
        return Site(kind="neuron", layer=self.layer, expert=expert, neuron=neuron, encoder=self.encoder).label


@dataclass(frozen=True)
class LayerSum:
    """A layer's attributions together, against what moving all of its neurons does."""

    layer: int
    sum: float | None
    """None where not every neuron of the layer was computed."""
    change: float
    """`P - P(all neurons of the layer at the baseline)`."""
    error: float | None
    """`sum - change`: on the layer path the quadrature's error, on the neuron path what the neurons do together."""
    nodes: int
    """Points of the quadrature; 0 on the neuron path."""
    encoder: bool = False
    """Whether the layer is the encoder's."""


@dataclass(frozen=True)
class Attribution(RunResult[NeuronScore]):
    """The knowledge attribution of one answer. Made by `attribute`."""

    run: Run
    question: Question
    path: Path
    quadrature: Quadrature | None
    """None on the neuron path."""
    values: tuple[Float[Tensor, "*neuron"], ...]
    """One tensor a layer, `neuron` or `expert neuron`; NaN where a neuron was not computed. Of an encoder-decoder the
    decoder's layers, and then the encoder's."""
    layers: tuple[LayerSum, ...]
    probability: float
    """`P`, of the whole answer."""
    candidates: int | None = None
    """How many neurons the neuron path was asked for, chosen by the layer path; None: for all."""
    baseline: Literal["zero", "mean"] = "zero"
    """Where neurons move from: zero, or values that were given, such as means."""
    source: tuple[int, ...] = ()
    """The positions of the source at which neurons of an encoder move."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "probability"

    @property
    def planned(self) -> int:
        """How many neurons have a value when the work is finished."""
        return sum(values.numel() for values in self.values) if self.candidates is None else self.candidates

    @property
    def computed(self) -> int:
        """How many have one; fewer than planned after an interruption."""
        return sum(int((~values.isnan()).sum()) for values in self.values)

    @property
    def complete(self) -> bool:
        """Whether every planned neuron has one."""
        return self.computed == self.planned

    @property
    def top_prediction(self) -> bool:
        """Whether the model gives the answer by itself: each of its tokens is the top prediction."""
        rows = [self.run.row(p) for p in self.question.positions]
        return tuple(self.run.logits[rows].argmax(-1).tolist()) == self.question.answer

    def entries(self) -> list[NeuronScore]:
        """Every neuron that was computed, layer by layer."""
        return self._scores(torch.arange(len(self._flat)))

    def top(self, count: int = 10) -> list[NeuronScore]:
        """The neurons of the largest absolute values: what they are worth, or what they cost."""
        return self._scores(self._flat.abs().nan_to_num(-1).argsort(descending=True, stable=True)[: counted(count)])

    def ranked(self, count: int | None = None) -> list[NeuronScore]:
        """The neurons by falling value, as the search for knowledge neurons reads them; None gives all."""
        order = self._flat.nan_to_num(-torch.inf).argsort(descending=True, stable=True)
        return self._scores(order if count is None else order[: counted(count)])

    @property
    def _flat(self) -> Float[Tensor, "any_neuron"]:
        return torch.cat([values.flatten() for values in self.values])

    def _scores(self, order: Int[Tensor, "any_neuron"]) -> list[NeuronScore]:
        flat, starts = self._flat, np.cumsum([0, *(values.numel() for values in self.values)])
        order = order[~flat[order].isnan()]
        layers = np.searchsorted(starts, order.numpy(), side="right") - 1
        return [
            self._score(int(layer), int(i - starts[layer])) for layer, i in zip(layers, order.tolist(), strict=True)
        ]

    def _score(self, layer: int, index: int) -> NeuronScore:
        values = self.values[layer]
        place = [int(i) for i in np.unravel_index(index, values.shape)]
        encoder, number = layer_in_stack(self.run.model, layer)
        return NeuronScore(
            layer=number,
            expert=place[0] if len(place) == 2 else None,
            neuron=place[-1],
            value=float(values[tuple(place)]),
            activation=float(self._activations[layer][tuple(place)]),
            encoder=encoder,
        )

    @cached_property
    def _activations(self) -> list[Tensor]:
        ends = (self.question.positions[-1:], self.source[-1:])
        model = self.run.model
        return [
            activations_of(self.run, layer, ends[layer_in_stack(model, layer)[0]])[-1]
            for layer in range(layers_of(model))
        ]

    def __repr__(self) -> str:
        best = ", ".join(f"{score.label} {score.value:+.3f}" for score in self.top(4))
        worst = max((abs(layer.error) for layer in self.layers if layer.error is not None), default=float("nan"))
        return (
            f"Attribution({self.path} path of P = {self.probability:.3f}; largest layer error {worst:.1e}; {best}, …)"
        )


@prompted
def attribute(
    prompt: Prompt,
    target: Target,
    *,
    path: Path | LayerPath | NeuronPath = "layer",
    baseline: Literal["zero"] | Baseline = "zero",
    source_positions: Sequence[int] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Attribution:
    """The attribution of an answer's probability to every neuron.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the whole answer; of several tokens, the product of their conditional probabilities is attributed, and
            neurons move at every position where one of them is predicted. "auto" is what the model says by itself
            (whole_answer.py).
        path: "layer" or "neuron", see above; or one of them with its numbers.
        baseline: "zero", or one tensor a layer (`mean_activations`).
        source_positions: where in the source neurons of the encoder of an encoder-decoder move; None is at its blank,
            or everywhere without one.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each block of each walk.

    Raises:
        InputError: a bad prompt, target, word or number.
        Interrupted: on Ctrl-C, on the neuron path, with what was finished, if there is any.
    """
    way = path_of(path) if isinstance(path, str) else path
    check_has_neurons(prompt.model)
    said = whole_answer(prompt, target)
    asked = question(prompt.model, prompt.written, said.tokens)
    run = prompt.followed_by(asked.answer[:-1]).recorded(asked.positions)
    source = _moving_in_source(prompt, asked, source_positions)
    paths = Paths(run, asked, _baseline(run, baseline), memory, progress, source)
    try:
        return replace(_attributed(paths, way), notes=said.notes)
    except Interrupted as stop:
        raise Interrupted(replace(stop.result, notes=said.notes)) from stop


def _attributed(paths: Paths, way: LayerPath | NeuronPath) -> Attribution:
    if isinstance(way, NeuronPath):
        return _by_neuron(paths, way.candidates)
    if way.quadrature == "riemann":
        return _attribution(paths, "layer", "riemann", riemann(paths, way.steps or 20))
    return _attribution(paths, "layer", "gauss", gauss(paths, way.steps, way.tolerance))


def _moving_in_source(prompt: Prompt, asked: Question, given: Sequence[int] | None) -> tuple[int, ...]:
    """Where in the source neurons of the encoder move; nowhere in a decoder alone."""
    model = prompt.model
    if model.encoder is None:
        if given is not None:
            raise InputError(f"{model.name} has no encoder: leave source_positions out.")
        return ()
    if given is None:
        return blank_in_source(model, asked.prompt)
    site = Site(kind="resid_pre", layer=0, positions=tuple(given), encoder=True)
    return resolve(site, model, len(asked.tokens)).positions or ()


def mean_activations(model: Model, prompts: Iterable[str | Sequence[int]]) -> list[Float[Tensor, "*neuron"]]:
    """The mean activation of every neuron over all positions of all prompts: a baseline, one tensor a layer.

    Raises:
        InputError: a model without MLPs, an encoder-decoder, no prompt, or a bad one.
    """
    check_has_neurons(model)
    if model.encoder is not None:
        raise InputError(
            f"{model.name} is an encoder-decoder, whose two stacks read two texts: give a baseline of one tensor a "
            "layer, the decoder's first, or take zero."
        )
    return means(model, prompts, [Site(kind="neuron", layer=layer) for layer in range(model.layers)])


def _baseline(run: Run, baseline: Any) -> list[Tensor]:
    model = run.model
    firsts = (run.positions[:1], (0,))
    shapes = [
        activations_of(run, layer, firsts[layer_in_stack(model, layer)[0]]).shape[1:]
        for layer in range(layers_of(model))
    ]
    if isinstance(baseline, str):
        if baseline != "zero":
            raise InputError(f"Expected a baseline of 'zero', or one tensor a layer, found {baseline!r}.")
        return [torch.zeros(shape, dtype=torch.float64, device=model.device) for shape in shapes]
    found = [torch.as_tensor(value, device=model.device).double() for value in baseline]
    if [value.shape for value in found] != shapes:
        raise InputError(f"Expected a baseline of {len(shapes)} tensors, one a layer, the first {tuple(shapes[0])}.")
    return found


def _attribution(
    paths: Paths,
    path: Path,
    quadrature: Quadrature | None,
    estimates: Sequence[Estimate],
    candidates: int | None = None,
) -> Attribution:
    return Attribution(
        run=paths.run,
        question=paths.question,
        path=path,
        quadrature=quadrature,
        values=tuple(estimate.values.cpu() for estimate in estimates),
        layers=tuple(
            _layer_sum(layer_in_stack(paths.run.model, layer), estimate, change)
            for layer, (estimate, change) in enumerate(zip(estimates, paths.changes, strict=True))
        ),
        probability=paths.probability,
        candidates=candidates,
        baseline="mean" if any(bool(values.any()) for values in paths.baseline) else "zero",
        source=paths.source,
    )


def _layer_sum(place: tuple[bool, int], estimate: Estimate, change: float) -> LayerSum:
    encoder, layer = place
    total = None if bool(estimate.values.isnan().any()) else float(estimate.values.sum())
    error = None if total is None else total - change
    return LayerSum(layer=layer, sum=total, change=change, error=error, nodes=estimate.nodes, encoder=encoder)


# The neuron path


def _by_neuron(paths: Paths, candidates: int | None) -> Attribution:
    chosen = _candidates(paths, candidates)
    order = [(layer, *index) for layer, indices in enumerate(chosen) for index in indices]
    _ = paths.changes  # few versions, and first: whatever is finished of the others then has them beside it
    start = 0.0 if candidates is None else torch.nan  # of all neurons, those at their baseline are worth nothing

    def result(found: Float[Tensor, "neuron"]) -> Attribution:
        values = [torch.full_like(base, start).cpu() for base in paths.baseline]
        for (layer, *index), value in zip(order, paths.probability - found, strict=True):
            values[layer][tuple(index)] = value
        size = sum(map(torch.Tensor.numel, values))
        asked = None if candidates is None else min(candidates, size)
        return _attribution(paths, "neuron", None, [Estimate(value, 0) for value in values], asked)

    if not order:
        return result(torch.zeros(0))
    try:
        found = paths.values_at([_gone(paths, layer, index) for layer, *index in order])
    except Interrupted as stop:
        if not bool(finished(stop.result).any()):
            raise KeyboardInterrupt from stop
        raise Interrupted(result(stop.result.double().cpu())) from stop
    return result(found)


def _gone(paths: Paths, layer: int, index: Sequence[int]) -> Edit:
    """One neuron at its baseline."""
    expert = index[0] if len(index) == 2 else None
    site = paths.site(layer, expert=expert, neuron=index[-1])
    value = paths.baseline[layer][tuple(index)]
    return set_to(site, value) if bool(value) else edits.zero(site)


def _candidates(paths: Paths, count: int | None) -> list[list[list[int]]]:
    """The neurons to remove, by layer: all that are not at their baseline, or the best of the layer path."""
    if count is None:
        return [(paths.way(layer) != 0).any(0).nonzero().tolist() for layer in paths.layers]
    nodes = _FILTER if any(block.mlp_norm is not None for block in paths.run.model.blocks) else None
    sizes = [estimate.values.abs() for estimate in gauss(paths, nodes, LayerPath().tolerance)]
    flat = torch.cat([size.flatten() for size in sizes])
    least = flat.topk(min(count, len(flat))).values[-1]
    ranked = [
        (float(size[tuple(i)]), layer, i)
        for layer, size in enumerate(sizes)
        for i in (size >= least).nonzero().tolist()
    ]
    best = sorted(ranked, key=lambda entry: -entry[0])[:count]
    return [[i for _, owner, i in best if owner == layer] for layer in paths.layers]
