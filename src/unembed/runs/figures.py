"""Figures: bars and maps for a paper, from names and numbers. What calls them is `plot` of a result.

Maps of signed numbers are orange above 0, white at 0 and purple below, as the page is: told apart by every kind of
colour vision. Others go from white to orange. Text stays text in SVG and PDF, and nothing in it is read as mathematics.
The state of matplotlib outside is left alone: no pyplot, and settings hold only while a picture is made or saved.
"""

import io
import os
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from unembed.errors import InputError
from unembed.files import written

try:
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise InputError(
        "Pictures need matplotlib, which is not installed here.\nInstall it with: pip install 'unembed[plots]'"
    ) from error

POSITIVE, NEGATIVE, OTHER = "#b35806", "#542788", "#999999"
_SCRIPTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Arial Unicode MS",
)
"""Fonts for what DejaVu lacks, where they are installed."""
_STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.linewidth": 0.6,
    "text.usetex": False,
    "text.parse_math": False,  # a token may be `$`
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "savefig.dpi": 200,
}
_CAPTION_LETTERS = 20
"""Of a caption, to an inch."""
_MOST_TICKS = 64
_MOST_TEXTS = 16
"""Columns of a map whose cells still hold text."""


class Picture(Figure):
    """A figure of matplotlib that is drawn and saved with the settings it was made with."""

    def draw(self, renderer: Any) -> None:
        """Draw it."""
        with _settings():
            super().draw(renderer)

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        """Save it as the ending of the name says: .svg, .pdf, .png. See `matplotlib.figure.Figure.savefig`.

        Raises:
            InputError: the file cannot be written; an earlier one is as it was.
        """
        with _settings():
            if not isinstance(fname, str | os.PathLike):
                super().savefig(fname, **kwargs)
                return
            path, kind = Path(fname), kwargs.pop("format", None)
            if kind is None:
                kind = path.suffix[1:] or mpl.rcParams["savefig.format"]
                path = path if path.suffix else path.with_name(f"{path.name}.{kind}")
            with written(path) as file:
                super().savefig(file, format=kind, **kwargs)

    def _repr_png_(self) -> bytes:
        kept = io.BytesIO()
        self.savefig(kept, format="png")
        return kept.getvalue()


def captioned(picture: Picture, caption: str) -> Picture:
    """The picture with a caption below it, in as many lines as it takes."""
    width, height = picture.get_size_inches()
    lines = textwrap.wrap(caption, int(_CAPTION_LETTERS * width))
    with _settings():
        picture.supxlabel("\n".join(lines), x=0.02, ha="left", fontsize=6, color="0.35")
    picture.set_size_inches(width, height + 0.12 * len(lines))
    return picture


def bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    unit: str,
    title: str = "",
    others: tuple[str, float] | None = None,
) -> Picture:
    """Draw one bar a value, from the top down, each with its number; `others` is a last bar in grey."""
    names, values = [*names, *([others[0]] if others else [])], [*values, *([others[1]] if others else [])]
    colours = [POSITIVE if value >= 0 else NEGATIVE for value in values]
    if others:
        colours[-1] = OTHER
    with _settings():
        figure, axes = _empty(5.0, 0.6 + 0.2 * max(len(values), 1), title)
        drawn = axes.barh(range(len(values)), values, color=colours, height=0.7)
        for bar, value, colour in zip(drawn, values, colours, strict=True):
            if value < 0 and colour == NEGATIVE:  # so that signs read in grey print
                bar.set(hatch="//////", edgecolor="white", linewidth=0)
        for place, value in enumerate(values):
            side = 3 if value >= 0 else -3
            axes.annotate(
                _number(value, signed=min(values) < 0),
                (value, place),
                (side, 0),
                textcoords="offset points",
                va="center",
                ha="left" if value >= 0 else "right",
                fontsize=7,
            )
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(values) - 0.4, -0.6)
        axes.margins(x=0.16)
        axes.set_xlabel(unit)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure


def grid(
    values: Float[np.ndarray, "row column"],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    axes: tuple[str, str],
    unit: str,
    title: str = "",
    texts: Sequence[Sequence[str]] | None = None,
    upward: bool = True,
    share: bool = False,
) -> Picture:
    """Draw a map of numbers, NaN as grey.

    Args:
        values: the numbers.
        rows: names of the rows.
        columns: names of the columns.
        axes: what rows and columns are.
        unit: what the numbers are, for the scale.
        title: above it.
        texts: what to write in each cell, where the cells are large enough.
        upward: whether the first row is at the bottom.
        share: whether the numbers are from 0 to 1, on a scale that says so; else it is centred on 0.
    """
    height, width = values.shape
    written = texts is not None and width <= _MOST_TEXTS
    cell = 0.62 if written else 0.3 if width <= 40 else 0.16
    with _settings():
        figure, canvas = _empty(
            min(16, 1.8 + cell * width), min(16, 1.1 + (0.19 if height > 12 else 0.26) * height), title
        )
        least, most = _ends(values, share=share)
        image = canvas.imshow(
            np.ma.masked_invalid(values),
            cmap=_colours(share=share),
            vmin=least,
            vmax=most,
            origin="lower" if upward else "upper",
            aspect="auto",
            interpolation="nearest",
        )
        _name(canvas, rows, columns, axes, slanted=max(map(len, columns), default=0) > 3)
        if written:
            _write(canvas, image, texts or ())
        figure.colorbar(image, ax=canvas, label=unit, fraction=0.05, aspect=30)
    return figure


def by_layer(
    points: Iterable[tuple[int, int, float]],
    *,
    columns: Sequence[str],
    axis: str,
    unit: str,
    title: str = "",
    share: bool = False,
) -> Picture:
    """Draw a map of layers, from the first at the bottom, from points `(layer, column, value)`.

    Args:
        points: those that are missing are grey.
        columns: names of the columns.
        axis: what they are.
        unit: as in `grid`, like `title` and `share`.
    """
    points = list(points)
    layers = sorted({layer for layer, _, _ in points})
    values = np.full((len(layers), len(columns)), np.nan)
    for layer, column, value in points:
        values[layers.index(layer), column] = value
    names = [str(layer) for layer in layers]
    return grid(values, rows=names, columns=columns, axes=("layer", axis), unit=unit, title=title, share=share)


def layered(
    points: Sequence[tuple[float, float, str, float]],
    lines: Sequence[tuple[tuple[float, float], tuple[float, float], float]],
    *,
    rows: Sequence[str],
    axis: str,
    title: str = "",
) -> Picture:
    """Draw named points in rows and weighted lines between them: orange above 0, purple and dashed below.

    Args:
        points: across, upward, the name, the value; the larger the value, the larger the point.
        lines: from where, to where, the value.
        rows: the name of each row, from 0 upward.
        axis: what is across.
        title: above it.
    """
    wide = max((point[0] for point in points), default=0.0)
    with _settings():
        figure, canvas = _empty(min(16, 2 + 0.55 * wide), min(16, 1 + 0.3 * len(rows)), title)
        widest = max((abs(value) for _, _, value in lines), default=1.0) or 1.0
        for (x, y), (u, v), value in lines:
            canvas.plot(
                [x, u],
                [y, v],
                color=POSITIVE if value >= 0 else NEGATIVE,
                linestyle="-" if value >= 0 else "--",
                linewidth=0.2 + 2.8 * abs(value) / widest,
                alpha=0.6,
                zorder=1,
            )
        largest = max((abs(point[3]) for point in points), default=1.0) or 1.0
        for x, y, name, value in points:
            size = 12 + 60 * abs(value) / largest
            canvas.scatter([x], [y], s=size, color=POSITIVE if value >= 0 else NEGATIVE, zorder=2)
            canvas.annotate(
                name, (x, y), (0, 4), textcoords="offset points", ha="center", va="bottom", fontsize=5, zorder=3
            )
        canvas.set_xticks([])
        canvas.set_yticks(range(len(rows)), rows)
        canvas.tick_params(axis="y", length=0, labelsize=6)
        canvas.set_xlabel(axis)
        canvas.spines[["top", "right", "bottom", "left"]].set_visible(False)
        canvas.margins(0.06)
    return figure


def _settings() -> AbstractContextManager[None]:
    known = {font.name for font in font_manager.fontManager.ttflist}
    fonts = ["DejaVu Sans", *(name for name in _SCRIPTS if name in known)]
    settings: dict[Any, Any] = {**_STYLE, "font.family": fonts}
    return mpl.rc_context(settings)


def _number(value: float, *, signed: bool) -> str:
    """Three digits: `+2.30`, `0.0645`."""
    return f"{value:{'+' if signed else ''}#.3g}".rstrip(".").replace("-", "−")


def _empty(width: float, height: float, title: str) -> tuple[Picture, Axes]:
    figure = Picture(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(textwrap.fill(title, int(13 * width)))  # the layout makes no room for a long one
    return figure, axes


def _colours(*, share: bool) -> Any:
    return mpl.colormaps["Oranges" if share else "PuOr_r"].with_extremes(bad="0.85")


def _ends(values: np.ndarray, *, share: bool) -> tuple[float, float]:
    """Of the scale."""
    largest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    return (0.0, 1.0) if share else (-largest, largest)


def _name(canvas: Axes, rows: Sequence[str], columns: Sequence[str], axes: tuple[str, str], *, slanted: bool) -> None:
    """Names on both axes, every few where there are many."""
    for names, put in ((rows, canvas.set_yticks), (columns, canvas.set_xticks)):
        step = -(-len(names) // _MOST_TICKS)
        put(range(0, len(names), step or 1), names[:: step or 1])
    if slanted:
        for label in canvas.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    canvas.set_ylabel(axes[0])
    canvas.set_xlabel(axes[1])
    canvas.tick_params(length=2)


def _write(canvas: Axes, image: Any, texts: Sequence[Sequence[str]]) -> None:
    """Text in each cell, light on dark and dark on light, cut to what fits."""
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            red, green, blue, _ = image.to_rgba(image.get_array()[row, column])
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            cut = text if len(text) <= 9 else f"{text[:8]}…"
            canvas.text(column, row, cut, ha="center", va="center", fontsize=6, color="white" if dark else "black")
