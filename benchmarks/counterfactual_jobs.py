"""The jobs of the counterfactual engine that are measured, from the prompt to the numbers, base runs included.

Every job takes a memory budget in bytes (None: the library's own choice) and returns all the numbers it found.
"""

from __future__ import annotations

import prompts
import shared
import torch

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import TokenMeasure, logit, probability
from unembed.methods.knowledge.attribution import Attribution, LayerPath, attribute
from unembed.methods.patch import Metric, patch
from unembed.models.sites import Site
from unembed.runs.record import record

Cell = tuple[int, int]

MEASURES: dict[Metric, TokenMeasure] = {
    "logit-difference": logit(prompts.RIGHT, versus=prompts.WRONG),
    "probability": probability([prompts.RIGHT]),
}
STEPS = 20
SAMPLED_NEURONS = 2000
LAST = len(prompts.CLEAN) - 1


def residual_cells() -> list[Cell]:
    """(layer, position) where the stream can differ; before the first token that differs, a patch changes nothing."""
    positions = range(len(prompts.SHARED), len(prompts.CLEAN))
    return [(layer, position) for layer in range(shared.model().layers) for position in positions]


def patch_residual(metric: Metric, memory: int | None = None) -> torch.Tensor:
    """The residual stream at every layer and position, the clean one in the corrupted run: `layer position`."""
    versus = prompts.WRONG if metric == "logit-difference" else None
    made = patch(
        shared.model(),
        prompts.CLEAN,
        prompts.CORRUPT,
        prompts.RIGHT,
        versus,
        site="resid_pre",
        metric=metric,
        memory=memory,
    )
    return made.values["denoise"].view(shared.model().layers, -1)


def patch_end(count: int, memory: int | None = None) -> torch.Tensor:
    """The stream at every layer over prompts of 128 tokens that differ in the last `count`: many long rows."""
    clean = prompts.of(128)
    corrupt = [*clean[:-count], *reversed(clean[-count:])]
    made = patch(shared.model(), clean, corrupt, prompts.RIGHT, site="resid_pre", metric="probability", memory=memory)
    return made.values["denoise"]


def head_cells() -> list[Cell]:
    """(layer, head) of every head."""
    model = shared.model()
    return [(layer, head) for layer in range(model.layers) for head in range(model.heads)]


def zeroed_heads(cells: list[Cell]) -> list[edits.Edit]:
    """A head's mix of values at the last position becomes 0."""
    return [edits.zero(Site(kind="z", layer=layer, head=head, positions=(LAST,))) for layer, head in cells]


def patch_heads(measure: TokenMeasure, memory: int | None = None) -> torch.Tensor:
    """Every head at the last position."""
    run = record(shared.model(), prompts.CLEAN, positions=[-1])
    return counterfactuals(run, zeroed_heads(head_cells()), measure, memory=memory)


def riemann(tokens: int, memory: int | None = None) -> Attribution:
    """Knowledge attribution of every neuron of every layer along the layer path, as the paper's authors compute it."""
    path = LayerPath("riemann", STEPS)
    return attribute(shared.model(), prompts.of(tokens), prompts.RIGHT, path=path, memory=memory)


def gauss(memory: int | None = None) -> Attribution:
    """The same with the quadrature that refines itself until completeness holds."""
    return attribute(shared.model(), prompts.CLEAN, prompts.RIGHT, path="layer", memory=memory)


def every_neuron(memory: int | None = None) -> Attribution:
    """Exact: every neuron removed by itself."""
    return attribute(shared.model(), prompts.CLEAN, prompts.RIGHT, path="neuron", memory=memory)


def neuron_cells(count: int = SAMPLED_NEURONS) -> list[Cell]:
    """(layer, neuron) of neurons spread evenly over all."""
    model = shared.model()
    width = model.module.config.intermediate_size
    total = model.layers * width
    return [divmod(i * total // count, width) for i in range(count)]


def zeroed_neurons(cells: list[Cell]) -> list[edits.Edit]:
    """An activation at the last position becomes 0."""
    return [edits.zero(Site(kind="neuron", layer=layer, neuron=neuron, positions=(LAST,))) for layer, neuron in cells]


def some_neurons(memory: int | None = None) -> torch.Tensor:
    """`SAMPLED_NEURONS` neurons, each removed by itself."""
    run = record(shared.model(), prompts.CLEAN, positions=[-1])
    return counterfactuals(run, zeroed_neurons(neuron_cells()), MEASURES["probability"], memory=memory)
