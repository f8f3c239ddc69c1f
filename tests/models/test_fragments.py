"""Fragments: tokens that share a character say which, and say together what was written."""

import re
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders.random_models import build
from builders.tokenizers_of_kinds import KINDS
from unembed.methods.answer import Reading
from unembed.models.fragments import fragments
from unembed.models.prompts import tokenize
from unembed.models.tokens import name_of
from unembed.view.payloads.common import prompt_tokens, text_of_tokens
from unembed.view.payloads.sentence import carried_by, plain

SEVERAL = sorted({"byte-level", "sentence-piece"})
TEXTS = st.text(st.sampled_from("a b京都首ب🌍é𝒳"), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def models() -> dict[str, unembed.Model]:
    made = {}
    for kind in SEVERAL:
        tokenizer = KINDS[kind](begins=False)
        made[kind] = unembed.wrap(build("gpt2", vocab_size=len(tokenizer)), tokenizer)
    return made


@pytest.mark.parametrize("kind", SEVERAL)
@given(text=TEXTS)
def test_tokens_say_together_what_was_written(models, kind: str, text: str) -> None:
    model = models[kind]
    shown = prompt_tokens(model, tuple(tokenize(model, text)))
    said = text_of_tokens((token.text, token.fragment) for token in shown)
    assert said.strip() == text.strip()


@pytest.mark.parametrize("kind", SEVERAL)
@given(text=TEXTS)
def test_each_part_of_a_character_is_numbered(models, kind: str, text: str) -> None:
    model = models[kind]
    tokens = tokenize(model, text)
    parts = defaultdict(list)
    for token, shown in zip(tokens, fragments(model, tokens), strict=True):
        broken = "<0x" in name_of(model, token)
        assert (shown is not None) == broken, "of a whole text every byte belongs to a character"
        for character, part, count in re.findall(r"(\S+) (\d+)/(\d+)", shown or ""):
            parts[character, int(count)].append(int(part))
    for (character, count), numbers in parts.items():
        assert character in text
        assert numbers == list(range(1, count + 1)) * (len(numbers) // count)


def test_a_character_of_three_tokens(models) -> None:
    model = models["sentence-piece"]
    assert fragments(model, tokenize(model, "首"))[-3:] == ("首 1/3", "首 2/3", "首 3/3")


def test_bytes_that_make_no_character_stay_bytes(models) -> None:
    model = models["sentence-piece"]
    first, second, third = tokenize(model, "首")[-3:]
    assert fragments(model, (first, second)) == (None, None)
    assert fragments(model, (third, first, second, third)) == (None, "首 1/3", "首 2/3", "首 3/3")
    assert fragments(model, (first, second, tokenize(model, "a")[-1], third)) == (None,) * 4


def test_a_sentence_names_a_part_of_a_character_as_it_is_shown(models) -> None:
    found = unembed.explain(models["byte-level"], "a 首")
    shown = fragments(found.model, found.run.tokens)
    place = next(i for i, text in enumerate(shown) if text and "1/" in text)
    head = found.heads[0]
    answer = replace(
        found.answer, kind="head", part=head.term.part, zeroed=head.zeroed, reads=Reading(place, 0.9, False)
    )
    assert f'which reads "首 {shown[place][-3:]}", ' in plain(carried_by(replace(found, answer=answer)))
