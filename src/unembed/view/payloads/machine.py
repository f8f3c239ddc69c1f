"""`unembed models` and `unembed doctor` as data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unembed.loading.catalogue import Entry
    from unembed.loading.doctor import Report


@dataclass(frozen=True)
class ModelEntry:
    """A model that is here, or could be."""

    name: str
    """For `--model`."""
    kind: str
    """`embedded`, `toy`, `gguf` or `hub`."""
    state: str
    """`ready`, or what is missing."""
    path: str | None
    """The folder it is loaded from; null while there is none."""
    bytes: int | None
    """What it takes on disk, or would be downloaded; null where unknown."""
    fetch: str
    """The command that fetches it; empty where none is needed."""
    licence: str
    """Empty where unknown."""


@payload("unembed/models/1")
class ModelsPayload:
    """`unembed models --json`."""

    models: list[ModelEntry]
    """Those that are here, and those that could be fetched."""


@payload("unembed/doctor/1")
class DoctorPayload:
    """`unembed doctor --json`."""

    versions: dict[str, str]
    devices: list[str]
    """Those that torch can use."""
    threads: int
    """Of torch."""
    cache: str
    """The folder."""
    cache_bytes: int
    """What it takes."""
    free_bytes: int
    """What is free on its disk."""
    families: list[str]
    """Model types that can be loaded."""
    models: list[ModelEntry]
    """As `unembed models` lists them."""
    problems: list[str] = field(default_factory=list)
    """What is wrong; empty where nothing is."""


def models_payload(entries: "Iterable[Entry]") -> ModelsPayload:
    """The catalogue as data."""
    return ModelsPayload(models=[_entry(entry) for entry in entries])


@payload_of.register
def doctor_payload(report: "Report") -> DoctorPayload:
    """A doctor's report as data."""
    return DoctorPayload(
        versions=report.versions,
        devices=list(report.devices),
        threads=report.threads,
        cache=str(report.cache),
        cache_bytes=report.cache_bytes,
        free_bytes=report.free_bytes,
        families=list(report.families),
        models=[_entry(entry) for entry in report.models],
        problems=list(report.problems),
    )


def _entry(entry: "Entry") -> ModelEntry:
    return ModelEntry(
        name=entry.name,
        kind=entry.kind,
        state=entry.state,
        path=None if entry.path is None else str(entry.path),
        bytes=entry.bytes,
        fetch=entry.fetch,
        licence=entry.licence,
    )
