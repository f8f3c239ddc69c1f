"""audio: WAV files of every kind give the samples that were written, against the standard library's reader of PCM."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from unembed.errors import InputError
from unembed.models.audio import read_wav

RATE = 16000
SOUND = np.sin(np.arange(64).reshape(32, 2) / 3) * 0.9
"""Two channels."""
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID = bytes.fromhex("000000001000800000aa00389b71")
"""How every sub-format of a sound ends."""


def coded(kind: int, bits: int) -> bytes:
    if kind == FLOAT:
        return SOUND.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return np.round(SOUND * 127 + 128).astype(np.uint8).tobytes()
    whole = np.round(SOUND * (2 ** (bits - 1) - 1)).astype("<i4").reshape(-1)
    return b"".join(int(x).to_bytes(bits // 8, "little", signed=True) for x in whole)


def write(path: Path, kind: int, bits: int, *, extensible: bool, extra: bytes = b"") -> Path:
    data, size = coded(kind, bits), bits // 8
    layout = struct.pack("<HHIIHH", EXTENSIBLE if extensible else kind, 2, RATE, RATE * 2 * size, 2 * size, bits)
    if extensible:
        layout += struct.pack("<HHIH", 22, bits, 3, kind) + GUID
    chunks = b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2)
        for name, part in ((b"fmt ", layout), (b"LIST", extra), (b"data", data))
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("kind", "bits"), [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)])
def test_the_samples_are_those_that_were_written(kind: int, bits: int, extensible: bool, tmp_path: Path) -> None:
    sound, rate = read_wav(write(tmp_path / "x.wav", kind, bits, extensible=extensible, extra=b"odd"))
    assert rate == RATE
    step = 2.0**-24 if kind == FLOAT else 2.0 ** (2 - bits) + 2.0**-24  # two steps of whole numbers, and of float32
    assert torch.allclose(sound.double(), torch.from_numpy(SOUND.mean(1)), atol=step, rtol=0)


def test_pcm_is_read_as_the_standard_library_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(coded(PCM, 16))
    sound, rate = read_wav(path)
    with wave.open(str(path), "rb") as file:
        expected = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 2**15
    assert rate == 8000
    assert sound.tolist() == expected.astype(np.float32).tolist()


def test_a_file_that_was_cut_gives_what_is_there(tmp_path: Path) -> None:
    whole = write(tmp_path / "x.wav", PCM, 16, extensible=False)
    sound = read_wav(whole)[0]
    whole.write_bytes(whole.read_bytes()[:-6])
    assert read_wav(whole)[0].tolist() == sound.tolist()[:-2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it begins with b''"),
        (b"OggS" + bytes(40), "it begins with b'OggS"),
        (b"RIFF\x04\0\0\0WAVE", "it has no part 'fmt '"),
        (b"RIFF\x04\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 1, 8, 16, 2, 16), "it has no part 'data'"),
        (
            b"RIFF\x04\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 7, 1, 8, 8, 1, 8) + b"data\x01\0\0\0\0",
            "its samples are of format 7 with 8 bits",
        ),
        (b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0\x01\0data\x00\0\0\0", "unpack_from requires"),
    ],
)
def test_what_is_no_sound_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(InputError, match="Cannot read") as caught:
        read_wav(tmp_path / "x.wav")
    assert said in str(caught.value)


def test_samples_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", FLOAT, 32, extensible=False)
    path.write_bytes(path.read_bytes()[:-4] + np.float32(np.nan).tobytes())
    with pytest.raises(InputError, match="not finite"):
        read_wav(path)


def test_a_sound_without_a_rate_is_refused(tmp_path: Path) -> None:
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, 0, 0, 2, 16)
    (tmp_path / "x.wav").write_bytes(head + struct.pack("<4sI", b"data", 100) + bytes(100))
    with pytest.raises(InputError, match="it says 0 samples a second"):
        read_wav(tmp_path / "x.wav")
