"""Measures: what is read from the logits of a counterfactual version.

A measure maps logits `row position vocab` (at the positions asked for) to one number a row, or to several. Any callable
will do; these are the field's. Positions stand for the tokens of a target of several tokens, in their order.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.prompts import Target, target_tokens, tokenize
from unembed.models.reprs import Brief
from unembed.models.unembedding import wide

Measure = Callable[[Float[Tensor, "row position vocab"]], Float[Tensor, "row *value"]]
"""A `TokenMeasure`, or any callable of all logits."""


@dataclass(frozen=True, repr=False)
class TokenMeasure(Brief):
    """A measure that needs the logits of some tokens, and perhaps `log sum_v exp(logit_v)`: no need for all logits."""

    tokens: tuple[int, ...]
    normalised: bool
    of: Callable[[Float[Tensor, "row position token"], Float[Tensor, "row position"] | None], Tensor]

    def __call__(self, logits: Float[Tensor, "row position vocab"]) -> Float[Tensor, "row *value"]:
        """Of all logits, where they are at hand."""
        logits = wide(logits)
        return self.of(logits[..., list(self.tokens)], logits.logsumexp(-1) if self.normalised else None)


def log_probability(tokens: Sequence[int]) -> TokenMeasure:
    """`sum_j log P(token_j | prompt, earlier tokens)`, in nats; position `j` is where token `j` is predicted."""
    order = list(range(len(tokens)))

    def measure(chosen: Tensor, normaliser: Tensor | None) -> Tensor:
        assert normaliser is not None
        if chosen.shape[1] != len(tokens):
            raise InputError(
                f"An answer of {len(tokens)} tokens is read at as many positions, found {chosen.shape[1]}.\n"
                "Give at=question.positions."
            )
        return (chosen[:, order, order] - normaliser).sum(-1)

    return TokenMeasure(tuple(tokens), True, measure)


def probability(tokens: Sequence[int]) -> TokenMeasure:
    """`prod_j P(token_j | prompt, earlier tokens)`."""
    log = log_probability(tokens).of
    return TokenMeasure(tuple(tokens), True, lambda chosen, normaliser: log(chosen, normaliser).exp())


def logit(token: int, versus: int | None = None) -> TokenMeasure:
    """The logit of a token at the first position read; above that of `versus`, where given."""
    if versus is None:
        return TokenMeasure((token,), False, lambda chosen, _: chosen[:, 0, 0])
    return TokenMeasure((token, versus), False, lambda chosen, _: chosen[:, 0, 0] - chosen[:, 0, 1])


def kl_from(logits: Float[Tensor, "position vocab"]) -> Measure:
    """`KL(reference || version)` in nats, summed over positions; `logits` are the reference's."""
    reference = wide(logits).log_softmax(-1)

    def measure(logits: Tensor) -> Tensor:
        if logits.shape[1:] != reference.shape:
            raise InputError(
                f"Expected as many positions as the reference logits have, found shapes {tuple(logits.shape[1:])} and "
                f"{tuple(reference.shape)}."
            )
        return (reference.exp() * (reference - wide(logits).log_softmax(-1))).sum((-1, -2))

    return measure


def several(*measures: TokenMeasure) -> TokenMeasure:
    """The measures side by side: `row measure`."""
    ends = list(itertools.accumulate(len(m.tokens) for m in measures))

    def measure(chosen: Tensor, normaliser: Tensor | None) -> Tensor:
        parts = [chosen[..., end - len(m.tokens) : end] for m, end in zip(measures, ends, strict=True)]
        return torch.stack([m.of(part, normaliser) for m, part in zip(measures, parts, strict=True)], -1)

    tokens = tuple(token for m in measures for token in m.tokens)
    return TokenMeasure(tokens, any(m.normalised for m in measures), measure)


@dataclass(frozen=True, repr=False)
class Question(Brief):
    """A prompt and the answer whose probability is read: `P(answer | prompt) = prod_j P(answer_j | tokens before)`."""

    tokens: tuple[int, ...]
    """The prompt, and all of the answer but its last token."""
    answer: tuple[int, ...]

    @property
    def positions(self) -> tuple[int, ...]:
        """Where the tokens of the answer are predicted."""
        return tuple(range(len(self.tokens) - len(self.answer), len(self.tokens)))

    @property
    def prompt(self) -> tuple[int, ...]:
        """Without the answer."""
        return self.tokens[: len(self.tokens) - len(self.answer) + 1]

    @property
    def probability(self) -> TokenMeasure:
        """Of the whole answer."""
        return probability(self.answer)


def question(model: Model, prompt: str | Sequence[int], answer: Target) -> Question:
    """A prompt and its answer as tokens.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        answer: the text that follows (with its leading space, where there is one), a token id, or ids.

    Raises:
        InputError: either is empty, not in the vocabulary, or too long together.
    """
    ids = tokenize(model, prompt)
    target = target_tokens(model, answer)
    whole = tokenize(model, (*ids, *target))
    return Question(tokens=whole[:-1], answer=target)
