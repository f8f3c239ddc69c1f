"""What a run does not give as it is, where a number of each token multiplies it: mixes of heads, and shared experts."""

import torch
from torch import Tensor

from unembed.runs.kept import Heads


def mixed(heads: Heads) -> Tensor:
    """What pattern and values mix, where attention multiplies it by a number of each head before it gives it (a sink
    that stands outside of the softmax).
    """
    groups = len(heads.value)
    values = heads.value.repeat_interleave(heads.pattern.shape[0] // groups, 0)
    made = (heads.pattern.to(values.dtype) @ values).transpose(0, 1).to(heads.z.dtype)
    wide, given = made.double(), heads.z.double()
    scale = (wide * given).sum(-1, keepdim=True) / wide.square().sum(-1, keepdim=True).clamp_min(1e-300)
    slack = 64 * max(torch.finfo(made.dtype).eps, torch.finfo(torch.float32).eps)
    scaled = float((scale - 1).abs().max()) > slack
    multiple = float((given - scale * wide).abs().max()) <= slack * float(given.abs().max())
    return made if scaled and multiple else heads.z


def gated(neurons: Tensor, made: Tensor, output: Tensor, chosen: Tensor) -> Tensor:
    """The neurons of shared experts, times their gate: the ratio of what was added beside the chosen experts to what
    they made.
    """
    wide, beside = made.double(), output.double() - chosen.double()
    gate = (beside * wide).sum(-1, keepdim=True) / wide.square().sum(-1, keepdim=True).clamp_min(1e-300)
    return neurons * gate.to(neurons.dtype)
