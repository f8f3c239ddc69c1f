"""What every peer script shares: arguments, the plain model, the job's fixed inputs, the printed report."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import timing
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

TARGET = 7042
"""` Paris` under the tokenizer of the embedded model: the token whose logit is attributed."""
GENERATED = 16

Report = dict[str, Any]
Measure = Callable[["Job"], Report]


class Job:
    """The inputs that are the same for every peer, and the plain model to compare with."""

    def __init__(self, model: str, tokens: int, rounds: int) -> None:
        self.folder = model
        self.rounds = rounds
        self.ids = torch.tensor([timing.prompt(tokens)])
        self.plain = AutoModelForCausalLM.from_pretrained(model).eval()

    def forward(self) -> torch.Tensor:
        """The plain forward that peers pay: logits at every position."""
        return self.plain(self.ids).logits

    def generate(self) -> torch.Tensor:
        """Plain greedy generation of `GENERATED` tokens, with the key-value cache."""
        return self.plain.generate(
            self.ids,
            attention_mask=torch.ones_like(self.ids),
            max_new_tokens=GENERATED,
            min_new_tokens=GENERATED,
            do_sample=False,
            pad_token_id=0,
        )

    def load_model(self) -> object:
        """Plain loading of the weights."""
        return AutoModelForCausalLM.from_pretrained(self.folder)

    def load_both(self) -> object:
        """Plain loading of the weights and the tokenizer, which is what the peers load."""
        return self.load_model(), AutoTokenizer.from_pretrained(self.folder)

    def attribution(self, jobs: dict[str, Callable[[], torch.Tensor]]) -> Report:
        """(attribution - forward) / forward of each way; each returns the sum of all its terms."""
        with torch.inference_mode():
            logit = self.forward()[0, -1, TARGET].item()
            report = timing.overhead(self.forward, jobs, self.rounds)
            sums = {name: job().item() for name, job in jobs.items()}
        report["logit"] = logit
        report["sum_error"] = {name: total - logit for name, total in sums.items()}
        return report

    def loading(self, load: Callable[[], object]) -> Report:
        """Seconds to load, next to plain loading with and without the tokenizer."""
        jobs = {"plain": self.load_model, "plain_with_tokenizer": self.load_both, "peer": load}
        samples = timing.interleaved(jobs, min(self.rounds, 7), warm_up=1)
        return {
            "medians": timing.medians(samples),
            "ratio_to_plain": timing.ratios(samples, ("plain",))["peer"],
            "ratio_to_plain_with_tokenizer": timing.ratios(samples, ("plain_with_tokenizer",))["peer"],
            "samples": samples,
        }

    def generation(self, jobs: dict[str, Callable[[], object]]) -> Report:
        """Each way of generating, between two plain generations."""
        with torch.inference_mode():
            report = timing.overhead(self.generate, jobs, max(3, self.rounds // 3))
        report["ratio"] = {name: value + 1 for name, value in report["overhead"].items()}
        return report


def folded_attribution(
    plain: torch.nn.Module, heads_in: list[torch.Tensor], neurons: list[torch.Tensor], embedded: torch.Tensor,
    final: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """Terms of the target's logit at one position of a Llama: per head, per neuron, and of the embedding.

    The readout (unembedding row x norm gain / frozen divisor) is folded through each output projection, so no
    head or neuron is ever written out in the stream.
    """
    decoder = plain.model
    divisor = torch.rsqrt(final.pow(2).mean() + decoder.norm.variance_epsilon)
    readout = plain.lm_head.weight[TARGET] * decoder.norm.weight * divisor
    layers = decoder.layers
    through_heads = torch.stack([readout @ layer.self_attn.o_proj.weight for layer in layers])
    through_mlps = torch.stack([readout @ layer.mlp.down_proj.weight for layer in layers])
    heads = (torch.stack(heads_in) * through_heads).unflatten(1, (plain.config.num_attention_heads, -1)).sum(-1)
    return heads, torch.stack(neurons) * through_mlps, embedded @ readout


def main(peer: str, measures: dict[str, Measure]) -> int:
    """Run the measures of one peer and print one JSON object."""
    parser = argparse.ArgumentParser(description=f"Measure {peer} against the plain model.")
    parser.add_argument("--model", required=True, help="a Hugging Face folder")
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, help="torch threads; one is steadier on a busy machine")
    parser.add_argument("--only", choices=sorted(measures), action="append")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    with contextlib.redirect_stdout(sys.stderr):
        job = Job(options.model, options.tokens, options.rounds)
        chosen = {name: measure for name, measure in measures.items() if name in (options.only or measures)}
        report: Report = {
            "peer": peer,
            "tokens": options.tokens,
            "rounds": options.rounds,
            "environment": timing.environment(peer),
            **{name: measure(job) for name, measure in chosen.items()},
        }
    print(json.dumps(report))
    return 0
