"""Head roles, against plain Hugging Face runs with `output_attentions`, hooks written out, and heads built by hand."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

import unembed
from builders.commands import valid
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError, Interrupted, ModelError
from unembed.loading import kept_results
from unembed.methods.circuits.head_circuits import OV, QK
from unembed.methods.heads import roles as roles_module
from unembed.methods.heads.repeated_tokens import attention_roles, mean_patterns, null_attention, repeated
from unembed.methods.heads.repetition_loss import repetition_loss
from unembed.methods.heads.role_scores import role_scores
from unembed.methods.heads.roles import ROLES, HeadRoles, measure_head_roles
from unembed.methods.heads.weight_roles import (
    Ends,
    effective_embedding,
    followed,
    guesses,
    ordinals,
    suppressed,
    weight_roles,
)

ATTENTION_ROLES = ROLES[:5]
FAMILIES = ("gpt2", "llama", "mistral", "gpt_neo", "gemma2", "gpt_oss", "qwen3")
"""Learned positions; grouped queries; sliding windows; an inner attention; soft-caps; sinks; norms of queries."""
FLOAT32_SOFTMAX = 8 * torch.finfo(torch.float32).eps
"""Most families take the softmax in float32, whatever their weights: a few roundings of probabilities of at most 1."""


def eager(model_type: str, **size: int):
    module = build(model_type, **size)
    module.set_attn_implementation("eager")
    return module


# Attention on repeated tokens


def told_by_hand(module, tokens: Tensor) -> dict[str, list[list[float]]]:
    """The five scores as the issue words them: loops over sequences and destinations."""
    half = tokens.shape[1] // 2
    source = {
        "previous_token": lambda i: i - 1,
        "current_token": lambda i: i,
        "first_token": lambda i: 0,
        "duplicate_token": lambda i: i - half,
        "induction": lambda i: i - half + 1,
    }
    scores = {}
    patterns = [module(ids[None], output_attentions=True).attentions for ids in tokens]
    for role, attended in source.items():
        start = half if role in ("duplicate_token", "induction") else 1
        places = range(start, 2 * half)
        scores[role] = [
            [
                sum(float(one[layer][0, head, i, attended(i)]) for one in patterns for i in places)
                / (len(patterns) * len(places))
                for head in range(patterns[0][layer].shape[1])
            ]
            for layer in range(len(patterns[0]))
        ]
    return scores


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
def test_attention_scores_are_those_of_a_plain_run(family):
    module = eager(family)
    model = unembed.wrap(module, name=family)
    tokens = repeated(model, 10, seed=3)  # more than one batch
    assert tokens.shape == (10, 64)
    assert torch.equal(tokens[:, :32], tokens[:, 32:])
    found = attention_roles(mean_patterns(model, tokens))
    for role, expected in told_by_hand(module, tokens).items():
        assert torch.allclose(found[role].scores, torch.tensor(expected, dtype=torch.float64), atol=FLOAT32_SOFTMAX)


def test_the_tokens_are_the_stated_draw():
    model = unembed.wrap(build("gpt2", context=256), name="gpt2")
    expected = torch.randint(97, (32, 64), generator=torch.Generator().manual_seed(5))
    assert torch.equal(repeated(model, 32, seed=5), torch.cat([expected, expected], 1))


def test_the_null_is_the_attention_to_offsets_that_mean_nothing():
    random = torch.Generator().manual_seed(0)
    mean = torch.rand(2, 3, 32, 32, generator=random, dtype=torch.float64).tril()
    for start in (1, 16):
        expected = [
            sum(float(mean[layer, head, i, i - d]) for i in range(max(start, d + 1), 32)) / (32 - max(start, d + 1))
            for d in range(4, 13)
            for layer in range(2)
            for head in range(3)
        ]
        assert null_attention(mean, start).tolist() == pytest.approx(expected, rel=1e-12)


def test_a_model_that_attends_to_all_alike_scores_chance_and_has_no_role():
    module = build("gpt2")
    for block in module.transformer.h:
        block.attn.c_attn.weight.data[:, :32] = 0  # no queries
        block.attn.c_attn.bias.data[:32] = 0
    model = unembed.wrap(module, name="uniform")
    found = attention_roles(mean_patterns(model, repeated(model, 2)))
    for role in ATTENTION_ROLES:
        expected = torch.full((3, 4), found[role].chance, dtype=torch.float64)
        assert torch.allclose(found[role].scores, expected, atol=1e-12)
        assert not found[role].claimed.any()


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


# The rule


def test_a_claim_asks_for_more_than_the_null_and_more_than_chance():
    null = torch.arange(2000) / 2000
    found = role_scores(torch.tensor([[0.9985, 0.9995]]), 0.5, null.flip(0))
    assert found.null_high == pytest.approx(0.999)  # 1 of 2000 values is above
    assert int((null > found.null_high).sum()) == 1
    assert found.claimed.tolist() == [[False, True]]
    weak = role_scores(torch.tensor([[0.54, 0.56]]), 0.5, torch.full((10,), 0.5))
    assert weak.threshold == pytest.approx(0.55)
    assert weak.claimed.tolist() == [[False, True]]


def test_the_best_heads_come_first_and_equal_ones_in_their_order():
    found = role_scores(torch.tensor([[0.1, 0.7], [0.9, 0.7]]), 0.0, torch.zeros(1))
    assert found.top(3) == [(1, 0), (0, 1), (1, 1)]


# Roles in the weights


def told_tokens(count: int) -> Ends:
    eye = torch.eye(count)
    return Ends(eye, eye, eye)


def test_a_head_that_lowers_what_it_seeks_suppresses_copies():
    tokens, eye = told_tokens(40), torch.eye(40)
    assert torch.equal(suppressed(OV(eye, -eye), QK(eye, eye), tokens, 1), eye.bool())
    assert not suppressed(OV(eye, eye), QK(eye, eye), tokens, 1).diagonal().any()  # it raises them
    assert not suppressed(OV(eye, -eye), QK(eye, -eye), tokens, 1).diagonal().any()  # it looks away
    assert not suppressed(OV(eye, -eye), QK(eye, 0 * eye), tokens, 1).any()  # it does not care


def test_a_head_that_steps_on_is_a_successor():
    tokens, eye = told_tokens(7), torch.eye(7)
    assert followed(OV(eye, eye.roll(1, 1)), tokens, 1) == 6
    assert followed(OV(eye, eye), tokens, 1) == 0
    assert followed(OV(eye, 0 * eye), tokens, 1) == 0


def test_guessing_has_the_distribution_of_its_trials():
    found = guesses([3, 4])  # 2 trials of 1/3, 3 trials of 1/4
    none = (2 / 3) ** 2 * (3 / 4) ** 3
    one = 2 * (1 / 3) * (2 / 3) * (3 / 4) ** 3 + (2 / 3) ** 2 * 3 * (1 / 4) * (3 / 4) ** 2
    assert float((found == 0).double().mean()) == pytest.approx(none, abs=1e-4)
    assert float((found == 0.2).double().mean()) == pytest.approx(one, abs=1e-4)
    assert float(found.mean()) == pytest.approx((2 / 3 + 3 / 4) / 5, abs=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox"])
def test_the_effective_embedding_is_the_first_block_without_attention(family):
    module = build(family)
    model = unembed.wrap(module, name=family)
    attention = model.blocks[0].attention_write
    hook = attention.register_forward_hook(
        lambda _, args, out: (0 * out[0], *out[1:]) if isinstance(out, tuple) else 0 * out
    )
    with torch.no_grad():
        rows = [module(torch.tensor([[t]]), output_hidden_states=True).hidden_states[1][0, 0] for t in (5, 9, 11)]
    hook.remove()
    hooks = [list(part._forward_hooks) for part in module.modules()]
    for row, found in zip(rows, effective_embedding(model, [5, 9, 11]), strict=True):
        read = row if family == "llama" else row - row.mean()  # a LayerNorm centres first; OV and QK hold that part
        expected = row / read.square().mean().sqrt()
        assert torch.allclose(found.double(), expected, atol=1e-5)
    assert [list(part._forward_hooks) for part in module.modules()] == hooks


@torch.no_grad()
def suppression_of_a_llama(module, tokens: list[int]) -> Float[Tensor, "layer head"]:
    """Copy suppression token by token, with the module's own matrices."""
    core, config = module.model, module.config
    found = torch.zeros(config.num_hidden_layers, config.num_attention_heads)
    size, group = config.head_dim, config.num_attention_heads // config.num_key_value_heads
    unembedding = module.lm_head.weight[tokens] * core.norm.weight
    plain = core.embed_tokens.weight[tokens]
    first = core.layers[0]
    after = plain + first.mlp(first.post_attention_layernorm(plain))
    for layer, block in enumerate(core.layers):
        read = after if layer else plain
        read = read / read.square().mean(-1, keepdim=True).sqrt() * block.input_layernorm.weight
        query = unembedding * block.input_layernorm.weight
        attention = block.self_attn
        for head in range(config.num_attention_heads):
            own, shared = (slice(i * size, (i + 1) * size) for i in (head, head // group))
            value = read @ attention.v_proj.weight[shared].T
            logits = value @ attention.o_proj.weight[:, own].T @ unembedding.T
            scores = (query @ attention.q_proj.weight[own].T) @ (read @ attention.k_proj.weight[shared].T).T
            logits, scores = logits - logits.mean(0), scores - scores.mean(0)
            tail = len(tokens) // 20
            counts = [
                sum(float(x) < float(logits[t, t]) for x in logits[t]) < tail
                and sum(float(x) > float(scores[t, t]) for x in scores[t]) < tail
                for t in range(len(tokens))
            ]
            found[layer, head] = sum(counts) / len(tokens)
    return found


@torch.no_grad()
def tilt_towards_suppression(module) -> None:
    """Heads of a llama tend to write against what they read, and to seek it; a random one would score 0."""
    module.lm_head.weight.copy_(module.model.embed_tokens.weight)
    module.model.layers[0].mlp.down_proj.weight.mul_(0.2)
    for block in module.model.layers:
        block.input_layernorm.weight.mul_(0.1).add_(1)
        attention = block.self_attn
        key, value = (  # one row a query head
            part.weight.reshape(2, 1, 8, 32).expand(2, 2, 8, 32).reshape(32, 32)
            for part in (attention.k_proj, attention.v_proj)
        )
        attention.o_proj.weight.copy_(-value.T)
        attention.q_proj.weight.copy_(key)
    module.model.norm.weight.mul_(0.1).add_(1)


def test_copy_suppression_is_that_of_the_modules_matrices():
    module = build("llama", head_dim=8)
    tilt_towards_suppression(module)
    model = unembed.wrap(module, name="llama")
    tokens = torch.randperm(97, generator=torch.Generator().manual_seed(2)).tolist()  # the draw for seed 2
    found = weight_roles(model, [], seed=2)["copy_suppression"]
    expected = suppression_of_a_llama(module, tokens)
    assert float(expected.max()) > 0.2
    # float32 may turn a near tie at the edge of a tail.
    assert torch.allclose(found.scores, expected.double(), atol=1.01 / 97)
    assert found.chance == pytest.approx((4 / 97) ** 2)


def test_ordinals_are_single_tokens_of_the_tokenizer():
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    names = ["<unk>", "Monday", "Tuesday", "Wednesday", "Friday", "A", "B", "0", "1", "2", "3"]
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(names)}, unk_token="<unk>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>")
    # Days up to the missing Thursday; two letters are too few; with a space before it nothing is known.
    assert ordinals(tokenizer) == [(7, 8, 9, 10), (1, 2, 3)]
    assert ordinals(make_tokenizer()) == []
    assert ordinals(None) == []


# The causal check


@torch.no_grad()
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_losses_are_those_of_full_runs_with_heads_zeroed(family):
    module = eager(family)
    model = unembed.wrap(module, name=family)
    tokens = repeated(model, 2, seed=1)
    sets = [[(0, 1)], [(1, 2), (1, 3), (2, 0)]]

    def loss(heads, places) -> float:
        hooks = []
        for layer, head in heads:

            def zero(_, args, at=slice(8 * head, 8 * head + 8)):
                args[0][..., at] = 0

            hooks.append(model.blocks[layer].output_projection.register_forward_pre_hook(zero))
        log = module(tokens).logits.log_softmax(-1)
        for hook in hooks:
            hook.remove()
        return -float(torch.stack([log[:, i, :].gather(1, tokens[:, i + 1 : i + 2]) for i in places]).mean())

    found = repetition_loss(model, tokens, sets)
    first, second = range(31), range(32, 63)
    # Softmax and norms of llama are float32, and spliced rows add in another order.
    assert found.first == pytest.approx(loss([], first), rel=FLOAT32_SOFTMAX)
    assert found.second == pytest.approx(loss([], second), rel=FLOAT32_SOFTMAX)
    assert found.zeroed == pytest.approx([loss(heads, second) for heads in sets], rel=FLOAT32_SOFTMAX)
    assert abs(found.zeroed[0] - found.second) > 1e-3


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
    def full(self, text, **_):
        self.touch()
        raise OSError(28, "No space left on device")

    model = unembed.load(str(folder))
    monkeypatch.setattr(Path, "write_text", full)
    assert not measure_head_roles(model, sequences=1, check=False).kept
    assert list((tmp_path / "cache" / "heads").iterdir()) == []


# The command


def test_json_is_the_library_result(cli, folder):
    code, out, err = cli("heads", "--sequences", "2", "--top", "2", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    result = measure_head_roles(unembed.load(str(folder)), sequences=2, top=2)
    assert result.kept
    assert [(head["layer"], head["head"]) for head in data["heads"]] == [(i, j) for i in range(3) for j in range(4)]
    for head in data["heads"]:
        place = head["layer"], head["head"]
        assert head["scores"].pop("successor") is None  # the tokenizer knows no ordinals
        assert head["scores"] == {role: float(found.scores[place]) for role, found in result.roles.items()}
        assert head["roles"] == list(result.of(*place))
    assert result.check is not None
    assert {role["name"]: role["zeroed_loss"] for role in data["roles"]} == {
        role: zeroed.loss for role, zeroed in result.check.roles.items()
    }
    assert data["causal"]["second"] == result.check.second


@pytest.mark.parametrize("role", ["induction", "successor"])
def test_the_view_says_it_in_a_hundred_columns(cli, role):
    code, out, err = cli("heads", "--sequences", "1", "--top", "2", "--role", role)
    assert (code, err) == (0, "")
    assert "others at random" in out
    assert ("INDUCTION  mean attention" in out) == (role == "induction")
    assert ("successor: not measured" in out) == (role == "successor")
    assert max(map(len, out.splitlines())) <= 100


def test_an_interrupted_command_prints_the_scores_and_exits_with_130(cli, monkeypatch):
    def interrupted(*args, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(roles_module, "repetition_loss", interrupted)
    code, out, _ = cli("heads", "--sequences", "1", "--json")
    data = valid(out)
    assert code == 130
    assert (data["complete"], data["causal"]) == (False, None)
    assert "INTERRUPTED" in cli("heads", "--sequences", "1")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--role", "genius"), "There is no role 'genius': expected one of previous_token"),
        (("--memory", "lots"), "lots"),
        (("--edits", "nowhere.json"), "nowhere.json"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(cli, arguments, says):
    code, out, err = cli("heads", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


# The real model


@pytest.mark.real
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
