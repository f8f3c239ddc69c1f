"""Whole vocabularies: a name for every token, which names that very token when it is typed."""

import pytest

import unembed
from builders.mistral_vocabulary import mistral
from builders.random_models import build
from builders.tokenizers_of_kinds import KINDS
from unembed.models.labels import visible
from unembed.models.targets import target_tokens
from unembed.models.tokens import name_of, token_names

PADDED = 40


def _small(tokenizer, name: str) -> unembed.Model:
    return unembed.wrap(build("gpt2", vocab_size=len(tokenizer) + PADDED), tokenizer, name=name)


@pytest.fixture(scope="module", params=["smollm2", "mistral", *KINDS])
def model(request) -> unembed.Model:
    """With a padded vocabulary, but for SmolLM2."""
    if request.param == "smollm2":
        return request.getfixturevalue("real_model")
    return _small(mistral() if request.param == "mistral" else KINDS[request.param](), request.param)


def test_every_label_names_its_token_and_no_other(model: unembed.Model) -> None:
    names = [name_of(model, token) for token in range(model.vocab)]
    shown = [visible(name) for name in names]
    assert len(set(names)) == len(set(shown)) == model.vocab
    known, size = token_names(model), len(model.tokenizer)
    assert names[size:] == [f"id:{token}" for token in range(size, model.vocab)]
    for token, (name, label) in enumerate(zip(names, shown, strict=True)):
        for typed in {name, label, f"id:{token}"}:
            assert known.read(typed) == (token,), typed
            if token % 50 == 0:  # through all that a target goes through
                assert target_tokens(model, typed, "The capital of France is") == (token,), typed
    assert not [label for label in shown if any(c in label for c in "\n\t\r \x1b\u200b\u202e\u0085")]


def test_every_byte_of_a_sentence_piece_vocabulary_has_its_name() -> None:
    """They follow the three special tokens; a typed letter is the piece of that letter, not the byte."""
    model = _small(mistral(), "mistral")
    for byte in range(256):
        assert target_tokens(model, f"<0x{byte:02X}>") == (3 + byte,)
        assert name_of(model, 3 + byte) == f"<0x{byte:02X}>"
    assert target_tokens(model, "<0xF0><0x9F>") == (3 + 0xF0, 3 + 0x9F)
    assert model.tokenizer.convert_ids_to_tokens(target_tokens(model, "A")) == ["A"]


def test_the_names_of_a_text_put_together_are_the_text() -> None:
    """Of a vocabulary of 32,000 pieces that keeps a space at their fronts."""
    model, text = _small(mistral(), "mistral"), "The capital of France is Paris, naïve 北京 🦤!"
    tokens = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    names = "".join(name_of(model, token) for token in tokens)
    written = "".join(f"<0x{byte:02X}>" for byte in "🦤".encode())
    assert written in names
    assert names.replace(written, "🦤") == f" {text}"
    one, two = (target_tokens(model, target, "1+1=") for target in ("2", " 2"))
    assert [name_of(model, token) for token in one] == ["2"]
    assert [name_of(model, token) for token in two] == [" ", "2"]


def test_a_vocabulary_that_grows_is_named_anew() -> None:
    model = _small(mistral(), "mistral")
    module, last = model.module, model.vocab - 1
    assert name_of(model, last) == f"id:{last}"
    module.resize_token_embeddings(model.vocab + 8)
    grown = unembed.wrap(module, model.tokenizer)
    assert name_of(grown, last + 8) == f"id:{last + 8}"
    assert token_names(grown).read(f"id:{last + 8}") == (last + 8,)
