"""Study: does an update by ROME hold on unseen paraphrases, and what else does it change? On the real model.

    python studies/knowledge_edits.py [count]    # all facts that it knows, or `count` of them; about 20 seconds each

A fact counts as known where two of three prompts are answered right in both halves. The edit is made with the first,
third and fifth prompt, to the answer of another fact of the relation, and judged on the others; what the model said
right before about other facts is asked again. Results go to docs/studies/knowledge_edits.json.
"""

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from shares import wilson

import unembed
from unembed.engine.measures import question
from unembed.files import write_file
from unembed.methods.knowledge.editing import new_target, update
from unembed.methods.knowledge.facts import Fact, relations, shipped
from unembed.methods.knowledge.report import answers
from unembed.methods.knowledge.weight_edits import applied

DOCS = Path(__file__).parents[1] / "docs" / "studies"
OTHERS = 40
"""Prompts about other facts that are asked again after each edit."""


def right(model: unembed.Model, asked: Sequence[tuple[str, str]]) -> list[bool]:
    """Which answers are the top prediction."""
    return [found.top for found in answers(model, [question(model, *pair) for pair in asked])]


def known_facts(model: unembed.Model) -> tuple[list[Fact], list[tuple[Fact, str]]]:
    """The facts that the model knows, and all prompts that it answers right."""
    everything = [fact for name in relations() for fact in shipped(name).facts]
    asked = [(fact, prompt) for fact in everything for prompt in fact.prompts]
    good = right(model, [(prompt, fact.target) for fact, prompt in asked])
    correct = [pair for pair, ok in zip(asked, good, strict=True) if ok]
    prompts = {fact: {prompt for other, prompt in correct if other == fact} for fact in everything}
    halves = ((fact, [len(prompts[fact] & set(fact.prompts[half::2])) for half in (0, 1)]) for fact in everything)
    return [fact for fact, (first, second) in halves if first >= 2 and second >= 2], correct


def edited(
    model: unembed.Model, fact: Fact, known: Sequence[Fact], correct: Sequence[tuple[Fact, str]], **words: object
) -> dict:
    """One update, and what it does."""
    draw = random.Random(f"{fact.relation}|{fact.subject}")
    pool = sorted({other.answer for other in known if other.relation == fact.relation} - {fact.answer})
    to = draw.choice(pool)
    target = new_target(fact, to)
    others = draw.sample([pair for pair in correct if pair[0].subject != fact.subject], OTHERS)
    same = [pair for pair in correct if pair[0].subject == fact.subject and pair[0].relation != fact.relation]
    made, unseen = fact.prompts[0::2], fact.prompts[1::2]
    with applied(model, update(model, fact, to, prompts=made, **words)):  # type: ignore[arg-type]
        groups = [(prompt, target) for prompt in (*made, *unseen)]
        found = right(model, groups + [(prompt, other.target) for other, prompt in (*others, *same)])
    first, second, third = len(made), len(groups), len(groups) + len(others)
    kept = {
        name: [
            ok
            for (other, _), ok in zip(others, found[second:third], strict=True)
            if (other.relation == fact.relation) == own
        ]
        for name, own in (("same relation", True), ("other relations", False))
    }
    return {
        "relation": fact.relation,
        "subject": fact.subject,
        "answer": fact.answer,
        "to": to,
        "made": found[:first],
        "unseen": found[first:second],
        "others": kept,
        "same subject": found[third:],
    }


def summary(rows: Sequence[dict]) -> dict:
    """Over facts: shares, with a 95 % interval (Wilson) where facts are the unit."""
    unseen = np.array([np.mean(row["unseen"]) for row in rows])
    others = [ok for row in rows for part in row["others"].values() for ok in part]
    same = [ok for row in rows for ok in row["same subject"]]
    changed, *interval = wilson(int((unseen > 0.5).sum()), len(rows))
    return {
        "facts": len(rows),
        "facts with most unseen prompts changed": changed,
        "interval": interval,
        "facts with all unseen prompts changed": float((unseen == 1).mean()),
        "unseen prompts changed": float(unseen.mean()),
        "prompts of the edit changed": float(np.mean([np.mean(row["made"]) for row in rows])),
        "other facts kept": float(np.mean(others)),
        **{
            f"kept, {name}": float(np.mean([ok for row in rows for ok in row["others"][name]]))
            for name in ("same relation", "other relations")
        },
        "kept, same subject": float(np.mean(same)) if same else None,
    }


def write(rows: Sequence[dict], known: int) -> dict:
    """The report so far, to disk after each fact: an interrupted study keeps what it has."""
    relations_of = {name: summary([r for r in rows if r["relation"] == name]) for name in {r["relation"] for r in rows}}
    report = {"known": known, "all": summary(rows), "relations": dict(sorted(relations_of.items())), "edits": rows}
    write_file(DOCS / "knowledge_edits.json", json.dumps(report, indent=1) + "\n")
    return report


def main() -> int:
    """Run the study and write its results."""
    model = unembed.load("smollm2-135m")
    known, correct = known_facts(model)
    chosen = random.Random(0).sample(known, min(len(known), int(sys.argv[1]) if sys.argv[1:] else len(known)))
    rows, report = [], {}
    for fact in chosen:
        rows.append(edited(model, fact, known, correct))
        report = write(rows, len(known))
        print(len(rows), fact.subject, json.dumps(report["all"]), file=sys.stderr, flush=True)
    print(json.dumps(report["all"], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
