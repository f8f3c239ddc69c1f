"""Head roles together: heads built by hand, the causal check, the cache, and the real model."""

import shutil
from dataclasses import replace

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.errors import InputError, Interrupted, ModelError
from unembed.loading import kept_results
from unembed.methods.heads import roles as roles_module
from unembed.methods.heads.repeated_tokens import repeated
from unembed.methods.heads.repetition_loss import repetition_loss
from unembed.methods.heads.roles import HeadRoles, measure_head_roles

pytestmark = pytest.mark.usefixtures("own_cache")


def built_by_hand() -> unembed.Model:
    """A GPT-2 whose stream is the position, one-hot, and whose heads look where they are told.

    Layer 0: the token before, the first, itself, everywhere. Layer 1: what followed the same token before, the same
    token before, everywhere, everywhere.
    """
    size, half = 32, 16
    module = build("gpt2", layers=2, d_model=4 * size, context=size)
    offsets = [[1, "first", 0, None], [half - 1, half, None, None]]
    with torch.no_grad():
        module.transformer.wte.weight.mul_(0.01)
        module.transformer.wpe.weight.zero_()
        module.transformer.wpe.weight[:, :size] = torch.eye(size)
        for block, told in zip(module.transformer.h, offsets, strict=True):
            for part in (block.attn.c_proj, block.mlp.c_proj, block.attn.c_attn):
                part.weight.zero_()
                part.bias.zero_()
            block.ln_1.weight.fill_(1.0)
            block.ln_1.bias.zero_()
            for head, offset in enumerate(told):
                query, key = (slice(start + head * size, start + (head + 1) * size) for start in (0, 4 * size))
                block.attn.c_attn.weight[:size, key] = torch.eye(size, dtype=torch.float64)
                for i in range(size):
                    at = 0 if offset == "first" else size if offset is None else i - offset
                    if 0 <= at < size:
                        block.attn.c_attn.weight[i, query.start + at] = 10.0
    return unembed.wrap(module, name="by hand")


def test_heads_built_by_hand_have_their_role_and_no_other():
    result = measure_head_roles(built_by_hand(), sequences=4, check=False)
    expected = {(0, 0): "previous_token", (0, 1): "first_token", (0, 2): "current_token"}
    expected |= {(1, 0): "induction", (1, 1): "duplicate_token"}
    for layer in range(2):
        for head in range(4):
            role = expected.get((layer, head))
            assert result.of(layer, head) == (() if role is None else (role,)), (layer, head)
            if role is not None:
                assert float(result.roles[role].scores[layer, head]) > 0.95


def test_damaged_attention_is_refused():
    module = build("gpt2")
    model = unembed.wrap(module, name="gpt2")
    module.transformer.h[1].attn.c_attn.weight.data[0] = torch.nan
    with pytest.raises(ModelError, match="not finite in layer 1"):
        measure_head_roles(model)


def test_each_set_of_the_check_is_what_it_says():
    model = unembed.wrap(build("llama"), name="llama")
    result = measure_head_roles(model, sequences=2, top=3, seed=4)
    check = result.check
    assert check is not None
    assert check.roles.keys() == result.roles.keys()
    best = result.roles["induction"].top(3)
    assert list(check.roles["induction"].heads) == best
    assert len(check.controls) == 10
    for control in check.controls:
        assert len(set(control.heads)) == 3
        assert not set(control.heads) & set(best)
    tokens = repeated(model, 2, seed=4)
    again = repetition_loss(model, tokens, [best, check.controls[0].heads])
    assert again.zeroed == pytest.approx([check.roles["induction"].loss, check.controls[0].loss], rel=1e-9)


def test_a_model_with_too_few_heads_has_no_controls_and_says_so():
    result = measure_head_roles(unembed.wrap(build("gpt2", layers=1), name="small"), sequences=1, top=3)
    assert result.check is not None
    assert result.check.controls == ()
    assert any("too few heads" in note for note in result.notes)
    assert any("reads 64 tokens, so 32 are repeated" in note for note in result.notes)


def test_an_interrupted_check_keeps_the_scores():
    model = unembed.wrap(build("gpt2"), name="gpt2")

    def interrupt(stage: str, fraction: float) -> None:
        if stage == "zeroing heads":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        measure_head_roles(model, sequences=1, progress=interrupt)
    assert not stop.value.result.complete
    assert_same(stop.value.result, measure_head_roles(model, sequences=1, check=False))


def test_progress_goes_up_in_every_stage():
    seen: dict[str, list[float]] = {}
    model = unembed.wrap(build("gpt2"), name="gpt2")
    measure_head_roles(model, sequences=9, progress=lambda stage, fraction: seen.setdefault(stage, []).append(fraction))
    assert list(seen) == ["attention on random tokens", "roles in the weights", "zeroing heads"]
    for fractions in seen.values():
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("size", "asked", "says"),
    [
        ({}, {"seed": -1}, "Expected a seed from 0"),
        ({}, {"sequences": 0}, "at least one sequence"),
        ({}, {"top": 0}, "at least one head"),
        ({"context": 15}, {}, "reads at most 15 tokens: head roles are measured on 16 at least"),
        ({"layers": 0}, {}, "no layers, so it has no heads"),
    ],
)
def test_what_is_refused(size, asked, says):
    model = replace(unembed.wrap(build("gpt2"), name="gpt2"), blocks=()) if size == {"layers": 0} else None
    model = model or unembed.wrap(build("gpt2", **size), name="gpt2")
    with pytest.raises(InputError, match=says):
        measure_head_roles(model, **asked)


# The cache


def assert_same(a: HeadRoles, b: HeadRoles) -> None:
    assert a.roles.keys() == b.roles.keys()
    for role, found in a.roles.items():
        assert torch.equal(found.scores, b.roles[role].scores)
        assert replace(found, scores=b.roles[role].scores) == b.roles[role]
    assert (a.check, a.half, a.settings, a.notes) == (b.check, b.half, b.settings, b.notes) or b.check is None


def test_a_result_is_kept_and_read_again(folder):
    model = unembed.load(str(folder))
    first = measure_head_roles(model, sequences=2)
    again = measure_head_roles(unembed.load(str(folder)), sequences=2)
    assert (first.kept, again.kept) == (False, True)
    assert_same(first, again)
    assert not measure_head_roles(model, sequences=2, fresh=True).kept
    assert not measure_head_roles(model, sequences=2, seed=1).kept
    assert not measure_head_roles(model, sequences=2, top=2).kept
    assert not measure_head_roles(model, sequences=2, check=False).kept


def test_a_result_of_another_edition_is_not_used(folder, monkeypatch):
    model = unembed.load(str(folder))
    measure_head_roles(model, sequences=1, check=False)
    monkeypatch.setattr(roles_module, "EDITION", roles_module.EDITION + 1)
    assert not measure_head_roles(model, sequences=1, check=False).kept


def test_a_result_of_other_weights_is_not_used(folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    measure_head_roles(unembed.load(str(folder)), sequences=1, check=False)
    assert measure_head_roles(unembed.load(str(other)), sequences=1, check=False).kept  # the same weights
    build("llama", layers=3, seed=1).save_pretrained(other)
    assert not measure_head_roles(unembed.load(str(other)), sequences=1, check=False).kept
    assert kept_results.place_of("heads", unembed.wrap(build("gpt2"), name="in memory"), []) is None


def one_digit_changed(text: str) -> str:
    """What a damaged disk may do: still JSON, of the same shape."""
    place = text.index("scores") + len('scores": [[0.12')
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda _: "", lambda text: text[:-9], lambda _: "null", lambda text: text.partition("\n")[2], one_digit_changed],
    ids=["empty", "cut", "null", "no checksum", "one digit"],
)
def test_a_damaged_cache_is_measured_again_and_mended(folder, tmp_path, damage):
    model = unembed.load(str(folder))
    first = measure_head_roles(model, sequences=1, check=False)
    (file,) = (tmp_path / "cache" / "heads").iterdir()
    file.write_text(damage(file.read_text()))
    again = measure_head_roles(model, sequences=1, check=False)
    assert not again.kept
    assert_same(first, again)
    assert measure_head_roles(model, sequences=1, check=False).kept


def test_a_cache_that_cannot_be_written_is_left_alone(folder, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    model = unembed.load(str(folder))
    monkeypatch.setattr("os.fsync", full)
    assert not measure_head_roles(model, sequences=1, check=False).kept
    assert list((tmp_path / "cache" / "heads").iterdir()) == []


# The real model


@pytest.mark.real
@pytest.mark.slow
def test_the_induction_heads_of_the_real_model_carry_repetition(real_model):
    """Top heads and losses that an independent prototype found; the prototype drew other tokens."""
    result = measure_head_roles(real_model, fresh=True)
    scores = {role: found.scores for role, found in result.roles.items()}
    assert result.roles["induction"].top(1) == [(18, 6)]
    assert float(scores["induction"][18, 6]) == pytest.approx(0.90, abs=0.02)
    assert result.roles["previous_token"].top(1) == [(16, 0)]
    assert float(scores["previous_token"][16, 0]) == pytest.approx(0.89, abs=0.02)
    assert result.roles["copy_suppression"].top(1) == [(24, 4)]
    assert int(result.roles["copy_suppression"].claimed.sum()) == 4
    assert result.roles["successor"].top(1) == [(23, 3)]
    assert "successor" in result.of(23, 3)
    check = result.check
    assert check is not None
    assert check.second == pytest.approx(2.8, abs=0.3)
    assert check.roles["induction"].loss > 10
    assert max(part.loss for part in check.controls) < 6
