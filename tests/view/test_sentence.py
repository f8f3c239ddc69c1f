"""The sentence: over hundreds of prompts, every clause is what plain runs of the module say, and none is missing.

The toy of facts is run on random texts of its own words: what it says of most of them is unsure, and some hang on one
word, some on several, some on none.
"""

import functools
import itertools
import random
import re

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.view.glyphs import percent, told
from unembed.view.payloads import payload_of
from unembed.view.payloads.sentence import plain, sentence_of

WORDS = ["Bambo", "lives", "in", "Prague", "Paris", "the", "capital", "of", "Lumi", "likes", "to", "go", "back"]
WORDS += ["every", "winter", "home", "is"]
SEEDS, MORE = 40, 400
"""How many prompts every run tries, and `make studies`."""


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.load("toy/facts", device="cpu")


def prompts(count: int) -> list[str]:
    chosen = random.Random(0)
    return [" ".join(chosen.choices(WORDS, k=chosen.randint(2, 6))) for _ in range(count)]


@functools.cache
def explained(model: unembed.Model, prompt: str):
    """What is told of a prompt, which several tests read."""
    return payload_of(unembed.explain(model, prompt, top=2))


def chances(model: unembed.Model, tokens: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model.module(torch.tensor([tokens])).logits[0, -1].double().softmax(-1)


@pytest.mark.parametrize(
    "chosen", [range(20), range(20, SEEDS), pytest.param(range(SEEDS, MORE), marks=pytest.mark.slow)], ids=str
)
def test_every_clause_is_what_plain_runs_say(model: unembed.Model, chosen: range) -> None:
    for prompt in prompts(MORE)[chosen.start : chosen.stop]:
        found = explained(model, prompt)
        text = plain(found.sentence)
        tokens = [token.id for token in found.tokens]
        base = chances(model, tokens)
        first, second = base.topk(2).indices.tolist()
        names = {id: next(p.text for p in found.predictions if p.id == id) for id in (first, second)}
        said = [f'"{quoted(names[id])}"' for id in (first, second)]
        before = float(base[first])
        if before >= 0.2:
            assert text.startswith(f"It says {said[0]} ({percent(before)}). "), text
        else:
            ahead = f"{said[1]} ({percent(float(base[second]))})"
            assert text.startswith(f"It is unsure: {said[0]} leads with {percent(before)}, ahead of {ahead}. "), text
        check_words(model, prompt, found, said[0], before, first)
        assert text.endswith(found.answer.text)


def check_words(model, prompt: str, found, name: str, before: float, target: int) -> None:
    """The clause of words against runs of the shorter prompts."""
    tokens, text = [token.id for token in found.tokens], plain(found.sentence)
    after = []
    for unit in found.words.units:
        left = [token for p, token in enumerate(tokens) if p not in unit.positions]
        after.append(float(chances(model, left)[target]) if left else 0.0)
    beyond = unembed.words(model, prompt).first
    costs = float("inf") if beyond is None else beyond.mean + 2 * beyond.deviation
    ranked = [i for i, u in enumerate(found.words.units) if u.mark is None or (u.mark == "first" and u.effect > costs)]
    halving = sorted((i for i in ranked if after[i] <= before / 2), key=lambda i: after[i])
    named = [span.place for span in found.sentence if span.kind == "word"]
    firsts = [i for i, u in enumerate(found.words.units) if u.mark == "first" and after[i] <= before / 2]
    firsts = [i for i in firsts if i not in ranked]
    if halving:
        nats = [torch.tensor(before / after[i]).log() for i in halving]
        expected = [i for i, lost in zip(halving, nats, strict=True) if lost >= nats[0] / 2][:3]
        firsts = [i for i in firsts if after[i] < after[halving[0]]]
        others = [i for i in halving if i not in expected]
        told_too = others if len(others) == 1 else []
        assert named == [*expected, *told_too, *firsts], text
        named = expected
        assert ("Without the first, " in text) == bool(firsts)
        for i in named:
            assert f'ithout "{found.words.units[i].text}"' in text
            assert told(before, after[i])[1] in text
        assert (f"; {len(others)} more at least halve it" in text) == (len(others) > 1), text
        assert ("at least halves it as well" in text) == (len(others) == 1), text
        for i in told_too:
            assert f'; "{found.words.units[i].text}" at least halves' in text
        assert ("each word taken away alone" in text) == (len(named) > 1)
        instead = re.search(r'and it says "([^"]*)" instead', text)
        if len(named) == 1:
            left = [token for p, token in enumerate(tokens) if p not in found.words.units[named[0]].positions]
            top = int(chances(model, left).argmax())
            assert (instead is None) == (top == int(chances(model, tokens).argmax())), text
        return
    assert " falls to " not in text.split(" Without head L")[0] or "Without the first" in text, text
    if ranked:
        assert "No single word carries it: " in text
        least = min(ranked, key=lambda i: after[i])
        rest = f"{name} keeps at least {told(before, after[least])[1]}."
        assert (rest in text) == (after[least] < before), text
        assert ("taken away alone, lowers" in text) == (after[least] >= before), text
    assert named == firsts
    assert ("Without the first, " in text) == bool(firsts)


def quoted(token: str) -> str:
    return token.strip() if any(c.isalnum() for c in token) else token.replace(" ", "·")


def test_the_prompts_reach_every_clause(model: unembed.Model) -> None:
    texts = [plain(explained(model, prompt).sentence) for prompt in prompts(SEEDS)]
    for clause in (
        "It says ",
        "It is unsure: ",
        "No single word carries it: ",
        "each word taken away alone",
        " instead",
        " more at least halve it",
        " at least halves it as well",
        "Without the first, ",
    ):
        assert any(clause in text for text in texts), clause


def test_a_target_that_is_not_said_comes_after_what_is(model: unembed.Model) -> None:
    run = unembed.record(model, "Bambo lives in")
    ranks = run.logits[-1].argsort(descending=True).tolist()
    for rank, ordinal in ((2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (112, "112th")):
        found = unembed.explain(run, ranks[rank - 1])
        text = plain(sentence_of(found))
        assert text.startswith(f'It says "Prague" ({percent(found.predictions[0].probability)}); ')
        assert f" is its {ordinal} choice ({percent(found.target.probability)})." in text


def test_under_versus_a_word_is_told_by_the_lead_it_halves() -> None:
    tokenizer = make_tokenizer()
    model = unembed.wrap(build("llama", vocab_size=len(tokenizer)), tokenizer)
    seen = set()
    for target, versus in itertools.permutations((3, 5, 8, 10), 2):
        found = payload_of(unembed.explain(model, "the capital of France is", target, versus=versus))
        lead = found.ledger.value
        halving = [u.text for u in found.words.units if lead > 0 and u.difference_without <= lead / 2]
        named = [found.words.units[span.place].text for span in found.sentence if span.kind == "word"]
        assert set(named) <= set(halving)
        unmarked = {u.text for u in found.words.units if u.mark is None}
        assert named or not unmarked & set(halving)
        seen.add(bool(named))
        text = plain(found.sentence)
        assert "the lead of " in text
    assert seen == {True, False}


def test_without_tests_there_are_no_words(model: unembed.Model) -> None:
    found = payload_of(unembed.explain(model, "Bambo lives in", test=False))
    assert found.words is None
    assert plain(found.sentence).startswith("It says ")
    assert plain(found.sentence).endswith(" Nothing was zeroed.")
