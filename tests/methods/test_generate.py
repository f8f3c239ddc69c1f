"""generate: against Hugging Face's own greedy search, and against full re-runs of every step."""

import pytest
import torch

import unembed
from builders.random_models import build

PROMPT = [3, 14, 15, 92]


@pytest.mark.parametrize("model_type", ["gpt2", "gpt_neo", "llama", "gemma2", "gpt_neox", "opt", "mixtral", "phi3"])
def test_greedy_tokens_are_those_of_transformers(model_type):
    module = build(model_type)
    model = unembed.wrap(module)
    steps = list(unembed.generate(model, PROMPT, tokens=6))
    own = module.generate(
        torch.tensor([PROMPT]),
        attention_mask=torch.ones(1, len(PROMPT)),
        max_new_tokens=6,
        do_sample=False,
        pad_token_id=0,
    )
    assert [step.token for step in steps] == own[0, len(PROMPT) :].tolist()


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2"])
def test_each_step_is_explained_as_a_full_run_would_be(model_type):
    model = unembed.wrap(build(model_type))
    tokens = list(PROMPT)
    for step in unembed.generate(model, PROMPT, tokens=4):
        full = unembed.decompose(unembed.readout(unembed.record(model, tokens), step.token))
        found = {(t.kind, t.layer): t.value for t in step.ledger.terms()}
        # The cache changes the order of sums; softmax and RMSNorm are float32.
        assert found == pytest.approx({(t.kind, t.layer): t.value for t in full.terms()}, abs=1e-4)
        ranks = unembed.lens(model, tokens, step.token, positions=[-1]).target_rank[1:, 0].tolist()
        assert step.first_led == ranks.index(1)
        assert step.top_term.value == max(found.values())
        tokens.append(step.token)


def test_probability_is_at_temperature_one_and_sampling_is_seeded():
    model = unembed.wrap(build("gpt2"))
    draw = [[s.token for s in unembed.generate(model, PROMPT, tokens=8, temperature=5.0, seed=n)] for n in (1, 1, 2)]
    assert draw[0] == draw[1] != draw[2]
    step = next(unembed.generate(model, PROMPT, tokens=1, temperature=3.0, seed=4))
    logits = unembed.record(model, PROMPT, positions=[-1]).logits[0]
    assert step.probability == pytest.approx(float(logits.softmax(-1)[step.token]), rel=1e-6)


def test_sampling_follows_the_tempered_distribution():
    model = unembed.wrap(build("gpt2"))
    logits = unembed.record(model, PROMPT, positions=[-1]).logits[0].double()
    expected = (logits / 2.0).softmax(-1)
    draws = [next(unembed.generate(model, PROMPT, tokens=1, temperature=2.0, seed=s)).token for s in range(300)]
    likely = int(expected.argmax())
    share = draws.count(likely) / 300
    deviation = float((expected[likely] * (1 - expected[likely]) / 300).sqrt())
    assert abs(share - float(expected[likely])) < 4 * deviation


def test_the_smallest_temperature_takes_the_top_prediction():
    model = unembed.wrap(build("gpt2"))
    cold, top = ([s.token for s in unembed.generate(model, PROMPT, tokens=4, temperature=t)] for t in (5e-324, 0.0))
    assert cold == top


@pytest.mark.parametrize("temperature", [float("inf"), float("nan"), -0.5])
def test_a_temperature_that_is_none(temperature):
    model = unembed.wrap(build("gpt2"))
    with pytest.raises(unembed.InputError, match=f"temperature of at least 0, and finite; found {temperature:g}"):
        unembed.generate(model, PROMPT, temperature=temperature)
    with pytest.raises(unembed.InputError, match="temperature of at least 0, and finite"):
        unembed.steer(model, PROMPT, torch.ones(model.d_model), layer=1, temperature=temperature)


@pytest.mark.parametrize("seed", [-1, 2**63, -(10**30)])
def test_a_seed_that_is_none(seed):
    model = unembed.wrap(build("gpt2"))
    with pytest.raises(unembed.InputError, match=f"Expected a seed from 0 to {2**63 - 1}, found {seed}"):
        unembed.generate(model, PROMPT, temperature=1.0, seed=seed)


def test_it_stops_at_the_end_token():
    module = build("gpt2")
    model = unembed.wrap(module)
    third = [step.token for step in unembed.generate(model, PROMPT, tokens=6)][2]
    module.generation_config.eos_token_id = [third]
    tokens = [step.token for step in unembed.generate(model, PROMPT, tokens=6)]
    assert tokens[-1] == third
    assert len(tokens) <= 3


def test_no_room_in_the_context():
    model = unembed.wrap(build("gpt2"))
    with pytest.raises(unembed.InputError, match=r"4 tokens and 62 new ones exceed the 64"):
        unembed.generate(model, PROMPT, tokens=62)
    assert len(list(unembed.generate(model, [5] * 60, tokens=5))) == 5
