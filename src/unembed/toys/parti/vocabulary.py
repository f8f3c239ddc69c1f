"""The one vocabulary of words and image tokens, and its tokenizer."""

from typing import TYPE_CHECKING

from unembed.toys.parti.captions import COLOURS, RELATIONS, SHAPES
from unembed.toys.parti.pictures import CELLS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

START, END, HIDDEN, PADDING = "<s>", "</s>", "<mask>", "<pad>"
"""Before the first image token, after a caption, in place of image tokens that training hides, after short captions."""
_SPECIAL = {"bos_token": START, "pad_token": PADDING, "eos_token": END, "unk_token": "<unk>", "mask_token": HIDDEN}
_WORDS = ("a", *dict.fromkeys(" ".join(RELATIONS).split()), *COLOURS, *SHAPES)
TOKENS = (*_SPECIAL.values(), *_WORDS, *(cell.token for cell in CELLS))
"""By id."""
IDS = {token: index for index, token in enumerate(TOKENS)}


def make_tokenizer() -> "PreTrainedTokenizerFast":
    """Lower-cases, splits at white space, and puts `</s>` after the text."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel(IDS, unk_token=_SPECIAL["unk_token"]))
    words.normalizer = Lowercase()
    words.pre_tokenizer = WhitespaceSplit()
    words.post_processor = TemplateProcessing(single=f"$A {END}", special_tokens=[(END, IDS[END])])
    return PreTrainedTokenizerFast(
        tokenizer_object=words, model_input_names=["input_ids", "attention_mask"], padding_side="right", **_SPECIAL
    )
