"""What an attention mixes, seen as it runs: for models whose attention calls no interface (GPT-J, BLOOM, Falcon).

Scores are the product before a softmax, the pattern is what the softmax gave (cast, masked or reshaped), and the mix is
the product of that pattern with values. Nothing is changed.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from unembed.models.inference.words import words

_SOFTMAX = (torch.softmax, functional.softmax, Tensor.softmax)
_PRODUCTS = (
    *(torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm),
    *(torch.baddbmm, Tensor.baddbmm),
)
_SAME = words("to type type_as dropout view reshape contiguous mul __mul__ masked_fill float clone")
"""Functions that give on a pattern as it is, cast, masked or reshaped."""


class Mixes(TorchFunctionMode):
    """Sees what is mixed while it is entered; the last mix counts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: tuple[Tensor, Tensor, Tensor, Tensor, Tensor] | None = None
        """Query, key, value, pattern and mix, heads first."""
        self._scored: tuple[Tensor, Tensor] | None = None
        self._patterns: dict[int, Tensor] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function, and keep what belongs to a mix."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        read = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
        of_pattern = any(id(x) in self._patterns for x in read)
        if func in _SOFTMAX or (of_pattern and getattr(func, "__name__", "") in _SAME):
            self._patterns[id(out)] = out  # kept, so that its identity is given to no other
        elif func in _PRODUCTS and len(read) >= 2:
            left, right = read[-2:]
            if id(left) in self._patterns and self._scored is not None:
                self.found = (*self._scored, right, left, out)
            elif not of_pattern:
                self._scored = (left, right.transpose(-1, -2))
        return out
