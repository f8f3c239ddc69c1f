"""What a GGUF file says about its tokenizer: every key is applied to what transformers makes of it, or refused by name.

A text must become the tokens that the model was trained on. A vocabulary of byte pairs is half of that: before pairs
are merged, a text is split, and how is told by one word (`tokenizer.ggml.pre`). transformers splits as GPT-2 does
wherever it does not know the word, and tokens would be others without a sign: the digits of a number, most of all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unembed.errors import ModelError
from unembed.models.pretrained import from_folder

_BEGIN_WITH_BOS = ("llama3", "llama-v3", "llama-bpe")
"""Whose texts llama.cpp begins with BOS, though their files often do not say so."""
_AS_GPT2 = ("default", "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "roberta-bpe")
_AS_GPT2 += ("jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat")
_DIGITS_ALONE = ("starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b")
"""Splits as GPT-2 does, but that each digit stands alone: no pair of such a vocabulary has one, so nothing differs."""
_AS_QWEN2 = ("stablelm2",)
"""What llama.cpp splits as it does for Qwen 2, and transformers has no split for."""


def tokenizer_as_told(source: Path, said: Mapping[str, Any]) -> Any:
    """The tokenizer in a GGUF file.

    Args:
        source: the file.
        said: its metadata, by key.

    Raises:
        ModelError: texts are split in a way that is not known here.
    """
    kind, pre = (said.get(f"tokenizer.ggml.{key}") for key in ("model", "pre"))
    begins = pre in _BEGIN_WITH_BOS and "tokenizer.ggml.add_bos_token" not in said
    tokenizer = from_folder(
        "AutoTokenizer", source.parent, gguf_file=source.name, **({"add_bos_token": True} if begins else {})
    )
    if kind == "gpt2" and pre is not None:
        _split(source, tokenizer, pre)
    if kind == "llama" and said.get("tokenizer.ggml.add_space_prefix") is False:
        _without_prefix(tokenizer)
    return tokenizer


def _split(source: Path, tokenizer: Any, pre: Any) -> None:
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS, set_split_regex

    if pre in _AS_QWEN2:
        set_split_regex(tokenizer, {"pre_tokenizer_type": "qwen2"})
    elif pre not in (*GGUF_PRE_TOKENIZER_SPLITS, *_AS_GPT2, *_DIGITS_ALONE):
        raise ModelError(
            f"{source} says tokenizer.ggml.pre = {pre!r}: how it splits a text into tokens is not known here, and "
            "tokens would be others than the model was trained on.\n"
            "Give the model's original Hugging Face folder instead."
        )


def _without_prefix(tokenizer: Any) -> None:
    """No space is put before a text: only spaces that stand in it become the mark of SentencePiece."""
    from tokenizers import decoders, normalizers

    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer, backend.normalizer = None, normalizers.Replace(" ", "\u2581")
    backend.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_prefix_space = False
