"""noise: runs against the module's own eager attention with values replaced row by row; verdicts on made-up runs."""

import math
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch

import unembed
from builders.commands import valid
from builders.random_models import build
from builders.words import PROMPT, make_tokenizer
from oracles import oracle
from oracles.parts import PARTS
from oracles.rerun import exactly
from unembed.errors import InputError
from unembed.methods.heads import changed_values
from unembed.methods.heads.intervals import interval, student_quantile
from unembed.methods.heads.noise import noise
from unembed.methods.heads.noise_verdict import judge

pytestmark = pytest.mark.usefixtures("own_cache")
TOKENS = (3, 14, 15, 92, 65)
TEXT = (7, 21, 33, 4, 58, 11, 90, 2, 46, 70)
"""Two windows."""
CLOSE = 1e-9
"""Both ways compute in float64 (`exactly`); the random models amplify its rounding by less than a million."""


# An oracle: the module's own attention, called once a destination


@contextmanager
def attention_replaced(module, attention):
    """The eager attention of the module's modeling file, replaced in this context."""
    home = sys.modules[type(module).__module__]
    own = home.eager_attention_forward
    layers = iter(range(module.config.num_hidden_layers))
    home.eager_attention_forward = lambda *args, **kwargs: attention(next(layers), own, *args, **kwargs)
    try:
        with oracle.eager(module), torch.no_grad():
            yield
    finally:
        home.eager_attention_forward = own


def values_of(module, tokens):
    found = []

    def attention(layer, own, part, query, key, value, *args, **kwargs):
        found.append(value[0])
        return own(part, query, key, value, *args, **kwargs)

    with attention_replaced(module, attention):
        module(torch.tensor([tokens]), use_cache=False)
    return found


def rerun(module, tokens, change, *, own_kept):
    """What heads did, `quantity layer head`, and the last logits: every row of every head by itself."""
    parts = PARTS[module.config.model_type]
    blocks = list(module.get_submodule(parts.blocks))
    seen = []

    def attention(layer, own, part, query, key, value, *args, **kwargs):
        z, pattern = own(part, query, key, value, *args, **kwargs)
        z = z.clone()
        out = blocks[layer].get_submodule(parts.out).weight
        out = out if module.config.model_type == "gpt2" else out.T
        group, size = pattern.shape[1] // value.shape[1], value.shape[-1]
        rows = torch.zeros(4, pattern.shape[1], len(tokens), dtype=torch.float64)
        for i in range(len(tokens)):
            read = change(layer, value[0]).clone()
            if own_kept or i == 0:
                read[:, i] = value[0, :, i]
            z[0, i] = own(part, query, key, read[None], *args, **kwargs)[0][0, i]
            for head in range(pattern.shape[1]):
                weights, mine = pattern[0, head, i], read[head // group]
                matrix = out[head * size : (head + 1) * size]
                from_self = float((weights[i] * mine[i] @ matrix).norm())
                from_others = float((sum(weights[s] * mine[s] for s in range(i)) @ matrix).norm()) if i else 0.0
                others = sum(float(weights[s]) for s in range(1, i))
                learned = 1 - float(weights.sum())  # what a learned sink of gpt_oss takes; 0 elsewhere
                share = from_others / (from_others + from_self)
                rows[:, head, i] = torch.tensor(
                    [float(weights[i]), float(weights[0]) + learned, others, share], dtype=torch.float64
                )
        seen.append(rows[..., 1:].mean(-1))
        return z, pattern

    with attention_replaced(module, attention):
        logits = module(torch.tensor([tokens]), use_cache=False).logits[0, -1]
    return torch.stack(seen, 1), logits.double()


def kl(reference, logits):
    reference, found = reference.log_softmax(-1), logits.log_softmax(-1)
    return float((reference.exp() * (reference - found)).sum())


def noisy_value(plain, layers, strength, seed, layer, value):
    """The documented draw: one generator a seed and layer, normal numbers, the rms of the plain run's values."""
    draw = torch.randn(value.shape, generator=torch.Generator().manual_seed(seed * layers + layer), dtype=torch.float64)
    return value + strength * float(plain[layer].square().mean()) ** 0.5 * draw


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "qwen2", "gemma2", "olmo2", "gpt_oss"])
def test_every_condition_is_a_rerun_of_the_module_with_values_replaced(model_type):
    module = build(model_type)
    with exactly():
        result = noise(unembed.wrap(module), TOKENS, strengths=(0.5, 3.0), seeds=2, text=TEXT)
        plain = values_of(module, TOKENS)
        layers = len(plain)
        others = [values_of(module, window) for window in (TEXT[:5], TEXT[5:])]
        expected, reference = rerun(module, TOKENS, lambda _, value: value, own_kept=True)
        assert torch.allclose(result.plain.heads[0], expected, rtol=0, atol=CLOSE)
        for condition in result.conditions:
            for number in range(2):
                if condition.strength is None:
                    changed = others[number]
                    heads, logits = rerun(module, TOKENS, lambda k, _, c=changed: c[k], own_kept=condition.own_kept)
                else:
                    made = lambda k, v, s=condition.strength, n=number: noisy_value(plain, layers, s, n, k, v)  # noqa: E731
                    heads, logits = rerun(module, TOKENS, made, own_kept=condition.own_kept)
                assert torch.allclose(condition.heads[number], heads, rtol=0, atol=CLOSE)
                assert float(condition.kl[number]) == pytest.approx(kl(reference, logits), abs=CLOSE)
    assert [(c.strength, c.own_kept) for c in result.conditions] == [
        (strength, kept) for strength in (0.5, 3.0, None) for kept in (True, False)
    ]


@pytest.mark.parametrize("model_type", ["gpt2", "gpt_neo", "gpt_oss", "gemma3_text"])
def test_attention_to_self_sink_and_others_sums_to_one(model_type):
    module = build(model_type)
    result = noise(unembed.wrap(module), TOKENS, strengths=(2,), seeds=2, text=TEXT)
    for condition in (result.plain, *result.conditions):
        shares = condition.heads[:, :3]
        assert torch.allclose(shares.sum(1), torch.ones(()).double(), rtol=0, atol=1e-12)
        assert bool((condition.heads > -1e-6).all())  # a pattern of float32 may sum to a little more than 1
        assert bool((condition.heads < 1 + 1e-6).all())
    with torch.no_grad(), oracle.eager(module):
        own = module(torch.tensor([TOKENS]), output_attentions=True, use_cache=False).attentions
    middle = torch.stack([sum(p[0, :, i, 1:i].sum(-1) for i in range(1, 5)) / 4 for p in own])
    # Softmax is float32; sums of at most five of its numbers.
    assert torch.allclose(result.plain.heads[0, 2], middle.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("model_type", ["llama", "gpt_neo"])
def test_strength_0_is_the_plain_run_to_the_last_digit(model_type):
    model = unembed.wrap(build(model_type, dtype=torch.float32))
    result = noise(model, TOKENS, strengths=(0, 1), seeds=3, text=TEXT)
    kept, control = (result.noisy(own_kept=own)[0] for own in (True, False))
    for condition in (kept, control):
        assert condition.strength == 0
        assert torch.equal(condition.heads, result.plain.heads)
        assert not condition.kl.any()
    assert all(float(c.kl.min()) > 0 for c in result.conditions if c.strength != 0)


def test_patterns_of_the_first_layer_never_move_and_those_above_do():
    result = noise(unembed.wrap(build("llama")), TOKENS, strengths=(1, 4), seeds=2, text=TEXT)
    for condition in result.conditions:
        reference = result.plain.heads[: len(condition.heads), :3]
        assert torch.allclose(condition.heads[:, :3, 0], reference[:, :, 0], rtol=0, atol=1e-12)
        assert bool(((condition.heads[:, :3] - reference).abs()[:, 0, 1:] > 1e-4).all())


def test_the_control_differs_and_sees_the_same_noise():
    model = unembed.wrap(build("llama"))
    result = noise(model, TOKENS, strengths=(1,), seeds=2, text=TEXT)
    kept, control = result.noisy(own_kept=True)[0], result.noisy(own_kept=False)[0]
    # Layer 0 reads the same stream in both: what comes from others is equal, what comes from self is not.
    assert not torch.allclose(kept.heads[:, 3, 0], control.heads[:, 3, 0], atol=1e-3)
    assert not torch.allclose(kept.heads[:, 0, 1:], control.heads[:, 0, 1:], atol=1e-4)
    assert not torch.allclose(kept.kl, control.kl, atol=1e-4)


def test_seeds_are_reproducible_however_many_share_a_pass(monkeypatch):
    model = unembed.wrap(build("llama"))
    first = noise(model, TOKENS, strengths=(1,), seeds=4, text=TEXT)
    again = noise(model, TOKENS, strengths=(1,), seeds=4, text=TEXT)
    monkeypatch.setattr(changed_values, "LARGEST", 1)
    fewer = noise(model, TOKENS, strengths=(1,), seeds=2, text=TEXT)
    for one, same, part in zip(first.conditions, again.conditions, fewer.conditions, strict=True):
        assert torch.equal(one.heads, same.heads)
        # Softmaxes and norms are float32, so another batch may round otherwise.
        assert torch.allclose(one.heads[:2], part.heads, rtol=0, atol=1e-5)
    runs = first.conditions[0].heads
    assert not torch.allclose(runs[0], runs[1], atol=1e-3)


def test_later_tokens_have_no_say():
    model = unembed.wrap(build("llama"))
    whole = noise(model, TOKENS, position=2, strengths=(1,), seeds=2, text=TEXT)
    cut = noise(model, TOKENS[:3], position=-1, strengths=(1,), seeds=2, text=TEXT)
    assert whole.positions == cut.positions == (2,)
    assert whole.tokens == TOKENS
    for one, other in zip(whole.conditions, cut.conditions, strict=True):
        assert torch.equal(one.heads, other.heads)
        assert torch.equal(one.kl, other.kl)
    everywhere = noise(model, TOKENS[:3], strengths=(1,), seeds=2, text=TEXT)
    assert everywhere.positions == (1, 2)
    assert torch.equal(everywhere.conditions[0].kl, cut.conditions[0].kl)
    assert not torch.allclose(everywhere.plain.heads, cut.plain.heads, atol=1e-3)


def test_windows_of_a_text_begin_as_the_prompt_where_every_text_begins_so():
    module = build("llama")
    prompt, words = (1, 3, 4), "of France is Paris"  # <s> the capital; the words are tokens 4 to 7
    found = noise(unembed.wrap(module, make_tokenizer()), prompt, strengths=(1,), seeds=2, text=words)
    same = noise(unembed.wrap(module), prompt, strengths=(1,), seeds=2, text=(1, 4, 5, 1, 6, 7))
    for own_kept in (True, False):
        assert torch.equal(found.unrelated(own_kept=own_kept).heads, same.unrelated(own_kept=own_kept).heads)


def test_a_rise_is_that_of_the_least_squares_line():
    result = noise(unembed.wrap(build("llama")), TOKENS, strengths=(2, 0.5, 1), seeds=2, text=TEXT)
    for index, name in enumerate(("self", "sink", "others", "share")):
        for own_kept in (True, False):
            points = [result.plain.heads[:, index], *(c.heads[:, index] for c in result.noisy(own_kept=own_kept))]
            slopes = np.polyfit([0, 0.5, 1, 2], torch.stack(points).flatten(1).numpy(), 1)[0]
            found = result.rises(name, own_kept=own_kept).flatten().numpy()
            assert found == pytest.approx(2 * slopes, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompt": (3,)}, "at least two tokens"),
        ({"position": 0}, "a position after the first"),
        ({"position": 5}, "outside the prompt"),
        ({"strengths": (1, -0.5)}, "strengths of at least 0"),
        ({"strengths": (math.nan,)}, "strengths of at least 0"),
        ({"strengths": (1, math.nan)}, "strengths of at least 0"),
        ({"strengths": (math.inf,)}, "strengths of at least 0"),
        ({"strengths": (0,)}, "one of them above 0"),
        ({"strengths": ()}, "one of them above 0"),
        ({"seeds": 1}, "at least two seeds"),
        ({"text": ()}, "has 0 tokens: expected at least 10"),
        ({"text": TEXT[:9]}, "has 9 tokens: expected at least 10"),
        ({"text": (*TEXT[:9], 97)}, "outside the vocabulary"),
        ({"text": None}, "no tokenizer"),
        ({"text": "words"}, "no tokenizer"),
    ],
)
def test_bad_input_is_refused(options, says):
    model = unembed.wrap(build("llama"))
    asked = {"text": TEXT, **options}
    prompt = asked.pop("prompt", TOKENS)
    with pytest.raises(InputError, match=says):
        noise(model, prompt, **asked)


# Intervals and verdicts


def test_quantiles_of_students_t_are_those_of_the_tables():
    table = {(0.975, 1): 12.7062, (0.975, 7): 2.3646, (0.995, 9): 3.2498, (0.9995, 4): 8.6103, (0.975, 120): 1.9799}
    for (level, freedom), value in table.items():
        assert student_quantile(level, freedom) == pytest.approx(value, abs=1e-4)


def test_an_interval_holds_the_true_mean_as_often_as_it_says():
    draws = torch.randn(4, 20000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = interval(draws)
    inside = ((found.low < 0) & (found.high > 0)).double().mean()
    # The standard error of a share of 0.95 of 20,000 is 0.0015.
    assert float(inside) == pytest.approx(0.95, abs=0.006)
    assert float(found.above().double().mean()) == pytest.approx(0.025, abs=0.004)
    assert float(found.below().double().mean()) == pytest.approx(0.025, abs=0.004)
    assert float(found.above(tests=25).double().mean()) == pytest.approx(0.001, abs=0.001)


def runs(*heads):
    """Runs of layers 0 and 1: each head of layer 1 has a mean and a spread; layer 0 moves by rounding."""
    spread = torch.tensor([-1.0, 0.0, 1.0, 0.5, -0.5], dtype=torch.float64)
    above = torch.stack([mean + size * spread for mean, size in heads], 1)
    return torch.stack([torch.full_like(above, 1e-8), above], 1)


def test_each_head_gets_its_verdict():
    kept = runs((0.5, 0.01), (0.5, 0.01), (-0.5, 0.01), (0.5, 2.0), (0.005, 0.0001), (0.1, 0.06))
    control = runs((0.1, 0.01), (0.5, 0.02), (-0.9, 0.01), (-9, 1.0), (-0.5, 0.01), (-0.1, 0.01))
    verdict = judge(kept, control)
    kinds = ["protects", "rises", "falls", "unclear", "unclear", "protects"]
    assert [verdict.kind(1, head) for head in range(6)] == kinds
    assert [verdict.kind(0, head) for head in range(6)] == ["cannot move"] * 6
    assert {kind: verdict.count(kind) for kind in (*kinds, "cannot move")} == {
        "protects": 2,
        "rises": 1,
        "falls": 1,
        "unclear": 2,
        "cannot move": 6,
    }
    assert verdict.able == 6
    assert verdict.by_chance == pytest.approx(0.15)
    assert verdict.corrected == 1  # the last one passes alone, but not as one of six
    assert verdict.average is not None
    assert float(verdict.average.kept.mean) == pytest.approx(float(kept[:, 1].mean()))


@pytest.mark.parametrize(
    ("kept", "control", "holds"),
    [
        ((0.5, 0.01), (0.1, 0.02), "yes"),
        ((0.5, 0.01), (0.5, 0.012), "no"),
        ((-0.5, 0.01), (-0.9, 0.01), "no"),
        ((0.005, 0.0001), (-0.5, 0.001), "no"),
        ((0.5, 0.9), (0.1, 0.02), "unclear"),
        ((0.5, 0.01), (0.3, 0.9), "unclear"),
    ],
)
def test_the_average_over_heads_gets_a_verdict(kept, control, holds):
    assert judge(runs(kept), runs(control)).holds == holds


def test_one_layer_tells_nothing():
    layer = runs((0.5, 0.01))[:, :1]
    verdict = judge(layer, layer)
    assert verdict.holds == "cannot tell"
    assert verdict.able == verdict.corrected == 0
    result = noise(unembed.wrap(build("llama", layers=1)), TOKENS, strengths=(1,), seeds=2, text=TEXT)
    assert "cannot move" in result.notes[0]


def test_a_verdict_needs_the_same_runs_twice():
    with pytest.raises(InputError, match="two at least"):
        judge(runs((1, 1))[:1], runs((1, 1))[:1])
    with pytest.raises(InputError, match="the same runs"):
        judge(runs((1, 1)), runs((1, 1))[:4])


# The command


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a new capital of Rome is Paris the new France is a capital")
    return str(path)


def test_json_is_the_library_result(cli, folder, words):
    options = ("--strengths", "2,0.5", "--seeds", "2", "--text", words)
    code, out, err = cli("noise", PROMPT, *options, "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    with open(words) as text:  # noqa: PTH123
        result = noise(model, PROMPT, strengths=(0.5, 2), seeds=2, text=text.read())
    verdict = judge(result.rises("self"), result.rises("self", own_kept=False))
    assert data["positions"] == [1, 2, 3, 4]
    assert [(c["kind"], c["strength"], c["own_kept"]) for c in data["conditions"]] == [
        ("plain", None, True),
        ("noise", 0.5, True),
        ("noise", 0.5, False),
        ("noise", 2.0, True),
        ("noise", 2.0, False),
        ("unrelated", None, True),
        ("unrelated", None, False),
    ]
    assert data["conditions"][3]["kl"] == float(result.conditions[2].kl.mean())
    assert data["conditions"][6]["attention"]["to_self"] == float(result.conditions[5].heads[:, 0].mean())
    assert len(data["heads"]) == 12
    head = data["heads"][7]
    assert (head["layer"], head["head"]) == (1, 3)
    assert head["noise"]["rise"]["kept"]["mean"] == float(verdict.heads.kept.mean[1, 3])
    assert head["noise"]["rise"]["excess"]["high"] == float(verdict.heads.excess.high[1, 3])
    assert head["noise"]["verdict"] == verdict.kind(1, 3)
    assert head["noise"]["mean"]["share"] == float(result.rises("share").mean(0)[1, 3])
    assert head["unrelated"]["mean"]["to_sink"] == float(result.changes("sink").mean(0)[1, 3])
    counted = data["noise"]
    assert counted["able"] == sum(counted[kind] for kind in ("protects", "rises", "falls", "unclear")) == 8
    assert counted["holds"] == verdict.holds


def test_the_view_says_it_in_a_hundred_columns(cli, words):
    code, out, err = cli("noise", PROMPT, "--strengths", "0.5,2", "--seeds", "2", "--text", words, "--position", "-1")
    assert (code, err) == (0, "")
    assert "at position 4" in out
    assert out.count("  the claim ") == 2, "one verdict a strength"
    assert "values of 2 unrelated texts" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("noise", "the"), "at least two tokens"),
        (("noise", PROMPT, "--strengths", "1,much"), "Expected --strengths to be numbers"),
        (("noise", PROMPT, "--strengths", "-1"), "strengths of at least 0"),
        (("noise", PROMPT, "--strengths", "nan"), "strengths of at least 0"),
        (("noise", PROMPT, "--seeds", "1"), "at least two seeds"),
        (("noise", PROMPT, "--position", "0"), "a position after the first"),
        (("noise", PROMPT, "--text", "no such file"), "Cannot read"),
        (("noise", PROMPT, "--text", "EMPTY"), "has 0 tokens"),
        (("noise", PROMPT, "--text", "SHORT"), "has 9 tokens: expected at least 10"),
    ],
)
def test_bad_input_is_one_message(cli, tmp_path, arguments, says):
    (tmp_path / "EMPTY").write_text("")
    (tmp_path / "SHORT").write_text("the capital of France is a new Paris is")
    places = [str(tmp_path / a) if a in ("EMPTY", "SHORT") else a for a in arguments]
    code, out, err = cli(*places)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
