"""Peak memory of the full ledger over a long prompt against the plain forward, each in fresh processes."""

from __future__ import annotations

import statistics

import shared
import timing

TOKENS = 1024
LIMIT = 1.5

PLAIN = """
import sys, timing, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
with torch.inference_mode():
    logits = model(torch.tensor([timing.prompt({tokens})]){how}).logits
"""
LOAD = """
import sys, timing, unembed
model = unembed.load(sys.argv[2], device="cpu", offline=True)
"""
_LEDGER = """
run = unembed.record(model, timing.prompt({tokens}), positions=[-1])
ledger = unembed.decompose(unembed.readout(run, 7042), by="source+neuron")
"""
PROCESSES = {
    "forward_all_logits": PLAIN.format(tokens=TOKENS, how=""),
    "forward_last_logits": PLAIN.format(tokens=TOKENS, how=", logits_to_keep=1"),
    "load_only": LOAD,
    "ledger": LOAD + _LEDGER.format(tokens=TOKENS),
}


def run(rounds: int) -> shared.Report:
    """The median of a few processes of each kind."""
    arguments = (str(shared.folder()), shared.MODEL)
    times = max(1, min(3, rounds))
    peaks = {name: [timing.peak_rss_of(code, *arguments) for _ in range(times)] for name, code in PROCESSES.items()}
    medians = {name: statistics.median(values) for name, values in peaks.items()}
    ratios = {base: medians["ledger"] / medians[base] for base in ("forward_all_logits", "forward_last_logits")}
    return {
        "tokens": TOKENS,
        "peak_mib": peaks,
        "medians_mib": medians,
        "ratios": ratios,
        "limits": [shared.limit(f"peak of the ledger / {base}", ratio, LIMIT) for base, ratio in ratios.items()],
    }
