"""Long prompts: recorded with the attention the model was loaded with, and equal to a run with eager attention."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import unembed
from builders import random_encoder_decoders
from builders.masked_models import MASKED, build_masked
from builders.random_encoder_decoders import ENCODER_DECODERS
from builders.random_models import MODEL_TYPES, WINDOWED, build
from oracles import rerun
from oracles.norms import EPS64
from unembed import edits
from unembed.engine import splicing
from unembed.errors import InputError
from unembed.methods.circuits.attention_score import attention_score
from unembed.methods.knowledge import weight_edits
from unembed.models import own_attention
from unembed.models.read_source import probe_source
from unembed.runs import record as recording
from unembed.runs.prefix import prefix
from unembed.runs.run import Run

TOKENS = [3, 50, 7, 11, 4, 17, 19, 5, 3, 44, 8, 23, 61, 9]
KEPT = [13, 5, 2]
SLACK = 64 * EPS64
"""Of two correct ways to run one model, relative to the largest number; the load check's, where it is reasoned."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts of more than four tokens are long, and four queries attend eagerly at once."""
    for module in (own_attention, recording):
        monkeypatch.setattr(module, "CHUNK", 4)


def model_of(model_type: str, **how: Any) -> unembed.Model:
    if model_type in MASKED:
        return unembed.wrap(build_masked(model_type, **how))
    if model_type not in ENCODER_DECODERS:
        return unembed.wrap(build(model_type, **how))
    model = unembed.wrap(random_encoder_decoders.build(model_type, **how))
    return probe_source(model)


def close(found: Tensor, expected: Tensor, what: str) -> None:
    assert found.shape == expected.shape, what
    largest = max(1.0, float(expected.abs().max()))
    assert float((found - expected).abs().max()) <= SLACK * largest, what


def compare(some: Run, whole: Run, kept: list[int]) -> None:
    close(some.logits, whole.logits[kept], "logits")
    close(some.streams(), whole.streams()[:, kept], "streams")
    for index, (one, other) in enumerate(zip(some.layers, whole.layers, strict=True)):
        for mine, theirs in ((one.heads, other.heads), (one.cross_heads, other.cross_heads)):
            if theirs is not None:
                close(mine.pattern, theirs.pattern[:, kept], f"pattern of layer {index}")
                close(mine.value, theirs.value, f"values of layer {index}")
                close(mine.z, theirs.z[kept], f"z of layer {index}")
        close(some.calls[index].key, whole.calls[index].key, f"keys of layer {index}")
        close(some.calls[index].query, whole.calls[index].query[:, kept], f"queries of layer {index}")
        close(some.lengths(index), whole.lengths(index), f"lengths before layer {index}")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("model_type", [*MODEL_TYPES, *ENCODER_DECODERS, *MASKED])
def test_a_long_run_equals_one_with_eager_attention(model_type: str, attention: str, short: None) -> None:
    with rerun.exactly():
        model = model_of(model_type)
        if not getattr(model.module, "_supports_sdpa", False) and attention == "sdpa":
            attention = "eager"
        model.module.set_attn_implementation(attention)
        whole = unembed.record(model, TOKENS)  # all positions: eager as a whole
        some = unembed.record(model, TOKENS, positions=KEPT)
        compare(some, whole, KEPT)
        for layer in range(model.layers):
            close(some.before(layer), whole.before(layer), f"stream before layer {layer}")
        if not model.bidirectional:
            compare(prefix(some, 10), prefix(whole, 10), [5, 2])
            close(prefix(some, 10).before(1), whole.before(1)[:10], "stream of a prefix")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_oss", "opt", "t5", "olmo2"])
def test_the_ledger_of_a_long_run_adds_up(model_type: str, dtype: torch.dtype, short: None) -> None:
    """`check` holds it against its tolerance, and each rounding of a 16-bit run against what rounding can be."""
    model = model_of(model_type, dtype=dtype)
    run = unembed.record(model, TOKENS, positions=KEPT)
    for position in KEPT:
        ledger = unembed.decompose(unembed.readout(run, 12, position=position), by="source+neuron")
        assert abs(ledger.error) <= ledger.tolerance


def test_a_mix_is_that_of_the_pattern_bit_for_bit(short: None) -> None:
    """A row that is kept attends eagerly, so its `z` is no other attention's."""
    run = unembed.record(model_of("llama"), TOKENS, positions=KEPT)
    for layer in run.layers:
        value = layer.heads.value.repeat_interleave(len(layer.heads.pattern) // len(layer.heads.value), 0)
        assert torch.equal((layer.heads.pattern @ value).transpose(0, 1), layer.heads.z)


# What is held


LONG = [(31 * i + 7) % 97 for i in range(300)]


class Large(TorchDispatchMode):
    """Counts what is made that has as many numbers as the prompt has pairs of positions."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.least, self.found = least, Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for x in out if isinstance(out, tuple | list) else [out]:
            if isinstance(x, Tensor) and x.numel() >= self.least:
                self.found[str(function), tuple(x.shape), x.dtype] += 1
        return out


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "opt", "phi", "mistral", "gemma3_text"])
def test_nothing_as_large_as_pairs_of_positions_is_made(model_type: str) -> None:
    """Neither while a long prompt is recorded and taken apart, nor for versions of its last position; but for the mask
    of a window, which the module makes in its plain forward as well."""
    window = {"window": 5} if model_type in WINDOWED else {}
    model = unembed.wrap(build(model_type, layers=2, context=512, **window))
    least = len(LONG) ** 2
    with Large(least) as plain, torch.no_grad():
        model.module(torch.tensor([LONG]), logits_to_keep=1)
    with Large(least) as large:
        run = unembed.record(model, LONG, positions=[-1])
        unembed.decompose(unembed.readout(run, 12), by="source+neuron")
        zeroed = [edits.zero(f"L{layer}.H{head} @ 299") for layer in range(2) for head in range(4)]
        unembed.counterfactuals(run, zeroed, unembed.measures.logit(12))
    assert large.found <= plain.found
    assert bool(large.found) == bool(window)


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "qwen3"])
def test_why_a_head_attended_in_a_long_prompt(model_type: str) -> None:
    """Two runs that keep one row of each pattern, or two, say what a run that keeps all patterns does."""
    with rerun.exactly():
        model = unembed.wrap(build(model_type, layers=2, context=512))
        with Large(len(LONG) ** 2) as plain, torch.no_grad():
            model.module(torch.tensor([LONG]), logits_to_keep=1)
        with Large(len(LONG) ** 2) as large:
            found = [attention_score(model, LONG, 1, 2, source=source) for source in (None, 40)]
        assert large.found <= plain.found + plain.found + plain.found
        whole = unembed.record(model, LONG)
        for score in found:
            expected = attention_score(whole, 1, 2, source=score.source)
            assert score.score == pytest.approx(expected.score, rel=1e-9, abs=1e-9)
            assert score.attention == pytest.approx(expected.attention, rel=1e-9, abs=1e-12)
            assert score.values == pytest.approx(expected.values, rel=1e-9, abs=1e-9 * abs(expected.values).max())
        assert found[0].source == attention_score(whole, 1, 2).source


def test_a_long_version_attends_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that is edited at the first position computes all of them; its scores are never held together."""
    model = unembed.wrap(build("llama", layers=2, context=512))
    run = unembed.record(model, LONG)
    version = [edits.scale("L0 attention_write @ 0", 2.0)]
    whole = unembed.counterfactuals(run, version, unembed.measures.logit(12))
    monkeypatch.setattr(splicing, "SCORES", 4 * len(LONG))
    with Large(len(LONG) ** 2) as large:
        some = unembed.counterfactuals(run, version, unembed.measures.logit(12))
    assert large.found == Counter()
    assert float((some - whole).abs()) <= 1e-6 * max(1.0, float(whole.abs()))  # softmax in float32


# The stream at positions that were not kept


def test_the_stream_is_kept_where_it_is_asked_and_made_again_elsewhere() -> None:
    model = unembed.wrap(build("llama", layers=3, context=512))
    run, whole = unembed.record(model, LONG, positions=[-1]), unembed.record(model, LONG)
    assert [call.stream.everywhere is None for call in run.calls] == [False, True, True]
    assert torch.equal(run.entering(2, torch.tensor([299])), run.calls[2].stream.kept)
    assert not run.kept, "no second run so far"
    assert float((run.before(2) - whole.before(2)).abs().max()) <= 1e-6 * float(whole.before(2).abs().max())
    assert torch.equal(run.before(2)[299:], run.calls[2].stream.kept), "the same run once more"


def test_versions_of_a_long_run_at_positions_that_it_does_not_keep() -> None:
    model = unembed.wrap(build("llama", layers=3, context=512))
    with rerun.exactly():
        run, whole = unembed.record(model, LONG, positions=[-1]), unembed.record(model, LONG)
        version = [edits.scale("L1 resid_pre @ 40", 3.0), edits.scale("L2 resid_pre @ 7", 3.0)]
        found = unembed.counterfactuals(run, version, unembed.measures.logit(12))
        close(found, unembed.counterfactuals(whole, version, unembed.measures.logit(12)), "logits")


def test_the_stream_is_not_made_again_with_other_weights() -> None:
    model = unembed.wrap(build("llama", layers=3, context=512))
    run = unembed.record(model, LONG, positions=[-1])
    without = weight_edits.weight_edits(model, [weight_edits.scaled(1, [3], 0.0)], "one neuron off")
    with weight_edits.applied(model, without), pytest.raises(InputError, match="no longer those of the run"):
        run.before(2)
