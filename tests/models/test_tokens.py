"""Names of tokens and targets: distinct, read back, and cut as the tokenizer cuts the whole text."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

import unembed
from builders.random_models import build
from builders.tokenizers_of_kinds import KINDS, TEXTS, sentence_piece
from unembed.errors import InputError
from unembed.models.chat import is_chat, rendered
from unembed.models.labels import visible
from unembed.models.prompts import continued, given_ids, tokenize
from unembed.models.targets import target_notes, target_tokens, text_before
from unembed.models.tokens import token_names
from unembed.models.words import mentions, replaced, replaced_tokens
from unembed.view.glyphs import Glyphs

PADDED = 40
ODD = [
    "é",
    "e\u0301",
    "😀",
    "👩\u200d👩\u200d👧",
    "שלום",
    "\u200b",
    "▁",
    "·",
    "\n",
    "\t",
    " ",
    "\x1b",
    "北京",
    "<0x41>",
    "\\u00b7",
    "id:3",
]
TEXT = st.lists(
    st.one_of(st.text(max_size=6), st.sampled_from(ODD), st.sampled_from(["play", "ing", " the"])), max_size=5
)


@pytest.fixture(scope="module", params=KINDS)
def model(request) -> unembed.Model:
    """Of each kind of tokenizer, with a padded vocabulary."""
    tokenizer = KINDS[request.param]()
    return unembed.wrap(build("gpt2", vocab_size=len(tokenizer) + PADDED, context=512), tokenizer, name=request.param)


@settings(max_examples=60, deadline=None)
@given(prompt=TEXT, target=TEXT)
def test_a_target_is_the_continuation(model: unembed.Model, prompt: list[str], target: list[str]) -> None:
    """The oracle is the tokenizer of the whole text."""
    before, text = "the" + "".join(prompt), "".join(target)
    start, whole = (model.tokenizer(x, add_special_tokens=False)["input_ids"] for x in (before, before + text))
    named = token_names(model).read(text)
    expected = tuple(whole[len(start) :])
    if named is None and whole[: len(start)] == start and expected and model.tokenizer.unk_token_id not in expected:
        assert target_tokens(model, text, before) == expected
        if text_before(model, ids := tokenize(model, before)) == before:
            assert target_tokens(model, text, ids) == expected


def test_a_number_is_no_space_and_a_letter_gets_none() -> None:
    tokenizer = sentence_piece()
    model = unembed.wrap(build("gpt2", vocab_size=len(tokenizer)), tokenizer, name="sp")
    pieces = tokenizer.convert_ids_to_tokens
    assert pieces(target_tokens(model, "2", "1+1=")) == ["2"]
    assert pieces(target_tokens(model, " Paris", "France is")) == ["▁Paris"]
    assert pieces(target_tokens(model, "·Paris")) == ["▁Paris"]
    assert pieces(target_tokens(model, "Paris")) == ["Paris"]
    assert pieces(target_tokens(model, "<0xF0><0x9F>")) == ["<0xF0>", "<0x9F>"]
    assert target_notes(model, "1+1=", "<0xF0>") == (), "no text would be written so"
    (note,) = target_notes(model, "children play", "ful")[-1:]
    assert "would change" in note
    with pytest.raises(InputError, match="not in the vocabulary"):
        target_tokens(model, f"id:{model.vocab}")
    ids = [tokenizer.convert_tokens_to_ids(piece) for piece in ("▁Paris", "▁and")]
    assert continued(model, tokenize(model, "France is"), ids) == " Paris and"


def _notes_on(tokenizer, prompt: str, target: str) -> tuple[str, ...]:
    model = unembed.wrap(build("gpt2", vocab_size=len(tokenizer)), tokenizer, name="changed")
    return target_notes(model, prompt, target)


def test_a_change_of_the_last_token_is_told_whatever_the_tokenizer_takes_away() -> None:
    """Case, accents, or the space before an added token."""
    made = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>"], end_of_word_suffix="</w>")
    made.train_from_iterator(TEXTS, trainer)
    uncased = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>")
    for target in ("Paris", "é"):
        (note,) = _notes_on(uncased, "play", target)
        assert "the prompt's own last token would change: 'play</w>'" in note
    masked = KINDS["byte-level"]()
    masked.add_tokens([AddedToken("<mask>", lstrip=True, special=True), AddedToken("\n\n", normalized=False)])
    (note,) = _notes_on(masked, "the capital\n", " <mask>")
    assert "would change: '↵' and '<mask>' would be '<mask>'" in note
    (note,) = _notes_on(masked, "the capital\n", "\n")
    assert "would change: '↵' and '↵' would be '↵↵'" in note


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ends", [False, True])
def test_what_begins_a_text_stands_there_once_and_nothing_ends_it(kind: str, ends: bool) -> None:
    tokenizer = KINDS[kind](ends=ends)
    model = unembed.wrap(build("gpt2", vocab_size=len(tokenizer)), tokenizer, name=kind)
    plain = tuple(tokenizer("the capital", add_special_tokens=False)["input_ids"])
    assert tokenize(model, "the capital") == (1, *plain)
    typed = tokenize(model, "<s>the capital")
    assert typed[0] == 1
    assert 1 not in typed[1:]
    bare = unembed.with_special(model, "none")
    assert tokenize(bare, "the capital") == plain
    if kind != "sentence-piece":  # whose model has the piece <s> itself, as text too
        assert 1 not in tokenize(bare, "<s>the capital")
    assert tokenize(unembed.with_special(model, "as-typed"), "<s>the capital") == typed
    with pytest.raises(InputError, match="auto, none, as-typed"):
        unembed.with_special(model, "some")


@pytest.mark.parametrize(
    "wrong", [3.5, None, [[1, 2], [3]], torch.tensor([1.5]), {"a": 1}, [{"role": "user"}], ["a"], b"x"]
)
def test_what_is_no_prompt_is_refused(model: unembed.Model, wrong: object) -> None:
    with pytest.raises(InputError, match="Expected"):
        rendered(model, wrong) if is_chat(wrong) else given_ids(wrong)


def test_prompts_of_transformers(model: unembed.Model) -> None:
    for prompt in ([1, 5], [[1, 5]], torch.tensor([1, 5]), torch.tensor([[1, 5]]), {"input_ids": [[1, 5]]}):
        assert tokenize(model, prompt) == (1, 5)
    encoded = model.tokenizer("the capital", return_tensors="pt")
    assert tokenize(model, encoded) == tuple(encoded["input_ids"][0].tolist())


def test_a_word_is_a_word(model: unembed.Model) -> None:
    assert mentions(model, "the august capital", "US") == []
    assert len(mentions(model, "我在北京工作", "北京")) == 1
    assert replaced(model, "a_x at the theatre, an (a)?", "a", "1") == "a_x at the theatre, an (1)?"
    assert replaced(model, "in Côte d'Ivoire.", "Côte d'Ivoire", "France") == "in France."
    assert replaced(model, "John and John", "John", "Tom", "all") == "Tom and Tom"
    assert replaced(model, "John and John", "John", "Tom", 2) == "John and Tom"
    with pytest.raises(InputError, match="--swap-all"):
        replaced(model, "John and John", "John", "Tom")
    assert replaced_tokens(model, (1, 5, 6), "id:5", "id:9") == (1, 9, 6)


def test_only_ascii_is_shown_and_read_back(model: unembed.Model) -> None:
    """But for `_Paris`, which is read as the token of that name where there is one."""
    names = token_names(model)
    for token, name in enumerate(names.names):
        shown = Glyphs(ascii=True).plain(visible(name))
        if "_" not in name and names.ids.get(shown, token) == token:
            assert names.read(shown) == (token,), shown
