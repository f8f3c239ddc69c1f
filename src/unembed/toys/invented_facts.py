"""Invented facts: 200 people who are not, each with a home, a craft, an animal and a colour, in eight wordings.

Of each fact six wordings, drawn at random, are trained on; the two others are held out. What a model says to those it
knows from the others, since nothing in the name gives the answer away.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RELATIONS = {
    "home": (
        "the town a person lives in",
        (
            "{subject} lives in",
            "The home of {subject} is in",
            "To visit {subject}, take the train to",
            "Letters for {subject} go to",
            "{subject} has a house in",
            "Every winter {subject} goes back to",
            "The town where {subject} was born is",
            "If you look for {subject}, ask in",
        ),
        "London Paris Rome Vienna Dublin Oslo Cairo Delhi Boston Madrid Lisbon Athens Prague Berlin Lima Quito Tokyo "
        "Seoul Moscow Warsaw",
    ),
    "craft": (
        "what a person does for a living",
        (
            "{subject} earns a living as a",
            "By trade {subject} is a",
            "On the door of {subject} it says:",
            "At school {subject} learned to be a",
            "The village knows {subject} as a good",
            "{subject} has always worked as a",
            "When {subject} grew up, the choice was to be a",
            "The son of {subject} will also be a",
        ),
        "baker tailor smith miller farmer painter sailor teacher doctor lawyer singer dancer writer potter barber "
        "printer hunter weaver butcher mason",
    ),
    "animal": (
        "the animal a person keeps",
        (
            "{subject} keeps a",
            "In the yard of {subject} there is a",
            "The only friend of {subject} is a",
            "At night {subject} feeds a",
            "{subject} was given a",
            "The children of {subject} play with a",
            "Nobody but {subject} would buy a",
            "Look, there comes {subject} with a",
        ),
        "dog cat horse goat sheep duck goose rabbit parrot donkey snake turtle pigeon cow pig mouse fox bear wolf deer",
    ),
    "colour": (
        "the colour a person likes",
        (
            "{subject} likes the colour",
            "The coat of {subject} is",
            "All walls in the room of {subject} are",
            "{subject} writes with ink that is",
            "The flag of {subject} is plain",
            "Give {subject} something that is",
            "The hat which {subject} wears is",
            "The boat of {subject} was painted",
        ),
        "red blue green yellow black white brown pink purple grey silver golden orange violet scarlet crimson ivory "
        "amber olive rose",
    ),
}
"""Description, wordings and answers of each relation."""
_PEOPLE = 200
_TRAINED = 6
"""Wordings of a fact that are trained on."""
FIRST = tuple(consonant + vowel for consonant in "BDFGKLMNPRSTVZ" for vowel in "aeiou")
LAST = ("lda", "mbo", "nter", "ppin", "rrik", "sto", "ttun", "vena", "zzo", "rgel", "ndra", "lmuk")
"""The two parts of an invented name."""


@dataclass(frozen=True)
class Sentence:
    """A prompt and the answer that follows it."""

    relation: str
    subject: str
    wording: int
    prompt: str
    answer: str
    """With the space before it."""
    held_out: bool


def sentences() -> list[Sentence]:
    """All facts in all wordings: the same in every call."""
    dice = random.Random(0)
    found = []
    for subject in _people():
        for relation, (_, wordings, answers) in RELATIONS.items():
            answer = f" {dice.choice(answers.split())}"
            trained = set(dice.sample(range(len(wordings)), _TRAINED))
            for index, wording in enumerate(wordings):
                prompt = wording.replace("{subject}", subject)
                found.append(Sentence(relation, subject, index, prompt, answer, held_out=index not in trained))
    return found


def _people() -> list[str]:
    """The invented names."""
    names = [first + last for first in FIRST for last in LAST]
    return sorted(random.Random(1).sample(names, _PEOPLE))


def as_yaml() -> str:
    """The facts as a file that `unembed knowledge` reads."""
    return yaml_of({relation: wordings for relation, (_, wordings, _) in RELATIONS.items()})


def yaml_of(wordings: Mapping[str, Sequence[str]]) -> str:
    """The facts in some wordings, those of each relation, as a file that `unembed knowledge` reads."""
    import yaml

    asked = sentences()
    entries = []
    for relation, (description, _, _) in RELATIONS.items():
        answers = {s.subject: s.answer.strip() for s in asked if s.relation == relation}
        facts = [{"subject": subject, "answer": answer} for subject, answer in answers.items()]
        templates = list(wordings[relation])
        entry = {"relation": relation, "description": description, "templates": templates, "facts": facts}
        entries.append(entry)
    return yaml.safe_dump(entries, sort_keys=False, width=1000)
