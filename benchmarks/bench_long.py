"""What a long prompt costs: the ledger of one target in plain forwards, and peak memory, with the tests as well.

CPU seconds of this process, not wall time: a job takes a minute, and other processes of a shared machine come and go.
"""

from __future__ import annotations

import statistics
import time

import bench_memory
import shared
import timing
import torch

ROUNDS = {2048: 5, 8192: 3}
"""At most, by the length of the prompt."""
BEYOND, PEAK, PEAK_OF_TESTS = 0.15, 1.15, 1.5

_EXPLAIN = bench_memory.LOAD + "unembed.explain(model, timing.prompt({tokens}), 7042, test={test})\n"


def measure(tokens: int, rounds: int) -> shared.Report:
    """An explanation without tests between two plain forwards that give the last logits."""
    import unembed

    model, prompt = shared.model(), timing.prompt(tokens)
    ids = torch.tensor([prompt])

    def forward() -> torch.Tensor:
        return model.module(ids, logits_to_keep=1).logits

    jobs = {
        "before": forward,
        "explain": lambda: unembed.explain(model, prompt, shared.TARGET, test=False),
        "after": forward,
    }
    with torch.inference_mode():
        samples = timing.interleaved(jobs, rounds, warm_up=0, clock=time.process_time)
    return {
        "medians": timing.medians(samples),
        "beyond": timing.ratios(samples, ("before", "after"))["explain"] - 1,
        "samples": samples,
    }


def peaks(tokens: int, times: int) -> shared.Report:
    """Peak memory, each job in processes of its own."""
    arguments = (str(shared.folder()), shared.MODEL)
    processes = {
        "forward": bench_memory.PLAIN.format(tokens=tokens, how=", logits_to_keep=1"),
        "explain": _EXPLAIN.format(tokens=tokens, test=False),
        "explain with its tests": _EXPLAIN.format(tokens=tokens, test=True),
    }
    found = {name: [timing.peak_rss_of(code, *arguments) for _ in range(times)] for name, code in processes.items()}
    medians = {name: statistics.median(values) for name, values in found.items()}
    return {"peak_mib": found, "medians_mib": medians}


def run(rounds: int) -> shared.Report:
    """Both lengths."""
    found, limits = {}, []
    for tokens, most in ROUNDS.items():
        times = max(1, min(rounds, most))
        report = found[tokens] = measure(tokens, times) | peaks(tokens, min(times, 2))
        medians = report["medians_mib"]
        limits.append(
            shared.limit(f"explain without tests beyond a forward, {tokens} tokens", report["beyond"], BEYOND)
        )
        for name, at_most in (("explain", PEAK), ("explain with its tests", PEAK_OF_TESTS)):
            ratio = medians[name] / medians["forward"]
            limits.append(shared.limit(f"peak of {name} / forward, {tokens} tokens", ratio, at_most))
    return {"tokens": found, "limits": limits}
