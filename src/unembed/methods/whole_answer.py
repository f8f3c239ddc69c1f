"""whole_answer: an answer of several tokens that a method reads as a whole: as it was given, or as the model says it.

All of its tokens are read in one run of the prompt and of the answer without its last token (teacher forcing):

    log P(answer | prompt) = sum_j log P(answer_j | prompt, answer before j)

`auto` is what the model says by itself: the most probable token, one after the other, until its turn or its text ends.
The token that ends it is not part of the answer.
"""

from dataclasses import dataclass

from unembed.errors import InputError
from unembed.methods.generate import end_tokens, generate
from unembed.models import chat
from unembed.models.model import Model
from unembed.models.prompts import why_no_longer
from unembed.models.reprs import Brief
from unembed.models.targets import Target, answer_notes, answer_tokens, target_tokens
from unembed.models.tokens import label_of
from unembed.runs.prompted import AnyPrompt, Prompt, prompt_of

AUTO = "auto"
"""What is written in the place of an answer for what the model says; the text `auto` itself is given as ids."""
MOST = 20
"""Tokens of what the model says, at most."""
GivenAnswer = Target
"""A text as it follows the prompt (with its leading space, where there is one), a token id, ids, or `auto`."""


@dataclass(frozen=True, repr=False)
class WholeAnswer(Brief):
    """An answer as tokens. Made by `whole_answer`."""

    tokens: tuple[int, ...]
    generated: bool
    """Whether it is what the model says by itself."""
    notes: tuple[str, ...]

    def _found(self) -> str:
        return f"{len(self.tokens)} tokens"


def whole_answer(prompt: Prompt, answer: GivenAnswer, *, most: int = MOST) -> WholeAnswer:
    """The tokens of an answer to a prompt.

    Args:
        prompt: that it follows, or whose blank it fills.
        answer: text, token ids, or "auto".
        most: how many tokens "auto" may have.

    Raises:
        InputError: an answer that is empty, not in the vocabulary, longer than what the model still reads, or of
            several tokens at a blank; what the model says ends at once.
    """
    model, context = prompt.model, prompt.context
    if isinstance(answer, str) and answer == AUTO:
        return _said(prompt, most)
    found = answer_tokens(model, answer, context, len(prompt.tokens))
    return WholeAnswer(found, False, answer_notes(model, context, answer))


def literally(model: Model, prompt: AnyPrompt, target: Target) -> Target:
    """A target that is what it says: the text `auto` as token ids, where `whole_answer` is to read it.

    Raises:
        InputError: a bad prompt, or a vocabulary without it.
    """
    if not (isinstance(target, str) and target == AUTO):
        return target
    return target_tokens(model, AUTO, prompt_of(model, prompt).context)


def _said(prompt: Prompt, most: int) -> WholeAnswer:
    """What the model says after a prompt, greedily."""
    model = prompt.model
    if most < 1:
        raise InputError(f"Expected at least one token of an answer, found {most}.")
    if model.fills_blanks:
        return WholeAnswer(
            (prompt.recorded([prompt.asked]).token(),), True, ("The answer is the top token at the blank.",)
        )
    room = most if model.context is None else min(most, model.context + 1 - len(prompt.tokens))
    if room < 1:
        raise InputError(f"The prompt leaves no room for an answer. {why_no_longer(model)}")
    ends, said, end = end_tokens(model) | _ends_of_turn(prompt), [], None
    for step in generate(model, prompt.tokens, tokens=room):
        if step.token in ends:
            end = step.token
            break
        said.append(step.token)
    if not said:
        raise InputError(
            f"{model.name} ends its answer at once, with {label_of(model, end or 0)}: there is none to explain.\n"
            "Give an answer, or explain that token as a target."
        )
    stopped = f"cut at {len(said)} tokens" if end is None else f"until {label_of(model, end)}, which is left out"
    note = f"The answer is what {model.name} says by itself: the most probable token each time, {stopped}."
    return WholeAnswer(answer_tokens(model, said, prompt.context, len(prompt.tokens)), True, (note,))


def _ends_of_turn(prompt: Prompt) -> set[int]:
    """The token that ends a turn in the template of a chat."""
    end = None if prompt.messages is None else chat.end_of_turn(prompt.model, prompt.messages)
    return set() if end is None else {end}
