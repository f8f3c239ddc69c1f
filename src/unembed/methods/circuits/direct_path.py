"""The direct path: what a model says of a token by its embedding and unembedding alone, the zero-layer model in it.

    logits[token] = W_U norm(W_E[token]) + b_U     (after the soft-cap, where there is one)

*A Mathematical Framework for Transformer Circuits* (Elhage et al. 2021), "Zero-Layer Transformers": with no layers the
best a model can do is the bigram statistics of its text. Exact for the stream that holds the embedding and nothing
else, the norm's scale included; a learned position embedding is left out. It is a whole token generator: embed the
current token, unembed the next.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError, ModelError, counted
from unembed.methods.circuits.head_circuits import Ranked
from unembed.models.model import Model
from unembed.models.prompts import in_vocabulary, inner_tokens
from unembed.models.refusals import decoders_only, next_token_only
from unembed.models.unembedding import unembedded
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted
from unembed.seeds import generator

_CHUNK = 256
FEWEST = 100
"""Bigrams that a text needs for statistics."""


@dataclass(frozen=True)
class BigramAgreement:
    """How the direct path compares with the bigrams of a text."""

    bigrams: int
    """In the text."""
    kinds: int
    """Different ones."""
    correlation: float | None
    """Pearson, between the direct path's log-probability and the log of the count of each bigram that occurs, each
    bigram weighed by its count; log-counts are relative to the first token's. None where one of them is the same for
    all bigrams."""
    loss: float
    """Mean of `-log P_direct(next | token)`, in nats."""
    bigram_entropy: float
    """The least that any predictor from the last token alone can reach on this text, in nats."""
    unigram_entropy: float
    """The least without looking at the last token."""


@torch.no_grad()
def direct_logits(model: Model, tokens: Sequence[int]) -> Float[Tensor, "token vocab"]:
    """The logits of the direct path for each token.

    Raises:
        InputError: a token outside the vocabulary.
        ModelError: logits that are not finite.
    """
    decoders_only(model, "The direct path")
    next_token_only(model, "The direct path")
    ids = torch.tensor(in_vocabulary(model, tuple(tokens)), device=model.device)
    logits = unembedded(model, model.embed(ids[None])[0])[2]
    damaged = (~logits.isfinite()).any(1).nonzero()
    if len(damaged):
        token = tokens[int(damaged[0])]
        raise ModelError(f"The direct path of token {token} of {model.name} is not finite: its weights are damaged.")
    return logits


def follows(model: Model, token: int, *, top: int = 10) -> list[Ranked]:
    """What follows a token by the direct path alone: the most likely tokens, with their probability."""
    probabilities = direct_logits(model, [token])[0].double().softmax(-1)
    found = probabilities.topk(min(counted(top), model.vocab))
    return [Ranked(*pair) for pair in zip(found.indices.tolist(), found.values.tolist(), strict=True)]


def agreement_with(model: Model, text: str | Sequence[int], *, progress: Progress = silent) -> BigramAgreement:
    """How well the direct path agrees with the bigrams of a text (or of token ids, of any length).

    `progress` is called after every few of the text's different tokens.

    Raises:
        InputError: fewer than `FEWEST` bigrams, or text without a tokenizer.
    """
    tokens = inner_tokens(model, text)
    counts = Counter(itertools.pairwise(tokens))
    total = len(tokens) - 1
    if total < FEWEST:
        raise InputError(f"Expected a text of at least {FEWEST + 1} tokens for bigram statistics, found {len(tokens)}.")
    rows = list(_log_probabilities(model, counts, progress))
    weight = torch.tensor([count for count, _, _ in rows], dtype=torch.float64)
    said, counted = (torch.tensor([row[k] for row in rows], dtype=torch.float64) for k in (1, 2))
    return BigramAgreement(
        bigrams=total,
        kinds=len(counts),
        correlation=weighted_correlation(said, counted, weight),
        loss=-float((weight * said).sum() / total),
        bigram_entropy=-float((weight * counted).sum() / total),
        unigram_entropy=_entropy(Counter(tokens[1:])),
    )


@prompted
@torch.no_grad()
def continued(
    prompt: Prompt,
    count: int,
    *,
    seed: int = 0,
    greedy: bool = False,
    progress: Progress = silent,
) -> list[int]:
    """`count` tokens drawn from the direct path, each from the token before it alone; `progress` is called after each.

    Raises:
        InputError: an empty prompt, a bad seed, or text without a tokenizer.
    """
    random = generator(seed)
    last, made = prompt.tokens[-1], []
    for _ in range(count):
        probabilities = direct_logits(prompt.model, [last])[0].double().softmax(-1).cpu()
        last = int(probabilities.argmax() if greedy else torch.multinomial(probabilities, 1, generator=random))
        made.append(last)
        progress("Drawing tokens", len(made) / count)
    return made


def _log_probabilities(
    model: Model, counts: Counter[tuple[int, int]], progress: Progress
) -> Iterator[tuple[int, float, float]]:
    """For each bigram: its count, `log P_direct`, and `log P` in the text."""
    followers: dict[int, list[tuple[int, int]]] = {}
    for (first, second), count in counts.items():
        followers.setdefault(first, []).append((second, count))
    firsts = list(followers)
    for start in range(0, len(firsts), _CHUNK):
        part = firsts[start : start + _CHUNK]
        logits = direct_logits(model, part).float().log_softmax(-1)
        for row, first in enumerate(part):
            total = sum(count for _, count in followers[first])
            said = logits[row, [second for second, _ in followers[first]]].tolist()
            for (_, count), log_probability in zip(followers[first], said, strict=True):
                yield count, log_probability, math.log(count / total)
        progress("Direct paths of the text", (start + len(part)) / len(firsts))


def weighted_correlation(
    x: Float[Tensor, "pair"], y: Float[Tensor, "pair"], weight: Float[Tensor, "pair"]
) -> float | None:
    """Pearson's correlation of float64 numbers, each pair weighed; None where one of them does not vary."""
    if x.min() == x.max() or y.min() == y.max():
        return None
    weight = weight / weight.sum()
    x, y = x - (weight * x).sum(), y - (weight * y).sum()
    return float((weight * x * y).sum() / ((weight * x * x).sum() * (weight * y * y).sum()).sqrt())


def _entropy(counts: Counter[int]) -> float:
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values())
