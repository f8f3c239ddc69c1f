"""Every family against an oracle that shares no code with `unembed`: one tiny scrambled float64 model a row.

Tolerances are the oracle's bounds, `n u sum |products|` with `u` of float64 (2.2e-16), and of float32 (1.2e-7) for each
RMSNorm and router, which transformers computes in float32 whatever the dtype of the model (see `oracle`). Nothing is
compared with a tolerance found by trying; observed errors are at most a tenth of the bounds.
"""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unembed
from builders import random_models
from builders.random_models import MIXTURES, MODEL_TYPES, PARALLEL, SANDWICHED, SOFTCAPPED, VOCAB, build, each_family
from oracles import oracle
from oracles.norms import EPS32, EPS64
from oracles.oracle import compare, terms_of
from oracles.parts import PARTS
from unembed.models.model import Model
from unembed.runs.record import record_next
from unembed.runs.run import Run
from unembed.runs.states import layer_of

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5, 3)
POSITIONS = (0, 4, 8)
TARGET, OTHER = 12, 9
GRAINS = (
    ("sublayer", "sublayer"),
    ("head", "sublayer"),
    ("sublayer", "neuron"),
    ("source", "sublayer"),
    ("source", "neuron"),
)
READOUTS = ({"reference": "raw"}, {"reference": "mean"}, {"versus": OTHER})


@cache
def case(model_type: str) -> tuple[Model, Run, oracle.Run]:
    """The family's model, one run of it recorded by `unembed`, and the same run seen by the oracle."""
    module = build(model_type)
    model = unembed.wrap(module)
    return model, unembed.record(model, TOKENS), oracle.Run(module, TOKENS)


def by(attention: str, mlp: str) -> str:
    return "+".join(word for word in (attention, mlp) if word != "sublayer") or "sublayer"


def check_terms(trace: Run, run: oracle.Run, position: int, layer: int, attention: str, mlp: str, **kind) -> float:
    """Value, sum and every single term of one ledger against the oracle; the largest error in units of its bound."""
    read = unembed.readout(trace, kind.pop("target", TARGET), position=position, layer=layer_of(layer), **kind)
    ledger = unembed.decompose(read, by=by(attention, mlp))
    value, terms = run.ledger(
        position, layer, attention=attention, mlp=mlp, target=read.target, versus=read.versus, reference=read.reference
    )
    worst = compare(terms_of(ledger), terms)
    assert abs(read.value - value.value) <= value.bound
    assert abs(ledger.sum - value.value) <= value.bound + sum(term.bound for term in terms.values())
    return worst


@each_family
def test_logits_are_the_modules_own_bit_for_bit(model_type: str) -> None:
    _, trace, run = case(model_type)
    assert torch.equal(trace.logits, run.logits)


@each_family
def test_logits_of_some_positions_are_the_modules_own_bit_for_bit(model_type: str) -> None:
    model, *_ = case(model_type)
    kept = [6, 2]
    with oracle.eager(model.module), torch.no_grad():
        own = model.module(torch.tensor([TOKENS]), use_cache=False, logits_to_keep=torch.tensor(kept)).logits[0]
    assert torch.equal(unembed.record(model, TOKENS, positions=kept).logits, own)


@each_family
def test_writes_sum_to_the_stream_at_every_layer_and_position(model_type: str) -> None:
    """Additions of 2 layers + 1 vectors, in an order that parallel blocks change: one float64 rounding each."""
    _, trace, run = case(model_type)
    found = trace.streams()
    size = trace.embedding.abs() + (0 if trace.position_embedding is None else trace.position_embedding.abs())
    for index, block in enumerate(run.blocks):
        assert torch.all((found[index] - block.stream_before).abs() <= (2 * index + 1) * EPS64 * size)
        # transformers' own list agrees with our hooks: hidden state `l` enters block `l`.
        assert torch.equal(block.stream_before, run.hidden_states[index][0])
        assert torch.equal(trace.layers[index].attention_write, block.attention_write)
        assert torch.equal(trace.layers[index].mlp_write, block.mlp_write)
        size = size + block.attention_write.abs() + block.mlp_write.abs()
    assert torch.all((found[-1] - run.final).abs() <= (2 * len(run.blocks) + 1) * EPS64 * size)
    assert torch.equal(trace.final, run.final)


@each_family
def test_patterns_and_values_are_those_of_the_module(model_type: str) -> None:
    model, trace, run = case(model_type)
    for layer, block in zip(trace.layers, run.blocks, strict=True):
        assert layer.heads is not None
        assert torch.equal(layer.heads.pattern.double(), block.pattern)
        assert torch.equal(layer.heads.z.reshape(block.z.shape), block.z)
        assert model.kv_heads == layer.heads.value.shape[0]
    for index, layer in enumerate(trace.layers):
        assert layer.heads is not None
        assert torch.equal(layer.heads.value.transpose(0, 1), run.head_values(index))


@each_family
def test_sources_sum_to_each_head(model_type: str) -> None:
    """z of a head is the sum of pattern x value over sources: dot products of `len(TOKENS)` float64 numbers."""
    _, trace, _ = case(model_type)
    for layer in trace.layers:
        assert layer.heads is not None
        pattern, value, z = layer.heads.pattern.double(), layer.heads.value, layer.heads.z
        group = pattern.shape[0] // value.shape[0]
        for head in range(pattern.shape[0]):
            parts = pattern[head][:, :, None] * value[head // group][None]
            bound = len(TOKENS) * EPS64 * parts.abs().sum(1)
            assert torch.all((parts.sum(1) - z[:, head]).abs() <= bound)


@each_family
def test_heads_and_bias_sum_to_the_attention_write(model_type: str) -> None:
    """As vectors of the stream, through the post-norm where there is one: every dimension, every position."""
    _check_write_of(model_type, "head", "attention_bias", "attention")


@each_family
def test_neurons_and_bias_sum_to_the_mlp_write(model_type: str) -> None:
    """For a mixture: router weight x expert x neuron, and router weight x expert bias."""
    _check_write_of(model_type, "neuron", "mlp_bias", "mlp")


def _check_write_of(model_type: str, part: str, bias: str, sublayer: str) -> None:
    model, trace, run = case(model_type)
    generator = torch.Generator().manual_seed(5)
    for position in POSITIONS:
        for _ in range(4):
            direction = torch.randn(model.d_model, generator=generator, dtype=torch.float64)
            read = unembed.read_direction(trace, direction, position=position)
            fine = unembed.decompose(read, by=part)
            grain = {
                "attention": part if part == "head" else "sublayer",
                "mlp": part if part == "neuron" else "sublayer",
            }
            _, bounds = run.ledger(position, model.layers, **grain, direction=direction)
            for layer in range(model.layers):
                own = getattr(trace.layers[layer], f"{sublayer}_write")[position]
                parts = [term for term in fine.terms() if term.layer == layer and term.kind in (part, bias)]
                slack = sum(t.bound for key, t in bounds.items() if key[1] == layer and key[0] in (part, bias))
                assert abs(sum(term.value for term in parts) - float(direction @ own)) <= slack


@each_family
def test_component_write_is_the_write_itself(model_type: str) -> None:
    """Every head, and neurons of every layer, as vectors: within the rounding of the norms, dimension by dimension."""
    model, trace, run = case(model_type)
    position = 6
    read = unembed.readout(trace, TARGET, position=position)
    from unembed.ledger.decompose import component_write

    basis = torch.eye(model.d_model, dtype=torch.float64)
    terms = unembed.decompose(read, by="head+neuron").terms()
    chosen = [term for term in terms if term.head is not None]
    chosen += [term for term in terms if term.neuron is not None and term.neuron % 7 == 0]
    expected = [
        run.ledger(position, model.layers, attention="head", mlp="neuron", direction=basis[i])[1]
        for i in range(0, model.d_model, 5)
    ]
    for term in chosen:
        write = component_write(read, term)
        for entry, i in zip(expected, range(0, model.d_model, 5), strict=True):
            own = entry[term.kind, term.layer, term.head, term.expert, term.neuron, term.source]
            assert abs(float(write[i]) - own.value) <= own.bound


@pytest.mark.crossed(1)
@each_family
@pytest.mark.parametrize("kind", READOUTS, ids=["raw", "mean", "versus"])
def test_ledger_of_a_token_is_the_oracles_term_by_term(model_type: str, kind: dict) -> None:
    model, trace, run = case(model_type)
    for position in POSITIONS:
        for attention, mlp in GRAINS:
            check_terms(trace, run, position, model.layers, attention, mlp, **kind)


@each_family
def test_ledger_at_every_layer_is_the_oracles_term_by_term(model_type: str) -> None:
    model, trace, run = case(model_type)
    for layer in range(model.layers + 1):
        for position, kind in zip(POSITIONS, READOUTS, strict=True):
            check_terms(trace, run, position, layer, "source", "neuron", **kind)


@each_family
def test_ledger_of_a_random_direction_is_the_oracles_term_by_term(model_type: str) -> None:
    model, trace, run = case(model_type)
    direction = torch.randn(model.d_model, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    for layer in range(model.layers + 1):
        for position in POSITIONS:
            read = unembed.read_direction(trace, direction, position=position, layer=layer_of(layer))
            ledger = unembed.decompose(read, by="source+neuron")
            value, terms = run.ledger(position, layer, attention="source", mlp="neuron", direction=direction)
            compare(terms_of(ledger), terms)
            assert abs(read.value - value.value) <= value.bound
            assert abs(ledger.error) <= ledger.tolerance


@each_family
def test_tolerance_is_far_below_what_matters(model_type: str) -> None:
    """A tolerance that let a head or neuron go missing would prove nothing: it is below 1 % of the median one."""
    _, trace, _ = case(model_type)
    ledger = unembed.decompose(unembed.readout(trace, TARGET), by="head+neuron")
    sizes = sorted(abs(term.value) for term in ledger.terms() if term.kind in ("head", "neuron"))
    assert ledger.tolerance < 1e-2 * sizes[len(sizes) // 2]
    without = [term.value for term in ledger.terms() if abs(term.value) > 1e-3]
    assert all(abs(ledger.error - value) > ledger.tolerance for value in without)


@each_family
def test_key_value_cache_gives_the_same_stream(model_type: str) -> None:
    """One token at a time with the cache against all at once: other matrix shapes, hence rounding, and no more."""
    model, trace, _ = case(model_type)
    # Softmax and norms in float32 err by a few units of it in each layer; 64 for three or four layers.
    unit = max(model.precision, torch.finfo(torch.float32).eps)
    cache = None
    for length in range(2, len(TOKENS) + 1):
        step, cache = record_next(model, list(TOKENS[:length]), cache)
        row = length - 1
        assert step.positions == (row,)
        assert (step.final[0] - trace.final[row]).abs().max() <= 64 * unit * trace.final[row].abs().max()
        assert (step.logits[0] - trace.logits[row]).abs().max() <= 64 * unit * trace.logits[row].abs().max()
        found = unembed.readout(step, TARGET).value
        assert abs(found - unembed.readout(trace, TARGET, position=row).value) <= 64 * unit * 10


# What single families do


@pytest.mark.parametrize("model_type", sorted(random_models.WINDOWED))
def test_sliding_windows_hide_what_is_out_of_reach(model_type: str) -> None:
    """Somewhere the window of 4 binds: far sources get exactly 0 in that layer, and the ledger still adds up."""
    _, trace, _ = case(model_type)
    ledger = unembed.decompose(unembed.readout(trace, TARGET, position=8), by="source")
    far = dict.fromkeys(range(trace.model.layers), 0.0)
    for term in ledger.terms():
        if term.kind == "head" and term.source is not None and term.source <= 8 - 4:
            far[term.layer] += abs(term.value)
    sliding = [layer for layer, value in far.items() if value == 0.0]
    assert sliding
    if model_type in ("gpt_neo", "qwen2", "gemma2", "gemma3_text", "gpt_oss", "smollm3"):
        assert len(sliding) < trace.model.layers, "the other layers see everything"


@pytest.mark.parametrize("model_type", sorted(PARALLEL))
@pytest.mark.parametrize("parallel", [False, True])
def test_parallel_and_sequential_blocks(model_type: str, parallel: bool) -> None:
    module = build(model_type, **{PARALLEL[model_type]: parallel})
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    check_terms(trace, run, 8, 3, "source", "neuron", reference="mean")
    # The MLP of a parallel block does not see what its attention wrote.
    block = run.modules[0]
    norm = getattr(block, "post_attention_layernorm", None) or block.input_layernorm
    before = run.blocks[0].stream_before + (0 if parallel else run.blocks[0].attention_write)
    with torch.no_grad():
        assert torch.allclose(block.mlp(norm(before)), run.blocks[0].mlp_write, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("model_type", sorted(random_models.GROUPED))
def test_grouped_queries_read_their_groups_values(model_type: str) -> None:
    """Changing the value of the second key-value head moves the terms of heads 2 and 3 only."""
    module = build(model_type)
    model = unembed.wrap(module)
    before = terms_of(unembed.decompose(unembed.readout(unembed.record(model, TOKENS), TARGET, layer=0), by="source"))
    projection = getattr(module.get_submodule(PARTS[model_type].blocks)[0].self_attn, PARTS[model_type].values)
    d_head = random_models.configuration(model_type).hidden_size // 4
    with torch.no_grad():
        projection.weight[-d_head:] *= 2
    direction = unembed.readout(unembed.record(model, TOKENS), TARGET, layer=0)
    after = terms_of(unembed.decompose(direction, by="source"))

    # The final norm's scale moved as well, so compare within a head: source terms of heads 0 and 1 keep their ratios.
    def ratios(terms: dict, head: int) -> list[float]:
        values = [value for key, value in terms.items() if key[2] == head and key[1] == 0 and value != 0]
        return [value / values[0] for value in values]

    for head in (0, 1):
        assert ratios(after, head) == pytest.approx(ratios(before, head), rel=1e-6)
    moved = {head: next(v for k, v in after.items() if k[2] == head and k[1] == 0 and v != 0) for head in range(4)}
    kept = {head: next(v for k, v in before.items() if k[2] == head and k[1] == 0 and v != 0) for head in range(4)}
    assert moved[0] / kept[0] == pytest.approx(moved[1] / kept[1], rel=1e-5)
    assert moved[2] / kept[2] != pytest.approx(moved[0] / kept[0], rel=1e-2)


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_a_mixture_has_neurons_of_the_chosen_experts_only(model_type: str) -> None:
    _, trace, run = case(model_type)
    for position in range(len(TOKENS)):
        ledger = unembed.decompose(unembed.readout(trace, TARGET, position=position), by="neuron")
        for layer, module in enumerate(run.modules):
            found = {term.expert for term in ledger.terms() if term.kind == "neuron" and term.layer == layer}
            expected = set(run.routed(layer, position)[0]) if run.is_mixture(module) else {None}
            assert found == expected


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_router_weights_of_qwen3_moe(normalised: bool, count: int) -> None:
    """Dense first block, one to all experts a token, with and without normalised router weights."""
    module = build("qwen3_moe", norm_topk_prob=normalised, num_experts_per_tok=count, mlp_only_layers=[0, 1])
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    check_terms(trace, run, 8, 3, "head", "neuron", reference="raw")
    total = float(trace.layers[2].neurons.weight[8].sum())
    if normalised or count == 4:
        assert total == pytest.approx(1, abs=1e-6)
    else:
        assert total < 0.99


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("model_type", ["mixtral", "gpt_oss"])
def test_one_or_all_experts(model_type: str, count: int) -> None:
    module = build(model_type, num_experts_per_tok=count)
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    check_terms(trace, run, 8, 3, "source", "neuron", reference="mean")


def test_gates_of_gpt_oss_are_clamped() -> None:
    """With large weights the clamp at 7 binds; the oracle clamps by hand."""
    module = build("gpt_oss")
    with torch.no_grad():
        for block in module.model.layers:
            block.mlp.experts.gate_up_proj *= 40
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    number = run.routed(1, 8)[0][0]
    experts, hidden = run.modules[1].mlp.experts, run.blocks[1].experts_input[8]
    assert ((hidden @ experts.gate_up_proj[number]).abs() > 7).sum() > 5
    check_terms(trace, run, 8, 3, "source", "neuron", reference="mean")


def test_sinks_of_gpt_oss_take_attention_away() -> None:
    _, trace, _ = case("gpt_oss")
    sums = trace.layers[1].heads.pattern.sum(-1)
    assert float(sums.max()) < 1
    assert float(sums.min()) > 0


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_tied_and_untied_unembedding_and_its_bias(model_type: str) -> None:
    """The other way round than the default of the test bed, and with an unembedding bias where the family has none."""
    module = build(model_type, tied=True, seed=3)
    head = module.get_output_embeddings()
    assert head.weight is module.get_input_embeddings().weight
    head.bias = torch.nn.Parameter(torch.randn(VOCAB, generator=torch.Generator().manual_seed(2)).double())
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    for kind in READOUTS:
        check_terms(trace, run, 8, trace.model.layers, "head", "sublayer", **kind)
    raw = unembed.readout(trace, TARGET, reference="raw").constants["unembedding_bias"]
    assert raw == head.bias.tolist()[TARGET]


@pytest.mark.parametrize("model_type", sorted(SOFTCAPPED))
def test_a_cap_of_none_is_no_term(model_type: str) -> None:
    module = build(model_type, final_logit_softcapping=None)
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    assert "softcap" not in unembed.readout(trace, TARGET).constants
    check_terms(trace, run, 8, 3, "head", "neuron", reference="raw")


@pytest.mark.parametrize("upcast", [False, True])
def test_gpt2_with_reordered_and_upcast_attention(upcast: bool) -> None:
    """In float32: in float64 transformers' own upcast attention raises."""
    module = build("gpt2", reorder_and_upcast_attn=upcast, scale_attn_by_inverse_layer_idx=True, dtype=torch.float32)
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    # The reordered attention scales the keys first: another order of the same float32 operations, in three layers.
    slack = (64 * EPS32 if upcast else 0.0) * float(run.logits.abs().max())
    assert float((trace.logits - run.logits).abs().max()) <= slack


@pytest.mark.parametrize("model_type", sorted(SANDWICHED))
def test_post_norms_were_found(model_type: str) -> None:
    """Their gains, negative ones included, are read off exactly up to the float32 they are computed in."""
    model, _, run = case(model_type)
    for block, module in zip(model.blocks, run.modules, strict=True):
        for norm, name in (
            (block.attention_norm, "post_attention_layernorm"),
            (block.mlp_norm, "post_feedforward_layernorm"),
        ):
            weight = getattr(module, name).weight.detach()
            gain = weight if model_type == "olmo2" else (1 + weight.float()).double()
            assert bool((gain < 0).any())
            assert torch.all((norm.gain - gain).abs() <= 4 * EPS32 * gain.abs())
            assert not norm.centred
            assert not bool(norm.shift.any())


# The reduced precisions models really run in


@pytest.mark.crossed(1)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@each_family
def test_ledgers_add_up_in_lower_precision(model_type: str, dtype: torch.dtype) -> None:
    """`decompose` checks each sum against its own rounding model; here it must neither raise nor be idle.

    The value is the module's own number; its distance from the float64 model stays within the dtype's coarseness.
    """
    model = unembed.wrap(build(model_type, dtype=dtype))
    trace = unembed.record(model, TOKENS)
    for position in POSITIONS:
        for layer in (0, 1, model.layers):
            for kind in READOUTS:
                ledger = unembed.decompose(
                    unembed.readout(trace, TARGET, position=position, layer=layer_of(layer), **kind), by="source+neuron"
                )
                assert abs(ledger.error) <= ledger.tolerance
                assert ledger.tolerance < 60 * torch.finfo(dtype).eps * max(1.0, float(trace.logits.abs().max()))


# Every shape a family permits


@each_family
def test_any_shape(model_type: str) -> None:
    @settings(max_examples=max(4, settings.default.max_examples // 4))
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        overrides = data.draw(random_models.variations(model_type), label="overrides")
        tokens = data.draw(st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=10), label="tokens")
        module = build(model_type, **overrides)
        model = unembed.wrap(module)
        position = data.draw(st.integers(0, len(tokens) - 1), label="position")
        layer = data.draw(st.integers(0, model.layers), label="layer")
        kind = data.draw(st.sampled_from(READOUTS), label="readout")
        target = data.draw(st.integers(0, VOCAB - 1).filter(lambda token: token != OTHER), label="target")
        run = oracle.Run(module, tokens)
        whole, some = unembed.record(model, tokens), unembed.record(model, tokens, positions=[position])
        assert torch.equal(whole.logits, run.logits)
        for trace in (whole, some):
            check_terms(trace, run, position, layer, "source", "neuron", target=target, **kind)
            check_terms(trace, run, position, layer, "head", "sublayer", target=target, **kind)

    check()
