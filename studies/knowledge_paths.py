"""Study: the two readings of knowledge attribution, side by side on every neuron of the real model.

    python studies/knowledge_paths.py            # about 8 minutes on one core; prints the tables of the page

The neuron path is exact (one engine row a neuron, all 46,080). The layer path is Gauss-Legendre until completeness
holds to 0.5 % of P. Results go to docs/studies/knowledge_paths.json, the picture beside it.
"""

import json
import sys
from pathlib import Path

import numpy as np

import unembed
from unembed.files import write_file, written
from unembed.methods.knowledge.attribution import Attribution, attribute

DOCS = Path(__file__).parents[1] / "docs" / "studies"
QUESTIONS = (
    ("The capital of France is", " Paris"),
    ("The Eiffel Tower is located in the city of", " Paris"),
    ("The official language of Brazil is", " Portuguese"),
    ("The currency of Japan is the", " yen"),
)
BEST = 20


def flat(found: Attribution) -> np.ndarray:
    """All values, layer by layer."""
    return np.concatenate([values.flatten().numpy() for values in found.values])


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value."""
    return values.argsort().argsort().astype(float)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's."""
    return float(np.corrcoef(a, b)[0, 1])


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """The share of the `BEST` largest that both have."""
    return len(set(np.argsort(-a)[:BEST]) & set(np.argsort(-b)[:BEST])) / BEST


def compare(model: unembed.Model, prompt: str, answer: str) -> dict:
    """Everything the page says about one prompt."""
    by_layer = attribute(model, prompt, answer)
    by_neuron = attribute(model, prompt, answer, path="neuron")
    a, b = flat(by_layer), flat(by_neuron)
    d_mlp = model.d_mlp
    later = slice(d_mlp, None)
    return {
        "prompt": prompt,
        "answer": answer,
        "probability": by_layer.probability,
        "pearson": correlation(a, b),
        "pearson_without_layer_0": correlation(a[later], b[later]),
        "spearman": correlation(ranks(a), ranks(b)),
        "overlap": overlap(a, b),
        "overlap_without_layer_0": overlap(a[later], b[later]),
        "signs": float((np.sign(a) == np.sign(b))[np.argsort(-np.abs(b))[:100]].mean()),
        "layers": [
            {
                "layer": x.layer,
                "layer_sum": x.sum,
                "neuron_sum": y.sum,
                "change": x.change,
                "error": x.error,
                "pearson": correlation(a[i * d_mlp : (i + 1) * d_mlp], b[i * d_mlp : (i + 1) * d_mlp]),
            }
            for i, (x, y) in enumerate(zip(by_layer.layers, by_neuron.layers, strict=True))
        ],
        "top": [
            {
                "neuron": f"L{i // d_mlp}.N{i % d_mlp}",
                "layer_path": float(a[i]),
                "neuron_path": float(b[i]),
                "rank_on_layer_path": int((a > a[i]).sum()) + 1,
            }
            for i in np.argsort(-b)[:10]
        ],
        "misled": [
            {
                "neuron": f"L{i // d_mlp}.N{i % d_mlp}",
                "layer_path": float(a[i]),
                "neuron_path": float(b[i]),
                "rank_on_neuron_path": int((b > b[i]).sum()) + 1,
            }
            for i in np.argsort(-(np.abs(a) - np.abs(b)))[:5]
        ],
        "points": [[float(a[i]), float(b[i]), int(i // d_mlp)] for i in np.argsort(-np.abs(a) - np.abs(b))[:400]],
    }


def draw(results: list[dict]) -> None:
    """Both readings of the 400 largest neurons of each prompt; layer 0 apart."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unembed"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(3.1 * len(results), 3.3), constrained_layout=True)
    for axis, result in zip(axes, results, strict=True):
        points = np.array(result["points"])
        first = points[:, 2] == 0
        axis.axline((0, 0), slope=1, color="0.8", linewidth=1)
        axis.scatter(points[~first, 0], points[~first, 1], s=9, c="#e08214", label="layers 1 to 29")
        axis.scatter(points[first, 0], points[first, 1], s=12, c="#542788", marker="x", label="layer 0")
        axis.set_title(f"“{result['prompt'][-24:]}”", fontsize=8)
        axis.set_xlabel("layer path", fontsize=8)
        axis.tick_params(labelsize=7)
    axes[0].set_ylabel("neuron path: P − P(zeroed)", fontsize=8)
    axes[0].legend(fontsize=7, loc="upper left")
    with written(DOCS / "knowledge_paths.svg") as file:
        figure.savefig(file, format="svg", metadata={"Date": None})


def main() -> int:
    """Run the study and write its results."""
    DOCS.mkdir(parents=True, exist_ok=True)
    model = unembed.load("smollm2-135m")
    results = []
    for prompt, answer in QUESTIONS:
        results.append(compare(model, prompt, answer))
        shown = {k: v for k, v in results[-1].items() if not isinstance(v, list)}
        print(json.dumps(shown), file=sys.stderr, flush=True)
    draw(results)
    for result in results:
        del result["points"]
    write_file(DOCS / "knowledge_paths.json", json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
