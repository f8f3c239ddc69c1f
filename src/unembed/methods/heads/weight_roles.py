"""Roles of heads that show in the weights: copying, copy suppression, succession.

| role | score | chance |
|---|---|---|
| `copying` | share of eigenvalues of `W_E W_V W_O W_U` with a positive real part (head_circuits.py) | 1/2 |
| `copy_suppression` | share of tokens it seeks where they are predicted, and lowers where it reads them | 1/400 |
| `successor` | share of ordinals of which it promotes the next most, of all in the list | mean of 1 / (list's size) |

**Effective embedding.** Heads after the first block do not read embeddings but what the first MLP made of them. For
the last two roles a token is the stream after the first block with the attention of that block left out, scaled to unit
size as a norm would (heads of the first block read the plain embedding).

**Copy suppression** (*Copy Suppression: Comprehensively Understanding an Attention Head*, McDougall et al. 2023).
`SAMPLE` tokens `t` of the vocabulary have effective embeddings `e_t` and unembeddings `u_t`. A token counts where

    it is lowered:  (e_t W_V W_O) . u_t    among the lowest twentieth of   (e_t W_V W_O) . u_s    over all s
    it is sought:   (u_t W_Q) . (e_t W_K)  among the highest twentieth of  (u_t W_Q) . (e_s W_K)  over all s

each above the mean over `t`, so that what is true of every `t` does not count. The null is the share for pairs that do
not belong together: another token's `s` in the place of `t` in both lines.

**Successor** (*Successor Heads: Recurring, Interpretable Attention Heads in the Wild*, Gould et al. 2023). Over lists
of single tokens (digits, number words, days, months, letters): the share of members `a` but the last for which
`(e_a W_V W_O) . u_b`, over all members `b`, is largest for the next one. The null guesses among the members of a list.

Norms are folded and positions left out as in head_circuits.py: QK scores are those of distance 0.
"""

import itertools
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from unembed.methods.circuits.head_circuits import (
    OV,
    QK,
    at_unit_scale,
    embedded,
    layer_circuits,
    ov_eigenvalues,
    positive_share,
)
from unembed.methods.heads.repeated_tokens import vocabulary
from unembed.methods.heads.role_scores import RoleScores, role_scores
from unembed.models.forward import call
from unembed.models.hooks import on_output, one_at_a_time
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.models.tokens import TokenNames, token_names
from unembed.progress import Progress, silent
from unembed.seeds import generator

SAMPLE = 512
_TAIL = 20
"""One in so many tokens counts as lowest, or as highest."""
_SHIFTS = 20
_MATRICES = 1000
"""Random ones, in the null of copying."""

ORDINALS = (
    tuple("0123456789"),
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    tuple("abcdefghijklmnopqrstuvwxyz"),
)  # fmt: skip
"""Lists in which every member but the last has a next one."""


@torch.no_grad()
def weight_roles(
    model: Model, lists: Sequence[Sequence[int]], *, seed: int = 0, progress: Progress = silent
) -> dict[str, RoleScores]:
    """The scores of all heads; `successor` only where there are lists.

    Args:
        model: from `load` or `wrap`.
        lists: tokens of ordinals, from `ordinals`.
        seed: of the sample of tokens and of the nulls.
        progress: called after each layer.
    """
    random = generator(seed)
    sample = _ends(model, torch.randperm(vocabulary(model), generator=random)[:SAMPLE].tolist())
    members = [_ends(model, tokens) for tokens in lists]
    shifts = (1 + torch.randperm(len(sample.output) - 1, generator=random)[:_SHIFTS]).tolist()
    copying, suppressing, right = [], [], []
    for layer in range(model.layers):
        copying.append(positive_share(ov_eigenvalues(model, layer)).cpu())
        heads = layer_circuits(model, layer)
        suppressing.append([_shares(suppressed(ov, qk, sample, layer), [0, *shifts]) for ov, qk in heads])
        right.append([sum(followed(ov, list_, layer) for list_ in members) for ov, _ in heads])
        progress("roles in the weights", (layer + 1) / model.layers)
    found = {
        "copying": role_scores(torch.stack(copying), 0.5, _random_copying(model, random)),
        "copy_suppression": _suppression(torch.tensor(suppressing, dtype=torch.float64), len(sample.output)),
    }
    return found | ({"successor": _succession(torch.tensor(right), [len(tokens) for tokens in lists])} if lists else {})


# Tokens at both ends


@dataclass(frozen=True, repr=False)
class Ends(Brief):
    """Some tokens, as heads read them and as the logits read them."""

    embedding: Float[Tensor, "token d_model"]
    effective: Float[Tensor, "token d_model"]
    output: Float[Tensor, "token d_model"]
    """Rows of W_U, with gain and centring of the final norm."""

    def read_in(self, layer: int) -> Float[Tensor, "token d_model"]:
        """What stands for a token where the heads of a layer read."""
        return self.effective if layer else self.embedding


def _ends(model: Model, tokens: Sequence[int]) -> Ends:
    """Both ends of some tokens."""
    one = torch.ones((), dtype=torch.float64, device=model.device)
    output = model.final_norm.pullback(model.unembedding[list(tokens)].detach().double(), one)
    return Ends(embedded(model, tokens), effective_embedding(model, tokens), output.float())


@torch.no_grad()
def effective_embedding(model: Model, tokens: Sequence[int]) -> Float[Tensor, "token d_model"]:
    """The stream after the first block with its attention left out, each token at the first position, at unit scale."""
    found: list[Tensor] = []

    def stop(stream: Tensor) -> None:
        found.append(stream[:, 0].float())
        raise _FirstBlockDone

    ids = torch.tensor(list(tokens), device=model.device)[:, None]
    with one_at_a_time, ExitStack() as stack, suppress(_FirstBlockDone):
        on_output(stack, model.blocks[0].attention_write, torch.zeros_like)
        on_output(stack, model.blocks[0].module, stop)
        call(model, ids, attention_mask=torch.ones_like(ids))
    return at_unit_scale(model, found[0])


class _FirstBlockDone(Exception):  # noqa: N818  # no error: it ends the run where the rest is not needed
    pass


# Copying


def _random_copying(model: Model, random: torch.Generator) -> Float[Tensor, "sample"]:
    """The copying score of matrices of independent normal numbers, as large as those of the model."""
    size = model.blocks[0].output_by_head.shape[1]
    matrices = torch.randn(_MATRICES, size, size, generator=random, dtype=torch.float64)
    return positive_share(torch.linalg.eigvals(matrices))


# Copy suppression


def suppressed(ov: OV, qk: QK, tokens: Ends, layer: int) -> Bool[Tensor, "token other"]:
    """Whether a head of a layer lowers `other` where it reads `token`, and seeks it where `token` is predicted."""
    read = tokens.read_in(layer)
    logits = (read @ ov.reads) @ (tokens.output @ ov.writes.T).T
    scores = (tokens.output @ qk.query) @ (read @ qk.key).T
    return _highest(-logits) & _highest(scores)


def _highest(values: Float[Tensor, "row column"]) -> Bool[Tensor, "row column"]:
    """Whether an entry is among the highest of its row, columns taken above their mean; equal ones are not."""
    values = values - values.mean(0)
    return values > values.topk(_tail(len(values)) + 1, dim=1).values[:, -1:]


def _tail(size: int) -> int:
    return max(1, size // _TAIL)


def _shares(marks: Bool[Tensor, "token other"], shifts: Sequence[int]) -> list[float]:
    """The share of tokens that are marked with the token so many places on."""
    return [float(marks.roll(-shift, 1).diagonal().double().mean()) for shift in shifts]


def _suppression(shares: Float[Tensor, "layer head shift"], size: int) -> RoleScores:
    return role_scores(shares[..., 0], (_tail(size) / size) ** 2, shares[..., 1:].flatten())


# Succession


def followed(ov: OV, members: Ends, layer: int) -> int:
    """For how many members of a list, but the last, a head of a layer promotes the next member most of all."""
    logits = (members.read_in(layer)[:-1] @ ov.reads) @ (members.output @ ov.writes.T).T
    following = torch.arange(1, len(members.output), device=logits.device)
    return int((logits.argmax(1) == following).sum())


def ordinals(model: Model) -> list[tuple[int, ...]]:
    """Each list of `ORDINALS` as tokens, with and without a space before its members, up to the first that is no single
    token; those of three members at least.
    """
    names = token_names(model)
    found = [_single(names, [space + word for word in words]) for words in ORDINALS for space in ("", " ")]
    return [tokens for tokens in dict.fromkeys(found) if len(tokens) >= 3]


def _single(names: TokenNames, words: Sequence[str]) -> tuple[int, ...]:
    members = (names.ids.get(word) for word in words)
    return tuple(token for token in itertools.takewhile(lambda found: found is not None, members) if token is not None)


def _succession(right: Int[Tensor, "layer head"], sizes: Sequence[int]) -> RoleScores:
    pairs = sum(sizes) - len(sizes)
    chance = sum((size - 1) / size for size in sizes) / pairs
    return role_scores(right.double() / pairs, chance, guesses(sizes))


def guesses(sizes: Sequence[int]) -> Float[Tensor, "sample"]:
    """The score of a head that guesses among the members of each list: 10,000 values in their exact proportions."""
    odds = torch.ones(1, dtype=torch.float64)  # of each number of right answers
    nothing = torch.zeros(1, dtype=torch.float64)
    for size in sizes:
        for _ in range(size - 1):
            odds = torch.cat([odds, nothing]) * (1 - 1 / size) + torch.cat([nothing, odds]) / size
    levels = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    right = torch.searchsorted(odds.cumsum(0), levels).clamp_max(len(odds) - 1)
    return right.double() / (len(odds) - 1)
