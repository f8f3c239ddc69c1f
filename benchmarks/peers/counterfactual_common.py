"""What the peers share that run interventions one by one: the fixed prompts, the sample that is timed, the report.

A whole sweep takes a peer hundreds of forwards, so a random sample is timed, between plain forwards, and scaled up.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

import common  # noqa: F401  (finds the shared modules and keeps the hub out)
import prompts
import timing
import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

STEPS = 20
CHUNK = 6
"""Units between two plain forwards."""
BATCH = 30
"""Runs that stand side by side in one batch, for peers that can."""

Unit = Any
Report = dict[str, Any]
Measure = Callable[["Job"], Report]


class Job:
    """The inputs that are the same for every peer, and the plain model to compare with."""

    def __init__(self, model: str, tokens: int, sample: int) -> None:
        self.folder = model
        self.sample = sample
        self.clean = torch.tensor([prompts.of(tokens)])
        self.corrupt = torch.tensor([prompts.CORRUPT])
        self.plain = AutoModelForCausalLM.from_pretrained(model).eval()
        config = self.plain.config
        self.layers: int = config.num_hidden_layers
        self.heads: int = config.num_attention_heads
        self.d_head: int = config.hidden_size // config.num_attention_heads

    def forward(self) -> torch.Tensor:
        """The plain forward: logits at every position of the clean prompt."""
        with torch.inference_mode():
            return self.plain(self.clean).logits

    def residual_cells(self) -> list[tuple[int, int]]:
        """Every (layer, position)."""
        return [(layer, position) for layer in range(self.layers) for position in range(self.clean.shape[1])]

    def head_cells(self) -> list[tuple[int, int]]:
        """Every (layer, head)."""
        return [(layer, head) for layer in range(self.layers) for head in range(self.heads)]

    def timed(
        self,
        units: Sequence[Unit],
        run: Callable[[Sequence[Unit]], Sequence[Any]],
        *,
        sample: int | None = None,
        chunk: int = CHUNK,
        prepare: Callable[[], object] = lambda: None,
    ) -> Report:
        """`run` on a sample of the units of a sweep, scaled to all of them; `prepare` is paid once and not scaled.

        `run` gets `chunk` units and returns the value, or the values, of each; plain forwards run in between.
        """
        chosen = random.Random(0).sample(list(units), min(sample or self.sample, len(units)))
        preparation = timing.seconds(prepare)
        run(chosen[:1])
        forwards, spent, values = [timing.seconds(self.forward) for _ in range(2)], 0.0, []
        for first in range(0, len(chosen), chunk):
            part = chosen[first : first + chunk]
            spent += timing.seconds(lambda part=part: values.extend(run(part)))
            forwards.append(timing.seconds(self.forward))
        forward = statistics.median(forwards)
        each = spent / len(chosen) / forward
        return {
            "units": len(units),
            "sampled": chosen,
            "forward": forward,
            "forwards_each": each,
            "preparation": preparation / forward,
            "forwards": each * len(units) + preparation / forward,
            "values": values,
        }


def logit_difference(logits: torch.Tensor) -> torch.Tensor:
    """Of the right and the wrong answer at the last position, from `row position vocab`: one number a row."""
    return logits[:, -1, prompts.RIGHT] - logits[:, -1, prompts.WRONG]


def right_probability(logits: torch.Tensor) -> torch.Tensor:
    """Of the right answer at the last position, from `row position vocab`: one number a row."""
    return logits[:, -1].float().softmax(-1)[:, prompts.RIGHT]


def steps_of(activation: torch.Tensor) -> torch.Tensor:
    """The points of the Riemann sum on the way from zero: `step neuron`."""
    return torch.arange(1, STEPS + 1)[:, None] / STEPS * activation


def main(peer: str, measures: dict[str, Measure]) -> int:
    """Run the measures of one peer and print one JSON object."""
    parser = argparse.ArgumentParser(description=f"Interventions with {peer}, in plain forwards.")
    parser.add_argument("--model", required=True, help="a Hugging Face folder")
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--sample", type=int, default=60, help="cells of a sweep that are timed")
    parser.add_argument("--threads", type=int, help="torch threads; one is steadier on a busy machine")
    parser.add_argument("--only", choices=sorted(measures), action="append")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    with contextlib.redirect_stdout(sys.stderr):
        job = Job(options.model, options.tokens, options.sample)
        job.forward()
        chosen = {name: measure for name, measure in measures.items() if name in (options.only or measures)}
        report: Report = {
            "peer": peer,
            "tokens": options.tokens,
            "environment": timing.environment(peer),
            **{name: measure(job) for name, measure in chosen.items()},
        }
    print(json.dumps(report))
    return 0
