"""`doctor`: what is on this machine, and what is wrong with it."""

import typer

from unembed.cli.app import app, takes
from unembed.cli.output import Output


@app.command()
@takes
def doctor(out: Output) -> None:
    """Report versions, devices, caches and models, and what is wrong with them."""
    from unembed.loading.doctor import doctor as run

    report = run()
    out.show(report)
    if report.problems:
        raise typer.Exit(1)
