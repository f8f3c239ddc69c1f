"""Timing on a noisy machine: rounds that interleave the jobs, medians, ratios of neighbours, peak memory.

Needs the standard library and torch, so that each peer's own environment can import it.
"""

from __future__ import annotations

import gc
import importlib.metadata
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Samples = dict[str, list[float]]

PROMPT_TOKENS = (504, 3575, 282, 4649, 314)
"""`The capital of France is` under the tokenizer of the embedded model; longer prompts repeat it."""


def prompt(tokens: int, vocabulary: int = 49152) -> list[int]:
    """A prompt of exactly `tokens` ids, the same in every environment, without asking any tokenizer."""
    return [PROMPT_TOKENS[i % len(PROMPT_TOKENS)] % vocabulary for i in range(tokens)]


def seconds(job: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Of one call: wall time, unless another clock is given."""
    start = clock()
    job()
    return clock() - start


def interleaved(
    jobs: dict[str, Callable[[], object]],
    rounds: int,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> Samples:
    """Run the jobs round-robin in the given order, so that a slow spell of the machine hits all of them."""
    for _ in range(warm_up):
        for job in jobs.values():
            job()
    samples: Samples = {name: [] for name in jobs}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, job in jobs.items():
                samples[name].append(seconds(job, clock))
            gc.collect()
    finally:
        gc.enable()
    return samples


def medians(samples: Samples) -> dict[str, float]:
    """The median of each job."""
    return {name: statistics.median(values) for name, values in samples.items()}


def ratios(samples: Samples, bases: Sequence[str]) -> dict[str, float]:
    """Median over the rounds of job / mean of the bases of the same round."""
    base = [statistics.fmean(values) for values in zip(*(samples[name] for name in bases), strict=True)]
    return {
        name: statistics.median(a / b for a, b in zip(values, base, strict=True))
        for name, values in samples.items()
        if name not in bases
    }


def overhead(base: Callable[[], object], jobs: dict[str, Callable[[], object]], rounds: int, warm_up: int = 2) -> dict:
    """Each job between two runs of `base`: medians, (job - base) / base, and the raw counts."""
    report: dict = {"rounds": rounds, "medians": {}, "overhead": {}, "samples": {}}
    for name, job in jobs.items():
        samples = interleaved({"before": base, name: job, "after": base}, rounds, warm_up)
        report["samples"][name] = samples
        report["medians"][name] = statistics.median(samples[name])
        report["medians"][f"{name}:base"] = statistics.median(samples["before"] + samples["after"])
        report["overhead"][name] = ratios(samples, ("before", "after"))[name] - 1
    return report


def in_forwards(
    forward: Callable[[], object], jobs: dict[str, Callable[[], object]], rounds: int, warm_up: int = 1
) -> dict:
    """Long jobs in units of a plain forward: all in turn, each between two forwards, in every round.

    `forwards` is the median of a job over the median of all forwards, `forwards_by_neighbours` the median over the
    rounds of a job over the two forwards around it. Where the two differ, the machine was not quiet.
    """
    around = {name: (f"{name}:before", f"{name}:after") for name in jobs}
    order: dict[str, Callable[[], object]] = {}
    for name, (before, after) in around.items():
        order |= {before: forward, name: jobs[name], after: forward}
    samples = interleaved(order, rounds, warm_up)
    base = statistics.median(value for pair in around.values() for side in pair for value in samples[side])
    return {
        "forward": base,
        "medians": {name: statistics.median(samples[name]) for name in jobs},
        "forwards": {name: statistics.median(samples[name]) / base for name in jobs},
        "forwards_by_neighbours": {
            name: ratios({side: samples[side] for side in (name, *pair)}, pair)[name] for name, pair in around.items()
        },
        "samples": samples,
    }


def peak_rss_mib() -> float:
    """The largest resident set of this process so far.

    Linux carries `ru_maxrss` of the parent over a fork and exec, so the high-water mark of this program's own
    address space is taken where the system tells it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def rss_mib() -> float:
    """The resident set of this process now (Linux), or the peak elsewhere."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_rss_mib()
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2


def run_python(code: str, *arguments: str, python: str = sys.executable) -> str:
    """What a fresh process prints; `timing` can be imported there, and what this process finds by PYTHONPATH.

    Raises with its last words if it fails.
    """
    found = [str(Path(__file__).resolve().parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(found), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def peak_rss_of(code: str, *arguments: str) -> float:
    """Peak resident set, in MiB, of a fresh process that runs `code`."""
    printed = run_python(code + "\nimport timing\nprint(timing.peak_rss_mib())\n", *arguments)
    return float(printed.split()[-1])


def cpu_model() -> str:
    """The processor, as the system names it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def version(package: str) -> str | None:
    """Version of an installed distribution."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def environment(*packages: str) -> dict[str, object]:
    """The machine and the versions, without names of hosts or folders."""
    import torch

    names = ("torch", "transformers", *packages)
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names if version(name)},
    }
