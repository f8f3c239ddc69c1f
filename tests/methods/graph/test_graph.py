"""Graphs against a llama and a GPT-2 by hand (oracles/frozen_graph.py), and their sums in every family.

All is float64 under `exactly()`: sums of some thousand products, so 1e-9 is far above rounding.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unembed
from builders.masked_models import MASK, MASKED, build_masked
from builders.random_encoder_decoders import ENCODER_DECODERS
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import MODEL_TYPES, VOCAB, build
from builders.unknown_models import unknown
from oracles.frozen_graph import Oracle
from oracles.rerun import exactly
from unembed.errors import InputError
from unembed.methods.graph import graph as of_graph
from unembed.methods.graph.graph import Graph, graph
from unembed.models.read_source import probe_source, with_source

TOKENS, TARGET, ALL = [3, 50, 7, 11], 40, 10**6


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.fixture(autouse=True)
def no_edge_is_small(monkeypatch):
    monkeypatch.setattr(of_graph, "SMALLEST", 0.0)


@cache
def tiny(model_type: str) -> unembed.Model:
    with exactly():
        return unembed.wrap(build(model_type, layers=2, d_mlp=6, heads=2), name=model_type)


@cache
def oracle(model_type: str, rule: str) -> Oracle:
    with exactly():
        return Oracle(tiny(model_type).module, TOKENS, TARGET, rule)


def named(found: Graph) -> dict[str, Any]:
    """The oracle's names by those of the graph."""
    names: dict[str, Any] = {word.label: ("word", word.position) for word in found.words}
    for node in found.nodes:
        index = node.head if node.kind == "head" else node.neuron
        names[node.label] = (node.kind, node.layer, index, node.position)
    return names


def asked(model: unembed.Model, *, by: Any = "head+neuron", **how: Any) -> Graph:
    with exactly():
        return graph(model, TOKENS, TARGET, by=by, **how)


cases = pytest.mark.parametrize(("model_type", "rule"), [("llama", "gate"), ("llama", "relp"), ("gpt2", "gate")])


@cases
def test_the_logit_is_the_sum_over_words_and_biases(model_type, rule):
    found, by_hand = asked(tiny(model_type), rule=rule), oracle(model_type, rule)
    assert found.value == close(by_hand.value)
    assert abs(found.error) < 1e-12
    worths = {word.position: word.worth for word in found.words}
    assert worths == {p: close(float(by_hand.worth["word", p])) for p in range(len(TOKENS))}
    assert found.sum == close(sum(worths.values()) + found.biases)


@cases
def test_every_node_and_every_edge_is_that_of_the_oracle(model_type, rule):
    found, by_hand = asked(tiny(model_type), rule=rule, nodes=ALL), oracle(model_type, rule)
    names = named(found)
    assert {names[node.label]: node.worth for node in found.nodes} == {
        name: close(float(worth)) for name, worth in by_hand.worth.items() if name[0] != "word" and float(worth)
    }
    for reader in [*(node.label for node in found.nodes), "target"]:
        into = {names[e.source]: e.worth for e in found.into(reader) if e.source in names}
        expected = by_hand.into[names.get(reader, "target")]
        assert {k: v for k, v in into.items() if abs(v) > 1e-12} == {
            k: close(v) for k, v in expected.items() if abs(v) > 1e-12
        }
        biases = sum(e.worth for e in found.into(reader) if e.source == "biases")
        assert biases == close(by_hand.biases[names.get(reader, "target")])
    assert found.remainder == pytest.approx(0, abs=1e-9)
    assert all(abs(e.worth) < 1e-9 for e in found.edges if "others" in (e.source, e.target))


def test_what_is_not_shown_is_one_edge_a_node():
    found, by_hand = asked(tiny("llama"), nodes=7), oracle("llama", "gate")
    names, shown = named(found), set(named(found).values())
    assert len(found.nodes) == 7
    sizes = sorted((abs(float(w)) for name, w in by_hand.worth.items() if name[0] != "word"), reverse=True)
    assert [abs(node.worth) for node in found.nodes] == pytest.approx(sizes[:7], rel=1e-9)
    for reader in [*(node.label for node in found.nodes), "target"]:
        expected = by_hand.into[names.get(reader, "target")]
        others = sum(e.worth for e in found.into(reader) if e.source == "others")
        assert others == close(sum(v for k, v in expected.items() if k not in shown))


def test_the_remainder_is_what_goes_by_ways_through_others():
    """Every way from a word or a bias up to the target by shown nodes alone, one by one."""
    found = asked(tiny("llama"), nodes=7)
    worth = {node.label: node.worth for node in found.nodes}

    def ways(reader: str, share: float) -> float:
        total = 0.0
        for edge in found.into(reader):
            if edge.source in worth:
                total += ways(edge.source, share * edge.worth / worth[edge.source])
            elif edge.source != "others":
                total += share * edge.worth
        return total

    assert found.value - ways("target", 1.0) == close(found.remainder)


def test_shares_count_the_nodes_that_carry_them():
    found, by_hand = asked(tiny("llama"), nodes=3), oracle("llama", "gate")
    sizes = sorted((abs(float(w)) for name, w in by_hand.worth.items() if name[0] != "word"), reverse=True)
    for share, count in found.shares.items():
        assert sum(sizes[: count - 1]) < share * sum(sizes) <= sum(sizes[:count]) * (1 + 1e-6)
    assert found.candidates == len(sizes)


def test_values_are_what_the_run_holds():
    found = asked(tiny("llama"), nodes=ALL)
    for node in found.nodes:
        if node.kind == "neuron" and node.part is not None:
            assert node.value == float(found.run.at(node.part.site(node.position))[0])
        else:
            assert node.value * node.worth > 0


# Sums, in every family


def conserved(found: Graph) -> None:
    """What enters a node is its worth, and what leaves it as well."""
    for node in found.nodes:
        for edges in (found.into(node), found.out_of(node)):
            assert math.fsum(e.worth for e in edges) == close(node.worth)
    for word in found.words:
        assert math.fsum(e.worth for e in found.out_of(word.label)) == close(word.worth)
    assert math.fsum(e.worth for e in found.into("target")) == close(found.value)
    assert math.fsum(e.worth for e in found.out_of("biases")) == close(found.biases)
    into, out = found.into("others"), found.out_of("others")
    assert math.fsum(e.worth for e in into) == close(math.fsum(e.worth for e in out))


def family(name: str) -> tuple[unembed.Model, list[int]]:
    if name in MASKED:
        return unembed.wrap(build_masked(name, num_hidden_layers=2), name=name), [1, 3, MASK, 50, 2]
    if name in ENCODER_DECODERS:
        model = unembed.wrap(build_encoder_decoder(name), name=name)
        return (probe_source(model) if name == "whisper" else with_source(model, [7, 8, 9])), [0, 5]
    return unembed.wrap(build(name, layers=2), name=name), TOKENS


@pytest.mark.parametrize("name", [*MODEL_TYPES, *MASKED, *ENCODER_DECODERS])
def test_sums_hold_in_every_family(name):
    with exactly():
        model, tokens = family(name)
        place = tokens.index(MASK) if name in MASKED else -1
        found = graph(model, tokens, TARGET, position=place, nodes=9, by="head+neuron", rule="relp")
    assert abs(found.error) < 1e-9
    conserved(found)


@pytest.mark.parametrize("name", ["bert", "gemma2", "gpt_oss", "marian", "phi", "t5"])
def test_with_all_nodes_shown_nothing_goes_other_ways(name):
    """Post-LN, post-norms, a mixture, cross-attention of both kinds of stack, parallel blocks."""
    with exactly():
        model, tokens = family(name)
        place = tokens.index(MASK) if name in MASKED else -1
        found = graph(model, tokens, TARGET, position=place, nodes=ALL, by="head+mlp")
    conserved(found)
    assert found.remainder == pytest.approx(0, abs=1e-9)
    assert all(abs(e.worth) < 1e-9 for e in found.edges if "others" in (e.source, e.target))
    kinds = {node.kind for node in found.nodes} | {"encoder" for node in found.nodes if node.encoder}
    assert kinds == {"head", "mlp"} | ({"cross_head", "encoder"} if model.encoder is not None else set())


@pytest.mark.parametrize("name", ["granite", "qwen2_moe"])
def test_sums_hold_where_the_structure_is_inferred(name):
    """Writes that are scaled; experts that every token goes through, with a gate."""
    with exactly():
        found = graph(unembed.wrap(unknown(name), name=name), TOKENS, TARGET, nodes=30, by="head+neuron")
    assert abs(found.error) < 1e-9
    conserved(found)
    assert any(node.kind == "shared_experts" for node in found.nodes) == (name != "granite")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bitnet", "something multiplies what its heads mix"),
        ("mamba", "some of its blocks mix tokens by something else than softmax attention"),
    ],
)
def test_other_models_are_refused_in_a_sentence(name, why):
    with pytest.raises(InputError, match=rf"raph needs the .* not told of {name} yet: {why}"):
        graph(unembed.wrap(unknown(name), name=name), TOKENS, TARGET)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=6), st.integers(1, 12), st.data())
def test_sums_hold_for_any_prompt(tokens, count, data):
    how = {
        "by": data.draw(st.sampled_from(["head+neuron", "head+mlp"])),
        "rule": data.draw(st.sampled_from(["gate", "relp"])),
        "versus": data.draw(st.sampled_from([None, 5])),
    }
    model = tiny(data.draw(st.sampled_from(["llama", "gpt2"])))
    with exactly():
        found = graph(model, tokens, TARGET, nodes=count, **how)
    assert abs(found.error) < 1e-9
    conserved(found)


# Removed


def test_each_node_is_removed_exactly():
    model = tiny("llama")
    with exactly():
        found = graph(model, TOKENS, TARGET, nodes=12, by="head+neuron").tested()
        for node in found.nodes:
            assert node.after == close(_without(model.module, node))
    assert found.complete
    assert {node.kind for node in found.nodes} == {"head", "neuron"}
    effects = [found.value - (node.after or 0.0) for node in found.nodes]
    for rule in ("gate", "relp"):
        by_hand, names = oracle("llama", rule), named(found)
        worths = [float(by_hand.worth[names[node.label]]) for node in found.nodes]
        assert found.agreements[rule] == close(float(np.corrcoef(_ranks(worths), _ranks(effects))[0, 1]))
    assert found.agreement == found.agreements["gate"]
    assert found.best_rule == max(found.agreements, key=lambda rule: found.agreements[rule] or -1.0)


def _ranks(values: list[float]) -> np.ndarray:
    return np.argsort(np.argsort(values))


def _without(module, node) -> float:
    """The logit above the mean of the whole module, with an entry of what a layer reads set to 0."""
    block = module.model.layers[node.layer]
    into = block.self_attn.o_proj if node.kind == "head" else block.mlp.down_proj
    width = 8 if node.kind == "head" else 1
    start = width * (node.head if node.kind == "head" else node.neuron)

    def zeroed(_, args):
        x = args[0].clone()
        x[0, node.position, start : start + width] = 0
        return (x,)

    with torch.no_grad(), into.register_forward_pre_hook(zeroed):
        logits = module(torch.tensor([TOKENS])).logits[0, -1]
    return float(logits[TARGET] - logits.mean())


def test_a_head_opens_into_what_its_query_and_key_are_made_of():
    found = asked(tiny("llama"), nodes=ALL)
    head = next(node for node in found.nodes if node.kind == "head")
    with exactly():
        score = found.attended(head)
    assert (score.layer, score.head, score.destination) == (head.layer, head.head, head.position)
    assert score.sum == pytest.approx(score.score, abs=score.tolerance)
    with pytest.raises(InputError, match="Expected a node that is a head of self-attention, found L"):
        found.attended(next(node for node in found.nodes if node.kind == "neuron"))


def test_the_induction_of_the_toy_shows_from_both_sides():
    """What the induction head carries is worth most; that the head below made its key, only a removal tells."""
    model, tokens = unembed.load("toy/two-layer"), [5, 17, 33, 60, 5, 17, 33]
    found = graph(model, tokens, 60, nodes=40, by="head+neuron").tested()
    assert found.into("target")[0].source == "L1.H0 @ 6"
    nodes = {node.label: node for node in found.nodes}
    induction, before = nodes["L1.H0 @ 6"], nodes["L0.H1 @ 3"]
    best = found.attended(induction).top(1)[0]
    assert (best.key.layer, best.key.head) == (before.layer, before.head)
    effects = {label: found.value - (node.after or 0.0) for label, node in nodes.items()}
    assert effects["L0.H1 @ 3"] == max(effects.values())
    assert abs(before.worth) < abs(effects["L0.H1 @ 3"]) / 5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"by": "heads"}, "Expected nodes by head\\+neuron or head\\+mlp, found 'heads'"),
        ({"rule": "half"}, "Expected a rule of gate or relp, found 'half'"),
        ({"nodes": 0}, "Expected a number of nodes as a whole number of at least 1, found 0"),
    ],
)
def test_words_and_numbers_out_of_range_are_refused(wrong, says):
    with pytest.raises(InputError, match=says):
        asked(tiny("llama"), **wrong)
