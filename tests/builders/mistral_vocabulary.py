"""The vocabulary of Mistral 7B, a SentencePiece model with byte fallback, from the wheel of mistral-common.

`make test` downloads that wheel into the environment, without installing it. Read here are pieces,
scores and types of its `ModelProto`, whose fields are few.
"""

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

_LENGTHS = {1: 8, 5: 4}
_CONTROL = 3


def mistral() -> PreTrainedTokenizerFast:
    """Its pieces and scores as a unigram model, which puts a space before a text."""
    (wheel,) = Path(sys.prefix, "wheels").glob("mistral_common-*.whl")
    with ZipFile(wheel) as files:
        pieces = list(_pieces(files.read("mistral_common/data/tokenizer.model.v1")))
    made = Tokenizer(models.Unigram([(text, score) for text, score, _ in pieces], unk_id=0, byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    made.add_special_tokens([text for text, _, kind in pieces if kind == _CONTROL])
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def _pieces(data: bytes) -> Iterator[tuple[str, float, int]]:
    """Text, score and type of each piece (field 1 of the model)."""
    for number, piece in _fields(data):
        if number == 1:
            found = dict(_fields(piece))
            yield found[1].decode(), struct.unpack("<f", found[2])[0], int.from_bytes(found.get(3, b"\1"), "little")


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message of protobuf, by number; a varint as its bytes (all here are below 128)."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        if key & 7 == 0:
            start, (_, place) = place, _varint(data, place)
        elif key & 7 == 2:
            length, start = _varint(data, place)
            place = start + length
        else:
            start, place = place, place + _LENGTHS[key & 7]
        yield key >> 3, data[start:place]


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, place = data[place], place + 1
        value, shift = value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, place
