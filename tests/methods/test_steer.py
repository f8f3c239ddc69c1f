"""steering: against a loop that runs the whole prompt again for each token, with hooks written by hand."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.rerun import Change, Rerun, exactly
from unembed import directions
from unembed.engine.edits import add, project_out, scale, set_to, zero
from unembed.errors import Interrupted
from unembed.methods.steer import steer, steered
from unembed.models.sites import Site

TOKENS, NEW = [3, 14, 15, 92], 5
FAMILIES = ["gpt2", "gpt_neo", "llama", "gemma2", "phi", "mixtral", "gpt_oss", "opt"]


def direction(size: int = 32) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


KIND = {"resid_post": "resid_post", "attention": "attention_write", "mlp": "mlp_write"}


def greedy(module, kind: str, layer: int, function) -> list[int]:
    """The continuation by full re-runs, the stream changed at every position."""
    ids = list(TOKENS)
    for _ in range(NEW):
        everywhere = tuple(range(len(ids)))
        ids.append(int(Rerun(module, [Change(kind, layer, everywhere, function)])(ids)[-1].argmax()))
    return ids[len(TOKENS) :]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize("site", KIND)
def test_greedy_steering_equals_full_reruns(model_type, site):
    module = build(model_type)
    model, v = unembed.wrap(module), direction()
    found = steer(model, TOKENS, v, layer=1, site=site, scale=3.0, tokens=NEW)
    expected = greedy(module, KIND[site], 1, lambda x: x + 3.0 * v)
    assert [step.token for step in found.steered] == expected[: len(found.steered)]
    assert len(found.steered) == NEW or found.steered[-1].token == 2  # the end of text
    plain = list(unembed.generate(model, TOKENS, tokens=NEW))
    assert [step.token for step in found.unsteered] == [step.token for step in plain]


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2"])
def test_logits_of_every_step_equal_full_reruns(model_type):
    module = build(model_type)
    model, v = unembed.wrap(module), direction()
    with exactly():
        ids = list(TOKENS)
        for step in steer(model, TOKENS, v, layer=0, tokens=4).steered:
            change = Change("resid_post", 0, tuple(range(len(ids))), lambda x: x + v)
            logits = Rerun(module, [change])(ids)[-1]
            assert torch.allclose(step.run.logits[-1], logits, atol=1e-9)
            ids.append(step.token)


EDITS = {
    "add": (lambda site, v: add(site, v), lambda x, v: x + v),
    "zero": (lambda site, v: zero(site), lambda x, v: 0 * x),
    "scale": (lambda site, v: scale(site, -1.5), lambda x, v: -1.5 * x),
    "set": (lambda site, v: set_to(site, v), lambda x, v: v.expand_as(x)),
    "project": (lambda site, v: project_out(site, v), lambda x, v: x - (x @ v)[:, None] * v / (v @ v)),
}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_stacks_on_every_position(name):
    """Two edits of one site in their order, and one of another site."""
    module = build("llama")
    model, v = unembed.wrap(module), direction()
    make, function = EDITS[name]
    site = Site(kind="mlp_write", layer=1)
    edits = [scale(site, 2.0), make(site, v), add(Site(kind="resid_post", layer=0), 2 * v)]
    everywhere = tuple(range(len(TOKENS)))
    changes = [
        Change("mlp_write", 1, everywhere, lambda x: function(2 * x, v)),
        Change("resid_post", 0, everywhere, lambda x: x + 2 * v),
    ]
    with exactly(), steered(model, edits):
        trace = unembed.record(model, TOKENS)
    with exactly():
        assert torch.allclose(trace.logits, Rerun(module, changes)(TOKENS), atol=1e-9)


def interrupt(*_):
    raise KeyboardInterrupt


def test_the_module_is_left_as_it_was():
    module = build("llama")
    model = unembed.wrap(module)
    before = Rerun(module)(TOKENS)
    edit = add(Site(kind="resid_post", layer=1), direction())
    with steered(model, [edit]):
        assert not torch.equal(unembed.record(model, TOKENS).logits, before)
    assert torch.equal(Rerun(module)(TOKENS), before)
    stop = module.get_submodule("model.layers.2").register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt), steered(model, [edit]):
        unembed.record(model, TOKENS)
    stop.remove()
    assert torch.equal(Rerun(module)(TOKENS), before)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    with pytest.raises(unembed.InputError), steered(model, [edit, zero(Site(kind="z", layer=0))]):
        pass
    assert not any(part._forward_hooks for part in module.modules())


def test_ctrl_c_leaves_the_emitted_tokens(monkeypatch):
    import unembed.methods.steer as home

    module = build("llama")
    model, v = unembed.wrap(module), direction()
    whole = steer(model, TOKENS, v, layer=1, tokens=NEW)
    generate, runs = home.generate, []

    def stopped(*args, **how):
        runs.append(1)
        for count, step in enumerate(generate(*args, **how)):
            if len(runs) == 2 and count == 2:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(home, "generate", stopped)
    with pytest.raises(Interrupted) as stop:
        steer(model, TOKENS, v, layer=1, tokens=NEW)
    part = stop.value.result
    assert whole.complete
    assert not part.complete
    assert [s.token for s in part.unsteered] == [s.token for s in whole.unsteered]
    assert [s.token for s in part.steered] == [s.token for s in whole.steered[:2]]
    assert not any(part._forward_hooks for part in module.modules())


def test_what_is_added_and_what_is_there():
    module = build("llama")
    model, v = unembed.wrap(module), direction()
    found = steer(model, TOKENS, v, layer=1, scale=-2.0, tokens=1)
    run = Rerun(module, watch=("resid_post",))
    run(TOKENS)
    assert found.added_length == pytest.approx(2 * float(v.norm()))
    assert found.length == pytest.approx(float(run.seen["resid_post", 1][1:].norm(dim=-1).mean()), rel=1e-6)


@pytest.mark.parametrize("site", KIND)
def test_a_difference_of_two_prompts(site):
    module = build("gpt2")
    model = unembed.wrap(module)
    ends = []
    for ids in ([5, 6, 7], [5, 8]):
        run = Rerun(module, watch=(KIND[site],))
        run(ids)
        ends.append(run.seen[KIND[site], 1][-1])
    assert torch.allclose(
        directions.difference(model, [5, 6, 7], [5, 8], layer=1, site=site), ends[0] - ends[1], atol=1e-6
    )
    assert torch.allclose(directions.difference(model, [5, 6, 7], layer=1, site=site), ends[0], atol=1e-6)
    with pytest.raises(unembed.InputError, match="steers nowhere"):
        directions.difference(model, [5, 6], [5, 6], layer=1, site=site)


@pytest.mark.parametrize("model_type", ["gpt2", "llama"])
def test_a_token_direction_is_what_raises_its_logit(model_type):
    """With the final norm's divisor frozen, the logit is linear in the stream: gain times row of the unembedding."""
    module = build(model_type)
    model = unembed.wrap(module)
    norm = model.module.get_submodule(model.family.final_norm)
    expected = norm.weight * module.lm_head.weight[9]
    if model_type == "gpt2":  # LayerNorm takes the mean off what it reads
        expected = expected - expected.mean()
    assert torch.allclose(directions.token(model, 9), expected.detach(), atol=1e-5)


def test_directions_from_files(tmp_path):
    model, v = unembed.wrap(build("gpt2")), direction().float()
    np.save(tmp_path / "a.npy", v.numpy())
    np.save(tmp_path / "row.npy", v.numpy()[None])
    save_file({"v": v}, tmp_path / "a.safetensors")
    for name in ("a.npy", "row.npy", "a.safetensors"):
        assert torch.equal(directions.from_file(model, tmp_path / name), v)
    np.save(tmp_path / "short.npy", v.numpy()[:5])
    np.save(tmp_path / "whole.npy", np.ones(32, dtype=np.int64))
    np.save(tmp_path / "nan.npy", v.numpy() * np.nan)
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "text.safetensors").write_text("hello")
    save_file({"v": v, "w": 2 * v}, tmp_path / "two.safetensors")
    bad = {
        "short.npy": "32 floating-point numbers",
        "whole.npy": "32 floating-point numbers",
        "nan.npy": "not finite",
        "objects.npy": "no .npy file",
        "text.npy": "no .npy file",
        "text.safetensors": "no .safetensors file",
        "two.safetensors": "Expected one tensor in two.safetensors, found 2: v, w",
        "none.npy": "There is no file",
        "a.pt": "a .npy or .safetensors file",
    }
    for name, message in bad.items():
        with pytest.raises(unembed.InputError, match=message):
            directions.from_file(model, tmp_path / name)


BAD = {
    "layer": ({"layer": 3}, "There is no layer 3"),
    "site": ({"site": "z"}, "Expected a site of resid_post, attention, mlp; found 'z'"),
    "the stream somewhere": ({"site": "resid"}, "resid_post is the stream after a block"),
    "width": ({"direction": torch.ones(5)}, "direction of 32 numbers"),
    "matrix": ({"direction": torch.ones(2, 32)}, "one value for all positions"),
    "NaN": ({"scale": float("nan")}, "finite scale, found nan"),
    "beyond the numbers": ({"scale": 1e307}, r"scale of 1e\+307 the added vector is .* nothing of it would be left"),
    "infinity": ({"scale": float("-inf")}, "finite scale, found -inf"),
    "beyond the stream": ({"scale": -1e20}, r"nothing of it would be left.\nTake a scale below"),
    "prompt": ({"prompt": []}, "prompt is empty"),
    "tokens": ({"tokens": 0}, "at least one token to emit"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    changes, message = BAD[name]
    how = {"prompt": TOKENS, "direction": direction(), "layer": 1, **changes}
    prompt = how.pop("prompt")
    with pytest.raises(unembed.InputError, match=message):
        steer(unembed.wrap(build("gpt2")), prompt, **how)


def test_what_cannot_be_steered():
    model = unembed.wrap(build("gpt2"), make_tokenizer())
    for edit, message in (
        (zero(Site(kind="z", layer=0)), "to steer, found z"),
        (zero(Site(kind="resid_post", layer=0, positions=(1,))), "without any"),
        (project_out(Site(kind="resid_post", layer=0), torch.ones(5)), "direction of 32 numbers"),
    ):
        with pytest.raises(unembed.InputError, match=message), steered(model, [edit]):
            pass
    with pytest.raises(unembed.InputError, match="is 2 tokens"):
        directions.token(model, "new Rome")


@pytest.mark.real
def test_steering_the_real_model(real_model):
    """The first token, and the logit that moves, against one hooked run; the effect has the sign that was asked for."""
    v = directions.difference(real_model, "I love", "I hate", layer=15, site="resid_post")
    prompt = "I think dogs are"
    ids = real_model.tokenizer(prompt)["input_ids"]
    found = steer(real_model, prompt, v, layer=15, scale=1.0, tokens=3)
    change = Change("resid_post", 15, tuple(range(len(ids))), lambda x: x + v.to(x))
    logits = Rerun(real_model.module, [change])(ids)[-1]
    assert found.steered[0].token == int(logits.argmax())
    assert found.steered[0].logit == pytest.approx(float(logits.max()), abs=1e-2)
    assert [s.token for s in found.steered] != [s.token for s in found.unsteered]
