"""Blanks of masked language models: how they are written, where they stand, and what fills them, by kinds of tokenizer.

SentencePiece (XLM-R, ALBERT, DeBERTa), byte-level BPE (RoBERTa, ModernBERT), WordPiece cased and uncased (BERT).
"""

from functools import cache
from typing import Any

import pytest
from tokenizers import AddedToken

import unembed
from builders import random_models
from builders.masked_models import masked_by, masked_tokenizer, word_pieces
from builders.tokenizers_of_kinds import KINDS, byte_level
from unembed.errors import InputError
from unembed.models.blanks import Blank, asked_position, blank_notes
from unembed.models.labels import visible
from unembed.models.prompts import prompt_notes, tokenize
from unembed.models.targets import target_notes, target_token, target_tokens
from unembed.models.tokens import name_of

each_kind = pytest.mark.parametrize("kind", [*KINDS, "uncased"])
TEXT = "the capital of France is {}"


@cache
def model(kind: str, mask: str = "<mask>", declared: bool = True) -> Any:
    return masked_by(
        word_pieces(mask=mask) if kind == "uncased" else masked_tokenizer(kind, mask=mask, declared=declared)
    )


def blank(of: Any, text: str) -> Blank:
    tokens = tokenize(of, text)
    return Blank(text, tokens, asked_position(of, tokens))


def names(of: Any, tokens: Any) -> list[str]:
    return [visible(name_of(of, token)) for token in tokens]


@each_kind
@pytest.mark.parametrize("mask", ["<mask>", "[MASK]", "<blank>"])
@pytest.mark.parametrize("written", ["<mask>", "[MASK]"])
def test_a_blank_is_read_however_the_tokenizer_calls_it(kind: str, mask: str, written: str) -> None:
    of = model(kind, mask)
    text = f"{TEXT.format(written)} and"
    tokens = tokenize(of, text)
    assert tokens[asked_position(of, tokens)] == of.tokenizer.mask_token_id
    assert (tokens[0], tokens[-1]) == tuple(of.tokenizer("the")["input_ids"][i] for i in (0, -1))
    assert tokens == tuple(of.tokenizer(f"{TEXT.format(mask)} and")["input_ids"])
    said = (f"{written} is read as this model's blank, {mask}.",) if mask != written else ()
    assert blank_notes(of, text, tokens) == said


@each_kind
def test_a_spelling_of_ones_own(kind: str) -> None:
    of: Any = unembed.with_mask(model(kind), "_____")
    assert tokenize(of, TEXT.format("_____")) == tokenize(of, TEXT.format("<mask>"))
    assert "_____ is read as this model's blank, <mask>." in prompt_notes(of, TEXT.format("_____"))
    assert of.tokenizer.mask_token_id not in tokenize(model(kind), TEXT.format("_____"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokenizer_that_does_not_say_which_token_is_its_blank(kind: str) -> None:
    of = model(kind, "<blank>", declared=False)
    with pytest.raises(InputError, match="does not say which token is its blank: name it"):
        asked_position(of, tokenize(of, TEXT.format("<blank>")))
    with pytest.raises(InputError, match="'<hole>' is no token"):
        unembed.with_mask(of, "<hole>")
    named = unembed.with_mask(of, "<blank>")
    for written in ("<blank>", "[MASK]"):
        tokens = tokenize(named, TEXT.format(written))
        assert tokens[asked_position(named, tokens)] == of.tokenizer.get_vocab()["<blank>"]


def test_what_is_no_way_to_write_a_blank() -> None:
    decoder = unembed.wrap(random_models.build("llama", layers=1))
    with pytest.raises(InputError, match="predicts what comes next: leave --mask out"):
        unembed.with_mask(decoder, "___")
    with pytest.raises(InputError, match="found an empty one"):
        unembed.with_mask(model("uncased"), " ")
    assert unembed.with_mask(decoder, None) is decoder


@each_kind
@pytest.mark.parametrize(
    "text", [TEXT.format("<mask> and"), "(<mask>) is Paris", "<mask> is Paris", "is <mask> <mask>"]
)
def test_every_label_at_a_blank_names_its_very_token(kind: str, text: str) -> None:
    of = model(kind)
    at = blank(of, text)
    labels = names(of, range(of.vocab))
    assert len(set(labels)) == of.vocab
    assert [target_tokens(of, label, at) for label in labels] == [(token,) for token in range(of.vocab)]
    assert [target_tokens(of, name_of(of, token), at) for token in range(of.vocab)] == [(t,) for t in range(of.vocab)]


@each_kind
def test_a_word_at_a_blank_is_the_word_of_running_text(kind: str) -> None:
    of, word = model(kind), "paris" if kind == "uncased" else "Paris"
    at = blank(of, TEXT.format("[MASK] and"))
    whole = tokenize(of, TEXT.format("Paris and"))
    assert whole[at.position] == target_token(of, "Paris", at) == target_token(of, " Paris", at)
    assert names(of, [target_token(of, "Paris", at)]) == [f"·{word}"]
    joined = [token for token in range(of.vocab) if name_of(of, token) == "##Paris"]
    if joined:
        (note,) = target_notes(of, at, "Paris")
        assert note == (
            "At the blank 'Paris' is read as '·Paris'; the token that joins what stands before it is '##Paris'."
        )
        assert target_token(of, "##Paris", at) == joined[0]


@each_kind
def test_a_word_is_the_same_where_only_the_tokens_of_the_prompt_are_known(kind: str) -> None:
    """A blank that takes the space before it leaves no token for it, so a decoded prompt does not tell of it."""
    of = model(kind)
    text = TEXT.format("[MASK] and")
    at = blank(of, text)
    assert target_tokens(of, "Paris", Blank(None, at.tokens, at.position)) == target_tokens(of, "Paris", at)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [TEXT.format("<mask> and"), TEXT.format("<mask>."), "is <mask> <mask>"])
def test_a_blank_that_leaves_the_space_before_it_a_token_of_its_own(kind: str, text: str) -> None:
    """Written with a word, the space and the word are one token."""
    made = KINDS[kind](ends=True)
    made.add_special_tokens({"mask_token": AddedToken("<mask>", special=True)})
    of = masked_by(made)
    at = blank(of, text)
    assert names(of, target_tokens(of, "Paris", at)) == ["·Paris"]
    assert target_tokens(of, " Paris", at) == target_tokens(of, "Paris", at)


def test_the_end_of_a_clause_has_no_space_before_it() -> None:
    of = model("byte-level")
    at = blank(of, TEXT.format("<mask>"))
    assert names(of, target_tokens(of, "=", at)) == ["·", "##="]  # a sign that is no punctuation
    assert names(of, target_tokens(of, ".", at)) == ["##."]
    assert name_of(of, target_token(of, "(", at)) == " "


@each_kind
def test_a_word_of_several_pieces_is_read_by_its_first(kind: str) -> None:
    of = model(kind)
    at = blank(of, TEXT.format("<mask>"))
    word = {"byte-level": "playfully", "sentence-piece": "playin", "word-piece": "playi", "uncased": "rivers"}[kind]
    tokens = target_tokens(of, word, at)
    assert len(tokens) > 1
    assert tokenize(of, TEXT.format(word))[at.position : -1] == tokens
    first = names(of, tokens)[0]
    assert f"{word!r} is {len(tokens)} tokens; a blank holds one; only the first, '{first}', is explained." in (
        target_notes(of, at, word)
    )


@each_kind
def test_of_two_blanks_the_first_is_asked_unless_a_position_says_another(kind: str) -> None:
    of = model(kind)
    text = "the [MASK] of France is [MASK] and"
    tokens = tokenize(of, text)
    first, second = (i for i, token in enumerate(tokens) if token == of.tokenizer.mask_token_id)
    assert asked_position(of, tokens) == first
    said = "The prompt has 2 blanks, and one is explained at a time, with the others open: here that at position"
    more = "explain, attention and paths take another by --position"
    assert f"{said} {first}. {more} {second}." in prompt_notes(of, text)
    assert f"{said} {second}. {more} {first}." in unembed.explain(of, text, position=second).notes
    assert not any("2 blanks" in note for note in unembed.explain(of, text, position=first - 1).notes)
    assert unembed.explain(of, text, position=second).readout.position == second
    assert unembed.explain(of, text).readout.position == first
    # Each is filled with the other left open.
    assert target_token(of, "Paris", Blank(text, tokens, second)) == target_token(
        of, "Paris", blank(of, TEXT.format("[MASK]"))
    )


@each_kind
def test_a_prompt_without_a_blank_says_how_to_write_one(kind: str) -> None:
    of = model(kind)
    with pytest.raises(InputError, match=r"has no blank(?s:.*)Write (<mask>) where a word is missing"):
        unembed.explain(of, TEXT.format("Paris"))
    bare = unembed.with_special(of, "none")
    with pytest.raises(InputError, match="read as plain text"):
        unembed.explain(bare, TEXT.format("<mask>"))


def test_a_blank_in_the_prompt_of_a_decoder_is_told() -> None:
    tokenizer = byte_level()
    of = unembed.wrap(random_models.build("llama", layers=1, vocab=len(tokenizer)), tokenizer)
    (note,) = prompt_notes(of, TEXT.format("[MASK]"))
    assert note.startswith("[MASK] is no blank to llama, which predicts what comes after a prompt")
