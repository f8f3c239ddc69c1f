"""Roles read from weights, against the module's own matrices."""

from functools import partial

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.circuits.head_circuits import OV, QK
from unembed.methods.heads.weight_roles import (
    Ends,
    effective_embedding,
    followed,
    guesses,
    ordinals,
    suppressed,
    weight_roles,
)


def told_tokens(count: int) -> Ends:
    eye = torch.eye(count)
    return Ends(eye, eye, eye)


_ov, _qk = partial(OV, model=None), partial(QK, model=None)
"""Circuits of no model."""


def test_a_head_that_lowers_what_it_seeks_suppresses_copies():
    tokens, eye = told_tokens(40), torch.eye(40)
    assert torch.equal(suppressed(_ov(eye, -eye), _qk(eye, eye), tokens, 1), eye.bool())
    assert not suppressed(_ov(eye, eye), _qk(eye, eye), tokens, 1).diagonal().any()  # it raises them
    assert not suppressed(_ov(eye, -eye), _qk(eye, -eye), tokens, 1).diagonal().any()  # it looks away
    assert not suppressed(_ov(eye, -eye), _qk(eye, 0 * eye), tokens, 1).any()  # it does not care


def test_a_head_that_steps_on_is_a_successor():
    tokens, eye = told_tokens(7), torch.eye(7)
    assert followed(_ov(eye, eye.roll(1, 1)), tokens, 1) == 6
    assert followed(_ov(eye, eye), tokens, 1) == 0
    assert followed(_ov(eye, 0 * eye), tokens, 1) == 0


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
    assert ordinals(unembed.wrap(build("gpt2"), tokenizer)) == [(7, 8, 9, 10), (1, 2, 3)]
    assert ordinals(unembed.wrap(build("gpt2"), make_tokenizer())) == []
    assert ordinals(unembed.wrap(build("gpt2"))) == []
