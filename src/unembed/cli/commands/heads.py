"""`heads`: what attention heads do."""

from dataclasses import dataclass
from typing import Annotated

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import MemoryOpt, ModelOptions, Options, seed_option
from unembed.cli.output import Output
from unembed.errors import InputError


@dataclass(frozen=True)
class HeadsOptions(Options):
    """What is measured: the keywords of `measure_head_roles`, and the role that is drawn."""

    role: Annotated[
        str,
        typer.Option(
            help="The role whose scores are drawn: previous_token, current_token, first_token, duplicate_token, "
            "induction, copying, copy_suppression, successor."
        ),
    ] = "induction"
    top: Annotated[int, typer.Option(min=1, help="How many heads of each role to zero.")] = 5
    sequences: Annotated[int, typer.Option(min=1, help="How many sequences of repeated random tokens.")] = 32
    seed: Annotated[int, seed_option("all that is drawn")] = 0
    check: Annotated[bool, typer.Option(help="Zero the best heads and tell what is lost.")] = True
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what the cache holds.")] = False
    memory: MemoryOpt = None


@app.command()
@takes
def heads(options: HeadsOptions, model: ModelOptions, out: Output) -> None:
    """Tell what each head does: induction, previous token, copying and so on, and what is lost without it."""
    from unembed.methods.heads.roles import ROLES, measure_head_roles

    if options.role not in ROLES:
        raise InputError(f"There is no role {options.role!r}: expected one of {', '.join(ROLES)}.")
    loaded = model.load()
    out.work(lambda progress: measure_head_roles(loaded, **options.words("role"), progress=progress), role=options.role)
