"""Study: the experiments of Dai et al. (*Knowledge Neurons in Pretrained Transformers*, 2022) on the toy of clozes.

    python studies/knowledge_clozes.py           # about 10 minutes
    python studies/knowledge_clozes.py --page    # only writes the page and the picture anew from the results

Every tenth fact of each relation is searched, in its eight wordings. Results go to docs/studies/knowledge_clozes.json;
from that file the page and the picture are written (knowledge_clozes_page.py). Facts are the unit of all intervals.
"""

import itertools
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from knowledge_clozes_page import DOCS, write_page
from shares import wilson

import unembed
from unembed.engine.measures import Question, question
from unembed.files import write_file
from unembed.methods.knowledge.attribution import LayerPath, attribute
from unembed.methods.knowledge.comparison import random_like
from unembed.methods.knowledge.editing import Value, erase, update
from unembed.methods.knowledge.facts import Fact, Relation, read_facts
from unembed.methods.knowledge.neurons import Neuron, above, kept, probabilities, random_neurons, refined
from unembed.methods.knowledge.report import Answered, answers
from unembed.methods.knowledge.weight_edits import WeightEdits, added, applied, weight_edits

EVERY = 10
"""Every tenth fact of a relation is searched."""
STEPS, T, P, BETWEEN = 20, 0.2, 0.7, (2, 5)
"""Of the paper: steps of the Riemann sum, share of the maximum, first share of prompts, wanted mean of neurons."""
ERASED = 20
"""Neurons of a relation that are erased: those of most facts, as in the paper."""
SHARED = 0.1
"""Share of a relation's facts that may have a neuron as well that an update changes, as in the paper."""
OTHERS = 4
"""Other facts that each fact's neurons are tried on, of its relation and of others."""
Selection = dict[Fact, frozenset[Neuron]]
SELECTIONS = ("published", "p = 0.7", "refined", "unseen wordings", "four strongest", "activations")
"""Ways to choose a fact's neurons: by the adapted share of its wordings, by 0.7 of them, without those that more than a
fifth of the other facts have, by four wordings (judged on the others), the four of the largest mean attribution, and
as many as published of the largest mean activation, which is the paper's baseline."""


@dataclass(frozen=True)
class Searched:
    """One fact: its questions, and what each of its wordings says of each neuron."""

    fact: Fact
    asked: tuple[Question, ...]
    attributions: tuple[tuple[torch.Tensor, ...], ...]
    activations: tuple[tuple[torch.Tensor, ...], ...]


def searched(model: unembed.Model, fact: Fact) -> Searched:
    """Attributions as published, and the activations at the blank, which are the paper's baseline."""
    found = [attribute(model, prompt, fact.target, path=LayerPath("riemann", STEPS)) for prompt in fact.prompts]
    fired = [
        tuple(one.run.whole("neuron", layer, torch.tensor(one.question.positions))[0] for layer in range(model.layers))
        for one in found
    ]
    print(f"{fact.relation} of {fact.subject}", file=sys.stderr, flush=True)
    return Searched(fact, tuple(one.question for one in found), tuple(one.values for one in found), tuple(fired))


def voted(relation: Sequence[Searched], p: float, wordings: slice = slice(None)) -> Selection:
    """Each fact's neurons: above `T` of the maximum in the share `p` of some wordings."""
    return {one.fact: kept([above(values, T) for values in one.attributions[wordings]], p) for one in relation}


def adapted(relation: Sequence[Searched]) -> tuple[float, Selection]:
    """As published: the share of wordings is moved by 0.05 until the mean number of neurons lies in `BETWEEN`."""
    p = P
    while True:
        found = voted(relation, p)
        mean = sum(map(len, found.values())) / len(found)
        step = 0.05 if mean > BETWEEN[1] else -0.05 if mean < BETWEEN[0] else 0.0
        if step == 0 or not 0.05 <= p + step <= 1.0001:
            return p, found
        p += step


def strongest(one: Searched, scores: str, count: int) -> frozenset[Neuron]:
    """The neurons of the largest mean attribution or activation over the wordings."""
    mean = torch.stack([torch.stack(values) for values in getattr(one, scores)]).mean(0)
    order = mean.flatten().argsort(descending=True)[:count].tolist()
    return frozenset(Neuron(*divmod(index, mean.shape[1])) for index in order)


def bootstrapped(values: Sequence[float], statistic: Callable[[np.ndarray], np.ndarray] | None = None) -> list[float]:
    """The mean over facts with its 95 % bootstrap interval, or a function of that mean."""
    array, of = np.array(values, dtype=float), statistic or (lambda mean: mean)
    means = np.random.default_rng(0).choice(array, (2000, len(array))).mean(1)
    return [float(of(array.mean())), *(float(x) for x in np.percentile(of(means), [2.5, 97.5]))]


def changes(
    model: unembed.Model, asked: Question, selections: Sequence[Collection[Neuron]], factor: float
) -> list[float]:
    """`P after / P - 1` with each selection scaled at the blank."""
    base, *found = probabilities(model, asked, [(), *selections], factor).tolist()
    return [value / base - 1 for value in found]


def scaling(
    model: unembed.Model, facts: Sequence[Searched], chosen: dict[str, Selection], dice: np.random.Generator
) -> dict:
    """Suppressing and amplifying: the mean change of P on the fact's wordings, other facts and other relations."""
    sums: dict[str, dict[str, list[float]]] = {}

    def note(name: str, kind: str, values: Sequence[float]) -> None:
        sums.setdefault(name, {}).setdefault(kind, []).append(float(np.mean(values)))

    for one in facts:
        mine = {name: selection[one.fact] for name, selection in chosen.items()}
        same = [x for x in facts if x.fact.relation == one.fact.relation and x.fact.answer != one.fact.answer]
        other = [x for x in facts if x.fact.relation != one.fact.relation]
        for factor, word in ((0.0, "suppressed"), (2.0, "amplified")):
            own: dict[str, list[float]] = {}
            for number, asked in enumerate(one.asked):
                drawn = {
                    kind: random_neurons(model, asked, mine["published"], seed=number, active=kind == "random, active")
                    for kind in ("random, active", "random")
                }
                everything = mine | drawn
                for name, value in zip(
                    everything, changes(model, asked, list(everything.values()), factor), strict=True
                ):
                    if name != "unseen wordings" or number % 2:  # found on the other four
                        own.setdefault(name, []).append(value)
            for name, values in own.items():
                note(name, f"{word} own", values)
            for kind, pool in (("relation", same), ("elsewhere", other)):
                picked = [pool[i] for i in dice.permutation(len(pool))[:OTHERS]]
                found = [
                    changes(model, x.asked[i % len(x.asked)], list(mine.values()), factor) for i, x in enumerate(picked)
                ]
                for name, values in zip(mine, zip(*found, strict=True), strict=True):
                    note(name, f"{word} {kind}", values)
    return {name: {kind: bootstrapped(values) for kind, values in kinds.items()} for name, kinds in sums.items()}


def overlap(selection: Selection) -> dict[str, list[float]]:
    """How many neurons two facts share, within a relation and between relations: the mean over a fact's partners."""
    found: dict[str, list[float]] = {"within": [], "between": []}
    for fact, neurons in selection.items():
        for kind, same in (("within", True), ("between", False)):
            others = [n for o, n in selection.items() if o != fact and (o.relation == fact.relation) == same]
            found[kind].append(float(np.mean([len(neurons & other) for other in others])))
    return {kind: bootstrapped(values) for kind, values in found.items()}


def surprise(said: Sequence[Answered]) -> float:
    """Mean of `-log P`, in nats."""
    return float(np.mean([-math.log(max(answer.probability, 1e-30)) for answer in said]))


def by_fact(model: unembed.Model, asked: Sequence[Sequence[Question]]) -> tuple[list[float], int, int]:
    """Of each fact the mean surprise over its questions; of all together how many are right, and how many there are."""
    said = iter(answers(model, [q for group in asked for q in group]))
    groups = [[next(said) for _ in group] for group in asked]
    return [surprise(group) for group in groups], sum(a.top for g in groups for a in g), sum(map(len, groups))


def erasing(model: unembed.Model, relations: Sequence[Relation], selection: Selection) -> dict:
    """Erase each relation: perplexity of the right answers of its facts (none was searched), and of other relations."""
    results: dict[str, dict] = {}
    asked = {
        relation.name: [
            [question(model, p, fact.target) for p in fact.prompts[::2]] for fact in relation.facts[1::EVERY]
        ]
        for relation in relations
    }
    for relation in relations:
        votes = Counter(n for fact, own in selection.items() if fact.relation == relation.name for n in own)
        chosen = frozenset(neuron for neuron, _ in sorted(votes.items(), key=lambda x: (-x[1], x[0]))[:ERASED])
        control = random_like(model, chosen, (relation.facts[1].prompts[0], relation.facts[1].target))
        elsewhere = [group for name, part in asked.items() if name != relation.name for group in part]
        row: dict[str, object] = {"neurons": len(chosen)}
        for kind, groups in (("own", asked[relation.name]), ("others", elsewhere)):
            before, right, count = by_fact(model, groups)
            row[f"{kind} before"] = {"perplexity": bootstrapped(before, np.exp), "right": wilson(right, count)}
            for name, neurons in (("erased", chosen), ("control", control)):
                with applied(model, erase(model, relation.name, neurons)):
                    after, right, count = by_fact(model, groups)
                change = [b - a for a, b in zip(before, after, strict=True)]
                row[f"{kind} {name}"] = {
                    "perplexity": bootstrapped(after, np.exp),
                    "ratio": bootstrapped(change, np.exp),
                    "right": wilson(right, count),
                }
        results[relation.name] = row
    return results


def as_published(model: unembed.Model, fact: Fact, new: str, neurons: Collection[Neuron]) -> WeightEdits:
    """`v - e(old) + 8 e(new)`, with the rows of the embedding as they are."""
    old_row, new_row = (
        model.unembedding[question(model, fact.prompts[0], word).answer[0]].detach() for word in (fact.target, new)
    )
    layers = sorted({neuron.layer for neuron in neurons})
    edits = [added(i, [n.neuron for n in neurons if n.layer == i], 8 * new_row - old_row) for i in layers]
    return weight_edits(model, edits, f"{fact.subject}: {new}, as published")


def updating(model: unembed.Model, facts: Sequence[Searched], selection: Selection, dice: np.random.Generator) -> dict:
    """Give each fact another answer of its relation: how often that wins, and what other facts lose."""
    rows: dict[str, list[dict]] = {}
    for one in facts:
        same = [x for x in facts if x.fact.relation == one.fact.relation and x.fact.answer != one.fact.answer]
        other = [x for x in facts if x.fact.relation != one.fact.relation]
        new = same[int(dice.integers(len(same)))].fact.answer
        mine = {fact: n for fact, n in selection.items() if fact.relation == one.fact.relation}
        neurons = refined(mine, one.fact, SHARED)
        if not neurons:
            continue
        control = random_like(model, neurons, (one.fact.prompts[0], one.fact.target))
        groups = [
            list(one.asked),
            [question(model, prompt, new) for prompt in one.fact.prompts],
            *(
                [x.asked[int(dice.integers(8))] for x in (p[i] for i in dice.permutation(len(p))[:10])]
                for p in (same, other)
            ),
        ]
        flat = [q for group in groups for q in group]
        before = answers(model, flat)
        for name, edit in (
            ("as published", as_published(model, one.fact, new, neurons)),
            ("as published, random neurons", as_published(model, one.fact, new, control)),
            ("through the head", update(model, one.fact, new, by=Value(neurons))),
            ("through the head, random neurons", update(model, one.fact, new, by=Value(control))),
        ):
            with applied(model, edit):
                said = answers(model, flat)
            moved = [surprise(said[a:b]) - surprise(before[a:b]) for a, b in ((16, 26), (26, 36))]
            rows.setdefault(name, []).append(
                {
                    "changed": sum(not a.top for a in said[:8]) >= 4,
                    "success": sum(a.top for a in said[8:16]) >= 4,
                    "new before": float(np.mean([a.probability for a in before[8:16]])),
                    "new": float(np.mean([a.probability for a in said[8:16]])),
                    "relation": moved[0],
                    "elsewhere": moved[1],
                }
            )
    return {
        name: {
            "facts": len(found),
            **{word: wilson(sum(row[word] for row in found), len(found)) for word in ("changed", "success")},
            **{word: bootstrapped([row[word] for row in found]) for word in ("new before", "new")},
            **{word: bootstrapped([row[word] for row in found], np.exp) for word in ("relation", "elsewhere")},
        }
        for name, found in rows.items()
    }


def numbers(selection: Selection) -> dict:
    """How many neurons a fact has, which layers they are in, and how many two facts share."""
    layers = Counter(neuron.layer for neurons in selection.values() for neuron in neurons)
    counts = [len(neurons) for neurons in selection.values()]
    return {
        "neurons": bootstrapped(counts),
        "none": sum(count == 0 for count in counts),
        "layers": [layers[layer] for layer in range(4)],
        **overlap(selection),
    }


def main() -> int:
    """Run the study and write its results."""
    if "--page" in sys.argv:
        write_page(json.loads((DOCS / "knowledge_clozes.json").read_text(encoding="utf-8")))
        return 0
    torch.set_num_threads(1)
    model, dice = unembed.load("toy/cloze", device="cpu"), np.random.default_rng(0)
    assert model.folder is not None
    relations = read_facts(model.folder / "facts.yaml")
    parts = [[searched(model, fact) for fact in relation.facts[::EVERY]] for relation in relations]
    facts = list(itertools.chain(*parts))
    shares, chosen = {}, {name: {} for name in SELECTIONS}
    for relation, part in zip(relations, parts, strict=True):
        share, found = adapted(part)
        shares[relation.name] = round(share, 2)
        plain = voted(part, P)
        chosen["published"] |= found
        chosen["p = 0.7"] |= plain
        chosen["refined"] |= {one.fact: refined(plain, one.fact, 0.2) for one in part}
        chosen["unseen wordings"] |= voted(part, P, slice(0, None, 2))
        chosen["four strongest"] |= {one.fact: strongest(one, "attributions", 4) for one in part}
        chosen["activations"] |= {one.fact: strongest(one, "activations", len(found[one.fact])) for one in part}
    report = {
        "facts": len(facts),
        "shares": shares,
        "right": wilson(sum(a.top for a in answers(model, [q for one in facts for q in one.asked])), 8 * len(facts)),
        "selections": {name: numbers(selection) for name, selection in chosen.items()},
        "changes": scaling(model, facts, chosen, dice),
        "erased": erasing(model, relations, chosen["p = 0.7"]),
        "updated": updating(model, facts, chosen["p = 0.7"], dice),
    }
    write_file(DOCS / "knowledge_clozes.json", json.dumps(report, indent=1) + "\n")
    write_page(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
