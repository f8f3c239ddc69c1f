"""Credit is not cause: what a head writes against what happens when the head is zeroed."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

import unembed

PROMPT, TARGET = "The capital of France is", " Paris"


@contextmanager
def zeroed(model: unembed.Model, layer: int, head: int) -> Iterator[None]:
    """Set `z` of one head to zero at the last position, before the output projection."""

    def hook(_: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        z = args[0].clone()
        z[:, -1].unflatten(-1, (model.heads, -1))[:, head] = 0
        return (z,)

    with model.blocks[layer].output_projection.register_forward_pre_hook(hook):
        yield


def run(model: unembed.Model) -> tuple[unembed.Readout, float, float]:
    """The readout of the target, its probability, and the final norm's scale."""
    recorded = unembed.record(model, PROMPT, positions=[-1], keep="stream")
    readout = unembed.readout(recorded, TARGET)
    scale = model.final_norm.scale(recorded.final[0], recorded.normed[0])
    return readout, float(recorded.logits[0].double().softmax(-1)[readout.target]), float(scale)


model = unembed.load("smollm2-135m")
credits = unembed.explain(model, PROMPT, TARGET, by="head").ledger.terms()
before, p, scale = run(model)
print("head    credit = -direct   logit   =  direct + rescaled + later    P(Paris)         final norm's scale")
for layer, head in [(23, 4), (29, 1), (29, 0), (29, 2)]:
    credit = next(t.value for t in credits if t.kind == "head" and (t.layer, t.head) == (layer, head))
    with zeroed(model, layer, head):
        after, p_after, scale_after = run(model)
    # Exact: the logit loses the credit, the new scale reads the new stream, and later sublayers write something else.
    change = after.value - before.value
    rescaled = float((after.direction - before.direction) @ after.run.final[0].double())
    later = change + credit - rescaled
    print(f"L{layer}.H{head}  {credit:+.2f}             {change:+.2f}", end="       ")
    print(f"{-credit:+.2f}     {rescaled:+.2f}   {later:+.2f}", end="    ")
    print(f"{p:5.1%} -> {p_after:5.1%}   {scale:.4f} -> {scale_after:.4f} ({scale_after / scale - 1:+.1%})")
