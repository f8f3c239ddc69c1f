"""The peers on the same interventions, each in its own environment: how many times dearer, and the same numbers?

A peer times a sample of each sweep, between plain forwards of its own process, and scales it up; the library runs whole
sweeps. Both are in units of their own process's plain forward.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import bench_peers
import counterfactual_jobs as jobs
import prompts
import shared
import timing
import torch

SAMPLE = 60
LONG = 128
AT_LEAST = {"residual": 50, "heads": 55, "knowledge": 16, f"knowledge, {LONG} tokens": 100}
"""How many times cheaper the library must be than any of `LIMITED`."""
LIMITED = {
    "transformer_lens": ("get_act_patch_resid_pre", "generic_activation_patch", "run_with_hooks"),
    "nnsight": ("one_trace_a_cell", "trace"),
    "captum": ("LayerFeatureAblation", "IntegratedGradients"),
    "hooks_by_hand": (f"steps_in_a_batch, {LONG} tokens",),
}
"""Each peer's usual way. Ways that put many runs into one batch are measured too, and have no limit."""


def ours(rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Forwards of the library's jobs, and all their numbers: by (layer, position or head), or by layer."""
    model = shared.model()
    named = {
        "residual": lambda: jobs.patch_residual("logit-difference"),
        "heads": lambda: jobs.patch_heads(jobs.MEASURES["logit-difference"]).view(model.layers, -1),
        "knowledge": lambda: torch.stack(jobs.riemann(16).values),
    }
    long = {f"knowledge, {LONG} tokens": lambda: torch.stack(jobs.riemann(LONG).values)}
    forwards = timing.in_forwards(shared.forward_of(list(prompts.CLEAN)), named, rounds)["forwards"]
    forwards |= timing.in_forwards(shared.forward_of(prompts.of(LONG)), long, rounds)["forwards"]
    return forwards, {name: job() for name, job in (named | long).items()}


def measured(rounds: int) -> dict[str, shared.Report]:
    """What every peer's script prints, or why it did not."""
    setup = shared.load_script(bench_peers.PEERS / "setup.py")
    threads = ["--threads", str(torch.get_num_threads())]
    arguments = [*threads, "--sample", str(min(SAMPLE, 4 * rounds))]
    found: dict[str, shared.Report] = {}
    for name in LIMITED:
        script = f"counterfactual_{name}.py"
        if name not in setup.PEERS:
            long = [*threads, "--tokens", str(LONG), "--only", "knowledge"]
            found[name] = bench_peers.measure(name, sys.executable, script, arguments)
            found[name] |= long_rows(bench_peers.measure(name, sys.executable, script, long))
        elif reason := bench_peers.prepared(setup, name):
            found[name] = {"peer": name, "error": reason}
        else:
            found[name] = bench_peers.measure(name, str(setup.interpreter(name)), script, arguments)
    return found


def long_rows(report: shared.Report) -> shared.Report:
    """The rows of a run on the long prompt, named after it."""
    if "error" in report:
        return {"error": report["error"]}
    return {f"knowledge, {LONG} tokens": {f"{way}, {LONG} tokens": row for way, row in report["knowledge"].items()}}


def difference(units: Sequence[Any], values: Sequence[Any], mine: torch.Tensor) -> float:
    """The largest difference between a peer's numbers and the library's, over the peer's sample."""
    theirs = torch.tensor(values, dtype=torch.float64)
    own = torch.stack([mine[tuple(unit) if isinstance(unit, list) else unit] for unit in units])
    return float((theirs - own.double()).abs().max())


def compare(report: shared.Report, forwards: dict[str, float], numbers: dict[str, torch.Tensor]) -> None:
    """Put the ratio and the agreement into a peer's report, in place of its numbers."""
    for job in AT_LEAST:
        for row in report.get(job, {}).values():
            row["times_ours"] = row["forwards"] / forwards[job]
            row["largest_difference"] = difference(row["sampled"], row.pop("values"), numbers[job])


def run(rounds: int) -> shared.Report:
    """Every peer; three rounds of the library's own jobs."""
    forwards, numbers = ours(min(3, rounds))
    peers = measured(rounds)
    limits = []
    for name, report in peers.items():
        compare(report, forwards, numbers)
        for job, least in AT_LEAST.items():
            for way, row in report.get(job, {}).items():
                if way in LIMITED[name]:
                    limits.append(shared.limit(f"{job}: unembed / {name} {way}", 1 / row["times_ours"], 1 / least))
    return {"unembed": forwards, "peers": peers, "limits": limits}
