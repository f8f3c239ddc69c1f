"""What exact interventions cost, in plain forwards of the same prompt, and whether they equal full re-runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import counterfactual_jobs as jobs
import prompts
import rerun
import shared
import timing
import torch
from unembed.counterfactual import counterfactuals
from unembed.measures import several

TOLERANCE = 1e-5
COMPLETENESS = 0.005
SAMPLED_CELLS = 40
COMPARED_LAYERS = (0, 12, 24)
EXPLAINED = timing.prompt(5)

Named = dict[str, Callable[[], object]]


def jobs_of_16_tokens() -> tuple[Named, dict[str, float]]:
    """Jobs, and the most forwards each may take."""
    named: Named = {}
    limits: dict[str, float] = {}
    for what, measure in jobs.MEASURES.items():
        named[f"residual stream, {what}"] = lambda measure=measure: jobs.patch_residual(measure)
        limits[f"residual stream, {what}"] = 9
        named[f"heads, {what}"] = lambda measure=measure: jobs.patch_heads(measure)
        limits[f"heads, {what}"] = 5
    named["knowledge attribution, 20 Riemann steps"] = lambda: jobs.riemann(16)
    limits["knowledge attribution, 20 Riemann steps"] = 24
    named["knowledge attribution, own quadrature"] = jobs.gauss
    limits["knowledge attribution, own quadrature"] = 10
    named[f"{jobs.SAMPLED_NEURONS} neurons, exact"] = jobs.some_neurons
    return named, limits


def explained() -> object:
    """`explain` with its tests."""
    import unembed

    asked = {"test": True} if "test" in inspect.signature(unembed.explain).parameters else {}
    return unembed.explain(shared.model(), EXPLAINED, prompts.RIGHT, **asked)


def measure(prompt: list[int], named: Named, rounds: int) -> shared.Report:
    """Every job between plain forwards of the prompt."""
    module, ids = shared.model().module, torch.tensor([prompt])

    def forward() -> torch.Tensor:
        with torch.inference_mode():
            return module(ids).logits

    return timing.in_forwards(forward, named, rounds)


def agreement() -> shared.Report:
    """The largest difference between the engine and full re-runs with hooks, on a sample of cells."""
    corrupt, clean = jobs.pair()
    both = several(*jobs.MEASURES.values())
    cells, heads, neurons = (sample(x) for x in (jobs.residual_cells(), jobs.head_cells(), jobs.neuron_cells()))
    swept = {
        "residual stream": (corrupt, jobs.residual_patches(corrupt, clean, cells), rerun.residual(cells, both)),
        "heads": (clean, jobs.zeroed_heads(heads), rerun.heads(heads, both)),
        "neurons": (clean, jobs.zeroed_neurons(neurons), rerun.neurons(neurons, both)),
    }
    found: shared.Report = {}
    for name, (run, edits, theirs) in swept.items():
        ours = counterfactuals(run, edits, both)
        for column, what in enumerate(jobs.MEASURES):
            found[f"{name}, {what}"] = compared(ours[:, column], theirs[:, column])
    attribution = jobs.riemann(16)
    ours = torch.stack([attribution.values[layer] for layer in COMPARED_LAYERS])
    theirs = torch.stack([rerun.riemann(layer, jobs.STEPS) for layer in COMPARED_LAYERS])
    found["knowledge attribution, 20 Riemann steps"] = compared(ours, theirs)
    return found


def sample(cells: list[jobs.Cell]) -> list[jobs.Cell]:
    """Some of the cells, spread evenly."""
    return cells[:: max(1, len(cells) // SAMPLED_CELLS)]


def compared(ours: torch.Tensor, theirs: torch.Tensor) -> shared.Report:
    """The largest difference, and the largest value."""
    ours, theirs = ours.double(), theirs.double()
    return {
        "values": ours.numel(),
        "largest_difference": float((ours - theirs).abs().max()),
        "largest_value": float(theirs.abs().max()),
    }


def completeness() -> shared.Report:
    """How well the layer sums of the own quadrature hold, relative to P."""
    made = jobs.gauss(None)
    return {
        "probability": made.probability,
        "largest_error": max(abs(layer.error) for layer in made.layers) / made.probability,
        "nodes": sum(layer.nodes for layer in made.layers),
    }


def run(rounds: int) -> shared.Report:
    """All jobs, and their agreement with full re-runs."""
    named, most = jobs_of_16_tokens()
    by_tokens = {
        "16": measure(list(prompts.CLEAN), named, rounds),
        "128": measure(
            jobs.prompt(128), {"knowledge attribution, 20 Riemann steps": lambda: jobs.riemann(128)}, rounds
        ),
        "5": measure(EXPLAINED, {"explain": explained}, rounds),
    }
    of = {tokens: report["forwards"] for tokens, report in by_tokens.items()}
    some = of["16"].pop(f"{jobs.SAMPLED_NEURONS} neurons, exact")
    model = shared.model()
    neurons = model.layers * model.module.config.intermediate_size
    scaled = some * neurons / jobs.SAMPLED_NEURONS
    agrees, complete = agreement(), completeness()
    limits = [
        *(shared.limit(f"{name}, 16 tokens, forwards", of["16"][name], limit) for name, limit in most.items()),
        *(shared.limit(f"{name}, 128 tokens, forwards", value, 8) for name, value in of["128"].items()),
        shared.limit(f"all {neurons} neurons, exact, scaled from {jobs.SAMPLED_NEURONS}, forwards", scaled, 2000),
        shared.limit("explain with its tests, 5 tokens, forwards", of["5"]["explain"], 6),
        shared.limit("own quadrature, completeness error / P", complete["largest_error"], COMPLETENESS),
        *(
            shared.limit(f"{name}, difference to full re-runs", found["largest_difference"], TOLERANCE)
            for name, found in agrees.items()
        ),
    ]
    return {
        "tokens": by_tokens,
        "sampled_neurons": {"count": jobs.SAMPLED_NEURONS, "forwards": some, "scaled_to_all": scaled},
        "agreement": agrees,
        "completeness": complete,
        "limits": limits,
    }
