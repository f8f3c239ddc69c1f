"""A module made linear around one run: the oracle of direct effects.

Attention weights and the statistics of norms are held at the values they take. What a chosen tensor adds to a logit is
then its gradient times itself, by autograd alone: no formula of `unembed` is used, and nothing is pulled back by hand.
"""

import sys
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def linearised(module: nn.Module):
    """Hold attention weights and norms' statistics constant under gradients."""
    with ExitStack() as stack:
        for part in module.modules():
            if (
                isinstance(part, nn.LayerNorm)
                or type(part).__name__.endswith("RMSNorm")
                or type(part).__name__ == "T5LayerNorm"
            ):
                _swap(stack, part, "forward", lambda x, norm=part: _norm(norm, x))
            config = getattr(part, "config", None)
            if hasattr(config, "_attn_implementation"):
                stack.callback(setattr, config, "_attn_implementation", config._attn_implementation)
                config._attn_implementation = "eager"
        modeling = sys.modules[type(module).__module__]
        if hasattr(modeling, "eager_attention_forward"):
            _swap(stack, modeling, "eager_attention_forward", _attention(modeling.eager_attention_forward))
        else:  # DeBERTa: all that its scores are made of
            for name, part in module.named_modules():
                if name.endswith((".query_proj", ".key_proj")):
                    _swap(stack, part, "forward", lambda x, own=part.forward: own(x).detach())
        yield


def _swap(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    own = name in vars(owner)
    before = getattr(owner, name)
    stack.callback(setattr, owner, name, before) if own else stack.callback(delattr, owner, name)
    setattr(owner, name, value)


def _norm(norm: Any, x: Tensor) -> Tensor:
    if isinstance(norm, nn.LayerNorm):
        centred = x - x.mean(-1, keepdim=True)
        sigma = (centred.square().mean(-1, keepdim=True) + norm.eps).sqrt().detach()
        return centred / sigma * norm.weight + norm.bias
    # T5 takes the variance in float32.
    scale = torch.rsqrt(x.float().square().mean(-1, keepdim=True) + norm.variance_epsilon).detach()
    return norm.weight * (x * scale)


def _attention(own: Any) -> Any:
    def forward(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Any, **kwargs: Any) -> Any:
        with torch.no_grad():
            weights = own(module, query, key, value, mask, **kwargs)[1]
        module.seen_pattern, module.seen_value = weights, value
        return (weights @ value).transpose(1, 2).contiguous(), weights

    return forward


class Leaves:
    """Tensors of a run, cut loose from what made them; `credit` gives what each entry adds to a number."""

    def __init__(self) -> None:
        self.stack, self.found = ExitStack(), {}

    def input(self, name: Any, module: nn.Module) -> None:
        """Cut the first argument of a module."""
        self.stack.enter_context(
            module.register_forward_pre_hook(lambda _, args: (self._cut(name, args[0]), *args[1:]))
        )

    def output(self, name: Any, module: nn.Module) -> None:
        """Cut the output of a module."""

        def cut(_: nn.Module, args: Any, out: Any) -> Any:
            return (self._cut(name, out[0]), *out[1:]) if isinstance(out, tuple) else self._cut(name, out)

        self.stack.enter_context(module.register_forward_hook(cut))

    def _cut(self, name: Any, x: Tensor) -> Tensor:
        self.found[name] = x.detach().requires_grad_()
        return self.found[name]

    def credit(self, value: Tensor) -> dict[Any, tuple[Tensor, Tensor]]:
        """For each leaf, its gradient and itself."""
        names = list(self.found)
        gradients = torch.autograd.grad(value, [self.found[n] for n in names], allow_unused=True)
        zero = {n: torch.zeros_like(self.found[n]) for n in names}
        pairs = zip(names, gradients, strict=True)
        return {n: (zero[n] if g is None else g, self.found[n].detach()) for n, g in pairs}
