"""generation_settings: a note stands wherever transformers' greedy search would take other tokens than the logits."""

import pytest
import torch

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import build
from unembed.models.generation_settings import settings_notes

PROMPT = [3, 14, 15, 92]
TOKENS = 6


def greedy(module, **options):
    return module.generate(
        torch.tensor([PROMPT]),
        attention_mask=torch.ones(1, len(PROMPT)),
        max_new_tokens=TOKENS,
        do_sample=False,
        pad_token_id=0,
        **options,
    )[0, len(PROMPT) :].tolist()


def settings_of(own):
    """Settings, each of which changes the greedy continuation `own`; the first token is suppressed or forbidden."""
    first, other = own[0], (own[0] + 1) % 97
    return {
        "repetition_penalty": 50.0,
        "no_repeat_ngram_size": 1,
        "encoder_repetition_penalty": 50.0,
        "suppress_tokens": [first],
        "begin_suppress_tokens": [first],
        "bad_words_ids": [[first]],
        "sequence_bias": [[[other], 1e4]],
        "forced_eos_token_id": other,
    }


@pytest.mark.parametrize("name", list(settings_of([0])))
def test_each_setting_that_changes_the_greedy_tokens_is_said(name):
    module = build("gpt2")
    model = unembed.wrap(module)
    own = greedy(module)
    assert [step.token for step in unembed.generate(model, PROMPT, tokens=TOKENS)] == own
    assert settings_notes(model) == ()
    setattr(module.generation_config, name, settings_of(own)[name])
    assert greedy(module) != own
    [note] = settings_notes(model)
    assert f"{name} = " in note
    assert note in unembed.explain(model, PROMPT, test=False).notes
    assert [step.token for step in unembed.generate(model, PROMPT, tokens=TOKENS)] == own


@pytest.mark.parametrize(("name", "value"), [("min_length", 9), ("min_new_tokens", 5)])
def test_a_shortest_length_is_said_where_a_text_can_end(name, value):
    module = build("gpt2")
    model = unembed.wrap(module)
    module.generation_config.eos_token_id = None
    own = greedy(module)
    setattr(module.generation_config, name, value)
    assert greedy(module) == own
    assert settings_notes(model) == ()
    module.generation_config.eos_token_id = own[2]
    assert greedy(module)[:3] != own[:3]
    assert f"{name} = {value}" in settings_notes(model)[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repetition_penalty", 1.0),
        ("no_repeat_ngram_size", 0),
        ("min_length", 0),
        ("num_beams", 1),
        ("suppress_tokens", []),
        ("encoder_repetition_penalty", 1.0),
        ("do_sample", True),
        ("temperature", 0.3),
    ],
)
def test_nothing_is_said_of_a_setting_that_does_nothing_to_the_greedy_tokens(name, value):
    module = build("gpt2")
    own = greedy(module)
    setattr(module.generation_config, name, value)
    assert greedy(module) == own
    assert settings_notes(unembed.wrap(module)) == ()


@pytest.mark.parametrize(("name", "value"), [("encoder_repetition_penalty", 0.01), ("encoder_no_repeat_ngram_size", 1)])
def test_what_an_encoder_read_changes_the_scores(name, value):
    module = build_encoder_decoder("t5", num_decoder_layers=2)
    model = unembed.wrap(module)
    source = torch.tensor([list(range(90))])
    before = module.generate(source, max_new_tokens=TOKENS, do_sample=False)[0].tolist()
    setattr(module.generation_config, name, value)
    assert module.generate(source, max_new_tokens=TOKENS, do_sample=False)[0].tolist() != before
    assert f"{name} = {value}" in settings_notes(model)[0]


def test_long_lists_are_cut_in_the_note():
    module = build("gpt2")
    module.generation_config.suppress_tokens = list(range(1, 80))
    assert "suppress_tokens = [1, 2, 3, 4, and 75 more]" in settings_notes(unembed.wrap(module))[0]
