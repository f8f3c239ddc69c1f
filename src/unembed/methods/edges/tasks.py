"""Tasks: pairs of prompts that differ in what a behaviour hangs on, made here by seed. All words are common ones.

    ioi            When Mary and John went to the store, John gave a drink to   ->  Mary, not John
                   corrupted: a third person gives (Wang et al. 2022)
    greater-than   The war lasted from the year 1743 to the year 17             ->  a later decade, not an earlier one
    induction      two words that follow each other, the first of them again    ->  the second one
    agreement      The keys near the table                                      ->  are, not is
    facts          The capital of France is                                     ->  Paris, not Rome
    docstring      def get(self, size, path, user): ... :param size: ... :param ->  path, the argument that comes next
                   corrupted: another argument stands there (Heimersheim and Janiak 2023)

A prompt is kept where the model reads both of the pair as many tokens long, and both answers as one token.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unembed.errors import InputError, counted
from unembed.methods.prompt_sets import unmarked
from unembed.models.model import Model
from unembed.models.prompts import tokenize
from unembed.models.targets import target_tokens


@dataclass(frozen=True)
class PromptPair:
    """A pair of prompts with the two tokens of its metric."""

    clean: str
    corrupt: str
    target: str
    versus: str
    marked: tuple[str, str] | None = None
    """Both prompts with their positions named (methods/prompt_sets.py)."""

    @property
    def row(self) -> dict[str, str]:
        """The pair as a row of a data set."""
        names = ("prompt", "corrupt") if self.marked is None else ("marked", "marked_corrupt")
        texts = self.marked or (self.clean, self.corrupt)
        return {**dict(zip(names, texts, strict=True)), "target": self.target, "versus": self.versus}


_NAMES = [
    "Mary",
    "John",
    "Tom",
    "James",
    "Robert",
    "Michael",
    "William",
    "David",
    "Richard",
    "Joseph",
    "Thomas",
    "Daniel",
    "Paul",
    "Mark",
    "George",
    "Kevin",
]
_PLACES = ("store", "park", "school", "garden", "station", "office")
_THINGS = ("drink", "book", "ring", "letter", "ball", "key")


def _ioi(of: random.Random) -> PromptPair:
    """Indirect objects: the corrupted prompt names a third person where the subject is repeated."""
    one, other, third = of.sample(_NAMES, 3)
    first, second = of.sample([one, other], 2)
    names = {one: "IO", other: "S1"}
    start, end = (
        f"When {{{names[first]}:{first}}} and {{{names[second]}:{second}}} went to the {of.choice(_PLACES)},",
        f"gave a {of.choice(_THINGS)} to",
    )
    marked = f"{start} {{S2:{other}}} {end}", f"{start} {{S2:{third}}} {end}"
    clean, corrupt = (unmarked(text)[0] for text in marked)
    return PromptPair(clean, corrupt, f" {one}", f" {other}", marked)


def _greater_than(of: random.Random) -> PromptPair:
    """The corrupted prompt starts with a year of the first decade, after which every decade is later."""
    noun = of.choice(("war", "journey", "project", "reign", "study"))
    century, tens, ones = of.choice((16, 17, 18)), of.randint(3, 7), of.randint(2, 8)

    def prompt(year: str) -> str:
        return f"The {noun} lasted from the year {century}{year} to the year {century}"

    return PromptPair(prompt(f"{tens}{ones}"), prompt("01"), str(tens + 1), str(tens - 2))


def _induction(of: random.Random) -> PromptPair:
    """The corrupted prompt ends with another of the words before."""
    words = of.sample([*_PLACES, *_THINGS, "river", "window", "paper", "table", "music", "horse", "stone", "water"], 8)
    one, other = of.sample(range(1, 5), 2)
    text, again = " ".join(words[:6]), words[one - 1]
    return PromptPair(
        f"{text} {words[6]} {again}", f"{text} {words[6]} {words[other - 1]}", f" {words[one]}", f" {words[other]}"
    )


_NOUNS = (
    ("key", "keys"),
    ("boy", "boys"),
    ("dog", "dogs"),
    ("book", "books"),
    ("teacher", "teachers"),
    ("car", "cars"),
)


def _agreement(of: random.Random) -> PromptPair:
    """The corrupted prompt has the noun in the other number."""
    pair, near = of.choice(_NOUNS), of.choice(("table", "door", "house", "window", "park", "school"))
    many = of.random() < 0.5
    verbs = (" is", " are")
    return PromptPair(
        f"The {pair[many]} near the {near}", f"The {pair[not many]} near the {near}", verbs[many], verbs[not many]
    )


_CAPITALS = (
    ("France", "Paris"),
    ("Italy", "Rome"),
    ("Germany", "Berlin"),
    ("Spain", "Madrid"),
    ("England", "London"),
    ("Russia", "Moscow"),
    ("Japan", "Tokyo"),
    ("China", "Beijing"),
)


def _facts(of: random.Random) -> PromptPair:
    """The corrupted prompt asks about another country."""
    (country, capital), (other, its) = of.sample(_CAPITALS, 2)
    start = of.choice(("The capital of", "The capital city of", "Everyone knows that the capital of"))
    return PromptPair(f"{start} {country} is", f"{start} {other} is", f" {capital}", f" {its}")


_ARGUMENTS = ("size", "path", "user", "name", "data", "text", "line", "date", "node", "list", "code", "file", "time")


def _docstring(of: random.Random) -> PromptPair:
    """The corrupted prompt has another argument in the place of the one that is to be documented next."""
    *names, other = of.sample(_ARGUMENTS, 5)
    about = of.sample([*_PLACES, *_THINGS], 4)
    known = of.choice((1, 2))

    def prompt(word: str) -> str:
        words = [*names[:known], word, *names[known + 1 :]]
        told = "".join(f"\n    :param {name}: the {thing}" for name, thing in zip(names[:known], about, strict=False))
        return f'def get(self, {", ".join(words)}):\n    """{about[-1]} of {about[-2]}\n{told}\n    :param'

    return PromptPair(prompt(names[known]), prompt(other), f" {names[known]}", f" {other}")


TASKS: dict[str, Callable[[random.Random], PromptPair]] = {
    "ioi": _ioi,
    "greater-than": _greater_than,
    "induction": _induction,
    "agreement": _agreement,
    "facts": _facts,
    "docstring": _docstring,
}
"""By the name that a person types."""
_TRIES = 20
"""Prompts that are drawn for each that is wanted, at most."""


def task_prompts(model: Model, task: str, count: int, *, seed: int = 0) -> tuple[PromptPair, ...]:
    """Different prompts of a task that this model reads as they are meant.

    Raises:
        InputError: no such task, or the model's tokenizer splits too many of its words.
    """
    if task not in TASKS:
        raise InputError(f"Expected a task of {', '.join(TASKS)}, or a file of prompts (.jsonl); found {task!r}.")
    found: dict[PromptPair, None] = {}
    for prompt in _drawn(task, counted(count, "the number of prompts", least=1), seed):
        if len(found) < count and prompt not in found and _fits(model, prompt):
            found[prompt] = None
    if len(found) < count:
        raise InputError(
            f"Of the task {task} this model reads {len(found)} different prompts as they are meant, and {count} were "
            "asked for: its tokenizer splits the others' words, or there are no more.\nAsk for fewer, or give a file."
        )
    return tuple(found)


def task_rows(task: str, count: int = 100, *, seed: int = 0) -> list[dict[str, str]]:
    """Different pairs of a task as rows of a data set, for any model: what one cannot read it says itself."""
    return [pair.row for pair in list(dict.fromkeys(_drawn(task, count, seed)))[:count]]


def _drawn(task: str, count: int, seed: int) -> Iterator[PromptPair]:
    of = random.Random(f"{task} {seed}")
    return (TASKS[task](of) for _ in range(_TRIES * count))


def _fits(model: Model, prompt: PromptPair) -> bool:
    if len(tokenize(model, prompt.clean)) != len(tokenize(model, prompt.corrupt)):
        return False
    try:
        found = [target_tokens(model, word, prompt.clean) for word in (prompt.target, prompt.versus)]
    except InputError:  # the vocabulary lacks a word
        return False
    return all(len(ids) == 1 for ids in found) and found[0] != found[1]


_FIELDS = ("clean", "corrupt", "target", "vs")


def read_prompts(text: str, what: str = "The file of prompts") -> tuple[PromptPair, ...]:
    """Pairs of prompts in JSON lines, each with `clean`, `corrupt`, `target` and `vs`.

    Raises:
        InputError: a line is no such object, or there are none.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputError(f"{what} has no prompts: expected one pair a line, with {', '.join(_FIELDS)}.")
    return tuple(_read(number, line, what) for number, line in lines)


def _read(number: int, line: str, what: str) -> PromptPair:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputError(f"Line {number} of {what} is no JSON: {error}.") from error
    words = [found.get(name) for name in _FIELDS] if isinstance(found, dict) else []
    texts = [word for word in words if isinstance(word, str)]
    if len(texts) != len(_FIELDS):
        raise InputError(f"Line {number} of {what} is no pair of prompts: expected the texts {', '.join(_FIELDS)}.")
    clean, corrupt, target, versus = texts
    return PromptPair(clean, corrupt, target, versus)
