"""`heads`, `pairs`: what attention heads do, and what they do together."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import MemoryOpt, ModelOptions, Options, SourceOptions, TargetOpt, TopOpt, seed_option
from unembed.cli.output import Output
from unembed.errors import InputError


@dataclass(frozen=True)
class HeadsOptions(Options):
    """What is measured: the keywords of `measure_head_roles`, and the role that is drawn."""

    role: Annotated[
        str | None,
        typer.Option(
            help="The role whose scores are drawn: previous_token, current_token, first_token, duplicate_token, "
            "induction (by default), copying, copy_suppression, successor; of an encoder-decoder also enc_next_token, "
            "cross_aligned_token (by default), cross_monotone and so on; of a masked model enc_previous_token (by "
            "default), enc_next_token and so on."
        ),
    ] = None
    top: Annotated[int, typer.Option(min=1, help="How many heads of each role to zero.")] = 5
    sequences: Annotated[int, typer.Option(min=1, help="How many sequences of random tokens.")] = 32
    seed: Annotated[int, seed_option("all that is drawn")] = 0
    check: Annotated[bool, typer.Option(help="Zero the best heads and tell what is lost.")] = True
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what the cache holds.")] = False
    memory: MemoryOpt = None


@app.command()
@takes
def heads(options: HeadsOptions, model: ModelOptions, out: Output) -> None:
    """Tell what each head does: induction, previous token, copying and so on, and what is lost without it."""
    from unembed.methods.heads.roles import ROLES, measure_head_roles
    from unembed.methods.heads.shuffled_tokens import STACK_OF
    from unembed.methods.heads.stack_roles import measure_stack_roles

    if options.role not in (None, *ROLES, *STACK_OF):
        raise InputError(f"There is no role {options.role!r}: expected one of {', '.join((*ROLES, *STACK_OF))}.")
    loaded = model.load(sources=True)
    whole_text = loaded.encoder is not None or loaded.fills_blanks
    known = tuple(STACK_OF) if whole_text else ROLES
    if loaded.fills_blanks:
        known = tuple(role for role in known if STACK_OF[role] == "encoder")
    if options.role not in (None, *known):
        raise InputError(f"{loaded.name} has no role {options.role!r}: expected one of {', '.join(known)}.")
    if whole_text:
        words = options.words("role", "fresh")  # it is measured each time
        out.work(lambda progress: measure_stack_roles(loaded, **words, progress=progress), role=options.role)
        return
    role = options.role or "induction"
    out.work(lambda progress: measure_head_roles(loaded, **options.words("role"), progress=progress), role=role)


def _names(text: str) -> "int | list[str]":
    """A number of heads, or their names."""
    return int(text) if text.isdigit() else [name.strip() for name in text.split(",") if name.strip()]


@dataclass(frozen=True)
class HeadPairOptions(Options):
    """Which pairs are switched off: the keywords of `head_pairs`."""

    target: TargetOpt = None
    versus: Annotated[str | None, typer.Option("--vs", help="Read the difference to this token's logit.")] = None
    heads: Annotated[
        Any,
        typer.Option(
            metavar="N|L23.H4,...",
            parser=_names,
            help="Pairs of the N heads that matter most, or of those that are named; all pairs by default.",
        ),
    ] = None
    position: Annotated[str, typer.Option("--position", "-p", help="Where heads write nothing: last, or all.")] = "last"
    top: TopOpt = 15
    memory: MemoryOpt = None


@app.command()
@takes
def pairs(options: HeadPairOptions, source: SourceOptions, model: ModelOptions, out: Output) -> None:
    """Switch off every pair of heads: which make up for each other, and which are of use together alone."""
    from unembed.methods.heads.pairs import head_pairs

    loaded, text = source.load(model)
    out.work(lambda progress: head_pairs(loaded, text, **options.words("top"), progress=progress), top=options.top)
