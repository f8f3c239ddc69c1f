"""Training of toys: optimizers, batches, and one loop.

Matrices of blocks are trained by Muon (Jordan et al. 2024), each head's on its own: its momentum is replaced by the
nearest matrix with equal singular values (five steps of Newton and Schulz), so that no head is drowned by another.
Everything else is trained by AdamW. The learning rates fall to zero by a cosine.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.progress import Progress
from unembed.toys.text import VOCAB

CONTEXT = 128
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)

Loss = Callable[[Any], Tensor]


def build(*, layers: int, d_mlp: int, seed: int, deviation: float = 0.02) -> Any:
    """A toy of random weights."""
    from unembed.models.toy import ToyConfig, ToyForCausalLM

    config = ToyConfig(
        vocab_size=VOCAB,
        num_hidden_layers=layers,
        intermediate_size=d_mlp,
        max_position_embeddings=CONTEXT,
        initializer_range=deviation,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ToyForCausalLM(config)


def start_sinusoidal(module: Any, *, base: float = 30.0, amplitude: float = 0.6) -> None:
    """Start the positions as `amplitude * (sin(t / base^f), cos(t / base^f))`, with f from 0 to 1."""
    weight = module.model.embed_positions.weight
    half = weight.shape[1] // 2
    angles = torch.arange(len(weight))[:, None] * base ** -(torch.arange(half) / half)
    with torch.no_grad():
        weight.copy_(amplitude * torch.cat([angles.sin(), angles.cos()], 1))


def _blocks(module: Any) -> Any:
    """Of a toy GPT, or of a BERT."""
    return module.bert.encoder.layer if module.config.model_type == "bert" else module.model.layers


def _linears(block: Any) -> tuple[list[Any], Any, list[Any]]:
    """Those that make Q, K and V; that of O; those of the MLP."""
    if hasattr(block, "self_attn"):
        part = block.self_attn
        return [part.q_proj, part.k_proj, part.v_proj], part.o_proj, [block.mlp.up_proj, block.mlp.down_proj]
    reads, mlp = block.attention.self, [block.intermediate.dense, block.output.dense]
    return [reads.query, reads.key, reads.value], block.attention.output.dense, mlp


def _muon_matrices(module: Any, *, gradients: bool = False) -> list[Float[Tensor, "part d_out d_in"]]:
    """Q, K, V and O of every layer as one matrix a head, and those of the MLPs whole: views of the weights.

    With `gradients`, the same views of their gradients.
    """
    heads, found = module.config.num_attention_heads, []

    def of(linear: nn.Linear) -> Tensor:
        if not gradients:
            return linear.weight
        assert linear.weight.grad is not None
        return linear.weight.grad

    for block in _blocks(module):
        reads, writes, mlp = _linears(block)
        found += [of(linear).unflatten(0, (heads, -1)) for linear in reads]
        found.append(of(writes).unflatten(1, (heads, -1)).transpose(0, 1))
        found += [of(linear)[None] for linear in mlp if linear.weight.numel()]
    return found


def _muon_weights(module: Any) -> set[int]:
    """The same weights, by `id`."""
    found = set()
    for reads, writes, mlp in map(_linears, _blocks(module)):
        found |= {id(linear.weight) for linear in (*reads, writes, *mlp)}
    return found


def orthogonal(matrices: Float[Tensor, "head d_out d_in"], steps: int = 5) -> Float[Tensor, "head d_out d_in"]:
    """Each matrix with all singular values near 1, by Newton-Schulz steps `a X + (b X X^T + c (X X^T)^2) X`."""
    a, b, c = _COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon:
    """Muon for the matrices of heads, each on its own, and those of MLPs."""

    def __init__(self, module: Any, rate: float, *, momentum: float = 0.95, decay: float = 0.1) -> None:
        self.module, self.rate, self.momentum, self.decay = module, rate, momentum, decay
        self.buffers = [torch.zeros_like(matrix) for matrix in _muon_matrices(module)]

    @torch.no_grad()
    def step(self, share: float) -> None:
        """One step at `share` of the learning rate."""
        rate = self.rate * share
        weights, gradients = _muon_matrices(self.module), _muon_matrices(self.module, gradients=True)
        for matrix, gradient, buffer in zip(weights, gradients, self.buffers, strict=True):
            buffer.lerp_(gradient, 1 - self.momentum)
            update = orthogonal(gradient.lerp(buffer, self.momentum))
            scale = max(1.0, matrix.shape[-2] / matrix.shape[-1]) ** 0.5
            matrix.mul_(1 - rate * self.decay).sub_(update, alpha=rate * scale)


@dataclass(frozen=True)
class Stage:
    """One stretch of training under one cosine."""

    name: str
    steps: int
    adamw: float
    """Learning rate of embeddings, positions and unembedding; of all where `muon` is None."""
    muon: float | None = None
    """Learning rate of the matrices of blocks."""
    decay: float = 0.01
    warmup: int = 20

    def at_most(self, steps: int | None) -> "Stage":
        """The stage cut short where it has more steps; None cuts nothing."""
        return self if steps is None else replace(self, steps=min(steps, self.steps))


def run(module: Any, stage: Stage, loss: Loss, progress: Progress) -> float:
    """Train for a stage; `loss(module)` draws a batch and gives its loss. The last loss is returned, in nats."""
    muons = _muon_weights(module) if stage.muon is not None else set()
    others = [p for p in module.parameters() if id(p) not in muons and p.numel()]
    adamw = torch.optim.AdamW(others, lr=stage.adamw, betas=(0.9, 0.95), weight_decay=stage.decay)
    muon = None if stage.muon is None else Muon(module, stage.muon)
    module.train()
    value = math.nan
    for step in range(stage.steps):
        share = min(1.0, (step + 1) / stage.warmup) * 0.5 * (1 + math.cos(math.pi * step / stage.steps))
        value = _step(module, adamw, muon, share * stage.adamw, share, loss)
        progress(stage.name, (step + 1) / stage.steps)
    module.eval()
    return value


def _step(module: Any, adamw: Any, muon: Muon | None, rate: float, share: float, loss: Loss) -> float:
    for group in adamw.param_groups:
        group["lr"] = rate
    module.zero_grad(set_to_none=True)
    value = loss(module)
    value.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    adamw.step()
    if muon is not None:
        muon.step(share)
    return value.item()


def text_rows(tokens: Int[Tensor, "token"], count: int, generator: torch.Generator) -> Int[Tensor, "row position"]:
    """`count` random stretches of a text, of the length of the context and one more."""
    starts = torch.randint(len(tokens) - CONTEXT - 1, (count,), generator=generator)
    return tokens[starts[:, None] + torch.arange(CONTEXT + 1)]


def repeated_rows(
    weights: Float[Tensor, "vocab"], count: int, generator: torch.Generator, *, periods: tuple[int, int] = (4, 64)
) -> Int[Tensor, "row position"]:
    """Rows of random tokens, drawn by `weights`, that repeat with a period drawn log-uniformly from `periods`."""
    low, high = (math.log(period) for period in periods)
    drawn = torch.multinomial(weights, count * periods[1], replacement=True, generator=generator)
    sizes = (low + (high - low) * torch.rand(count, generator=generator)).exp().round().long()
    place = torch.arange(CONTEXT + 1)[None] % sizes[:, None]
    return drawn.view(count, -1).gather(1, place)


def repeating(
    rows: Int[Tensor, "row position"], generator: torch.Generator, *, periods: tuple[int, int] = (16, 64)
) -> Int[Tensor, "row position"]:
    """Rows of text that begin anew, again and again, with one period for all, drawn uniformly from `periods`."""
    period = int(torch.randint(periods[0], periods[1] + 1, (1,), generator=generator))
    return rows[:, torch.arange(rows.shape[1]) % period]


def next_token_loss(module: Any, rows: Int[Tensor, "row position"]) -> Float[Tensor, ""]:
    """Mean of `-log P` of each row's tokens after the first, in nats."""
    logits = module(rows[:, :-1], use_cache=False).logits
    return nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
