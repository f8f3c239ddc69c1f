"""Scores of edges in straight lines, on a plain transformers Llama or GPT-2: one edge, one run at a time."""

import torch

from oracles.circuits import circuit_logits


def metric(parts, clean, corrupt, edges, tokens, base=None):
    """The difference of the two logits at the last position when these edges are kept."""
    logits = circuit_logits(parts, clean, corrupt, edges, base)
    return float(logits[tokens[0]] - logits[tokens[1]])


def lost_without(parts, clean, corrupt, graph_edges, gone, tokens, base=None):
    """What the metric loses when some edges of the whole graph are left out."""
    kept = [edge for edge in graph_edges if edge not in gone]
    return metric(parts, clean, corrupt, graph_edges, tokens, base) - metric(parts, clean, corrupt, kept, tokens, base)


@torch.no_grad()
def given_by(parts, ids):
    """What each sender writes in a plain run, and the stream that each reader reads, by name."""
    layers, heads, embed, head, mlp, _ = parts
    writes, reads = {"input": embed(torch.tensor(ids))}, {}
    for layer in range(layers):
        stream = sum(writes.values())
        wrote = {}
        for index in range(heads):
            for kind in "qkv":
                reads[f"a{layer}.h{index}<{kind}>"] = stream
            wrote[f"a{layer}.h{index}"] = head(layer, index, stream, stream, stream)
        writes |= wrote
        reads[f"m{layer}"] = sum(writes.values())
        writes[f"m{layer}"] = mlp(layer, reads[f"m{layer}"])
    reads["logits"] = sum(writes.values())
    return writes, reads


def slopes(parts, ids, tokens, changed=None):
    """The gradient of the metric by the input of each reader in a run where some senders write something given."""
    layers, heads, embed, head, mlp, logits = parts
    changed, leaves = changed or {}, {}

    def read(name, stream):
        leaves[name] = torch.zeros_like(stream).requires_grad_()
        return stream + leaves[name]

    stream = changed.get("input", embed(torch.tensor(ids)).detach())
    for layer in range(layers):
        wrote = 0
        for index in range(heads):
            name = f"a{layer}.h{index}"
            made = head(layer, index, *(read(f"{name}<{kind}>", stream) for kind in "qkv"))
            wrote = wrote + changed.get(name, made)
        stream = stream + wrote
        made = mlp(layer, read(f"m{layer}", stream))
        stream = stream + changed.get(f"m{layer}", made)
    last = logits(read("logits", stream))[-1]
    grads = torch.autograd.grad(last[tokens[0]] - last[tokens[1]], list(leaves.values()), allow_unused=True)
    return {n: torch.zeros_like(leaves[n]) if g is None else g for n, g in zip(leaves, grads, strict=True)}


def flow_importance(parts, ids, sender, reader, among):
    """Information flow routes, by the words of the paper: token by token."""
    writes, reads = given_by(parts, ids)
    x, total = reads[reader], 0.0
    for position in range(len(ids)):
        near = {
            name: max(0.0, float(x[position].abs().sum() - (x[position] - writes[name][position]).abs().sum()))
            for name in among
        }
        total += near[sender] / sum(near.values())
    return total / len(ids)


def less(x, share):
    """`x`, with so much of its gradient."""
    return x * share + (x * (1 - share)).detach()


def held(norm, x):
    """An RMS norm whose scale is a number."""
    return x * (norm(x) / x).detach()


def shared_in_halves(act, gate, up):
    """RelP: an activation as half of a multiple of its gate, and half of one of what is gated."""
    a = (act(gate) * up).detach()
    return 0.5 * (a / gate.detach()) * gate + 0.5 * (a / up.detach()) * up


def halved(act, gate, up):
    """GIM: half of the gradient to each factor."""
    return act(less(gate, 0.5)) * less(up, 0.5)


class _Softmax(torch.autograd.Function):
    """A softmax that passes back what one of twice the temperature would (GIM does not divide by it)."""

    @staticmethod
    def forward(ctx, scores):
        ctx.save_for_backward(scores)
        return scores.softmax(-1)

    @staticmethod
    def backward(ctx, slope):
        soft = (ctx.saved_tensors[0] / 2).softmax(-1)
        return soft * (slope - (soft * slope).sum(-1, keepdim=True))


def attended_softly(q, k, v):
    """GIM: a quarter of the gradient to queries and keys, a half to values, through the softer softmax."""
    scores = less(q, 0.25) @ less(k, 0.25).T / k.shape[-1] ** 0.5
    later = torch.ones(len(q), len(q), dtype=torch.bool).triu(1)
    return _Softmax.apply(scores.masked_fill(later, -torch.inf)) @ less(v, 0.5)
