"""What the full ledger of one logit costs beyond the one forward that it needs anyway."""

from __future__ import annotations

import shared
import timing
import torch

LENGTHS = (16, 128)
LIMIT = 0.15
BASES = ("all_logits", "last_logits")
"""What the peers pay, and the cheapest forward that gives the logits which are explained."""


def beyond(samples: timing.Samples, base: str) -> dict[str, float]:
    """(job - base) / base, where base ran before and after the ledger in each round."""
    found = timing.ratios(samples, (base, f"{base}_after"))
    return {name: found[name] - 1 for name in ("record", "ledger", "explain")}


def measure(tokens: int, rounds: int) -> shared.Report:
    """Record, read and decompose (all heads x sources, all neurons) against two plain forwards."""
    import unembed

    model = shared.model()
    prompt = timing.prompt(tokens)
    ids = torch.tensor([prompt])

    def record() -> unembed.Run:
        return unembed.record(model, prompt, positions=[-1])

    def ledger() -> unembed.Ledger:
        read = unembed.readout(record(), shared.TARGET, position=-1, reference="mean")
        return unembed.decompose(read, by="source+neuron")

    def all_logits() -> torch.Tensor:
        return model.module(ids).logits

    def last_logits() -> torch.Tensor:
        return model.module(ids, logits_to_keep=1).logits

    jobs = {
        "all_logits": all_logits,
        "last_logits": last_logits,
        "ledger": ledger,
        "last_logits_after": last_logits,
        "all_logits_after": all_logits,
        "record": record,
        "explain": lambda: unembed.explain(model, prompt, shared.TARGET),
    }
    with torch.inference_mode():
        samples = timing.interleaved(jobs, rounds)
    made = ledger()
    return {
        "medians": timing.medians(samples),
        "overhead": {base: beyond(samples, base) for base in BASES},
        "samples": samples,
        "value": made.value,
        "sum_error": made.error,
        "tolerance": made.tolerance,
        "terms": sum(1 for _ in made.terms()),
    }


def run(rounds: int) -> shared.Report:
    """Both prompt lengths."""
    by_tokens = {str(tokens): measure(tokens, rounds) for tokens in LENGTHS}
    limits = [
        shared.limit(f"ledger beyond a forward with {base}, {tokens} tokens", found["ledger"], LIMIT)
        for tokens, report in by_tokens.items()
        for base, found in report["overhead"].items()
    ]
    return {"tokens": by_tokens, "limits": limits}
