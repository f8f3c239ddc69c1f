"""Small tokenizers of each kind, made here: byte-level BPE, SentencePiece with byte fallback, WordPiece.

Each begins a text with `<s>`, and where asked ends it with `</s>`.
"""

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

TEXTS = (
    "the capital of France is Paris and the capital of Italy is Rome",
    "children play and are playing, playful players played 1+1=2 and 12+12=24",
    "我在北京工作 😀 naïve café\n\tline two of unbelievable things",
)
SPECIAL = ("<unk>", "<s>", "</s>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))


def byte_level(**around: bool) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=360, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    )
    return _wrapped(made, **around)


def sentence_piece(**around: bool) -> PreTrainedTokenizerFast:
    """A unigram model with byte fallback that puts a space before a text, as Llama's and T5's do."""
    words = sorted({piece for text in TEXTS for word in text.split() for piece in (f"▁{word}", word)})
    letters = sorted({"▁", *(c for text in TEXTS for c in text if c.isascii() and not c.isspace())})
    scores = dict.fromkeys(SPECIAL, 0.0) | dict.fromkeys(BYTES, -20.0)
    scores |= {piece: -8.0 - len(piece) / 10 for piece in words} | dict.fromkeys(letters, -6.0)
    made = Tokenizer(models.Unigram(list(scores.items()), unk_id=0, byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return _wrapped(made, **around)


def word_piece(**around: bool) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.WordPiece(unk_token="<unk>"))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=list(SPECIAL)))
    return _wrapped(made, **around)


KINDS = {"byte-level": byte_level, "sentence-piece": sentence_piece, "word-piece": word_piece}


def _wrapped(made: Tokenizer, *, begins: bool = True, ends: bool = False) -> PreTrainedTokenizerFast:
    single = f"{'<s> ' if begins else ''}$A{' </s>' if ends else ''}"
    marks = [(token, made.token_to_id(token)) for token in ("<s>", "</s>")]
    made.post_processor = TemplateProcessing(single=single, special_tokens=marks)
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
