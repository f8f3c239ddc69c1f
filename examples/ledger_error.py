"""How far ledgers are off, in units of their tolerance, in four precisions."""

import sys

import torch

import unembed

PROMPTS = """\
The capital of France is|The opposite of hot is|Two plus two equals|Once upon a time there was a|The sun rises in the
def add(a, b): return a +|import numpy as|<p>Hello</|A B C D E F|1, 2, 3, 4, 5,|Water boils at 100 degrees|Romeo and
The chemical symbol for gold is|My name is|In 1969, men first walked on the|The quick brown fox jumps over the lazy
E = mc|To be, or not to be, that is the|Das ist ein|Le chat est sur la|Question: What is the largest planet? Answer:
When Mary and John went to the store, John gave a drink to|She opened the door and saw|The square root of 81 is
aaaaaaaa|?|The|Dear Sir or Madam, I am writing to you because of the delivery that was due last week and that"""
NAMES = sys.argv[1:] or ["float32", "bfloat16", "float16", "float64"]


def main() -> None:
    """One line for each precision."""
    prompts = PROMPTS.replace("\n", "|").split("|")
    print(f"{len(prompts)} prompts x 3 references, every ledger by source and neuron")
    print("dtype      unit       largest error  its tolerance  error/tolerance: median  largest")
    for name in NAMES:
        model = unembed.load("smollm2-135m", dtype=name)
        found = []
        for prompt in prompts:
            run = unembed.record(model, prompt, positions=[-1])
            for how in ({"reference": "raw"}, {"reference": "mean"}, {"versus": " the"}):
                ledger = unembed.decompose(unembed.readout(run, **how), by="source+neuron")
                found.append((abs(ledger.error), ledger.tolerance))
        ratios = torch.tensor([error / tolerance for error, tolerance in found], dtype=torch.float64)
        error, tolerance = max(found)
        print(f"{name:10} {model.precision:.1e}    {error:.1e}        {tolerance:.1e}", end="        ")
        print(f"{ratios.median():14.3f}  {ratios.max():7.3f}")
        assert ratios.max() <= 1


main()
