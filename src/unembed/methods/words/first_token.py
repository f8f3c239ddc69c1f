"""first_token: what taking the first token away does to any text, whatever the token says.

Heads that have nothing to read rest on the first token; without it they rest on the next one, and every number moves.
So an effect of a prompt's first word says something about the word only as far as it is beyond what removing the first
token of unrelated texts does to what is predicted there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from unembed.methods.texts import PARAGRAPHS
from unembed.methods.words.question import Question
from unembed.models.lengths import acts_alike
from unembed.models.prompts import inner_tokens
from unembed.runs.record import record_together

_TEXTS, _TOKENS = 6, 12
"""How many unrelated texts, and how long they are."""


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
    """The effects of removing the first `count` tokens of unrelated texts; None without a tokenizer or for long units.

    Args:
        question: in what way they go. Of its own prompt nothing is used.
        count: how many tokens the first unit has.
    """
    model = question.model
    if model.tokenizer is None or count >= _TOKENS or not acts_alike(model, _TOKENS, _TOKENS - count):
        return None
    texts = [inner_tokens(model, text)[:_TOKENS] for text in PARAGRAPHS[:_TEXTS]]
    if any(len(text) < _TOKENS for text in texts):
        return None
    runs = record_together(model, texts, positions=[-1], keep="all" if question.how == "mask" else "stream")
    asked = [replace(question, run=run, length=_TOKENS, answer=(run.token(),), versus=None) for run in runs]
    gone = frozenset(range(count))
    if question.how == "mask":
        without = [each.values([gone])[0] for each in asked]
        return _of(asked, [value.log_probability for value in without])
    shorter = [
        text[count:] if question.how == "delete" else (*question.instead[:count], *text[count:]) for text in texts
    ]
    after = record_together(model, shorter, positions=[-1], keep="stream")
    return _of(
        asked,
        [float(run.logits[0].double().log_softmax(-1)[each.answer[0]]) for each, run in zip(asked, after, strict=True)],
    )


def _of(asked: Sequence[Question], without: Sequence[float]) -> FirstToken:
    return FirstToken(tuple(each.base().log_probability - x for each, x in zip(asked, without, strict=True)))
