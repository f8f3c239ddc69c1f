"""Units: every token in one at most, in order, and together the text; by the tokenizers of each kind."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unembed
from builders.random_encoder_decoders import build as build_stacks
from builders.random_models import build
from builders.tokenizers_of_kinds import KINDS
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.models.prompts import tokenize
from unembed.models.units import Units, units_of, written, written_source

CUTS = ("token", "word", "sentence", "line")
TEXTS = (
    "the capital of France is",
    "I don't know, it's 3.5 miles. \"No,\" said Mr. X.\r\nthen\r\n\r\nhe left!\n\nAgain",
    "我在北京工作。人口是多少？ 我在工作",
    "naïve café 😀 🇫🇷 e\u0301clair rock-n-roll can’t 👩‍👩‍👧",
    "  two  spaces\n\n",
    "1+1=2 and 12,000.5 x_y\tтекст по-русски مرحبا بالعالم",
)
MODELS: dict[str, unembed.Model] = {}


def model_of(kind: str) -> unembed.Model:
    if kind not in MODELS:
        tokenizer = KINDS[kind]()
        MODELS[kind] = unembed.wrap(build("gpt2", vocab_size=len(tokenizer), context=512), tokenizer)
    return MODELS[kind]


def between(text: str) -> str:
    """Without spaces, and marks that a tokenizer composes with the letter before them (NFC)."""
    return "".join(c for c in text if not c.isspace() and not unicodedata.combining(c))


def check(model: unembed.Model, text: str, found: Units, first: int = 1) -> None:
    tokens = tokenize(model, text)
    held = [p for unit in found.units for p in unit.positions]
    assert held == list(range(first, len(tokens))), "each token in one unit, in order, but for what begins a text"
    end = 0
    for unit in found.units:
        assert unit.start is not None
        assert unit.end is not None
        assert unit.text == text[unit.start : unit.end]
        assert between(text[end : unit.start]) == "", "only spaces stand between units"
        assert unit.start >= end
        end = max(end, unit.end)
    assert between(text[end:]) == ""


ALPHABET = st.sampled_from("aeT kz .,!?'’-\n\r\t123é北京。😀\u0301_ \u200dя")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(
    text=st.text(ALPHABET, min_size=1, max_size=40).filter(str.strip) | st.sampled_from(TEXTS), by=st.sampled_from(CUTS)
)
def test_units_are_the_text_in_order(kind: str, text: str, by: str) -> None:
    model = model_of(kind)
    check(model, text, units_of(written(model, text, tokenize(model, text)), by))


def units(text, by, kind: str = "byte-level") -> list[str]:
    model = model_of(kind)
    return [unit.text for unit in units_of(written(model, text, tokenize(model, text)), by).units]


def test_words_sentences_and_lines_are_those_of_a_reader() -> None:
    text = "I don't know, it's 3.5 miles. \"No,\" he said.\nThen he left!\n\nAgain"
    found = [unit for unit in units(text, "word") if unit.strip()]
    assert found == [
        *("I", "don't", "know", ",", "it's", "3.5", "miles", ".", '"', "No", ",", '"', "he", "said", "."),
        *("Then", "he", "left", "!", "Again"),
    ]
    sentences = ["I don't know, it's 3.5 miles.", '"No," he said.', "Then he left!", "Again"]
    assert units(text, "sentence") == sentences
    assert units(text, "line") == [" ".join(sentences[:2]), *sentences[2:]]


def test_sentences_go_on_after_an_abbreviation() -> None:
    assert units("I met Mr. Smith. He left.", "sentence") == ["I met Mr. Smith.", "He left."]
    assert units("J. R. Tolkien (cf. Lewis) wrote it, e.g. here. It ends.", "sentence") == [
        "J. R. Tolkien (cf. Lewis) wrote it, e.g. here.",
        "It ends.",
    ]
    assert units("1. First one.\n 2. Second one in 1999. Then", "sentence") == [
        *("1. First one.", "2. Second one in 1999.", "Then")
    ]
    assert units("It was no. Then what? ... Go", "sentence") == ["It was no.", "Then what?", "...", "Go"]
    assert units("А. С. Пушкин жил. Он писал.", "sentence") == ["А. С. Пушкин жил.", "Он писал."]


def test_sentences_go_on_after_what_is_quoted_or_left_open_and_before_a_number() -> None:
    assert units('"Why?" she asked... Then he (who else?) left.', "sentence") == [
        *('"Why?" she asked...', "Then he (who else?) left.")
    ]
    assert units('Wait... what is it? He said: "No." Then he left.', "sentence") == [
        *("Wait... what is it?", 'He said: "No."', "Then he left.")
    ]
    assert units("At 3 p.m. on Jan. 5 it rained (p. 3), etc. and so on. See No. 5. No. Then", "sentence") == [
        *("At 3 p.m. on Jan. 5 it rained (p. 3), etc. and so on.", "See No. 5.", "No.", "Then")
    ]
    assert units('He asked "why?"\nshe left', "sentence") == ['He asked "why?"', "she left"], "a line ends a sentence"


def test_sentences_of_other_scripts_end_with_their_own_signs() -> None:
    assert units("مرحبا؟ كيف حالك؟ بخير", "sentence") == ["مرحبا؟", "كيف حالك؟", "بخير"]
    assert units("यह है। वह है। हाँ", "sentence") == ["यह है।", "वह है।", "हाँ"]
    assert units("「何！？」と言った。はい", "sentence") == ["「何！？」", "と言った。", "はい"]
    assert units("«Ça va?» dit-il. Oui.", "sentence") == ["«Ça va?» dit-il.", "Oui."]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\n" + " " * 40, "\n\n" + "\t" * 12, " " * 30 + "\n"])
def test_a_line_ends_whatever_ends_it_and_however_far_the_next_one_is_set_in(kind: str, end: str) -> None:
    for by in ("line", "sentence"):
        assert units(f"one two.{end}three{end}four", by, kind) == ["one two.", "three", "four"]


def test_neighbouring_byte_tokens_are_told_apart() -> None:
    """`!`, two line ends and `N` are bytes to this tokenizer, which gives all of them one span."""
    assert units("one!\n\nNext é😀N.", "sentence", "sentence-piece") == ["one!", "Next é😀N."]
    assert units("one!\nNext é😀N", "token", "sentence-piece")[-6:] == ["x", "t", " ", "é", "😀", "N"]
    assert units("one!\nNext Né", "word", "sentence-piece") == ["one", "!", "\n", "Next", "Né"]


def test_lines_of_windows_and_marks_of_other_scripts() -> None:
    assert units("one two\r\nthree\r\n\r\nfour", "line") == ["one two", "three", "four"]
    assert units("我在北京。人口？ 工作", "sentence") == ["我在北京。", "人口？", "工作"]
    assert units("a 👩‍👩‍👧 🇫🇷 b", "word") == ["a", "👩‍👩‍👧", "🇫🇷", "b"], "all parts of a sign are one unit"
    assert units("e\u0301t e\u0301", "word") == ["e\u0301t", "e\u0301"]


def test_spans_are_widened_to_tokens() -> None:
    model = model_of("byte-level")
    text = "the capital of France is"
    read = written(model, text, tokenize(model, text))
    found = units_of(read, [(5, 9), (15, 21)])
    assert [unit.text for unit in found.units] == ["capital", "France"]
    assert found.notes == ("The span 5-9 ('apit') is widened to whole tokens: 'capital'.",)


# Chats

TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)
TALK = [
    {"role": "system", "content": "Be playful. Be kind.\nTwo lines."},
    {"role": "user", "content": "the capital of Italy? Say it."},
    {"role": "assistant", "content": "Rome."},
    {"role": "user", "content": "and of France?"},
]


@pytest.fixture
def chatty() -> unembed.Model:
    tokenizer = KINDS["byte-level"]()
    tokenizer.chat_template = TEMPLATE
    return unembed.wrap(build("gpt2", vocab_size=len(tokenizer), context=512), tokenizer)


def test_turns_are_what_messages_say(chatty: unembed.Model) -> None:
    """The system prompt is one unit; what the template writes is in none."""
    tokens = tokenize(chatty, TALK)
    read = written(chatty, TALK, tokens)
    turns = units_of(read, "turn")
    assert [unit.text for unit in turns.units] == [message["content"] for message in TALK]
    assert [unit.role for unit in turns.units] == [message["role"] for message in TALK]
    sentences = units_of(read, "sentence")
    assert [unit.text for unit in sentences.units] == [
        *("Be playful.", "Be kind.", "Two lines.", "the capital of Italy?", "Say it.", "Rome.", "and of France?")
    ]
    assert [unit.role for unit in sentences.units] == [*["system"] * 3, *["user"] * 2, "assistant", "user"]
    (span,) = units_of(read, [(read.text.index("kind"), read.text.index("kind") + 4)]).units
    assert (span.text, span.role) == ("kind", "system")
    roles = unembed.record(chatty, TALK).roles
    spoken = [p for p, role in enumerate(roles) if role != "template"]
    for by in ("turn", *CUTS):
        found = units_of(read, by)
        assert [p for unit in found.units for p in unit.positions] == spoken
        assert all(len({roles[p] for p in unit.positions}) == 1 for unit in found.units)


def test_a_word_of_a_source_that_the_vocabulary_does_not_know_is_a_unit() -> None:
    """And what frames a source is none."""
    model = unembed.with_source(unembed.wrap(build_stacks("t5"), make_tokenizer()), "the zebra capital <s>")
    read = written_source(model)
    assert [unit.text for unit in units_of(read, "word").units] == ["the", "zebra", "capital"]


def test_a_recorded_chat_has_the_same_units(chatty: unembed.Model) -> None:
    run = unembed.record(chatty, TALK)
    for by in ("turn", *CUTS):
        found = units_of(written(chatty, run.tokens, run.tokens, run.roles), by)
        assert found == units_of(written(chatty, TALK, run.tokens), by)
    recorded, asked = unembed.words(run, by="turn"), unembed.words(chatty, TALK, by="turn")
    assert [unit.effect for unit in recorded.units] == [unit.effect for unit in asked.units]


def test_spans_of_a_chat_are_of_what_its_template_writes(chatty: unembed.Model) -> None:
    read = written(chatty, TALK, tokenize(chatty, TALK))
    assert read.text is not None
    place = read.text.index("the capital")
    found = units_of(read, [(place - 5, place + 11)])
    assert [unit.text for unit in found.units] == ["the capital"]
    assert found.notes == (f"Of the span {place - 5}-{place + 11} ('user\\nthe capital') only 'the capital' can go.",)
    for span in ((0, 5), (0, 10**4)):
        with pytest.raises(InputError, match="Characters are counted in the chat as its template writes it"):
            units_of(read, [span])


def test_what_is_no_chat_or_no_text_has_tokens_only() -> None:
    model = model_of("byte-level")
    with pytest.raises(InputError, match="Turns are those of a chat"):
        units("the capital", "turn")
    ids = tokenize(model, "the capital")
    read = written(model, ids, ids)
    assert [unit.positions for unit in units_of(read, "token").units] == [(p,) for p in range(1, len(ids))]
    with pytest.raises(InputError, match="take --by token"):
        units_of(read, "word")
    with pytest.raises(InputError, match="nothing that can be taken away"):
        units_of(written(model, [1], [1]), "token")
