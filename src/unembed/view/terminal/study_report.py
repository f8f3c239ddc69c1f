"""`unembed report` in the terminal: a table a kind of finding, each mean with its interval."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.glyphs import signed, visible
from unembed.view.payloads.study_report import ReportPayload, StudyMean, StudyTable
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, signed_cell, signed_style

_NAME, _GROUP, _NUMBER, _INTERVAL, _PROMPTS = 22, 12, 9, 22, 9


@lines_of.register
def report_lines(payload: ReportPayload, paper: Paper) -> Iterator[Text]:
    """Each table, and what the intervals mean."""
    well = payload.answered - payload.failures
    yield Text(f" REPORT  {payload.do} over {well:,} prompts", STRONG).append(f"  {payload.model}", FAINT)
    if payload.answered < payload.rows:
        yield Text(f" {payload.answered:,} of {payload.rows:,} rows are there: the study is not finished", STRONG)
    if payload.failures:
        yield Text(f" {payload.failures:,} rows with an error are in no mean", FAINT)
    for table in payload.tables:
        yield Text()
        yield from _table(table, payload, paper)
    yield Text()
    yield Text(" intervals: 95 %, by drawing prompts again (bootstrap); of fewer than 5 prompts none is told", FAINT)


def _table(table: StudyTable, payload: ReportPayload, paper: Paper) -> Iterator[Text]:
    shown = len({mean.name for mean in table.means})
    among = "" if shown == table.count else f", the largest {shown} of {table.count:,}"
    yield Text(f" {table.what.upper()}", STRONG).append(f"  mean over prompts, {table.unit}{among}", FAINT)
    group = "" if payload.by is None else cell(payload.by, _GROUP)
    head = f"   {cell('', _NAME)}{group}{cell('mean', _NUMBER)}{cell('interval', _INTERVAL)}{cell('prompts', _PROMPTS)}"
    yield Text(head, FAINT)
    most = max((abs(mean.mean) for mean in table.means), default=1.0) or 1.0
    for mean in table.means:
        yield _line(mean, payload, most, paper)


def _line(mean: StudyMean, payload: ReportPayload, most: float, paper: Paper) -> Text:
    name = visible(mean.name) if mean.group is None else ""
    group = "" if payload.by is None else cell("all" if mean.group is None else visible(mean.group), _GROUP)
    between = "" if mean.low is None or mean.high is None else f"{signed(mean.low)} to {signed(mean.high)}"
    line = Text(f"   {cell(name, _NAME - 1)} {group}", STRONG if mean.group is None else FAINT)
    line.append(signed_cell(mean.mean, _NUMBER), signed_style(mean.mean))
    line.append(cell(between, _INTERVAL) + cell(f"{mean.prompts:,}", _PROMPTS), FAINT)
    room = paper.bar_beside(line.cell_len + 1)
    return line.append(paper.glyphs.bar(mean.mean, most, room), signed_style(mean.mean))
