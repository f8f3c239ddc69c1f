"""What the full ledger of one logit costs beyond the one forward that it needs anyway."""

from __future__ import annotations

import shared
import timing
import torch

LENGTHS = (16, 128)
LIMIT = 0.15


def measure(tokens: int, rounds: int) -> shared.Report:
    """Record, read and decompose (all heads x sources, all neurons) against two plain forwards."""
    import unembed

    model = shared.model()
    prompt = timing.prompt(tokens)
    ids = torch.tensor([prompt])

    def record() -> unembed.Trace:
        return unembed.record(model, prompt, positions=[-1])

    def ledger() -> unembed.Ledger:
        read = unembed.readout(record(), shared.TARGET, position=-1, reference="mean")
        return unembed.decompose(read, by="source+neuron")

    jobs = {
        "record": record,
        "ledger": ledger,
        "explain": lambda: unembed.explain(model, prompt, shared.TARGET),
    }
    bases = {
        "all_logits": lambda: model.module(ids).logits,
        "last_logits": lambda: model.module(ids, logits_to_keep=1).logits,
    }
    with torch.inference_mode():
        against = {name: timing.overhead(base, jobs, rounds) for name, base in bases.items()}
    made = ledger()
    return {
        "against": against,
        "value": made.value,
        "sum_error": made.error,
        "tolerance": made.tolerance,
        "terms": sum(1 for _ in made.terms()),
    }


def run(rounds: int) -> shared.Report:
    """Both prompt lengths."""
    by_tokens = {str(tokens): measure(tokens, rounds) for tokens in LENGTHS}
    limits = [
        shared.limit(f"ledger beyond a forward with {base}, {tokens} tokens", part["overhead"]["ledger"], LIMIT)
        for tokens, report in by_tokens.items()
        for base, part in report["against"].items()
    ]
    return {"tokens": by_tokens, "limits": limits}
