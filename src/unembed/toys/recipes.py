"""Recipes: how each toy was trained, from a seed.

| toy | recipe |
|---|---|
| zero-layer | all bigram counts of the text at once |
| one-layer | from the zero-layer weights, on text, an eighth of it stretches that repeat: so a head comes to copy |
| two-layer | half of each batch repeated random tokens, one long cosine: so induction heads come; then a quarter |
| facts | invented facts, then a while with 45 % of the answers wrong, so that probabilities do not reach 1 |
| cloze | the same facts as sentences with a blank, a BERT; then the same while |
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import InputError
from unembed.loading.shipped import TOYS
from unembed.progress import Progress, silent
from unembed.seeds import generator
from unembed.toys.cloze_training import train_clozes
from unembed.toys.facts_training import train_facts
from unembed.toys.text import corpus
from unembed.toys.training import (
    Stage,
    build,
    next_token_loss,
    repeated_rows,
    repeating,
    run,
    start_sinusoidal,
    text_rows,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertTokenizer

_BATCH = 16


@dataclass(frozen=True)
class Trained:
    """A toy in memory."""

    name: str
    module: Any
    tokenizer: "Tokenizer | BertTokenizer"
    """As it is trained; the library's own where there is one of this kind."""
    minutes: float
    """Of wall clock."""


def train(name: str, *, seed: int = 0, steps: int | None = None, progress: Progress = silent) -> Trained:
    """Train a toy.

    Args:
        name: one of `unembed.loading.shipped.TOYS`.
        seed: of the weights and the batches.
        steps: of each stage, where it has more; None for the recipe's own.
        progress: called after every step.

    Raises:
        InputError: no such toy, a bad seed, or the text is not here (`toys/text.py`).
    """
    if name not in TOYS:
        raise InputError(f"There is no toy {name!r} to train: expected one of {', '.join(TOYS)}.")
    generator(seed)
    started = time.monotonic()
    module, tokenizer = _RECIPES[name](seed, steps, progress)
    return Trained(name, module, tokenizer, (time.monotonic() - started) / 60)


def _zero_layer(seed: int, steps: int | None, progress: Progress) -> tuple[Any, "Tokenizer"]:
    text, module = corpus(), build(layers=0, d_mlp=0, seed=seed)
    counts = text.bigrams()
    stage = Stage("bigrams", 200, adamw=0.03, decay=0.0).at_most(steps)
    run(module, stage, lambda toy: _bigram_loss(toy, counts), progress)
    return module, text.tokenizer


def _bigram_loss(module: Any, counts: Float[Tensor, "vocab vocab"]) -> Float[Tensor, ""]:
    """Mean of `-log P` over all pairs of a text, by their counts, of a model that sees one token, in nats."""
    logits = module.model.embed_tokens.weight @ module.lm_head.weight.T
    return -(counts * logits.log_softmax(-1)).sum() / counts.sum()


def _one_layer(seed: int, steps: int | None, progress: Progress) -> tuple[Any, "Tokenizer"]:
    text, random = corpus(), generator(seed)
    start, _ = _zero_layer(seed, steps, progress)
    module = build(layers=1, d_mlp=0, seed=seed)
    start_sinusoidal(module)
    for mine, its in ((module.model.embed_tokens, start.model.embed_tokens), (module.lm_head, start.lm_head)):
        mine.load_state_dict(its.state_dict())

    def loss(toy: nn.Module) -> Tensor:
        plain = text_rows(text.train, _BATCH - _BATCH // 8, random)
        repeated = repeating(text_rows(text.train, _BATCH // 8, random), random)
        return next_token_loss(toy, torch.cat([plain, repeated]))

    run(module, Stage("text, some of it repeating", 2500, adamw=2e-3, muon=0.02).at_most(steps), loss, progress)
    return module, text.tokenizer


def _two_layer(seed: int, steps: int | None, progress: Progress) -> tuple[Any, "Tokenizer"]:
    text, random = corpus(), generator(seed)
    module, weights = build(layers=2, d_mlp=0, seed=seed), text.unigrams().sqrt()
    start_sinusoidal(module)

    def loss(repeated: int) -> Callable[[Any], Tensor]:
        def draw(toy: nn.Module) -> Tensor:
            plain = text_rows(text.train, _BATCH - repeated, random)
            return next_token_loss(toy, torch.cat([plain, repeated_rows(weights, repeated, random)]))

        return draw

    first = Stage("text and as many repeated tokens", 2600, adamw=4e-3, muon=0.02).at_most(steps)
    second = Stage("text and fewer repeated tokens", 1400, adamw=3e-3, muon=0.01).at_most(steps)
    run(module, first, loss(_BATCH // 2), progress)
    run(module, second, loss(_BATCH // 4), progress)
    return module, text.tokenizer


_RECIPES: dict[str, Callable[[int, int | None, Progress], tuple[Any, Any]]] = {
    "zero-layer": _zero_layer,
    "one-layer": _one_layer,
    "two-layer": _two_layer,
    "facts": train_facts,
    "cloze": train_clozes,
}
