"""`study`, `study merge`, `report`: one question asked of many prompts, and what matters over all of them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from unembed.cli.app import app, takes
from unembed.cli.options import MemoryOpt, ModelOptions, Options, seed_option, share_of
from unembed.cli.output import HtmlOptions, Output
from unembed.cli.streams import tell
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.studies.cluster import Ray
    from unembed.methods.studies.plan import Plan

_ASK = "ask"
"""The command that `unembed study FILE` stands for."""


class _Study(TyperGroup):
    """A group whose first word may be a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what names no command as the file of `ask`."""
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = [_ASK, *args]
        return super().parse_args(ctx, args)


_study_app = typer.Typer(
    cls=_Study, help="Ask one question of many prompts: `unembed study FILE` is `unembed study ask FILE`."
)
app.add_typer(_study_app, name="study", no_args_is_help=True)


def _columns(texts: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts or ()]
    found = {ours: theirs for ours, _, theirs in pairs}
    if not all(found.values()):
        raise InputError(f"Expected --column to be OURS=THEIRS, such as prompt=question; found {texts}.")
    return found


@dataclass(frozen=True)
class TaskOptions(Options):
    """What is asked of each prompt: the fields of `Task`."""

    do: Annotated[str, typer.Option("--do", help="explain, words, heads, lens, ablate, knowledge, patch, circuit.")] = (
        "explain"
    )
    by: Annotated[
        str | None,
        typer.Option(help="explain: sublayer, head (by default), source, neuron; words: token, word, sentence, line."),
    ] = None
    test: Annotated[
        bool | None,
        typer.Option("--test/--no-test", help="explain: also zero every head, and take each word away (by default)."),
    ] = None
    site: Annotated[
        str | None, typer.Option(help="ablate, patch: which parts, such as head (by default), mlp, resid_pre.")
    ] = None
    reference: Annotated[
        str | None, typer.Option(help="explain, heads: mean, above the vocabulary mean (by default); or raw.")
    ] = None
    how: Annotated[
        str | None,
        typer.Option(help="ablate, heads: zero (by default); by the data set mean-position, resample (from corrupt)."),
    ] = None
    size: Annotated[
        float | None,
        typer.Option(parser=share_of, metavar="SHARE", help="circuit: of all edges, 1% (by default) or 0.01."),
    ] = None


@dataclass(frozen=True)
class StudyOptions:
    """Which prompts are asked, and where the answers go."""

    file: Annotated[
        Path,
        typer.Argument(
            help="Prompts, one a row: .jsonl, .json, .csv or .parquet; facts, those that ship; or ioi and other tasks."
        ),
    ]
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the answers; one that was begun goes on.")]
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="What the file calls a column, prompt=question (repeatable)."),
    ] = None
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only this share, 1/4 to 4/4: for jobs side by side.")
    ] = None
    memory: MemoryOpt = None
    engine: Annotated[
        str, typer.Option(help="What does the work: local, this process; ray, the workers of a cluster.")
    ] = "local"
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="ray: the cluster; RAY_ADDRESS, or one that is started here."),
    ] = None
    workers: Annotated[int | None, typer.Option(min=1, help="ray: how many; one a GPU, or one a machine.")] = None

    def __post_init__(self) -> None:
        from unembed.methods.studies.shards import parse_shard

        parse_shard(self.shard)

    def cluster(self) -> "Ray | None":
        """Whose workers do the work; None is this process.

        Raises:
            InputError: there is no such engine, or an option of another.
        """
        from unembed.methods.studies.cluster import engine_of

        found = engine_of(self.engine)
        if found is None and (self.address or self.workers):
            raise InputError("--address and --workers are of a cluster: add --engine ray.")
        return None if found is None else replace(found, address=self.address, workers=self.workers)


@_study_app.command(_ASK)
@takes
def ask(study: StudyOptions, task: TaskOptions, model: ModelOptions, out: Output) -> None:
    """Ask one question of many prompts: one row each in Parquet files, whatever stops the work."""
    from unembed.methods.studies.plan import plan_study
    from unembed.methods.studies.prompt_files import read_prompts
    from unembed.methods.studies.study import run_study
    from unembed.methods.studies.tasks import Task

    engine, asked = study.cluster(), Task(**task.words())
    prompts = read_prompts(study.file, _columns(study.column))
    loaded = model.load()
    memory: Any = study.memory  # of which its parser made a number
    plan = plan_study(loaded, prompts, asked, study.out, shard=study.shard, memory=memory)
    _tell(plan)
    out.work(lambda progress: run_study(plan, engine=engine, progress=progress))


def _tell(plan: "Plan") -> None:
    """What the work will take, before it begins."""
    from unembed.engine.memory import amount

    rows = len(plan.prompts.rows)
    share = "" if plan.shard == (1, 1) else f", share {plan.shard[0]} of {plan.shard[1]}"
    said = [f"{plan.rows_todo:,} of {rows:,} rows to ask{share}", f"up to {plan.longest} tokens each"]
    if plan.task.together:
        said.append(f"{amount(plan.bytes_at_once)} beyond the model")
    if plan.seconds:
        said.append(f"about {_duration(plan.seconds)}")
    tell("; ".join(said))


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds))} s"


@_study_app.command()
@takes
def merge(
    *,
    into: Annotated[Path, typer.Argument(help="The folder that the parts are put into; it may be new.")],
    folders: Annotated[list[Path], typer.Argument(help="The folders of the shares.")],
    out: Output,
) -> None:
    """Put the parts that shares of one study made into one folder."""
    from unembed.methods.studies.merge import merge as run

    out.show(run(into, list(folders)))


@app.command()
@takes
def report(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a study, finished or not.")],
    by: Annotated[str | None, typer.Option(help="Also compare by this column of the prompts.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many parts and words of each table.")] = 15,
    seed: Annotated[int, seed_option("the bootstrap")] = 0,
    html: HtmlOptions,
    out: Output,
) -> None:
    """What matters over all prompts of a study: parts, layers, words, with bootstrap intervals over prompts."""
    from unembed.methods.studies.summary import summarise

    payload = out.show(summarise(folder, by=by, top=top, seed=seed))
    if html.html is not None:
        from unembed.files import write_file
        from unembed.view.html.study_report import study_report_html
        from unembed.view.payloads import to_json

        write_file(html.html, study_report_html(to_json(payload)))
        tell(f"wrote {html.html}")
