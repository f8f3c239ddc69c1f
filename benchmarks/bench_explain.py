"""What `explain` costs, in plain forwards of the same prompt: until its ledger shows, and with all that it zeroes."""

from __future__ import annotations

import contextlib

import prompts
import shared
import timing

import unembed

LIMITS = {16: 20, 128: 8}
"""Plain forwards that `explain` may take with its tests, by the length of the prompt."""


class _ShownError(Exception):
    """Leaves `explain` once what comes before the tests is shown."""


def whole(tokens: int) -> object:
    """As it is, with every head, the sample of neurons and the nudged runs."""
    return unembed.explain(shared.model(), prompts.of(tokens), prompts.RIGHT)


def versus(tokens: int) -> object:
    """The same of a difference."""
    return unembed.explain(shared.model(), prompts.of(tokens), prompts.RIGHT, versus=prompts.WRONG)


def opening(tokens: int) -> None:
    """Until the prediction and its ledger are shown."""

    def show(_: object) -> None:
        raise _ShownError

    with contextlib.suppress(_ShownError):
        unembed.explain(shared.model(), prompts.of(tokens), prompts.RIGHT, first=show)


def run(rounds: int) -> shared.Report:
    """All of it for each length, between plain forwards of the prompt."""
    found = {}
    for tokens in LIMITS:
        jobs = {
            "with its tests": lambda tokens=tokens: whole(tokens),
            "with its tests, of a difference": lambda tokens=tokens: versus(tokens),
            "until the ledger is shown": lambda tokens=tokens: opening(tokens),
        }
        found[tokens] = timing.in_forwards(shared.forward_of(prompts.of(tokens)), jobs, rounds)
    limits = [
        shared.limit(f"explain {name}, {tokens} tokens, forwards", found[tokens]["forwards"][name], most)
        for tokens, most in LIMITS.items()
        for name in ("with its tests", "with its tests, of a difference")
    ]
    return {"tokens": found, "limits": limits}
