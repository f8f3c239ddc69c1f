"""causal_trace: against full re-runs of the Hugging Face module with noise and restored states, straight-line."""

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.rerun import Change, Rerun, exactly
from unembed.errors import Interrupted
from unembed.methods.causal_trace import causal_trace, embedding_std, subject_positions

TOKENS, SUBJECT = [3, 14, 15, 92, 65, 35], [2, 3]
KIND = {
    "resid_pre": "resid_pre",
    "resid_mid": "resid_mid",
    "resid_post": "resid_post",
    "attention": "attention_write",
    "mlp": "mlp_write",
}


def noises(samples: int, std: float, d_model: int, seed: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return std * torch.stack([torch.randn(2, d_model, generator=random, dtype=torch.float64) for _ in range(samples)])


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["gpt2", "gpt_neo", "llama", "gemma2", "mixtral", "gpt_oss", "opt", "phi"])
@pytest.mark.parametrize(
    ("site", "window"), [("resid_post", 1), ("attention", 3), ("mlp", 2), ("resid_pre", 1), ("resid_mid", 2)]
)
def test_every_state_equals_full_reruns(model_type, site, window):
    module = build(model_type)
    model, kind = unembed.wrap(module), KIND[site]
    if model.parallel and site == "resid_mid":
        with pytest.raises(unembed.InputError, match="are parallel"):
            causal_trace(model, TOKENS, 7, subject=SUBJECT, site=site)
        return
    with exactly():
        found = causal_trace(model, TOKENS, 7, subject=SUBJECT, site=site, window=window, samples=2, seed=5, noise=0.7)
        clean = Rerun(module, watch=(kind,))
        assert found.clean == pytest.approx(float(clean(TOKENS)[-1].softmax(-1)[7]), rel=1e-9)
        for sample, noise in enumerate(noises(2, found.std, model.d_model, 5)):
            corrupt = Change("resid_pre", 0, (2, 3), lambda x, e=noise: x + e)
            expected = Rerun(module, [corrupt])(TOKENS)[-1].softmax(-1)[7]
            assert float(found.corrupt[sample]) == pytest.approx(float(expected), rel=1e-8)
            for layer in range(model.layers):
                around = range(max(0, layer - window // 2), min(model.layers, layer + -(-window // 2)))
                for position in (1, 2, 4, 5):
                    back = [
                        Change(kind, near, (position,), lambda _, x=clean.seen[kind, near][[position]]: x)
                        for near in around
                    ]
                    expected = Rerun(module, [corrupt, *back])(TOKENS)[-1].softmax(-1)[7]
                    value = float(found.restored[sample, layer, position])
                    assert value == pytest.approx(float(expected), rel=1e-8)


def test_mean_error_and_effect():
    found = causal_trace(unembed.wrap(build("llama")), TOKENS, 7, subject=SUBJECT, samples=4)
    values = found.restored
    assert values.shape == (4, 3, 6)
    assert torch.allclose(found.values, values.sum(0) / 4)
    deviation = ((values - found.values) ** 2).sum(0) / 3
    assert torch.allclose(found.errors, (deviation / 4).sqrt())
    corrupt = float(found.corrupt.mean())
    assert torch.allclose(found.effect, (found.values - corrupt) / (found.clean - corrupt))
    # Restoring the last stream of the last position restores everything; before the subject nothing is to restore.
    assert torch.allclose(values[:, 2, 5], torch.full((4,), found.clean, dtype=torch.float64))
    assert torch.equal(values[:, :, :2], found.corrupt[:, None, None].expand(-1, 3, 2))
    assert float(found.corrupt.std()) > 0


def test_the_seed_is_the_noise():
    model = unembed.wrap(build("gpt2"))
    one, again, other = (causal_trace(model, TOKENS, 7, subject=SUBJECT, samples=2, seed=s) for s in (1, 1, 2))
    assert torch.equal(one.restored, again.restored)
    assert not torch.equal(one.corrupt, other.corrupt)


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2"])
def test_the_standard_deviation_is_that_of_what_enters_the_stream(model_type):
    module = build(model_type)
    model = unembed.wrap(module)
    rows = module.get_input_embeddings().weight.detach()
    scale = model.d_model**0.5 if model_type == "gemma2" else 1.0
    assert embedding_std(model) == pytest.approx(scale * float(rows.std(correction=0)), rel=1e-6)
    assert causal_trace(model, TOKENS, 7, subject=SUBJECT, samples=1, noise=2.0).std == pytest.approx(
        2 * embedding_std(model)
    )


def test_an_answer_of_several_tokens():
    module = build("gpt2")
    found = causal_trace(unembed.wrap(module), TOKENS, [40, 41], subject=SUBJECT, samples=1, noise=1.0)
    noise = noises(1, found.std, 32, 0)[0]
    logits = Rerun(module, [Change("resid_pre", 0, (2, 3), lambda x: x + noise)])([*TOKENS, 40])
    expected = logits[5].softmax(-1)[40] * logits[6].softmax(-1)[41]
    assert float(found.corrupt[0]) == pytest.approx(float(expected), rel=1e-6)
    assert found.restored.shape == (1, 3, 6)


def test_the_default_target_is_the_top_prediction_of_the_clean_run():
    module = build("gpt2")
    found = causal_trace(unembed.wrap(module), TOKENS, subject=SUBJECT, samples=1)
    assert found.target == (int(Rerun(module)(TOKENS)[-1].argmax()),)


def test_ctrl_c_leaves_the_finished_samples(monkeypatch):
    import unembed.methods.causal_trace as module

    model = unembed.wrap(build("llama"))
    whole = causal_trace(model, TOKENS, 7, subject=SUBJECT, samples=3)
    count, calls = module.counterfactuals, []

    def stopped(*args, **how):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return count(*args, **how)

    monkeypatch.setattr(module, "counterfactuals", stopped)
    with pytest.raises(Interrupted) as stop:
        causal_trace(model, TOKENS, 7, subject=SUBJECT, samples=3)
    part = stop.value.result
    assert (len(part.corrupt), part.asked) == (2, 3)
    assert torch.equal(part.restored, whole.restored[:2])
    calls[:] = [1, 1]
    with pytest.raises(KeyboardInterrupt) as stop:
        causal_trace(model, TOKENS, 7, subject=SUBJECT, samples=3)
    assert not isinstance(stop.value, Interrupted)


def test_the_module_is_left_as_it_was():
    module = build("gpt2")
    model = unembed.wrap(module)
    before = Rerun(module)(TOKENS)
    causal_trace(model, TOKENS, 7, subject=SUBJECT, samples=1)
    assert torch.equal(Rerun(module)(TOKENS), before)


def test_the_subject_is_found_in_the_text():
    model = unembed.wrap(build("gpt2"), make_tokenizer())
    assert subject_positions(model, "the capital of France is", "capital of") == (1, 2)
    assert subject_positions(model, "the capital of France is", " France ") == (3,)
    with pytest.raises(unembed.InputError, match="found it 0 times"):  # a piece of a word is no word
        subject_positions(model, "the capital of France is", "apit")
    assert subject_positions(model, TOKENS, [-1, 2, 2]) == (2, 5)


BAD = {
    "not there": ({"subject": "Rome"}, "to be in the prompt once, found it 0 times"),
    "twice": ({"prompt": "a new Rome is a new Paris", "subject": "a"}, r"found it 2 times"),
    "empty": ({"subject": " "}, "found it 0 times"),
    "no position": ({"subject": []}, "at least one position"),
    "position": ({"subject": [5]}, "Position 5 is outside"),
    "ids": ({"prompt": TOKENS}, "give positions"),
    "site": ({"site": "head"}, "site of resid_pre, resid_mid, resid_post, attention, mlp; found 'head'"),
    "window": ({"window": 0}, "window of 1 to 3 layers, found 0"),
    "wide window": ({"window": 999}, "window of 1 to 3 layers, found 999"),
    "samples": ({"samples": 0}, "at least one sample"),
    "noise": ({"noise": -1.0}, "finite amount of noise above 0, found -1"),
    "NaN": ({"noise": float("nan")}, "noise above 0, found nan"),
    "too much": ({"noise": 1e30}, "leaves nothing of the embeddings: expected at most"),
    "infinity": ({"noise": float("inf")}, "finite amount of noise above 0, found inf"),
    "target": ({"target": "Berlin"}, "not in the vocabulary"),
    "prompt": ({"prompt": "", "subject": [0]}, "prompt is empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    changes, message = BAD[name]
    model = unembed.wrap(build("gpt2"), make_tokenizer())
    asked = {"subject": "France", **changes}
    prompt = asked.pop("prompt", "the capital of France is")
    with pytest.raises(unembed.InputError, match=message):
        causal_trace(model, prompt, **asked)


@pytest.mark.real
def test_facts_pass_through_the_last_subject_token(real_model):
    """Meng et al.: the stream at the subject's last token early, and at the last position late. Float32 cells."""
    prompt = "The Eiffel Tower is in the city of"
    found = causal_trace(real_model, prompt, " Paris", subject="Eiffel Tower", samples=1, seed=3)
    ids = real_model.tokenizer(prompt)["input_ids"]
    assert [real_model.tokenizer.decode([ids[p]]) for p in found.subject] == [" E", "iffel", " Tower"]
    assert found.clean > 0.5 > float(found.corrupt[0])
    assert float(found.effect[28, 8]) > 0.5
    paris = real_model.tokenizer(" Paris")["input_ids"][0]
    random = torch.Generator().manual_seed(3)
    noise = found.std * torch.randn(3, real_model.d_model, generator=random, dtype=torch.float64)
    clean = Rerun(real_model.module, watch=("resid_post",))
    clean(ids)
    corrupt = Change("resid_pre", 0, found.subject, lambda x: x + noise.to(x))
    for layer, position in ((3, 2), (25, 8)):
        state = clean.seen["resid_post", layer][[position]]
        back = Change("resid_post", layer, (position,), lambda _, state=state: state)
        expected = Rerun(real_model.module, [corrupt, back])(ids)[-1].softmax(-1)[paris]
        assert float(found.restored[0, layer, position]) == pytest.approx(float(expected), rel=1e-3)
