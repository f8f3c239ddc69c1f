"""What a graph of 60 nodes costs, in plain forwards of the same prompt: alone, and with the removals of its nodes."""

from __future__ import annotations

from collections.abc import Callable

import shared
import timing

LENGTHS = (16, 128)
NODES = 60
LIMITS = {"graph": 12.0, "tested": 30.0}


def jobs(prompt: list[int]) -> dict[str, Callable[[], object]]:
    """The graph alone, and with each node removed; the run that it is made of included."""
    import unembed

    model = shared.model()
    return {
        "graph": lambda: unembed.graph(model, prompt, nodes=NODES),
        "tested": lambda: unembed.graph(model, prompt, nodes=NODES).tested(),
    }


def run(rounds: int) -> shared.Report:
    """Both lengths."""
    report: shared.Report = {"tokens": {}, "limits": []}
    for length in LENGTHS:
        prompt = timing.prompt(length)
        found = timing.in_forwards(shared.forward_of(prompt), jobs(prompt), max(3, rounds // 5))
        report["tokens"][str(length)] = found
        for name, most in LIMITS.items():
            what = f"{name}: {NODES} nodes of {length} tokens, in forwards"
            report["limits"].append(shared.limit(what, found["forwards"][name], most))
    return report
