"""Progress bars on stderr, shown only on a terminal and only for what takes longer than a moment."""

import contextlib
import time
from collections.abc import Iterator
from typing import TextIO

from unembed.models.labels import harmless
from unembed.progress import Progress, silent

_MOMENT = 0.4


@contextlib.contextmanager
def bars(file: TextIO) -> Iterator[Progress]:
    """A `Progress` that draws on `file`: one line that tells stage, share and time left."""
    if not file.isatty():
        yield silent
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    from unembed.view.terminal.paper import console

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    display = Bars(*columns, console=console(file), transient=True)
    tasks: dict[str, object] = {}
    started = time.monotonic()

    def report(stage: str, fraction: float) -> None:
        if stage not in tasks:
            tasks[stage] = display.add_task(harmless(stage).replace("\n", " "), total=1.0)
        display.update(tasks[stage], completed=fraction)  # type: ignore[arg-type]
        if time.monotonic() - started > _MOMENT and not display.live.is_started:
            display.start()

    try:
        yield report
    finally:
        display.stop()
