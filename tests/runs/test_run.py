"""One recorded run: what is kept, where, and that the module is left as it was."""

import pytest
import torch
from torch import Tensor, nn

import unembed
from builders import random_encoder_decoders
from builders.random_models import MODEL_TYPES, build
from oracles import oracle
from oracles.norms import EPS32, EPS64
from unembed.errors import InputError, ModelError
from unembed.models.prompts import absolute_position, tokenize

TOKENS = [3, 50, 7, 11, 96, 17, 19, 5, 3]


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("gemma2"), name="tiny gemma")


@pytest.fixture(scope="module")
def trace(model: unembed.Model) -> unembed.Run:
    return unembed.record(model, TOKENS)


def hooks(module: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_module_is_left_as_it_was(model_type: str) -> None:
    """Weights bit for bit, hooks, attention implementation, methods; and its next run is the same as its last."""
    module = build(model_type)
    ids = torch.tensor([TOKENS])
    before = {name: value.clone() for name, value in module.state_dict().items()}
    implementation, attributes = module.config._attn_implementation, [set(vars(part)) for part in module.modules()]
    with torch.no_grad():
        logits = module(ids).logits
    trace = unembed.record(unembed.wrap(module), TOKENS)
    unembed.decompose(unembed.readout(trace), by="source+neuron")
    assert hooks(module) == 0
    assert module.config._attn_implementation == implementation
    assert [set(vars(part)) for part in module.modules()] == attributes
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    with torch.no_grad():
        assert torch.equal(module(ids).logits, logits)


@pytest.mark.parametrize("model_type", ["gpt_neo", "llama"])
def test_a_run_that_fails_leaves_the_module_as_it_was(model_type: str) -> None:
    module = build(model_type)
    model = unembed.wrap(module)
    implementation, attributes = module.config._attn_implementation, [set(vars(part)) for part in module.modules()]

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with model.blocks[1].mlp_write.register_forward_hook(fail), pytest.raises(KeyboardInterrupt):
        unembed.record(model, TOKENS)
    assert hooks(module) == 0
    assert module.config._attn_implementation == implementation
    assert [set(vars(part)) for part in module.modules()] == attributes
    assert torch.equal(unembed.record(model, TOKENS).logits, oracle.Run(module, TOKENS).logits)


def test_two_runs_are_the_same_run(model: unembed.Model, trace: unembed.Run) -> None:
    again = unembed.record(model, TOKENS)
    assert torch.equal(again.logits, trace.logits)
    assert torch.equal(again.layers[1].heads.pattern, trace.layers[1].heads.pattern)


def test_weights_are_not_copied() -> None:
    module = build("llama")
    model = unembed.wrap(module)
    with torch.no_grad():
        module.lm_head.weight[7] = 3.0
    assert model.unembedding[7].tolist() == [3.0] * model.d_model


@pytest.mark.crossed(1)
@pytest.mark.parametrize("positions", [[8], [-1], [0, 3], [5, 2, 7], [-2, 0]])
@pytest.mark.parametrize("model_type", ["gemma2", "gpt_neo", "opt", "gpt_oss"])
def test_kept_positions_are_rows_of_the_whole_run(model_type: str, positions: list[int]) -> None:
    """Activations bit for bit: the run is the same, only less is kept. Logits: one matrix product of other shape."""
    model = unembed.wrap(build(model_type))
    whole, some = unembed.record(model, TOKENS), unembed.record(model, TOKENS, positions=positions)
    rows = [position % len(TOKENS) for position in positions]
    assert some.positions == tuple(rows)
    for name in ("embedding", "final", "normed"):
        assert torch.equal(getattr(some, name), getattr(whole, name)[rows])
    assert torch.equal(some.streams(), whole.streams()[:, rows])
    slack = model.d_model * EPS64 * float(whole.normed.abs().max() * model.unembedding.detach().abs().sum(1).max())
    assert float((some.logits - whole.logits[rows]).abs().max()) <= slack
    for one, other in zip(some.layers, whole.layers, strict=True):
        assert torch.equal(one.heads.pattern, other.heads.pattern[:, rows])
        assert torch.equal(one.heads.value, other.heads.value)
        assert torch.equal(one.heads.z, other.heads.z[rows])
        mine, theirs = one.neurons, other.neurons
        if isinstance(mine, Tensor):
            assert torch.equal(mine, theirs[rows])
        else:
            assert torch.equal(mine.hidden, theirs.hidden[rows])
            assert torch.equal(mine.index, theirs.index[rows])
            assert torch.equal(mine.weight, theirs.weight[rows])
    for position, row in zip(positions, rows, strict=True):
        found = unembed.decompose(unembed.readout(some, 12, position=position), by="source+neuron")
        expected = unembed.decompose(unembed.readout(whole, 12, position=row), by="source+neuron")
        assert found.value == pytest.approx(expected.value, abs=1e-12)
        assert [t.value for t in found.terms()] == pytest.approx([t.value for t in expected.terms()], abs=1e-12)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_input_of_attention_is_made_again_bit_for_bit(model_type: str) -> None:
    module = build(model_type)
    model = unembed.wrap(module)
    given: list[Tensor] = []
    watched = [
        block.attention.register_forward_pre_hook(
            lambda _, args, kwargs: given.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True
        )
        for block in model.blocks
    ]
    run = unembed.record(model, TOKENS, positions=[-1])
    for hook in watched:
        hook.remove()
    assert len(given) == model.layers
    for layer, read in enumerate(given):
        assert torch.equal(run.attention_input(layer), read[0])


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_keys_and_values_hold_no_more_memory_than_their_own(model_type: str) -> None:
    """Some families make queries, keys and values in one tensor, of which a run at one position keeps two parts."""
    run = unembed.record(unembed.wrap(build(model_type)), TOKENS, positions=[-1])
    for call, layer in zip(run.calls, run.layers, strict=True):
        assert call.query.shape[1] == 1
        for kept in (call.query, call.key, layer.heads.value):
            assert kept.untyped_storage().nbytes() == kept.nbytes


def test_layers_share_a_mask_that_holds_the_same_numbers() -> None:
    """T5's is its relative bias and the mask, added anew in every layer; Gemma 2 has one for every second layer."""
    t5 = unembed.with_source(unembed.wrap(random_encoder_decoders.build("t5")), [5, 6, 7, 8])
    gemma = unembed.wrap(build("gemma2"))
    counts = {model: len({id(call.mask) for call in unembed.record(model, TOKENS).calls}) for model in (t5, gemma)}
    assert list(counts.values()) == [1, 2]


def test_row_finds_a_kept_position(model: unembed.Model) -> None:
    some = unembed.record(model, TOKENS, positions=[5, 2])
    assert [some.row(p) for p in (5, 2, -4, -7)] == [0, 1, 0, 1]


def test_a_position_that_was_not_kept(model: unembed.Model) -> None:
    some = unembed.record(model, TOKENS, positions=[5, 2])
    with pytest.raises(InputError, match=r"Position 8 was not kept in this run \(kept: \[5, 2\]\)"):
        unembed.readout(some, 12)


def test_stream_only_keeps_no_heads_and_the_same_writes(model: unembed.Model, trace: unembed.Run) -> None:
    """Without the observer the module runs its own attention (sdpa here): other rounding of the same numbers."""
    lean = unembed.record(model, TOKENS, keep="stream")
    assert all(layer.heads is None and layer.neurons is None for layer in lean.layers)
    found = unembed.decompose(unembed.readout(lean, 12)).terms()
    expected = unembed.decompose(unembed.readout(trace, 12)).terms()
    assert [term.value for term in found] == pytest.approx([t.value for t in expected], abs=64 * EPS32)


@pytest.mark.parametrize("by", ["head", "source", "neuron"])
def test_stream_only_cannot_be_split_finer(model: unembed.Model, by: str) -> None:
    lean = unembed.readout(unembed.record(model, TOKENS, keep="stream"), 12)
    with pytest.raises(InputError, match=r"does not hold (heads|neurons): record it with keep='all'"):
        unembed.decompose(lean, by=by)


def test_z_is_the_pattern_times_the_values(trace: unembed.Run) -> None:
    for layer in trace.layers:
        value = layer.heads.value.repeat_interleave(2, dim=0)
        mixed = torch.einsum("hqk,hkd->qhd", layer.heads.pattern, value)
        assert torch.allclose(mixed, layer.heads.z, rtol=0, atol=len(TOKENS) * EPS64 * float(value.abs().max()))


def test_patterns_look_back_only(trace: unembed.Run) -> None:
    for layer in trace.layers:
        assert bool((layer.heads.pattern.triu(1) == 0).all())
        assert torch.allclose(layer.heads.pattern.sum(-1), torch.ones(()).double(), atol=len(TOKENS) * EPS32)


def test_logits_before_and_after_the_soft_cap(trace: unembed.Run) -> None:
    assert torch.allclose(6.0 * torch.tanh(trace.uncapped_logits / 6.0), trace.logits, rtol=1e-14, atol=1e-14)
    assert float((trace.uncapped_logits - trace.logits).abs().max()) > 0.1


def test_text_and_its_token_ids_are_the_same_prompt(tiny_tokenizer) -> None:
    model = unembed.wrap(build("llama"), tiny_tokenizer)
    text = unembed.record(model, "the capital of France is")
    assert text.tokens == (2, 3, 4, 5, 6)
    assert torch.equal(text.logits, unembed.record(model, [2, 3, 4, 5, 6]).logits)


def test_one_token_and_the_longest_prompt() -> None:
    model = unembed.wrap(build("gpt2", context=12))
    assert model.context == 12
    assert unembed.record(model, [5]).logits.shape == (1, 97)
    assert unembed.record(model, list(range(12))).logits.shape == (12, 97)


def test_positions_count_from_both_ends() -> None:
    assert [absolute_position(p, 4) for p in (0, 3, -1, -4)] == [0, 3, 3, 0]


def test_tokenize_of_ids(model: unembed.Model) -> None:
    assert tokenize(model, [1, 2]) == (1, 2)


@pytest.mark.parametrize(("part", "layer"), [("attention", 0), ("MLP", 1), ("attention", 2)])
def test_a_run_that_is_not_finite_names_the_layer(part: str, layer: int) -> None:
    model = unembed.wrap(build("llama"))
    block = model.blocks[layer]
    weight = block.output_projection.weight if part == "attention" else block.down_projection.weight
    with torch.no_grad():
        weight[3, 5] = torch.nan
    with pytest.raises(ModelError, match=rf"not finite.* the {part} of layer {layer}"):
        unembed.record(model, TOKENS)


def test_an_unembedding_that_is_not_finite_is_told_from_a_block() -> None:
    model = unembed.wrap(build("llama"))
    with torch.no_grad():
        model.module.lm_head.weight[40, 2] = torch.inf
    with pytest.raises(ModelError, match="although every block wrote finite numbers"):
        unembed.record(model, TOKENS)


def test_runs_of_two_threads_take_turns() -> None:
    """Hooks belong to the module: without turns one thread's run would fill another's trace."""
    from concurrent.futures import ThreadPoolExecutor

    model = unembed.wrap(build("llama"))
    before = model.config._attn_implementation
    prompts = [[3 + i, 5, 7 + i, 9][: 2 + i % 3] for i in range(60)]
    alone = [unembed.record(model, prompt, keep=k).final for prompt in prompts for k in ("all", "stream")]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(unembed.record, model, prompt, keep=k) for prompt in prompts for k in ("all", "stream")]
        together = [job.result().final for job in jobs]
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert model.config._attn_implementation == before
