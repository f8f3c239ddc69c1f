"""`unembed study` and `study merge` in the terminal: what is there, and what could not be answered."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.payloads.studies import MergePayload, StudyPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, headline, wrapped


@lines_of.register
def study_lines(payload: StudyPayload, paper: Paper) -> Iterator[Text]:
    """How many rows are there, the first errors, and how to go on."""
    yield from headline(f" STUDY  {payload.do} of {payload.prompts}", payload.model, paper)
    yield from (Text(line, FAINT) for note in payload.notes for line in wrapped(f"note: {note}", paper.width))
    yield _count(payload.answered, payload.rows, payload.folder)
    yield from _errors(payload, paper)
    if payload.complete:
        yield Text(f" What matters over all prompts: unembed report {payload.folder}", FAINT)
    else:
        yield Text(" The same command goes on from there; other shards make the other parts.", FAINT)


@lines_of.register
def merge_lines(payload: MergePayload, paper: Paper) -> Iterator[Text]:
    """How many rows are there, and which parts are missing."""
    yield Text(f" MERGED  {payload.do}")
    yield _count(payload.answered, payload.rows, payload.folder)
    if payload.failures:
        yield Text(f" {payload.failures} with an error, told in its column `error`", FAINT)
    if payload.missing:
        listed = ", ".join(map(str, payload.missing[:8])) + (", …" if len(payload.missing) > 8 else "")
        yield Text(f" missing: {len(payload.missing)} parts ({listed}), of shards that are not done", STRONG)


def _count(answered: int, rows: int, folder: str) -> Text:
    return Text(f" {answered:,} of {rows:,} rows", STRONG).append(f" in {folder}")


def _errors(payload: StudyPayload, paper: Paper) -> Iterator[Text]:
    if not payload.failures:
        return
    yield Text(f" {payload.failures:,} could not be answered; their column `error` says why", STRONG)
    for one in payload.failed:
        said = next(iter(one.error.splitlines()), "")
        yield from (Text(line, FAINT) for line in wrapped(f"row {one.row}: {said}", paper.width, "   "))
