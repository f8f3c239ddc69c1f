"""Runs in which heads read changed values of other tokens, and what heads do in them.

At destination `i` a head reads `sum_s A[i, s] v'_s`; where the own value is kept, with `v_i` in place of `v'_i`.
Each run is a full run of the unmodified module, with its own eager attention. Several versions of one prompt share a
forward pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.forward import call
from unembed.models.hooks import Attend, Eager, attending, one_at_a_time
from unembed.models.model import Model
from unembed.models.reprs import Brief

Quantity = Literal["self", "sink", "others", "share"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
"""What is read of a head: attention to self, sink and others, and the share of its update that comes from others."""
LARGEST = 2**23
"""Attention weights of one layer in one forward pass; more runs than that go one after the other."""

Values = Float[Tensor, "run kv_head position d_head"]
Change = Callable[[int, Values], Values]
"""From a layer and its values to those that are read in their place."""


@dataclass(frozen=True, repr=False)
class Subject(Brief):
    """What every run of one prompt has in common. Made by `subject`."""

    model: Model
    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    """Where attention is read."""
    asked: int
    """Where the prediction is read."""
    grams: list[Float[Tensor, "head d_head d_head"]]
    """`W_O W_O^T` of each head: `|z W_O|^2 = z W_O W_O^T z`, so nothing of the stream's width is made."""

    @property
    def runs_at_once(self) -> int:
        """How many runs share a forward pass."""
        return max(1, LARGEST // (self.model.heads * len(self.tokens) ** 2))


def subject(model: Model, tokens: tuple[int, ...], positions: tuple[int, ...], asked: int) -> Subject:
    """Prepare the runs of a prompt whose attention is read at some positions, and whose prediction at one."""
    by_head = (block.output_by_head.double() for block in model.blocks)
    return Subject(model, tokens, positions, asked, [rows @ rows.transpose(1, 2) for rows in by_head])


def plain_values(model: Model, prompts: Sequence[Sequence[int]]) -> list[Values]:
    """The values of plain runs of prompts of one length, by layer."""
    found: dict[nn.Module, Tensor] = {}

    def attend(
        module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        found[module] = value
        return eager(query, key, value, mask)

    _logits(model, prompts, attend, 0)
    return [found[block.attention] for block in model.blocks]


def run(
    subject: Subject, change: Change, runs: int, *, own_kept: bool
) -> tuple[Float[Tensor, "run quantity layer head"], Float[Tensor, "run vocab"]]:
    """What heads did in runs with changed values, and the log probabilities where the prediction is read.

    Args:
        subject: from `subject`.
        change: gets the values of all runs, a layer at a time.
        runs: how many there are.
        own_kept: whether a token reads its own value as it is. The first token reads all values as they are in any
            case, so that its stream, from which the sink is made, stays whole.

    Returns:
        Means over the positions that are read, by `QUANTITIES`.

    Raises:
        ModelError: the runs gave numbers that are not finite.
    """
    model = subject.model
    layer_of = {block.attention: layer for layer, block in enumerate(model.blocks)}
    found: dict[int, Tensor] = {}

    def attend(
        module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        layer = layer_of[module]
        z, pattern = eager(query, key, value, mask)
        changed = change(layer, value)
        moved = _without_first(_without_self(pattern) if own_kept else pattern).to(value.dtype)
        z = z + (moved @ _per_head(changed - value, pattern)).transpose(1, 2)
        quantities = _quantities(pattern, value if own_kept else changed, changed, subject.grams[layer])
        found[layer] = quantities[..., list(subject.positions)].mean(-1).cpu()
        return z, pattern

    logits = _logits(model, [subject.tokens] * runs, attend, subject.asked)
    if not bool(torch.isfinite(logits).all()):
        raise ModelError(f"{model.name} gave logits that are not finite with changed values: try smaller strengths.")
    heads = torch.stack([found[layer] for layer in range(model.layers)], 2)
    return heads, logits.double().log_softmax(-1).cpu()


def _logits(
    model: Model, prompts: Sequence[Sequence[int]], attend: Attend, position: int
) -> Float[Tensor, "run vocab"]:
    ids = torch.tensor([list(prompt) for prompt in prompts], device=model.device)
    with torch.no_grad(), one_at_a_time, attending(model, attend):
        return call(model, ids, keep=(position,)).logits[:, -1]


def _quantities(
    pattern: Float[Tensor, "run head position position"],
    own: Values,
    changed: Values,
    gram: Float[Tensor, "head d_head d_head"],
) -> Float[Tensor, "run quantity head position"]:
    weights = pattern.double()
    to_self, to_first = weights.diagonal(0, -2, -1), weights[..., 0]
    others = weights.sum(-1) - to_self - to_first
    from_self = to_self[..., None] * _per_head(own, weights).double()
    from_others = _without_self(weights) @ _per_head(changed, weights).double()
    sizes = [((z @ gram) * z).sum(-1).clamp_min(0).sqrt() for z in (from_others, from_self)]
    share = sizes[0] / (sizes[0] + sizes[1]).clamp_min(1e-300)
    return torch.stack([to_self, 1 - to_self - others, others, share], 1)


def _per_head(value: Tensor, pattern: Tensor) -> Float[Tensor, "run head position d_head"]:
    """The values that each query head reads, where several share one."""
    return value.repeat_interleave(pattern.shape[1] // value.shape[1], 1)


def _without_self(pattern: Tensor) -> Float[Tensor, "run head position position"]:
    """A pattern with 0 from each token to itself."""
    return pattern - pattern.diagonal(0, -2, -1).diag_embed()


def _without_first(pattern: Tensor) -> Float[Tensor, "run head position position"]:
    """A pattern with 0 from the first token."""
    return torch.cat([torch.zeros_like(pattern[:, :, :1]), pattern[:, :, 1:]], 2)
