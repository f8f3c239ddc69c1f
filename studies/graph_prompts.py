"""Study: five prompts of the real model as graphs, each against a prompt that differs in what matters.

    python studies/graph_prompts.py     # minutes; prints the table of the page and draws a picture of each prompt

The graph of 60 nodes (heads and MLPs at positions) of the difference, tested in exact runs; the picture has the 24
largest. Results go to docs/studies/graph_prompts.json, pictures beside it.
"""

import json
from pathlib import Path

import unembed
from unembed.files import write_file
from unembed.methods.graph.graph import Graph, graph

DOCS = Path(__file__).parents[1] / "docs" / "studies"
PROMPTS = {
    "fact": ("The capital of France is", "The capital of England is", " Paris", " London"),
    "ioi": (
        "When Mary and John went to the store, John gave a drink to",
        "When Mary and John went to the store, Mary gave a drink to",
        " Mary",
        " John",
    ),
    "induction": (
        "The old man saw the dog. The old man saw the",
        "The old man saw the cat. The old man saw the",
        " dog",
        " cat",
    ),
    "agreement": ("The keys to the old wooden cabinet", "The key to the old wooden cabinet", " are", " is"),
    "two-hop": (
        "The capital of the country where the Eiffel Tower stands is",
        "The capital of the country where the Big Ben Tower stands is",
        " Paris",
        " London",
    ),
}


def told(found: Graph) -> dict:
    """What the page says of a graph."""
    assert found.score is not None
    columns = [found.columns(node) for node in found.nodes[:6]]
    return {
        "value": found.value,
        "held": found.held,
        "nodes": [{name: row[name] for name in ("label", "token", "worth", "effect")} for row in columns],
        "faithfulness": found.score.faithfulness,
        "random": found.score.by_chance,
        "deletion": list(found.score.deletion),
        "base": found.base,
        "none": found.score.none,
        "all": found.score.all,
        "agreements": {str(rule): value for rule, value in found.agreements.items()},
        "alone": 1 - found.remainder / found.value,
    }


def main() -> None:
    """Ask of every prompt, and draw it."""
    model, results = unembed.load("smollm2-135m"), {}
    for name, (prompt, other, target, versus) in PROMPTS.items():
        found = graph(model, prompt, target, versus=versus, other=other).tested()
        results[name] = {"prompt": prompt, "other": other, "target": target, "versus": versus, **told(found)}
        graph(found.run, target, versus=versus, other=other, nodes=24).tested().plot().savefig(
            DOCS / f"graph_{name}.svg"
        )
        write_file(DOCS / "graph_prompts.json", json.dumps(results, indent=1) + "\n")
        print(name, json.dumps(results[name]), flush=True)


if __name__ == "__main__":
    main()
