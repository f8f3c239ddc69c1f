"""WAV files as sound in [-1, 1], one channel."""

import wave
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError


def read_wav(path: Path) -> tuple[Float[Tensor, "sample"], int]:
    """The mean of the channels of a PCM WAV file, in float32, and its samples a second.

    Raises:
        InputError: there is no such file, it is no WAV file of whole numbers, or it is empty.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (OSError, wave.Error, EOFError) as error:
        raise InputError(
            f"Cannot read {path} as sound: {error}.\nExpected a WAV file with PCM samples of 8, 16, 24 or 32 bits."
        ) from error
    samples = _samples(data, width)
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(1)
    if not len(samples):
        raise InputError(f"{path} holds no sound: expected at least one sample.")
    return torch.from_numpy(samples.astype(np.float32)), rate


def _samples(data: bytes, width: int) -> np.ndarray:
    """PCM as numbers in [-1, 1): unsigned with 8 bits, signed and little-endian with more."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    bytes_ = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
    wide = np.zeros((len(bytes_), 4), np.uint8)
    wide[:, 4 - width :] = bytes_
    return wide.view("<i4")[:, 0].astype(np.float64) / 2**31


def resampled(sound: Float[Tensor, "sample"], rate: int, wanted: int) -> Float[Tensor, "resampled"]:
    """The same sound with `wanted` samples a second: its spectrum, cut or padded with zeros (band-limited)."""
    length = max(1, round(len(sound) * wanted / rate))
    spectrum = torch.fft.rfft(sound.double())
    return (torch.fft.irfft(spectrum, length) * (length / len(sound))).to(sound.dtype)
