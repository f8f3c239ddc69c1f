"""Tiny random masked language models, one builder a family, in which no mistake can hide (random_models.py)."""

from typing import Any

import pytest
import torch
from tokenizers import AddedToken

import unembed
from builders.random_models import CONTEXT, VOCAB, scramble
from builders.tokenizers_of_kinds import KINDS

MASK = 4
"""The id of the blank."""
_RENAMED: dict[str, dict[str, str]] = {
    "distilbert": {
        "hidden_size": "dim",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "intermediate_size": "hidden_dim",
    }
}
_MORE: dict[str, dict[str, Any]] = {
    "bert": {},
    "roberta": {},
    "xlm-roberta": {},
    "distilbert": {},
    "electra": {"embedding_size": 20},
    "albert": {"embedding_size": 20, "num_hidden_groups": 2, "inner_group_num": 2},
    "deberta-v2": {
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 4,
        "norm_rel_ebd": "layer_norm",
        "type_vocab_size": 2,
    },
    "deberta-v3": {
        "legacy": False,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 4,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    "modernbert": {
        "norm_bias": True,
        "attention_bias": True,
        "mlp_bias": True,
        "classifier_bias": True,
        "local_attention": 4,
    },
}
MASKED = tuple(_MORE)
each_masked = pytest.mark.parametrize("model_type", MASKED)
"""The families there is a builder for."""
_PUBLISHED_AS = {"deberta-v3": "deberta-v2"}
"""Builders of another layout that `transformers` knows under the same model type."""


def row_of(name: str) -> str:
    """The model type, which has the row, of what a builder makes."""
    return _PUBLISHED_AS.get(name, name)


ROWS = frozenset(map(row_of, MASKED))


def build_masked(model_type: str, *, seed: int = 0, dtype: torch.dtype = torch.float64, **overrides: Any) -> Any:
    """A random masked language model of this type (as `MASKED` calls it), scrambled, in evaluation mode."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    sizes = {
        "vocab_size": VOCAB,
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "cls_token_id": 1,
        "sep_token_id": 2,
        "tie_word_embeddings": False,
    }
    names = _RENAMED.get(model_type, {})
    values = {names.get(key, key): value for key, value in {**sizes, **_MORE[model_type], **overrides}.items()}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = AutoModelForMaskedLM.from_config(
            AutoConfig.for_model(row_of(model_type), **values), dtype=torch.float64
        )
    module = module.double().eval()
    scramble(module, seed)
    return module.to(dtype)


def masked_tokenizer(kind: str, *, mask: str = "<mask>", declared: bool = True) -> Any:
    """A tokenizer of a kind (tokenizers_of_kinds.py) that frames texts and has a blank, which takes the space before it
    as those of RoBERTa, XLM-R and ALBERT do; `declared` is whether it says which token that is."""
    made = KINDS[kind](ends=True)
    blank = AddedToken(mask, lstrip=kind != "word-piece", special=True)
    made.add_special_tokens({"mask_token": blank} if declared else {"additional_special_tokens": [blank]})
    return made


def masked_by(tokenizer: Any, model_type: str = "bert", **more: Any) -> Any:
    """A random masked language model of a tokenizer's vocabulary, checked."""
    return unembed.wrap(build_masked(model_type, vocab_size=len(tokenizer), **more), tokenizer)


WORDS = ["the", "capital", "of", "france", "germany", "is", "paris", "berlin", "a", "city", "river", ".", ",", "in"]
WORDS += ["##s", "##er"]


def word_pieces(*, mask: str = "[MASK]") -> Any:
    """A WordPiece tokenizer of a few words that frames texts as BERT's does, with a blank of some name."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, mask: MASK}
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*WORDS, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = special | {piece: len(special) + i for i, piece in enumerate(dict.fromkeys(pieces))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "mask_token": mask}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)
