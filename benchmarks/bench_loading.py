"""Loading from the cache against plain `from_pretrained`; and that the weights are in memory once."""

from __future__ import annotations

import statistics

import shared
import timing

LIMIT = 1.1
MEMORY_LIMIT = 1.1

PLAIN = """
import sys, timing
from transformers import AutoModelForCausalLM, AutoTokenizer
kept = AutoModelForCausalLM.from_pretrained(sys.argv[1]), AutoTokenizer.from_pretrained(sys.argv[1])
sum(float(p.sum()) for p in kept[0].parameters())
print(timing.rss_mib())
"""
OURS = """
import sys, timing, unembed
kept = unembed.load(sys.argv[2], device="cpu", offline=True)
sum(float(p.sum()) for p in kept.module.parameters())
print(timing.rss_mib())
"""


def resident(code: str, times: int = 3) -> list[float]:
    """Resident set after loading and after every weight was read once, in fresh processes."""
    arguments = (str(shared.folder()), shared.MODEL)
    return [float(timing.run_python(code, *arguments).split()[-1]) for _ in range(times)]


def seconds(rounds: int) -> tuple[timing.Samples, dict[str, float]]:
    """Loading in one process, where the libraries are imported and the files are in the page cache."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    import unembed

    logging.disable_progress_bar()
    folder = shared.folder()
    jobs = {
        "plain_before": lambda: (
            AutoModelForCausalLM.from_pretrained(folder),
            AutoTokenizer.from_pretrained(folder),
        ),
        "unembed": lambda: unembed.load(shared.MODEL, device="cpu", offline=True),
        "plain_after": lambda: (
            AutoModelForCausalLM.from_pretrained(folder),
            AutoTokenizer.from_pretrained(folder),
        ),
        "plain_model_only": lambda: AutoModelForCausalLM.from_pretrained(folder),
    }
    samples = timing.interleaved(jobs, rounds, warm_up=1)
    return samples, timing.ratios(samples, ("plain_before", "plain_after"))


def run(rounds: int) -> shared.Report:
    """Seconds and resident sets."""
    samples, ratios = seconds(min(rounds, 15))
    plain, ours = resident(PLAIN), resident(OURS)
    memory = statistics.median(ours) / statistics.median(plain)
    return {
        "medians": timing.medians(samples),
        "ratio": ratios["unembed"],
        "samples": samples,
        "resident_mib": {"plain": plain, "unembed": ours},
        "resident_ratio": memory,
        "limits": [
            shared.limit("loading / plain loading of model and tokenizer", ratios["unembed"], LIMIT),
            shared.limit("resident set after loading / plain", memory, MEMORY_LIMIT),
        ],
    }
