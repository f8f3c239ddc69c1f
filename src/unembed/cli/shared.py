"""What every command does: read the prompt, load the model, show progress, print the result."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.models.model import Model
    from unembed.progress import Progress


def read_prompt(prompt: str) -> str:
    """The prompt itself, or standard input without its final line end."""
    if prompt != "-":
        return prompt
    return sys.stdin.read().removesuffix("\n")


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path} as a UTF-8 text: {error}.") from error


def load_model(
    name: str,
    device: str | None,
    dtype: str | None,
    offline: bool,
    edits: list[str] | None = None,
    *,
    sources: bool = False,
) -> "Model":
    """The model of `--model`, checked, with the `--edits` applied; a bar while it is converted or fetched.

    An encoder-decoder is refused by commands that take no source for it (`sources`).
    """
    from unembed.loading.load import load

    with progress_bar() as progress:
        model = load(name, device=device, dtype=dtype, offline=offline, progress=progress)
    if not sources:
        from unembed.models.model import decoders_only

        decoders_only(model, "This command")
    if edits:
        from unembed.methods.knowledge.weight_edits import apply_edits, load_edits

        for file in [load_edits(path, model) for path in edits]:
            apply_edits(model, file)
    return model


@contextlib.contextmanager
def progress_bar() -> "Iterator[Progress]":
    """A bar on stderr while something long runs; nothing unless stderr is a terminal."""
    from unembed.view.bars import bars

    with bars(sys.stderr) as progress:
        yield progress


def print_result(payload: Any, lines: Any, as_json: bool) -> None:
    """A payload as JSON, or as the lines of its terminal view."""
    if as_json:
        dump(payload)
        return
    from unembed.view.terminal import show
    from unembed.view.terminal.paper import paper_for

    show(lines(payload, paper_for(sys.stdout)), sys.stdout)


def dump(payload: Any) -> None:
    """A payload as one line of JSON."""
    from unembed.view.payloads import to_json

    # Whole before it is written, so that an interrupt in between leaves no half of it.
    sys.stdout.write(json.dumps(to_json(payload), ensure_ascii=False, allow_nan=False) + "\n")
