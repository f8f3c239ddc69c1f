"""Words around a blank: each row equals a full run of the masked language model on the text without the unit.

Tolerance: an effect is a difference of log-probabilities of two float64 runs, whose logits agree to 1e-11 of the
largest.
"""

import math

import pytest
import torch

import unembed
from builders.commands import run_json
from builders.masked_models import MASK, build_masked, each_masked, masked_by, masked_tokenizer, word_pieces
from oracles.rerun import exactly
from unembed.errors import InputError
from unembed.methods.words.words import words
from unembed.models.tokens import name_of

TOKENS = (1, 5, 9, MASK, 33, 12, 2)
ANSWER, PLACE = 14, 3


def log_p(module, tokens, place: int, hidden: int | None = None) -> float:
    seen = torch.tensor([[int(p != hidden) for p in range(len(tokens))]])
    more = {} if hidden is None else {"attention_mask": seen}
    with torch.no_grad():
        return float(module(torch.tensor([tokens]), **more).logits[0, place].log_softmax(-1)[ANSWER])


@pytest.mark.crossed(1)
@each_masked
@pytest.mark.parametrize("how", ["delete", "mask", "replace"])
def test_every_token_equals_a_full_run(model_type: str, how: str) -> None:
    tokenizer = word_pieces()
    module = build_masked(model_type, vocab_size=len(tokenizer))
    with exactly():
        model = unembed.wrap(module, tokenizer)
        found = words(model, TOKENS, ANSWER, by="token", how="replace=id:23" if how == "replace" else how)
        whole = log_p(module, TOKENS, PLACE)
        assert [unit.positions for unit in found.units] == [(p,) for p in (1, 2, 4, 5)]
        for unit in found.units:
            (gone,) = unit.positions
            if how == "delete":
                left = [token for p, token in enumerate(TOKENS) if p != gone]
                expected = log_p(module, left, PLACE - (gone < PLACE))
            elif how == "mask":
                expected = log_p(module, TOKENS, PLACE, hidden=gone)
            else:
                expected = log_p(module, [23 if p == gone else token for p, token in enumerate(TOKENS)], PLACE)
            assert unit.without.log_probability == pytest.approx(expected, abs=1e-9)
            assert unit.effect == pytest.approx(whole - expected, abs=1e-9)
    assert max(abs(unit.effect) for unit in found.units) > 1e-3
    assert {unit.mark for unit in found.units} == {None}


def test_hidden_words_of_a_long_text_run_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = masked_by(word_pieces())
    text = "the capital of france is [MASK] in a city"
    with exactly():
        together = words(model, text, "paris", how="mask", pairs=True)
        monkeypatch.setattr("unembed.methods.words.question.WIDEST", 2 * len(together.tokens))
        apart = words(model, text, "paris", how="mask", pairs=True)
    assert [x.effect for x in apart.units] == pytest.approx([x.effect for x in together.units], abs=1e-12)
    assert together.pairs is not None
    assert apart.pairs is not None
    assert [x.effect for x in apart.pairs] == pytest.approx([x.effect for x in together.pairs], abs=1e-12)


def test_shapley_values_of_the_words_around_a_blank_add_up() -> None:
    model = masked_by(word_pieces())
    with exactly():
        found = words(model, "the capital [MASK] france", "of", shapley=True)
        module, ids = model.module, list(unembed.record(model, "the capital [MASK] france").tokens)
        answer = int(model.tokenizer.convert_tokens_to_ids("of"))
        with torch.no_grad():
            whole, none = (
                float(module(torch.tensor([x])).logits[0, x.index(MASK)].log_softmax(-1)[answer])
                for x in (ids, [1, MASK, 2])
            )
    assert [unit.text for unit in found.units] == ["the", "capital", "france"]
    assert found.shapley is not None
    assert sum(each.value for each in found.shapley.values) == pytest.approx(whole - none, abs=1e-9)


def test_frames_and_the_blank_are_no_units_of_a_text() -> None:
    found = run_json("words", "-m", "toy/cloze", "Bambo lives in [MASK].", "--by", "token", "--json")
    assert [unit["positions"] for unit in found["units"]] == [[1], [2], [3], [4], [6]]
    assert found["target"]["text"] == " Prague"


@pytest.mark.parametrize("how", ["delete", "replace=france"])
def test_a_sentence_goes_on_around_its_blank(how: str) -> None:
    text = "paris is a city. the capital of france is [MASK]. a river"
    model = masked_by(word_pieces())
    with exactly():
        found = words(model, text, "paris", by="sentence", how=how)
        ids, module = list(found.tokens), model.module
        answer, other = (int(model.tokenizer.convert_tokens_to_ids(word)) for word in ("paris", "france"))
        assert [unit.text for unit in found.units] == [
            "paris is a city.",
            "the capital of france is [MASK].",
            "a river",
        ]
        assert [unit.positions for unit in found.units] == [(1, 2, 3, 4, 5), (6, 7, 8, 9, 10, 12), (13, 14)]
        for unit in found.units:
            gone = set(unit.positions)
            if how == "delete":
                left = [token for p, token in enumerate(ids) if p not in gone]
            else:
                left = [other if p in gone else token for p, token in enumerate(ids)]
            with torch.no_grad():
                logits = module(torch.tensor([left])).logits[0, left.index(MASK)]
            assert unit.without.log_probability == pytest.approx(float(logits.log_softmax(-1)[answer]), abs=1e-9)
    lines = words(model, "the capital\n[MASK] of france\nis a city", "paris", by="line")
    assert [unit.text for unit in lines.units] == ["the capital", "of france", "is a city"]


def test_what_replaces_a_word_around_a_blank_is_a_word_as_well() -> None:
    """Byte-level: `Paris` is the word ` Paris` there, not the token that would join what stands before it."""
    model = masked_by(masked_tokenizer("byte-level"), "roberta")
    text = "the capital of Italy is <mask> and"
    for spelled in ("replace=Paris", "replace= Paris"):
        found = words(model, text, how=spelled)
        assert name_of(model, found.replacement or -1) == " Paris"
    joined = next(t for t in range(model.vocab) if name_of(model, t).startswith("##p"))
    assert words(model, text, how=f"replace={name_of(model, joined)}").replacement == joined
    with pytest.raises(InputError, match="One token comes in the place of each"):
        words(model, text, how="replace=playfully")


def test_a_sentence_holds_the_blank_and_all_around_it_can_go() -> None:
    model = masked_by(word_pieces())
    text = "paris is a city. the capital is [MASK], in a river. berlin"
    found = [(unit.text, unit.positions) for unit in words(model, text, by="sentence").units]
    assert found == [
        ("paris is a city.", (1, 2, 3, 4, 5)),
        ("the capital is [MASK], in a river.", (6, 7, 8, 10, 11, 12, 13, 14)),
        ("berlin", (15,)),
    ]
    (unit,) = words(model, "the capital is [MASK].", "paris", by="line").units
    alone = unembed.record(model, "[MASK]").prediction("paris")
    assert unit.without.log_probability == pytest.approx(math.log(alone.probability), abs=1e-9)


@pytest.mark.parametrize(
    ("prompt", "more", "says"),
    [
        ("the capital", {}, "The prompt has no blank"),
        ("[MASK]", {}, "nothing that can be taken away"),
        ("the [MASK] is", {"keep_sink": True}, "keep_sink"),
        ("the [MASK] is", {"answer": "rivers"}, "holds one token"),
    ],
)
def test_what_is_refused(prompt: str, more: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        words(masked_by(word_pieces()), prompt, **more)
