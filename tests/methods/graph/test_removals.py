"""What a graph's nodes carry together, against full runs of the module with everything else set to zero by hooks."""

from functools import cache
from typing import Any

import pytest
import torch

import unembed
from builders.random_models import build
from oracles.rerun import exactly
from unembed.methods.graph.graph import graph
from unembed.methods.graph.removals import DRAWS, every_node, score
from unembed.models.parts import Part

TOKENS, TARGET = [3, 50, 7, 11], 40


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@cache
def tiny() -> unembed.Model:
    with exactly():
        return unembed.wrap(build("llama", layers=2, d_mlp=6, heads=2), name="llama")


def with_only(module: Any, kept: set[tuple[Part, int]]) -> float:
    """The logit above the mean of the whole module, with every head and MLP at zero but those that are kept."""
    handles = []
    for layer, block in enumerate(module.model.layers):

        def heads(_: Any, args: Any, layer: int = layer) -> Any:
            x = args[0].clone()
            for head in range(2):
                for position in range(len(TOKENS)):
                    if (Part("head", layer, head), position) not in kept:
                        x[0, position, 8 * head : 8 * head + 8] = 0
            return (x,)

        def mlp(_: Any, args: Any, out: Any, layer: int = layer) -> Any:
            x = out.clone()
            for position in range(len(TOKENS)):
                if (Part("mlp", layer), position) not in kept:
                    x[0, position] = 0
            return x

        handles += [block.self_attn.o_proj.register_forward_pre_hook(heads), block.mlp.register_forward_hook(mlp)]
    with torch.no_grad():
        logits = module(torch.tensor([TOKENS])).logits[0, -1]
    for handle in handles:
        handle.remove()
    return float(logits[TARGET] - logits.mean())


def test_the_score_is_that_of_full_runs_with_all_else_at_zero():
    with exactly():
        model = tiny()
        found = graph(model, TOKENS, TARGET, nodes=5).tested(exact=True)
        nodes = every_node(found.asked)
        shown = [(node.part, node.position) for node in found.nodes]
        assert set(shown) <= set(nodes)
        assert len(nodes) == 2 * 3 * 4
        whole, none = found.value, with_only(model.module, set())
        assert with_only(model.module, set(nodes)) == close(whole)
        told = found.score
        assert told is not None
        assert (told.nodes, told.all, told.whole, told.none) == (5, 24, close(whole), close(none))
        kept = {(part, place) for part, place in shown if part is not None}
        assert told.shown == close(with_only(model.module, kept))
        assert told.faithfulness == close((told.shown - none) / (whole - none))
        steps = {count: with_only(model.module, set(nodes) - set(shown[:count])) for count in (1, 2, 5)}
        assert dict(told.deletion) == {count: close(value) for count, value in steps.items()}
        alone = {node: abs(with_only(model.module, set(nodes) - {node}) - whole) for node in nodes}
        best = set(sorted(nodes, key=lambda node: -alone[node])[:5])
        assert told.exact == close((with_only(model.module, best) - none) / (whole - none))


def test_random_graphs_are_of_as_many_nodes_and_of_their_seed():
    with exactly():
        found = graph(tiny(), TOKENS, TARGET, nodes=5)
        shown = [(node.part, node.position) for node in found.nodes if node.part is not None]
        first, again, other = (score(found.asked, shown, seed=seed) for seed in (0, 0, 1))
        everything = score(found.asked, every_node(found.asked))
    assert first is not None
    assert again is not None
    assert other is not None
    assert len(first.random) == DRAWS
    assert first.random == again.random != other.random
    assert everything is not None
    assert everything.random == pytest.approx([1.0] * DRAWS, abs=1e-9)
    assert everything.faithfulness == close(1.0)
    assert everything.deletion[-1] == (24, close(everything.none))


def test_of_two_prompts_all_else_is_as_in_the_other_one():
    with exactly():
        found = graph(tiny(), TOKENS, TARGET, other=[3, 9, 7, 11], nodes=24).tested()
    assert found.score is not None
    assert found.score.all == 2 * 3 * 3  # the first token is the same, and nothing before it
    # The last token is the same, so that with every write of the other prompt its logit is read.
    assert found.score.none == close(found.asked.other_base)
    assert found.score.faithfulness == close(1.0)


def test_neurons_are_not_scored():
    with exactly():
        assert graph(tiny(), TOKENS, TARGET, nodes=5, by="head+neuron").tested().score is None


def test_heads_say_why_they_attended():
    with exactly():
        found = graph(tiny(), TOKENS, TARGET, nodes=24).why(2)
    heads = [node for node in found.nodes if node.kind == "head"][:2]
    assert [(s.layer, s.head, s.destination) for s in found.explained_heads] == [
        (n.layer, n.head, n.position) for n in heads
    ]
    assert all(score.source <= score.destination for score in found.explained_heads)
