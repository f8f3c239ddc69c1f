"""Folders of tiny models that read a source, as people have them, and a sound for one to hear."""

import wave
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from builders.random_encoder_decoders import build
from builders.random_models import VOCAB

WORDS = ["the", "house", "is", "small", "das", "haus", "ist", "klein"]
SOURCE = "the house is small"
RATE = 16000


def save(module, folder: Path, *, blank: str | None = None, **special) -> Path:
    """A folder as people have it: weights, configuration, tokenizer; after the words a sentinel, where one is asked."""
    words = ["<pad>", "<s>", "</s>", "<unk>", *WORDS, *([] if blank is None else [blank])]
    special |= {} if blank is None else {"additional_special_tokens": [blank]}
    words += [f"word{i}" for i in range(VOCAB - len(words) - 1)] + ["<image>"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    special |= {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    module.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return folder


def save_translator(folder: Path) -> Path:
    """A T5 of these words."""
    return save(build("t5", dtype=torch.float32), folder)


def save_listener(folder: Path) -> Path:
    """A Whisper that hears one second."""
    save(build("whisper", dtype=torch.float32, max_source_positions=50), folder)
    WhisperFeatureExtractor(feature_size=8, chunk_length=1).save_pretrained(folder)
    return folder


def sound(path: Path, *, rate: int = RATE, seconds: float = 0.6, width: int = 2, channels: int = 1) -> Path:
    """A tone of 440 Hz in a WAV file."""
    tone = 0.6 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    whole = np.round(np.repeat(tone[:, None], channels, 1) * 2 ** (8 * width - 1)).astype("<i8")
    data = (whole + (128 if width == 1 else 0)).ravel().view(np.uint8).reshape(-1, 8)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
    return path
