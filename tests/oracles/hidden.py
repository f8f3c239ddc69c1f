"""Plain runs of an unmodified module in which nobody attends to some places: transformers' own mask for padding, and
position ids that tell the model where the others stand."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def logits(module: Any, tokens: Sequence[int], places: Sequence[int]) -> Tensor:
    """At each of the tokens, which stand at ascending places; what stands at the other places is hidden."""
    whole = [0] * (places[-1] + 1)
    for token, place in zip(tokens, places, strict=True):
        whole[place] = token
    ids, seen = torch.tensor([whole]), torch.tensor([[int(p in places) for p in range(len(whole))]])
    more: dict[str, Any] = {}
    if not bool(seen.all()):
        more = {"attention_mask": seen, "position_ids": torch.arange(len(whole))[None]}
    with torch.no_grad():
        return module(ids, use_cache=False, **more).logits[0, list(places)]
