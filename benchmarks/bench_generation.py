"""Generation with recording against plain greedy generation."""

from __future__ import annotations

import shared
import timing
import torch

TOKENS = 16
LIMIT = 1.05


def run(rounds: int) -> shared.Report:
    """`TOKENS` tokens from a prompt of 16: recorded; and recorded and explained, token by token."""
    import unembed

    model = shared.model()
    prompt = timing.prompt(16)
    ids = torch.tensor([prompt])

    def plain() -> torch.Tensor:
        return model.module.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=TOKENS,
            min_new_tokens=TOKENS,
            do_sample=False,
            pad_token_id=0,
        )

    def recorded() -> list[unembed.Step]:
        return list(unembed.generate(model, prompt, tokens=TOKENS))

    def explained() -> list[object]:
        return [(step.first_led, step.top_term) for step in unembed.generate(model, prompt, tokens=TOKENS)]

    emitted = [step.token for step in recorded()]
    if len(emitted) != TOKENS:
        raise RuntimeError(f"expected {TOKENS} tokens to compare, found {len(emitted)}")
    with torch.inference_mode():
        same = plain()[0, len(prompt) :].tolist() == emitted
        report = timing.overhead(plain, {"recorded": recorded, "explained": explained}, max(5, rounds // 3))
    ratio = {name: value + 1 for name, value in report["overhead"].items()}
    return {
        **report,
        "ratio": ratio,
        "same_tokens": same,
        "limits": [shared.limit("generation with recording / plain generation", ratio["recorded"], LIMIT)],
    }
