"""How a model is asked for a fact: by a prompt that ends where the answer begins, or by a sentence with a blank.

Facts are written for models that predict what comes next, or as clozes. A masked language model is asked at a blank,
so a prompt of its that has none gets one at its end: `The capital of France is` is asked as `The capital of France is
[MASK].` A blank holds one token. A prompt at which the answer is of several, or that is longer than the model reads,
cannot be asked: it is left out where many facts are, with a note, and refused where one fact is.

Files of facts in the wild hold many that a model does not know. `only` keeps those of a kind:

    known        the answer is the top prediction, each of its tokens, in at least half of the prompts
    one-token    the answer is one token after every prompt
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from unembed.engine.measures import Question, question
from unembed.errors import InputError
from unembed.methods.knowledge.facts import Fact, Relation, facts_for
from unembed.models.blanks import BLANKS, blank_text, respelled, with_blank
from unembed.models.cloze import cloze
from unembed.models.model import Model
from unembed.models.prompts import tokenize
from unembed.models.reprs import Brief
from unembed.progress import Progress, silent
from unembed.runs.record import record

_Only = Literal["known", "one-token"]
"""Of which kind facts are, that are kept."""


@dataclass(frozen=True, repr=False)
class Asking(Brief):
    """Some facts as a model is asked for them. Made by `asking`."""

    facts: tuple[Fact, ...]
    """With the prompts that it can be asked by."""
    left_out: tuple[tuple[Fact, int], ...]
    """What else was given, with how many of its prompts cannot be asked."""
    why: str
    """Why not, for the first of them."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out."""
        if not self.left_out:
            return ()
        names = ", ".join(f"{fact.subject} ({fact.answer})" for fact, _ in self.left_out[:3])
        names += ", …" if len(self.left_out) > 3 else ""
        prompts = sum(count for _, count in self.left_out)
        one = "prompt is" if prompts == 1 else "prompts are"
        return (f"{prompts} {one} left out, of {names}.\nWhy, of the first: {self.why}",)


def as_asked(model: Model, relation: Relation) -> Relation:
    """A relation with its prompts as the model reads them: for a masked model each has a blank."""
    return replace(relation, facts=tuple(with_blanks(model, fact) for fact in relation.facts))


def with_blanks(model: Model, fact: Fact) -> Fact:
    """A fact with a blank in each of its prompts, for a masked model; as it is for others."""
    if not model.fills_blanks:
        return fact
    return replace(fact, prompts=tuple(dict.fromkeys(with_blank(model, p, fact.target) for p in fact.prompts)))


def asked_of(model: Model, fact: Fact) -> Fact:
    """A fact with the prompts by which the model can be asked for it.

    Raises:
        InputError: there is none: the answer is of several tokens at the blank, or unknown, or the prompts are too
            long; or a prompt has a blank, and the model predicts what comes next.
    """
    found = asking(model, [fact])
    if not found.facts:
        raise InputError(found.why)
    return found.facts[0]


def asking(model: Model, facts: Sequence[Fact]) -> Asking:
    """Facts with the prompts by which the model can be asked for them; those that have none are left out.

    Raises:
        InputError: a prompt has a blank, and the model predicts what comes next.
    """
    if not model.fills_blanks:
        for fact in facts:
            _check_no_blank(model, fact)
        return Asking(tuple(facts), (), "")
    found, left_out, reasons = [], [], []
    for fact in (with_blanks(model, fact) for fact in facts):
        refusals = {prompt: _refusal(model, prompt, fact.target) for prompt in fact.prompts}
        asked = tuple(prompt for prompt, refused in refusals.items() if refused is None)
        if asked:
            found.append(replace(fact, prompts=asked))
        if len(asked) < len(fact.prompts):
            left_out.append((fact, len(fact.prompts) - len(asked)))
            reasons += [refused for refused in refusals.values() if refused is not None]
    return Asking(tuple(found), tuple(left_out), reasons[0] if reasons else "")


def only(
    model: Model, relation: Relation, kinds: Collection[str], *, most: int | None = None, progress: Progress = silent
) -> Relation:
    """The facts of a relation that are of every one of some kinds; a note of the relation counts the others.

    Args:
        model: from `load` or `wrap`.
        relation: of which facts are kept, in its order.
        kinds: "known", "one-token"; none keeps all facts.
        most: how many are kept; no fact after the last of them is asked.
        progress: called after each fact.

    Raises:
        InputError: another kind, or no fact is left.
    """
    check_kinds(kinds)
    if not kinds:
        return relation.of(relation.facts[:most])
    found: list[Fact] = []
    gone: Counter[str] = Counter()
    for done, fact in enumerate(relation.facts, 1):
        if len(found) == most:
            break
        lacking = next((kind for kind in get_args(_Only) if kind in kinds and not _is(model, fact, kind)), None)
        if lacking is None:
            found.append(fact)
        else:
            gone[lacking] += 1
        progress("choosing facts", done / len(relation.facts))
    notes = tuple(
        f"{count} {'fact is' if count == 1 else 'facts are'} left out: {_NOT[k]}." for k, count in gone.items()
    )
    if not found:
        raise InputError(f"No fact of {relation.name} is left.\n{' '.join(notes)}")
    return replace(relation, facts=tuple(found), left_out=(*relation.left_out, *notes))


def check_kinds(kinds: Collection[str]) -> None:
    """Refuse what is no kind of facts.

    Raises:
        InputError: one is none.
    """
    if wrong := [kind for kind in kinds if kind not in get_args(_Only)]:
        raise InputError(f"Expected only facts that are {' or '.join(get_args(_Only))}, found {wrong[0]!r}.")


_NOT = {
    "known": "the model does not give the answer to half of the prompts",
    "one-token": "the answer is of several tokens",
}


def _is(model: Model, fact: Fact, kind: str) -> bool:
    try:
        asked = [_asked_by(model, prompt, fact.target) for one in asking(model, [fact]).facts for prompt in one.prompts]
    except InputError:  # an answer that is not in the vocabulary, a prompt that is too long
        return False
    if kind == "one-token":
        return bool(asked) and all(len(one.answer) == 1 for _, one in asked)
    return bool(asked) and 2 * sum(_says(*one) for one in asked) >= len(asked)


def _asked_by(model: Model, prompt: str, target: str) -> tuple[Model, Question]:
    """The question of a prompt of a fact, and who is asked: an encoder-decoder reads the prompt as its source.

    Raises:
        InputError: as `question`.
    """
    if model.encoder is None:
        return model, question(model, prompt, target)
    reading, written = cloze(model, prompt)
    return reading, question(reading, written, target)


def _says(model: Model, asked: Question) -> bool:
    run = record(model, asked.tokens, positions=asked.positions, keep="stream")
    rows = [run.row(position) for position in asked.positions]
    return tuple(run.logits[rows].argmax(-1).tolist()) == asked.answer


def can_be_asked(model: Model, prompt: str, target: str) -> bool:
    """Whether a prompt asks for a target: in a masked model it may be of several tokens at the blank, or too long."""
    return not model.fills_blanks or _refusal(model, prompt, target) is None


def reference_texts(model: Model, *, without: str = "", every: int = 1) -> list[str]:
    """A prompt of every fact that the model is asked about with its answer, the templates in turn.

    Args:
        model: what is longer than it reads is left out.
        without: a subject; no text that mentions it is given.
        every: 6 takes only every sixth of them.
    """
    stated = [
        (fact, fact.prompts[index % len(fact.prompts)])
        for relation in facts_for(model.folder)
        for index, fact in enumerate(relation.facts)
    ]
    texts = [_stated(model, *one) for one in stated[::every]]
    return [t for t in texts if (not without or without.lower() not in t.lower()) and _fits(model, t)]


def reference_prompts(model: Model) -> list[str]:
    """The first prompt of every fact that the model is asked about, of those that it can read."""
    prompts = (fact.prompts[0] for relation in facts_for(model.folder) for fact in as_asked(model, relation).facts)
    return [prompt for prompt in prompts if _fits(model, prompt)]


def _stated(model: Model, fact: Fact, prompt: str) -> str:
    """The prompt with its answer."""
    own = blank_text(model)
    if own is None:
        return prompt + fact.target
    return respelled(model, with_blank(model, prompt, fact.target)).replace(own, fact.answer, 1)


def _refusal(model: Model, prompt: str, target: str) -> str | None:
    try:
        question(model, prompt, target)
    except InputError as error:
        return str(error)
    return None


def _fits(model: Model, text: str) -> bool:
    try:
        tokenize(model, text)
    except InputError:
        return False
    return True


def _check_no_blank(model: Model, fact: Fact) -> None:
    if model.encoder is not None:
        return
    for prompt in fact.prompts:
        written = [word for word in BLANKS if word in prompt]
        if written:
            raise InputError(
                f"{prompt!r} has a blank, and {model.name} predicts what comes after a prompt.\n"
                "Give prompts that end where the answer begins, or take a masked language model (BERT)."
            )
