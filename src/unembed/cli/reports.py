"""`--html`: the self-contained report of what a command has computed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.shared import progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.explorer.session import Session
    from unembed.models.model import Model

HtmlOpt = Annotated[
    Path | None, typer.Option("--html", metavar="PATH", help="Also write a report: one HTML file, readable offline.")
]


def check_report(path: Path | None) -> None:
    """Refuse a path that cannot be written before anything long runs.

    Raises:
        InputError: it is a folder, or lies in none.
    """
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise InputError(f"Expected --html to name a file in a folder that exists, found {path}.")


def report_session(path: Path | None, model: "Model") -> "Session | None":
    """The session in which a command and the page of its report run the model; None where no report is asked for."""
    if path is None:
        return None
    from unembed.explorer.session import Session

    return Session(model)


def write_report(
    path: Path | None,
    session: "Session | None",
    payload: Any,
    keep: "Callable[[Session, Any], tuple[Mapping[str, Any], Mapping[str, Any]]]",
) -> None:
    """Write the report of a payload; nothing without a path.

    Args:
        path: of `--html`.
        session: from `report_session`; what it has recorded for the command is not run again for the page.
        payload: what the static part shows.
        keep: from a session and a progress callback to the page's state and the results that it starts with. What the
            command has computed is among them as it is, so that the page tells the numbers that were printed.

    Raises:
        InputError: a path that cannot be written; as `keep`.
    """
    if path is None or session is None:
        return
    from unembed.view.html.report import report_html
    from unembed.view.payloads import to_json

    shown = to_json(payload)
    with progress_bar() as progress:
        state, results = keep(session, progress)
    text = report_html(shown["model"], state, results, shown=[shown])
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error}.") from error
    typer.echo(f"unembed: wrote {path}", err=True)


def state_of(model: "Model", prompt: Any, **rest: Any) -> dict[str, Any]:
    """The page's state for a prompt, which may be that of the decoder of an encoder-decoder.

    Raises:
        InputError: no text gives the tokens of the prompt.
    """
    from unembed.explorer.report_asks import source_state
    from unembed.models.prompts import text_of_prompt

    text = prompt if isinstance(prompt, str) else text_of_prompt(model, prompt)
    if text is None:
        raise InputError("A report needs a prompt of text: the page cannot ask about anything else yet.")
    return {"a": text, **source_state(model), **{name: value for name, value in rest.items() if value is not None}}
