"""The loss on repeated tokens, against full runs with heads zeroed by hooks."""

import pytest
import torch

import unembed
from builders.random_models import build_eager
from oracles.norms import FLOAT32_SOFTMAX
from unembed.methods.heads.repeated_tokens import repeated
from unembed.methods.heads.repetition_loss import repetition_loss


@torch.no_grad()
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_losses_are_those_of_full_runs_with_heads_zeroed(family):
    module = build_eager(family)
    model = unembed.wrap(module, name=family)
    tokens = repeated(model, 2, seed=1)
    sets = [[(0, 1)], [(1, 2), (1, 3), (2, 0)]]

    def loss(heads, places) -> float:
        hooks = []
        for layer, head in heads:

            def zero(_, args, at=slice(8 * head, 8 * head + 8)):
                args[0][..., at] = 0

            hooks.append(model.blocks[layer].output_projection.register_forward_pre_hook(zero))
        log = module(tokens).logits.log_softmax(-1)
        for hook in hooks:
            hook.remove()
        return -float(torch.stack([log[:, i, :].gather(1, tokens[:, i + 1 : i + 2]) for i in places]).mean())

    found = repetition_loss(model, tokens, sets)
    first, second = range(31), range(32, 63)
    # Softmax and norms of llama are float32, and spliced rows add in another order.
    assert found.first == pytest.approx(loss([], first), rel=FLOAT32_SOFTMAX)
    assert found.second == pytest.approx(loss([], second), rel=FLOAT32_SOFTMAX)
    assert found.zeroed == pytest.approx([loss(heads, second) for heads in sets], rel=FLOAT32_SOFTMAX)
    assert abs(found.zeroed[0] - found.second) > 1e-3
