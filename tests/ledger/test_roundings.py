"""Ledgers of bfloat16 and float16 runs: with what each step rounded they sum to the model's own logit.

How closely: what is left is the float32 of the products that fold a readout, a few units (1.2e-7) of terms of order 1
to 100: 1e-5, where the model itself rounds by 1e-3 to 1.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

import unembed
from builders import random_encoder_decoders
from builders.ledgers import TOKENS
from builders.random_models import MODEL_TYPES, PARALLEL, SANDWICHED, build
from oracles import oracle, rounded
from oracles.parts import PARTS
from unembed.errors import LedgerError, ModelError
from unembed.ledger import roundings
from unembed.ledger.inspect_part import inspect_part
from unembed.ledger.rows import sublayer_terms
from unembed.loading.check import check
from unembed.models import families
from unembed.models.parts import Part
from unembed.models.read_source import probe_source

HALVES = [torch.bfloat16, torch.float16]
each_half = pytest.mark.parametrize("dtype", HALVES, ids=str)
CLOSE = 1e-5
GRAINS = ("sublayer", "head", "source", "neuron", "source+neuron")
READS = ({"reference": "raw"}, {"reference": "mean"}, {"versus": 7}, {"layer": "emb"}, {"layer": 0})


def adds_up(run: unembed.Run, positions) -> None:
    for position in positions:
        for kind in READS:
            read = unembed.readout(run, 12, position=position, **kind)
            for by in GRAINS:
                ledger = unembed.decompose(read, by=by)
                assert abs(ledger.error) <= CLOSE
                assert abs(ledger.error) <= ledger.tolerance < 1e-3
                assert abs(ledger.coarser("sublayer").sum - ledger.value) <= CLOSE


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_every_family_adds_up_to_its_own_logit(model_type, dtype):
    switches = [{PARALLEL[model_type]: on} for on in (True, False)] if model_type in PARALLEL else [{}]
    for switch in switches:
        module = build(model_type, dtype=dtype, **switch)
        run = unembed.record(unembed.wrap(module), TOKENS)
        assert torch.equal(run.logits, oracle.Run(module, TOKENS).logits)
        adds_up(run, (0, 4, 8))
        stream = unembed.record(run.model, TOKENS, keep="stream", positions=[-1])
        assert abs(unembed.decompose(unembed.readout(stream, 12)).error) <= CLOSE


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", random_encoder_decoders.ENCODER_DECODERS)
def test_every_encoder_decoder_adds_up(model_type, dtype):
    model = probe_source(unembed.wrap(random_encoder_decoders.build(model_type, dtype=dtype)), 6)
    adds_up(unembed.record(model, [0, 5, 9, 33, 2]), (0, 4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_in_float32_and_more_no_rounding_is_named(dtype):
    ledger = unembed.decompose(unembed.readout(unembed.wrap(build("gemma2", dtype=dtype)), TOKENS), by="source")
    assert not ledger.names_rounding
    assert ledger.rounding == 0


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_what_each_block_rounded_is_what_our_own_hooks_saw(model_type, dtype):
    module = build(model_type, dtype=dtype)
    read = unembed.readout(unembed.record(unembed.wrap(module), TOKENS), 12)
    run, w = oracle.Run(module, TOKENS), read.direction
    found: dict[tuple[str, int | None], float] = {}
    for term in unembed.decompose(read, by="head").terms():
        if term.is_rounding:
            found[term.kind, term.layer] = term.value
    for layer in range(len(run.blocks)):
        expected = float(w @ rounded.of_additions(run, layer, 8))
        total = sum(found.get((f"{stage}_rounding", layer), 0.0) for stage in ("attention", "mlp"))
        assert total == pytest.approx(expected, abs=1e-12)
        if model_type not in SANDWICHED:  # a post-norm's own rounding is in the same term
            expected = float(w @ rounded.of_attention_product(run, layer, 8))
            assert found["attention_product_rounding", layer] == pytest.approx(expected, abs=1e-12)
    assert max(map(abs, found.values())) > 1e-5


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", [m for m in MODEL_TYPES if m not in SANDWICHED])
def test_what_products_and_mixes_rounded_is_what_our_own_hooks_saw(model_type, dtype):
    """To 1e-8: the readout is folded through W_O in float32, a few units (1.2e-7) of terms of 1e-2 at most."""
    module = build(model_type, dtype=dtype)
    read = unembed.readout(unembed.record(unembed.wrap(module), TOKENS), 12)
    run, w = oracle.Run(module, TOKENS), read.direction
    terms = [term for term in unembed.decompose(read, by="source+neuron").terms() if term.is_rounding]
    heads = {(term.layer, term.head): term.value for term in terms if term.kind == "head_rounding"}
    products = {term.layer: term.value for term in terms if term.kind == "mlp_product_rounding"}
    for layer, module_of in enumerate(run.modules):
        for head, lost in enumerate(rounded.of_mixes(run, layer, 8)):
            assert heads[layer, head] == pytest.approx(float(w @ lost), abs=1e-8)
        if not run.is_mixture(module_of):
            assert products[layer] == pytest.approx(float(w @ rounded.of_mlp_product(run, layer, 8)), abs=1e-12)
    assert max(map(abs, heads.values())) > 1e-6


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_what_the_unembedding_rounded_is_what_a_hook_on_it_saw(model_type, dtype):
    module = build(model_type, dtype=dtype)
    ledger = unembed.decompose(unembed.readout(unembed.record(unembed.wrap(module), TOKENS), 12, versus=7))
    head, seen = module.get_output_embeddings(), []
    handle = head.register_forward_hook(lambda _, args, out: seen.append((args[0][0, -1], out[0, -1])))
    run = oracle.Run(module, TOKENS)
    handle.remove()
    (y, uncapped) = (x.double() for x in seen[0])
    weights = run.token_rows(12, 7, "raw")
    exact = head.weight.detach().double() @ y
    exact = exact if head.bias is None else exact + head.bias.detach().double()
    found = {term.kind: term.value for term in ledger.terms()}
    assert found["unembedding_rounding"] == pytest.approx(float(weights @ (uncapped - exact)), abs=1e-12)
    cap = getattr(module.config, "final_logit_softcapping", None)
    if cap is not None:
        lost = run.logits[-1].double() - cap * torch.tanh(uncapped / cap)
        assert found["softcap_rounding"] == pytest.approx(float(weights @ lost), abs=1e-12)


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_direction_is_read_with_the_gain_of_the_final_norm_itself(model_type, dtype):
    """Off by the rounding of a 16-bit output (up to 4e-3), every term would be off by as much, and still add up."""
    module = build(model_type, dtype=dtype)
    read = unembed.readout(unembed.record(unembed.wrap(module), TOKENS), 12)
    weight = module.get_output_embeddings().weight.detach().double()
    exact = weight[12] - weight.mean(0)
    if PARTS[model_type].norm != "none":
        norm = module.get_submodule(PARTS[model_type].final_norm)
        exact = exact * (norm.weight.detach().double() + (1 if model_type.startswith("gemma") else 0))
        exact = exact - exact.mean() if isinstance(norm, torch.nn.LayerNorm) else exact
    scale = (read.direction @ exact) / exact.square().sum()  # that of the run
    assert float((read.direction - scale * exact).norm() / read.direction.norm()) < 1e-6


@each_half
@pytest.mark.parametrize("model_type", ["llama", "gemma2", "mixtral", "phi"])
def test_a_coarser_ledger_is_the_one_of_that_grain(model_type, dtype):
    """Heads too: what a mix of values rounded is a part of the head's term."""
    read = unembed.readout(unembed.record(unembed.wrap(build(model_type, dtype=dtype)), TOKENS), 12)
    finest = unembed.decompose(read, by="source+neuron")
    for by in ("sublayer", "head", "neuron", "head+neuron"):
        one, other = finest.coarser(by).terms(), unembed.decompose(read, by=by).terms()
        assert {t.label: t.value for t in one} == pytest.approx({t.label: t.value for t in other}, abs=CLOSE)


@each_half
def test_a_rows_children_and_a_heads_sources_sum_to_it(dtype):
    read = unembed.readout(unembed.record(unembed.wrap(build("gemma2", dtype=dtype)), TOKENS), 12)
    for sublayer in ("attention", "mlp"):
        opened = sublayer_terms(read, 1, sublayer)
        assert sum(t.value for t in opened.children) + opened.others == pytest.approx(opened.parent, abs=CLOSE)
        for child in opened.children:
            if child.kind == "head":
                sources = [t.value for t in opened.sources if t.head == child.head]
                assert len(sources) == len(TOKENS) + 1
                assert sum(sources) == pytest.approx(child.value, abs=CLOSE)
                assert inspect_part(read, Part("head", 1, child.head)).value == pytest.approx(child.value, abs=CLOSE)


# What a difference would hide


@each_half
@pytest.mark.parametrize("by", GRAINS)
def test_a_write_that_is_off_by_the_last_bit_is_refused(by, dtype):
    run = unembed.record(unembed.wrap(build("llama", dtype=dtype)), TOKENS)
    write = run.layers[1].mlp_write.clone()
    summed = dict(run.states(8))[1, "mlp"][0]
    place = int(summed.abs().argmin())
    write[8, place] = write[8, place] + 2 * torch.finfo(dtype).eps * summed[place].abs().clamp_min(
        write[8, place].abs()
    )
    layers = (run.layers[0], replace(run.layers[1], mlp_write=write), *run.layers[2:])
    with pytest.raises(LedgerError, match="stream before block 2, summed from what was written to it"):
        unembed.decompose(unembed.readout(replace(run, layers=layers), 12), by=by)


@each_half
def test_a_term_that_is_off_by_a_thousandth_is_refused(dtype):
    ledger = unembed.decompose(
        unembed.readout(unembed.wrap(build("mixtral", dtype=dtype)), TOKENS, 12), by="source+neuron"
    )
    for index, segment in enumerate(ledger.segments):
        values = np.array(segment.values, copy=True)
        values.ravel()[0] += 1e-3
        changed = [*ledger.segments]
        changed[index] = replace(segment, values=values)
        with pytest.raises(LedgerError, match=r"off by 1\.00e-03"):
            replace(ledger, segments=tuple(changed)).check()


@each_half
@pytest.mark.parametrize(
    ("model_type", "change"),
    [
        ("gpt_neox", {"writes_meet_first": False}),
        ("phi", {"writes_meet_first": False}),
        ("stablelm", {"writes_meet_first": True}),
    ],
)
def test_a_row_that_adds_in_another_order_is_refused(model_type, change, dtype):
    """A difference of one rounding: nothing else tells these rows from right ones."""
    switch = {PARALLEL[model_type]: True} if model_type in PARALLEL else {}
    model = unembed.wrap(build(model_type, dtype=dtype, d_model=64, **switch))
    check(model)
    with pytest.raises(ModelError, match="repeatable to the last bit"):
        check(replace(model, family=replace(families.row(model_type), **change)))


@pytest.mark.crossed(1)
@each_half
@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "mixtral"])
@pytest.mark.parametrize("part", ["out", "down"])
def test_another_output_matrix_is_no_rounding(model_type, part, dtype):
    """A matrix that is not the run's, by a twentieth: its products are wrong by more than half a unit."""
    module = build(model_type, dtype=dtype)
    run = unembed.record(unembed.wrap(module), TOKENS)
    block = run.model.blocks[1]
    experts = part == "down" and block.experts is not None
    path = getattr(PARTS[model_type], part)
    weight = (
        block.experts.down_proj
        if experts
        else module.get_submodule(PARTS[model_type].blocks)[1].get_submodule(path).weight
    )
    with torch.no_grad():
        weight.mul_(1.05)
    with pytest.raises(LedgerError, match=r"of block 1 is off by .*, where rounding explains at most"):
        unembed.decompose(unembed.readout(run, 12), by="source+neuron")


@each_half
def test_a_sum_loses_half_a_unit_at_most(dtype):
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(1000, generator=generator).to(dtype) for _ in range(2))
    after = a + b
    lost = roundings.of_sum("a sum", after, a, b)
    assert torch.equal(lost, after.double() - a.double() - b.double())
    assert float(lost.abs().max()) > 0
    following = torch.nextafter(after, torch.full_like(after, torch.inf))
    assert (following.double() - after.double() <= 4 * roundings.half_unit(after)).all()
    with pytest.raises(LedgerError, match="a sum is off by"):
        roundings.of_sum("a sum", torch.nextafter(following, torch.full_like(after, torch.inf)), a, b)
