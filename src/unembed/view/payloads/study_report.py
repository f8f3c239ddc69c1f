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


@dataclass(frozen=True)
class StudyPrompt:
    """A prompt of a study, and what the model said."""

    row: int
    """Of the file, counted from 0."""
    prompt: str
    """As text, or token ids as JSON."""
    target: str | None
    """The token that was asked about; null where there is no answer."""
    target_id: int | None
    """Its id."""
    probability: float | None
    """That the model gives it."""
    versus: str | None
    """The token that it was compared with."""
    error: str | None
    """Why there is no answer."""
    about: list[str | int | float | bool | None]
    """The cells of the other columns, as `columns` names them."""


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
    columns: list[str]
    """The columns of the file that ask nothing."""
    prompts: list[StudyPrompt]
    """The first 10,000 rows that are there."""


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
        columns=list(result.columns),
        prompts=[StudyPrompt(**{**vars(each), "about": list(each.about)}) for each in result.prompts],
    )
