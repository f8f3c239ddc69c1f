"""What exact interventions cost, in plain forwards of the same prompt, and whether they equal full re-runs."""

from __future__ import annotations

import random
from collections.abc import Callable

import counterfactual_jobs as jobs
import prompts
import rerun
import shared
import timing
import torch

from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import several
from unembed.runs.record import record

TOLERANCE = 1e-5
COMPLETENESS = 0.005
SAMPLED_CELLS = 40
COMPARED_LAYERS = (0, 12, 24)
SOME = f"{jobs.SAMPLED_NEURONS} neurons, exact"
RIEMANN = f"knowledge attribution, {jobs.STEPS} Riemann steps"

Task = tuple[Callable[[], object], float | None]
"""A job, and the most plain forwards that it may take."""


def tasks() -> dict[int, dict[str, Task]]:
    """The jobs for each length of the prompt."""
    short: dict[str, Task] = {}
    for what, measure in jobs.MEASURES.items():
        short[f"residual stream, {what}"] = lambda metric=what: jobs.patch_residual(metric), 9
        short[f"heads, {what}"] = lambda measure=measure: jobs.patch_heads(measure), 5
    short[RIEMANN] = lambda: jobs.riemann(16), 24
    short["knowledge attribution, own quadrature"] = jobs.gauss, 10
    short[SOME] = jobs.some_neurons, None
    return {16: short, 128: {RIEMANN: (lambda: jobs.riemann(128), 8)}}


def measured(tokens: int, named: dict[str, Task], rounds: int) -> shared.Report:
    """Every job between plain forwards of the prompt."""
    return timing.in_forwards(
        shared.forward_of(prompts.of(tokens)), {name: job for name, (job, _) in named.items()}, rounds
    )


def agreement() -> dict[str, shared.Report]:
    """The largest differences between the engine and full re-runs with hooks, on a sample of cells."""
    both = several(*jobs.MEASURES.values())
    cells, heads, neurons = (sample(x) for x in (jobs.residual_cells(), jobs.head_cells(), jobs.neuron_cells()))
    grids = torch.stack([jobs.patch_residual(metric) for metric in jobs.MEASURES], -1)
    clean = record(shared.model(), prompts.CLEAN, positions=[-1])
    swept = {
        "residual stream": (torch.stack([grids[cell] for cell in cells]), rerun.residual, cells),
        "heads": (counterfactuals(clean, jobs.zeroed_heads(heads), both), rerun.heads, heads),
        "neurons": (counterfactuals(clean, jobs.zeroed_neurons(neurons), both), rerun.neurons, neurons),
    }
    found: dict[str, shared.Report] = {}
    for name, (ours, oracle, chosen) in swept.items():
        same, exact = (oracle(dtype, chosen, both) for dtype in ("float32", "float64"))
        for i, what in enumerate(jobs.MEASURES):
            found[f"{name}, {what}"] = compared(ours[:, i], same[:, i], exact[:, i])
    attribution = jobs.riemann(16)
    for layer in COMPARED_LAYERS:
        same, exact = (rerun.riemann(dtype, layer, jobs.STEPS) for dtype in ("float32", "float64"))
        found[f"{RIEMANN}, layer {layer}"] = compared(attribution.values[layer], same, exact)
    return found


def sample(cells: list[jobs.Cell]) -> list[jobs.Cell]:
    """Some of the cells, at random."""
    return random.Random(0).sample(cells, min(SAMPLED_CELLS, len(cells)))


def compared(ours: torch.Tensor, same: torch.Tensor, exact: torch.Tensor) -> shared.Report:
    """How far the engine is from re-runs in its own precision and in float64, and how far these are from each other."""
    ours, same = ours.double(), same.double()
    return {
        "values": ours.numel(),
        "to_float32_reruns": float((ours - same).abs().max()),
        "to_float64_reruns": float((ours - exact).abs().max()),
        "float32_reruns_to_float64": float((same - exact).abs().max()),
        "largest_value": float(exact.abs().max()),
    }


def completeness() -> shared.Report:
    """How well the layer sums of the own quadrature hold, relative to P."""
    made = jobs.gauss()
    return {
        "probability": made.probability,
        "largest_error": max(abs(layer.error) for layer in made.layers) / made.probability,
        "nodes": sum(layer.nodes for layer in made.layers),
    }


def scaled(some: float) -> shared.Report:
    """What all neurons would take, from what some of them took."""
    model = shared.model()
    neurons = model.layers * model.module.config.intermediate_size
    return {"sampled": jobs.SAMPLED_NEURONS, "all": neurons, "forwards": some * neurons / jobs.SAMPLED_NEURONS}


def run(rounds: int) -> shared.Report:
    """All jobs, and their agreement with full re-runs."""
    planned = tasks()
    found = {tokens: measured(tokens, named, rounds) for tokens, named in planned.items()}
    neurons, agrees, complete = scaled(found[16]["forwards"][SOME]), agreement(), completeness()
    limits = [
        shared.limit(f"{name}, {tokens} tokens, forwards", found[tokens]["forwards"][name], most)
        for tokens, named in planned.items()
        for name, (_, most) in named.items()
        if most is not None
    ]
    limits += [
        shared.limit(f"all {neurons['all']} neurons, scaled from some, forwards", neurons["forwards"], 2000),
        shared.limit("own quadrature, completeness error / P", complete["largest_error"], COMPLETENESS),
    ]
    limits += [
        shared.limit(f"{name}, {what.replace('_', ' ')} / {TOLERANCE:g}", row[what] / TOLERANCE, 1)
        for name, row in agrees.items()
        for what in ("to_float32_reruns", "to_float64_reruns")
    ]
    return {"tokens": found, "neurons": neurons, "agreement": agrees, "completeness": complete, "limits": limits}
