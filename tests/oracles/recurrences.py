"""What a mixer takes from each token, token by token: straight-line recurrences, of the weights of the module.

Each gives `z`, what the output matrix reads, as `source position channel`, with decays, gates and norm scales as
they are in the run. Nothing of the package is used.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import silu, softplus


def _each_source(v: Tensor) -> Iterator[Tensor]:
    """Values `position channel` with all but one position at zero, of each position."""
    for s in range(len(v)):
        only = torch.zeros_like(v)
        only[s] = v[s]
        yield only


def _convolved(conv: Any, x: Tensor, bias: bool = True) -> Tensor:
    """A causal convolution of each channel by itself, of `position channel`."""
    weight, made = conv.weight[:, 0], torch.zeros_like(x)
    for t in range(len(x)):
        for back in range(min(weight.shape[1], t + 1)):
            made[t] += weight[:, -1 - back] * x[t - back]
    return made + conv.bias if bias and conv.bias is not None else made


def mamba(mixer: Any, x: Tensor) -> Tensor:
    """Of a selective state space: each channel has decays of its own."""
    v, gate = mixer.in_proj(x).chunk(2, -1)
    v = silu(_convolved(mixer.conv1d, v))
    step, b, c = mixer.x_proj(v).split([mixer.time_step_rank, mixer.ssm_state_size, mixer.ssm_state_size], -1)
    step, a = softplus(mixer.dt_proj(step)), -mixer.A_log.exp()
    found = []
    for only in _each_source(v):
        state, rows = torch.zeros_like(a), []
        for t in range(len(x)):
            state = state * (step[t, :, None] * a).exp() + step[t, :, None] * b[t] * only[t, :, None]
            rows.append((state @ c[t] + mixer.D * only[t]) * silu(gate[t]))
        found.append(torch.stack(rows))
    return torch.stack(found)


def mamba2(mixer: Any, x: Tensor) -> Tensor:
    """Of a state space whose heads have one decay each, and a norm of each group of gated sums."""
    heads, width, groups, size = mixer.num_heads, mixer.head_dim, mixer.n_groups, mixer.ssm_state_size
    gate, both, step = mixer.in_proj(x).split([heads * width, mixer.conv_dim, heads], -1)
    both = silu(_convolved(mixer.conv1d, both))
    v, b, c = both.split([heads * width, groups * size, groups * size], -1)
    b, c = (y.unflatten(-1, (groups, size)).repeat_interleave(heads // groups, 1) for y in (b, c))
    step, a = softplus(step + mixer.dt_bias), -mixer.A_log.exp()

    def scanned(values: Tensor) -> Tensor:
        values, rows = values.unflatten(-1, (heads, width)), []
        state = x.new_zeros(heads, width, size)
        for t in range(len(x)):
            new = step[t, :, None, None] * values[t][:, :, None] * b[t][:, None]
            state = state * (step[t] * a).exp()[:, None, None] + new
            rows.append((state * c[t][:, None]).sum(-1) + mixer.D[:, None] * values[t])
        return torch.stack(rows).flatten(1) * silu(gate)

    squares = scanned(v).square().unflatten(-1, (groups, -1)).mean(-1) + mixer.norm.variance_epsilon
    scale = squares.rsqrt().repeat_interleave(heads * width // groups, -1)
    return torch.stack([scanned(only) * scale * mixer.norm.weight for only in _each_source(v)])


def delta(read: dict[str, Tensor], factor: Tensor) -> Tensor:
    """Of a gated delta rule, given what the module handed to it; `factor` is what norm and gate make of its output."""
    q, k, v, g, beta = (read[name][0] for name in ("query", "key", "value", "g", "beta"))
    q, k = (y * (y.square().sum(-1, keepdim=True) + 1e-6).rsqrt() for y in (q, k))
    found = []
    for only in _each_source(v):
        state, rows = v.new_zeros(v.shape[1], k.shape[-1], v.shape[-1]), []
        for t in range(len(v)):
            state = state * g[t].exp()[:, None, None]
            known = torch.einsum("hkv,hk->hv", state, k[t])
            state = state + torch.einsum("hk,hv->hkv", k[t], beta[t, :, None] * (only[t] - known))
            rows.append(torch.einsum("hkv,hk->hv", state, q[t]) * q.shape[-1] ** -0.5)
        found.append(torch.stack(rows).flatten(1) * factor)
    return torch.stack(found)


def short_convolution(mixer: Any, x: Tensor) -> Tensor:
    """Of a convolution between two gates."""
    b, c, v = mixer.in_proj(x).chunk(3, -1)
    return torch.stack([c * _convolved(mixer.conv, only, bias=False) for only in _each_source(b * v)])


def gated_recurrence(mixer: Any, x: Tensor, gates: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
    """Of a linear recurrence of each channel; `gates` gives its decay and what multiplies its input."""
    branch = mixer.act_fn(mixer.linear_y(x))
    v = _convolved(mixer.conv_1d, mixer.linear_x(x))
    decay, factor = gates(v)
    found = []
    for only in _each_source(v):
        state, rows = torch.zeros_like(v[0]), []
        for t in range(len(x)):
            state = decay[t] * state + factor[t] * only[t]
            rows.append(state)
        found.append(torch.stack(rows) * branch)
    return torch.stack(found)
