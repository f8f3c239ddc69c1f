"""A target of several tokens as a whole, against a plain run of the module for each of its tokens.

The models are float64, but norms and softmaxes of some compute in float32 (u = 1.2e-7): probabilities agree to 1e-5 of
themselves.
"""

from copy import deepcopy

import pytest
import torch
from transformers import PreTrainedTokenizerFast

import unembed
from builders import random_encoder_decoders
from builders.random_models import build
from builders.rotary import dynamic, longrope
from builders.tokenizers_of_kinds import byte_level, sentence_piece
from builders.words import make_tokenizer
from unembed.methods.explain import explain
from unembed.methods.whole_target import space_notes
from unembed.models.prompts import tokenize
from unembed.models.targets import target_tokens

PROMPT, TARGET = "the capital of France is", " unplayful Rome"
SWITCH = 20


def one_by_one(module, before: list[int], target: tuple[int, ...], **source) -> float:
    """The product of the probabilities of the tokens, each from a run of a fresh module that ends before it."""
    found = 1.0
    for place, token in enumerate(target):
        fresh = deepcopy(module)
        fresh.set_attn_implementation("eager")
        ids = torch.tensor([[*before, *target[:place]]])
        with torch.no_grad():
            given = {"decoder_input_ids": ids} if source else {"input_ids": ids}
            found *= float(fresh(**given, **source, use_cache=False).logits[0, -1].double().softmax(-1)[token])
    return found


def _wrapped(kind: str, tokenizer: PreTrainedTokenizerFast, **settings) -> tuple[unembed.Model, torch.nn.Module]:
    module = build(kind, vocab_size=len(tokenizer), **settings)
    return unembed.wrap(module, tokenizer, name=kind), deepcopy(module)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3_moe"])
@pytest.mark.parametrize("tokenizer", [byte_level, sentence_piece])
def test_it_is_the_product_over_its_tokens(kind: str, tokenizer) -> None:
    model, module = _wrapped(kind, tokenizer(), context=64)
    target = target_tokens(model, TARGET, PROMPT)
    assert len(target) > 3
    whole = explain(model, PROMPT, TARGET, test=False).whole_target
    expected = one_by_one(module, list(tokenize(model, PROMPT)), target)
    assert (whole.tokens, whole.text) == (target, TARGET)
    assert whole.probability == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["longrope", "dynamic"])
def test_it_holds_where_the_target_crosses_a_switch_of_lengths(kind: str) -> None:
    """Where each token of the target changes the numbers of the earlier ones."""
    by_kind = {"longrope": (longrope(SWITCH), 64), "dynamic": (dynamic(), SWITCH)}
    settings = dict(zip(("rope_parameters", "context"), by_kind[kind], strict=True))
    model, module = _wrapped("llama", byte_level(), **settings)
    ids = list(tokenize(model, PROMPT))
    target = target_tokens(model, TARGET, PROMPT)
    ids = [*([1] * (SWITCH - 2 - len(ids))), *ids]
    assert len(ids) < SWITCH < len(ids) + len(target) - 1
    whole = explain(model, ids, TARGET, test=False).whole_target
    assert whole.tokens == target
    assert whole.probability == pytest.approx(one_by_one(module, ids, target), rel=1e-5)
    with torch.no_grad():
        together = module(torch.tensor([[*ids, *target]]), use_cache=False).logits[0].double().softmax(-1)
    once = float(torch.stack([together[len(ids) - 1 + i, token] for i, token in enumerate(target)]).prod())
    assert abs(once / whole.probability - 1) > 1e-3


def test_that_of_a_decoder_with_a_source() -> None:
    module, source = random_encoder_decoders.build("t5"), [5, 6, 7, 2]
    kept = deepcopy(module)
    model = unembed.with_source(unembed.wrap(module, make_tokenizer(), name="t5"), source)
    whole = explain(model, "the capital", "of Rome", test=False).whole_target
    expected = one_by_one(kept, [0, 2, 3], whole.tokens, input_ids=torch.tensor([source]))
    assert whole.probability == pytest.approx(expected, rel=1e-5)


def test_a_target_of_one_token_is_its_own_whole_and_an_id_no_text() -> None:
    model, _ = _wrapped("gpt2", byte_level(), context=64)
    assert explain(model, PROMPT, "a", test=False).whole_target is None
    assert explain(model, PROMPT, 5, test=False).whole_target is None


def test_paris_with_and_without_its_space(real_model: unembed.Model) -> None:
    """The hint says which of the two is probable, and what it suggests is what has that probability."""
    found = explain(real_model, "The capital of France is", "Paris", test=False)
    (hint,) = [note for note in found.notes if "its space" in note]
    other = explain(real_model, "The capital of France is", " Paris", test=False)
    assert other.target.probability > 0.5 > 100 * found.target.probability
    assert hint == (
        f"'Paris' has {found.target.probability:.2%}; ' Paris', with its space, has "
        f"{other.target.probability:.1%}: --target ' Paris' explains that."
    )
    assert not [note for note in other.notes if "its space" in note]


def test_the_hint_of_a_space_tells_of_the_same_letters() -> None:
    """`Par`, which begins `Paris`, says nothing about ` Paris`; of two words the probabilities are of the first."""
    model, _ = _wrapped("gpt2", byte_level(), context=64)
    tokenizer, vocabulary = model.tokenizer, set(model.tokenizer.get_vocab())
    whole = next(word[1:] for word in sorted(vocabulary) if word[0] == "Ġ" and len(word) > 2 and word[1:] in vocabulary)
    part, same = (tokenizer.convert_tokens_to_ids(word) for word in ("Par", whole))
    assert tokenizer.tokenize(" Paris") == ["ĠParis"]
    assert tokenizer.tokenize("Paris")[0] == "Par"
    run = unembed.record(model, PROMPT)
    with torch.no_grad():
        model.module.lm_head.weight[[part, same]] = 12 * run.normed[-1] / run.normed[-1].square().sum()
    run = unembed.record(model, PROMPT)
    last = run.length - 1
    assert run.prediction(part).probability > 0.01 > 5 * run.prediction(" Paris").probability
    assert space_notes(run, " Paris", last) == ()
    (note,) = space_notes(run, f" {whole} and more", last, option="--answer")
    asked, found = run.prediction(f" {whole}").probability, run.prediction(same).probability
    assert note == (
        f"' {whole}' has {asked:.2%}; {whole!r}, without its space, has {found:.1%}: --answer '{whole} and more' "
        "explains that."
    )
