"""Image files as `transformers` reads them: upright, in red, green and blue of 8 bits."""

import warnings
from pathlib import Path
from typing import Any

from unembed.errors import InputError

_FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Of pixels. Pillow reads others by starting a program on the file (EPS: Ghostscript)."""
_DEEP = ("I", "F")
"""Modes of more than 8 bits, whose pixels Pillow cuts off at 255: a picture of 16 bits becomes white."""
_NARROWEST = 200
"""The longer side in shorter ones: processors make the shorter one as long as their model wants it."""


def read_image(path: Path) -> tuple[Any, tuple[str, ...]]:
    """The picture in a file, and notes on what was left out.

    Raises:
        InputError: there is no such file, it is damaged, too large or too narrow, or has more than 8 bits a colour;
            Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise InputError("Reading images needs Pillow: pip install 'unembed[images]'.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damage that Pillow reads over
            with Image.open(path, formats=_FORMATS) as image:
                _check(path, image)
                return ImageOps.exif_transpose(image).convert("RGB"), _left_out(path, image)
    except InputError:
        raise
    except Exception as error:  # a damaged file makes Pillow raise whatever its decoders meet
        reason = str(error) or type(error).__name__
        raise InputError(f"Cannot read {path} as an image: {reason}. Save it anew, as PNG or JPEG.") from error


def _check(path: Path, image: Any) -> None:
    short, long = sorted(image.size)
    if long > _NARROWEST * short:
        raise InputError(
            f"{path} is {image.width} x {image.height} pixels, so narrow that processors would blow it up: "
            f"expected a longer side of at most {_NARROWEST} shorter ones."
        )
    if image.mode.startswith(_DEEP):
        raise InputError(
            f"{path} has more than 8 bits a pixel and colour (Pillow's mode {image.mode}), which would be cut off: "
            "save it with 8 bits."
        )


def _left_out(path: Path, image: Any) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    notes = [f"{path.name} has {frames} frames; the first was read."] if frames > 1 and image.format != "MPO" else []
    if image.has_transparency_data:
        notes.append(f"{path.name} has transparent pixels; they were read in the colours that they hide.")
    return tuple(notes)
