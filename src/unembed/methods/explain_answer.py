"""explain_answer: a whole answer, explained: each token's log-probability, their sum as a ledger, and what it needs.

    log P(answer | prompt) = sum_j log P(answer_j | prompt, answer before j)

One run of the prompt and of the answer without its last token gives all of it, however long the answer is. The ledger
(answer_ledger.py) says what each part adds to the sum, token by token. Credit is a direct effect; what the answer
*needs* is another question, so every head and every sublayer is also set to zero, one at a time, at all positions where
a token of the answer is predicted:

    effect(part) = log P(answer | the part's value set to 0 there) - log P(answer)                       in nats

Exact, by the counterfactual engine, as of a full run with that part set; judged beside all others of its kind
(verdicts.py). The effect is on the log-probability, not on the log-odds as where one token is explained: a whole answer
is seldom so probable that the two differ.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import torch

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Intervention
from unembed.engine.measures import log_probability
from unembed.errors import all_or_nothing, counted
from unembed.ledger.answer_ledger import AnswerLedger, AnswerTerm, answer_ledger
from unembed.ledger.inspect_part import looks_at
from unembed.ledger.ledger import Grain
from unembed.methods.controls import heads_at, nudges_at, spread, sublayers_at
from unembed.methods.verdicts import Effect, judged, limit_of
from unembed.methods.whole_answer import AUTO, MOST, GivenAnswer, WholeAnswer, whole_answer
from unembed.methods.whole_target import space_notes
from unembed.models.generation_settings import settings_notes
from unembed.models.model import Stage
from unembed.models.parts import Part
from unembed.models.prompts import prompt_notes
from unembed.models.refusals import level_notes, untested_notes, why_no_versions
from unembed.models.reprs import Brief, short
from unembed.models.sites import Site
from unembed.models.tokens import name_of
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run


@dataclass(frozen=True)
class AnswerToken:
    """One token of an answer, and what the model gave it."""

    position: int
    """Where it is predicted: that of the token before it, or the blank that it fills."""
    prediction: Prediction
    value: float
    """Its logit above the reference: what its own ledger sums to."""
    normaliser: float
    """The log of the softmax's denominator above the same reference, in nats."""
    log_probability: float
    """`value - normaliser`, as the model has it, in nats."""
    instead: Prediction
    """What the model would say there first."""


@dataclass(frozen=True, repr=False)
class AnswerPart(Brief):
    """A head or a sublayer, with what it adds to the answer and what zeroing it does."""

    term: AnswerTerm
    most: int
    """The token of the answer to which it adds most, counted from 0."""
    looks_at: tuple[tuple[int, float], ...]
    """Of a head: the positions it attends to where that token is predicted, largest first; of a cross-attention, in the
    encoder's source."""
    zeroed: Effect | None = None
    """On the log-probability of the whole answer, with the part zeroed wherever a token of it is predicted. None where
    nothing was zeroed."""

    def _found(self) -> str:
        return f"{self.term.label} {self.term.value:+.2f}"


@dataclass(frozen=True)
class AnswerExplanation(RunResult[AnswerTerm]):
    """Why the model gives an answer the probability that it has. Made by `explain_answer`."""

    run: Run
    """Of the prompt and all of the answer but its last token."""
    length: int
    """Of the prompt, in tokens."""
    answer: tuple[AnswerToken, ...]
    generated: bool
    """Whether the answer is what the model says by itself."""
    reference: float
    """What was subtracted from the logits, summed over the tokens: their means over the vocabulary, or 0."""
    ledger: AnswerLedger
    """Of the log-probability of the answer, at the granularity asked for."""
    finest: AnswerLedger
    """By head at least, and as fine as the granularity asked for."""
    heads: tuple[AnswerPart, ...]
    """Those of the largest credit and of the largest effects; the largest effect first, where parts were zeroed."""
    sublayers: tuple[AnswerPart, ...]
    """Every sublayer, in the order of the stream."""
    heads_limit: float | None = None
    """The size of effect, in nats, that a twentieth of all heads reach; None of fewer than 20, or without effects."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @property
    def log_probability(self) -> float:
        """Of the whole answer, in nats."""
        return self.ledger.value

    @property
    def probability(self) -> float:
        """Of the whole answer."""
        return math.exp(self.log_probability)

    @property
    def unit(self) -> str:
        """Of a term."""
        return self.ledger.unit

    @property
    def tested(self) -> bool:
        """Whether parts were zeroed."""
        return any(part.zeroed is not None for part in self.sublayers)

    def entries(self) -> list[AnswerTerm]:
        """The terms of the ledger."""
        return self.ledger.entries()

    def columns(self, entry: AnswerTerm) -> dict[str, Any]:
        """A term, what it adds to each token, and the text of its source token."""
        return self.ledger.columns(entry)

    def name(self, entry: AnswerTerm) -> str:
        """Its label, with the text of its source token."""
        return self.ledger.name(entry)

    def __repr__(self) -> str:
        said = "".join(name_of(self.model, token.prediction.token) for token in self.answer)
        return f"AnswerExplanation({short(said)}: log P {self.log_probability:.3f}; {self.ledger!r})"


@prompted
def explain_answer(
    prompt: Prompt,
    answer: GivenAnswer = AUTO,
    *,
    reference: str = "mean",
    by: str = "sublayer",
    top: int = 5,
    test: bool = True,
    answer_tokens: int = MOST,
    first: Callable[[AnswerExplanation], object] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> AnswerExplanation:
    """Explain why the model gives a whole answer its log-probability.

    Args:
        prompt: a recorded run, or a model and a prompt.
        answer: the text that follows the prompt (with its leading space, where there is one), or token ids; "auto" is
            what the model says by itself (whole_answer.py). At the blank of a masked language model, one token.
        reference: what each token's logit is taken above: "mean" over the vocabulary, or "raw" nothing. The log of the
            softmax's denominator is taken above the same, so that the sum does not depend on it.
        by: granularity of the ledger, as in `decompose`.
        top: how many heads to show by credit, and how many by effect.
        test: zero every head and sublayer where the answer is predicted.
        answer_tokens: how many tokens "auto" may have.
        first: called with the explanation as it is before anything is zeroed.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called while parts are zeroed.

    Raises:
        InputError: a bad prompt, granularity or reference; an answer that is empty, not in the vocabulary, too long
            for what the model reads, or of several tokens at a blank.
        LedgerError: the terms do not sum to the model's own number.
    """
    top, grain = counted(top, "top", least=1), Grain.parse(by)
    untestable = why_no_versions(prompt.model)
    asked = whole_answer(prompt, answer, most=answer_tokens)
    positions = tuple(range(prompt.asked, prompt.asked + len(asked.tokens)))
    run = _run(prompt, asked.tokens, positions)
    heads = Grain(attention="source" if grain.attention == "source" else "head", mlp=grain.mlp)
    finest = answer_ledger(run, asked.tokens, positions, by=str(heads), reference=reference)
    result = AnswerExplanation(
        run=run,
        length=len(prompt.tokens),
        answer=tuple(_token(run, finest, number) for number in range(len(asked.tokens))),
        generated=asked.generated,
        reference=math.fsum(part.readout.reference_value for part in finest.parts),
        ledger=finest.coarser(by),
        finest=finest,
        heads=_heads(finest, top),
        sublayers=_parts(finest.coarser("sublayer"), get_args(Stage)),
        notes=(*level_notes(prompt.model, by), *untested_notes(untestable), *_notes(prompt, answer, asked, run)),
    )
    if first is not None:
        first(result)
    return _zeroed(result, positions, top, memory, progress) if test and untestable is None and run.layers else result


def _run(prompt: Prompt, answer: tuple[int, ...], positions: Sequence[int]) -> Run:
    """The one run; in a chat it knows that the answer is the assistant's."""
    run = prompt.followed_by(answer[:-1]).recorded(positions)
    said = prompt.roles
    return replace(run, roles=(*said, *("assistant" for _ in answer[1:]))) if said else run


def _token(run: Run, ledger: AnswerLedger, number: int) -> AnswerToken:
    part, normaliser = ledger.parts[number], ledger.normalisers[number]
    token, place = part.readout.target, part.readout.position
    assert token is not None
    return AnswerToken(
        position=place,
        prediction=run.prediction(token, position=place),
        value=part.value,
        normaliser=normaliser,
        log_probability=part.value - normaliser,
        instead=run.top(1, position=place)[0],
    )


def _notes(prompt: Prompt, answer: GivenAnswer, asked: WholeAnswer, run: Run) -> tuple[str, ...]:
    model = prompt.model
    given = None if asked.generated or not isinstance(answer, str) else answer
    return (
        *prompt_notes(model, prompt.messages or prompt.text),
        *settings_notes(model),
        *asked.notes,
        *space_notes(run, given, prompt.asked, option="--answer"),
    )


# The parts that carry it


def _heads(finest: AnswerLedger, top: int) -> tuple[AnswerPart, ...]:
    """The heads of the largest credit."""
    found = _parts(finest.coarser(_by_head(finest)), ("head", "cross_attention"))
    return tuple(sorted(found, key=lambda part: -abs(part.term.value))[:top])


def _by_head(finest: AnswerLedger) -> str:
    return str(replace(Grain.parse(finest.by), attention="head"))


def _parts(ledger: AnswerLedger, kinds: Sequence[str]) -> tuple[AnswerPart, ...]:
    return tuple(_part(ledger, term) for term in ledger.entries() if term.kind in kinds)


def _part(ledger: AnswerLedger, term: AnswerTerm) -> AnswerPart:
    most = max(range(len(term.by_token)), key=lambda number: abs(term.by_token[number]))
    look = () if term.head is None else looks_at(ledger.parts[most].readout, term, _LOOKS)
    return AnswerPart(term, most, look)


_LOOKS = 3
"""How many source tokens a head is said to look at."""


@all_or_nothing()
@torch.no_grad()
def _zeroed(
    result: AnswerExplanation, positions: tuple[int, ...], top: int, memory: int | None, progress: Progress
) -> AnswerExplanation:
    """The explanation with what zeroing each head and sublayer does, and with the heads of the largest effects."""
    run, kinds = result.run, (heads_at(result.run, positions), sublayers_at(result.run, positions))
    sites = [site for kind in kinds for site in kind]
    planned: list[Intervention] = [*map(edits.zero, sites), *nudges_at(run, positions)]
    measure = log_probability([token.prediction.token for token in result.answer])
    found = counterfactuals(run, planned, measure, at=positions, memory=memory, progress=progress).double()
    base = float(measure(run.logits[[run.row(place) for place in positions]][None]))
    effects = dict(zip(sites, (found[: len(sites)] - base).tolist(), strict=True))
    noise = spread(run) * float(found[len(sites) :].std())
    heads, sublayers = (_judged({site: effects[site] for site in kind}, noise) for kind in kinds)
    by_head = _parts(result.finest.coarser(_by_head(result.finest)), ("head", "cross_attention"))
    strong = sorted(heads, key=lambda part: -abs(heads[part].nats))[:top]
    named = {*strong, *(part.term.part for part in result.heads)}
    shown = [replace(part, zeroed=heads[part.term.part]) for part in by_head if part.term.part in named]
    return replace(
        result,
        heads=tuple(sorted(shown, key=lambda part: -abs(heads[part.term.part].nats))),
        sublayers=tuple(replace(part, zeroed=sublayers[part.term.part]) for part in result.sublayers),
        heads_limit=limit_of([effect.nats for effect in heads.values()]),
    )


def _judged(effects: dict[Site, float], noise: float) -> dict[Part, Effect]:
    """Each effect beside those of all other parts of its kind."""
    return {
        Part.set_at(site): judged(
            nats, [other for each, other in effects.items() if each != site], noise * max(1.0, abs(nats))
        )
        for site, nats in effects.items()
    }
