"""whole_target: a target of several tokens as a whole, and one whose first space is not the one the model expects."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.measures import probability
from unembed.errors import InputError
from unembed.models.lengths import acts_alike
from unembed.models.reprs import Brief
from unembed.models.targets import Target, target_token, target_tokens
from unembed.models.tokens import name_of
from unembed.runs.record import record
from unembed.runs.run import Run

_MORE, _LEAST = 5.0, 0.01
"""A target with (or without) its space is suggested where it is so many times as probable, and at least so probable."""


@dataclass(frozen=True, repr=False)
class WholeTarget(Brief):
    """A target of several tokens: `prod_j P(target_j | prompt, target before j)`, exact, from plain runs."""

    text: str
    tokens: tuple[int, ...]
    probability: float

    def _found(self) -> str:
        return f"{self.text!r}: {self.probability:.3g}"


def whole_target(run: Run, target: Target | None, where: int) -> WholeTarget | None:
    """The probability of the whole of a target after the prompt up to a position; None of one token, or of no text."""
    model, given = run.model, run.tokens[: where + 1]
    if not isinstance(target, str) or model.fills_blanks:
        return None
    try:
        tokens = target_tokens(model, target, run.text_before(where))
    except InputError:
        return None  # its first token is known, or the explanation would have been refused
    if len(tokens) < 2 or (model.context is not None and len(given) + len(tokens) - 1 > model.context):
        return None
    return WholeTarget(target, tokens, float(probability(tokens)(_logits(run, given, tokens)[None])))


def _logits(run: Run, given: tuple[int, ...], tokens: tuple[int, ...]) -> Float[Tensor, "token vocab"]:
    """The logits that each token of a target is chosen from."""
    model, whole = run.model, (*given, *tokens[:-1])
    if acts_alike(model, len(given), len(whole)):
        return record(model, whole, positions=range(len(given) - 1, len(whole)), keep="stream").logits
    # A longer prompt would change the earlier numbers: each token after its own prompt, as generation has it.
    prompts = [whole[:length] for length in range(len(given), len(whole) + 1)]
    return torch.cat([record(model, prompt, positions=[-1], keep="stream").logits for prompt in prompts])


def space_notes(run: Run, target: Target | None, where: int, *, option: str = "--target") -> tuple[str, ...]:
    """A sentence where a target that differs in its first space only is far more probable.

    Args:
        run: that holds the position.
        target: as it was asked for; of several tokens the first is compared, where both begin with the same letters.
        where: after which token.
        option: by which it was given.
    """
    if not isinstance(target, str) or not target.strip() or run.model.fills_blanks:
        return ()
    model, before = run.model, run.text_before(where)
    other = target.lstrip(" ") if target.startswith(" ") else f" {target}"
    try:
        tokens = [target_token(model, text, before) for text in (target, other)]
    except InputError:
        return ()
    names = [name_of(model, token) for token in tokens]
    if names[0].lstrip(" ") != names[1].lstrip(" "):  # a word and a part of one: their probabilities say nothing
        return ()
    asked, found = (run.prediction(token, position=where).probability for token in tokens)
    if found < max(_LEAST, _MORE * asked):
        return ()
    which = "without" if target.startswith(" ") else "with"
    return (
        f"{names[0]!r} has {asked:.2%}; {names[1]!r}, {which} its space, has {found:.1%}: {option} {other!r} explains "
        "that.",
    )
