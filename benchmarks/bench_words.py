"""What exact effects of words cost, in plain forwards of the same prompt; captum and inseq beside them where installed.

captum's FeatureAblation takes each token away by a baseline token, ShapleyValueSampling by random orders: both run the
whole prompt for each. inseq's occlusion does the same for each token of the answer.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import shared
import timing
import torch

LENGTHS = (16, 128)
PLAYERS = 8
"""Units of the exact Shapley values, beside the one that asks."""
BASELINE = 28
"""The token (a space) that captum puts in the place of another."""


def own(prompt: list[int]) -> dict[str, Callable[[], object]]:
    """Every token of the prompt, deleted and masked; a base run and the comparison of the first token included."""
    import unembed

    model = shared.model()
    return {how: lambda how=how: unembed.words(model, prompt, by="token", how=how) for how in ("delete", "mask")}


def captum(prompt: list[int]) -> dict[str, Callable[[], object]]:
    """As many tokens by captum, a run a token; Shapley values of one random order (its default is 25)."""
    if importlib.util.find_spec("captum") is None:
        return {}
    from captum.attr import FeatureAblation, ShapleyValueSampling

    module, ids = shared.model().module, torch.tensor([prompt])

    def score(given: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return module(given, logits_to_keep=1).logits[:, -1].log_softmax(-1).max(-1).values

    ablation, shapley = FeatureAblation(score), ShapleyValueSampling(score)
    return {
        "captum FeatureAblation": lambda: ablation.attribute(ids, baselines=BASELINE),
        "captum ShapleyValueSampling, 1 order": lambda: shapley.attribute(ids, baselines=BASELINE, n_samples=1),
    }


def inseq(prompt: list[int]) -> dict[str, Callable[[], object]]:
    """inseq's occlusion of the same prompt, of one answer token."""
    if importlib.util.find_spec("inseq") is None:
        return {}
    import inseq as package

    model = shared.model()
    loaded = package.load_model(model.module, "occlusion", tokenizer=model.tokenizer)
    text = model.tokenizer.decode(prompt)  # type: ignore[union-attr]  # the embedded model has one

    def occlude() -> object:
        return loaded.attribute(text, text + " Paris", show_progress=False)

    return {"inseq occlusion": occlude}


def shapley() -> dict[str, Callable[[], object]]:
    """All 256 choices of eight tokens, with the ninth asking."""
    import unembed

    model, prompt = shared.model(), timing.prompt(PLAYERS + 1)
    return {"shapley": lambda: unembed.words(model, prompt, by="token", shapley=True)}


def run(rounds: int) -> shared.Report:
    """Both lengths, and exact Shapley values."""
    report: shared.Report = {"tokens": {}, "limits": []}
    few = max(3, rounds // 5)
    for length in LENGTHS:
        prompt = timing.prompt(length)
        peers = {**captum(prompt), **inseq(prompt)} if length == min(LENGTHS) else {}
        found = timing.in_forwards(shared.forward_of(prompt), {**own(prompt), **peers}, few)
        report["tokens"][str(length)] = found
        for how in ("delete", "mask"):
            cost = found["forwards"][how]
            report["limits"].append(shared.limit(f"{how} all {length} tokens, in forwards", cost, 0.5 * length + 2))
    found = timing.in_forwards(shared.forward_of(timing.prompt(PLAYERS + 1)), shapley(), few)
    report["shapley"] = found
    cost = found["forwards"]["shapley"]
    report["limits"].append(
        shared.limit(f"exact Shapley values of {PLAYERS} tokens, in forwards", cost, 0.35 * 2**PLAYERS)
    )
    return report
