"""Addresses: what `resolve` counts, sorts and refuses, and what a site is called."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders.random_models import build
from unembed.errors import InputError
from unembed.models.kinds import KINDS
from unembed.models.model import Model
from unembed.models.sites import Site, experts_of, neurons_of, resolve

LENGTH = 9


@cache
def model(model_type: str) -> Model:
    return unembed.wrap(build(model_type))


@pytest.mark.parametrize(
    ("model_type", "given", "expected"),
    [
        ("llama", {"kind": "z", "layer": -1, "head": -1}, {"layer": 2, "head": 3}),
        ("llama", {"kind": "key", "layer": 0, "head": -1}, {"head": 1}),
        ("llama", {"kind": "value", "layer": 0, "head": -2}, {"head": 0}),
        ("llama", {"kind": "query", "layer": -3, "head": -4}, {"layer": 0, "head": 0}),
        ("llama", {"kind": "pattern", "layer": 0, "head": -1, "source": -1}, {"head": 3, "source": 8}),
        ("llama", {"kind": "neuron", "layer": 1, "neuron": -1}, {"neuron": 47}),
        ("mixtral", {"kind": "neuron", "layer": 1, "expert": -1, "neuron": -48}, {"expert": 3, "neuron": 0}),
        ("mixtral", {"kind": "neuron", "layer": 1, "expert": -2}, {"expert": 2}),
        ("mixtral", {"kind": "neuron", "layer": 1}, {}),
        ("gpt_oss", {"kind": "expert", "layer": 1, "expert": -4}, {"expert": 0}),
        ("qwen3_moe", {"kind": "neuron", "layer": 0, "neuron": -1}, {"neuron": 47}),
        ("qwen3_moe", {"kind": "neuron", "layer": -1, "expert": 0, "neuron": -1}, {"layer": 2, "neuron": 23}),
        ("phi", {"kind": "resid_post", "layer": 0}, {}),
    ],
)
def test_indices_count_from_the_end(model_type: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    site = Site(**given)
    found = resolve(site, model(model_type), LENGTH)
    assert found == Site(**(given | {"positions": tuple(range(LENGTH))} | expected))
    assert resolve(found, model(model_type), LENGTH) == found


@given(st.lists(st.integers(0, LENGTH - 1), min_size=1, unique=True), st.data())
def test_positions_keep_their_order(positions: list[int], data: st.DataObject) -> None:
    written = tuple(p - LENGTH if data.draw(st.booleans()) else p for p in positions)
    assert resolve(Site(kind="resid_pre", layer=0, positions=written), model("llama"), LENGTH).positions == tuple(
        positions
    )


@pytest.mark.parametrize(
    ("model_type", "given", "message"),
    [
        ("llama", {"kind": "stream", "layer": 0}, r"no kind of site 'stream': expected one of resid_pre, resid_mid"),
        ("llama", {"kind": "z", "layer": 3}, "There is no layer 3: expected 0 to 2"),
        ("llama", {"kind": "z", "layer": -4}, "There is no layer -4: expected 0 to 2"),
        ("llama", {"kind": "z", "layer": 0, "head": 4}, "There is no head 4: expected 0 to 3"),
        ("llama", {"kind": "z", "layer": 0, "head": -5}, "There is no head -5: expected 0 to 3"),
        ("llama", {"kind": "key", "layer": 0, "head": 2}, "There is no key-value head 2: expected 0 to 1"),
        ("llama", {"kind": "value", "layer": 0, "head": -3}, "There is no key-value head -3: expected 0 to 1"),
        ("llama", {"kind": "pattern", "layer": 0}, "A pattern belongs to one head"),
        ("llama", {"kind": "pattern", "layer": 0, "head": 0, "source": 9}, "no source position 9: expected 0 to 8"),
        ("llama", {"kind": "neuron", "layer": 0, "neuron": 48}, "There is no neuron 48: expected 0 to 47"),
        ("llama", {"kind": "neuron", "layer": 0, "expert": 0}, "Layer 0 of .* is no mixture of experts"),
        ("llama", {"kind": "expert", "layer": 2}, "Layer 2 of .* is no mixture of experts"),
        ("llama", {"kind": "resid_pre", "layer": 0, "head": 0}, "kind resid_pre has no head: leave it out"),
        ("llama", {"kind": "mlp_write", "layer": 0, "neuron": 0}, "kind mlp_write has no neuron: leave it out"),
        ("llama", {"kind": "z", "layer": 0, "source": 0}, "kind z has no source: leave it out"),
        ("llama", {"kind": "neuron", "layer": 0, "head": 0}, "kind neuron has no head: leave it out"),
        ("mixtral", {"kind": "expert", "layer": 0, "neuron": 0}, "kind expert has no neuron: leave it out"),
        ("llama", {"kind": "z", "layer": 0, "positions": ()}, "at least one position; None stands for all"),
        ("llama", {"kind": "z", "layer": 0, "positions": (0, 9)}, "There is no position 9: expected 0 to 8"),
        ("llama", {"kind": "z", "layer": 0, "positions": (-10,)}, "There is no position -10: expected 0 to 8"),
        ("llama", {"kind": "z", "layer": 0, "positions": (3, 1, 3)}, r"each position once, found \(3, 1, 3\)"),
        ("llama", {"kind": "z", "layer": 0, "positions": (8, -1)}, r"each position once, found \(8, -1\)"),
        ("mixtral", {"kind": "neuron", "layer": 0, "neuron": 0}, "mixture of experts: a neuron needs its expert"),
        ("mixtral", {"kind": "neuron", "layer": 0, "expert": 4, "neuron": 0}, "no expert 4: expected 0 to 3"),
        ("mixtral", {"kind": "expert", "layer": 0, "expert": 4}, "There is no expert 4: expected 0 to 3"),
        ("qwen3_moe", {"kind": "expert", "layer": 0}, "Layer 0 of .* is no mixture"),
        ("qwen3_moe", {"kind": "expert", "layer": -3}, "Layer 0 of .* is no mixture"),
        ("qwen3_moe", {"kind": "neuron", "layer": 1, "expert": 0, "neuron": 24}, "no neuron 24: expected 0 to 23"),
        ("phi", {"kind": "resid_mid", "layer": 0}, "are parallel"),
        ("gpt_neox", {"kind": "resid_mid", "layer": 0}, "Use resid_pre, resid_post, attention_write or mlp_write"),
    ],
)
def test_what_there_is_not_is_refused_in_words(model_type: str, given: dict[str, Any], message: str) -> None:
    site = Site(**(given | {"kind": "z"}))
    object.__setattr__(site, "kind", given["kind"])  # also one that there is not, whose type a checker refuses earlier
    with pytest.raises(InputError, match=message):
        resolve(site, model(model_type), LENGTH)


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"kind": "z", "layer": 3, "head": 2}, "L3.H2 z"),
        ({"kind": "neuron", "layer": 4, "neuron": 17}, "L4.N17"),
        ({"kind": "neuron", "layer": 4, "expert": 1, "neuron": 17}, "L4.E1.N17"),
        ({"kind": "neuron", "layer": 4}, "L4 neuron"),
        ({"kind": "neuron", "layer": 4, "expert": 1}, "L4.E1 neuron"),
        ({"kind": "expert", "layer": 4, "expert": 0}, "L4.E0 expert"),
        ({"kind": "resid_post", "layer": 4, "positions": (5,)}, "L4 resid_post @ 5"),
        ({"kind": "resid_post", "layer": 4, "positions": (5, 6)}, "L4 resid_post @ 5,6"),
        ({"kind": "pattern", "layer": 0, "head": 0, "source": 3, "positions": (5,)}, "L0.H0 pattern ← 3 @ 5"),
    ],
)
def test_labels(given: dict[str, Any], label: str) -> None:
    assert Site(**given).label == label


def test_indices_of_the_quantity() -> None:
    assert Site(kind="pattern", layer=0, head=0, source=3, positions=(5,)).index == (0,)
    assert Site(kind="neuron", layer=0, expert=2, neuron=0).index == (2, 0)
    assert Site(kind="resid_pre", layer=0, positions=(5,)).index == ()
    assert len(KINDS) == len(set(KINDS)) == 18


def test_how_many_experts_and_neurons() -> None:
    assert [experts_of(model("qwen3_moe"), layer) for layer in range(3)] == [0, 4, 4]
    assert [neurons_of(model("qwen3_moe"), layer) for layer in range(3)] == [48, 24, 24]
    assert (experts_of(model("gpt_oss"), 1), neurons_of(model("gpt_oss"), 1)) == (4, 48)
    assert (experts_of(model("gpt2"), 1), neurons_of(model("gpt2"), 1)) == (0, 48)
