"""A whole answer, explained: its numbers against a plain run of the module, its terms against a ledger of each token
from a run of its own, and every zeroed part against a full run with that part set by a hook.

Most families take the softmax of attention in float32, also in a float64 model: within `exactly()` they do not.
"""

import math
from copy import deepcopy

import pytest
import torch
from transformers import PreTrainedTokenizerFast

import unembed
from builders import random_encoder_decoders
from builders.masked_models import masked_by, word_pieces
from builders.random_models import MIXTURES, build, each_family
from builders.rotary import dynamic
from builders.tokenizers_of_kinds import byte_level, sentence_piece
from builders.words import make_tokenizer, numbered
from oracles.full_runs import logits, part_set
from oracles.rerun import exactly
from unembed.errors import InputError, LedgerError
from unembed.ledger import answer_ledger as module_of_ledgers
from unembed.methods.explain_answer import AnswerExplanation, explain_answer
from unembed.models.targets import target_tokens

PROMPT, ANSWER = (3, 50, 7, 11, 96), (44, 8, 61, 9)
WHOLE = (*PROMPT, *ANSWER[:-1])
PLACES = range(len(PROMPT) - 1, len(WHOLE))
GRAINS = ("sublayer", "head", "source", "neuron", "source+neuron")
CLOSE = 1e-6
"""Effects are read in float32."""


def log_probabilities(rows: torch.Tensor, answer=ANSWER) -> list[float]:
    """Of each token of an answer, from the logits of a plain run where it is predicted."""
    return [float(row.log_softmax(-1)[token]) for row, token in zip(rows, answer, strict=True)]


def plain(module, tokens=WHOLE, count: int = len(ANSWER), **more) -> torch.Tensor:
    """The logits of the unmodified module at the last positions, with eager attention."""
    fresh = deepcopy(module)
    fresh.set_attn_implementation("eager")
    name = "decoder_input_ids" if more else "input_ids"
    with torch.no_grad():
        return fresh(**{name: torch.tensor([list(tokens)])}, **more, use_cache=False).logits[0, -count:].double()


def check(found: AnswerExplanation, rows: torch.Tensor, answer=ANSWER) -> None:
    """The numbers of the tokens, and that every way to add up the ledger gives the model's own number."""
    expected, close = log_probabilities(rows, answer), 1e-10 * float(rows.abs().max())
    assert [token.prediction.token for token in found.answer] == list(answer)
    assert [token.log_probability for token in found.answer] == pytest.approx(expected, abs=close)
    assert found.log_probability == pytest.approx(math.fsum(expected), abs=len(answer) * close)
    assert found.probability == pytest.approx(math.exp(math.fsum(expected)), rel=1e-6)
    for token, row in zip(found.answer, rows, strict=True):
        above = float(row[token.prediction.token] - row.mean())
        assert token.value == pytest.approx(above, abs=close)
        assert token.normaliser == pytest.approx(float(row.logsumexp(-1) - row.mean()), abs=close)
        assert token.instead.token == int(row.argmax())
    terms = found.ledger.entries()
    assert math.fsum(term.value for term in terms) == pytest.approx(math.fsum(expected), abs=found.ledger.tolerance)
    assert abs(found.ledger.error) <= found.ledger.tolerance < 1e-8 * float(rows.abs().max())
    for number, value in enumerate(expected):
        assert math.fsum(term.by_token[number] for term in terms) == pytest.approx(value, abs=found.ledger.tolerance)
    for term in terms:
        assert term.value == pytest.approx(math.fsum(term.by_token), abs=1e-12 + 1e-12 * abs(term.value))


def key(term) -> tuple:
    return term.kind, term.layer, term.head, term.expert, term.neuron, term.source


def one_by_one(model, by: str) -> dict[tuple, list[float]]:
    """The terms of each token's ledger, from a run that ends where the token is predicted."""
    found: dict[tuple, list[float]] = {}
    for number, token in enumerate(ANSWER):
        run = unembed.record(model, (*PROMPT, *ANSWER[:number]))
        for term in unembed.decompose(unembed.readout(run, token), by=by).terms():
            found.setdefault(key(term), [0.0] * len(ANSWER))[number] += term.value
    return found


@each_family
def test_the_ledger_sums_to_the_models_log_probability(model_type: str) -> None:
    module = build(model_type)
    with exactly():
        model = unembed.wrap(module, name=model_type)
        grains = GRAINS if model.d_mlp else ("sublayer", "head", "source")
        for by in grains:
            found = explain_answer(model, PROMPT, ANSWER, by=by, test=False)
            check(found, plain(module))
            expected = one_by_one(model, by)
            for term in found.ledger.entries()[:-1]:
                shares = expected.pop(key(term), [0.0] * len(ANSWER))
                assert list(term.by_token) == pytest.approx(shares, abs=1e-9), term.label
            assert all(value == pytest.approx(0, abs=1e-12) for shares in expected.values() for value in shares)


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_an_expert_adds_nothing_where_it_did_not_run(model_type: str) -> None:
    found = explain_answer(unembed.wrap(build(model_type)), PROMPT, ANSWER, by="neuron", test=False)
    experts = {term.expert for term in found.ledger.entries() if term.layer == 1 and term.expert is not None}
    assert len(experts) > 2  # of which two run for a token
    some = [term for term in found.ledger.entries() if term.expert is not None and 0.0 in term.by_token]
    assert len(some) > 48


@pytest.mark.parametrize("reference", ["mean", "raw"])
def test_the_sum_does_not_depend_on_the_reference(reference: str) -> None:
    module = build("gemma2")
    found = explain_answer(unembed.wrap(module), PROMPT, ANSWER, reference=reference, test=False)
    rows = plain(module)
    assert found.log_probability == pytest.approx(sum(log_probabilities(rows)), abs=1e-6)
    means = 0.0 if reference == "raw" else float(rows.mean(-1).sum())
    assert found.reference == pytest.approx(means, abs=1e-5)
    assert found.ledger.entries()[-1].value == pytest.approx(means - float(rows.logsumexp(-1).sum()), abs=1e-5)


@pytest.mark.parametrize("length", [1, 2, 12])
def test_one_forward_pass_however_long_the_answer_is(length: int) -> None:
    module = build("llama")
    model = unembed.wrap(module)
    calls = []
    hook = module.register_forward_pre_hook(lambda *_: calls.append(1))
    explain_answer(model, PROMPT, [40 + n for n in range(length)], by="source+neuron", test=False)
    hook.remove()
    assert len(calls) == 1


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "phi", "gpt_neo", "opt", "mixtral", "gpt_oss"])
def test_every_zeroed_part_equals_a_full_run(model_type: str) -> None:
    model = unembed.wrap(build(model_type), name=model_type)
    found = explain_answer(model, PROMPT, ANSWER, top=model.layers * model.heads)
    base = sum(log_probabilities(logits(model, WHOLE)[list(PLACES)]))
    assert len(found.heads) == model.layers * model.heads
    largest = 0.0
    for part in (*found.heads, *found.sublayers):
        term = part.term
        with part_set(model, "head" if term.head is not None else term.kind, term.layer, term.head, PLACES):
            gone = sum(log_probabilities(logits(model, WHOLE)[list(PLACES)]))
        assert part.zeroed.nats == pytest.approx(gone - base, abs=10 * CLOSE), term.label
        largest = max(largest, abs(gone - base))
    assert largest > 0.1
    sizes = [abs(part.zeroed.nats) for part in found.heads]
    assert sizes == sorted(sizes, reverse=True)
    assert [part.zeroed.rank for part in found.heads] == [1 + sum(b > a for b in sizes) for a in sizes]


def test_heads_of_credit_and_of_effect_are_shown() -> None:
    model = unembed.wrap(build("llama", layers=4, heads=6, d_model=48))
    every = explain_answer(model, PROMPT, ANSWER, top=24)
    credit = sorted(every.heads, key=lambda part: -abs(part.term.value))[:2]
    effect = every.heads[:2]
    found = explain_answer(model, PROMPT, ANSWER, top=2)
    labels = {part.term.label for part in found.heads}
    assert labels == {part.term.label for part in (*credit, *effect)}
    assert found.heads_limit == pytest.approx(abs(every.heads[0].zeroed.nats))  # the first of 24
    for part in found.heads:
        assert abs(part.term.by_token[part.most]) == max(map(abs, part.term.by_token))
        run = unembed.record(model, (*PROMPT, *ANSWER[: part.most]))
        pattern = run.layers[part.term.layer].heads.pattern[part.term.head, -1]
        assert dict(part.looks_at) == pytest.approx(
            {p: float(pattern[p]) for p in pattern.argsort(descending=True)[:3].tolist()}, abs=1e-6
        )


@pytest.mark.parametrize("model_type", ["bart", "t5", "marian"])
def test_of_an_encoder_decoder(model_type: str) -> None:
    module, source = random_encoder_decoders.build(model_type), [5, 6, 7, 2]
    with exactly():
        model = unembed.with_source(unembed.wrap(module, name=model_type), source)
        for by in GRAINS:
            found = explain_answer(model, PROMPT, ANSWER, by=by, test=by == "head")
            check(found, plain(module, input_ids=torch.tensor([source])))
    assert {term.kind for term in found.ledger.entries()} >= {"head", "cross_attention", "neuron", "log_normaliser"}


def test_a_blank_holds_an_answer_of_one_token() -> None:
    model = masked_by(word_pieces(), "bert")
    prompt = "the capital of france is [MASK] in a city"
    found = explain_answer(model, prompt, "paris")
    run = unembed.record(model, prompt)
    (token,) = found.answer
    assert (token.position, token.prediction) == (6, run.prediction("paris", position=6))
    assert found.log_probability == pytest.approx(math.log(token.prediction.probability), abs=1e-6)
    assert explain_answer(model, prompt, test=False).answer[0].prediction.token == run.token()
    with pytest.raises(InputError, match=r"A blank of .* holds one token, but 'paris in' is 2 there"):
        explain_answer(model, prompt, "paris in", test=False)


def test_a_recorded_run_is_the_run_of_an_answer_of_one_token() -> None:
    run = unembed.record(unembed.wrap(build("llama")), PROMPT)
    found = explain_answer(run, [44], test=False)
    assert found.run is run
    assert found.log_probability == pytest.approx(math.log(run.prediction(44).probability), abs=1e-9)


def test_a_ledger_that_does_not_add_up_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(module_of_ledgers, "_log_probability", lambda row, token: float(row[token]))
    with pytest.raises(LedgerError, match="The ledger of the answer does not add up"):
        explain_answer(unembed.wrap(build("llama")), PROMPT, ANSWER, test=False)


def test_what_a_16_bit_run_rounded_is_a_term() -> None:
    module = build("llama", dtype=torch.bfloat16)
    found = explain_answer(unembed.wrap(module), PROMPT, ANSWER, by="head", test=False)
    assert abs(found.ledger.error) <= found.ledger.tolerance < 1e-3
    data = found.to_dict()["ledger"]
    (rounding,) = [term for term in data["terms"] if term["kind"] == "rounding"]
    assert rounding["value"] == pytest.approx(sum(term["value"] for term in data["rounding"]))
    assert sum(term["value"] for term in data["terms"]) == pytest.approx(data["sum"], abs=1e-9)


# What the model says by itself


def greedily(module, tokens, count: int) -> list[int]:
    said = module.generate(torch.tensor([list(tokens)]), max_new_tokens=count, do_sample=False)
    return said[0, len(tokens) :].tolist()


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "mixtral"])
def test_auto_is_what_transformers_generates(model_type: str) -> None:
    module = build(model_type)
    module.generation_config.eos_token_id = None
    expected = greedily(module, PROMPT, 6)
    model = unembed.wrap(module)
    found = explain_answer(model, PROMPT, "auto", answer_tokens=6, test=False)
    assert found.generated
    assert [token.prediction.token for token in found.answer] == expected
    assert [token.prediction.rank for token in found.answer] == [1] * 6
    assert "cut at 6 tokens" in found.notes[-1]
    check_close = plain(module, (*PROMPT, *expected[:-1]), 6)
    assert found.log_probability == pytest.approx(sum(log_probabilities(check_close, expected)), abs=1e-5)
    # The token that ends the text is left out, and what ends at once is refused.
    module.generation_config.eos_token_id = expected[3]
    first = expected.index(expected[3])
    if first:
        ended = explain_answer(model, PROMPT, test=False)
        assert [token.prediction.token for token in ended.answer] == expected[:first]
        assert "which is left out" in ended.notes[-1]
    module.generation_config.eos_token_id = expected[0]
    with pytest.raises(InputError, match="ends its answer at once"):
        explain_answer(model, PROMPT, test=False)


def test_auto_stops_where_the_model_reads_no_more() -> None:
    module = build("gpt2", context=8)
    module.generation_config.eos_token_id = None
    found = explain_answer(unembed.wrap(module), PROMPT, test=False)
    assert len(found.answer) == 8 - len(PROMPT) + 1
    with pytest.raises(InputError, match="at least one token of an answer"):
        explain_answer(unembed.wrap(module), PROMPT, answer_tokens=0)


# Answers that are none, too long, or written otherwise


def wrapped(tokenizer: PreTrainedTokenizerFast, **settings) -> unembed.Model:
    return unembed.wrap(build("llama", vocab_size=len(tokenizer), **settings), tokenizer, name="tiny")


METHODS = {
    "explain_answer": lambda model, prompt, answer: explain_answer(model, prompt, answer, test=False),
    "words": lambda model, prompt, answer: unembed.words(model, prompt, by="token", answer=answer),
    "ablate": lambda model, prompt, answer: unembed.ablate(model, prompt, answer=answer),
    "patch": lambda model, prompt, answer: unembed.patch(model, prompt, prompt, answer=answer),
    "attribute": lambda model, prompt, answer: unembed.attribute(model, prompt, answer),
}
"""Every method that reads a whole answer."""
each_method = pytest.mark.parametrize("method", METHODS)


@each_method
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "The answer is empty"),
        ([], "The answer is empty"),
        ([1, 2, 3, 4, 5], r"A prompt of 60 tokens and an answer of \d+ exceed the 63 that .* reads"),
        ([97], "is not in the vocabulary"),
    ],
)
def test_answers_that_cannot_be_read_are_refused(method: str, answer, said: str) -> None:
    model = unembed.wrap(build("gpt2", context=63), numbered(97))
    with pytest.raises(InputError, match=said):
        METHODS[method](model, [3 + n % 50 for n in range(60)], answer)


@each_method
def test_an_answer_that_would_change_the_prompts_own_numbers_is_refused(method: str) -> None:
    model = unembed.wrap(build("llama", rope_parameters=dynamic(), context=12))
    with pytest.raises(InputError, match="is read in one run"):
        METHODS[method](model, [3 + n for n in range(10)], [5, 6, 7, 8])


@pytest.mark.parametrize("tokenizer", [byte_level, sentence_piece])
def test_an_answer_is_the_continuation_of_a_prompt_that_stays_as_it_is(tokenizer) -> None:
    """Also where the tokenizer would join its beginning with the prompt's last token, which a note says."""
    model = wrapped(tokenizer())
    prompt, answer = "children play", "ers and children"
    together, before = (list(unembed.record(model, text).tokens) for text in (prompt + answer, prompt))
    assert together[: len(before)] != before
    found = explain_answer(model, prompt, answer, test=False)
    ids = [token.prediction.token for token in found.answer]
    assert found.run.tokens == (*before, *ids[:-1])
    assert model.tokenizer.decode([*before, *ids], skip_special_tokens=True) == prompt + answer
    (note,) = [note for note in found.notes if "own last token would change" in note]
    assert "Explained is the answer after the prompt as it stands." in note
    assert [n for n in unembed.words(model, prompt, answer=answer).notes if "own last token would change" in n]
    assert not [n for n in explain_answer(model, prompt, " and", test=False).notes if "own last token" in n]


def test_a_text_is_the_same_answer_as_its_tokens() -> None:
    model = wrapped(byte_level())
    ids = target_tokens(model, " is Paris and", "the capital of France")
    one, other = (
        explain_answer(model, "the capital of France", answer, test=False) for answer in (" is Paris and", ids)
    )
    assert len(ids) > 2
    assert [token.prediction for token in one.answer] == [token.prediction for token in other.answer]
    assert one.ledger.entries() == other.ledger.entries()


def test_a_target_beside_an_answer_is_refused() -> None:
    model = unembed.wrap(build("gpt2"), make_tokenizer())
    for ask in (
        lambda: unembed.ablate(model, PROMPT[:2], 5, answer=[6]),
        lambda: unembed.patch(model, [3, 4], [3, 5], 5, answer=[6]),
        lambda: unembed.words(model, [3, 4], 5, answer=[6], by="token"),
    ):
        with pytest.raises(InputError):
            ask()


def test_what_is_to_say_of_a_source_is_said_once() -> None:
    tokenizer = make_tokenizer()
    module = random_encoder_decoders.build("bart")
    model = unembed.with_source(unembed.wrap(module, tokenizer), "the capital of <extra_id_0> is")
    (said,) = [note for note in explain_answer(model, [0, 3], [4, 5], test=False).notes if "<extra_id_0>" in note]
    assert "read as plain text" in said
