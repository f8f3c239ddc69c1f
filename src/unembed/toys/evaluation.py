"""What each toy must show, measured on its checkpoint.

Most numbers need the weights only. Those of the text (`needs_text`) are left out where the package that holds it is not
installed, and say so.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unembed.errors import InputError, ModelError
from unembed.loading.shipped import TOYS, toy_folder
from unembed.models.model import Model
from unembed.models.toy import ToyConfig
from unembed.progress import Progress, silent
from unembed.toys import measurements
from unembed.toys.text import has_text

Measure = Callable[[Model, Progress], float]


@dataclass(frozen=True)
class Claim:
    """One number that a toy must reach."""

    name: str
    measure: Measure
    least: float | None = None
    most: float | None = None
    needs_text: bool = False

    @property
    def threshold(self) -> str:
        """`>= 0.98`, `<= 0.05`."""
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"

    def holds(self, value: float) -> bool:
        """Whether a value reaches the threshold."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


CLAIMS: dict[str, tuple[Claim, ...]] = {
    "zero-layer": (
        Claim(
            "log P(next | token) against the log of the text's bigram frequencies: correlation, weighted by counts",
            measurements.bigram_correlation,
            least=0.98,
            needs_text=True,
        ),
        Claim(
            "logit beyond the term of the embedding, in units of the logit", measurements.beyond_embedding, most=1e-5
        ),
    ),
    "one-layer": (
        Claim(
            "loss on held-out text below that of zero-layer, in nats",
            measurements.gain_over_zero_layer,
            least=0.4,
            needs_text=True,
        ),
        Claim("positive OV eigenvalues: share, of the head with most", measurements.copying, least=0.8),
        Claim(
            "its strongest skip-trigrams, of which the text can tell: share that it confirms",
            measurements.skip_trigrams,
            least=0.7,
            needs_text=True,
        ),
    ),
    "two-layer": (
        Claim("attention of the best induction head to the induced token", measurements.induction, least=0.4),
        Claim("attention of the best previous-token head to the token before", measurements.previous, least=0.9),
        Claim("second repetition of random tokens predicted right: share", measurements.repeated_right, least=0.6),
        Claim("the same without that previous-token head: share", measurements.repeated_right_without, most=0.05),
        Claim("K-composition of the two heads over that of random ones", measurements.key_composition, least=1.2),
    ),
    "facts": (
        Claim("wordings that were held out, answered right: share", measurements.held_out_answers, least=0.95),
        Claim("P(answer) with the knowledge neurons zeroed: relative change", measurements.zeroed, most=-0.8),
        Claim("the same with as many others, active and random: size of the change", measurements.others, most=0.05),
        Claim("P(answer) with the knowledge neurons doubled: relative change", measurements.doubled, least=0.45),
    ),
}
SHOWS = {
    "zero-layer": "bigrams: what a token alone says about the next, W_U W_E",
    "one-layer": "copying and skip-trigrams: attention over what stood before",
    "two-layer": "induction: a previous-token head composed with a head that looks for it",
    "facts": "knowledge neurons: facts that a few neurons of the MLPs carry",
}
"""What each toy is for."""


@dataclass(frozen=True)
class Finding:
    """A claim and what was measured."""

    claim: str
    threshold: str
    value: float | None
    """None where the text it needs is not here."""
    holds: bool | None


@dataclass(frozen=True)
class Evaluation:
    """All claims of one toy. Made by `evaluate`."""

    name: str
    folder: Path
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether no claim that could be measured fails."""
        return all(finding.holds is not False for finding in self.findings)


def evaluate(name: str, *, folder: Path | None = None, progress: Progress = silent) -> Evaluation:
    """Measure what a toy must show.

    Args:
        name: which toy's claims; one of `unembed.loading.shipped.TOYS`.
        folder: a checkpoint of it; None takes the one that ships.
        progress: called after each claim.

    Raises:
        InputError: no such toy, or the checkpoint is no such toy.
        ModelError: the checkpoint is missing or damaged.
    """
    from unembed.loading.load import load

    if name not in TOYS:
        raise InputError(f"There is no toy {name!r}: expected one of {', '.join(TOYS)}.")
    if folder is not None and not folder.is_dir():
        raise ModelError(f"There is no folder {folder}: expected a checkpoint that `unembed toys train` wrote.")
    place = toy_folder(name) if folder is None else folder
    model = load(str(place), device="cpu")
    _check_kind(name, model)
    found = []
    for number, claim in enumerate(CLAIMS[name], 1):
        found.append(_finding(claim, model, progress))
        progress(f"Evaluating {name}", number / len(CLAIMS[name]))
    measurements.forget()
    return Evaluation(name, place, tuple(found))


def _finding(claim: Claim, model: Model, progress: Progress) -> Finding:
    if claim.needs_text and not has_text():
        return Finding(claim.name, claim.threshold, None, None)
    value = claim.measure(model, progress)
    return Finding(claim.name, claim.threshold, value, claim.holds(value))


def _check_kind(name: str, model: Model) -> None:
    """Raise `InputError` where a model has not the sizes that all toys of a name have."""
    shipped: Any = json.loads((toy_folder(name) / "config.json").read_text())
    sizes = ("num_hidden_layers", "intermediate_size", "vocab_size", "max_position_embeddings")
    expected = (ToyConfig.model_type, *(shipped[size] for size in sizes))
    found = (model.family.model_type, model.layers, model.d_mlp, model.vocab, model.context)
    if found != expected:
        raise InputError(
            f"{model.folder} is no toy of the kind {name}: expected {_size(*expected)}, found {_size(*found)}."
        )


def _size(model_type: str, layers: int, d_mlp: int, vocab: int, context: int | None) -> str:
    return f"{layers} layers of {d_mlp} neurons, {vocab} tokens and a context of {context} ({model_type})"
