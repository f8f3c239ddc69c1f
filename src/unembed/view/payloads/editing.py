"""`unembed knowledge suppress`, `amplify`, `update`, `erase` and `memory` as data."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, Prediction, Token, model_facts, prediction_of, token_of, versions
from unembed.view.payloads.knowledge import NeuronPlace, places

if TYPE_CHECKING:
    from unembed.methods.knowledge.facts import Fact
    from unembed.methods.knowledge.key_value_memory import Memory, NeuronMemory, Trigger
    from unembed.methods.knowledge.neurons import Neuron
    from unembed.methods.knowledge.report import Change, EditReport, Effects
    from unembed.models.model import Model

Action = Literal["suppress", "amplify", "update", "erase"]


@dataclass(frozen=True)
class GroupChange:
    """What an edit does to one answer on a group of prompts."""

    prompts: int
    """How many."""
    before: float
    """The answer's mean probability."""
    after: float
    """And after the edit."""
    change: float | None
    """`after / before - 1`."""
    top_before: int
    """Prompts on which it is the top prediction before."""
    top_after: int
    """And after the edit."""
    kept: int
    """Of `top_before`, those on which it still is after."""


@dataclass(frozen=True)
class EditEffects:
    """What an edit does; a group without prompts is null."""

    own: GroupChange | None
    """The right answer, on the fact's own prompts."""
    related: GroupChange | None
    """On prompts of other facts of the relation."""
    unrelated: GroupChange | None
    """On prompts of other relations."""
    new: GroupChange | None
    """The new answer of an update, on the prompts it was made with."""
    unseen: GroupChange | None
    """The new answer of an update, on other prompts of the fact."""
    perplexity: float | None
    """Of a text, after the edit."""


@dataclass(frozen=True)
class EditedPrompt:
    """The model's top prediction after one prompt, before an edit and with it."""

    prompt: str
    """The prompt."""
    used: bool
    """Whether an update was made with this prompt; the others tell whether it holds."""
    before: Prediction
    """Without the edit."""
    after: Prediction
    """With it."""


@payload("unembed/knowledge-edit/1")
class EditPayload:
    """An edit of weights and its report: `--json` of `suppress`, `amplify`, `update` and `erase`."""

    model: ModelFacts
    action: Action
    """What was done."""
    description: str
    """The edit in words, as `model.edits` tells it."""
    relation: str | None
    """The relation it is about; null where only neurons were named."""
    subject: str | None
    """Of the fact; null where there is no single one."""
    answer: str | None
    """The fact's answer before; null where there is no single fact."""
    to: str | None
    """The new answer of an update; null for other edits."""
    method: Literal["value", "rome"] | None
    """Of an update; null for other edits."""
    neurons: list[NeuronPlace]
    """The edited ones; empty for ROME, which edits a layer."""
    layers: list[int]
    """Whose down projections are edited."""
    effects: EditEffects
    """What it does to prompts, by group."""
    control: EditEffects | None
    """The same for as many random, strongly active neurons of the same layers, or for ROME at random keys, together;
    null where there is none: in a mixture of experts, and where the neurons are more than half of a layer."""
    perplexity: float | None
    """Of the text, before the edit."""
    prompts: list[EditedPrompt]
    """What is said to the prompts of `own`."""
    notes: list[str]
    saved: str | None
    """The file that `--edits` takes; null without `--save`."""
    versions: dict[str, str]


@dataclass(frozen=True)
class MemoryTrigger:
    """A place in the text where a neuron fires."""

    passage: str
    """The text."""
    position: int
    """The token's place in the passage, counted from 0."""
    token: Token
    """On which the neuron fires."""
    next: Token | None
    """The token that follows; null at the end of a passage."""
    activation: float
    """The neuron's activation there."""
    rank: int | None
    """Of the next token among those that the neuron promotes at this sign of the activation."""


@dataclass(frozen=True)
class MemoryNeuron:
    """A neuron as a key and a value."""

    layer: int
    expert: int | None
    neuron: int
    triggers: list[MemoryTrigger]
    """The strongest first."""
    promotes: list[Token]
    """Where the activation is positive."""
    suppresses: list[Token]
    """What a negative activation promotes."""
    agreement: float | None
    """Share of the triggers whose next token is among the `among` most promoted."""
    top_match: bool
    """Whether the most promoted token follows the strongest trigger."""


@payload("unembed/knowledge-memory/1")
class MemoryPayload:
    """`unembed knowledge memory --json`."""

    model: ModelFacts
    passages: int
    """How many were read."""
    positions: int
    """At how many positions neurons were read."""
    among: int
    """How many promoted tokens count as agreement."""
    neurons: list[MemoryNeuron]
    """Those that were asked for."""
    agreement_rate: float
    """Share of the neurons with `top_match` (Geva et al. 2021)."""
    versions: dict[str, str]


@dataclass(frozen=True)
class Edited:
    """What was asked for, beside the report of it."""

    action: Action
    neurons: "Collection[Neuron]" = ()
    """The edited ones."""
    relation: str | None = None
    fact: "Fact | None" = None
    to: str | None = None
    """The new answer of an update."""
    method: Literal["value", "rome"] | None = None
    """Of an update."""


def edit_payload(model: "Model", result: "EditReport", asked: Edited, *, saved: str | None = None) -> EditPayload:
    """An edit and its report as data; `saved` is the file it was written to."""
    return EditPayload(
        model=model_facts(model),
        action=asked.action,
        description=result.edits.description,
        relation=asked.relation,
        subject=None if asked.fact is None else asked.fact.subject,
        answer=None if asked.fact is None else asked.fact.answer,
        to=asked.to,
        method=asked.method,
        neurons=places(frozenset(asked.neurons)),
        layers=sorted({edit.layer for edit in result.edits.edits}),
        effects=_effects(result.effects),
        control=None if result.control is None else _effects(result.control),
        perplexity=result.perplexity,
        prompts=_said(model, result),
        notes=list(result.notes),
        saved=saved,
        versions=versions(),
    )


def _said(model: "Model", result: "EditReport") -> list[EditedPrompt]:
    own = result.effects.own
    return [
        EditedPrompt(
            prompt=prompt,
            used=prompt in result.made,
            before=prediction_of(model, before.says),
            after=prediction_of(model, after.says),
        )
        for prompt, before, after in zip(result.prompts, own.before, own.after, strict=True)
    ]


def _effects(effects: "Effects") -> EditEffects:
    return EditEffects(
        own=_group(effects.own),
        related=_group(effects.related),
        unrelated=_group(effects.unrelated),
        new=_group(effects.new),
        unseen=_group(effects.unseen),
        perplexity=effects.perplexity,
    )


def _group(change: "Change") -> GroupChange | None:
    count = len(change.before)
    if not count:
        return None
    return GroupChange(
        prompts=count,
        before=sum(answer.probability for answer in change.before) / count,
        after=sum(answer.probability for answer in change.after) / count,
        change=change.ratio,
        top_before=change.top_before,
        top_after=change.top_after,
        kept=change.kept,
    )


@payload_of.register
def memory_payload(result: "Memory") -> MemoryPayload:
    """Key-value memories as data."""
    return MemoryPayload(
        model=model_facts(result.model),
        passages=len(result.passages),
        positions=sum(len(passage) - 1 for passage in result.passages),
        among=result.among,
        neurons=[_neuron(result, neuron) for neuron in result.neurons],
        agreement_rate=sum(neuron.top_match for neuron in result.neurons) / len(result.neurons),
        versions=versions(),
    )


def _neuron(result: "Memory", neuron: "NeuronMemory") -> MemoryNeuron:
    assert neuron.site.neuron is not None
    return MemoryNeuron(
        layer=neuron.site.layer,
        expert=neuron.site.expert,
        neuron=neuron.site.neuron,
        triggers=[_trigger(result, trigger) for trigger in neuron.triggers],
        promotes=[token_of(result.model, token) for token in neuron.promotes],
        suppresses=[token_of(result.model, token) for token in neuron.suppresses],
        agreement=neuron.agreement,
        top_match=neuron.top_match,
    )


def _trigger(result: "Memory", trigger: "Trigger") -> MemoryTrigger:
    from unembed.models.prompts import decoded

    model, passage = result.model, result.passages[trigger.passage]
    return MemoryTrigger(
        passage=decoded(model, passage),
        position=trigger.position,
        token=token_of(model, trigger.token),
        next=None if trigger.next is None else token_of(model, trigger.next),
        activation=trigger.activation,
        rank=trigger.rank,
    )
