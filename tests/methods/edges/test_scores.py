"""Scores of edges against a gradient of the circuit itself, edge by edge."""

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.methods.edges.circuit import measured, metrics_at_ends
from unembed.methods.edges.find import best
from unembed.methods.edges.flow import flow, pair_of, whole
from unembed.methods.edges.scores import edge_scores
from unembed.models.prompts import tokenize
from unembed.models.targets import target_tokens

CLEAN, CORRUPT, TOKENS = (3, 50, 7, 11, 96), (3, 51, 7, 12, 96), (8, 20)


def pair(family: str):
    return pair_of(unembed.wrap(build(family, layers=2), name=family), CLEAN, CORRUPT)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "gemma2", "mixtral"])
def test_eap_is_the_gradient_of_the_metric_by_how_much_of_an_edge_is_kept(family):
    """With an edge kept to a part `a`, the reader reads `a (now - corrupted)` of it: `dm/da` at 1 is its score."""
    found = pair(family)
    kept = whole(found.graph).double().clone().requires_grad_()
    logits = found.apart.logits(flow(found, kept), TOKENS)
    expected = torch.autograd.grad((logits[:, 0] - logits[:, 1]).sum(), kept)[0][0]
    scores = edge_scores(found, TOKENS, "eap")
    # The scale of a norm that rounds to float32 has a gradient that does.
    assert (scores - expected).abs().max() < 1e-6 * expected.abs().max()
    assert scores[~found.graph.edges].abs().max() == 0


def test_with_many_steps_eap_ig_of_the_input_sums_to_the_difference():
    """Of the edges that leave the input and together are all that changes: integrated gradients are complete."""
    found = pair("gpt2")
    with torch.no_grad():
        ends = measured(found, torch.stack([found.graph.edges, torch.zeros_like(found.graph.edges)]), TOKENS)
    scores = edge_scores(found, TOKENS, "eap-ig", steps=200)
    # A left sum of n steps is off by (f'(1) - f'(0)) / 2n: half a per cent of what the slope changes by.
    assert float(scores[:, 0].sum()) == pytest.approx(float(ends[0] - ends[1]), rel=0.02, abs=0.02)
    one, clean = edge_scores(found, TOKENS, "eap-ig", steps=1), edge_scores(found, TOKENS, "eap")
    assert (one - clean).abs().max() > 1e-3  # the gradients of the corrupted run


def test_another_method_is_refused():
    with pytest.raises(unembed.InputError, match="Expected a method of eap, eap-ig; found 'acdc'"):
        edge_scores(pair("gpt2"), TOKENS, "acdc")


@pytest.mark.slow
@pytest.mark.real
def test_on_the_real_model_the_best_edges_carry_what_independent_code_found():
    """Straight-line code of another hand, in float64, gave these for the same pair."""
    model = unembed.load("smollm2-135m", dtype="float64")
    prompts = [f"When Mary and John went to the store, {name} gave a drink to" for name in ("John", "Mary")]
    found, tokens = pair_of(model, *(tokenize(model, prompt) for prompt in prompts)), metric_of(model)
    scores = edge_scores(found, tokens, "eap")
    circuits = torch.stack([best(found.graph, scores, share) for share in (0.001, 0.01, 0.05, 0.1, 0.5)])
    clean, corrupt = metrics_at_ends(found, tokens)
    with torch.no_grad():
        faithful = (measured(found, circuits, tokens) - corrupt) / (clean - corrupt)
    assert faithful.tolist() == pytest.approx([0.36, 0.68, 0.93, 0.96, 0.998], abs=0.005)  # as they were written


def metric_of(model):
    return target_tokens(model, " Mary")[0], target_tokens(model, " John")[0]
