"""The logit lens against straight-line readings of the Hugging Face module's own hidden states."""

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.methods import lens as logit_lens

TOKENS = [3, 14, 15, 92, 65, 35]
# Two softmaxes and a norm in float32 (RMSNorm) or float64; probabilities are at most 1.
ATOL = 2e-5


def hidden_states(module) -> list[torch.Tensor]:
    """The input of each block and of the final norm, by hooks of this test."""
    states = []
    family = unembed.wrap(module).family
    blocks = module.get_submodule(family.blocks)
    hooks = [b.register_forward_pre_hook(lambda _, args: states.append(args[0][0])) for b in blocks]
    norm = module.get_submodule(family.final_norm)
    hooks.append(norm.register_forward_pre_hook(lambda _, args: states.append(args[0][0])))
    with torch.no_grad():
        module(torch.tensor([TOKENS]), use_cache=False)
    for hook in hooks:
        hook.remove()
    return states


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "phi", "opt", "mixtral"])
def test_every_state_is_read_as_the_module_would(model_type):
    module = build(model_type)
    model = unembed.wrap(module)
    result = unembed.lens(model, TOKENS, top=3)
    norm = module.get_submodule(model.family.final_norm)
    with torch.no_grad():
        final = module(torch.tensor([TOKENS])).logits[0].double().log_softmax(-1)
        for s, state in enumerate(hidden_states(module)):
            logits = module.get_output_embeddings()(norm(state))
            cap = getattr(module.config, "final_logit_softcapping", None)
            logits = logits if cap is None else cap * torch.tanh(logits / cap)
            log_p = logits.double().log_softmax(-1)
            kl = (final.exp() * (final - log_p)).sum(-1)
            assert torch.allclose(result.kl[s].double(), kl, atol=ATOL)
            for q, target in enumerate(result.targets):
                assert target == int(final[q].argmax())
                assert float(result.target_probability[s, q]) == pytest.approx(float(log_p[q, target].exp()), abs=ATOL)
                best = log_p[q].topk(3)
                assert torch.allclose(result.top_probability[s, q].double(), best.values.exp(), atol=ATOL)
                assert result.target_rank[s, q] == 1 + (log_p[q] > log_p[q, target] + 1e-6).sum()


def test_the_last_state_is_the_models_own_prediction():
    model = unembed.wrap(build("gemma2"))
    result = unembed.lens(model, TOKENS)
    own = unembed.record(model, TOKENS).logits.float().softmax(-1)
    assert torch.allclose(result.target_probability[-1], own.max(-1).values)
    assert float(result.kl[-1].max()) < 1e-6
    assert result.target_rank[-1].tolist() == [1] * len(TOKENS)


def test_only_what_is_asked_for_is_read():
    model = unembed.wrap(build("llama"))
    full = unembed.lens(model, TOKENS, 7)
    part = unembed.lens(model, TOKENS, 7, layers=["emb", -1], positions=[2, -1])
    assert part.states == 4
    assert part.layers == ("emb", model.layers - 1)
    assert torch.equal(part.target_rank, full.target_rank[[0, -1]][:, [2, -1]])
    assert torch.allclose(part.kl, full.kl[[0, -1]][:, [2, -1]])


@pytest.mark.parametrize("model_type", ["gemma2", "mixtral"])
def test_another_token_is_followed_without_another_product(model_type, monkeypatch):
    model = unembed.wrap(build(model_type))
    trace = unembed.record(model, TOKENS, positions=[2, 4])
    expected = {token: unembed.lens(trace, token, positions=[4], top=3) for token in (None, 7, 11)}
    states = logit_lens.read_states(trace, -2)
    monkeypatch.setattr(logit_lens, "unembedded", None)
    for token, lens in expected.items():
        found = logit_lens.follow(states, token, top=3)
        assert (found.layers, found.positions, found.targets) == (lens.layers, lens.positions, lens.targets)
        for name in ("top_tokens", "top_probability", "target_probability", "target_rank", "kl"):
            assert torch.allclose(getattr(found, name).double(), getattr(lens, name).double(), atol=ATOL), name


def test_states_of_another_position_are_refused():
    model = unembed.wrap(build("llama"))
    run = unembed.record(model, TOKENS)
    states = logit_lens.read_states(run, 2)
    with pytest.raises(unembed.InputError, match="same position"):
        unembed.explain(model, run, 7, states=states, test=False)
    assert unembed.explain(model, run, 7, position=2, states=states, test=False).lens.positions == (2,)


def test_the_lens_of_a_state_is_what_a_readout_of_it_says():
    """Two ways to one number: the lens, and the ledger of a raw logit at an earlier layer."""
    model = unembed.wrap(build("gpt2"))
    trace = unembed.record(model, TOKENS)
    read = unembed.readout(trace, 11, position=3, reference="raw", layer=0)
    other = unembed.readout(trace, 12, position=3, reference="raw", layer=0)
    cell = unembed.lens(model, TOKENS, 11, layers=[0], positions=[3])
    against = unembed.lens(model, TOKENS, 12, layers=[0], positions=[3])
    odds = float((cell.target_probability / against.target_probability).log())
    assert odds == pytest.approx(read.value - other.value, abs=1e-4)  # float32 softmax
    assert unembed.decompose(read, by="neuron").sum == pytest.approx(read.value, abs=1e-10)


def test_to_polars_holds_each_state_once():
    model = unembed.wrap(build("llama"))
    result = unembed.lens(model, TOKENS)
    table = result.to_polars()
    assert table.height == result.states == (model.layers + 1) * len(TOKENS)
    row = table.filter((table["layer"] == 0) & (table["position"] == 4)).row(0, named=True)
    assert row["rank"] == int(result.target_rank[1, 4])
    assert row["kl"] == pytest.approx(float(result.kl[1, 4]))
