"""What a study saves: prompts of 8 to 32 tokens by `study`, and one after the other by `explain`, without tests.

CPU time of the process, so that what else runs on the machine counts for neither.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time

import shared
import timing

ROWS, SHORTEST, LONGEST = 1000, 8, 32
EVERY = 25
"""Of the loop, one prompt in so many is timed."""
RATIO = 4.0
MANY = 10_000
"""Prompts over which memory must stay flat."""


def prompts(count: int) -> list[dict]:
    """Prompts of every length, in no order."""
    chance = random.Random(0)
    return [{"prompt": timing.prompt(chance.randint(SHORTEST, LONGEST)), "place": i} for i in range(count)]


def ask(rows: list[dict]) -> None:
    """A whole study, in a folder of its own."""
    import unembed

    with tempfile.TemporaryDirectory() as folder:
        unembed.study(shared.model(), rows, out=f"{folder}/study", test=False)


def loop(rows: list[dict]) -> None:
    """What one writes without it."""
    import unembed

    for row in rows:
        unembed.explain(shared.model(), row["prompt"], by="head", test=False)


def peak() -> int:
    """Of this process, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(rounds: int, rows: int = ROWS, many: int = MANY) -> shared.Report:
    """The ratio, and how far the peak grows from a tenth of many prompts to all of them."""
    given = prompts(rows)
    some = given[::EVERY]
    loop(some[:2])
    ask(given[:8])
    alone = timing.seconds(lambda: loop(some), time.process_time) / len(some)
    together = timing.seconds(lambda: ask(given), time.process_time) / len(given)
    report = {"rows": rows, "seconds_a_prompt": {"explain": alone, "study": together}, "ratio": alone / together}
    limits = [shared.limit("a study against a loop over explain, times as fast: at least 4", -report["ratio"], -RATIO)]
    if many:
        ask(prompts(many // 10))
        before = peak()
        ask(prompts(many))
        report["peak_growth"] = peak() / before
        limits.append(shared.limit("peak memory of 10,000 prompts against 1,000", report["peak_growth"], 1.1))
    return {**report, "limits": limits}
