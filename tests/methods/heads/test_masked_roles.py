"""Head roles of masked language models, against the module's own attentions and reruns; heads that are built by hand."""

import pytest
import torch

import unembed
from builders.masked_models import MASKED, build_masked, masked_by, masked_tokenizer, word_pieces
from unembed.errors import InputError
from unembed.methods.heads.shuffled_tokens import blanked, count_of, shuffled
from unembed.methods.heads.stack_roles import measure_stack_roles

each = pytest.mark.parametrize("model_type", MASKED)


@each
def test_scores_are_means_of_the_modules_own_attention(model_type: str) -> None:
    model = unembed.wrap(build_masked(model_type), masked_tokenizer("word-piece", mask="[MASK]"))
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


@each
def test_what_zeroing_changes_is_read_at_blanks_of_full_reruns(model_type: str) -> None:
    """Zeroed by the columns of the output projection, which read the head."""
    model = unembed.wrap(build_masked(model_type), masked_tokenizer("word-piece", mask="[MASK]"))
    result = measure_stack_roles(model, sequences=2, top=1, seed=3)
    assert result.check is not None
    ((layer, head),) = result.check.roles["enc_next_token"].heads
    blank, total = model.tokenizer.mask_token_id, 0.0
    found = [blanked(sequence) for sequence in shuffled(model, 2, seed=3)]
    output = model.blocks[layer].attention_out
    width = model.width // model.heads

    calls = []

    def without_head(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        calls.append(module)
        if len(calls) % shared != layer_in_shared:
            return given
        z = given[0].clone()
        z[..., head * width : (head + 1) * width] = 0
        return (z, *given[1:])

    users = [place for place, block in enumerate(model.blocks) if block.attention_out is output]
    shared, layer_in_shared = len(users), (users.index(layer) + 1) % len(users)
    for one in found:
        assert one is not None
        ids = torch.tensor([one[0].tokens])
        at = (ids[0] == blank).nonzero()[:, 0]
        assert at.tolist() == list(one[1])
        with torch.no_grad():
            base = model.module(ids).logits[0, at].log_softmax(-1)
            hook = output.register_forward_pre_hook(without_head)
            calls.clear()
            zeroed = model.module(ids).logits[0, at].log_softmax(-1)
            hook.remove()
        total += float((base.exp() * (base - zeroed)).sum(-1).mean()) / 2
    assert total > 1e-6
    assert result.check.roles["enc_next_token"].change == pytest.approx(total, rel=1e-5)
    assert {stack: len(sets) for stack, sets in result.check.controls.items()} == {"encoder": 10}
