"""What each toy must show, measured on its checkpoint.

Most numbers need the weights only. Those of the text (`needs_text`) are left out where the package that holds it is not
installed, and say so.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unembed.errors import InputError, ModelError
from unembed.loading.shipped import TOYS, toy_folder
from unembed.models.model import Model
from unembed.progress import Progress, silent
from unembed.toys import measurements
from unembed.toys.claims import CLAIMS, Claim
from unembed.toys.text import has_text


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
    value = getattr(measurements, claim.measure)(model, progress)
    return Finding(claim.name, claim.threshold, value, claim.holds(value))


def _check_kind(name: str, model: Model) -> None:
    """Raise `InputError` where a model has not the sizes that all toys of a name have."""
    shipped: Any = json.loads((toy_folder(name) / "config.json").read_text())
    sizes = ("num_hidden_layers", "intermediate_size", "vocab_size", "max_position_embeddings")
    expected = (shipped["model_type"], *(shipped[size] for size in sizes))
    found = (model.family.model_type, model.layers, model.d_mlp, model.vocab, model.context)
    if found != expected:
        raise InputError(
            f"{model.folder} is no toy of the kind {name}: expected {_size(*expected)}, found {_size(*found)}."
        )


def _size(model_type: str, layers: int, d_mlp: int, vocab: int, context: int | None) -> str:
    return f"{layers} layers of {d_mlp} neurons, {vocab} tokens and a context of {context} ({model_type})"
