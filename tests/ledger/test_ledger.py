"""The ledger: what it means, how it nests, and that it refuses to be wrong.

Where two ways to the same number both run in float64 with the same frozen scales, they may differ by `n u` times what
they add up: `CLOSE = 1e-12` is 5000 u, for numbers of order 1 to 10 made of dot products of at most 96 terms.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders.random_models import MIXTURES, MODEL_TYPES, SANDWICHED, SOFTCAPPED, VOCAB, build
from oracles import oracle
from oracles.oracle import EPS64, terms_of
from unembed.errors import InputError, LedgerError
from unembed.ledger.decompose import SAFETY, component_write, rounding

TOKENS = [3, 50, 7, 11, 96, 17, 19, 5, 3]
CLOSE = 1e-12
FINEST = "source+neuron"
COARSER = ("sublayer", "head", "source", "neuron", "head+neuron", "source+neuron")

each_family = pytest.mark.parametrize("model_type", MODEL_TYPES)


@pytest.fixture(scope="module")
def traces():
    """One trace a family, made when first asked for."""
    made: dict[str, unembed.Run] = {}

    def get(model_type: str) -> unembed.Run:
        if model_type not in made:
            made[model_type] = unembed.record(unembed.wrap(build(model_type)), TOKENS)
        return made[model_type]

    return get


def decompose(trace: unembed.Run, target: int | None = 12, *, by: str = FINEST, **kwargs) -> unembed.Ledger:
    return unembed.decompose(unembed.readout(trace, target, **kwargs), by=by)


# Nesting


@each_family
@pytest.mark.parametrize("by", COARSER)
def test_a_coarser_term_is_the_sum_of_its_children(traces, model_type: str, by: str) -> None:
    """Exactly: the last bit is all that the order of a float64 sum can change."""
    fine = decompose(traces(model_type))
    coarse = fine.coarser(by)
    assert coarse.by == by
    children: dict[oracle.Key, list[float]] = {}
    for key, value in terms_of(fine).items():
        children.setdefault(_parent(key, by), []).append(value)
    found = terms_of(coarse)
    assert found.keys() == children.keys()
    for key, values in children.items():
        assert abs(found[key] - math.fsum(values)) <= len(values) * EPS64 * math.fsum(map(abs, values))
    assert abs(coarse.sum - fine.sum) <= 1e-14 * math.fsum(map(abs, terms_of(fine).values()))
    assert (coarse.value, coarse.tolerance) == (fine.value, fine.tolerance)


def _parent(key: oracle.Key, by: str) -> oracle.Key:
    kind, layer, head, expert, neuron, source = key
    if kind in ("head", "attention_bias") and "head" not in by and "source" not in by:
        return ("attention", layer, None, None, None, None)
    if kind in ("neuron", "mlp_bias") and "neuron" not in by:
        return ("mlp", layer, None, None, None, None)
    return (kind, layer, head, expert, neuron, source if "source" in by else None)


@each_family
def test_a_coarser_ledger_is_the_one_decomposed_so(traces, model_type: str) -> None:
    """A sublayer's own write carries the rounding of its post-norm (float32); all else is float64."""
    trace = traces(model_type)
    fine = decompose(trace)
    for by in COARSER:
        slack = 64 * oracle.EPS32 if model_type in SANDWICHED | MIXTURES else CLOSE
        found, expected = terms_of(fine.coarser(by)), terms_of(decompose(trace, by=by))
        assert found.keys() == expected.keys()
        for key in found:
            assert found[key] == pytest.approx(expected[key], abs=slack)


def test_coarser_twice_is_coarser_once(traces) -> None:
    fine = decompose(traces("llama"))
    once, twice = terms_of(fine.coarser("sublayer")), terms_of(fine.coarser("head").coarser("sublayer"))
    assert twice == pytest.approx(once, abs=CLOSE)
    assert terms_of(fine.coarser(FINEST)) == terms_of(fine)


@pytest.mark.parametrize(
    ("start", "finer"),
    [("sublayer", "head"), ("head", "source"), ("head", "neuron"), ("source", "neuron"), ("neuron", "head")],
)
def test_a_ledger_cannot_be_made_finer(traces, start: str, finer: str) -> None:
    with pytest.raises(InputError, match=f"A ledger by {start} cannot be split to {finer}"):
        decompose(traces("llama"), by=start).coarser(finer)


@pytest.mark.parametrize("by", ["heads", "", "token", "source+", "layer"])
def test_an_unknown_granularity(traces, by: str) -> None:
    with pytest.raises(InputError, match="Expected a granularity of sublayer, head, source, neuron"):
        decompose(traces("llama"), by=by)


# What is read


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


# Where others go wrong


@pytest.mark.parametrize("model_type", sorted(SANDWICHED))
def test_heads_and_neurons_go_through_the_post_norm(traces, model_type: str) -> None:
    """Leaving it out, as is often done, gives another number for every head and neuron."""
    trace = traces(model_type)
    run = oracle.Run(trace.model.module, TOKENS)
    _, expected = run.ledger(8, 3, attention="head", mlp="neuron", target=12)
    found = terms_of(decompose(trace, by="head+neuron", reference="raw"))
    final = oracle.freeze(run.parts.norm, run.final_norm, run.final[8])
    row = run.head.weight.detach()[12]
    checked = 0
    for layer in range(3):
        heads = oracle.without_bias(run.modules[layer].get_submodule(run.parts.out), run.padded_heads(layer, 8))
        neurons = run.modules[layer].mlp.down_proj.weight.detach().T * run.blocks[layer].activations[8][:, None]
        for kind, writes in (("head", heads), ("neuron", neurons)):
            for index, write in enumerate(writes):
                key = (kind, layer, *((index, None, None) if kind == "head" else (None, None, index)), None)
                skipped = float(row @ final.linear(write))
                assert abs(found[key] - expected[key].value) <= expected[key].bound
                if abs(expected[key].value) > 1e-3:
                    checked += 1
                    assert abs(found[key] - skipped) > 100 * expected[key].bound
                    assert found[key] != pytest.approx(skipped, rel=1e-3)
    assert checked > 50


@pytest.mark.parametrize("model_type", [t for t in MODEL_TYPES if oracle.PARTS[t].norm == "layer"])
def test_the_shift_of_the_final_norm_counts_once(model_type: str) -> None:
    """Adding to it moves the value and this one term alike, and no other term at all."""
    module = build(model_type)
    final_norm = module.get_submodule(oracle.PARTS[model_type].final_norm)
    before = unembed.record(unembed.wrap(module), TOKENS)
    added = torch.randn(32, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    with torch.no_grad():
        final_norm.bias += added
    after = unembed.record(unembed.wrap(module), TOKENS)
    one, other = (decompose(trace, reference="raw") for trace in (before, after))
    expected = float(module.get_output_embeddings().weight.detach()[12] @ added)
    first, second = terms_of(one), terms_of(other)
    found = {key: second[key] - first[key] for key in first}
    shift = [key for key in found if key[0] == "final_norm_shift"]
    assert len(shift) == 1
    assert found.pop(shift[0]) == pytest.approx(expected, abs=CLOSE)
    assert max(map(abs, found.values())) <= CLOSE
    assert other.value - one.value == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("model_type", sorted(SOFTCAPPED))
def test_the_soft_cap_is_the_difference_of_two_numbers(traces, model_type: str) -> None:
    trace = traces(model_type)
    for position in range(len(TOKENS)):
        ledger = decompose(trace, 12, position=position, reference="raw")
        before, after = trace.uncapped_logits[position, 12].item(), trace.logits[position, 12].item()
        term = [term.value for term in ledger.terms() if term.kind == "softcap"]
        assert term == [after - before]
        assert ledger.value == after
        assert after == pytest.approx(6.0 * math.tanh(before / 6.0), abs=1e-14)
        # All that is linear sums to the logit before the cap.
        assert ledger.sum - term[0] == pytest.approx(before, abs=ledger.tolerance)
        assert (before > after) == (before > 0)


def test_no_soft_cap_is_no_term(traces) -> None:
    assert not [term for term in decompose(traces("llama")).terms() if term.kind == "softcap"]


@pytest.mark.parametrize("model_type", ["llama", "gemma", "gpt2"])
def test_gains_count_in_each_dimension(model_type: str) -> None:
    """With one dimension let through, every term is that dimension of what was written, times one number."""
    module = build(model_type)
    norm = module.get_submodule(oracle.PARTS[model_type].final_norm)
    with torch.no_grad():
        norm.weight.fill_(-1.0 if model_type == "gemma" else 0.0)
        norm.weight[5] += 2.0
        if model_type == "gpt2":
            norm.bias.zero_()
    trace = unembed.record(unembed.wrap(module), TOKENS)
    run = oracle.Run(module, TOKENS)
    sigma = oracle.freeze(run.parts.norm, norm, run.final[8]).sigma
    factor = float(module.get_output_embeddings().weight[12, 5].detach()) * 2.0 / sigma
    found = {(t.kind, t.layer): t.value for t in decompose(trace, by="sublayer", reference="raw").terms()}
    for index, block in enumerate(run.blocks):
        for kind, write in (("attention", block.attention_write[8]), ("mlp", block.mlp_write[8])):
            entry = float(write[5] - (write.mean() if model_type == "gpt2" else 0))
            size = abs(factor) * float(write.abs().max())
            assert found[kind, index] == pytest.approx(factor * entry, abs=oracle.NORM_ROUNDINGS * oracle.EPS32 * size)


def test_direction_is_the_derivative_of_the_logit_with_the_norm_frozen(traces) -> None:
    """And not of the logit itself: the direct effect is not the total effect."""
    trace = traces("starcoder2")
    run = oracle.Run(trace.model.module, TOKENS)
    direction = unembed.readout(trace, 12, reference="raw").direction
    row = run.head.weight.detach()[12]
    leaf = run.final[8].clone().requires_grad_()
    (row @ oracle.freeze("layer", run.final_norm, run.final[8])(leaf)).backward()
    assert torch.allclose(direction, leaf.grad, rtol=0, atol=CLOSE)
    total = run.final[8].clone().requires_grad_()
    (row @ run.final_norm(total)).backward()
    assert float((direction - total.grad).abs().max()) > 1e-3


def test_a_component_that_is_no_head_or_neuron_has_no_write(traces) -> None:
    read = unembed.readout(traces("llama"), 12)
    embedding = unembed.decompose(read).terms()[0]
    with pytest.raises(InputError, match="Expected a head or a neuron, or a sublayer, found embedding"):
        component_write(read, embedding)


# The sum, and its check


@each_family
def test_the_sum_is_that_of_the_terms_in_float64(traces, model_type: str) -> None:
    ledger = decompose(traces(model_type))
    values = [term.value for term in ledger.terms()]
    assert abs(ledger.sum - math.fsum(values)) <= len(values) * EPS64 * math.fsum(map(abs, values))
    assert ledger.error == ledger.sum - ledger.value
    assert abs(ledger.error) <= ledger.tolerance


@each_family
def test_tolerance_is_the_stated_formula(traces, model_type: str) -> None:
    """`SAFETY u sqrt(sum over states and writes of sum_i (w_i x_i)^2 + ...)`: at least what that says of these."""
    trace = traces(model_type)
    read = unembed.readout(trace, 12, position=4)
    run = oracle.Run(trace.model.module, TOKENS)
    vectors = [x for block in run.blocks for x in (block.attention_write[4], block.mlp_write[4])]
    vectors += [run.stream(4, layer) for layer in range(len(run.blocks) + 1)]
    least = sum(float((read.direction * x).square().sum()) for x in vectors) ** 0.5
    unit = oracle.EPS32 if oracle.PARTS[model_type].norm.startswith("rms") else EPS64
    assert trace.model.precision == unit
    tolerance = unembed.decompose(read).tolerance
    assert tolerance == SAFETY * rounding(read)
    assert (
        SAFETY * unit * least <= tolerance < 100 * SAFETY * unit * (least + abs(read.value) + abs(read.reference_value))
    )


def test_check_tells_by_how_much(traces) -> None:
    ledger = decompose(traces("gpt2"))
    wrong = replace(ledger, value=ledger.value + 0.25)
    with pytest.raises(
        LedgerError, match=r"does not add up: .* off by 2\.50e-01.* rounding explains at most"
    ) as caught:
        wrong.check()
    assert caught.value.exit_code == 4
    assert "≠" in repr(wrong)
    assert ledger.check() is ledger
    assert " = model" in repr(ledger)


def test_check_is_as_sharp_as_its_tolerance(traces) -> None:
    ledger = decompose(traces("gpt2"))
    replace(ledger, value=ledger.sum + 0.99 * ledger.tolerance).check()
    for value in (ledger.sum + 1.01 * ledger.tolerance, ledger.sum - 1.01 * ledger.tolerance, math.nan, math.inf):
        with pytest.raises(LedgerError):
            replace(ledger, value=value).check()


def _altered(model: unembed.Model, module: torch.nn.Module, by: str) -> unembed.Ledger:
    """A ledger after someone's hook has changed by one part in a hundred half of what a module gives."""

    def alter(_: torch.nn.Module, args: object, out):
        x = out[0] if isinstance(out, tuple) else out
        x = x * torch.where(torch.arange(x.shape[-1]) % 2 == 0, 1.01, 1.0)
        return (x, *out[1:]) if isinstance(out, tuple) else x

    with module.register_forward_hook(alter):
        return unembed.decompose(unembed.readout(unembed.record(model, TOKENS), 12), by=by)


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "mixtral"])
def test_an_mlp_changed_after_loading_shows_where_it_is_split(model_type: str) -> None:
    """Its neurons no longer sum to what it writes; what it wrote is still what it wrote, so the rest adds up."""
    model = unembed.wrap(build(model_type))
    ledger = _altered(model, model.blocks[1].mlp_write, "source")
    assert abs(ledger.error) <= ledger.tolerance
    with pytest.raises(LedgerError, match=r"off by \d\.\d\de-0\d"):
        _altered(model, model.blocks[1].mlp_write, "neuron")


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "mixtral"])
def test_an_attention_changed_after_loading_shows_where_it_is_split(model_type: str) -> None:
    model = unembed.wrap(build(model_type))
    ledger = _altered(model, model.blocks[1].attention_write, "neuron")
    assert abs(ledger.error) <= ledger.tolerance
    for by in ("head", "source"):
        with pytest.raises(LedgerError, match=r"off by \d\.\d\de-0\d"):
            _altered(model, model.blocks[1].attention_write, by)


@pytest.mark.parametrize("by", ["sublayer", "head", "source", "neuron"])
@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "mixtral"])
def test_a_stream_changed_after_loading_shows_at_any_granularity(model_type: str, by: str) -> None:
    """A hook on a whole block (activation steering): no recorded write accounts for it."""
    model = unembed.wrap(build(model_type))
    with pytest.raises(LedgerError) as caught:
        _altered(model, model.blocks[1].module, by)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        (torch.float64, 10.0),
        *((dtype, size) for dtype in (torch.float64, torch.float32, torch.bfloat16) for size in (0.01, 1.0, 100.0)),
    ],
    ids=str,
)
def test_a_large_shift_of_the_final_norm_is_no_error(dtype: torch.dtype, size: float) -> None:
    """Rounding of the normed stream, shift included, is rounding too: `u |w_i y_i|` a dimension."""
    for seed in range(3):
        module = build("gpt2", seed=seed)
        with torch.no_grad():
            module.transformer.ln_f.weight.mul_(0.1)
            module.transformer.ln_f.bias.mul_(size)
        trace = unembed.record(unembed.wrap(module.to(dtype)), TOKENS)
        for position in range(len(TOKENS)):
            for kind in ({"reference": "raw"}, {"reference": "mean"}, {"versus": 9}):
                ledger = decompose(trace, 12, position=position, by="sublayer", **kind)
                assert abs(ledger.error) <= ledger.tolerance


# Reading it


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "qwen3_moe"])
def test_top_is_the_largest_first(traces, model_type: str) -> None:
    ledger = decompose(traces(model_type))
    expected = sorted(ledger.terms(), key=lambda term: -abs(term.value))
    assert [abs(t.value) for t in ledger.top(25)] == [abs(t.value) for t in expected[:25]]
    assert set(ledger.top(25)) <= set(ledger.terms())
    assert ledger.top(0) == []
    assert len(ledger.top(10**6)) == len(expected)


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "qwen3_moe", "gpt_oss"])
def test_the_table_is_the_terms(traces, model_type: str) -> None:
    ledger = decompose(traces(model_type))
    columns = ["kind", "layer", "head", "expert", "neuron", "source", "value"]
    table = ledger.to_polars()
    assert table.columns == columns
    assert table.rows() == [tuple(getattr(term, column) for column in columns) for term in ledger.terms()]
    assert table["value"].sum() == pytest.approx(ledger.value, abs=ledger.tolerance)


def test_labels(traces) -> None:
    labels = {term.label for term in decompose(traces("gpt2")).terms()}
    assert {"embedding", "position embedding", "final norm shift", "L0.H3 ← 8", "L2.N47", "L1 attn bias"} <= labels
    assert {"L1 attn", "L1 mlp"} <= {term.label for term in decompose(traces("gpt2"), by="sublayer").terms()}
    chosen = {
        term.expert for term in decompose(traces("mixtral")).terms() if term.layer == 1 and term.expert is not None
    }
    expected = {f"L1.E{expert}.N0" for expert in chosen}
    assert expected <= {term.label for term in decompose(traces("mixtral")).terms()}


def test_the_repr_names_the_largest_terms(traces) -> None:
    ledger = decompose(traces("llama"))
    shown = repr(ledger)
    assert f"{len(ledger.terms())} terms" in shown
    assert f"{ledger.value:+.4f}" in shown
    for term in ledger.top(4):
        assert f"{term.label} {term.value:+.2f}" in shown
