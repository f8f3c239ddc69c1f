"""One circuit of heads of the real model: what it keeps is a matter of what the other heads are set to."""

import pytest

import unembed
from unembed.methods.edges.tasks import task_prompts

HEADS = [
    "L23.H3",
    "L20.H0",
    "L17.H4",
    "L29.H1",
    "L29.H0",
    "L24.H4",
    "L16.H0",
    "L19.H2",
    "L23.H1",
    "L24.H5",
    "L24.H7",
    "L8.H0",
    "L15.H7",
    "L18.H0",
    "L11.H4",
    "L21.H5",
    "L23.H4",
    "L18.H2",
    "L21.H8",
    "L16.H1",
    "L15.H6",
    "L23.H5",
    "L8.H1",
    "L18.H1",
    "L11.H6",
    "L10.H6",
    "L23.H8",
    "L3.H4",
    "L28.H0",
]
"""The 29 heads whose mean by position moved the difference most, over 15 prompts of seed 0."""
WITHIN = {"mean-position": (0.5, 0.9), "resample": (0.4, 0.9), "mean": (-0.2, 0.2), "zero": (-0.2, 0.2)}
"""Of what is kept. Intervals over prompts are a quarter wide."""


@pytest.mark.real
@pytest.mark.slow
def test_what_a_circuit_keeps_follows_from_what_the_others_are_set_to(real_model) -> None:
    rows = [pair.row for pair in task_prompts(real_model, "ioi", 40, seed=1)]
    among = unembed.prompt_set(real_model, rows)
    kept = {how: unembed.keep_heads(among, HEADS, how=how) for how in WITHIN}  # type: ignore[arg-type]
    print({how: (f"{found.share:.3f}", found.interval) for how, found in kept.items()})
    for how, (low, high) in WITHIN.items():
        assert low < kept[how].share < high, how
