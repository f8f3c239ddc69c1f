"""The page and the picture of the study of clozes (knowledge_clozes.py), written from its results."""

from collections.abc import Sequence
from pathlib import Path

from unembed.files import write_file, written

DOCS = Path(__file__).parents[1] / "docs" / "studies"
NAMES = {
    "published": "as published",
    "p = 0.7": "t = 0.2, p = 0.7",
    "refined": "the same, refined (share <= 0.2)",
    "unseen wordings": "t = 0.2, p = 0.7 on four wordings, judged on the others",
    "four strongest": "the four of the largest attribution",
    "activations": "as many of the largest activation",
    "random, active": "as many random, strongly active ones",
    "random": "as many random ones",
}
"""Selections as the page calls them."""
_OF_ERASED = (
    "own facts before",
    "after",
    "ratio",
    "other relations before",
    "after",
    "ratio",
    "own facts, random neurons",
    "others, random neurons",
)
"""Columns."""


def write_page(report: dict) -> None:
    """Write both."""
    write_file(DOCS / "knowledge-clozes.md", page(report))
    _draw(report)


def page(report: dict) -> str:
    """The page; every number of the toy is one of the results."""
    changes, selections, right = report["changes"], report["selections"], report["right"]
    low, high = min(report["shares"].values()), max(report["shares"].values())
    shares = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    updated, layers = report["updated"], ", ".join(map(str, selections["published"]["layers"]))
    stay = [row["own erased"]["right"][0] for row in report["erased"].values()]
    heads = " | ".join(("relation", *_OF_ERASED))
    return f"""# Knowledge neurons on clozes, as published

Dai et al. (*Knowledge Neurons in Pretrained Transformers*, 2022) ask a BERT at a blank, attribute the answer's
probability to neurons, and then suppress, amplify, erase and update. This study does the same with
[toy/cloze](../toys/cloze.md), which holds 800 invented facts and no others, and adds the controls that the paper does
not have. `python studies/knowledge_clozes.py` repeats it and writes this page.

- **Facts**: {report["facts"]}, every tenth of each of the four relations, each in eight wordings. The toy fills
  {_percent(right)} of their blanks right.
- **Attribution**: 20 steps of Riemann's sum, one layer at a time, at the blank.
- **Selection, as published**: above `t = 0.2` of the maximum in the share `p` of the wordings. `p` starts at 0.7 and
  moves by 0.05 until the mean number of neurons of a relation's facts lies between 2 and 5. Here it ends at {shares}.
- **Changes** are means over a fact's wordings of `P after / P - 1`, at the blank. Neurons are found and judged on the
  same wordings, as in the paper, but for the row that says otherwise.
- Intervals are 95 %: bootstrap over facts, for shares Wilson's.
- *In italics*: the paper's figures. They were not checked against its tables when this page was written: look them up
  before you cite them.

## Numbers and overlap

| neurons | a fact has | two facts of a relation share | of two relations |
|---|---|---|---|
{_rows(_count(name, row) for name, row in selections.items())}
| *paper, as published* | *4.13* | *1.23* | *0.09* |
| *paper, by activation* | *3.96* | *2.85* | *1.92* |

**Holds.** Facts share few of the neurons that attribution finds, those of two relations fewer than those of one;
activation finds neurons that facts of a relation share. By layer, from the first to the last, there are {layers}: as
in the paper, nearly all are in the top layers.

**Does not hold here.** No `p` leaves as few neurons as in the paper: even where all wordings must agree a fact has
{_number(selections["published"]["neurons"], 1)}. Facts are spread over more neurons here. And neurons of the largest
activation are not those that everything uses: facts of two relations share
{_number(selections["activations"]["between"])} of them, fewer than of the attributed ones.

## Suppress and amplify

| neurons | at 0: own fact | its relation | other relations | doubled: own fact | its relation | other relations |
|---|---|---|---|---|---|---|
{_rows(_change(name, changes[name]) for name in NAMES if name in changes)}
| *paper, as published* | *−29.03 %* | | | *+31.17 %* | | |
| *paper, by activation* | *−1.47 %* | | | *+1.27 %* | | |

![Suppressed and amplified, by selection](knowledge_clozes.svg)

**Holds.** Suppressed, a fact's neurons take most of it; doubled, they raise it. Other facts of the relation lose
{_share(changes["published"]["suppressed relation"])}, facts of other relations
{_share(changes["published"]["suppressed elsewhere"])}. It holds on wordings that had no part in the search. As many
random neurons change P by {_share(changes["random"]["suppressed own"])}, as many of the largest activation by
{_share(changes["activations"]["suppressed own"])}.

**Does not hold here.** The effect is far larger than in the paper; the neurons are more. The four of the largest
attribution, as many as in the paper, change P by {_share(changes["four strongest"]["suppressed own"])} and
{_share(changes["four strongest"]["amplified own"])}. Refining by our rule takes a few neurons, and some of the effect
with them, for little that others gain.

**What the control shows.** Neurons that are as strongly active, drawn from the same layers, are no neutral baseline:
zeroing them *raises* the right answer, by {_share(changes["random, active"]["suppressed own"])}, and doubling them
lowers it, by {_share(changes["random, active"]["amplified own"])}. At the blank many active neurons speak for other
answers. So the knowledge neurons differ from what else is active more than the paper's baseline tells.

## Erase a relation

The 20 neurons that most of a relation's searched facts have are erased: their value rows set to zero. Perplexity is
`exp` of the mean of `-log P(right answer)`, of facts that were *not* searched; in brackets the right top predictions.

| {heads} |
|---|---|---|---|---|---|---|---|---|
{_rows(_erased(name, row) for name, row in report["erased"].items())}

In the paper perplexity rises by 36.7 % to 141.2 % for the erased relation, and by 1.1 % to 10.1 % for others. **Holds
in direction**: in the mean the erased relation suffers in each of the four, more than others do, and random neurons
hardly matter to either. **Not in size**: between {100 * min(stay):.1f} % and {100 * max(stay):.1f} % of its top
predictions stay right. The margin over the control is narrow for some relations: compare the intervals. The facts
judged here had no part in the search.

## Update a fact

Each fact gets another answer of its relation, in its neurons that at most a tenth of the relation's facts have (at
`p = 0.7`). *As published*: `v - e(old) + 8 e(new)`, with the embedding's rows. *Through the head*:
`unembed knowledge update --method value`, where `e` is the row as the prediction head passes it on, scaled
([how](../methods/knowledge-neurons.md#editing-them)). A fact changes, or gets the new answer, where that is so in at
least half of its wordings.

| edit | changed | new answer | P(new) before | after | perplexity of the relation, ratio | of other relations |
|---|---|---|---|---|---|---|
{_rows(_updated(name, row) for name, row in report["updated"].items())}
| *paper* | *48.5 %* | *34.4 %* | | | | |
| *paper, random neurons* | *4.7 %* | *0.0 %* | | | | |

**Does not hold here.** The update as published breaks the fact and does not put the new answer there; it does the
same in random neurons, and other facts suffer with it. It writes embeddings, but a BERT reads its last stream through
a head with a dense layer of its own. Where that layer is no identity, `8 e(new)` points elsewhere.

**Through the head** the same edit, much smaller, succeeds as often as the paper says, at little cost to others. **But
so it does in random neurons** that are as strongly active: what carries the new answer is the vector, not the place.
The place shows in what others lose. In a fact's own neurons the relation's perplexity grows by the factor
{_number(updated["through the head"]["relation"])}, in random ones by
{_number(updated["through the head, random neurons"]["relation"])}. The paper's random neurons succeed never; whether
they were active it does not say.

## Limits

One model of 4 layers, trained on these sentences only, with facts that are drawn at random. What is larger or smaller
here than in the paper says nothing about BERT. The page tells what the procedure gives as published, and what its
controls hide.
"""


def _rows(rows: object) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)  # type: ignore[attr-defined]


def _number(found: Sequence[float], digits: int = 2) -> str:
    value, low, high = (f"{x:.{digits}f}" for x in found)
    return f"{value} [{low}, {high}]"


def _percent(found: Sequence[float]) -> str:
    value, low, high = (f"{100 * x:.1f}" for x in found)
    return f"{value} % [{low}, {high}]"


def _share(found: Sequence[float]) -> str:
    """With its sign: `−85.4 % [−89.5, −80.8]`."""
    value, low, high = (f"{100 * x:+.1f}".replace("-", "−") for x in found)
    return f"{value} % [{low}, {high}]"


def _count(name: str, row: dict) -> list[str]:
    return [NAMES[name], _number(row["neurons"], 1), _number(row["within"]), _number(row["between"])]


def _change(name: str, row: dict) -> list[str]:
    kinds = [f"{word} {kind}" for word in ("suppressed", "amplified") for kind in ("own", "relation", "elsewhere")]
    return [NAMES[name], *(_share(row[kind]) if kind in row else "" for kind in kinds)]


def _erased(name: str, row: dict) -> list[str]:
    cells = [name]
    for kind in ("own", "others"):
        for when in ("before", "erased"):
            part = row[f"{kind} {when}"]
            cells.append(f"{part['perplexity'][0]:.2f} ({100 * part['right'][0]:.1f} %)")
        cells.append(_number(row[f"{kind} erased"]["ratio"]))
    return [*cells, *(_number(row[f"{kind} control"]["ratio"]) for kind in ("own", "others"))]


def _updated(name: str, row: dict) -> list[str]:
    return [
        name,
        _percent(row["changed"]),
        _percent(row["success"]),
        _percent(row["new before"]),
        _percent(row["new"]),
        _number(row["relation"]),
        _number(row["elsewhere"]),
    ]


def _draw(report: dict) -> None:
    """The change of P, suppressed and doubled, by selection."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unembed"
    import matplotlib.pyplot as plt
    import numpy as np

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True, sharey=True)
    names = [name for name in NAMES if name in report["changes"]][::-1]
    kinds = (
        ("own", "#e08214", "own fact"),
        ("relation", "#b2abd2", "its relation"),
        ("elsewhere", "#8073ac", "others"),
    )
    for axis, word in zip(axes, ("suppressed", "amplified"), strict=True):
        for j, (kind, colour, label) in enumerate(kinds):
            rows = [report["changes"][name].get(f"{word} {kind}", [np.nan] * 3) for name in names]
            centre, low, high = (100 * np.array(column) for column in zip(*rows, strict=True))
            places = np.arange(len(names)) + 0.25 * (1 - j)
            axis.barh(places, centre, 0.24, xerr=[centre - low, high - centre], color=colour, label=label)
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_xlabel(f"{word}: change of P, %")
    axes[0].set_yticks(range(len(names)), [NAMES[name] for name in names], fontsize=8)
    axes[1].legend(fontsize=8)
    with written(DOCS / "knowledge_clozes.svg") as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
