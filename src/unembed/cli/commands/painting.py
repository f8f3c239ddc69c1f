"""`paint`: a small Parti paints a caption, and says which words made each cell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import LoadOptions
from unembed.cli.output import Output, progress_bar
from unembed.errors import InputError
from unembed.files import write_file


@dataclass(frozen=True)
class PartiOptions(LoadOptions):
    """Which Parti is loaded, and how."""

    name: Annotated[str, typer.Option("--model", "-m", help="toy/parti, or the folder of another small Parti.")] = (
        "toy/parti"
    )


def _place(cell: str) -> tuple[int, int]:
    from unembed.toys.parti.pictures import GRID

    row, _, column = cell.partition(",")
    if not (row.isdecimal() and column.isdecimal() and int(row) < GRID and int(column) < GRID):
        raise InputError(f"Expected --cell to be ROW,COLUMN from 0,0 to {GRID - 1},{GRID - 1}; found {cell!r}.")
    return int(row), int(column)


@app.command()
@takes
def paint(
    *,
    caption: Annotated[str, typer.Argument(help="Such as 'a red circle left of a blue square'.")],
    cell: Annotated[
        Any,
        typer.Option(metavar="ROW,COLUMN", parser=_place, help="A cell to explain in full; both count from 0."),
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Also write the picture to this PNG file.")] = None,
    model: PartiOptions,
    out: Output,
) -> None:
    """Paint a caption with the small Parti: the picture, and for each cell the words whose values made it."""
    from unembed.toys.parti.captions import read_caption
    from unembed.toys.parti.painting import painting
    from unembed.toys.parti.pictures import png as png_of
    from unembed.view.payloads.painting import paint_payload

    text = read_caption(caption).text
    loaded = model.load(sources=True)
    with progress_bar() as progress:
        result = painting(loaded, text, progress=progress)
    if png is not None:
        write_file(png, png_of(result.tokens))
    out.show(paint_payload(result, cell))
