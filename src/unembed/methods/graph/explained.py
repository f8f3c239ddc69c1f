"""explained: the number that a graph explains: a token's logit, an answer's, or by how much two prompts differ in it.

one token     m = logit above the mean of the vocabulary, or above that of another token
an answer     m = the sum of its tokens' logits above the mean, each read where it is predicted
two prompts   m(prompt) - m(other), with the same tokens read at the same positions of both
"""

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from unembed.engine.measures import Known, logit
from unembed.errors import InputError
from unembed.ledger.decompose import rounding
from unembed.ledger.readout import Readout, readout
from unembed.methods.swapped import SwapWords, swapped
from unembed.methods.whole_answer import GivenAnswer, whole_answer
from unembed.models.reprs import Brief
from unembed.runs.prompted import AnyPrompt, Prompt, prompt_of
from unembed.runs.run import Run


@dataclass(frozen=True, repr=False)
class Explained(Brief):
    """What a graph explains. Made by `explained`."""

    reads: tuple[Readout, ...]
    """Each token's logit, all in one run."""
    others: tuple[Readout, ...] = ()
    """The same of the other prompt, where a difference is explained."""
    generated: bool = False
    """Whether the answer is what the model says by itself."""

    @property
    def run(self) -> Run:
        """The recorded run."""
        return self.reads[0].run

    @property
    def other(self) -> Run | None:
        """That of the other prompt."""
        return self.others[0].run if self.others else None

    @property
    def positions(self) -> tuple[int, ...]:
        """Where the tokens are read."""
        return tuple(read.position for read in self.reads)

    @property
    def base(self) -> float:
        """The number in the run itself."""
        return math.fsum(read.value for read in self.reads)

    @property
    def other_base(self) -> float:
        """The number in the run of the other prompt; 0 without one."""
        return math.fsum(read.value for read in self.others)

    @property
    def value(self) -> float:
        """What is explained: the number, or what is left of it above the other prompt's."""
        return self.base - self.other_base

    @property
    def rounding(self) -> float:
        """What rounding does to it: one standard deviation."""
        return math.hypot(*(rounding(read) for read in (*self.reads, *self.others)))

    @property
    def measure(self) -> Known:
        """The number, of other versions of the run, read at `positions`."""
        versus = self.reads[0].versus
        targets = [read.target or 0 for read in self.reads]
        if versus is not None:
            return logit(targets[0], versus)
        return lambda logits: _above_mean(logits, targets)

    @property
    def title(self) -> str:
        """What is explained, for a picture."""
        found = self.reads[0].title if len(self.reads) == 1 else f"{len(self.reads)} logits above the vocabulary mean"
        return f"{found}, against the other prompt" if self.others else found


def _above_mean(logits: Float[Tensor, "row position vocab"], targets: list[int]) -> Float[Tensor, "row"]:
    wide = logits.double()
    places = range(len(targets))
    return (wide[:, places, targets] - wide[:, places].mean(-1)).sum(-1)


def explained(
    prompt: Prompt,
    target: str | int | None,
    *,
    versus: str | int | None,
    position: int | None,
    answer: GivenAnswer | None,
    other: AnyPrompt | SwapWords | None,
) -> Explained:
    """What a graph is asked to explain.

    Raises:
        InputError: an answer beside a target, another token, a position or another prompt; prompts that do not align.
    """
    if answer is not None:
        if target is not None or versus is not None or position is not None or other is not None:
            raise InputError(
                "A graph of a whole answer has its own tokens and positions: give it without a target, another token, "
                "a position or another prompt."
            )
        said = whole_answer(prompt, answer)
        run = prompt.followed_by(said.tokens[:-1]).recorded()
        reads = (readout(run, token, position=prompt.asked + i) for i, token in enumerate(said.tokens))
        return Explained(tuple(reads), generated=said.generated)
    read = readout(prompt.recorded(), target, position=position, versus=versus)
    if other is None:
        return Explained((read,))
    run = _other_run(prompt, read, other)
    again = readout(run, read.target, position=read.position, versus=read.versus)
    return Explained((read,), (again,))


def _other_run(prompt: Prompt, read: Readout, other: AnyPrompt | SwapWords) -> Run:
    """The run of the other prompt, which has equally many tokens."""
    model = prompt.model
    if model.encoder is not None or any(block.stream_norms for block in model.blocks):
        raise InputError(
            f"A graph of two prompts follows one stream that is a sum; {model.name} has an encoder, or norms on the "
            "stream itself.\nWhat compares two prompts there: patch, trace, explain --swap."
        )
    if isinstance(other, tuple) and len(other) in (2, 3) and all(isinstance(word, str) for word in other[:2]):
        return swapped(prompt, read.position, other).recorded()  # type: ignore[arg-type]
    second = prompt_of(model, other)  # type: ignore[arg-type]
    if len(second.tokens) != len(prompt.tokens):
        raise InputError(
            f"A graph of two prompts pairs their positions: {len(prompt.tokens)} and {len(second.tokens)} tokens do "
            "not align.\nGive a prompt of as many tokens."
        )
    if second.tokens[: read.position + 1] == prompt.tokens[: read.position + 1] and not model.bidirectional:
        raise InputError(f"The two prompts are the same up to position {read.position}: there is nothing to explain.")
    return second.recorded()
