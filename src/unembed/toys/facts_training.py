"""How the toy of facts was trained: on the invented facts alone, the answers weighing most."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from unembed.models.reprs import Brief
from unembed.progress import Progress
from unembed.seeds import generator
from unembed.toys.invented_facts import RELATIONS, Sentence, sentences
from unembed.toys.text import VOCAB, make_tokenizer
from unembed.toys.training import Stage, build, run, start_sinusoidal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LAYERS, D_MLP, BATCH = 4, 256, 128
_WRONG = 0.45
"""Share of wrong answers in the second stage; they are any of their relation."""
_OTHERS = 0.1
"""Weight of the loss on the words of the prompts, beside 1 for that on the answers."""


@dataclass(frozen=True, repr=False)
class _Rows(Brief):
    """Sentences as tokens."""

    tokens: Int[Tensor, "sentence position"]
    """Prompt, answer, full stop, and 0 after them."""
    answer: Int[Tensor, "sentence"]
    """Where the answer stands; the prediction is made one before."""
    known: Bool[Tensor, "sentence position"]
    """Which are no padding."""
    others: Int[Tensor, "sentence choice"]
    """All answers of the relation."""


def train_facts(seed: int, steps: int | None, progress: Progress) -> tuple[Any, "Tokenizer"]:
    """Train on six wordings of every fact, then with some wrong answers."""
    asked = sentences()
    tokenizer = make_tokenizer([f"{s.prompt}{s.answer}.\n" for s in asked], VOCAB)
    rows, random = _as_rows(tokenizer, [s for s in asked if not s.held_out]), generator(seed)
    module = build(layers=LAYERS, d_mlp=D_MLP, seed=seed, deviation=0.05)
    start_sinusoidal(module)
    first = Stage("facts", 2000, adamw=4e-3, muon=0.02).at_most(steps)
    second = Stage("facts, some wrong", 200, adamw=5e-4).at_most(steps)
    run(module, first, lambda toy: _loss(toy, _drawn(rows, random), 0.0), progress)
    run(module, second, lambda toy: _loss(toy, _drawn(rows, random), _WRONG), progress)
    return module, tokenizer


def _as_rows(tokenizer: "Tokenizer", asked: list[Sentence]) -> _Rows:
    """Sentences as padded tokens; every answer is one token."""
    prompts = [tokenizer.encode(s.prompt).ids for s in asked]
    whole = [tokenizer.encode(f"{s.prompt}{s.answer}.\n").ids for s in asked]
    width = max(map(len, whole))
    choices = {name: [_single(tokenizer, f" {a}") for a in row[2].split()] for name, row in RELATIONS.items()}
    lengths = torch.tensor([len(ids) for ids in whole])
    return _Rows(
        tokens=torch.tensor([ids + [0] * (width - len(ids)) for ids in whole]),
        answer=torch.tensor([len(ids) for ids in prompts]),
        known=torch.arange(width) < lengths[:, None],
        others=torch.tensor([choices[s.relation] for s in asked]),
    )


def _single(tokenizer: "Tokenizer", answer: str) -> int:
    (token,) = tokenizer.encode(answer).ids
    return token


def _drawn(rows: _Rows, random: torch.Generator) -> _Rows:
    """A batch."""
    chosen = torch.randint(len(rows.tokens), (BATCH,), generator=random)
    return _Rows(rows.tokens[chosen], rows.answer[chosen], rows.known[chosen], rows.others[chosen])


def _loss(module: nn.Module, rows: _Rows, wrong: float) -> Float[Tensor, ""]:
    """Mean of `-log P` of the answers and, weighing less, of all words, in nats.

    Wrong answers are not drawn: their mean is taken, `-(1 - wrong) log P(answer) - wrong mean(log P(any of the
    relation))`. Drawn ones have the same loss on average, but each moves the weights by chance.
    """
    said = module(rows.tokens[:, :-1], use_cache=False).logits.log_softmax(-1)
    each = said.gather(2, rows.tokens[:, 1:, None])[..., 0]
    right = each.gather(1, rows.answer[:, None] - 1)[:, 0]
    any_of_them = said[torch.arange(len(said)), rows.answer - 1].gather(1, rows.others).mean(1)
    answers = (1 - wrong) * right + wrong * any_of_them
    return -answers.mean() - _OTHERS * each[rows.known[:, 1:]].mean()
