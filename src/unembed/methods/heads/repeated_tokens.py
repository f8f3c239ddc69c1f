"""Repeated random tokens: what heads attend to where no meaning can help them.

A sequence is `half` tokens drawn uniformly and independently from the vocabulary, then the same tokens again. Before
them stands what the tokenizer begins every text with (special.py): nothing, or one token at 0. With `A[i, s]` a head's
attention from position `i` to `s`, the score of a role is the mean over sequences and destinations of the attention to
one token:

| role | attention to | destinations |
|---|---|---|
| `previous_token` | `i - 1` | all but the first position |
| `current_token` | `i` | all but the first position |
| `first_token` | `0`, be it random or what begins every text | all but the first position |
| `duplicate_token` | `i - half`, the same token before | the second half |
| `induction` | `i - half + 1`, what followed the same token before | the second half |

Induction is the prefix-matching score of *In-context Learning and Induction Heads* (Olsson et al. 2022). All of these
are means of entries of a head's pattern, so they are read from its mean pattern over sequences.

The null is the same mean for attention to `i - d`, over all heads and all offsets `d` that mean nothing: those at least
`APART` tokens from the offsets of the roles, since heads that look nearby or nearly right smear over the neighbours.
Chance is uniform attention, the mean of `1 / (i + 1)`.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.errors import InputError, ModelError
from unembed.methods.heads.role_scores import RoleScores, role_scores
from unembed.models.forward import call
from unembed.models.hooks import Eager, attending, one_at_a_time
from unembed.models.model import Model
from unembed.models.special import beginning
from unembed.progress import Progress, silent
from unembed.seeds import generator

HALF = 64
"""Tokens that are repeated; fewer in a model whose context is shorter than twice as many."""
_SHORTEST = 8
APART = 3
_BATCH = 8
"""Sequences that run together."""


def half_of(model: Model) -> int:
    """`min(HALF, (context - lead) // 2)`, with `lead` the tokens that begin every text.

    Raises:
        InputError: the context is too short for a repetition that means anything.
    """
    half = HALF if model.context is None else min(HALF, (model.context - len(beginning(model))) // 2)
    if half < _SHORTEST:
        raise InputError(
            f"{model.name} reads at most {model.context} tokens: head roles are measured on {2 * _SHORTEST} at least."
        )
    return half


def repeated(model: Model, count: int, *, seed: int = 0) -> Int[Tensor, "sequence position"]:
    """`count` sequences: what begins every text, and `torch.randint(vocab, (count, half))` from a generator of `seed`,
    twice.

    Raises:
        InputError: no sequence, a bad seed, or a context that is too short.
    """
    if count < 1:
        raise InputError(f"Expected at least one sequence, found {count}.")
    drawn = torch.randint(vocabulary(model), (count, half_of(model)), generator=generator(seed)).repeat(1, 2)
    return torch.cat([torch.tensor([beginning(model)] * count, dtype=drawn.dtype).reshape(count, -1), drawn], 1)


def vocabulary(model: Model) -> int:
    """How many tokens have both an embedding and a logit."""
    return min(model.vocab, model.module.get_input_embeddings().weight.shape[0])  # type: ignore[union-attr]


def mean_patterns(
    model: Model, sequences: Int[Tensor, "sequence position"], *, progress: Progress = silent
) -> Float[Tensor, "layer head position position"]:
    """The attention pattern of every head, averaged over sequences, in float64.

    Raises:
        ModelError: a pattern is not finite.
    """
    return measured_patterns(model, sequences, progress=progress)[0]


@torch.no_grad()
def measured_patterns(
    model: Model, sequences: Int[Tensor, "sequence position"], *, progress: Progress = silent
) -> tuple[Float[Tensor, "layer head position position"], dict[str, Float[Tensor, "layer head"]] | None]:
    """The mean patterns, and by role the standard error of its score over sequences; None of one sequence.

    Raises:
        ModelError: a pattern is not finite.
    """
    scores: list[dict[str, Tensor]] = []
    total = sum(_patterns(model, batch, scores, tick) for batch, tick in _batches(sequences, progress))
    assert isinstance(total, Tensor)
    if not bool(torch.isfinite(total).all()):
        layer = int((~torch.isfinite(total)).flatten(1).any(1).int().argmax())
        raise ModelError(f"{model.name} gave attention that is not finite in layer {layer}: its weights are damaged.")
    count = len(sequences)
    if count < 2:
        return total / count, None
    each = {role: torch.cat([batch[role] for batch in scores]) for role in scores[0]}
    return total / count, {role: x.std(0) / count**0.5 for role, x in each.items()}


def _batches(sequences: Tensor, progress: Progress) -> "Sequence[tuple[Tensor, Progress]]":
    """Some sequences at a time, each with its own share of the progress."""
    parts = sequences.split(_BATCH)

    def share(part: int) -> Progress:
        return lambda stage, fraction: progress(stage, (part + fraction) / len(parts))

    return [(batch, share(part)) for part, batch in enumerate(parts)]


def _patterns(
    model: Model, sequences: Tensor, scores: list[dict[str, Tensor]], progress: Progress
) -> Float[Tensor, "layer head position position"]:
    """The sum over sequences of the patterns of all heads; `scores` gets those of each sequence, by role."""
    layer_of = {block.attention: layer for layer, block in enumerate(model.blocks)}
    found: list[Tensor] = [torch.zeros(())] * model.layers
    each: list[dict[str, Tensor]] = [{}] * model.layers
    lead = len(beginning(model))

    def attend(
        module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        z, pattern = eager(query, key, value, mask)
        layer = layer_of[module]
        wide = pattern.double()
        found[layer] = wide.sum(0).cpu()
        each[layer] = {role: score.cpu() for role, (score, _) in _scores(wide, lead).items()}
        progress("attention on random tokens", (layer + 1) / model.layers)
        return z, pattern

    ids = sequences.to(model.device)
    with one_at_a_time, attending(model, attend):
        call(model, ids, keep=1, attention_mask=torch.ones_like(ids))
    scores.append({role: torch.stack([layer[role] for layer in each], 1) for role in each[0]})
    return torch.stack(found)


def attention_roles(
    whole: Float[Tensor, "layer head position position"], errors: dict[str, Tensor] | None = None, *, lead: int = 0
) -> dict[str, RoleScores]:
    """The scores of the five roles, from the mean patterns on repeated tokens.

    Args:
        whole: the mean patterns.
        errors: standard errors of the scores, by role.
        lead: how many tokens stand before the repeated ones. They are no destinations, and sources of no role but
            `first_token`.
    """
    mean = whole[..., lead:, lead:]
    size, scores = mean.shape[-1], _scores(whole, lead)
    half = size // 2
    uniform = 1 / torch.arange(1 + lead, size + lead + 1, dtype=torch.float64)
    null = {start: null_attention(mean, start) for start in (0, 1, half)}
    found = {
        role: role_scores(score, float(uniform[start:].mean()), null[start]) for role, (score, start) in scores.items()
    }
    return {role: replace(one, errors=(errors or {}).get(role)) for role, one in found.items()}


def _scores(whole: Float[Tensor, "*some head position position"], lead: int) -> dict[str, tuple[Tensor, int]]:
    """By role the score of every head, and the first of the repeated tokens that is a destination."""
    mean = whole[..., lead:, lead:]
    size = mean.shape[-1]
    half = size // 2
    return {
        "previous_token": (_looking_back(mean, 1, 1), 1),
        "current_token": (_looking_back(mean, 0, 1), 1),
        "first_token": (whole[..., max(lead, 1) :, 0].mean(-1), max(1 - lead, 0)),
        "duplicate_token": (_looking_back(mean, half, half), half),
        "induction": (_looking_back(mean, half - 1, half), half),
    }


def null_attention(mean: Float[Tensor, "layer head position position"], start: int) -> Float[Tensor, "sample"]:
    """The attention of every head to every offset that means nothing, from destinations `start` on that reach it."""
    offsets = range(1 + APART, mean.shape[-1] // 2 - APART)
    return torch.stack([_looking_back(mean, offset, max(start, offset + 1)) for offset in offsets]).flatten()


def _looking_back(mean: Tensor, offset: int, start: int) -> Float[Tensor, "*some head"]:
    """The mean over destinations from `start` on of the attention to `destination - offset`."""
    diagonal = mean.diagonal(-offset, -2, -1)  # entry j is destination j + offset
    return diagonal[..., start - offset :].mean(-1)
