"""Head roles of encoder-decoders, against the module's own attentions and loops; heads that are built by hand."""

from dataclasses import replace

import pytest
import torch

import unembed
from builders.random_encoder_decoders import ENCODER_DECODERS, build
from builders.random_models import build as build_gpt
from oracles.stacks import Change, StackRerun
from unembed.errors import InputError, Interrupted
from unembed.methods.heads import shuffled_tokens
from unembed.methods.heads.shuffled_tokens import STACK_OF, Shuffled, count_of, shuffled
from unembed.methods.heads.stack_roles import measure_stack_roles

each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)


def attentions(sequence: Shuffled) -> dict[str, torch.Tensor]:
    """By stack `layer head query key`, as the module itself gives them."""
    module = sequence.model.module
    before = module.config._attn_implementation
    module.set_attn_implementation("eager")
    ids = torch.tensor([sequence.tokens])
    with torch.no_grad():
        out = module(**sequence.model.source.inputs, decoder_input_ids=ids, output_attentions=True, use_cache=False)
    module.set_attn_implementation(before)
    named = {"encoder": out.encoder_attentions, "decoder": out.decoder_attentions, "cross": out.cross_attentions}
    return {name: torch.cat(list(layers)).double() for name, layers in named.items()}


def looked_at(sequence: Shuffled) -> dict[str, list[tuple[int, list[int]]]]:
    """By role: the places that attend, each with the places that count."""
    source = sequence.model.source.inputs.get("input_ids", torch.zeros(1, 0))[0].tolist()
    length, lead, count = len(sequence.model.source), sequence.lead, len(sequence.tokens) - sequence.lead
    last = length - 1
    inner = range(length)
    found = {
        "enc_previous_token": [(i, [i - 1]) for i in inner if i > 0],
        "enc_current_token": [(i, [i]) for i in inner],
        "enc_next_token": [(i, [i + 1]) for i in inner if i < last],
        "enc_first_token": [(i, [0]) for i in inner if i > 0],
        "enc_last_token": [(i, [last]) for i in inner if i < last],
        "previous_token": [(lead + k, [lead + k - 1]) for k in range(1, count)],
        "current_token": [(lead + k, [lead + k]) for k in range(count)],
        "first_token": [(lead + k, [0]) for k in range(count)],
        "cross_first_token": [(lead + k, [0]) for k in range(count)],
        "cross_last_token": [(lead + k, [last]) for k in range(count)],
    }
    stretches = [range(k * length // count, (k + 1) * length // count) for k in range(count)]
    found["cross_monotone"] = [(lead + k, list(stretches[k])) for k in range(count)]
    found["cross_monotone_next"] = [(lead + k, list(stretches[k + 1])) for k in range(count - 1)]
    if source:
        where = [source.index(token) for token in sequence.tokens[lead:]]
        found["cross_aligned_token"] = [(lead + k, [s]) for k, s in enumerate(where)]
        found["cross_aligned_next"] = [(lead + k, [s + 1]) for k, s in enumerate(where) if s < last]
    return found


@each
def test_scores_are_means_of_the_modules_own_attention(model_type: str) -> None:
    model = unembed.wrap(build(model_type, dtype=torch.float64))
    result = measure_stack_roles(model, sequences=3, check=False, seed=5)
    each = []
    for sequence in shuffled(model, 3, seed=5):
        seen, roles = attentions(sequence), looked_at(sequence)
        assert roles.keys() == result.roles.keys()
        scores = {}
        for role, places in roles.items():
            pattern = seen[STACK_OF[role]]
            scores[role] = sum(pattern[:, :, i, s].sum(-1) for i, s in places) / len(places)
        each.append(scores)
    for role, found in result.roles.items():
        values = torch.stack([scores[role] for scores in each])
        # The module's softmax is of float32; means of numbers below 1.
        assert torch.allclose(found.scores, values.mean(0), rtol=0, atol=1e-6), role
        assert torch.allclose(found.errors, values.std(0) / 3**0.5, rtol=0, atol=1e-6), role
    assert ("cross_aligned_token" in result.roles) == (model_type != "whisper")


@each
def test_what_zeroing_changes_is_that_of_full_reruns(model_type: str) -> None:
    model = unembed.wrap(build(model_type))
    result = measure_stack_roles(model, sequences=2, top=1, seed=3)
    assert result.check is not None
    kinds = {"encoder": ("encoder", "z"), "decoder": ("decoder", "z"), "cross": ("decoder", "cross_z")}
    for role in ("enc_next_token", "current_token", "cross_monotone"):
        ((layer, head),) = result.check.roles[role].heads
        stack, kind = kinds[STACK_OF[role]]
        total = 0.0
        for sequence in shuffled(model, 2, seed=3):
            inputs = {**sequence.model.source.inputs, "decoder_input_ids": torch.tensor([sequence.tokens])}
            length = len(sequence.model.source) if stack == "encoder" else len(sequence.tokens)
            change = Change(stack, kind, layer, tuple(range(length)), lambda x: 0 * x, (head,))
            base, zeroed = (StackRerun(model.module, made)(**inputs) for made in ([], [change]))
            p, q = (x[sequence.lead :].log_softmax(-1) for x in (base, zeroed))
            total += float((p.exp() * (p - q)).sum(-1).mean()) / 2
        assert result.check.roles[role].change == pytest.approx(total, rel=1e-4, abs=1e-6)  # softmaxes of float32
    assert {stack: len(found) for stack, found in result.check.controls.items()} == dict.fromkeys(kinds, 10)
    assert all(len(one.heads) == 1 for found in result.check.controls.values() for one in found)


def test_heads_of_position_built_by_hand_have_their_role_and_no_other() -> None:
    """T5's learned bias of distances alone decides, where it is large: its bucket of one step back, or ahead."""
    module = build("t5", relative_attention_num_buckets=16)
    with torch.no_grad():
        for stack in (module.encoder, module.decoder):
            stack.block[0].layer[0].SelfAttention.relative_attention_bias.weight.zero_()
            for block in stack.block:
                block.layer[0].SelfAttention.q.weight.zero_()
        bias = module.encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight
        bias[1, 0] = bias[9, 1] = bias[0, 2] = 50.0  # back, ahead (half the buckets), here
        module.decoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight[1, 3] = 50.0
    result = measure_stack_roles(unembed.wrap(module), sequences=2, check=False)
    expected = {0: ("enc_previous_token",), 1: ("enc_next_token",), 2: ("enc_current_token",), 3: ()}
    for head, roles in expected.items():
        assert result.of("encoder", 1, head) == roles
    assert result.of("decoder", 2, 3) == ("previous_token",)
    assert result.of("decoder", 2, 0) == ()
    assert float(result.roles["enc_next_token"].scores[0, 1]) > 0.95


def test_a_head_that_follows_tokens_and_one_that_counts_places_score_apart() -> None:
    model = unembed.wrap(build("t5"))
    (sequence,) = shuffled(model, 1)
    count, length, lead = sequence.drawn, sequence.length, sequence.lead
    pattern = torch.zeros(4, lead + count, length, dtype=torch.float64)
    assert sequence.places is not None
    for k, place in enumerate(sequence.places.tolist()):
        pattern[0, lead + k, place] = 1
        pattern[1, lead + k, min(place + 1, length - 1)] = 1
        pattern[2, lead + k, k] = 1
        pattern[3, lead + k, length - 1] = 1
    found = {role: score for role, (score, _) in shuffled_tokens._of_cross(sequence, pattern).items()}
    best = {"cross_aligned_token": 0, "cross_aligned_next": 1, "cross_monotone": 2, "cross_last_token": 3}
    for role, head in best.items():
        assert float(found[role][head]) == 1
        others = torch.cat([found[role][:head], found[role][head + 1 :]])
        assert float(others.max()) < 0.15, role


def test_the_source_is_framed_as_the_tokenizer_frames_texts(translator) -> None:
    model = unembed.load(str(translator))
    sequence = next(iter(shuffled(model, 1)))
    ids = sequence.model.source.inputs["input_ids"][0].tolist()
    assert ids[-1] == 2  # its end of text
    assert 2 not in ids[:-1]
    assert sequence.tokens[0] == 0
    assert sorted(ids[:-1]) == sorted(sequence.tokens[1:])
    assert ids[:-1] != list(sequence.tokens[1:])
    assert len(set(ids)) == len(ids)


def test_what_it_is_not_of_is_refused() -> None:
    gpt, t5 = unembed.wrap(build_gpt("llama"), name="gpt"), unembed.wrap(build("t5"), name="small")
    with pytest.raises(InputError, match="gpt has no encoder: the roles of its heads are those of measure_head_roles"):
        measure_stack_roles(gpt)
    with pytest.raises(InputError, match=r"small is an encoder-decoder.*measure_stack_roles"):
        unembed.measure_head_roles(t5)
    for asked, says in (({"sequences": 0}, "one sequence"), ({"top": 0}, "one head"), ({"seed": -1}, "seed from 0")):
        with pytest.raises(InputError, match=says):
            measure_stack_roles(t5, **asked)
    short = unembed.wrap(build("whisper", max_source_positions=6), name="short")
    with pytest.raises(InputError, match=r"short has room for 6 tokens: the roles .* on 8 at least"):
        count_of(short)


def test_an_interrupted_check_keeps_the_scores_and_few_heads_are_said() -> None:
    model = unembed.wrap(build("whisper"))

    def interrupt(stage: str, fraction: float) -> None:
        if stage == "zeroing heads":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        measure_stack_roles(model, sequences=1, progress=interrupt)
    kept = stop.value.result
    assert not kept.complete
    whole = measure_stack_roles(model, sequences=1, top=4)
    assert whole.complete
    for role, found in whole.roles.items():
        assert torch.equal(found.scores, kept.roles[role].scores)
        assert found.errors is None
    assert "the encoder has too few heads for as many others at random" in whole.notes
    assert any("random sound" in note for note in whole.notes)
    assert replace(whole, check=None, asked_check=False).complete
