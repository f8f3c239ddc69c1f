"""`models` and `doctor`: what is on this machine."""

from typing import Annotated

import typer

from unembed.cli.options import JsonOpt, OfflineOpt
from unembed.cli.shared import print_result, progress_bar

models_app = typer.Typer(help="List the models that are here and those that could be fetched.")


@models_app.callback()
def models(context: typer.Context, as_json: JsonOpt = False) -> None:
    """List the models that are here and those that could be fetched."""
    if context.invoked_subcommand is not None:
        return
    from unembed.loading.catalogue import catalogue
    from unembed.view.payloads import models_payload
    from unembed.view.terminal import models_lines

    print_result(models_payload(catalogue()), lambda payload, _: models_lines(payload), as_json)


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="smollm2-135m, or a hub id.")] = "smollm2-135m",
    offline: OfflineOpt = False,
) -> None:
    """Fetch a model's weights and make them ready to load."""
    from unembed.loading.weights import fetch as run

    with progress_bar() as progress:
        folder = run(name, offline=offline, progress=progress)
    typer.echo(str(folder))


def doctor(as_json: JsonOpt = False) -> None:
    """Report versions, devices, caches and models, and what is wrong with them."""
    from unembed.loading.doctor import doctor as run
    from unembed.view.payloads import doctor_payload
    from unembed.view.terminal import doctor_lines

    report = run()
    print_result(doctor_payload(report), lambda payload, _: doctor_lines(payload), as_json)
    if report.problems:
        raise typer.Exit(1)
