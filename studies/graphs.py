"""Study: how much of a difference between two prompts the nodes of a graph carry, by the rule that chose them.

    python studies/graphs.py            # 100 pairs of prompts; goes on where it was stopped
    python studies/graphs.py --table    # only the table, of the pairs that are done

Pairs of five tasks (ioi, greater-than, induction, agreement, facts), one task after the other, so that any number of
them is balanced. Of each pair the 20, 60 and 200 nodes (heads and MLPs at positions) of the largest

    gate, relp   worth in the graph of the two prompts (`unembed.graph(..., other=...)`), by either rule
    direct       direct effect: how far the two writes differ along the logit's own direction
    exact        effect of changing that node alone, in exact runs; of the first `EXACT` pairs: it takes a run a node
    random       none: drawn

are kept, with every other node as it is in the other prompt. Faithfulness is 1 as the prompt's own run and 0 with every
node as in the other one. Means with bootstrap intervals over prompts. Results go to docs/studies/graphs.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

import unembed
from unembed.files import write_file
from unembed.methods.edges.tasks import TASKS, PromptPair, task_prompts
from unembed.methods.graph.explained import Explained
from unembed.methods.graph.graph import graph
from unembed.methods.graph.removals import NodePlace, every_node, measured
from unembed.models.model import Model
from unembed.seeds import generator

FILE = Path(__file__).parents[1] / "docs" / "studies" / "graphs.json"
PAIRS, EXACT, SIZES = 100, 20, (20, 60, 200)
CHOICES = ("gate", "relp", "direct", "exact", "random")


def differing(model: Model, task: str, count: int) -> list[PromptPair]:
    """Pairs of a task in which the prompt is at least a logit above the other: of less, shares say nothing."""
    return [pair for pair in task_prompts(model, task, 2 * count) if above(model, pair) >= 1][:count]


def above(model: Model, pair: PromptPair) -> float:
    """How far the two prompts differ in the logit that is explained."""
    first, second = (
        unembed.readout(model, prompt, pair.target, versus=pair.versus).value for prompt in (pair.clean, pair.corrupt)
    )
    return first - second


def orders(model: Model, pair: PromptPair, *, exact: bool) -> tuple[Explained, dict[str, list[NodePlace]]]:
    """The nodes of a pair, the best first, by each choice."""
    found, asked = {}, None
    for rule in ("gate", "relp"):
        made = graph(
            model, pair.clean, pair.target, versus=pair.versus, other=pair.corrupt, nodes=max(SIZES), rule=rule
        )
        found[rule] = [(node.part, node.position) for node in made.nodes if node.part is not None]
        asked = made.asked
    assert asked is not None
    nodes = every_node(asked)
    direct = torch.tensor([direct_effect(asked, node) for node in nodes]).abs()
    found["direct"] = [nodes[i] for i in direct.argsort(descending=True).tolist()]
    if exact:
        alone = (measured(asked, [[node] for node in nodes]) - asked.base).abs()
        found["exact"] = [nodes[i] for i in alone.argsort(descending=True).tolist()]
    found["random"] = [nodes[i] for i in torch.randperm(len(nodes), generator=generator(0)).tolist()]
    return asked, found


def direct_effect(asked: Explained, node: NodePlace) -> float:
    """How far the writes of a node differ along the logit's own direction, where it is read."""
    part, position = node
    (read,) = asked.reads
    if position != read.position:
        return 0.0
    site = part.site(position)
    assert asked.other is not None
    step = asked.run.at(site)[0].double() - asked.other.at(site)[0].double()
    if part.head is not None:
        step = step @ asked.run.model.blocks[part.layer].output_by_head[part.head].double()
    return float(step @ read.direction)


def tried(model: Model, pair: PromptPair, *, exact: bool) -> dict[str, list[float]]:
    """Faithfulness by choice, at each size."""
    asked, found = orders(model, pair, exact=exact)
    nodes = every_node(asked)
    kept = [set(order[:size]) for order in found.values() for size in SIZES]
    versions = [[node for node in nodes if node not in each] for each in kept]
    some = [i for i, places in enumerate(versions) if places]
    values = measured(asked, [nodes, *(versions[i] for i in some)]).tolist()
    none, by_version = values[0], dict(zip(some, values[1:], strict=True))
    shares = [(by_version.get(i, asked.base) - none) / (asked.base - none) for i in range(len(versions))]
    return {choice: shares[len(SIZES) * i :][: len(SIZES)] for i, choice in enumerate(found)}


def main() -> None:
    """Go on with the pairs that are not done; then the table."""
    done = json.loads(FILE.read_text())["pairs"] if FILE.is_file() else []
    if "--table" not in sys.argv:
        model = unembed.load("smollm2-135m")
        pairs = {task: differing(model, task, PAIRS // len(TASKS)) for task in TASKS}
        order = [
            (task, pair) for turn in zip(*pairs.values(), strict=True) for task, pair in zip(TASKS, turn, strict=True)
        ]
        for number, (task, pair) in enumerate(order[len(done) :], len(done)):
            done.append({"task": task, **pair.row, "faithfulness": tried(model, pair, exact=number < EXACT)})
            write_file(FILE, json.dumps({"sizes": SIZES, "pairs": done}, indent=1) + "\n")
            print(number + 1, task, done[-1]["faithfulness"], flush=True)
    print(table(done))


def table(done: list[dict]) -> str:
    """Rows of the page."""
    lines = []
    for choice in CHOICES:
        rows = [each["faithfulness"][choice] for each in done if choice in each["faithfulness"]]
        if not rows:
            continue
        cells = [mean_and_interval([row[i] for row in rows]) for i in range(len(SIZES))]
        lines.append(f"| {choice} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def mean_and_interval(values: list[float]) -> str:
    """`0.43 [0.38, 0.49]`."""
    draws = np.random.default_rng(0).choice(np.array(values), (2000, len(values)))
    low, high = np.quantile(draws.mean(1), [0.025, 0.975])
    return f"{np.mean(values):.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
