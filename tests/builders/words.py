"""A word tokenizer of a dozen words, made here: no file, no download."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast

from builders.random_models import build

WORDS = ("<unk>", "<s>", "the", "capital", "of", "France", "is", "Paris", "Rome", "a", "new", "##x")
PROMPT = "the capital of France is"


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Token `i` is `WORDS[i]`; anything else is `<unk>`, id 0."""
    words = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", bos_token="<s>")


def save_tiny(folder: Path, **overrides) -> Path:
    """A tiny llama with this tokenizer, saved as a Hugging Face folder."""
    build("llama", **{"layers": 3, **overrides}).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def numbered(vocab: int, **marks: str) -> PreTrainedTokenizerFast:
    """A tokenizer whose token `i` is the word `w{i}`; no other word is known."""
    words = Tokenizer(WordLevel({f"w{i}": i for i in range(vocab)}, unk_token="w0"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0", **marks)
