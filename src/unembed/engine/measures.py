"""measures: what is read from the logits of a counterfactual version.

A measure maps logits `row position vocab` (at the positions asked for) to one number a row, or to several. Any callable
will do; these are the field's. Positions stand for the tokens of a target of several tokens, in their order.

Tokens are given as ids, or as text (with its leading space, where there is one): `logit(" Paris", versus=" the")`. Text
is looked up in the vocabulary of the model whose run is measured, when it is measured.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import overload

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.models.blanks import Blank, asked_position
from unembed.models.model import Model
from unembed.models.prompts import Given, tokenize
from unembed.models.reprs import Brief
from unembed.models.targets import Before, Target, answer_tokens, target_tokens
from unembed.models.unembedding import log_normaliser, logits_of, wide

__all__ = [
    "Measure",
    "Question",
    "kl_from",
    "log_odds",
    "log_probability",
    "logit",
    "probability",
    "question",
    "several",
]


@dataclass(frozen=True, repr=False)
class TokenMeasure(Brief):
    """A measure that needs the logits of some tokens, and perhaps `log sum_v exp(logit_v)`: no need for all logits."""

    tokens: tuple[int, ...]
    normalised: bool
    of: Callable[[Float[Tensor, "row position token"], Float[Tensor, "row position"] | None], Tensor]
    without: int | None = None
    """A token that the sum leaves out."""

    def __call__(self, logits: Float[Tensor, "row position vocab"]) -> Float[Tensor, "row *value"]:
        """Of all logits, where they are at hand."""
        logits = wide(logits)
        summed = logits
        if self.without is not None:
            summed = logits.clone()
            summed[..., self.without] = -torch.inf
        return self.of(logits[..., list(self.tokens)], summed.logsumexp(-1) if self.normalised else None)

    def of_normed(self, model: Model, y: Float[Tensor, "row position d_unembedding"]) -> Float[Tensor, "row *value"]:
        """Of what the unembedding reads, without the logits of the whole vocabulary."""
        normaliser = log_normaliser(model, y, without=self.without) if self.normalised else None
        return self.of(logits_of(model, y, self.tokens), normaliser)


@dataclass(frozen=True)
class TextMeasure:
    """A measure of tokens that were given as text: which ids they have, the model says whose run is measured."""

    text: str
    """As it was written."""
    within: Callable[[Model, Before], TokenMeasure] = field(repr=False)
    """The measure with the ids of a model, of a text that follows a prompt."""


Measure = Callable[[Float[Tensor, "row position vocab"]], Float[Tensor, "row *value"]] | TextMeasure
"""A `TokenMeasure`, one whose tokens are still text, or any callable of all logits."""
Known = Callable[[Float[Tensor, "row position vocab"]], Float[Tensor, "row *value"]]
"""A measure whose tokens are ids."""


def known(measure: Measure, model: Model, after: Before = None) -> Known:
    """A measure with its text looked up in the vocabulary of a model, as it follows a prompt.

    Raises:
        InputError: the text is not in it, or is more tokens than the measure reads.
    """
    return measure.within(model, after) if isinstance(measure, TextMeasure) else measure


@overload
def log_probability(tokens: int | Sequence[int]) -> TokenMeasure: ...
@overload
def log_probability(tokens: str) -> TextMeasure: ...
def log_probability(tokens: str | int | Sequence[int]) -> TokenMeasure | TextMeasure:
    """`sum_j log P(token_j | prompt, earlier tokens)`, in nats; position `j` is where token `j` is predicted.

    Args:
        tokens: text, a token id, or ids. Of several tokens the run is of the prompt and all of them but the last, and
            `at` says where each is predicted (`question` gives both).
    """
    if isinstance(tokens, str):
        return TextMeasure(tokens, lambda model, after: log_probability(target_tokens(model, tokens, after)))
    ids = (tokens,) if isinstance(tokens, int) else tuple(tokens)
    order = list(range(len(ids)))

    def measure(chosen: Tensor, normaliser: Tensor | None) -> Tensor:
        assert normaliser is not None
        if chosen.shape[1] != len(ids):
            raise InputError(
                f"An answer of {len(ids)} tokens is read at as many positions, found {chosen.shape[1]}.\n"
                "Give at=question.positions."
            )
        return (chosen[:, order, order] - normaliser).sum(-1)

    return TokenMeasure(ids, True, measure)


@overload
def probability(tokens: int | Sequence[int]) -> TokenMeasure: ...
@overload
def probability(tokens: str) -> TextMeasure: ...
def probability(tokens: str | int | Sequence[int]) -> TokenMeasure | TextMeasure:
    """`prod_j P(token_j | prompt, earlier tokens)`; the tokens as in `log_probability`."""
    if isinstance(tokens, str):
        return TextMeasure(tokens, lambda model, after: probability(target_tokens(model, tokens, after)))
    log = log_probability(tokens)
    return TokenMeasure(log.tokens, True, lambda chosen, normaliser: log.of(chosen, normaliser).exp())


def summed_logit(tokens: Sequence[int]) -> TokenMeasure:
    """`sum_j logit(token_j)`, each where it is predicted; the tokens as in `log_probability`."""
    ids = tuple(tokens)
    order = list(range(len(ids)))
    return TokenMeasure(ids, False, lambda chosen, _: chosen[:, order, order].sum(-1))


@overload
def log_odds(token: int) -> TokenMeasure: ...
@overload
def log_odds(token: str) -> TextMeasure: ...
def log_odds(token: str | int) -> TokenMeasure | TextMeasure:
    """`log(P / (1 - P))` of a token at the first position read, in nats; `P` is its logistic function.

    It is the token's logit minus `log sum exp` of all other logits, so it tells 99.999 % from 99.9999 %, where
    `1 - P` is lost to rounding.

    Args:
        token: text of one token, or a token id.
    """
    if isinstance(token, str):
        return TextMeasure(token, lambda model, after: log_odds(_one(model, token, after)))

    def measure(chosen: Tensor, others: Tensor | None) -> Tensor:
        assert others is not None
        return chosen[:, 0, 0] - others[:, 0]

    return TokenMeasure((token,), True, measure, without=token)


@overload
def logit(token: int, versus: int | None = None) -> TokenMeasure: ...
@overload
def logit(token: str, versus: str | int | None = None) -> TextMeasure: ...
@overload
def logit(token: int, versus: str) -> TextMeasure: ...
def logit(token: str | int, versus: str | int | None = None) -> TokenMeasure | TextMeasure:
    """The logit of a token at the first position read; above that of `versus`, where given: the logit difference.

    Args:
        token: text of one token, or a token id.
        versus: the other token.
    """
    if isinstance(token, str) or isinstance(versus, str):
        if versus is None:
            return TextMeasure(str(token), lambda model, after: logit(_one(model, token, after)))
        return TextMeasure(
            f"{token} versus {versus}",
            lambda model, after: logit(_one(model, token, after), _one(model, versus, after)),
        )
    if versus is None:
        return TokenMeasure((token,), False, lambda chosen, _: chosen[:, 0, 0])
    return TokenMeasure((token, versus), False, lambda chosen, _: chosen[:, 0, 0] - chosen[:, 0, 1])


def _one(model: Model, token: str | int, after: Before) -> int:
    ids = target_tokens(model, token, after)
    if len(ids) != 1:
        raise InputError(f"A logit is of one token, but {token!r} is {len(ids)} tokens of {model.name}.")
    return ids[0]


def kl_from(logits: Float[Tensor, "position vocab"]) -> Known:
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


@overload
def several(*measures: TokenMeasure) -> TokenMeasure: ...
@overload
def several(*measures: TokenMeasure | TextMeasure) -> TokenMeasure | TextMeasure: ...
def several(*measures: TokenMeasure | TextMeasure) -> TokenMeasure | TextMeasure:
    """The measures side by side: `row measure`.

    Raises:
        InputError: log-odds beside a measure that sums over other tokens (a probability is their logistic function).
    """
    texts = [m.text for m in measures if isinstance(m, TextMeasure)]
    if texts:
        return TextMeasure(
            ", ".join(texts), lambda model, after: _side_by_side([_ids(m, model, after) for m in measures])
        )
    return _side_by_side([m for m in measures if isinstance(m, TokenMeasure)])


def _ids(measure: TokenMeasure | TextMeasure, model: Model, after: Before) -> TokenMeasure:
    return measure.within(model, after) if isinstance(measure, TextMeasure) else measure


def _side_by_side(measures: Sequence[TokenMeasure]) -> TokenMeasure:
    ends = list(itertools.accumulate(len(m.tokens) for m in measures))
    left_out = {m.without for m in measures if m.normalised}
    if len(left_out) > 1:
        raise InputError("Log-odds stand beside logits only: they sum over other tokens than a probability does.")

    def measure(chosen: Tensor, normaliser: Tensor | None) -> Tensor:
        parts = [chosen[..., end - len(m.tokens) : end] for m, end in zip(measures, ends, strict=True)]
        return torch.stack([m.of(part, normaliser) for m, part in zip(measures, parts, strict=True)], -1)

    tokens = tuple(token for m in measures for token in m.tokens)
    return TokenMeasure(tokens, bool(left_out), measure, without=next(iter(left_out), None))


@dataclass(frozen=True, repr=False)
class Question(Brief):
    """A prompt and the answer whose probability is read: `P(answer | prompt) = prod_j P(answer_j | tokens before)`."""

    tokens: tuple[int, ...]
    """The prompt, and all of the answer but its last token."""
    answer: tuple[int, ...]
    blank: int | None = None
    """The position that the answer fills, of a masked language model."""

    @property
    def positions(self) -> tuple[int, ...]:
        """Where the tokens of the answer are predicted."""
        if self.blank is not None:
            return (self.blank,)
        return tuple(range(len(self.tokens) - len(self.answer), len(self.tokens)))

    @property
    def prompt(self) -> tuple[int, ...]:
        """Without the answer."""
        return self.tokens[: len(self.tokens) - len(self.answer) + 1]

    @property
    def probability(self) -> TokenMeasure:
        """Of the whole answer."""
        return probability(self.answer)


def question(model: Model, prompt: Given, answer: Target) -> Question:
    """A prompt and its answer as tokens.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        answer: the text that follows (with its leading space, where there is one), a token id, or ids. Of a masked
            language model, the one token that fills the (first) blank.

    Raises:
        InputError: either is empty, not in the vocabulary, or too long together; of a masked language model, there is
            no blank, or the answer is no single token.
    """
    ids, text = tokenize(model, prompt), prompt if isinstance(prompt, str) else None
    if model.fills_blanks:
        place = asked_position(model, ids)
        return Question(ids, answer_tokens(model, answer, Blank(text, ids, place), len(ids)), blank=place)
    target = answer_tokens(model, answer, ids if text is None else text, len(ids))
    return Question(tokens=(*ids, *target[:-1]), answer=target)
