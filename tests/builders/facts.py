"""A fact of a dozen words, texts, and what plain runs say of them."""

from collections.abc import Sequence

import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.methods.knowledge.facts import Fact
from unembed.models.model import Model
from unembed.models.prompts import tokenize

TEXTS = ("the capital of Rome is a new Paris", "a new Rome is the capital", "Paris is a new of the", "is a of new Rome")
FACT = Fact("capital", "France", "Paris", ("the capital of France is", "a new France is", "of France is"), "Paris")


def model_of(model_type: str, **words: object) -> Model:
    return unembed.wrap(build(model_type, **words), make_tokenizer())


def logits(model: Model, tokens: Sequence[int]) -> torch.Tensor:
    with torch.no_grad():
        return model.module(torch.tensor([tokens]), use_cache=False).logits[0].double()


def probability(model: Model, prompt: str, answer: str) -> float:
    """Of an answer of one or several tokens, from plain runs."""
    tokens, product = list(tokenize(model, prompt)), 1.0
    for token in model.tokenizer(answer, add_special_tokens=False)["input_ids"]:
        product *= float(logits(model, tokens)[-1].softmax(-1)[token])
        tokens.append(token)
    return product
