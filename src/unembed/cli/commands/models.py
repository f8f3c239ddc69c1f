"""`models`: those that are on this machine, and those that could be."""

from typing import Annotated

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import OfflineOpt
from unembed.cli.output import Output, progress_bar
from unembed.cli.streams import say

_models_app = typer.Typer(help="List the models that are here and those that could be fetched.")
app.add_typer(_models_app, name="models", invoke_without_command=True)


@_models_app.callback()
@takes
def models(*, context: typer.Context, out: Output) -> None:
    """List the models that are here and those that could be fetched."""
    if context.invoked_subcommand is not None:
        return
    from unembed.loading.catalogue import catalogue
    from unembed.view.payloads.machine import models_payload

    out.show(models_payload(catalogue()))


@_models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="smollm2-135m, or a hub id.")] = "smollm2-135m",
    offline: OfflineOpt = False,
) -> None:
    """Fetch a model's weights and make them ready to load."""
    from unembed.loading.weights import fetch as run

    with progress_bar() as progress:
        folder = run(name, offline=offline, progress=progress)
    say(str(folder))
