"""Peak memory of interventions under a budget against the plain forward, each in a fresh process."""

from __future__ import annotations

import statistics

import prompts
import shared
import timing

MIB = 2**20
BUDGETS = (256, 1024)
SHARE = 1.3
"""The peak may be this many times that of the plain forward, plus the budget."""

_FORWARD = """
import sys, timing, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
with torch.inference_mode():
    logits = model(torch.tensor([{ids}])).logits
"""
_JOB = """
import counterfactual_jobs as jobs, shared, timing, torch
with torch.inference_mode():
    shared.model().module(torch.tensor([{ids}]))
before = timing.peak_rss_mib()
jobs.{call}
print(before)
"""
JOBS = {
    "residual stream, 16 tokens": (16, "patch_residual('probability', memory={memory})"),
    "heads, 16 tokens": (16, "patch_heads(jobs.MEASURES['probability'], memory={memory})"),
    "2000 neurons, 16 tokens": (16, "some_neurons(memory={memory})"),
    "knowledge attribution, 16 tokens": (16, "riemann(16, memory={memory})"),
    "own quadrature, 16 tokens": (16, "gauss(memory={memory})"),
    "knowledge attribution, 128 tokens": (128, "riemann(128, memory={memory})"),
    "residual stream, 40 last of 128 tokens": (128, "patch_end(40, memory={memory})"),
}


def peak_of_forward(tokens: int, times: int) -> float:
    """MiB of processes that run the plain forward and nothing else: their median."""
    code = _FORWARD.format(ids=prompts.of(tokens))
    return statistics.median(timing.peak_rss_of(code, str(shared.folder())) for _ in range(times))


def peak_of_job(tokens: int, call: str, budget: int) -> tuple[float, float]:
    """MiB at the peak of a process that runs a job, and at the peak of the plain forward that it ran before."""
    code = _JOB.format(ids=prompts.of(tokens), call=call.format(memory=budget * MIB))
    printed = timing.run_python(code + "print(timing.peak_rss_mib())\n").split()
    return float(printed[-1]), float(printed[-2])


def run(rounds: int) -> shared.Report:
    """Every job under every budget; a few processes of the forward, one of each job."""
    times = max(1, min(3, rounds))
    plain = {tokens: peak_of_forward(tokens, times) for tokens in sorted({tokens for tokens, _ in JOBS.values()})}
    measured: shared.Report = {}
    limits = []
    for name, (tokens, call) in JOBS.items():
        for budget in BUDGETS:
            peak, before = peak_of_job(tokens, call, budget)
            most = SHARE * plain[tokens] + budget
            label = f"{name}, budget {budget} MiB"
            measured[label] = {"peak_mib": peak, "before_mib": before, "grown_mib": peak - before, "most_mib": most}
            limits.append(shared.limit(f"{label}: peak / (1.3 x forward + budget)", peak / most, 1.0))
    return {"forward_mib": plain, "budgets_mib": BUDGETS, "jobs": measured, "limits": limits}
