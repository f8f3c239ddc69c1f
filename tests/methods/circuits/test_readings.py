"""What neurons and heads read: each term against plain arithmetic on the module's own weights and hooks."""

import pytest
import torch
from torch import nn

import unembed
from builders.random_models import build
from unembed.errors import InputError, LedgerError
from unembed.ledger.stream_terms import stream_writes
from unembed.methods.circuits.attention_score import attention_score
from unembed.methods.circuits.paths import expand_paths
from unembed.methods.circuits.readings import readings
from unembed.models.parts import Part
from unembed.runs.record import record

TOKENS = (2, 31, 4, 15, 9, 26)
GATED = {"llama": nn.functional.silu, "phi3": nn.functional.silu, "qwen2": nn.functional.silu}
GATED |= {name: lambda x: nn.functional.gelu(x, approximate="tanh") for name in ("gemma2", "gemma3_text")}
GATED |= {"olmo2": nn.functional.silu, "stablelm": nn.functional.silu}
PLAIN = ("gpt2", "gpt_neo", "gpt_neox", "opt", "phi", "starcoder2")
"""With Conv1D, parallel blocks, fused gates, post-norms, none before the MLP."""
CLOSE = 1e-5
"""Norms of these families compute in float32."""
ALL = 10**6


@pytest.fixture(scope="module", params=[*GATED, *PLAIN])
def case(request):
    model = unembed.wrap(build(request.param, layers=2), name=request.param)
    return request.param, record(model, TOKENS)


def place(term) -> tuple:
    return term.kind, term.layer, term.head


@pytest.mark.parametrize("position", [2, -1])
def test_the_numbers_of_a_neuron_make_its_activation_and_the_terms_sum_to_them(case, position):
    family, run = case
    for neuron in range(6):
        part = Part("neuron", 1, neuron=neuron)
        found = readings(run, part, position, top=4)
        activation = float(run.at(part.site(position))[0])
        if family in GATED:
            gate, up = found
            assert (gate.what, up.what) == ("gate", "up")
            made = float(GATED[family](torch.tensor(gate.value, dtype=torch.float64))) * up.value
            assert made == pytest.approx(activation, abs=CLOSE)
        else:
            assert [reading.what for reading in found] == ["pre-activation"]
        for reading in found:
            whole = sum(term.value for term in reading.terms) + reading.others
            assert whole == pytest.approx(reading.value, abs=CLOSE)
            assert len(reading.terms) == 4
            sizes = [abs(term.value) for term in reading.terms]
            assert sizes == sorted(sizes, reverse=True)


def test_each_term_is_its_write_through_the_norm_and_the_row_of_the_gate():
    """Of llama by hand: RMSNorm's gain, the scale of the run, and a row of gate_proj."""
    module = build("llama", layers=2)
    run = record(unembed.wrap(module, name="llama"), TOKENS)
    block, streams = module.model.layers[1], {}
    norm = block.post_attention_layernorm
    norm.register_forward_pre_hook(lambda _, args: streams.update(x=args[0][0, -1].detach()))
    module(torch.tensor([TOKENS]))
    x, row = streams["x"].double(), block.mlp.gate_proj.weight[5].detach().double()
    scale = torch.rsqrt(x.square().mean() + norm.variance_epsilon)
    gate, _ = readings(run, Part("neuron", 1, neuron=5), -1, top=ALL)
    told = {place(term.term): term.value for term in gate.terms}
    for term, write in stream_writes(run, 1, len(TOKENS) - 1, attention=True):
        assert told[place(term)] == pytest.approx(
            float(row @ (norm.weight.detach().double() * write * scale)), abs=CLOSE
        )
    assert (gate.others_count, gate.others) == (0, 0)
    heads, embedding = [place(t.term) for t in gate.terms if t.term.kind == "head"], ("embedding", None, None)
    assert len(heads) == 2 * run.model.heads
    assert embedding in told


def test_a_gpt2_pre_activation_is_what_its_layer_gives():
    module = build("gpt2", layers=2)
    run = record(unembed.wrap(module, name="gpt2"), TOKENS)
    made = {}
    module.transformer.h[1].mlp.c_fc.register_forward_hook(lambda _m, _a, out: made.update(out=out[0, -1].detach()))
    module(torch.tensor([TOKENS]))
    for neuron in (0, 7):
        (reading,) = readings(run, Part("neuron", 1, neuron=neuron), -1)
        assert reading.value == pytest.approx(float(made["out"][neuron]), abs=1e-10)
        assert abs(reading.error) <= reading.tolerance


def test_query_and_key_of_a_head_are_its_pairs_summed_either_way(case):
    _, run = case
    pairs = attention_score(run.model, run, 1, 1, destination=4)
    query, key = readings(run, Part("head", 1, head=1), 4, top=ALL)
    assert (query.what, key.what) == ("query", "key")
    assert query.value == key.value == pairs.score
    assert query.source == key.source == pairs.source
    assert {place(t.term): t.value for t in query.terms} == pytest.approx(
        {place(t): v for t, v in zip(pairs.query_terms, pairs.values.sum(1).tolist(), strict=True)}
    )
    assert {place(t.term): t.value for t in key.terms} == pytest.approx(
        {place(t): v for t, v in zip(pairs.key_terms, pairs.values.sum(0).tolist(), strict=True)}
    )


def test_what_reads_nothing_of_its_own_has_no_reading(case):
    _, run = case
    assert readings(run, Part("mlp", 1), -1) == ()
    assert readings(run, Part("attention", 1), -1) == ()
    short = record(run.model, TOKENS, positions=[3])
    assert readings(short, Part("head", 1, head=0), 3) == ()
    assert len(readings(short, Part("neuron", 1, neuron=0), 3)) >= 1
    mixture = record(unembed.wrap(build("gpt_oss", layers=2)), TOKENS)
    assert readings(mixture, Part("neuron", 1, expert=0, neuron=0), -1) == ()


def test_parts_that_are_not_there(case):
    _, run = case
    with pytest.raises(InputError, match="There is no"):
        readings(run, Part("neuron", 1, neuron=10**6), -1)


def _pairs(run) -> None:
    attention_score(run.model, run, 1, 0)


def _neuron(run) -> None:
    readings(run, Part("neuron", 1, neuron=3), -1)


def _paths(run) -> None:
    expand_paths(run.model, run)


@pytest.mark.parametrize("account", [_pairs, _neuron, _paths])
def test_a_stream_that_no_write_accounts_for_adds_up_nowhere(account) -> None:
    """Someone's hook steers the first block: each sum is compared with what the model then computed."""
    model = unembed.wrap(build("llama", layers=2), name="steered")
    account(record(model, TOKENS))

    def steer(_: nn.Module, args: object, out: torch.Tensor | tuple[torch.Tensor, ...]):
        x = (out[0] if isinstance(out, tuple) else out) + torch.linspace(-1, 1, model.d_model)
        return (x, *out[1:]) if isinstance(out, tuple) else x

    with model.blocks[0].module.register_forward_hook(steer):
        run = record(model, TOKENS)
    with pytest.raises(LedgerError, match=r"does not add up: the terms sum to .* rounding explains at most"):
        account(run)
