"""What a ledger is of: logits, their contrasts and means, layers, and directions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders.ledgers import CLOSE, FINEST, TOKENS, decompose
from builders.random_models import MODEL_TYPES, VOCAB, each_family
from oracles import oracle
from oracles.oracle import terms_of


@each_family
def test_values_are_combinations_of_the_models_logits(traces, model_type: str) -> None:
    trace = traces(model_type)
    logits = trace.logits[4].double()
    raw = unembed.readout(trace, 12, position=4, reference="raw")
    mean = unembed.readout(trace, 12, position=4)
    versus = unembed.readout(trace, 12, position=4, versus=9)
    assert raw.value == logits[12].item()
    assert raw.reference_value == 0
    assert mean.value == pytest.approx((logits[12] - logits.mean()).item(), abs=1e-14)
    assert mean.reference_value == pytest.approx(logits.mean().item(), abs=1e-14)
    assert versus.value == (logits[12] - logits[9]).item()
    assert versus.reference_value == pytest.approx(logits[9].item(), abs=1e-14)


@each_family
def test_the_mean_ledger_is_the_raw_one_less_the_mean_over_the_vocabulary(traces, model_type: str) -> None:
    """Term by term, soft-cap and biases too: the raw ledgers of all 97 tokens, averaged."""
    trace = traces(model_type)
    every = [terms_of(decompose(trace, token, by="head", reference="raw")) for token in range(VOCAB)]
    average = {key: math.fsum(terms[key] for terms in every) / VOCAB for key in every[0]}
    found = terms_of(decompose(trace, 12, by="head"))
    assert found == pytest.approx({key: every[12][key] - average[key] for key in average}, abs=CLOSE)


@each_family
def test_a_contrast_is_the_difference_of_two_raw_ledgers(traces, model_type: str) -> None:
    trace = traces(model_type)
    one, other = (terms_of(decompose(trace, token, reference="raw")) for token in (12, 9))
    found = terms_of(decompose(trace, 12, versus=9))
    assert found == pytest.approx({key: one[key] - other[key] for key in one}, abs=CLOSE)
    assert terms_of(decompose(trace, 9, versus=12)) == pytest.approx({k: -v for k, v in found.items()}, abs=CLOSE)


def test_a_token_against_itself_is_nothing(traces) -> None:
    ledger = decompose(traces("gemma2"), 12, versus=12)
    assert ledger.value == 0
    assert {term.value for term in ledger.terms()} == {0.0}


def test_the_default_target_is_the_top_prediction(traces) -> None:
    trace = traces("qwen2")
    for position in range(len(TOKENS)):
        assert unembed.readout(trace, position=position).target == int(trace.logits[position].argmax())


@pytest.mark.parametrize("reference", ["raw", "mean"])
def test_positions_and_layers_count_from_both_ends(traces, reference: str) -> None:
    trace = traces("stablelm")
    first = unembed.readout(trace, 12, position=7, layer=0, reference=reference)
    second = unembed.readout(trace, 12, position=-2, layer=-3, reference=reference)
    assert (
        (first.position, first.layer, first.value)
        == (second.position, second.layer, second.value)
        == (7, 0, first.value)
    )


@each_family
def test_layer_zero_reads_the_embedding_alone(traces, model_type: str) -> None:
    ledger = decompose(traces(model_type), layer="emb")
    kinds = {"embedding", "position_embedding", "final_norm_shift", "unembedding_bias", "softcap"}
    assert {term.kind for term in ledger.terms()} <= kinds
    assert abs(ledger.error) <= ledger.tolerance


@each_family
def test_the_last_layer_of_the_lens_is_the_model_itself(traces, model_type: str) -> None:
    trace = traces(model_type)
    last = trace.model.layers - 1
    assert unembed.readout(trace, 12, layer=last).value == unembed.readout(trace, 12).value
    # Through the modules by hand, one position instead of nine: the rounding of another matrix shape.
    with torch.no_grad():
        norm = trace.model.module.get_submodule(trace.model.family.final_norm)
        logits = trace.model.module.get_output_embeddings()(norm(trace.streams()[1, 4][None]))[0]
        logits = logits if trace.model.softcap is None else 6.0 * torch.tanh(logits / 6.0)
    found = unembed.readout(trace, 12, layer=0, position=4, reference="raw").value
    assert found == pytest.approx(logits[12].item(), abs=CLOSE)


@given(data=st.data())
def test_a_ledger_is_linear_in_the_direction(traces, data: st.DataObject) -> None:
    trace = traces(data.draw(st.sampled_from(MODEL_TYPES)))
    seed, factor = data.draw(st.integers(0, 10**6)), data.draw(st.floats(-4, 4))
    layer = data.draw(st.sampled_from(["emb", *range(trace.model.layers)]))
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.randn(2, trace.model.d_model, generator=generator, dtype=torch.float64)

    def read(direction: torch.Tensor) -> dict[oracle.Key, float]:
        return terms_of(unembed.decompose(unembed.read_direction(trace, direction, layer=layer), by=FINEST))

    first, second, both = read(one), read(other), read(one + factor * other)
    assert both == pytest.approx({key: first[key] + factor * second[key] for key in first}, abs=1e-10)


def test_a_direction_given_as_numbers(traces) -> None:
    trace = traces("gpt2")
    direction = [float(i % 3) for i in range(trace.model.d_model)]
    expected = float(np.dot(direction, trace.final[8].numpy()))
    assert unembed.read_direction(trace, direction).value == pytest.approx(expected, abs=CLOSE)
