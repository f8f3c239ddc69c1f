"""Head roles of masked language models, against the module's own attentions and reruns; heads built by hand."""

import pytest
import torch

import unembed
from builders.masked_models import build_masked, each_masked, masked_by, masked_tokenizer, word_pieces
from oracles.stacks import Change, StackRerun
from unembed.errors import InputError
from unembed.methods.heads.shuffled_tokens import blanked, count_of, shuffled
from unembed.methods.heads.stack_roles import measure_stack_roles

FRAMED = masked_tokenizer("word-piece")
"""It puts <s> before a text and </s> after it."""


@each_masked
def test_scores_are_means_of_the_modules_own_attention(model_type: str) -> None:
    model = masked_by(FRAMED, model_type)
    result = measure_stack_roles(model, sequences=3, check=False, seed=5)
    model.module.set_attn_implementation("eager")
    each_sequence = []
    for sequence in shuffled(model, 3, seed=5):
        with torch.no_grad():
            out = model.module(torch.tensor([sequence.tokens]), output_attentions=True)
        seen, length = torch.cat(list(out.attentions)).double(), len(sequence.tokens)
        last, drawn = length - 1, range(sequence.lead, sequence.lead + result.count)
        looked_at = {
            "enc_previous_token": [(i, i - 1) for i in drawn if i - 1 in drawn],
            "enc_current_token": [(i, i) for i in drawn],
            "enc_next_token": [(i, i + 1) for i in drawn if i + 1 in drawn],
            "enc_first_token": [(i, 0) for i in drawn if i != 0],
            "enc_last_token": [(i, last) for i in drawn if i != last],
        }
        assert looked_at.keys() == result.roles.keys()
        each_sequence.append(
            {role: sum(seen[:, :, i, s] for i, s in pairs) / len(pairs) for role, pairs in looked_at.items()}
        )
    for role, found in result.roles.items():
        values = torch.stack([scores[role] for scores in each_sequence])
        # Some modules' softmax is of float32; means of numbers below 1.
        assert torch.allclose(found.scores, values.mean(0), rtol=0, atol=1e-6), role
        assert found.errors is not None
        assert torch.allclose(found.errors, values.std(0) / 3**0.5, rtol=0, atol=1e-6), role
        assert found.chance == pytest.approx(1 / (result.count + 2))


@each_masked
def test_what_zeroing_changes_is_read_at_blanks_of_full_reruns(model_type: str) -> None:
    model = masked_by(FRAMED, model_type)
    result = measure_stack_roles(model, sequences=2, top=2, seed=3)
    assert result.check is not None
    for role in ("enc_next_token", "enc_first_token"):
        total = 0.0
        for sequence in shuffled(model, 2, seed=3):
            ids = list(sequence.tokens)
            at = range(sequence.lead + 4, sequence.lead + result.count, 8)
            for place in at:
                ids[place] = FRAMED.mask_token_id
            every = tuple(range(len(ids)))
            heads = result.check.roles[role].heads
            changes = [Change("encoder", "z", layer, every, lambda z: 0 * z, (head,)) for layer, head in heads]
            runs = (StackRerun(model.module, made)(input_ids=torch.tensor([ids])) for made in ([], changes))
            p, q = (logits[list(at)].log_softmax(-1) for logits in runs)
            total += float((p.exp() * (p - q)).sum(-1).mean()) / 2
        assert total > 1e-6
        assert result.check.roles[role].change == pytest.approx(total, rel=1e-4)  # softmaxes of float32
    assert {stack: len(sets) for stack, sets in result.check.controls.items()} == {"encoder": 10}


@pytest.mark.parametrize("model_type", ["bert", "roberta"])
def test_random_tokens_stand_in_the_tokenizers_frame_and_none_is_special(model_type: str) -> None:
    tokenizer = word_pieces()
    model = masked_by(tokenizer, model_type, max_position_embeddings=40)
    (sequence,) = shuffled(model, 1)
    assert model.context is not None
    assert count_of(model) == model.context - 2
    assert (sequence.tokens[0], sequence.tokens[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
    drawn = set(sequence.tokens[1:-1])
    assert len(drawn) == count_of(model)
    assert not drawn & set(tokenizer.all_special_ids)
    found = blanked(sequence)
    assert found is not None
    assert [i for i, token in enumerate(found[0].tokens) if token == tokenizer.mask_token_id] == list(found[1])
    bare = masked_by(masked_tokenizer("word-piece", declared=False), model_type)
    assert model.module.config.pad_token_id not in {token for one in shuffled(bare, 9) for token in one.tokens}


def test_heads_of_position_built_by_hand_have_their_role_and_no_other() -> None:
    """Positions are one-hot and tokens have no say, so a head looks where its W_Q W_K' takes a position."""
    module = build_masked(
        "bert", vocab_size=200, hidden_size=128, num_attention_heads=4, num_hidden_layers=1, max_position_embeddings=32
    )
    embeddings, attention = module.bert.embeddings, module.bert.encoder.layer[0].attention.self
    with torch.no_grad():
        embeddings.position_embeddings.weight.copy_(torch.eye(32, 128))
        embeddings.word_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()
        embeddings.LayerNorm.weight.fill_(1)
        embeddings.LayerNorm.bias.zero_()
        for part in (attention.query, attention.key):
            part.bias.zero_()
            part.weight.copy_(torch.eye(32, 128).repeat(4, 1) * 6)
        for head, step in enumerate((-1, 0, 1)):
            attention.query.weight[head * 32 : head * 32 + 32] = torch.eye(32, 128).roll(step, 0) * 6
        attention.query.weight[96:] = 0
    result = measure_stack_roles(unembed.wrap(module), sequences=2, check=False)
    expected = [("enc_previous_token",), ("enc_current_token",), ("enc_next_token",), ()]
    assert [result.of("encoder", 0, head) for head in range(4)] == expected


def test_what_is_not_asked_is_said() -> None:
    model = unembed.wrap(build_masked("bert"), name="small")
    result = measure_stack_roles(model, sequences=1)  # no tokenizer names its blank
    assert result.check is None
    assert result.complete
    assert any("no blank is known" in note for note in result.notes)
    bare = masked_by(masked_tokenizer("word-piece", declared=False))
    assert measure_stack_roles(bare, sequences=1).check is None
    assert measure_stack_roles(unembed.with_mask(bare, "<mask>"), sequences=1, top=1).check is not None
    assert result.entries()[0].label == "L0.H0 enc_previous_token"
    with pytest.raises(InputError, match=r"small is a masked language model.*measure_stack_roles"):
        unembed.measure_head_roles(model)
    short = unembed.wrap(build_masked("bert", max_position_embeddings=7), name="short")
    with pytest.raises(InputError, match=r"short has room for 7 tokens"):
        measure_stack_roles(short)
