"""Targets and subjects: parsed in one place, the same for every method."""

import numpy as np
import pytest
import torch

import unembed
from builders import random_encoder_decoders
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.methods.causal_trace import subject_positions
from unembed.methods.circuits.direct_path import agreement_with
from unembed.models.prompts import prompt_notes, tokenize
from unembed.models.targets import target_notes, target_token, target_tokens
from unembed.models.words import mentions


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("gpt2"), make_tokenizer(), name="worded")


@pytest.mark.parametrize(
    ("target", "ids"),
    [("Paris", (7,)), ("new Rome", (10, 8)), (7, (7,)), (np.int64(7), (7,)), ((10, 8), (10, 8)), ([7], (7,))],
)
def test_a_target_is_text_an_id_or_ids(model: unembed.Model, target, ids: tuple[int, ...]) -> None:
    assert target_tokens(model, target) == ids
    assert target_token(model, target) == ids[0]
    assert question(model, "the capital of France is", target).answer == ids
    assert len(target_notes(model, None, target)) == len(ids) - 1


@pytest.mark.parametrize("target", ["", "Madrid", -1, 97, (), (7, 97), "Rome Madrid"])
def test_a_target_that_the_vocabulary_does_not_know(model: unembed.Model, target) -> None:
    with pytest.raises(InputError, match="is not in the vocabulary of"):
        target_tokens(model, target)


def test_what_follows_the_first_token_of_a_target_need_not_be_known(model: unembed.Model) -> None:
    assert target_token(model, "Rome Madrid") == 8
    assert target_notes(model, None, "Rome Madrid", None, "Paris") == (
        "'Rome Madrid' is 2 tokens; only the first, 'Rome', is explained.",
    )


def test_the_mentions_of_a_subject(model: unembed.Model) -> None:
    assert mentions(model, "Rome is a new rome of Rome", "Rome") == [(0,), (4,), (6,)]
    assert mentions(model, "the capital of France is", " capital of ") == [(1, 2)]
    assert mentions(model, "the capital", "Rome") == mentions(model, "the capital", " ") == []
    with pytest.raises(InputError, match="no fast tokenizer"):
        mentions(unembed.wrap(build("gpt2")), "the capital", "capital")


def test_the_subject_of_a_decoder_is_counted_after_its_start_token() -> None:
    """The decoder reads its start token first, and no token that ends a text."""
    module = random_encoder_decoders.build("t5")
    model = unembed.wrap(module, make_tokenizer(), name="t5")
    text = "the capital of France is"
    tokens = tokenize(model, text)
    (place,) = subject_positions(model, text, "France")
    assert tokens[place] == target_token(model, "France") == 5
    assert place == 4


def test_text_that_is_no_text_is_refused_as_every_prompt_is(model: unembed.Model) -> None:
    with pytest.raises(InputError, match="Expected text in UTF-8"):
        agreement_with(model, "the capital \udcff")


@pytest.mark.parametrize("mask", [[1, 1], torch.ones(1, 2), torch.ones(2, dtype=torch.bool), np.array([1.0, 1.0])])
def test_a_mask_of_ones_is_no_padding_whatever_holds_it(model: unembed.Model, mask) -> None:
    assert tokenize(model, {"input_ids": [5, 7], "attention_mask": mask}) == (5, 7)


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ({"input_ids": [5, 7], "attention_mask": [1]}, "Expected an attention_mask of 2 zeros and ones"),
        ({"input_ids": [5, 7], "attention_mask": [1, 2]}, "Expected an attention_mask of 2 zeros and ones"),
        ({"input_ids": [5, 7], "attention_mask": torch.tensor([[0.0, 1.0]])}, "The prompt has padding"),
        (torch.zeros(2, dtype=torch.long, device="meta"), "Expected a prompt as text"),
        (torch.tensor([5, 7]).to_sparse(), "Expected a prompt as text"),
    ],
)
def test_what_holds_no_token_ids_that_can_be_read_is_refused(model: unembed.Model, prompt, reason) -> None:
    with pytest.raises(InputError, match=reason):
        tokenize(model, prompt)


def test_a_prompt_that_ends_with_a_space_is_told(model: unembed.Model) -> None:
    (note,) = prompt_notes(model, "the capital of France is ")
    assert note.startswith("The prompt ends with a space")
    assert prompt_notes(model, "the capital of France is") == ()
    assert note in unembed.explain(model, "the capital of France is ", test=False).notes
