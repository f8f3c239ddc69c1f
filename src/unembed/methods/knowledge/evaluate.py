"""evaluate: what knowledge neurons do to their fact and to others, over a set of facts, beside random neurons.

Facts of each relation are drawn into three parts, so that no number is told of what it was chosen by:

    choose   settings (t, p, share) are compared on these, and one is taken
    refine   neurons that these share are dropped from the others' (neurons.py)
    test     the numbers that are told

Neurons are found on every second prompt of a fact and tried on the others. They are scaled by 0 (suppress) and 2
(amplify), where the answer is predicted, as published (Dai et al. 2022), and in the weights, at every position. Of each

    change      sum P(answer) after / sum P(answer) before - 1, of a fact's neurons on one group of prompts
    groups      own: its other prompts; related: facts of its relation; unrelated: facts of other relations
    control     the same of as many random, strongly active neurons of the same layers, drawn once a fact

A mean over facts has a BCa interval, the difference from the control is paired by fact, and the share of facts in which
the neurons do more than the control has Wilson's (bootstrap.py). The setting is taken whose mean change of the own fact
lies furthest below that of related facts. Exact but for attribution and intervals.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float64

from unembed.engine.measures import question
from unembed.errors import InputError, all_or_nothing
from unembed.methods.bootstrap import FEWEST, bca, wilson
from unembed.methods.knowledge.asking import asking
from unembed.methods.knowledge.attribution import LayerPath, NeuronPath
from unembed.methods.knowledge.comparison import random_like
from unembed.methods.knowledge.editing import amplify, suppress
from unembed.methods.knowledge.facts import Fact, Relation
from unembed.methods.knowledge.find import Found, find
from unembed.methods.knowledge.neurons import Criteria, Neuron, probabilities, refined
from unembed.methods.knowledge.report import answers
from unembed.methods.knowledge.weight_edits import applied
from unembed.models.model import Model
from unembed.models.refusals import decoders_only
from unembed.models.reprs import Brief
from unembed.progress import Progress, silent
from unembed.runs.result import Result
from unembed.seeds import generator

Choice = Literal["published", "chosen"]
Action = Literal["suppress", "amplify"]
Place = Literal["answer", "weights"]
Group = Literal["own", "related", "unrelated"]
PUBLISHED = Criteria(0.2, 0.7, 1.0)
"""The paper's: nothing that other facts share is dropped."""
SETTINGS = tuple(Criteria(t, 0.6, share) for t in (0.2, 0.1, 0.05) for share in (0.0, 0.34, 1.0))
"""Those that are compared."""
_OTHERS = 8
"""Facts of the relation, and of other relations, that a fact's neurons are tried on, at most."""
_FACTORS: dict[Action, float] = {"suppress": 0.0, "amplify": 2.0}
_Chosen = Mapping[Fact, frozenset[Neuron]]
"""The neurons of each fact; none where it has none."""
_Changes = Float64[np.ndarray, "chosen fact group"]


@dataclass(frozen=True, repr=False)
class Split(Brief):
    """The facts of a relation, drawn into three parts, with the prompts on which their neurons are found."""

    relation: str
    choose: tuple[Fact, ...]
    refine: tuple[Fact, ...]
    test: tuple[Fact, ...]


@dataclass(frozen=True)
class Tried:
    """A setting on the facts that it is chosen by, suppressed where the answer is predicted."""

    criteria: Criteria
    facts: int
    """That have neurons under it."""
    own: float | None
    """Mean change of the fact itself; None without neurons."""
    related: float | None


@dataclass(frozen=True)
class GroupEffect:
    """What neurons do to one group of prompts: means over facts, with the ends of 95 % intervals."""

    choice: Choice
    action: Action
    place: Place
    group: Group
    facts: int
    """Of the test, that have neurons."""
    change: float
    low: float | None
    """None of fewer than five facts, as all ends of means."""
    high: float | None
    random: float | None
    """Mean change by the control; None where there cannot be one."""
    random_low: float | None
    random_high: float | None
    difference: float | None
    """Change less that of the control, fact by fact."""
    difference_low: float | None
    difference_high: float | None
    stronger: int
    """In how many facts the neurons do more than the control: lower P where suppressed, raise it where amplified."""
    stronger_low: float
    """Of the share of these facts."""
    stronger_high: float

    @property
    def label(self) -> str:
        """`chosen suppress answer own`."""
        return f"{self.choice} {self.action} {self.place} {self.group}"


@dataclass(frozen=True, repr=False)
class KnowledgeEvaluation(Result[GroupEffect]):
    """What knowledge neurons do, over a set of facts. Made by `evaluate`."""

    measure: ClassVar[str] = "change"

    model: Model
    splits: tuple[Split, ...]
    tried: tuple[Tried, ...]
    chosen: Criteria
    """The setting that was taken."""
    sizes: Mapping[Choice, tuple[int, ...]]
    """How many neurons each fact of the test has."""
    effects: tuple[GroupEffect, ...]
    left_out: tuple[str, ...] = ()
    tokens: tuple[int, ...] = ()

    @property
    def unit(self) -> str:
        """Of a change."""
        return "share of P"

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind with these numbers."""
        notes = []
        facts = len(self.sizes["chosen"])
        for choice, sizes in self.sizes.items():
            if empty := sizes.count(0):
                notes.append(f"{empty} of {facts} facts of the test have no neurons by the {choice} setting.")
        if any(effect.facts < FEWEST for effect in self.effects):
            notes.append(f"fewer than {FEWEST} facts have too little to draw from: no interval of their mean.")
        if any(effect.random is None for effect in self.effects):
            notes.append("some facts have no control: in a mixture, or with more than half of a layer.")
        return (*notes, *self.left_out)

    def entries(self) -> tuple[GroupEffect, ...]:
        """One a choice, action, place and group."""
        return self.effects


@all_or_nothing()
def evaluate(
    model: Model,
    relations: Sequence[Relation],
    *,
    settings: Sequence[Criteria] = SETTINGS,
    path: LayerPath | NeuronPath = LayerPath(),
    seed: int = 0,
    keep: str | FilePath | None = None,
    progress: Progress = silent,
) -> KnowledgeEvaluation:
    """What the knowledge neurons of some facts do to these facts and to others, beside random neurons.

    Args:
        model: from `load` or `wrap`; no encoder-decoder.
        relations: at least three facts of each, of two prompts or more.
        settings: that are compared; none of them is told of the facts by which it was taken.
        path: of the attribution.
        seed: of the draw into parts, and of the intervals.
        keep: a folder in which the values of each prompt are kept, as of `find`.
        progress: called as the work goes on.

    Raises:
        InputError: no relation with three such facts, no setting, an encoder-decoder, no fact with neurons by any
            setting, or a bad seed.
    """
    decoders_only(model, "An evaluation of knowledge neurons")
    if not settings:
        raise InputError("Expected at least one setting to choose from, found none.")
    known = _Facts.of(model, relations, seed)
    lowest = min((PUBLISHED, *settings), key=lambda by: by.t)
    found = {
        split.relation: find(
            model,
            Relation(split.relation, "", (), (*split.choose, *split.refine, *split.test)),
            criteria=lowest,
            path=path,
            keep=keep,
            progress=progress,
        )
        for split in known.splits
    }
    tried = _tried(model, known, found, settings, progress)
    best = min((one for one in tried if one.own is not None), key=_worth, default=None)
    if best is None:
        raise InputError("No fact has neurons by any of the settings. Give more facts, or a smaller t or p.")
    by_choice: dict[Choice, Criteria] = {"published": PUBLISHED, "chosen": best.criteria}
    picked: dict[Choice, _Chosen] = {choice: _neurons(known, found, by, "test") for choice, by in by_choice.items()}
    sizes: dict[Choice, tuple[int, ...]] = {choice: tuple(map(len, each.values())) for choice, each in picked.items()}
    return KnowledgeEvaluation(
        model=model,
        splits=known.splits,
        tried=tuple(tried),
        chosen=best.criteria,
        sizes=sizes,
        effects=_effects(model, known.trials("test"), picked, seed, progress),
        left_out=known.left_out,
    )


def _worth(one: Tried) -> float:
    """The smaller the better: how far the own fact falls below related ones."""
    assert one.own is not None
    return one.own - (one.related or 0.0)


@dataclass(frozen=True)
class _Trial:
    """A fact whose neurons are tried, and on what: prompts with their answers, by group."""

    fact: Fact
    asked: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class _Facts:
    """The facts of an evaluation."""

    splits: tuple[Split, ...]
    judging: Mapping[Fact, tuple[str, ...]]
    """The prompts on which no neuron is found."""
    left_out: tuple[str, ...]

    @staticmethod
    def of(model: Model, relations: Sequence[Relation], seed: int) -> "_Facts":
        random, splits, judging, notes = generator(seed), [], {}, []
        for relation in relations:
            asked = asking(model, relation.facts)
            whole = [fact for fact in asked.facts if len(fact.prompts) > 1]
            notes += [*relation.left_out, *asked.notes]
            if len(whole) < 3:
                notes.append(
                    f"{relation.name} is left out: {len(whole)} of its facts have two prompts, and three must."
                )
                continue
            drawn = [whole[i] for i in torch.randperm(len(whole), generator=random).tolist()]
            finding = [replace(fact, prompts=fact.prompts[::2]) for fact in drawn]
            judging |= {part: fact.prompts[1::2] for part, fact in zip(finding, drawn, strict=True)}
            # those left over by three go to the test, then to the refining
            splits.append(Split(relation.name, *(tuple(finding[i::3]) for i in (2, 1, 0))))
        if not splits:
            why = "".join(f"\n{note}" for note in notes)
            raise InputError(f"Expected a relation with three facts of two prompts or more, found none.{why}")
        return _Facts(tuple(splits), judging, tuple(notes))

    def trials(self, part: str) -> list[_Trial]:
        """The facts of a part, each with what it is tried on: facts of the same part alone."""
        facts = [fact for split in self.splits for fact in getattr(split, part)]
        return [_Trial(fact, self._asked(fact, facts)) for fact in facts]

    def _asked(self, fact: Fact, facts: Sequence[Fact]) -> tuple[tuple[tuple[str, str], ...], ...]:
        others = [other for other in facts if other.answer != fact.answer and other.subject != fact.subject]
        related = [other for other in others if other.relation == fact.relation]
        unrelated = [other for other in others if other.relation != fact.relation]
        own = tuple((prompt, fact.target) for prompt in self.judging[fact])
        return own, *(
            tuple((self.judging[other][0], other.target) for other in _spread(group)) for group in (related, unrelated)
        )


def _spread(facts: Sequence[Fact]) -> list[Fact]:
    count = min(len(facts), _OTHERS)
    return [facts[i * len(facts) // count] for i in range(count)]


def _neurons(known: _Facts, found: Mapping[str, Found], by: Criteria, part: str) -> dict[Fact, frozenset[Neuron]]:
    """Of each fact of a part, without those that more than a share of the facts to refine with keep."""
    chosen = {}
    for split in known.splits:
        votes = found[split.relation].at(by).votes
        beside = {other: votes[other] for other in split.refine}
        for fact in getattr(split, part):
            chosen[fact] = refined({**beside, fact: votes[fact]}, fact, by.share)
    return chosen


def _tried(
    model: Model, known: _Facts, found: Mapping[str, Found], settings: Sequence[Criteria], progress: Progress
) -> list[Tried]:
    chosen = [_neurons(known, found, by, "choose") for by in settings]
    changes = _at_answer(model, known.trials("choose"), chosen, 0.0, _told(progress, "choosing a setting", 0, 1))
    return [
        Tried(by, int((~np.isnan(rows[:, 0])).sum()), _mean(rows[:, 0]), _mean(rows[:, 1]))
        for by, rows in zip(settings, changes, strict=True)
    ]


def _effects(
    model: Model, trials: Sequence[_Trial], picked: Mapping[Choice, _Chosen], seed: int, progress: Progress
) -> tuple[GroupEffect, ...]:
    controls = {
        choice: {t.fact: random_like(model, n, t.asked[0][0]) if (n := chosen[t.fact]) else n for t in trials}
        for choice, chosen in picked.items()
    }
    both = [*picked.values(), *controls.values()]
    found: list[GroupEffect] = []
    ways: list[tuple[Action, Place]] = [(action, place) for place in get_args(Place) for action in _FACTORS]
    for done, (action, place) in enumerate(ways):
        of = _at_answer if place == "answer" else _in_weights
        told = _told(progress, "testing", done / len(ways), 1 / len(ways))
        changes = of(model, trials, both, _FACTORS[action], told)
        for i, choice in enumerate(picked):
            for g, group in enumerate(get_args(Group)):
                effect = _effect(changes[i, :, g], changes[i + len(picked), :, g], action, seed)
                found += [] if effect is None else [GroupEffect(choice, action, place, group, *effect)]
    order = {choice: i for i, choice in enumerate(picked)}
    return tuple(sorted(found, key=lambda effect: order[effect.choice]))


def _effect(own: np.ndarray, control: np.ndarray, action: Action, seed: int) -> tuple | None:
    there = ~np.isnan(own)
    if not there.any():
        return None
    paired = there & ~np.isnan(control)
    gaps = own[paired] - control[paired]
    stronger = int((gaps < 0).sum() if action == "suppress" else (gaps > 0).sum())
    means = [part for values in (own[there], control[paired], gaps) for part in _estimate(values, seed)]
    return int(there.sum()), *means, stronger, *wilson(stronger, int(paired.sum()))


def _estimate(values: np.ndarray, seed: int) -> tuple[float | None, float | None, float | None]:
    low, high = bca(values.tolist(), seed=seed) or (None, None)
    return _mean(values), low, high


def _mean(values: np.ndarray) -> float | None:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else None


def _told(progress: Progress, stage: str, start: float, share: float) -> Callable[[float], None]:
    return lambda done: progress(stage, start + share * done)


def _at_answer(
    model: Model, trials: Sequence[_Trial], chosen: Sequence[_Chosen], factor: float, told: Callable[[float], None]
) -> _Changes:
    """The changes with neurons scaled where the answer is predicted; each prompt once, with all that is tried on it."""
    sums = np.zeros((2, len(chosen), len(trials), len(get_args(Group))))
    owners: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for t, trial in enumerate(trials):
        for g, group in enumerate(trial.asked):
            for asked in group:
                owners[asked].append((t, g))
    for done, (asked, places) in enumerate(owners.items(), 1):
        jobs = [(c, t, g) for c in range(len(chosen)) for t, g in places if chosen[c][trials[t].fact]]
        tried = list(dict.fromkeys(chosen[c][trials[t].fact] for c, t, _ in jobs))
        versions = [frozenset(), *tried]  # the first is the model as it is
        found = probabilities(model, question(model, *asked), versions, factor).tolist()
        for c, t, g in jobs:
            sums[:, c, t, g] += found[0], found[1 + tried.index(chosen[c][trials[t].fact])]
        told(done / len(owners))
    return _ratios(sums)


def _in_weights(
    model: Model, trials: Sequence[_Trial], chosen: Sequence[_Chosen], factor: float, told: Callable[[float], None]
) -> _Changes:
    """The changes with the value rows of neurons scaled: at every position of every prompt."""
    sums = np.zeros((2, len(chosen), len(trials), len(get_args(Group))))
    make = amplify if factor else suppress
    for t, trial in enumerate(trials):
        questions = [question(model, *asked) for group in trial.asked for asked in group]
        groups = [g for g, group in enumerate(trial.asked) for _ in group]
        before = [answer.probability for answer in answers(model, questions)]
        for c, neurons in enumerate(each[trial.fact] for each in chosen):
            if not neurons:
                continue
            with applied(model, make(model, neurons)):
                after = [answer.probability for answer in answers(model, questions)]
            for g, *pair in zip(groups, before, after, strict=True):
                sums[:, c, t, g] += pair
        told((t + 1) / len(trials))
    return _ratios(sums)


def _ratios(sums: np.ndarray) -> _Changes:
    """NaN where nothing was tried."""
    before, after = sums
    return np.where(before > 0, after / np.where(before > 0, before, 1.0) - 1, np.nan)
