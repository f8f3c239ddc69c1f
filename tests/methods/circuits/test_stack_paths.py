"""Paths through cross-attention and through post-LN streams, against autograd in a module made linear (linearised.py).

With MLP writes cut loose, the gradient of a logit by a write times the write is the sum of all paths that start there:
no formula of the package is used. Everything is float64 under `exactly()`, sums of some thousand products: 1e-10.
"""

from collections import defaultdict
from functools import cache
from typing import Any

import pytest
import torch

import unembed
from builders.masked_models import MASKED, build_masked
from builders.random_encoder_decoders import ENCODER_DECODERS, build
from oracles.linearised import Leaves, linearised
from oracles.rerun import exactly
from unembed.methods.circuits.paths import PathExpansion, Step, expand_paths
from unembed.models.model import Model
from unembed.models.read_source import probe_source, with_source

PROMPT, SOURCE, TARGET = (0, 5), [7, 8, 9], 12
each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)
TWO_LAYERS: dict[str, Any] = {"decoder_layers": 2, "decoder_attention_heads": 2, "encoder_layers": 2}


@cache
def model_of(model_type: str) -> Model:
    with exactly():
        if model_type == "whisper":
            return probe_source(unembed.wrap(build(model_type, **TWO_LAYERS, max_source_positions=3)))
        small = {"num_decoder_layers": 2, "num_heads": 2} if model_type == "t5" else TWO_LAYERS
        return with_source(unembed.wrap(build(model_type, **small)), SOURCE)


@cache
def whole(model_type: str) -> PathExpansion:
    """Every path, opened to its start."""
    with exactly():
        return expand_paths(model_of(model_type), PROMPT, TARGET, reference="raw", smallest=1e-14, open_at_most=10**6)


MLPS = {"encoder": "model.encoder.layers.{}.fc2", "decoder": "model.decoder.layers.{}.fc2"}
T5 = {"encoder": "encoder.block.{}.layer.1.DenseReluDense", "decoder": "decoder.block.{}.layer.2.DenseReluDense"}


def credits(model: Model) -> dict[tuple[bool, str, int | None], torch.Tensor]:
    """By stack, kind and layer: what each position's write adds to the logit, along all paths together."""
    module, t5 = model.module, model.family.model_type == "t5"
    where, leaves = T5 if t5 else MLPS, Leaves()
    with exactly(), linearised(module), leaves.stack:
        for inside, stack in ((True, "encoder"), (False, "decoder")):
            for layer in range(2):
                leaves.output((inside, "mlp", layer), module.get_submodule(where[stack].format(layer)))
            body = module.get_submodule(stack if t5 else f"model.{stack}")
            if hasattr(body, "embed_positions"):
                leaves.output((inside, "position_embedding", None), body.embed_positions)
            if hasattr(body, "embed_tokens"):
                leaves.output((inside, "embedding", None), body.embed_tokens)
        assert model.source is not None
        inputs = {**model.source.inputs, "decoder_input_ids": torch.tensor([PROMPT])}
        found = leaves.credit(module(**inputs, use_cache=False).logits[0, -1, TARGET])
    return {key: (slope * x).reshape(-1, x.shape[-1]).sum(-1) for key, (slope, x) in found.items()}


@each
def test_paths_by_start_are_the_credit_of_autograd(model_type: str) -> None:
    model, found = model_of(model_type), whole(model_type)
    expected = credits(model)
    sums: dict[Any, float] = defaultdict(float)
    for path in found.paths:
        sums[path.of_source, path.kind, path.layer, path.position] += path.value
    checked = 0
    for (inside, kind, layer), values in expected.items():
        for position, value in enumerate(values.tolist()):
            got = sums[inside, kind, layer, position]
            assert got == pytest.approx(value, abs=1e-10), (inside, kind, layer, position)
            checked += 1
    assert checked >= 3 * 2 + 2 * 2 + 2  # the MLPs of both stacks, and the decoder's embeddings
    assert abs(found.unopened) < 1e-9
    assert found.sum == pytest.approx(float(found.readout.run.logits[-1, TARGET]), abs=1e-10)


@each
def test_paths_by_their_last_head_are_the_ledgers_heads(model_type: str) -> None:
    """What all paths whose last step is a head and a source add is that term of the exact ledger."""
    found = whole(model_type)
    with exactly():
        terms = unembed.decompose(found.readout, by="source").terms()
    sums: dict[Any, float] = defaultdict(float)
    for path in found.paths:
        if path.steps:
            last = path.steps[-1]
            assert last.destination == 1
            assert not last.encoder
            sums["cross_attention" if last.cross else "head", last.layer, last.head, last.source] += path.value
    heads = [term for term in terms if term.head is not None]
    assert {term.kind for term in heads} == {"head", "cross_attention"}
    for term in heads:
        assert sums[term.kind, term.layer, term.head, term.source] == pytest.approx(term.value, abs=1e-10), term.label


@each
def test_paths_through_the_encoder_are_the_credit_of_its_inputs(model_type: str) -> None:
    """The paths that cross-attention carries to the readout's own position, by start, are `input_credit`."""
    found = whole(model_type)
    with exactly():
        credit = unembed.input_credit(found.readout)
    sums: dict[Any, float] = defaultdict(float)
    for path in found.paths:
        crossing = [step for step in path.steps if step.cross]
        if len(path.steps) and path.steps[-1].cross:
            assert len(crossing) == 1
            kind = path.kind if path.kind in ("embedding", "position_embedding", "mlp") else "bias"
            place = (None, None) if kind == "bias" else (path.layer, path.position)
            sums[f"source_{kind}", *place] += path.value
    for term in credit.terms():
        assert sums[term.kind, term.layer, term.source] == pytest.approx(term.value, abs=1e-10), term.label


def test_the_steps_of_a_path_join_and_are_named() -> None:
    found = whole("mbart")
    assert any(step.encoder for path in found.paths for step in path.steps)
    for path in found.paths:
        inside = [step.encoder for step in path.steps]
        assert inside == sorted(inside, reverse=True)  # first the encoder, then the decoder
        assert sum(step.cross for step in path.steps) == path.of_source
        for one, after in zip(path.steps, path.steps[1:], strict=False):
            assert after.source == one.destination
            assert after.layer > one.layer or (one.encoder and not after.encoder)
        if path.steps:
            assert path.steps[0].source == path.position
    assert Step(1, 0, 2, 1, encoder=True).label == "enc.L1.H0 (2→1)"
    assert Step(1, 3, 2, 1, cross=True).label == "L1.X3 (2→1)"
    start = next(path for path in found.paths if path.of_source and path.kind == "mlp" and len(path.steps) > 1)
    assert start.label.startswith(f"enc.L{start.layer} mlp @ {start.position} → ")
    rows = found.table()
    row = rows[found.paths.index(start)]
    assert row["token"] == f"id:{SOURCE[start.position]}"
    bias = next(path for path in found.paths if path.kind == "cross_value_bias")
    assert bias.label.startswith(f"L{bias.layer} cross value bias @ {bias.position} → L{bias.layer}.X")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@each
def test_paths_and_remainder_sum_to_the_models_number(model_type: str, dtype: torch.dtype) -> None:
    model = probe_source(unembed.wrap(build(model_type, dtype=dtype)))
    found = expand_paths(model, [0, 5, 9], TARGET, smallest=3e-2, open_at_most=200)
    assert abs(found.error) <= found.tolerance
    ends = expand_paths(model, [0, 5, 9], TARGET, open_at_most=0)
    assert all(not path.steps for path in ends.paths)
    assert abs(ends.error) <= ends.tolerance


# Masked language models, whose stream is post-LN and bidirectional


@pytest.mark.parametrize("model_type", MASKED)
def test_paths_of_masked_models_sum_to_the_number_at_the_blank(model_type: str) -> None:
    with exactly():
        model = unembed.wrap(build_masked(model_type, num_hidden_layers=2, num_attention_heads=2))
        run = unembed.record(model, [1, 5, 4])
        found = expand_paths(run, TARGET, position=1, reference="raw", smallest=1e-14, open_at_most=10**6)
        terms = unembed.decompose(found.readout, by="source").terms()
    assert found.sum == pytest.approx(float(run.logits[1, TARGET]), abs=1e-10)
    assert abs(found.unopened) < 1e-9
    sums: dict[Any, float] = defaultdict(float)
    for path in found.paths:
        if path.steps:
            assert path.steps[-1].destination == 1
            last = path.steps[-1]
            sums[last.layer, last.head, last.source] += path.value
        else:
            sums[path.kind, path.layer] += path.value
    for term in terms:
        if term.head is not None:
            assert sums[term.layer, term.head, term.source] == pytest.approx(term.value, abs=1e-10), term.label
        elif (term.kind, term.layer) in sums:
            assert sums[term.kind, term.layer] == pytest.approx(term.value, abs=1e-10), term.label
    assert any(step.source > step.destination for path in found.paths for step in path.steps)  # it reads on both sides
