"""Circuits: factors, eigenvalues and rankings against dense vocab x vocab matrices made from the parameters."""

import itertools
import math

import numpy as np
import pytest
import torch

import unembed
from builders.random_models import VOCAB, build
from unembed.errors import InputError, ModelError
from unembed.methods.circuits import direct_path
from unembed.methods.circuits import head_circuits as circuits

CLOSE = 1e-4
"""Circuits are float32."""


def llama():
    """Model, and for head 3 of layer 1 (key-value head 1): `score[destination, source]` and `logit[source, output]`."""
    module = build("llama")
    block, head, kv = module.model.layers[1], slice(24, 32), slice(8, 16)
    e = module.model.embed_tokens.weight
    e = e / e.square().mean(1, keepdim=True).sqrt() * block.input_layernorm.weight
    e0 = module.model.embed_tokens.weight
    e0 = e0 / e0.square().mean(1, keepdim=True).sqrt() * block.input_layernorm.weight
    attention = block.self_attn
    score = (e0 @ attention.q_proj.weight[head].T) @ (e @ attention.k_proj.weight[kv].T).T
    written = e @ attention.v_proj.weight[kv].T @ attention.o_proj.weight[:, head].T
    return module, score, written * module.model.norm.weight @ module.lm_head.weight.T


def gpt2():
    module = build("gpt2")
    block = module.transformer.h[1]
    e = module.transformer.wte.weight
    e = e - e.mean(1, keepdim=True)
    e = e / e.square().mean(1, keepdim=True).sqrt() * block.ln_1.weight
    fused = block.attn.c_attn.weight
    query, key, value = (fused[:, 32 * k + 24 : 32 * k + 32] for k in range(3))
    written = e @ value @ block.attn.c_proj.weight[24:32]
    written = (written - written.mean(1, keepdim=True)) * module.transformer.ln_f.weight
    return module, (e @ query) @ (e @ key).T, written @ module.lm_head.weight.T


@pytest.fixture(scope="module", params=[llama, gpt2])
def dense(request):
    with torch.no_grad():
        module, score, logit = request.param()
    return unembed.wrap(module, name=request.param.__name__), score, logit


def same(ranked, row, *, largest=True):
    """The ranking is that of `row` above its mean."""
    expected = (row - row.mean()).topk(len(ranked), largest=largest)
    assert [r.token for r in ranked] == expected.indices.tolist()
    assert [r.value for r in ranked] == pytest.approx(expected.values.tolist(), rel=CLOSE, abs=CLOSE)


def test_eigenvalues_are_the_nonzero_ones_of_the_dense_matrix(dense):
    model, _, logit = dense
    found = circuits.ov_eigenvalues(model, 1)[3]
    every = torch.linalg.eigvals(logit)
    expected = every[every.abs().argsort(descending=True)[:8]]
    assert every.abs().sort(descending=True).values[8] < CLOSE * every.abs().max()
    for value in expected:
        assert float((found - value).abs().min()) < CLOSE * float(expected.abs().max())
    assert complex(found.sum()) == pytest.approx(complex(logit.trace()), rel=CLOSE)
    assert float(circuits.positive_share(found)) == pytest.approx((expected.real > 0).double().mean().item())
    score = float(expected.real.sum() / expected.abs().sum())
    assert float(circuits.copying_score(found)) == pytest.approx(score, abs=CLOSE)


@pytest.mark.parametrize("token", [0, 41])
def test_rankings_are_those_of_the_dense_rows(dense, token):
    model, score, logit = dense
    ov, qk = circuits.ov_circuit(model, 1, 3), circuits.qk_circuit(model, 1, -1)
    same(circuits.promotes(model, ov, token), logit[token])
    same(circuits.promotes(model, ov, token, least=True), logit[token], largest=False)
    same(circuits.looks_for(model, qk, token), score[token])
    same(circuits.looks_for(model, qk, token, least=True), score[token], largest=False)


def test_skip_trigrams_are_the_strongest_by_brute_force(dense):
    model, score, logit = dense
    found = circuits.skip_trigrams(model, 1, 3, top=5, each=2)
    above = score - score.mean(1, keepdim=True)
    said = logit - logit.mean(1, keepdim=True)
    strength = {s: max(0.0, above[:, s].max().item()) * max(0.0, said[s].max().item()) for s in range(VOCAB)}
    assert [t.source for t in found] == sorted(strength, key=lambda s: -strength[s])[:5]
    for trigram in found:
        assert trigram.strength == pytest.approx(strength[trigram.source], rel=CLOSE)
        assert [d.token for d in trigram.destinations] == above[:, trigram.source].topk(2).indices.tolist()
        assert [o.token for o in trigram.outputs] == said[trigram.source].topk(2).indices.tolist()


def test_edited_weights_are_read_anew():
    module = build("llama")
    model = unembed.wrap(module, name="llama")
    before, values = circuits.ov_circuit(model, 1, 3), circuits.ov_eigenvalues(model, 1)
    with torch.no_grad():
        module.model.layers[1].self_attn.v_proj.weight.mul_(2)
    assert torch.allclose(circuits.ov_circuit(model, 1, 3).reads, 2 * before.reads)
    with torch.no_grad():
        module.lm_head.weight.mul_(3)
    assert torch.allclose(circuits.ov_eigenvalues(model, 1).sum(), 6 * values.sum())


def test_a_damaged_embedding_of_a_token_that_no_run_reads_is_named():
    module = build("llama")
    model = unembed.wrap(module, name="llama")
    with torch.no_grad():
        module.model.embed_tokens.weight[50] = torch.nan
    for asked in (
        lambda: circuits.ov_eigenvalues(model, 0),
        lambda: circuits.skip_trigrams(model, 0, 0),
        lambda: circuits.head_circuits(model, 0, 0, token=50),
    ):
        with pytest.raises(ModelError, match="The embedding of token 50 of llama is not finite"):
            asked()
    with pytest.raises(ModelError, match="not finite"):
        direct_path.direct_logits(model, [3, 50])


@pytest.mark.parametrize(("layer", "head"), [(3, 0), (-4, 0), (0, 4), (0, -5)])
def test_heads_that_do_not_exist_are_refused(dense, layer, head):
    with pytest.raises(InputError, match="There is no"):
        circuits.ov_circuit(dense[0], layer, head)


# The direct path


def direct(module):
    """All direct-path logits of a llama, by hand."""
    e = module.model.embed_tokens.weight.detach()
    e = e / (e.square().mean(1, keepdim=True) + module.config.rms_norm_eps).sqrt() * module.model.norm.weight.detach()
    return e @ module.lm_head.weight.detach().T


def test_the_direct_path_is_embedding_norm_unembedding():
    module = build("llama")
    model, expected = unembed.wrap(module, name="llama"), direct(module)
    assert torch.allclose(direct_path.direct_logits(model, range(VOCAB)).double(), expected, rtol=1e-5, atol=1e-5)
    first = direct_path.follows(model, 5, top=3)
    assert [r.token for r in first] == expected[5].topk(3).indices.tolist()
    assert first[0].value == pytest.approx(float(expected[5].softmax(0).max()), rel=1e-5)
    made, last = [], 7
    for _ in range(4):
        last = int(expected[last].argmax())
        made.append(last)
    assert direct_path.continued(model, [3, 7], 4, greedy=True) == made
    assert direct_path.continued(model, [7], 9, seed=1) == direct_path.continued(model, [7], 9, seed=1)


def test_agreement_with_bigrams_is_the_correlation_over_the_text():
    module = build("llama")
    model, said = unembed.wrap(module, name="llama"), direct(module).log_softmax(1).numpy()
    text = np.random.default_rng(0).integers(0, 12, 400).tolist()
    pairs = list(itertools.pairwise(text))
    firsts = [a for a, _ in pairs]
    counted = [math.log(pairs.count(pair) / firsts.count(pair[0])) for pair in pairs]
    spoken = [said[pair] for pair in pairs]
    found = direct_path.agreement_with(model, text)
    assert (found.bigrams, found.kinds) == (399, len(set(pairs)))
    assert found.correlation == pytest.approx(np.corrcoef(spoken, counted)[0, 1], abs=1e-5)
    assert found.loss == pytest.approx(-np.mean(spoken), rel=1e-5)
    assert found.bigram_entropy == pytest.approx(-np.mean(counted), rel=1e-9)
    shares = np.unique(text[1:], return_counts=True)[1] / 399
    assert found.unigram_entropy == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-9)


def test_bigrams_that_are_all_alike_correlate_with_nothing():
    model = unembed.wrap(build("llama"), name="llama")
    assert direct_path.agreement_with(model, [5] * 200).correlation is None
    assert direct_path.agreement_with(model, [5, 6] * 100).correlation is None  # each follows surely


def test_progress_of_the_direct_path_goes_up_to_1():
    model, said = unembed.wrap(build("llama"), name="llama"), []
    direct_path.continued(model, [7], 5, progress=lambda stage, fraction: said.append(fraction))
    assert said == [0.2, 0.4, 0.6, 0.8, 1.0]
    said.clear()
    direct_path.agreement_with(model, list(range(VOCAB)) * 2, progress=lambda stage, fraction: said.append(fraction))
    assert said[-1] == 1.0


def test_a_short_text_and_a_token_outside_the_vocabulary_are_refused():
    model = unembed.wrap(build("llama"), name="llama")
    with pytest.raises(InputError, match="at least 101 tokens"):
        direct_path.agreement_with(model, [1, 2, 3])
    with pytest.raises(InputError, match="outside the vocabulary"):
        direct_path.direct_logits(model, [VOCAB])
