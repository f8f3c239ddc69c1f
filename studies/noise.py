"""Study: does a token attend to itself to protect its stream when what other tokens carry is noise?

    python studies/noise.py [model ...]    # all models by default; about 10 minutes, most of it for the real one

Ten prompts a model. Runs of a prompt (seeds of the noise, unrelated texts) are averaged; prompts are the unit of all
intervals and verdicts. Results of the models that are run go into docs/studies/noise.json beside those of the others;
from that file the page and the picture are written anew.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import unembed
from unembed.files import write_file, written
from unembed.methods.heads.intervals import Interval
from unembed.methods.heads.noise import SEEDS, STRENGTHS, Noise, noise
from unembed.methods.heads.noise_verdict import SMALLEST, Verdict, judge

DOCS = Path(__file__).parents[1] / "docs" / "studies"
PLAYS = (
    "What say you, my lord? Shall we to the king?",
    "I have no more to say but this: farewell, good Brutus,",
    "The night is dark, and I am sick at heart, my friend.",
    "Who's there? Stand, and tell me what thou art.",
    "Good morrow, cousin. How fares the queen your mother?",
    "Come, let us go: the duke is at the gate, and he",
    "O, she is fair, and fairer than that word,",
    "Give me thy hand, thou art a villain and a",
    "The king is dead, and long live the king of",
    "My father had a daughter loved a man, as it might",
)
PROMPTS: dict[str, tuple[str, ...]] = {
    "smollm2-135m": (
        "The capital of France is",
        "When Mary and John went to the store, John gave a drink to",
        "def add(a, b):\n    return a +",
        "Water boils at a temperature of one hundred",
        "The old man sat on the bench and watched the",
        "Monday, Tuesday, Wednesday, Thursday,",
        "She opened the letter, read it twice, and then",
        "In 1969, the first humans landed on the",
        "To make bread you need flour, water, salt and",
        "The keys to the cabinet near the doors",
    ),
    "toy/one-layer": PLAYS,
    "toy/two-layer": PLAYS,
    "toy/facts": (),  # its own, which ship with it
}
KINDS = ("protects", "rises", "falls", "unclear")


def prompts_of(name: str) -> tuple[str, ...]:
    """Ten prompts for a model; those of the toy of facts from the file that ships with it, one of each tenth."""
    if PROMPTS[name]:
        return PROMPTS[name]
    from unembed.methods.knowledge.facts import read_facts

    file = Path(unembed.__file__).parent / "data" / "toys" / "facts" / "facts.yaml"
    facts = [fact for relation in read_facts(file) for fact in relation.facts]
    step = len(facts) // 10
    return tuple(facts[k * step].prompts[k % len(facts[k * step].prompts)] for k in range(10))


def run(name: str) -> dict[str, Any]:
    """Everything the page says about one model."""
    model = unembed.load(name)
    prompts = prompts_of(name)
    found = []
    for index, prompt in enumerate(prompts):
        other = None if name == "smollm2-135m" else "\n".join(prompts[:index] + prompts[index + 1 :])
        found.append(noise(model, prompt, text=other))
        print(name, len(found), "of", len(prompts), file=sys.stderr, flush=True)
    conditions = [condition(found, strength) for strength in (0.0, *STRENGTHS, None)]
    return {
        "layers": model.layers,
        "prompts": prompts,
        "conditions": conditions,
        "over all strengths": with_heads(verdict_of([n.rises for n in found])),
    }


def verdict_of(movements: Sequence[Any]) -> Verdict:
    """Of attention to itself: each prompt is one run, the mean over its seeds or texts."""
    return judge(*(torch.stack([move("self", own_kept=kept).mean(0) for move in movements]) for kept in (True, False)))


def condition(found: Sequence[Noise], strength: float | None) -> dict[str, Any]:
    """One strength of the noise, 0 for the plain runs, or None for unrelated text; means over prompts."""
    if strength == 0:
        return {"strength": 0.0, "kept": means([n.plain.heads for n in found], [n.plain.kl for n in found])}
    pairs = {
        name: [next(c for c in n.conditions if (c.strength, c.own_kept) == (strength, kept)) for n in found]
        for name, kept in (("kept", True), ("control", False))
    }
    moved = {
        name: torch.stack([(c.heads.mean(0) - n.plain.heads.mean(0))[0] for c, n in zip(part, found, strict=True)])
        for name, part in pairs.items()
    }
    return {
        "strength": strength,
        **{name: means([c.heads for c in part], [c.kl for c in part]) for name, part in pairs.items()},
        "verdict": summary(judge(moved["kept"], moved["control"])),
    }


def means(heads: Sequence[Tensor], kls: Sequence[Tensor]) -> dict[str, float]:
    """Over runs, heads and prompts."""
    numbers = torch.stack([x.mean((0, 2, 3)) for x in heads]).mean(0).tolist()
    names = ("self", "sink", "others", "share")
    return {**dict(zip(names, numbers, strict=True)), "kl": float(torch.stack([kl.mean() for kl in kls]).mean())}


def summary(verdict: Verdict) -> dict[str, Any]:
    """A verdict as data, without its heads."""
    average = verdict.average
    return {
        "holds": verdict.holds,
        "average": None if average is None else {name: ends(x) for name, x in vars(average).items()},
        "able": verdict.able,
        **{kind: verdict.count(kind) for kind in KINDS},
        "by_chance": verdict.by_chance,
        "corrected": verdict.corrected,
    }


def with_heads(verdict: Verdict) -> dict[str, Any]:
    """A verdict as data, and of each head that can move its rise, that of the control, and its kind."""
    kept, control = verdict.heads.kept.mean, verdict.heads.control.mean
    places = [(layer, head) for layer in range(1, len(kept)) for head in range(kept.shape[1])]
    heads = [[*place, float(kept[place]), float(control[place]), verdict.kind(*place)] for place in places]
    return {**summary(verdict), "heads": heads}


def ends(found: Interval) -> list[float]:
    """Mean, low and high."""
    return [float(found.mean), float(found.low), float(found.high)]


# The page


def draw(report: dict[str, Any]) -> None:
    """For each model: self-attention by strength, and its rise head by head against the control."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unembed"
    import matplotlib.pyplot as plt

    able = {name: result for name, result in report.items() if result["over all strengths"]["average"]}
    figure, grid = plt.subplots(len(able), 2, figsize=(8, 3.2 * len(able)), constrained_layout=True, squeeze=False)
    for (name, result), (left, right) in zip(able.items(), grid, strict=True):
        for part, colour, label in (("kept", "#e08214", "own value kept"), ("control", "#542788", "control")):
            rows = [c["verdict"]["average"][part] for c in result["conditions"] if c["strength"]]
            mean, low, high = (torch.tensor(column) for column in zip(*rows, strict=True))
            left.errorbar(STRENGTHS, mean, (mean - low, high - mean), color=colour, label=label, capsize=2)
        left.axhline(0, color="0.8", linewidth=1)
        left.set_xscale("log", base=2)
        left.set_xticks(STRENGTHS, [f"{s:g}" for s in STRENGTHS])
        left.set_xlabel("strength of the noise, rms of the values", fontsize=8)
        left.set_ylabel(f"{name}\nrise of attention to self", fontsize=8)
        left.legend(fontsize=7)
        for kind, colour in zip(KINDS, ("#1b7837", "#e08214", "#542788", "0.7"), strict=True):
            heads = [head for head in result["over all strengths"]["heads"] if head[4] == kind]
            right.scatter([h[3] for h in heads], [h[2] for h in heads], s=9, c=colour, label=f"{len(heads)} {kind}")
        right.axline((0, 0), slope=1, color="0.8", linewidth=1, zorder=0)
        right.set_xlabel("rise in the control, a point a head", fontsize=8)
        right.set_ylabel("rise with the own value kept", fontsize=8)
        right.legend(fontsize=7)
    with written(DOCS / "noise.svg") as file:
        figure.savefig(file, format="svg", metadata={"Date": None})


def page(report: dict[str, Any]) -> str:
    """The page, from the results alone."""
    parts = [INTRODUCTION, overview(report)]
    for name, result in report.items():
        parts.append(f"## {name}\n\n{said(result)}\n\n{table(result)}")
        best = top_heads(result)
        if best:
            parts.append(best)
    parts.append(READING)
    return "\n\n".join(parts).rstrip() + "\n"


def overview(report: dict[str, Any]) -> str:
    """The verdict on every model, a row each."""
    words = {"yes": "holds", "no": "does not hold", "unclear": "undecided", "cannot tell": "cannot be tested"}
    lines = [
        "| model | the claim | to self, own value kept | in the control | difference | protect "
        "| rise as in the control | fall | of heads that can move |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, result in report.items():
        verdict = result["over all strengths"]
        average = verdict["average"]
        moved = [interval(average[part]) if average else "" for part in ("kept", "control", "excess")]
        counts = [str(verdict[kind]) for kind in (*KINDS[:3], "able")]
        lines.append("| " + " | ".join([name, f"**{words[verdict['holds']]}**", *moved, *counts]) + " |")
    return "\n".join(lines)


def said(result: dict[str, Any]) -> str:
    """The verdict in words."""
    verdict = result["over all strengths"]
    if verdict["average"] is None:
        return (
            "Nothing can be said: in layer 0 queries and keys are made of the embedding, so that no change of values "
            "can move a pattern. Only the share of the update moves."
        )
    word = {"yes": "holds", "no": "does not hold", "unclear": "cannot be decided"}[verdict["holds"]]
    kept, control, excess = (interval(verdict["average"][part]) for part in ("kept", "control", "excess"))
    return (
        f"The claim **{word}** on average over the {verdict['able']} heads that can move. From no noise to the "
        f"strongest, attention to self moves by {kept}; in the control, where it protects nothing, by {control}. The "
        f"difference is {excess}. Head by head: {verdict['protects']} protect (up to {verdict['by_chance']:.1f} would "
        f"by chance; {verdict['corrected']} after Bonferroni), {verdict['rises']} rise as in the control, "
        f"{verdict['falls']} fall, {verdict['unclear']} are unclear or move by less than {SMALLEST:g}.\n\n"
    ) + steps(result)


def steps(result: dict[str, Any]) -> str:
    """By how much attention to self has moved at each strength, and with unrelated text."""
    found = {row["strength"]: row["verdict"]["average"]["kept"] for row in result["conditions"] if row["strength"] != 0}
    noisy = "; ".join(f"{interval(found[strength])} at {strength:g} rms" for strength in STRENGTHS)
    return (
        f"Strength by strength, against the plain run: {noisy}. With the values of unrelated text: "
        f"{interval(found[None])}."
    )


def interval(found: Sequence[float]) -> str:
    """`+0.080 [+0.039, +0.122]`, with a true minus."""
    mean, low, high = (f"{x:+.3f}".replace("-", "−") for x in found)
    return f"{mean} [{low}, {high}]"


def table(result: dict[str, Any]) -> str:
    """A row a condition."""
    lines = [
        "| others carry | to self | to sink | to others | update from others | KL, nats | self, control "
        "| protect | rise as in the control | fall |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["conditions"]:
        names = {0.0: "their values", None: "values of unrelated text"}
        kept = row["kept"]
        cells = [names.get(row["strength"], f"noise, {row['strength'] or 0:g} rms")]
        cells += [f"{kept[name]:.3f}" for name in ("self", "sink", "others")]
        cells += [f"{100 * kept['share']:.1f} %", f"{kept['kl']:.2f}"]
        if row["strength"] == 0:
            cells += ["", "", "", ""]
        else:
            cells += [f"{row['control']['self']:.3f}", *(str(row["verdict"][kind]) for kind in KINDS[:3])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def top_heads(result: dict[str, Any], count: int = 8) -> str:
    """The heads that protect, and of those that rise as in the control or fall the ones that move most."""
    lines = []
    for kind in KINDS[:3]:
        heads = [head for head in result["over all strengths"]["heads"] if head[4] == kind]
        best = sorted(heads, key=lambda head: -abs(head[2]))[:count]
        shown = ", ".join(f"L{layer}.H{head} ({kept:+.2f}; {control:+.2f})" for layer, head, kept, control, _ in best)
        more = f" and {len(heads) - len(best)} more" if len(heads) > len(best) else ""
        lines += [f"- **{kind}**: {shown}{more}".replace("-0.", "−0.")] if best else []
    if not lines:
        return ""
    return "Heads, with their rise over the strengths and that of the control:\n\n" + "\n".join(lines)


INTRODUCTION = f"""\
# Does a token attend to itself to protect its stream?

It is claimed that where other tokens' values are noise, a token must attend to itself to protect its stream. This study
takes the claim at its word: it replaces what other tokens carry, by noise of growing strength and by the values of
unrelated text, and reads where every head attends then ([what is measured](../methods/noise.md)). If the claim holds,
attention to self must rise. And it must rise *because* there is something to protect: in a control the token's own
value is changed as well, so that attending to itself is worth nothing. A rise that is as large there is no protection.

Ten prompts a model, {SEEDS} seeds of the noise, up to {SEEDS} unrelated texts. Prompts are the unit: intervals are 95 %
over prompts, by Student's t. A head *protects* when its attention to itself rises by more than {SMALLEST:g}, with an
interval above 0, and by more than in the control, pairwise over prompts. `python studies/noise.py` repeats the study
and writes this page.

![By strength, and head by head against the control](noise.svg)"""

READING = """\
## How to read this

The columns *protect*, *rise as in the control* and *fall* count heads at one strength against the plain run. The first
paragraph under each model is about the line through all strengths, which leans on the strongest. Heads of layer 0
cannot move and count nowhere.

Far from what a model has seen, patterns flatten: attention leaves the sink, and some of it lands on the token itself.
The control is there to tell this from protection. It cannot tell everything: a head does not see whether its own value
is clean, so a habit of turning to oneself whenever the stream looks strange would rise in both, and is counted here as
no protection.

Nothing here says what a model would learn if values were noise in training: that claim is another one."""


def main() -> int:
    """Run the models that are named, and write the results, the picture and the page."""
    path = DOCS / "noise.json"
    report = json.loads(path.read_text()) if path.exists() else {}
    for name in sys.argv[1:] or PROMPTS:
        report[name] = run(name)
        ordered = {name: report[name] for name in PROMPTS if name in report}
        write_file(path, json.dumps(ordered, indent=1) + "\n")
    draw(ordered)
    write_file(DOCS / "noise.md", page(ordered))
    return 0


if __name__ == "__main__":
    sys.exit(main())
