"""Memory that a long prompt no longer needs is given back after each block, of no other prompt."""

import sys

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.runs import heap

LONG = [(31 * i + 7) % 97 for i in range(300)]


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often memory was given back."""
    found: list[int] = []
    monkeypatch.setattr(heap, "_trim", lambda: lambda: found.append(1))
    monkeypatch.setattr(heap, "LEAST", len(LONG))
    return found


def test_a_long_prompt_gives_back_after_each_block(times: list[int]) -> None:
    model = unembed.wrap(build("llama", layers=3, context=512))
    unembed.record(model, LONG[:-1])
    assert not times
    unembed.record(model, LONG, positions=[-1])
    assert len(times) == 3
    model.module(torch.tensor([LONG]))
    assert len(times) == 3, "only while it is recorded"


def test_where_the_c_library_cannot_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    model = unembed.wrap(build("llama", layers=2, context=512))
    expected = unembed.record(model, LONG, positions=[-1]).logits
    monkeypatch.setattr(heap, "_trim", lambda: None)
    assert torch.equal(unembed.record(model, LONG, positions=[-1]).logits, expected)


def test_the_c_library_is_asked_only_where_it_is_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    heap._trim.cache_clear()
    for platform in ("darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        assert heap._trim() is None
        heap._trim.cache_clear()


def test_patterns_that_no_memory_holds_are_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = unembed.wrap(build("llama", layers=2, context=512))
    needed = 2 * model.blocks[0].heads * len(LONG) ** 2 * model.dtype.itemsize
    found = sum(layer.heads.pattern.nbytes for layer in unembed.record(model, LONG).layers if layer.heads)
    assert found == needed
    monkeypatch.setattr("unembed.runs.record.room", lambda device: needed)
    assert len(unembed.record(model, LONG).positions) == len(LONG)
    monkeypatch.setattr("unembed.runs.record.room", lambda device: needed - 1)
    with pytest.raises(unembed.InputError, match="Shorten the prompt, or ask a question of some positions"):
        unembed.record(model, LONG)
    assert unembed.record(model, LONG, positions=[-1]).positions == (len(LONG) - 1,)
    assert unembed.record(model, LONG, keep="stream").positions[-1] == len(LONG) - 1
