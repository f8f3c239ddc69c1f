"""Credit is not cause: what a head writes against what happens when the head is zeroed."""

from torch import Tensor

import unembed

PROMPT, TARGET = "The capital of France is", " Paris"
HEADS = ("L23.H4", "L29.H1", "L29.H0", "L29.H2")

model = unembed.load("smollm2-135m")
run = unembed.record(model, PROMPT)
before = run.prediction(TARGET)


def above_mean(logits: Tensor) -> Tensor:
    """What the ledger takes apart: the target's logit above the vocabulary mean."""
    return (logits[..., before.token] - logits.mean(-1))[:, 0]


credits = {term.label: term.value for term in unembed.explain(run, TARGET, by="head").ledger.terms()}
zeroed = [unembed.edits.zero(f"{head} @ -1") for head in HEADS]
logit = float(above_mean(run.logits[None, -1:]))
total = unembed.counterfactuals(run, zeroed, above_mean) - logit
# On the direct path every later sublayer writes what it wrote before; only the final norm sees another stream.
direct_path = unembed.path_patch(run, zeroed, "logits", above_mean) - logit
probability = unembed.counterfactuals(run, zeroed, unembed.measures.probability(TARGET))

print("head    credit = -direct   logit   =  direct + rescaled + later    P(Paris)")
for head, change, path, after in zip(HEADS, total.tolist(), direct_path.tolist(), probability.tolist(), strict=True):
    credit = credits[head]
    print(f"{head}  {credit:+.2f}             {change:+.2f}", end="       ")
    print(f"{-credit:+.2f}     {path + credit:+.2f}   {change - path:+.2f}", end="    ")
    print(f"{before.probability:5.1%} -> {after:5.1%}")
