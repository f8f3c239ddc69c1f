"""What the logit lens costs, in forwards: everywhere, and at one position."""

from __future__ import annotations

import shared
import timing
import torch

LENGTHS = (16, 128)


def measure(tokens: int, rounds: int) -> shared.Report:
    """All layers x all positions, and all layers at the last position, in units of one plain forward."""
    import unembed

    model = shared.model()
    prompt = timing.prompt(tokens)
    ids = torch.tensor([prompt])
    jobs = {
        "everywhere": lambda: unembed.lens(model, prompt),
        "last_position": lambda: unembed.lens(model, prompt, positions=[-1]),
    }
    with torch.inference_mode():
        report = timing.overhead(lambda: model.module(ids).logits, jobs, rounds, warm_up=1)
    return {**report, "forwards": {name: value + 1 for name, value in report["overhead"].items()}}


def run(rounds: int) -> shared.Report:
    """Both prompt lengths; no limit: the vocabulary matrix sets the price."""
    by_tokens = {str(tokens): measure(tokens, max(5, rounds // 3)) for tokens in LENGTHS}
    return {"tokens": by_tokens, "limits": []}
