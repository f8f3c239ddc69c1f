"""`unembed report` in the terminal: a table a kind of finding, each mean with its interval."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from unembed.view.glyphs import signed, visible
from unembed.view.payloads.study_report import ReportPayload, StudyMean, StudyTable
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, signed_cell, signed_style

_NUMBER, _PROMPTS = 9, 8
_WORDS = "without each word"
"""The table whose names come from prompts; those of others are of parts."""


@dataclass(frozen=True)
class _Columns:
    """How wide the columns of a table are: as what stands in them, names and groups in what the paper leaves."""

    name: int
    group: int
    """0 where prompts are not told apart."""
    interval: int


@lines_of.register
def report_lines(payload: ReportPayload, paper: Paper) -> Iterator[Text]:
    """Each table, and what the intervals mean."""
    well = payload.answered - payload.failures
    yield Text(f" REPORT  {payload.do} over {well:,} prompts", STRONG).append(f"  {payload.model}", FAINT)
    if payload.answered < payload.rows:
        yield Text(f" {payload.answered:,} of {payload.rows:,} rows are there: the study is not finished", STRONG)
    if payload.failures:
        rows = "1 row with an error is" if payload.failures == 1 else f"{payload.failures:,} rows with an error are"
        yield Text(f" {rows} in no mean", FAINT)
    for table in payload.tables:
        yield Text()
        yield from _table(table, payload, paper)
    yield Text()
    yield Text(" intervals: 95 %, by drawing prompts again (bootstrap); of fewer than 5 prompts none is told", FAINT)


def _table(table: StudyTable, payload: ReportPayload, paper: Paper) -> Iterator[Text]:
    shown = len({mean.name for mean in table.means})
    among = "" if shown == table.count else f", the largest {shown} of {table.count:,}"
    yield Text(f" {table.what.upper()}", STRONG).append(f"  mean over prompts, {table.unit}{among}", FAINT)
    columns = _columns(table, payload, paper)
    head = f"   {cell('', columns.name)}{cell(payload.by or '', columns.group)}{cell('mean', _NUMBER)}"
    yield Text(f"{head}{cell('interval', columns.interval)}{cell('prompts', _PROMPTS)}", FAINT)
    most = max((abs(mean.mean) for mean in table.means), default=1.0) or 1.0
    for mean in table.means:
        name = visible(mean.name) if table.what == _WORDS else mean.name
        yield _line(mean, name if mean.group is None else "", columns, most, paper)


def _columns(table: StudyTable, payload: ReportPayload, paper: Paper) -> _Columns:
    interval = 2 + max([len("interval"), *(cell_len(_interval(mean)) for mean in table.means)])
    left = paper.width - 3 - _NUMBER - interval - _PROMPTS
    if payload.by is None:
        return _Columns(min(left, 22), 0, interval)
    group = min(2 + max(map(cell_len, ["all", payload.by, *map(visible, payload.groups)])), left // 2)
    return _Columns(min(left - group, 22), group, interval)


def _interval(mean: StudyMean) -> str:
    return "" if mean.low is None or mean.high is None else f"{signed(mean.low)} to {signed(mean.high)}"


def _line(mean: StudyMean, name: str, columns: _Columns, most: float, paper: Paper) -> Text:
    group = cell("all" if mean.group is None else visible(mean.group), max(0, columns.group - 1))
    line = Text(f"   {cell(name, columns.name - 1)} ", STRONG if mean.group is None else FAINT)
    if columns.group:
        line.append(f"{group} ", STRONG if mean.group is None else FAINT)
    line.append(signed_cell(mean.mean, _NUMBER), signed_style(mean.mean))
    line.append(cell(_interval(mean), columns.interval) + cell(f"{mean.prompts:,}", _PROMPTS), FAINT)
    room = paper.bar_beside(line.cell_len + 1)
    return line.append(paper.glyphs.bar(mean.mean, most, room), signed_style(mean.mean))
