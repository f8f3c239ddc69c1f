"""`heads`: what attention heads do."""

from typing import TYPE_CHECKING, Annotated

import typer

from unembed.cli.options import DeviceOpt, DtypeOpt, EditsOpt, JsonOpt, MemoryOpt, ModelOpt, OfflineOpt
from unembed.cli.shared import load_model, print_result, progress_bar

if TYPE_CHECKING:
    from unembed.methods.heads.roles import HeadRoles


def heads(
    role: Annotated[
        str,
        typer.Option(
            help="The role whose scores are drawn: previous_token, current_token, first_token, duplicate_token, "
            "induction, copying, copy_suppression, successor."
        ),
    ] = "induction",
    top: Annotated[int, typer.Option(min=1, help="How many heads of each role to zero.")] = 5,
    sequences: Annotated[int, typer.Option(min=1, help="How many sequences of repeated random tokens.")] = 32,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of all that is drawn.")] = 0,
    check: Annotated[bool, typer.Option(help="Zero the best heads and tell what is lost.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what the cache holds.")] = False,
    memory: MemoryOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Tell what each head does: induction, previous token, copying and so on, and what is lost without it."""
    from unembed.engine.memory import parse_bytes
    from unembed.errors import InputError, Interrupted
    from unembed.methods.heads.roles import ROLES, measure_head_roles
    from unembed.view.payloads.heads import heads_payload
    from unembed.view.terminal.heads import heads_lines

    def show(result: "HeadRoles") -> None:
        print_result(heads_payload(result), lambda payload, paper: heads_lines(payload, paper, role=role), as_json)

    if role not in ROLES:
        raise InputError(f"There is no role {role!r}: expected one of {', '.join(ROLES)}.")
    allowed = None if memory is None else parse_bytes(memory)
    loaded = load_model(model, device, dtype, offline, edits)
    try:
        with progress_bar() as progress:
            result = measure_head_roles(
                loaded,
                sequences=sequences,
                top=top,
                seed=seed,
                check=check,
                fresh=fresh,
                memory=allowed,
                progress=progress,
            )
    except Interrupted as stop:
        show(stop.result)
        raise
    show(result)
