"""The toy architecture against its formula, its cache, its identity norm, and its version."""

import json

import pytest
import torch
from torch import nn

import unembed
from unembed.errors import InputError, ModelError
from unembed.models import norms
from unembed.models.toy import ToyConfig, ToyForCausalLM

EPS = 1e-12


def build(layers=2, d_mlp=0, seed=0):
    config = ToyConfig(
        vocab_size=61,
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=d_mlp,
        max_position_embeddings=24,
        initializer_range=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ToyForCausalLM(config).double().eval()


def by_formula(module, ids):
    """The logits, head by head, from the formula at the head of toy.py."""
    x = module.model.embed_tokens.weight[ids]
    p = module.model.embed_positions.weight[: len(ids)]
    hidden = torch.ones(len(ids), len(ids)).triu(1).bool()
    for block in module.model.layers:
        a, write = block.self_attn, torch.zeros_like(x)
        for head in range(4):
            rows = slice(4 * head, 4 * head + 4)
            q, k, v = (x + p) @ a.q_proj.weight[rows].T, (x + p) @ a.k_proj.weight[rows].T, x @ a.v_proj.weight[rows].T
            pattern = (q @ k.T / 2).masked_fill(hidden, -torch.inf).softmax(-1)
            write = write + pattern @ v @ a.o_proj.weight[:, rows].T
        x = x + write
        inner = x @ block.mlp.up_proj.weight.T
        x = x + (inner * 0.5 * (1 + torch.erf(inner / 2**0.5))) @ block.mlp.down_proj.weight.T
    return x @ module.lm_head.weight.T


@pytest.mark.parametrize(("layers", "d_mlp"), [(0, 0), (1, 0), (2, 0), (2, 7)])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_logits_are_those_of_the_formula(layers, d_mlp, attention):
    module, ids = build(layers, d_mlp), torch.tensor([3, 7, 7, 19, 60, 0])
    module.set_attn_implementation(attention)
    with torch.no_grad():
        torch.testing.assert_close(module(ids[None]).logits[0], by_formula(module, ids), rtol=EPS, atol=EPS)


@pytest.mark.parametrize("layers", [1, 2])
def test_cache_gives_the_same_logits(layers):
    module, ids = build(layers), torch.randint(61, (2, 9))
    with torch.no_grad():
        whole = module(ids).logits
        first = module(ids[:, :5], use_cache=True)
        rest = module(ids[:, 5:], past_key_values=first.past_key_values, use_cache=True, logits_to_keep=2)
    torch.testing.assert_close(rest.logits, whole[:, -2:], rtol=EPS, atol=EPS)


@pytest.mark.parametrize(("layers", "d_mlp"), [(0, 0), (2, 0), (2, 7)])
def test_ledgers_of_every_grain_sum_to_the_logit(layers, d_mlp):
    model = unembed.wrap(build(layers, d_mlp))
    assert (model.layers, model.d_mlp) == (layers, d_mlp)
    read = unembed.readout(unembed.record(model, [3, 7, 7, 19]), reference="raw")
    for by in ("sublayer", "head", "source", "neuron", "source+neuron"):
        ledger = unembed.decompose(read, by=by)
        assert abs(sum(term.value for term in ledger.top(10**6)) - ledger.value) <= ledger.tolerance


@pytest.mark.parametrize("site", ["head", "attention", "mlp"])
def test_ablation_is_that_of_a_full_run(site):
    module = build(2, 7)
    result = unembed.ablate(unembed.wrap(module), [3, 7, 7, 19, 5], 11, site=site, layers=[0], position="all")
    effect = result.effects[0]
    part = module.model.layers[0].mlp.down_proj if site == "mlp" else module.model.layers[0].self_attn.o_proj
    columns = slice(0, 4) if site == "head" else slice(None)
    with torch.no_grad():
        before = module(torch.tensor([[3, 7, 7, 19, 5]])).logits[0, -1, 11]
        part.weight[:, columns] = 0
        after = module(torch.tensor([[3, 7, 7, 19, 5]])).logits[0, -1, 11]
    assert effect.logit == pytest.approx(float(after - before), rel=1e-9)


WITHOUT_LAYERS = {
    "ablate": lambda model: unembed.ablate(model, [3, 7], site="head"),
    "attention": lambda model: unembed.attention(model, [3, 7]),
    "patch": lambda model: unembed.patch(model, [3, 7], [3, 8]),
    "trace": lambda model: unembed.causal_trace(model, [3, 7], subject=[1]),
    "circuit": lambda model: unembed.ov_circuit(model, 0, 0),
    "site": lambda model: unembed.record(model, [3, 7]).at(unembed.Site(kind="z", layer=0)),
    "attribute": lambda model: unembed.attribute(model, [3, 7], 5),
}
WITHOUT_MLPS = {
    "ablate mlp": lambda model: unembed.ablate(model, [3, 7], site="mlp"),
    "ablate neuron": lambda model: unembed.ablate(model, [3, 7], site="neuron"),
    "patch": lambda model: unembed.patch(model, [3, 7], [3, 8], site="mlp"),
    "trace": lambda model: unembed.causal_trace(model, [3, 7], subject=[1], site="mlp"),
    "site": lambda model: unembed.record(model, [3, 7]).at(unembed.Site(kind="neuron", layer=0)),
    "attribute": lambda model: unembed.attribute(model, [3, 7], 5),
}


@pytest.mark.parametrize("what", WITHOUT_LAYERS)
def test_a_model_without_layers_is_refused_where_layers_are_needed(what):
    with pytest.raises(InputError, match="has no layers"):
        WITHOUT_LAYERS[what](unembed.wrap(build(0)))


@pytest.mark.parametrize("what", WITHOUT_MLPS)
def test_a_model_of_attention_only_is_refused_where_neurons_are_needed(what):
    with pytest.raises(InputError, match="attention only"):
        WITHOUT_MLPS[what](unembed.wrap(build(2)))


@pytest.mark.parametrize("layers", [0, 2])
def test_an_explanation_shows_no_more_than_there_is(layers):
    result = unembed.explain(unembed.wrap(build(layers)), [3, 7, 7, 19], reference="raw")
    assert {term.kind for term in result.ledger.terms()} == ({"embedding", "attention"} if layers else {"embedding"})
    assert (bool(result.heads), result.neurons) == (layers > 0, ())
    assert result.ledger.sum == pytest.approx(result.target.logit, rel=EPS)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_an_identity_is_a_norm_whose_scale_is_one(dtype):
    norm = norms.probe(nn.Identity(), 12, dtype=dtype, device=torch.device("cpu"))
    x = torch.randn(5, 12, dtype=torch.float64)
    assert norm.identity
    assert norm.precision == 0
    assert torch.equal(norm.scale(x, x), torch.ones(5, dtype=torch.float64))
    assert torch.equal(norm.scale(0 * x, 0 * x), torch.ones(5, dtype=torch.float64))
    assert torch.equal(norm.pullback(x, norm.scale(x, x)), x)


@pytest.mark.parametrize("module", [nn.LayerNorm(12), nn.RMSNorm(12)])
def test_a_norm_is_no_identity(module):
    assert not norms.probe(module, 12, dtype=torch.float32, device=torch.device("cpu")).identity


def test_a_half_precision_folder_runs_in_float32_and_another_version_is_refused(tmp_path):
    build().to(torch.float16).save_pretrained(tmp_path)
    assert unembed.load(str(tmp_path)).dtype == torch.float32
    assert unembed.load(str(tmp_path), dtype="float16").dtype == torch.float16
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "toy_version": 2}))
    with pytest.raises(ModelError, match="train it again"):
        unembed.load(str(tmp_path))
