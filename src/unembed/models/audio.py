"""WAV files as sound in [-1, 1], one channel."""

import struct
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_FORMATS = {*((_PCM, bits) for bits in (8, 16, 24, 32)), (_FLOAT, 32), (_FLOAT, 64)}
"""Kind and bits of a sample."""


def read_wav(path: Path) -> tuple[Float[Tensor, "sample"], int]:
    """The mean of the channels of a WAV file, in float32, and its samples a second.

    Raises:
        InputError: there is no such file, it is no WAV file of whole or floating-point numbers, or it is empty.
    """
    try:
        parts = _chunks(path.read_bytes())
        layout, data = parts["fmt "], parts["data"]
        kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", layout)
        if kind == _EXTENSIBLE:
            (kind,) = struct.unpack_from("<H", layout, 24)  # the first half-word of the sub-format
        if not rate:
            raise ValueError("it says 0 samples a second")
        if (kind, bits) not in _FORMATS or not channels:
            raise ValueError(f"its samples are of format {kind} with {bits} bits")
    except (OSError, ValueError, KeyError, struct.error) as error:
        reason = f"it has no part {error}" if isinstance(error, KeyError) else error
        raise InputError(
            f"Cannot read {path} as sound: {reason}.\nExpected a WAV file with PCM samples of 8, 16, 24 or 32 bits, "
            "or floats of 32 or 64: `ffmpeg -i FILE out.wav` writes one of any sound."
        ) from error
    samples = _samples(data, kind, bits // 8)
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(1)
    if not len(samples):
        raise InputError(f"{path} holds no sound: expected at least one sample.")
    if not np.isfinite(samples).all():
        raise InputError(f"{path} holds samples that are not finite (NaN or infinity).")
    return torch.from_numpy(samples.astype(np.float32)), rate


def _chunks(content: bytes) -> dict[str, bytes]:
    """The chunks of a RIFF file by name; what a chunk announces beyond the end of the file is not there."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(f"it begins with {content[:12]!r}, not as a WAV file does")
    found, at = {}, 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        found.setdefault(name.decode("latin-1"), content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _samples(data: bytes, kind: int, width: int) -> np.ndarray:
    """Floats as they are; PCM as numbers in [-1, 1): unsigned with 8 bits, signed and little-endian with more."""
    data = data[: len(data) // width * width]
    if kind == _FLOAT:
        return np.frombuffer(data, f"<f{width}").astype(np.float64)
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    bytes_ = np.frombuffer(data, np.uint8).reshape(-1, width)
    wide = np.zeros((len(bytes_), 4), np.uint8)
    wide[:, 4 - width :] = bytes_
    return wide.view("<i4")[:, 0].astype(np.float64) / 2**31


def resampled(sound: Float[Tensor, "sample"], rate: int, wanted: int) -> Float[Tensor, "resampled"]:
    """The same sound with `wanted` samples a second: its spectrum, cut or padded with zeros (band-limited)."""
    length = max(1, round(len(sound) * wanted / rate))
    spectrum = torch.fft.rfft(sound.double())
    return (torch.fft.irfft(spectrum, length) * (length / len(sound))).to(sound.dtype)
