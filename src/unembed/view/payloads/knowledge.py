"""`unembed knowledge attribute`, `find` and `facts` as data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    SourceToken,
    Token,
    model_facts,
    prompt_tokens,
    source_tokens,
    token_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.knowledge.attribution import Attribution
    from unembed.methods.knowledge.facts import Fact, Relation
    from unembed.methods.knowledge.find import FactNeurons, Found
    from unembed.methods.knowledge.neurons import Neuron
    from unembed.models.model import Model


@dataclass(frozen=True)
class NeuronValue:
    """A neuron's attribution, in units of probability; its activation where the answer is predicted."""

    layer: int
    expert: int | None
    neuron: int
    value: float
    """In units of probability."""
    activation: float
    """Where the answer is predicted; of an encoder, at the blank of the source."""
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""


@dataclass(frozen=True)
class LayerChange:
    """A layer's attributions together, against `change = P(1) - P(0)`; `error` is their difference."""

    layer: int
    sum: float | None
    """Null, like `error`, where not every neuron of the layer was computed."""
    change: float
    """Of all neurons of the layer together."""
    error: float | None
    """`sum - change`: of the quadrature on the layer path, what neurons do together on the neuron path."""
    nodes: int
    """Points of the quadrature; 0 on the neuron path."""
    encoder: bool = False
    """Whether the layer is the encoder's."""


@payload("unembed/knowledge-attribute/1")
class AttributePayload:
    """`unembed knowledge attribute --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    target: list[Token]
    """The tokens of the answer, in order."""
    probability: float
    """Of the whole answer."""
    path: Literal["layer", "neuron"]
    """Whether a layer's neurons move together, or one neuron alone."""
    quadrature: Literal["gauss", "riemann"] | None
    """Of the layer path; null on the neuron path."""
    baseline: Literal["zero", "mean"]
    """Where neurons move from."""
    candidates: int | None
    """On the neuron path: how many neurons were asked for, the best of the layer path; null is all."""
    planned: int
    """How many neurons have a value when the work is finished."""
    computed: int
    """How many have one; fewer than planned if the work was interrupted."""
    complete: bool
    attributions: list[NeuronValue]
    """By falling value; as many as were asked for."""
    layers: list[LayerChange]
    """Each layer that was computed; of an encoder-decoder the decoder's, and then the encoder's."""
    versions: dict[str, str]
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder of an encoder-decoder read; empty for a decoder alone."""
    source_positions: list[int] = field(default_factory=list)
    """Where in `sources` the neurons of the encoder move: at the blank that is asked about, or everywhere."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class NeuronPlace:
    """A neuron by its place."""

    layer: int
    expert: int | None
    neuron: int
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""


@dataclass(frozen=True)
class FoundFact:
    """The neurons of one fact."""

    subject: str
    """What the fact is about."""
    answer: str
    """What is true of it."""
    target: list[Token]
    """The tokens of the answer as it follows a prompt, in order."""
    prompts: list[str]
    """The ways to ask."""
    probabilities: list[float]
    """Of the right answer, one a prompt."""
    top: list[bool]
    """Whether it is the top prediction, one a prompt."""
    kept: list[NeuronPlace]
    """Above the threshold in enough prompts."""
    refined: list[NeuronPlace]
    """Without those that other facts share."""


@payload("unembed/knowledge-find/1")
class FindPayload:
    """`unembed knowledge find --json`."""

    model: ModelFacts
    relation: str
    """Of the facts."""
    t: float
    """The share of the largest attribution above which a neuron counts."""
    p: float
    """The share of a fact's prompts in which it must."""
    share: float
    """The share of other facts that may have it as well."""
    path: Literal["layer", "neuron"]
    """As of an attribution."""
    facts: list[FoundFact]
    """Those that were searched."""
    shared: list[NeuronPlace]
    """The relation's neurons: kept by at least half of the facts."""
    notes: list[str]
    versions: dict[str, str]
    complete: bool = True
    """False where the work was interrupted: then facts are missing."""
    planned: int = 0
    """How many facts are searched when the work is finished."""
    floor: float = 0.0
    """The share of a prompt's largest value from which on values are kept: a smaller `t` needs a new search."""


@dataclass(frozen=True)
class RelationEntry:
    """A relation of the facts that ship with the package."""

    name: str
    """As of `--relation`."""
    description: str
    """In words."""
    facts: int
    """How many there are."""
    templates: list[str]
    """Prompts, with a place for the subject."""
    examples: list[str]
    """Subjects with their answers."""


@payload("unembed/knowledge-facts/1")
class FactsPayload:
    """`unembed knowledge facts --json`."""

    relations: list[RelationEntry]
    """Each that ships."""


@dataclass(frozen=True)
class ListedFact:
    """A fact that a model can be asked about, by the first of its prompts."""

    subject: str
    """What the fact is about."""
    answer: str
    """What is true of it."""
    prompt: str
    """The first of its prompts."""


@dataclass(frozen=True)
class ListedRelation:
    """A relation with all its facts."""

    name: str
    """The relation."""
    description: str
    """In words."""
    facts: list[ListedFact]
    """All of them."""


@dataclass(frozen=True)
class StatedFact:
    """The fact that a prompt states, word for word."""

    relation: str
    """The fact's relation."""
    subject: str
    """What it is about."""
    answer: str
    """What is true of it."""
    prompts: list[str]
    """The ways to ask, the page's among them."""


@payload("unembed/fact-list/1")
class FactListPayload:
    """What the page asks about facts: those that can be searched, and the one that its prompt states."""

    shipped: bool
    """Whether they are those of the package; else they are the model's own."""
    relations: list[ListedRelation]
    """With all their facts."""
    stated: StatedFact | None
    """Null where the prompt states none of them."""


@payload_of.register
def attribute_payload(result: "Attribution", *, top: int = 0) -> AttributePayload:
    """An attribution as data; `top` 0 lists every neuron."""
    model = result.run.model
    return AttributePayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.question.prompt),
        target=[token_of(model, token) for token in result.question.answer],
        probability=result.probability,
        path=result.path,
        quadrature=result.quadrature,
        baseline=result.baseline,
        candidates=result.candidates,
        planned=result.planned,
        computed=result.computed,
        complete=result.complete,
        attributions=[NeuronValue(**vars(score)) for score in result.ranked(top or None)],
        layers=[LayerChange(**vars(layer)) for layer in result.layers],
        versions=versions(),
        sources=source_tokens(model),
        source_positions=list(result.source),
        notes=list(result.notes),
    )


def find_payload(model: "Model", result: "Found") -> FindPayload:
    """Knowledge neurons as data."""
    return FindPayload(
        model=model_facts(model),
        relation=result.relation,
        t=result.t,
        p=result.p,
        share=result.share,
        path=result.path,
        facts=[_fact(model, entry) for entry in result.facts],
        shared=places(result.shared),
        notes=list(result.notes),
        versions=versions(),
        complete=result.complete,
        planned=result.planned,
        floor=result.floor,
    )


def _answer_of(model: "Model", fact: "Fact") -> tuple[int, ...]:
    """The tokens of its answer, as it was asked for by its first prompt."""
    from unembed.engine.measures import question
    from unembed.models.cloze import cloze_prompt
    from unembed.models.targets import target_tokens

    prompt = fact.prompts[0]
    if model.encoder is not None:
        return target_tokens(model, fact.target, cloze_prompt(model, prompt))
    return question(model, prompt, fact.target).answer


def _fact(model: "Model", entry: "FactNeurons") -> FoundFact:
    return FoundFact(
        subject=entry.fact.subject,
        answer=entry.fact.answer,
        target=[token_of(model, token) for token in _answer_of(model, entry.fact)],
        prompts=list(entry.fact.prompts),
        probabilities=list(entry.probabilities),
        top=list(entry.top),
        kept=places(entry.kept),
        refined=places(entry.refined),
    )


def places(neurons: "frozenset[Neuron]") -> list[NeuronPlace]:
    """Neurons as data, from the first layer to the last, those of an encoder first."""
    found = [NeuronPlace(layer=n.layer, expert=n.expert, neuron=n.neuron, encoder=n.encoder) for n in neurons]
    return sorted(found, key=lambda n: (not n.encoder, n.layer, -1 if n.expert is None else n.expert, n.neuron))


def facts_payload(relations: "Sequence[Relation]") -> FactsPayload:
    """The shipped facts as data."""
    return FactsPayload(
        relations=[
            RelationEntry(
                name=relation.name,
                description=relation.description,
                facts=len(relation.facts),
                templates=list(relation.templates),
                examples=[f"{fact.subject}: {fact.answer}" for fact in relation.facts[:3]],
            )
            for relation in relations
        ]
    )


def fact_list_payload(relations: "Sequence[Relation]", stated: "tuple[Relation, Fact] | None") -> FactListPayload:
    """Facts that can be searched as data, and the one that a prompt states."""
    from unembed.methods.knowledge.facts import relations as shipped

    return FactListPayload(
        shipped=all(relation.name in shipped() for relation in relations),
        relations=[
            ListedRelation(
                name=relation.name,
                description=relation.description,
                facts=[ListedFact(fact.subject, fact.answer, fact.prompts[0]) for fact in relation.facts],
            )
            for relation in relations
        ],
        stated=None if stated is None else _stated(*stated),
    )


def _stated(relation: "Relation", fact: "Fact") -> StatedFact:
    return StatedFact(relation=relation.name, subject=fact.subject, answer=fact.answer, prompts=list(fact.prompts))
