"""`unembed study` and `study merge` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import ModelFacts, model_facts, versions

if TYPE_CHECKING:
    from unembed.methods.studies.merge import Merged
    from unembed.methods.studies.study import Study


@dataclass(frozen=True)
class FailedRow:
    """A prompt that could not be answered."""

    row: int
    """Of the file, counted from 0."""
    prompt: str
    """As it was given."""
    error: str
    """Why there is no answer."""


@payload("unembed/study/1")
class StudyPayload:
    """`unembed study --json`."""

    model: ModelFacts
    do: str
    """What was asked of each prompt."""
    prompts: str
    """The file of the prompts."""
    folder: str
    """Where the parts are."""
    rows: int
    """Of the file."""
    answered: int
    """Rows that are there, those with an error included; fewer than `rows` where shards are still to be done."""
    failures: int
    """Rows with an error."""
    failed: list[FailedRow]
    """The first of these."""
    notes: list[str]
    complete: bool
    versions: dict[str, str]


@payload_of.register
def study_payload(result: "Study") -> StudyPayload:
    """A study as data."""
    return StudyPayload(
        model=model_facts(result.model),
        do=result.manifest["task"]["do"],
        prompts=result.manifest["prompts"]["name"],
        folder=str(result.folder),
        rows=result.rows,
        answered=result.answered,
        failures=result.failures,
        failed=[FailedRow(one.row, one.prompt, one.error or "") for one in result.failed],
        notes=list(result.notes),
        complete=result.complete,
        versions=versions(),
    )


@payload("unembed/study-merge/1")
class MergePayload:
    """`unembed study merge --json`."""

    folder: str
    """The folder that the parts were merged into."""
    do: str
    """What was asked of each prompt."""
    rows: int
    """Of the file of the prompts."""
    answered: int
    """Rows that are there, those with an error included."""
    failures: int
    """Rows with an error."""
    missing: list[int]
    """Parts that no folder has, by number."""
    complete: bool


@payload_of.register
def merge_payload(result: "Merged") -> MergePayload:
    """Merged folders as data."""
    return MergePayload(
        folder=str(result.folder),
        do=result.manifest["task"]["do"],
        rows=result.manifest["prompts"]["rows"],
        answered=result.answered,
        failures=result.failures,
        missing=list(result.missing),
        complete=not result.missing,
    )
