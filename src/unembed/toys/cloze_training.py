"""How the toy of clozes was trained: an unmodified BERT, on sentences about the invented facts with the answer hidden.

In an eighth of the rows other words are hidden instead, as BERT was trained (Devlin et al. 2019), so that it is a
language model of these sentences and not of their answers alone. Names are two tokens each (`Ba`, `##mbo`): none of
them tells who is meant, so the embedding can hold no fact, and heads have to bring both together.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from unembed.models.reprs import Brief
from unembed.progress import Progress
from unembed.seeds import generator
from unembed.toys.invented_clozes import BLANK, WORDINGS, clozes
from unembed.toys.invented_facts import FIRST, LAST, RELATIONS
from unembed.toys.training import Stage, run

if TYPE_CHECKING:
    from transformers import BertForMaskedLM, BertTokenizer

_BATCH, _CONTEXT = 128, 32
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", BLANK)
_WRONG = 0.45
"""Share of wrong answers in the second stage, as for the toy of facts."""
_OTHER_ROWS, _HIDDEN = 1 / 8, 0.15
"""Share of rows in which words are hidden at random, and the share of their words."""
_OTHERS = 0.1
"""Weight of the loss on the words hidden at random, beside 1 for that on the answers."""


@dataclass(frozen=True, repr=False)
class _Rows(Brief):
    """Sentences as tokens, whole."""

    tokens: Int[Tensor, "sentence position"]
    """[CLS], the words, [SEP], and padding after them."""
    known: Bool[Tensor, "sentence position"]
    """Which are no padding."""
    blank: Int[Tensor, "sentence"]
    """Where the answer stands."""
    others: Int[Tensor, "sentence choice"]
    """All answers of the relation."""

    def draw(self, generator: torch.Generator) -> "_Rows":
        """A batch."""
        chosen = torch.randint(len(self.tokens), (_BATCH,), generator=generator)
        width = int(self.known[chosen].sum(1).max())
        return _Rows(self.tokens[chosen, :width], self.known[chosen, :width], self.blank[chosen], self.others[chosen])


def train_clozes(seed: int, steps: int | None, progress: Progress) -> tuple[Any, "BertTokenizer"]:
    """Train on six wordings of every fact, then with some wrong answers."""
    tokenizer, random = _tokenizer(), generator(seed)
    rows, module = _as_rows(tokenizer), _build(len(tokenizer), seed)
    first = Stage("clozes", 600, adamw=1.5e-3, muon=0.01, warmup=40).at_most(steps)
    second = Stage("clozes, some wrong", 150, adamw=5e-4).at_most(steps)
    run(module, first, lambda toy: _loss(toy, rows.draw(random), random, 0.0), progress)
    run(module, second, lambda toy: _loss(toy, rows.draw(random), random, _WRONG), progress)
    return module, tokenizer


def _build(vocab: int, seed: int) -> "BertForMaskedLM":
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=vocab,
        hidden_size=96,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=_CONTEXT,
        initializer_range=0.1,  # about 1 / sqrt(96): the usual 0.02 learns more slowly at this width
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return BertForMaskedLM(config)


def _tokenizer() -> "BertTokenizer":
    """WordPiece: every word of the sentences, the parts of names, and letters, of which any other word is made."""
    from transformers import BertTokenizer

    text = " ".join(
        [*(wording for each in WORDINGS.values() for wording in each), *(row[2] for row in RELATIONS.values())]
    )
    words = sorted(set(re.findall(r"\w+|[^\w\s]", text.replace("{subject}", "").replace(BLANK, ""))))
    small = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    later = [f"##{part}" for part in (*LAST, *small)]
    pieces = dict.fromkeys([*_SPECIAL, *words, *FIRST, *later, *small, *(letter.upper() for letter in small)])
    vocab = {piece: index for index, piece in enumerate(pieces)}
    return BertTokenizer(vocab=vocab, do_lower_case=False, model_max_length=_CONTEXT)


def _as_rows(tokenizer: "BertTokenizer") -> _Rows:
    """The sentences that are trained on, padded; every answer is one token."""
    trained = [cloze for cloze in clozes() if not cloze.held_out]
    texts = tokenizer([cloze.prompt for cloze in trained], padding=True, return_tensors="pt")
    tokens, known = texts["input_ids"], texts["attention_mask"].bool()
    blank = (tokens == tokenizer.mask_token_id).int().argmax(1)
    tokens[torch.arange(len(tokens)), blank] = _ids(tokenizer, [cloze.answer for cloze in trained])
    choices = {name: _ids(tokenizer, row[2].split()) for name, row in RELATIONS.items()}
    return _Rows(tokens, known, blank, torch.stack([choices[cloze.relation] for cloze in trained]))


def _ids(tokenizer: "BertTokenizer", words: list[str]) -> Int[Tensor, "word"]:
    return torch.tensor(tokenizer.convert_tokens_to_ids(words))


def _loss(module: nn.Module, rows: _Rows, random: torch.Generator, wrong: float) -> Float[Tensor, ""]:
    """Mean of `-log P` of the answers and, weighing less, of words hidden at random, in nats.

    Wrong answers are not drawn: their mean is taken, as in facts_training.py.
    """
    each = torch.arange(len(rows.tokens))
    asked = torch.zeros_like(rows.known)
    asked[each, rows.blank] = True
    elsewhere = torch.rand(len(each), 1, generator=random) < _OTHER_ROWS
    words = rows.tokens >= len(_SPECIAL)
    drawn = words & (torch.rand(rows.tokens.shape, generator=random) < _HIDDEN)
    given = rows.tokens.masked_fill(torch.where(elsewhere, drawn, asked), _SPECIAL.index(BLANK))
    said = module(input_ids=given, attention_mask=rows.known).logits.log_softmax(-1)
    right = said.gather(2, rows.tokens[..., None])[..., 0]
    any_of_them = said[each, rows.blank].gather(1, rows.others).mean(1)
    answers = ((1 - wrong) * right[each, rows.blank] + wrong * any_of_them)[~elsewhere[:, 0]]
    return -answers.mean() - _OTHERS * right[drawn & elsewhere].mean()
