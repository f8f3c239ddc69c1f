"""Image files: as transformers reads them, or one message; never a picture of other pixels."""

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from transformers.image_utils import load_image

from unembed.errors import InputError
from unembed.models.images import read_image

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 9, 3), dtype=np.uint8)
PICTURE = Image.fromarray(PIXELS)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "png"), ("CMYK", "jpg"), ("P", "png"), ("1", "png"), ("L", "png"), ("LA", "png"), ("RGBA", "webp")],
)
def test_every_mode_of_8_bits_is_read_as_transformers_reads_it(tmp_path: Path, mode: str, kind: str) -> None:
    path = tmp_path / f"picture.{kind}"
    PICTURE.convert(mode).save(path)
    assert np.array_equal(read_image(path)[0], load_image(str(path)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif, path = Image.Exif(), tmp_path / "photo.png"
    exif[0x0112] = orientation
    PICTURE.save(path, exif=exif)
    found = np.asarray(read_image(path)[0])
    assert np.array_equal(found, load_image(str(path)))
    assert np.array_equal(found, PIXELS) == (orientation == 1)


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_more_than_8_bits_are_never_cut_off(tmp_path: Path, kind: type) -> None:
    path = tmp_path / "deep.tif"
    Image.fromarray(PIXELS[:, :, 0].astype(kind)).save(path)
    with pytest.raises(InputError, match="more than 8 bits a pixel"):
        read_image(path)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.gif", save_all=True, append_images=[PICTURE.rotate(180), PICTURE])
    assert read_image(tmp_path / "a.gif")[1] == ("a.gif has 3 frames; the first was read.",)
    PICTURE.convert("RGBA").save(tmp_path / "b.png")
    assert "transparent pixels" in read_image(tmp_path / "b.png")[1][0]


def empty_png(width: int, height: int) -> bytes:
    """A picture of one bit a pixel, of any size in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "said"),
    [((30_000, 30_000), "exceeds limit"), ((2**31 - 1, 2**31 - 1), "exceeds limit"), ((1, 100_000), "so narrow")],
)
def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path, size: tuple[int, int], said: str) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(empty_png(*size))
    with pytest.raises(InputError, match=said):
        read_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"])
def test_a_damaged_picture_is_one_message(tmp_path: Path, recwarn: pytest.WarningsRecorder, kind: str) -> None:
    """Cut off, or with bytes changed at random; many can still be read."""
    whole, path, chance = io.BytesIO(), tmp_path / "picture", random.Random(0)
    PICTURE.save(whole, kind)
    data, refused = whole.getvalue(), 0
    path.write_bytes(data)
    assert read_image(path)[0].size == PICTURE.size
    for case in range(60):
        damaged = bytearray(data[: case * len(data) // 20] if case < 20 else data)
        for _ in range(3 if case >= 20 else 0):
            damaged[chance.randrange(min(len(data), 120))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            read_image(path)
        except InputError as error:
            refused += 1
            assert str(error).startswith(f"Cannot read {path}") or "pixel" in str(error)  # noqa: PT017  # some are read
    assert refused >= 5
    assert not recwarn.list


def test_no_program_is_started_for_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "picture.eps"
    PICTURE.save(path)
    with pytest.raises(InputError, match="cannot identify image file"):
        read_image(path)
