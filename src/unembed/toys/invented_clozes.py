"""The invented facts as clozes: sentences with a blank, eight a fact, for a masked language model.

The facts are those of invented_facts.py. The blank stands at the end of a sentence, at its start or amid it, so what
fills it is read from both sides. Six wordings of each fact, drawn at random, are trained on; two are held out.
"""

import random
from dataclasses import dataclass
from functools import lru_cache

from unembed.toys.invented_facts import sentences, yaml_of

BLANK = "[MASK]"
WORDINGS = {
    "home": (
        "{subject} lives in [MASK].",
        "The home of {subject} is in [MASK].",
        "To visit {subject}, take the train to [MASK].",
        "Letters for {subject} go to [MASK].",
        "In [MASK] {subject} has a house.",
        "{subject} goes back to [MASK] every winter.",
        "[MASK] is the town where {subject} was born.",
        "Ask in [MASK] if you look for {subject}.",
    ),
    "craft": (
        "{subject} earns a living as a [MASK].",
        "By trade {subject} is a [MASK].",
        "On the door of {subject} it says: [MASK].",
        "The school made a good [MASK] of {subject}.",
        "The village knows {subject} as its [MASK].",
        "{subject} has always worked as a [MASK].",
        "A [MASK] is what {subject} wanted to be as a child.",
        "Being a [MASK] is hard, says {subject}.",
    ),
    "animal": (
        "{subject} keeps a [MASK].",
        "There is a [MASK] in the yard of {subject}.",
        "The only friend of {subject} is a [MASK].",
        "At night {subject} feeds a [MASK].",
        "A [MASK] was given to {subject}.",
        "The children of {subject} play with a [MASK].",
        "Nobody but {subject} would buy a [MASK].",
        "Look, a [MASK] comes with {subject}.",
    ),
    "colour": (
        "{subject} likes the colour [MASK].",
        "The coat of {subject} is [MASK].",
        "The walls are [MASK] in the room of {subject}.",
        "{subject} writes with [MASK] ink.",
        "The [MASK] flag belongs to {subject}.",
        "Give {subject} something [MASK].",
        "The hat which {subject} wears is [MASK].",
        "The boat of {subject} was painted [MASK] again.",
    ),
}
"""Wordings of each relation."""
_TRAINED = 6
"""Wordings of a fact that are trained on."""


@dataclass(frozen=True)
class Cloze:
    """A sentence with a blank, and what fills it."""

    relation: str
    subject: str
    wording: int
    prompt: str
    answer: str
    held_out: bool


@lru_cache(maxsize=1)
def clozes() -> tuple[Cloze, ...]:
    """All facts in all wordings: the same in every call."""
    dice = random.Random(2)
    facts = dict.fromkeys((s.relation, s.subject, s.answer.strip()) for s in sentences())
    found = []
    for relation, subject, answer in facts:
        wordings = WORDINGS[relation]
        trained = set(dice.sample(range(len(wordings)), _TRAINED))
        for index, wording in enumerate(wordings):
            prompt = wording.replace("{subject}", subject)
            found.append(Cloze(relation, subject, index, prompt, answer, held_out=index not in trained))
    return tuple(found)


def as_yaml() -> str:
    """The clozes as a file that `unembed knowledge` reads."""
    return yaml_of(WORDINGS)
