"""The ledger: how it nests, that it refuses to be wrong, and how it is read."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import unembed
from builders.ledgers import CLOSE, FINEST, TOKENS, decompose
from builders.random_models import MIXTURES, SANDWICHED, build, each_family
from oracles import oracle
from oracles.norms import EPS32, EPS64
from oracles.oracle import terms_of
from oracles.parts import PARTS
from unembed.errors import InputError, LedgerError
from unembed.ledger.decompose import SAFETY, rounding

COARSER = ("sublayer", "head", "source", "neuron", "head+neuron", "source+neuron")


# Nesting


@pytest.mark.crossed(1)
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
        slack = 64 * EPS32 if model_type in SANDWICHED | MIXTURES else CLOSE
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
    unit = EPS32 if PARTS[model_type].norm.startswith("rms") else EPS64
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


def test_of_equal_terms_the_first_come_first(traces) -> None:
    ledger = decompose(traces("qwen3_moe"))
    coarse = replace(ledger, segments=tuple(replace(s, values=np.asarray(s.values.round(2))) for s in ledger.segments))
    expected = sorted(coarse.terms(), key=lambda term: -abs(term.value))
    for count in (1, 7, 40, len(expected) - 1, len(expected)):
        assert coarse.top(count) == expected[:count]


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "qwen3_moe", "gpt_oss"])
def test_the_table_is_the_terms(traces, model_type: str) -> None:
    ledger = decompose(traces(model_type))
    columns = ["label", "kind", "layer", "head", "expert", "neuron", "source", "value"]
    table = ledger.to_polars()
    assert table.columns == [*columns, "source_token"]
    assert table.select(columns).rows() == [
        tuple(getattr(term, column) for column in columns) for term in ledger.terms()
    ]
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
