"""first_token: what taking the first token away does to any text, whatever the token says.

Heads that have nothing to read rest on the first token; without it they rest on the next one, and every number moves.
So an effect of a prompt's first word says something about the word only as far as it is beyond what removing the first
token of unrelated texts does to what is predicted there.
"""

import math
from dataclasses import dataclass

import torch

from unembed.engine.texts import Text, last_streams_of_texts
from unembed.methods.texts import PARAGRAPHS
from unembed.methods.words.question import Question
from unembed.models.lengths import acts_alike
from unembed.models.prompts import inner_tokens
from unembed.models.unembedding import unembedded
from unembed.runs.record import record

_TEXTS, _TOKENS = 6, 12
"""How many unrelated texts, and how long they are."""
_PLACES = tuple(range(_TOKENS))


@dataclass(frozen=True)
class FirstToken:
    """What removing the first tokens does to the top prediction of unrelated texts. Made by `first_token`."""

    effects: tuple[float, ...]
    """In nats of its log-probability, one a text."""

    @property
    def mean(self) -> float:
        """Over the texts."""
        return math.fsum(self.effects) / len(self.effects)

    @property
    def deviation(self) -> float:
        """The standard deviation over the texts."""
        return math.sqrt(math.fsum((x - self.mean) ** 2 for x in self.effects) / (len(self.effects) - 1))


def first_token(question: Question, count: int) -> FirstToken | None:
    """The effects of removing the first `count` tokens of unrelated texts; None without a tokenizer, for long units, or
    where the numbers overflow.

    Args:
        question: in what way they go. Of its own prompt nothing is used.
        count: how many tokens the first unit has.
    """
    kept, key = question.run.kept, (first_token.__name__, question.how, count, question.instead[:count])
    if key not in kept:  # it is of no target: other questions of the run take it
        kept[key] = _first_token(question, count)
    return kept[key]


def _first_token(question: Question, count: int) -> FirstToken | None:
    model = question.model
    if model.tokenizer is None or count >= _TOKENS or not acts_alike(model, _TOKENS, _TOKENS - count):
        return None
    texts = [inner_tokens(model, text)[:_TOKENS] for text in PARAGRAPHS[:_TEXTS]]
    if any(len(text) < _TOKENS for text in texts):
        return None
    # Texts of one length are other texts of any run of that length: all are made in one walk.
    run = record(model, texts[0])
    both = [*(Text(text, _PLACES) for text in texts), *(_without(question, text, count) for text in texts)]
    with torch.no_grad():
        log_p = unembedded(model, last_streams_of_texts(run, both)[:, 0])[2].double().log_softmax(-1)
    whole, without = log_p[: len(texts)], log_p[len(texts) :]
    if not bool(log_p.isfinite().all()):  # an overflow in texts that nobody asked about
        return None
    top = whole.argmax(-1, keepdim=True)
    return FirstToken(tuple((whole.gather(-1, top) - without.gather(-1, top))[:, 0].tolist()))


def _without(question: Question, text: tuple[int, ...], count: int) -> Text:
    if question.how == "delete":
        return Text(text[count:], _PLACES[:-count])
    if question.how == "mask":
        return Text(text[count:], _PLACES[count:])
    return Text((*question.instead[:count], *text[count:]), _PLACES)
