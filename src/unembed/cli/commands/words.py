"""`words`: which words of a prompt made the model say it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_ids, read_messages
from unembed.cli.options import (
    AnswerOpt,
    ModelOptions,
    Options,
    SourceOptions,
    TargetOpt,
    TopOpt,
    as_given,
    seed_option,
)
from unembed.cli.output import Output
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.models.prompts import Given

_SPAN = re.compile(r"\s*(\d+)\s*[-:]\s*(\d+)\s*")


def _by(text: str) -> Any:
    """A word such as `sentence`, or spans of characters."""
    if not any(c.isdigit() for c in text):
        return text
    found = [_SPAN.fullmatch(part) for part in text.split(",")]
    if None in found:
        raise InputError(f"Expected spans of characters such as 4-11,15-21, found --by {text!r}.")
    return [(int(match[1]), int(match[2])) for match in found if match is not None]


@dataclass(frozen=True)
class WordsOptions(Options):
    """What is taken away and how: the keywords of `words`."""

    by: Annotated[
        Any,
        typer.Option(
            metavar="UNIT",
            parser=_by,
            help="token, word, sentence, line, turn (of a chat), or spans of characters: 4-11,15-21.",
        ),
    ] = "word"
    how: Annotated[
        str,
        typer.Option(
            help="How a unit goes: delete (the rest closes up), mask (no other token attends to it), replace=TOKEN, or "
            "swap (for the tokens of --with)."
        ),
    ] = "delete"
    target: TargetOpt = None
    versus: Annotated[str | None, typer.Option("--vs", help="Effects are on the difference to this token's logit.")] = (
        None
    )
    answer: AnswerOpt = None
    other: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="PROMPT", help="Of a swap: the aligned prompt whose tokens come; as the prompt is given."
        ),
    ] = None
    keep_sink: Annotated[
        bool,
        typer.Option("--keep-sink", help="Where the first token goes, the model's own beginning stands in its place."),
    ] = False
    shapley: Annotated[bool, typer.Option("--shapley", help="Also share the answer out: values that add up.")] = False
    exact: Annotated[
        int, typer.Option(min=0, help="Up to how many units Shapley values are exact (2^n runs; at most 14).")
    ] = 10
    samples: Annotated[int, typer.Option(min=2, help="Beyond that: how many pairs of random orders.")] = 32
    pairs: Annotated[bool, typer.Option("--pairs", help="Also what every two units do together.")] = False
    compare: Annotated[
        bool, typer.Option("--compare", help="Also cheap rankings by gradients, held against the exact effects.")
    ] = False
    seed: Annotated[int, seed_option("the orders")] = 0
    top: TopOpt = 15


@app.command()
@takes
def words(options: WordsOptions, source: SourceOptions, model: ModelOptions, out: Output) -> None:
    """Which words of the prompt made the model say it: runs without each of them, exactly."""
    from unembed.methods.words.words import words as run

    keywords = {**options.words("top"), "other": None if options.other is None else _as(source, options.other)}
    loaded, text = source.load(model)
    out.work(lambda progress: run(loaded, text, **keywords, progress=progress), top=options.top)


def _as(prompt: SourceOptions, other: str) -> "Given":
    """A second prompt, given as the first one is: token ids, a file of messages, what a user says, or text."""
    if prompt.ids is not None:
        return read_ids(other)
    if prompt.messages is not None:
        return read_messages(other)
    return as_given(other, chat=prompt.chat, system=prompt.system)
