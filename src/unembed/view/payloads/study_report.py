"""`unembed report` as data: what matters over all prompts of a study."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unembed.view.payloads import payload, payload_of

if TYPE_CHECKING:
    from unembed.methods.studies.summary import Summary


@dataclass(frozen=True)
class StudyMean:
    """The mean of one part, layer or word over prompts."""

    name: str
    """`L23.H4`, `L3 mlp`, `L12`, or a word."""
    group: str | None
    """The value of the column that prompts are told apart by; null is all of them."""
    prompts: int
    """That it is a mean of."""
    mean: float
    """In the table's unit."""
    low: float | None
    """The lower end of the 95 % bootstrap interval over prompts; null of fewer than five."""
    high: float | None
    """The upper end."""


@dataclass(frozen=True)
class StudyTable:
    """Means of one kind."""

    what: str
    """`credit by part`, `credit by layer`, `zeroed, one by one`, `effect by part`, `heads, direct effect`, `heads,
    zeroed one by one`, `edges`, `attribution by neuron`, `without each word`, or `the target after each layer`."""
    unit: str
    """Of the means."""
    count: int
    """How many parts, layers or words there are; the largest are told."""
    means: list[StudyMean]
    """By name, all prompts first and then each group."""


@payload("unembed/report/1")
class ReportPayload:
    """`unembed report --json`."""

    folder: str
    """Of the study."""
    do: str
    """What was asked of each prompt."""
    model: str
    """The name of the model."""
    rows: int
    """Of the file of the prompts."""
    answered: int
    """Rows that are there, those with an error included."""
    failures: int
    """Rows with an error; they are in no mean."""
    by: str | None
    """The column that prompts are told apart by."""
    groups: list[str]
    """Its values."""
    tables: list[StudyTable]
    """A table a kind of finding."""


@payload_of.register
def report_payload(result: "Summary") -> ReportPayload:
    """A summary of a study as data."""
    return ReportPayload(
        folder=str(result.folder),
        do=result.manifest["task"]["do"],
        model=result.manifest["model"]["name"],
        rows=result.manifest["prompts"]["rows"],
        answered=result.answered,
        failures=result.failures,
        by=result.by,
        groups=list(result.groups),
        tables=[
            StudyTable(
                table.what,
                table.unit,
                table.count,
                [StudyMean(m.name, m.group, m.prompts, m.mean, m.low, m.high) for m in table.means],
            )
            for table in result.tables
        ],
    )
