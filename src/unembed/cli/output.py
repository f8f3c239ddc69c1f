"""What commands write: a result as JSON or as lines, also of work that was interrupted, and the report of `--html`."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from unembed.cli.streams import tell, waited
from unembed.errors import InputError
from unembed.files import write_file
from unembed.models.labels import harmless_json

if TYPE_CHECKING:
    from rich.text import Text

    from unembed.explorer.session import Session
    from unembed.models.model import Model
    from unembed.progress import Progress
    from unembed.view.terminal.paper import Paper

T = TypeVar("T")


@contextlib.contextmanager
def progress_bar() -> "Iterator[Progress]":
    """A bar on stderr while something long runs; nothing unless stderr is a terminal."""
    from unembed.view.bars import bars

    with bars(sys.stderr) as progress:

        def report(stage: str, fraction: float) -> None:
            waited()
            progress(stage, fraction)

        yield report


@dataclass(frozen=True)
class Output:
    """In which form a result is printed."""

    as_json: Annotated[bool, typer.Option("--json", help="Print versioned JSON (schemas ship with the package).")] = (
        False
    )

    def show(self, result: object, **shown: Any) -> Any:
        """Print a result, or a payload, and return its payload.

        Args:
            result: of a class that a payload is registered for.
            shown: what its terminal view lets one choose, such as `top`; JSON has all.
        """
        from unembed.view.payloads import payload_of, to_json

        payload = payload_of(result)
        waited()
        if self.as_json:
            # Whole before it is written, so that an interrupt in between leaves no half of it.
            text = json.dumps(to_json(payload), ensure_ascii=False, allow_nan=False)
            sys.stdout.write(harmless_json(text) + "\n")
        else:
            from unembed.view.terminal import lines_of
            from unembed.view.terminal.paper import paper_for, show

            show(lines_of(payload, paper_for(sys.stdout), **shown), sys.stdout)
        return payload

    def write(self, lines: "Callable[[Any, Paper], Iterable[Text]]", result: object) -> None:
        """Print some lines of a result at once, while the rest is computed; nothing of them as JSON."""
        if self.as_json:
            return
        waited()
        from unembed.view.payloads import payload_of
        from unembed.view.terminal.paper import paper_for, show

        show(lines(payload_of(result), paper_for(sys.stdout)), sys.stdout)
        sys.stdout.flush()

    def work(self, compute: "Callable[[Progress], T]", as_payload: Callable[[T], Any] | None = None, **shown: Any) -> T:
        """Compute under a progress bar, and print the result; of interrupted work, what was finished.

        Args:
            compute: takes a progress callback.
            as_payload: where the payload needs more than the result.
            shown: as of `show`.

        Raises:
            KeyboardInterrupt: the work was interrupted, as told by the method (with a `result`) or by Python.
        """

        def show(result: T) -> None:
            self.show(result if as_payload is None else as_payload(result), **shown)

        try:
            with progress_bar() as progress:
                result = compute(progress)
        except KeyboardInterrupt as stop:
            finished = getattr(stop, "result", None)
            if finished is not None:
                show(finished)
            raise
        show(result)
        return result


@dataclass(frozen=True)
class HtmlOptions:
    """The self-contained report of what a command has computed. A path that cannot be written is refused at once."""

    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PATH", help="Also write a report: one HTML file, readable offline."),
    ] = None

    def __post_init__(self) -> None:
        if self.html is not None and (self.html.is_dir() or not self.html.absolute().parent.is_dir()):
            raise InputError(f"Expected --html to name a file in a folder that exists, found {self.html}.")

    def session(self, model: "Model") -> "Session | None":
        """The session in which a command and the page of its report run the model; None where none is asked for."""
        if self.html is None:
            return None
        from unembed.explorer.session import Session

        return Session(model)

    def write(
        self,
        session: "Session | None",
        payload: Any,
        keep: "Callable[[Session, Progress], tuple[Mapping[str, Any], Mapping[str, Any]]]",
    ) -> None:
        """Write the report of a payload; nothing without a path.

        Args:
            session: from `session`; what it has recorded for the command is not run again for the page.
            payload: what the static part shows.
            keep: from a session and a progress callback to the page's state and the results that it starts with. What
                the command has computed is among them as it is, so that the page tells the numbers that were printed.

        Raises:
            InputError: a path that cannot be written; as `keep`.
        """
        if self.html is None or session is None:
            return
        from unembed.view.html.report import report_html
        from unembed.view.payloads import to_json

        shown = to_json(payload)
        with progress_bar() as progress:
            state, results = keep(session, progress)
        write_file(self.html, report_html(shown["model"], state, results, shown=[shown]))
        tell(f"wrote {self.html}")

    def write_static(self, payload: Any) -> None:
        """Write the report of a payload that the page cannot show: without a script; nothing without a path.

        Raises:
            InputError: a path that cannot be written.
        """
        if self.html is None:
            return
        from unembed.view.html.report import report_html
        from unembed.view.payloads import to_json

        shown = to_json(payload)
        write_file(self.html, report_html(shown["model"], None, {}, shown=[shown], static=True))
        tell(f"wrote {self.html}")


def page_state(model: "Model", prompt: Any, **rest: Any) -> dict[str, Any]:
    """The page's state for a prompt, which may be that of the decoder of an encoder-decoder.

    Raises:
        InputError: no text gives the tokens of the prompt.
    """
    from unembed.explorer.report_asks import source_state

    return {
        "a": page_text(model, prompt),
        **source_state(model),
        **{name: value for name, value in rest.items() if value is not None},
    }


def page_text(model: "Model", prompt: Any) -> str:
    """A prompt as the page asks about it, in words; a chat as its template writes it.

    Raises:
        InputError: no text gives its tokens.
    """
    from unembed.models.prompts import text_of_prompt, tokenize

    text = prompt if isinstance(prompt, str) else text_of_prompt(model, tokenize(model, prompt))
    if text is None:
        raise InputError(
            "No text gives these tokens, and the page of a report asks about text: leave --html out, or give words."
        )
    return text
