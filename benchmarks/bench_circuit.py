"""What circuits of edges cost, in plain forwards of the same prompt: both runs, scores, ten circuits together."""

from __future__ import annotations

from collections.abc import Callable

import shared
import timing
import torch

TOKENS = 16
OTHER = 28
"""The token (a space) that the corrupted prompt has in the place of the third."""
LIMITS = {"EAP": 5, "EAP-IG, 5 steps": 13, "ten sizes": 25}
"""In forwards, with the two runs of the pair."""


def jobs(prompt: list[int]) -> dict[str, Callable[[], object]]:
    """Each from the prompts on."""
    from unembed.methods.edges.find import SIZES, best
    from unembed.methods.edges.flow import flow, pair_of
    from unembed.methods.edges.scores import edge_scores

    model, corrupt = shared.model(), (*prompt[:2], OTHER, *prompt[3:])

    def pair() -> object:
        return pair_of(model, tuple(prompt), corrupt)

    known = pair_of(model, tuple(prompt), corrupt)
    scores = edge_scores(known, (1, 2), "eap")
    circuits = torch.stack([best(known.graph, scores, size) for size in SIZES])

    def evaluate() -> object:
        with torch.no_grad():
            return flow(pair_of(model, tuple(prompt), corrupt), circuits)

    return {
        "pair": pair,
        "EAP": lambda: edge_scores(pair_of(model, tuple(prompt), corrupt), (1, 2), "eap"),
        "EAP-IG, 5 steps": lambda: edge_scores(pair_of(model, tuple(prompt), corrupt), (1, 2), "eap-ig"),
        "ten sizes": evaluate,
    }


def run(rounds: int) -> shared.Report:
    """One pair of prompts."""
    prompt = timing.prompt(TOKENS)
    found = timing.in_forwards(shared.forward_of(prompt), jobs(prompt), max(3, rounds // 5))
    limits = [shared.limit(f"{name}, in forwards", found["forwards"][name], most) for name, most in LIMITS.items()]
    return {"circuit": found, "limits": limits}
