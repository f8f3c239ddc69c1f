"""Knowledge report: what an edit of weights does, by the measures of Dai et al. (*Knowledge Neurons*, 2022, section 5).

    change      sum of P(right answer) after / before - 1, over the prompts of a group
    groups      own: the fact itself; related: other facts of its relation; unrelated: facts of other relations
    control     the same for an edit of as many random, strongly active neurons of the same layers; for a rank-one edit,
                of the same `delta` at a random key, over several keys
    perplexity  exp of the mean of -log P(token | tokens before), over a text, before and after; of a masked model
                -log P(token | all others), each blanked in turn (Salazar et al., *Masked Language Model Scoring*, 2020)

Exact: the edited module runs on every prompt. An answer is right when each of its tokens is the top prediction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.measures import Question, question
from unembed.errors import InputError
from unembed.methods.knowledge.weight_edits import WeightEdits, applied
from unembed.models.blanks import blanked
from unembed.models.model import Model
from unembed.models.prompts import tokenize
from unembed.models.reprs import Brief
from unembed.models.unembedding import capped, log_normaliser, normed, unembedded, wide
from unembed.progress import Progress, silent
from unembed.runs.activations import last_streams
from unembed.runs.predictions import Prediction, predictions_from

Asked = Sequence[tuple[str, str]]
"""Prompts, each with the answer that is read."""


@dataclass(frozen=True)
class Groups:
    """What is asked to see what an edit does, by group."""

    own: Asked
    """The edited fact's prompts with its right answer."""
    related: Asked = ()
    """Of other facts of the relation."""
    unrelated: Asked = ()
    """Of other relations."""
    new: Asked = ()
    """Prompts that an update was made with, with its new answer."""
    unseen: Asked = ()
    """Other prompts of the fact, with the new answer."""

    def of_update(self, prompts: Sequence[str], made: Sequence[str], target: str) -> "Groups":
        """The same, with the new answer of an update as well.

        Args:
            prompts: all that ask for the fact.
            made: those of them that the edit is made with.
            target: the new answer as it follows them.
        """
        new, unseen = [(p, target) for p in made], [(p, target) for p in prompts if p not in made]
        return replace(self, new=new, unseen=unseen)


@dataclass(frozen=True)
class Answered:
    """What a model says to one question."""

    probability: float
    """Of the whole answer."""
    top: bool
    """Whether each of its tokens is the top prediction."""
    says: Prediction
    """The top prediction after the prompt."""


@dataclass(frozen=True, repr=False)
class Change(Brief):
    """What an edit does to the answers of a group of prompts."""

    before: tuple[Answered, ...]
    after: tuple[Answered, ...]

    @property
    def ratio(self) -> float | None:
        """`sum P after / sum P before - 1`; None without prompts."""
        before = sum(answer.probability for answer in self.before)
        return sum(answer.probability for answer in self.after) / before - 1 if before else None

    @property
    def top_before(self) -> int:
        """How many answers were the top prediction before."""
        return sum(answer.top for answer in self.before)

    @property
    def top_after(self) -> int:
        """How many are after."""
        return sum(answer.top for answer in self.after)

    @property
    def kept(self) -> int:
        """Of those that were before, how many still are."""
        return sum(a.top and b.top for a, b in zip(self.before, self.after, strict=True))


@dataclass(frozen=True, repr=False)
class Effects(Brief):
    """What one edit does to each group."""

    own: Change
    related: Change
    unrelated: Change
    new: Change
    """The new answer of an update, on the prompts it was made with; empty otherwise."""
    unseen: Change
    """The new answer on the other prompts of the fact."""
    perplexity: float | None
    """Of the text; None without one."""


@dataclass(frozen=True, repr=False)
class EditReport(Brief):
    """An edit and what it does. Made by `report`."""

    edits: WeightEdits
    effects: Effects
    control: Effects | None
    """Of the control; the prompts of several edits one after the other, the geometric mean of their perplexities."""
    perplexity: float | None
    """Of the text before."""
    prompts: tuple[str, ...]
    """Those of the group `own`."""
    made: frozenset[str]
    """Those that an update was made with."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the report cannot tell."""
        if self.effects.new.before and not self.effects.unseen.before:
            return ("all prompts of the fact made the edit: whether it holds on unseen ones is not tested",)
        return ()


def report(
    model: Model,
    edits: WeightEdits,
    groups: Groups,
    *,
    control: Sequence[WeightEdits] = (),
    text: Sequence[str] = (),
    progress: Progress = silent,
) -> EditReport:
    """Measure an edit. Afterwards the model is as it was.

    Args:
        model: from `load` or `wrap`.
        edits: from `weight_edits`, `knowledge_editing` or a file.
        groups: what is asked before and after.
        control: edits to compare it with, such as of `random_like` neurons, or `random_keys`; read together.
        text: passages for the perplexity.
        progress: called after each group.

    Raises:
        InputError: a bad prompt or answer, or a text without a passage of two tokens.
    """
    asked = [[question(model, *pair) for pair in group] for group in vars(groups).values()]
    passages = [tokens for tokens in (tokenize(model, passage) for passage in text) if len(tokens) > 1]
    if len(text) and not passages:
        raise InputError("A perplexity needs a text with a passage of two tokens or more: there is none in it.")
    total = 2 + len(control)
    before = _state(model, asked, passages)
    progress("report", 1 / total)
    with applied(model, edits):
        effects = _effects(before, _state(model, asked, passages))
    progress("report", 2 / total)
    compared = []
    for done, other in enumerate(control, 3):
        with applied(model, other):
            compared.append(_effects(before, _state(model, asked, passages)))
        progress("report", done / total)
    return EditReport(
        edits=edits,
        effects=effects,
        control=_together(compared) if compared else None,
        perplexity=before[1],
        prompts=tuple(prompt for prompt, _ in groups.own),
        made=frozenset(prompt for prompt, _ in groups.new),
    )


_State = tuple[list[list[Answered]], float | None]


def _state(model: Model, groups: list[list[Question]], passages: list[tuple[int, ...]]) -> _State:
    flat = iter(answers(model, [asked for group in groups for asked in group]))
    found = [[next(flat) for _ in group] for group in groups]
    return found, perplexity(model, passages) if passages else None


def _together(effects: Sequence[Effects]) -> Effects:
    """The groups of several edits, each one after the other."""

    def joined(name: str) -> Change:
        changes: list[Change] = [getattr(one, name) for one in effects]
        return Change(
            tuple(a for change in changes for a in change.before), tuple(a for change in changes for a in change.after)
        )

    found = [one.perplexity for one in effects if one.perplexity is not None]
    mean = math.exp(sum(map(math.log, found)) / len(found)) if found else None
    return Effects(
        own=joined("own"),
        related=joined("related"),
        unrelated=joined("unrelated"),
        new=joined("new"),
        unseen=joined("unseen"),
        perplexity=mean,
    )


def _effects(before: _State, after: _State) -> Effects:
    changes = [Change(tuple(a), tuple(b)) for a, b in zip(before[0], after[0], strict=True)]
    own, related, unrelated, new, unseen = changes
    return Effects(own, related, unrelated, new, unseen, after[1])


@torch.no_grad()
def answers(model: Model, questions: Sequence[Question]) -> list[Answered]:
    """What a model says to questions, in batches."""
    found: list[Answered | None] = [None] * len(questions)
    for i, stream in last_streams(model, [asked.tokens for asked in questions]):
        asked = questions[i]
        logits = wide(unembedded(model, stream[list(asked.positions)])[2])
        probability = asked.probability(logits[None].double())[0]
        right = tuple(logits.argmax(-1).tolist()) == asked.answer
        found[i] = Answered(float(probability), right, predictions_from(model, logits[0], 1)[0])
    return [answer for answer in found if answer is not None]


@torch.no_grad()
def perplexity(model: Model, passages: Sequence[Sequence[int]]) -> float:
    """`exp(mean of -log P(token | tokens before))` over all tokens of all passages but the first of each.

    A masked language model reads both sides: there it is `-log P(token | all others)` of every token that is no
    special one, with a blank in its place.

    Raises:
        InputError: no passage has two tokens; of a masked model, none has a token that is no special one.
    """
    long = [passage for passage in passages if len(passage) > 1]
    if not long:
        raise InputError("A perplexity needs a text: expected at least one passage of two tokens.")
    surprises = _surprises_at_blanks(model, long) if model.fills_blanks else _surprises(model, long)
    found = torch.cat(surprises) if surprises else torch.zeros(0)
    if not len(found):
        raise InputError("A perplexity needs a text: there are only special tokens in it.")
    return float(found.mean().exp())


def _surprises(model: Model, passages: Sequence[Sequence[int]]) -> list[Float[Tensor, "token"]]:
    """`-log P(token | tokens before)` of each token but the first."""
    return [
        -_log_probabilities(model, stream[:-1], passages[i][1:]).double() for i, stream in last_streams(model, passages)
    ]


def _surprises_at_blanks(model: Model, passages: Sequence[Sequence[int]]) -> list[Float[Tensor, "token"]]:
    """`-log P(token | all others)` of each token that is no special one."""
    tokenizer: Any = model.tokenizer
    special = set() if tokenizer is None else set(tokenizer.all_special_ids)
    places = [(p, i) for p in passages for i, token in enumerate(p) if token not in special]
    rows = [blanked(model, passage, i) for passage, i in places]
    found = []
    for row, stream in last_streams(model, rows):
        passage, i = places[row]
        found.append(-_log_probabilities(model, stream[i : i + 1], passage[i : i + 1]).double())
    return found


def _log_probabilities(model: Model, stream: Tensor, tokens: Sequence[int]) -> Tensor:
    """Of one token at each position."""
    y, chosen = normed(model, stream), list(tokens)
    bias = None if model.unembedding_bias is None else model.unembedding_bias[chosen]
    own = (y * model.unembedding[chosen]).sum(-1)
    own = own if bias is None else own + bias
    return wide(capped(own, model.softcap)) - log_normaliser(model, y)
