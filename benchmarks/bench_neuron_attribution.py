"""Exact attribution of every neuron, each removed by itself: minutes, so it runs only when it is asked for."""

from __future__ import annotations

import statistics

import counterfactual_jobs as jobs
import prompts
import shared
import timing

AROUND = 10
LIMIT = 2000


def run(rounds: int) -> shared.Report:
    """Once, whatever the rounds, between plain forwards."""
    forward = shared.forward_of(list(prompts.CLEAN))
    forward()
    samples = [timing.seconds(forward) for _ in range(AROUND)]
    found: list[jobs.Attribution] = []
    spent = timing.seconds(lambda: found.append(jobs.every_neuron()))
    samples += [timing.seconds(forward) for _ in range(AROUND)]
    made, base = found[0], statistics.median(samples)
    return {
        "forward": base,
        "seconds": spent,
        "forwards": spent / base,
        "neurons": sum(values.numel() for values in made.values),
        "top": [{"neuron": score.label, "value": score.value} for score in made.ranked(5)],
        "samples": {"forward": samples},
        "limits": [shared.limit("every neuron, exact, 16 tokens, forwards", spent / base, LIMIT)],
    }
