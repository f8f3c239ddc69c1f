"""`paint`: a small Parti paints a caption, and says which words made each cell."""

from pathlib import Path
from typing import Annotated

import typer

from unembed.cli.options import DeviceOpt, DtypeOpt, JsonOpt, OfflineOpt
from unembed.cli.shared import load_model, print_result, progress_bar
from unembed.errors import InputError


def paint(
    caption: Annotated[str, typer.Argument(help="Such as 'a red circle left of a blue square'.")],
    cell: Annotated[
        str | None, typer.Option(metavar="ROW,COLUMN", help="A cell to explain in full; both count from 0.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Also write the picture to this PNG file.")] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="toy/parti, or the folder of another small Parti.")
    ] = "toy/parti",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Paint a caption with the small Parti: the picture, and for each cell the words whose values made it."""
    from unembed.toys.parti.captions import read_caption
    from unembed.toys.parti.painting import painting
    from unembed.toys.parti.pictures import png as png_of
    from unembed.view.payloads import paint_payload
    from unembed.view.terminal import paint_lines

    place, text = None if cell is None else _place(cell), read_caption(caption).text
    loaded = load_model(model, device, dtype, offline, sources=True)
    with progress_bar() as progress:
        result = painting(loaded, text, progress=progress)
    if png is not None:
        _write(png, png_of(result.tokens))
    print_result(paint_payload(result, place), paint_lines, as_json)


def _place(cell: str) -> tuple[int, int]:
    from unembed.toys.parti.pictures import GRID

    row, _, column = cell.partition(",")
    if not (row.isdecimal() and column.isdecimal() and int(row) < GRID and int(column) < GRID):
        raise InputError(f"Expected --cell to be ROW,COLUMN from 0,0 to {GRID - 1},{GRID - 1}; found {cell!r}.")
    return int(row), int(column)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error}.") from error
