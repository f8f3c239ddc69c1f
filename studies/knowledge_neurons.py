"""Study: relation neurons and fact neurons of the real model, over all shipped facts that it knows.

    python studies/knowledge_neurons.py    # attributes (kept in studies/.cache), then intervenes; about 30 minutes

Each fact's prompts are split: neurons are found on the first, third and fifth paraphrase and judged on the others. The
selection (t, p, share, score) is chosen on every second fact and reported on the rest. Results go to
docs/studies/knowledge_neurons.json, the pictures beside it.
"""

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import unembed
from unembed.engine.measures import question
from unembed.files import write_file, written
from unembed.methods.knowledge import facts as shipped_facts
from unembed.methods.knowledge.attribution import LayerPath, attribute
from unembed.methods.knowledge.facts import Fact
from unembed.methods.knowledge.neurons import Neuron, kept, probabilities, random_neurons, refined, relation_neurons
from unembed.runs.record import record

HERE = Path(__file__).parent
CACHE, DOCS = HERE / ".cache", HERE.parent / "docs" / "studies"
NODES = 5
"""Gauss-Legendre nodes a layer: selections need ranks, not completeness to the last digit."""
FLOOR = 0.01
"""Of a prompt's maximum: smaller attributions are not kept."""
OTHERS, ELSEWHERE = 8, 8
"""Facts of the same relation, and of other relations, that each fact's neurons are tried on."""

Scores = dict[Neuron, float]
"""A prompt's attributions relative to its maximum."""


@dataclass(frozen=True)
class Known:
    """A fact that the model knows."""

    fact: Fact
    scores: tuple[Scores, ...]
    """One a prompt on which neurons are found."""
    tests: tuple[str, ...]
    """Prompts on which they are judged: those of the other half that the model answers right."""

    @property
    def key(self) -> tuple[str, str]:
        """Relation and subject."""
        return self.fact.relation, self.fact.subject


@dataclass(frozen=True)
class Setting:
    """A way to select."""

    score: str
    """`vote`: above t in the share p of prompts. `contrast`: mean over prompts, less twice that of other facts."""
    t: float
    p: float
    share: float
    """Of other facts that may have the neuron as well; 1 is no refining."""

    @property
    def label(self) -> str:
        """For tables."""
        vote = f"t = {self.t:g}, p = {self.p:.2g}" if self.score == "vote" else f"contrast, t = {self.t:g}"
        return vote + ("" if self.share == 1 else f", share <= {self.share:g}")


SETTINGS = tuple(
    [Setting("vote", t, 0.6, share) for t in (0.2, 0.1, 0.05, 0.03) for share in (1.0, 0.2, 0.1, 0.05)]
    + [Setting("contrast", t, 0.6, 1.0) for t in (0.1, 0.05, 0.03, 0.02)]
)


def answered(model: unembed.Model, prompt: str, fact: Fact) -> bool:
    """Whether every token of the answer is the model's top prediction."""
    asked = question(model, prompt, fact.target)
    with torch.inference_mode():
        logits = model.module(torch.tensor([asked.tokens]), logits_to_keep=len(asked.answer)).logits[0]
    return tuple(logits.argmax(-1).tolist()) == asked.answer


def scores_of(model: unembed.Model, prompt: str, fact: Fact) -> Scores:
    """Attributions of at least `FLOOR` times the largest."""
    found = attribute(model, prompt, fact.target, path=LayerPath(steps=NODES))
    top = max(float(values.max()) for values in found.values)
    return {
        Neuron(layer, n): float(values[n]) / top
        for layer, values in enumerate(found.values)
        for n in (values.abs() > FLOOR * top).nonzero()[:, 0].tolist()
    }


def known_fact(model: unembed.Model, fact: Fact) -> Known | None:
    """The fact with its attributions, or None where the model does not know it: two right of three in both halves."""
    finding, judging = fact.prompts[0::2], fact.prompts[1::2]
    right = [answered(model, prompt, fact) for prompt in finding]
    tests = tuple(prompt for prompt in judging if answered(model, prompt, fact))
    if sum(right) < 2 or len(tests) < 2:
        return None
    return Known(fact, tuple(cached_scores(model, prompt, fact) for prompt in finding), tests)


def cached_scores(model: unembed.Model, prompt: str, fact: Fact) -> Scores:
    """As `scores_of`, kept on disk."""
    import hashlib

    name = hashlib.sha256(f"{prompt}|{fact.target}|{NODES}".encode()).hexdigest()[:24]
    path = CACHE / f"{name}.json"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        rows = [[n.layer, n.neuron, value] for n, value in scores_of(model, prompt, fact).items()]
        write_file(path, json.dumps(rows))
    return {Neuron(layer, n): value for layer, n, value in json.loads(path.read_text())}


def select(setting: Setting, relation: Sequence[Known]) -> dict[tuple[str, str], frozenset[Neuron]]:
    """Each fact's neurons under a setting."""
    if setting.score == "vote":
        votes = {
            known.key: kept(
                [frozenset(n for n, value in scores.items() if value > setting.t) for scores in known.scores], setting.p
            )
            for known in relation
        }
    else:
        votes = contrasted(relation, setting.t)
    if setting.share == 1:
        return votes
    return {key: refined(votes, key, setting.share) for key in votes}


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """The mean over prompts; a neuron a prompt does not list counts 0."""
    total: Scores = {}
    for part in scores:
        for neuron, value in part.items():
            total[neuron] = total.get(neuron, 0.0) + value / len(scores)
    return total


def contrasted(relation: Sequence[Known], t: float) -> dict[tuple[str, str], frozenset[Neuron]]:
    """Each fact's neurons whose mean score exceeds twice the other facts' mean score by more than `t`."""
    means = [mean_scores(known.scores) for known in relation]
    total: Scores = {}
    for mean in means:
        for neuron, value in mean.items():
            total[neuron] = total.get(neuron, 0.0) + value
    others = max(1, len(relation) - 1)
    return {
        known.key: frozenset(n for n, value in own.items() if value - 2 * max(0.0, (total[n] - value) / others) > t)
        for known, own in zip(relation, means, strict=True)
    }


def neighbours(known: Known, all_known: Sequence[Known], *, same: bool, count: int) -> list[Known]:
    """Some other facts, with other answers, the same for every setting."""
    pool = [
        other
        for other in all_known
        if (other.fact.relation == known.fact.relation) == same
        and other.key != known.key
        and other.fact.answer != known.fact.answer
        and other.fact.subject != known.fact.subject
    ]
    random = np.random.default_rng(abs(hash_of(known.key)))
    return [pool[i] for i in random.permutation(len(pool))[:count]]


def hash_of(key: tuple[str, str]) -> int:
    """A number that depends on the key only."""
    import zlib

    return zlib.crc32("|".join(key).encode())


def judge(
    model: unembed.Model, everything: Sequence[Known], chosen: dict[str, dict[tuple[str, str], frozenset[Neuron]]]
) -> dict[str, dict[tuple[str, str], dict[str, float]]]:
    """For each selection and fact: the change of P, suppressed and doubled, own, other facts, other relations, control.

    A change is `sum P after / sum P before - 1` over prompts. All versions of one prompt share a recorded run.
    """
    wanted: dict[tuple[str, str], list[tuple[tuple[str, str], str]]] = {}
    for known in everything:
        wanted.setdefault(known.key, []).append((known.key, "own"))
        for same, kind, count in ((True, "others", OTHERS), (False, "elsewhere", ELSEWHERE)):
            for other in neighbours(known, everything, same=same, count=count):
                wanted.setdefault(other.key, []).append((known.key, kind))
    sums: dict[tuple[str, tuple[str, str], str], np.ndarray] = {}
    by_key = {known.key: known for known in everything}
    for index, (key, owners) in enumerate(wanted.items()):
        asked_fact = by_key[key]
        for number, prompt in enumerate(asked_fact.tests):
            mine = [(owner, kind) for owner, kind in owners if kind == "own" or number == 0]
            judge_prompt(model, asked_fact, prompt, mine, chosen, sums)
        print(f"judged {index + 1} of {len(wanted)}", file=sys.stderr, flush=True)
    result: dict[str, dict[tuple[str, str], dict[str, float]]] = {}
    for (name, owner, kind), (before, after) in sums.items():
        result.setdefault(name, {}).setdefault(owner, {})[kind] = float(after / before - 1)
    return result


def judge_prompt(
    model: unembed.Model,
    asked_fact: Known,
    prompt: str,
    owners: Sequence[tuple[tuple[str, str], str]],
    chosen: dict[str, dict[tuple[str, str], frozenset[Neuron]]],
    sums: dict[tuple[str, tuple[str, str], str], np.ndarray],
) -> None:
    """One prompt, all selections that are tried on it."""
    asked = question(model, prompt, asked_fact.fact.target)
    jobs: list[tuple[str, tuple[str, str], str, Collection[Neuron], float]] = []
    for name, selection in chosen.items():
        for owner, kind in owners:
            neurons = selection[owner]
            jobs.append((name, owner, kind, neurons, 0.0))
            if name.startswith("final"):
                jobs.append((name, owner, f"{kind} doubled", neurons, 2.0))
                if kind == "own":
                    for seed in range(3):
                        control = random_neurons(model, asked, neurons, seed=seed)
                        jobs.append((name, owner, "control", control, 0.0))
                        jobs.append((name, owner, "control doubled", control, 2.0))
    for factor in (0.0, 2.0):
        part = [job for job in jobs if job[4] == factor]
        if not part:
            continue
        run = record(model, asked.tokens, positions=asked.positions)
        rows = [run.row(p) for p in asked.positions]
        base = float(asked.probability(run.logits[rows][None])[0])
        found = probabilities(model, asked, [job[3] for job in part], factor)
        for (name, owner, kind, *_), value in zip(part, found.tolist(), strict=True):
            sums.setdefault((name, owner, kind), np.zeros(2))
            sums[name, owner, kind] += (base, value)


def median_and_interval(values: Sequence[float], seed: int = 0) -> list[float]:
    """Median with a 95 % bootstrap interval over facts."""
    array = np.array(values)
    draws = np.random.default_rng(seed).choice(array, (2000, len(array)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return [float(np.median(array)), float(low), float(high)]


def summary(
    judged: dict[tuple[str, str], dict[str, float]], keys: Collection[tuple[str, str]]
) -> dict[str, list[float]]:
    """Medians over facts of every kind of change."""
    kinds = {kind for key in keys for kind in judged[key]}
    return {kind: median_and_interval([judged[k][kind] for k in keys if kind in judged[k]]) for kind in sorted(kinds)}


def choose(curve: dict[str, dict[str, list[float]]]) -> str:
    """The setting that takes most of the own fact while others lose at most 17 % (margin for the other half)."""
    fair = {name: row for name, row in curve.items() if row["others"][0] >= -0.17}
    return min(fair, key=lambda name: fair[name]["own"][0])


def relation_selection(relation: Sequence[Known]) -> dict[tuple[str, str], frozenset[Neuron]]:
    """The same neurons for every fact: above 0.1 in most prompts of at least half of the facts."""
    votes = select(Setting("vote", 0.1, 0.6, 1.0), relation)
    shared = relation_neurons(votes, 0.5)
    return dict.fromkeys(votes, shared)


def draw(report: dict) -> None:
    """The trade-off curve, and the chosen selection by relation."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unembed"
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(5.5, 4), constrained_layout=True)
    for score, colour, marker in (("vote", "#e08214", "o"), ("contrast", "#542788", "s")):
        rows = [row for row in report["curve"] if row["score"] == score]
        own, others = ([-100 * row["report"][kind][0] for row in rows] for kind in ("own", "others"))
        axis.scatter(others, own, s=18, c=colour, marker=marker, label=score)
    axis.axhline(90, color="0.8", linewidth=1)
    axis.axvline(20, color="0.8", linewidth=1)
    axis.set_xlabel("other facts of the relation lose, % (median)")
    axis.set_ylabel("the fact itself loses, % (median)")
    axis.legend()
    with written(DOCS / "knowledge_neurons_curve.svg") as file:
        figure.savefig(file, format="svg", metadata={"Date": None})

    figure, axis = plt.subplots(figsize=(7.5, 3.6), constrained_layout=True)
    names = sorted(report["relations"])
    kinds = (("own", "#e08214"), ("others", "#b2abd2"), ("elsewhere", "#8073ac"), ("control", "0.6"))
    for j, (kind, colour) in enumerate(kinds):
        rows = [report["relations"][name]["fact neurons"][kind] for name in names]
        centre = np.array([100 * row[0] for row in rows])
        spread = [100 * np.array([row[0] - row[1] for row in rows]), 100 * np.array([row[2] - row[0] for row in rows])]
        places = np.arange(len(names)) + 0.2 * (j - 1.5)
        axis.bar(places, centre, 0.19, yerr=spread, color=colour, label=kind, error_kw={"linewidth": 0.8})
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xticks(range(len(names)), names, rotation=20)
    axis.set_ylabel("change of P, % (median)")
    axis.legend(fontsize=8, ncols=4)
    with written(DOCS / "knowledge_neurons_relations.svg") as file:
        figure.savefig(file, format="svg", metadata={"Date": None})


def main() -> int:
    """Run the study and write its results."""
    model = unembed.load("smollm2-135m")
    everything: list[Known] = []
    counts = {}
    for name in shipped_facts.relations():
        facts = shipped_facts.shipped(name).facts
        known = [k for k in (known_fact(model, fact) for fact in facts) if k is not None]
        counts[name] = {"facts": len(facts), "known": len(known)}
        print(name, counts[name], file=sys.stderr, flush=True)
        everything += known if len(known) >= 6 else []
    by_relation: dict[str, list[Known]] = {}
    for known in everything:
        by_relation.setdefault(known.fact.relation, []).append(known)
    choosing = {k.key for part in by_relation.values() for k in part[0::2]}
    reporting = {k.key for part in by_relation.values() for k in part[1::2]}
    chosen = {
        setting.label: {key: n for part in by_relation.values() for key, n in select(setting, part).items()}
        for setting in SETTINGS
    }
    judged = judge(model, everything, chosen)
    curve = {name: summary(judged[name], choosing) for name in judged}
    best = choose(curve)
    final = {
        "final fact neurons": chosen[best],
        "final relation neurons": {
            key: n for part in by_relation.values() for key, n in relation_selection(part).items()
        },
    }
    last = judge(model, everything, final)
    report = {
        "counts": counts,
        "chosen": best,
        "curve": [
            {
                "setting": setting.label,
                "score": setting.score,
                "neurons": float(np.median([len(chosen[setting.label][key]) for key in reporting])),
                "choosing": curve[setting.label],
                "report": summary(judged[setting.label], reporting),
            }
            for setting in SETTINGS
        ],
        "relations": {
            name: {
                kind.removeprefix("final "): {
                    **summary(last[kind], [k.key for k in part if k.key in reporting]),
                    "neurons": float(np.median([len(final[kind][k.key]) for k in part])),
                }
                for kind in final
            }
            for name, part in by_relation.items()
        },
        "all": {kind.removeprefix("final "): summary(last[kind], reporting) for kind in final},
        "layers": {
            kind.removeprefix("final "): np.bincount(
                [n.layer for k in everything for n in final[kind][k.key]], minlength=model.layers
            ).tolist()
            for kind in final
        },
    }
    DOCS.mkdir(parents=True, exist_ok=True)
    write_file(DOCS / "knowledge_neurons.json", json.dumps(report, indent=1) + "\n")
    draw(report)
    print(json.dumps({"chosen": best, "all": report["all"]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
