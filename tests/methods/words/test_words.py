"""Every row of `words` equals a full run of the unmodified module: of the prompt without the unit, with it hidden, with
other tokens in its place.

Tolerance: an effect is a difference of log-probabilities, each of logits that agree with full runs to 1e-9 of the
largest (tests/engine/test_texts.py says why); a log-sum-exp passes errors on at most as they are.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders import random_encoder_decoders, rotary
from builders.random_models import MODEL_TYPES, VOCAB, build, each_family
from builders.tokenizers_of_kinds import sentence_piece
from builders.words import numbered
from oracles import hidden, rerun
from unembed.errors import InputError, Interrupted, ModelError
from unembed.methods.words.words import Words, words

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5)
LENGTH = len(TOKENS)
ANSWER = (44, 8, 61)
HOWS = ("delete", "mask", "replace=w23", "swap")
OTHER = tuple((token + 31) % VOCAB for token in TOKENS)
Parts = Sequence[Sequence[int]]
"""Positions, unit by unit."""


def text_of(tokens: Iterable[int]) -> str:
    return " ".join(f"w{token}" for token in tokens)


def spans_of(parts: Parts) -> list[tuple[int, int]]:
    """The characters of each part in the text of `TOKENS`."""
    return [(len(text_of(TOKENS[: part[0]])) + (part[0] > 0), len(text_of(TOKENS[: part[-1] + 1]))) for part in parts]


def asked(module, how: str, parts: Parts, answer: Sequence[int] = ANSWER, **more) -> Words:
    model = unembed.wrap(module, numbered(VOCAB))
    other = text_of(OTHER) if how == "swap" else None
    return words(model, text_of(TOKENS), by=spans_of(parts), how=how, answer=list(answer), other=other, **more)


def without(module, how: str, gone: Iterable[int], answer: Sequence[int] = ANSWER, asking: Iterable[int] = ()):
    """The logits that each token of the answer is chosen from, by plain runs."""
    gone, whole = set(gone), [*TOKENS, *answer[:-1]]
    kept = [p for p in range(len(whole)) if p not in gone]
    if how == "delete":
        return hidden.logits(module, [whole[p] for p in kept], range(len(kept)))[-len(answer) :]
    if how == "mask":
        found = hidden.logits(module, [whole[p] for p in kept], kept)[-len(answer) :].clone()
        if gone & set(asking):  # the question sees itself, and asks for the first token of the answer
            seeing = [p for p in range(LENGTH) if p not in gone - set(asking)]
            found[0] = hidden.logits(module, [whole[p] for p in seeing], seeing)[-1]
        return found
    instead = [23] * LENGTH if how.startswith("replace") else OTHER
    tokens = [instead[p] if p in gone else token for p, token in enumerate(whole)]
    return hidden.logits(module, tokens, range(len(tokens)))[-len(answer) :]


def log_probability(logits: torch.Tensor, answer: Sequence[int] = ANSWER) -> float:
    return float(sum(row.log_softmax(-1)[token] for row, token in zip(logits, answer, strict=True)))


def check(module, how: str, parts: Parts, answer: Sequence[int] = ANSWER) -> None:
    with rerun.exactly():
        found = asked(module, how, parts, answer)
        base = without(module, how, (), answer)
        close = 1e-8 * float(base.abs().max())
        assert found.value.log_probability == pytest.approx(log_probability(base, answer), abs=close)
        assert [unit.positions for unit in found.units] == [tuple(part) for part in parts]
        for unit, part in zip(found.units, parts, strict=True):
            asking = part if LENGTH - 1 in part else ()
            logits = without(module, how, part, answer, asking)
            log_p = log_probability(logits, answer)
            assert unit.without.log_probability == pytest.approx(log_p, abs=close), (how, part)
            assert unit.effect == pytest.approx(log_probability(base, answer) - log_p, abs=2 * close)
            assert unit.without.probability == pytest.approx(torch.tensor(log_p).exp().item(), rel=1e-6)
            above = sum(row[token] - row.mean() for row, token in zip(logits, answer, strict=True))
            assert unit.without.logit == pytest.approx(float(above), abs=len(answer) * close)
            top = int(logits[0].argmax())
            assert unit.without.instead.token == top
            assert unit.without.instead.probability == pytest.approx(float(logits[0].softmax(-1)[top]), rel=1e-6)
            assert unit.text == text_of(TOKENS[p] for p in part)
            assert unit.mark == ("last" if LENGTH - 1 in part else "first" if 0 in part else None)


PARTS = ((0,), (1, 2), (3,), (4, 5), (6, 7))


@pytest.mark.crossed(1)
@pytest.mark.parametrize("tokens", [len(ANSWER), 1])
@each_family
def test_every_row_equals_a_full_run(model_type: str, tokens: int) -> None:
    module = build(model_type)
    for how in HOWS:
        check(module, how, PARTS, ANSWER[:tokens])


@st.composite
def cuts(draw) -> Parts:
    """Some neighbours together, some units left out."""
    ends = sorted(draw(st.sets(st.integers(1, LENGTH - 1), min_size=1)))
    parts = [range(a, b) for a, b in zip([0, *ends], [*ends, LENGTH], strict=True)]
    return draw(st.lists(st.sampled_from(parts), min_size=1, unique=True).map(sorted_by_place))


def sorted_by_place(parts: list[range]) -> list[range]:
    return sorted(parts, key=lambda part: part[0])


@given(
    st.sampled_from(MODEL_TYPES),
    st.integers(0, 10**6),
    st.sampled_from(HOWS),
    cuts(),
    st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=4),
)
def test_any_units_of_any_model_equal_full_runs(model_type, seed, how, parts, answer) -> None:
    check(build(model_type, seed=seed), how, parts, answer)


def test_a_target_is_its_first_token_and_a_difference_is_one_of_logits() -> None:
    module = build("llama")
    with rerun.exactly():
        model = unembed.wrap(module, numbered(VOCAB))
        run = unembed.record(model, text_of(TOKENS))
        top = words(run)
        assert top.answer == (run.token(),)
        found = words(model, text_of(TOKENS), "w44", versus="w8")
        for unit in found.units:
            base, gone = (
                without(module, "delete", (), ANSWER[:1])[0],
                without(module, "delete", unit.positions, (44,))[0],
            )
            assert unit.without.difference == pytest.approx(float(gone[44] - gone[8]), abs=1e-8)
            assert unit.effect == pytest.approx(float(base[44] - base[8] - gone[44] + gone[8]), abs=1e-8)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "gpt_neo", "qwen3_moe"])
@pytest.mark.parametrize("how", HOWS)
def test_shapley_values_and_pairs_equal_the_definition_by_full_runs(model_type: str, how: str) -> None:
    module = build(model_type)
    with rerun.exactly():
        found = asked(module, how, PARTS, shapley=True, pairs=True)
        players = PARTS[:-1]
        score = {
            chosen: log_probability(without(module, how, {p for i in range(4) if i not in chosen for p in players[i]}))
            for chosen in (frozenset(i for i in range(4) if mask >> i & 1) for mask in range(16))
        }
    assert found.players == (0, 1, 2, 3), "the unit that asks is in no ranking, and in no game"
    assert found.shapley is not None
    assert found.pairs is not None
    orders = list(permutations(range(4)))
    for i, value in enumerate(found.shapley.values):
        before = [frozenset(order[: order.index(i)]) for order in orders]
        mean = sum(score[c | {i}] - score[c] for c in before) / len(orders)
        assert value.value == pytest.approx(mean, abs=1e-7)
        assert value.standard_error is None
    everything = frozenset(range(4))
    assert found.shapley.all == pytest.approx(score[everything], abs=1e-8)
    assert found.shapley.none == pytest.approx(score[frozenset()], abs=1e-8)
    assert found.shapley.error < 1e-12 * max(1, abs(found.shapley.all) + abs(found.shapley.none))
    assert found.shapley.sum == pytest.approx(found.shapley.all - found.shapley.none, abs=1e-11)
    for pair in found.pairs:
        i, j = pair.units
        both = score[everything] - score[everything - {i, j}]
        alone = sum(score[everything] - score[everything - {k}] for k in (i, j))
        assert pair.effect == pytest.approx(both, abs=1e-7)
        assert pair.interaction == pytest.approx(both - alone, abs=1e-7)
    assert [pair.units for pair in found.pairs] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_more_units_than_are_run_exactly_are_sampled_and_add_up() -> None:
    found = asked(build("gpt2"), "mask", PARTS, shapley=True, exact=3, samples=4)
    assert found.shapley is not None
    assert not found.shapley.exact
    assert found.shapley.error < 1e-12 * max(1, abs(found.shapley.all) + abs(found.shapley.none))
    assert len(found.shapley.values) == len(found.players) == 4


@pytest.mark.parametrize(
    ("stage", "missing"),
    [("Shapley values", "Shapley values, pairs, cheap rankings"), ("pairs", "pairs, cheap rankings")],
)
def test_an_interrupt_leaves_what_is_finished_and_says_what_is_missing(stage: str, missing: str) -> None:
    def stop(name: str, _: float) -> None:
        if name == stage:
            raise KeyboardInterrupt

    everything = {"shapley": True, "pairs": True, "compare": True}
    whole = asked(build("gpt2"), "delete", PARTS, **everything)
    with pytest.raises(Interrupted) as stopped:
        asked(build("gpt2"), "delete", PARTS, **everything, progress=stop)
    left = stopped.value.result
    assert [unit.effect for unit in left.units] == [unit.effect for unit in whole.units]
    assert left.shapley == (None if stage == "Shapley values" else whole.shapley)
    assert (left.pairs, left.rankings) == (None, None)
    assert left.notes[-1] == f"Interrupted: {missing} missing."


@pytest.mark.parametrize("how", HOWS)
def test_many_versions_are_run_in_parts_with_the_same_numbers(how: str, monkeypatch) -> None:
    module, seen = build("llama"), []
    whole = asked(module, how, PARTS, shapley=True, pairs=True)
    monkeypatch.setattr("unembed.methods.words.question._AT_ONCE", 2 * LENGTH)
    parts = asked(module, how, PARTS, shapley=True, pairs=True, progress=lambda *done: seen.append(done))
    assert whole.shapley is not None
    assert parts.shapley is not None
    assert [u.effect for u in parts.units] == pytest.approx([u.effect for u in whole.units], abs=1e-9)
    assert [v.value for v in parts.shapley.values] == pytest.approx([v.value for v in whole.shapley.values], abs=1e-9)
    for stage in ("text taken away", "Shapley values", "pairs"):
        done = [share for name, share in seen if name == stage]
        assert len(done) > 3, "once a layer and part"
        assert done == sorted(done), "progress goes on from part to part"
        assert 0.5 < done[-1] <= 1, "versions with nothing to compute count as well"


# The first token


def test_keep_sink_puts_the_models_own_beginning_where_the_first_token_is_gone() -> None:
    module = build("gpt2")
    model = unembed.wrap(module, numbered(VOCAB, bos_token="w60"))
    with rerun.exactly():
        for how in ("delete", "mask"):
            found = words(model, text_of(TOKENS), "w44", how=how, keep_sink=True)
            assert found.first is None
            assert "'w60' stands in its place" in " ".join(found.notes)
            places = range(LENGTH)
            first = hidden.logits(module, [60, *TOKENS[1:]], places)[-1].log_softmax(-1)[44]
            assert found.units[0].without.log_probability == pytest.approx(float(first), abs=1e-8)
            third = log_probability(without(module, how, [2], (44,)), (44,))
            assert found.units[2].without.log_probability == pytest.approx(third, abs=1e-8)


@pytest.mark.parametrize("how", ["delete", "mask", "replace=w23"])
def test_the_first_unit_is_compared_with_the_same_removal_in_other_texts(how: str) -> None:
    from unembed.methods.texts import PARAGRAPHS
    from unembed.models.prompts import inner_tokens

    module, tokenizer = build("llama", vocab_size=400), sentence_piece(begins=False)
    model = unembed.wrap(module, tokenizer)
    word = "replace=id:23" if how.startswith("replace") else how
    with rerun.exactly():
        found = words(model, "the capital of France is", how=word)
        assert found.units[0].mark == "first"
        assert found.first is not None
        count = len(found.units[0].positions)
        expected = []
        for paragraph in PARAGRAPHS[:6]:
            ids = inner_tokens(model, paragraph)[:12]
            base = hidden.logits(module, ids, range(12))[-1].log_softmax(-1)
            rest = ids[count:] if not how.startswith("replace") else (*[23] * count, *ids[count:])
            places = range(count, 12) if how == "mask" else range(len(rest))
            expected.append(float(base.max() - hidden.logits(module, rest, places)[-1].log_softmax(-1)[base.argmax()]))
    assert found.first.effects == pytest.approx(expected, abs=1e-8)
    mean = sum(expected) / 6
    assert found.first.mean == pytest.approx(mean)
    assert found.first.deviation == pytest.approx((sum((x - mean) ** 2 for x in expected) / 5) ** 0.5)


# Models whose numbers depend on the length of the prompt


@pytest.mark.crossed(2)
@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
@pytest.mark.parametrize("length", [6, 8, 9, 10, 13])
@pytest.mark.parametrize("how", ["delete", "mask"])
def test_across_the_length_that_switches_rotary_factors(kind: str, length: int, how: str) -> None:
    """A prompt of 9 tokens without one is read with the factors of 8."""
    settings = rotary.dynamic() if kind == "dynamic" else rotary.longrope(8)
    module = build("llama", rope_parameters=settings, context=8 if kind == "dynamic" else 32)
    fresh = deepcopy(module)
    tokens = [(7 * i * i + 3 * i + 5) % VOCAB for i in range(length)]
    with rerun.exactly():
        found = words(unembed.wrap(module), tokens, 44, by="token", how=how)
        for unit in found.units[:-1]:
            kept = [p for p in range(length) if p not in unit.positions]
            places = range(length - 1) if how == "delete" else kept
            row = hidden.logits(deepcopy(fresh), [tokens[p] for p in kept], places)[-1]
            assert unit.without.log_probability == pytest.approx(float(row.log_softmax(-1)[44]), abs=1e-8), unit


# The source of an encoder-decoder

SOURCE, DECODER = (5, 9, 77, 31, 2), (0, 12)
_OF_TEXT = ("bart", "marian", "mbart", "t5")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", _OF_TEXT)
@pytest.mark.parametrize("how", ["delete", "mask", "replace=id:23", "swap"])
def test_words_of_a_source_equal_full_runs(model_type: str, how: str) -> None:
    module = random_encoder_decoders.build(model_type)
    other = [token + 3 for token in SOURCE]
    with rerun.exactly():
        model = unembed.with_source(unembed.wrap(module), list(SOURCE))
        answer = list(ANSWER)
        given = other if how == "swap" else None
        found = words(model, list(DECODER), by="token", how=how, answer=answer, other=given)
        assert [unit.positions for unit in found.units] == [(p,) for p in range(5)]
        assert {unit.mark for unit in found.units} == {None}

        def run(gone: set[int]) -> float:
            source, seen = list(SOURCE), [1] * 5
            if how == "delete":
                source, seen = [t for p, t in enumerate(SOURCE) if p not in gone], [1] * (5 - len(gone))
            elif how == "mask":
                seen = [int(p not in gone) for p in range(5)]
            else:
                source = [(23 if how != "swap" else other[p]) if p in gone else t for p, t in enumerate(SOURCE)]
            with torch.no_grad():
                logits = module(
                    input_ids=torch.tensor([source]),
                    attention_mask=torch.tensor([seen]),
                    decoder_input_ids=torch.tensor([[*DECODER, *ANSWER[:-1]]]),
                ).logits[0, -3:]
            return log_probability(logits)

        for unit in found.units:
            assert unit.without.log_probability == pytest.approx(run(set(unit.positions)), abs=1e-7)
            assert unit.effect == pytest.approx(run(set()) - run(set(unit.positions)), abs=1e-7)


# What is refused


@pytest.mark.parametrize(
    ("prompt", "asked", "said"),
    [
        ("w5", {}, "The prompt is one unit, 'w5'"),
        ("w5 w6 w7", {"by": "sentence"}, "The prompt is one unit, 'w5 w6 w7'"),
        ("w5 w6", {"by": [(0, 9)]}, "The span 0-9 is empty or outside the text of 5 characters"),
        ("w5 w6", {"by": [(3, 3)]}, "The span 3-3 is empty"),
        ("w5 w6", {"by": [(0, 4), (3, 5)]}, "shares a token with the one before it"),
        ("w5 w6", {"by": [(2, 3)]}, "of which nothing can go"),
        ("w5 w6", {"by": []}, r"Expected spans of characters such as \[\(4, 11\), \(15, 21\)\], found \[\]"),
        ("w5 w6", {"by": "turn"}, "Turns are those of a chat"),
        ("w5 w6", {"by": "letter"}, "Expected units by token, word"),
        ("w5 w6", {"answer": ""}, "The answer is empty"),
        ("w5 w6", {"answer": []}, "The answer is empty"),
        ("w5 w6", {"answer": "w7", "target": "w8"}, "leave the target out"),
        ("w5 w6", {"how": "swap"}, "give both or neither"),
        ("w5 w6", {"how": "delete", "other": "w7 w8"}, "give both or neither"),
        ("w5 w6", {"how": "swap", "other": "w5 w6 w7"}, "prompts that align: 2 and 3 tokens"),
        ("w5 w6", {"how": "swap", "other": "w5 w6"}, "the same tokens in every unit"),
        ("w5 w6", {"how": "replace"}, "delete, mask, replace=TOKEN or swap"),
        ("w5 w6", {"how": "replace="}, "delete, mask, replace=TOKEN or swap"),
        ("w5 w6", {"how": "delete=w7"}, "delete, mask, replace=TOKEN or swap"),
        ("w5 w6", {"how": "replace=w5000"}, "not in the vocabulary"),
        ("w5 w6", {"how": "replace=w7 w8"}, "'w7 w8' is 2: 'w7' 'w8'. Give one of them"),
        ("w5 w6", {"how": "replace=w7", "keep_sink": True}, "keep_sink is for delete and mask"),
        ("w5 w6", {"keep_sink": True}, "knows no token that begins a text"),
        ("w5 w6", {"shapley": True, "exact": 15}, "expected 0 to 14"),
        ("w5 w6 w7", {"shapley": True, "exact": 1, "samples": 1}, "Expected 2 pairs of orders"),
        (text_of([5] * 65), {}, "The prompt has 65 tokens"),
        (text_of([5] * 63), {"answer": [1, 2, 3]}, "A prompt of 63 tokens and an answer of 3 exceed the 64"),
        ([{"role": "user", "content": "w5 w6"}], {}, "has no chat template"),
        ([5, 6], {"by": "word"}, "take --by token"),
    ],
)
def test_what_cannot_be_asked_is_refused(prompt, asked: dict, said: str) -> None:
    model = unembed.wrap(build("gpt2"), numbered(VOCAB))
    with pytest.raises(InputError, match=said):
        words(model, prompt, **asked)


@pytest.mark.parametrize("how", ["replace=w23", "swap"])
def test_logits_that_overflow_are_refused(how: str) -> None:
    module = build("gpt2", dtype=torch.float32)
    with torch.no_grad():
        module.transformer.wte.weight[23] = 3e38
    model = unembed.wrap(module, numbered(VOCAB))
    assert words(model, "w5 w6 w7").value.probability > 0
    with pytest.raises(ModelError, match=r"not finite \(NaN or infinity\) to the prompt with some of it gone by"):
        words(model, "w5 w6 w7", how=how, other="w5 w23 w7" if how == "swap" else None)


TEMPLATE = "{% for m in messages %}w1 w2 {{ m['content'] }} {% endfor %}w3"


@pytest.mark.parametrize("how", HOWS[:3])
def test_the_one_turn_of_a_chat_can_go_since_the_template_asks(how: str) -> None:
    tokenizer = numbered(VOCAB)
    tokenizer.chat_template = TEMPLATE
    module = build("llama")
    with rerun.exactly():
        asked = [{"role": "user", "content": "w7 w11"}]
        (unit,) = words(unembed.wrap(module, tokenizer), asked, "w44", by="turn", how=how).units
        assert (unit.text, unit.positions, unit.mark) == ("w7 w11", (2, 3), None)
        places = (0, 1, 4) if how == "mask" else (0, 1, 2)
        tokens = (1, 2, 3)
        if how == "replace=w23":
            tokens, places = (1, 2, 23, 23, 3), tuple(range(5))
        row = hidden.logits(module, tokens, places)[-1]
        assert unit.without.log_probability == pytest.approx(float(row.log_softmax(-1)[44]), abs=1e-8)


def test_words_that_the_tokenizer_does_not_know_are_words_of_a_source() -> None:
    tokenizer = numbered(VOCAB, eos_token="w2")
    model = unembed.with_source(unembed.wrap(random_encoder_decoders.build("t5"), tokenizer), "w5 unheard w9 w2")
    found = words(model, [0])
    assert [(unit.text, unit.positions) for unit in found.units] == [("w5", (0,)), ("unheard", (1,)), ("w9", (2,))]


def test_a_span_across_a_token_is_widened_and_said() -> None:
    found = words(unembed.wrap(build("gpt2"), numbered(VOCAB)), "w15 w26 w37", by=[(1, 5)])
    assert found.units[0].positions == (0, 1)
    assert found.notes == ("The span 1-5 ('15 w') is widened to whole tokens: 'w15 w26'.",)


@pytest.mark.parametrize("how", ["delete", "mask"])
def test_a_source_of_one_unit_and_one_of_no_text_are_refused(how: str) -> None:
    model = unembed.with_source(unembed.wrap(random_encoder_decoders.build("t5")), [5])
    with pytest.raises(InputError, match="is one unit"):
        words(model, [0], by="token", how=how)
    whisper = unembed.wrap(random_encoder_decoders.build("whisper"))
    heard = unembed.with_source(whisper, inputs={"input_features": torch.randn(1, 8, 18, dtype=torch.float64)})
    with pytest.raises(InputError, match="no source of text"):
        words(heard, [0], by="token", how=how)


def test_the_whole_source_gone_is_refused_where_its_shapley_values_are_asked() -> None:
    model = unembed.with_source(unembed.wrap(random_encoder_decoders.build("t5")), [5, 6])
    for how in ("delete", "mask"):
        with pytest.raises(InputError, match="Nothing of the source is left"):
            words(model, [0], by="token", how=how, shapley=True)
