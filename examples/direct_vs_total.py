"""Credit is not cause: what a head writes against what happens when the head is zeroed."""

from contextlib import contextmanager

import unembed

PROMPT, TARGET = "The capital of France is", " Paris"


@contextmanager
def zeroed(model, layer, head):
    """Set `z` of one head to zero at the last position, before the output projection."""

    def hook(module, args):
        z = args[0].clone()
        z[:, -1].unflatten(-1, (model.heads, -1))[:, head] = 0
        return (z,)

    handle = model.blocks[layer].output_projection.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def run(model):
    """The readout of the target, its probability, and the final norm's scale."""
    trace = unembed.record(model, PROMPT, positions=[-1], keep="stream")
    readout = unembed.readout(trace, TARGET)
    scale = model.final_norm.scale(trace.final[0], trace.normed[0])
    return readout, float(trace.logits[0].double().softmax(-1)[readout.target]), float(scale)


model = unembed.load("smollm2-135m")
credits = unembed.explain(model, PROMPT, TARGET, by="head").ledger.terms()
before, p, scale = run(model)
print("head      credit   logit   direct   later  rescaled   P(Paris)      final norm's scale")
for layer, head in [(23, 4), (29, 1), (29, 0), (29, 2)]:
    credit = next(t.value for t in credits if t.kind == "head" and (t.layer, t.head) == (layer, head))
    with zeroed(model, layer, head):
        after, p_after, scale_after = run(model)
    change = after.value - before.value
    # The change of the logit is exactly: minus the credit, the new scale on the new stream, what later layers did.
    rescaled = float((after.direction - before.direction) @ after.trace.final[0].double())
    later = change + credit - rescaled
    print(f"L{layer}.H{head}    {credit:+.2f}   {change:+.2f}   {-credit:+.2f}   {later:+.2f}    {rescaled:+.2f}", end="   ")
    print(f"{p:6.1%} -> {p_after:6.1%}   {scale:.4f} -> {scale_after:.4f} ({scale_after / scale - 1:+.1%})")
