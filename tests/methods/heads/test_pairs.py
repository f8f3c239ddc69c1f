"""Pairs of heads against full runs in which hooks switch both off, one pair after the other."""

from contextlib import ExitStack

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.methods.heads.pairs import HeadPair

PROMPT, TARGET, OTHER = (3, 50, 7, 11, 96), 8, 20


def without(module, projection, d_head, heads, positions):
    """The last logits of a plain run in which these (layer, head) write nothing at some positions."""
    with ExitStack() as stack:
        for layer, head in heads:

            def hook(_, args, head=head):
                z = args[0].clone()
                z[:, positions, head * d_head : (head + 1) * d_head] = 0
                return (z,)

            handle = projection(module, layer).register_forward_pre_hook(hook)
            stack.callback(handle.remove)
        with torch.no_grad():
            return module(torch.tensor([PROMPT])).logits[0, -1].double()


def place(name: str) -> tuple[int, int]:
    layer, head = name[1:].split(".H")
    return int(layer), int(head)


FAMILIES = {
    "llama": lambda module, layer: module.model.layers[layer].self_attn.o_proj,
    "gemma2": lambda module, layer: module.model.layers[layer].self_attn.o_proj,
    "gpt2": lambda module, layer: module.transformer.h[layer].attn.c_proj,
}


@pytest.mark.parametrize("position", ["last", "all"])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_pair_is_a_full_run_without_both(family, position):
    module = build(family)
    model = unembed.wrap(module, name=family)
    d_head, places = model.blocks[0].output_by_head.shape[1], [-1] if position == "last" else list(range(len(PROMPT)))
    found = unembed.head_pairs(model, PROMPT, TARGET, versus=OTHER, position=position)
    heads = [(layer, head) for layer in range(model.layers) for head in range(model.heads)]
    assert len(found.pairs) == len(heads) * (len(heads) - 1) // 2

    def read(*gone):
        logits = without(module, FAMILIES[family], d_head, gone, places)
        return float(logits[TARGET] - logits[OTHER])

    base, worth = read(), {head: read(head) for head in heads}
    assert found.base == pytest.approx(base, abs=1e-6)
    chosen = found.pairs[:: 7 if position == "last" else 19]
    for pair in chosen:
        one, other = place(pair.first), place(pair.second)
        both = read(one, other) - base
        # A softmax or a norm may round to float32 in a float64 model.
        assert pair.effect_first == pytest.approx(worth[one] - base, abs=1e-6)
        assert pair.together == pytest.approx(both, abs=1e-6)
        assert pair.interaction == pytest.approx(both - worth[one] - worth[other] + 2 * base, abs=1e-6)
    assert max(abs(pair.interaction) for pair in chosen) > 1e-4


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("llama"), name="llama")


def test_of_some_heads_the_pairs_are_those_of_all(model):
    run = unembed.record(model, PROMPT)
    every = {pair.label: pair for pair in unembed.head_pairs(run, TARGET).pairs}
    few = unembed.head_pairs(run, TARGET, heads=3)
    assert len(few.pairs) == 3
    effects = {
        name: value
        for pair in every.values()
        for name, value in ((pair.first, pair.effect_first), (pair.second, pair.effect_second))
    }
    largest = sorted(effects, key=lambda name: -abs(effects[name]))[:3]
    assert {name for pair in few.pairs for name in (pair.first, pair.second)} == set(largest)
    named = unembed.head_pairs(run, TARGET, heads=["L2.H1", "L0.H3"])
    assert [pair.label for pair in named.pairs] == ["L0.H3 + L2.H1"]
    for pair in (*few.pairs, *named.pairs):
        assert pair.interaction == pytest.approx(every[pair.label].interaction, abs=1e-6)  # its softmax is float32


def test_who_repairs_whom_is_the_later_head_that_is_worth_more_without_the_earlier(model):
    found = unembed.head_pairs(model, PROMPT, TARGET)
    head = next(pair.first for pair in found.pairs if pair.repairs)
    best = found.repaired(head)
    mine = [p for p in found.pairs if p.first == head and p.second.split(".")[0] != head.split(".")[0]]
    assert best is not None
    assert best.interaction == min(pair.interaction for pair in mine)
    assert best.effect_first < 0
    # What the later one is worth: with the earlier one there, and without it.
    assert (best.effect_first - best.together) - (0 - best.effect_second) == pytest.approx(-best.interaction)
    assert -best.interaction > 0
    assert found.repaired("L2.H3") is None  # in the last layer


@pytest.mark.parametrize(
    ("effects", "together", "gate"),
    [((-1, -1), -3, "or"), ((-1, -1), -1, "and"), ((1, 1), 3, "or"), ((1, 1), 1, "and"), ((1, -1), 4, None)],
)
def test_gates(effects, together, gate):
    first, second = effects
    pair = HeadPair("L0.H0", "L1.H0", first, second, together, together - first - second)
    assert pair.gate == gate


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"heads": 1}, "the heads"),
        ({"heads": ["L0.H1"]}, "A pair needs two heads, found 1"),
        ({"heads": ["L0.H1", "L9.H9"]}, "no head L9.H9"),
        ({"heads": ["L0.H1", "L0 mlp"]}, "Expected heads such as"),
        ({"position": "first"}, "Expected a position of last or all"),
    ],
)
def test_bad_input_is_told(model, words, says):
    with pytest.raises(unembed.InputError, match=says):
        unembed.head_pairs(model, PROMPT, TARGET, **words)
