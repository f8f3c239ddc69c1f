"""`unembed knowledge evaluate` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, model_facts, versions

if TYPE_CHECKING:
    from unembed.methods.knowledge.evaluate import KnowledgeEvaluation
    from unembed.methods.knowledge.neurons import Criteria


@dataclass(frozen=True)
class EvaluatedRelation:
    """The facts of a relation by their subjects, drawn into three parts."""

    relation: str
    """Its name."""
    choose: list[str]
    """A setting is chosen by these."""
    refine: list[str]
    """Neurons that these share are dropped."""
    test: list[str]
    """The effects are of these."""


@dataclass(frozen=True)
class SelectionSetting:
    """When a neuron is a fact's own."""

    t: float
    """The share of the largest attribution above which a neuron counts."""
    p: float
    """The share of a fact's prompts in which it must."""
    share: float
    """The share of other facts that may have it as well; 1 drops none."""


@dataclass(frozen=True)
class TriedSetting:
    """A setting on the facts that it is chosen by, suppressed where the answer is predicted."""

    setting: SelectionSetting
    """Which."""
    facts: int
    """How many have neurons under it."""
    own: float | None
    """Mean change of the fact itself; null without neurons."""
    related: float | None
    """Mean change of other facts of its relation; null without any."""


@dataclass(frozen=True)
class EvaluatedEffect:
    """What neurons do to one group of prompts: means over facts, with the ends of 95 % intervals.

    A change is `sum P after / sum P before - 1`. Ends of the interval of a mean are null for fewer than five facts.
    """

    choice: Literal["published", "chosen"]
    """By which setting the neurons were chosen."""
    action: Literal["suppress", "amplify"]
    """Scaled by 0, or by 2."""
    place: Literal["answer", "weights"]
    """Where the answer is predicted, or in the weights."""
    group: Literal["own", "related", "unrelated"]
    """The fact's other prompts, facts of its relation, or facts of other relations."""
    facts: int
    """Of the test, that have neurons."""
    change: float
    """Mean over facts."""
    low: float | None
    """Of its interval (BCa)."""
    high: float | None
    """Of its interval (BCa)."""
    random: float | None
    """Mean change by as many random neurons; null where there cannot be a control."""
    random_low: float | None
    """Of its interval (BCa)."""
    random_high: float | None
    """Of its interval (BCa)."""
    difference: float | None
    """Change less that of the control, fact by fact."""
    difference_low: float | None
    """Of its interval (BCa)."""
    difference_high: float | None
    """Of its interval (BCa)."""
    stronger: int
    """In how many facts the neurons do more than the control."""
    stronger_low: float
    """Of the share of these facts (Wilson)."""
    stronger_high: float
    """Of the share of these facts (Wilson)."""


@payload("unembed/knowledge-evaluate/1")
class EvaluatePayload:
    """`unembed knowledge evaluate --json`."""

    model: ModelFacts
    relations: list[EvaluatedRelation]
    """The facts, by the part that they were drawn into."""
    published: SelectionSetting
    """The setting of the paper."""
    chosen: SelectionSetting
    """The setting that was taken."""
    tried: list[TriedSetting]
    """All that were compared."""
    published_sizes: list[int]
    """How many neurons each fact of the test has by the paper's setting."""
    chosen_sizes: list[int]
    """How many it has by the chosen one."""
    effects: list[EvaluatedEffect]
    """On the facts of the test."""
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def evaluate_payload(result: "KnowledgeEvaluation") -> EvaluatePayload:
    """An evaluation as data."""
    from unembed.methods.knowledge.evaluate import PUBLISHED

    return EvaluatePayload(
        model=model_facts(result.model),
        relations=[
            EvaluatedRelation(
                split.relation,
                *([fact.subject for fact in part] for part in (split.choose, split.refine, split.test)),
            )
            for split in result.splits
        ],
        published=_setting(PUBLISHED),
        chosen=_setting(result.chosen),
        tried=[TriedSetting(_setting(one.criteria), one.facts, one.own, one.related) for one in result.tried],
        published_sizes=list(result.sizes["published"]),
        chosen_sizes=list(result.sizes["chosen"]),
        effects=[EvaluatedEffect(**vars(effect)) for effect in result.effects],
        notes=list(result.notes),
        versions=versions(),
    )


def _setting(by: "Criteria") -> SelectionSetting:
    return SelectionSetting(t=by.t, p=by.p, share=by.share)
