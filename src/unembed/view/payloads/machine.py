"""`unembed models` and `unembed doctor` as data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unembed.loading.catalogue import Entry
    from unembed.loading.doctor import Report


@dataclass(frozen=True)
class ModelEntry:
    """A model that is here, or could be."""

    name: str
    kind: str
    state: str
    path: str | None
    bytes: int | None
    fetch: str
    licence: str


@dataclass(frozen=True)
class ModelsPayload:
    """`unembed models --json`."""

    models: list[ModelEntry]
    schema: Literal["unembed/models/1"] = "unembed/models/1"


@dataclass(frozen=True)
class DoctorPayload:
    """`unembed doctor --json`."""

    versions: dict[str, str]
    devices: list[str]
    threads: int
    cache: str
    cache_bytes: int
    free_bytes: int
    families: list[str]
    models: list[ModelEntry]
    problems: list[str] = field(default_factory=list)
    schema: Literal["unembed/doctor/1"] = "unembed/doctor/1"


def models_payload(entries: "Iterable[Entry]") -> ModelsPayload:
    """The catalogue as data."""
    return ModelsPayload(models=[_entry(entry) for entry in entries])


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
