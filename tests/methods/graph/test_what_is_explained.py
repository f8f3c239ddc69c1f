"""Graphs of a whole answer and of two prompts, against single graphs and against a llama and a GPT-2 by hand.

All is float64 under `exactly()`: sums of some thousand products, so 1e-9 is far above rounding.
"""

import math
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import VOCAB, build
from oracles.frozen_graph import Oracle
from oracles.rerun import exactly
from unembed.errors import InputError
from unembed.methods.graph import graph as of_graph
from unembed.methods.graph.graph import Graph, graph
from unembed.models.read_source import with_source

TOKENS, OTHER, TARGET, ALL = [3, 50, 7, 11], [3, 9, 7, 12], 40, 10**6


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.fixture(autouse=True)
def no_edge_is_small(monkeypatch):
    monkeypatch.setattr(of_graph, "SMALLEST", 0.0)


@cache
def tiny(model_type: str) -> unembed.Model:
    with exactly():
        return unembed.wrap(build(model_type, layers=2, d_mlp=6, heads=2), name=model_type)


def named(found: Graph) -> dict[str, Any]:
    """The oracle's names by those of the graph."""
    names: dict[str, Any] = {word.label: ("word", word.position) for word in found.words}
    for node in found.nodes:
        index = node.head if node.kind == "head" else node.neuron
        names[node.label] = (node.kind, node.layer, index, node.position)
    return names


def conserved(found: Graph) -> None:
    """What enters a node is its worth, and what leaves it as well."""
    for node in found.nodes:
        for edges in (found.into(node), found.out_of(node)):
            assert math.fsum(e.worth for e in edges) == close(node.worth)
    assert math.fsum(e.worth for e in found.into("target")) == close(found.value)
    for name, worth in (("biases", found.biases), ("held", found.held)):
        assert math.fsum(e.worth for e in found.out_of(name)) == close(worth)
    into, out = found.into("others"), found.out_of("others")
    assert math.fsum(e.worth for e in into) == close(math.fsum(e.worth for e in out))


def test_the_graph_of_an_answer_is_the_sum_of_those_of_its_tokens():
    model, answer = tiny("llama"), [40, 8, 21]
    with exactly():
        whole = graph(model, TOKENS, answer=answer, nodes=ALL)
        run = unembed.record(model, [*TOKENS, *answer[:-1]])
        each = [graph(run, token, position=3 + i, nodes=ALL) for i, token in enumerate(answer)]
        logits = model.module(torch.tensor([[*TOKENS, *answer[:-1]]])).logits[0, 3:]
        by_hand = [float(row[token] - row.mean()) for row, token in zip(logits, answer, strict=True)]
    assert whole.value == close(math.fsum(by_hand))
    assert abs(whole.error) < 1e-12
    conserved(whole)
    for names in ("nodes", "words"):
        summed: dict[str, float] = {}
        for entry in (entry for found in each for entry in getattr(found, names)):
            summed[entry.label] = summed.get(entry.label, 0.0) + entry.worth
        worths = {entry.label: entry.worth for entry in getattr(whole, names)}
        assert worths == {name: close(worth) for name, worth in summed.items() if name in worths}
        assert all(abs(worth) < 1e-12 for name, worth in summed.items() if name not in worths)
    into = {edge.source: edge.worth for edge in whole.into("target") if edge.source != "others"}
    for name, worth in into.items():
        found = sum(edge.worth for one in each for edge in one.into("target") if edge.source == name)
        assert worth == close(found)


@pytest.mark.parametrize(("model_type", "rule"), [("llama", "gate"), ("llama", "relp"), ("gpt2", "gate")])
def test_the_difference_of_two_prompts_is_that_of_the_oracle(model_type, rule):
    with exactly():
        by_hand = Oracle(tiny(model_type).module, TOKENS, TARGET, rule, OTHER)
        found = graph(tiny(model_type), TOKENS, TARGET, other=OTHER, nodes=ALL, by="head+neuron", rule=rule)
    assert found.value == close(by_hand.value)
    assert abs(found.error) < 1e-12
    conserved(found)
    names = named(found)
    worths = {names[entry.label]: entry.worth for entry in (*found.nodes, *found.words)}
    assert worths == {name: close(float(by_hand.worth[name])) for name in worths}
    assert {n for n, worth in by_hand.worth.items() if abs(float(worth)) > 1e-9} <= worths.keys()
    for reader in [*(node.label for node in found.nodes), "target"]:
        expected = by_hand.into[names.get(reader, "target")]
        into = {names[e.source]: e.worth for e in found.into(reader) if e.source in names}
        assert {k: v for k, v in into.items() if abs(v) > 1e-12} == {
            k: close(v) for k, v in expected.items() if abs(v) > 1e-12
        }
        held = sum(e.worth for e in found.into(reader) if e.source == "held")
        assert held == close(by_hand.biases[names.get(reader, "target")])
    assert found.biases == 0.0
    assert not found.out_of("biases")
    same = [word for word, a, b in zip(found.words, TOKENS, OTHER, strict=True) if a == b]
    assert [word.worth for word in same] == [0.0] * len(same)


@pytest.mark.parametrize("name", ["gemma2", "gpt_oss", "mixtral", "phi"])
@pytest.mark.parametrize("by", ["head+neuron", "head+mlp"])
def test_differences_add_up_with_post_norms_mixtures_and_parallel_blocks(name, by):
    with exactly():
        found = graph(unembed.wrap(build(name, layers=2), name=name), TOKENS, TARGET, other=OTHER, nodes=15, by=by)
    assert abs(found.error) < 1e-9
    conserved(found)


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_differences_add_up_for_any_two_prompts(data):
    length = data.draw(st.integers(1, 5))
    word = st.integers(0, VOCAB - 1)
    tokens, other = (data.draw(st.lists(word, min_size=length, max_size=length)) for _ in range(2))
    model, by = tiny(data.draw(st.sampled_from(["llama", "gpt2"]))), data.draw(st.sampled_from(of_graph.BYS))
    with exactly():
        if tokens == other:
            with pytest.raises(InputError, match="the same up to position"):
                graph(model, tokens, TARGET, other=other)
            return
        found = graph(model, tokens, TARGET, other=other, nodes=data.draw(st.integers(1, 12)), by=by)
    assert abs(found.error) < 1e-9
    conserved(found)


def test_a_node_is_changed_to_what_it_is_in_the_other_prompt():
    model = tiny("llama")
    with exactly():
        found = graph(model, TOKENS, TARGET, other=OTHER, nodes=6).tested()
        run, other = unembed.record(model, TOKENS), unembed.record(model, OTHER)
        for node in found.nodes:
            assert node.part is not None
            site = node.part.site(node.position)
            edit = unembed.edits.set_to(site, other.at(site))
            (logits,) = unembed.counterfactuals(run, [edit], lambda logits: logits[:, 0])
            assert node.after == close(float(logits[TARGET] - logits.mean()))
    assert found.base == close(found.value + found.asked.other_base)
    assert all(found.agreements.values())


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"answer": [4, 5], "versus": 5}, "A graph of a whole answer has its own tokens"),
        ({"answer": [4, 5], "other": OTHER}, "A graph of a whole answer has its own tokens"),
        ({"other": [3, 9, 7]}, "pairs their positions: 4 and 3 tokens do not align"),
        ({"other": TOKENS}, "The two prompts are the same up to position 3"),
    ],
)
def test_what_does_not_fit_together_is_refused(how, says):
    with pytest.raises(InputError, match=says):
        graph(tiny("llama"), TOKENS, **how)


def test_two_prompts_of_an_encoder_decoder_are_refused():
    model = with_source(unembed.wrap(build_encoder_decoder("t5"), name="t5"), [7, 8, 9])
    with pytest.raises(InputError, match="A graph of two prompts follows one stream that is a sum; t5 has an encoder"):
        graph(model, [0, 5], TARGET, other=[0, 6])
