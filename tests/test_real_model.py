"""The proof: the real model, against hand-written hooks and against what is known of one prompt."""

import gc
import hashlib
import json
from dataclasses import replace

import pytest
import torch

import unembed
from unembed.methods.answer import answer_of
from unembed.methods.controls import population
from unembed.models.parts import Part
from unembed.view.payloads import to_json
from unembed.view.payloads.explanation import explain_payload
from unembed.view.payloads.sentence import plain, sentence_of

pytestmark = pytest.mark.real
PROMPT = "The capital of France is"
ASKED = [
    PROMPT,
    "The Eiffel Tower is in the city of",
    "When Mary and John went to the store, John gave a drink to",
    "The sky is",
    " fear night world sweet blood father fear night world sweet",
]
PROMPTS = [
    PROMPT,
    "Hello",
    "def add(a, b):\n    return a",
    "Two plus two equals",
    "1, 2, 3, 4,",
    "The Eiffel Tower is in the city of",
]


def test_paris_and_why(real_model):
    """Numbers of an independent prototype, to the digits it printed."""
    result = unembed.explain(real_model, PROMPT)
    assert real_model.tokenizer.decode([result.target.token]) == " Paris"
    assert result.target.probability == pytest.approx(0.7725, abs=5e-4)
    assert result.target.logit == pytest.approx(17.371, abs=2e-3)
    assert result.readout.reference_value == pytest.approx(-1.858, abs=2e-3)
    terms = {t.label: t.value for t in result.ledger.terms()}
    expected = {"L23 attn": 3.43, "L24 mlp": 2.30, "L27 attn": 2.17, "L29 mlp": 1.68, "L28 mlp": -1.12}
    assert {name: terms[name] for name in expected} == pytest.approx(expected, abs=0.006)
    heads = {note.term.label: note for note in result.heads}
    assert heads["L23.H4"].term.value == pytest.approx(2.87, abs=0.006)
    assert heads["L23.H4"].looks_at[0] == (3, pytest.approx(0.90, abs=0.006))
    neurons = {note.term.label: note for note in result.neurons}
    assert neurons["L24.N1005"].term.value == pytest.approx(1.25, abs=0.006)
    assert neurons["L24.N1005"].activation == pytest.approx(-19.2, abs=0.06)
    assert real_model.tokenizer.decode([neurons["L24.N1005"].promotes[0]]) == " capitals"
    assert [int(result.lens.target_rank[layer + 1, 0]) for layer in (22, 23, 26, 29)] == [2079, 396, 34, 1]


def test_credit_is_not_cause(real_model):
    """Those of examples/direct_vs_total.py: the same probabilities, with verdicts beside all other heads."""
    result = unembed.explain(real_model, PROMPT, swap=("France", "Germany"))
    found = {note.term.label: note for note in (*result.heads, *result.neurons)}
    zeroed = {"L23.H4": 0.147, "L29.H1": 0.753, "L29.H0": 0.709, "L29.H2": 0.822, "L24.N1005": 0.474, "L29.N864": 0.934}
    assert {name: found[name].zeroed.probability for name in zeroed} == pytest.approx(zeroed, abs=1e-3)
    verdicts = {"L23.H4": "causal", "L29.H1": "ordinary", "L24.N1005": "causal", "L29.N864": "suppressor"}
    assert {name: found[name].zeroed.effect.verdict for name in verdicts} == verdicts
    assert (len(result.population.heads), len(result.population.neurons)) == (270, 500)
    # The head that has no credit, and the second largest effect of all.
    assert found["L12.H0"].shown_for == ("effect",)
    assert found["L12.H0"].zeroed.effect.rank == 2
    assert found["L12.H0"].zeroed.probability == pytest.approx(0.493, abs=2e-3)
    answer = explain_payload(result).answer
    assert answer.text == 'Without head L23.H4, which reads "France", "Paris" falls from 77.3% to 14.7%.'
    # " Berlin" after "The capital of Germany is"; the values of L23.H4 there take " Paris" away here.
    assert real_model.tokenizer.decode([result.swap.predictions[0].token]) == " Berlin"
    assert found["L23.H4"].swapped < 0.03


def test_tokens_that_differ_by_a_space_alone_are_told_apart_and_one_is_not_compared_with_itself(real_model):
    text = plain(sentence_of(unembed.explain(real_model, PROMPT, "Paris", test=False)))
    assert text.startswith('It says "·Paris" (77.3%); "Paris" is its 44th choice (0.05%). ')
    with pytest.raises(unembed.InputError, match="'·Paris' has no lead over itself"):
        unembed.explain(real_model, PROMPT, versus=" Paris", test=False)


@pytest.mark.slow
def test_less_precision_and_more_threads_change_no_verdict_without_a_mark(real_model):
    """Every head and neuron of the sample, in bfloat16 on two threads; and the one-line answer."""
    half = unembed.load("smollm2-135m", dtype="bfloat16")
    runs = unembed.record(real_model, PROMPT), unembed.record(half, PROMPT)
    token = runs[0].top(1)[0].token
    exact = population(runs[0], token)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3 - threads if threads in (1, 2) else 1)
        rough, again = population(runs[1], token), population(unembed.record(real_model, PROMPT), token)
    finally:
        torch.set_num_threads(threads)
    compared, unmarked = 0, 0
    for site in (*exact.heads, *exact.neurons):
        one = zeroed_of(exact, site)
        for other in (zeroed_of(rough, site), zeroed_of(again, site)):
            if one is None or other is None:  # rounding moved a neuron out of its layer's tenth
                continue
            compared += 1
            assert abs(one.effect.nats - other.effect.nats) <= one.noise + other.noise
            if not (one.effect.borderline or other.effect.borderline):
                unmarked += 1
                assert one.effect.verdict == other.effect.verdict
                assert one.effect.verdict == "ordinary" or one.effect.size == other.effect.size
    assert compared > 1500
    assert unmarked > 750
    answers = [explain_payload(unembed.explain(run, token)).answer for run in runs]
    assert answers[0].part == answers[1].part or answers[1].borderline


@pytest.mark.parametrize("prompt", [ASKED[0], *(pytest.param(prompt, marks=pytest.mark.slow) for prompt in ASKED[1:])])
def test_the_sublayer_that_answers_is_not_the_first_mlp(real_model, prompt):
    """Of prompts of the pages, as if no head and no neuron were causal: L0 mlp is needed by all of them."""
    run = unembed.record(real_model, prompt)
    among = population(run, run.top(1)[0].token)
    quiet = [dict.fromkeys(rows, among.base) for rows in (among.heads, among.neurons)]
    ledger = unembed.explain(run, test=False).finest.coarser("sublayer")
    answer = answer_of(run, ledger, replace(among, heads=quiet[0], neurons=quiet[1], leaders=({},)))
    first = Part("mlp", 0)
    assert among.zeroed(first.site(run.length - 1), among.rows[first.site(run.length - 1)]).effect.verdict == "causal"
    assert answer.kind == "sublayer"
    assert answer.part.layer >= 20
    assert next(t.value for t in ledger.terms() if t.layer is not None and t.part == answer.part) > 0.5
    assert answer.zeroed.effect.nats < -0.3


def zeroed_of(among, site):
    row = {**among.heads, **among.neurons}.get(site)
    return None if row is None else among.zeroed(site, row)


def test_the_three_references_have_three_winners(real_model):
    trace = unembed.record(real_model, PROMPT, positions=[-1])
    top = {
        name: unembed.decompose(unembed.readout(trace, " Paris", **how)).top(1)[0].label
        for name, how in {"raw": {"reference": "raw"}, "mean": {}, "versus": {"versus": " the"}}.items()
    }
    assert top == {"raw": "L29 mlp", "mean": "L23 attn", "versus": "L28 mlp"}


def test_every_head_neuron_and_source_against_hooks_of_this_test(real_model):
    """One layer by hand: o_proj's and down_proj's inputs, the final norm's statistic, plain matrix products."""
    module, layer = real_model.module, 23
    block = module.model.layers[layer]
    seen = {}
    hooks = [
        block.self_attn.o_proj.register_forward_pre_hook(lambda _, a: seen.update(z=a[0][0, -1])),
        block.mlp.down_proj.register_forward_pre_hook(lambda _, a: seen.update(n=a[0][0, -1])),
        module.model.norm.register_forward_pre_hook(lambda _, a: seen.update(x=a[0][0, -1])),
    ]
    ids = real_model.tokenizer(PROMPT, return_tensors="pt").input_ids
    with torch.no_grad():
        logits = module(ids).logits[0, -1]
    for hook in hooks:
        hook.remove()
    target = int(logits.argmax())
    w_u = module.lm_head.weight.detach().double()
    scale = (seen["x"].double().square().mean() + module.config.rms_norm_eps).rsqrt()
    w = module.model.norm.weight.detach().double() * (w_u[target] - w_u.mean(0)) * scale
    heads = (seen["z"].double().view(9, 64) * (block.self_attn.o_proj.weight.detach().double().T @ w).view(9, 64)).sum(
        -1
    )
    neurons = seen["n"].double() * (block.mlp.down_proj.weight.detach().double().T @ w)
    ledger = unembed.explain(real_model, PROMPT).finest
    parts = {s.kind: s for s in ledger.segments if s.layer == layer}
    # float32 products of 576 and 1,536 terms, run with another attention kernel: 1e-4 of a logit.
    assert torch.allclose(torch.tensor(parts["head"].values.sum(-1)), heads, atol=1e-4)
    assert torch.allclose(torch.tensor(parts["neuron"].values), neurons, atol=1e-4)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("reference", ["mean", "raw"])
def test_it_adds_up_everywhere(real_model, prompt, reference):
    trace = unembed.record(real_model, prompt)
    for position in trace.positions:
        for layer in (None, 0, 7):
            read = unembed.readout(trace, position=position, reference=reference, layer=layer)
            ledger = unembed.decompose(read, by="source+neuron")
            assert (
                abs(ledger.error) <= ledger.tolerance < 5e-3 * max(1.0, abs(ledger.value), read.run.logits.abs().max())
            )


def test_raw_head_values_are_plain_logits_in_json(real_model):
    result = unembed.explain(real_model, PROMPT, reference="raw", by="head", test=False)
    data = json.loads(json.dumps(to_json(explain_payload(result))))
    assert data["ledger"]["value"] == pytest.approx(data["target"]["logit"])
    assert sum(t["value"] for t in data["ledger"]["terms"]) == pytest.approx(data["target"]["logit"], abs=1e-4)
    assert sum(t["kind"] == "head" for t in data["ledger"]["terms"]) == 270
    assert (
        data["model"]["weights_sha256"]
        == hashlib.sha256(real_model.folder.joinpath("model.safetensors").read_bytes()).hexdigest()
    )


def test_a_thousand_tokens(real_model):
    ids = torch.randint(0, real_model.vocab, (1024,), generator=torch.Generator().manual_seed(0)).tolist()
    result = unembed.explain(real_model, ids, by="source", test=False)
    assert abs(result.ledger.error) <= result.ledger.tolerance
    assert sum(s.values.size for s in result.ledger.segments if s.kind == "head") == 270 * 1024


def test_bfloat16_adds_up_within_its_own_rounding():
    model = unembed.load("smollm2-135m", dtype="bfloat16")
    result = unembed.explain(model, PROMPT, " Paris", test=False)
    assert abs(result.finest.error) <= result.finest.tolerance
    # Two bytes a number and 270 writes: the tolerance says what the precision is worth, and no more.
    assert result.finest.tolerance < 3.0
    del model
    gc.collect()


def test_generation_is_that_of_transformers(real_model):
    ids = real_model.tokenizer(PROMPT, return_tensors="pt").input_ids
    own = real_model.module.generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=2)[0, ids.shape[1] :]
    steps = list(unembed.generate(real_model, PROMPT, tokens=12))
    assert [s.token for s in steps] == own.tolist()
    assert steps[0].first_led == 29
    assert steps[0].top_term.label == "L23 attn"
