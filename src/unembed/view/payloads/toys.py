"""`unembed toys` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import versions

if TYPE_CHECKING:
    from unembed.toys.evaluation import Evaluation


@dataclass(frozen=True)
class ToyClaim:
    """What a toy must show."""

    claim: str
    """In words."""
    threshold: str
    """Such as `>= 0.98`."""
    needs_text: bool
    """Whether it is measured on the training text."""


@dataclass(frozen=True)
class ToyEntry:
    """A toy that ships."""

    name: str
    """For `unembed toys`."""
    model: str
    """For --model."""
    shows: str
    """What it is for."""
    layers: int
    """How many blocks."""
    d_mlp: int
    """Neurons of a block; 0 without MLPs."""
    bytes: int
    """Of its folder."""
    claims: list[ToyClaim]
    """What it must show."""


@payload("unembed/toys/1")
class ToysPayload:
    """`unembed toys list --json`."""

    toys: list[ToyEntry]
    """Each that ships."""


@dataclass(frozen=True)
class ToyFinding:
    """A claim, and what was measured; null where the text that it needs is not here."""

    claim: str
    """In words."""
    threshold: str
    """Such as `>= 0.98`."""
    value: float | None
    """What was measured."""
    holds: bool | None
    """Whether it reaches the threshold."""


@payload("unembed/toy-evaluation/1")
class ToyEvaluationPayload:
    """`unembed toys evaluate --json`."""

    name: str
    """The toy."""
    folder: str
    """Of the checkpoint."""
    findings: list[ToyFinding]
    """One a claim."""
    holds: bool
    """Whether no claim that could be measured fails."""
    versions: dict[str, str]


def toys_payload() -> ToysPayload:
    """The toys that ship, as data."""
    from unembed.toys.claims import CLAIMS

    return ToysPayload(toys=[_entry(name) for name in CLAIMS])


def _entry(name: str) -> ToyEntry:
    import json

    from unembed.loading.shipped import toy_folder
    from unembed.toys.claims import CLAIMS, SHOWS

    folder = toy_folder(name)
    config = json.loads((folder / "config.json").read_text())
    return ToyEntry(
        name=name,
        model=f"toy/{name}",
        shows=SHOWS[name],
        layers=config["num_hidden_layers"],
        d_mlp=config["intermediate_size"],
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
        claims=[ToyClaim(claim.name, claim.threshold, claim.needs_text) for claim in CLAIMS[name]],
    )


@payload_of.register
def toy_evaluation_payload(result: "Evaluation") -> ToyEvaluationPayload:
    """An evaluation as data."""
    return ToyEvaluationPayload(
        name=result.name,
        folder=str(result.folder),
        findings=[ToyFinding(f.claim, f.threshold, f.value, f.holds) for f in result.findings],
        holds=result.holds,
        versions=versions(),
    )
